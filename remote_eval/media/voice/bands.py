"""The 18 bands through which a voice passes: all that is kept of it (docs/adr/0016, "What is kept").

Bands are triangles of 440 Hz and wider at the base. A triangle as wide as two pitch periods of the spectrum
gives the same power wherever the harmonics lie, so that the bands of one vowel at 100 Hz and at 250 Hz agree:
the pitch is gone before anything is computed from them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
# float32[18]: power, or decibels, by band.
Bands = NDArray[np.float32]

RATE: Final = 16_000
# 10 ms: how often bands are taken and given back.
HOP: Final = 160
# 30 ms: more than three periods of the deepest voice, so that no single period shows.
WINDOW: Final = 480
FFT: Final = 512
BINS: Final = FFT // 2 + 1

LOWEST: Final = 220.0
SPACING: Final = 220.0
RATIO: Final = 0.15
TOP: Final = 7_200.0

# A floor for logarithms: power of white noise at -110 dBFS.
FAINT: Final = 1e-11


def centres() -> NDArray[np.float64]:
    """Centre frequencies in Hz: 220 apart, then 15 % apart."""
    found = [LOWEST]
    while found[-1] + (step := max(SPACING, RATIO * found[-1])) <= TOP:
        found.append(found[-1] + step)
    return np.array(found)


CENTRES: Final = centres()
COUNT: Final = len(CENTRES)
FREQUENCIES: Final = np.arange(BINS) * (RATE / FFT)


def weights() -> NDArray[np.float32]:
    """float32[257, 18]: mean power of a band from the power spectrum of a windowed frame."""
    edges = np.concatenate(([0.0], CENTRES, [RATE / 2]))
    columns = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        rising = (FREQUENCIES - low) / (middle - low)
        falling = (high - FREQUENCIES) / (high - middle)
        shape = np.clip(np.minimum(rising, falling), 0, None)
        columns.append(shape / shape.sum())
    return np.stack(columns, axis=1).astype(np.float32)


def target() -> NDArray[np.float32]:
    """float32[18]: the mean spectrum, in dB, that every speaker is given: like that of speech, flat to 600 Hz
    and then falling by 7 dB per octave."""
    octaves = np.maximum(np.log2(CENTRES / 600.0), 0)
    return (-7.0 * octaves).astype(np.float32)
