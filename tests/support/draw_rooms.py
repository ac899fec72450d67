"""A draw room with its terminal: a plan that has the room, the terminal's key, and the steps of a start."""

from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from app.usecases.terminals.keys import enrolment_statement
from tests.support.arriving import Browser as Keyed
from tests.support.people import Browser, Person, typed
from tests.support.service import Service, order, project
from tests.support.venues import CITY, COUNTY, site

ROOM: Final = "draw-1"


def plan() -> dict[str, Any]:
    """Two sites, each with a draw room of the same id."""
    sites = [site(CITY), site(COUNTY, serves=("remote",))]
    for one in sites:
        one["zones"].append({"id": ROOM, "kind": "draw", "name": "一号抽取室", "rooms": []})
    return {"sites": sites}


@dataclass(slots=True, kw_only=True)
class Terminal:
    """A draw terminal, as its browser and the people before it see it."""

    api: Service
    keeper: str = "dana"
    site: str = CITY
    key: Keyed = field(default_factory=lambda: Keyed(seat="-"))
    id: str = "-"

    async def propose(self, **changes: Any) -> httpx.Response:
        """Site staff proposes the terminal's key."""
        zone = changes.get("zone", ROOM)
        origin = self.api.app.state.desk.origin
        signed = enrolment_statement(origin, self.site, zone, self.key.thumbprint)
        body = {"zone": zone, "key": self.key.jwk, "signature": self.key.sign(signed)} | changes
        answer = await self.api.post(self.keeper, "/v1/draw-terminals", body)
        if answer.status_code == 201:
            self.id = answer.json()["terminal"]
        return answer

    async def approve(self, person: str = "carol", **changes: str) -> httpx.Response:
        """Another person approves what the screen shows."""
        body = {"thumbprint": self.key.thumbprint} | changes
        return await self.api.post(person, f"/v1/draw-terminals/{self.id}/approval", body)

    async def revoke(self, person: str = "dana") -> httpx.Response:
        """Somebody has a doubt."""
        return await self.api.post(person, f"/v1/draw-terminals/{self.id}/revocation")

    async def enrolled(self) -> "Terminal":
        """The terminal, with both persons' word."""
        assert (await self.propose()).status_code == 201
        assert (await self.approve()).status_code == 200
        return self

    async def ask(self, page: Browser, draw: str) -> httpx.Response:
        """The operator names the draw."""
        body = {"terminal": self.id, "thumbprint": self.key.thumbprint, "draw": draw}
        return await page.post("/v1/draw-starts", body, Idempotency_Key=f"ask-{next(self.api.numbers)}")

    async def supervise(self, page: Browser, start: str, who: Person, **changes: str) -> httpx.Response:
        """The second person types name, password and code at the same screen."""
        body = typed(self.api, who, **changes)
        return await page.post(f"/v1/draw-starts/{start}/supervisor", body)

    async def begin(self, page: Browser, start: str, statement: str) -> httpx.Response:
        """The terminal signs."""
        body = {"signature": self.key.sign(statement.encode())}
        key = f"begin-{next(self.api.numbers)}"
        return await page.post(f"/v1/draw-starts/{start}/signature", body, Idempotency_Key=key)


async def requested(api: Service, name: str) -> str:
    """A draw of a project of its own that waits to begin; its id."""
    span = {"from": "2026-11-24T01:00:00Z", "to": "2026-11-24T02:00:00Z"}
    registered = project(project=name, title=f"工程 {name}", evaluation=span)
    assert (await api.post("alice", "/v1/projects", registered)).status_code == 201
    answer = await api.post("alice", "/v1/draws", order(project=name))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
