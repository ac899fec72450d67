"""Seats by chance that anyone can recompute once the draw is open.

    seed  = H("qt/1 seating", private seed ‖ u16 length of the site ‖ site)
    order = first occurrences in the stream of seed, by rejection below the number of seats

Block b of the stream is HMAC-SHA256(seed, u64be(b)), read as four big-endian u64 words; a word at or above
the largest multiple of m is skipped, so no seat is likelier than another. The private seed is that of the
draw: nobody outside the platform knows it before the opening, everybody can have it afterwards. Seats count
in the ascending order of their ids; the n-th arrival gets the n-th free seat of the order.
"""

import struct
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from crypto.hashing import HASH_BYTES, hmac_sha256, tagged, u64be
from remote_eval.errors import SeatingError

MAX_SEATS: Final = 10_000
_WORDS: Final = 1 << 64
_BLOCK: Final = struct.Struct(">4Q")


def seating_seed(private_seed: bytes, site: str) -> bytes:
    """The 32-byte seed of the seats at `site`. Raises SeatingError ``seating.seed`` unless given 32 bytes."""
    if len(private_seed) != HASH_BYTES:
        raise SeatingError("seating.seed")
    name = site.encode("utf-8")
    return tagged("qt/1 seating", private_seed, len(name).to_bytes(2, "big"), name)


def seat_order(seed: bytes, count: int) -> Iterator[int]:
    """A uniform permutation of range(count), one index at a time, each once.

    Raises SeatingError ``seating.seed`` or ``seating.count``.
    """
    if len(seed) != HASH_BYTES:
        raise SeatingError("seating.seed")
    if not 0 <= count <= MAX_SEATS:
        raise SeatingError("seating.count", limit=MAX_SEATS)
    return _first_occurrences(seed, count)


def next_seat(seed: bytes, seats: Sequence[str], taken: Collection[str]) -> str | None:
    """The first seat of the order that is not taken; None when every seat is. `seats` are all that were
    booked, ascending and without doubles (else SeatingError ``seating.seats``); a seat that is out of order
    stands in `taken`.
    """
    if list(seats) != sorted(set(seats)):
        raise SeatingError("seating.seats")
    for index in seat_order(seed, len(seats)):
        if seats[index] not in taken:
            return seats[index]
    return None


def _first_occurrences(seed: bytes, count: int) -> Iterator[int]:
    seen: set[int] = set()
    words = _words(seed)
    fair = _WORDS - _WORDS % count if count else 0
    while len(seen) < count:
        word = next(words)
        if word < fair and word % count not in seen:
            seen.add(word % count)
            yield word % count


def _words(seed: bytes) -> Iterator[int]:
    block = 0
    while True:
        yield from _BLOCK.unpack(hmac_sha256(seed, u64be(block)))
        block += 1
