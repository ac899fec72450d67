"""VP8 frames out of RTP payloads (RFC 7741 §4.2 and §4.3, RFC 6386 §9.1).

`Frames` takes payloads in order of their numbers and gives whole frames only. After a loss everything is
dropped until a keyframe begins: a half frame, or one whose reference is missing, is never given. Malformed
payloads count as a loss and never raise.
"""

from typing import Final, NamedTuple

CLOCK_RATE: Final = 90_000
MAX_FRAME_BYTES: Final = 2 * 1024 * 1024
_START_CODE: Final = b"\x9d\x01\x2a"


class Frame(NamedTuple):
    """One whole VP8 frame at its (never wrapping) RTP time."""

    timestamp: int
    data: bytes
    key: bool


class Piece(NamedTuple):
    """One payload without its descriptor; `first`: it begins a frame."""

    first: bool
    data: bytes


def parse_payload(payload: bytes) -> Piece | None:
    """Take the VP8 payload descriptor off (RFC 7741 §4.2)."""
    if not payload:
        return None
    head, at = payload[0], 1
    if head & 0x80:
        if len(payload) < 2:
            return None
        extended, at = payload[1], 2
        if extended & 0x80:
            if len(payload) < 3:
                return None
            at += 2 if payload[2] & 0x80 else 1
        at += bool(extended & 0x40) + bool(extended & 0x30)
    if len(payload) <= at:
        return None
    return Piece(head & 0x17 == 0x10, payload[at:])


def picture_size(frame: bytes) -> tuple[int, int] | None:
    """Width and height of a keyframe (RFC 6386 §9.1), or None for anything else."""
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != _START_CODE:
        return None
    width = int.from_bytes(frame[6:8], "little") & 0x3FFF
    height = int.from_bytes(frame[8:10], "little") & 0x3FFF
    return (width, height) if width and height else None


class Frames:
    """Whole frames of one VP8 stream. `waiting`: nothing is given until the next keyframe."""

    def __init__(self) -> None:
        self.waiting = True
        self._parts: list[bytes] = []
        self._size = 0
        self._timestamp = 0

    def restart(self) -> None:
        """Forget the open frame and wait for a keyframe."""
        self._drop()
        self.waiting = True

    def feed(self, payload: bytes, timestamp: int, *, marker: bool) -> list[Frame]:
        """Frames that this payload completes: none, one, or two when a marker was missing before it."""
        if not payload:  # padding alone: a number was used up, no media is missing
            return []
        piece = parse_payload(payload)
        if piece is None:
            self.restart()
            return []
        done = self._finish() if self._parts and timestamp != self._timestamp else []
        self._take(piece, timestamp)
        if marker:
            done += self._finish()
        return done

    def _take(self, piece: Piece, timestamp: int) -> None:
        if piece.first and not self._parts:
            self._timestamp = timestamp
        elif not self._parts or piece.first:
            self.restart()
            return
        self._size += len(piece.data)
        if self._size > MAX_FRAME_BYTES:
            self.restart()
            return
        self._parts.append(piece.data)

    def _finish(self) -> list[Frame]:
        data = b"".join(self._parts)
        timestamp = self._timestamp
        self._drop()
        if not data:
            return []
        key = not data[0] & 1
        if key and picture_size(data) is None:
            self.waiting = True
            return []
        if self.waiting and not key:
            return []
        self.waiting = False
        return [Frame(timestamp, data, key)]

    def _drop(self) -> None:
        self._parts = []
        self._size = 0
