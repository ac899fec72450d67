"""Login at a seat: the enrolled browser, the person whom chance seated there, and that person's slip (R16).

1. `challenge` gives 32 fresh bytes, bound to origin, site and seat, good once and for `CHALLENGE_SECONDS`.
2. `login` checks in one transaction: the challenge is spent whatever follows; the key is live and this
   seat's; the signature holds; the newest seating there belongs to somebody behind the gate who waits for
   this seat; the slip's code is theirs. Anything else is one refusal, written down with its reason; the fifth
   wrong code voids the slip.
3. The answer is a token; its SHA-256 is stored. The evaluation room asks `session_of` for every request.

Refusals are results inside the transaction, so that what they spend and write down is committed.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.errors import AccessRefusedError, NotFoundError
from app.store.repositories.arrivals import Arrival
from app.store.repositories.seat_access import SeatChallenge, Seating, SeatKey, SeatSessionRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.arrival.desk import Desk, invitation_of, new_id, step
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.seat_keys import find_seat
from app.usecases.arrival.seating import slip_value
from app.usecases.invitations import arrivals
from app.usecases.operations import Actor
from app.usecases.platform import Platform
from crypto import p256
from crypto.canonical import canonical
from crypto.errors import SignatureError
from crypto.hashing import sha256
from remote_eval import arrival as way

FORMAT: Final = "qt/1 seat-login"
CHALLENGE_BYTES: Final = 32
CHALLENGE_SECONDS: Final = 60
MAX_WAITING: Final = 20
TOKEN_BYTES: Final = 32
MAX_TOKEN_CHARS: Final = 128
LONGEST: Final = timedelta(hours=16)
MAX_TRIES: Final = 5
NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a seat's browser sends: the challenge's id, its 64-byte signature, and the slip's code."""

    challenge: str
    signature: bytes
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSession:
    """A person at a seat, as the evaluation room sees it."""

    id: str
    site: str
    seat: str
    draw_id: str
    arrival: Arrival
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """A session and its token, which is shown once."""

    session: SeatSession
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    key: SeatKey
    arrival: Arrival
    seating: Seating
    code_tag: str


def login_statement(challenge: SeatChallenge, key: SeatKey) -> bytes:
    """The bytes that a browser signs, canonical JSON."""
    return canonical(
        {
            "format": FORMAT,
            "origin": challenge.origin,
            "site": key.site,
            "seat": key.seat,
            "challenge": challenge.challenge.hex(),
            "expires_at": challenge.expires_at,
        }
    )


async def challenge(
    uow: UnitOfWork, desk: Desk, seat_id: str, thumbprint: str
) -> tuple[SeatChallenge, bytes]:
    """A challenge for the live key of a seat, and the statement to sign.

    Raises AccessRefusedError ``seat.refused`` for a seat or key that is not enrolled, or with too many
    challenges waiting.
    """
    platform, now = desk.platform, desk.platform.now()
    key = await uow.seat_access.key(thumbprint)
    if key is None or not _is_live(key, seat_id) or await _is_busy(uow, key, now):
        raise AccessRefusedError("seat.refused")
    fresh = SeatChallenge(
        id=new_id(platform, "chl"),
        key_id=key.id,
        challenge=platform.random(CHALLENGE_BYTES),
        origin=desk.origin,
        expires_at=to_text(from_text(now) + timedelta(seconds=CHALLENGE_SECONDS)),
    )
    await uow.seat_access.add_challenge(fresh, now=now)
    return fresh, login_statement(fresh, key)


async def login(desk: Desk, seat_id: str, answered: Answered, *, address: str) -> LoggedIn:
    """Sit down. Raises AccessRefusedError ``seat.refused``, NotFoundError ``seat.unknown``, ConflictError
    ``seat.occupied``.
    """
    platform = desk.platform
    token = platform.random(TOKEN_BYTES).hex()

    async def work(uow: UnitOfWork) -> SeatSession | None:
        seat = await find_seat(uow, seat_id)
        actor = Actor(person=f"seat:{seat.id}"[:64], address=address, source="seat")
        act = Act(platform=platform, site=seat.site_id, actor=actor, now=platform.now())
        found = await _check(uow, act, seat_id, answered)
        if isinstance(found, str):
            # Whoever has no challenge of ours stands at no enrolled browser, and writes in no book.
            if found != NOBODY:
                await act.enter(uow, "seat-login-refused", seat=seat_id, reason=found)
            return None
        return await _sit(uow, act, found, token)

    session = await platform.database.transact(work)
    if session is None:
        raise AccessRefusedError("seat.refused")
    return LoggedIn(session=session, token=token)


