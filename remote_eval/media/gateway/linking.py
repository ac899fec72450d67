"""One room over a hub and its sites: who is where, and which tracks therefore go up and down which link.

`settle` looks what is published where, compares what is needed with what is linked, and changes the links:
first what goes up, then what comes down. One copy of a track goes over a site's uplink in each direction,
however many want it. A site that does not answer is given up until its gateway comes back.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import Grants, MediaEngine, MemberId, RoomId, RoomSpec, RoomStats, TrackId
from remote_eval.media.gateway.merging import Story, Where, owner
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.gateway.together import together
from remote_eval.media.lite.sdp import read_description

_log = logging.getLogger(__name__)
UNAVAILABLE = "media.unavailable"
DOWN = "down"
# The member goes on at its site, out of the hub's reach.
NOTHING: Final = Grants(cause="gateway")


@dataclass(slots=True, kw_only=True)
class Site:
    """A site of a room; `gateway` is None while it is lost. What its links carry, up by member."""

    name: str
    gateway: RemoteGateway | None = None
    down: frozenset[TrackId] = frozenset()
    up: dict[MemberId, frozenset[TrackId]] = field(default_factory=dict)
    hearing: asyncio.Task[None] | None = None

    @property
    def guest(self) -> MemberId:
        """As whom the site views at the hub; no member's id has a full stop."""
        return MemberId(f"gateway.{self.name}")

    def forget(self) -> None:
        """Nothing is linked."""
        self.down = frozenset()
        self.up.clear()


