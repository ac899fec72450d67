"""What a room hears of its sites' desks: how far their clocks are off, and detectors that gave an alarm.

A gate, a detector or a locker signs its own time, and the desk keeps how far that is from the platform's
(`app.usecases.arrival.device_events`, SH 6.4.2). The device that is farthest off speaks for its site; one
that is lost or was never heard says nothing. An alarm of a detector stands until it is closed at the desk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.store.repositories.devices import Device
from app.usecases.arrival.gates import DETECTOR_ALARM
from app.usecases.room.live import LiveRoom

# Milliseconds, 31 days: a clock that is off by more is simply wrong, and no event says more.
FARTHEST_MS: Final = 31 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskNews:
    """By how many milliseconds the clock of each site is ahead, without those of which nobody knows; sites
    where a detector's alarm is open.
    """

    clocks: Mapping[str, int] = field(default_factory=dict)
    detectors: frozenset[str] = frozenset()


async def desk_news(live: LiveRoom) -> DeskNews:
    """What the desks of a room's sites know now."""
    sites = list(live.state.sites)
    async with live.platform.database.read() as uow:
        devices = {site: await uow.devices.of_site(site) for site in sites}
        alarmed = await uow.gates.sites_with(DETECTOR_ALARM, sites)
    offsets = {site: _offset(found) for site, found in devices.items()}
    clocks = {site: offset for site, offset in offsets.items() if offset is not None}
    return DeskNews(clocks=clocks, detectors=alarmed)


def _offset(devices: Sequence[Device]) -> int | None:
    known = [one.clock_offset for one in devices if one.clock_offset is not None and one.lost_at is None]
    if not known:
        return None
    return max(-FARTHEST_MS, min(FARTHEST_MS, 1_000 * max(known, key=abs)))
