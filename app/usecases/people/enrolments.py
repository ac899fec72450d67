"""The first sign-in: a token handed over once becomes a password and a second factor nobody else saw.

The token is 160 random bits, kept as its hash, good for a day and once. It does nothing before the account is
approved. A wrong, spent or expired token is refused alike.
"""

import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.errors import AccessRefusedError, InputRefusedError
from app.store.repositories.users import User
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.operations import Actor, note
from app.usecases.people import totp
from app.usecases.people.passwords import Passwords, faults_of
from app.usecases.platform import Platform
from crypto.hashing import tagged

LIFETIME: Final = timedelta(hours=24)
TOKEN_BYTES: Final = 20
_GROUP: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an authenticator app needs for the second factor of `login`."""

    login: str
    secret: str
    address: str


def new_token(secret: bytes) -> str:
    """A token of 20 random bytes, in groups of four for reading aloud."""
    letters = base64.b32encode(secret).decode("ascii").lower()
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def token_hash(token: str) -> bytes:
    """What is kept of a token; hyphens, blanks and capitals do not count."""
    read = "".join(token.split()).replace("-", "").lower()
    return tagged("qt/1 enrolment", read.encode("utf-8"))


async def offer(platform: Platform, token: str) -> Offer:
    """A second factor to set up; asking again gives another. Raises AccessRefusedError
    ``enrolment.refused``.
    """
    secret = totp.new_secret(platform.random)

    async def work(uow: UnitOfWork) -> User:
        user = await _open(uow, platform, token)
        if not await uow.users.keep_totp(user.id, secret, enrolment=token_hash(token)):
            raise AccessRefusedError("enrolment.refused")
        return user

    user = await platform.database.transact(work)
    return Offer(login=user.login, secret=secret, address=totp.address(secret, login=user.login))


async def enrol(
    platform: Platform, passwords: Passwords, *, token: str, password: str, code: str, address: str
) -> User:
    """Close the enrolment with a password and the first code of the second factor.

    Raises AccessRefusedError ``enrolment.refused``, ``code.refused``, InputRefusedError ``password.refused``.
    """
    async with platform.database.read() as uow:
        user = await _open(uow, platform, token)
    faults = list(faults_of(password, login=user.login))
    if faults:
        raise InputRefusedError("password.refused", faults)
    stored, now = await passwords.hash(password), platform.clock()

    async def work(uow: UnitOfWork) -> User:
        found = await _open(uow, platform, token)
        step = totp.matching_step(found.totp, code, now=now)
        if step is None:
            raise AccessRefusedError("code.refused")
        at, spent = to_text(now), token_hash(token)
        if not await uow.users.enrolled(found.id, stored, enrolment=spent, step=step, at=at):
            raise AccessRefusedError("enrolment.refused")
        who = Actor(person=found.person, address=address, source="api")
        await note(uow, who, "user.enrol", found.id, now=at)
        return found

    return await platform.database.transact(work)


async def _open(uow: UnitOfWork, platform: Platform, token: str) -> User:
    user = await uow.users.by_enrolment(token_hash(token))
    if (
        user is None
        or user.approved_by is None
        or user.disabled_at is not None
        or user.mode != platform.mode
        or (user.enrolment_until or "") <= platform.now()
    ):
        raise AccessRefusedError("enrolment.refused")
    return user
