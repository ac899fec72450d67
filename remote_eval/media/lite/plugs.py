"""What plugs into a room of the embedded engine: sinks (recorder) and masks (voice changer).

Both hear every published packet of their tracks by `PacketSink`. Both may work on threads of their own: what
they are given to call may be called from any thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from remote_eval.media.engine import AskKeyframe, MaskProfile, PacketSink, RoomId, RoomSpec, TrackId

# Emits an event of the room: its kind and data; the room puts the time to it.
Emit = Callable[[str, Mapping[str, object]], None]

# What a masked voice is sent as.
MASK_TYPES: Final[Mapping[int, str]] = {111: "opus"}


class RoomSink(PacketSink, Protocol):
    """A sink that lives as long as its room."""

    def seal(self, track: TrackId, klass: str) -> None:
        """What arrives of this track from now on is of class `klass`, be it open or not; before the first
        call it is ``room``. Raises RecordingError ``recording.class`` where the plan has no key for it."""

    def recorded_ms(self, track: TrackId) -> float | None:
        """Room time up to which the track is safe on disk, or None."""

    async def aclose(self) -> None:
        """Finish; all is on disk when this returns."""


class Mask(PacketSink, Protocol):
    """A running mask: hears its voices by PacketSink and sends what came of them."""

    def set_voices(self, voices: frozenset[TrackId]) -> None:
        """Hear these voices and no other from now on; none: silence."""

    async def aclose(self) -> None:
        """Stop; nothing is sent after this returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskOrder:
    """What a mask is made of: `clock` is the room's, `send` takes plain RTP packets of
    MASK_TYPES, `chance` gives random bytes."""

    track: TrackId
    voices: frozenset[TrackId]
    profile: MaskProfile
    clock: Callable[[], float]
    send: Callable[[bytes], None]
    emit: Emit
    chance: Callable[[int], bytes]


MakeSink = Callable[[RoomId, RoomSpec, AskKeyframe, Emit], RoomSink | None]
MakeMask = Callable[[MaskOrder], Mask]
