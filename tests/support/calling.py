"""A campaign on a stage: real use cases, a real worker, and lines that end in people's pockets.

`Line` is a carrier whose messages are kept by number; a person reads the link out of a short message and does
what the letter's page does, or presses keys in a call, which the gateway signs. Nobody reads the database to
learn who was invited: whoever has the message is the expert.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from app.errors import AppError
from app.gateways.messages import (
    GatewayPermanentError,
    GatewayTemporaryError,
    Outcome,
    Outgoing,
    RegisteredGateway,
)
from app.gateways.room_engines import recordings_in
from app.store.repositories.campaigns import CampaignRow
from app.store.repositories.draws import DrawRow
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.delivery import reports
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations import campaigns, letters, pages, standing
from app.usecases.invitations.campaigns import By, Order
from app.usecases.invitations.contacts import synthetic_contacts
from app.usecases.invitations.letters import LetterKeys
from app.usecases.invitations.pages import Page
from app.usecases.invitations.replies import Said
from app.usecases.invitations.signing_in import Bearer
from app.usecases.invitations.standing import Standing
from app.usecases.operations import Actor
from app.usecases.projects import ProjectOrder, register
from app.worker import HANDLERS, REPORT_HANDLERS, Wiring, Worker
from crypto.signing import SigningKey, sign_record
from draw.letters import GATEWAY_RECORD, GatewayRecord, sign_statement
from tests.support.guests import GATEWAY
from tests.support.stage import Stage, document, person

URL = "https://letters.test.example"
VOICE = RegisteredGateway(name="voice.test", channels=frozenset({"voice"}), public=GATEWAY.public)
# Most stories end at the answers; who sits where is told in those of `tests.support.arriving`.
UNBOOKED = "本次在平台外的场地评标"
# A server of the API writes its own address into links.
_LINK = re.compile(r"https?://[a-z.]+\.test\.example/i#([0-9A-Z]{26})")
_CODE = re.compile(r"\d{6}")
_KEYS = {"accept": "11", "decline": "22"}


@dataclass
class Line:
    """A carrier: what it took, in order and each once; `dead` numbers are not ones; `down`: it is away."""

    name: str
    taken: list[Outgoing] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    outcome: Outcome = "delivered"
    down: bool = False

    async def send(self, outgoing: Outgoing) -> Outcome:
        if self.down:
            raise GatewayTemporaryError("gateway.unreachable")
        if outgoing.to in self.dead:
            raise GatewayPermanentError("gateway.invalid-number")
        if outgoing.id not in self.ids:
            self.ids.add(outgoing.id)
            self.taken.append(outgoing)
        return self.outcome


@dataclass
class Letter:
    """What one expert has in hand: the link's secret, and the keys that the page derives from it."""

    secret: bytes
    to: str

    @property
    def keys(self) -> LetterKeys:
        """The keys of the page."""
        return letters.derive(self.secret)


