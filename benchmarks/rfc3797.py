"""Publicly verifiable random selection after RFC 3797, as a yardstick for the draw.

MD5 over a key that everyone can read picks `wanted` of `pool` numbers one after the other. It knows no
strata, sites, employers or secrets: whoever has the key has the result."""

import hashlib

EXAMPLE_KEY = "9319./2.5.8.10.12./9.18.26.34.41.45./"  # RFC 3797 section 6
EXAMPLE_POOL = 25
EXAMPLE_SELECTED = [17, 7, 2, 16, 25, 23, 8, 24, 19, 13]


def select(key: str, pool: int, wanted: int) -> list[int]:
    """The numbers selected, from 1, in order of selection (RFC 3797 section 4)."""
    gone: list[int] = []
    selected: list[int] = []
    for turn in range(wanted):
        number = int.from_bytes(_digest(key, turn), "big") % (pool - turn)
        for earlier in gone:  # ascending: each number taken before shifts the remaining ones by one
            number += earlier <= number
        gone.append(number)
        gone.sort()
        selected.append(number + 1)
    return selected


def _digest(key: str, turn: int) -> bytes:
    frame = turn.to_bytes(2, "big")
    return hashlib.md5(frame + key.encode("ascii") + frame, usedforsecurity=False).digest()


def require_example() -> None:
    """Raises ValueError when this is not the algorithm of RFC 3797 section 6."""
    if select(EXAMPLE_KEY, EXAMPLE_POOL, len(EXAMPLE_SELECTED)) != EXAMPLE_SELECTED:
        raise ValueError("differs from the example of RFC 3797 section 6")
