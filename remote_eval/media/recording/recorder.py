"""The recorder of a room: a packet sink that never blocks, and the threads behind it (recording.md §8).

`packet` puts into a bounded queue; one thread writes. When that thread dies, or gives no sign of life for
`heartbeat_ms`, another one takes over with the next letter, and the hole between them is a gap. What does not
fit in the queue is dropped, told as a gap and an alarm. The clock, the seed and all callbacks are arguments.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from remote_eval.errors import RecordingError
from remote_eval.media.engine import (
    KIND_OF,
    RAW_CLASS,
    AskKeyframe,
    Kind,
    RecordPlan,
    RoomId,
    RoomSpec,
    TrackId,
)
from remote_eval.media.recording.alarms import DISK, RECORDER, Alarms, Emit
from remote_eval.media.recording.disk import Disk, RealDisk, replace_file
from remote_eval.media.recording.health import HealthProbe
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.manifest import manifest_bytes
from remote_eval.media.recording.names import LETTERS, Place, manifest_name
from remote_eval.media.recording.part import PartRecorder
from remote_eval.media.recording.setting import Probe, Setting
from remote_eval.media.recording.track import CODECS
from remote_eval.media.recording.worker import Worker

_FIRST_RETRY_MS: Final = 250.0
_LONGEST_RETRY_MS: Final = 30_000.0
_CLOSE_S: Final = 30.0
# What a thread that was replaced gets to end in.
_HUNG_S: Final = 1.0


class _Opened(NamedTuple):
    kind: Kind
    payload_types: Mapping[int, str]


class Recorder:
    """A `PacketSink` that records a run of a room. Call `start` first and `aclose` (or `close`) last."""

    def __init__(
        self,
        plan: RecordPlan,
        *,
        opened_at: float,
        clock: Callable[[], float],
        emit: Emit,
        ask_keyframe: AskKeyframe,
        limits: Limits | None = None,
        disk: Disk | None = None,
        probe: Probe | None = None,
    ) -> None:
        """`clock` gives the room's milliseconds from any thread; `emit` and `ask_keyframe` are called from
        any thread. Raises RecordingError ``recording.plan``."""
        self.limits = limits or Limits()
        self.now = clock
        self._setting = Setting(
            plan=plan,
            opened_at=opened_at,
            disk=disk or RealDisk(),
            emit=emit,
            ask_keyframe=ask_keyframe,
            limits=self.limits,
        )
        self._emit = emit
        self._alarms = Alarms(emit)
        self._probe: Probe = probe or HealthProbe(self._alarms)
        self._opened: dict[TrackId, _Opened] = {}
        self._kinds: dict[TrackId, Kind] = {}
        self._classes: dict[TrackId, str] = {}
        self._dropped: dict[TrackId, int] = {}
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._old: list[Worker] = []
        self._started_at = -math.inf
        self._retry_ms = _FIRST_RETRY_MS
        self.stopping: str | None = None
        self._over = threading.Event()
        self._guard = threading.Thread(target=self._watch, name="recorder-guard", daemon=True)

    def start(self) -> None:
        """Begin to record. Raises OSError or RecordingError when the folder cannot be written."""
        worker = Worker(self, None)
        worker.part = self.new_part(None)
        self._launch(worker)
        self._guard.start()

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:
        """See `PacketSink`. Raises RecordingError ``recording.codec``, ``recording.name`` and
        ``recording.class`` (pictures are never raw)."""
        Place(part=self._setting.plan.part, track=track, letter=LETTERS[0])
        if kind != "audio" and self._classes.get(track) == RAW_CLASS:
            raise RecordingError("recording.class")
        if CODECS[kind] not in payload_types.values() or self._kinds.setdefault(track, kind) != kind:
            raise RecordingError("recording.codec")
        with self._lock:
            self._opened[track] = _Opened(kind, dict(payload_types))
            self._put("open", track, kind, dict(payload_types), self.now())

    def seal(self, track: TrackId, klass: str) -> None:
        """See `RoomSink`; a recorder that takes over goes on with it. Raises RecordingError
        ``recording.class`` for a class without a key, and for pictures, which are never raw."""
        kind = self._kinds.get(track) or KIND_OF.get(track.rpartition("/")[2])
        if klass not in self._setting.plan.keys or (klass == RAW_CLASS and kind != "audio"):
            raise RecordingError("recording.class")
        with self._lock:
            self._classes[track] = klass
            self._put("seal", track, klass)

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """See `PacketSink`."""
        worker = self._worker
        if worker is None or len(worker.queue) >= self.limits.queue_packets:
            self._drop(track)
            return
        worker.queue.append(("packet", track, data, arrived))

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:  # noqa: ARG002 - the port's shape
        """See `PacketSink`."""
        self._put_if_room("report", track, data)

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        """See `PacketSink`."""
        self._put_if_room("round", track, rtt_ms, self.now())

    def close_track(self, track: TrackId, cause: str) -> None:
        """See `PacketSink`."""
        with self._lock:
            self._opened.pop(track, None)
            self._put("close", track, cause, self.now())

    def recorded_ms(self, track: TrackId) -> float | None:
        """Room time up to which a track is on the disk, or None."""
        worker = self._worker
        part = None if worker is None else worker.part
        return None if part is None else part.recorded_ms(track)

    def close(self, cause: str = "closed") -> None:
        """End all files and write the manifest; blocks until all is on the disk. Idempotent."""
        self.stopping = self.stopping or cause
        self._over.set()
        if self._guard.is_alive():
            self._guard.join()
        with self._lock:
            worker = self._worker
        if worker is not None:
            worker.wake.set()
            worker.thread.join(_CLOSE_S)
            worker.retire()
        for old in self._old:
            old.thread.join(_HUNG_S)
        self._stop_probe()
        self._write_manifest()

    async def aclose(self) -> None:
        """As `close`, without blocking the event loop."""
        await asyncio.to_thread(self.close)

    # What the recorder's threads ask.

    def new_part(self, cause: str | None) -> PartRecorder:
        """A fresh letter."""
        return PartRecorder(self._setting, self._alarms, self._probe, self.now(), cause)

    def take_dropped(self) -> list[TrackId]:
        """Tracks of which packets were dropped since the last call."""
        if not self._dropped:
            return []
        with self._lock:
            dropped, self._dropped = self._dropped, {}
        return list(dropped)

    def alive(self, worker: Worker) -> None:
        """A recorder thread finished a round of work."""
        if worker is self._worker and not self._dropped:
            self._retry_ms = _FIRST_RETRY_MS if self.now() - self._started_at > 10_000 else self._retry_ms
            self._alarms.set(RECORDER, None, None, wrong=False)

    # Private.

    def _put(self, *item: object) -> None:
        if self._worker is not None:
            self._worker.queue.append(item)

    def _put_if_room(self, *item: object) -> None:
        worker = self._worker
        if worker is not None and len(worker.queue) < self.limits.queue_packets:
            worker.queue.append(item)

    def _drop(self, track: TrackId) -> None:
        with self._lock:
            self._dropped[track] = self._dropped.get(track, 0) + 1
        self._alarms.set(RECORDER, None, "overflow", wrong=True)

    def _launch(self, worker: Worker) -> None:
        with self._lock:
            now = self.now()
            for track, klass in self._classes.items():
                worker.queue.append(("seal", track, klass))
            for track, opened in self._opened.items():
                worker.queue.append(("open", track, opened.kind, opened.payload_types, now))
            self._worker = worker
            self._started_at = now
        worker.thread.start()

    def _watch(self) -> None:
        """Replace a worker that is dead or stuck."""
        while not self._over.wait(self.limits.tick_ms / 1000):
            worker = self._worker
            if worker is None:
                continue
            dead = not worker.thread.is_alive()
            stuck = self.now() - worker.beat > self.limits.heartbeat_ms
            if not dead and not stuck:
                continue
            self._alarms.set(RECORDER, None, "dead" if dead else "stuck", wrong=True)
            if self.now() - self._started_at < self._retry_ms:
                continue
            self._retry_ms = min(2 * self._retry_ms, _LONGEST_RETRY_MS)
            worker.retire()
            self._old.append(worker)
            self._launch(Worker(self, "recorder"))

    def _write_manifest(self) -> None:
        """On a full disk there is none: it can be made from the indexes at any time."""
        plan = self._setting.plan
        try:
            replace_file(plan.folder / manifest_name(plan.part), manifest_bytes(plan.folder, plan.part))
        except OSError:
            self._alarms.set(DISK, "manifest", None, wrong=True)

    def _stop_probe(self) -> None:
        if isinstance(self._probe, HealthProbe):
            self._probe.close()


def recorder_for(room: RoomId, spec: RoomSpec, ask_keyframe: AskKeyframe, emit: Emit) -> Recorder | None:  # noqa: ARG001 - the shape of an engine's factory
    """A recorder that runs, for a room that opens now; None for a room without a plan."""
    if spec.record is None:
        return None
    started = time.monotonic()

    def clock() -> float:
        return (time.monotonic() - started) * 1000

    recorder = Recorder(
        spec.record, opened_at=spec.opened_at, clock=clock, emit=emit, ask_keyframe=ask_keyframe
    )
    recorder.start()
    return recorder
