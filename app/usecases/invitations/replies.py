"""Answers to invitations: signed on the letter's page, or keyed in a call and signed by the gateway.

An answer is an entry of the log in the same transaction that moves the invitation; it counts for nobody
before a published checkpoint covers it, so the caller publishes before it acknowledges. An acceptance fills
the seat and moves no rank; a refusal or a leave makes the seat pass on
(`app.usecases.invitations.vacancies`). The platform's clock tells whether a page answers in time, the
gateway's record when a key was pressed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.errors import ConflictError, Fault, InputRefusedError
from app.store.repositories.invitations import Answer, Invitation
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases import invites
from app.usecases.delivery.outbox import enqueue
from app.usecases.invitations import asking, conduct, standing, timing, vacancies
from app.usecases.invitations.standing import Standing
from app.usecases.platform import Platform
from app.usecases.replacement_grounds import seat_of
from draw import invitation
from draw.errors import LifecycleError
from draw.invitation_terms import leave_state

ACCEPT: Final = "accept"
DECLINE: Final = "decline"
LEAVE: Final = "leave"
# How far the time that a page signed may lie behind the platform's clock.
SIGNED_WITHIN: Final = timedelta(seconds=120)
_PATHS: Final = {
    ACCEPT: (invitation.ACCEPT1, invitation.ACCEPTED),
    DECLINE: (invitation.DECLINED,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer. Exactly one of `signature` (64 bytes, of the reply key) and `record` (bytes of a gateway's
    record). `reason` is a decline code, None where none was given."""

    answer: str
    at: str
    signature: bytes | None = field(default=None, repr=False)
    record: bytes | None = field(default=None, repr=False)
    reason: str | None = field(default=None, repr=False)


async def stands(uow: UnitOfWork, one: Invitation, said: Said) -> int | None:
    """Log index of this very answer when it was given before: repeating it changes nothing."""
    answers = await uow.invitations.answers(one.id)
    return next(
        (other.log_index for other in answers if (other.answer, other.at) == (said.answer, said.at)), None
    )


async def reply(uow: UnitOfWork, platform: Platform, one: Invitation, said: Said, *, now: str) -> int:
    """Log an answer, move the invitation and do what follows; the log index of the entry.

    Raises ConflictError ``invitation.late`` (details: reply_by), ``invitation.answered``,
    ``invitation.state``, ``draw.…`` and InputRefusedError as `invites.log_reply`.
    """
    known = await stands(uow, one, said)
    if known is not None:
        return known
    found = await standing.load(uow, one.draw_id)
    _require_open(found, one, said, passed=await _passed(uow, one))
    _require_time(one, said, now)
    _require_reason(said)
    state = _state_after(one, said, now)
    index = await _logged(uow, platform, found, one, said, now=now)
    record = Answer(answer=said.answer, at=said.at, log_index=index, record=said.record)
    await uow.invitations.add_answer(one.id, record)
    if said.answer == ACCEPT:
        await _accepted(uow, platform, found, one, state=state, log_size=index + 1, now=now)
    else:
        reason = said.reason or (invitation.LEAVE_AFTER_ACCEPT if said.answer == LEAVE else "refused")
        cause = invitation.VACATING[state]
        await vacancies.vacate(uow, one, state=state, cause=cause, reason=reason, now=now)
        await conduct.record(uow, platform, one, state=state, at=said.at)
    return index


async def late_reply(
    uow: UnitOfWork, platform: Platform, one: Invitation, said: Said, *, now: str
) -> int | None:
    """Put a keypad answer on record that can no longer count: given too late, or told when the seat had
    passed on. It changes nothing, and the verdict counts it. None when an answer stands already."""
    found = await standing.load(uow, one.draw_id)
    harmless = said.at > one.reply_by or await _passed(uow, one)
    if said.answer == LEAVE or not harmless or await uow.invitations.answers(one.id):
        return None
    index = await _logged(uow, platform, found, one, said, now=now, late=True)
    record = Answer(answer=said.answer, at=said.at, log_index=index, record=said.record)
    await uow.invitations.add_answer(one.id, record)
    return index


