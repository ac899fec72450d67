"""One-time codes of six digits: five minutes, five tries, one use, three in a quarter of an hour per subject.

Stored as a keyed hash only. A try is counted in a transaction of its own, before the code is looked at: an
answer that is refused rolls its transaction back and would otherwise give the try back with it. Hence two
steps, and the second cannot be called without the first::

    attempt = await count_try(database, cipher, purpose=…, subject=…, now=…)   # outside of any transaction
    await verify(uow, attempt, code=…, now=…)                                  # inside the act it guards

A wrong, expired, used, replaced or unknown code is refused alike and after the same work. How a code reaches
its person is not decided here.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.errors import AccessRefusedError, ConflictError
from app.store.field_cipher import FieldCipher
from app.store.repositories.one_time_codes import OneTimeCode
from app.store.unit_of_work import Database, UnitOfWork
from app.times import to_text

DIGITS: Final = 6
LIFETIME: Final = timedelta(minutes=5)
MAX_TRIES: Final = 5
WINDOW: Final = timedelta(minutes=15)
MAX_IN_WINDOW: Final = 3
_ID_BYTES: Final = 8
# 2^64 is so much larger than 10^6 that no code is likelier than another by more than 1 in 10^13.
_CHANCE_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A counted try. `found` is the code it is held against, None when there is none that counts."""

    subject_tag: str
    found: OneTimeCode | None


async def issue(
    uow: UnitOfWork,
    cipher: FieldCipher,
    *,
    purpose: str,
    subject: str,
    now: datetime,
    random: Callable[[int], bytes],
) -> str:
    """A fresh code of six digits; the subject's earlier ones are void from now on.

    Raises ConflictError ``code.too-many``.
    """
    tag = _subject_tag(cipher, purpose, subject)
    await uow.codes.forget(to_text(now - WINDOW))
    if await uow.codes.issued_since(tag, to_text(now - WINDOW)) >= MAX_IN_WINDOW:
        raise ConflictError("code.too-many", minutes=int(WINDOW.total_seconds()) // 60)
    newest = await uow.codes.newest(tag)
    code = f"{int.from_bytes(random(_CHANCE_BYTES), 'big') % 10**DIGITS:0{DIGITS}d}"
    code_id = f"otc_{random(_ID_BYTES).hex()}"
    await uow.codes.add(
        OneTimeCode(
            id=code_id,
            subject_tag=tag,
            number=1 if newest is None else newest.number + 1,
            code_tag=_code_tag(cipher, code_id, code),
            issued_at=to_text(now),
            expires_at=to_text(now + LIFETIME),
        )
    )
    return code


async def count_try(
    database: Database, cipher: FieldCipher, *, purpose: str, subject: str, now: datetime
) -> Attempt:
    """Spend one try of the subject's newest code, whatever comes of it. Never inside a transaction."""
    tag, at = _subject_tag(cipher, purpose, subject), to_text(now)

    async def work(uow: UnitOfWork) -> Attempt:
        newest = await uow.codes.newest(tag)
        # An id that no code has, so that the same statements run for an unknown subject.
        counted = await uow.codes.count_try(newest.id if newest else tag, limit=MAX_TRIES, now=at)
        return Attempt(subject_tag=tag, found=newest if counted else None)

    return await database.transact(work)


async def verify(uow: UnitOfWork, attempt: Attempt, *, code: str, now: datetime) -> None:
    """Use the code up if it is right. Raises AccessRefusedError ``code.refused`` for everything else."""
    found = attempt.found
    code_id = attempt.subject_tag if found is None else found.id
    stored = attempt.subject_tag if found is None else found.code_tag
    right = hmac.compare_digest(_code_tag(uow.cipher, code_id, code), stored)
    newest = await uow.codes.newest(attempt.subject_tag)
    current = found is not None and newest is not None and newest.id == found.id
    if not (right and current and await uow.codes.use(code_id, at=to_text(now))):
        raise AccessRefusedError("code.refused")


def _subject_tag(cipher: FieldCipher, purpose: str, subject: str) -> str:
    return cipher.tag("one-time-code subject", f"{len(purpose)}:{purpose}{subject}")


def _code_tag(cipher: FieldCipher, code_id: str, code: str) -> str:
    return cipher.tag("one-time-code", f"{code_id}:{code}")
