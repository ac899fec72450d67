"""Files that take a failed write back, alarms that ring once, samples that are judged by what they show."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from remote_eval.media.recording.alarms import BLACK, FROZEN, SILENT, Alarms
from remote_eval.media.recording.disk import RealDisk, RealFile, replace_file
from remote_eval.media.recording.health import HealthProbe, decode_luma, decode_peak
from tests.support.recorded_media import Coded, pictures, sounds


class Heard:
    """Events in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, object]]] = []

    def __call__(self, kind: str, data: Mapping[str, object]) -> None:
        self.events.append((kind, data))

    def of(self, code: str) -> list[str]:
        return [kind for kind, data in self.events if data.get("code") == code]


def test_half_of_a_failed_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = RealFile(tmp_path / "grown")
    made.append(b"first")
    real = os.write

    def short(handle: int, data: bytes) -> int:
        if len(data) < 6:
            raise OSError(28, "no space left")
        return real(handle, data[:3])

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="no space"):
        made.append(b"secondary")
    monkeypatch.undo()
    assert made.size == 5
    made.append(b"third")
    made.sync()
    made.close()
    assert (tmp_path / "grown").read_bytes() == b"firstthird"


def test_a_recording_is_never_written_over_and_is_its_owners_alone(tmp_path: Path) -> None:
    made = RealDisk().create(tmp_path / "one")
    made.close()
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        RealDisk().create(tmp_path / "one")


def test_a_document_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "0001.manifest.json"
    (tmp_path / "0001.manifest.json.new").write_bytes(b"left by a killed process")
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_an_alarm_rings_once_and_clears_once() -> None:
    heard = Heard()
    alarms = Alarms(heard)
    for wrong in (False, True, True, False, False, True):
        alarms.set("disk", None, 7, wrong=wrong)
    assert heard.of("disk") == ["alarm", "clear", "alarm"]
    assert heard.events[0][1] == {"code": "disk", "track": None, "value": 7}


def keyframes(shown: tuple[Coded, ...]) -> list[bytes]:
    return [one.data for one in shown if one.key]


def judged(frames: list[bytes], *, step: float) -> Heard:
    heard = Heard()
    probe = HealthProbe(Alarms(heard))
    for number, frame in enumerate(frames):
        probe.look("picture", "m/camera", [frame], number * step)
    return heard


def test_a_black_picture_is_an_alarm_until_something_is_seen() -> None:
    dark, light = keyframes(pictures(2, noise=2, level=16)), keyframes(pictures(2))
    assert judged([*dark, *light], step=2000).of(BLACK) == ["alarm", "clear"]
    assert judged(light * 3, step=2000).of(BLACK) == []


def test_the_same_picture_for_too_long_is_an_alarm_and_noise_is_none() -> None:
    still = keyframes(pictures(2))[:1] * 12
    assert judged(still, step=2000).of(FROZEN) == ["alarm"]
    assert judged([*still, keyframes(pictures(4))[1]], step=2000).of(FROZEN) == ["alarm", "clear"]
    alive = keyframes(pictures(24, noise=12))
    assert len(alive) == 12
    assert judged(alive, step=2000).of(FROZEN) == []


def test_silence_is_an_alarm_after_ten_seconds_and_ends_with_the_first_sound() -> None:
    heard = Heard()
    probe = HealthProbe(Alarms(heard))
    quiet = [one.data for one in sounds(2)[20:23]]
    loud = [one.data for one in sounds(2)[51:54]]
    for number in range(8):
        probe.look("sound", "m/microphone", quiet, number * 2000.0)
        assert heard.of(SILENT) == (["alarm"] if number >= 5 else [])
    probe.look("sound", "m/microphone", loud, 16_000.0)
    assert heard.of(SILENT) == ["alarm", "clear"]


class Prompt(HealthProbe):
    """Looks at once, and remembers when."""

    looks: list[float]

    def _offer(self, kind: str, track: str, media: list[bytes], at: float) -> None:
        self.looks.append(at)
        self.look(kind, track, media, at)


@pytest.fixture
def prompt() -> Prompt:
    probe = Prompt(Alarms(Heard()))
    probe.looks = []
    return probe


def test_a_picture_that_moves_is_looked_at_seldom_and_one_in_doubt_at_every_chance(prompt: Prompt) -> None:
    moving, black = keyframes(pictures(40, noise=12)), keyframes(pictures(2, noise=2, level=16))
    for number, frame in enumerate([*moving, *(moving[-1:] * 16)]):
        prompt.picture("m/camera", frame, number * 2000.0)
    # The first proves nothing, the second moves; then every 16 s, until one shows what the one before did.
    assert prompt.looks == [0, 2000, 18_000, 34_000, 50_000, 66_000, 68_000, 70_000]
    prompt.looks.clear()
    for number, frame in enumerate(black * 3):
        prompt.picture("n/camera", frame, number * 2000.0)
    assert prompt.looks == [0, 2000, 4000]


def test_a_voice_is_looked_at_seldom_and_silence_at_every_chance(prompt: Prompt) -> None:
    quiet = [one.data for one in sounds(2)[20:23]]
    loud = [one.data for one in sounds(2)[51:54]]
    for second in range(20):
        for packet in loud if second < 10 else quiet:
            prompt.sound("m/microphone", packet, second * 1000.0)
    assert prompt.looks == [0, 5000, 10_000, 12_000, 14_000, 16_000, 18_000]


def test_what_does_not_decode_is_not_judged() -> None:
    assert decode_luma(b"\x00" * 30) is None
    assert decode_peak([b"\xff\xff\xff"]) is None


def test_samples_are_taken_from_a_stream_on_a_thread_of_their_own() -> None:
    heard = Heard()
    probe = HealthProbe(Alarms(heard))
    for one in pictures(4, noise=2, level=16)[:25]:
        if one.key:
            probe.picture("m/camera", one.data, one.at)
    for one in sounds(2):
        probe.sound("m/microphone", one.data, one.at)
    probe.close()
    assert heard.of(BLACK) == ["alarm"]
    probe.forget("m/camera")
    probe.close()
    assert heard.of(BLACK) == ["alarm", "clear"]
