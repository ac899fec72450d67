"""The hub's engine and those of its sites as one media engine (docs/spec/site-gateway.md §5).

A member negotiates with the engine of its place: its site's gateway, or the hub. What it publishes and views
elsewhere goes over its site's links, as `linking` says. A gateway that is lost costs its members' tracks
(``track-down`` with cause ``gateway``); the others go on, and when it is back everything is linked again.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    CASCADE,
    Answered,
    EngineEvent,
    Grants,
    MaskProfile,
    MediaEngine,
    MemberId,
    Offered,
    Purpose,
    RoomId,
    RoomSpec,
    RoomStats,
    TrackId,
)
from remote_eval.media.gateway.linking import UNAVAILABLE, LinkedRoom
from remote_eval.media.gateway.merging import Where, merged
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.gateway.sites import MAX_SITES, SiteOf, Sites
from remote_eval.media.gateway.together import together

_log = logging.getLogger(__name__)
# Changes that nobody waits for are gathered for so long before links follow them.
SETTLE_SECONDS: Final = 0.05
# A mask that has no name yet.
_COMING: Final = TrackId("coming/masked")
_NONE: Final[Mapping[RoomId, RoomSpec]] = MappingProxyType({})


class CascadeEngine:
    """See the module. `site_of` tells where a member is when it is admitted; a site without a gateway counts
    as the hub. `hub` must be able to cascade; `chance` gives random bytes.
    """

    name = "cascade"

    def __init__(
        self,
        hub: MediaEngine,
        *,
        site_of: SiteOf = lambda _room, _member: None,
        rooms: Mapping[RoomId, RoomSpec] = _NONE,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`rooms` are open at the hub already, and are opened at a site's gateway as this says. Raises
        ``media.unsupported``.
        """
        pin = getattr(hub, "fingerprint", None)
        if CASCADE not in hub.capabilities or not isinstance(pin, str):
            raise MediaError("media.unsupported")
        self.fingerprint: str | None = pin
        self._pin = pin
        self.capabilities = hub.capabilities
        self._hub = hub
        self._site_of = site_of
        self._sites = Sites(hub, site_of=site_of, chance=chance, follow=_follow)
        self._rooms: dict[RoomId, LinkedRoom] = {}
        self._work: dict[RoomId, list[asyncio.Task[None]]] = {}
        for room, spec in rooms.items():
            self._begin(LinkedRoom(room, hub, pin, spec))

    # Sites.

    async def attach(self, site: str, gateway: RemoteGateway) -> None:
        """A site's gateway is there, again or for the first time. Raises MediaError."""
        self._sites.expect(site, gateway)
        for linked in list(self._rooms.values()):
            await self._sites.bring(linked, site)

    async def detach(self, site: str) -> None:
        """A site's gateway does not count any more: its members negotiate with the hub, anew."""
        self._sites.here.pop(site, None)
        for linked in list(self._rooms.values()):
            await self._sites.dismiss(linked, site)

    def fingerprint_of(self, room: RoomId, member: MemberId) -> str | None:
        """The certificate that a member's connections meet."""
        linked = self._rooms.get(room)
        where = None if linked is None else linked.place(member)
        gateway = None if where is None else self._sites.here.get(where)
        return self.fingerprint if gateway is None else gateway.fingerprint

    # Rooms.

    async def open_room(self, room: RoomId, spec: RoomSpec) -> None:
        """See `MediaEngine`."""
        await self._hub.open_room(room, replace(spec, max_members=spec.max_members + MAX_SITES))
        linked = LinkedRoom(room, self._hub, self._pin, spec)
        self._begin(linked)
        here = [site for site, gateway in self._sites.here.items() if not gateway.lost.is_set()]
        await together(*(self._bring(linked, site) for site in here))

    async def _bring(self, linked: LinkedRoom, site: str) -> None:
        """A gateway that cannot have a room keeps nobody out of it: its site's members are the hub's."""
        try:
            await self._sites.bring(linked, site)
        except MediaError as error:
            _log.warning("site %s did not come to a room: %s", site, error.code)

    def _begin(self, linked: LinkedRoom) -> None:
        self._rooms[linked.room] = linked
        events = self._hub.events(linked.room)
        self._work[linked.room] = [
            asyncio.create_task(self._hear_hub(linked, events), name="hub-events"),
            asyncio.create_task(self._settle(linked), name="links"),
        ]

    async def _hear_hub(self, linked: LinkedRoom, events: AsyncIterator[EngineEvent]) -> None:
        async for event in events:
            if event.kind == "peer" and event.data.get("state") == "closed":
                self._unlinked(linked, event)
            linked.story.hear(None, event)
            _follow(linked, event)
        if not linked.is_closed:
            # The hub's engine is lost, and with it the room; what sites have of it goes on by itself.
            linked.story.end()

    def _unlinked(self, linked: LinkedRoom, event: EngineEvent) -> None:
        member = MemberId(str(event.data["member"]))
        guests = {site.guest for site in linked.sites.values()}
        if member in guests or linked.place(member) is not None:
            linked.unlinked(member)

    async def _settle(self, linked: LinkedRoom) -> None:
        """Links follow what nobody waits for."""
        while True:
            await linked.dirty.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            try:
                await linked.settle()
            except MediaError as error:
                _log.warning("links of a room were not changed: %s", error.code)

    async def close_room(self, room: RoomId) -> None:
        """See `MediaEngine`."""
        linked = self._rooms.pop(room, None)
        if linked is None:
            await self._hub.close_room(room)
            return
        linked.is_closed = True
        hearing, settling = self._work.pop(room)
        settling.cancel()
        hearings = [hearing]
        for site in linked.live():
            hearings += [site.hearing] if site.hearing is not None else []
            await self._there(linked, site.name, lambda gateway: gateway.close_room(room))
        await self._hub.close_room(room)
        await asyncio.wait(hearings)
        linked.story.end()

    def _linked(self, room: RoomId) -> LinkedRoom:
        found = self._rooms.get(room)
        if found is None:
            raise MediaError("media.unknown")
        return found

    async def _there(
        self, linked: LinkedRoom, where: Where, call: Callable[[RemoteGateway], Awaitable[None]]
    ) -> None:
        """Say something at a site; one that is lost hears it when it is back."""
        known = None if where is None else linked.sites.get(where)
        gateway = None if known is None else known.gateway
        if gateway is None:
            return
        try:
            await call(gateway)
        except MediaError as error:
            if error.code != UNAVAILABLE:
                raise

    # Members.

    async def admit(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """See `MediaEngine`."""
        linked = self._linked(room)
        if member in linked.grants:
            await self.set_grants(room, member, grants)
            return
        if linked.spec is not None and len(linked.grants) >= linked.spec.max_members:
            raise MediaError("media.full")
        site = self._site_of(room, member)
        linked.home[member] = site if site in linked.sites else None
        linked.grants[member] = grants
        await linked.tell_hub(member)
        await self._there(linked, linked.home[member], lambda one: one.admit(room, member, grants))

    async def assign(self, room: RoomId, member: MemberId, site: Where) -> None:
        """Move a member to another place, where it negotiates anew. Raises ``media.unknown``."""
        linked = self._linked(room)
        if member not in linked.grants or (site is not None and site not in linked.sites):
            raise MediaError("media.unknown")
        if linked.home[member] != site:
            grants = linked.grants[member]
            await self.expel(room, member)
            linked.home[member], linked.grants[member] = site, grants
            await linked.tell_hub(member)
            await self._there(linked, site, lambda one: one.admit(room, member, grants))

    async def set_grants(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """See `MediaEngine`; at a site that is lost they hold from its return on."""
        linked = self._linked(room)
        if member not in linked.grants:
            raise MediaError("media.unknown")
        before, linked.grants[member] = linked.grants[member], grants
        where = linked.home[member]
        if where is None or before.publish != grants.publish:
            await linked.tell_hub(member)
        await self._there(linked, where, lambda one: one.set_grants(room, member, grants))
        changed = where is not None and before.publish != grants.publish
        if changed or linked.lacks(where):
            await linked.settle()
        else:
            linked.dirty.set()

    async def expel(self, room: RoomId, member: MemberId) -> None:
        """See `MediaEngine`."""
        linked = self._linked(room)
        # First, so that a gateway which comes meanwhile is not told of the member.
        linked.forget(member)
        for site in linked.live():
            await self._there(linked, site.name, lambda one: one.expel(room, member))
        await self._hub.expel(room, member)
        where = linked.place(member)
        home = None if where is None else linked.sites.get(where)
        if home is not None and home.up.pop(member, None) is not None:
            await self._there(linked, where, lambda one: one.drop(room, f"up.{member}"))
        linked.dirty.set()

    # Negotiation.

    async def publish(
        self, room: RoomId, member: MemberId, offer: str, sources: Mapping[str, str]
    ) -> Answered:
        """See `MediaEngine`."""
        return await self._linked(room).engine(member).publish(room, member, offer, sources)

    async def view(
        self, room: RoomId, member: MemberId, offer: str, wants: Mapping[str, TrackId]
    ) -> Answered:
        """See `MediaEngine`; what is elsewhere is linked first."""
        linked = self._linked(room)
        engine = linked.engine(member)
        before = linked.viewed(member, offer, wants)
        if linked.lacks(linked.place(member)):
            await linked.settle()
        else:
            linked.dirty.set()
        try:
            return await engine.view(room, member, offer, wants)
        except MediaError:
            linked.views[member], linked.wants[member] = before
            linked.dirty.set()
            raise

    async def offer_view(
        self, room: RoomId, member: MemberId, wants: Sequence[TrackId], *, restart: bool = False
    ) -> Offered:
        """Clients offer here. Raises ``media.client-offers``."""
        return await self._linked(room).engine(member).offer_view(room, member, wants, restart=restart)

    async def answer_view(self, room: RoomId, member: MemberId, answer: str) -> None:
        """Clients offer here. Raises ``media.no-offer``."""
        await self._linked(room).engine(member).answer_view(room, member, answer)

    async def restart(self, room: RoomId, member: MemberId, purpose: Purpose, offer: str) -> Answered:
        """See `MediaEngine`."""
        return await self._linked(room).engine(member).restart(room, member, purpose, offer)

    # Masks are made at the hub, of voices that are linked up for it; sites record those voices as raw from
    # before the mask hears them until after.

    async def start_mask(self, room: RoomId, voices: frozenset[TrackId], profile: MaskProfile) -> TrackId:
        """See `MediaEngine`."""
        linked = self._linked(room)
        await self._raw(linked, _COMING, voices)
        try:
            track = await self._hub.start_mask(room, voices, profile)
            linked.voices[track] = voices
            await self._raw(linked, track, voices)
        finally:
            await self._raw(linked, _COMING, frozenset())
        linked.dirty.set()
        return track

    async def set_voices(self, room: RoomId, track: TrackId, voices: frozenset[TrackId]) -> None:
        """See `MediaEngine`."""
        linked = self._linked(room)
        await self._raw(linked, track, voices | linked.voices.get(track, frozenset()))
        await self._hub.set_voices(room, track, voices)
        linked.voices[track] = voices
        await self._raw(linked, track, voices)
        linked.dirty.set()

    async def stop_mask(self, room: RoomId, track: TrackId) -> None:
        """See `MediaEngine`."""
        linked = self._linked(room)
        await self._hub.stop_mask(room, track)
        linked.voices.pop(track, None)
        await self._raw(linked, track, frozenset())
        linked.dirty.set()

    async def _raw(self, linked: LinkedRoom, mask: TrackId, voices: frozenset[TrackId]) -> None:
        for site in linked.live():
            own = linked.of(site.name, voices)
            await self._there(linked, site.name, partial(_say_raw, linked.room, mask, own))

    # Looking.

    async def stats(self, room: RoomId) -> RoomStats:
        """See `MediaEngine`."""
        linked = self._linked(room)
        hub, sites = await linked.stats()
        return merged(hub, sites, linked.place, linked.grants.__contains__)

    def events(self, room: RoomId) -> AsyncIterator[EngineEvent]:
        """See `MediaEngine`; beside the port's kinds ``gateway``: `site`, `state` (up, lost, gone) and
        the `members` who begin anew.
        """
        return self._linked(room).story.stream()

    async def aclose(self) -> None:
        """Close the hub's engine, or the channel to it; gateways keep their channels."""
        await self._hub.aclose()
        rooms, work = self._rooms, self._work
        # Whoever closes at the same time finds nothing left to close.
        self._rooms, self._work = type(rooms)(), type(work)()
        for linked in rooms.values():
            for task in [*work[linked.room], *(one.hearing for one in linked.sites.values())]:
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
            linked.story.end()


def _follow(linked: LinkedRoom, event: EngineEvent) -> None:
    """What an engine tells changes what is to be linked."""
    if event.kind in ("track-up", "track-down"):
        linked.dirty.set()
    elif event.kind == "peer" and (event.data["purpose"], event.data["state"]) == ("view", "closed"):
        linked.wants.pop(MemberId(str(event.data["member"])), None)
        linked.dirty.set()


async def _say_raw(room: RoomId, mask: TrackId, voices: frozenset[TrackId], gateway: RemoteGateway) -> None:
    await gateway.raw_voices(room, mask, voices)
