"""The voice change: pitch gone, formants moved, silence kept, level even, always the same for one secret.

Thresholds stand with what was measured when they were set; sound is made of pulses and resonators, so that
pitch and formants of the input are known exactly.
"""

from collections.abc import Hashable

import numpy as np
import pytest
from numpy.typing import NDArray

from remote_eval.errors import MediaError
from remote_eval.media.voice import analysis
from remote_eval.media.voice.analysis import START, Microphone
from remote_eval.media.voice.bands import CENTRES, COUNT, HOP, Bands
from remote_eval.media.voice.levelling import Levelling, common_spread, least_move
from remote_eval.media.voice.parameters import parameters_of
from remote_eval.media.voice.synthesis import Speaker
from remote_eval.media.voice.vocoder import DELAY, MOST_KNOWN, Committee, Vocoder
from tests.support.voices import pitch_track
from tests.support.vowels import CLOSE, OPEN, ROUND, Sound, decibels, speech_like, vowel

RATE = 16_000
UP = next(bytes([one]) * 32 for one in range(9) if parameters_of(bytes([one]) * 32).move > 1)
DOWN = next(bytes([one]) * 32 for one in range(9) if parameters_of(bytes([one]) * 32).move < 1)


def masked(sound: Sound, secret: bytes = UP) -> Sound:
    return Vocoder(secret).process(sound)


