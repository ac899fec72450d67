"""The sealed roster: who holds the seats, under a key that no single holder has (R13, draw-protocol §7).

A roster is sealed anew whenever a holder changes. Its *manifest* names draw, version, the first time at
which a custodian gives his share, the tiers of the rule pack, the digest of the ciphertext, and per
custodian the share sealed to his
key; the manifest's digest stands in the log before anybody may ask for a share, and so does every wish to
open. Neither names a person. Times and randomness are arguments; who may ask, and when a tier opens, is
decided elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from crypto import aead, sealing
from crypto.canonical import JsonValue, canonical, parse
from crypto.errors import CryptoError
from crypto.hashing import sha256
from crypto.secret_sharing import Share, combine, share_digest, split
from draw.avoidance.layers import Tier
from draw.avoidance.parameters import TIER_SHAPE
from draw.errors import RosterError
from draw.model import HEX32, ID, TEXT, TIME
from draw.schema import Integer, ListOf, ObjectOf, checked, matching, one_of

CUSTODIANS: Final = ("platform", "agency", "supervisor")
THRESHOLD: Final = 2
KEY_BYTES: Final = 32
MAX_DOCUMENT_BYTES: Final = 256 * 1024
_SEALED_SHARE: Final = matching(r"[0-9a-f]{162}")  # enc 32, share 1 + 32, tag 16
_MANIFEST: Final = ObjectOf(
    {
        "format": one_of("qt/1 roster-manifest"),
        "draw": Integer(0),
        "sdr": HEX32,
        "version": Integer(1),
        "not_before": TIME,
        "tiers": ListOf(TIER_SHAPE, 10, low=1),
        "ciphertext": HEX32,
        "custodians": ListOf(
            ObjectOf({"role": one_of(*CUSTODIANS), "key": HEX32, "share": HEX32, "sealed": _SEALED_SHARE}),
            len(CUSTODIANS),
            low=len(CUSTODIANS),
        ),
    }
)
_OPENING: Final = ObjectOf(
    {
        "format": one_of("qt/1 roster-opening"),
        "id": ID,
        "draw": Integer(0),
        "version": Integer(1),
        "tier": Integer(2, 3),
        "asked_by": one_of("operator", "supervisor"),
        "reason": TEXT,
        "at": TIME,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RosterSeat:
    """Who holds a seat; `venue` is the centre where the person sits, None where none is booked."""

    seat: int
    stratum: str
    site: str
    venue: str | None
    expert: str
    name: str

    def to_json(self) -> dict[str, JsonValue]:
        """All members."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SealedRoster:
    """What is kept: the manifest's bytes, and the roster under the shared key."""

    manifest: bytes
    ciphertext: bytes


def seal(
    seats: Sequence[RosterSeat],
    *,
    draw: int,
    sdr: bytes,
    version: int,
    not_before: str,
    tiers: Sequence[Tier],
    keys: Mapping[str, bytes],
    random: Callable[[int], bytes],
) -> SealedRoster:
    """Seal a roster to its three custodians; `keys` are their X25519 keys by role.

    Raises RosterError ``roster.custodians`` unless there is one usable key for each of `CUSTODIANS`.
    """
    if set(keys) != set(CUSTODIANS):
        raise RosterError("roster.custodians")
    key = random(KEY_BYTES)
    plain = canonical({"seats": [one.to_json() for one in seats]})
    ciphertext = aead.encrypt(key, plain, bound_to=_place(sdr, version), nonce=random(aead.NONCE_BYTES))
    shares = split(key, threshold=THRESHOLD, count=len(CUSTODIANS), random=random)
    info = share_info(sdr, version, not_before)
    try:
        custodians: list[JsonValue] = [
            _custodian(role, keys[role], share, info) for role, share in zip(CUSTODIANS, shares, strict=True)
        ]
    except CryptoError as error:
        raise RosterError("roster.custodians") from error
    manifest: dict[str, JsonValue] = {
        "format": "qt/1 roster-manifest",
        "draw": draw,
        "sdr": sdr.hex(),
        "version": version,
        "not_before": not_before,
        "tiers": [{"tier": one.tier, "when": one.when, "readers": list(one.readers)} for one in tiers],
        "ciphertext": sha256(ciphertext).hex(),
        "custodians": custodians,
    }
    return SealedRoster(manifest=canonical(manifest), ciphertext=ciphertext)


def read_manifest(data: bytes) -> Mapping[str, Any]:
    """A manifest's members. Raises RosterError ``roster.manifest``."""
    found = _read(data, _MANIFEST, "roster.manifest")
    if tuple(one["role"] for one in found["custodians"]) != CUSTODIANS:
        raise RosterError("roster.manifest")
    return found


def readers(manifest: Mapping[str, Any], reached: int) -> frozenset[str]:
    """Who may read the roster once the tier `reached` is: the readers of all tiers up to it."""
    return frozenset(
        reader for one in manifest["tiers"] if one["tier"] <= reached for reader in one["readers"]
    )


