"""The voice change itself, without input or output of any kind: samples in, samples out, streaming.

`Committee` takes any number of microphones and gives one voice; `Vocoder` is the same for one microphone.
Both are deterministic given the secret, and have a delay of `DELAY` samples at 16 kHz.
"""

from collections.abc import Hashable, Mapping
from typing import Final

import numpy as np

from remote_eval.media.voice.analysis import Microphone
from remote_eval.media.voice.bands import HOP, WINDOW, Bands, Samples
from remote_eval.media.voice.parameters import parameters_of
from remote_eval.media.voice.synthesis import Speaker

# Half a window: a sound in the middle of a window leaves in the middle of two overlapping grains.
DELAY: Final = WINDOW // 2
MOST_KNOWN: Final = 64


class Committee:
    """All microphones of a call as one voice. Microphones may come and go; a new key is a new microphone."""

    def __init__(self, secret: bytes) -> None:
        """Raises MediaError ``media.secret`` for a secret that is too short or too long."""
        self._speaker = Speaker(parameters_of(secret))
        self._microphones: dict[Hashable, Microphone] = {}

    def hop(self, sounds: Mapping[Hashable, Samples]) -> Samples:
        """160 samples out for 160 samples of each microphone. Who was missing is known again when back."""
        mixed: Bands | None = None
        for key, samples in sounds.items():
            bands = self._known(key).hop(samples)
            if bands is not None:
                mixed = bands if mixed is None else mixed + bands
        return self._speaker.hop(mixed)

    def _known(self, key: Hashable) -> Microphone:
        """A microphone's state, kept through its absences; beyond 64 the oldest is forgotten."""
        if key not in self._microphones:
            if len(self._microphones) >= MOST_KNOWN:
                del self._microphones[next(iter(self._microphones))]
            self._microphones[key] = Microphone()
        return self._microphones[key]


class Vocoder:
    """One microphone through the committee's voice; any number of samples at a time."""

    def __init__(self, secret: bytes) -> None:
        """Raises MediaError ``media.secret`` for a secret that is too short or too long."""
        self._committee = Committee(secret)
        self._waiting: Samples = np.zeros(0, dtype=np.float32)
        self._ready: Samples = np.zeros(HOP, dtype=np.float32)

    def process(self, samples: Samples) -> Samples:
        """As many samples out as in: float32 within -1 to 1 at 16 kHz, `DELAY` plus one hop later."""
        waiting = np.concatenate((self._waiting, samples))
        whole = len(waiting) // HOP * HOP
        made = [self._committee.hop({0: waiting[at : at + HOP]}) for at in range(0, whole, HOP)]
        self._waiting = waiting[whole:]
        self._ready = np.concatenate((self._ready, *made))
        given, self._ready = self._ready[: len(samples)], self._ready[len(samples) :]
        return given
