"""A platform to send from, and a provider in the same process that breaks its word as often as it is told to.

`Carrier` is a gateway over the simulated provider's books: it refuses before or after taking, or is down.
`Doom` raises at a chosen or random one of the points that a worker passes, as a kill does: nothing of the
pass is cleaned up and the leases stay.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from app.errors import AppError
from app.gateways.cosigners import Cosigner
from app.gateways.messages import GatewayTemporaryError, Outcome, Outgoing, RegisteredGateway
from app.gateways.room_engines import recordings_in
from app.gateways.rule_packs import load_rule_packs
from app.simulator.people import Faults, Person, Town
from app.simulator.provider import Order, Provider
from app.store.repositories.outbox import Message, Reference
from app.store.repositories.reports import Report
from app.store.unit_of_work import Database
from app.times import to_text
from app.usecases.ceremony import Ceremony
from app.usecases.delivery import reports
from app.usecases.delivery.work import WorkContext
from app.usecases.log import LogIdentity
from app.usecases.platform import Platform
from crypto.signing import SigningKey
from crypto.vrf import VrfKey
from tests.support.parties import Chance, Clock

T = TypeVar("T")
PROVIDER_KEY = SigningKey.from_seed(b"G" * 32)
SMS = RegisteredGateway(name="sms.test", channels=frozenset({"sms"}), public=PROVIDER_KEY.public)
VOICE = RegisteredGateway(name="voice.test", channels=frozenset({"voice"}), public=PROVIDER_KEY.public)
PHONE = "13812345678"
LINK = "http://127.0.0.1:8000/i#" + "0123456789ABCDEFGHJKMNPQRS"
SITE = "福州市某路 1 号 3 楼"
# 13:00 in Beijing.
NOON = datetime.fromisoformat("2026-11-23T05:00:00+00:00")


class KilledError(BaseException):
    """The worker is gone. No handler of ours catches it."""


def make_platform(
    database: Database, log: LogIdentity, cosigners: Sequence[Cosigner], *, clock: Clock, name: str = "worker"
) -> Platform:
    """A platform without nodes: enough to send and to publish."""
    return Platform(
        database=database,
        log=log,
        vrf=VrfKey.from_seed(b"V" * 32),
        person_key=b"P" * 32,
        custody=b"C" * 32,
        cosigners=cosigners,
        nodes={},
        packs=load_rule_packs(None),
        clock=clock,
        random=Chance(name),
    )


def make_context(platform: Platform) -> WorkContext:
    """What jobs are given; the ceremony is there and never run."""

    async def nothing(*_given: Any) -> Any:
        raise AppError("test.not-prepared")

    return WorkContext(
        platform=platform,
        ceremony=Ceremony(platform, prepare=nothing, beacons=nothing),
        public_url="http://127.0.0.1:8000",
        recordings=recordings_in(Path("rooms")),
    )


def message(number: int, **changes: Any) -> Message:
    """An invitation by short message, to a number of its own."""
    given: dict[str, Any] = {
        "id": f"msg_{number:032x}",
        "channel": "sms",
        "template": "invitation",
        "to": f"139{number:08d}",
        "fields": {
            "date": "2026-11-24",
            "start": "09:00",
            "hours": "4",
            "overnight": "no",
            "area": "福州",
            "site": SITE,
            "reply_by": "2026-11-23T06:00:00Z",
            "link": LINK,
        },
        "dedupe": f"occasion-{number}",
        "not_before": to_text(NOON),
        "expires_at": "2026-11-24T05:00:00Z",
    }
    return Message(**(given | changes))


def phones_in(told: str) -> list[str]:
    """Numbers of `message` in a text; not digits within an address of memory or a digest."""
    return re.findall(r"(?<![0-9a-z])1390000\d{4}(?![0-9a-z])", told)


def call(number: int, **changes: Any) -> Message:
    """An invitation by telephone, for invitation n of draw 7."""
    when = {"date": "2026-11-24", "start": "09:00", "hours": "4", "overnight": "no"}
    fields = when | {"area": "福州", "site": SITE}
    reference = Reference(draw=7, n=100 + number)
    return message(number, **({"channel": "voice", "fields": fields, "reference": reference} | changes))


def provider(*, does: str = "accept", after: float = 0, **faults: Any) -> Provider:
    """A provider whose people all do the same."""
    person = Person.model_validate({"does": does, "after": after})
    return Provider(Town(seed=11, others=person, faults=Faults(**faults)), PROVIDER_KEY)


@dataclass
class Carrier:
    """A gateway to the provider's books, without a wire."""

    name: str
    books: Provider
    clock: Callable[[], datetime]

    async def send(self, outgoing: Outgoing) -> Outcome:
        books = self.books
        if books.faults.outage:
            raise GatewayTemporaryError("gateway.unreachable")
        if books.chance(books.faults.refused):
            raise GatewayTemporaryError("gateway.busy")
        draw, n = outgoing.reference or (None, None)
        order = Order(
            gateway=self.name,
            channel=outgoing.channel,
            id=outgoing.id,
            to=outgoing.to,
            text=outgoing.text,
            expires_at=outgoing.expires_at,
            draw=draw,
            n=n,
        )
        books.take(order, self.clock())
        if books.chance(books.faults.lost):
            raise GatewayTemporaryError("gateway.busy")
        return "accepted"


async def bring_reports(
    books: Provider,
    platform: Platform,
    gateways: tuple[RegisteredGateway, RegisteredGateway] = (SMS, VOICE),
) -> int:
    """Every due report to the platform; how many were new.

    Some are lost on the way once, and a platform that dies over one has not answered: the provider keeps it.
    """
    fresh, due = 0, books.due(platform.clock())
    while due:
        if books.chance(books.faults.dropped):
            books.put_back(due.pop(0), platform.clock())
            continue
        gateway = next(one for one in gateways if one.name == due[0]["gateway"])
        try:
            fresh += await reports.receive(platform, gateway, due[0])
        except KilledError:
            for one in {report["signature"]: report for report in due}.values():
                books.put_back(one, platform.clock())
            raise
        due.pop(0)
    return fresh


@dataclass
class Doom:
    """Kills at point `fatal` (from 1; 0 never), or with `share` at any."""

    fatal: int = 0
    share: float = 0
    passed: int = 0
    random: Random = field(default_factory=lambda: Random(5))

    def cross(self) -> None:
        self.passed += 1
        if self.passed == self.fatal or (self.share and self.random.random() < self.share):
            raise KilledError

    def around(self, function: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        async def counted(*given: Any, **named: Any) -> T:
            self.cross()
            result = await function(*given, **named)
            self.cross()
            return result

        return counted


@dataclass
class Heard:
    """A handler that keeps what it was handed."""

    reports: list[Report] = field(default_factory=list)

    async def __call__(self, _context: WorkContext, report: Report) -> None:
        self.reports.append(report)
