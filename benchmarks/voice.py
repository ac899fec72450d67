"""What the committee's voice costs: processor time of the masker beside plain Opus and beside a pitch shift.

    python benchmarks/voice.py [--seconds 60] [--runs 3]

All figures are processor time of one thread as a share of the sound's duration ("% of a core"), medians of
`runs`, on sound made of pulses and resonators with pauses. Rows:

- Opus alone: decode one stream at 48 kHz, bring it to 16 kHz, encode it again; nothing is changed
- pitch shift: the same with libavfilter's asetrate, aresample and atempo between (one direction, reversible)
- masker, n microphones: RTP in, jitter buffer, decode, vocoder, one encode, RTP out; a round of speakers who
  take turns, so that one speaks at a time and all send
- vocoder alone: the arithmetic without any codec

Goal: one stream within 4 % of a core; a further microphone costs no more than its own decoding and analysis.
"""

import argparse
import statistics
from collections.abc import Callable
from functools import partial

import av
import numpy as np
from timing import machine, table, verdict, worked

from remote_eval.media.engine import MaskProfile, TrackId
from remote_eval.media.voice import rtp
from remote_eval.media.voice.bands import RATE
from remote_eval.media.voice.codec import FRAME, Decoder, Encoder
from remote_eval.media.voice.line import MaskingLine, Outgoing
from remote_eval.media.voice.vocoder import Vocoder
from tests.support.vowels import Sound, speech_like

SECRET = bytes(range(32))
GOAL = 4.0
TURN = 2 * RATE
RATIO = 0.78


def packets(sound: Sound) -> list[bytes]:
    """One microphone as RTP."""
    encoder = Encoder()
    count = len(sound) // FRAME
    payloads = [encoder.encode(sound[number * FRAME : (number + 1) * FRAME]) for number in range(count)]
    return [
        rtp.write(one, payload_type=111, sequence=at, timestamp=960 * at, ssrc=1, first=at == 0)
        for at, one in enumerate(payloads)
    ]


def turns(seconds: float, microphones: int) -> list[list[bytes]]:
    """What each microphone sends while its members speak in turn, 2 s each."""
    count = round(seconds * RATE)
    turn = np.arange(count) // TURN % microphones
    return [
        packets((speech_like(100.0 + 20 * one, seconds) * (turn == one)).astype(np.float32))
        for one in range(microphones)
    ]


def plain_opus(stream: list[bytes]) -> None:
    """Decode and encode."""
    decoder, encoder = Decoder(), Encoder()
    for packet in stream:
        encoder.encode(decoder.decode(packet[rtp.HEADER :], 960))


def shifted_opus(stream: list[bytes]) -> None:
    """Decode, shift by a filter graph that keeps the duration, encode."""
    decoder, encoder, graph = Decoder(), Encoder(), _shifter()
    waiting: Sound = np.zeros(0, dtype=np.float32)
    for packet in stream:
        sound = decoder.decode(packet[rtp.HEADER :], 960)
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = RATE
        graph.push(frame)
        waiting = np.concatenate((waiting, *_pulled(graph)))
        while len(waiting) >= FRAME:
            encoder.encode(waiting[:FRAME])
            waiting = waiting[FRAME:]


def _shifter() -> "av.filter.Graph":
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(format="flt", sample_rate=RATE, layout="mono"),
        graph.add("asetrate", str(round(RATE * RATIO))),
        graph.add("aresample", str(RATE)),
        graph.add("atempo", f"{1 / RATIO:.6f}"),
        graph.add("aformat", "sample_fmts=flt:channel_layouts=mono"),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _pulled(graph: "av.filter.Graph") -> list[Sound]:
    found: list[Sound] = []
    while True:
        try:
            frame = graph.pull()
        except av.BlockingIOError:
            return found
        assert isinstance(frame, av.AudioFrame)
        found.append(frame.to_ndarray().reshape(-1).astype(np.float32))


def masked(streams: list[list[bytes]]) -> None:
    """The whole masker on a made-up clock."""
    outgoing = Outgoing(ssrc=1, payload_type=111, sequence=0, timestamp=0)
    line = MaskingLine(MaskProfile(secret=SECRET), outgoing, lambda *_: None)
    tracks = [TrackId(f"mem_{number}/microphone") for number in range(len(streams))]
    for track in tracks:
        line.open_track(track, {111: "opus"})
    sent = 0
    for number in range(len(streams[0])):
        now = 20.0 * number
        for track, stream in zip(tracks, streams, strict=True):
            line.packet(track, stream[number], now)
        sent += len(line.tick(now + 5)) > rtp.HEADER
    assert sent == len(streams[0])
    assert line.refused == 0


def share(work: Callable[[], None], seconds: float, runs: int) -> float:
    """Median % of a core."""
    work()
    return statistics.median(worked(work)[1] for _ in range(runs)) / seconds * 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of the committee's voice")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    seconds, runs = options.seconds, options.runs
    print(f"{machine()}; {seconds:g} s of sound, medians of {runs}\n")

    one = turns(seconds, 1)
    sound = speech_like(120.0, seconds)
    figures = {
        "Opus alone": share(lambda: plain_opus(one[0]), seconds, runs),
        "pitch shift": share(lambda: shifted_opus(one[0]), seconds, runs),
        "vocoder alone": share(lambda: _vocoded(sound), seconds, runs),
    }
    for microphones in (1, 3, 7):
        streams = turns(seconds, microphones)
        figures[f"masker, {microphones} microphones"] = share(partial(masked, streams), seconds, runs)
    opus, shift = figures["Opus alone"], figures["pitch shift"]
    table(
        ["what", "% of a core", "÷ Opus alone", "÷ pitch shift"],
        [[name, figure, figure / opus, figure / shift] for name, figure in figures.items()],
    )
    alone = figures["masker, 1 microphones"]
    further = (figures["masker, 7 microphones"] - alone) / 6
    print(f"one stream: {alone:.2f} % {verdict(alone, GOAL)}")
    print(f"each further microphone: {further:.2f} %")


def _vocoded(sound: Sound) -> None:
    voice = Vocoder(SECRET)
    for at in range(0, len(sound), FRAME):
        voice.process(sound[at : at + FRAME])


if __name__ == "__main__":
    main()
