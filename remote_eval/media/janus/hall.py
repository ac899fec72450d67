"""One room with all that belongs to it: Janus' room, recorder, masked voices; how it ends and begins anew."""

import contextlib

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    LegStats,
    MaskProfile,
    MemberId,
    RoomId,
    RoomSpec,
    RoomStats,
    TrackId,
    TrackStats,
)
from remote_eval.media.janus import figures
from remote_eval.media.janus.ground import Ground
from remote_eval.media.janus.link import Json
from remote_eval.media.janus.room import JanusRoom
from remote_eval.media.janus.threads import on_loop
from remote_eval.media.janus.voices import Voices
from remote_eval.media.lite.plugs import MASK_TYPES, MakeMask, MakeSink, RoomSink
from remote_eval.media.raw_voices import RawVoices
from remote_eval.media.sink_faults import RECORDER


class Hall(JanusRoom):
    """See the module."""

    def __init__(self, spec: RoomSpec, ground: Ground, make_mask: MakeMask | None) -> None:
        super().__init__(spec, ground)
        self.sink: RoomSink | None = None
        self.is_lost = False
        self.raw = RawVoices(spec.record)
        self.voices = Voices(ground, self.listeners, make_mask, self._hear_mask, self.raw)

    async def open(self, room: RoomId, make_sink: MakeSink | None) -> None:
        """Begin: the recorder runs before anybody can come in."""
        if make_sink is not None:
            self.sink = make_sink(room, self.spec, on_loop(self.want_keyframe), on_loop(self.emit))
        self.raw.sink = self.sink
        if self.sink is not None:
            self.listeners.add(self.sink, None, RECORDER)
        try:
            await self.build()
        except BaseException:
            await self._end_sink()
            raise
        self.emit("engine", {"state": "up"})

    async def close(self) -> None:
        """End all connections, then the recorder."""
        await self.end_tasks()
        for member in list(self.members):
            with contextlib.suppress(MediaError):
                await self.expel(member, "closed")
        for track in list(self.local):
            with contextlib.suppress(MediaError):
                await self.stop_mask(track)
        await self.voices.close()
        await self.destroy()
        await self._end_sink()
        self.end_streams()

    async def _end_sink(self) -> None:
        sink, self.sink = self.sink, None
        if sink is not None:
            self.listeners.remove(sink)
            await sink.aclose()

    # Janus away and back.

    def lose(self) -> None:
        """Janus is out of reach; media may go on without us for a while."""
        self.is_lost = True
        self.emit("engine", {"state": "lost"})

    async def come_back(self, *, kept: bool) -> None:
        """Janus is back. Raises ``media.unavailable`` when it is gone again."""
        if kept:
            for member, present in list(self.members.items()):
                await self.enforce(member, present, "grants")
        else:
            await self._begin_anew()
        self.is_lost = False
        self.emit("engine", {"state": "up" if kept else "restarted"})

    async def _begin_anew(self) -> None:
        """Nothing of before is left in Janus: connections are closed here too, room and voices made again."""
        for member, present in self.members.items():
            self.drop(member, present)
        await self.build()
        await self.voices.rebuild()
        self.local = self.voices.feeds()

    # Masked voices.

    async def start_mask(self, voices: frozenset[TrackId], profile: MaskProfile) -> TrackId:
        """See `MediaEngine.start_mask`."""
        track = await self.voices.start(voices, profile)
        self.local = self.voices.feeds()
        self.listeners.open_track(track, MASK_TYPES)
        self.emit("track-up", {"track": track, "cause": "local"})
        return track

    async def stop_mask(self, track: TrackId) -> None:
        """See `MediaEngine.stop_mask`."""
        feed = self.local.pop(track, None)
        if feed is None:
            return
        for present in self.members.values():
            await present.viewer.end(track)
        await self.voices.stop(track)
        self.lower(track, "stopped")

    def _hear_mask(self, track: TrackId, packet: bytes) -> None:
        self.listeners.packet(track, packet, self.ground.clock())

    def want_keyframe(self, track: TrackId) -> None:
        """Somebody needs a keyframe of this track."""
        member, _, source = track.rpartition("/")
        present = self.members.get(MemberId(member))
        if present is not None and present.publisher is not None:
            self.spawn(present.publisher.ask_keyframe(source))

    # Figures.

    def handles(self) -> list[int]:
        """Handles to ask Janus about."""
        sides = [one for present in self.members.values() for one in (present.publisher, present.viewer)]
        return [side.handle for side in sides if side is not None and side.handle]

    def figures(self, infos: dict[int, Json], lag_ms: float) -> RoomStats:
        """A look at the room, with what Janus said of each handle."""
        now = self.ground.clock()
        tracks: list[TrackStats] = []
        legs: list[LegStats] = []
        refused = self.refused
        for member, present in self.members.items():
            seen = infos.get(present.viewer.handle, {})
            legs += figures.leg_stats(member, present.viewer, seen)
            publisher = present.publisher
            if publisher is not None:
                trip = figures.round_trip(seen)
                told = infos.get(publisher.handle, {})
                tracks += figures.track_stats(publisher, told, now, trip, self._recorded)
                refused += sum(tap.refused for tap in publisher.taps.values())
        return RoomStats(
            clock_ms=now,
            tracks=tuple(tracks),
            legs=tuple(legs),
            loop_lag_ms=lag_ms,
            unhandled=self.sink_faults.count + self.unhandled,
            refused_packets=refused,
        )

    def _recorded(self, track: TrackId) -> float | None:
        return None if self.sink is None else self.sink.recorded_ms(track)

    def hear_round_trips(self, infos: dict[int, Json]) -> None:
        """Tell recorder and masker how far each sender is."""
        for present in self.members.values():
            trip = figures.round_trip(infos.get(present.viewer.handle, {}))
            if trip is not None and present.publisher is not None:
                for track in present.publisher.feeds():
                    self.listeners.round_trip(track, trip)
