"""A light client whose media are real: each voice a tone of its own, each picture VP8 that a browser decodes.

Encoded once per process and sent over and over. Packet number and time of sending lie in Opus padding
(RFC 6716 §3.2.5) and behind the last VP8 partition, where decoders do not look.
"""

import asyncio
import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import av
import numpy as np

from remote_eval.media.engine import CAMERA, KIND_OF, MICROPHONE
from tests.support.media_offers import OPUS, TRAILER, VP8
from tests.support.media_publisher import Outgoing, Publisher
from tests.support.recorded_media import pictures

FPS: Final = 5
RATE: Final = 48_000
# Two frames of 20 ms go in one packet: a dozen such clients share a machine.
FRAME: Final = 960
SAMPLES: Final = 2 * FRAME
PER_SECOND: Final = RATE // SAMPLES
_PIECE: Final = 1000
_FAINT: Final = 30
_SECONDS: Final = 4
# A frame whose length takes one byte (RFC 6716 §3.2.1), the packet's first byte with it.
_ONE_BYTE: Final = 252


@lru_cache
def tone(hertz: int, level: int = 12_000) -> tuple[bytes, ...]:
    """One second of a tone as 50 Opus frames, which joins its own begin; `level` of 32,767."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.time_base, encoder.bit_rate = Fraction(1, RATE), 24_000
    out: list[bytes] = []
    for number in range(100):
        ticks = np.arange(number * FRAME, (number + 1) * FRAME)
        wave = (level * np.sin(2 * math.pi * hertz * ticks / RATE)).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, number * FRAME
        out += [bytes(one) for one in encoder.encode(frame)]
    return tuple(out[40:90])


def joined(first: bytes, second: bytes, trailer: bytes) -> bytes:
    """One Opus packet of two packets of one frame each, with `trailer` (below 255 bytes) as its padding."""
    assert first[0] == second[0]
    assert first[0] & 3 == 0
    assert len(first) <= _ONE_BYTE
    return bytes((first[0] | 3, 0xC2, len(trailer), len(first) - 1)) + first[1:] + second[1:] + trailer


def hertz_of(packets: Sequence[bytes]) -> float | None:
    """The loudest frequency of Opus packets that follow each other; None for silence."""
    decoder: Any = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = RATE, "mono"
    sound: list[Any] = []
    for packet in packets:
        for frame in decoder.decode(av.Packet(packet)):
            samples = frame.to_ndarray().astype(np.float64)
            sound.append(samples[0] if frame.format.is_planar else samples[0][:: len(frame.layout.channels)])
    if not sound:
        return None
    wave = np.concatenate(sound)
    scale = 32768.0 if np.abs(wave).max() > 4 else 1.0
    if np.sqrt(np.mean((wave / scale) ** 2)) < 0.003:
        return None
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(spectrum.argmax()) * RATE / len(wave)


def prepare(*tones: int) -> None:
    """Encode now what publishers with these voices send: it takes seconds on a loaded machine, and whoever
    has a socket must not be silent so long.
    """
    for hertz in tones:
        tone(hertz)
    pictures(_SECONDS, level=RealPublisher.shade)


class RealPublisher(Publisher):
    """`hertz` is the voice, `level` of `pictures` the shade of the picture.

    In `syllables` the voice pauses for 200 ms of every 600 ms, as speech does: what is made for speech takes
    a tone that never pauses for noise.
    """

    hertz = 440
    shade = 60
    syllables = False
    _at = 0

    def send_voice(self, source: str = MICROPHONE) -> int:
        """One packet of 40 ms of the tone."""
        one = self.streams[source]
        one.timestamp += SAMPLES
        pauses = self.syllables and one.index // 5 % 3 == 2
        frames = tone(self.hertz, _FAINT) if pauses else tone(self.hertz)
        at = 2 * one.index % len(frames)
        body = joined(frames[at], frames[at + 1], self._trailer(one))
        self._send(one, OPUS, body, marker=False, level=30)
        return one.index

    def send_frame(self, source: str = CAMERA, *, key: bool = False, packets: int = 0) -> int:
        """The next picture, or a keyframe when one is asked for."""
        del packets
        one = self.streams[source]
        one.timestamp += 90_000 // FPS
        coded = pictures(_SECONDS, level=self.shade)
        if key or one.wants_keyframe:
            one.wants_keyframe = False
            self._at = 0
        picture = coded[self._at % len(coded)]
        self._at += 1
        pieces = [picture.data[at : at + _PIECE] for at in range(0, len(picture.data), _PIECE)]
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            payload = (b"\x00" if number else b"\x10") + piece + (self._trailer(one) if last else b"")
            self._send(one, VP8, payload, marker=last)
        return one.index

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        due, count = loop.time(), 0
        while True:
            for one in self.streams.values():
                self._turn(one, count)
            if count % 5 == 0:
                self.send_reports(late=loop.time() - due)
            count += 1
            due += SAMPLES / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _turn(self, one: Outgoing, count: int) -> None:
        if KIND_OF[one.source] == "audio":
            self.send_voice(one.source)
        elif count % (PER_SECOND // FPS) == 0:
            self.send_frame(one.source)


assert TRAILER.size < 255
