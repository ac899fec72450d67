"""A draw that starts at an enrolled terminal only, by two persons; and each way to start one otherwise."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import update

from app import serving
from app.api.principals import RateLimiter
from app.store.desk_tables import site_ledger_anchors
from app.store.terminal_tables import draw_starts, draw_terminals
from app.usecases.arrival import ledger
from app.usecases.arrival.desk import day_of
from app.usecases.terminals.starts import SPAN
from draw.verify.verifier import verify
from tests.support.draw_rooms import Terminal, plan, requested
from tests.support.people import Browser, Person, later, person, signed_in
from tests.support.service import Service
from tests.support.venues import CITY, COUNTY, STAFF, hire

pytestmark = pytest.mark.anyio


@dataclass(slots=True, kw_only=True)
class Room:
    """A draw room where draws have to start: its terminal, an operator and a supervisor with accounts."""

    api: Service
    terminal: Terminal
    operator: Person
    supervisor: Person

    async def supervised(self, draw: str) -> tuple[Browser, dict[str, Any]]:
        """Both persons have signed in; the operator's browser, and the start."""
        page = await signed_in(self.api, self.operator)
        asked = await self.terminal.ask(page, draw)
        assert asked.status_code == 201, asked.text
        second = await self.terminal.supervise(page, asked.json()["start"], self.supervisor)
        assert second.status_code == 200, second.text
        return page, second.json()


@pytest.fixture
async def room(api: Service) -> Room:
    api.app.state.limiter = RateLimiter(sign_ins="10000/minute")
    object.__setattr__(api.platform, "draw_sites", (CITY,))
    await hire(api, **STAFF)
    assert (await api.post("bob", "/v1/venues", plan())).status_code == 201
    return Room(
        api=api,
        terminal=await Terminal(api=api).enrolled(),
        operator=await person(api, "olga.operator", "operator"),
        supervisor=await person(api, "sven.supervisor", "supervisor"),
    )


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["code"])


async def test_two_persons_start_a_draw_and_the_log_holds_what_they_signed(room: Room) -> None:
    api = room.api
    draw = await requested(api, "together")
    assert refusal(await api.post("bob", f"/v1/draws/{draw}:run")) == "start.missing"
    assert (await api.get("carol", f"/v1/draws/{draw}")).json()["state"] == "requested"

    page, start = await room.supervised(draw)
    begun = await room.terminal.begin(page, start["start"], start["statement"])
    assert (begun.status_code, begun.json()["state"]) == (200, "drawn"), begun.text

    shown = (await api.get("carol", f"/v1/draws/{draw}/start")).json()
    assert (shown["site"], shown["operator"], shown["supervisor"]) == (
        CITY,
        room.operator.id,
        room.supervisor.id,
    )
    assert shown["statement"] == start["statement"]
    told = await day(room)
    kinds = [one.entry.kind for one in told.entries]
    assert kinds[-2:] == ["draw-started", "draw-sealed"]
    assert told.entries[-1].about == {"draw": draw, "sdr": begun.json()["sdr"], "start": shown["digest"]}
    assert told.fault is None
    # The head of the ledger stands in the draw's log, right behind the seal, and verifiers take the proof.
    steps = [one["type"] for one in begun.json()["steps"]]
    assert steps[steps.index("seal") + 1] == "record"
    bundle = (await api.get("alice", f"/v1/draws/{draw}/proof")).content
    assert verify(bundle, trust=(await api.get(None, "/v1/trust")).content).stage == "revealed"
    done = (await api.get("carol", "/v1/operations?limit=100")).json()["items"]
    assert {"draw.ask-start", "draw.supervise-start", "draw.start"} <= {one["action"] for one in done}


async def test_a_story_of_the_start_told_otherwise_afterwards_does_not_meet_the_log(room: Room) -> None:
    draw = await requested(room.api, "retold")
    page, start = await room.supervised(draw)
    assert (await room.terminal.begin(page, start["start"], start["statement"])).status_code == 200
    async with room.api.platform.database.engine.begin() as connection:
        await connection.execute(
            update(site_ledger_anchors).where(site_ledger_anchors.c.draw_id == draw).values(number=1)
        )
    assert (await day(room)).fault == "ledger.anchor"


async def day(room: Room) -> ledger.ReadLedger:
    async with room.api.platform.database.read() as uow:
        return await ledger.read(uow, CITY, day_of(room.api.platform.now()))