def envelope(sound: Sound) -> NDArray[np.float64]:
    """Level in dB each 5 ms."""
    power = (sound[: len(sound) // 80 * 80].reshape(-1, 80).astype(np.float64) ** 2).mean(axis=1)
    return np.asarray(10 * np.log10(power + 1e-7))


def peak(sound: Sound, low: float, high: float) -> float:
    """Frequency of the highest point of the smoothed long-term spectrum between two frequencies."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 512)[::256] * np.hanning(512)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0)
    frequency = np.arange(257) * RATE / 512
    # The committee's common colour falls by 7 dB per octave.
    smooth = np.convolve(power * np.maximum(frequency, 600) ** 2.33, np.hanning(13), mode="same")
    inside = np.where((frequency >= low) & (frequency <= high), smooth, 0)
    return float(frequency[np.argmax(inside)])


@pytest.mark.parametrize("milliseconds", [2, 30, 200])
@pytest.mark.parametrize("level", [0.02, 0.1])
def test_a_knock_against_the_microphone_does_not_silence_it_for_the_rest_of_the_call(
    milliseconds: int, level: float
) -> None:
    chance = np.random.default_rng(1)
    knock = chance.uniform(-0.9, 0.9, milliseconds * RATE // 1000).astype(np.float32)
    said = masked(np.concatenate((knock, speech_like(120, 6, level=level))))

    assert decibels(said[-3 * RATE :]) > -30


def test_a_voice_that_moves_away_from_the_microphone_is_heard_again_at_its_new_level() -> None:
    near, far = speech_like(120, 4, level=0.3), speech_like(120, 6, level=0.01)
    said = masked(np.concatenate((near, far)))

    assert decibels(said[-3 * RATE :]) == pytest.approx(decibels(said[2 * RATE : 4 * RATE]), abs=6)


def test_the_same_secret_gives_the_same_samples_however_they_are_cut() -> None:
    sound = speech_like(120, 2)
    whole = masked(sound)
    voice = Vocoder(UP)
    cuts = np.cumsum(np.random.default_rng(2).integers(0, 700, 40))
    parts = [voice.process(part) for part in np.split(sound, cuts[cuts < len(sound)])]

    assert (np.concatenate(parts) == whole).all()
    assert len(whole) == len(sound)


def test_another_secret_gives_another_voice() -> None:
    sound = speech_like(120, 3)
    one, other = masked(sound, UP), masked(sound, DOWN)

    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1
    pitches = [np.median(track[track > 0]) for track in map(pitch_track, (one, other))]
    assert abs(np.log2(pitches[0] / pitches[1])) > 0.02


@pytest.mark.parametrize("pitch", [85.0, 118.0, 176.0, 240.0])
def test_the_pitch_that_is_heard_is_the_secrets_and_not_the_speakers(pitch: float) -> None:
    track = pitch_track(masked(speech_like(pitch, 6)))[150:]
    due = np.array([parameters_of(UP).pitch_at(at / 100) for at in range(150, 150 + len(track))])
    voiced = track > 0

    assert voiced.mean() > 0.4
    # Seen 0.3 %; the autocorrelation itself is a sample coarse, 1 % at 160 Hz.
    assert np.median(np.abs(track[voiced] / due[voiced] - 1)) < 0.015


def test_a_glide_of_the_speakers_pitch_leaves_no_trace_in_the_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vowel stays, the pitch runs from 90 to 250 Hz: what the vocoder keeps must stay as well.

    Measured: 1.0 dB at most between two pitches, 7.4 dB at least between two vowels.
    """
    monkeypatch.setattr(analysis, "START", 0)

    def kept(pitch: float, formants: tuple[float, ...]) -> NDArray[np.float64]:
        microphone = Microphone()
        sound = np.concatenate((np.zeros(800, np.float32), vowel(pitch, formants, 0.2)))
        rows = [microphone.hop(sound[at : at + HOP]) for at in range(0, len(sound), HOP)]
        spoken = [10 * np.log10(row) for row in rows if row is not None]
        mean = np.mean(spoken[6:-1], axis=0)
        return np.asarray(mean - mean.mean())[CENTRES < 4_000]

    vowels = {formants: [kept(pitch, formants) for pitch in range(90, 251, 20)] for formants in (OPEN, CLOSE)}
    within = max(
        float(np.abs(one - other).mean()) for rows in vowels.values() for one in rows for other in rows
    )
    between = min(float(np.abs(one - other).mean()) for one in vowels[OPEN] for other in vowels[CLOSE])
    assert within < 1.6
    assert between > 4 * within


@pytest.mark.parametrize("secret", [UP, DOWN])
@pytest.mark.parametrize("formant", [900.0, 1_500.0, 2_300.0])
def test_formants_are_moved_by_as_much_as_the_secret_says(formant: float, secret: bytes) -> None:
    """A resonance in the bands is found in the output where the warp puts it, and not where it was."""
    speaker = Speaker(parameters_of(secret))
    bands = (10 ** (3 * np.exp(-((np.log(CENTRES / formant) / 0.15) ** 2)) - 1)).astype(np.float32)
    heard = np.concatenate([speaker.hop(bands) for _ in range(100)])
    moved = peak(heard, 0.65 * formant, 1.5 * formant) / formant
    due = float(parameters_of(secret).warp_at(0.5, np.array([formant]))[0]) / formant

    # Bands lie 15 % apart: seen within 6 %. The warp moves every frequency by 4 % at least.
    assert abs(moved / due - 1) < 0.08, (moved, due)
    assert (moved - 1) * (due - 1) > 0
    assert abs(moved - 1) > 0.05


def test_silence_stays_silence() -> None:
    # The comfort noise lies at -72 dBFS; a microphone's own hiss at -65 dBFS opens no gate either.
    hiss = np.random.default_rng(1).normal(0, 10 ** (-65 / 20), 3 * RATE).astype(np.float32)

    assert decibels(masked(np.zeros(3 * RATE, np.float32))) == pytest.approx(-72, abs=1.5)
    assert decibels(masked(hiss)) == pytest.approx(-72, abs=1.5)


def test_a_loud_fan_is_taken_for_silence_after_three_seconds_and_a_voice_over_it_is_not() -> None:
    fan = np.random.default_rng(9).normal(0, 10 ** (-36 / 20), 8 * RATE).astype(np.float32)
    spoken = fan.copy()
    spoken[5 * RATE :] += speech_like(120, 3)

    assert decibels(masked(fan)[4 * RATE :]) == pytest.approx(-72, abs=1.5)
    assert decibels(masked(spoken)[5 * RATE :]) > -30


def test_the_silence_of_a_room_is_the_same_as_that_of_an_empty_line() -> None:
    committee, empty = Committee(UP), Committee(UP)
    hiss = np.random.default_rng(1).normal(0, 10 ** (-65 / 20), (50, HOP)).astype(np.float32)

    for row in hiss:
        assert (committee.hop({"a": row, "b": row}) == empty.hop({})).all()


def test_a_voice_that_is_quiet_and_one_that_is_loud_are_heard_alike() -> None:
    levels = [decibels(masked(speech_like(120, 6, level=level))[2 * RATE :]) for level in (0.01, 0.05, 0.3)]

    # 30 dB apart going in, measured within 0.3 dB coming out, at about -25 dBFS.
    assert max(levels) - min(levels) < 2
    assert all(-30 < level < -16 for level in levels)


def test_nothing_that_comes_in_makes_more_than_full_scale() -> None:
    rng = np.random.default_rng(4)
    loud = np.sign(rng.normal(size=2 * RATE)).astype(np.float32)
    bursts = loud * (rng.uniform(size=2 * RATE // 400).repeat(400) > 0.5).astype(np.float32)

    for sound in (loud, bursts):
        assert float(np.abs(masked(sound)).max()) < 1


def test_a_sound_comes_out_15_ms_later() -> None:
    """Onsets of bursts in and out, by the best match of their envelopes; `process` adds a hop of its own."""
    rng = np.random.default_rng(5)
    gate = (rng.uniform(size=120) > 0.5).repeat(RATE // 20).astype(np.float32)
    sound = (0.1 * gate * rng.standard_normal(len(gate))).astype(np.float32)
    one, other = envelope(sound)[600:], envelope(masked(sound))[600:]
    match = [np.corrcoef(one[:-(20)], other[lag : len(other) - 20 + lag])[0, 1] for lag in range(20)]
    measured = 5 * float(np.argmax(match))

    assert measured == pytest.approx((DELAY + HOP) / 16, abs=5)
    assert DELAY == 0.015 * RATE


def test_who_is_silent_adds_nothing() -> None:
    """Six more microphones with hiss change not one sample of what the one who speaks sounds like."""
    sound = speech_like(120, 2)
    rng = np.random.default_rng(6)
    alone, among = Committee(UP), Committee(UP)
    for at in range(0, len(sound), HOP):
        piece = sound[at : at + HOP]
        others: dict[Hashable, Sound] = {
            f"y{name}": rng.normal(0, 3e-4, HOP).astype(np.float32) for name in range(6)
        }
        assert (alone.hop({"x": piece}) == among.hop({"x": piece, **others})).all()


def test_two_who_speak_at_once_are_both_heard_as_one_voice() -> None:
    committee = Committee(UP)
    warm = speech_like(120, 4)
    low, high = vowel(110, ROUND, 1), vowel(210, CLOSE, 1)
    streams = {"a": np.concatenate((warm, low)), "b": np.concatenate((warm, high))}
    heard = np.concatenate(
        [
            committee.hop({who: s[at : at + HOP] for who, s in streams.items()})
            for at in range(0, len(warm) + RATE, HOP)
        ]
    )[-RATE // 2 :]
    track = pitch_track(heard)

    assert np.ptp(track[track > 0]) / np.median(track[track > 0]) < 0.05, "one pitch, not two"


def test_a_microphone_is_not_heard_before_its_first_second_of_speech() -> None:
    """Until then its own colour would show. With its pauses, one second takes 1.4 s."""
    sound = masked(speech_like(120, 4))
    loud = np.flatnonzero(envelope(sound) > -40)

    assert START == 100
    assert 1.0 <= loud[0] * 0.005 <= 1.8
    assert decibels(sound[: int(1.0 * RATE)]) == pytest.approx(-72, abs=1.5)


def test_a_microphone_that_was_away_is_heard_at_once_when_it_is_back() -> None:
    committee = Committee(UP)
    sound = speech_like(120, 4)
    for at in range(0, len(sound), HOP):
        committee.hop({"a": sound[at : at + HOP]})
    for _ in range(100):
        committee.hop({})
    back = [committee.hop({"a": sound[at : at + HOP]}) for at in range(0, RATE // 2, HOP)]

    assert decibels(np.concatenate(back)) > -30


def test_state_is_kept_for_a_limited_number_of_microphones() -> None:
    committee = Committee(UP)
    for number in range(MOST_KNOWN + 10):
        committee.hop({number: np.zeros(HOP, np.float32)})

    assert len(committee._microphones) == MOST_KNOWN


def test_levelling_gives_two_very_different_sources_the_same_statistics() -> None:
    """Mean and spread of 10 s not learned from, after 30 s that were: see the thresholds below."""
    rng = np.random.default_rng(7)
    left = []
    for scale, offset in ((5.0, -60.0), (14.0, -20.0)):
        shape = rng.normal(size=(COUNT, COUNT)) / np.sqrt(COUNT) + 0.5 * np.eye(COUNT)
        mean = offset + rng.normal(0, 8, COUNT)
        drawn: Bands = (mean + scale * rng.normal(size=(4_000, COUNT)) @ shape).astype(np.float32)
        levelling = Levelling()
        for row in drawn[:3_000]:
            levelling.learn(row)
        left.append(np.array([levelling.levelled(row) for row in drawn[3_000:]]))
    means = [rows.mean(axis=0) for rows in left]
    spreads = [np.sqrt(np.diag(np.cov(rows.T))) for rows in left]

    # Going in, 40 dB and a factor of 2.8; seen 0.6 dB and 13 %.
    assert np.abs(means[0] - means[1]).mean() < 1.5
    assert np.abs(np.log(spreads[0] / spreads[1])).mean() < 0.25


def test_the_map_brings_a_covariance_to_the_common_one_and_moves_the_common_one_little() -> None:
    rng = np.random.default_rng(8)
    shape = rng.normal(size=(COUNT, 3 * COUNT)) * 5
    spread = shape @ shape.T / COUNT
    moved = least_move(spread).astype(np.float64)

    assert np.allclose(moved @ spread @ moved.T, common_spread(), atol=0.1 * common_spread()[0, 0])
    assert np.allclose(least_move(common_spread()), np.eye(COUNT), atol=0.2)


def test_a_secret_that_is_too_short_gives_no_voice() -> None:
    with pytest.raises(MediaError):
        Vocoder(b"short")
