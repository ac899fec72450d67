"""The gateways of a hub: how one comes to a room, is lost, comes back, or is sent away (site-gateway.md §5).

Members may come, go and be granted other things while a gateway comes: a site is a room's only once its
gateway has been told everything, so nobody is sent to a gateway that is on its way. The newest gateway of a
site is the one that counts. What is linked then is `linking`'s affair.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import EngineEvent, Grants, MediaEngine, MemberId, RoomId, RoomSpec, TrackId
from remote_eval.media.gateway.linking import DOWN, LinkedRoom, Site
from remote_eval.media.gateway.merging import Where, owner
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.gateway.together import together

# Beside a room's members each site views at the hub as a guest.
MAX_SITES: Final = 32
_SEED_BYTES: Final = 32
Follow = Callable[[LinkedRoom, EngineEvent], None]
SiteOf = Callable[[RoomId, MemberId], Where]


class Sites:
    """Gateways by site, for every room of one hub. `site_of` tells where a member is, `follow` hears what a
    site's engine tells.
    """

    def __init__(
        self, hub: MediaEngine, *, site_of: SiteOf, chance: Callable[[int], bytes], follow: Follow
    ) -> None:
        self.here: dict[str, RemoteGateway] = {}
        self._hub = hub
        self._site_of = site_of
        self._chance = chance
        self._follow = follow

    def expect(self, site: str, gateway: RemoteGateway) -> None:
        """This is the gateway of a site from now on. Raises ``media.full``."""
        if site not in self.here and len(self.here) >= MAX_SITES:
            raise MediaError("media.full")
        self.here[site] = gateway

    async def bring(self, linked: LinkedRoom, site: str) -> None:
        """Bring a site's gateway to what the room is now; nothing changes for one that is there already.
        What it still links from before ends first. Raises MediaError.
        """
        async with linked.arriving[site]:
            gateway, known = self.here.get(site), linked.sites.get(site)
            if gateway is None or linked.is_closed or (known is not None and known.gateway is gateway):
                return
            if known is not None:
                await self._lose(linked, known)
            await self._enter(linked, known or Site(name=site), gateway)
        await linked.settle()

    async def _enter(self, linked: LinkedRoom, site: Site, gateway: RemoteGateway) -> None:
        back = await self._strays(linked, site, gateway) if gateway.holds(linked.room) else []
        for member in back:
            linked.home[member] = site.name
        try:
            await self._prepare(linked, site, gateway)
        except MediaError:
            for member in back:
                linked.home[member] = None
                with suppress(MediaError):
                    await linked.tell_hub(member)
            raise
        for member in back:
            linked.begins_anew(member)
        linked.story.tell("gateway", {"site": site.name, "state": "up", "members": sorted(back)})
        for member in linked.members_at(site.name):
            await linked.tell_hub(member, anew=True)

    async def _prepare(self, linked: LinkedRoom, site: Site, gateway: RemoteGateway) -> None:
        room, clock = linked.room, (await self._hub.stats(linked.room)).clock_ms
        kept = linked.members_at(site.name) if gateway.holds(room) else []
        if gateway.holds(room):
            await gateway.drop_all(room)
            await gateway.retain(room, kept)
        else:
            await gateway.open_room(room, self._spec_there(linked, clock))
        await self._hub.expel(room, site.guest)
        events = gateway.events(room)
        hub, there = await together(self._hub.stats(room), gateway.stats(room))
        await _tell(linked, site, gateway, kept)
        # Nothing is awaited between the last look at the grants and here: what changes from now on is told.
        linked.story.offsets[site.name] = hub.clock_ms - there.clock_ms
        site.gateway, linked.sites[site.name] = gateway, site
        site.hearing = asyncio.create_task(
            self._hear(linked, site, gateway, events), name=f"site {site.name}"
        )

    async def _strays(self, linked: LinkedRoom, site: Site, gateway: RemoteGateway) -> list[MemberId]:
        """Members of the hub whose media the gateway has: a server that did not know the gateway yet let them
        in. They are the site's again, begin anew, and are named by the event ``gateway`` with state ``up``.
        """
        there = await gateway.stats(linked.room)
        seen = {owner(one.track) for one in there.tracks} | {one.member for one in there.legs}
        own = [one for one in linked.members_at(None) if self._site_of(linked.room, one) == site.name]
        return [one for one in own if one in seen]

    def _spec_there(self, linked: LinkedRoom, clock: float) -> RoomSpec:
        """The room as a gateway opens it: under keys of its own, in a folder of its own choice."""
        spec = linked.spec or RoomSpec(opened_at=0.0, record=None)
        plan = spec.record
        if plan is not None:
            plan = replace(plan, folder=Path(), seed=self._chance(_SEED_BYTES))
        return replace(spec, opened_at=spec.opened_at + clock, record=plan)

    async def _hear(
        self, linked: LinkedRoom, site: Site, gateway: RemoteGateway, events: AsyncIterator[EngineEvent]
    ) -> None:
        async for event in events:
            if event.kind == "link":
                if event.data.get("state") == "closed":
                    name = str(event.data["link"])
                    linked.unlinked(site.guest if name == DOWN else name.removeprefix("up."))
            elif event.kind != "engine":
                linked.story.hear(site.name, event)
                self._follow(linked, event)
        if not linked.is_closed and site.gateway is gateway:
            await self._lose(linked, site)

    async def _lose(self, linked: LinkedRoom, site: Site) -> None:
        """A site that is not reached: nothing of it is forwarded or recorded at the hub."""
        if site.gateway is None:
            return
        site.gateway = None
        site.forget()
        for track in sorted(linked.story.up):
            if linked.place(owner(track)) == site.name:
                linked.story.turn(track, on=False, cause="gateway")
        linked.story.tell("gateway", {"site": site.name, "state": "lost"})
        with suppress(MediaError):
            for member in linked.members_at(site.name):
                await linked.tell_hub(member)
            await self._hub.expel(linked.room, site.guest)

    async def dismiss(self, linked: LinkedRoom, site: str) -> None:
        """A site has no gateway any more: its members are the hub's and begin anew. They are named by the
        event ``gateway`` with state ``gone``. Raises MediaError when the hub's engine fails.
        """
        async with linked.arriving[site]:
            known = linked.sites.get(site)
            if known is None:
                return
            if known.hearing is not None:
                known.hearing.cancel()
            await self._lose(linked, known)
            moved = linked.abandon(site)
            await self._hub.expel(linked.room, known.guest)
            for member in moved:
                await linked.tell_hub(member, anew=True)
            linked.story.tell("gateway", {"site": site, "state": "gone", "members": sorted(moved)})
        linked.dirty.set()


async def _tell(linked: LinkedRoom, site: Site, gateway: RemoteGateway, kept: Collection[MemberId]) -> None:
    """Tell a gateway its members, their grants and whose voices are recorded as raw, until nothing of it has
    changed meanwhile; `kept` are members whom it has from before.
    """
    members: dict[MemberId, Grants | None] = dict.fromkeys(kept)
    masks: dict[TrackId, frozenset[TrackId]] = {}
    while True:
        wanted = {one: linked.grants[one] for one in linked.members_at(site.name)}
        raw = {mask: linked.of(site.name, voices) for mask, voices in linked.voices.items()}
        if (wanted, raw) == (members, masks):
            return
        for mask in masks.keys() | raw.keys():
            await gateway.raw_voices(linked.room, mask, raw.get(mask, frozenset()))
        for member in members.keys() - wanted.keys():
            await gateway.expel(linked.room, member)
        for member, grants in wanted.items():
            if members.get(member) != grants:
                await gateway.admit(linked.room, member, grants)
        members, masks = dict(wanted), raw
