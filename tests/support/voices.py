"""Speech for tests, made by espeak-ng, and the measures by which a listener or an attacker judges a voice.

Sound is float32 at 16 kHz within -1 to 1. The measures are textbook ones and share nothing with the vocoder:
mel cepstra, dynamic time warping, autocorrelation, nearest mean and one normal distribution per speaker.
"""

import io
import os
import shutil
import subprocess
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import av
import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 16_000
HOP = 160
MELS = 24
CEPSTRA = 12
NO_ESPEAK = "NO ESPEAK-NG FOUND: tests on speech are LEFT OUT of this run (Debian: apt install espeak-ng)"

Sound = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Person:
    """A speaker: language, variant and pitch (0 to 99) of espeak-ng."""

    language: str
    variant: str
    pitch: int


def need_espeak() -> None:
    """Leave the test out where espeak-ng is missing; on a CI machine fail."""
    if shutil.which("espeak-ng"):
        return
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(NO_ESPEAK)
    pytest.skip(NO_ESPEAK)


@cache
def say(person: Person, text: str) -> Sound:
    """A sentence as this person says it."""
    call = ["espeak-ng", "-v", f"{person.language}+{person.variant}", "-p", str(person.pitch), "-s", "170"]
    spoken = subprocess.run([*call, "--stdout", text], capture_output=True, check=True, timeout=20).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        rate, data = file.getframerate(), file.readframes(10**9)
    sound = np.frombuffer(data, dtype="<i2").astype(np.float64) / 32_768
    count = len(sound) * RATE // rate
    spectrum = np.fft.rfft(sound)[: count // 2 + 1]
    at_rate: Sound = (np.fft.irfft(spectrum, count) * count / len(sound)).astype(np.float32)
    return at_rate


def say_all(person: Person, texts: Sequence[str]) -> Sound:
    """Several sentences, one after the other."""
    return np.concatenate([say(person, text) for text in texts])


def pitch_shifted(sound: Sound, ratio: float) -> Sound:
    """The plain pitch shift that most voice changers are: played faster by `ratio`, then stretched back."""
    graph = av.filter.Graph()
    frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = RATE
    graph.link_nodes(
        graph.add_abuffer(format="flt", sample_rate=RATE, layout="mono"),
        graph.add("asetrate", str(round(RATE * ratio))),
        graph.add("aresample", str(RATE)),
        graph.add("atempo", f"{1 / ratio:.6f}"),
        graph.add("aformat", "sample_fmts=flt:channel_layouts=mono"),
        graph.add("abuffersink"),
    ).configure()
    graph.push(frame)
    graph.push(None)
    parts: list[Sound] = []
    while True:
        try:
            made = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            return np.concatenate(parts)
        assert isinstance(made, av.AudioFrame)
        parts.append(made.to_ndarray().reshape(-1).astype(np.float32))


def spectrogram(sound: Sound, width: int = 400) -> Array:
    """Power, [frames, 257], each 10 ms."""
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), width)[::HOP]
    power: Array = np.abs(np.fft.rfft(frames * np.hanning(width), 512)) ** 2
    return power


def _mel(frequency: Array | float) -> Array:
    return np.asarray(2_595 * np.log10(1 + np.asarray(frequency, dtype=np.float64) / 700))


