"""The rule `uniform/1` (draw-proof §7): streams, tables and walks, for sizes up to 2^53 with bounded work.

Tables are never all held: their number and total weight come from a memo over (row, column sums so far), and
the table of an attempt is found by descending through cumulative weights in lexicographic order, which is the
order in which the specification lists them.
"""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

from draw.verify.hashing import mac, u32be, u64be

MAX_TABLES = 10**6
MAX_STEPS = 4 * 10**6  # partial rows visited while counting tables
MAX_ATTEMPTS = 2**20
_WORDS = 4
_WORD_VALUES = 2**64

Position = tuple[int, int, int]
Row = tuple[int, ...]


class TooManyTablesError(Exception):
    """More tables than a verifier is willing to weigh."""


def stream_key(key: bytes, label: str, *numbers: int) -> bytes:
    """K(key, label, a, b, …) = HMAC(key, "qt/1" ‖ 00 ‖ label ‖ 00 ‖ u32be(a) ‖ …)."""
    return mac(key, b"qt/1\0" + label.encode("ascii") + b"\0" + b"".join(u32be(n) for n in numbers))


def words(key: bytes) -> Iterator[int]:
    """The endless stream of 64-bit words of K: four from each block HMAC(K, u64be(n))."""
    block = 0
    while True:
        digest = mac(key, u64be(block))
        for start in range(0, 8 * _WORDS, 8):
            yield int.from_bytes(digest[start : start + 8], "big")
        block += 1


def below(source: Iterator[int], bound: int) -> int:
    """A value below m, 1 ≤ m ≤ 2^64: the first word under 2^64 − (2^64 mod m), reduced."""
    limit = _WORD_VALUES - _WORD_VALUES % bound
    while True:
        word = next(source)
        if word < limit:
            return word % bound


def big(source: Iterator[int], bound: int) -> int:
    """A value below W ≥ 1: the top n bits of max(1, ceil(n/64)) words, n being the bit length of W − 1;
    values ≥ W are rejected."""
    bits = (bound - 1).bit_length()
    count = max(1, -(-bits // 64))
    while True:
        value = 0
        for _ in range(count):
            value = value << 64 | next(source)
        value >>= 64 * count - bits
        if value < bound:
            return value


def order(key: bytes, size: int) -> Iterator[int]:
    """The order of m values on K: the first occurrences in below(m), below(m), …; ends after all m values."""
    source, seen = words(key), set[int]()
    while len(seen) < size:
        value = below(source, size)
        if value not in seen:
            seen.add(value)
            yield value


class Tables:
    """All tables with the given row sums, column bounds and cell sizes, in lexicographic row-major order.

    `total` is W and `count` the number of tables. Raises TooManyTablesError beyond MAX_TABLES or MAX_STEPS.
    """

    def __init__(
        self, rows: Sequence[int], least: Sequence[int], most: Sequence[int], sizes: Sequence[Sequence[int]]
    ) -> None:
        self._rows, self._least, self._most, self._sizes = tuple(rows), least, most, sizes
        self._columns = list(zip(*sizes, strict=True))
        self._steps = 0
        self.count = -1  # while counting, steps are limited
        self._memo: dict[tuple[int, Row], tuple[int, int]] = {}
        self._comb = lru_cache(maxsize=65536)(math.comb)
        self.count, self.total = self._measure(0, (0,) * len(least))
        if self.count > MAX_TABLES:
            raise TooManyTablesError

    def find(self, x: int) -> tuple[Row, ...]:
        """The first table whose cumulative weight exceeds x, 0 ≤ x < total."""
        table: list[Row] = []
        used: Row = (0,) * len(self._least)
        for index in range(len(self._rows)):
            row, x = self._descend(index, used, x)
            used = tuple(map(int.__add__, used, row))
            table.append(row)
        return tuple(table)

    def _descend(self, index: int, used: Row, x: int) -> tuple[Row, int]:
        """The row in whose share x falls, and what is left of x within one of its completions' weights."""
        for row in self._choices(index, used):
            own = self._weight(index, row)
            share = own * self._measure(index + 1, tuple(map(int.__add__, used, row)))[1]
            if x < share:
                return row, x // own
            x -= share
        raise ValueError("x is not below the total weight")

    def _measure(self, index: int, used: Row) -> tuple[int, int]:
        """Number and weight of the completions from row `index`, `used` being the column sums so far."""
        if index == len(self._rows):
            complete = all(
                low <= u <= high for low, u, high in zip(self._least, used, self._most, strict=True)
            )
            return (1, 1) if complete else (0, 0)
        known = self._memo.get((index, used))
        if known is None:
            count = total = 0
            for row in self._choices(index, used):
                number, weight = self._measure(index + 1, tuple(map(int.__add__, used, row)))
                count, total = count + number, total + weight * (self._weight(index, row) if weight else 0)
            known = self._memo[index, used] = (count, total)
        return known

    def _weight(self, index: int, row: Row) -> int:
        return math.prod(map(self._comb, self._sizes[index], row))

    def _choices(self, index: int, used: Row) -> Iterator[Row]:
        """Rows with the right sum, lexicographically ascending; rows that no later row could complete are
        left out where cheap."""
        missing = [max(0, low - u) for low, u in zip(self._least, used, strict=True)]
        slack = sum(self._rows[index:]) - sum(missing)
        floor, room = [], []
        for column, need in enumerate(missing):
            later = sum(map(min, self._rows[index + 1 :], self._columns[column][index + 1 :]))
            floor.append(max(0, need - later))
            room.append(min(self._sizes[index][column], self._most[column] - used[column], need + slack))
        if all(low <= high for low, high in zip(floor, room, strict=True)):
            yield from self._fill(self._rows[index], _Bounds(floor, room), 0, ())

    def _fill(self, left: int, bounds: "_Bounds", column: int, done: Row) -> Iterator[Row]:
        self._steps += 1
        if self._steps > MAX_STEPS and self.count < 0:
            raise TooManyTablesError
        if column == len(bounds.room):
            if left == 0:
                yield done
            return
        low = max(bounds.floor[column], left - bounds.room_after[column])
        high = min(bounds.room[column], left - bounds.floor_after[column])
        for amount in range(low, high + 1):
            yield from self._fill(left - amount, bounds, column + 1, (*done, amount))


class _Bounds:
    """Least and most per column of one row, with the sums over the columns after each."""

    __slots__ = ("floor", "floor_after", "room", "room_after")

    def __init__(self, floor: list[int], room: list[int]) -> None:
        self.floor, self.room = floor, room
        self.floor_after = [sum(floor[column + 1 :]) for column in range(len(floor))]
        self.room_after = [sum(room[column + 1 :]) for column in range(len(room))]


def attempt_table(tables: Tables, seed: bytes, attempt: int) -> tuple[Row, ...]:
    """The table of one attempt: x = big(W) on K(seed, "table", a)."""
    return tables.find(big(words(stream_key(seed, "table", attempt)), tables.total))


def walk(tables: Tables, seed: bytes, attempt: int, sizes: Sequence[Sequence[int]]) -> list[Position]:
    """The positions of one attempt: cells with j outer and s inner, the first t_js of order(m_js) on K(seed,
    "cell", a, j, s)."""
    positions: list[Position] = []
    for j, row in enumerate(attempt_table(tables, seed, attempt)):
        for s, wanted in enumerate(row):
            stream = order(stream_key(seed, "cell", attempt, j, s), sizes[j][s])
            positions.extend((j, s, next(stream)) for _ in range(wanted))
    return positions
