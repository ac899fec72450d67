"""Gateways of sites that are here: let in by their signed hello, kept while they are believed.

A gateway that is revoked, by this process or another one, is heard no more within a second; whoever relies on
it is told. Whose keys are believed is `gateway_keys`' affair, what becomes of rooms `cascaded`'s
(docs/spec/site-gateway.md §2).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.store.repositories.rooms import RoomRow
from app.store.repositories.site_gateways import SiteGateway
from app.usecases.platform import Platform
from app.usecases.room.finishing import finished
from remote_eval.errors import MediaError
from remote_eval.media.engine import RoomId
from remote_eval.media.gateway.greeting import greet
from remote_eval.media.gateway.hello import REFUSED, Greeted
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.gateway.sealed import Messages

LOG: Final = structlog.get_logger("qiantong.gateway")
# How often it is looked whether a gateway is still believed.
LOOK_SECONDS: Final = 1.0
# Rooms that a gateway may bring back from before: more than this are not looked at.
MAX_KEPT: Final = 64


class Listener(Protocol):
    """Who is told of gateways."""

    def came(self, site: str, gateway: RemoteGateway) -> None:
        """A site's gateway is here; it takes the place of the one before."""

    def dismissed(self, site: str) -> None:
        """A site's gateway is believed no longer."""

    def ended(self, room: str, site: str, gateway: RemoteGateway) -> None:
        """A room that was closed while a gateway was away has ended there as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A gateway that is here, and the id under which it is known."""

    gateway: RemoteGateway
    device: str


@dataclass(slots=True, kw_only=True)
class GatewayDesk:
    """Gateways that are here, by site; the newest of a site is the one that counts. `strangers` are sockets
    that have not said who they are.
    """

    platform: Platform
    listeners: list[Listener] = field(default_factory=list)
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    strangers: int = 0
    _here: dict[str, Present] = field(default_factory=dict)

    def at(self, site: str) -> RemoteGateway | None:
        """The gateway of a site, if it is here."""
        found = self._here.get(site)
        return None if found is None else found.gateway

    def is_here(self, device: str) -> bool:
        """Whether this gateway's channel ends here."""
        return any(one.device == device for one in self._here.values())

    async def serve(self, site: str, messages: Messages, *, accept: Callable[[], Awaitable[None]]) -> None:
        """Let a gateway in and keep it until it is gone; `accept` opens its socket, which counts from then on
        as a stranger's. Raises MediaError ``gateway.refused``, also for one that is believed no longer.
        """
        present = await self._greeted(site, messages, accept)
        before = self._here.get(site)
        self._here[site] = present
        if before is not None:
            before.gateway.abandon()
        LOG.info("gateway.here", site=site)
        for listener in self.listeners:
            listener.came(site, present.gateway)
        beside = [asyncio.create_task(one) for one in (self._watch(present), self._tidy(site, present))]
        try:
            await present.gateway.lost.wait()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            if self._here.get(site) is present:
                del self._here[site]
            LOG.info("gateway.gone", site=site)
        if not await finished(self._believed(present.device)):
            raise MediaError(REFUSED)

    async def _greeted(self, site: str, messages: Messages, accept: Callable[[], Awaitable[None]]) -> Present:
        known: list[str] = []

        async def key_of(greeted: Greeted) -> bytes | None:
            known.append(greeted.device)
            return await finished(self._key_of(greeted))

        self.strangers += 1
        try:
            await accept()
            log, random = self.platform.log, self.platform.random
            gateway = await greet(messages, site, key=log.key, key_of=key_of, random=random)
        finally:
            self.strangers -= 1
        return Present(gateway=gateway, device=known[0])

    async def _key_of(self, greeted: Greeted) -> bytes | None:
        known = await self._known(greeted.device)
        if known is None or known.site != greeted.site or not known.is_believed:
            return None
        return bytes.fromhex(known.public)

    async def _known(self, device: str) -> SiteGateway | None:
        async with self.platform.database.read() as uow:
            return await uow.site_gateways.get(device)

    async def _tidy(self, site: str, present: Present) -> None:
        """Rooms that were closed while a gateway was away end there too, and their recordings with them."""
        for room in present.gateway.rooms[:MAX_KEPT]:
            row = await finished(self._room(room))
            if row is None or row.closed_at is not None:
                with suppress(MediaError):
                    await present.gateway.close_room(room)
                for listener in self.listeners if row is not None else ():
                    listener.ended(room, site, present.gateway)

    async def _room(self, room: RoomId) -> RoomRow | None:
        async with self.platform.database.read() as uow:
            return await uow.rooms.get(room)

    # Whether those who are here still may be.

    async def _watch(self, present: Present) -> None:
        """Look again and again whether a gateway is believed, whoever may revoke it."""
        while await self.look(present.device):
            await self.pause(LOOK_SECONDS)

    async def look(self, device: str) -> bool:
        """Whether a gateway is believed; one that is not is dismissed."""
        believed = await finished(self._believed(device))
        if not believed:
            self._dismiss(device)
        return believed

    async def _believed(self, device: str) -> bool:
        """A database that does not answer revokes nobody."""
        try:
            known = await self._known(device)
        except SQLAlchemyError as error:
            LOG.warning("gateway.not-looked-up", code=type(error).__name__)
            return True
        return known is not None and known.is_believed

    def _dismiss(self, device: str) -> None:
        """Hear no more of a gateway at once and tell whoever relies on it, if it is here."""
        for site, present in list(self._here.items()):
            if present.device == device:
                del self._here[site]
                LOG.info("gateway.dismissed", site=site)
                present.gateway.abandon()
                for listener in self.listeners:
                    listener.dismissed(site)
