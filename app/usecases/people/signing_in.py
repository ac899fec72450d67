"""Signing in with name, password and a code: counted before it is looked at, and silent about what was wrong.

Whether a name exists shows neither in the text nor in the work done: an unknown one is counted, hashed,
compared and put on record like a known one. Five tries without a right one lock the name for a quarter of an
hour, whoever has it; a passkey is no guess and is not locked out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from app.errors import AccessRefusedError, InputRefusedError
from app.store.repositories.users import User
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.operations import Actor, note
from app.usecases.people import sessions, totp
from app.usecases.people.accounts import is_usable
from app.usecases.people.entrance import Entrance
from app.usecases.people.passwords import faults_of
from app.usecases.people.sessions import SignedIn

T = TypeVar("T")
MAX_TRIES: Final = 5
LOCK: Final = timedelta(minutes=15)
# After this long a person is asked to choose another password.
PASSWORD_AGE: Final = timedelta(days=90)
_SHOWN_OF_TAG: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What was typed, and the token of the session that the browser still has."""

    login: str
    password: str
    code: str
    presented: str | None


async def sign_in(entrance: Entrance, typed: Credentials, *, address: str, token: str) -> SignedIn:
    """A session under `token`. Raises AccessRefusedError ``sign-in.refused``, AppError ``sign-in.busy``."""

    async def begin(uow: UnitOfWork, found: User, actor: Actor, now: datetime) -> SignedIn:
        return await sessions.begin(
            uow, found, method="password", token=token, presented=typed.presented, actor=actor, now=now
        )

    return await _with_proof(entrance, typed, begin, address=address)


async def prove(entrance: Entrance, typed: Credentials, *, address: str) -> User:
    """Whose name, password and code these are, counted and spent as in signing in; no session begins.

    Raises as `sign_in` does.
    """
    return await _with_proof(entrance, typed, sessions.prove, address=address)


async def _with_proof(
    entrance: Entrance,
    typed: Credentials,
    then: Callable[[UnitOfWork, User, Actor, datetime], Awaitable[T]],
    *,
    address: str,
) -> T:
    platform, login = entrance.platform, typed.login.strip().casefold()
    tag = platform.database.cipher.tag("sign-in name", login)
    counted, user = await _counted(entrance, tag, login)
    right = await entrance.passwords.matches(None if user is None else user.password, typed.password)
    now = platform.clock()
    step = totp.matching_step(None if user is None else user.totp, typed.code, now=now)

    async def work(uow: UnitOfWork) -> T | None:
        found = None if user is None else await uow.users.get(user.id)
        if (
            not (counted and right and found and step)
            or not (user and _same(user, found) and is_usable(found, mode=platform.mode, now=now))
            or not await uow.users.spend_step(found.id, step)
        ):
            await _record_refusal(uow, tag, address, now=now)
            return None
        await uow.sessions.forgive(tag)
        actor = Actor(person=found.person, address=address, source="api")
        return await then(uow, found, actor, now)

    opened = await platform.database.transact(work)
    if opened is None:
        raise AccessRefusedError("sign-in.refused")
    return opened


async def change_password(
    entrance: Entrance, found: SignedIn, *, password: str, code: str, new: str, actor: Actor
) -> None:
    """Another password, against the old one and a code; every other session ends.

    Raises AccessRefusedError ``sign-in.refused``, InputRefusedError ``password.refused``.
    """
    platform, user = entrance.platform, found.user
    tag = platform.database.cipher.tag("sign-in name", user.login)
    counted, _ = await _counted(entrance, tag, user.login)
    right = await entrance.passwords.matches(user.password, password)
    now = platform.clock()
    step = totp.matching_step(user.totp, code, now=now)
    if not (counted and right and step):
        raise AccessRefusedError("sign-in.refused")
    faults = list(faults_of(new, login=user.login))
    if faults:
        raise InputRefusedError("password.refused", faults)
    stored = await entrance.passwords.hash(new)

    async def work(uow: UnitOfWork) -> None:
        if not await uow.users.spend_step(user.id, step):
            raise AccessRefusedError("sign-in.refused")
        await uow.users.new_password(user.id, stored, at=to_text(now))
        await uow.sessions.forgive(tag)
        await uow.sessions.end_all(user.id)
        await uow.sessions.add(found.session)
        await note(uow, actor, "password.change", user.id, now=to_text(now))

    await platform.database.transact(work)


def password_is_old(user: User, *, now: datetime) -> bool:
    """Whether it is time for another password."""
    return user.password_at is not None and user.password_at <= to_text(now - PASSWORD_AGE)


async def _counted(entrance: Entrance, tag: str, login: str) -> tuple[bool, User | None]:
    """Count the try, then look for the account: a refusal later cannot take the count back."""
    platform = entrance.platform
    now = platform.clock()

    async def work(uow: UnitOfWork) -> tuple[bool, User | None]:
        counted = await uow.sessions.count_try(
            tag, limit=MAX_TRIES, until=to_text(now + LOCK), now=to_text(now)
        )
        return counted, await uow.users.by_login(login)

    return await platform.database.transact(work)


def _same(before: User, after: User) -> bool:
    """Neither password nor second factor was changed while the hash was being compared."""
    return (before.password, before.totp) == (after.password, after.totp)


async def _record_refusal(uow: UnitOfWork, tag: str, address: str, *, now: datetime) -> None:
    who = Actor(person=f"name:{tag[:_SHOWN_OF_TAG]}", address=address, source="api")
    await note(uow, who, "session.refused", "-", now=to_text(now))