def _require_open(found: Standing, one: Invitation, said: Said, *, passed: bool) -> None:
    """The campaign runs, and this is the newest letter of a holder whose seat does not pass on."""
    if found.campaign.state not in invitation.RUNNING:
        raise ConflictError("invitation.state", state=one.state)
    if one.state == invitation.SUPERSEDED:
        raise ConflictError("invitation.superseded")
    overtaken = one.pending == "timeout" and not passed and _keyed_in_time(one, said)
    if one.state == invitation.TIMEOUT and not overtaken:
        raise ConflictError("invitation.late", reply_by=one.reply_by)
    if said.answer != LEAVE and one.state not in invitation.OPEN and not overtaken:
        raise ConflictError("invitation.answered")
    if one.pending is not None and not overtaken:
        raise ConflictError("invitation.state", state=one.state)


def _keyed_in_time(one: Invitation, said: Said) -> bool:
    return said.record is not None and said.answer != LEAVE and said.at <= one.reply_by


async def _passed(uow: UnitOfWork, one: Invitation) -> bool:
    """Whether the event that ends this holder's time on the seat stands in the log."""
    events = await uow.draws.events(one.draw_id)
    return sum(seat_of(event) == one.invited.seat for event in events) > one.invited.tenure


def _require_time(one: Invitation, said: Said, now: str) -> None:
    answered_at = said.at if said.signature is None else now
    if said.answer != LEAVE and answered_at > one.reply_by:
        raise ConflictError("invitation.late", reply_by=one.reply_by)
    if said.signature is None:
        return
    if not from_text(now) - SIGNED_WITHIN <= from_text(said.at) <= from_text(now):
        raise _refused("invitation.signed-at", "/at")


def _require_reason(said: Said) -> None:
    if said.reason is not None and said.reason not in invitation.DECLINE_CODES:
        raise _refused("invitation.reason", "/reason")
    if said.answer == ACCEPT and said.reason is not None:
        raise _refused("invitation.reason", "/reason")


def _state_after(one: Invitation, said: Said, now: str) -> str:
    path: Sequence[str] = _PATHS.get(said.answer) or (leave_state(at=said.at, cut_off=one.cut_off),)
    if one.state == invitation.ACCEPT1 and said.answer == ACCEPT:
        path = path[1:]
    if said.answer == LEAVE and one.state != invitation.ACCEPTED:
        path = (invitation.LEAVE_LATE,)
    try:
        return standing.walk(one, path, now=now)
    except LifecycleError as error:
        raise ConflictError("invitation.state", state=one.state) from error


async def _logged(
    uow: UnitOfWork,
    platform: Platform,
    found: Standing,
    one: Invitation,
    said: Said,
    *,
    now: str,
    late: bool = False,
) -> int:
    return await invites.log_reply(
        uow,
        platform,
        found.row,
        n=one.n,
        answer=said.answer,
        at=said.at,
        signature=said.signature,
        record=said.record,
        now=now,
        late=late,
    )


async def _accepted(
    uow: UnitOfWork,
    platform: Platform,
    found: Standing,
    one: Invitation,
    *,
    state: str,
    log_size: int,
    now: str,
) -> None:
    moved = await uow.invitations.advance(one, state=state, pending=None, updated_at=now)
    terms = await standing.terms_of(uow, platform, found.row)
    await timing.await_arrival(uow, moved, terms, now=now)
    confirmation = asking.written(
        platform, moved, "accepted", until=moved.arrive_by, now=now, log_size=log_size
    )
    if confirmation is not None:
        await enqueue(uow, confirmation)
    await standing.follow(uow, one.draw_id, now=now)
    await timing.work_soon(uow, one.draw_id, now=now)


def _refused(code: str, pointer: str) -> InputRefusedError:
    return InputRefusedError("invitation.refused", [Fault(code=code, pointer=pointer)])
