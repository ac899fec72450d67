"""What forwarding a room costs: the embedded engine beside Janus, on the same load in one run.

    python benchmarks/rooms.py [--runs 3] [--seconds 8] [--steps 384,512,640,768] [--engines lite,janus]

cpu %       processor time of the engine's process (user and system, with the kernel's way of each packet) as
            a share of one core; for Janus that of Janus alone, `beside` is its room process (adapter)
lost %      of all packets at all viewers, by their numbers, nothing asked for again
p50, p99    milliseconds from a publisher's send call to the kernel's arrival at a viewer
frame s     from a viewer's request, under this load, to the first packet of a keyframe: signalling, ICE, DTLS

A leg is one member's camera and microphone at one viewer. Both engines run as the platform runs them, record
nothing, and have processor 1; the load (`room_load.py`) has processor 0. All run with real-time priority
(SCHED_RR), or what else the machine does would be in the delays; `--no-realtime` leaves it out. Needs root.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from room_load import ROOM, Load, percentile, totals
from timing import machine, table, verdict

from app.gateways.janus_engines import JanusEngines, OwnJanus
from app.gateways.room_engines import RoomEngines, RoomProcesses
from remote_eval.media.engine import MediaEngine, MemberId
from tests.support.janus_ground import cable, free_port, media_ports, obstacle

LOAD_CORE, ENGINE_CORE = {0}, {1}
TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_S = 1.5
CASES = {"room 10 x 13": (10, 13), "8 x 32": (8, 32)}
JOINS = 3
# Requests for keyframes of one camera keep half a second from each other; each join has its own here.
APART_S = 0.6
# What is started from here does not inherit it.
REALTIME = os.SCHED_RR | os.SCHED_RESET_ON_FORK
PROCESS = "ready.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One case once: shares are 0 to 1, delays milliseconds, `frame` seconds."""

    cpu: float
    beside: float
    lost: float
    p50: float
    p99: float
    frame: float
    packets: float
    load: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An engine with the process that forwards and, for Janus, the one beside it."""

    engine: MediaEngine
    forwards: int
    beside: int | None


def processor_s(process: int) -> float:
    """User and system seconds of a process with all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pin(process: int, cores: set[int], *, realtime: bool) -> None:
    """Put all threads of a process on these cores."""
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), cores)
            if realtime:
                os.sched_setscheduler(int(task.name), REALTIME, os.sched_param(5))


def process_of(folder: Path) -> int:
    """The process that says in its folder that it runs."""
    return int(json.loads((folder / PROCESS).read_bytes())["pid"])


def child_of(process: int) -> int:
    """The first process that a process started."""
    return int(Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()[0])


@asynccontextmanager
async def running(name: str, *, realtime: bool) -> AsyncIterator[Running]:
    """An engine as the platform runs it."""
    with tempfile.TemporaryDirectory() as text, contextlib.ExitStack() as stack:
        folder = Path(text)
        own = None
        if name == "lite":
            engines: RoomEngines = RoomProcesses(folder, bind="127.0.0.1", addresses=("127.0.0.1",))
        else:
            own = OwnJanus(
                folder / "janus",
                interfaces=(stack.enter_context(cable()),),
                media_ports=media_ports(),
                port=free_port(),
                admin_port=free_port(),
                linger=0.1,
            )
            engines = JanusEngines(folder, own)
        attached = await engines.attach(ROOM)
        room = process_of(folder / ROOM)
        forwards, beside = room, None
        if name == "janus":
            forwards, beside = child_of(process_of(folder / "janus")), room
            pin(room, LOAD_CORE, realtime=realtime)
        pin(forwards, ENGINE_CORE, realtime=realtime)
        try:
            yield Running(engine=attached.engine, forwards=forwards, beside=beside)
        finally:
            await attached.engine.aclose()
            await engines.release(ROOM)
            if own is not None:
                await own.ended(20)


async def once(name: str, senders: int, viewers: int, seconds: float, *, realtime: bool) -> Seen:
    """One case on a fresh engine."""
    async with running(name, realtime=realtime) as one:
        load = Load(one.engine)
        try:
            await load.begin(senders, viewers)
            # Threads that began with the connections.
            pin(one.forwards, ENGINE_CORE, realtime=realtime)
            await asyncio.sleep(SETTLE_S)
            return await measured(one, load, seconds)
        finally:
            await load.end()


