"""Recorder and maskers beside one room: each hears what it may, and one that fails takes nobody with it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remote_eval.media.engine import KIND_OF, PacketSink, TrackId

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Listener:
    sink: PacketSink
    tracks: frozenset[TrackId] | None
    opened: set[TrackId] = field(default_factory=set)


class Listeners:
    """Hands packets on; `unhandled` counts what a listener raised."""

    def __init__(self) -> None:
        self._listeners: list[_Listener] = []
        self._types: dict[TrackId, Mapping[int, str]] = {}
        self.unhandled = 0

    def add(self, sink: PacketSink, tracks: frozenset[TrackId] | None) -> None:
        """Let a sink hear these tracks (None: all) from now on."""
        listener = _Listener(sink, tracks)
        self._listeners.append(listener)
        for track, types in self._types.items():
            self._open(listener, track, types)

    def remove(self, sink: PacketSink) -> None:
        """Close what a sink hears."""
        for listener in [one for one in self._listeners if one.sink is sink]:
            self._listeners.remove(listener)
            for track in listener.opened:
                self._guard(lambda one=listener, track=track: one.sink.close_track(track, "closed"))  # type: ignore[misc]

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
                self._guard(lambda one=listener: one.sink.close_track(track, cause))  # type: ignore[misc]

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """One packet of an open track."""
        for listener in self._listeners:
            if track in listener.opened:
                try:
                    listener.sink.packet(track, data, arrived)
                except Exception:  # noqa: BLE001 - a listener must not end the room's media
                    self._blame()

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        """The newest round trip to a track's sender."""
        for listener in self._listeners:
            if track in listener.opened:
                self._guard(lambda one=listener: one.sink.round_trip(track, rtt_ms))  # type: ignore[misc]

    def _open(self, listener: _Listener, track: TrackId, types: Mapping[int, str]) -> None:
        if listener.tracks is not None and track not in listener.tracks:
            return
        if track in listener.opened:
            self._guard(lambda: listener.sink.close_track(track, "renewed"))
        listener.opened.add(track)
        kind = KIND_OF[track.rpartition("/")[2]]
        self._guard(lambda: listener.sink.open_track(track, kind, types))

    def _guard(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - a listener must not end the room's media
            self._blame()

    def _blame(self) -> None:
        self.unhandled += 1
        _log.exception("a listener failed")
