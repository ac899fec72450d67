"""Who speaks, from the level that every audio packet carries (RFC 6464): 0 is loudest, 127 is silence."""

from typing import Final

SILENCE: Final = 127
_BEGINS: Final = 45.0
_ENDS: Final = 55.0
_WEIGHT: Final = 0.2
_AGAIN_MS: Final = 500.0


class Speaking:
    """A smoothed level with hysteresis; tells begin, twice a second while it lasts, and end."""

    def __init__(self) -> None:
        self._level = float(SILENCE)
        self._speaks = False
        self._told_at = float("-inf")

    def hear(self, level: int, now: float) -> int | None:
        """Take a packet's level (7 bits); gives the level to tell, 127 for the end, or None."""
        self._level += _WEIGHT * (level - self._level)
        if self._speaks and self._level > _ENDS:
            self._speaks = False
            return SILENCE
        if self._level >= _BEGINS and not self._speaks:
            return None
        if self._speaks and now - self._told_at < _AGAIN_MS:
            return None
        self._speaks = True
        self._told_at = now
        return round(self._level)
