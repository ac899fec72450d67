"""A Chromium at a site: it runs in the site's namespace, playwright drives it over a pipe from outside.

Camera and microphone are Chromium's own fakes, or files: `write_tone` and `write_grey` make such files, so
that what another seat hears and sees can be told apart by measuring it.
"""

import math
import shlex
import struct
import wave
from pathlib import Path
from typing import Any, Final

from tests.support.chromium import launch_options
from tests.support.networks import Network

_RATE: Final = 48_000
_SIZE: Final = (320, 240)


def site_browser(
    network: Network,
    place: str,
    program: Path,
    folder: Path,
    *,
    origin: str,
    audio: Path | None = None,
    video: Path | None = None,
) -> dict[str, Any]:
    """Arguments of playwright's ``chromium.launch`` for a browser at a place; `folder` takes a small script.

    `origin` is the page's, which may use devices though it is served without TLS; `audio` is a WAV file,
    `video` a Y4M file, each played over and over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / f"chromium-{place}"
    script.write_text(f'#!/bin/sh\nexec {shlex.join([*network.prefix(place), str(program)])} "$@"\n')
    script.chmod(0o700)
    options = launch_options(script)
    options["args"] = [
        *options["args"],  # type: ignore[misc]
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--unsafely-treat-insecure-origin-as-secure={origin}",
        *([f"--use-file-for-fake-audio-capture={audio}"] if audio else []),
        *([f"--use-file-for-fake-video-capture={video}"] if video else []),
    ]
    return options


def write_tone(path: Path, hertz: int, seconds: int = 2) -> Path:
    """A WAV file of one tone; whole periods in whole seconds, so that it loops without a click."""
    samples = (round(12_000 * math.sin(2 * math.pi * hertz * n / _RATE)) for n in range(_RATE * seconds))
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, _RATE, 0, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


def write_grey(path: Path, luma: int, fps: int = 20) -> Path:
    """A Y4M file of one second of one shade, 16 (black) to 235 (white)."""
    width, height = _SIZE
    frame = b"FRAME\n" + bytes([luma]) * (width * height) + bytes([128]) * (width * height // 2)
    path.write_bytes(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420\n".encode() + frame * fps)
    return path