async def session_of(uow: UnitOfWork, token: str, *, now: str) -> SeatSession:
    """The live session of a token, its person still behind the gate. Raises AccessRefusedError
    ``seat.no-session``.
    """
    row = await uow.seat_access.session_of_token(_hash(token[:MAX_TOKEN_CHARS]))
    if row is None or row.ended_at is not None or row.expires_at <= now:
        raise AccessRefusedError("seat.no-session")
    arrival = await uow.arrivals.get(row.arrival_id)
    if arrival is None or arrival.state != way.SEATED:
        raise AccessRefusedError("seat.no-session")
    return _session(row, arrival)


async def logout(uow: UnitOfWork, platform: Platform, session: SeatSession, *, address: str) -> None:
    """Get up: the seat stays given; sitting down again takes a new slip."""
    actor = Actor(person=f"seat:{session.seat}"[:64], address=address, source="seat")
    act = Act(platform=platform, site=session.site, actor=actor, now=platform.now())
    await uow.seat_access.end_sessions(reason="logout", now=act.now, id=session.id)
    await step(uow, session.arrival, way.SEAT_ASSIGNED, shown=(), now=act.now)
    await act.enter(uow, "seat-logout", arrival=session.arrival.id, seat=session.seat)


async def key_of_session(uow: UnitOfWork, session: SeatSession) -> Mapping[str, str]:
    """The public key of the browser that a session runs in. Raises NotFoundError ``seat.no-key``."""
    row = next(
        (one for one in await uow.seat_access.live_sessions(session.site) if one.id == session.id), None
    )
    key = None if row is None else await uow.seat_access.key_by_id(row.key_id)
    if key is None:
        raise NotFoundError("seat.no-key")
    return key.jwk


async def _check(uow: UnitOfWork, act: Act, seat_id: str, answered: Answered) -> _Checked | str:
    """Everything that a login needs, or why it is refused."""
    spent = await uow.seat_access.spend_challenge(answered.challenge, now=act.now)
    key = None if spent is None else await uow.seat_access.key_by_id(spent.key_id)
    if spent is None or key is None:
        known = await uow.seat_access.knows_challenge(answered.challenge)
        return "challenge" if known else NOBODY
    if not _is_live(key, seat_id):
        return "key"
    try:
        p256.verify(key.jwk, login_statement(spent, key), answered.signature)
    except SignatureError:
        return "signature"
    return await _check_person(uow, key, answered.code)


async def _check_person(uow: UnitOfWork, key: SeatKey, code: str) -> _Checked | str:
    seatings = await uow.seat_access.open_at(key.site, key.seat)
    for seating in seatings:
        arrival = await uow.arrivals.get(seating.arrival_id)
        if arrival is not None and arrival.state == way.SEAT_ASSIGNED:
            tag = uow.cipher.tag("seat-slip", slip_value(arrival.id, code))
            if seating.code_tag is None or not hmac.compare_digest(seating.code_tag, tag):
                return await _wrong_code(uow, seating)
            return _Checked(key=key, arrival=arrival, seating=seating, code_tag=tag)
    return "nobody-waits"


async def _wrong_code(uow: UnitOfWork, seating: Seating) -> str:
    void = seating.tries + 1 >= MAX_TRIES
    await uow.seat_access.count_wrong_code(seating, void=void)
    return "code-void" if void else "code"


async def _sit(uow: UnitOfWork, act: Act, found: _Checked, token: str) -> SeatSession | None:
    if not await uow.seat_access.use_slip(found.arrival.id, found.code_tag):
        return None
    shown = {"seat", "seat-key", "code"}
    arrival = await step(uow, found.arrival, way.SEATED, shown=shown, now=act.now)
    row = SeatSessionRow(
        id=new_id(act.platform, "ses"),
        hash=_hash(token),
        site=found.key.site,
        seat=found.key.seat,
        key_id=found.key.id,
        arrival_id=arrival.id,
        began_at=act.now,
        expires_at=to_text(from_text(act.now) + LONGEST),
    )
    await uow.seat_access.add_session(row)
    await arrivals.seated(uow, await invitation_of(uow, arrival), now=act.now)
    await act.enter(uow, "seat-login", arrival=arrival.id, seat=row.seat)
    return _session(row, arrival)


def _is_live(key: SeatKey, seat_id: str) -> bool:
    return key.seat == seat_id and key.approved_at is not None and key.revoked_at is None


async def _is_busy(uow: UnitOfWork, key: SeatKey, now: str) -> bool:
    return await uow.seat_access.challenges_waiting(key.id, now=now) >= MAX_WAITING


def _session(row: SeatSessionRow, arrival: Arrival) -> SeatSession:
    return SeatSession(
        id=row.id,
        site=row.site,
        seat=row.seat,
        draw_id=arrival.draw_id,
        arrival=arrival,
        expires_at=row.expires_at,
    )


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8"))