@dataclass
class Calling:
    """A stage with contacts, a worker and lines."""

    stage: Stage
    context: WorkContext
    worker: Worker
    lines: dict[str, Line]
    seen: set[str] = field(default_factory=set)

    # -- the two persons

    async def propose(self, row: DrawRow, *, name: str = "olga", **changes: Any) -> CampaignRow:
        """An operator proposes."""
        platform, by = self.context.platform, acts(name, "operator")
        plan = {**plan_of(self, row), **changes}
        stated = {name: value for name, value in plan.items() if value is not None}
        order = Order(owner="owner", plan=stated)
        return await platform.database.transact(
            lambda uow: campaigns.propose(uow, platform, row.id, order, by=by)
        )

    async def approve(self, row: DrawRow, *, name: str = "sven") -> CampaignRow:
        """A supervisor approves."""
        return await campaigns.approve(self.context, row.id, by=acts(name, "supervisor"))

    async def started_at(self, section: str, since: str) -> DrawRow:
        """As `started`, for an evaluation of four hours that begins at another time."""
        platform = self.context.platform
        hours = {"from": since, "to": later(since, hours=4)}
        content = {**document(self.stage), "evaluation": hours}
        order = ProjectOrder(project="works-1", section=section, owner="owner", document=content)

        async def store(uow: UnitOfWork) -> None:
            await register(uow, person("requester", "agency"), order, platform.packs, now=platform.now())

        await platform.database.transact(store)
        return await self.started(section)

    async def started(self, section: str = "s1", **changes: Any) -> DrawRow:
        """A draw of a section, drawn, with its campaign started and its messages sent."""
        row = await self.drawn(section)
        await self.invite(row, **changes)
        return row

    async def drawn(self, section: str = "s1") -> DrawRow:
        """A draw of a section, drawn; nobody is invited yet."""
        wanted = await self.stage.request(section, invitations="logged")
        return await self.stage.one.ceremony.run(wanted.id)

    async def invite(self, row: DrawRow, **changes: Any) -> None:
        """Its campaign, started by two persons, and its messages sent."""
        await self.propose(row, **changes)
        await self.approve(row)
        await self.work()

    # -- time and work

    async def work(self) -> None:
        """Let the worker do everything that is due now."""
        for _round in range(200):
            if not await self.worker.run_once():
                return
        raise AssertionError("the worker finds no end")

    async def wait(self, **span: float) -> None:
        """Let time pass and the worker do what has become due."""
        self.stage.clock.advance(**span)
        await self.work()

    async def until(self, moment: str) -> None:
        """Let time pass up to a moment of the format."""
        span = from_text(moment) - self.stage.clock()
        await self.wait(seconds=max(0.0, span.total_seconds()))

    # -- people

    def letters(self) -> list[Letter]:
        """Every letter that has arrived by short message, in order."""
        found = []
        for one in self.lines["sms"].taken:
            match = _LINK.search(one.text)
            if match:
                found.append(Letter(secret=letters.decode(match[1]), to=one.to))
        return found

    def fresh(self) -> list[Letter]:
        """Letters that were not looked at before."""
        found = [one for one in self.letters() if one.keys.id not in self.seen]
        self.seen |= {one.keys.id for one in found}
        return found

    async def open(self, letter: Letter) -> Page:
        """The page is opened."""
        return await pages.open_page(self.context.platform, letter.keys.id, letter.keys.auth)

    async def code(self, letter: Letter) -> str:
        """The page asks for a code, and the phone shows it."""
        await pages.send_code(self.context.platform, letter.keys.id, letter.keys.auth)
        await self.work()
        texts = [one.text for one in self.lines["sms"].taken if one.to == letter.to]
        return str(_CODE.findall(texts[-1])[0])

    async def say(
        self, letter: Letter, answer: str, *, reason: str | None = None, signer: SigningKey | None = None
    ) -> Page:
        """An answer by the page, as the page gives it."""
        page = await self.open(letter)
        code = await self.code(letter)
        said = self.signed(letter, page, answer, reason=reason, signer=signer)
        return await self.give(letter, said, code)

    def signed(
        self,
        letter: Letter,
        page: Page,
        answer: str,
        *,
        reason: str | None = None,
        signer: SigningKey | None = None,
        at: str | None = None,
    ) -> Said:
        """The statement that the page signs."""
        moment = at or self.context.platform.now()
        key = signer or letter.keys.reply
        signature = sign_statement(key, page.draw, page.n, answer, moment)
        return Said(answer=answer, at=moment, signature=signature, reason=reason)

    async def give(self, letter: Letter, said: Said, code: str) -> Page:
        """Hand an answer in and publish what it rests on."""
        platform, keys = self.context.platform, letter.keys
        shown = Bearer(letter_id=keys.id, auth=keys.auth, code=code)
        page, size = await pages.answer(platform, shown, said)
        await platform.publisher.covering(size, now=platform.clock)
        return page

    async def press(
        self, call: Outgoing, answer: str, *, key: SigningKey = GATEWAY, at: str | None = None
    ) -> None:
        """Keys pressed in a call, reported by the gateway under its signature."""
        body = self.recorded(call, answer, key=key, at=at)
        await reports.receive(self.context.platform, VOICE, body)
        await self.work()

    def recorded(
        self, call: Outgoing, answer: str, *, key: SigningKey = GATEWAY, at: str | None = None
    ) -> Any:
        """The gateway's record of keys pressed."""
        draw, n = call.reference or (0, 0)
        blank = GatewayRecord(
            gateway=VOICE.name,
            message=call.id,
            draw=draw,
            n=n,
            answer=answer,
            at=at or self.context.platform.now(),
            keys=_KEYS.get(answer, "88"),
            signature=bytes(64),
        )
        signed = sign_record(key, GATEWAY_RECORD, blank.unsigned())
        return replace(blank, signature=signed).to_json()

    def calls(self) -> list[Outgoing]:
        """Every call that asks for keys, in order."""
        return [one for one in self.lines["voice"].taken if one.reference is not None]

    async def fill(self, row: DrawRow) -> Standing:
        """Everybody accepts until nobody is left to ask."""
        while letters_ := self.fresh():
            for letter in letters_:
                await self.say(letter, "accept")
            await self.work()
        return await self.standing(row)

    # -- what tests look at

    async def standing(self, row: DrawRow) -> Standing:
        """The campaign as it is."""
        async with self.context.platform.database.read() as uow:
            return await standing.load(uow, row.id)

    async def of(self, letter: Letter) -> Invitation:
        """The invitation behind a letter."""
        async with self.context.platform.database.read() as uow:
            found = await uow.invitations.get(letter.keys.id)
        assert found is not None
        return found


