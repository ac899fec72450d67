"""The thread around the line, on real time, for some tenths of a second: even output, a clean end."""

import itertools
import queue
import threading
import time

import pytest

from remote_eval.media.engine import MaskProfile, TrackId
from remote_eval.media.voice import analysis, rtp
from remote_eval.media.voice.codec import FRAME, Encoder
from remote_eval.media.voice.line import MaskingLine, Outgoing
from remote_eval.media.voice.masker import MOST_QUEUED, VoiceMasker
from tests.support.vowels import speech_like

A, OTHER = TrackId("mem_a/microphone"), TrackId("mem_x/microphone")
DEADLINE = 10.0


@pytest.fixture(autouse=True)
def _heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets are the matter here: no microphone waits for its first second of speech."""
    monkeypatch.setattr(analysis, "START", 0)


def clock() -> float:
    return time.monotonic() * 1000


class Rig:
    """A masker whose packets and events come into queues."""

    def __init__(self) -> None:
        self.sent: queue.Queue[bytes] = queue.Queue()
        self.told: queue.Queue[tuple[str, TrackId | None]] = queue.Queue()
        self.jump = 0.0
        self.masker = VoiceMasker(
            voices=frozenset({A}),
            profile=MaskProfile(secret=bytes(32)),
            outgoing=Outgoing(ssrc=1, payload_type=111, sequence=0, timestamp=0),
            clock=lambda: clock() + self.jump,
            emit=self.emit,
            alarm=lambda kind, track: self.told.put((kind, track)),
        )

    def emit(self, packet: bytes) -> None:
        self.sent.put(packet)

    def take(self, count: int) -> list[bytes]:
        return [self.sent.get(timeout=DEADLINE) for _ in range(count)]


def test_packets_come_out_in_even_time_before_anybody_speaks() -> None:
    rig = Rig()
    rig.masker.start()
    start = clock()
    sent = rig.take(16)
    took = clock() - start
    rig.masker.stop()

    assert [int.from_bytes(packet[2:4], "big") for packet in sent] == list(range(16))
    # 15 intervals of 20 ms; a busy machine makes it later, nothing makes it sooner.
    assert took > 280


def test_after_stop_nothing_is_sent_and_no_thread_is_left() -> None:
    rig = Rig()
    rig.masker.start()
    rig.take(2)
    rig.masker.stop()
    rig.masker.stop()
    left = rig.sent.qsize()

    assert not any(thread.name == "voice-masker" for thread in threading.enumerate())
    assert rig.sent.qsize() == left


def test_a_masker_that_never_began_can_be_stopped() -> None:
    rig = Rig()
    rig.masker.stop()

    assert rig.sent.empty()


def test_voices_go_in_and_other_tracks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: queue.Queue[tuple[str, TrackId]] = queue.Queue()

    def note(name: str) -> object:
        return lambda _line, track, *_: seen.put((name, track))

    for name in ("open_track", "packet", "close_track"):
        monkeypatch.setattr(MaskingLine, name, note(name))
    rig = Rig()
    for track in (OTHER, A):
        rig.masker.open_track(track, "audio", {111: "opus"})
        rig.masker.packet(track, b"x", 1.0)
        rig.masker.report(track, b"x", 1.0)
        rig.masker.round_trip(track, 3.0)
        rig.masker.close_track(track, "left")
    rig.masker.open_track(A, "video", {96: "vp8"})
    rig.masker.start()
    rig.take(2)
    rig.masker.stop()

    assert [seen.get_nowait() for _ in range(3)] == [("open_track", A), ("packet", A), ("close_track", A)]
    assert seen.empty()


def test_a_spoken_syllable_comes_through_the_thread() -> None:
    rig = Rig()
    rig.masker.open_track(A, "audio", {111: "opus"})
    encoder, sound = Encoder(), speech_like(120, 0.4)
    for number in range(20):
        payload = encoder.encode(sound[number * FRAME : (number + 1) * FRAME])
        packet = rtp.write(
            payload, payload_type=111, sequence=number, timestamp=960 * number, ssrc=2, first=number == 0
        )
        rig.masker.packet(A, packet, clock() + 20.0 * number)
    rig.masker.start()
    sent = rig.take(20)
    rig.masker.stop()

    # Silence takes 20 bytes at most after its first frames, a voice about 60.
    assert max(len(packet) for packet in sent) > 40


def test_an_exit_that_fails_is_told_once_and_sending_goes_on() -> None:
    rig = Rig()
    count = 0

    def emit(packet: bytes) -> None:
        nonlocal count
        count += 1
        if 2 <= count <= 5:
            raise OSError
        rig.sent.put(packet)

    rig.masker._emit = emit
    rig.masker.start()
    sent = rig.take(4)
    rig.masker.stop()

    assert [int.from_bytes(packet[2:4], "big") for packet in sent] == [0, 5, 6, 7]
    assert [rig.told.get(timeout=DEADLINE) for _ in range(2)] == [("alarm", None), ("clear", None)]
    assert rig.told.empty()


def test_a_machine_that_slept_does_not_send_what_is_past() -> None:
    rig = Rig()
    rig.masker.start()
    rig.take(2)
    rig.jump = 2_000.0
    sent = rig.take(6)
    rig.masker.stop()
    times = [int.from_bytes(packet[4:8], "big") // 960 for packet in sent]

    assert max(after - before for before, after in itertools.pairwise(times)) >= 90


def test_too_many_microphones_are_told_and_the_voice_goes_on() -> None:
    rig = Rig()
    tracks = [TrackId(f"mem_{number}/microphone") for number in range(40)]
    rig.masker._voices = frozenset(tracks)
    for track in tracks:
        rig.masker.open_track(track, "audio", {111: "opus"})
    rig.masker.start()
    rig.take(3)
    rig.masker.stop()

    assert rig.told.get(timeout=DEADLINE) == ("alarm", None)


def test_a_masker_that_dies_is_told_and_sends_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    class DeadError(BaseException):
        pass

    def die(*_: object) -> bytes:
        raise DeadError

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(MaskingLine, "tick", die)
    rig = Rig()
    rig.masker.start()

    assert rig.told.get(timeout=DEADLINE) == ("alarm", None)
    rig.masker.stop()
    assert rig.sent.empty()


def test_a_flood_of_packets_keeps_a_limited_number_and_loses_no_opening() -> None:
    rig = Rig()
    rig.masker.open_track(A, "audio", {111: "opus"})
    for number in range(10 * MOST_QUEUED):
        rig.masker.packet(A, bytes(20), float(number))
    rig.masker.close_track(A, "left")

    assert len(rig.masker._queue) == MOST_QUEUED + 1
    for order in rig.masker._queue:
        order(rig.masker._line)
    assert not rig.masker._line._sources
    assert rig.masker._line.refused == MOST_QUEUED - 1, "the opening was there before the packets"
