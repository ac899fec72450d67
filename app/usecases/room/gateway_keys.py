"""Keys of site gateways, believed by the word of two persons, for one site each (site-gateway.md §1).

An operator proposes the key that somebody read off the gateway; another person, operator or supervisor,
compares it with what the gateway shows and approves it. One person is enough to revoke it. Each act stands
in the site's ledger. Who is here and heard is `gateways`' affair.
"""

from typing import Final

from app.errors import AccessRefusedError, ConflictError, InputRefusedError, NotFoundError
from app.store.repositories.site_gateways import SiteGateway
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import new_id
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.texts import fault
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from crypto.errors import SignatureError
from crypto.signing import validate_public

MAX_NAME: Final = 200


async def propose(
    uow: UnitOfWork, platform: Platform, *, site: str, name: str, public: str, actor: Actor
) -> SiteGateway:
    """Propose the key of a gateway of a site, hex32; proposed again by the same person it is the same.

    Raises NotFoundError ``site.unknown``, InputRefusedError ``gateway.refused-input``, ConflictError
    ``gateway.exists`` for a key that is or was known.
    """
    if await uow.venues.site(site) is None:
        raise NotFoundError("site.unknown")
    key = _checked(name, public)
    known = await uow.site_gateways.by_key(key)
    if known is not None:
        return _same(known, site, actor)
    now = platform.now()
    gateway = SiteGateway(
        id=new_id(platform, "gw"),
        site=site,
        name=name,
        public=key,
        proposed_at=now,
        proposed_by=actor.person,
    )
    await uow.site_gateways.add(gateway)
    await _enter(uow, platform, gateway, "proposed", actor=actor, now=now)
    return gateway


async def approve(
    uow: UnitOfWork, platform: Platform, gateway_id: str, public: str, *, actor: Actor
) -> SiteGateway:
    """Approve a gateway's key as the second person, who names the key that the gateway itself shows.

    Raises NotFoundError ``gateway.unknown``, AccessRefusedError ``gateway.two-persons``, ConflictError
    ``gateway.other-key``, ``gateway.settled``.
    """
    gateway = await find(uow, gateway_id)
    if gateway.proposed_by == actor.person:
        raise AccessRefusedError("gateway.two-persons")
    if gateway.public != public.lower():
        raise ConflictError("gateway.other-key")
    now = platform.now()
    if not await uow.site_gateways.approve(gateway.id, by=actor.person, at=now):
        raise ConflictError("gateway.settled")
    await _enter(uow, platform, gateway, "approved", actor=actor, now=now)
    return await find(uow, gateway_id)


async def revoke(uow: UnitOfWork, platform: Platform, gateway_id: str, *, actor: Actor) -> SiteGateway:
    """Believe a gateway no longer: no hello is taken, and a channel that runs ends with the next look at it.

    Raises NotFoundError ``gateway.unknown``, ConflictError ``gateway.settled``.
    """
    gateway = await find(uow, gateway_id)
    now = platform.now()
    if not await uow.site_gateways.revoke(gateway.id, by=actor.person, at=now):
        raise ConflictError("gateway.settled")
    await _enter(uow, platform, gateway, "revoked", actor=actor, now=now)
    return await find(uow, gateway_id)


async def find(uow: UnitOfWork, gateway_id: str) -> SiteGateway:
    """One gateway, also a revoked one. Raises NotFoundError ``gateway.unknown``."""
    found = await uow.site_gateways.get(gateway_id)
    if found is None:
        raise NotFoundError("gateway.unknown")
    return found


def state_of(gateway: SiteGateway) -> str:
    """``proposed``, ``enrolled`` or ``revoked``."""
    if gateway.revoked_at is not None:
        return "revoked"
    return "proposed" if gateway.approved_at is None else "enrolled"


def _checked(name: str, public: str) -> str:
    """The key as it is kept. Raises InputRefusedError with every fault."""
    faults = [] if 0 < len(name.strip()) <= len(name) <= MAX_NAME else [fault("gateway.name", "/name")]
    try:
        validate_public(bytes.fromhex(public))
    except (SignatureError, ValueError):
        faults.append(fault("device.key", "/key"))
    if faults:
        raise InputRefusedError("gateway.refused-input", faults)
    return bytes.fromhex(public).hex()


def _same(known: SiteGateway, site: str, actor: Actor) -> SiteGateway:
    if (known.site, known.proposed_by, state_of(known)) != (site, actor.person, "proposed"):
        raise ConflictError("gateway.exists")
    return known


async def _enter(
    uow: UnitOfWork, platform: Platform, gateway: SiteGateway, what: str, *, actor: Actor, now: str
) -> None:
    act = Act(platform=platform, site=gateway.site, actor=actor, now=now)
    await act.enter(uow, f"gateway-{what}", gateway=gateway.id, key=gateway.public)
    await note(uow, actor, f"gateway.{what}", gateway.id, now=now)
