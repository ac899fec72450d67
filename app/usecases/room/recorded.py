"""How far behind the recording of each track is, as a room's figures tell it (docs/spec/recording.md §8).

A track that runs and of which nothing is on the disk yet is behind since it was first seen to run: one that
is never recorded is later with each look. What was on the disk counts while another recorder takes over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from remote_eval.media.engine import RoomStats, TrackId

# A track is seen or heard while packets of it are newer than this, in milliseconds.
FRESH_MS: Final = 2_500.0


@dataclass(slots=True)
class Recorded:
    """See the module; one for each room. Times are milliseconds of the room's clock."""

    _to: Mapping[TrackId, float] = field(default_factory=dict)

    def behind(self, stats: RoomStats) -> dict[str, float]:
        """By how many milliseconds each track that runs lags behind the room's clock."""
        now, before = stats.clock_ms, self._to
        self._to = {
            # Never later than now: a new run of the engine begins its clock anew.
            one.track: min(now, before.get(one.track, now)) if one.recorded_ms is None else one.recorded_ms
            for one in stats.tracks
            if one.age_ms < FRESH_MS
        }
        return {track: max(0.0, now - to) for track, to in self._to.items()}
