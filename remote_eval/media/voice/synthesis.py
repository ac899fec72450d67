"""The one voice that a bidder hears: own excitation, shaped by the bands of whoever speaks.

Pitch and noise come from the call's secret and the clock alone. Each 10 ms a windowed piece of both is shaped
in the spectrum and overlapped. Where no band carries anything there is comfort noise, always the same.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from remote_eval.media.voice.bands import (
    BINS,
    CENTRES,
    FAINT,
    FFT,
    FREQUENCIES,
    HOP,
    RATE,
    Bands,
    Samples,
    target,
)
from remote_eval.media.voice.parameters import PITCH_DRIFT, VoiceParameters

GRAIN: Final = 2 * HOP
TABLE: Final = 2048
# The warp and the pitch are taken anew this often: each 100 ms.
RENEW: Final = 10
# Mean level of speech, and of the noise that stands for silence, dBFS.
SPEECH_LEVEL: Final = -25.0
COMFORT_LEVEL: Final = -72.0
# Amplitude from which the limiter bends.
KNEE: Final = 0.6

_WINDOW: Final = np.sqrt(np.hanning(GRAIN + 1)[:-1]).astype(np.float32)
# Buzz below 3 kHz, noise above 5 kHz even in vowels: high harmonics would sound metallic.
_BUZZ: Final = np.clip((5_000 - FREQUENCIES) / 2_000, 0, 1).astype(np.float32)
_LOW: Final = CENTRES < 1_000
_HIGH: Final = CENTRES > 2_800
# dB by which low bands lie under high ones, both against the mean, where a sound is half voiced.
_TILT: Final = -9.0
_TILT_WIDTH: Final = 3.0


class Speaker:
    """Renders hops of 160 samples at 16 kHz from band powers, streaming; same parameters, same voice."""

    def __init__(self, parameters: VoiceParameters) -> None:
        self._parameters = parameters
        self._noise = np.random.Generator(np.random.PCG64(parameters.noise_seed))
        self._buzz_table = _pulse_table(parameters.pitch)
        self._phase = 0.0
        self._hops = 0
        self._buzz: Samples = np.zeros(GRAIN, dtype=np.float32)
        self._hiss: Samples = np.zeros(GRAIN, dtype=np.float32)
        self._tail: Samples = np.zeros(HOP, dtype=np.float32)
        self._positions: NDArray[np.float64] = CENTRES
        self._colour: NDArray[np.float32] = np.zeros(BINS, dtype=np.float32)
        self._comfort = np.float32(10 ** (COMFORT_LEVEL / 10))

    def hop(self, bands: Bands | None) -> Samples:
        """The next 160 samples; `bands` are deviations from the mean as power, None when nobody speaks."""
        if self._hops % RENEW == 0:
            self._renew()
        self._hops += 1
        self._excite()
        grain = self._shape(bands) * _WINDOW
        ready = self._tail + grain[:HOP]
        self._tail = grain[HOP:]
        return _limited(ready)

    def _renew(self) -> None:
        seconds = self._hops * HOP / RATE
        self._pitch = self._parameters.pitch_at(seconds)
        self._positions = self._parameters.warp_at(seconds, CENTRES)
        self._colour = _colour()

    def _excite(self) -> None:
        """One more hop of pulses and of noise, both of power 1."""
        phases = self._phase + np.arange(1, HOP + 1) * (self._pitch / RATE)
        self._phase = float(phases[-1] % 1.0)
        places = ((phases % 1.0) * TABLE).astype(np.intp) % TABLE
        self._buzz[:HOP], self._buzz[HOP:] = self._buzz[HOP:].copy(), self._buzz_table[places]
        self._hiss[:HOP] = self._hiss[HOP:]
        self._hiss[HOP:] = self._noise.standard_normal(HOP, dtype=np.float32)

    def _shape(self, bands: Bands | None) -> Samples:
        hiss = np.fft.rfft(self._hiss * _WINDOW, FFT)
        if bands is None:
            spectrum = hiss * np.sqrt(self._comfort * self._colour)
        else:
            decibels = 10 * np.log10(bands + np.float32(FAINT))
            envelope = np.interp(FREQUENCIES, self._positions, decibels)
            power = self._colour * (_LEVEL * np.power(10.0, envelope / 10) + self._comfort)
            buzz = _BUZZ * _voicing(decibels)
            voiced = np.fft.rfft(self._buzz * _WINDOW, FFT)
            spectrum = voiced * np.sqrt(power * buzz) + hiss * np.sqrt(power * (1 - buzz))
        shaped: Samples = np.fft.irfft(spectrum, FFT)[:GRAIN].astype(np.float32)
        return shaped


def _voicing(decibels: Bands) -> float:
    """0 for a hiss to 1 for a vowel, by the tilt of the spectrum: the speaker's pitch has no part in it."""
    tilt = float(decibels[_LOW].mean() - decibels[_HIGH].mean())
    return float(1 / (1 + np.exp(-np.clip((tilt - _TILT) / _TILT_WIDTH, -30, 30))))


def _colour() -> NDArray[np.float32]:
    """float32[257]: the common mean spectrum as power, 1 in the mean, with nothing below 100 Hz."""
    power = np.power(10.0, np.interp(FREQUENCIES, CENTRES, target()) / 10)
    power *= np.clip((FREQUENCIES - 60) / 80, 0, 1)
    common: NDArray[np.float32] = (power / power.mean()).astype(np.float32)
    return common


def _pulse_table(pitch: float) -> Samples:
    """One period of equal harmonics up to 7.6 kHz at the highest pitch of the drift, of power 1.

    Phases after Schroeder (1970) spread the period's energy, so that the limiter has little to do.
    """
    count = int(7_600 / (pitch * (1 + PITCH_DRIFT)))
    order = np.arange(1, count + 1)
    angles = np.arange(TABLE)[:, None] / TABLE * order + 0.15 * order * (order - 1) / (2 * count)
    period = np.sin(2 * np.pi * angles).sum(axis=1)
    even: Samples = (period / np.sqrt(np.mean(period**2))).astype(np.float32)
    return even


def _limited(samples: Samples) -> Samples:
    """Bend what is above the knee so that nothing reaches 1."""
    sizes = np.abs(samples)
    if float(sizes.max()) <= KNEE:
        return samples
    room = 1 - KNEE
    bent = KNEE + room * np.tanh((sizes - KNEE) / room)
    return np.where(sizes > KNEE, np.copysign(bent, samples), samples).astype(np.float32)


# A deviation of 0 dB in all bands has the level of speech; peaks of vowels lie above their mean in dB.
_LEVEL: Final = np.float32(10 ** ((SPEECH_LEVEL - 4.0) / 10))
