"""Which jobs of rooms a timer starts: all of them take as long as a disk needs."""

from collections.abc import Mapping
from typing import Final

from app.usecases.delivery.work import TimerHandler
from app.usecases.room import deleting, fixity
from app.usecases.room.fixity import CHECK_TIMER
from app.usecases.room.preserving import DELETION_TIMER

LONG_TIMERS: Final[Mapping[str, TimerHandler]] = {
    CHECK_TIMER: fixity.check,
    DELETION_TIMER: deleting.delete,
}
