"""Campaigns of invitations, the ladder steps taken in them and the delays of their start. State moves by
compare-and-swap on `state_version`; a campaign says nothing of any expert."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.invitation_tables import campaigns, ladder_steps, start_delays


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """A campaign as stored. `plan` is what the letters say of place and hours; `moves` counts how often
    everybody was asked anew."""

    id: str
    draw_id: str
    mode: str
    agency_id: str
    plan: Mapping[str, Any]
    owner: str
    begins: str
    state: str
    state_version: int = 0
    moves: int = 0
    own_order_reason: str | None = None
    released_at: str | None = None
    proposed_by: str
    approved_by: str | None = None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """A step of the short-pool ladder that was taken: its reason in both languages, who, when, and the index
    of the log's record of it."""

    number: int
    step: str
    reason_zh: str
    reason_en: str
    taken_by: str
    taken_at: str
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A start that was put off from `before` to `begins`: reason code, words, whether the booking ends
    later with it, who, when, and the index of the log's record of it."""

    number: int
    before: str
    begins: str
    reason: str
    words: str | None
    extended: bool
    put_off_by: str
    put_off_at: str
    log_index: int


_COLUMNS: Final = tuple(column.name for column in fields(CampaignRow))
_SELECT: Final = tuple(campaigns.c[name] for name in _COLUMNS)
_MOVES: Final = frozenset(
    {
        "plan",
        "owner",
        "begins",
        "state",
        "moves",
        "own_order_reason",
        "released_at",
        "proposed_by",
        "approved_by",
        "updated_at",
    }
)


class CampaignRepository:
    """Access to campaigns inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, campaign: CampaignRow) -> None:
        """Raises ConflictError ``campaign.exists`` when the draw has one."""
        try:
            await self._connection.execute(
                campaigns.insert().values(**{name: getattr(campaign, name) for name in _COLUMNS})
            )
        except IntegrityError as error:
            raise ConflictError("campaign.exists") from error

    async def get(self, campaign_id: str) -> CampaignRow | None:
        """One campaign by its id."""
        return await self._one(campaigns.c.id == campaign_id)

    async def of_draw(self, draw_id: str) -> CampaignRow | None:
        """The campaign of a draw."""
        return await self._one(campaigns.c.draw_id == draw_id)

    async def in_states(self, *states: str, mode: str) -> list[CampaignRow]:
        """Campaigns of a mode in one of these states, by their begin."""
        query = select(*_SELECT).where(campaigns.c.state.in_(states), campaigns.c.mode == mode)
        rows = await self._connection.execute(query.order_by(campaigns.c.begins, campaigns.c.id))
        return [CampaignRow(**row._mapping) for row in rows]

    async def advance(self, campaign_id: str, *, expected: int, **changes: Any) -> int:
        """Apply `changes` at state_version `expected`; the new version.

        Raises WriteConflictError when another writer was first.
        """
        if not changes.keys() <= _MOVES:
            raise TypeError("not a column that moves")
        swap = (
            update(campaigns)
            .where(campaigns.c.id == campaign_id, campaigns.c.state_version == expected)
            .values(**changes, state_version=expected + 1)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("campaign.state-moved")
        return expected + 1

    async def add_step(self, campaign_id: str, step: LadderStep) -> None:
        """Raises WriteConflictError ``campaign.step-taken`` when the number or the step is taken."""
        values = {name: getattr(step, name) for name in LadderStep.__slots__}
        try:
            await self._connection.execute(ladder_steps.insert().values(campaign_id=campaign_id, **values))
        except IntegrityError as error:
            raise WriteConflictError("campaign.step-taken") from error

    async def steps(self, campaign_id: str) -> list[LadderStep]:
        """The steps taken, in order."""
        query = select(ladder_steps).where(ladder_steps.c.campaign_id == campaign_id)
        rows = await self._connection.execute(query.order_by(ladder_steps.c.number))
        return [LadderStep(**{name: row[name] for name in LadderStep.__slots__}) for row in rows.mappings()]

    async def add_delay(self, campaign_id: str, delay: Delay) -> None:
        """Raises WriteConflictError ``campaign.delay-taken`` when the number is taken."""
        values = {name: getattr(delay, name) for name in Delay.__slots__}
        try:
            await self._connection.execute(start_delays.insert().values(campaign_id=campaign_id, **values))
        except IntegrityError as error:
            raise WriteConflictError("campaign.delay-taken") from error

    async def delays(self, campaign_id: str) -> list[Delay]:
        """How often and to when the start was put off, in order."""
        query = select(start_delays).where(start_delays.c.campaign_id == campaign_id)
        rows = await self._connection.execute(query.order_by(start_delays.c.number))
        return [Delay(**{name: row[name] for name in Delay.__slots__}) for row in rows.mappings()]

    async def _one(self, condition: Any) -> CampaignRow | None:
        row = (await self._connection.execute(select(*_SELECT).where(condition))).one_or_none()
        return None if row is None else CampaignRow(**row._mapping)
