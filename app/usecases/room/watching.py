"""What runs beside a room's sockets: its engine found or started again, its clock, its sites, its alarms.

Three courses side by side: the engine's events become facts; each second what is due becomes events and
connections are looked at; every other second the engine's figures tell which site is reached, who is seen and
heard, and how far recording lags. Each fact is asked of the room like any other; a refusal is written down
and nothing stops.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

import structlog

from app.errors import AppError
from app.gateways.room_engines import RoomEngines
from app.usecases.room.attending import Attendance
from app.usecases.room.desks import DeskNews
from app.usecases.room.finishing import finished
from app.usecases.room.live import LiveRoom
from app.usecases.room.losing import Losses
from app.usecases.room.recorded import FRESH_MS, Recorded
from app.usecases.room.taking_over import unheard_ms
from remote_eval import commands as cmd
from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    CAMERA,
    MASKED,
    MICROPHONE,
    EngineEvent,
    RoomId,
    RoomSpec,
    RoomStats,
    TrackStats,
)
from remote_eval.outage import Link as SiteLink
from remote_eval.outage import Reading, Thresholds, look
from remote_eval.protocol.views import Media
from remote_eval.room_state import (
    AWAY,
    CLOSED,
    COMMITTEE,
    HERE,
    LOST,
    RECONNECTING,
    ROOM_CAMERA,
    Member,
    RoomState,
)

LOG: Final = structlog.get_logger("qiantong.room")
TICK_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 2.0
AGAIN_SECONDS: Final = 1.0
# A recording that is behind by more is late.
LATE_MS: Final = 5_000.0
ENGINE: Final = "engine"
# Alarms of an engine's process, beside those of its tracks: they end with it.
OF_THE_ENGINE: Final = frozenset({"recorder", "disk", "loop-lag"})
Pause = Callable[[float], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Watch:
    """One room's courses. `specify` makes the specification of a new run of the engine with its recording,
    `standing` looks whether those who are there still may be, `news` what the desks of the sites know.
    """

    live: LiveRoom
    attendance: Attendance
    engines: RoomEngines
    specify: Callable[[LiveRoom], Awaitable[RoomSpec]]
    thresholds: Thresholds
    now_ms: Callable[[], int]
    standing: Callable[[LiveRoom], Awaitable[None]]
    news: Callable[[LiveRoom], Awaitable[DeskNews]]
    pause: Pause = asyncio.sleep
    links: dict[str, SiteLink] = field(default_factory=dict)
    losses: Losses = field(default_factory=Losses)
    heads: dict[str, Mapping[str, object]] = field(default_factory=dict)
    recorded: Recorded = field(default_factory=Recorded)
    # The room's engine ran, and with it the recorder, since this process leads the room.
    began: asyncio.Event = field(default_factory=asyncio.Event)
    _heard_ms: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Until the room is closed or lost."""
        async with asyncio.TaskGroup() as group:
            courses = [group.create_task(one) for one in (self._carry(), self._tick(), self._look())]
            await self._over()
            for one in courses:
                one.cancel()

    async def _over(self) -> None:
        while self.live.state.phase != CLOSED and not self.live.lost.is_set():
            await self.pause(TICK_SECONDS)
        # The decision that closed the room still has its engine to tell.
        await self.live.settled()

    # The engine.

    async def _carry(self) -> None:
        while True:
            try:
                await self._engine()
            except (MediaError, AppError, OSError) as error:
                LOG.warning("room.engine", room=self.live.row.id, code=str(error))
            await self._raise_engine()
            await self.pause(AGAIN_SECONDS)

    async def _raise_engine(self) -> None:
        if self.live.state.phase != CLOSED and not self.live.lost.is_set():
            await self.live.try_fact(cmd.Raise(code=ENGINE))

    async def _engine(self) -> None:
        """Find or start the engine, and hear it until it is gone."""
        live, room = self.live, RoomId(self.live.row.id)
        attached = await self.engines.attach(room)
        engine = attached.engine
        try:
            if attached.fresh:
                self.heads.clear()
                await engine.open_room(room, await finished(self.specify(live)))
            events = engine.events(room)
            if attached.fresh:
                await self._forget_tracks()
            known = [] if attached.fresh else await finished(self._ever())
            await live.carrier.attach(engine, live.state, known=known)
            if not attached.fresh:
                await self._find_tracks()
            await live.try_fact(cmd.Clear(code=ENGINE))
            self.began.set()
            async for event in events:
                await self._hear(event)
        finally:
            live.carrier.detach()
            await engine.aclose()

    async def _ever(self) -> list[str]:
        async with self.live.platform.database.read() as uow:
            return [one.id for one in await uow.rooms.members(self.live.row.id)]

    async def _find_tracks(self) -> None:
        """What began and ended while nobody listened to an engine that went on."""
        stats = await self._stats()
        running = set() if stats is None else {str(one.track) for one in stats.tracks}
        known = {one.id for one in self.live.state.tracks.values() if one.source != MASKED}
        for track in sorted(known ^ running):
            if track.partition("/")[0] in self.live.state.members:
                up = track in running
                await self.live.try_fact(cmd.TrackFact(track=track, up=up, cause="found" if up else ENGINE))

    async def _forget_tracks(self) -> None:
        """A new engine carries nothing yet and nothing is wrong with it: whoever published begins anew."""
        for one in list(self.live.state.alarms.values()):
            if one.track is not None or one.code in OF_THE_ENGINE:
                await self.live.try_fact(cmd.Clear(code=one.code, site=one.site, track=one.track))
        for track in list(self.live.state.tracks):
            await self.live.try_fact(cmd.TrackFact(track=track, up=False, cause=ENGINE))

    async def _hear(self, event: EngineEvent) -> None:
        track = event.data.get("track")
        known = str(track) if isinstance(track, str) else None
        if event.kind in ("track-up", "track-down") and known is not None:
            up, cause = event.kind == "track-up", str(event.data.get("cause") or "media")
            if known.partition("/")[0] in self.live.state.members:
                await self.live.try_fact(cmd.TrackFact(track=known, up=up, cause=cause))
        elif event.kind == "alarm":
            await self._alarm(str(event.data["code"]), known, event.data.get("value"))
        elif event.kind == "clear":
            await self._clear(str(event.data["code"]), known)
        elif event.kind == "head":
            self.heads[str(event.data["recording"])] = event.data
        elif event.kind == "gateway" and isinstance(moved := event.data.get("members"), list):
            self.live.send_back(str(one) for one in moved)
        elif event.kind == "speaking":
            member, level = str(event.data["member"]), event.data["level"]
            if isinstance(level, int):
                self.live.tell_passing("speaking", {"member": member, "level": level})

    async def _alarm(self, code: str, track: str | None, value: object) -> None:
        figure = round(value) if isinstance(value, int | float) else None
        await self.live.try_fact(cmd.Raise(code=code, site=self._site(track), track=track, value=figure))

    async def _clear(self, code: str, track: str | None) -> None:
        """An alarm is over where it was raised: whose track it was may be gone since."""
        for one in list(self.live.state.alarms.values()):
            if one.code == code and one.track == track and (track is not None or one.site is None):
                await self.live.try_fact(cmd.Clear(code=code, site=one.site, track=track))

    def _site(self, track: str | None) -> str | None:
        member = self.live.state.members.get((track or "").partition("/")[0])
        return None if member is None else member.site

    # The clock.

    async def _tick(self) -> None:
        while True:
            self.attendance.tick()
            try:
                await self.live.try_fact(cmd.Tick())
                await finished(self.standing(self.live))
            except AppError as error:
                LOG.warning("room.tick", room=self.live.row.id, code=str(error))
            await self.pause(TICK_SECONDS)

    # The sites.

    async def _look(self) -> None:
        while True:
            await self.pause(LOOK_SECONDS)
            stats = await self._stats()
            try:
                await self._note(stats)
            except AppError as error:
                LOG.warning("room.look", room=self.live.row.id, code=str(error))

    async def _stats(self) -> RoomStats | None:
        engine = self.live.carrier.engine
        if engine is None:
            return None
        try:
            return await engine.stats(RoomId(self.live.row.id))
        except MediaError:
            return None

    async def _note(self, stats: RoomStats | None) -> None:
        tracks = () if stats is None else stats.tracks
        behind = {} if stats is None else self.recorded.behind(stats)
        self._tell_health(tracks, behind)
        self.losses.note(tracks, now_ms=self.now_ms())
        state, news = self.live.state, await finished(self.news(self.live))
        for site in state.sites:
            own = [one for one in tracks if self._site(one.track) == site]
            link = look(
                self.links.setdefault(site, SiteLink(state=state.sites[site].link)),
                self._reading(state, site, own),
                now_ms=self.now_ms(),
                thresholds=self.thresholds,
            )
            self.links[site] = link
            late = [behind[one.track] for one in own if one.track in behind]
            recording = _recording(late, running=stats is not None)
            clock_ms = news.clocks.get(site)
            fact = cmd.SiteFact(site=site, link=link.state, recording=recording, clock_ms=clock_ms)
            await self.live.try_fact(fact)
            for code, sites in news.alarms.items():
                alarmed = cmd.Raise if site in sites else cmd.Clear
                await self.live.try_fact(alarmed(code=code, site=site))

    def _reading(self, state: RoomState, site: str, tracks: list[TrackStats]) -> Reading:
        now = self.now_ms()
        for one in state.members.values():
            if one.presence == HERE and one.site is not None and one.id in self.live.links:
                self._heard_ms[one.site] = now
        if state.sites[site].link != LOST:
            self._heard_ms.setdefault(site, now - self._unheard_ms(state, site))
        heard = self._heard_ms.get(site)
        rtts = [one.rtt_ms for one in tracks if one.rtt_ms is not None]
        # A track of which nothing has come yet has no age.
        ages = [one.age_ms for one in tracks if isfinite(one.age_ms)]
        return Reading(
            heartbeat_age_ms=None if heard is None else now - heard,
            media_age_ms=round(min(ages)) if ages else None,
            lost_permille=self.losses.permille(one.track for one in tracks),
            rtt_ms=round(max(rtts)) if rtts else None,
        )

    def _unheard_ms(self, state: RoomState, site: str) -> int:
        """Of a site that this process has not heard yet: how much of its time for coming back has passed.

        After a change of the room's leader people have as long as after any cut; once, however often
        leaders change.
        """
        own = [one for one in state.members.values() if one.site == site]
        newest = max((gone for one in own if (gone := _gone_at(state, one)) is not None), default=None)
        passed = 0 if newest is None else unheard_ms(newest, self.live.now())
        return max(0, passed - self.thresholds.lost_ms)

    def _tell_health(self, tracks: tuple[TrackStats, ...], behind: Mapping[str, float]) -> None:
        """Who is seen and heard: told to that member and its watchers when it changes."""
        live, now = self.live, self.live.now()
        fresh: dict[str, dict[str, bool]] = defaultdict(dict)
        for track in tracks:
            publisher, _, source = track.track.partition("/")
            fresh[publisher][source] = track.age_ms < FRESH_MS
        media = {}
        for member in live.state.members.values():
            if member.role not in COMMITTEE | {ROOM_CAMERA} and member.id not in fresh:
                continue
            had = live.health.media.get(member.id, Media())
            seen, heard = fresh[member.id].get(CAMERA), fresh[member.id].get(MICROPHONE)
            changed = (had.seen, had.heard) != (seen, heard) or had.at is None
            media[member.id] = Media(seen=seen, heard=heard, at=now) if changed else had
            if changed:
                live.tell_passing("health", {"member": member.id, "seen": seen, "heard": heard})
        live.health = replace(live.health, media=media, lag_ms=self._lags(behind))

    def _lags(self, behind: Mapping[str, float]) -> dict[str, int]:
        lags: dict[str, int] = {}
        for track, late in behind.items():
            site = self._site(track)
            if site is not None:
                lags[site] = max(lags.get(site, 0), round(late))
        return lags


def _gone_at(state: RoomState, member: Member) -> datetime | None:
    """Since when nothing is heard of a member who is not here; who is away was reconnecting before that."""
    if member.presence_since is None or member.presence not in (RECONNECTING, AWAY):
        return None
    waited = state.limits.away_ms if member.presence == AWAY else 0
    return member.presence_since - timedelta(milliseconds=waited)


def _recording(behind: list[float], *, running: bool) -> str:
    """``ok`` while the recorder keeps up with what comes; ``off`` without an engine."""
    if not running:
        return "off"
    return "late" if any(one > LATE_MS for one in behind) else "ok"
