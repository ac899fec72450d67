"""The one written form of time: UTC in whole seconds, `YYYY-MM-DDTHH:MM:SSZ` (draw-proof §1).

Reads no clock.
"""

from datetime import UTC, datetime
from typing import Final

_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


def to_text(moment: datetime) -> str:
    """The written form of an aware moment; fractions of a second are cut off."""
    return moment.astimezone(UTC).strftime(_FORM)


def from_text(text: str) -> datetime:
    """The moment of a written form. Raises ValueError for anything else."""
    moment = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    if to_text(moment) != text:
        raise ValueError("not in the written form of time")
    return moment
