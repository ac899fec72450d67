"""The rule `uniform/1` (draw-proof §7): streams, tables and walks, for sizes up to 2^53 with bounded work.

Tables are never all held: their number and total weight come from a memo over cells, and
the table of an attempt is found by descending through cumulative weights in lexicographic order, which is the
order in which the specification lists them.
"""

import math
from collections.abc import Iterator, Sequence

from draw.verify.hashing import mac, u32be, u64be

MAX_TABLES = 2**16
MAX_STEPS = 10**6  # amounts tried while counting tables; dead ends included
MAX_ATTEMPTS = 2**20
_WORDS = 4
_WORD_VALUES = 2**64

Position = tuple[int, int, int]
Row = tuple[int, ...]
# Next cell in row-major order, seats left in its row, column sums so far.
_State = tuple[int, int, Row]


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
        self._width = len(least)
        self._later: list[list[int]] = [
            [sum(map(min, rows[j + 1 :], column[j + 1 :])) for column in zip(*sizes, strict=True)]
            for j in range(len(rows))
        ]
        self._steps = 0
        self._memo: dict[_State, tuple[int, int]] = {}
        self._combs: dict[tuple[int, int], int] = {}
        self._start: _State = (0, self._rows[0], (0,) * self._width)
        self.count, self.total = self._measure(self._start)

    def find(self, x: int) -> tuple[Row, ...]:
        """The first table whose cumulative weight exceeds x, 0 ≤ x < total."""
        state, cells = self._start, list[int]()
        while state[0] < len(self._rows) * self._width:
            amount, state, x = self._descend(state, x)
            cells.append(amount)
        return tuple(tuple(cells[at : at + self._width]) for at in range(0, len(cells), self._width))

    def _descend(self, state: _State, x: int) -> tuple[int, _State, int]:
        """The amount in whose share x falls, the state after it, and x within one of its completions."""
        for amount, own, after in self._choices(state):
            share = own * self._measure(after)[1]
            if x < share:
                return amount, after, x // own
            x -= share
        raise ValueError("x is not below the total weight")

    def _measure(self, state: _State) -> tuple[int, int]:
        """Number and weight of the completions of a state."""
        if state[0] == len(self._rows) * self._width:
            return (1, 1)
        known = self._memo.get(state)
        if known is None:
            count = total = 0
            for _, own, after in self._choices(state):
                number, weight = self._measure(after)
                count, total = count + number, total + own * weight
                self._steps += 1
                # Every state visited can be reached, so its completions are tables of the whole.
                if count > MAX_TABLES or self._steps > MAX_STEPS:
                    raise TooManyTablesError
            known = self._memo[state] = (count, total)
        return known

    def _choices(self, state: _State) -> Iterator[tuple[int, int, _State]]:
        """The amounts a cell may take, ascending, with C(m, amount) and the state after each."""
        cell, left, used = state
        j, s = divmod(cell, self._width)
        size, row_ends = self._sizes[j][s], s + 1 == self._width
        for amount in range(self._low(j, s, left, used), self._high(j, s, left, used) + 1):
            following = self._rows[j + 1] if row_ends and j + 1 < len(self._rows) else left - amount
            # In the last row a column is done: its sum no longer tells states apart.
            column = used[s] + amount if j + 1 < len(self._rows) else self._least[s]
            after = (cell + 1, following, (*used[:s], column, *used[s + 1 :]))
            yield amount, self._comb(size, amount), after

    def _low(self, j: int, s: int, left: int, used: Row) -> int:
        """Least amount: what later columns of the row and later rows of the column cannot take."""
        room = zip(self._sizes[j][s + 1 :], self._most[s + 1 :], used[s + 1 :], strict=True)
        beside: int = sum(min(size, most - taken) for size, most, taken in room)
        return max(0, left - beside, self._least[s] - used[s] - self._later[j][s])

    def _high(self, j: int, s: int, left: int, used: Row) -> int:
        """Greatest amount: cell, row, column maximum, and the seats that unmet column minima still need."""
        missing = [max(0, least - taken) for least, taken in zip(self._least, used, strict=True)]
        slack = left + sum(self._rows[j + 1 :]) - sum(missing)
        if slack < 0:
            return -1
        return min(left, self._sizes[j][s], self._most[s] - used[s], missing[s] + slack)

    def _comb(self, size: int, amount: int) -> int:
        known = self._combs.get((size, amount))
        if known is None:
            known = self._combs[size, amount] = math.comb(size, amount)
        return known


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
