"""The ledger of a room: its events, numbered, each holding the hash of the one before.

    hash = H("qt/1 room-ledger", C({room, seq, at, kind, member, detail, previous}))

`detail` is the salted digest of what the event tells, H("qt/1 room-ledger detail", salt ‖ bytes), so that the
chain is checked by whoever must not read it. The first `previous` is 32 zero bytes. A room whose head stands
in the log of its draw cannot lose, gain or reorder an event before that head. Storing is elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from crypto.canonical import canonical
from crypto.hashing import HASH_BYTES, tagged
from remote_eval.errors import LedgerError

GENESIS: Final = bytes(HASH_BYTES)
SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEntry:
    """One event as the chain holds it; `member` is None for the platform's own, `detail` is 32 bytes."""

    room: str
    seq: int
    at: str
    kind: str
    member: str | None
    detail: bytes
    previous: bytes
    hash: bytes = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomHead:
    """The number of a room's last event and its hash; 0 and `GENESIS` before the first."""

    room: str
    seq: int = 0
    hash: bytes = GENESIS


def detail_digest(salt: bytes, detail: bytes) -> bytes:
    """What the chain holds of a detail; `salt` has 16 bytes. Raises LedgerError ``ledger.detail``."""
    if len(salt) != SALT_BYTES:
        raise LedgerError("ledger.detail")
    return tagged("qt/1 room-ledger detail", salt, detail)


def follow(head: RoomHead, *, at: str, kind: str, member: str | None, detail: bytes) -> RoomEntry:
    """The next entry after `head`; `detail` is its digest."""
    entry = RoomEntry(
        room=head.room,
        seq=head.seq + 1,
        at=at,
        kind=kind,
        member=member,
        detail=detail,
        previous=head.hash,
    )
    return replace(entry, hash=_hash(entry))


def head_of(entry: RoomEntry) -> RoomHead:
    """The head once `entry` is the last."""
    return RoomHead(room=entry.room, seq=entry.seq, hash=entry.hash)


def head_document(head: RoomHead, *, phase: str) -> bytes:
    """The bytes whose digest goes into the log of the draw, canonical JSON."""
    return canonical(
        {
            "format": "qt/1 room-head",
            "room": head.room,
            "seq": head.seq,
            "phase": phase,
            "hash": head.hash.hex(),
        }
    )


def verify_chain(entries: Iterable[RoomEntry], head: RoomHead) -> None:
    """Check a whole room against its head.

    Raises LedgerError with the number of the first entry that fails: ``ledger.number`` (missing, doubled,
    reordered, of another room), ``ledger.previous``, ``ledger.hash`` (altered), ``ledger.head`` (the end is
    missing, or there is more than the head knows).
    """
    last = RoomHead(room=head.room)
    for entry in entries:
        _check_next(last, entry)
        last = head_of(entry)
    if last != head:
        raise LedgerError("ledger.head", number=last.seq)


def _check_next(last: RoomHead, entry: RoomEntry) -> None:
    if (entry.room, entry.seq) != (last.room, last.seq + 1):
        raise LedgerError("ledger.number", number=last.seq + 1)
    if entry.previous != last.hash:
        raise LedgerError("ledger.previous", number=entry.seq)
    if _hash(entry) != entry.hash:
        raise LedgerError("ledger.hash", number=entry.seq)


def _hash(entry: RoomEntry) -> bytes:
    held = canonical(
        {
            "room": entry.room,
            "seq": entry.seq,
            "at": entry.at,
            "kind": entry.kind,
            "member": entry.member,
            "detail": entry.detail.hex(),
            "previous": entry.previous.hex(),
        }
    )
    return tagged("qt/1 room-ledger", held)
