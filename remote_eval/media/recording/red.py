"""Redundant audio (RFC 2198): one packet carries its own payload and copies of some before it.

Malformed packets give None and never raise.
"""

from typing import Final, NamedTuple

MAX_BLOCKS: Final = 8


class Block(NamedTuple):
    """`back`: by how many RTP ticks the block lies before the packet; 0 is the packet's own payload."""

    payload_type: int
    back: int
    payload: bytes


def unwrap(payload: bytes) -> tuple[Block, ...] | None:
    """Blocks from the oldest to the packet's own, which stands last (RFC 2198 §3)."""
    headers: list[tuple[int, int, int]] = []
    at = 0
    while at < len(payload) and payload[at] & 0x80:
        if len(payload) < at + 4 or len(headers) >= MAX_BLOCKS:
            return None
        word = int.from_bytes(payload[at : at + 4], "big")
        headers.append(((word >> 24) & 0x7F, (word >> 10) & 0x3FFF, word & 0x3FF))
        at += 4
    if at >= len(payload):
        return None
    own = payload[at]
    at += 1
    blocks = []
    for payload_type, back, size in headers:
        if len(payload) < at + size:
            return None
        if size and back:
            blocks.append(Block(payload_type, back, payload[at : at + size]))
        at += size
    blocks.sort(key=lambda block: -block.back)
    return (*blocks, Block(own, 0, payload[at:]))