def acts(name: str, role: str) -> By:
    """A person with a role, acting."""
    return By(principal=person(name, role), actor=Actor(person=name, address="test", source="test"))


def plan_of(calling: Calling, row: DrawRow) -> dict[str, Any]:
    """A plan for a draw of the stage."""
    return {
        "begins": row.evaluation_from,
        "hours": 4,
        "overnight": False,
        "bring": "身份证",
        "contact": "000-12345678",
        "sites": [
            {"site": "city", "venue": "ste_city", "area": "福州", "address": "福州市某路 1 号 3 楼"},
            {"site": "county", "venue": "ste_county", "area": "闽侯", "address": "闽侯县某路 2 号"},
        ],
        "unbooked": UNBOOKED,
    }


async def set_calling(stage: Stage, *, channels: Sequence[str] = ("sms", "voice")) -> Calling:
    """A stage with contacts for its pool, and a worker over lines that always deliver."""
    platform = stage.one.platform
    found = synthetic_contacts(record.id for record in stage.pool.records)

    async def store(uow: UnitOfWork) -> None:
        for expert, contact in found.items():
            fitted = replace(contact, channels=tuple(channels))
            await uow.contacts.put("city", expert, fitted, now=platform.now())

    await platform.database.transact(store)
    return calling_over(stage)


def calling_over(stage: Stage) -> Calling:
    """The same over a stage whose contacts are stored."""
    context = WorkContext(
        platform=stage.one.platform,
        ceremony=stage.one.ceremony,
        public_url=URL,
        recordings=recordings_in(stage.one.settings.rooms),
    )
    lines = {"sms": Line("sms.test"), "voice": Line("voice.test", outcome="accepted")}
    lines |= {"email": Line("email.test"), "letter": Line("letter.test", outcome="handed")}
    wiring = Wiring(gateways=lines, handlers=HANDLERS, report_handlers=REPORT_HANDLERS)
    return Calling(stage=stage, context=context, worker=Worker(context, wiring), lines=lines)


def later(moment: str, **span: float) -> str:
    """A time of the format, later by a span."""
    return to_text(from_text(moment) + timedelta(**span))


@dataclass(frozen=True)
class Refused:
    """Runs a call and keeps the code that it was refused with."""

    code: str

    @staticmethod
    async def all(call: Any) -> set[str]:
        """Every fault that an awaitable is refused with; fails when there is none."""
        try:
            await call
        except AppError as error:
            return {fault.code for fault in getattr(error, "faults", ())} or {error.code}
        raise AssertionError("nothing was refused")

    @classmethod
    async def of(cls, call: Any) -> "Refused":
        """The refusal of an awaitable; fails when there is none."""
        try:
            await call
        except AppError as error:
            faults = getattr(error, "faults", ())
            return cls(faults[0].code if faults else error.code)
        raise AssertionError("nothing was refused")
