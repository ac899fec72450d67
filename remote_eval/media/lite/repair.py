"""What is missing of a track and when to ask for it: NACK with a retry timer, keyframe requests with a limit.

Sans-I/O; times are milliseconds of any clock that does not step back.
"""

from typing import Final

RETRY_MS: Final = 60.0
GIVE_UP_MS: Final = 1200.0
# More than this in one gap is an outage: a keyframe mends it, hundreds of retransmissions do not.
MAX_GAP: Final = 256
MAX_MISSING: Final = 512
KEYFRAME_MS: Final = 500.0
MAX_KEYFRAME_TRIES: Final = 20


class Missing:
    """Numbers not seen yet."""

    def __init__(self) -> None:
        # By number: when it was first missed and last asked for.
        self._asked: dict[int, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def gap(self, first: int, after: int, now: float) -> list[int]:
        """Numbers `first` up to `after` (exclusive) are missing: those to ask for at once."""
        if after - first > MAX_GAP or len(self._asked) + after - first > MAX_MISSING:
            self._asked.clear()
            return []
        numbers = list(range(first, after))
        self._asked.update((number, (now, now)) for number in numbers)
        return numbers

    def found(self, number: int) -> None:
        """A number arrived."""
        self._asked.pop(number, None)

    def clear(self) -> None:
        """Forget all."""
        self._asked.clear()

    def due(self, now: float, rtt_ms: float | None, *, held: bool = False) -> tuple[list[int], bool]:
        """Numbers to ask for again, not more often than a round trip and not while `held`; and whether some
        were given up."""
        if not self._asked:
            return [], False
        step = float("inf") if held else max(RETRY_MS, rtt_ms or 0.0)
        given_up = [number for number, (since, _) in self._asked.items() if now - since > GIVE_UP_MS]
        for number in given_up:
            del self._asked[number]
        again = [number for number, (_, asked) in self._asked.items() if now - asked >= step]
        for number in again:
            self._asked[number] = (self._asked[number][0], now)
        return again, bool(given_up)


class KeyframeAsk:
    """A wish for a keyframe, sent at most twice a second until one came."""

    def __init__(self) -> None:
        self._wanted = False
        self._tries = 0
        self._sent_at = float("-inf")
        self._held_until = float("-inf")

    @property
    def is_wanted(self) -> bool:
        """Somebody waits for a keyframe."""
        return self._wanted

    def want(self) -> None:
        """Somebody needs a keyframe."""
        self._wanted = True
        self._tries = 0

    def came(self) -> None:
        """A keyframe arrived."""
        self._wanted = False

    def hold(self, until: float) -> None:
        """Do not ask before: a keyframe is several pictures' worth, and the line is full."""
        self._held_until = until

    def is_due(self, now: float) -> bool:
        """Whether to ask now; the caller then asks and says `sent`."""
        return self._wanted and now >= self._held_until and now - self._sent_at >= KEYFRAME_MS

    def sent(self, now: float) -> None:
        """A request went out."""
        self._sent_at = now
        self._tries += 1
        self._wanted = self._tries < MAX_KEYFRAME_TRIES
