"""API keys: issued once in clear, stored as SHA-256, scoped, expiring, revocable.

A token is ``qt_<mode>_<key id>_<secret>`` with 256 random bits: a plain hash is enough against guessing. A
key with a `signing_key` must sign every request that changes something. Randomness comes in as an argument.
"""

import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from app.errors import AccessRefusedError, ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.access import ApiKey
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.principals import AGENCY, AT_A_SITE, ROLES, Principal, scopes_of
from crypto.errors import SignatureError
from crypto.hashing import sha256
from crypto.signing import validate_public

SECRET_BYTES: Final = 32
MAX_TOKEN_CHARS: Final = 256
MAX_TEXT_CHARS: Final = 200
MAX_PERSON_CHARS: Final = 64
_KEY_CHARS: Final = 64
_PARTS: Final = 4


async def issue_key(
    uow: UnitOfWork,
    *,
    person: str,
    role: str,
    agency_id: str | None,
    scopes: Iterable[str] | None,
    mode: str,
    signing_key: bytes | None,
    expires_at: datetime,
    now: datetime,
    secret: bytes,
    site_id: str | None = None,
    label: str | None = None,
) -> str:
    """Store a key made from 32 random bytes and return its token, which cannot be recovered later.

    Without `scopes` the key gets all of its role. Raises InputRefusedError, NotFoundError
    ``agency.unknown``.
    """
    wanted = tuple(scopes_of(role) if scopes is None else dict.fromkeys(scopes))
    faults = [*_faults(role, agency_id, site_id, wanted, signing_key), *_text_faults(person, label)]
    if len(secret) != SECRET_BYTES or faults:
        raise InputRefusedError("key.refused", faults or [Fault(code="key.secret")])
    if agency_id is not None and await uow.projects.agency(agency_id) is None:
        raise NotFoundError("agency.unknown")
    key_id = f"k{sha256(b'key id', secret).hex()[:16]}"
    await uow.keys.add(
        ApiKey(
            id=key_id,
            person=person,
            role=role,
            agency_id=agency_id,
            site_id=site_id,
            hash=sha256(secret.hex().encode("ascii")),
            scopes=wanted,
            mode=mode,
            signing_key=None if signing_key is None else signing_key.hex(),
            created_at=to_text(now),
            expires_at=to_text(expires_at),
            label=label,
        )
    )
    return f"qt_{mode}_{key_id}_{secret.hex()}"


def public_key_of(words: str) -> bytes:
    """A public key out of 64 hexadecimal digits; no bytes, which no key is, out of anything else."""
    try:
        return bytes.fromhex(words) if len(words) == _KEY_CHARS else b""
    except ValueError:
        return b""


async def revoke_key(uow: UnitOfWork, key_id: str, *, mode: str, reason: str, now: datetime) -> None:
    """End a key of this mode at once and for good; what it did before stays.

    Raises InputRefusedError, NotFoundError ``key.absent``, ConflictError ``key.ended``.
    """
    if not 0 < len(reason.strip()) <= MAX_TEXT_CHARS:
        raise InputRefusedError("key.refused", [Fault(code="key.reason", pointer="/reason")])
    key = await uow.keys.get(key_id)
    if key is None or key.mode != mode:
        raise NotFoundError("key.absent")
    if not await uow.keys.revoke(key_id, at=to_text(now), reason=reason.strip()):
        raise ConflictError("key.ended", since=key.revoked_at)


def state_of(key: ApiKey, *, now: datetime) -> str:
    """``revoked``, ``expired`` or ``good``."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if to_text(now) >= key.expires_at else "good"


async def principal_of_token(
    uow: UnitOfWork, token: str, *, mode: str, now: datetime
) -> tuple[Principal, ApiKey]:
    """Who holds this token. Raises AccessRefusedError ``key.unknown`` for anything that does not fit."""
    parts = token.split("_")
    if len(token) > MAX_TOKEN_CHARS or len(parts) != _PARTS or parts[0] != "qt":
        raise AccessRefusedError("key.unknown")
    key = await uow.keys.get(parts[2])
    # Compared even for an unknown key, so that the answer takes as long.
    stored = sha256(b"no such key") if key is None else key.hash
    right = hmac.compare_digest(stored, sha256(parts[3].encode("utf-8")))
    if key is None or not right:
        raise AccessRefusedError("key.unknown")
    return usable(key, mode=mode, now=now, signed=False), key


def usable(key: ApiKey, *, mode: str, now: datetime, signed: bool) -> Principal:
    """The principal of a key. Raises AccessRefusedError ``key.expired``, ``key.revoked`` or ``key.mode``."""
    if key.revoked_at is not None:
        raise AccessRefusedError("key.revoked")
    if to_text(now) >= key.expires_at:
        raise AccessRefusedError("key.expired")
    if key.mode != mode:
        raise AccessRefusedError("key.mode", mode=mode)
    return Principal(
        key_id=key.id,
        person=key.person,
        role=key.role,
        agency_id=key.agency_id,
        scopes=frozenset(key.scopes),
        mode=key.mode,
        signed=signed,
        site_id=key.site_id,
    )


def _faults(
    role: str,
    agency_id: str | None,
    site_id: str | None,
    scopes: tuple[str, ...],
    signing_key: bytes | None,
) -> Iterable[Fault]:
    if role not in ROLES:
        yield Fault(code="key.role", pointer="/role")
    if (role == AGENCY) != (agency_id is not None):
        yield Fault(code="key.agency", pointer="/agency")
    if (role in AT_A_SITE) != (site_id is not None):
        yield Fault(code="key.site", pointer="/site")
    if not scopes or not set(scopes) <= set(scopes_of(role)):
        yield Fault(code="key.scopes", pointer="/scopes")
    if signing_key is not None:
        try:
            validate_public(signing_key)
        except SignatureError:
            yield Fault(code="key.signing-key", pointer="/signing_key")


def _text_faults(person: str, label: str | None) -> Iterable[Fault]:
    if not 0 < len(person.strip()) <= len(person) <= MAX_PERSON_CHARS:
        yield Fault(code="key.person", pointer="/person")
    if label is not None and not 0 < len(label.strip()) <= len(label) <= MAX_TEXT_CHARS:
        yield Fault(code="key.label", pointer="/label")
