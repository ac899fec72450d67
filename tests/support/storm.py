"""A storm over campaigns: a carrier that fails three times in ten, and workers killed at random.

Every draw, letter, call, answer and log entry goes through the real use cases. A worker's life ends at random
before or after any transaction, call of a party's node or hand-over to the carrier; whatever else that life
still has under way dies at its next such point. Its successor is composed anew and finds what the store has.
`judge` holds what came of it against the carrier's books and the log, by id.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final, TypeVar
from unittest import mock

from sqlalchemy import text

from app.composition import compose
from app.gateways.messages import RegisteredGateway
from app.gateways.parties import HttpPartyNode
from app.simulator.people import Faults, Person, Town
from app.simulator.provider import Provider
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database, UnitOfWork
from app.times import to_text
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations.contacts import synthetic_contacts
from app.usecases.projects import ProjectOrder, register
from app.worker import HANDLERS, REPORT_HANDLERS, Wiring, Worker
from tests.support.calling import URL, VOICE, Calling, set_calling
from tests.support.delivery import Carrier, KilledError, bring_reports
from tests.support.guests import GATEWAY
from tests.support.stage import PARAMETERS, Stage, document, person

T = TypeVar("T")
SEATS: Final = 15
SMS: Final = RegisteredGateway(name="sms.test", channels=frozenset({"sms"}), public=GATEWAY.public)
# Three of ten hand-overs fail: half before the carrier took the message, half after.
FAULTS: Final = Faults(refused=0.15, lost=0.15, duplicated=0.2, dropped=0.1)
ACCEPT, DECLINE = 0.75, 0.15
ANSWERS_AFTER: Final = (0.5, 5.0)  # minutes
# While there is much work, and while nearly everybody waits for the term of whoever is silent.
TURN_SECONDS, CALM_SECONDS = 5, 30
CALM: Final = 50
MOST_TURNS: Final = 2_000
PASSES: Final = 8
END: Final = "2030-01-01T00:00:00Z"
WIDE: Final[dict[str, Any]] = {
    **PARAMETERS,
    "committee": {"experts": SEATS, "seated": 0, "owners": 2},
    "strata": [
        {"id": "civil", "prefixes": ["A08"], "seats": 9},
        {"id": "goods", "prefixes": ["B"], "seats": 6},
    ],
    "sites": [
        {"id": "city", "regions": ["35010", "35011"], "min": 2, "max": 14},
        {"id": "county", "regions": ["35012", "35018"], "min": 1, "max": 13},
    ],
}


@dataclass(eq=False, slots=True)
class Life:
    """One run of a worker."""

    dead: bool = False


_LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


@dataclass
class Reaper:
    """Ends lives, each with `share` at every point that it crosses."""

    share: float
    killed: int = 0
    random: Random = field(default_factory=lambda: Random(5))

    def cross(self) -> None:
        life = _LIFE.get()
        if life is None:
            return
        if not life.dead and self.random.random() < self.share:
            life.dead = True
            self.killed += 1
        if life.dead:
            raise KilledError

    def around(self, function: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        async def crossed(*given: Any, **named: Any) -> T:
            self.cross()
            result = await function(*given, **named)
            self.cross()
            return result

        return crossed


@dataclass
class Server:
    """One place where workers run, one after the other."""

    storm: "Storm"
    database: Database
    worker: Worker | None = None
    life: Life = field(default_factory=Life)

    async def turn(self) -> int:
        """Work off what is due, until nothing is or this life ends; how much there was."""
        if self.worker is None or self.life.dead:
            self.life, self.worker = Life(), await self.storm.hired(self.database)
        worker = self.worker

        async def work() -> int:
            _LIFE.set(self.life)
            done = 0
            for _pass in range(PASSES):
                now = await worker.run_once()
                if not now:
                    break
                done += now
            return done

        try:
            return await asyncio.create_task(work())
        except KilledError:
            self.worker = None
            return 1


@dataclass
class Storm:
    """Campaigns on a stage, two servers, one carrier. `share`: of a death at any point."""

    calling: Calling
    reaper: Reaper
    books: Provider
    servers: list[Server] = field(default_factory=list)
    rows: list[DrawRow] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        """Where it happens."""
        return self.calling.stage

    async def hired(self, database: Database) -> Worker:
        """A worker with everything of its own but the database's file and the carrier."""
        stage = self.stage
        async with database.read() as uow:
            parties = await uow.parties.all()
        twin = compose(stage.one.settings, database, stage.one.client, parties, clock=stage.clock)
        context = WorkContext(platform=twin.platform, ceremony=twin.ceremony, public_url=URL)
        lines = {
            "sms": Carrier(SMS.name, self.books, stage.clock),
            "voice": Carrier(VOICE.name, self.books, stage.clock),
        }
        wiring = Wiring(gateways=lines, handlers=HANDLERS, report_handlers=REPORT_HANDLERS)
        return Worker(context, wiring)

    async def start(self, invitations: int) -> None:
        """Draws of fifteen until so many are to be asked, then every campaign approved at once."""
        for number in range(-(-invitations // SEATS)):
            self.rows.append(await self._drawn(number))
        for row in self.rows:
            await self.calling.propose(row)
            await self.calling.approve(row)

    async def rage(self) -> int:
        """Turns until everybody was asked, heard and replaced; how many."""
        with ExitStack() as stack:
            for owner, name in ((Database, "transact"), (HttpPartyNode, "call"), (Carrier, "send")):
                hooked = self.reaper.around(getattr(owner, name))
                stack.enter_context(mock.patch.object(owner, name, hooked))
            for turn in range(MOST_TURNS):
                done = await asyncio.gather(*(one.turn() for one in self.servers), self._reports())
                self.stage.clock.advance(seconds=TURN_SECONDS if sum(done) > CALM else CALM_SECONDS)
                if turn % 10 == 9 and await self._over():
                    return turn + 1
        raise AssertionError("the storm finds no end")

    async def _reports(self) -> int:
        """The carrier reports to the API, which dies over it as well; how many reports were new."""

        async def bring() -> int:
            _LIFE.set(Life())
            return await bring_reports(self.books, self.stage.one.platform, gateways=(SMS, VOICE))

        try:
            return await asyncio.create_task(bring())
        except KilledError:
            return 1

    async def _drawn(self, number: int) -> DrawRow:
        """A draw of a section of its own, at hours of its own: nobody is bound elsewhere."""
        stage, section = self.stage, f"storm-{number}"
        since = stage.clock() + timedelta(hours=26 + 2 * number)
        hours = {"from": to_text(since), "to": to_text(since + timedelta(hours=1))}
        content = {**document(stage), "evaluation": hours}
        order = ProjectOrder(project="works-1", section=section, owner="owner", document=content)
        platform = stage.one.platform

        async def store(uow: UnitOfWork) -> None:
            await register(uow, person("requester", "agency"), order, platform.packs, now=platform.now())

        await platform.database.transact(store)
        row = await stage.request(section, invitations="logged", parameters=WIDE)
        return await stage.one.ceremony.run(row.id)

    async def _over(self) -> bool:
        database = self.stage.one.platform.database
        async with database.read() as uow:
            states, _ = await uow.outbox.figures(END)
            waiting = await uow.reports.oldest_waiting(END)
        if states.keys() & {"queued", "sending", "sent"} or waiting is not None:
            return False
        asked = await self.rows_of("SELECT count(*) FROM campaigns WHERE state = 'inviting'")
        return bool(asked[0][0] == 0)

    # -- what came of it

    async def judge(self) -> Counter[str]:
        """Hold outbox, carrier's books and log against each other; figures. Raises AssertionError."""
        found = Counter(killed=self.reaper.killed, **self.books.counted)
        await self._handed_over(found)
        for row in self.rows:
            await self._asked_and_heard(row, found)
        return found

    async def _handed_over(self, found: Counter[str]) -> None:
        """What was sent is what was written, once, and is told as delivered; nobody holds a lease."""
        kept = {row.id: row for row in await self.rows_of("SELECT id, state, dedupe, leased_by FROM outbox")}
        assert self.books.taken.keys() <= kept.keys(), "the carrier was given something nobody wrote"
        delivered = {one for one, row in kept.items() if row.state == "delivered"}
        assert delivered <= self.books.taken.keys(), "told as delivered, and the carrier never had it"
        unheard = {one for one, row in kept.items() if row.state == "failed"}
        silent = {one for one, taken in self.books.taken.items() if taken.person.does == "silent"}
        assert unheard <= silent, "told as failed, and somebody was there"
        assert {row.state for row in kept.values()} <= {"delivered", "failed", "expired"}
        assert {row.leased_by for row in kept.values()} == {None}
        found.update(messages=len(kept), delivered=len(delivered), unheard=len(unheard))
        asked = Counter(
            (one.order.draw, one.order.n, kept[one.order.id].dedupe.partition(":")[2])
            for one in self.books.taken.values()
            if one.order.draw is not None
        )
        assert set(asked.values()) == {1}, "somebody was asked twice on one occasion"
        assert {occasion for _, _, occasion in asked} <= {"sms", "voice", "reminder"}

    async def _asked_and_heard(self, row: DrawRow, found: Counter[str]) -> None:
        """Everybody of one draw was reached; what was pressed is in the log once, and nothing else is."""
        campaign = await self.calling.standing(row)
        mine = [one for one in self.books.taken.values() if one.order.draw == row.k]
        ways = {one.n: {m.order.channel for m in mine if m.order.n == one.n} for one in campaign.invitations}
        assert all(ways.values()), "somebody was never reached"
        holders = Counter((one.invited.seat, one.invited.tenure) for one in campaign.invitations)
        assert set(holders.values()) == {1}, "a seat was given to two, or to one twice"
        assert not campaign.pending
        pressed = {
            one.order.n: report["answer"]
            for one in mine
            for report in one.reports
            if report["format"] == "qt/1 gateway-record"
        }
        _, course = await self.calling.context.ceremony.shown(row)
        logged = [(entry.body["n"], entry.body["answer"]) for _, entry in course.all("reply")]
        assert sorted(logged) == sorted(pressed.items()), "a reply was lost, or counted twice"
        found.update(invitations=len(campaign.invitations), replies=len(logged))

    async def rows_of(self, query: str) -> list[Any]:
        """The rows of a query."""
        async with self.stage.one.platform.database.engine.connect() as connection:
            return list(await connection.execute(text(query)))


async def set_storm(stage: Stage, second: Database, *, share: float, seed: int = 11) -> Storm:
    """Everybody of the pool has phone and voice; who accepts, declines or says nothing is chance's."""
    chance = Random(seed)
    contacts = synthetic_contacts(record.id for record in stage.pool.records)
    people = {one.phone: _somebody(chance) for one in contacts.values() if one.phone}
    books = Provider(Town(seed=seed, people=people, faults=FAULTS), GATEWAY)
    storm = Storm(calling=await set_calling(stage), reaper=Reaper(share), books=books)
    storm.servers = [Server(storm, one) for one in (stage.one.platform.database, second)]
    return storm


def _somebody(chance: Random) -> Person:
    drawn = chance.random()
    does = "accept" if drawn < ACCEPT else "decline" if drawn < ACCEPT + DECLINE else "silent"
    return Person.model_validate({"does": does, "after": chance.uniform(*ANSWERS_AFTER)})
