"""The relay box 资料中转 (R34): each file into or out of a zone is hashed, signed twice and reasoned.

1. A browser of site staff registers a public key with its signed-in person (`register_key`).
2. `put` takes a file of at most `MAX_CONTENT_BYTES` with a signature over its digest, size and reason.
3. `taken` takes the receiver's signature over the digest of what arrived; the content goes then. Both
   signatures name one digest: what came out is what went in, byte for byte.
Both acts stand in the site's ledger, by digest, never by name. Nothing is scanned for malware here: whoever
opens a file does so on a machine that scans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.errors import AccessRefusedError, ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.relay import RelayItem, RelaySignature, StaffKey
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.arrival.ledger import record
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.venues.bookings import own_part
from app.usecases.venues.sites import view
from crypto import p256
from crypto.canonical import JsonValue, canonical
from crypto.errors import SignatureError
from crypto.hashing import sha256
from draw.schema import is_time

MAX_CONTENT_BYTES: Final = 512 * 1024
MAX_ITEMS: Final = 200
KEY_LIFE: Final = timedelta(days=90)
# How far the signing browser's clock may be off.
SKEW: Final = timedelta(minutes=5)
ID_BYTES: Final = 10
PUT: Final = "put"
TAKE: Final = "take"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a person signed with a registered key, why, and when their browser says it was."""

    key: str
    reason: str
    at: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A file to put into a zone of the site (``in``) or to take out of it (``out``)."""

    booking: str
    zone: str
    direction: str
    name: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """An item with its signatures by act."""

    item: RelayItem
    signatures: Mapping[str, RelaySignature]


async def register_key(
    uow: UnitOfWork,
    principal: Principal,
    site_id: str,
    public: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> StaffKey:
    """Tie a browser's public key to the signed-in person, for `KEY_LIFE`.

    Raises NotFoundError ``site.unknown``, InputRefusedError ``request.invalid`` for a key that is none,
    ConflictError ``relay.key-exists``.
    """
    await view(uow, principal, site_id)
    try:
        name = p256.thumbprint(public)
    except SignatureError as error:
        raise InputRefusedError(
            "request.invalid", [Fault(code="schema.format", pointer="/public")]
        ) from error
    key = StaffKey(
        id=name,
        site_id=site_id,
        person=principal.person,
        public=dict(public),
        created_at=to_text(now),
        expires_at=to_text(now + KEY_LIFE),
    )
    await uow.relay.add_key(key)
    await note(uow, actor, "relay.key", site_id, now=to_text(now))
    return key


async def put(
    uow: UnitOfWork, platform: Platform, principal: Principal, site_id: str, parcel: Parcel, *, signed: Signed
) -> Relayed:
    """Put a file into the box.

    Raises NotFoundError ``site.unknown``, ``zone.unknown`` or ``booking.unknown``, InputRefusedError
    ``request.invalid``, AccessRefusedError ``relay.unsigned``.
    """
    seen = await view(uow, principal, site_id)
    zone = seen.layout.zones.get(parcel.zone)
    if zone is None or zone.kind != "relay":
        raise NotFoundError("zone.unknown")
    booking, _ = await own_part(uow, principal, parcel.booking)
    if not 0 < len(parcel.content) <= MAX_CONTENT_BYTES:
        raise InputRefusedError("request.invalid", [Fault(code="schema.length", pointer="/content")])
    item = RelayItem(
        id=f"rly_{platform.random(ID_BYTES).hex()}",
        site_id=site_id,
        zone_id=zone.id,
        booking_id=booking.id,
        direction=parcel.direction,
        size=len(parcel.content),
        digest=sha256(parcel.content).hex(),
        name=parcel.name,
        content=parcel.content,
    )
    await _require_signed(uow, principal, site_id, signed, put_statement(item, signed), now=platform.clock())
    await uow.relay.add(item)
    return await _entered(uow, platform, principal, item, PUT, signed=signed)


async def fetch(uow: UnitOfWork, principal: Principal, site_id: str, item_id: str) -> RelayItem:
    """An item with its content, for the receiver to look at and sign.

    Raises NotFoundError ``site.unknown`` or ``relay.unknown``, ConflictError ``relay.taken``,
    ``relay.damaged`` when the stored bytes are not those that were put in.
    """
    await view(uow, principal, site_id)
    item = await uow.relay.item(item_id, site_id=site_id)
    if item is None:
        raise NotFoundError("relay.unknown")
    if item.content is None:
        raise ConflictError("relay.taken")
    if sha256(item.content).hex() != item.digest:
        raise ConflictError("relay.damaged")
    return item


async def taken(
    uow: UnitOfWork,
    platform: Platform,
    principal: Principal,
    site_id: str,
    item_id: str,
    *,
    digest: str,
    signed: Signed,
) -> Relayed:
    """Take the receiver's signature over the digest of what arrived, and let the content go.

    Raises as `fetch`, ConflictError ``relay.differs`` for another digest, AccessRefusedError
    ``relay.unsigned``.
    """
    item = await fetch(uow, principal, site_id, item_id)
    if digest != item.digest:
        raise ConflictError("relay.differs")
    await _require_signed(uow, principal, site_id, signed, take_statement(item, signed), now=platform.clock())
    await uow.relay.erase(item.id)
    return await _entered(uow, platform, principal, item, TAKE, signed=signed)


async def items(uow: UnitOfWork, principal: Principal, site_id: str) -> Sequence[Relayed]:
    """The newest items of a site. Raises NotFoundError ``site.unknown``."""
    await view(uow, principal, site_id)
    listed = await uow.relay.items(site_id, limit=MAX_ITEMS)
    signatures = await uow.relay.signatures([one.id for one in listed])
    return [Relayed(item=one, signatures=signatures[one.id]) for one in listed]


def put_statement(item: RelayItem, signed: Signed) -> bytes:
    """What whoever puts an item in signs, canonical JSON."""
    return canonical(
        {
            "type": "qt/1 relay put",
            "site": item.site_id,
            "zone": item.zone_id,
            "booking": item.booking_id,
            "direction": item.direction,
            "size": item.size,
            "sha256": item.digest,
            "reason": signed.reason,
            "time": signed.at,
        }
    )


def take_statement(item: RelayItem, signed: Signed) -> bytes:
    """What whoever takes an item out signs, canonical JSON."""
    return canonical(
        {
            "type": "qt/1 relay take",
            "item": item.id,
            "sha256": item.digest,
            "reason": signed.reason,
            "time": signed.at,
        }
    )


async def _require_signed(
    uow: UnitOfWork, principal: Principal, site_id: str, signed: Signed, statement: bytes, *, now: datetime
) -> None:
    """The person's own, unexpired key of this very site, and a signature over the statement, now."""
    key = await uow.relay.key(signed.key)
    ours = key is not None and (key.site_id, key.person) == (site_id, principal.person)
    if key is None or not ours or key.expires_at < to_text(now):
        raise AccessRefusedError("relay.unsigned")
    if not is_time(signed.at) or abs(from_text(signed.at) - now) > SKEW:
        raise AccessRefusedError("relay.unsigned")
    try:
        p256.verify(key.public, statement, signed.signature)
    except SignatureError as error:
        raise AccessRefusedError("relay.unsigned") from error


async def _entered(
    uow: UnitOfWork, platform: Platform, principal: Principal, item: RelayItem, act: str, *, signed: Signed
) -> Relayed:
    now = platform.now()
    made = RelaySignature(
        item_id=item.id,
        act=act,
        reason=signed.reason,
        person=principal.person,
        key_id=signed.key,
        signature=signed.signature,
        signed_at=now,
    )
    await uow.relay.sign(made)
    kind, about = f"relay-{act}", _told(item, signed)
    await record(uow, platform, site=item.site_id, kind=kind, actor=principal.person, now=now, about=about)
    return Relayed(item=item, signatures=(await uow.relay.signatures([item.id]))[item.id])


def _told(item: RelayItem, signed: Signed) -> dict[str, JsonValue]:
    """What the site's ledger keeps of an act."""
    return {
        "item": item.id,
        "zone": item.zone_id,
        "booking": item.booking_id,
        "direction": item.direction,
        "size": item.size,
        "sha256": item.digest,
        "reason": signed.reason,
        "signature": signed.signature.hex(),
        "key": signed.key,
    }
