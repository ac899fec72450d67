"""One room on Janus: its members, their grants and connections, and what Janus is told when a grant changes.

Janus has no grants: a room of its own, unguessable, secret and shut by one-time tokens is all it knows. What a
member may send or receive is decided here and enforced by requests to Janus before the call returns. All calls
of one room run one after the other.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    MAX_LEGS_PER_VIEW,
    Answered,
    EngineEvent,
    Grants,
    MemberId,
    Offered,
    Purpose,
    RoomSpec,
    TrackId,
    track_id,
)
from remote_eval.media.janus.ground import Feed, Ground
from remote_eval.media.janus.link import JanusRefusal, Json
from remote_eval.media.janus.listening import Listeners
from remote_eval.media.janus.publisher import Publisher
from remote_eval.media.janus.viewer import Viewer
from remote_eval.media.lite.events import EventStream
from remote_eval.media.lite.negotiation import plan_publish
from remote_eval.media.lite.sdp import read_description

_log = logging.getLogger(__name__)
# How long a member that negotiates anew keeps its old connection until the new one is up.
REPLACE_S: Final = 5.0


@dataclass(slots=True)
class Present:
    """A member that may negotiate; `leaving` is the publisher that waits for its successor."""

    grants: Grants
    viewer: Viewer
    publisher: Publisher | None = None
    leaving: Publisher | None = None


class JanusRoom:
    """See the module. `local` are feeds of the engine's own tracks."""

    def __init__(self, spec: RoomSpec, ground: Ground) -> None:
        self.spec = spec
        self.ground = ground
        self.lock = asyncio.Lock()
        self.members: dict[MemberId, Present] = {}
        self.local: dict[TrackId, Feed] = {}
        self.listeners = Listeners()
        self.refused = 0
        self.unhandled = 0
        self._streams: list[EventStream] = []
        self._tasks: set[asyncio.Task[None]] = set()
        ground.emit = self.emit

    # Janus' side of the room.

    async def build(self) -> None:
        """Make the room in Janus and go in, for its events and for what subscriptions must show."""
        ground = self.ground
        ground.name, ground.secret, ground.pin = (ground.fresh(16).hex() for _ in range(3))
        ground.observer = await ground.link.attach(self._heard)
        word = ground.fresh(16).hex()
        await ground.manage("create", admin_key=ground.key, allowed=[word], **self._settings())
        body = {"request": "join", "ptype": "publisher", "room": ground.name, "pin": ground.pin}
        body |= {"token": word, "id": "observer"}
        joined, _ = await ground.link.message(ground.observer, body)
        ground.private = int(joined["private_id"])
        await ground.spend(word)

    def _settings(self) -> Mapping[str, object]:
        return {
            "pin": self.ground.pin,
            "description": "room",
            "is_private": True,
            "permanent": False,
            "require_pvtid": True,
            "publishers": 2 * self.spec.max_members + 2,
            "bitrate": self.spec.video_kbps * 1000,
            "bitrate_cap": True,
            "audiocodec": "opus",
            "videocodec": "vp8",
            "opus_fec": True,
            "record": False,
            "lock_record": True,
            "audiolevel_ext": True,
            "audiolevel_event": True,
            "audio_active_packets": 10,
            "audio_level_average": 50,
        }

    async def destroy(self) -> None:
        """End the room in Janus and every connection in it."""
        with contextlib.suppress(JanusRefusal, MediaError):
            await self.ground.manage("destroy")
        await self.ground.link.detach(self.ground.observer)

    # Members.

    def present(self, member: MemberId) -> Present:
        """A member by id. Raises ``media.unknown``."""
        if member not in self.members:
            raise MediaError("media.unknown")
        return self.members[member]

    async def admit(self, member: MemberId, grants: Grants) -> None:
        """Let a member in, or give it new grants. Raises ``media.full``."""
        if member in self.members:
            await self.set_grants(member, grants)
        elif len(self.members) >= self.spec.max_members:
            raise MediaError("media.full")
        else:
            viewer = Viewer(self.ground)
            viewer.on_up = lambda: self._peer(member, "view", "connected")
            viewer.on_gone = lambda cause: self.spawn(self._viewer_gone(member, viewer, cause))
            self.members[member] = Present(grants, viewer)

    async def set_grants(self, member: MemberId, grants: Grants) -> None:
        """New grants, in force when this returns. While Janus is out of reach: ``media.unavailable``, and in
        force as soon as it is back."""
        present = self.present(member)
        present.grants = grants
        await self.enforce(member, present, "grants")

    async def enforce(self, member: MemberId, present: Present, cause: str) -> None:
        """Bring Janus in line with a member's grants."""
        for leg in await present.viewer.allow(present.grants.receive):
            self._leg(leg.track, member, is_on=leg.is_on, cause=cause)
        for publisher in (present.publisher, present.leaving):
            if publisher is None:
                continue
            for source in await publisher.allow(present.grants.publish):
                if publisher is present.publisher and publisher.is_up:
                    self._raise_or_lower(member, publisher, source, cause)

    async def expel(self, member: MemberId, cause: str) -> None:
        """Close both connections of a member and forget it."""
        present = self.members.pop(member, None)
        if present is None:
            return
        for publisher in (present.publisher, present.leaving):
            if publisher is not None:
                await self._end_publisher(member, publisher, cause, expelled=present)
        await self._end_viewer(member, present.viewer, cause)

    # Publishing.

    async def publish(self, member: MemberId, offer: str, sources: Mapping[str, str]) -> Answered:
        """Answer an offer to send."""
        present = self.present(member)
        read = read_description(offer)
        refused = dict(plan_publish(read, sources, present.grants).refused)
        current = present.publisher
        if current is not None and current.handle and current.party == read.party:
            return await self._publish_again(member, current, offer, sources, refused)
        publisher = Publisher(self.ground, member, self.listeners.packet)
        publisher.party = read.party
        publisher.on_up = lambda: self._publisher_up(member, publisher)
        publisher.on_gone = lambda cause: self.spawn(self._publisher_gone(member, publisher, cause))
        publisher.on_flow = lambda flows: self._peer(
            member, "publish", "connected" if flows else "disconnected"
        )
        answered = await publisher.open(offer, sources, refused)
        await self._replace(member, present, publisher)
        return answered

    async def _publish_again(
        self,
        member: MemberId,
        publisher: Publisher,
        offer: str,
        sources: Mapping[str, str],
        refused: dict[str, str],
    ) -> Answered:
        before = publisher.feeds()
        answered = await publisher.again(offer, sources, refused)
        after = publisher.feeds()
        for track in before.keys() - after.keys():
            self.lower(track, "replaced")
        for track in after.keys() - before.keys():
            self._raise(track, publisher, "published")
        await self.resume(after)
        return answered

    async def _replace(self, member: MemberId, present: Present, publisher: Publisher) -> None:
        """The new connection takes over; the old one ends when the new one is up, what it alone sends now."""
        if present.leaving is not None:
            await self._end_publisher(member, present.leaving, "replaced")
        old, present.publisher = present.publisher, publisher
        if old is None:
            return
        present.leaving = old
        await old.allow(frozenset(publisher.sources.values()) & present.grants.publish)
        for source in set(old.sources.values()) - set(publisher.sources.values()):
            self.lower(track_id(member, source), "replaced")
        self.spawn(self._end_in_time(member, old))

    async def restart_publishing(self, member: MemberId, offer: str) -> Answered:
        """Answer an ICE restart of the sending connection."""
        publisher = self.present(member).publisher
        read = read_description(offer)
        if publisher is None or not publisher.is_up or publisher.party != read.party:
            raise MediaError("media.no-connection")
        return await publisher.restart(offer)

    # Viewing.

    async def offer_view(self, member: MemberId, wants: Sequence[TrackId], *, restart: bool) -> Offered:
        """Offer a member exactly these tracks."""
        present = self.present(member)
        if len(wants) > MAX_LEGS_PER_VIEW:
            raise MediaError("media.too-large", limit=MAX_LEGS_PER_VIEW)
        feeds = self.feeds()
        refused: dict[TrackId, str] = {}
        for track in wants:
            if track not in present.grants.receive:
                refused[track] = "not-granted"
            elif track not in feeds:
                refused[track] = "no-track"
        taken = {track: feeds[track] for track in wants if track not in refused}
        before = self._on_legs(present)
        sdp, mids = await present.viewer.offer(taken, restart=restart)
        for track in before - self._on_legs(present):
            self._leg(track, member, is_on=False, cause="view")
        return Offered(sdp=sdp, mids=mids, refused=refused)

    async def answer_view(self, member: MemberId, answer: str) -> None:
        """Take the answer to the newest offer."""
        present = self.present(member)
        for leg in await present.viewer.answer(answer):
            if leg.is_on:
                self._leg(leg.track, member, is_on=True, cause="view")

    def feeds(self) -> dict[TrackId, Feed]:
        """All tracks that can be viewed now."""
        feeds = dict(self.local)
        for present in self.members.values():
            if present.publisher is not None:
                feeds |= present.publisher.feeds()
        return feeds

    async def resume(self, feeds: Mapping[TrackId, Feed]) -> None:
        """Let waiting legs go on with these feeds."""
        for present in list(self.members.values()):
            await present.viewer.resume(feeds)

    # What ends.

    async def _end_publisher(
        self,
        member: MemberId,
        publisher: Publisher,
        cause: str,
        *,
        expelled: Present | None = None,
    ) -> None:
        present = expelled or self.members.get(member)
        is_current = present is not None and present.publisher is publisher
        self._silence(publisher, cause if is_current else None, member)
        if present is not None:
            present.publisher = None if is_current else present.publisher
            present.leaving = None if present.leaving is publisher else present.leaving
        if is_current:
            self._peer(member, "publish", "closed")
        await (publisher.kick() if expelled else publisher.close())

    def _silence(self, publisher: Publisher, cause: str | None, member: MemberId) -> None:
        """Nothing of this feed is heard any more; with a cause, its tracks are down."""
        publisher.forget()
        self.refused += sum(tap.refused for tap in publisher.taps.values())
        for one in self.members.values():
            one.viewer.lose(publisher.feed)
        if cause is not None:
            for source in publisher.sources.values():
                self.lower(track_id(member, source), cause)

    async def _end_viewer(self, member: MemberId, viewer: Viewer, cause: str) -> None:
        if not viewer.handle:
            return
        for leg in viewer.legs.values():
            if leg.is_on and leg.is_answered:
                self._leg(leg.track, member, is_on=False, cause=cause)
        await viewer.close()
        self._peer(member, "view", "closed")

    async def _publisher_gone(self, member: MemberId, publisher: Publisher, cause: str) -> None:
        async with self.lock:
            present = self.members.get(member)
            if present is not None and publisher in {present.publisher, present.leaving}:
                await self._end_publisher(member, publisher, cause)

    async def _viewer_gone(self, member: MemberId, viewer: Viewer, cause: str) -> None:
        async with self.lock:
            await self._end_viewer(member, viewer, cause)

    async def _end_in_time(self, member: MemberId, old: Publisher) -> None:
        await asyncio.sleep(REPLACE_S)
        await self._publisher_gone(member, old, "replaced")

    def drop(self, member: MemberId, present: Present) -> None:
        """Janus knows nothing of this member's connections any more."""
        publisher, present.publisher, present.leaving = present.publisher, None, None
        if publisher is not None:
            self._silence(publisher, "engine", member)
            self._peer(member, "publish", "closed")
        if present.viewer.handle:
            present.viewer.forget()
            self._peer(member, "view", "closed")

    # What begins.

    def _publisher_up(self, member: MemberId, publisher: Publisher) -> None:
        self._peer(member, "publish", "connected")
        self.spawn(self._take_over(member, publisher))

    async def _take_over(self, member: MemberId, publisher: Publisher) -> None:
        """The connection is up: legs go over to it, then the old one ends."""
        async with self.lock:
            present = self.members.get(member)
            if present is None or present.publisher is not publisher:
                return
            await publisher.allow(present.grants.publish)
            feeds = publisher.feeds()
            await self.resume(feeds)
            if present.leaving is not None:
                await self._end_publisher(member, present.leaving, "replaced")
            for track in feeds:
                self._raise(track, publisher, "published")

    def _raise_or_lower(self, member: MemberId, publisher: Publisher, source: str, cause: str) -> None:
        track = track_id(member, source)
        if track in publisher.feeds():
            self._raise(track, publisher, cause)
        else:
            self.lower(track, cause)

    def _raise(self, track: TrackId, publisher: Publisher, cause: str) -> None:
        self.listeners.open_track(track, publisher.types[track])
        self.emit("track-up", {"track": track, "cause": cause})

    def lower(self, track: TrackId, cause: str) -> None:
        """A track ended, for all who listen."""
        self.listeners.close_track(track, cause)
        self.emit("track-down", {"track": track, "cause": cause})

    # Events.

    def _heard(self, event: Json) -> None:
        """Janus tells the observer who talks; members come and go by their own handles."""
        data = event.get("plugindata", {}).get("data", {})
        if data.get("videoroom") in {"talking", "stopped-talking"}:
            member = str(data.get("id", "")).partition("~")[0]
            level = min(127, max(0, round(float(data.get("audio-level-dBov-avg", 127)))))
            self.emit("speaking", {"member": member, "level": level})

    def _peer(self, member: MemberId, purpose: Purpose, state: str) -> None:
        self.emit("peer", {"member": member, "purpose": purpose, "state": state})

    def _leg(self, track: TrackId, member: MemberId, *, is_on: bool, cause: str) -> None:
        self.emit("leg", {"track": track, "member": member, "on": is_on, "cause": cause})

    def _on_legs(self, present: Present) -> set[TrackId]:
        return {leg.track for leg in present.viewer.legs.values() if leg.is_on and leg.is_answered}

    def emit(self, kind: str, data: Mapping[str, object]) -> None:
        """Tell all readers."""
        event = EngineEvent(kind=kind, at=self.ground.clock(), data=data)
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

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what an event of Janus asks for; what fails for want of Janus is repeated when it is back."""
        task = asyncio.get_running_loop().create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end_tasks(self) -> None:
        """Stop what still runs."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except MediaError:
            _log.info("janus did not do what an event asked for", exc_info=True)
        except Exception:
            self.unhandled += 1
            _log.exception("a task of a room failed")