@cache
def _mel_weights() -> Array:
    places = _mel(np.linspace(0, RATE / 2, 257))
    edges = np.linspace(float(_mel(100.0)), float(_mel(7_600.0)), MELS + 2)
    shapes = [
        np.clip(np.minimum((places - low) / (middle - low), (high - places) / (high - middle)), 0, None)
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    return np.stack(shapes, axis=1)


@cache
def _cosines() -> Array:
    turns = np.outer(np.arange(MELS) + 0.5, np.arange(1, CEPSTRA + 1))
    cosines: Array = np.cos(np.pi / MELS * turns)
    return cosines


def log_mel(power: Array) -> Array:
    """Mel spectrum in dB, [frames, 24]."""
    spectrum: Array = 10 * np.log10(power @ _mel_weights() + 1e-6)
    return spectrum


def heard(power: Array, range_db: float = 35.0) -> NDArray[np.bool_]:
    """Frames that are no pauses."""
    loudness = power.sum(axis=1)
    loud: NDArray[np.bool_] = loudness > loudness.max() * 10 ** (-range_db / 10)
    return loud


def stretched(power: Array, ratio: float) -> Array:
    """The spectrum with every frequency divided by `ratio`: what an attacker does against a warp."""
    places = np.minimum(np.arange(power.shape[1]) * ratio, power.shape[1] - 1.0)
    below = np.minimum(places.astype(np.intp), power.shape[1] - 2)
    share = places - below
    moved: Array = power[:, below] * (1 - share) + power[:, below + 1] * share
    return moved


def cepstra(power: Array) -> Array:
    """Mel cepstra 1 to 12 of the frames that are heard (0, the loudness, is left out)."""
    coefficients: Array = (log_mel(power) @ _cosines())[heard(power)]
    return coefficients


def pieces(frames: Array, length: int = 100) -> list[Array]:
    """Cut into pieces of `length` frames: 1 s of speech each."""
    return [frames[at : at + length] for at in range(0, len(frames) - length + 1, length)]


def nearest_mean(known: Mapping[str, Array], asked: Mapping[str, Array]) -> float:
    """Share of 1 s pieces of `asked` that are given to the right speaker, by means of cepstra."""
    means = {name: frames.mean(axis=0) for name, frames in known.items()}
    size = np.concatenate(list(known.values())).std(axis=0)

    def far(piece: Array, name: str) -> float:
        return float((((piece.mean(axis=0) - means[name]) / size) ** 2).sum())

    return _share(asked, lambda piece: min(means, key=lambda name: far(piece, name)))


def normal_model(known: Mapping[str, Array], asked: Mapping[str, Array]) -> float:
    """The same by likelihood under one full normal distribution per speaker: a much sharper ear."""
    models = {}
    for name, frames in known.items():
        spread = np.cov(frames.T) + 1e-2 * np.eye(CEPSTRA)
        models[name] = (frames.mean(axis=0), np.linalg.inv(spread), float(np.linalg.slogdet(spread)[1]))

    def likely(piece: Array, name: str) -> float:
        mean, inverse, log_size = models[name]
        away = piece - mean
        return -float(np.einsum("ij,jk,ik->", away, inverse, away)) - len(piece) * log_size

    return _share(asked, lambda piece: max(models, key=lambda name: likely(piece, name)))


def _share(asked: Mapping[str, Array], judge: Callable[[Array], str]) -> float:
    verdicts = [judge(piece) == name for name, frames in asked.items() for piece in pieces(frames)]
    return float(np.mean(verdicts))


def pitch_track(sound: Sound) -> Array:
    """Pitch in Hz each 10 ms by the peak of the autocorrelation between 60 and 400 Hz; 0 where unvoiced."""
    width, low, high = 640, RATE // 400, RATE // 60
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), width)[::HOP]
    spectrum = np.fft.rfft(frames * np.hanning(width), 2 * width)
    spectrum[:, int(1_000 / RATE * 2 * width) :] = 0
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(width), 2 * width)) ** 2)[:high]
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[:, :high] / window
    loud = likeness[:, 0] > likeness[:, 0].max() * 10**-3
    rows = likeness / np.maximum(likeness[:, :1], 1e-12)
    peaks = np.zeros_like(rows)
    middle = rows[:, low + 1 : high - 1]
    is_peak = (rows[:, low : high - 2] < middle) & (middle >= rows[:, low + 2 : high])
    peaks[:, low + 1 : high - 1] = np.where(is_peak, middle, 0)
    best = peaks.max(axis=1)
    first = np.argmax(peaks > 0.9 * best[:, None], axis=1)
    found: Array = np.where(loud & (best > 0.6), RATE / np.maximum(first, 1), 0)
    return found


def word_distance(one: Array, other: Array) -> float:
    """Dynamic time warping between two words' cepstra, each freed of its mean; per step."""
    steps = np.sqrt(((one[:, None] - other[None]) ** 2).sum(axis=2))
    rows, columns = steps.shape
    reached = np.concatenate(([0.0], np.full(columns, np.inf)))
    for row in range(rows):
        # A step within the row adds up the row's own costs: one running minimum for all columns.
        costs = np.cumsum(steps[row])
        entry = np.minimum(reached[1:], reached[:-1]) - (costs - steps[row])
        reached = np.concatenate(([np.inf], costs + np.minimum.accumulate(entry)))
    return float(reached[-1] / (rows + columns))


def word_features(sound: Sound) -> Array:
    """Cepstra of one word over 50 dB, freed of their mean."""
    spectrum = log_mel(spectrogram(sound))
    coefficients = np.maximum(spectrum, spectrum.max() - 50) @ _cosines()
    freed: Array = (coefficients - coefficients.mean(axis=0)) / MELS
    return freed
