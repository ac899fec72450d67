"""Which jobs of rooms a timer starts."""

from collections.abc import Mapping
from typing import Final

from app.usecases.delivery.work import TimerHandler
from app.usecases.room import deleting, fixity

TIMERS: Final[Mapping[str, TimerHandler]] = {
    fixity.CHECK_TIMER: fixity.check,
    deleting.DELETION_TIMER: deleting.delete,
}
