"""API keys: issued once in clear, stored as SHA-256, scoped, expiring, revocable.

A token is ``qt_<mode>_<key id>_<secret>`` with 256 random bits: a plain hash is enough against guessing. A
key with a `signing_key` must sign every request that changes something. Randomness comes in as an argument.
"""

import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from app.errors import AccessRefusedError, Fault, InputRefusedError
from app.store.repositories.access import ApiKey
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.principals import AGENCY, AT_A_SITE, ROLES, Principal, scopes_of
from crypto.errors import SignatureError
from crypto.hashing import sha256
from crypto.signing import validate_public

SECRET_BYTES: Final = 32
MAX_TOKEN_CHARS: Final = 256
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
) -> str:
    """Store a key made from 32 random bytes and return its token, which cannot be recovered later.

    Without `scopes` the key gets all of its role. Raises InputRefusedError.
    """
    wanted = tuple(scopes_of(role) if scopes is None else scopes)
    faults = list(_faults(role, agency_id, site_id, wanted, signing_key))
    if len(secret) != SECRET_BYTES or faults:
        raise InputRefusedError("key.refused", faults or [Fault(code="key.secret")])
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
        )
    )
    return f"qt_{mode}_{key_id}_{secret.hex()}"


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
    if not set(scopes) <= set(scopes_of(role)):
        yield Fault(code="key.scopes", pointer="/scopes")
    if signing_key is not None:
        try:
            validate_public(signing_key)
        except SignatureError:
            yield Fault(code="key.signing-key", pointer="/signing_key")
