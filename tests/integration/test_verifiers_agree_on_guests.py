"""Two verifiers, one verdict, on guests who do anything: random courses of invitations, answers, silences and
events, most of them unlawful somewhere, all of them signed as they should be.
"""

import random
from collections import Counter
from collections.abc import Iterator

from draw.entry_bodies import EVENT_CLASSES
from draw.errors import DrawError
from draw.verify.errors import ProofError
from draw.verify.verifier import verify
from tests.support.ceremony import Ceremony, Plan, bundle_bytes
from tests.support.forgery import Evidence
from tests.support.guest_course import Guests, Said
from tests.support.second_verifier import verdicts
from tests.support.synthetic_pool import Shape

COURSES = 250
SEATS = 3
# The opening may not take place later than this after the first invitation.
SECONDS = 4000


class Course:
    """One random course. Whoever sits with an accepted invitation is kept in mind, to bring some draws to a
    good end."""

    def __init__(self, number: int) -> None:
        self.chance = random.Random(f"guests {number}")
        self.script: list[str | int] = []
        self.seats: list[int] = []
        self.said: list[Said] = []
        self.events: list[tuple[int, str, str]] = []
        self.pending: int | None = None
        self.clock = 0

    def plan(self) -> Plan:
        """The course, taken to a good end by half."""
        for _ in range(self.chance.randrange(6, 22)):
            self.step()
        self.answer()
        for seat in range(SEATS):
            if self.chance.random() < 0.8:
                self.invite(seat)
                self.reply(len(self.seats), "accept")
        guests = Guests(script=tuple(self.script), seats=tuple(self.seats), said=tuple(self.said))
        shape = Shape(experts=self.chance.choice((16, 24, 40)))
        events = tuple(self.events)
        return Plan(
            seed=self.chance.randrange(9), shape=shape, invitations="logged", events=events, guests=guests
        )

    def step(self) -> None:
        """Whatever comes next."""
        kind = self.chance.random()
        if kind < 0.35 or not self.seats:
            self.invite(self.chance.randrange(SEATS))
        elif kind < 0.65:
            self.reply(self.chance.randint(1, len(self.seats)), None)
        elif kind < 0.8:
            self.wait(self.chance.choice((100, 300, 600)))
        else:
            self.event()

    def invite(self, seat: int) -> None:
        self.seats.append(seat)
        self.put(f"invite:{len(self.seats)}")

    def reply(self, n: int, answer: str | None) -> None:
        """Mostly what may follow; now and then anything."""
        earlier = [one.answer for one in self.said if one.n == n]
        lawful: dict[tuple[str, ...], tuple[str, ...]] = {(): ("accept", "decline"), ("accept",): ("leave",)}
        choices = lawful.get(tuple(earlier), ())
        if self.chance.random() < 0.02:
            choices = ("accept", "decline", "leave")
        if choices:
            chosen = answer or self.chance.choice(choices)
            keypad = self.chance.random() < 0.3
            self.said.append(
                Said(n=n, answer=chosen, keypad=keypad, delay=100 if self.chance.random() < 0.03 else 0)
            )
            self.put(f"reply:{len(self.said)}")

    def event(self) -> None:
        """An event on any seat, of a class that mostly fits what was said."""
        self.answer()
        likely = self.likely() if self.chance.random() < 0.85 else None
        seat, cause = likely or (self.chance.randrange(SEATS), self.chance.choice(EVENT_CLASSES))
        mode = self.chance.choice(("supervisor", "supervisor", "own-order"))
        if self.chance.random() < 0.8:
            self.wait({"timeout": 310, "no_show": 910}.get(cause, 0))
        self.events.append((seat, cause, mode))
        self.put(f"event:{len(self.events)}")
        if mode == "supervisor":
            self.pending = len(self.events)

    def likely(self) -> tuple[int, str] | None:
        """A seat and a class that an answer suggests."""
        fits = {
            "decline": "decline",
            "leave": "leave",
            "accept": self.chance.choice(("recusal", "venue", "no_show")),
        }
        silent = [seat for n, seat in enumerate(self.seats, 1) if not any(one.n == n for one in self.said)]
        found = [(self.seats[one.n - 1], fits[one.answer]) for one in self.said]
        found += [(seat, "timeout") for seat in silent]
        return self.chance.choice(found) if found else None

    def answer(self) -> None:
        if self.pending is not None:
            self.put(f"answer:{self.pending}")
            self.pending = None

    def wait(self, seconds: int) -> None:
        if self.clock + seconds < SECONDS:
            self.script.append(seconds)
            self.clock += seconds

    def put(self, label: str) -> None:
        self.script.append(label)


def courses() -> Iterator[Evidence]:
    """Every course that can be told at all: an event on an empty seat cannot."""
    for number in range(COURSES):
        try:
            yield Evidence(bundle=bundle_bytes(Ceremony(Course(number).plan()).bundle()))
        except DrawError:
            continue


def judged(evidence: Evidence) -> int | None:
    try:
        verify(evidence.bundle)
    except ProofError as error:
        # A fault of the verifier itself agrees with nobody.
        return -1 if "internal" in error.detail else error.number
    return None


def test_both_give_the_same_verdict_on_random_guests() -> None:
    told = list(courses())
    first, second = [judged(one) for one in told], verdicts(told)
    found = Counter(first)
    assert {None, 24, 25, 26} <= set(found), found
    assert found[None] > COURSES // 20, found
    assert [(n, *pair) for n, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]] == []
