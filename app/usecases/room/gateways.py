"""Gateways of sites: made known by an operator, let in by their signed hello, part of a room's engine.

`GatewayDesk` knows which gateways are here; `CascadedEngines` puts those of a room's sites together with the
room's own engine, also one that comes while the room runs. What a gateway recorded while it was away is
fetched when it is back and when the room ends (docs/spec/site-gateway.md).
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from app.errors import ConflictError, InputRefusedError, NotFoundError
from app.gateways.room_engines import RECORDINGS, Attached, RoomEngines
from app.store.repositories.site_gateways import SiteGateway
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import new_id
from app.usecases.arrival.texts import fault
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from crypto.errors import SignatureError
from crypto.signing import validate_public
from remote_eval.errors import EvaluationError, MediaError
from remote_eval.media.engine import CASCADE, MemberId, RoomId
from remote_eval.media.gateway.cascade import CascadeEngine
from remote_eval.media.gateway.greeting import greet
from remote_eval.media.gateway.handover import hand_over, handed_over_by, site_folder, write_covers
from remote_eval.media.gateway.hello import Greeted
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.gateway.sealed import Messages
from remote_eval.media.recording.gaps import list_gaps

LOG = structlog.get_logger("qiantong.gateway")
MAX_NAME = 200


async def register(
    uow: UnitOfWork, platform: Platform, *, site: str, name: str, public: str, actor: Actor
) -> SiteGateway:
    """Make a gateway known by its key. Raises NotFoundError ``site.unknown``, InputRefusedError
    ``gateway.refused-input``, ConflictError ``gateway.exists``.
    """
    if await uow.venues.site(site) is None:
        raise NotFoundError("site.unknown")
    try:
        validate_public(bytes.fromhex(public))
    except (SignatureError, ValueError) as error:
        raise InputRefusedError("gateway.refused-input", [fault("device.key", "/public")]) from error
    now = platform.now()
    gateway = SiteGateway(
        id=new_id(platform, "gw"),
        site=site,
        name=name[:MAX_NAME],
        public=public.lower(),
        registered_at=now,
        registered_by=actor.person,
    )
    await uow.site_gateways.add(gateway)
    await note(uow, actor, "gateway.register", gateway.id, now=now)
    return gateway


async def revoke(uow: UnitOfWork, platform: Platform, gateway_id: str, *, actor: Actor) -> None:
    """Believe a gateway no longer, from its next hello on. Raises NotFoundError ``gateway.unknown``,
    ConflictError ``gateway.revoked``.
    """
    gateway = await uow.site_gateways.get(gateway_id)
    if gateway is None:
        raise NotFoundError("gateway.unknown")
    if gateway.revoked_at is not None:
        raise ConflictError("gateway.revoked")
    now = platform.now()
    await uow.site_gateways.revoke(gateway_id, at=now)
    await note(uow, actor, "gateway.revoke", gateway_id, now=now)


@dataclass(slots=True, kw_only=True)
class GatewayDesk:
    """Gateways that are here, by site; the newest of a site is the one that counts."""

    platform: Platform
    here: dict[str, RemoteGateway] = field(default_factory=dict)
    listeners: list[Callable[[str, RemoteGateway], None]] = field(default_factory=list)

    async def serve(self, site: str, messages: Messages) -> None:
        """Let a gateway in and keep it until it is gone. Raises MediaError ``gateway.refused``."""
        gateway = await greet(
            messages,
            site,
            key=self.platform.log.key,
            key_of=self._key_of,
            random=self.platform.random,
        )
        before = self.here.get(site)
        self.here[site] = gateway
        if before is not None:
            await before.aclose()
        LOG.info("gateway.here", site=site)
        for listener in self.listeners:
            listener(site, gateway)
        try:
            await gateway.lost.wait()
        finally:
            if self.here.get(site) is gateway:
                del self.here[site]
            LOG.info("gateway.gone", site=site)

    async def _key_of(self, greeted: Greeted) -> bytes | None:
        async with self.platform.database.read() as uow:
            known = await uow.site_gateways.get(greeted.device)
        if known is None or known.site != greeted.site or known.revoked_at is not None:
            return None
        return bytes.fromhex(known.public)


class CascadedEngines:
    """`RoomEngines` with the gateways of each room's sites. `sites_of` gives the sites of a room that is led
    here, `site_of` where one of its members is.
    """

    def __init__(
        self,
        base: RoomEngines,
        desk: GatewayDesk,
        *,
        sites_of: Callable[[str], Collection[str]],
        site_of: Callable[[str, str], str | None],
    ) -> None:
        self.name = base.name
        self._base = base
        self._desk = desk
        self._sites_of, self._site_of = sites_of, site_of
        self._cascades: dict[str, CascadeEngine] = {}
        self._work: set[asyncio.Task[None]] = set()
        desk.listeners.append(self._came)

    async def attach(self, room: str) -> Attached:
        """See `RoomEngines`."""
        attached = await self._base.attach(room)
        if CASCADE not in attached.engine.capabilities:
            return attached
        cascade = CascadeEngine(
            attached.engine,
            site_of=self._site_of,
            rooms=() if attached.fresh else (RoomId(room),),
        )
        self._cascades[room] = cascade
        for site in self._sites_of(room):
            gateway = self._desk.here.get(site)
            if gateway is not None:
                await cascade.attach(site, gateway)
        return Attached(engine=cascade, fresh=attached.fresh)

    async def close(self, room: str) -> None:
        """See `RoomEngines`: at the sites first, then what they recorded while they were away is fetched."""
        self._cascades.pop(room, None)
        here = {site: self._desk.here[site] for site in self._sites_of(room) if site in self._desk.here}
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

    def _came(self, site: str, gateway: RemoteGateway) -> None:
        for room in self._cascades:
            if site in self._sites_of(room):
                task = asyncio.create_task(self._join(room, site, gateway), name=f"gateway {site}")
                self._work.add(task)
                task.add_done_callback(self._work.discard)

    async def _join(self, room: str, site: str, gateway: RemoteGateway) -> None:
        cascade = self._cascades.get(room)
        if cascade is None:
            return
        try:
            await cascade.attach(site, gateway)
        except MediaError as error:
            LOG.warning("gateway.not-joined", room=room, site=site, code=error.code)
            return
        await self._fetch(room, site, gateway)

    async def _fetch(self, room: str, site: str, gateway: RemoteGateway) -> None:
        """Recordings of this site's tracks that the hub's own have gaps in."""
        folder = self.folder(room)
        try:
            gaps = await asyncio.to_thread(list_gaps, folder / RECORDINGS)
            missing = {
                one.track
                for one in gaps
                if self._site_of(room, MemberId(one.track.partition("/")[0])) == site
            }
            if missing:
                done = await hand_over(gateway, RoomId(room), site_folder(folder, site), missing)
                sites = await asyncio.to_thread(handed_over_by, folder)
                await asyncio.to_thread(write_covers, folder, folder / RECORDINGS, sites)
                LOG.info("gateway.handed-over", room=room, site=site, bytes=done.copied)
        except (EvaluationError, OSError) as error:
            LOG.warning("gateway.not-handed-over", room=room, site=site, code=str(error))
