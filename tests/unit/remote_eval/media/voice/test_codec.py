"""Opus in the forms in which browsers and hostile senders send it."""

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext

from remote_eval.errors import MediaError
from remote_eval.media.voice import rtp
from remote_eval.media.voice.codec import FRAME, Decoder, Encoder
from tests.support.vowels import OPEN, Sound, decibels, vowel


def foreign(sound: Sound, *, layout: str, milliseconds: int) -> list[bytes]:
    """The sound at 48 kHz as another encoder sends it."""
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.layout, context.format = 48_000, layout, "s16"
    context.options = {"frame_duration": str(milliseconds)}
    channels = 2 if layout == "stereo" else 1
    whole = np.repeat((np.repeat(sound, 3) * 32_767).astype(np.int16), channels)
    size = 48 * milliseconds * channels
    made = []
    for at in range(0, len(whole) - size + 1, size):
        frame = av.AudioFrame.from_ndarray(whole[at : at + size].reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = 48_000
        frame.pts = at // channels
        made += [bytes(packet) for packet in context.encode(frame)]
    return made


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("milliseconds", [10, 20, 60])
def test_every_shape_of_packet_gives_its_length_of_mono_sound(layout: str, milliseconds: int) -> None:
    decoder = Decoder()
    heard = []
    for payload in foreign(vowel(120, OPEN, 0.6), layout=layout, milliseconds=milliseconds):
        packet = rtp.write(payload, payload_type=111, sequence=0, timestamp=0, ssrc=1, first=False)
        (opus,) = rtp.read(packet, {111: "opus"})
        assert opus.ticks == 48 * milliseconds
        heard.append(decoder.decode(opus.payload, opus.ticks))

    assert len(np.concatenate(heard)) == 0.6 * 16_000
    assert decibels(np.concatenate(heard)) == pytest.approx(-20, abs=1.5)


def test_what_lies_above_8_khz_does_not_fold_down() -> None:
    """A tone of 11 kHz comes at 5 kHz if the filter does not hold it back; 40 dB down is out of hearing."""
    tone = (0.3 * np.sin(2 * np.pi * 11_000 / 48_000 * np.arange(48_000))).astype(np.float32)
    decoder = Decoder()
    passed = decoder._lowered(tone)

    assert decibels(passed[200:]) < decibels(tone) - 40
    low = (0.3 * np.sin(2 * np.pi * 3_000 / 48_000 * np.arange(48_000))).astype(np.float32)
    assert decibels(decoder._lowered(low)[200:]) == pytest.approx(decibels(low), abs=0.3)


@pytest.mark.parametrize(("payload", "ticks"), [(b"", 960), (b"\x78\x01\x02", 961), (b"\x7b\x82\xff", 1_920)])
def test_what_does_not_decode_to_its_length_is_refused(payload: bytes, ticks: int) -> None:
    with pytest.raises(MediaError) as refused:
        Decoder().decode(payload, ticks)
    assert refused.value.code == "media.packet"


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(FRAME + 1, dtype=np.float32),
        np.full(FRAME, np.nan, dtype=np.float32),
        np.full(FRAME, np.inf, dtype=np.float32),
    ],
)
def test_the_encoder_takes_one_frame_of_numbers_and_nothing_else(sound: Sound) -> None:
    with pytest.raises(MediaError) as refused:
        Encoder().encode(sound)
    assert refused.value.code == "media.codec"
