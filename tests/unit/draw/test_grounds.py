"""Why a seat may pass on: the rule of §8.1 on courses of invitations and answers, without any database."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from draw.entries import from_json
from draw.errors import EntryError, LifecycleError
from draw.ground_documents import GroundsDocument, OpenedSeat, read_grounds
from draw.grounds import Ground, Invitations, Seats, ground, unaccepted
from tests.support.ceremony import Ceremony, Plan
from tests.support.forgeries import FORGERIES, Forgery
from tests.support.guest_course import Guests, Said
from tests.support.invited import ABSENCES, INVITED, PARALLEL

SUPERVISED = "supervisor"
# What the form of an entry, its signature and its draw forbid is refused in `draw.entries`.
OF_FORM = ("reply-signature", "answer-in-another-draw", "answer-with-two-proofs", "answer-without-proof")
CHECK_24 = [one for one in FORGERIES if one.number == 24 and one.name not in OF_FORM]


def course(ceremony: Ceremony) -> Invitations:
    return Invitations.read([(at, ceremony.entry(label)) for at, label in enumerate(ceremony.labels)])


def seats(plan: Plan) -> Seats:
    return Seats(
        events={t: seat for t, (seat, _, _) in enumerate(plan.events, 1)},
        invitations=dict(enumerate(plan.guests.seats, 1)),
    )


def found(plan: Plan, t: int, *, times: Sequence[str] = ()) -> Ground:
    """The ground of event t of an honest course."""
    ceremony = Ceremony(plan)
    event, (seat, cause, _) = ceremony.entry(f"event:{t}"), plan.events[t - 1]
    held = course(ceremony).of_holder(seats(plan), seat, before=ceremony.index(f"event:{t}"))
    return ground(cause, held, [event.time, *times])


def test_every_event_of_the_honest_courses_has_its_ground() -> None:
    assert [found(ABSENCES, t).invitation.n for t in range(1, 5)] == [3, 1, 2, 4]  # type: ignore[union-attr]
    assert [found(INVITED, t).invitation.n for t in range(1, 5)] == [1, 3, 6, 4]  # type: ignore[union-attr]


def test_the_reply_that_decides_is_named() -> None:
    timeout, leave, no_show, recusal = (found(ABSENCES, t).reply for t in range(1, 5))
    assert timeout is None
    assert leave is not None
    assert (leave.n, leave.answer) == (1, "leave")
    assert no_show is not None
    assert (no_show.n, no_show.answer) == (2, "accept")
    assert recusal is not None
    assert (recusal.n, recusal.answer) == (4, "accept")
    venue = found(INVITED, 3).reply
    assert venue is not None
    # The newest invitation was not answered; what counts is that the holder had agreed to the one before.
    assert (venue.n, venue.record is None) == (2, False)


@pytest.mark.parametrize("t", [1, 3])
def test_every_clock_has_to_say_that_the_time_is_over(t: int) -> None:
    early = Ceremony(ABSENCES).entry("invite:1").time
    with pytest.raises(LifecycleError, match=r"event\.ground"):
        found(ABSENCES, t, times=[early])


def test_the_holder_changes_with_the_answer_not_with_the_event() -> None:
    plan = replace(
        PARALLEL,
        events=((0, "decline", SUPERVISED),),
        guests=Guests(
            script=("invite:1", "reply:1", "event:1", "invite:2", "answer:1", "invite:3"),
            seats=(0, 0, 0),
            said=(Said(n=1, answer="decline"),),
        ),
    )
    ceremony = Ceremony(plan)
    one, known = course(ceremony), seats(plan)
    before = one.of_holder(known, 0, before=ceremony.index("answer:1"))
    assert [invitation.n for invitation in before] == [1, 2]
    assert [invitation.n for invitation in one.of_holder(known, 0)] == [3]


def test_seats_that_keep_a_draw_closed() -> None:
    ceremony = Ceremony(ABSENCES)
    one, known = course(ceremony), seats(ABSENCES)
    assert unaccepted(one, known, range(3)) == []
    assert unaccepted(one, known, range(4)) == [3]
    shorter = replace(ABSENCES, guests=replace(ABSENCES.guests, script=ABSENCES.guests.script[:-1]))
    assert unaccepted(course(Ceremony(shorter)), known, range(3)) == [2]


def test_what_was_answered_later_does_not_count_for_an_earlier_event() -> None:
    ceremony = Ceremony(ABSENCES)
    held = course(ceremony).of_holder(seats(ABSENCES), 0, before=ceremony.index("reply:5"))
    assert [one.accepted for one in held] == [True]
    with pytest.raises(LifecycleError):
        ground("leave", held, [ceremony.entry("event:2").time])


@pytest.mark.parametrize("forgery", CHECK_24, ids=lambda forgery: forgery.name)
def test_the_producer_knows_a_bad_reply_where_verifiers_do(forgery: Forgery) -> None:
    bundle = json.loads(forgery.make().bundle)
    with pytest.raises(EntryError, match=r"reply\."):
        Invitations.read([(item["index"], from_json(item["entry"])) for item in bundle["entries"]])


# -- the document


def document(**changes: object) -> GroundsDocument:
    opened = OpenedSeat(number=1, seat=2, salt=bytes(32))
    one = GroundsDocument(
        draw=7, t=1, cause="conflict", seat=2, invitation=None, events=(opened,), invitations=(), note="亲属"
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def test_a_document_survives_the_way_to_bytes_and_back() -> None:
    one = document(invitations=(OpenedSeat(number=1, seat=98, salt=bytes(range(32))),), invitation=1)
    assert read_grounds(one.to_bytes()) == one
    assert one.seats.invitations == {1: 98}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{}", "grounds.shape"),
        (b"", "grounds.bytes"),
        (b" " + document().to_bytes(), "grounds.bytes"),
        (document(seat=99).to_bytes(), "grounds.shape"),
        (document(cause="dislike").to_bytes(), "grounds.shape"),
        (document(note="").to_bytes(), "grounds.shape"),
        (document().to_bytes().replace(b'"record":null', b'"record":{}'), "record.shape"),
        (document().to_bytes().replace(b'"record":null', b'"record":[]'), "grounds.shape"),
    ],
)
def test_another_document_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(EntryError) as refused:
        read_grounds(data)
    assert refused.value.code == code


def test_seats_are_not_printed() -> None:
    shown = repr(document(seat=98)) + repr(Seats(events={1: 98}, invitations={}))
    # Where an object lies is no secret, and may hold any digits.
    assert "98" not in re.sub(r" at 0x[0-9a-f]+", "", shown)
