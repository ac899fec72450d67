"""What gateways report about invitations: sent, heard, keyed answers, dead numbers.

Handlers of the worker's reports, called at least once. An answer counts by the gateway's signed record alone;
keys told without a signature are only noted as heard. A dead number ends nobody's term: the other ways of the
contact are under way already, an operator is alerted by the state, and the seat passes on at its deadline and
not before. Else calling a number dead would be a way to pass somebody over.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from app.errors import ConflictError, InputRefusedError, WriteConflictError
from app.store.repositories.invitations import Invitation
from app.store.repositories.reports import Report
from app.store.unit_of_work import UnitOfWork
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations import replies
from app.usecases.invitations.replies import Said
from draw import invitation
from draw.errors import EntryError
from draw.letters import GatewayRecord, read_gateway_record

LOG: Final = structlog.get_logger("qiantong.invitations")
Step = Callable[..., Awaitable[int | None]]


async def handed_over(context: WorkContext, report: Report) -> None:
    """A message reached its carrier or its recipient."""
    await _note(context, report, invitation.SENT)


async def heard(context: WorkContext, report: Report) -> None:
    """A call was listened to."""
    await _note(context, report, invitation.HEARD)


async def unreachable(context: WorkContext, report: Report) -> None:
    """A number is not one; shown to the operator as the state of the seat."""
    await _note(context, report, invitation.INVALID_NUMBER)


async def answered(context: WorkContext, report: Report) -> None:
    """A keyed answer with the gateway's signature: log it, or put it on record when it came too late."""
    platform = context.platform
    try:
        index = await _taken(context, report, replies.reply)
    except WriteConflictError:
        raise
    except (ConflictError, InputRefusedError) as error:
        LOG.warning("keypad.refused", code=error.code)
        index = await _on_record(context, report)
    if index is not None:
        await platform.publisher.covering(index + 1, now=platform.clock)


async def _taken(context: WorkContext, report: Report, step: Step) -> int | None:
    """Log index of the answer that a report carries; None when it is about no invitation of ours."""
    platform, record = context.platform, _record(report)

    async def work(uow: UnitOfWork) -> int | None:
        one = await _invitation(uow, report)
        if one is None or record is None or one.n != record.n:
            return None
        said = Said(answer=record.answer, at=record.at, record=report.record)
        return await step(uow, platform, one, said, now=platform.now())

    return await platform.database.transact(work)


async def _on_record(context: WorkContext, report: Report) -> int | None:
    try:
        return await _taken(context, report, replies.late_reply)
    except WriteConflictError:
        raise
    except (ConflictError, InputRefusedError) as error:
        LOG.warning("keypad.not-on-record", code=error.code)
        return None


async def _note(context: WorkContext, report: Report, state: str) -> None:
    """Move an open invitation to what a report tells, if that is a step from where it stands."""
    platform = context.platform

    async def work(uow: UnitOfWork) -> None:
        one = await _invitation(uow, report)
        if one is None or state not in invitation.INVITATION[one.state]:
            return
        await uow.invitations.advance(one, state=state, updated_at=platform.now())

    await platform.database.transact(work)


async def _invitation(uow: UnitOfWork, report: Report) -> Invitation | None:
    """The invitation that a message was about."""
    sent = await uow.outbox.get(report.message_id)
    if sent is None or sent.reference is None:
        return None
    return await uow.invitations.referred(sent.reference.draw, sent.reference.n)


def _record(report: Report) -> GatewayRecord | None:
    try:
        return None if report.record is None else read_gateway_record(report.record)
    except EntryError:
        return None
