"""How many of their packets sites lose, from what the media engine counts of each published track.

Counters are totals since a track began: a share is of what came and what is missing between two looks, over
the last ten seconds. Silence is no loss: a track of which nothing comes begins anew, and how long a site is
silent is judged elsewhere (`remote_eval.outage`).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from app.usecases.room.recorded import FRESH_MS
from remote_eval.media.engine import TrackId, TrackStats

WINDOW_MS: Final = 10_000
# Of fewer packets than these a share tells nothing: four seconds of a voice.
MIN_PACKETS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    at_ms: int
    packets: int
    lost: int


@dataclass(slots=True, kw_only=True)
class Losses:
    """The looks of the last `window_ms` at each track."""

    window_ms: int = WINDOW_MS
    _looks: dict[TrackId, deque[_Look]] = field(default_factory=dict)

    def note(self, tracks: Iterable[TrackStats], *, now_ms: int) -> None:
        """A look at all tracks there are; others are forgotten."""
        heard = {one.track: one for one in tracks if one.age_ms < FRESH_MS}
        self._looks = {track: self._after(one, now_ms) for track, one in heard.items()}

    def _after(self, stats: TrackStats, now_ms: int) -> deque[_Look]:
        looks = self._looks.get(stats.track, deque())
        if looks and stats.packets < looks[-1].packets:
            # It was published anew.
            looks = deque()
        while len(looks) > 1 and looks[1].at_ms <= now_ms - self.window_ms:
            looks.popleft()
        looks.append(_Look(at_ms=now_ms, packets=stats.packets, lost=stats.lost))
        return looks

    def permille(self, tracks: Iterable[TrackId]) -> int | None:
        """The share lost of the worst of these tracks, in thousandths; None while none tells one."""
        shares = [share for one in tracks if (share := self._share(one)) is not None]
        return max(shares, default=None)

    def _share(self, track: TrackId) -> int | None:
        looks = self._looks.get(track)
        if not looks:
            return None
        # What came late after all is lost no longer.
        lost = max(0, looks[-1].lost - looks[0].lost)
        all_of_them = lost + looks[-1].packets - looks[0].packets
        return None if all_of_them < MIN_PACKETS else lost * 1_000 // all_of_them
