"""A room that is recorded without a network: members, wires, and a recorder that is told the time.

`Recording` plays tracks into a `PartRecorder` as fast as it can, in order of arrival; `writer_process` is
what a test kills.
"""

import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from crypto.sealing import x25519_public
from remote_eval.media.engine import RAW_CLASS, Kind, RecordPlan, TrackId
from remote_eval.media.recording.alarms import Alarms
from remote_eval.media.recording.disk import Disk, RealDisk
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.part import PartRecorder
from remote_eval.media.recording.setting import Setting
from tests.support.recorded_media import (
    AUDIO_TYPES,
    VIDEO_TYPES,
    Arrival,
    Source,
    Wire,
    camera,
    microphone,
    pictures,
    sounds,
)

ROOM_KEY: Final = bytes(range(32))
RAW_KEY: Final = bytes(range(1, 33))
OTHER_KEY: Final = bytes(range(2, 34))
LIMITS: Final = Limits(free_floor_bytes=0)
OPENED_AT: Final = 1_795_000_000_000.0
_TICK: Final = 50.0


def plan_in(folder: Path, *, part: int = 1, seed: bytes = b"run-seed" * 4) -> RecordPlan:
    """A plan with both classes."""
    return RecordPlan(
        folder=folder,
        room="room_1",
        part=part,
        keys={"room": x25519_public(ROOM_KEY), "raw": x25519_public(RAW_KEY)},
        seed=seed,
    )


@dataclass
class Heard:
    """Events and asked keyframes in order; fit for `emit` and `ask_keyframe`."""

    events: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def emit(self, kind: str, data: Mapping[str, object]) -> None:
        self.events.append((kind, data))

    def ask(self, track: TrackId) -> None:
        self.asked.append(track)

    def of(self, kind: str) -> list[Mapping[str, object]]:
        return [data for name, data in self.events if name == kind]


@dataclass(kw_only=True)
class Seat:
    """A member with camera and microphone. `encode`: how much longer its pictures take to leave, in ms."""

    member: str
    wire: Wire
    encode: float = 30.0
    seconds: int = 10
    redundancy: int = 0
    ppm: float = 0.0
    ntp_ms: float = 3_900_000_000_000.0

    def arrivals(self) -> list[tuple[TrackId, Arrival]]:
        """Everything that reaches the hub from this seat, unsorted; capture begins at room time 100 ms."""
        clock: dict[str, Any] = {"ntp_ms": self.ntp_ms, "ppm": self.ppm}
        sources: list[tuple[str, Source, Any, float]] = [
            ("camera", camera(**clock), pictures(self.seconds), self.encode),
            ("microphone", microphone(redundancy=self.redundancy, **clock), sounds(self.seconds), 0.0),
        ]
        found = []
        for name, source, coded, later in sources:
            track = TrackId(f"{self.member}/{name}")
            sent = [(at + later, data) for at, data in source.packets(coded, 100.0)]
            reports = [(at, source.report(at)) for at in range(600, self.seconds * 1000, 1000)]
            found += [(track, one) for one in self.wire.carry(sent)]
            found += [(track, one) for one in self.wire.carry(reports, report=True)]
        return found


class Recording:
    """A part recorder and the time it was told last."""

    def __init__(
        self,
        plan: RecordPlan,
        *,
        disk: Disk | None = None,
        cause: str | None = None,
        limits: Limits = LIMITS,
        start: float = 0.0,
    ) -> None:
        self.heard = Heard()
        self.now = start
        setting = Setting(
            plan=plan,
            opened_at=OPENED_AT,
            disk=disk or RealDisk(),
            emit=self.heard.emit,
            ask_keyframe=self.heard.ask,
            limits=limits,
        )
        self.part = PartRecorder(setting, Alarms(self.heard.emit), None, start, cause)

    def open(self, seats: Iterable[Seat]) -> None:
        """Open the tracks of these seats, with the round trip of their wires."""
        for seat in seats:
            for name, kind, types in _TRACKS:
                track = TrackId(f"{seat.member}/{name}")
                self.part.open_track(track, kind, types, self.now)
                self.part.round_trip(track, 2 * seat.wire.delay, self.now)

    def seal(self, seats: Iterable[Seat], klass: str = RAW_CLASS) -> None:
        """Let the microphones of these seats be of this class from now on."""
        for seat in seats:
            self.part.seal(TrackId(f"{seat.member}/microphone"), klass)

    def play(self, arrivals: Iterable[tuple[TrackId, Arrival]]) -> None:
        """Let packets and reports come in, in order of arrival."""
        for track, one in sorted(arrivals, key=lambda pair: pair[1].at):
            self.until(one.at)
            if one.report:
                self.part.report(track, one.data)
            else:
                self.part.packet(track, one.data, one.at)

    def until(self, at: float) -> None:
        """Let time pass."""
        while self.now + _TICK <= at:
            self.now += _TICK
            self.part.tick(self.now)

    def close(self) -> None:
        """End in order, before the silence counts as one."""
        self.until(self.now + 900)
        self.part.close(self.now, "closed")


def record(folder: Path, seats: Iterable[Seat], *, raw: Iterable[str] = (), **more: Any) -> Recording:
    """Record seats from beginning to end; the microphones of the members `raw` are so all the time."""
    listed = list(seats)
    recording = Recording(plan_in(folder, **more))
    recording.seal([one for one in listed if one.member in set(raw)])
    recording.open(listed)
    recording.play([one for seat in listed for one in seat.arrivals()])
    recording.close()
    return recording


_TRACKS: Final[tuple[tuple[str, Kind, Mapping[int, str]], ...]] = (
    ("camera", "video", VIDEO_TYPES),
    ("microphone", "audio", AUDIO_TYPES),
)


def writer_process(folder: Path) -> None:
    """Play ten seconds into `folder`, say so, and stand still with a cluster open until killed."""
    seats = [Seat(member="mem_a", wire=Wire(seed=1, jitter=10))]
    recording = Recording(plan_in(folder))
    recording.open(seats)
    recording.play([one for seat in seats for one in seat.arrivals()])
    print("played", flush=True)  # noqa: T201 - the parent waits for this line
    signal.pause()


def killed_writer(folder: Path) -> None:
    """Run `writer_process` in a process of its own and kill it while it stands there."""
    program = "from tests.support.recording_worlds import *; import sys; writer_process(Path(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"played\n"
        process.send_signal(signal.SIGKILL)
