"""A room's engine with the gateways of its sites (docs/spec/site-gateway.md §5, §7).

A gateway may be there before the room, come while it runs, or be sent away from it. What it recorded while
the hub could not is fetched when it is back and when the room ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.gateways.room_engines import RECORDINGS, Attached, ReachedEngine, RoomEngines
from app.usecases.room.finishing import finished
from app.usecases.room.gateways import GatewayDesk
from remote_eval.errors import EvaluationError, MediaError
from remote_eval.media.engine import CASCADE, RoomId, RoomSpec
from remote_eval.media.gateway.cascade import CascadeEngine
from remote_eval.media.gateway.handover import hand_over, handed_over_by, site_folder, write_covers
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.recording.gaps import list_gaps

LOG: Final = structlog.get_logger("qiantong.gateway")


class CascadedEngines:
    """`RoomEngines` with the gateways of each room's sites. `sites_of` gives the sites of a room that is led
    here, `site_of` where one of its members is, `spec_of` how a room that runs already would be opened now.
    """

    def __init__(
        self,
        base: RoomEngines,
        desk: GatewayDesk,
        *,
        sites_of: Callable[[str], Collection[str]],
        site_of: Callable[[str, str], str | None],
        spec_of: Callable[[str], Awaitable[RoomSpec]],
    ) -> None:
        self.name = base.name
        self._base = base
        self._desk = desk
        self._sites_of, self._site_of, self._spec_of = sites_of, site_of, spec_of
        self._cascades: dict[str, CascadeEngine] = {}
        self._work: set[asyncio.Task[None]] = set()
        desk.listeners.append(self)

    async def attach(self, room: str) -> Attached:
        """See `RoomEngines`."""
        attached = await self._base.attach(room)
        if CASCADE not in attached.engine.capabilities:
            return attached
        try:
            rooms = {} if attached.fresh else {RoomId(room): await self._running(room, attached.engine)}
        except BaseException:
            await attached.engine.aclose()
            raise
        cascade = CascadeEngine(attached.engine, site_of=self._site_of, rooms=rooms)
        self._cascades[room] = cascade
        for site in self._sites_of(room):
            gateway = self._desk.at(site)
            if gateway is not None:
                await self._brought(room, site, gateway)
        return Attached(engine=cascade, fresh=attached.fresh)

    async def _running(self, room: str, engine: ReachedEngine) -> RoomSpec:
        """How a room that runs already was opened, for gateways that do not have it yet."""
        clock = (await engine.stats(RoomId(room))).clock_ms
        spec = await self._spec_of(room)
        return replace(spec, opened_at=spec.opened_at - clock)

    async def close(self, room: str) -> None:
        """See `RoomEngines`: at the sites first, then what they recorded while they were away is fetched."""
        self._cascades.pop(room, None)
        sites = {*self._sites_of(room), *filter(None, (await self._homes(room)).values())}
        here = {site: gateway for site in sorted(sites) if (gateway := self._desk.at(site)) is not None}
        for gateway in here.values():
            with suppress(MediaError):
                await gateway.close_room(RoomId(room))
        await self._base.close(room)
        for site, gateway in here.items():
            await self._fetch(room, site, gateway)

    async def release(self, room: str) -> None:
        """See `RoomEngines`."""
        self._cascades.pop(room, None)
        await self._base.release(room)

    def folder(self, room: str) -> Path:
        """See `RoomEngines`."""
        return self._base.folder(room)

    async def manifest(self, room: str, part: int) -> bytes:
        """See `RoomEngines`."""
        return await self._base.manifest(room, part)

    def came(self, site: str, gateway: RemoteGateway) -> None:
        """See `Listener`."""
        for room in self._cascades:
            if site in self._sites_of(room):
                self._begin(self._join(room, site, gateway))

    def dismissed(self, site: str) -> None:
        """See `Listener`."""
        for room in self._cascades:
            self._begin(self._leave(room, site))

    def ended(self, room: str, site: str, gateway: RemoteGateway) -> None:
        """See `Listener`."""
        self._begin(self._fetch(room, site, gateway))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _join(self, room: str, site: str, gateway: RemoteGateway) -> None:
        if await self._brought(room, site, gateway):
            await self._fetch(room, site, gateway)

    async def _brought(self, room: str, site: str, gateway: RemoteGateway) -> bool:
        """Whether a gateway came to a room; one that cannot costs neither the room nor its other sites."""
        cascade = self._cascades.get(room)
        try:
            if cascade is None or gateway is not self._desk.at(site):
                return False
            await cascade.attach(site, gateway)
        except MediaError as error:
            LOG.warning("gateway.not-joined", room=room, site=site, code=error.code)
            return False
        return True

    async def _leave(self, room: str, site: str) -> None:
        cascade = self._cascades.get(room)
        try:
            if cascade is not None:
                await cascade.detach(site)
        except MediaError as error:
            LOG.warning("gateway.not-left", room=room, site=site, code=error.code)

    async def _fetch(self, room: str, site: str, gateway: RemoteGateway) -> None:
        """Recordings of this site's tracks that the hub's own have gaps in."""
        folder = self.folder(room)
        try:
            gaps = await asyncio.to_thread(list_gaps, folder / RECORDINGS)
            homes = await self._homes(room)
            missing = {one.track for one in gaps if homes.get(one.track.partition("/")[0]) == site}
            if missing:
                done = await hand_over(gateway, RoomId(room), site_folder(folder, site), missing)
                sites = await asyncio.to_thread(handed_over_by, folder)
                await asyncio.to_thread(write_covers, folder, folder / RECORDINGS, sites)
                LOG.info("gateway.handed-over", room=room, site=site, bytes=done.copied)
        except (EvaluationError, OSError, SQLAlchemyError) as error:
            LOG.warning("gateway.not-handed-over", room=room, site=site, code=str(error))

    async def _homes(self, room: str) -> dict[str, str | None]:
        """The site of every member that a room ever had, whoever leads it."""
        return await finished(self._members(room))

    async def _members(self, room: str) -> dict[str, str | None]:
        async with self._desk.platform.database.read() as uow:
            return {one.id: one.site for one in await uow.rooms.members(room)}
