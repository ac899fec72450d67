"""Packets in, packets out: one stream for all, silence instead of any failure, and never a raw sample."""

import itertools
import struct
from collections.abc import Callable

import numpy as np
import pytest

from remote_eval.errors import MediaError
from remote_eval.media.engine import MaskProfile, TrackId
from remote_eval.media.voice import analysis, rtp
from remote_eval.media.voice import line as line_module
from remote_eval.media.voice.codec import FRAME, SILENCE, Decoder, Encoder
from remote_eval.media.voice.line import MOST_MICROPHONES, WELL_AGAIN, MaskingLine, Outgoing
from remote_eval.media.voice.vocoder import Committee
from tests.support.vowels import Sound, decibels, speech_like

A, B, C = (TrackId(f"mem_{one}/microphone") for one in "abc")
ENCODINGS = {111: "opus", 63: "red"}
OUT = Outgoing(ssrc=77, payload_type=100, sequence=65_530, timestamp=2**32 - 2_000)
PROFILE = MaskProfile(secret=b"a secret of one call"[:20])


@pytest.fixture(autouse=True)
def _heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets are the matter here: no microphone waits for its first second of speech."""
    monkeypatch.setattr(analysis, "START", 0)


class Told(list[tuple[str, TrackId | None]]):
    """What the alarm was told."""

    def __call__(self, kind: str, track: TrackId | None) -> None:
        self.append((kind, track))


def made(told: Told | None = None, *tracks: TrackId) -> MaskingLine:
    line = MaskingLine(PROFILE, OUT, told if told is not None else Told())
    for track in tracks:
        line.open_track(track, ENCODINGS)
    return line


def packets(sound: Sound, *, timestamp: int = 9_000) -> list[bytes]:
    encoder = Encoder()
    return [
        rtp.write(
            encoder.encode(sound[at : at + FRAME]),
            payload_type=111,
            sequence=at // FRAME,
            timestamp=timestamp + 3 * at,
            ssrc=5,
            first=at == 0,
        )
        for at in range(0, len(sound) // FRAME * FRAME, FRAME)
    ]


def run(line: MaskingLine, streams: dict[TrackId, list[bytes]], frames: int) -> list[bytes]:
    """Each stream's next packet comes 3 ms before each tick."""
    sent = []
    for number in range(frames):
        now = 20.0 * (number + 1)
        for track, stream in streams.items():
            if number < len(stream):
                line.packet(track, stream[number], now - 3)
        sent.append(line.tick(now))
    return sent


def heard(sent: list[bytes]) -> Sound:
    decoder = Decoder()
    return np.concatenate([decoder.decode(packet[rtp.HEADER :], 960) for packet in sent])


def test_one_packet_each_tick_numbered_without_a_gap_whoever_is_there() -> None:
    line = made(None, A)
    sent = run(line, {A: packets(speech_like(120, 0.5))}, 40)
    line.close_track(A)
    sent += run(line, {}, 10)

    heads = [struct.unpack(">BBHII", packet[:12]) for packet in sent]
    assert [head[2] for head in heads] == [(65_530 + number) % 65_536 for number in range(50)]
    assert [head[3] for head in heads] == [(2**32 - 2_000 + 960 * number) % 2**32 for number in range(50)]
    assert {head[4] for head in heads} == {77}
    assert [head[1] for head in heads] == [100 | 0x80] + [100] * 49


def test_a_voice_is_heard_and_then_silence() -> None:
    sound = heard(run(made(None, A), {A: packets(speech_like(120, 2))}, 200))

    assert decibels(sound[8_000:32_000]) > -30
    assert decibels(sound[40_000:]) == pytest.approx(-72, abs=3)


def test_the_same_packets_and_secret_give_the_same_packets() -> None:
    streams = {A: packets(speech_like(120, 1)), B: packets(speech_like(210, 1))}

    assert run(made(None, A, B), streams, 60) == run(made(None, A, B), streams, 60)


def test_nothing_of_an_incoming_packet_is_in_an_outgoing_one() -> None:
    incoming = packets(speech_like(120, 2))
    sent = run(made(None, A), {A: incoming}, 100)

    raw = {packet[12:] for packet in incoming}
    assert not raw & {packet[12:] for packet in sent}
    assert not any(
        part[at : at + 12] in packet for packet in sent for part in raw for at in range(0, len(part) - 12, 6)
    )


def test_redundancy_fills_what_the_network_lost() -> None:
    """Every third packet lost; each carries the one before. With redundancy nothing is a hole."""
    plain = packets(speech_like(120, 2))
    doubled = [plain[0]]
    for before, packet in itertools.pairwise(plain):
        old = before[12:]
        block = (0x80 << 24 | 111 << 24 | 960 << 10 | len(old)).to_bytes(4, "big") + bytes([111]) + old
        doubled.append(packet[:1] + bytes([63]) + packet[2:12] + block + packet[12:])

    def with_losses(stream: list[bytes]) -> list[bytes]:
        return [b"" if number % 3 == 2 else packet for number, packet in enumerate(stream)]

    whole = run(made(None, A), {A: plain}, 100)
    assert run(made(None, A), {A: with_losses(doubled)}, 100)[10:] == whole[10:]
    assert run(made(None, A), {A: with_losses(plain)}, 100)[10:] != whole[10:], "control: losses are heard"


