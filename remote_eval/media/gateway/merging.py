"""One story and one set of figures out of several engines' (see `cascade`).

Each engine has a clock of its own for the room; events are told in the hub's. A track is told by the engine
of its owner's place, a leg by that of its viewer's; what links between places raise is told by nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from remote_eval.media.engine import EngineEvent, MemberId, RoomStats, TrackId, TrackStats
from remote_eval.media.lite.events import EventStream

# A site's name, or None for the hub itself.
Where = str | None
HomeOf = Callable[[MemberId], Where]
# Of these a viewer's or sender's own engine speaks.
_OF_MEMBER: Final = frozenset({"peer", "leg", "speaking"})


def owner(track: TrackId) -> MemberId:
    """Whose track it is."""
    return MemberId(track.rpartition("/")[0])


@dataclass(slots=True)
class Story:
    """The events of one room: `offsets` are what is added to an engine's times, by place."""

    known: Callable[[MemberId], bool]
    home: HomeOf
    offsets: dict[Where, float] = field(default_factory=dict)
    up: set[TrackId] = field(default_factory=set)
    _streams: list[EventStream] = field(default_factory=list)
    _last: float = 0.0

    def stream(self) -> EventStream:
        """A new reader."""
        stream = EventStream()
        self._streams.append(stream)
        return stream

    def end(self) -> None:
        """No more events."""
        for stream in self._streams:
            stream.end()
        self._streams = []

    def hear(self, where: Where, event: EngineEvent) -> None:
        """An event of the engine at a place."""
        at = event.at + self.offsets.get(where, 0.0)
        track, member = event.data.get("track"), event.data.get("member")
        if event.kind in ("track-up", "track-down"):
            name = TrackId(str(track))
            if self.home(owner(name)) == where:
                self.turn(name, on=event.kind == "track-up", cause=event.data.get("cause"), at=at)
        elif event.kind in _OF_MEMBER:
            one = MemberId(str(member))
            if self.known(one) and self.home(one) == where:
                self.tell(event.kind, event.data, at)
        elif where is None:
            self.tell(event.kind, event.data, at)
        # The hub records everything, so what it tells of recordings is what counts; a site tells of itself.
        elif event.kind in ("alarm", "clear") and track is None:
            self.tell(event.kind, {**event.data, "site": where}, at)

    def turn(self, track: TrackId, *, on: bool, cause: object, at: float = 0.0) -> None:
        """A track begins or ends; told once."""
        if (track in self.up) == on:
            return
        (self.up.add if on else self.up.discard)(track)
        self.tell("track-up" if on else "track-down", {"track": track, "cause": cause}, at)

    def tell(self, kind: str, data: Mapping[str, object], at: float = 0.0) -> None:
        """Tell all readers; time does not step back."""
        self._last = max(self._last, at)
        event = EngineEvent(kind=kind, at=self._last, data=data)
        for stream in self._streams:
            stream.put(event)
        self._streams = [stream for stream in self._streams if not stream.is_ended]


def merged(
    hub: RoomStats, sites: Mapping[str, RoomStats], home: HomeOf, known: Callable[[MemberId], bool]
) -> RoomStats:
    """The figures of a room: a site's track as the hub has it, where it has it."""
    at_hub = {one.track: one for one in hub.tracks}
    tracks = [one for one in hub.tracks if home(owner(one.track)) is None]
    for site, stats in sites.items():
        own = [one for one in stats.tracks if home(owner(one.track)) == site]
        tracks += [_seen(one, at_hub.get(one.track)) for one in own]
    legs = [one for one in hub.legs if known(one.member) and home(one.member) is None]
    for site, stats in sites.items():
        legs += [one for one in stats.legs if known(one.member) and home(one.member) == site]
    every = [hub, *sites.values()]
    return RoomStats(
        clock_ms=hub.clock_ms,
        tracks=tuple(tracks),
        legs=tuple(legs),
        loop_lag_ms=max(one.loop_lag_ms for one in every),
        unhandled=sum(one.unhandled for one in every),
        refused_packets=sum(one.refused_packets for one in every),
    )


def _seen(local: TrackStats, at_hub: TrackStats | None) -> TrackStats:
    """A track of a site; how it is recorded is the hub's affair."""
    if at_hub is None:
        return replace(local, recorded_ms=None)
    known = [one for one in (local.rtt_ms, at_hub.rtt_ms) if one is not None]
    return replace(at_hub, rtt_ms=sum(known) if known else None)
