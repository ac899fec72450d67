"""The anonymity gate: is a stratum large enough that its draw cannot be guessed (draw-proof §5)?

Two figures per stratum, both exact integer comparisons: experts per seat, and the number of possible
outcomes C(m, k) against a power of two. Too few experts per seat stops a draw unless the supervisor overrides
with a published reason; too few outcomes is a warning.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb
from typing import Literal

from crypto.canonical import JsonValue
from draw.avoidance.rules import AnonymityRule

Verdict = Literal["ok", "yellow", "stop"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StratumAnonymity:
    """`experts` (m) for `seats` (k): `met` is m ≥ factor · k, `bits` is C(m, k) ≥ 2^bits."""

    experts: int
    seats: int
    met: bool
    bits: bool

    @property
    def verdict(self) -> Verdict:
        """`stop` when not met, else `yellow` when below the bits, else `ok`."""
        if not self.met:
            return "stop"
        return "ok" if self.bits else "yellow"

    def to_json(self) -> dict[str, JsonValue]:
        """The public part, `{"met", "bits"}`: sizes stay hidden until opening."""
        return {"met": self.met, "bits": self.bits}


def measure(experts: int, seats: int, rule: AnonymityRule) -> StratumAnonymity:
    """The figures of one stratum."""
    return StratumAnonymity(
        experts=experts,
        seats=seats,
        met=experts >= rule.factor * seats,
        bits=comb(experts, seats) >= 1 << rule.bits,
    )


def whole_bits(experts: int, seats: int) -> int:
    """The largest b with C(m, k) ≥ 2^b, for display; 0 when there is no outcome at all."""
    return max(comb(experts, seats).bit_length() - 1, 0)


def needs_override(strata: Iterable[StratumAnonymity]) -> bool:
    """Whether the supervisor has to name a reason for the draw to go on."""
    return any(not stratum.met for stratum in strata)
