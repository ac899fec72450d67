"""Who a connection is: a credential becomes a member of a room, always the same one (signalling §3).

An expert is the arrival at a seat, whose browser signs for the certificate of its media; witnesses,
supervisors and staff are accounts; a room camera is a camera of the own site's plan; a bidder is a released
clarification call. Whatever does not fit is one refusal, with its reason for the ledger of operations only.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from app.errors import AccessRefusedError, NotFoundError
from app.store.repositories.rooms import RoomMemberRow, RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import has_a_seat, invitation_of, new_id
from app.usecases.arrival.seat_sessions import SeatSession, key_of_session, session_of
from app.usecases.platform import Platform
from app.usecases.principals import AT_A_SITE, SITE, SUPERVISOR, WITNESS, Principal
from app.usecases.rounds import base_of
from crypto import p256
from crypto.canonical import canonical
from crypto.errors import SignatureError
from crypto.hashing import sha256
from remote_eval import room_state as rs
from remote_eval.room_events import time_text
from remote_eval.room_state import Label, Member, RoomState

BINDING_FORMAT: Final = "qt/1 room-binding"
_ROLES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    # account role: role in the room, zone, and what its tile says
    WITNESS: (rs.WITNESS, "witness", "见证人", "Witness"),
    SUPERVISOR: (rs.SUPERVISOR, "supervision", "监督人", "Supervisor"),
    SITE: (rs.STAFF, "waiting", "场地工作人员", "Site staff"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a credential proved: the member it stands for, and what keeps it alive.

    `session` is the seat session's or the account's session, looked at again while the member is there.
    """

    identity: str
    role: str
    zone: str
    label: Label
    site: str | None = None
    seat: str | None = None
    call: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The room that somebody comes to, as it is now; `origin` is where its pages are served from, `nonce`
    what the socket was challenged with.
    """

    platform: Platform
    room: RoomRow
    state: RoomState
    origin: str
    nonce: str

    def place(self, site: str) -> Label:
        """What a site of this room is called."""
        return self.state.sites[site].label


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatPass:
    """What a seat shows: the token of its session, the certificate of its media, and the seat key's word."""

    token: str = field(repr=False)
    fingerprint: str
    binding: str | None


def refused(reason: str) -> AccessRefusedError:
    """The one refusal; the reason is for the operations log."""
    return AccessRefusedError("room.refused", reason=reason)


async def by_seat(uow: UnitOfWork, door: Door, shown: SeatPass) -> Standing:
    """An expert at an enrolled seat, whose key signed for the certificate. Raises AccessRefusedError."""
    try:
        session = await session_of(uow, shown.token, now=door.platform.now())
    except AccessRefusedError as error:
        raise refused("no-session") from error
    if await base_of(uow, session.draw_id) != door.room.draw_id or session.site not in door.state.sites:
        raise refused("other-draw")
    if not has_a_seat(await invitation_of(uow, session.arrival)):
        raise refused("passed-on")
    await _check_binding(uow, door, session, shown)
    return await _at_seat(uow, door, session)


async def _check_binding(uow: UnitOfWork, door: Door, session: SeatSession, shown: SeatPass) -> None:
    if shown.binding is None:
        raise refused("no-binding")
    statement = binding_statement(door, session, shown.fingerprint)
    try:
        signature = urlsafe_b64decode(shown.binding + "=" * (-len(shown.binding) % 4))
        p256.verify(await key_of_session(uow, session), statement, signature)
    except (ValueError, SignatureError, NotFoundError) as error:
        raise refused("binding") from error


def binding_statement(door: Door, session: SeatSession, fingerprint: str) -> bytes:
    """What a seat's key signs: this certificate, on this socket, in this room, from this page, in this
    session.
    """
    return canonical(
        {
            "fingerprint": fingerprint,
            "format": BINDING_FORMAT,
            "nonce": door.nonce,
            "origin": door.origin,
            "room": door.room.id,
            "seat": session.seat,
            "session": session.id,
        }
    )


