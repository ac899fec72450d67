"""kill -9 from the last answer to the open room: whatever dies between two steps, nothing told is lost and
nothing is done twice.

Points are before and after every write transaction, every call of a party's node or a device, and every
message that is handed to a carrier. Whoever is dead stays dead: no clean-up of it runs. Another server with
connections of its own goes on once the leases of the dead one have run out, and people do what people do:
they press the key again, they show their card again.
"""

import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.gateways.devices import HttpDeviceCommands
from app.gateways.parties import HttpPartyNode
from app.store.engine import make_engine
from app.store.unit_of_work import Database
from app.usecases.openings import bundle, open_draw
from draw.verify.verifier import verify
from tests.integration.conftest import CIPHER, Copied, Play
from tests.integration.test_campaign_kill import whole
from tests.support.arriving import CITY, Arriving, Browser, set_arriving
from tests.support.arriving_world import World, enter
from tests.support.calling import Letter, Line, later
from tests.support.delivery import Doom, KilledError
from tests.support.stage import Stage
from tests.support.troubles import beside, come, everyone, expect, run_off, set_asked, staff_office

# `make points`: each point once, odd ones on SQLite, even ones on PostgreSQL.
ALL = os.environ.get("QIANTONG_POINTS") == "all"
pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(3000 if ALL else 550)]
MANY = 400
LEASE = 130
# The engines share the points: PostgreSQL, whose copies take longer, has fewer of them.
SLOWER = 4


@dataclass
class Grave(Doom):
    """Dies at point `fatal` and stays dead: what a dying process would still do is not done."""

    def cross(self) -> None:
        self.passed += 1
        if self.passed >= self.fatal:
            raise KilledError


@dataclass
class Life:
    """One copy of a moment, and the server that goes on after a death."""

    case: Arriving
    second: Database

    async def goes_on(self) -> None:
        """The dead one's leases run out, and another server does what is due."""
        self.case.stage.clock.advance(seconds=LEASE)
        await run_off(await beside(self.case, self.second))


Lives = Callable[[], Awaitable[Life]]


async def set_last_answer(stage: Stage) -> Arriving:
    """Four have accepted; the fifth has the letter and the call."""
    case = await set_asked(stage)
    for letter in case.calling.fresh()[:-1]:
        await case.calling.say(letter, "accept")
    await case.calling.work()
    return case


async def set_full_house(stage: Stage) -> Arriving:
    """Everybody came through the gate, and it is the hour."""
    case = await set_arriving(stage)
    await staff_office(case)
    for number, letter in enumerate(everyone(case), 1):
        await come(case, letter, number)
    await case.calling.until(case.row.evaluation_from or "")
    return case


class Copies:
    """Copies of one moment, one after the other."""

    def __init__(self, copied: Copied, name: str, play: Play, folder: Path) -> None:
        self._copied, self._named, self._folder = copied, (name, play), folder
        self._open: list[Life] = []
        self._number = 0
        # Made here, where no loop runs yet.
        self._first: tuple[World, str] | None = copied(name, play)
        self.url = self._first[1]

    async def __call__(self) -> Life:
        await self.close()
        world, url = self._first or self._fresh()
        self._first, self._number = None, self._number + 1
        database, second = (Database(make_engine(url), CIPHER) for _server in range(2))
        case = await enter(world, database, self._folder / f"life-{self._number}")
        self._open.append(Life(case, second))
        return self._open[-1]

    async def close(self) -> None:
        while self._open:
            life = self._open.pop()
            await life.case.client.aclose()
            await life.case.platform.database.dispose()
            await life.second.dispose()
            shutil.rmtree(self._folder / f"life-{self._number}")

    def _fresh(self) -> tuple[World, str]:
        for old in self._folder.glob("qiantong.sqlite*"):
            old.unlink()
        return self._copied(*self._named)

    def points(self, stride: int) -> range:
        """Where to die on this engine: every so many points."""
        sqlite = self.url.startswith("sqlite")
        if ALL:
            return range(1 if sqlite else 2, MANY, 2)
        return range(1, MANY, stride) if sqlite else range(2, MANY, SLOWER * stride)


@pytest.fixture
def last_answer_copies(copied: Copied, tmp_path: Path) -> Copies:
    return Copies(copied, "last-answer", set_last_answer, tmp_path)


@pytest.fixture
def morning_copies(copied: Copied, tmp_path: Path) -> Copies:
    return Copies(copied, "arriving", set_arriving, tmp_path)


