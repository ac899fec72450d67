"""One room: members with their grants and connections, tracks, events. The grants are looked at here.

Sans-I/O but for the sinks and event queues that it feeds; times are milliseconds of the engine's clock,
events and sinks get those of the room's clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    EngineEvent,
    Grants,
    Kind,
    MemberId,
    Purpose,
    RoomId,
    RoomSpec,
    RoomStats,
    TrackId,
    track_id,
)
from remote_eval.media.lite.events import EventStream
from remote_eval.media.lite.hall import Dialled, owner_of
from remote_eval.media.lite.inlet import Inlet
from remote_eval.media.lite.leg import Leg, Outlet
from remote_eval.media.lite.local import LocalTrack
from remote_eval.media.lite.negotiation import Plan
from remote_eval.media.lite.peer import PeerState
from remote_eval.media.lite.plugs import Mask, RoomSink
from remote_eval.media.lite.publishing import Publisher
from remote_eval.media.lite.sdp import Section
from remote_eval.media.lite.sinks import Sinks
from remote_eval.media.lite.track import Track
from remote_eval.media.lite.viewing import Viewer
from remote_eval.media.raw_voices import RawVoices
from remote_eval.media.sink_faults import SinkFaults

# Requests for keyframes of different tracks keep this distance, or all senders' answers would come at once.
_STAGGER_MS: Final = 30.0
_MEASURE_MS: Final = 1000.0


@dataclass(slots=True)
class Present:
    """A member that may negotiate."""

    grants: Grants
    publisher: Publisher | None = None
    viewer: Viewer | None = None


class Room:
    """See the module. `lag` gives the event loop's newest lag in milliseconds."""

    def __init__(
        self, room: RoomId, spec: RoomSpec, clock: Callable[[], float], lag: Callable[[], float]
    ) -> None:
        self.id = room
        self.spec = spec
        self.members: dict[MemberId, Present] = {}
        self.tracks: dict[TrackId, Track] = {}
        self.masks: dict[TrackId, tuple[Mask, LocalTrack]] = {}
        self.sink: RoomSink | None = None
        self.raw = RawVoices(spec.record)
        self.sink_faults = SinkFaults(self.emit)
        self.sinks = Sinks(self.sink_faults)
        self.dials: list[Dialled] = []
        self.refused = 0
        self.unhandled = 0
        self._clock = clock
        self._lag = lag
        self._started = clock()
        self._streams: list[EventStream] = []
        self._keyframe_at = float("-inf")
        self._measured_at = float("-inf")

    # Time.

    def now(self, at: float) -> float:
        """The room's clock at a time of the engine's."""
        return at - self._started

    def wall(self, at: float) -> float:
        """Milliseconds since 1970 at a time of the engine's clock."""
        return self.spec.opened_at + at - self._started

    def tick(self, now: float) -> None:
        """Timers of all connections; one request for a keyframe at a time."""
        for present in list(self.members.values()):
            for side in (present.publisher, present.viewer):
                if side is not None:
                    side.peer.tick(now)
            if present.publisher is not None:
                present.publisher.tick(now)
        for dial in list(self.dials):
            dial.tick(now)
        if now - self._keyframe_at >= _STAGGER_MS:
            self._ask_keyframe(now)
        if now - self._measured_at >= _MEASURE_MS:
            self._measured_at = now
            for track in self.tracks.values():
                track.measure(now)

    def _ask_keyframe(self, now: float) -> None:
        for track in self.tracks.values():
            if track.is_up and track.keyframe.is_due(now):
                self._keyframe_at = now
                track.keyframe.sent(now)
                present = self.members.get(owner_of(track.name))
                publisher = None if present is None else present.publisher
                if publisher is None or not publisher.ask_keyframe(track):
                    any(dial.ask_keyframe(track.name) for dial in self.dials)
                return

    def want_keyframe(self, track: TrackId) -> None:
        """Somebody needs a keyframe of this track."""
        found = self.tracks.get(track)
        if found is not None and found.kind == "video":
            found.keyframe.want()

    # Members and grants.

    def present(self, member: MemberId) -> Present:
        """A member by id. Raises ``media.unknown``."""
        if member not in self.members:
            raise MediaError("media.unknown")
        return self.members[member]

    def admit(self, member: MemberId, grants: Grants) -> None:
        """Let a member in, or give it new grants. Raises ``media.full``."""
        if member in self.members:
            self.set_grants(member, grants)
        elif len(self.members) >= self.spec.max_members:
            raise MediaError("media.full")
        else:
            self.members[member] = Present(grants)

    def set_grants(self, member: MemberId, grants: Grants) -> None:
        """New grants: tracks and legs that they do not cover end now, others begin."""
        present = self.present(member)
        present.grants = grants
        if present.publisher is not None:
            self.apply_publishing(member, present.publisher, grants.cause)
        if present.viewer is not None:
            for leg in present.viewer.legs.values():
                self.turn(leg, on=leg.track.name in grants.receive, cause=grants.cause)

    def apply_publishing(self, member: MemberId, publisher: Publisher, cause: str) -> None:
        """Bring the tracks of a sending connection in line with the member's grants."""
        granted = self.present(member).grants.publish
        for inlet in publisher.inlets.values():
            if inlet.source in granted and inlet.track is None:
                self._raise(member, inlet, cause)
            elif inlet.source not in granted and inlet.track is not None:
                self.lower(inlet, cause)

    def _raise(self, member: MemberId, inlet: Inlet, cause: str) -> None:
        kind: Kind = "video" if "vp8" in inlet.choice.types else "audio"
        inlet.track = self.raise_track(track_id(member, inlet.source), kind, inlet.choice.names, cause)

    def track(self, name: TrackId, kind: Kind) -> Track:
        """A track by name, made if there was none."""
        track = self.tracks.get(name)
        if track is None:
            track = self.tracks[name] = Track(name, kind)
        return track

    def raise_track(self, name: TrackId, kind: Kind, types: Mapping[int, str], cause: str) -> Track:
        """A track begins, or begins again with its legs."""
        track = self.track(name, kind)
        track.renew()
        track.is_up = True
        track.opus_type = next((number for number, codec in types.items() if codec == "opus"), None)
        self.sinks.open_track(track, types)
        for leg in track.legs:
            leg.turn(on=leg.is_on)
        self.emit("track-up", {"track": name, "cause": cause})
        return track

    def lower(self, inlet: Inlet, cause: str) -> None:
        """The track of an inlet ends; the connection may go on."""
        track, inlet.track = inlet.track, None
        if track is not None:
            self.lower_track(track, cause)

    def lower_track(self, track: Track, cause: str) -> None:
        """A track ends; its legs wait for it."""
        track.is_up = False
        self.sinks.close_track(track, cause)
        self.emit("track-down", {"track": track.name, "cause": cause})
        self.forget_idle(track)

    def forget_idle(self, track: Track) -> None:
        """A track that is down and that nobody waits for is no longer kept, with its packets."""
        if not track.is_up and not track.legs and self.tracks.get(track.name) is track:
            del self.tracks[track.name]

    def close_side(self, member: MemberId, purpose: Purpose, cause: str) -> None:
        """Close one connection of a member with all that it carries."""
        present = self.present(member)
        if purpose == "publish" and present.publisher is not None:
            publisher, present.publisher = present.publisher, None
            for inlet in publisher.inlets.values():
                self.lower(inlet, cause)
            publisher.peer.close()
        elif purpose == "view" and present.viewer is not None:
            viewer, present.viewer = present.viewer, None
            for mid in list(viewer.legs):
                viewer.remove(mid, cause)
            viewer.peer.close()

    def turn(self, leg: Leg, *, on: bool, cause: str) -> None:
        """Turn a leg on or off, if it is not so already."""
        if leg.is_on != on:
            leg.turn(on=on)
            self.emit("leg", {"track": leg.track.name, "member": leg.member, "on": on, "cause": cause})

    def heard_viewer(self, member: MemberId, rtt_ms: float) -> None:
        """A round trip to a member's receiving side: as good for its sending one, if that has no own."""
        present = self.members.get(member)
        if present is not None and present.publisher is not None and not present.publisher.echoes_work:
            present.publisher.heard_round_trip(rtt_ms)

    def side(self, member: MemberId, purpose: Purpose) -> Publisher | Viewer | None:
        """One connection of a member."""
        present = self.present(member)
        return present.publisher if purpose == "publish" else present.viewer

    def tell_peer(self, member: MemberId, purpose: Purpose) -> Callable[[PeerState], None]:
        """What a connection's state is told to."""

        def told(state: PeerState) -> None:
            self.emit("peer", {"member": member, "purpose": purpose, "state": state})
            side = self.side(member, purpose) if member in self.members else None
            if state == "connected" and isinstance(side, Viewer):
                for leg in side.legs.values():
                    leg.wake()
            if state == "closed" and side is not None and side.peer.state == "closed":
                self.close_side(member, purpose, "left")

        return told

    # Negotiated.

    def set_inlets(
        self,
        member: MemberId,
        publisher: Publisher,
        plan: Plan,
        sections: tuple[Section, ...],
        sources: Mapping[str, str],
    ) -> None:
        """Put what was negotiated for sending in place; what is no longer offered ends."""
        inlets: dict[str, Inlet] = {}
        for mid, choice in plan.choices.items():
            known = publisher.inlets.get(mid)
            if known is not None and known.source == sources[mid] and known.choice == choice:
                inlets[mid] = known
            else:
                inlets[mid] = Inlet(mid, sources[mid], choice)
        for mid, inlet in publisher.inlets.items():
            if inlets.get(mid) is not inlet:
                self.lower(inlet, "renegotiated")
        publisher.read_sections(inlets, sections)
        self.apply_publishing(member, publisher, "published")

    def set_legs(
        self,
        viewer: Viewer,
        outlets: Mapping[str, Outlet],
        wants: Mapping[str, TrackId],
        draw_sequence: Callable[[], int],
    ) -> None:
        """Put what was negotiated for receiving in place: legs begin, switch or end."""
        for mid in [mid for mid in viewer.legs if mid not in outlets]:
            viewer.remove(mid, "renegotiated")
        granted = self.present(viewer.member).grants.receive
        for mid, outlet in outlets.items():
            leg = viewer.legs.get(mid)
            if leg is None:
                leg = viewer.legs[mid] = Leg(
                    self.tracks[wants[mid]],
                    viewer.member,
                    outlet,
                    sequence=draw_sequence(),
                    send_rtp=viewer.peer.send_rtp,
                    send_rtcp=viewer.peer.send_rtcp,
                    is_open=viewer.peer.is_open,
                )
                leg.track.legs.append(leg)
            elif mid in wants and leg.track.name != wants[mid]:
                self.turn(leg, on=False, cause="switched")
                left = leg.track
                leg.switch(self.tracks[wants[mid]])
                self.forget_idle(left)
            self.turn(leg, on=leg.track.name in granted, cause="viewed")

    # Events and figures.

    def emit(self, kind: str, data: Mapping[str, object]) -> None:
        """Tell all readers."""
        event = EngineEvent(kind=kind, at=self.now(self._clock()), data=data)
        for stream in self._streams:
            stream.put(event)
        self._streams = [stream for stream in self._streams if not stream.is_ended]

    def stream(self) -> EventStream:
        """A new reader."""
        stream = EventStream()
        self._streams.append(stream)
        return stream

    def end_streams(self) -> None:
        """No more events."""
        for stream in self._streams:
            stream.end()
        self._streams = []

    def stats(self, unhandled: int, refused: int) -> RoomStats:
        """A look at the room; the port's own counters come from outside."""
        now = self._clock()
        sink = self.sink
        tracks = [
            track.stats(now, None if sink is None else sink.recorded_ms(track.name))
            for track in self.tracks.values()
            if track.is_up
        ]
        viewers = [present.viewer for present in self.members.values() if present.viewer is not None]
        legs = [leg for viewer in viewers for leg in viewer.legs.values()]
        legs += [leg for dial in self.dials for leg in dial.legs]
        return RoomStats(
            clock_ms=self.now(now),
            tracks=tuple(tracks),
            legs=tuple(leg.stats() for leg in legs if leg.is_on),
            loop_lag_ms=self._lag(),
            unhandled=self.unhandled + self.sink_faults.count + unhandled,
            refused_packets=self.refused + refused,
        )
