"""Hands published packets to the sinks of a room: recorder and masks. A failing one takes nobody with it, and
the room is told (`sink_faults`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remote_eval.media.engine import PacketSink, TrackId
from remote_eval.media.lite.track import Track
from remote_eval.media.sink_faults import SinkFaults


@dataclass(slots=True)
class Listening:
    """A sink and the tracks that it may hear, None for all; `opened` are those that it hears, `code` is the
    alarm of its faults.
    """

    sink: PacketSink
    code: str
    tracks: frozenset[TrackId] | None
    opened: set[TrackId] = field(default_factory=set)


class Sinks:
    """See the module. Times are those of the room's clock."""

    def __init__(self, faults: SinkFaults) -> None:
        self._faults = faults
        self._listening: list[Listening] = []
        self._up: dict[TrackId, tuple[Track, Mapping[int, str]]] = {}

    def listen(self, sink: PacketSink, tracks: frozenset[TrackId] | None, code: str) -> None:
        """Let a sink hear these tracks from now on; `code` is the alarm that its faults raise."""
        listening = Listening(sink, code, tracks)
        self._listening.append(listening)
        self._open_all(listening)

    def relisten(self, sink: PacketSink, tracks: frozenset[TrackId]) -> None:
        """Let a sink hear these tracks instead; those that it heard before go on without a break."""
        for listening in self._listening:
            if listening.sink is sink:
                listening.tracks = tracks
                for name in listening.opened - tracks:
                    self._close(listening, name, "withdrawn")
                self._open_all(listening)

    def unlisten(self, sink: PacketSink) -> None:
        """Close what a sink hears."""
        for listening in [one for one in self._listening if one.sink is sink]:
            self._listening.remove(listening)
            for name in set(listening.opened):
                self._close(listening, name, "closed")

    def _open_all(self, listening: Listening) -> None:
        for track, types in self._up.values():
            if track.name not in listening.opened:
                self._open(listening, track, types)

    def _open(self, listening: Listening, track: Track, types: Mapping[int, str]) -> None:
        if listening.tracks is not None and track.name not in listening.tracks:
            return
        if track.name in listening.opened:
            self._close(listening, track.name, "renewed")
        listening.opened.add(track.name)
        try:
            listening.sink.open_track(track.name, track.kind, types)
        except Exception:  # noqa: BLE001 - told and counted; media goes on
            self._faults.failed(listening.code, track.name, is_opening=True)
        else:
            self._faults.over(listening.code, track.name)

    def _close(self, listening: Listening, name: TrackId, cause: str) -> None:
        listening.opened.discard(name)
        self._call(listening, listening.sink.close_track, name, cause)
        self._faults.over(listening.code, name)

    def open_track(self, track: Track, types: Mapping[int, str]) -> None:
        """A track begins, or begins anew."""
        self._up[track.name] = (track, types)
        for listening in self._listening:
            self._open(listening, track, types)

    def close_track(self, track: Track, cause: str) -> None:
        """A track ends."""
        self._up.pop(track.name, None)
        for listening in self._listening:
            if track.name in listening.opened:
                self._close(listening, track.name, cause)

    def packet(self, track: Track, data: bytes, at: float) -> None:
        """A plain packet."""
        for listening in self._listening:
            if track.name in listening.opened:
                try:
                    listening.sink.packet(track.name, data, at)
                except Exception:  # noqa: BLE001 - told and counted; media goes on
                    self._faults.failed(listening.code, track.name)
                else:
                    self._faults.well(listening.code, track.name)

    def report(self, track: Track, data: bytes, at: float) -> None:
        """A sender report."""
        for listening in self._listening:
            if track.name in listening.opened:
                self._call(listening, listening.sink.report, track.name, data, at)

    def round_trip(self, track: Track, rtt_ms: float) -> None:
        """The newest round-trip time to the sender."""
        for listening in self._listening:
            if track.name in listening.opened:
                self._call(listening, listening.sink.round_trip, track.name, rtt_ms)

    def _call(self, listening: Listening, call: Callable[..., None], track: TrackId, *words: object) -> None:
        try:
            call(track, *words)
        except Exception:  # noqa: BLE001 - told and counted; media goes on
            self._faults.failed(listening.code, track)
