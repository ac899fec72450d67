"""How late the event loop runs: the worst of the last second, and an alarm above 20 ms."""

from typing import Final

LIMIT_MS: Final = 20.0
_WINDOW_MS: Final = 1000.0
_CALM_MS: Final = 5000.0


class Lag:
    """Fed by the tick that measures itself; times in milliseconds."""

    def __init__(self) -> None:
        self.worst_ms = 0.0
        self._window_worst = 0.0
        self._window_at = float("-inf")
        self._alarmed_at: float | None = None

    def note(self, late_ms: float, now: float) -> str | None:
        """Take how late a tick came; gives ``alarm`` or ``clear`` when that begins or has ended."""
        if now - self._window_at >= _WINDOW_MS:
            self.worst_ms, self._window_worst, self._window_at = self._window_worst, 0.0, now
        self._window_worst = max(self._window_worst, late_ms)
        self.worst_ms = max(self.worst_ms, late_ms)
        if late_ms > LIMIT_MS:
            begins = self._alarmed_at is None
            self._alarmed_at = now
            return "alarm" if begins else None
        if self._alarmed_at is not None and now - self._alarmed_at > _CALM_MS:
            self._alarmed_at = None
            return "clear"
        return None