@pytest.fixture
def full_house_copies(copied: Copied, tmp_path: Path) -> Copies:
    return Copies(copied, "full-house", set_full_house, tmp_path)


@pytest.fixture
async def last_answer(last_answer_copies: Copies, anyio_backend: str) -> AsyncIterator[Copies]:
    yield last_answer_copies
    await last_answer_copies.close()


@pytest.fixture
async def morning(morning_copies: Copies, anyio_backend: str) -> AsyncIterator[Copies]:
    yield morning_copies
    await morning_copies.close()


@pytest.fixture
async def full_house(full_house_copies: Copies, anyio_backend: str) -> AsyncIterator[Copies]:
    yield full_house_copies
    await full_house_copies.close()


class Mortal:
    """Lets errands die."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    async def dies(self, errand: Callable[[], Awaitable[object]], fatal: int) -> bool:
        """Run an errand up to point `fatal`; False when it ended before."""
        return (await self.falls(errand, fatal))[0]

    async def falls(self, errand: Callable[[], Awaitable[object]], fatal: int) -> tuple[bool, int]:
        """The same, with the number of points that were passed."""
        doom = Grave(fatal=fatal)
        mortal = (
            (Database, "transact"),
            (HttpPartyNode, "call"),
            (HttpDeviceCommands, "tell"),
            (Line, "send"),
        )
        with self._patch.context() as patch:
            for owner, name in mortal:
                patch.setattr(owner, name, doom.around(getattr(owner, name)))
            with suppress(KilledError):
                await errand()
        return doom.passed >= fatal, doom.passed


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> Mortal:
    return Mortal(monkeypatch)


async def entries(case: Arriving, kind: str, **match: object) -> list[Any]:
    """Bodies of the draw's entries in the log."""
    ceremony = case.stage.one.ceremony
    _, course = await ceremony.shown(await ceremony.row(case.row.id))
    return [entry.body for _, entry in course.all(kind, **match)]


async def ends_well(life: Life) -> None:
    """Everybody else accepts, the roster is sealed once, every message went once, and the proof verifies."""
    case, calling = life.case, life.case.calling
    found = await calling.fill(case.row)
    whole(found)
    assert found.campaign.state == "sealed"
    replies = Counter((one["n"], one["answer"]) for one in await entries(case, "reply"))
    assert set(replies.values()) == {1}
    assert len(await entries(case, "record", topic="roster")) == 1
    for line in calling.lines.values():
        kinds = Counter((one.to, one.text) for one in line.taken if "#" in one.text or one.reference)
        assert set(kinds.values()) <= {1}
    await calling.until(later(case.row.evaluation_from or "", seconds=1))
    await open_draw(calling.context.ceremony, case.row.id)
    data = await bundle(calling.context.platform, await calling.context.ceremony.row(case.row.id))
    assert verify(data, trust=case.stage.trust).stage == "opened"


async def test_between_the_key_pressed_and_the_sealed_roster(last_answer: Copies, mortal: Mortal) -> None:
    """Report stored, reply logged, published, seats counted, custodians asked, roster sealed."""
    for fatal in last_answer.points(4):
        life = await last_answer()
        calling = life.case.calling
        call = calling.calls()[-1]
        at = calling.context.platform.now()
        died = await mortal.dies(lambda: calling.press(call, "accept", at=at), fatal)  # noqa: B023
        # A gateway that was not answered reports again; the same report counts once.
        await life.goes_on()
        await calling.press(call, "accept", at=at)
        await ends_well(life)
        assert len(await entries(life.case, "reply")) == 5
        if not died:
            break
    else:
        raise AssertionError("the errand has no end")


async def test_between_a_refusal_and_the_next_letter(last_answer: Copies, mortal: Mortal) -> None:
    """Refusal logged, event logged, supervisor asked, answer logged, successor invited, message sent."""
    for fatal in last_answer.points(4):
        life = await last_answer()
        calling = life.case.calling
        call = calling.calls()[-1]
        at = calling.context.platform.now()
        died = await mortal.dies(lambda: calling.press(call, "decline", at=at), fatal)  # noqa: B023
        await life.goes_on()
        await calling.press(call, "decline", at=at)
        # Of the five letters before, four were answered and one refused.
        calling.seen |= {one.keys.id for one in calling.letters()[:5]}
        await ends_well(life)
        events = await entries(life.case, "event")
        assert [one["class"] for one in events] == ["decline"]
        assert len(await entries(life.case, "answer")) == 1
        if not died:
            break
    else:
        raise AssertionError("the errand has no end")


