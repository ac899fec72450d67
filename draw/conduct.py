"""What a discipline scale gives for an act: late, gone before or after the cut-off, not there (R37).

A scale is the rule pack's parameter ``conduct``. No national law has one: bases carry none, an overlay may
bring that of a place. Without a scale an act is put on record without points. Whether points have any
consequence is decided elsewhere.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from draw import invitation
from draw.entry_bodies import to_seconds

ACTS: Final = ("late", "leave_late", "leave_early", "no_show")
# The act that an invitation's new state is; other states are none.
ACT_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        invitation.LATE: "late",
        invitation.LEAVE_LATE: "leave_late",
        invitation.LEAVE_EARLY: "leave_early",
        invitation.NO_SHOW: "no_show",
    }
)
_MINUTE: Final = 60  # seconds


def minutes_over(*, at: str, since: str, grace: int = 0) -> int:
    """Begun minutes from `since` less `grace` minutes up to `at`; 0 up to that moment."""
    begun = to_seconds(at) - to_seconds(since) + grace * _MINUTE
    return max(0, -(-begun // _MINUTE))


def points_of(scale: Sequence[Mapping[str, Any]], *, act: str, minutes: int) -> int | None:
    """The points deducted for an act, None where the scale is silent on it.

    Of the rules of the act the one with the highest ``over_minutes`` below `minutes` counts; 0 is always
    below. An act that the scale names and that reaches none of its rules costs nothing.
    """
    rules = [rule for rule in scale if rule["act"] == act]
    if not rules:
        return None
    reached = [rule for rule in rules if rule["over_minutes"] == 0 or minutes > rule["over_minutes"]]
    return max(((int(rule["over_minutes"]), int(rule["points"])) for rule in reached), default=(0, 0))[1]