async def test_one_person_alone_starts_nothing(room: Room) -> None:
    draw = await requested(room.api, "alone")
    page = await signed_in(room.api, room.operator)
    asked = (await room.terminal.ask(page, draw)).json()
    assert (asked["supervisor"], asked["statement"]) == (None, None)
    start = asked["start"]
    assert refusal(await room.terminal.begin(page, start, "{}")) == "start.one-person"
    # The operator twice, by the credentials of the same account.
    twice = await room.terminal.supervise(page, start, room.operator)
    assert refusal(twice) == "start.same-person"
    colleague = await person(room.api, "otto.operator", "operator")
    assert refusal(await room.terminal.supervise(page, start, colleague)) == "start.no-supervisor"
    guessed = await room.terminal.supervise(page, start, room.supervisor, password="Guessed-Wrong-41")
    assert refusal(guessed) == "sign-in.refused"
    foreign = {**page.headers, "Origin": "http://elsewhere.example"}
    lured = await Browser(client=page.client, headers=foreign).post(
        f"/v1/draw-starts/{start}/supervisor", {"login": "x", "password": "x", "code": "123456"}
    )
    assert refusal(lured) == "access.cross-site"
    assert refusal(await room.api.get("carol", f"/v1/draws/{draw}/start")) == "start.none"
    assert refusal(await room.api.post("bob", f"/v1/draws/{draw}:run")) == "start.missing"


async def test_who_requested_the_draw_or_has_another_duty_in_it_is_no_second_person(room: Room) -> None:
    draw = await requested(room.api, "duties")
    page = await signed_in(room.api, room.operator)
    start = (await room.terminal.ask(page, draw)).json()["start"]

    async def burden(uow: Any) -> None:
        at = room.api.platform.now()
        await uow.draws.take_duty(draw, person=room.supervisor.id, duty="request", at=at)

    await room.api.platform.database.transact(burden)
    assert refusal(await room.terminal.supervise(page, start, room.supervisor)) == "draw.duties-clash"


async def test_a_terminal_that_is_not_enrolled_starts_nothing(room: Room) -> None:
    api = room.api
    draw = await requested(api, "unknown")
    page = await signed_in(api, room.operator)
    copied = Terminal(api=api, id=room.terminal.id)
    assert refusal(await copied.ask(page, draw)) == "terminal.not-enrolled"
    alone = Terminal(api=api)
    await alone.propose()
    assert refusal(await alone.ask(page, draw)) == "terminal.not-enrolled"
    elsewhere = await Terminal(api=api, keeper="carlo", site=COUNTY).enrolled()
    assert refusal(await elsewhere.ask(page, draw)) == "start.other-site"
    # Whoever has the operator's session, but not the terminal's key.
    page, start = await room.supervised(draw)
    copied.id = room.terminal.id
    assert refusal(await copied.begin(page, start["start"], start["statement"])) == "start.signature"
    assert (await room.terminal.revoke()).status_code == 200
    assert refusal(await room.terminal.begin(page, start["start"], start["statement"])) == "terminal.revoked"
    assert refusal(await room.terminal.ask(page, draw)) == "terminal.revoked"
    assert (await api.get("carol", f"/v1/draws/{draw}")).json()["state"] == "requested"


async def test_an_old_a_used_and_a_foreign_start_begin_nothing(room: Room) -> None:
    api, terminal = room.api, room.terminal
    first, second = await requested(api, "first"), await requested(api, "second")
    page, start = await room.supervised(first)
    stranger = await signed_in(api, await person(api, "otto.operator", "operator"))
    assert refusal(await terminal.begin(stranger, start["start"], start["statement"])) == "start.unknown"
    # Signed for one draw, shown for another.
    page, other = await room.supervised(second)
    crossed = await terminal.begin(page, other["start"], start["statement"])
    assert refusal(crossed) == "start.signature"
    assert (await terminal.begin(page, start["start"], start["statement"])).status_code == 200
    assert refusal(await terminal.begin(page, start["start"], start["statement"])) == "start.spent"
    assert refusal(await terminal.ask(page, first)) == "draw.state"
    later(api, seconds=SPAN.total_seconds())
    assert refusal(await terminal.begin(page, other["start"], other["statement"])) == "start.stale"
    assert refusal(await terminal.supervise(page, other["start"], room.supervisor)) == "start.stale"
    assert refusal(await terminal.ask(page, second)) == "start.signed-in-before"
    key = {"terminal": terminal.id, "thumbprint": terminal.key.thumbprint, "draw": second}
    assert refusal(await api.post("bob", "/v1/draw-starts", key)) == "session.ended"


async def test_a_begun_draw_is_carried_on_without_another_start(room: Room) -> None:
    """The ceremony was interrupted: what two persons began needs no second beginning."""
    api = room.api
    draw = await requested(api, "interrupted")
    _, start = await room.supervised(draw)
    async with api.platform.database.engine.begin() as connection:
        await connection.execute(
            update(draw_starts)
            .where(draw_starts.c.id == start["start"])
            .values(begun_at=api.platform.now(), signature=bytes(64))
        )
    assert (await api.post("bob", f"/v1/draws/{draw}:run")).json()["state"] == "drawn"


