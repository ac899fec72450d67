"""A seat passes on only for a reason that the log shows: what the platform refuses to log, and what the
supervisor's node refuses to answer when the platform does not refuse.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from app.errors import ConflictError
from app.gateways.parties import PartyError
from app.parties.grounds import NOTE
from app.usecases import invites, openings, replacement_grounds
from app.usecases.openings import Vacated, open_draw, replace
from app.usecases.replacement_grounds import Grounds
from crypto.signing import SigningKey
from draw.entries import leaf_hash
from draw.grounds import Ground, Invitation, Seats
from draw.verify.verifier import verify
from tests.support.guests import Guests
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio
SEATS = range(5)


async def drawn(stage: Stage) -> Guests:
    """A drawn draw whose invitations are logged, everybody invited."""
    row = await stage.one.ceremony.run((await stage.request(invitations="logged")).id)
    guests = Guests(platform=stage.one.platform, row=row)
    assert await guests.invite(*SEATS) == [1, 2, 3, 4, 5]
    return guests


async def passed_on(stage: Stage, guests: Guests, **grounds: Any) -> int:
    return await replace(stage.one.ceremony, guests.row.id, Grounds(**grounds))


async def refused(stage: Stage, guests: Guests, **grounds: Any) -> str:
    with pytest.raises(ConflictError) as found:
        await passed_on(stage, guests, **grounds)
    return found.value.code


def lying(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that asks itself nothing: every class of event has a ground."""

    def none_asked(_cause: str, held: Sequence[Invitation], _times: Sequence[str]) -> Ground:
        return Ground(invitation=held[-1] if held else None, reply=None)

    monkeypatch.setattr(replacement_grounds, "ground", none_asked)


async def answered_with(stage: Stage, guests: Guests, **grounds: Any) -> str:
    """The node's refusal of an event."""
    with pytest.raises(PartyError) as found:
        await passed_on(stage, guests, **grounds)
    return str(found.value.details["refusal"])


async def test_a_decline_passes_the_seat_on_and_the_draw_opens_once_everybody_has_accepted(
    stage: Stage,
) -> None:
    guests, ceremony = await drawn(stage), stage.one.ceremony
    before = await invites.holders(guests.platform, guests.row)
    for n in (5, 3, 1, 4):
        await guests.say(n, "accept")
    await guests.press(2, "accept")
    await guests.say(2, "leave")
    assert await passed_on(stage, guests, seat=1, cause="leave", invitation=2) == 1
    after = await invites.holders(guests.platform, guests.row)
    changed = [
        one is None or other is None or one.record != other.record
        for one, other in zip(before, after, strict=True)
    ]
    assert changed == [False, True, False, False, False]
    stage.clock.advance(hours=2)
    with pytest.raises(ConflictError, match=r"draw.not-accepted") as missing:
        await open_draw(ceremony, guests.row.id)
    assert missing.value.details == {"seats": 1}
    assert await guests.invite(1) == [6]
    record = await guests.press(6, "decline")
    assert await refused(stage, guests, seat=1, cause="decline", invitation=6) == "draw.reply-record"
    assert await passed_on(stage, guests, seat=1, cause="decline", invitation=6, record=record) == 2
    assert await guests.invite(1) == [7]
    await guests.press(7, "accept")
    row = await open_draw(ceremony, guests.row.id)
    assert row.state == "opened"
    assert await invites.holders(guests.platform, row) == await invites.holders(guests.platform, guests.row)
    with pytest.raises(ConflictError, match=r"draw.state"):
        await guests.invite(1)
    report = verify(await openings.bundle(guests.platform, row), trust=stage.trust)
    assert report.stage == "opened"
    assert {23, 24, 25, 26, 27} <= {check.number for check in report.checks}


