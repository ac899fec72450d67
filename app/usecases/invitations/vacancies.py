"""Vacated seats: each becomes an event with its ground in the log, then the next holder is asked.

The vacancies of a draw are worked one after the other, in the order of their seats, by the timer
``campaign.vacancies``: the supervisor's answer to one event stands before the next is logged. Every step may
be repeated: an event is recognised by the tenure that it ends, an invitation is passed on by
compare-and-swap. What is left to do after a crash stands in the invitations themselves. The campaign of a
draw that was given up is called off.
"""

from typing import Final

from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.usecases import invites, openings
from app.usecases.delivery.outbox import enqueue
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations import affected, asking, changes, custody, standing, timing
from app.usecases.invitations.asking import Asking
from app.usecases.invitations.standing import Standing
from app.usecases.invites import Holder
from app.usecases.operations import Actor
from app.usecases.platform import Platform
from app.usecases.replacement_grounds import Grounds
from draw import invitation, lifecycle

_AGREED: Final = ("venue", "no_show", "recusal")
_UNASKED: Final = ("conflict", "venue")
# What offices and centres are told of a draw that was given up; its reason stands in the log.
GIVEN_UP: Final = "抽取已终止 the draw was given up"
NOBODY_FOLLOWS: Final = (
    "证明公开后有席位空缺，须重新组建 a seat fell vacant after the proof was opened: start anew"
)
_WORKER: Final = Actor(person="platform", address="-", source="timer")


async def work(context: WorkContext, draw_id: str, _due_at: str = "") -> None:
    """Work every vacancy of a draw, then look after its campaign; a handler of the worker.

    Raises PartyError when the supervisor does not answer: the event stands, and the timer tries again.
    """
    if await _given_up(context, draw_id):
        return
    while (one := await _next(context, draw_id)) is not None:
        await _log(context, one)
        await _pass_on(context, one)
    platform = context.platform
    await platform.database.transact(lambda uow: standing.follow(uow, draw_id, now=platform.now()))
    await platform.database.transact(lambda uow: _too_late(uow, draw_id, now=platform.now()))
    await custody.seal(context, draw_id)


async def _too_late(uow: UnitOfWork, draw_id: str, *, now: str) -> None:
    """Tell operator and supervisor of seats that fell vacant after the proof was opened: nobody can follow
    there, the committee has to be formed anew."""
    found = await standing.load(uow, draw_id)
    if found.row.state == lifecycle.OPENED:
        for one in found.pending:
            change = f"vacant/{found.campaign.id}/{one.n}"
            await affected.alert(uow, found.campaign, change=change, what=NOBODY_FOLLOWS, now=now)


async def _given_up(context: WorkContext, draw_id: str) -> bool:
    """Whether the draw was given up; then its campaign is called off and everybody told."""
    platform = context.platform

    async def step(uow: UnitOfWork) -> bool:
        found = await standing.load(uow, draw_id)
        if found.row.state != lifecycle.ABORTED:
            return False
        if invitation.CANCELLED in invitation.CAMPAIGN[found.campaign.state]:
            await changes.call_off(uow, platform, draw_id, GIVEN_UP, actor=_WORKER)
        return True

    return await platform.database.transact(step)


async def vacate(
    uow: UnitOfWork, one: Invitation, *, state: str, cause: str, now: str, reason: str | None = None
) -> Invitation:
    """Note that the seat of an invitation is to pass on, and have it worked."""
    moved = await uow.invitations.advance(one, state=state, pending=cause, reason=reason, updated_at=now)
    await asking.stop(uow, one)
    await timing.work_soon(uow, one.draw_id, now=now)
    await standing.follow(uow, one.draw_id, now=now)
    return moved


async def _next(context: WorkContext, draw_id: str) -> Invitation | None:
    """The pending vacancy of the lowest seat, while the draw and the campaign go on."""
    async with context.platform.database.read() as uow:
        found = await standing.load(uow, draw_id)
    going = found.row.state in lifecycle.HOLDING and found.campaign.state in invitation.RUNNING
    return found.pending[0] if going and found.pending else None


