"""The worker: which job a timer or a report starts, and the loops that start them.

HANDLERS and LONG_HANDLERS (timer kind → job) and REPORT_HANDLERS (report kind → jobs) are the whole wiring;
jobs are called at least once and are idempotent. Any number of workers may run beside one another, in the
server's process or in one of their own: what one of them holds, it holds by a lease. Jobs that read or delete
whole recordings run in a loop of their own, one at a time: no deadline and no message waits for a disk.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import time
from typing import Final

import structlog

from app.gateways.messages import Gateway
from app.times import from_text
from app.usecases.arrival import hooks as arrival
from app.usecases.delivery import outbox, reports, templates, timers
from app.usecases.delivery.outbox import NEVER_QUIET, QuietHours
from app.usecases.delivery.work import ReportHandler, TimerHandler, WorkContext
from app.usecases.invitations import hooks
from app.usecases.room import hooks as rooms

LOG: Final = structlog.get_logger("qiantong.worker")
HANDLERS: Final[Mapping[str, TimerHandler]] = {**hooks.TIMERS, **arrival.TIMERS}
LONG_HANDLERS: Final = rooms.LONG_TIMERS
REPORT_HANDLERS: Final[Mapping[str, tuple[ReportHandler, ...]]] = {**hooks.REPORTS}
# Passes in a row without a pause while there is work.
PASSES: Final = 50
# What waits longer than this is worth a line in the log.
LAG_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far the work is behind, in seconds, and how much of it there is. Names nothing. Long jobs do not
    count: they wait for one another."""

    outbox: int
    timers: int
    reports: int
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What a worker works with; the tables are the installation's unless a test brings its own."""

    gateways: Mapping[str, Gateway]
    handlers: Mapping[str, TimerHandler]
    report_handlers: Mapping[str, tuple[ReportHandler, ...]]
    long_handlers: Mapping[str, TimerHandler] = field(default_factory=dict)
    quiet: QuietHours = NEVER_QUIET
    seconds: float = 2.0


class Worker:
    """The loops over timers, outbox and reports of one installation."""

    def __init__(self, context: WorkContext, wiring: Wiring) -> None:
        """Raises AppError ``template.refused`` when a text breaks the rules: then nothing is sent at all."""
        templates.lint()
        self._context = context
        self._wiring = wiring
        self._bells = (asyncio.Event(), asyncio.Event())
        self._long: asyncio.Task[None] | None = None
        self._stopped = False
        self._told = ""

    def wake(self) -> None:
        """Look at once instead of at the next turn."""
        for bell in self._bells:
            bell.set()

    def stop(self) -> None:
        """End after the pass under way; a long job is cut off and begins anew elsewhere or later."""
        self._stopped = True
        if self._long is not None:
            self._long.cancel()
        self.wake()

    async def run(self) -> None:
        """Work until stopped. Nothing that a pass does ends a loop."""
        if self._stopped:
            return
        usual, long = self._bells
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._loop(usual, self._usual))
            self._long = loops.create_task(self._loop(long, self._work_long))

    async def run_once(self) -> int:
        """One pass over everything, long jobs too; how many pieces of work there were."""
        return await self._pass() + await self._pass_long()

    async def lag(self) -> Lag:
        """How far the work is behind now."""
        platform = self._context.platform
        now = platform.now()
        async with platform.database.read() as uow:
            resting = self._wiring.quiet.channels(from_text(now))
            states, message = await uow.outbox.figures(now, quiet=resting)
            timer = await uow.timers.oldest_due(now, besides=self._wiring.long_handlers)
            report = await uow.reports.oldest_waiting(now)
        return Lag(
            outbox=_behind(message, now),
            timers=_behind(timer, now),
            reports=_behind(report, now),
            states=states,
        )

    async def _loop(self, bell: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
        while not self._stopped:
            bell.clear()
            await work()
            if not self._stopped:
                await self._rest(bell)

    async def _usual(self) -> None:
        await self._work_off(self._pass)
        await self._tell_lag()

    async def _work_long(self) -> None:
        await self._work_off(self._pass_long)

    async def _work_off(self, one_pass: Callable[[], Awaitable[int]]) -> None:
        for _pass in range(PASSES):
            if self._stopped or not await one_pass():
                return

    async def _pass(self) -> int:
        now = self._context.platform.now()
        context, wiring = self._context, self._wiring
        done = await self._fenced("timers", lambda: timers.run_due(context, wiring.handlers, now))
        done += await self._fenced("outbox", lambda: self._send(now))
        return done + await self._fenced(
            "reports", lambda: reports.hand_on(context, wiring.report_handlers, now)
        )

    async def _pass_long(self) -> int:
        context, now = self._context, self._context.platform.now()
        if not self._wiring.long_handlers:
            return 0
        return await self._fenced("long", lambda: timers.run_long(context, self._wiring.long_handlers, now))

    async def _send(self, now: str) -> int:
        sent = await outbox.run_due(
            self._context.platform, self._wiring.gateways, now, quiet=self._wiring.quiet
        )
        return sent.total()

    async def _fenced(self, part: str, work: Callable[[], Awaitable[int]]) -> int:
        try:
            return await work()
        except Exception as error:  # noqa: BLE001 - the last fence: the other parts go on
            LOG.warning("worker.failed", part=part, code=type(error).__name__)
            return 0

    async def _tell_lag(self) -> None:
        async def work() -> int:
            lag, now = await self.lag(), self._context.platform.now()
            late = max(lag.outbox, lag.timers, lag.reports) >= LAG_SECONDS
            if late and not 0 <= _behind(self._told or None, now) < LAG_SECONDS * bool(self._told):
                LOG.warning("worker.lag", **asdict(lag))
                self._told = now
            return 0

        await self._fenced("lag", work)

    async def _rest(self, bell: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._wiring.seconds):
                await bell.wait()
        except TimeoutError:
            return


def quiet_hours(text: str) -> QuietHours:
    """``HH:MM-HH:MM``, Beijing time."""
    since, _, until = text.partition("-")
    return QuietHours(since=time.fromisoformat(since), until=time.fromisoformat(until))


def _behind(since: str | None, now: str) -> int:
    return 0 if since is None else int((from_text(now) - from_text(since)).total_seconds())
