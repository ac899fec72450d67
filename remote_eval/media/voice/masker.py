"""The thread that makes the committee's voice in time: packets in from the engine, one packet out each 20 ms.

`VoiceMasker` is a `PacketSink` for the voices it was given and ignores all other tracks. The engine's calls
only put into a bounded queue; decoding, changing and encoding run in the masker's own thread, and so does
`emit`. When that thread ends for any reason nothing is sent any more, which a bidder hears as silence.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import Kind, MaskProfile, TrackId
from remote_eval.media.voice.line import Alarm, MaskingLine, Outgoing

TICK_MS: Final = 20.0
# Behind by more than this the masker skips instead of catching up.
MOST_BEHIND_MS: Final = 100.0
# Packets that wait for a tick: 32 microphones send 32 in 20 ms. More are dropped, openings and ends never.
MOST_QUEUED: Final = 1_024
STOP_SECONDS: Final = 5.0

_Order = Callable[[MaskingLine], None]


class VoiceMasker:
    """Mixes and changes `voices`; `emit` gets each RTP packet, `alarm` what fails and what is well again.

    `clock` gives milliseconds of the room's clock. `emit` and `alarm` are called from the masker's thread.
    """

    def __init__(
        self,
        *,
        voices: frozenset[TrackId],
        profile: MaskProfile,
        outgoing: Outgoing,
        clock: Callable[[], float],
        emit: Callable[[bytes], None],
        alarm: Alarm,
    ) -> None:
        """Raises MediaError ``media.secret`` or ``media.codec``."""
        self._voices = voices
        self._line = MaskingLine(profile, outgoing, alarm)
        self._clock = clock
        self._emit = emit
        self._queue: deque[_Order] = deque()
        self._unheard = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voice-masker", daemon=True)

    def start(self) -> None:
        """Begin to send, silence first. Once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; nothing is emitted after this returns. Idempotent; takes a frame's time at most."""
        self._stopping.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(STOP_SECONDS)

    def set_voices(self, voices: frozenset[TrackId]) -> None:
        """Take these voices and no other from now on; what waits of the others is dropped."""
        for track in self._voices - voices:
            self.close_track(track, "withdrawn")
        self._voices = voices

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:
        """A track begins; only audio among `voices` is taken."""
        if kind == "audio" and track in self._voices:
            encodings = dict(payload_types)
            self._queue.append(lambda line: line.open_track(track, encodings))

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """One packet in the order of arrival."""
        if track in self._voices and len(self._queue) < MOST_QUEUED:
            self._queue.append(lambda line: line.packet(track, data, arrived))

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:
        """Sender reports do not matter to a voice that is made for hearing at once."""

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        """Nor do round trips."""

    def close_track(self, track: TrackId, cause: str) -> None:  # noqa: ARG002 - the port's signature
        """A track ended."""
        if track in self._voices:
            self._queue.append(lambda line: line.close_track(track))

    def _run(self) -> None:
        try:
            self._send_in_time()
        except BaseException:
            self._line.tell("alarm", None)
            raise
        finally:
            self._queue.clear()

    def _send_in_time(self) -> None:
        due = self._clock()
        while not self._stopping.wait(max(0.0, due - self._clock()) / 1000):
            self._take_orders()
            self._send(self._line.tick(due))
            due += TICK_MS
            behind = self._clock() - due
            if behind > MOST_BEHIND_MS:
                frames = int(behind // TICK_MS)
                self._line.skip(frames)
                due += frames * TICK_MS

    def _take_orders(self) -> None:
        for _ in range(len(self._queue)):
            order = self._queue.popleft()
            try:
                order(self._line)
            except MediaError:
                self._line.tell("alarm", None)

    def _send(self, packet: bytes) -> None:
        """Hand a packet over; a failure is told once, until it goes well again."""
        if self._stopping.is_set():
            return
        try:
            self._emit(packet)
        except Exception:  # noqa: BLE001 - a closed leg must not end the voice of the others
            if not self._unheard:
                self._line.tell("alarm", None)
            self._unheard = True
            return
        if self._unheard:
            self._line.tell("clear", None)
        self._unheard = False