async def test_the_same_grounds_are_the_same_event(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.say(1, "decline")
    wanted: dict[str, Any] = {"seat": 0, "cause": "decline", "invitation": 1}
    assert await passed_on(stage, guests, **wanted) == 1
    assert await passed_on(stage, guests, **wanted) == 1
    noted: dict[str, Any] = {"seat": 3, "cause": "conflict", "note": "亲属关系", "tenure": 0}
    assert await passed_on(stage, guests, **noted) == 2
    assert await passed_on(stage, guests, **noted) == 2
    # The next holder of the seat has a conflict of the same words: another tenure, another event.
    assert await passed_on(stage, guests, **noted | {"tenure": 1}) == 3
    assert await refused(stage, guests, **noted | {"tenure": 0, "cause": "venue"}) == "draw.seat-moved"


@pytest.mark.parametrize("cause", ["decline", "timeout", "leave", "no_show", "recusal", "venue"])
async def test_a_seat_whose_holder_has_not_answered_passes_on_for_no_reason_yet(
    stage: Stage, cause: str
) -> None:
    guests = await drawn(stage)
    assert await refused(stage, guests, seat=0, cause=cause, invitation=1, note="x") == "draw.no-ground"


async def test_what_ends_a_term_and_what_does_not(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.say(1, "accept")
    for cause in ("decline", "timeout", "leave", "no_show"):
        assert await refused(stage, guests, seat=0, cause=cause, invitation=1) == "draw.no-ground"
    assert await refused(stage, guests, seat=0, cause="recusal", invitation=1) == "draw.no-note"
    assert await refused(stage, guests, seat=0, cause="recusal", invitation=2, note="x") == "draw.no-ground"
    assert await refused(stage, guests, seat=0, cause="conflict", note="") == "draw.no-note"
    stage.clock.advance(minutes=10)
    # Exactly at the deadline an answer is in time, and nobody has missed it yet.
    assert await refused(stage, guests, seat=1, cause="timeout", invitation=2) == "draw.no-ground"
    await guests.say(2, "accept")
    stage.clock.advance(seconds=1)
    assert await refused(stage, guests, seat=1, cause="timeout", invitation=2) == "draw.no-ground"
    assert await passed_on(stage, guests, seat=2, cause="timeout", invitation=3) == 1
    stage.clock.advance(minutes=51)
    assert await passed_on(stage, guests, seat=0, cause="no_show", invitation=1) == 2
    assert await passed_on(stage, guests, seat=1, cause="recusal", invitation=2, note="曾任职") == 3


async def test_who_agreed_once_may_be_moved_to_another_place_and_decline_that(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.say(1, "accept")
    assert await guests.invite(0) == [6]
    assert await refused(stage, guests, seat=0, cause="venue", invitation=1, note="x") == "draw.no-ground"
    assert await passed_on(stage, guests, seat=0, cause="venue", invitation=6, note="改至二号场地") == 1
    kept = stage.nodes["supervisor"].book.of_draw(NOTE, guests.row.k or 0)
    assert kept == {"1": "改至二号场地".encode()}


async def test_a_bare_document_does_not_move_a_seat_where_invitations_are_logged(stage: Stage) -> None:
    guests = await drawn(stage)
    with pytest.raises(ConflictError, match=r"draw.invitations-logged"):
        await replace(stage.one.ceremony, guests.row.id, Vacated(seat=0, cause="decline", document=b"ill"))


async def test_an_answer_after_the_seat_passed_on_gives_nothing_back(stage: Stage) -> None:
    guests = await drawn(stage)
    said = guests.platform.now()
    stage.clock.advance(minutes=11)
    assert await passed_on(stage, guests, seat=0, cause="timeout", invitation=1) == 1
    await guests.say(1, "accept", at=said)
    (holder, *_) = await invites.holders(guests.platform, guests.row)
    assert holder is not None
    assert holder.tenure == 1
    stage.clock.advance(hours=2)
    with pytest.raises(ConflictError, match=r"draw.not-accepted"):
        await open_draw(stage.one.ceremony, guests.row.id)


async def test_without_the_supervisor_a_seat_needs_its_ground_as_well(stage: Stage) -> None:
    guests, ceremony = await drawn(stage), stage.one.ceremony
    invented = Grounds(seat=0, cause="decline", invitation=1)
    with pytest.raises(ConflictError, match=r"draw.no-ground"):
        await replace(ceremony, guests.row.id, invented, own_order=True)
    await guests.say(1, "decline")
    assert await replace(ceremony, guests.row.id, invented, own_order=True) == 1
    assert await replace(ceremony, guests.row.id, invented, own_order=True) == 1
    assert await guests.invite(0) == [6]
    for n in (2, 3, 4, 5, 6):
        await guests.say(n, "accept")
    stage.clock.advance(hours=2)
    row = await open_draw(ceremony, guests.row.id)
    report = verify(await openings.bundle(guests.platform, row), trust=stage.trust)
    assert "own-order" in {note.code for note in report.notes}


async def test_an_opening_that_meets_a_leave_stays_shut(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests, ceremony = await drawn(stage), stage.one.ceremony
    for n in range(1, 6):
        await guests.say(n, "accept")
    stage.clock.advance(hours=2)
    genuine = ceremony.countersigned
    left: list[int] = []

    async def meanwhile(*given: Any) -> Any:
        entry = await genuine(*given)
        if not left:
            left.append(await guests.say(3, "leave"))
        return entry

    monkeypatch.setattr(ceremony, "countersigned", meanwhile)
    with pytest.raises(ConflictError, match=r"draw.not-accepted"):
        await open_draw(ceremony, guests.row.id)
    assert left
    assert (await ceremony.row(guests.row.id)).state == "drawn"


async def test_an_answer_that_meets_a_replacement_delays_it_and_is_in_the_log_before(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accept of the last moment wins against the timeout that was on its way."""
    guests = await drawn(stage)
    said = guests.platform.now()
    stage.clock.advance(minutes=11)
    genuine = openings.opened
    answered: list[int] = []

    async def meanwhile(*given: Any, **more: Any) -> Any:
        found = await genuine(*given, **more)
        if not answered:
            answered.append(await guests.say(1, "accept", at=said))
        return found

    monkeypatch.setattr(openings, "opened", meanwhile)
    assert await refused(stage, guests, seat=0, cause="timeout", invitation=1) == "draw.no-ground"
    assert answered


async def test_an_invitation_waits_while_the_seats_event_does(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.say(1, "decline")
    stage.wire.broken.add(("supervisor.example", "/answers/1"))
    with pytest.raises(PartyError):
        await passed_on(stage, guests, seat=0, cause="decline", invitation=1)
    with pytest.raises(ConflictError, match=r"draw.seat-pending"):
        await guests.invite(0)
    assert await guests.invite(1) == [6]


# -- the supervisor's node, against a platform that lies


@pytest.mark.parametrize("cause", ["decline", "timeout", "leave", "no_show"])
async def test_an_operator_who_invents_an_answer_gets_no_value(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    guests = await drawn(stage)
    await guests.say(1, "accept")
    lying(monkeypatch)
    assert await answered_with(stage, guests, seat=0, cause=cause, invitation=1) == "node.ground"


async def test_a_timeout_before_its_deadline_gets_no_value_though_the_platforms_clock_is_ahead(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = await drawn(stage)
    clock = stage.clock
    ahead = clock() + timedelta(minutes=11)
    monkeypatch.setattr(type(guests.platform), "now", lambda _one: ahead.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert await answered_with(stage, guests, seat=0, cause="timeout", invitation=1) == "node.not_yet"
    monkeypatch.undo()
    clock.advance(minutes=11)
    assert await passed_on(stage, guests, seat=0, cause="timeout", invitation=1) == 1


async def test_a_decline_by_keypad_counts_only_from_a_gateway_that_the_supervisor_knows(
    stage: Stage,
) -> None:
    guests = await drawn(stage)
    forged = await guests.press(1, "decline", key=SigningKey.from_seed(b"!" * 32))
    wanted: dict[str, Any] = {"seat": 0, "cause": "decline", "invitation": 1, "record": forged}
    assert await answered_with(stage, guests, **wanted) == "node.gateway"


async def test_the_invitation_of_another_seat_is_no_ground(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = await drawn(stage)
    await guests.say(1, "decline")
    genuine = Seats

    def swapped(**known: Any) -> Any:
        # The platform pretends that the declined invitation was that of seat 3.
        invitations = dict(known["invitations"])
        invitations[1], invitations[4] = invitations[4], invitations[1]
        return genuine(events=known["events"], invitations=invitations)

    monkeypatch.setattr(replacement_grounds, "Seats", swapped)
    assert await answered_with(stage, guests, seat=3, cause="decline", invitation=1) == "node.ground"


async def test_a_conflict_without_a_note_is_not_answered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = await drawn(stage)
    monkeypatch.setattr(replacement_grounds, "NOTED", ())
    assert await answered_with(stage, guests, seat=0, cause="conflict") == "node.ground"


async def test_the_newest_invitation_decides_not_one_that_suits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invited again, the expert accepts: the silence on the first invitation is no ground any more."""
    guests = await drawn(stage)
    stage.clock.advance(minutes=11)
    assert await guests.invite(0) == [6]
    await guests.say(6, "accept")

    def first(_cause: str, held: Sequence[Invitation], _times: Sequence[str]) -> Ground:
        return Ground(invitation=held[0], reply=None)

    monkeypatch.setattr(replacement_grounds, "ground", first)
    assert await answered_with(stage, guests, seat=0, cause="timeout", invitation=1) == "node.ground"


async def test_asked_again_the_node_gives_the_same_answer_after_more_has_happened(stage: Stage) -> None:
    guests, ceremony = await drawn(stage), stage.one.ceremony
    await guests.say(1, "decline")
    stage.wire.broken.add(("supervisor.example", "/answers/1"))
    with pytest.raises(PartyError):
        await passed_on(stage, guests, seat=0, cause="decline", invitation=1)
    stage.wire.broken.clear()
    await guests.say(2, "accept")
    row = await openings.settle(ceremony, guests.row.id)
    _, course = await ceremony.shown(row)
    answer = course.one("answer", t=1)
    assert answer.body["event"] == leaf_hash(course.one("event", t=1)).hex()
