"""Half-hour slots: what a booking holds of a seat, as numbers that a database can keep apart.

Slot n is the half hour that begins n × 1800 seconds after 1970-01-01T00:00:00Z. Beijing time is UTC+8 the
whole year, a whole number of slots, so every half hour of a Beijing clock is exactly one slot. A booking
holds each slot that its time touches: the end is not included.
"""

from datetime import datetime, timedelta, timezone
from typing import Final

from remote_eval.errors import BookingError

SLOT_SECONDS: Final = 1_800
# A week of evaluation, nights included: far above what one committee sits.
MAX_SLOTS: Final = 7 * 48
BEIJING: Final = timezone(timedelta(hours=8))


def slots_of(since: datetime, until: datetime) -> range:
    """The slots that [since, until) touches; both are aware.

    Raises BookingError ``booking.time-order`` when nothing lies between, ``booking.too-long`` beyond
    `MAX_SLOTS`.
    """
    first, end = int(since.timestamp()) // SLOT_SECONDS, -(-_ceiling(until) // SLOT_SECONDS)
    if until <= since:
        raise BookingError("booking.time-order")
    if end - first > MAX_SLOTS:
        raise BookingError("booking.too-long", hours=MAX_SLOTS // 2)
    return range(first, end)


def _ceiling(moment: datetime) -> int:
    seconds = int(moment.timestamp())
    return seconds + (moment.microsecond > 0)
