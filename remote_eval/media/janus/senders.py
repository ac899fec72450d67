"""Who sends in a Janus room: members' publishing connections, how one follows another, tracks up and down.

A member that publishes anew on another connection keeps the old one until the new one is up, so that viewers'
legs go over without a word of theirs; sources that only the old one has end at once.
"""

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import Answered, Grants, MemberId, RoomSpec, TrackId, track_id
from remote_eval.media.janus.ground import Feed, Ground
from remote_eval.media.janus.happenings import Happenings
from remote_eval.media.janus.link import JanusRefusal
from remote_eval.media.janus.listening import Listeners
from remote_eval.media.janus.publisher import Publisher
from remote_eval.media.janus.viewer import Viewer
from remote_eval.media.lite.negotiation import plan_publish
from remote_eval.media.lite.sdp import read_description
from remote_eval.media.sink_faults import SinkFaults

# How long a member that negotiates anew keeps its old connection until the new one is up.
REPLACE_S: Final = 5.0
# How long a view waits for a sender that is about to be up.
SETTLE_S: Final = 1.5


@dataclass(slots=True)
class Present:
    """A member that may negotiate; `leaving` is the publisher that waits for its successor."""

    grants: Grants
    viewer: Viewer
    publisher: Publisher | None = None
    leaving: Publisher | None = None


