"""Gives every microphone the same statistics: mean and covariance of its bands become the common ones.

What tells speakers apart in a band vocoder is the mean spectrum (throat, seat, room, loudness) and how bands
move together (where the formants of this throat lie). Both are estimated over the last seconds of speech
and taken off by the map between two normal distributions that moves sounds least (Olkin and Pukelsheim 1982):
the order and the movement of sounds, which carry the words, stay.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from remote_eval.media.voice.bands import CENTRES, COUNT, Bands, target

# Frames that weigh in the estimates at most: 4 s for the mean, 8 s for the covariance.
MEAN_MEMORY: Final = 400
SPREAD_MEMORY: Final = 800
# Weight of the common statistics at the start, in frames: what is heard of the first second is less level.
MEAN_PRIOR: Final = 12
SPREAD_PRIOR: Final = 60
# Frames of speech until the map is made anew.
RENEW: Final = 25
# Bands heard so far under a voice's mean are pauses within speech and not learned from, dB.
DEPTH: Final = 18.0
# So many more frames of speech passed over as too faint than learned from, half a second: the level is wrong.
PATIENCE: Final = 50
# Common spread of a band, dB; least spread that is believed, which bounds how much faint bands are raised.
SPREAD: Final = 11.0
LEAST_SPREAD: Final = 4.0

Matrix = NDArray[np.float64]

# Loudness of a frame counts the bands of speech alone: hum and hiss open no gate.
SPEECH: Final = (CENTRES >= 300) & (CENTRES <= 4_500)
TARGET: Final = target()


def common_spread() -> Matrix:
    """float64[18, 18] in dB²: neighbours move together, low and high bands against each other."""
    order = np.arange(COUNT)
    near = np.exp(-np.abs(order[:, None] - order) / 2.2)
    tilt = np.linspace(-1, 1, COUNT)
    together = 0.15 + 0.7 * near + 0.3 * np.outer(tilt, tilt)
    size = np.sqrt(np.diag(together))
    spread: Matrix = SPREAD**2 * together / np.outer(size, size)
    return spread


def root(matrix: Matrix, power: float = 0.5) -> Matrix:
    """A power of a symmetric matrix that is positive but for rounding."""
    values, vectors = np.linalg.eigh(matrix)
    lifted: Matrix = (vectors * np.maximum(values, 1e-9) ** power) @ vectors.T
    return lifted


_COMMON: Final = common_spread()


class Levelling:
    """Running statistics of one microphone, and the map that takes them off; `count` frames were learned."""

    def __init__(self) -> None:
        self.count = 0
        self._mean = TARGET.astype(np.float64)
        self._spread = _COMMON.copy()
        self._map = np.eye(COUNT, dtype=np.float32)
        self._passed_over = 0
        self._nearest = -np.inf

    def learn(self, decibels: Bands) -> None:
        """Let a frame of speech into the estimates; the first one sets the level at once."""
        if not self.count:
            self._mean += float((decibels - TARGET)[SPEECH].mean())
        away = decibels - self._mean
        if float(away[SPEECH].mean()) < -DEPTH:
            self._pass_over(float(away[SPEECH].mean()))
            return
        self._passed_over = max(0, self._passed_over - 1)
        self.count += 1
        self._mean += away / min(self.count + MEAN_PRIOR, MEAN_MEMORY)
        share = 1 / min(self.count + SPREAD_PRIOR, SPREAD_MEMORY)
        self._spread += share * (np.outer(away, away) - self._spread)
        if self.count % RENEW == 0:
            self._map = least_move(self._spread)

    def _pass_over(self, away: float) -> None:
        """A frame far under the level. Many of them: a click or a knock set it, or the speaker moved away; it
        is set anew by the loudest of them, or that microphone would not be heard any more."""
        self._passed_over += 1
        self._nearest = max(self._nearest, away)
        if self._passed_over >= PATIENCE:
            self._mean += self._nearest
            self._passed_over, self._nearest = 0, -np.inf

    def levelled(self, decibels: Bands) -> Bands:
        """Deviations from the mean, in dB, with the common covariance."""
        deviations: Bands = self._map @ (decibels - self._mean).astype(np.float32)
        return deviations


def least_move(spread: Matrix) -> NDArray[np.float32]:
    """float32[18, 18]: the symmetric map that gives vectors of covariance `spread` the common one."""
    safe = spread + LEAST_SPREAD**2 * np.eye(COUNT) * 0.25
    half, back = root(safe), root(safe, -0.5)
    found: NDArray[np.float32] = (back @ root(half @ _COMMON @ half) @ back).astype(np.float32)
    return found
