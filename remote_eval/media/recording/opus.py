"""How long an Opus packet sounds, from its first bytes (RFC 6716 §3.1 and §3.2). Nothing is decoded."""

from typing import Final

CLOCK_RATE: Final = 48_000
MAX_TICKS: Final = 5760
_SILK: Final = (480, 960, 1920, 2880)
_HYBRID: Final = (480, 960)
_CELT: Final = (120, 240, 480, 960)


def ticks(packet: bytes) -> int | None:
    """Samples at 48 kHz that the packet gives, or None when the RFC forbids it: at most 120 ms."""
    if not packet:
        return None
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = _SILK[config & 3]
    elif config < 16:
        frame = _HYBRID[config & 1]
    else:
        frame = _CELT[config & 3]
    count = _frames(packet, code)
    return frame * count if count and frame * count <= MAX_TICKS else None


def _frames(packet: bytes, code: int) -> int:
    if code < 3:
        return 1 if code == 0 else 2
    return packet[1] & 0x3F if len(packet) > 1 else 0
