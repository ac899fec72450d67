"""Vowels made of pulses and resonators, for tests of the voice change that need no speech program.

Sound is float32 at 16 kHz. The pitch and the formants are exactly those asked for.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
OPEN = (730.0, 1_090.0, 2_440.0)
CLOSE = (270.0, 2_290.0, 3_010.0)
ROUND = (300.0, 870.0, 2_240.0)

Sound = NDArray[np.float32]


def vowel(pitch: float, formants: Sequence[float], seconds: float, *, level: float = 0.1) -> Sound:
    """Harmonics of `pitch` to 7.5 kHz under formants 90 Hz wide, falling by 6 dB an octave; RMS `level`."""
    time = np.arange(round(seconds * RATE)) / RATE
    order = np.arange(1, int(7_500 / pitch) + 1)
    frequency = order * pitch
    size = 1 / order
    for formant in formants:
        size = size * formant**2 / np.hypot(formant**2 - frequency**2, 90.0 * frequency)
    phase = np.random.default_rng(1).uniform(0, 2 * np.pi, len(order))
    sound = np.zeros(len(time))
    for amplitude, hertz, start in zip(size, frequency, phase, strict=True):
        sound += amplitude * np.sin(2 * np.pi * hertz * time + start)
    even: Sound = (level * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return even


def speech_like(pitch: float, seconds: float, *, level: float = 0.1) -> Sound:
    """Syllables of three vowels in turn, 180 ms each with 70 ms of silence between them."""
    pause = np.zeros(round(0.07 * RATE), dtype=np.float32)
    parts = []
    for formants in (OPEN, CLOSE, ROUND):
        syllable = vowel(pitch, formants, 0.18, level=level)
        syllable *= np.hanning(len(syllable)).astype(np.float32) ** np.float32(0.3)
        parts += [syllable, pause]
    once = np.concatenate(parts)
    count = round(seconds * RATE)
    return np.tile(once, count // len(once) + 1)[:count]


def decibels(sound: Sound) -> float:
    """RMS in dBFS."""
    return 10 * float(np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-20))
