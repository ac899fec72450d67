"""Forged bundles for checks 25 and 26: seats that pass on without a ground, and draws that are opened over an
empty chair (draw-proof §8.1).

The cheats are those of an operator who wants another expert: every entry is signed as it should be, and the
log does not hold what the event claims.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from draw.entry_bodies import from_seconds
from tests.support.ceremony import START, Ceremony, Plan
from tests.support.forgeries_invitations import ASKED, SUPERVISED, accepts, scripted, whole
from tests.support.forgery import RICH, Json, add, at_time, cheated, flip, forges, put
from tests.support.guest_course import Guests, Said
from tests.support.invited import ABSENCES, INVITED, PARALLEL


def _opened(number: int, name: str, title: str, change: Callable[[Json], None]) -> None:
    """The opening of INVITED, changed."""

    def make() -> Json:
        bundle: Any = Ceremony(INVITED).bundle()
        change(bundle["opening"])
        found: Json = bundle
        return found

    add(number, name, title, make)


# -- 25 grounds
def _acted(
    script: str,
    *said: Said,
    events: tuple[tuple[int, str], ...],
    seats: tuple[int, ...] = (0, 1, 2, 0),
) -> Plan:
    """A draw of three whose first three have been asked, and what is logged from then on, in this order: the
    labels and the seconds of a script. Whoever is meant to sit in the end has accepted."""
    steps = tuple(int(step) if step.isdigit() else step for step in script.split())
    return Plan(
        seed=7,
        invitations="logged",
        events=tuple((seat, cause, SUPERVISED) for seat, cause in events),
        guests=Guests(script=(*ASKED, *steps), seats=seats, said=said),
    )


DECLINE = ((0, "decline"),)
TIMEOUT = ((0, "timeout"),)
NO_SHOW = ((0, "no_show"),)
# Seat 0 passes on and the next in rank is asked.
PASSED = "event:1 answer:1 invite:4"
TWO_IN_TIME = f"reply:1 reply:2 {PASSED} reply:3"
ALL_ANSWER = f"reply:1 reply:2 reply:3 {PASSED} reply:4"
SAYS_NO = Said(n=1, answer="decline")

STORIES: dict[str, tuple[str, Plan]] = {
    "invented-decline": (
        "the operator invents a decline: nobody said no",
        _acted(TWO_IN_TIME, *accepts(2, 3, 4), events=DECLINE),
    ),
    "decline-of-somebody-who-accepted": (
        "the operator calls an acceptance a decline",
        _acted(ALL_ANSWER, *accepts(1, 2, 3, 4), events=DECLINE),
    ),
    "late-decline": (
        "a decline after its time is none",
        _acted(f"reply:2 reply:3 300 reply:1 {PASSED} reply:4", SAYS_NO, *accepts(2, 3, 4), events=DECLINE),
    ),
    "timeout-before-its-deadline": (
        "a seat is taken away before the time to answer is over",
        _acted(f"reply:1 reply:2 200 {PASSED} reply:3", *accepts(2, 3, 4), events=TIMEOUT),
    ),
    "timeout-of-somebody-who-answered": (
        "somebody who accepted in time is called silent",
        _acted(f"reply:1 reply:2 reply:3 300 {PASSED} reply:4", *accepts(1, 2, 3, 4), events=TIMEOUT),
    ),
    # The second call goes to whoever holds the seat in the log: it cannot be anybody but the first person.
    "fastest-reply-wins": (
        "two people are called for one seat; the second answers first and gets it",
        _acted("invite:4 reply:1 reply:2 reply:3 event:1 answer:1", *accepts(4, 2, 3), events=DECLINE),
    ),
    "rank-skipped": (
        "the next in rank is passed over unasked",
        _acted(
            "reply:1 reply:2 reply:3 event:1 answer:1 event:2 answer:2 invite:4 reply:4",
            *(SAYS_NO, *accepts(2, 3, 4)),
            events=DECLINE * 2,
        ),
    ),
    "no-show-before-the-hour": (
        "somebody is said not to have come before they had to be there",
        _acted(f"reply:1 reply:2 reply:3 600 {PASSED} reply:4", *accepts(1, 2, 3, 4), events=NO_SHOW),
    ),
    "no-show-of-somebody-never-accepted": (
        "somebody who never accepted is said not to have come",
        _acted(f"reply:1 reply:2 900 {PASSED} reply:3", *accepts(2, 3, 4), events=NO_SHOW),
    ),
    "invented-leave": (
        "the operator lets somebody leave who did not",
        _acted(ALL_ANSWER, *accepts(1, 2, 3, 4), events=((0, "leave"),)),
    ),
    "recusal-before-acceptance": (
        "somebody stands back who never took the seat",
        _acted(TWO_IN_TIME, *accepts(2, 3, 4), events=((0, "recusal"),)),
    ),
    "moved-without-having-agreed": (
        "another place is the pretext, and nobody had agreed to the first",
        _acted(
            "reply:1 reply:2 invite:4 event:1 answer:1 invite:5 reply:3",
            *accepts(2, 3, 5),
            events=((0, "venue"),),
            seats=(0, 1, 2, 0, 0),
        ),
    ),
    "ground-after-the-event": (
        "the decline was got out of the expert after the seat had passed on",
        _acted(
            "reply:1 reply:2 event:1 answer:1 reply:3 invite:4 reply:4",
            *(*accepts(2, 3), SAYS_NO, *accepts(4)),
            events=DECLINE,
        ),
    ),
    "ground-of-another-seat": (
        "the decline of one seat is used for another",
        _acted(TWO_IN_TIME, SAYS_NO, *accepts(3, 4), events=((1, "decline"),), seats=(0, 1, 2, 1)),
    ),
    "old-ground-used-again": (
        "the decline of the first holder is used against the second",
        _acted(
            f"reply:1 reply:2 reply:3 {PASSED} event:2 answer:2 invite:5 reply:4",
            *(SAYS_NO, *accepts(2, 3, 5)),
            events=DECLINE * 2,
            seats=(0, 1, 2, 0, 0),
        ),
    ),
}
for _name, (_title, _plan) in STORIES.items():
    add(25, _name, _title, lambda plan=_plan: whole(Ceremony(plan)))  # type: ignore[misc]


@forges(25, "the platform dates its event after the deadline; the supervisor's answer tells the true hour")
def timeout_by_the_platforms_clock() -> Json:
    plan = _acted(TWO_IN_TIME, *accepts(2, 3, 4), events=TIMEOUT)
    return whole(cheated(plan, event_1=at_time(from_seconds(START + 3500))))


def _seat_of(opening: Json, n: int, seat: int) -> None:
    opening["invitations"][n - 1]["seat"] = seat


_opened(25, "invitation-seat-changed", "an invitation is opened to another seat", lambda o: _seat_of(o, 4, 1))
_opened(
    25, "invitation-seat-beyond", "an invitation is opened to no seat", lambda o: _seat_of(o, 1, 2**32 - 1)
)
_opened(
    25,
    "invitation-salt-changed",
    "another salt of an invitation",
    lambda o: put(o, "invitations", 0, "salt", value=flip(o["invitations"][0]["salt"])),
)
_opened(
    25, "invitation-not-opened", "the last invitation is not opened", lambda o: _done(o["invitations"].pop())
)
_opened(
    25, "invitation-opened-twice", "one too many", lambda o: o["invitations"].append(o["invitations"][-1])
)
_opened(25, "invitations-reversed", "invitations in another order", lambda o: o["invitations"].reverse())
_opened(25, "no-invitation-opened", "none is opened", lambda o: put(o, "invitations", value=[]))


def _done(_value: Any) -> None:
    """Makers may end with a value that nobody reads."""


@forges(25, "an invitation is opened where the log holds none")
def invitation_out_of_nothing() -> Json:
    bundle: Any = Ceremony(RICH).bundle()
    bundle["opening"]["invitations"] = [{"n": 1, "seat": 0, "salt": "00" * 32}]
    return dict(bundle)


@forges(25, "somebody is invited to a seat that stayed vacant")
def invited_to_a_vacant_seat() -> Json:
    guests = INVITED.guests
    plan = scripted(INVITED, *guests.script, "invite:8", seats=(*guests.seats, 0))
    return whole(Ceremony(plan))


@forges(25, "somebody is invited to a seat that the draw does not have")
def invited_to_no_seat() -> Json:
    guests = PARALLEL.guests
    return whole(Ceremony(scripted(PARALLEL, *guests.script, "invite:4", seats=(*guests.seats, 77))))


# -- 26 accepted
def _unaccepted(name: str, title: str, plan: Plan) -> None:
    add(26, name, title, lambda: whole(Ceremony(plan)))


_unaccepted(
    "opened-with-somebody-unasked",
    "the draw is opened though one seat was never invited",
    scripted(PARALLEL, "invite:1", "invite:2", "reply:1", "reply:2", seats=(2, 0), said=accepts(1, 2)),
)
_unaccepted(
    "opened-with-an-answer-missing",
    "the draw is opened though one has not answered",
    scripted(PARALLEL, *ASKED, "reply:1", "reply:2", said=accepts(1, 2)),
)
_unaccepted(
    "opened-after-a-decline",
    "somebody who declined sits",
    scripted(PARALLEL, said=(*accepts(2, 3), Said(n=1, answer="decline"))),
)
_unaccepted(
    "opened-after-a-leave",
    "somebody who left sits",
    scripted(
        PARALLEL, *PARALLEL.guests.script, "reply:4", said=(*PARALLEL.guests.said, Said(n=1, answer="leave"))
    ),
)
_unaccepted(
    "opened-on-a-late-acceptance",
    "an acceptance after its time counts as one",
    scripted(PARALLEL, *ASKED, "reply:1", "reply:2", 300, "reply:3"),
)
_unaccepted(
    "opened-on-an-older-acceptance",
    "invited anew to another hour, one did not answer: the old acceptance is taken for the new",
    scripted(PARALLEL, *PARALLEL.guests.script, "invite:4", seats=(2, 0, 1, 1)),
)
_unaccepted(
    "opened-on-an-answer-from-in-between",
    "somebody invited while the event waited for its answer is the one who goes, not the one who comes",
    replace(
        scripted(
            PARALLEL,
            *(*ASKED, "reply:1", "reply:2", "reply:3", "event:1", "invite:4", "reply:4", "answer:1"),
            seats=(0, 1, 2, 0),
            said=(Said(n=1, answer="decline"), *accepts(2, 3, 4)),
        ),
        events=((0, "decline", SUPERVISED),),
    ),
)
_unaccepted(
    "opened-on-the-predecessors-acceptance",
    "the acceptance of whoever left the seat counts for whoever took it",
    replace(
        scripted(
            ABSENCES,
            *ABSENCES.guests.script[:-2],
            seats=ABSENCES.guests.seats[:6],
            said=ABSENCES.guests.said[:7],
        )
    ),
)