def test_what_belongs_to_no_open_track_is_refused_and_not_mixed() -> None:
    line = made(None, A)
    stranger = packets(speech_like(120, 1))
    sound = heard(run(line, {B: stranger}, 50))

    assert line.refused == len(stranger)
    assert decibels(sound) < -65


def test_garbage_never_raises_and_the_others_go_on() -> None:
    """Random bytes, cut packets and flipped bits on one microphone; the other is heard as if alone."""
    rng = np.random.default_rng(11)
    good = packets(speech_like(120, 2))
    garbage = []
    for number in range(100):
        packet = bytearray(good[number])
        if number % 3 == 0:
            packet = bytearray(rng.bytes(int(rng.integers(0, 200))))
        elif number % 3 == 1:
            packet[int(rng.integers(0, len(packet)))] ^= 1 << int(rng.integers(0, 8))
        else:
            del packet[int(rng.integers(0, len(packet))) :]
        garbage.append(bytes(packet))
    line = made(None, A, B)
    sent = run(line, {A: good, B: garbage}, 120)

    assert len(sent) == 120
    assert decibels(heard(sent)[8_000:32_000]) > -30
    assert line.refused > 30


def test_a_packet_that_no_decoder_takes_is_told_once_and_well_again_later() -> None:
    told = Told()
    line = made(told, A)
    stream = packets(speech_like(120, 3))
    # A self-delimited frame count that the payload does not hold: RTP is right, Opus is not.
    for number in (20, 21, 23):
        stream[number] = stream[number][:12] + bytes([0x7B, 0x82, 0xFF])
    sent = run(line, {A: stream}, 150)

    assert told == [("alarm", A), ("clear", A)]
    assert decibels(heard(sent)[32_000:]) > -30


class BrokenError(Exception):
    """What a broken part raises."""


def broken(*_: object, **__: object) -> None:
    raise BrokenError


def not_a_number(*_: object) -> Sound:
    return np.full(160, np.nan, dtype=np.float32)


def passed_through(*_: object) -> Sound:
    """A part that gives what it must not: more samples than a frame has."""
    return np.zeros(2_000, dtype=np.float32)


@pytest.mark.parametrize(
    ("owner", "name", "fault"),
    [
        (Committee, "hop", broken),
        (Committee, "hop", not_a_number),
        (Committee, "hop", passed_through),
        (Encoder, "encode", broken),
    ],
)
def test_a_broken_voice_change_is_silence_and_an_alarm_and_never_the_raw_voice(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, fault: Callable[..., object]
) -> None:
    told = Told()
    line = made(told, A)
    stream = packets(speech_like(120, 4))
    before = run(line, {A: stream[:50]}, 50)
    with monkeypatch.context() as broken_parts:
        broken_parts.setattr(owner, name, fault)
        during = run(line, {A: stream[50:100]}, 50)
        assert told == [("alarm", None)]
    after = run(line, {A: stream[100:]}, 100)

    assert {packet[12:] for packet in during} == {SILENCE}
    assert told == [("alarm", None), ("clear", None)]
    assert WELL_AGAIN < 100
    numbers = [int.from_bytes(packet[2:4], "big") for packet in before + during + after]
    assert numbers == [(65_530 + number) % 65_536 for number in range(200)]
    assert decibels(heard(after)[16_000:]) > -30, "the voice is there again"


def test_parts_that_cannot_be_made_anew_leave_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    line = made(None, A)
    with monkeypatch.context() as broken_parts:
        broken_parts.setattr(line_module, "Committee", broken)
        broken_parts.setattr(Committee, "hop", broken)
        sent = run(line, {A: packets(speech_like(120, 1))}, 50)

    assert {packet[12:] for packet in sent} == {SILENCE}


def test_one_microphone_whose_buffer_breaks_is_left_out_and_the_other_heard() -> None:
    told = Told()
    line = made(told, A, B)
    line._sources[B].playout.take = broken  # type: ignore[method-assign,assignment]
    stream = packets(speech_like(120, 2))
    sent = run(line, {A: stream, B: stream}, 100)

    assert told[0] == ("alarm", B)
    assert decibels(heard(sent)[8_000:]) > -30


def test_an_alarm_that_nobody_takes_does_not_stop_the_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    line = MaskingLine(PROFILE, OUT, broken)
    monkeypatch.setattr(Committee, "hop", broken)

    assert line.tick(20.0)[12:] == SILENCE


def test_the_silence_of_last_resort_is_silent() -> None:
    assert not Decoder().decode(SILENCE, 960).any()


def test_a_skip_is_a_hole_in_time_and_none_in_the_numbers() -> None:
    line = made()
    first = line.tick(20.0)
    line.skip(5)
    second = line.tick(140.0)
    times = [int.from_bytes(packet[4:8], "big") for packet in (first, second)]
    numbers = [int.from_bytes(packet[2:4], "big") for packet in (first, second)]

    assert (times[1] - times[0]) % 2**32 == 6 * 960
    assert numbers == [65_530, 65_531]


def test_there_is_room_for_a_committee_and_no_more() -> None:
    line = made()
    for number in range(MOST_MICROPHONES):
        line.open_track(TrackId(f"mem_{number}/microphone"), ENCODINGS)
    line.open_track(TrackId("mem_0/microphone"), ENCODINGS)

    with pytest.raises(MediaError) as refused:
        line.open_track(A, ENCODINGS)
    assert refused.value.code == "media.full"


def test_a_call_without_a_secret_does_not_begin() -> None:
    with pytest.raises(MediaError):
        MaskingLine(MaskProfile(secret=b""), OUT, Told())
