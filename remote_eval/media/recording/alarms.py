"""Alarms that are raised once and cleared once, whoever asks how often (docs/spec/recording.md §8)."""

import threading
from collections.abc import Callable, Mapping
from typing import Final

# Takes the kind of an event of the room and its data; may be called from any thread.
Emit = Callable[[str, Mapping[str, object]], None]

BLACK: Final = "black"
FROZEN: Final = "frozen"
SILENT: Final = "silent"
DISK: Final = "disk"
RECORDER: Final = "recorder"
CLOCK: Final = "clock"


class Alarms:
    """What is wrong now, by code and track."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._raised: dict[tuple[str, str | None], object] = {}
        self._lock = threading.Lock()

    def set(self, code: str, track: str | None, value: object, *, wrong: bool) -> bool:
        """Say whether it is wrong now; gives whether that is news."""
        with self._lock:
            known = (code, track) in self._raised
            if known == wrong:
                return False
            if wrong:
                self._raised[code, track] = value
            else:
                del self._raised[code, track]
        if wrong:
            self._emit("alarm", {"code": code, "track": track, "value": value})
        else:
            self._emit("clear", {"code": code, "track": track})
        return True

    def is_raised(self, code: str, track: str | None) -> bool:
        """Whether it is wrong now."""
        return (code, track) in self._raised

    def forget(self, track: str) -> None:
        """Clear what concerns a track that ended."""
        for code, name in list(self._raised):
            if name == track:
                self.set(code, name, None, wrong=False)