async def _log(context: WorkContext, one: Invitation) -> None:
    """Have the event of a vacancy in the log, answered; once, however often this is called."""
    async with context.platform.database.read() as uow:
        found = await standing.load(uow, one.draw_id)
        if found.row.appointed:
            # Nobody follows a chosen person: there is no event, the seat is vacant.
            return
        grounds = await _grounds(uow, found, one)
    own_order = found.campaign.own_order_reason is not None
    await openings.replace(context.ceremony, one.draw_id, grounds, own_order=own_order)


async def _grounds(uow: UnitOfWork, found: Standing, one: Invitation) -> Grounds:
    cause = one.pending or ""
    noted = cause in ("conflict", "recusal", "venue")
    return Grounds(
        seat=one.invited.seat,
        cause=cause,
        invitation=one.n,
        record=await _record(uow, found, one, cause),
        note=one.reason if noted else None,
        tenure=one.invited.tenure,
    )


async def _record(uow: UnitOfWork, found: Standing, one: Invitation, cause: str) -> bytes | None:
    """The gateway's record of the keypad answer that a cause rests on, if it was one."""
    wanted = "accept" if cause in _AGREED else cause
    holder = found.of_holder(one) if cause == "venue" else [one]
    answers = [
        answer
        for other in holder
        for answer in await uow.invitations.answers(other.id)
        if answer.answer == wanted and (wanted == "leave" or answer.at <= other.reply_by)
    ]
    return answers[-1].record if answers else None


async def _pass_on(context: WorkContext, one: Invitation) -> None:
    """Mark the invitation replaced and ask who holds the seat now; nobody when its cell ran out."""
    platform = context.platform
    row = await context.ceremony.row(one.draw_id)
    holder = None if row.appointed else (await invites.holders(platform, row))[one.invited.seat]

    async def work(uow: UnitOfWork) -> None:
        now = platform.now()
        found = await standing.load(uow, one.draw_id)
        current = next(other for other in found.invitations if other.id == one.id)
        if current.pending is None:
            return
        invitation.advance(invitation.INVITATION, current.state, invitation.REPLACED, now=now)
        await uow.invitations.advance(current, state=invitation.REPLACED, pending=None, updated_at=now)
        await _release(uow, platform, found, current, now=now)
        if holder is not None:
            await _ask(uow, context, found, holder, now=now)
        await standing.follow(uow, one.draw_id, now=now)

    await platform.database.transact(work)


async def _release(
    uow: UnitOfWork, platform: Platform, found: Standing, one: Invitation, *, now: str
) -> None:
    """Tell whoever loses the seat without having said a word, or who agreed to an earlier letter and kept
    silent to this one, that they need not come."""
    unasked = one.pending in _UNASKED or await _would_come(uow, found, one)
    if not unasked or now >= one.arrive_by:
        return
    message = asking.written(platform, one, "released", until=one.arrive_by, now=now)
    if message is not None:
        await enqueue(uow, message)


async def _would_come(uow: UnitOfWork, found: Standing, one: Invitation) -> bool:
    """Whether somebody who was asked anew and kept silent had accepted before."""
    if one.pending != "timeout":
        return False
    earlier = [other for other in found.of_holder(one) if other.n < one.n]
    answers = [answer for other in earlier for answer in await uow.invitations.answers(other.id)]
    return bool(answers) and answers[-1].answer == "accept"


async def _ask(uow: UnitOfWork, context: WorkContext, found: Standing, holder: Holder, *, now: str) -> None:
    terms = await standing.terms_of(uow, context.platform, found.row)
    campaign = found.campaign
    await asking.ask(
        uow,
        Asking(context=context, campaign=campaign, row=found.row, terms=terms, now=now),
        holder,
    )
