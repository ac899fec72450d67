"""Reading an opened roster: who may, by the tier that was reached, and how much.

The manifest fixed, before anybody was asked, which readers each tier has. The supervisor sees the whole
roster, a site's staff the people of their own site, the archive (operators) and the public only where the
pack lets them. Every reading by an account is in the operation log; a refusal is the same whether nothing
was sealed, nothing opened, or the reader is not of the tier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.errors import NotFoundError
from app.store.repositories.rosters import RosterOpening, RosterVersion
from app.store.unit_of_work import UnitOfWork
from app.usecases.draw_requests import find_draw
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import AGENCY, OPERATOR, SITE, SUPERVISOR, Principal
from app.usecases.roster import custody
from draw import roster
from draw.lifecycle import DRAWN
from draw.roster import RosterSeat

# What a role is among the readers of a tier: an agency reads what the public reads, an operator the archive.
READER_OF: Final = {AGENCY: "public", OPERATOR: "archive", SITE: "site", SUPERVISOR: "supervisor"}
PUBLIC: Final = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterState:
    """How far a draw's roster is, for whoever may open it; without a version nothing was sealed yet.

    `due`: its time has come; `tier` is the highest reached, `readers` whom each tier lets in, `readable`
    whether this caller may read.
    """

    draw: str
    version: RosterVersion | None
    not_before: str | None
    due: bool
    stale: bool
    tier: int
    readers: Mapping[int, Sequence[str]]
    readable: bool
    openings: Sequence[RosterOpening]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenRoster:
    """An opened version: its tier and who sits, as far as the reader may see. `way`: ``drawn``, or how they
    were chosen instead."""

    draw: str
    version: int
    tier: int
    seats: Sequence[RosterSeat]
    way: str


async def roster_state(platform: Platform, principal: Principal, draw_id: str) -> RosterState:
    """Sealed or not, from when it may be opened, at which tier it is open. Raises NotFoundError
    ``draw.unknown``."""
    async with platform.database.read() as uow:
        draw = (await find_draw(uow, principal, draw_id)).id
        version = await uow.rosters.newest(draw)
        wishes = await uow.rosters.openings(draw)
    manifest = None if version is None else roster.read_manifest(version.manifest)
    reached = max((one.tier for one in wishes if one.opened_at is not None), default=0)
    reader = READER_OF.get(principal.role, PUBLIC)
    return RosterState(
        draw=draw,
        version=version,
        not_before=None if manifest is None else manifest["not_before"],
        due=manifest is not None and manifest["not_before"] <= platform.now(),
        stale=version is not None and await custody.stale(platform, version),
        tier=reached,
        readers={} if manifest is None else {one["tier"]: one["readers"] for one in manifest["tiers"]},
        readable=manifest is not None and reached > 0 and reader in roster.readers(manifest, reached),
        openings=wishes,
    )


async def read_roster(platform: Platform, principal: Principal, draw_id: str, *, actor: Actor) -> OpenRoster:
    """What this caller may see of the newest opened version, on record. Raises NotFoundError
    ``roster.not-open``."""
    async with platform.database.read() as uow:
        draw = draw_id if principal.role == SITE else (await find_draw(uow, principal, draw_id)).id
        found = await _readable(uow, draw, READER_OF.get(principal.role, PUBLIC))
    if principal.role == SITE:
        found = _of_site(found, principal.site_id)
    now = platform.now()
    await platform.database.transact(lambda uow: note(uow, actor, "roster.read", draw, now=now))
    return found


async def public_roster(platform: Platform, code: str) -> OpenRoster:
    """What the public may read of the draw behind a code. Raises NotFoundError ``roster.not-open``."""
    async with platform.database.read() as uow:
        row = await uow.draws.by_code(code)
        if row is None or row.mode != platform.mode:
            raise NotFoundError("roster.not-open")
        return await _readable(uow, row.id, PUBLIC)


async def readable_to_public(uow: UnitOfWork, draw_id: str) -> Sequence[RosterSeat] | None:
    """Who sits, where the tier that was reached lets everybody read it; else None."""
    try:
        return (await _readable(uow, draw_id, PUBLIC)).seats
    except NotFoundError:
        return None


async def _readable(uow: UnitOfWork, draw_id: str, reader: str) -> OpenRoster:
    """The newest opening that this kind of reader may see."""
    version = await uow.rosters.newest(draw_id)
    opened = [one for one in await uow.rosters.openings(draw_id) if one.opened_at is not None]
    reached = max((one.tier for one in opened), default=0)
    if (
        version is None
        or not opened
        or reader not in roster.readers(roster.read_manifest(version.manifest), reached)
    ):
        raise NotFoundError("roster.not-open")
    row = await uow.draws.get(draw_id)
    return OpenRoster(
        draw=draw_id,
        version=opened[-1].version,
        tier=reached,
        seats=await _seats(uow, opened[-1]),
        way=str((row.sdr or {})["way"]) if row is not None and row.appointed else DRAWN,
    )


async def _seats(uow: UnitOfWork, opening: RosterOpening) -> list[RosterSeat]:
    plain = await uow.rosters.seats(opening.id)
    if plain is None:
        raise NotFoundError("roster.not-open")
    return roster.seats_of(plain)


def _of_site(found: OpenRoster, site_id: str | None) -> OpenRoster:
    own = [one for one in found.seats if one.venue is not None and one.venue == site_id]
    if not own:
        raise NotFoundError("roster.not-open")
    return replace(found, seats=own)
