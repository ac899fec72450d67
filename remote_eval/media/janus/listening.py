"""Recorder and maskers beside one room: each hears what it may, and one that fails takes nobody with it
and is told (`sink_faults`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remote_eval.media.engine import KIND_OF, PacketSink, TrackId
from remote_eval.media.sink_faults import SinkFaults


@dataclass(slots=True)
class _Listener:
    sink: PacketSink
    code: str
    tracks: frozenset[TrackId] | None
    opened: set[TrackId] = field(default_factory=set)


class Listeners:
    """Hands packets on."""

    def __init__(self, faults: SinkFaults) -> None:
        self._faults = faults
        self._listeners: list[_Listener] = []
        self._types: dict[TrackId, Mapping[int, str]] = {}

    def add(self, sink: PacketSink, tracks: frozenset[TrackId] | None, code: str) -> None:
        """Let a sink hear these tracks (None: all) from now on; `code` is the alarm that its faults raise."""
        listener = _Listener(sink, code, tracks)
        self._listeners.append(listener)
        for track, types in self._types.items():
            self._open(listener, track, types)

    def remove(self, sink: PacketSink) -> None:
        """Close what a sink hears."""
        for listener in [one for one in self._listeners if one.sink is sink]:
            self._listeners.remove(listener)
            for track in listener.opened:
                self._close(listener, track, "closed")

    def open_track(self, track: TrackId, types: Mapping[int, str]) -> None:
        """A track begins, or begins anew."""
        self._types[track] = types
        for listener in self._listeners:
            self._open(listener, track, types)

    def close_track(self, track: TrackId, cause: str) -> None:
        """A track ended. Idempotent."""
        self._types.pop(track, None)
        for listener in self._listeners:
            if track in listener.opened:
                listener.opened.discard(track)
                self._close(listener, track, cause)

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """One packet of an open track."""
        for listener in self._listeners:
            if track in listener.opened:
                try:
                    listener.sink.packet(track, data, arrived)
                except Exception:  # noqa: BLE001 - a listener must not end the room's media
                    self._faults.failed(listener.code, track)
                else:
                    self._faults.well(listener.code, track)

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        """The newest round trip to a track's sender."""
        for listener in self._listeners:
            if track in listener.opened:
                self._guard(listener, listener.sink.round_trip, track, rtt_ms)

    def _open(self, listener: _Listener, track: TrackId, types: Mapping[int, str]) -> None:
        if listener.tracks is not None and track not in listener.tracks:
            return
        if track in listener.opened:
            self._close(listener, track, "renewed")
        listener.opened.add(track)
        try:
            listener.sink.open_track(track, KIND_OF[track.rpartition("/")[2]], types)
        except Exception:  # noqa: BLE001 - a listener must not end the room's media
            self._faults.failed(listener.code, track, is_opening=True)
        else:
            self._faults.over(listener.code, track)

    def _close(self, listener: _Listener, track: TrackId, cause: str) -> None:
        self._guard(listener, listener.sink.close_track, track, cause)
        self._faults.over(listener.code, track)

    def _guard(self, listener: _Listener, call: Callable[..., None], track: TrackId, *words: object) -> None:
        try:
            call(track, *words)
        except Exception:  # noqa: BLE001 - a listener must not end the room's media
            self._faults.failed(listener.code, track)
