"""Sealing the roster: once every seat has accepted, and anew whenever a holder changes (R13).

The roster's key is made, split among platform, agency and supervisor, and forgotten; what stays is a
ciphertext, three shares each sealed to its holder, and the manifest's digest in the log. Honest limit: the
platform's process computes who was drawn in order to invite them, so custody binds consoles, staff, backups
and whoever reads the database, not a platform that is rebuilt to disobey (docs/threat-model.md).
"""

from collections.abc import Mapping
from typing import Final

from app.errors import ConflictError, NotFoundError
from app.gateways.parties import PartyError
from app.store.repositories.draws import DrawRow
from app.store.repositories.rosters import RosterVersion
from app.store.unit_of_work import UnitOfWork
from app.usecases import appointed, invites
from app.usecases.ceremony import Ceremony, k_of
from app.usecases.platform import Platform
from crypto.errors import CryptoError
from crypto.sealing import x25519_public
from crypto.signing import verify
from draw import roster
from draw.avoidance.layers import Tier
from draw.roster import RosterSeat, SealedRoster

_PARTIES: Final = ("agency", "supervisor")


async def seal_roster(
    ceremony: Ceremony, draw_id: str, *, not_before: str, venues: Mapping[str, str], since: str = ""
) -> RosterVersion:
    """Seal who holds the seats now, as the next version; the same holders are sealed no second time, unless
    the version before is older than `since`: then they may meet elsewhere.

    `not_before` is the first time at which a custodian gives a share, `venues` maps the draw's sites to the
    centres where their people sit. Raises ConflictError ``draw.state``, PartyError when a custodian's key
    cannot be had.
    """
    row = await ceremony.row(draw_id)
    events, seats = await _holders(ceremony.platform, row, venues)
    known = await _newest(ceremony.platform, draw_id)
    same = known is not None and known.events == events and known.sealed_at >= since
    if known is not None and same and _time(known) == not_before:
        return known
    keys = await _custody_keys(ceremony, row)
    version = 1 if known is None else known.version + 1
    sealed = roster.seal(
        seats,
        draw=k_of(row),
        sdr=bytes.fromhex(row.sdr_hash or ""),
        version=version,
        not_before=not_before,
        tiers=await _tiers(ceremony, row),
        keys=keys,
        random=ceremony.platform.random,
    )
    return await _store(ceremony, row, sealed, events=events, version=version)


async def stale(platform: Platform, version: RosterVersion) -> bool:
    """Whether a holder has changed since this version was sealed."""
    async with platform.database.read() as uow:
        row = await uow.draws.get(version.draw_id)
        return row is None or await _changes(uow, row) != version.events


async def _holders(
    platform: Platform, row: DrawRow, venues: Mapping[str, str]
) -> tuple[int, list[RosterSeat]]:
    async with platform.database.read() as uow:
        events = await _changes(uow, row)
    found = await invites.holders(platform, row)
    seats = [
        RosterSeat(
            seat=one.seat,
            stratum=one.stratum,
            site=one.site,
            venue=venues.get(one.site),
            expert=one.record.id,
            name=one.record.name,
        )
        for one in found
        if one is not None
    ]
    return events, seats


async def _changes(uow: UnitOfWork, row: DrawRow) -> int:
    """How often a seat has changed hands: events of a draw, seats of an appointment that fell vacant."""
    if row.appointed:
        return len(await appointed.vacated(uow, row))
    return len(await uow.draws.events(row.id))


async def _tiers(ceremony: Ceremony, row: DrawRow) -> tuple[Tier, ...]:
    """The tiers of the pack that the draw was sealed under, by the ids of its layers; of an appointment's
    pack as the project names it."""
    if row.appointed:
        async with ceremony.platform.database.read() as uow:
            project = await uow.projects.get(row.project_id, row.section)
        if project is None:
            raise NotFoundError("project.unknown")
        pack = project.document["pack"]
        return ceremony.platform.packs.resolve(pack["base"], pack["overlays"]).names_open
    base, *overlays = (layer.id for layer in (await ceremony.frozen(row)).rules.layers)
    return ceremony.platform.packs.resolve(base, overlays).names_open


async def _custody_keys(ceremony: Ceremony, row: DrawRow) -> dict[str, bytes]:
    parties = (row.sdr or {})["parties"]
    keys = {role: await party_key(ceremony.platform, role, parties[role]) for role in _PARTIES}
    return {"platform": x25519_public(ceremony.platform.custody), **keys}


async def party_key(platform: Platform, role: str, public: str) -> bytes:
    """The custody key of a party, signed with the key that the draw names. Raises PartyError."""
    node = platform.nodes.get(public)
    if node is None:
        raise PartyError("party.unknown", role=role)
    answer = await node.call("/custody-key", {})
    try:
        key, signature = str(answer["key"]), bytes.fromhex(answer["signature"])
        verify(bytes.fromhex(public), roster.custody_statement(role, key), signature)
        return bytes.fromhex(key)
    except (KeyError, TypeError, ValueError, CryptoError) as error:
        raise PartyError("party.malformed") from error


async def _newest(platform: Platform, draw_id: str) -> RosterVersion | None:
    async with platform.database.read() as uow:
        return await uow.rosters.newest(draw_id)


async def _store(
    ceremony: Ceremony, row: DrawRow, sealed: SealedRoster, *, events: int, version: int
) -> RosterVersion:
    platform, now = ceremony.platform, ceremony.platform.now()

    async def work(uow: UnitOfWork) -> RosterVersion:
        known = await uow.rosters.newest(row.id)
        if known is not None and known.version >= version:
            return known
        if await _changes(uow, row) != events:
            raise ConflictError("roster.holders-moved")
        index = await invites.log_record(
            uow, platform, row, topic="roster", document=sealed.manifest, now=now
        )
        made = RosterVersion(
            draw_id=row.id,
            version=version,
            events=events,
            manifest=sealed.manifest,
            ciphertext=sealed.ciphertext,
            record_index=index,
            sealed_at=now,
        )
        await uow.rosters.add(made)
        return made

    stored = await platform.database.transact(work)
    await platform.publisher.covering(stored.record_index + 1, now=platform.clock)
    return stored


def _time(version: RosterVersion) -> str:
    return str(roster.read_manifest(version.manifest)["not_before"])