@dataclass
class Guest:
    """Somebody on the way from the door to the chair; every step may be done again after a silence."""

    case: Arriving
    letter: Letter
    browsers: dict[str, Browser]
    arrival: str = ""
    slip: str = ""
    seat: str = ""

    async def desk(self) -> None:
        self.arrival = str(expect(await self.case.check_in(self.letter), 201)["arrival"])

    async def locker(self) -> None:
        expect(await self.case.deposit(self.arrival), 201)

    async def gate(self) -> None:
        """Asked at the gate until inside: a passage that was reported is not asked for again."""
        if await self.case.state(self.arrival) != "inside":
            passage = (await self.case.gate(self.arrival))["passage"]
            await self.case.event(f"gate {CITY}", "passed", passage=passage, direction="in")

    async def chair(self) -> None:
        given = await self.case.seat(self.arrival)
        self.slip, self.seat = given["slip"], given["seat"]

    async def login(self) -> None:
        answer = await self.case.log_in(self.browsers[self.seat], self.slip)
        if answer.status_code == 401:
            # The slip went with the login whose answer was lost: a new one is printed.
            await self.chair()
            answer = await self.case.log_in(self.browsers[self.seat], self.slip)
        expect(answer, 201)


async def test_between_the_door_and_the_chair(morning: Copies, mortal: Mortal) -> None:
    """Check-in, locker, gate, passage, seat by chance and login: one of each, whatever was cut off."""
    for fatal in morning.points(2):
        life = await morning()
        case = life.case
        seats = [f"{CITY}-e1-{number}" for number in range(1, 1 + len(case.letters[CITY]))]
        guest = Guest(case, case.letters[CITY][0], {one: await case.enrolled(one) for one in seats})
        left, died = fatal, False
        for step in (guest.desk, guest.locker, guest.gate, guest.chair, guest.login):
            # Where somebody died already, nobody dies again.
            cut, passed = (False, 0) if died else await mortal.falls(step, left)
            died, left = died or cut, left - passed
            if cut:
                case.stage.clock.advance(seconds=LEASE)
                await case.heartbeats()
            if cut or died:
                await step()
        await one_of_each(case, guest)
        if not died:
            break
    else:
        raise AssertionError("the errand has no end")


async def one_of_each(case: Arriving, guest: Guest) -> None:
    """One presence, one deposit, one passage in, one seat in the log, one session; an intact ledger."""
    assert await case.state(guest.arrival) == "seated"
    ledger = await case.ledger()
    assert ledger["intact"]
    kinds = Counter(one["kind"] for one in ledger["entries"])
    for kind in ("checked-in", "deposited", "gate-opened", "came-in", "seat-given"):
        assert kinds[kind] == 1, kind
    assert len(await entries(case, "record", topic="seating")) == 1
    async with case.platform.database.read() as uow:
        assert len(await uow.seat_access.live_sessions(CITY)) == 1
        assert len(await uow.arrivals.of_draw(case.row.id)) == 1


async def test_between_the_wish_and_the_open_roster(full_house: Copies, mortal: Mortal) -> None:
    """Wish logged and published, shares asked for, roster opened, room open, answer stored: one opening."""
    for fatal in full_house.points(1):
        life = await full_house()
        case, wish = life.case, {"tier": 2, "reason": "开评 room start"}

        async def ask(case: Arriving = case, wish: Any = wish) -> httpx.Response:
            return await case.post(
                "sven", f"/draws/{case.row.id}/roster/openings", wish, Idempotency_Key="open"
            )

        died = await mortal.dies(ask, fatal)
        await life.goes_on()
        done = expect(await ask(), 200)
        assert expect(await ask(), 200) == done
        (logged,) = await entries(case, "record", topic="roster-open")
        assert logged["draw"] == case.row.k
        async with case.platform.database.read() as uow:
            (opening,) = await uow.rosters.openings(case.row.id)
        assert (opening.id, opening.opened_at) == (done["id"], done["opened_at"])
        seats = expect(await case.get("sven", f"/draws/{case.row.id}/roster"), 200)["seats"]
        assert len(seats) == len(everyone(case))
        if not died:
            break
    else:
        raise AssertionError("the errand has no end")
