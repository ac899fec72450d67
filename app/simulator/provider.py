"""A simulated provider of short messages and calls: takes each message id once, lets its people answer, signs
what it reports.

No clock and no network here: `take` and `due` are told the time, and chance comes from the town's seed, so
that a run can be repeated.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from app.simulator.people import Faults, Person, Town
from app.times import from_text, to_text
from crypto.signing import SigningKey, sign_record

# How long a call rings before it counts as unanswered, in minutes.
RINGS: Final = 1.0
# Seconds until a report that found nobody is sent again.
AGAIN: Final = 20
_LATE: Final = timedelta(minutes=1)
_KEYS: Final = {"accept": "11", "decline": "22", "leave": "88"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A message as the platform handed it over."""

    gateway: str
    channel: str
    id: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    expires_at: str
    draw: int | None = None
    n: int | None = None


@dataclass(slots=True, kw_only=True)
class Taken:
    """A message in the provider's hands; `reports` made of it so far."""

    order: Order
    at: str
    person: Person
    reports: list[dict[str, Any]] = field(default_factory=list)


class Provider:
    """The provider's books."""

    def __init__(self, town: Town, key: SigningKey, *, speed: float = 1.0) -> None:
        """`speed`: minutes of people pass so many times faster."""
        self.town = town
        self.key = key
        self.faults = town.faults
        self.taken: dict[str, Taken] = {}
        # Everybody by number, in the order in which they were first reached.
        self.met: dict[str, Person] = {}
        self.counted: Counter[str] = Counter()
        self._random = Random(town.seed)  # noqa: S311 - a run can be repeated; nothing here is a secret
        self._speed = speed
        self._pending: list[tuple[datetime, int, dict[str, Any]]] = []
        self._made = 0

    def set_faults(self, faults: Faults) -> None:
        """Be this unreliable from now on."""
        self.faults = faults

    def chance(self, share: float) -> bool:
        """Whether something of this share happens now."""
        return share > 0 and self._random.random() < share

    def take(self, order: Order, now: datetime) -> bool:
        """Take a message; False for one that was taken before: its reports go out again, it does not."""
        self.counted["handed over"] += 1
        known = self.taken.get(order.id)
        if known is not None:
            self.counted["repeated"] += 1
            self._queue(now, *known.reports)
            return False
        person = self._meet(order.to)
        self.taken[order.id] = Taken(order=order, at=to_text(now), person=person)
        for moment, report in self._course(order, person, now):
            self._queue(moment, report)
        return True

    def due(self, now: datetime) -> list[dict[str, Any]]:
        """Reports that are due, in order; they count as sent until `put_back`."""
        ready = sorted(one for one in self._pending if one[0] <= now)
        self._pending = [one for one in self._pending if one[0] > now]
        reports = [self._signed(report, moment) for moment, _, report in ready]
        return [one for report in reports for one in self._perhaps_twice(report)]

    def put_back(self, report: dict[str, Any], now: datetime) -> None:
        """A report found nobody: again later."""
        self._queue(now + timedelta(seconds=AGAIN), report)

    def inbox(self, number: str) -> list[Taken]:
        """What came to a phone, in order."""
        return [one for one in self.taken.values() if one.order.to == number]

    def _meet(self, number: str) -> Person:
        strangers = sum(one not in self.town.people for one in self.met)
        return self.met.setdefault(number, self.town.person(number, reached=strangers))

    def _queue(self, moment: datetime, *reports: dict[str, Any]) -> None:
        for report in reports:
            self._made += 1
            self._pending.append((moment, self._made, report))

    def _course(
        self, order: Order, person: Person, now: datetime
    ) -> Iterator[tuple[datetime, dict[str, Any]]]:
        """What happens with a message, and when."""
        if person.does == "invalid":
            yield now, _plain(order, "invalid_number")
        elif order.channel != "voice":
            yield now, _plain(order, "delivered")
        elif person.does in {"silent", "link"}:
            yield now + self._minutes(RINGS), _plain(order, "failed")
        else:
            yield from self._answered(order, person, now)

    def _answered(
        self, order: Order, person: Person, now: datetime
    ) -> Iterator[tuple[datetime, dict[str, Any]]]:
        moment = now + self._minutes(person.after)
        if person.does == "late":
            moment = max(moment, from_text(order.expires_at) + _LATE)
        yield moment, _plain(order, "heard")
        if person.does == "waver":
            yield moment, _plain(order, "keys", keys="12")
        elif order.draw is not None:
            answer = "decline" if person.does == "decline" else "accept"
            yield moment, _record(order, answer)
            if person.does == "leave":
                yield moment + self._minutes(person.stays), _record(order, "leave")

    def _minutes(self, minutes: float) -> timedelta:
        return timedelta(minutes=minutes / self._speed)

    def _signed(self, report: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
        """A report gets its time and its signature once; sent again it is the same."""
        if "signature" in report:
            return dict(report)
        complete = {**report, "at": to_text(moment)}
        if complete["format"] == "qt/1 gateway-report":
            complete["report"] = f"{complete['message']}-{complete['kind']}"
        purpose = str(complete["format"]).removeprefix("qt/1 ")
        complete["signature"] = sign_record(self.key, purpose, complete).hex()
        self.taken[complete["message"]].reports.append(complete)
        self.counted["reports"] += 1
        return complete

    def _perhaps_twice(self, report: dict[str, Any]) -> list[dict[str, Any]]:
        return [report, report] if self.chance(self.faults.duplicated) else [report]


def _plain(order: Order, kind: str, *, keys: str | None = None) -> dict[str, Any]:
    return {
        "format": "qt/1 gateway-report",
        "gateway": order.gateway,
        "message": order.id,
        "kind": kind,
        "keys": keys,
    }


def _record(order: Order, answer: str) -> dict[str, Any]:
    return {
        "format": "qt/1 gateway-record",
        "gateway": order.gateway,
        "message": order.id,
        "draw": order.draw,
        "n": order.n,
        "answer": answer,
        "keys": _KEYS[answer],
    }
