"""The timers of invitations: which are set when, and which are taken back.

A timer is a row in the database; what it starts is `app.usecases.invitations.deadlines` and
`app.usecases.invitations.vacancies`, at least once and after every restart.
"""

from datetime import timedelta
from typing import Final

from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.campaign_ends import FOLLOW
from draw.invitation_terms import Terms, reminder

REPLY_BY: Final = "invitation.reply-by"
REMIND_REPLY: Final = "invitation.remind-reply"
ARRIVE_BY: Final = "invitation.arrive-by"
REMIND_ARRIVAL: Final = "invitation.remind-arrival"
CALL_LATE: Final = "invitation.call-late"
VACANCIES: Final = FOLLOW
# A gateway's record of a key that was pressed in time may be under way that long; and a term ends only after
# its last second.
REPLY_LAG: Final = timedelta(seconds=60)
# After the begin, for whoever is not there yet.
LATE_AFTER: Final = timedelta(minutes=5)
_TICK: Final = timedelta(seconds=1)


async def await_reply(uow: UnitOfWork, one: Invitation, terms: Terms, *, now: str) -> None:
    """Set the end of the reply term and the reminder before it."""
    await uow.timers.set(REPLY_BY, one.id, _after(one.reply_by, REPLY_LAG))
    at = reminder(terms.quiet, before=terms.remind_reply, due=one.reply_by, now=now)
    if at is not None:
        await uow.timers.set(REMIND_REPLY, one.id, at)


async def await_arrival(uow: UnitOfWork, one: Invitation, terms: Terms, *, now: str) -> None:
    """After an acceptance: the reminder before the begin, the call after it, and the end of the grace."""
    await _cancel(uow, one, REPLY_BY, REMIND_REPLY)
    await uow.timers.set(ARRIVE_BY, one.id, _after(one.arrive_by, _TICK))
    due = from_text(one.arrive_by) - timedelta(minutes=terms.grace)
    await uow.timers.set(CALL_LATE, one.id, to_text(due + LATE_AFTER))
    at = reminder(terms.quiet, before=terms.remind_arrival, due=one.begins, now=now)
    if at is not None:
        await uow.timers.set(REMIND_ARRIVAL, one.id, at)


async def rest(uow: UnitOfWork, one: Invitation) -> None:
    """Take every timer of an invitation back."""
    await _cancel(uow, one, REPLY_BY, REMIND_REPLY, ARRIVE_BY, REMIND_ARRIVAL, CALL_LATE)


async def work_soon(uow: UnitOfWork, draw_id: str, *, now: str) -> None:
    """Have the vacancies of a draw worked, and its campaign's state looked after."""
    await uow.timers.set(VACANCIES, draw_id, now)


async def _cancel(uow: UnitOfWork, one: Invitation, *kinds: str) -> None:
    for kind in kinds:
        await uow.timers.cancel(kind, one.id)


def _after(moment: str, span: timedelta) -> str:
    return to_text(from_text(moment) + span)
