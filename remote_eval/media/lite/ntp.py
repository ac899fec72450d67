"""NTP timestamps of RTCP: 64 bits, seconds since 1900 in 32.32 fixed point (RFC 3550 §4)."""

from typing import Final

_EPOCH: Final = 2_208_988_800


def to_ntp(wall_ms: float) -> int:
    """From milliseconds since 1970."""
    return int((wall_ms / 1000 + _EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def from_ntp(ntp: int) -> float:
    """Milliseconds since 1900."""
    return ntp * 1000 / (1 << 32)


def middle(ntp: int) -> int:
    """The middle 32 bits, as reports carry them."""
    return ntp >> 16 & 0xFFFFFFFF
