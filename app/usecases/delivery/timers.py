"""Starting the jobs of due timers: one pass, no waiting inside.

A timer goes when its job returned and nobody set it again meanwhile; a job that raises is started again later
and stops no other.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from app.errors import AppError
from app.store.repositories.leases import Claim
from app.store.repositories.timers import ClaimedTimer
from app.usecases.delivery.outbox import RETRY_SECONDS, TOKEN_BYTES, after
from app.usecases.delivery.work import TimerHandler, WorkContext

LOG: Final = structlog.get_logger("qiantong.timers")
BATCH: Final = 32
AT_ONCE: Final = 4


async def run_due(
    context: WorkContext, handlers: Mapping[str, TimerHandler], now: str, *, limit: int = BATCH
) -> int:
    """Start the jobs of at most `limit` due timers; how many timers were due."""
    platform = context.platform
    asked = Claim(token=platform.random(TOKEN_BYTES).hex(), now=now, limit=limit)
    claimed = await platform.database.transact(lambda uow: uow.timers.claim(asked))
    turns = asyncio.Semaphore(AT_ONCE)

    async def one_by_one(one: ClaimedTimer) -> None:
        async with turns:
            await _start(context, handlers, one, now)

    await asyncio.gather(*(one_by_one(one) for one in claimed))
    return len(claimed)


async def _start(
    context: WorkContext, handlers: Mapping[str, TimerHandler], one: ClaimedTimer, now: str
) -> None:
    database = context.platform.database
    try:
        await handlers[one.timer.kind](context, one.timer.subject, one.timer.due_at)
    except Exception as error:  # noqa: BLE001 - the last fence: the other timers go on
        code = error.code if isinstance(error, AppError) else type(error).__name__
        LOG.warning("timer.failed", timer=one.timer.kind, code=code, attempts=one.attempts)
        next_at = after(context.platform, now, one.attempts, RETRY_SECONDS)
        await database.transact(lambda uow: uow.timers.put_off(one, next_at=next_at))
        return
    await database.transact(lambda uow: uow.timers.done(one))
