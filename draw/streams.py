"""Deterministic streams of words, numbers and permutations from one seed (draw-proof §7).

A stream key is an HMAC-SHA256 over a label and u32 integers; block b of a stream is HMAC-SHA256(key,
u64be(b)), read as four big-endian u64 words. Numbers below a bound come by rejection, so there is no modulo
bias. `order` yields a uniform permutation lazily: taking the first few of a million costs what taking the
first few of a hundred costs. Nothing here knows experts, cells or employers."""

import struct
from collections.abc import Iterator
from typing import Final

from crypto.hashing import hmac_sha256
from draw.errors import SelectionError

PROTOCOL: Final = b"qt/1"
SEED_SIZE: Final = 32  # bytes, of seeds and stream keys alike
MAX_LABEL_SIZE: Final = 32  # bytes
MAX_BIG_BITS: Final = 1 << 16  # bit length of the bound of one `big`
_WORDS: Final = 1 << 64
_U32: Final = 1 << 32
_BLOCK: Final = struct.Struct(">4Q")


def stream_key(seed: bytes, label: str, *ints: int) -> bytes:
    """HMAC-SHA256(seed, "qt/1" 00 label 00 u32be…), 32 bytes. Raises SelectionError for a seed that is not 32
    bytes, a label that is not 1 to 32 printable ASCII characters, or an integer outside u32."""
    _require_key(seed)
    if not (0 < len(label) <= MAX_LABEL_SIZE and label.isascii() and label.isprintable()):
        raise SelectionError("stream.label")
    if any(not 0 <= number < _U32 for number in ints):
        raise SelectionError("stream.integer", limit=_U32)
    numbers = struct.pack(f">{len(ints)}I", *ints)
    return hmac_sha256(seed, PROTOCOL, b"\0", label.encode("ascii"), b"\0", numbers)


class Stream:
    """The words of one stream key, in order. Every method consumes words; a stream never goes back."""

    __slots__ = ("_block", "_key", "_ready")

    def __init__(self, key: bytes) -> None:
        _require_key(key)
        self._key = key
        self._block = 0
        self._ready: list[int] = []  # words of the current block not yet taken, last first

    def word(self) -> int:
        """The next u64."""
        if not self._ready:
            digest = hmac_sha256(self._key, self._block.to_bytes(8, "big"))
            self._ready = list(_BLOCK.unpack(digest))[::-1]
            self._block += 1
        return self._ready.pop()

    def below(self, m: int) -> int:
        """Uniform in [0, m), 1 <= m <= 2^64: the next word under the largest multiple of m, modulo m."""
        if not 1 <= m <= _WORDS:
            raise SelectionError("stream.bound", bound=m)
        fair = _WORDS - _WORDS % m
        word = self.word()
        while word >= fair:
            word = self.word()
        return word % m

    def big(self, bound: int) -> int:
        """Uniform in [0, bound), bound >= 1 of any size up to 65536 bits: the top n = bitlen(bound - 1) bits
        of max(1, ceil(n / 64)) words, taken anew while the value is not below the bound."""
        bits = (bound - 1).bit_length()
        if bound < 1 or bits > MAX_BIG_BITS:
            raise SelectionError("stream.bound", bits=bits)
        words = max(1, -(-bits // 64))
        while True:
            value = 0
            for _ in range(words):
                value = value << 64 | self.word()
            value >>= 64 * words - bits
            if value < bound:
                return value


def order(stream_key: bytes, m: int) -> Iterator[int]:
    """A uniform permutation of range(m): the first occurrences in below(m), below(m), …, then the end.

    The first k entries cost about k words when k is small beside m; all m cost about m·ln m words.
    """
    _require_key(stream_key)
    if not 0 <= m <= _WORDS:
        raise SelectionError("stream.bound", bound=m)
    return _first_occurrences(Stream(stream_key), m)


def _first_occurrences(stream: Stream, m: int) -> Iterator[int]:
    seen: set[int] = set()
    while len(seen) < m:
        index = stream.below(m)
        if index not in seen:
            seen.add(index)
            yield index


def _require_key(key: bytes) -> None:
    if len(key) != SEED_SIZE:
        raise SelectionError("stream.key_size", size=len(key), expected=SEED_SIZE)
