"""What the clock does to invitations: reminders, the end of the reply term, the end of the grace.

Handlers of the worker's timers: called at least once, after every restart, so each looks first whether there
is anything left to do. Before a term ends, keypad answers that a gateway has reported are counted: nobody
loses a seat to a slow line.
"""

from typing import Final

from app.store.repositories.invitations import Invitation
from app.store.repositories.outbox import Delivery, Reference
from app.store.repositories.reports import Report
from app.store.unit_of_work import UnitOfWork
from app.usecases import invites
from app.usecases.ceremony import k_of
from app.usecases.delivery.outbox import enqueue
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations import asking, conduct, keypad, standing, vacancies
from app.usecases.invitations.asking import Asking
from draw import invitation, lifecycle

_UNHEARD: Final = frozenset({invitation.QUEUED, invitation.SENT})


async def reply_by(context: WorkContext, letter: str, _due_at: str) -> None:
    """End the reply term: the seat passes on unless there is an answer.

    When no message has left at all, because every carrier was down, the same holder is asked anew instead, as
    long as the evaluation has not begun: a broken line passes nobody over.
    """
    platform = context.platform
    for report in await _waiting(context, letter):
        await keypad.answered(context, report)
    if await _unsent(context, letter):
        await _ask_anew(context, letter)
        return

    async def work(uow: UnitOfWork) -> None:
        now = platform.now()
        one, going = await _going(uow, letter)
        if one is None or not going or one.state not in invitation.OPEN or now <= one.reply_by:
            return
        invitation.advance(invitation.INVITATION, one.state, invitation.TIMEOUT, now=now)
        await vacancies.vacate(
            uow, one, state=invitation.TIMEOUT, cause="timeout", reason=invitation.NO_ANSWER, now=now
        )

    await platform.database.transact(work)


async def arrive_by(context: WorkContext, letter: str, _due_at: str) -> None:
    """End the grace: whoever accepted and is not there has not shown up."""
    platform = context.platform

    async def work(uow: UnitOfWork) -> None:
        now = platform.now()
        one, going = await _going(uow, letter)
        if one is None or not going or one.state != invitation.ACCEPTED or now <= one.arrive_by:
            return
        invitation.advance(invitation.INVITATION, one.state, invitation.NO_SHOW, now=now)
        await vacancies.vacate(uow, one, state=invitation.NO_SHOW, cause="no_show", now=now)
        await conduct.record(uow, platform, one, state=invitation.NO_SHOW, at=one.arrive_by)

    await platform.database.transact(work)


async def remind_reply(context: WorkContext, letter: str, _due_at: str) -> None:
    """Ring up whoever has not answered yet: the link itself is no longer the platform's to send."""
    platform = context.platform

    async def work(uow: UnitOfWork) -> None:
        now = platform.now()
        one, going = await _going(uow, letter)
        if one is None or not going or one.state not in invitation.OPEN or now >= one.reply_by:
            return
        row = await uow.draws.get(one.draw_id)
        if row is not None and one.invited.contact.phone:
            anew = len((await standing.load(uow, one.draw_id)).of_holder(one)) > 1
            again = asking.call(platform, row, one, occasion="reminder", not_before=now, anew=anew)
            await enqueue(uow, again)

    await platform.database.transact(work)


async def remind_arrival(context: WorkContext, letter: str, _due_at: str) -> None:
    """Remind whoever accepted of the begin."""
    await _write_to_awaited(context, letter, "reminder")


async def call_late(context: WorkContext, letter: str, _due_at: str) -> None:
    """Ask whoever accepted and is not there yet to come at once."""
    await _write_to_awaited(context, letter, "late")


async def _write_to_awaited(context: WorkContext, letter: str, occasion: str) -> None:
    """A message to whoever accepted, as long as they may still arrive."""
    platform = context.platform

    async def work(uow: UnitOfWork) -> None:
        now = platform.now()
        one, going = await _going(uow, letter)
        if one is None or not going or one.state != invitation.ACCEPTED or now >= one.arrive_by:
            return
        message = asking.written(platform, one, occasion, until=one.arrive_by, now=now)
        if message is not None:
            await enqueue(uow, message)

    await platform.database.transact(work)


async def _unsent(context: WorkContext, letter: str) -> bool:
    """Whether nothing of an invitation reached any carrier in its term, and there is time to ask again."""
    async with context.platform.database.read() as uow:
        one, going = await _going(uow, letter)
        row = None if one is None else await uow.draws.get(one.draw_id)
        if one is None or row is None or not going or one.state not in _UNHEARD:
            return False
        sent = await uow.outbox.of_invitation(Reference(draw=k_of(row), n=one.n))
        now = context.platform.now()
    return one.reply_by < now < one.begins and bool(sent) and not any(_left(message) for message in sent)


def _left(message: Delivery) -> bool:
    """Whether a carrier took or finally refused a message: an attempt without a failure, or a report."""
    reported = message.kind is not None and message.kind != "expired"
    return reported or (message.attempts > 0 and message.failure is None)


async def _ask_anew(context: WorkContext, letter: str) -> None:
    """Supersede a letter that never left by another one to the same holder."""
    platform = context.platform
    async with platform.database.read() as uow:
        one = await uow.invitations.get(letter)
        row = None if one is None else await uow.draws.get(one.draw_id)
    if one is None or row is None:
        return
    holder = (await invites.holders(platform, row))[one.invited.seat]

    async def work(uow: UnitOfWork) -> None:
        now = platform.now()
        current, going = await _going(uow, letter)
        if current is None or not going or current.state not in _UNHEARD or holder is None:
            return
        found = await standing.load(uow, current.draw_id)
        step = invitation.advance(invitation.INVITATION, current.state, invitation.SUPERSEDED, now=now)
        await uow.invitations.advance(current, state=step.target, updated_at=now)
        await asking.stop(uow, current)
        terms = await standing.terms_of(uow, platform, found.row)
        again = Asking(context=context, campaign=found.campaign, row=found.row, terms=terms, now=now)
        await asking.ask(uow, again, holder)

    await platform.database.transact(work)


async def _going(uow: UnitOfWork, letter: str) -> tuple[Invitation | None, bool]:
    """The invitation, and whether its draw and campaign go on and its seat is not passing on already."""
    one = await uow.invitations.get(letter)
    if one is None:
        return None, False
    campaign, row = await uow.campaigns.get(one.campaign_id), await uow.draws.get(one.draw_id)
    running = campaign is not None and campaign.state in invitation.RUNNING
    drawn = row is not None and row.state in lifecycle.HOLDING
    return one, running and drawn and one.pending is None


async def _waiting(context: WorkContext, letter: str) -> list[Report]:
    """Keypad answers to an invitation that a gateway has reported, whether handed on or not."""
    async with context.platform.database.read() as uow:
        one = await uow.invitations.get(letter)
        row = None if one is None else await uow.draws.get(one.draw_id)
        if one is None or row is None:
            return []
        messages = await uow.outbox.of_invitation(Reference(draw=k_of(row), n=one.n))
        reports = [report for sent in messages for report in await uow.reports.of_message(sent.id)]
    return [report for report in reports if report.record is not None]
