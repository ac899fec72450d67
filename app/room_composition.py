"""Puts the evaluation rooms of one process together: engines, limits of the rules, whom recordings are for.

Used by the server and by tests; decides nothing itself.
"""

import time
from collections.abc import Collection, Mapping
from typing import Final

from app.errors import AppError
from app.gateways.janus_engines import JanusEngines, OuterJanus, OwnJanus, outer_janus
from app.gateways.process_names import is_gone, own_name
from app.gateways.room_engines import RoomEngines, RoomProcesses
from app.gateways.room_pack import room_pack
from app.settings import Settings
from app.usecases.platform import Platform
from app.usecases.room.attending import Relays, Telling
from app.usecases.room.cascaded import CascadedEngines
from app.usecases.room.gateways import GatewayDesk
from app.usecases.room.hall import Hall, KeysOf
from app.usecases.roster.custody import party_key
from crypto.canonical import JsonValue
from crypto.sealing import x25519_public
from draw.roster import read_manifest
from remote_eval.errors import MediaError
from remote_eval.media.addresses import telling
from remote_eval.media.engine import RAW_CLASS, ROOM_CLASS, RoomSpec
from remote_eval.media.turn import MAX_TTL_SECONDS, credentials
from remote_eval.room_state import Member

RELAY_SECONDS: Final = MAX_TTL_SECONDS


def make_hall(platform: Platform, settings: Settings, *, engines: RoomEngines | None = None) -> Hall:
    """The hall of this process; nothing runs before a room is led."""
    desk = GatewayDesk(platform=platform)

    def sites_of(room: str) -> Collection[str]:
        state = hall.state_of(room)
        return () if state is None else state.sites

    def site_of(room: str, member: str) -> str | None:
        state = hall.state_of(room)
        known = None if state is None else state.members.get(member)
        return None if known is None else known.site

    async def spec_of(room: str) -> RoomSpec:
        return await hall.spec_of(room)

    base = engines or make_engines(settings)
    hall = Hall(
        platform=platform,
        engines=CascadedEngines(base, desk, sites_of=sites_of, site_of=site_of, spec_of=spec_of),
        gateways=desk,
        pack=room_pack(),
        origin=settings.public_url.rstrip("/"),
        leader=own_name(platform.random(4)),
        is_gone=is_gone,
        now_ms=lambda: time.monotonic_ns() // 1_000_000,
        keys_of=_keys_of(platform),
        relays=relays_of(platform, settings),
        telling=telling_of(settings),
    )
    return hall


def relays_of(platform: Platform, settings: Settings) -> Relays:
    """The relay of a member's site, with credentials for this member that end by themselves."""
    if not settings.room_relays or settings.room_relay_secret is None:
        return lambda _member: []
    urls, secret = settings.room_relays, settings.room_relay_secret.read_text("ascii").strip()

    def relays(member: Member) -> list[JsonValue]:
        url = urls.get(member.site or "")
        if url is None:
            return []
        made = credentials(secret, member.id, int(platform.clock().timestamp()), RELAY_SECONDS)
        return [{"urls": [url], "username": made.username, "credential": made.password}]

    return relays


def telling_of(settings: Settings) -> Telling:
    """Descriptions with the addresses that the link of a member's site leads to.

    Raises MediaError ``media.site-addresses`` for a site with none, or with one that clients are not told.
    """
    known = settings.room_addresses
    for site, told in settings.room_site_addresses.items():
        if not told or not set(told) <= set(known):
            raise MediaError("media.site-addresses", site=site)

    def tell(member: Member, sdp: str) -> str:
        told = settings.room_site_addresses.get(member.site or "")
        return sdp if told is None else telling(sdp, told, known=known)

    return tell


def make_engines(settings: Settings) -> RoomEngines:
    """What carries the media of rooms. Raises MediaError ``media.janus-…`` for a setting that cannot be."""
    if settings.room_engine == "janus":
        return JanusEngines(settings.rooms, _janus(settings))
    return RoomProcesses(
        settings.rooms,
        bind=settings.room_bind,
        addresses=settings.room_addresses,
        ports=settings.room_ports,
    )


def _janus(settings: Settings) -> OuterJanus | OwnJanus:
    if settings.janus_url:
        return outer_janus(settings.janus_url, settings.janus_admin_url, settings.janus_secret_file)
    folder = settings.data.absolute() / "janus"
    return OwnJanus(folder, interfaces=settings.room_addresses, media_ports=settings.janus_ports)


def _keys_of(platform: Platform) -> KeysOf:
    """What is recorded is sealed to the platform's custody key; raw voices to the supervisor's own. Without
    the latter no voice can be masked: the engine refuses what nobody could open lawfully."""

    async def keys_of(draw_id: str) -> Mapping[str, bytes]:
        async with platform.database.read() as uow:
            row = await uow.draws.get(draw_id)
        keys = {ROOM_CLASS: x25519_public(platform.custody)}
        public = None if row is None or row.sdr is None else row.sdr["parties"]["supervisor"]
        raw = None if public is None else await _supervisors_key(platform, draw_id, public)
        # A supervisor that gives out the platform's key has none of its own.
        if raw is not None and raw != keys[ROOM_CLASS]:
            keys[RAW_CLASS] = raw
        return keys

    return keys_of


async def _supervisors_key(platform: Platform, draw_id: str, public: str) -> bytes | None:
    """As its node tells and signs it now; of a node that is away, as the roster was sealed to it."""
    try:
        return await party_key(platform, "supervisor", public)
    except AppError:
        async with platform.database.read() as uow:
            sealed = await uow.rosters.newest(draw_id)
    if sealed is None:
        return None
    custodians = read_manifest(sealed.manifest)["custodians"]
    return next((bytes.fromhex(one["key"]) for one in custodians if one["role"] == "supervisor"), None)
