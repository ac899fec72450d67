"""Recorders and maskers that fail, told as alarms of the room: media go on, but nobody may think all is well.

An engine hands each call of a sink that raised to `failed`, and each packet that a sink took to `well`. The
alarm stands until so many packets in a row were taken, or the track ends; a track that could not be opened
has it until it is opened anew. `count` is what was not handled in the room's figures.
"""

import logging
import math
from collections.abc import Callable, Mapping
from typing import Final

from remote_eval.media.engine import TrackId

_log: Final = logging.getLogger(__name__)
RECORDER: Final = "recorder"
VOICE: Final = "voice"
# Two seconds of a voice.
CALM_PACKETS: Final = 100


class SinkFaults:
    """Those of one room; `emit` takes the kind of an event and its data."""

    def __init__(self, emit: Callable[[str, Mapping[str, object]], None]) -> None:
        self.count = 0
        self._emit = emit
        # Packets that are still to be taken, by alarm and track; infinite: until the track is opened anew.
        self._left: dict[tuple[str, TrackId], float] = {}

    def failed(self, code: str, track: TrackId, *, is_opening: bool = False) -> None:
        """A sink raised; to be called while the exception is handled. Told and written down once a row."""
        self.count += 1
        left = self._left.get((code, track))
        self._left[code, track] = max(left or 0.0, math.inf if is_opening else CALM_PACKETS)
        if left is None:
            _log.exception("a sink failed")
            self._emit("alarm", {"code": code, "track": track, "value": "failed"})

    def well(self, code: str, track: TrackId) -> None:
        """A sink took a packet."""
        if not self._left or (left := self._left.get((code, track))) is None:
            return
        self._left[code, track] = left - 1
        if left <= 1:
            self.over(code, track)

    def over(self, code: str, track: TrackId) -> None:
        """A track ended, or was opened without a fault."""
        if self._left.pop((code, track), None) is not None:
            self._emit("clear", {"code": code, "track": track})
