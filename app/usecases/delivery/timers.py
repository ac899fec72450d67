"""Starting the jobs of due timers: one pass, no waiting inside.

A timer goes when its job returned and nobody set it again meanwhile; a job that raises is started again later
and stops no other. Jobs that take as long as a disk needs are started apart (`run_long`): no deadline waits
for them.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog

from app.errors import AppError
from app.store.repositories.leases import Claim
from app.store.repositories.timers import ClaimedTimer
from app.usecases.delivery.outbox import RETRY_SECONDS, TOKEN_BYTES, after
from app.usecases.delivery.work import TimerHandler, WorkContext
from app.usecases.platform import Platform

LOG: Final = structlog.get_logger("qiantong.timers")
BATCH: Final = 32
AT_ONCE: Final = 4
# How often a long job's lease is made longer: two of them may come late or fail.
KEEP_SECONDS: Final = 30.0


async def run_due(
    context: WorkContext, handlers: Mapping[str, TimerHandler], now: str, *, limit: int = BATCH
) -> int:
    """Start the jobs of at most `limit` due timers; how many timers were due."""
    claimed = await _claimed(context.platform, handlers, now, limit=limit)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one_by_one(one: ClaimedTimer) -> None:
        async with turns:
            await _start(context, handlers, one)

    await asyncio.gather(*(one_by_one(one) for one in claimed))
    return len(claimed)


async def run_long(context: WorkContext, handlers: Mapping[str, TimerHandler], now: str) -> int:
    """Start the job of the timer that is due longest, and hold the timer until it is done, however long
    that takes; how many there were. A job that is cut off begins anew when its lease is over."""
    claimed = await _claimed(context.platform, handlers, now, limit=1)
    for one in claimed:
        async with _kept(context.platform, one):
            await _start(context, handlers, one)
    return len(claimed)


async def _claimed(
    platform: Platform, handlers: Mapping[str, TimerHandler], now: str, *, limit: int
) -> Sequence[ClaimedTimer]:
    asked = Claim(token=platform.random(TOKEN_BYTES).hex(), now=now, limit=limit)
    return await platform.database.transact(lambda uow: uow.timers.claim(asked, handlers))


@asynccontextmanager
async def _kept(platform: Platform, one: ClaimedTimer) -> AsyncIterator[None]:
    keeping = asyncio.create_task(_keep(platform, one))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep(platform: Platform, one: ClaimedTimer) -> None:
    while True:
        await asyncio.sleep(KEEP_SECONDS)
        try:
            await platform.database.transact(lambda uow: uow.timers.keep(one, now=platform.now()))
        except Exception as error:  # noqa: BLE001 - the next one may succeed
            LOG.warning("timer.not-kept", timer=one.timer.kind, code=type(error).__name__)


async def _start(context: WorkContext, handlers: Mapping[str, TimerHandler], one: ClaimedTimer) -> None:
    database = context.platform.database
    try:
        await handlers[one.timer.kind](context, one.timer.subject, one.timer.due_at)
    except Exception as error:  # noqa: BLE001 - the last fence: the other timers go on
        code = error.code if isinstance(error, AppError) else type(error).__name__
        LOG.warning("timer.failed", timer=one.timer.kind, code=code, attempts=one.attempts)
        next_at = after(context.platform, context.platform.now(), one.attempts, RETRY_SECONDS)
        await database.transact(lambda uow: uow.timers.put_off(one, next_at=next_at))
        return
    await database.transact(lambda uow: uow.timers.done(one))
