"""A campaign over the API: a draw with a result, contacts for its pool, a worker over lines, seats to book.

bob operates, carol supervises; dana and carlo answer for the two centres of `tests.support.venues`.
"""

from dataclasses import replace
from typing import Any

import httpx

from app.store.unit_of_work import UnitOfWork
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations import letters
from app.usecases.invitations.contacts import synthetic_contacts
from app.usecases.pools import load_snapshot
from app.worker import HANDLERS, REPORT_HANDLERS, Wiring, Worker
from draw.letters import sign_statement
from tests.support import venues
from tests.support.calling import Letter, Line
from tests.support.service import Service, order, project

PLAN: dict[str, Any] = {
    "begins": "2026-11-24T01:00:00Z",
    "hours": 4,
    "overnight": False,
    "bring": "身份证",
    "contact": "000-12345678",
    "sites": [{"site": "main", "venue": "ste_main", "area": "福州", "address": "福州市某路 1 号"}],
    "unbooked": "在采购人自有会议室评标",
}
PLACES = [
    {"site": "city", "venue": venues.CITY, "area": "福州", "address": "福州市某路 1 号"},
    {"site": "county", "venue": venues.COUNTY, "area": "闽侯", "address": "闽侯县某路 2 号"},
]
# The same where both places have seats.
BOOKED = {**PLAN, "sites": PLACES, "unbooked": None}


class Stage:
    """A drawn draw behind the API, contacts for its pool, and a worker over lines."""

    def __init__(self, api: Service, draw: str) -> None:
        self.api, self.draw = api, draw
        self.lines = {"sms": Line("sms.test"), "voice": Line("voice.test")}
        self.lines |= {"letter": Line("letter.test", outcome="handed")}
        context: WorkContext = api.app.state.work
        wiring = Wiring(gateways=self.lines, handlers=HANDLERS, report_handlers=REPORT_HANDLERS)
        self.worker = Worker(context, wiring)

    async def work(self) -> None:
        while await self.worker.run_once():
            pass

    async def post(self, who: str, end: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.api.post(who, f"/v1/draws/{self.draw}/campaign{end}", body, **headers)

    async def get(self, who: str, end: str = "") -> httpx.Response:
        return await self.api.get(who, f"/v1/draws/{self.draw}/campaign{end}")

    async def started(self) -> None:
        assert (await self.post("bob", "", {"owner": "王工", "plan": PLAN})).status_code == 201
        assert (await self.post("carol", "/approval")).status_code == 200
        await self.work()

    def letters(self) -> list[Letter]:
        found = []
        for one in self.lines["sms"].taken:
            if "/i#" in one.text:
                text = one.text.split("/i#")[1][:26]
                found.append(Letter(secret=letters.decode(text), to=one.to))
        return found

    async def page(self, letter: Letter, end: str = "", **sent: Any) -> httpx.Response:
        keys = letter.keys
        headers = {"Authorization": f"Letter {keys.auth.hex()}", **sent.pop("headers", {})}
        method = "POST" if end in {"/code", "/replies"} else "GET"
        path = f"/v1/letters/{sent.pop('id', keys.id)}{end}"
        return await self.api.client.request(method, path, headers=headers, **sent)

    async def reply(self, letter: Letter, answer: str, key: str = "k-1") -> httpx.Response:
        page = (await self.page(letter)).json()
        assert (await self.page(letter, "/code")).status_code == 200
        await self.work()
        code = [one.text for one in self.lines["sms"].taken if one.to == letter.to][-1]
        digits = "".join(one for one in code.split("验证码")[1] if one.isdigit())[:6]
        signature = sign_statement(letter.keys.reply, page["draw"], page["n"], answer, page["now"])
        body = {"answer": answer, "at": page["now"], "signature": signature.hex(), "code": digits}
        return await self.page(letter, "/replies", json=body, headers={"Idempotency-Key": key})


async def drawn(api: Service, asked: dict[str, Any]) -> Stage:
    """A draw with a result, and a pool that can be reached."""
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", asked)).json()["id"]
    assert (await api.post("bob", f"/v1/draws/{draw}:run")).status_code == 200

    async def store(uow: UnitOfWork) -> None:
        snapshot = await load_snapshot(uow, "city", 1)
        for expert, contact in synthetic_contacts(one.id for one in snapshot.records).items():
            fitted = replace(contact, channels=("sms",))
            await uow.contacts.put("city", expert, fitted, now=api.platform.now())

    await api.platform.database.transact(store)
    return Stage(api, draw)


async def drawn_for_two_centres(api: Service) -> Stage:
    """A drawn draw over two centres that are registered and staffed; nothing is booked."""
    await venues.hire(api, **venues.STAFF)
    assert (await api.post("bob", "/v1/venues", venues.plan())).status_code == 201
    asked = order(invitations="logged")
    asked["parameters"]["sites"] = venues.PLACES
    return await drawn(api, asked)


async def booked_draw(api: Service) -> tuple[Stage, dict[str, Any]]:
    """The same with seats booked in both centres; the stage and the booking."""
    stage = await drawn_for_two_centres(api)
    return stage, await venues.booked(api, stage.draw, **seats_for(4, 3))


def seats_for(city: int, county: int) -> dict[str, Any]:
    """An order for so many; four and three bear whatever was drawn."""
    return {
        "experts": city + county,
        "centres": [
            venues.centre(
                venues.CITY, "city", *venues.seats(venues.CITY, "e1", *range(1, city + 1)), main=True
            ),
            venues.centre(venues.COUNTY, "county", *venues.seats(venues.COUNTY, "e1", *range(1, county + 1))),
        ],
    }


async def order_anew(api: Service, booking: str, draw: str, city: int, county: int) -> dict[str, Any]:
    """The booking changed to so many seats, as it then is; both centres are asked."""
    order = venues.wanted(draw, **seats_for(city, county), reason="重新预订")
    del order["draw"]
    changed = await api.post("bob", f"/v1/bookings/{booking}:change", order)
    assert (changed.status_code, changed.json()["state"]) == (200, "pending"), changed.text
    return dict(changed.json())