async def _at_seat(uow: UnitOfWork, door: Door, session: SeatSession) -> Standing:
    place = door.place(session.site)
    seat = (await uow.venues.layouts([session.site]))[session.site].seats.get(session.seat)
    name = session.seat if seat is None else seat.label
    return Standing(
        identity=f"arrival:{session.arrival.id}",
        role=rs.EXPERT,
        zone="evaluation",
        label=Label(zh=f"{place.zh} {name} 席", en=f"{place.en}, seat {name}"),
        site=session.site,
        seat=session.seat,
        session=session.id,
    )


async def by_account(uow: UnitOfWork, door: Door, principal: Principal, *, camera: str | None) -> Standing:
    """A witness, a supervisor or staff of a site of this room. Raises AccessRefusedError."""
    if principal.role not in _ROLES or principal.session is None:
        raise refused("role")
    if principal.role in AT_A_SITE and principal.site_id not in door.state.sites:
        raise refused("other-site")
    if camera is not None:
        return await _camera(uow, door, principal, camera)
    role, zone, zh, en = _ROLES[principal.role]
    site = principal.site_id if principal.role in AT_A_SITE else None
    label = Label(zh=zh, en=en)
    if site is not None:
        place = door.place(site)
        label = Label(zh=f"{place.zh} {zh}", en=f"{place.en}, {en.lower()}")
    return Standing(
        identity=f"account:{principal.person}",
        role=role,
        zone=zone,
        label=label,
        site=site,
        session=principal.session,
    )


async def _camera(uow: UnitOfWork, door: Door, principal: Principal, camera: str) -> Standing:
    site = principal.site_id
    if principal.role != SITE or site is None:
        raise refused("role")
    rooms = (await uow.venues.layouts([site]))[site].rooms.values()
    found = next((one for one in rooms if camera in one.cameras), None)
    if found is None:
        raise refused("camera")
    place = door.place(site)
    return Standing(
        identity=f"camera:{site}:{camera}",
        role=rs.ROOM_CAMERA,
        zone="evaluation",
        label=Label(
            zh=f"{place.zh} {found.name} 摄像机 {camera}", en=f"{place.en}, {found.name}, camera {camera}"
        ),
        site=site,
        session=principal.session,
    )


async def by_call(uow: UnitOfWork, door: Door, token: str) -> Standing:
    """A bidder on a released call. Raises AccessRefusedError."""
    row = await uow.rooms.call_token(sha256(token.encode()).hex())
    now = time_text(door.platform.clock())
    if row is None or row.room_id != door.room.id or row.ended_at is not None or row.expires_at <= now:
        raise refused("call-token")
    call = door.state.calls.get(row.call_id)
    if call is None or call.state not in ("released", "live"):
        raise refused("call-state")
    return Standing(
        identity=f"call:{call.id}",
        role=rs.BIDDER,
        zone="outside",
        label=Label(zh="投标人", en="Bidder"),
        call=call.id,
    )


async def member_of(uow: UnitOfWork, door: Door, standing: Standing) -> Member:
    """The member that a standing is in this room, new or as before, as it comes in now."""
    now = door.platform.clock()
    row = await uow.rooms.member(door.room.id, standing.identity)
    if row is None:
        row = _row(door, standing, time_text(now))
        await uow.rooms.add_member(row)
    fresh = Member(
        id=row.id,
        role=standing.role,
        zone=standing.zone,
        label=standing.label,
        since=now,
        site=standing.site,
        seat=standing.seat,
        call=standing.call,
        presence=rs.HERE,
    )
    known = door.state.members.get(row.id)
    if known is None:
        return fresh
    return replace(known, label=fresh.label, seat=fresh.seat, call=fresh.call, presence=rs.HERE)


def _row(door: Door, standing: Standing, now: str) -> RoomMemberRow:
    return RoomMemberRow(
        id=new_id(door.platform, "mem"),
        room_id=door.room.id,
        role=standing.role,
        site=standing.site,
        zone=standing.zone,
        identity=standing.identity,
        seat=standing.seat,
        admitted_at=now,
    )
