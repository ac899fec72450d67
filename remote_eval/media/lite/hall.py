"""What connections, local tracks and links need of their room; `room.Room` is one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from remote_eval.media.engine import Kind, MemberId, RoomSpec, TrackId
from remote_eval.media.lite.inlet import Inlet
from remote_eval.media.lite.leg import Leg
from remote_eval.media.lite.sinks import Sinks
from remote_eval.media.lite.track import Track


def owner_of(track: TrackId) -> MemberId:
    """The member that a track is of."""
    return MemberId(track.rpartition("/")[0])


class Dialled(Protocol):
    """A link to another engine (see `dialing`)."""

    @property
    def legs(self) -> Sequence[Leg]:
        """Legs that go up."""

    def tick(self, now: float) -> None:
        """Timers."""

    def ask_keyframe(self, name: TrackId) -> bool:
        """Ask the other engine for a keyframe; False when the track does not come from there."""

    def close(self, cause: str = "closed") -> None:
        """Hang up."""


class Hall(Protocol):
    """See the module."""

    spec: RoomSpec
    tracks: dict[TrackId, Track]
    sinks: Sinks
    dials: list[Dialled]
    refused: int

    def now(self, at: float) -> float:
        """The room's clock at a time of the engine's."""

    def wall(self, at: float) -> float:
        """Milliseconds since 1970 at a time of the engine's clock."""

    def emit(self, kind: str, data: Mapping[str, object]) -> None:
        """Tell all readers of events."""

    def track(self, name: TrackId, kind: Kind) -> Track:
        """A track by name, made if there was none."""

    def raise_track(self, name: TrackId, kind: Kind, types: Mapping[int, str], cause: str) -> Track:
        """A track begins, or begins again with its legs."""

    def lower_track(self, track: Track, cause: str) -> None:
        """A track ends; its legs wait for it."""

    def forget_idle(self, track: Track) -> None:
        """A track that is down and that nobody waits for is no longer kept, with its packets."""

    def lower(self, inlet: Inlet, cause: str) -> None:
        """The track of an inlet ends; the connection may go on."""

    def turn(self, leg: Leg, *, on: bool, cause: str) -> None:
        """Turn a leg on or off, if it is not so already."""

    def heard_viewer(self, member: MemberId, rtt_ms: float) -> None:
        """A round trip to a member's receiving side."""
