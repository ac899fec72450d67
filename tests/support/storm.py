"""A storm over campaigns: a carrier that fails three times in ten, and servers killed at random.

Every draw, letter, call, answer and log entry goes through the real use cases. Each server is a process of
its own (`tests.support.storm_server`): API and worker over one database, gateways and callback over HTTP.
SIGKILL ends it at a random moment, whatever it is doing; its successor finds what the store has. Carrier,
party nodes and clock are outside. Time passes only when no server has anything due.
`judge` holds what came of it against the carrier's books and the log, by id.
"""

import asyncio
import json
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from ctypes import c_double
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import Any, Final

import httpx
import structlog
import uvicorn
from sqlalchemy import text

from app.serving import address_of, listen
from app.simulator.people import Faults, Person, Town
from app.simulator.provider import Provider
from app.simulator.service import Sender, create_provider_app
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database, UnitOfWork
from app.times import to_text
from app.usecases.invitations.contacts import synthetic_contacts
from app.usecases.log import verify_log
from app.usecases.projects import ProjectOrder, register
from tests.support.calling import Calling, set_calling
from tests.support.guests import GATEWAY
from tests.support.stage import PARAMETERS, Servers, Stage, document, person, set_stage
from tests.support.storm_server import Post, serve

SEATS: Final = 15
# Three of ten hand-overs fail: half before the carrier took the message, half after.
FAULTS: Final = Faults(refused=0.15, lost=0.15, duplicated=0.2, dropped=0.1)
ACCEPT, DECLINE = 0.75, 0.15
ANSWERS_AFTER: Final = (0.5, 5.0)  # minutes
PLACES: Final = 3
# While there is much work, and while nearly everybody waits for the term of whoever is silent.
TURN_SECONDS, CALM_SECONDS = 5, 30
CALM: Final = 50
MOST_TURNS: Final = 4_000
LOOK_SECONDS: Final = 0.5
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


@dataclass
class Reaper:
    """Ends `left` lives, each after up to `longest` seconds of processor: a busy machine changes nothing. The
    moments come from a seed.
    """

    left: int
    longest: float
    killed: int = 0
    random: Random = field(default_factory=lambda: Random(5))

    def life(self) -> float:
        """How long the next life is; 0 for one that is spared."""
        if not self.left:
            return 0
        self.left -= 1
        return self.random.uniform(0.001, self.longest)


@dataclass
class Place:
    """Where one server lives after the other."""

    storm: "Storm"
    process: BaseProcess | None = None
    reader: asyncio.StreamReader = field(init=False)
    writer: asyncio.StreamWriter = field(init=False)

    async def turn(self) -> int:
        """Work off what is due, over as many lives as it takes; how much the last one did."""
        while True:
            await self._live()
            answer = b""
            with suppress(ConnectionError):
                self.writer.write(b"go\n")
                answer = await self.reader.readline()
            if answer:
                return int(answer)
            code = await self.close()
            assert code == -SIGKILL, f"a server ended by itself: {code}"
            self.storm.reaper.killed += 1

    async def close(self) -> int | None:
        """No server is here when this returns; how it ended."""
        if self.process is None:
            return None
        # Not beside the loop: another process that starts meanwhile would read this one's end away.
        self.process.join()
        code, self.process = self.process.exitcode, None
        self.writer.close()
        return code

    async def _live(self) -> None:
        if self.process is not None:
            return
        mine, theirs = socket.socketpair()
        with theirs:
            self.process = self.storm.begin(theirs)
        self.reader, self.writer = await asyncio.open_connection(sock=mine)


