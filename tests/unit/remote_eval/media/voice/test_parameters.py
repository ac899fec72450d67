"""What a secret decides about a voice, and that it does not show."""

import numpy as np
import pytest

from remote_eval.errors import MediaError
from remote_eval.media.voice.bands import CENTRES
from remote_eval.media.voice.parameters import (
    MOST_SECRET,
    MOVE,
    MOVE_DRIFT,
    PITCH,
    PITCH_DRIFT,
    parameters_of,
)

SECRETS = [bytes([one]) * 32 for one in range(40)]
TIMES = np.arange(0, 120, 0.5)


def test_the_same_secret_gives_the_same_voice() -> None:
    assert parameters_of(SECRETS[1]) == parameters_of(bytes(SECRETS[1]))


def test_other_secrets_give_other_voices() -> None:
    voices = [parameters_of(secret) for secret in SECRETS]

    assert len({one.pitch for one in voices}) == len(SECRETS)
    assert len({one.noise_seed for one in voices}) == len(SECRETS)
    # Both directions occur: nobody can count on the formants having gone down.
    assert {one.move > 1 for one in voices} == {True, False}


@pytest.mark.parametrize("secret", SECRETS[:8])
def test_pitch_stays_in_its_range_and_drifts(secret: bytes) -> None:
    voice = parameters_of(secret)
    track = np.array([voice.pitch_at(second) for second in TIMES])

    assert PITCH[0] * (1 - PITCH_DRIFT) <= track.min() < track.max() <= PITCH[1] * (1 + PITCH_DRIFT)
    assert track.max() / track.min() > 1.02
    # Slowly: half a second changes the pitch by less than a quarter of a semitone.
    assert np.abs(np.diff(np.log2(track))).max() < 0.25 / 12


@pytest.mark.parametrize("secret", SECRETS[:8])
def test_the_warp_keeps_the_order_of_frequencies_and_moves_them_all_the_same_way(secret: bytes) -> None:
    voice = parameters_of(secret)
    for second in TIMES[::20]:
        warped = voice.warp_at(second, CENTRES)
        ratio = warped / CENTRES
        assert (np.diff(warped) > 0).all()
        assert (ratio > 1.04).all() or (ratio < 0.96).all()
        assert ratio.max() / ratio.min() > 1.04, "a straight line would be taken back by one factor"
        least = 1 / (MOVE[1] * (1 + MOVE_DRIFT))
        assert least * 0.94 < ratio.min() < ratio.max() < 1.06 / least


def test_neither_a_secret_nor_its_voice_is_shown_in_print() -> None:
    assert repr(parameters_of(SECRETS[3])) == "VoiceParameters()"


@pytest.mark.parametrize("length", [0, 15, MOST_SECRET + 1])
def test_a_secret_that_can_be_guessed_or_is_no_secret_is_refused(length: int) -> None:
    with pytest.raises(MediaError) as refused:
        parameters_of(bytes(length))
    assert refused.value.code == "media.secret"
