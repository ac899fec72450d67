"""Hands published packets to the sinks of a room: recorder and masks. A failing one takes nobody with it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remote_eval.media.engine import PacketSink, TrackId
from remote_eval.media.lite.track import Track

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Listening:
    """A sink and the tracks that it may hear, None for all; `opened` are those that it hears."""

    sink: PacketSink
    tracks: frozenset[TrackId] | None
    opened: set[TrackId] = field(default_factory=set)


class Sinks:
    """See the module. Times are those of the room's clock."""

    def __init__(self) -> None:
        self.failures = 0
        self._listening: list[Listening] = []
        self._up: dict[TrackId, tuple[Track, Mapping[int, str]]] = {}

    def listen(self, sink: PacketSink, tracks: frozenset[TrackId] | None) -> None:
        """Let a sink hear these tracks from now on."""
        listening = Listening(sink, tracks)
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
        self._call(listening.sink.open_track, track.name, track.kind, types)
        listening.opened.add(track.name)

    def _close(self, listening: Listening, name: TrackId, cause: str) -> None:
        listening.opened.discard(name)
        self._call(listening.sink.close_track, name, cause)

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
                self._call(listening.sink.packet, track.name, data, at)

    def report(self, track: Track, data: bytes, at: float) -> None:
        """A sender report."""
        for listening in self._listening:
            if track.name in listening.opened:
                self._call(listening.sink.report, track.name, data, at)

    def round_trip(self, track: Track, rtt_ms: float) -> None:
        """The newest round-trip time to the sender."""
        for listening in self._listening:
            if track.name in listening.opened:
                self._call(listening.sink.round_trip, track.name, rtt_ms)

    def _call(self, call: Callable[..., None], *words: object) -> None:
        try:
            call(*words)
        except Exception:  # noqa: BLE001 - logged and counted; media goes on
            self.failures += 1
            _log.exception("a sink failed")
