"""Looks at sampled media off the recorder's thread: black or frozen pictures, silent sound (recording.md §8).

One keyframe, or three packets of sound, is decoded now and then: seldom while all is well, often while there
is a doubt. Alarms rise when a state lasted long enough and clear with the first sample that is well.
"""

import logging
import queue
import threading
from typing import Any, Final

from remote_eval.media.recording.alarms import BLACK, FROZEN, SILENT, Alarms

_log: Final = logging.getLogger(__name__)
# Between two samples of a track at least so many milliseconds: while there is a doubt, and after a good one.
_DOUBT_MS: Final = 2_000.0
_WELL_PICTURE_MS: Final = 15_000.0
_WELL_SOUND_MS: Final = 5_000.0
_PACKETS: Final = 3
# Every so many-th line and column of a picture is judged.
_SPARSE: Final = 2
_QUEUE: Final = 64
# Luma of studio range: black is 16.
BLACK_MEAN: Final = 32.0
BLACK_VARIANCE: Final = 40.0
# Mean difference of luma between two pictures; a camera's own noise is above.
FROZEN_DIFFERENCE: Final = 0.35
FROZEN_MS: Final = 20_000.0
# About -60 dB of full scale.
SILENT_PEAK: Final = 0.001
SILENT_MS: Final = 10_000.0


class Watched:
    """What is known of one track; times in milliseconds of the room."""

    def __init__(self) -> None:
        self.sampled = float("-inf")
        self.pause = _DOUBT_MS
        self.packets: list[bytes] = []
        self.still: Any = None
        self.still_since = 0.0
        self.quiet_since: float | None = None


class HealthProbe:
    """A probe with a thread of its own, started with the first sample."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        # What does not fit is not looked at.
        self._queue: queue.Queue[tuple[str, str, list[bytes], float] | None] = queue.Queue(_QUEUE)
        self._watched: dict[str, Watched] = {}
        self._states: dict[str, Watched] = {}
        self._thread: threading.Thread | None = None

    def picture(self, track: str, frame: bytes, at: float) -> None:
        """See `Probe`."""
        known = self._watched.setdefault(track, Watched())
        if at - known.sampled >= known.pause:
            known.sampled = at
            self._offer("picture", track, [frame], at)

    def sound(self, track: str, packet: bytes, at: float) -> None:
        """See `Probe`."""
        known = self._watched.setdefault(track, Watched())
        if known.packets or at - known.sampled >= known.pause:
            known.packets.append(packet)
            if len(known.packets) == _PACKETS:
                known.sampled = at
                self._offer("sound", track, known.packets, at)
                known.packets = []

    def forget(self, track: str) -> None:
        """See `Probe`."""
        self._watched.pop(track, None)
        self._offer("forget", track, [], 0.0)

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def look(self, kind: str, track: str, media: list[bytes], at: float) -> None:
        """Judge one sample now."""
        state = self._states.setdefault(track, Watched())
        if kind == "picture":
            self._judge_picture(track, state, media[0], at)
        elif kind == "sound":
            self._judge_sound(track, state, media, at)
        else:
            self._states.pop(track, None)
            self._alarms.forget(track)

    def _offer(self, kind: str, track: str, media: list[bytes], at: float) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recorder-health", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait((kind, track, media, at))
        except queue.Full:
            return

    def _run(self) -> None:
        while (sample := self._queue.get()) is not None:
            try:
                self.look(*sample)
            except Exception:  # noqa: BLE001 - a sample is not worth the thread
                _log.exception("a sample could not be judged")

    def _judge_picture(self, track: str, state: Watched, frame: bytes, at: float) -> None:
        luma = decode_luma(frame)
        if luma is None:
            return
        mean = float(luma.mean())
        dark = mean < BLACK_MEAN and float(luma.var()) < BLACK_VARIANCE
        self._alarms.set(BLACK, track, round(mean), wrong=dark)
        before, state.still = state.still, luma
        moves = before is not None and _differs(before, luma)
        if before is None or moves:
            state.still_since = at
        self._rest(track, _WELL_PICTURE_MS if moves and not dark else _DOUBT_MS)
        lasted = at - state.still_since
        self._alarms.set(FROZEN, track, round(lasted), wrong=lasted >= FROZEN_MS)

    def _judge_sound(self, track: str, state: Watched, packets: list[bytes], at: float) -> None:
        peak = decode_peak(packets)
        if peak is None:
            return
        if peak > SILENT_PEAK:
            state.quiet_since = None
        elif state.quiet_since is None:
            state.quiet_since = at
        self._rest(track, _WELL_SOUND_MS if state.quiet_since is None else _DOUBT_MS)
        lasted = 0.0 if state.quiet_since is None else at - state.quiet_since
        self._alarms.set(SILENT, track, round(lasted), wrong=lasted >= SILENT_MS)

    def _rest(self, track: str, pause: float) -> None:
        """How long whoever brings samples of a track may wait with the next one."""
        known = self._watched.get(track)
        if known is not None:
            known.pause = pause


def decode_luma(frame: bytes) -> Any:
    """Luma of a VP8 keyframe as floats, one point in four of its plane; None when it does not decode."""
    import av  # noqa: PLC0415 - only where something is decoded
    import numpy as np  # noqa: PLC0415

    decoder = av.CodecContext.create("vp8", "r")
    try:
        pictures = decoder.decode(av.Packet(frame))
    except av.FFmpegError:
        return None
    if not pictures:
        return None
    return pictures[0].to_ndarray(format="gray")[::_SPARSE, ::_SPARSE].astype(np.float32)


def decode_peak(packets: list[bytes]) -> float | None:
    """The largest sample (full scale 1) of the last of some Opus packets in a row; None when undecodable."""
    import av  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    decoder = av.CodecContext.create("libopus", "r")
    peak: float | None = None
    try:
        for packet in packets:
            for frame in decoder.decode(av.Packet(packet)):
                samples = np.abs(frame.to_ndarray().astype(np.float64))
                peak = float(samples.max()) / (32768.0 if "s16" in frame.format.name else 1.0)
    except av.FFmpegError:
        return None
    return peak


def _differs(first: Any, second: Any) -> bool:
    return first.shape != second.shape or float(abs(first - second).mean()) > FROZEN_DIFFERENCE
