"""Puts one installation together from its settings: database, keys, cosigners, nodes, beacons, ceremony.

The parties come from the database, where registration put them; before that the log has no cosigners and
publishes nothing. Used by the server and by every command; decides nothing itself.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx

from app.errors import AppError
from app.gateways.beacons import Beacons, read_rounds
from app.gateways.cosigners import HttpCosigner
from app.gateways.parties import HttpPartyNode
from app.gateways.platform_keys import PlatformKeys, load_or_create
from app.gateways.rule_packs import load_rule_packs
from app.private_files import make_private
from app.settings import Settings
from app.store import field_cipher
from app.store.engine import make_engine
from app.store.repositories.draws import DrawRow
from app.store.repositories.parties import Party
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import draw_requests
from app.usecases.ceremony import Ceremony, CeremonyTimes
from app.usecases.frozen_draws import Prepared
from app.usecases.log import LogIdentity
from app.usecases.platform import Platform
from app.usecases.terminals import starts
from migrations.upgrade import current, head

Clock = Callable[[], datetime]
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A running platform with its ceremony; `keys` are the platform's own."""

    settings: Settings
    keys: PlatformKeys
    platform: Platform
    ceremony: Ceremony
    client: httpx.AsyncClient

    def node(self, url: str) -> HttpPartyNode:
        """A party's node behind an address."""
        return _node(url, self.keys, self.client, self.platform.clock, self.platform.random)


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@asynccontextmanager
async def installation(
    settings: Settings, *, clock: Clock = utc_now, random: Random = os.urandom
) -> AsyncIterator[Installation]:
    """The installation of these settings, closed at the end of the block.

    Raises AppError ``store.not-upgraded`` unless the database has the newest schema.
    """
    database = open_database(settings)
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            await require_schema(database)
            async with database.read() as uow:
                parties = await uow.parties.all()
            yield compose(settings, database, client, parties, clock=clock, random=random)
    finally:
        await database.dispose()


def open_database(settings: Settings) -> Database:
    """The database with the cipher of its sealed fields; nothing is connected yet."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not settings.database:
        make_private(settings.file)
    return Database(
        make_engine(settings.database_url), field_cipher.load_or_create(settings.keys / "fields.json")
    )


async def require_schema(database: Database) -> None:
    """Raise AppError ``store.not-upgraded`` unless the newest migration was applied."""
    if await current(database.engine) != head():
        raise AppError("store.not-upgraded")


def compose(
    settings: Settings,
    database: Database,
    client: httpx.AsyncClient,
    parties: Sequence[Party],
    *,
    clock: Clock = utc_now,
    random: Random = os.urandom,
) -> Installation:
    """The installation over an open database; `client` is closed by the caller."""
    keys = load_or_create(settings.keys)
    reachable = [(party, party.url) for party in parties if party.url is not None]
    platform = Platform(
        database=database,
        log=LogIdentity(origin=settings.origin, key=keys.signing),
        vrf=keys.vrf,
        person_key=keys.person,
        custody=keys.custody,
        cosigners=[_cosigner(parties, role, client) for role in _cosigning(parties)],
        nodes={party.public: _node(url, keys, client, clock, random) for party, url in reachable},
        packs=load_rule_packs(settings.rules),
        clock=clock,
        random=random,
        mode=settings.mode,
        pool_age=settings.pool_age,
        draw_sites=settings.draw_sites,
    )
    rounds = None if settings.rounds is None else read_rounds(settings.rounds)
    beacons = Beacons(client=client, clock=clock, relays=settings.relays, rounds=rounds)

    async def prepare(uow: UnitOfWork, row: DrawRow) -> Prepared:
        return await draw_requests.prepare(uow, platform, row)

    times = CeremonyTimes(
        reveal=timedelta(minutes=settings.reveal_minutes), result=timedelta(minutes=settings.result_minutes)
    )
    sealed = partial(starts.anchor, platform)
    ceremony = Ceremony(platform, prepare=prepare, beacons=beacons, times=times, sealed=sealed)
    return Installation(settings=settings, keys=keys, platform=platform, ceremony=ceremony, client=client)


def _cosigning(parties: Sequence[Party]) -> tuple[str, ...]:
    """The cosigners' roles in the order of the signature lines; none before both are registered."""
    roles = {party.role for party in parties if party.url is not None}
    return ("supervisor", "cosigner") if roles >= {"supervisor", "cosigner"} else ()


def _cosigner(parties: Sequence[Party], role: str, client: httpx.AsyncClient) -> HttpCosigner:
    # A draw names the newest supervisor and cosigner, so these are whose signatures its evidence needs.
    party = [one for one in parties if one.role == role and one.url is not None][-1]
    return HttpCosigner(
        name=party.name, public=bytes.fromhex(party.public), url=party.url or "", client=client
    )


def _node(
    url: str, keys: PlatformKeys, client: httpx.AsyncClient, clock: Clock, random: Random
) -> HttpPartyNode:
    return HttpPartyNode(url=url, key=keys.signing, client=client, clock=clock, random=random)
