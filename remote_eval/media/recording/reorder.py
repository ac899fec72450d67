"""Packets back in the order of their numbers, each once (RFC 3550 §A.1 in spirit).

A packet that follows its predecessor leaves at once. Behind a hole packets wait up to `hold_ms` for the
missing ones, retransmissions included; then the hole is given up and told. Time is an argument.
"""

from typing import Final, NamedTuple

from remote_eval.media.engine import ROOM_CLASS
from remote_eval.media.recording.rtp import SEQUENCE_BITS, Packet, nearest

HOLD_MS: Final = 600.0
# The first packet to arrive need not be the first that was sent.
START_MS: Final = 100.0
MAX_WAITING: Final = 2048
# A step in the numbers that no loss explains: the sender began anew once the next number confirms it.
MAX_STEP: Final = 3000


class Released(NamedTuple):
    """A packet in its turn; `lost` numbers before it never came, `anew` when the sender began anew; `klass`:
    as what it arrived.
    """

    packet: Packet
    arrived: float
    lost: int
    anew: bool
    klass: str = ROOM_CLASS


class Reorder:
    """The waiting room of one stream. `late` counts packets that came too late or twice."""

    def __init__(self, hold_ms: float = HOLD_MS) -> None:
        self.late = 0
        self._hold_ms = hold_ms
        self._next: int | None = None
        self._first: tuple[int, float] | None = None
        self._waiting: dict[int, tuple[Packet, float, str]] = {}
        self._suspect: Packet | None = None
        self._anew = False

    def add(self, packet: Packet, arrived: float, klass: str = ROOM_CLASS) -> list[Released]:
        """Take a packet; gives what may go on."""
        if self._first is None:
            self._first = (packet.sequence, arrived)
        near = self._first[0] if self._next is None else self._next
        number = nearest(packet.sequence, near, SEQUENCE_BITS)
        if abs(number - near) > MAX_STEP:
            return self._far(packet, arrived, klass)
        self._suspect = None
        if number == self._next and not self._waiting:
            self._next += 1
            return [self._release(packet, arrived, 0, klass)]
        if number in self._waiting or (self._next is not None and number < self._next):
            self.late += 1
            return []
        self._waiting[number] = (packet, arrived, klass)
        out = self._in_turn() if self._next is not None else self._started(arrived)
        if len(self._waiting) > MAX_WAITING:
            out += self._give_up()
        return out

    def expire(self, now: float) -> list[Released]:
        """Give up holes that packets have waited behind for too long."""
        out: list[Released] = self._started(now) if self._next is None else []
        while self._waiting:
            since = next(iter(self._waiting.values()))[1]
            if now - since < self._hold_ms:
                break
            out += self._give_up()
        return out

    @property
    def waits(self) -> bool:
        """Whether any packet waits."""
        return bool(self._waiting)

    def holds(self, klass: str) -> bool:
        """Whether a packet of this class waits."""
        return any(one[2] == klass for one in self._waiting.values())

    def flush(self) -> list[Released]:
        """Everything that waits, at the end of a track."""
        return self.expire(float("inf"))

    def _started(self, now: float) -> list[Released]:
        if self._first is None or not self._waiting or now - self._first[1] < START_MS:
            return []
        self._next = min(self._waiting)
        return self._in_turn()

    def _give_up(self) -> list[Released]:
        first = min(self._waiting)
        lost = 0 if self._next is None else first - self._next
        packet, arrived, klass = self._waiting.pop(first)
        self._next = first + 1
        return [self._release(packet, arrived, lost, klass), *self._in_turn()]

    def _in_turn(self) -> list[Released]:
        out = []
        while self._next is not None and self._next in self._waiting:
            packet, arrived, klass = self._waiting.pop(self._next)
            self._next += 1
            out.append(self._release(packet, arrived, 0, klass))
        return out

    def _far(self, packet: Packet, arrived: float, klass: str) -> list[Released]:
        before, self._suspect = self._suspect, packet
        if before is None or nearest(packet.sequence, before.sequence, SEQUENCE_BITS) != before.sequence + 1:
            self.late += 1
            return []
        out = self.flush()
        self._suspect, self._next, self._anew = None, packet.sequence + 1, True
        return [*out, self._release(packet, arrived, 1, klass)]

    def _release(self, packet: Packet, arrived: float, lost: int, klass: str) -> Released:
        anew, self._anew = self._anew, False
        return Released(packet, arrived, lost, anew, klass)
