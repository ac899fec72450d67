"""What one call's secret decides: pitch of the excitation, warp of the formants, seeds (docs/adr/0016).

Everything is a pure function of the secret and of the time since the call began, so that a test, or an
investigator who was given the secret, gets the same voice again. Nothing here depends on who speaks.
"""

import hashlib
import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remote_eval.errors import MediaError

LEAST_SECRET: Final = 16
MOST_SECRET: Final = 1024

# Hz; between the usual pitch of men and of women, so that the voice suggests neither.
PITCH: Final = (120.0, 175.0)
# Size of a formant's move; below 1.12 an ear does not take it for another person, above 1.24 vowels change.
MOVE: Final = (1.13, 1.22)
# Share of the pitch and of the warp that drifts in the course of a call.
PITCH_DRIFT: Final = 0.05
MOVE_DRIFT: Final = 0.025
# The bend of the warp makes it no straight line, so that no single factor takes it back.
BEND: Final = (0.03, 0.05)
BEND_PERIOD: Final = math.log(4.0)


@dataclass(frozen=True, slots=True)
class Drift:
    """A sum of three slow sines around 0 that stays in [-1, 1]; periods of 7 to 40 seconds."""

    periods: tuple[float, float, float] = field(repr=False)
    phases: tuple[float, float, float] = field(repr=False)

    def at(self, seconds: float) -> float:
        """The value at a time since the call began."""
        turns = zip(self.periods, self.phases, strict=True)
        return sum(math.sin(2 * math.pi * (seconds / period + phase)) for period, phase in turns) / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceParameters:
    """The voice of one call. Fields stay out of `repr`: whoever knows them is closer to the raw voice."""

    pitch: float = field(repr=False)
    move: float = field(repr=False)
    bend: float = field(repr=False)
    pitch_drift: Drift = field(repr=False)
    move_drift: Drift = field(repr=False)
    bend_drift: Drift = field(repr=False)
    noise_seed: int = field(repr=False)

    def pitch_at(self, seconds: float) -> float:
        """Pitch of the excitation in Hz."""
        return self.pitch * (1 + PITCH_DRIFT * self.pitch_drift.at(seconds))

    def warp_at(self, seconds: float, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where input `frequencies` (Hz, rising, above 0) come to lie; rising again."""
        move = self.move * (1 + MOVE_DRIFT * self.move_drift.at(seconds))
        turn = np.log(frequencies) / BEND_PERIOD + self.bend_drift.at(seconds)
        return frequencies * move * (1 + self.bend * np.sin(2 * np.pi * turn))


def parameters_of(secret: bytes) -> VoiceParameters:
    """The voice that `secret` chooses. Raises MediaError ``media.secret`` below 16 or above 1024 bytes."""
    if not LEAST_SECRET <= len(secret) <= MOST_SECRET:
        raise MediaError("media.secret", least=LEAST_SECRET, most=MOST_SECRET)
    chance = _Chance(secret)
    size = chance.between(*MOVE)
    return VoiceParameters(
        pitch=chance.between(*PITCH),
        move=size if chance.between(0, 1) < 0.5 else 1 / size,
        bend=chance.between(*BEND),
        pitch_drift=chance.drift(),
        move_drift=chance.drift(),
        bend_drift=chance.drift(),
        noise_seed=chance.integer(),
    )


class _Chance:
    """Numbers out of a secret: consecutive 8-byte words of SHAKE-256."""

    def __init__(self, secret: bytes) -> None:
        stream = hashlib.shake_256(b"committee-voice/1\x00" + secret).digest(8 * 64)
        self._words = iter(np.frombuffer(stream, dtype=">u8").tolist())

    def integer(self) -> int:
        return int(next(self._words))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * (self.integer() / 2**64)

    def drift(self) -> Drift:
        return Drift(
            (self.between(7, 12), self.between(13, 23), self.between(25, 40)),
            (self.between(0, 1), self.between(0, 1), self.between(0, 1)),
        )
