"""Sessions of signed-in browsers: a random token in a cookie, its hash in the store, two ends in time.

A session ends half an hour after its last use and twelve hours after its beginning, with its account, and
when its person ends all of them. Role, site and agency are read from the account each time. How the cookie is
made is `app.api.cookies`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from app.errors import AccessRefusedError
from app.store.repositories.sessions import Session
from app.store.repositories.users import User
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.operations import Actor, note
from app.usecases.people.accounts import is_usable
from app.usecases.platform import Platform
from app.usecases.principals import Principal, scopes_of
from crypto.hashing import sha256

TOKEN_BYTES: Final = 32
IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)
# Credentials are changed only soon after signing in.
FRESH: Final = timedelta(minutes=15)
# A use is written down once in this span, not with every request.
_NOTED_EVERY: Final = timedelta(minutes=1)
_MAX_TOKEN_CHARS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session with its account."""

    session: Session
    user: User


def session_id(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode("utf-8")).hex()


async def begin(
    uow: UnitOfWork,
    user: User,
    *,
    method: str,
    token: str,
    presented: str | None,
    actor: Actor,
    now: datetime,
) -> SignedIn:
    """A new session under a new token; the one that the browser presented ends (no fixation)."""
    at = to_text(now)
    if presented is not None:
        await uow.sessions.end(session_id(presented))
    session = Session(
        id=session_id(token),
        user_id=user.id,
        method=method,
        created_at=at,
        seen_at=at,
        expires_at=to_text(now + ABSOLUTE),
    )
    await uow.sessions.add(session)
    await uow.users.seen(user.id, at=at)
    await note(uow, actor, "session.begin", user.id, now=at)
    return SignedIn(session=session, user=user)


async def prove(uow: UnitOfWork, user: User, actor: Actor, now: datetime) -> User:
    """Note that a person has just proved who they are, without a session of their own."""
    await note(uow, actor, "session.prove", user.id, now=to_text(now))
    return user


async def of_token(platform: Platform, token: str, *, used: bool = True) -> SignedIn:
    """The session under this token; `used`: somebody is there.

    Raises AccessRefusedError ``session.ended``.
    """
    if len(token) > _MAX_TOKEN_CHARS:
        raise AccessRefusedError("session.ended")
    return await of_id(platform, session_id(token), used=used)


async def of_id(platform: Platform, wanted: str, *, used: bool = True) -> SignedIn:
    """The session of this id, while it and its account hold. Raises ``session.ended``."""
    now = platform.clock()
    async with platform.database.read() as uow:
        session = await uow.sessions.get(wanted)
        user = None if session is None else await uow.users.get(session.user_id)
    if session is None or user is None or not _holds(session, user, mode=platform.mode, now=now):
        raise AccessRefusedError("session.ended")
    if used and from_text(session.seen_at) + _NOTED_EVERY <= now:
        at = to_text(now)
        await platform.database.transact(lambda uow: uow.sessions.seen(wanted, at=at))
        session = replace(session, seen_at=at)
    return SignedIn(session=session, user=user)


def principal_of(found: SignedIn) -> Principal:
    """The caller behind a session, with every scope of the role."""
    user = found.user
    return Principal(
        key_id=f"session:{found.session.id[:16]}",
        person=user.person,
        role=user.role,
        agency_id=user.agency_id,
        site_id=user.site_id,
        scopes=frozenset(scopes_of(user.role)),
        mode=user.mode,
        signed=False,
        session=found.session.id,
    )


async def current(platform: Platform, principal: Principal) -> SignedIn:
    """The session that a caller came with. Raises ``session.ended`` for a caller with a key."""
    if principal.session is None:
        raise AccessRefusedError("session.ended")
    return await of_id(platform, principal.session, used=False)


async def fresh(platform: Platform, principal: Principal) -> SignedIn:
    """The caller's session, begun a moment ago. Raises ``session.ended``, ``session.not-fresh``."""
    found = await current(platform, principal)
    if from_text(found.session.created_at) + FRESH <= platform.clock():
        raise AccessRefusedError("session.not-fresh", minutes=int(FRESH.total_seconds()) // 60)
    return found


async def end(platform: Platform, found: SignedIn, *, everywhere: bool, actor: Actor) -> None:
    """End this session, or every session of its account."""

    async def work(uow: UnitOfWork) -> None:
        if everywhere:
            await uow.sessions.end_all(found.user.id)
        else:
            await uow.sessions.end(found.session.id)
        act = "session.end-all" if everywhere else "session.end"
        await note(uow, actor, act, found.user.id, now=platform.now())

    await platform.database.transact(work)


def _holds(session: Session, user: User, *, mode: str, now: datetime) -> bool:
    idle_end, at = from_text(session.seen_at) + IDLE, to_text(now)
    return now < idle_end and at < session.expires_at and is_usable(user, mode=mode, now=now)
