"""The staff of the demonstration as callers of the API, each with a key of a day of their own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Final

import httpx

from app.composition import Installation
from app.errors import AppError
from app.store.unit_of_work import UnitOfWork
from app.usecases.access import SECRET_BYTES, issue_key

KEY_LIFE: Final = timedelta(days=1)
SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One person: id, role, and what they are bound to."""

    person: str
    role: str
    agency: str | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Calls the API at `address`; `tokens` by person."""

    client: httpx.AsyncClient = field(repr=False)
    address: str
    tokens: Mapping[str, str] = field(repr=False)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def get(self, who: str, path: str) -> dict[str, Any]:
        """GET as a person. Raises AppError ``demo.refused`` with the code of the problem."""
        return await self.call("GET", path, {"Authorization": f"Bearer {self.tokens[who]}"})

    async def post(self, who: str, path: str, body: object = None) -> dict[str, Any]:
        """POST as a person, likewise."""
        return await self.call("POST", path, {"Authorization": f"Bearer {self.tokens[who]}"}, body)

    async def call(
        self, method: str, path: str, headers: Mapping[str, str], body: object = None
    ) -> dict[str, Any]:
        """One request with a fresh Idempotency-Key."""
        data = b"" if body is None else json.dumps(body).encode("utf-8")
        sent = {**headers, "Idempotency-Key": f"demo-{next(self.numbers)}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        url = f"{self.address}/v1{path}"
        answer = await self.client.request(method, url, content=data, headers=sent, timeout=SECONDS)
        found: dict[str, Any] = answer.json()
        if not answer.is_success:
            raise AppError("demo.refused", path=path.rpartition("/")[2], code=str(found.get("code")))
        return found


async def hire(one: Installation, staff: list[Staff]) -> dict[str, str]:
    """A key for everybody; tokens by person."""
    platform, now = one.platform, one.platform.clock()

    async def store(uow: UnitOfWork) -> dict[str, str]:
        return {
            each.person: await issue_key(
                uow,
                person=each.person,
                role=each.role,
                agency_id=each.agency,
                site_id=each.site,
                scopes=None,
                mode=platform.mode,
                signing_key=None,
                expires_at=now + KEY_LIFE,
                now=now,
                secret=platform.random(SECRET_BYTES),
            )
            for each in staff
        }

    return await platform.database.transact(store)
