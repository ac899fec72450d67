"""Opening the roster: a wish in the log, shares of two custodians, and a tier that was reached (§2.2 names
open).

Tier 2 opens at the start of the room to the committee, the sites and the supervisor; tier 3 once the draw's
proof is open, that is when the winner is fixed or the result announced. Tiers 0 and 1 concern one person each
and need no opening: the own invitation, and the desk that checks that person in. Every wish stands in the log
before anybody is asked for a share, and in the operation log with the person behind it.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.errors import AppError, ConflictError
from app.gateways.parties import PartyError
from app.store.repositories.draws import DrawRow
from app.store.repositories.rosters import RosterOpening, RosterVersion
from app.store.unit_of_work import UnitOfWork
from app.usecases import campaign_ends, invites
from app.usecases.ceremony import Ceremony, k_of
from app.usecases.draw_requests import find_draw
from app.usecases.operations import Actor, note
from app.usecases.principals import Principal
from app.usecases.roster.custody import stale
from crypto.errors import CryptoError
from crypto.sealing import open_sealed, x25519_public
from crypto.secret_sharing import Share
from draw import roster
from draw.errors import RosterError
from draw.lifecycle import OPENED
from draw.roster import SealedRoster

ROOM_START: Final = 2
RESULT: Final = 3
ID_BYTES: Final = 12
# Asked in this order until enough shares are there; the platform's own is the first.
_ASKED: Final = ("supervisor", "agency")


class CustodiansMissingError(AppError):
    """Fewer custodians gave their share than the threshold asks for: the wish stands, ask again later."""


async def open_roster(
    ceremony: Ceremony, principal: Principal, draw_id: str, *, tier: int, reason: str, actor: Actor
) -> RosterOpening:
    """Open the newest version at a tier; asked again, the opening that stands. `reason` names no person.

    Where the draw has a campaign, the room starts when everybody is there, and the campaign is `opened` with
    it. Raises ConflictError ``roster.not-sealed``, ``roster.stale``, ``roster.too-early``,
    ``roster.not-checked-in``, ``roster.not-result``, ``roster.cancelled``, RosterError ``roster.opening`` for
    a tier or reason out of form, CustodiansMissingError.
    """
    platform = ceremony.platform
    async with platform.database.read() as uow:
        row = await find_draw(uow, principal, draw_id)
        version = await uow.rosters.newest(row.id)
    if version is None:
        raise ConflictError("roster.not-sealed")
    await _require_time(ceremony, row, version, tier)
    asked = await _asked(ceremony, row, version, principal, tier=tier, reason=reason, actor=actor)
    if asked.opened_at is not None:
        return asked
    shares = await _shares(ceremony, row, version, asked)
    sealed = SealedRoster(manifest=version.manifest, ciphertext=version.ciphertext)
    plain = roster.seats_bytes(roster.open_roster(sealed, shares))
    return await _keep(ceremony, asked, plain)


async def _require_time(ceremony: Ceremony, row: DrawRow, version: RosterVersion, tier: int) -> None:
    not_before = roster.read_manifest(version.manifest)["not_before"]
    if ceremony.platform.now() < not_before:
        raise ConflictError("roster.too-early", at=not_before)
    if tier >= RESULT and row.state != OPENED:
        raise ConflictError("roster.not-result")
    if await stale(ceremony.platform, version):
        raise ConflictError("roster.stale")


async def _asked(
    ceremony: Ceremony,
    row: DrawRow,
    version: RosterVersion,
    principal: Principal,
    *,
    tier: int,
    reason: str,
    actor: Actor,
) -> RosterOpening:
    """The wish, in the log: the one that stands for this version and tier, or a new one."""
    platform, now = ceremony.platform, ceremony.platform.now()
    opening_id = f"rop_{platform.random(ID_BYTES).hex()}"
    document = roster.opening_document(
        opening=opening_id,
        draw=k_of(row),
        version=version.version,
        tier=tier,
        asked_by=principal.role,
        reason=reason,
        at=now,
    )

    async def work(uow: UnitOfWork) -> RosterOpening:
        for one in await uow.rosters.openings(row.id):
            if (one.version, one.tier) == (version.version, tier):
                return one if one.opened_at else await _still(uow, one, now=now)
        await _require_reached(uow, row.id, tier, now=now)
        index = await invites.log_record(uow, platform, row, topic="roster-open", document=document, now=now)
        made = RosterOpening(
            id=opening_id,
            draw_id=row.id,
            version=version.version,
            tier=tier,
            person=principal.person,
            document=document,
            record_index=index,
            asked_at=now,
        )
        await uow.rosters.ask(made)
        await note(uow, actor, "roster.open", row.id, now=now)
        return made

    return await platform.database.transact(work)


async def _still(uow: UnitOfWork, asked: RosterOpening, *, now: str) -> RosterOpening:
    """A wish that was not met yet, where the campaign still allows it."""
    await _require_reached(uow, asked.draw_id, asked.tier, now=now)
    return asked


async def _require_reached(uow: UnitOfWork, draw_id: str, tier: int, *, now: str) -> None:
    if tier >= RESULT:
        await campaign_ends.require_result(uow, draw_id)
    else:
        await campaign_ends.require_room(uow, draw_id, now=now)


async def _shares(
    ceremony: Ceremony, row: DrawRow, version: RosterVersion, asked: RosterOpening
) -> Sequence[Share]:
    manifest = roster.read_manifest(version.manifest)
    shares = _own(manifest, ceremony.platform.custody)
    shown, course = await ceremony.shown(row)
    documents = {
        "manifest": b64encode(version.manifest).decode("ascii"),
        "opening": b64encode(asked.document).decode("ascii"),
        "custody": x25519_public(ceremony.platform.custody).hex(),
    }
    for role in _ASKED:
        if len(shares) >= roster.THRESHOLD:
            break
        try:
            answer = await ceremony.ask(course, role, "roster-share", shown, **documents)
            shares.append(_share(ceremony, manifest, role, asked, answer))
        except (PartyError, RosterError):
            continue
    if len(shares) < roster.THRESHOLD:
        raise CustodiansMissingError("roster.custodians-missing")
    return shares


def _own(manifest: Mapping[str, Any], custody: bytes) -> list[Share]:
    """The platform's share; none when its custody key was lost, for the other two open without it."""
    try:
        return [roster.own_share(manifest, "platform", custody)]
    except RosterError:
        return []


def _share(
    ceremony: Ceremony,
    manifest: Mapping[str, Any],
    role: str,
    asked: RosterOpening,
    answer: Mapping[str, Any],
) -> Share:
    try:
        sealed = bytes.fromhex(answer["sealed"])
        value = open_sealed(ceremony.platform.custody, roster.release_info(asked.document), sealed)
    except (KeyError, TypeError, ValueError, CryptoError) as error:
        raise PartyError("party.malformed") from error
    return roster.checked_share(manifest, role, value)


async def _keep(ceremony: Ceremony, asked: RosterOpening, plain: bytes) -> RosterOpening:
    now = ceremony.platform.now()

    async def work(uow: UnitOfWork) -> RosterOpening:
        stands = next(one for one in await uow.rosters.openings(asked.draw_id) if one.id == asked.id)
        if stands.opened_at is None:
            reach = campaign_ends.publish if stands.tier >= RESULT else campaign_ends.open_room
            await reach(uow, stands.draw_id, now=now)
            await uow.rosters.opened(stands, plain, at=now)
        return next(one for one in await uow.rosters.openings(asked.draw_id) if one.id == asked.id)

    return await ceremony.platform.database.transact(work)
