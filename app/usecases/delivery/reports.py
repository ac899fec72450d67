"""Reports of gateways: believed when signed, stored once, handed on at least once.

Two forms, both signed with Ed25519 over C(body without `signature`): the plain report (purpose
``gateway-report``) and the record of a keypad answer (``gateway-record``, draw-proof §8.2), which later
stands as evidence of a reply. A report moves its message in the transaction that stores it; what it means to
an invitation is the business of the handlers in `app.worker`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import structlog

from app.errors import AccessRefusedError, AppError, ConflictError, NotFoundError
from app.gateways.messages import RegisteredGateway
from app.store.repositories.leases import Claim
from app.store.repositories.outbox import DELIVERED, FAILED, Delivery, Reference
from app.store.repositories.reports import ClaimedReport, Report
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.delivery.outbox import OWN, RETRY_SECONDS, TOKEN_BYTES, after
from app.usecases.delivery.template_texts import KEYS
from app.usecases.delivery.work import ReportHandler, WorkContext
from app.usecases.platform import Platform
from crypto.canonical import canonical
from crypto.errors import CryptoError
from crypto.hashing import tagged
from crypto.signing import verify_record

LOG: Final = structlog.get_logger("qiantong.reports")
BATCH: Final = 32
RECORD_FORMAT: Final = "qt/1 gateway-record"
# A carrier that was cut off reports late; a clock of theirs may be ahead of ours.
OLDEST: Final = timedelta(days=3)
AHEAD: Final = timedelta(minutes=5)
# What a report makes of its message.
STATES: Final[Mapping[str, str]] = {
    "delivered": DELIVERED,
    "heard": DELIVERED,
    "keys": DELIVERED,
    "answer": DELIVERED,
    "failed": FAILED,
    "invalid_number": FAILED,
}


async def receive(platform: Platform, gateway: RegisteredGateway, body: Mapping[str, Any]) -> bool:
    """Store one signed report; False when it was there already. `body` has the shape of one of the forms.

    Raises AccessRefusedError ``report.signature``, NotFoundError ``report.message``, ConflictError
    ``report.gateway``, ``report.stale``, ``report.answer``, ``report.other-content``.
    """
    _authenticate(gateway, body)
    now = platform.now()
    report = _report(body)
    _require_fresh(report.at, now)

    async def work(uow: UnitOfWork) -> bool:
        found = await uow.outbox.get(report.message_id)
        _require_ours(found, gateway, body)
        if not await uow.reports.add(report, now=now):
            return False
        await uow.outbox.report(report.message_id, state=STATES[report.kind], kind=report.kind, at=report.at)
        return True

    return await platform.database.transact(work)


async def hand_on(
    context: WorkContext,
    handlers: Mapping[str, Sequence[ReportHandler]],
    now: str,
    *,
    limit: int = BATCH,
) -> int:
    """Hand at most `limit` waiting reports to the handlers of their kind; how many waited."""
    platform = context.platform
    asked = Claim(token=platform.random(TOKEN_BYTES).hex(), now=now, limit=limit)
    claimed = await platform.database.transact(lambda uow: uow.reports.claim(asked))
    await asyncio.gather(*(_hand_on(context, handlers.get(one.report.kind, ()), one, now) for one in claimed))
    return len(claimed)


async def _hand_on(
    context: WorkContext, handlers: Sequence[ReportHandler], one: ClaimedReport, now: str
) -> None:
    platform = context.platform
    try:
        for handler in handlers:
            await handler(context, one.report)
    except Exception as error:  # noqa: BLE001 - the last fence: the other reports go on
        code = error.code if isinstance(error, AppError) else type(error).__name__
        LOG.warning("report.not-handed-on", kind=one.report.kind, code=code, attempts=one.attempts)
        next_at = after(platform, now, one.attempts, RETRY_SECONDS)
        await platform.database.transact(lambda uow: uow.reports.put_off(one, next_at=next_at))
        return
    await platform.database.transact(lambda uow: uow.reports.done(one, now=now))


def _authenticate(gateway: RegisteredGateway, body: Mapping[str, Any]) -> None:
    purpose = body["format"].removeprefix("qt/1 ")
    signed = {name: value for name, value in body.items() if name != "signature"}
    try:
        verify_record(gateway.public, purpose, signed, bytes.fromhex(body["signature"]))
    except (CryptoError, ValueError) as error:
        raise AccessRefusedError("report.signature") from error
    if body["gateway"] != gateway.name or gateway.name == OWN:
        raise ConflictError("report.gateway")


def _report(body: Mapping[str, Any]) -> Report:
    same = {"gateway": body["gateway"], "message_id": body["message"], "at": body["at"], "keys": body["keys"]}
    if body["format"] == RECORD_FORMAT:
        record = canonical(dict(body))
        digest = tagged("qt/1 evidence", record).hex()
        return Report(**same, report_id=f"record:{digest}", kind="answer", record=record)
    return Report(**same, report_id=f"plain:{body['report']}", kind=body["kind"])


def _require_fresh(at: str, now: str) -> None:
    try:
        moment, present = from_text(at), from_text(now)
    except ValueError:
        raise ConflictError("report.stale") from None
    if not present - OLDEST <= moment <= present + AHEAD:
        raise ConflictError("report.stale")


def _require_ours(found: Delivery | None, gateway: RegisteredGateway, body: Mapping[str, Any]) -> None:
    if found is None:
        raise NotFoundError("report.message")
    if found.channel not in gateway.channels:
        raise ConflictError("report.gateway")
    if from_text(body["at"]) < from_text(found.not_before) - AHEAD:
        raise ConflictError("report.stale")
    if body["format"] == RECORD_FORMAT:
        about = Reference(draw=body["draw"], n=body["n"])
        if found.channel != "voice" or found.reference != about or KEYS.get(body["keys"]) != body["answer"]:
            raise ConflictError("report.answer")
