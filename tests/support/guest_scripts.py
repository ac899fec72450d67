"""Random courses of invitations, answers and replacements, for two verifiers to judge alike.

Three guests are called, answer, fall silent or leave, and seats pass on, mostly with a ground and sometimes
without: the log is well formed throughout, so that the verdict turns on the rules of §8.1 alone.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.ceremony import Plan
from tests.support.guest_course import STEP_SECONDS, Guests, Said
from tests.support.synthetic_pool import Shape

CLASSES = ("decline", "timeout", "no_show", "leave", "conflict", "recusal", "venue")
SEATS = 3
# Around the limits of an answer and of an arrival, to the second and a step beside it.
WAITS = (100, 260, 270, 280, 290, 300, 310, 600, 860, 870, 880, 890, 900, 910)


@dataclass(slots=True, kw_only=True)
class Course:
    """A course while it is thrown; invitations by number have the moment they were sent and their answers."""

    chance: random.Random
    now: int = 0
    script: list[str | int] = field(default_factory=list)
    seats: list[int] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    events: list[tuple[int, str, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    answers: list[list[str]] = field(default_factory=list)

    def step(self, label: str) -> None:
        self.script.append(label)
        self.now += STEP_SECONDS

    def wait(self, waits: Sequence[int] = WAITS) -> None:
        seconds = self.chance.choice(waits)
        self.script.append(seconds)
        self.now += seconds

    def newest(self, seat: int) -> int | None:
        """Number of the newest invitation of a seat."""
        return max((n for n, one in enumerate(self.seats, 1) if one == seat), default=None)

    def invite(self, seat: int) -> int:
        self.seats.append(seat)
        self.sent.append(self.now)
        self.answers.append([])
        self.step(f"invite:{len(self.seats)}")
        return len(self.seats)

    def reply(self, n: int) -> None:
        """An answer that invitation n can still get, logged some time after it was given; else nothing."""
        before = self.answers[n - 1]
        if before not in ([], ["accept"]):
            return
        answer = "leave" if before else self.chance.choice(("accept", "accept", "decline"))
        age = self.now - self.sent[n - 1]
        self.said.append(
            Said(n=n, answer=answer, keypad=self.chance.random() < 0.3, delay=self.chance.randint(0, age))
        )
        before.append(answer)
        self.step(f"reply:{len(self.said)}")

    def event(self, seat: int) -> None:
        """The seat passes on, mostly for what the log shows, and mostly the next one is called."""
        mode = self.chance.choice(("supervisor", "supervisor", "own-order"))
        self.events.append((seat, self.ground(seat), mode))
        t = len(self.events)
        self.step(f"event:{t}")
        if mode == "supervisor":
            if self.chance.random() < 0.1:
                self.invite(seat)
            self.step(f"answer:{t}")
        if self.chance.random() < 0.95:
            self.invite(seat)

    def ground(self, seat: int) -> str:
        n = self.newest(seat)
        last = (self.answers[n - 1] or [""])[-1] if n else ""
        if self.chance.random() < 0.15:
            return self.chance.choice(CLASSES)
        if last in ("decline", "leave"):
            return last
        if self.chance.random() < 0.7:
            self.wait()
        return self.chance.choice(("recusal", "venue", "no_show")) if last else "timeout"


def thrown(number: int) -> Plan:
    """The course of this number, as a plan with logged invitations; always the same one."""
    course = Course(chance=random.Random(f"guests {number}"))
    chance = course.chance
    for seat in range(SEATS):
        course.invite(seat)
    for _ in range(chance.randrange(1, 8)):
        seat = chance.randrange(SEATS)
        kind = chance.random()
        if kind < 0.45:
            course.reply(course.newest(seat) or 1)
        elif kind < 0.55:
            course.reply(chance.randrange(len(course.seats)) + 1)
        elif kind < 0.65:
            course.wait()
        elif kind < 0.7:
            course.invite(seat)
        elif len(course.events) < 4:
            course.event(seat)
    settle(course)
    guests = Guests(script=tuple(course.script), seats=tuple(course.seats), said=tuple(course.said))
    return Plan(
        seed=chance.choice((7, 17, 131)),
        shape=Shape(),
        invitations="logged",
        events=tuple(course.events),
        guests=guests,
    )


def settle(course: Course) -> None:
    """Mostly everybody who sits in the end has accepted."""
    for seat in range(SEATS):
        n = course.newest(seat)
        if course.chance.random() < 0.05:
            continue
        if n is None or course.answers[n - 1] not in ([], ["accept"]):
            n = course.invite(seat)
        if not course.answers[n - 1]:
            course.said.append(Said(n=n, answer="accept"))
            course.answers[n - 1].append("accept")
            course.step(f"reply:{len(course.said)}")