class Senders(Happenings):
    """See the module. `local` are feeds of the engine's own tracks. Calls hold `lock`."""

    def __init__(self, spec: RoomSpec, ground: Ground) -> None:
        super().__init__(ground)
        self.spec = spec
        self.lock = asyncio.Lock()
        self.members: dict[MemberId, Present] = {}
        self.local: dict[TrackId, Feed] = {}
        self.sink_faults = SinkFaults(self.emit)
        self.listeners = Listeners(self.sink_faults)
        self.refused = 0

    def present(self, member: MemberId) -> Present:
        """A member by id. Raises ``media.unknown``."""
        if member not in self.members:
            raise MediaError("media.unknown")
        return self.members[member]

    def feeds(self) -> dict[TrackId, Feed]:
        """All tracks that can be viewed now."""
        feeds = dict(self.local)
        for present in self.members.values():
            if present.publisher is not None:
                feeds |= present.publisher.feeds()
        return feeds

    # Negotiation.

    async def publish(self, member: MemberId, offer: str, sources: Mapping[str, str]) -> Answered:
        """Answer an offer to send."""
        present = self.present(member)
        read = read_description(offer)
        refused = dict(plan_publish(read, sources, present.grants).refused)
        current = present.publisher
        if current is not None and current.handle and current.party == read.party:
            return await self._publish_again(member, current, offer, sources, refused)
        publisher = self._new_publisher(member)
        publisher.party = read.party
        answered = await publisher.open(offer, sources, refused)
        await self._replace(member, present, publisher)
        return answered

    def _new_publisher(self, member: MemberId) -> Publisher:
        publisher = Publisher(self.ground, member, self.listeners.packet)
        publisher.on_up = lambda: self._publisher_up(member, publisher)
        publisher.on_gone = lambda cause: self.spawn(self._publisher_gone(member, publisher, cause))
        publisher.on_flow = lambda flows: self.tell_peer(
            member, "publish", "connected" if flows else "disconnected"
        )
        return publisher

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
        await publisher.allow(self.present(member).grants.publish)
        after = publisher.feeds()
        for track in before.keys() - after.keys():
            self.lower(track, "replaced")
        await self.resume(after)
        for track in after.keys() - before.keys():
            self._raise(track, publisher, "published")
        return answered

    async def _replace(self, member: MemberId, present: Present, publisher: Publisher) -> None:
        if present.leaving is not None:
            await self._end_publisher(member, present, present.leaving, "replaced")
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

    async def allow_publishing(self, member: MemberId, present: Present, cause: str) -> None:
        """Bring a member's senders in line with its grants; one that Janus will not silence is closed."""
        for publisher in (present.publisher, present.leaving):
            if publisher is None:
                continue
            try:
                changed = await publisher.allow(present.grants.publish)
            except JanusRefusal:
                await self._end_publisher(member, present, publisher, cause)
                continue
            for source in changed:
                if publisher is present.publisher and publisher.is_up:
                    self._raise_or_lower(member, publisher, source, cause)

    # What begins.

    def _publisher_up(self, member: MemberId, publisher: Publisher) -> None:
        self.tell_peer(member, "publish", "connected")
        self.spawn(self._take_over(member, publisher))

    async def _take_over(self, member: MemberId, publisher: Publisher) -> None:
        """The connection is up: legs go over to it, then the old one ends."""
        async with self.lock:
            present = self.members.get(member)
            if present is None or present.publisher is not publisher or not publisher.is_up:
                return
            await publisher.allow(present.grants.publish)
            feeds = publisher.feeds()
            await self.resume(feeds)
            if present.leaving is not None:
                await self._end_publisher(member, present, present.leaving, "replaced")
            for track in feeds:
                self._raise(track, publisher, "published")
            publisher.settled.set()

    async def until_settled(self, wants: Collection[TrackId]) -> None:
        """Wait a little for connections that bring wanted tracks: before, Janus lets nobody view them."""
        waits = [
            present.publisher.settled.wait()
            for present in self.members.values()
            if present.publisher is not None and present.publisher.types.keys() & set(wants)
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await asyncio.gather(*waits)

    async def resume(self, feeds: Mapping[TrackId, Feed]) -> None:
        """Let waiting legs go on with these feeds; a viewer that cannot begins anew."""
        for member, present in list(self.members.items()):
            try:
                await present.viewer.resume(feeds)
            except JanusRefusal:
                await self.end_viewer(member, present.viewer, "engine")

    def _raise_or_lower(self, member: MemberId, publisher: Publisher, source: str, cause: str) -> None:
        track = track_id(member, source)
        if track in publisher.feeds():
            self._raise(track, publisher, cause)
        else:
            self.lower(track, cause)

    def _raise(self, track: TrackId, publisher: Publisher, cause: str) -> None:
        self.listeners.open_track(track, publisher.types[track])
        self.emit("track-up", {"track": track, "cause": cause})

    # What ends.

    def lower(self, track: TrackId, cause: str) -> None:
        """A track ended, for all who listen."""
        self.listeners.close_track(track, cause)
        self.emit("track-down", {"track": track, "cause": cause})

    async def end_senders(self, member: MemberId, present: Present, cause: str) -> None:
        """Throw a member's senders out."""
        for publisher in (present.leaving, present.publisher):
            if publisher is not None:
                self.forget_sender(member, present, publisher, cause)
                await publisher.kick()

    async def _end_publisher(
        self, member: MemberId, present: Present, publisher: Publisher, cause: str
    ) -> None:
        self.forget_sender(member, present, publisher, cause)
        await publisher.close()

    def forget_sender(self, member: MemberId, present: Present, publisher: Publisher, cause: str) -> None:
        """Nothing of this feed is heard any more; if it was the member's newest, its tracks are down."""
        feeds = publisher.feeds()
        publisher.forget()
        self.refused += sum(tap.refused for tap in publisher.taps.values())
        for one in self.members.values():
            one.viewer.lose(publisher.feed)
        if present.leaving is publisher:
            present.leaving = None
        if present.publisher is publisher:
            present.publisher = None
            for track in feeds:
                self.lower(track, cause)
            self.tell_peer(member, "publish", "closed")

    async def _publisher_gone(self, member: MemberId, publisher: Publisher, cause: str) -> None:
        async with self.lock:
            present = self.members.get(member)
            if present is not None and publisher in {present.publisher, present.leaving}:
                await self._end_publisher(member, present, publisher, cause)

    async def _end_in_time(self, member: MemberId, old: Publisher) -> None:
        await asyncio.sleep(REPLACE_S)
        await self._publisher_gone(member, old, "replaced")

    # Of viewers only what concerns senders.

    async def end_viewer(self, member: MemberId, viewer: Viewer, cause: str) -> None:
        """Close a member's receiving connection."""
        if not viewer.handle:
            return
        for leg in viewer.legs.values():
            if leg.is_on and leg.is_answered:
                self.tell_leg(leg.track, member, is_on=False, cause=cause)
        self.tell_peer(member, "view", "closed")
        await viewer.close()
