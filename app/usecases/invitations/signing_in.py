"""Who is at a letter's page: shown once by a one-time code or a passkey, good for a quarter of an hour.

The page makes a token of 256 random bits, in its own memory, and sends it beside what it proves; the platform
keeps a hash of it, for this letter only. From then on the token stands for the proof: to answer, and to keep
passkeys (`app.usecases.invitations.expert_passkeys`). What a passkey began ends with that passkey, at every
letter: its hash is a keyed one over the passkey's id, so that no row says which passkey was used where. No
act of an expert names anybody in the operation log.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.errors import AccessRefusedError
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.invitations import letters
from app.usecases.operations import Actor
from app.usecases.people import one_time_codes
from app.usecases.people.one_time_codes import Attempt
from app.usecases.platform import Platform
from crypto.hashing import sha256

PURPOSE: Final = "letter"
LIFETIME: Final = timedelta(minutes=15)
TOKEN_BYTES: Final = 32
# How many passkeys one person keeps.
MAX_PASSKEYS: Final = 5
# Acts of experts on record: the letter they are done at, and neither a person nor an address.
SOMEBODY: Final = Actor(person="expert", address="-", source="letter")
# Compared where there is no letter, so that both refusals do the same.
_NO_HASH: Final = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """What a page shows: its letter, the letter's proof of possession, the token it made, a code typed."""

    letter_id: str
    auth: bytes = field(repr=False)
    token: bytes | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)


async def bearer(uow: UnitOfWork, letter_id: str, auth: bytes) -> Invitation:
    """The letter of whoever shows this proof. Raises AccessRefusedError ``letter.refused``."""
    stored = await uow.invitations.auth_hash(letter_id)
    if not letters.proves(stored or _NO_HASH, auth):
        raise AccessRefusedError("letter.refused")
    one = await uow.invitations.get(letter_id)
    if one is None:
        raise AccessRefusedError("letter.refused")
    return one


async def sign_in(platform: Platform, shown: Bearer) -> str:
    """Until when the token stands for the code; without a token no code is spent.

    Raises ``letter.refused``, ``letter.not-signed-in``, ``code.refused``."""
    async with platform.database.read() as uow:
        await bearer(uow, shown.letter_id, shown.auth)
    _hash(shown)
    attempt = await counted(platform, shown)
    now = platform.clock()

    async def work(uow: UnitOfWork) -> str:
        await bearer(uow, shown.letter_id, shown.auth)
        await prove(uow, shown, attempt, now=now)
        return to_text(now + LIFETIME)

    return await platform.database.transact(work)


async def counted(platform: Platform, shown: Bearer) -> Attempt | None:
    """Count the try of a code before it is looked at; None when none was typed. Never in a transaction.

    Raises AccessRefusedError ``letter.refused``."""
    async with platform.database.read() as uow:
        await bearer(uow, shown.letter_id, shown.auth)
    if shown.code is None:
        return None
    return await one_time_codes.count_try(
        platform.database,
        platform.database.cipher,
        purpose=PURPOSE,
        subject=shown.letter_id,
        now=platform.clock(),
    )


async def prove(uow: UnitOfWork, shown: Bearer, attempt: Attempt | None, *, now: datetime) -> None:
    """It is the person: by a code, from then on by the token; without a code by a token that stands.

    Raises AccessRefusedError ``code.refused``, ``letter.not-signed-in``."""
    if attempt is None or shown.code is None:
        await require(uow, shown, now=now)
        return
    await one_time_codes.verify(uow, attempt, code=shown.code, now=now)
    if shown.token is not None:
        await begin(uow, shown, now=now)


async def begin(uow: UnitOfWork, shown: Bearer, *, now: datetime, passkey: str | None = None) -> str:
    """Keep that this token stands for its person, and until when; `passkey`: by which one, for as long as it
    is kept. Raises ``letter.not-signed-in``, ConflictError ``letter.session`` for a token begun before."""
    ends, kept = to_text(now + LIFETIME), _kept(uow, shown, passkey)
    await uow.expert_passkeys.open_session(kept, shown.letter_id, expires_at=ends, now=to_text(now))
    return ends


async def require(uow: UnitOfWork, shown: Bearer, *, now: datetime) -> None:
    """The token stands for the person of this letter. Raises AccessRefusedError ``letter.not-signed-in``."""
    await _standing(uow, shown, now=now)


async def alone(uow: UnitOfWork, shown: Bearer, *, now: datetime) -> None:
    """Whoever else is signed in at this letter is so no more; this token stands on, as long as it would have,
    whatever becomes of the passkey that it was begun with. Raises as `require` does."""
    own, at = await _standing(uow, shown, now=now), to_text(now)
    ends = await uow.expert_passkeys.end_sessions(shown.letter_id, own=own)
    await uow.expert_passkeys.open_session(_hash(shown), shown.letter_id, expires_at=ends, now=at)


def owner_of(uow: UnitOfWork, one: Invitation) -> str:
    """The keyed hash that the passkeys of a letter's person belong to."""
    return uow.cipher.tag("expert passkey", one.invited.person)


async def _standing(uow: UnitOfWork, shown: Bearer, *, now: datetime) -> str:
    """The id under which this token is kept. One look, as wide for whoever has no passkey: by its time nobody
    learns whether there is one."""
    owner = owner_of(uow, await bearer(uow, shown.letter_id, shown.auth))
    own: list[str | None] = [one.id for one in await uow.expert_passkeys.of(owner)]
    ways = [None, *own, *(f"none {number}" for number in range(MAX_PASSKEYS - len(own)))]
    kept = [_kept(uow, shown, way) for way in ways]
    found = await uow.expert_passkeys.session_among(kept, shown.letter_id, now=to_text(now))
    if found is None:
        raise AccessRefusedError("letter.not-signed-in")
    return found


def _kept(uow: UnitOfWork, shown: Bearer, passkey: str | None) -> str:
    token = _hash(shown)
    return token if passkey is None else uow.cipher.tag("letter session", f"{token}:{passkey}")


def _hash(shown: Bearer) -> str:
    if shown.token is None or len(shown.token) != TOKEN_BYTES:
        raise AccessRefusedError("letter.not-signed-in")
    return sha256(shown.token).hex()
