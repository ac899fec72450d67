"""What a room hears of its sites' desks: how far their clocks are off, and what their gates gave an alarm of.

A gate, a detector or a locker signs its own time, and the desk keeps how far that is from the platform's
(`app.usecases.arrival.device_events`, SH 6.4.2). The device that is farthest off speaks for its site; one
that is lost or was never heard says nothing. Alarms of a detector, of an unknown badge and of somebody who
left by a gate before release stand until they are closed at the desk (R22, R32).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from app.store.repositories.devices import Device
from app.usecases.arrival.gates import DETECTOR_ALARM
from app.usecases.room.live import LiveRoom

# Milliseconds, 31 days: a clock that is off by more is simply wrong, and no event says more.
FARTHEST_MS: Final = 31 * 86_400_000
# The room's alarm by the kind of a desk's alert.
ALARM_OF: Final[Mapping[str, str]] = MappingProxyType(
    {DETECTOR_ALARM: "detector", "unknown-badge": "stranger", "left-before-release": "gate-exit"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskNews:
    """By how many milliseconds the clock of each site is ahead, without those of which nobody knows; sites
    where an alarm is open, by its code.
    """

    clocks: Mapping[str, int] = field(default_factory=dict)
    alarms: Mapping[str, frozenset[str]] = field(default_factory=dict)


async def desk_news(live: LiveRoom) -> DeskNews:
    """What the desks of a room's sites know now."""
    sites = list(live.state.sites)
    async with live.platform.database.read() as uow:
        devices = {site: await uow.devices.of_site(site) for site in sites}
        alarms = {code: await uow.gates.sites_with(kind, sites) for kind, code in ALARM_OF.items()}
    offsets = {site: _offset(found) for site, found in devices.items()}
    clocks = {site: offset for site, offset in offsets.items() if offset is not None}
    return DeskNews(clocks=clocks, alarms=alarms)


def _offset(devices: Sequence[Device]) -> int | None:
    known = [one.clock_offset for one in devices if one.clock_offset is not None and one.lost_at is None]
    if not known:
        return None
    return max(-FARTHEST_MS, min(FARTHEST_MS, 1_000 * max(known, key=abs)))
