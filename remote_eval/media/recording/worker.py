"""One recorder thread: takes what was queued, does what is due, ends when told (recording.md §8).

It knows nothing of its successors; whoever oversees it looks at `beat` and puts another in its place.
"""

import logging
import threading
from collections import deque
from typing import Any, Final, Protocol

from remote_eval.errors import RecordingError
from remote_eval.media.engine import TrackId
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.part import PartRecorder

_log: Final = logging.getLogger(__name__)
# Packets that one round of work takes from the queue before it looks at what is due.
_BATCH: Final = 2000


class Overseer(Protocol):
    """What a worker asks of its recorder; `stopping` is the cause of an end that was asked for."""

    limits: Limits
    stopping: str | None

    def now(self) -> float:
        """The room's clock in milliseconds."""

    def new_part(self, cause: str | None) -> PartRecorder:
        """A fresh letter."""

    def take_dropped(self) -> list[TrackId]:
        """Tracks of which packets were dropped since the last call."""

    def alive(self, worker: "Worker") -> None:
        """A round of work was finished."""


class Worker:
    """One recorder thread. After `retire` it writes nothing more and ends when it can."""

    def __init__(self, recorder: Overseer, cause: str | None) -> None:
        self.queue: deque[tuple[Any, ...]] = deque()
        self.beat = recorder.now()
        self.part: PartRecorder | None = None
        self.retired = False
        self.wake = threading.Event()
        self._recorder, self._cause = recorder, cause
        self.thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def retire(self) -> None:
        """Another one works in its place."""
        self.retired = True
        if self.part is not None:
            self.part.retire()
        self.wake.set()

    def _run(self) -> None:
        try:
            self._work()
        except RecordingError as error:
            if error.code != "recording.retired":
                _log.exception("the recorder's thread ended")
        except Exception:  # noqa: BLE001 - the last fence of a thread; the guard starts another
            _log.exception("the recorder's thread ended")

    def _work(self) -> None:
        recorder = self._recorder
        if self.part is None:
            self.part = recorder.new_part(self._cause)
        part = self.part
        pause = recorder.limits.tick_ms / 1000
        try:
            while not self.retired:
                stopping = recorder.stopping
                self._drain(part)
                part.tick(recorder.now())
                self.beat = recorder.now()
                recorder.alive(self)
                if stopping is not None and not self.queue:
                    part.close(recorder.now(), stopping)
                    return
                if not self.queue:
                    self.wake.wait(pause)
        except BaseException:
            part.abandon(save=not self.retired)
            raise
        part.abandon(save=False)

    def _drain(self, part: PartRecorder) -> None:
        queue, recorder = self.queue, self._recorder
        for track in recorder.take_dropped():
            part.lost_here(track, "overflow")
        for _ in range(min(len(queue), _BATCH)):
            call, *words = queue.popleft()
            if call == "packet":
                part.packet(*words)
            elif call == "report":
                part.report(*words)
            elif call == "round":
                part.round_trip(*words)
            elif call == "open":
                part.open_track(*words)
            elif call == "seal":
                part.seal(*words)
            else:
                part.close_track(*words)