def opening_document(
    *, opening: str, draw: int, version: int, tier: int, asked_by: str, reason: str, at: str
) -> bytes:
    """The wish to open a version of the roster, as the log has it. `reason` names no person."""
    value: dict[str, JsonValue] = {
        "format": "qt/1 roster-opening",
        "id": opening,
        "draw": draw,
        "version": version,
        "tier": tier,
        "asked_by": asked_by,
        "reason": reason,
        "at": at,
    }
    document = canonical(value)
    read_opening(document)
    return document


def read_opening(data: bytes) -> Mapping[str, Any]:
    """An opening's members. Raises RosterError ``roster.opening``."""
    return _read(data, _OPENING, "roster.opening")


def share_info(sdr: bytes, version: int, not_before: str) -> bytes:
    """HPKE info of a share at rest: binds it to one version and to its time."""
    return b"qt/1 roster share\x00" + sdr + version.to_bytes(4, "big") + not_before.encode("ascii")


def release_info(opening: bytes) -> bytes:
    """HPKE info of a share on its way to the platform: binds it to one opening (the document's SHA-256)."""
    return b"qt/1 roster release\x00" + sha256(opening)


def custody_statement(role: str, key: str) -> bytes:
    """What a party signs about its custody key (hex32): "qt/1 custody" 00 C({"key", "role"})."""
    value: dict[str, JsonValue] = {"key": key, "role": role}
    return b"qt/1 custody\x00" + canonical(value)


def own_share(manifest: Mapping[str, Any], role: str, private: bytes) -> Share:
    """A custodian's share. Raises RosterError ``roster.share`` when it is not the one that the manifest
    names."""
    held = next(one for one in manifest["custodians"] if one["role"] == role)
    info = share_info(bytes.fromhex(manifest["sdr"]), manifest["version"], manifest["not_before"])
    try:
        return checked_share(
            manifest, role, sealing.open_sealed(private, info, bytes.fromhex(held["sealed"]))
        )
    except CryptoError as error:
        raise RosterError("roster.share") from error


def checked_share(manifest: Mapping[str, Any], role: str, value: bytes) -> Share:
    """The share of these bytes, x then y. Raises RosterError ``roster.share`` for a forged one."""
    held = next(one for one in manifest["custodians"] if one["role"] == role)
    try:
        share = Share(value[0], value[1:])
        genuine = len(value) == 1 + KEY_BYTES and share_digest(share).hex() == held["share"]
    except (CryptoError, IndexError) as error:
        raise RosterError("roster.share") from error
    if not genuine:
        raise RosterError("roster.share")
    return share


def share_bytes(share: Share) -> bytes:
    """One byte x, then y."""
    return bytes([share.x]) + share.y


def open_roster(sealed: SealedRoster, shares: Sequence[Share]) -> list[RosterSeat]:
    """Who sits. Raises RosterError ``roster.too-few`` below the threshold, ``roster.sealed`` when manifest,
    ciphertext and shares do not belong together."""
    manifest = read_manifest(sealed.manifest)
    if sha256(sealed.ciphertext).hex() != manifest["ciphertext"]:
        raise RosterError("roster.sealed")
    if len({one.x for one in shares}) < THRESHOLD:
        raise RosterError("roster.too-few")
    place = _place(bytes.fromhex(manifest["sdr"]), manifest["version"])
    try:
        plain = aead.decrypt(combine(shares, threshold=THRESHOLD), sealed.ciphertext, bound_to=place)
    except CryptoError as error:
        raise RosterError("roster.sealed") from error
    return seats_of(plain)


def seats_of(plain: bytes) -> list[RosterSeat]:
    """The seats of an opened roster's bytes."""
    value: Any = parse(plain, max_bytes=MAX_DOCUMENT_BYTES)
    return [RosterSeat(**one) for one in value["seats"]]


def seats_bytes(seats: Sequence[RosterSeat]) -> bytes:
    """The bytes that `seats_of` reads."""
    return canonical({"seats": [one.to_json() for one in seats]})


def _custodian(role: str, key: bytes, share: Share, info: bytes) -> dict[str, JsonValue]:
    return {
        "role": role,
        "key": key.hex(),
        "share": share_digest(share).hex(),
        "sealed": sealing.seal(key, info, share_bytes(share)).hex(),
    }


def _place(sdr: bytes, version: int) -> bytes:
    return b"qt/1 roster\x00" + sdr + version.to_bytes(4, "big")


def _read(data: bytes, shape: ObjectOf, code: str) -> Mapping[str, Any]:
    try:
        found: Any = checked(shape, parse(data, max_bytes=MAX_DOCUMENT_BYTES), RosterError, code)
        if canonical(found) != data:
            raise RosterError(code)
    except CryptoError as error:
        raise RosterError(code) from error
    return cast("Mapping[str, Any]", found)