async def measured(one: Running, load: Load, seconds: float) -> Seen:
    """Look at a load that runs, then let single viewers join it."""
    for viewer in load.viewers:
        viewer.reset()
    began, cpu, own = time.perf_counter(), processor_s(one.forwards), time.process_time()
    beside = 0.0 if one.beside is None else processor_s(one.beside)
    await asyncio.sleep(seconds)
    passed = time.perf_counter() - began
    cpu = processor_s(one.forwards) - cpu
    own = time.process_time() - own
    beside = 0.0 if one.beside is None else processor_s(one.beside) - beside
    lost, delays, packets = totals(load.viewers)
    frames = []
    for number in range(JOINS):
        await asyncio.sleep(APART_S)
        frames.append(await join(load, number))
    return Seen(
        cpu=cpu / passed,
        beside=beside / passed,
        lost=lost,
        p50=percentile(delays, 0.5),
        p99=percentile(delays, 0.99),
        frame=statistics.median(frames),
        packets=packets / passed,
        load=own / passed,
    )


async def join(load: Load, number: int) -> float:
    """Seconds from a request to view to the first packet of a picture."""
    began = time.perf_counter()
    viewer = await load.view(MemberId(f"mem_late{number}"), load.tracks[:2])
    await viewer.pictured()
    took = time.perf_counter() - began
    await viewer.close()
    return took


def median(seen: list[Seen]) -> Seen:
    """Each figure's median."""
    names = Seen.__dataclass_fields__
    return Seen(**{name: statistics.median(getattr(one, name) for one in seen) for name in names})


def row(label: str, name: str, seen: Seen) -> list[object]:
    """One line of the table."""
    figures = [100 * seen.cpu, 100 * seen.beside, 1e6 * seen.cpu / seen.packets, 100 * seen.lost]
    return [label, name, *figures, seen.p50, seen.p99, seen.frame, round(100 * seen.load)]


HEAD = ["case", "engine", "cpu %", "beside %", "µs/packet", "lost %", "p50 ms", "p99 ms", "frame s", "load %"]


async def compare(engines: list[str], runs: int, seconds: float, *, realtime: bool) -> None:
    """Both engines in turn, and the ratios."""
    rows, found = [], {}
    for label, (senders, viewers) in CASES.items():
        seen: dict[str, list[Seen]] = {name: [] for name in engines}
        for _ in range(runs):
            for name in engines:
                seen[name].append(await once(name, senders, viewers, seconds, realtime=realtime))
        for name in engines:
            found[label, name] = median(seen[name])
            rows.append(row(f"{label} = {senders * viewers} legs", name, found[label, name]))
    table(HEAD, rows)
    for label in CASES:
        lite = found[label, engines[0]]
        print(f"{label}: lost {verdict(100 * lite.lost, 0)}, p50 ms {verdict(lite.p50, 2)}", end="")
        print(f", p99 ms {verdict(lite.p99, 20)}")
        if len(engines) > 1:
            janus = found[label, engines[1]]
            for name in ("cpu", "p50", "p99", "frame"):
                ratio = getattr(lite, name) / getattr(janus, name)
                print(f"  {name}: {engines[0]} / {engines[1]} {ratio:.2f}", end="")
                print(f" {verdict(ratio, 1)}" if name == "cpu" else "")


async def climb(engines: list[str], steps: list[int], seconds: float, *, realtime: bool) -> None:
    """More and more viewers of eight members, until a hundredth is lost."""
    rows = []
    for name in engines:
        for legs in steps:
            seen = await once(name, 8, legs // 8, seconds, realtime=realtime)
            rows.append(row(f"{legs} legs", name, seen))
            if seen.lost >= 0.01:
                break
    table(HEAD, rows)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="The embedded engine beside Janus.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--steps", default="384,512,640,768")
    parser.add_argument("--engines", default="lite,janus")
    parser.add_argument("--realtime", action=argparse.BooleanOptionalAction, default=True)
    words = parser.parse_args()
    engines = words.engines.split(",")
    if "janus" in engines and (why := obstacle()) is not None:
        sys.exit(why)
    pin(os.getpid(), LOAD_CORE, realtime=words.realtime)
    print(machine(), "with real-time priority\n" if words.realtime else "\n")
    asyncio.run(compare(engines, words.runs, words.seconds, realtime=words.realtime))
    steps = [int(one) for one in words.steps.split(",") if one]
    if steps:
        asyncio.run(climb(engines, steps, words.seconds, realtime=words.realtime))


if __name__ == "__main__":
    main()