@dataclass(kw_only=True)
class Storm:
    """Campaigns on a stage, servers at several places, one carrier."""

    calling: Calling
    reaper: Reaper
    books: Provider
    forks: ForkServerContext
    url: str
    listener: socket.socket
    seconds: c_double = field(default_factory=lambda: RawValue(c_double))
    rows: list[DrawRow] = field(default_factory=list)
    # What the carrier was answered, by the signature of its report; how often nobody answered.
    answers: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    answered: int = 0

    @property
    def stage(self) -> Stage:
        """Where it happens."""
        return self.calling.stage

    def begin(self, orders: socket.socket) -> BaseProcess:
        """Another server."""
        settings = self.stage.one.settings
        post = Post(
            url=self.url,
            settings=settings,
            seconds=self.seconds,
            listener=self.listener,
            orders=orders,
            life=self.reaper.life(),
        )
        process = self.forks.Process(target=serve, args=(post,), daemon=True)
        process.start()
        return process

    async def start(self, invitations: int) -> None:
        """Draws of fifteen until so many are to be asked, then every campaign approved at once."""
        for number in range(-(-invitations // SEATS)):
            self.rows.append(await self._drawn(number))
        for row in self.rows:
            await self.calling.propose(row)
            await self.calling.approve(row)

    async def rage(self) -> int:
        """Turns until everybody was asked, heard and replaced; how many."""
        places = [Place(self) for _ in range(PLACES)]
        try:
            async with self._reporting() as sender:
                for turn in range(MOST_TURNS):
                    self.seconds.value = self.stage.clock().timestamp()
                    done = await _turn(places, sender)
                    if turn % 10 == 9 and await self._over():
                        return turn + 1
                    self.stage.clock.advance(seconds=TURN_SECONDS if done > CALM else CALM_SECONDS)
        finally:
            for one in places:
                if one.process is not None:
                    one.process.kill()
                await one.close()
        raise AssertionError("the storm finds no end")

    @asynccontextmanager
    async def _reporting(self) -> AsyncIterator[Sender]:
        """The carrier's reports to whichever server takes them; what was answered is kept."""

        async def asks(_request: httpx.Request) -> None:
            self.asked += 1

        async def hears(response: httpx.Response) -> None:
            self.answered += 1
            report = json.loads(response.request.content)
            self.answers[report["signature"]] = response.status_code

        hooks: Any = {"request": [asks], "response": [hears]}
        async with httpx.AsyncClient(trust_env=False, event_hooks=hooks) as client:
            yield Sender(self.books, url=address_of(self.listener), client=client, clock=self.stage.clock)

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
        unsaid = [one for one in self._reported() if one["signature"] not in self.answers]
        if states.keys() & {"queued", "sending", "sent"} or waiting is not None or unsaid:
            return False
        asked = await self.rows_of("SELECT count(*) FROM campaigns WHERE state = 'inviting'")
        return bool(asked[0][0] == 0)

    def _reported(self) -> list[dict[str, Any]]:
        """Everything that the carrier ever reported."""
        return [report for one in self.books.taken.values() for report in one.reports]

    # -- what came of it

    async def judge(self) -> Counter[str]:
        """Hold outbox, carrier's books and log against each other; figures. Raises AssertionError."""
        found = Counter(self.books.counted)
        found.update(killed=self.reaper.killed, unanswered=self.asked - self.answered)
        await self._handed_over(found)
        await self._reports_kept()
        for row in self.rows:
            await self._asked_and_heard(row, found)
        platform = self.stage.one.platform
        await verify_log(platform.database, platform.log, platform.cosigners)
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

    async def _reports_kept(self) -> None:
        """Every report was acknowledged, is in the store once, and was handed on; nothing else is there."""
        reported = self._reported()
        assert {self.answers[one["signature"]] for one in reported} == {httpx.codes.OK}
        told = Counter((one["gateway"], one["message"], one.get("kind", "answer")) for one in reported)
        rows = await self.rows_of("SELECT * FROM delivery_reports")
        kept = [row for row in rows if not row.report_id.startswith("own:")]
        assert Counter((row.gateway, row.message_id, row.kind) for row in kept) == told, "a report was lost"
        assert None not in {row.handled_at for row in kept}, "a report was never handed on"

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


async def _turn(places: list[Place], sender: Sender) -> int:
    """Everybody's turn; how much was done. While reports are brought, whoever died has a successor: with
    nobody there each of them would wait its whole time for an answer.
    """
    bringing = asyncio.create_task(sender.send_due())
    try:
        done = sum(await asyncio.gather(*(one.turn() for one in places)))
        while not bringing.done():
            await asyncio.wait((bringing,), timeout=LOOK_SECONDS)
            done += sum(await asyncio.gather(*(one.turn() for one in places)))
        return done + bringing.result()
    finally:
        bringing.cancel()


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where a storm rages."""

    database: Database
    url: str
    folder: Path
    forks: ForkServerContext


@asynccontextmanager
async def raised(ground: Ground, reaper: Reaper, *, seed: int = 11) -> AsyncIterator[Storm]:
    """Everybody of the pool has phone and voice; who accepts, declines or says nothing is chance's."""
    async with AsyncExitStack() as stack:
        carrier, listener = (stack.enter_context(listen("127.0.0.1", 0)) for _ in range(2))
        # Carrier and nodes answer tens of thousands of requests, and would tell of each.
        stack.callback(structlog.configure, **structlog.get_config())
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        servers = Servers()
        stack.callback(servers.stop)
        stage = await set_stage(
            ground.database,
            ground.folder,
            experts=603,
            servers=servers,
            gateways=_gateways(ground.folder / "gateways.toml", address_of(carrier)),
            caller_rate="1000000/minute",
            quiet_hours="00:00-00:00",
        )
        stack.push_async_callback(stage.one.client.aclose)
        chance = Random(seed)
        contacts = synthetic_contacts(record.id for record in stage.pool.records)
        people = {one.phone: _somebody(chance) for one in contacts.values() if one.phone}
        books = Provider(Town(seed=seed, people=people, faults=FAULTS), GATEWAY)
        await stack.enter_async_context(_served(books, stage, carrier))
        yield Storm(
            calling=await set_calling(stage),
            reaper=reaper,
            books=books,
            forks=ground.forks,
            url=ground.url,
            listener=listener,
        )


def _gateways(file: Path, address: str) -> Path:
    """The operator's file: one carrier of short messages and one of calls."""
    same = ("id", "to", "text", "expires_at")
    forms: dict[str, tuple[str, ...]] = {"sms": same, "voice": (*same, "draw", "n", "menu")}
    sections = []
    for kind, places in forms.items():
        body = ", ".join(f'{place} = "{{{place}}}"' for place in places)
        sections += [
            f'[[gateway]]\nname = "{kind}.test"\nkind = "{kind}"\nurl = "{address}/{kind}.test/{kind}"',
            f'report_key = "{GATEWAY.public.hex()}"\nbody = {{{body}}}',
            'answer = {pointer = "/code", accepted = [0], busy = [9]}',
        ]
    file.write_text("\n".join(sections))
    return file


@asynccontextmanager
async def _served(books: Provider, stage: Stage, listener: socket.socket) -> AsyncIterator[None]:
    """The carrier at its address, on the loop of whoever brings its reports."""
    app = create_provider_app(books, stage.clock)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _somebody(chance: Random) -> Person:
    drawn = chance.random()
    does = "accept" if drawn < ACCEPT else "decline" if drawn < ACCEPT + DECLINE else "silent"
    return Person.model_validate({"does": does, "after": chance.uniform(*ANSWERS_AFTER)})
