"""One microphone on its way into the committee's voice: to bands, freed of its speaker's mean, gated.

From the samples only 18 band powers each 10 ms are kept, with phase and pitch gone. Then the mean spectrum of
this microphone (voice, seat, room and loudness together) is taken off and a common one put in its place; a
gate drops what is not speech. Nothing downstream can tell one microphone from another by its colour or level.
"""

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
LEAST_LEVEL: Final = -62.0
# How fast the estimate of the noise rises, dB per hop: 1.5 dB/s.
NOISE_RISE: Final = 0.015
# Hops that the gate stays open after speech: 200 ms, longer than the closure of a stop.
HANG: Final = 20
# Deviations from the mean are held within these, dB.
LOWEST_DEVIATION: Final = -45.0
HIGHEST_DEVIATION: Final = 18.0

_WINDOW: Final = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
# Power of a windowed frame to power per sample.
_SCALE: Final = np.float32(2.0 / float(np.sum(_WINDOW.astype(np.float64) ** 2)))
_WEIGHTS: Final = weights() * _SCALE


class Microphone:
    """The analysis of one microphone; feed it hops of 160 samples at 16 kHz, in order."""

    def __init__(self) -> None:
        self._frame: Samples = np.zeros(WINDOW, dtype=np.float32)
        self._noise = 0.0
        self._noise_bands: Bands = np.full(COUNT, FAINT, dtype=np.float32)
        self._heard_any = False
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
        deviation = np.clip(self._levelling.levelled(decibels), LOWEST_DEVIATION, HIGHEST_DEVIATION)
        kept: Bands = np.power(np.float32(10.0), deviation / 10).astype(np.float32)
        return kept

    def _gate(self, level: float, power: Bands) -> bool:
        """Follow the noise, open or close; tells whether this frame is speech."""
        if not self._heard_any:
            self._heard_any, self._noise = True, min(level, LEAST_LEVEL)
        self._noise = min(level, self._noise + NOISE_RISE)
        if level < self._noise + 3:
            self._noise_bands += np.float32(0.1) * (power - self._noise_bands)
        speaks = level > max(self._noise + ABOVE_NOISE, LEAST_LEVEL)
        self._open = HANG if speaks else max(0, self._open - 1)
        return speaks