class LinkedRoom:
    """See the module. `hub` is the hub's engine and `pin` its certificate's fingerprint."""

    def __init__(self, room: RoomId, hub: MediaEngine, pin: str, spec: RoomSpec | None) -> None:
        """`spec` is how the room is opened at a site; by None, everything is taken to be recorded."""
        self.room = room
        self.hub = hub
        self.spec = spec
        self.grants: dict[MemberId, Grants] = {}
        self.home: dict[MemberId, Where] = {}
        self.views: dict[MemberId, dict[str, TrackId]] = {}
        self.wants: dict[MemberId, frozenset[TrackId]] = {}
        self.voices: dict[TrackId, frozenset[TrackId]] = {}
        self.sites: dict[str, Site] = {}
        self.story = Story(self.home.__contains__, self.place)
        self.dirty = asyncio.Event()
        self.is_closed = False
        # A site's gateways come and are sent away one after another.
        self.arriving: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._pin = pin
        self._order = asyncio.Lock()

    def place(self, member: MemberId) -> Where:
        """Where a member is; whoever is not known is of the hub."""
        return self.home.get(member)

    def of(self, where: Where, tracks: Collection[TrackId]) -> frozenset[TrackId]:
        """Those tracks whose owner is at a place."""
        return frozenset(one for one in tracks if self.place(owner(one)) == where)

    def members_at(self, where: Where) -> list[MemberId]:
        """Members of a place."""
        return [one for one in self.grants if self.place(one) == where]

    def engine(self, member: MemberId) -> MediaEngine:
        """The engine of a member's place. Raises ``media.unknown``, ``media.unavailable``."""
        if member not in self.grants:
            raise MediaError("media.unknown")
        where = self.home.get(member)
        if where is None:
            return self.hub
        site = self.sites.get(where)
        if site is None or site.gateway is None:
            raise MediaError(UNAVAILABLE)
        return site.gateway

    def forget(self, member: MemberId) -> None:
        """A member is out: nothing is granted to it, nothing of what it views counts."""
        self.grants.pop(member, None)
        self.begins_anew(member)

    def abandon(self, site: str) -> list[MemberId]:
        """A site that is none any more: those who were there are the hub's, and view nothing yet."""
        moved = self.members_at(site)
        for member in [one for one, where in self.home.items() if where == site]:
            self.home[member] = None
            self.begins_anew(member)
        del self.sites[site]
        return moved

    def begins_anew(self, member: MemberId) -> None:
        """What a member viewed does not count any more."""
        self.views.pop(member, None)
        self.wants.pop(member, None)

    def live(self) -> list[Site]:
        """Sites that are reached."""
        return [one for one in self.sites.values() if one.gateway is not None]

    def needed(self, where: Where) -> set[TrackId]:
        """What somebody at a place is granted and views; the masks are the hub's."""
        found = set[TrackId]()
        for member in self.members_at(where):
            found |= self.wants.get(member, frozenset()) & self.grants[member].receive
        if where is None:
            found = found.union(*self.voices.values())
        return found

    def lacks(self, where: Where) -> bool:
        """Whether somebody at a place needs what is elsewhere and not linked."""
        site = None if where is None else self.sites.get(where)
        linked = self._uplinked() if site is None else set(site.down)
        return any(self.place(owner(one)) != where and one not in linked for one in self.needed(where))

    def _uplinked(self) -> set[TrackId]:
        return {track for site in self.live() for tracks in site.up.values() for track in tracks}

    # Links.

    async def stats(self) -> tuple[RoomStats, dict[str, RoomStats]]:
        """Figures of the hub and of each site that answers."""
        sites = self.live()
        hub, *others = await together(self.hub.stats(self.room), *(self._stats(one) for one in sites))
        assert hub is not None  # noqa: S101 - only a site may be silent
        return hub, {site.name: one for site, one in zip(sites, others, strict=True) if one is not None}

    async def _stats(self, site: Site) -> RoomStats | None:
        with suppress(MediaError):
            if site.gateway is not None:
                return await site.gateway.stats(self.room)
        return None

    async def settle(self) -> None:
        """Bring the links to what is needed. Raises MediaError when the hub's engine fails."""
        async with self._order:
            self.dirty.clear()
            hub, sites = await self.stats()
            for name, stats in sites.items():
                self._notice(name, stats)
            here = {one.track for one in hub.tracks if self.place(owner(one.track)) is None}
            for site in self.live():
                if site.name in sites:
                    published = {one.track for one in sites[site.name].tracks}
                    await self._guarded(site, self._raise(site, published))
            here |= self._uplinked()
            for site in self.live():
                await self._guarded(site, self._lower(site, here))

    def _notice(self, site: str, stats: RoomStats) -> None:
        """A track that nobody told of yet: its event is on its way, or came while the gateway was away."""
        for one in stats.tracks:
            if self.place(owner(one.track)) == site:
                at = stats.clock_ms + self.story.offsets.get(site, 0.0)
                self.story.turn(one.track, on=True, cause="found", at=at)

    async def _guarded(self, site: Site, work: Awaitable[None]) -> None:
        """A link that is refused costs its site; it is tried again with the next change."""
        try:
            await work
        except MediaError as error:
            _log.warning("a link of site %s was not changed: %s", site.name, error.code)

    async def _raise(self, site: Site, published: set[TrackId]) -> None:
        """What goes up from a site: everything while the hub records, else what others need."""
        if self.spec is None or self.spec.record is not None:
            needed = published
        else:
            places: list[Where] = [None, *(name for name in self.sites if name != site.name)]
            needed = published & set[TrackId]().union(*(self.needed(one) for one in places))
        for member in self.members_at(site.name):
            wanted = frozenset(one for one in needed if owner(one) == member)
            if wanted != site.up.get(member, frozenset()):
                await self._carry_up(site, member, wanted)

    async def _carry_up(self, site: Site, member: MemberId, wanted: frozenset[TrackId]) -> None:
        gateway = site.gateway
        if gateway is None:
            return
        link = f"up.{member}"
        offer = await gateway.carry(self.room, link, "up", sorted(wanted), self._pin)
        self._pinned(offer.sdp, gateway)
        sources = {mid: track.rpartition("/")[2] for mid, track in offer.mids.items()}
        answered = await self.hub.publish(self.room, member, offer.sdp, sources)
        await self._carried(gateway, link, answered.sdp)
        site.up[member] = frozenset(track for mid, track in offer.mids.items() if mid not in answered.refused)

    async def _lower(self, site: Site, here: set[TrackId]) -> None:
        """What comes down to a site: what its members need of the others'."""
        wanted = frozenset(
            one for one in self.needed(site.name) & here if self.place(owner(one)) != site.name
        )
        gateway = site.gateway
        if wanted == site.down or gateway is None:
            return
        await self.hub.admit(self.room, site.guest, Grants(receive=wanted))
        offer = await gateway.carry(self.room, DOWN, "down", sorted(wanted), self._pin)
        self._pinned(offer.sdp, gateway)
        answered = await self.hub.view(self.room, site.guest, offer.sdp, offer.mids)
        await self._carried(gateway, DOWN, answered.sdp)
        site.down = frozenset(track for mid, track in offer.mids.items() if mid not in answered.refused)

    async def _carried(self, gateway: RemoteGateway, link: str, answer: str) -> None:
        """The hub's answer. A link that is not taken at the gateway is none at the hub either."""
        try:
            await gateway.carried(self.room, link, answer)
        except MediaError as error:
            if link == DOWN:
                await self.hub.expel(self.room, self._guest_of(gateway))
            else:
                await self.tell_hub(MemberId(link.removeprefix("up.")), anew=True)
            if error.code == "media.no-connection":
                self.dirty.set()
            if error.code != UNAVAILABLE:
                await gateway.drop(self.room, link)
            raise

    def _guest_of(self, gateway: RemoteGateway) -> MemberId:
        return next(site.guest for site in self.sites.values() if site.gateway is gateway)

    def _pinned(self, offer: str, gateway: RemoteGateway) -> None:
        """The link is that of the gateway which signed for the channel."""
        if read_description(offer).fingerprint != gateway.fingerprint:
            raise MediaError("media.fingerprint")

    def unlinked(self, link: str) -> None:
        """A link ended by itself: it is made anew."""
        for site in self.sites.values():
            if link == site.guest:
                site.down = frozenset()
            site.up.pop(MemberId(link), None)
        self.dirty.set()

    # Members at the hub.

    async def tell_hub(self, member: MemberId, *, anew: bool = False) -> None:
        """Whoever is at a site sends at the hub as itself, by its site's link, while the site is reached."""
        if anew:
            await self.hub.expel(self.room, member)
        if member in self.grants:
            await self.hub.admit(self.room, member, self._at_hub(member))

    def _at_hub(self, member: MemberId) -> Grants:
        grants, where = self.grants[member], self.place(member)
        if where is None:
            return grants
        site = self.sites.get(where)
        reached = site is not None and site.gateway is not None
        return Grants(publish=grants.publish, cause=grants.cause) if reached else NOTHING

    def viewed(
        self, member: MemberId, offer: str, wants: Mapping[str, TrackId]
    ) -> tuple[dict[str, TrackId], frozenset[TrackId]]:
        """Note what a member wants by its newest offer; gives what it wanted before.

        Raises ``media.sdp``, ``media.too-large``.
        """
        read = read_description(offer)
        before = self.views.get(member, {}), self.wants.get(member, frozenset())
        mids = before[0] | dict(wants)
        active = {one.mid for one in read.sections if one.direction in ("recvonly", "sendrecv")}
        self.views[member] = mids
        self.wants[member] = frozenset(track for mid, track in mids.items() if mid in active)
        return before
