"""One microphone on its way into the committee's voice: to bands, freed of its speaker's mean, gated.

From the samples only 18 band powers each 10 ms are kept, with phase and pitch gone. Then the mean spectrum of
this microphone (voice, seat, room and loudness together) is taken off and a common one put in its place; a
gate drops what is not speech. Nothing downstream can tell one microphone from another by its colour or level.
"""

from collections import deque
from typing import Final

import numpy as np

from remote_eval.media.voice.bands import (
    COUNT,
    FAINT,
    FFT,
    HOP,
    WINDOW,
    Bands,
    Samples,
    weights,
)
from remote_eval.media.voice.levelling import SPEECH, Levelling

# A voice has to be this far above the microphone's own noise, and above this level at all (dBFS).
ABOVE_NOISE: Final = 9.0
LEAST_LEVEL: Final = -60.0
# Under this there is no microphone at all but a hole in the stream: it says nothing about the noise, dBFS.
NOTHING: Final = -95.0
# The noise is the least level of the last 3 s, kept by blocks of 0.25 s; before that it is taken for this.
BLOCK: Final = 25
BLOCKS: Final = 12
FIRST_NOISE: Final = -50.0
# Hops that the gate stays open after speech: 200 ms, longer than the closure of a stop.
HANG: Final = 20
# A microphone is not heard before its first second of speech, in frames: until then its own colour shows.
START: Final = 100
# Deviations from the mean are held within these, dB.
LOWEST_DEVIATION: Final = -45.0
HIGHEST_DEVIATION: Final = 18.0

_WINDOW: Final = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
# Power of a windowed frame to power per sample.
_SCALE: Final = np.float32(1.0 / float(np.sum(_WINDOW.astype(np.float64) ** 2)))
_WEIGHTS: Final = weights() * _SCALE


class Microphone:
    """The analysis of one microphone; feed it hops of 160 samples at 16 kHz, in order."""

    def __init__(self) -> None:
        self._frame: Samples = np.zeros(WINDOW, dtype=np.float32)
        self._noise = _Noise()
        self._noise_bands: Bands = np.full(COUNT, FAINT, dtype=np.float32)
        self._levelling = Levelling()
        self._open = 0

    def hop(self, samples: Samples) -> Bands | None:
        """Normalised band powers of the window that ends with `samples`, or None while nobody speaks here."""
        self._frame[:-HOP] = self._frame[HOP:]
        self._frame[-HOP:] = samples
        spectrum = np.fft.rfft(self._frame * _WINDOW, FFT)
        power: Bands = (spectrum.real**2 + spectrum.imag**2) @ _WEIGHTS + np.float32(FAINT)
        level = 10 * float(np.log10(power[SPEECH].mean()))
        speaks = self._gate(level, power)
        if not self._open:
            return None
        decibels = 10 * np.log10(np.maximum(power - 1.5 * self._noise_bands, 0.05 * power))
        if speaks:
            self._levelling.learn(decibels)
        if self._levelling.count < START:
            return None
        deviation = np.clip(self._levelling.levelled(decibels), LOWEST_DEVIATION, HIGHEST_DEVIATION)
        kept: Bands = np.power(np.float32(10.0), deviation / 10).astype(np.float32)
        return kept

    def _gate(self, level: float, power: Bands) -> bool:
        """Follow the noise, open or close; tells whether this frame is speech."""
        noise = self._noise.least(level)
        if NOTHING < level < noise + 3:
            self._noise_bands += np.float32(0.1) * (power - self._noise_bands)
        speaks = level > max(noise + ABOVE_NOISE, LEAST_LEVEL)
        self._open = HANG if speaks else max(0, self._open - 1)
        return speaks


class _Noise:
    """The level of a microphone that nobody speaks into: the least of late, since speech has pauses."""

    def __init__(self) -> None:
        self._blocks: deque[float] = deque([FIRST_NOISE] * BLOCKS, maxlen=BLOCKS)
        self._hops = 0

    def least(self, level: float) -> float:
        """Let one hop's level in; the noise in dBFS."""
        if level > NOTHING:
            if self._hops % BLOCK == 0:
                self._blocks.append(level)
            self._hops += 1
            self._blocks[-1] = min(self._blocks[-1], level)
        return min(self._blocks)
