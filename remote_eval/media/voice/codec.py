"""Opus to samples at 16 kHz and back, by libopus through PyAV.

The decoder gives 48 kHz whatever came; a short filter brings it to 16 kHz. Both ends are mono. Nothing here
keeps sound beyond the filter's 1 ms and the codec's own state.
"""

from typing import Final

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from remote_eval.errors import MediaError
from remote_eval.media.voice.bands import RATE, Samples
from remote_eval.media.voice.rtp import TICKS_PER_FRAME

FRAME: Final = 320
BIT_RATE: Final = 24_000
DOWN: Final = 3
TAPS: Final = 48
# One mono frame of 20 ms without sound (CELT): what is sent when the encoder itself is what failed.
SILENCE: Final = bytes.fromhex("f8fffe")


def _low_pass() -> Samples:
    """48 taps, half amplitude at 7.4 kHz of 48 kHz, sum 1."""
    middle = np.arange(TAPS) - (TAPS - 1) / 2
    shape = np.sinc(2 * 7_400 / 48_000 * middle) * np.hamming(TAPS)
    taps: Samples = (shape / shape.sum()).astype(np.float32)
    return taps


_LOW_PASS: Final = _low_pass()


class Decoder:
    """One sender's Opus stream. An error leaves it unusable: make a new one."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libopus", "r")
        if not isinstance(context, AudioCodecContext):
            raise MediaError("media.codec")
        context.sample_rate, context.layout, context.format = 48_000, "mono", "s16"
        self._context = context
        self._before: Samples = np.zeros(TAPS - 1, dtype=np.float32)

    def decode(self, payload: bytes, ticks: int) -> Samples:
        """Samples at 16 kHz, `ticks` / 3 of them. Raises MediaError ``media.packet``."""
        if not payload or ticks % DOWN:
            raise MediaError("media.packet", part="opus")
        try:
            frames = self._context.decode(av.Packet(payload))
        except av.FFmpegError as error:
            raise MediaError("media.packet", part="opus") from error
        sound = [frame.to_ndarray().reshape(-1) for frame in frames]
        if sum(map(len, sound)) != ticks:
            raise MediaError("media.packet", part="opus")
        return self._lowered(np.concatenate(sound).astype(np.float32) / np.float32(32_768))

    def _lowered(self, samples: Samples) -> Samples:
        joined = np.concatenate((self._before, samples))
        self._before = joined[-(TAPS - 1) :]
        windows = np.lib.stride_tricks.sliding_window_view(joined, TAPS)[::DOWN]
        lowered: Samples = windows @ _LOW_PASS
        return lowered


class Encoder:
    """The committee's voice as Opus: wideband, 24 kbit/s, frames of 20 ms."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libopus", "w")
        if not isinstance(context, AudioCodecContext):
            raise MediaError("media.codec")
        context.sample_rate, context.layout, context.format = RATE, "mono", "s16"
        context.bit_rate = BIT_RATE
        context.options = {"application": "voip", "frame_duration": "20", "compression_level": "5"}
        self._context = context
        self._at = 0

    def encode(self, samples: Samples) -> bytes:
        """One packet for 320 samples within -1 to 1. Raises MediaError ``media.codec``."""
        if samples.shape != (FRAME,) or not np.isfinite(samples).all():
            raise MediaError("media.codec")
        whole = (np.clip(samples, -1, 1) * 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self._at
        self._at += FRAME
        made = [bytes(packet) for packet in self._context.encode(frame)]
        if len(made) != 1:
            raise MediaError("media.codec")
        return made[0]


FRAMES_PER_SECOND: Final = 48_000 // TICKS_PER_FRAME
