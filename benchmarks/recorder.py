"""Processor time of the recorder: ten participants, a minute of their packets, against a plain PyAV mux.

    python benchmarks/recorder.py [--participants 10] [--seconds 60] [--runs 3]

recorder   packets in → order, frames, room time, Matroska, AES-256-GCM, chain, index, a fdatasync per cluster
sampled    the same, with its looks for black, frozen and silent tracks, each the moment its sample comes: a
           minute is fed in a second, and the thread that looks in a room would be late with its "all well"
mux        the baseline: the same coded frames, already whole and timed, through PyAV's Matroska muxer; no
           order, no clock, no sealing, no chain, no index, no sync

Media is VP8 of 640 × 480 at 30 pictures and about 600 kbit/s, and Opus of 50 packets a second, in packets of
at most 1100 bytes. Packets come in order of arrival, as fast as they are taken; what counts is processor time
of the whole process, kernel included.
"""

import argparse
import os
import resource
import shutil
import statistics
import tempfile
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from timing import machine, table, verdict

from remote_eval.media.engine import TrackId
from remote_eval.media.recording.alarms import Alarms
from remote_eval.media.recording.disk import RealDisk
from remote_eval.media.recording.health import HealthProbe
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.opening import open_recording
from remote_eval.media.recording.part import PartRecorder
from remote_eval.media.recording.setting import Setting
from tests.support.recorded_media import AUDIO_TYPES, VIDEO_TYPES, Coded, camera, microphone, sounds
from tests.support.recording_worlds import ROOM_KEY, plan_in

GOAL_PERCENT = 0.2
KEYFRAME_S = 10
FPS = 30
Packets = list[tuple[float, TrackId, bytes]]


def moving(seconds: int) -> tuple[Coded, ...]:
    """VGA of a moving pattern with noise: about 600 kbit/s."""
    encoder: Any = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 640, 480, "yuv420p"
    encoder.time_base, encoder.gop_size, encoder.bit_rate = Fraction(1, FPS), KEYFRAME_S * FPS, 600_000
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    chance = np.random.default_rng(3)
    out = []
    for number in range(seconds * FPS):
        row = (np.arange(640) + 3 * number) % 200 + 20
        plane = np.tile(row, (720, 1)) + chance.integers(0, 12, (720, 640))
        plane[480:] = 128
        frame = av.VideoFrame.from_ndarray(plane.astype(np.uint8), format="yuv420p")
        frame.pts = number
        out += [Coded(number * 1000 / FPS, bytes(one), one.is_keyframe) for one in encoder.encode(frame)]
    return tuple(out)


def packets(participants: int, pictures: Sequence[Coded], voices: Sequence[Coded]) -> Packets:
    """Everything that arrives, in order."""
    found: Packets = []
    for number in range(participants):
        later = number * 7.0
        for name, source, coded in (("camera", camera(), pictures), ("microphone", microphone(), voices)):
            track = TrackId(f"mem_{number}/{name}")
            found += [(at + later, track, data) for at, data in source.packets(coded, 100.0)]
    found.sort(key=lambda one: one[0])
    return found


class Prompt(HealthProbe):
    """Judges a sample when it comes."""

    def _offer(self, kind: str, track: str, media: list[bytes], at: float) -> None:
        self.look(kind, track, media, at)


def recorded(folder: Path, fed: Packets, participants: int, *, sampled: bool) -> None:
    """Take all packets as the recorder's thread does, with a tick every 50 ms of their time."""
    alarms = Alarms(lambda _kind, _data: None)
    probe = Prompt(alarms) if sampled else None
    setting = Setting(
        plan=plan_in(folder),
        opened_at=0.0,
        disk=RealDisk(),
        emit=lambda _kind, _data: None,
        ask_keyframe=lambda _track: None,
        limits=Limits(free_floor_bytes=0),
    )
    part = PartRecorder(setting, alarms, probe, 0.0, None)
    for number in range(participants):
        part.open_track(TrackId(f"mem_{number}/camera"), "video", VIDEO_TYPES, 0.0)
        part.open_track(TrackId(f"mem_{number}/microphone"), "audio", AUDIO_TYPES, 0.0)
    now = 0.0
    for at, track, data in fed:
        while now + 50 <= at:
            now += 50
            part.tick(now)
        part.packet(track, data, at)
    part.close(now, "closed")


def muxed(folder: Path, participants: int, pictures: Sequence[Coded], voices: Sequence[Coded]) -> None:
    """The same media by a library, one file per track."""
    folder.mkdir()
    for number in range(participants):
        for name, codec, coded in (("camera", "vp8", pictures), ("microphone", "libopus", voices)):
            with av.open(str(folder / f"{number}.{name}.mkv"), "w") as container:
                stream: Any = container.add_stream(codec if codec != "vp8" else "libvpx")
                if codec == "vp8":
                    stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
                else:
                    stream.sample_rate, stream.layout = 48_000, "stereo"
                for one in coded:
                    packet = av.Packet(one.data)
                    packet.stream, packet.time_base = stream, Fraction(1, 1000)
                    packet.pts = packet.dts = round(one.at)
                    packet.is_keyframe = one.key
                    container.mux(packet)


def used(work: Callable[[Path], None]) -> float:
    """Processor seconds of one run in an empty folder, user and system, all threads."""
    folder = Path(tempfile.mkdtemp(dir=Path.cwd()))
    try:
        before = resource.getrusage(resource.RUSAGE_SELF)
        work(folder / "rec")
        after = resource.getrusage(resource.RUSAGE_SELF)
    finally:
        shutil.rmtree(folder)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def proved(fed: Packets, pictures: Sequence[Coded], participants: int) -> None:
    """What is measured is the real work: every picture is in the file, and opens."""
    folder = Path(tempfile.mkdtemp(dir=Path.cwd()))
    try:
        recorded(folder / "rec", fed, participants, sampled=False)
        every = open_recording(folder / "rec", [ROOM_KEY])
        assert len(every) == 2 * participants
        size = sum(len(frame) for frame in every[0].frames())
        assert size > sum(len(one.data) for one in pictures)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Processor time of the recorder")
    parser.add_argument("--participants", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    people, seconds = given.participants, given.seconds
    pictures, voices = moving(seconds), sounds(seconds)
    fed = packets(people, pictures, voices)
    rate = sum(len(one.data) for one in pictures) * 8 / seconds / 1000
    print(f"recorder: {people} participants, {seconds} s, video {rate:.0f} kbit/s each, {len(fed)} packets")
    print(f"medians of {given.runs} runs; {machine()}; disk of {os.fspath(Path.cwd().anchor)}")
    proved(fed, pictures, people)
    works: dict[str, Callable[[Path], None]] = {
        "recorder": lambda folder: recorded(folder, fed, people, sampled=False),
        "sampled": lambda folder: recorded(folder, fed, people, sampled=True),
        "mux": lambda folder: muxed(folder, people, pictures, voices),
    }
    taken = {name: statistics.median(used(work) for _ in range(given.runs)) for name, work in works.items()}
    rows = []
    for name, spent in taken.items():
        percent = 100 * spent / seconds / people
        judged = "" if name == "mux" else verdict(percent, GOAL_PERCENT)
        rows.append([name, spent, percent, 1e6 * spent / len(fed), spent / taken["mux"], judged])
    table(["writer", "CPU s", "% of a core each", "µs per packet", "÷ mux", "goal"], rows)


if __name__ == "__main__":
    main()
