"""Which voices are raw now: those that any masked track of a room is made of (docs/spec/recording.md §4).

Both engines tell their recorder by it. A voice is widened to before a masker may hear it and narrowed from
after it does no more, so that nothing a bidder heard changed is recorded under the room's own key.
"""

from typing import Protocol

from remote_eval.errors import MediaError
from remote_eval.media.engine import KIND_OF, RAW_CLASS, ROOM_CLASS, RecordPlan, TrackId


class Sealing(Protocol):
    """What is told of a track's class: a room's recorder."""

    def seal(self, track: TrackId, klass: str) -> None:
        """See `RoomSink`."""


class RawVoices:
    """Those of one room; `sink` is its recorder, if it has one."""

    def __init__(self, plan: RecordPlan | None) -> None:
        self.sink: Sealing | None = None
        self._has_key = plan is None or RAW_CLASS in plan.keys
        self._voices: dict[TrackId, frozenset[TrackId]] = {}

    def require_key(self) -> None:
        """Raises MediaError ``media.no-raw-key`` where nobody could open what a masked voice is made of."""
        if not self._has_key:
            raise MediaError("media.no-raw-key")

    def widen(self, mask: TrackId, voices: frozenset[TrackId]) -> None:
        """These voices too are about to be heard by a mask. Raises ``media.no-raw-key``."""
        self.require_key()
        self._put(mask, self._voices.get(mask, frozenset()) | voices)

    def narrow(self, mask: TrackId, voices: frozenset[TrackId] = frozenset()) -> None:
        """A mask hears these voices and no other any more; none when it ended."""
        self._put(mask, self._voices.get(mask, frozenset()) & voices)

    def _put(self, mask: TrackId, voices: frozenset[TrackId]) -> None:
        before = self._all()
        self._voices[mask] = frozenset(one for one in voices if _is_sound(one))
        if not voices:
            del self._voices[mask]
        if self.sink is None:
            return
        for track in sorted(self._all() - before):
            self.sink.seal(track, RAW_CLASS)
        for track in sorted(before - self._all()):
            self.sink.seal(track, ROOM_CLASS)

    def _all(self) -> frozenset[TrackId]:
        return frozenset[TrackId]().union(*self._voices.values())


def _is_sound(track: TrackId) -> bool:
    """Pictures are never raw: a mask does not hear them."""
    return KIND_OF.get(track.rpartition("/")[2]) == "audio"
