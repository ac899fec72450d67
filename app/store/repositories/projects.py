"""Projects and their sections; the document is the JSON that `app.usecases.projects` has validated."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.tables import agencies, project_owners, projects


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency 招标代理机构; `org` is its identifier in the case, `party` its key in the log."""

    id: str
    name: str
    org: str
    party: str | None = None
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One section of one project. `owner` is the 服务责任人; `version` rises with every edit."""

    id: str
    section: str
    agency_id: str
    owner: str
    mode: str
    document: Mapping[str, Any]
    version: int
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A section handed from one responsible person to another; `version` is the section's that it made."""

    project_id: str
    section: str
    version: int
    at: str
    person: str
    former: str
    owner: str
    reason: str


_COLUMNS = tuple(column.name for column in fields(Project))


class ProjectRepository:
    """Access to agencies and projects inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add_agency(self, agency: Agency) -> None:
        """Raises ConflictError ``agency.exists`` when its id or org is taken."""
        values = {column.name: getattr(agency, column.name) for column in fields(Agency)}
        try:
            await self._connection.execute(agencies.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("agency.exists") from error

    async def agency(self, agency_id: str) -> Agency | None:
        """One agency."""
        row = (
            await self._connection.execute(select(agencies).where(agencies.c.id == agency_id))
        ).one_or_none()
        return None if row is None else Agency(**row._mapping)

    async def add(self, project: Project) -> None:
        """Raises ConflictError ``project.exists`` when project and section are taken."""
        values = {name: getattr(project, name) for name in _COLUMNS}
        try:
            await self._connection.execute(projects.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("project.exists") from error

    async def get(self, project_id: str, section: str) -> Project | None:
        """One section, whatever its agency and mode: the caller checks both."""
        query = select(projects).where(projects.c.id == project_id, projects.c.section == section)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Project(**row._mapping)

    async def page(
        self, *, agency_id: str, mode: str, after: tuple[str, str] | None, limit: int
    ) -> list[Project]:
        """Up to `limit` sections of one agency and mode, ascending, after the given one."""
        query = select(projects).where(projects.c.agency_id == agency_id, projects.c.mode == mode)
        if after is not None:
            query = query.where(tuple_(projects.c.id, projects.c.section) > tuple_(*after))
        rows = await self._connection.execute(query.order_by(projects.c.id, projects.c.section).limit(limit))
        return [Project(**row._mapping) for row in rows]

    async def replace(self, project: Project, *, expected: int) -> None:
        """Store `project` over version `expected` of itself. Raises WriteConflictError."""
        swap = (
            update(projects)
            .where(
                projects.c.id == project.id,
                projects.c.section == project.section,
                projects.c.version == expected,
            )
            .values(
                document=project.document,
                owner=project.owner,
                version=project.version,
                updated_at=project.updated_at,
            )
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("project.version-moved")

    async def add_hand_over(self, one: HandOver) -> None:
        """Keep a hand-over; there is no way to change or remove one."""
        values = {column.name: getattr(one, column.name) for column in fields(HandOver)}
        await self._connection.execute(project_owners.insert().values(**values))

    async def hand_overs(
        self, project_id: str, section: str, *, before: int | None, limit: int
    ) -> list[HandOver]:
        """Up to `limit` hand-overs of a section, newest first, older than version `before`."""
        query = select(project_owners).where(
            project_owners.c.project_id == project_id, project_owners.c.section == section
        )
        if before is not None:
            query = query.where(project_owners.c.version < before)
        rows = await self._connection.execute(query.order_by(project_owners.c.version.desc()).limit(limit))
        return [HandOver(**row._mapping) for row in rows]
