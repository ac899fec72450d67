"""The ledger of one site and Beijing day: numbered entries, each holding the hash of the one before.

    hash = H("qt/1 ledger", C({site, day, number, time, kind, actor, detail, previous}))

`detail` is a salted digest of what the entry tells, H("qt/1 ledger detail", salt ‖ bytes): the chain can be
checked by whoever must not read it. The first `previous` is 32 zero bytes. A ledger whose head stands in the
log of a draw cannot lose, gain or reorder an entry before that head. Storing and sealing are elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crypto.canonical import canonical
from crypto.hashing import HASH_BYTES, tagged
from remote_eval.errors import LedgerError

GENESIS: Final = bytes(HASH_BYTES)
SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One entry; `number` counts from 1, `detail`, `previous` and `hash` are 32 bytes."""

    site: str
    day: str
    number: int
    time: str
    kind: str
    actor: str
    detail: bytes
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHead:
    """The last number of a site's day and its hash; 0 and `GENESIS` before the first entry."""

    site: str
    day: str
    number: int = 0
    hash: bytes = GENESIS


def detail_digest(salt: bytes, detail: bytes) -> bytes:
    """What an entry shows of its detail. Raises LedgerError ``ledger.detail`` unless the salt is 16 bytes."""
    if len(salt) != SALT_BYTES:
        raise LedgerError("ledger.detail")
    return tagged("qt/1 ledger detail", salt, detail)


def follow(head: LedgerHead, *, time: str, kind: str, actor: str, detail: bytes) -> LedgerEntry:
    """The next entry after `head`; `detail` is its digest."""
    entry = LedgerEntry(
        site=head.site,
        day=head.day,
        number=head.number + 1,
        time=time,
        kind=kind,
        actor=actor,
        detail=detail,
        previous=head.hash,
        hash=GENESIS,
    )
    return _hashed(entry)


def head_of(entry: LedgerEntry) -> LedgerHead:
    """The head once `entry` is the last."""
    return LedgerHead(site=entry.site, day=entry.day, number=entry.number, hash=entry.hash)


def head_document(head: LedgerHead) -> bytes:
    """The bytes whose digest goes into the log of a draw, canonical JSON."""
    return canonical(
        {
            "format": "qt/1 ledger-head",
            "site": head.site,
            "day": head.day,
            "number": head.number,
            "hash": head.hash.hex(),
        }
    )


def verify_chain(entries: Iterable[LedgerEntry], head: LedgerHead) -> None:
    """Check a whole day against its head.

    Raises LedgerError with the first entry's number: ``ledger.number`` (missing, doubled, reordered, of
    another site or day), ``ledger.previous``, ``ledger.hash`` (altered), ``ledger.head`` (the end is
    missing, or there is more than the head knows).
    """
    last = LedgerHead(site=head.site, day=head.day)
    for entry in entries:
        _check_next(last, entry)
        last = head_of(entry)
    if last != head:
        raise LedgerError("ledger.head", number=last.number)


def _check_next(last: LedgerHead, entry: LedgerEntry) -> None:
    if (entry.site, entry.day, entry.number) != (last.site, last.day, last.number + 1):
        raise LedgerError("ledger.number", number=last.number + 1)
    if entry.previous != last.hash:
        raise LedgerError("ledger.previous", number=entry.number)
    if _hashed(entry).hash != entry.hash:
        raise LedgerError("ledger.hash", number=entry.number)


def _hashed(entry: LedgerEntry) -> LedgerEntry:
    values = {name: getattr(entry, name) for name in LedgerEntry.__slots__}
    shown = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in values.items()
        if name != "hash"
    }
    return LedgerEntry(**values | {"hash": tagged("qt/1 ledger", canonical(shown))})
