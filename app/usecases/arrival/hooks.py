"""What the worker calls for arrivals: jobs by timer kind. Wired in `app.worker`."""

from collections.abc import Mapping
from typing import Final

from app.usecases.arrival import device_events
from app.usecases.delivery.work import TimerHandler, WorkContext


async def device_silence(context: WorkContext, subject: str, _due_at: str) -> None:
    """A device was not heard of in time: mark it as lost, unless it was heard of since."""
    platform = context.platform
    await platform.database.transact(lambda uow: device_events.lost(uow, platform, subject))


TIMERS: Final[Mapping[str, TimerHandler]] = {device_events.SILENCE_TIMER: device_silence}