async def test_a_start_whose_answer_was_lost_or_whose_holder_was_away_goes_on_by_the_same_signature(
    room: Room,
) -> None:
    """The start is spent and the draw has not moved: the terminal's page says again what it said."""
    api, line = room.api, room.api.scene.lines["agency"]
    draw = await requested(api, "holder-away")
    page, start = await room.supervised(draw)
    body = {"signature": room.terminal.key.sign(start["statement"].encode())}
    path = f"/v1/draw-starts/{start['start']}/signature"
    line.down = {"commitment"}
    first = await page.post(path, body, Idempotency_Key="first")
    assert (first.status_code, refusal(first)) == (503, "party.unreachable"), first.text
    assert (await api.get("carol", f"/v1/draws/{draw}")).json()["state"] == "requested"
    # A second start of the same draw is none, and says what to do.
    assert refusal(await room.terminal.ask(page, draw)) == "start.begun"

    line.down = set()
    later(api, seconds=SPAN.total_seconds())
    again = await page.post(path, body, Idempotency_Key="again")
    assert (again.status_code, again.json().get("state")) == (200, "drawn"), again.text
    told = await day(room)
    assert [one.entry.kind for one in told.entries].count("draw-started") == 1
    done = (await api.get("carol", "/v1/operations?limit=100")).json()["items"]
    assert [one["action"] for one in done].count("draw.start") == 1
    # Another signature of the same terminal is another act, and none.
    other = {"signature": room.terminal.key.sign(start["statement"].encode())}
    assert refusal(await page.post(path, other, Idempotency_Key="other")) == "start.spent"


async def test_a_restarted_server_goes_on_with_what_two_persons_began_and_with_nothing_else(
    room: Room,
) -> None:
    api = room.api
    begun, waiting = await requested(api, "begun"), await requested(api, "waiting")
    _, start = await room.supervised(begun)
    async with api.platform.database.engine.begin() as connection:
        await connection.execute(
            update(draw_starts)
            .where(draw_starts.c.id == start["start"])
            .values(begun_at=api.platform.now(), signature=bytes(64))
        )
    one = cast("Any", SimpleNamespace(platform=api.platform, ceremony=api.ceremony))
    await serving.resume(one)
    states = [(await api.get("carol", f"/v1/draws/{draw}")).json()["state"] for draw in (begun, waiting)]
    assert states == ["drawn", "requested"]


async def test_a_terminal_is_enrolled_by_two_persons_for_a_draw_room_of_its_site(room: Room) -> None:
    api = room.api
    fresh = Terminal(api=api)
    faulty = await fresh.propose(zone="evaluation")
    assert [one["code"] for one in faulty.json()["errors"]] == ["terminal.zone"]
    unproven = await fresh.propose(signature="A" * 86)
    assert [one["code"] for one in unproven.json()["errors"]] == ["seat.key"]
    assert (await fresh.propose()).status_code == 201
    known = fresh.id
    assert (await fresh.propose()).json()["terminal"] == known
    assert refusal(await Terminal(api=api, keeper="carlo", site=COUNTY, key=fresh.key).propose()) == (
        "terminal.known"
    )
    assert refusal(await fresh.approve(thumbprint="A" * 43)) == "terminal.other-key"
    async with api.platform.database.engine.begin() as connection:
        await connection.execute(
            update(draw_terminals).where(draw_terminals.c.id == known).values(proposed_by="carol")
        )
    assert refusal(await fresh.approve("carol")) == "terminal.two-persons"
    assert (await fresh.approve("bob")).status_code == 200
    assert refusal(await fresh.approve("bob")) == "terminal.settled"
    assert refusal(await fresh.revoke("carlo")) == "terminal.unknown"
    assert (await fresh.revoke("carol")).json()["revoked_by"] == "carol"
    own = (await api.get("carlo", "/v1/draw-terminals")).json()["items"]
    assert own == []
    assert refusal(await api.get("carlo", f"/v1/draw-terminals?site={CITY}")) == "site.unknown"
    every = (await api.get("carol", "/v1/draw-terminals")).json()["items"]
    assert {one["state"] for one in every} == {"enrolled", "revoked"}


async def test_where_no_terminal_is_asked_for_draws_start_as_ever(room: Room) -> None:
    object.__setattr__(room.api.platform, "draw_sites", ())
    draw = await requested(room.api, "freely")
    assert (await room.api.post("bob", f"/v1/draws/{draw}:run")).json()["state"] == "drawn"
