"""A room that runs on: does the engine's process grow?

    python benchmarks/soak.py [--minutes 10] [--settling 12] [--senders 4] [--viewers 6] [--churn 5]

A room process with recorder and masked voice; the load of `room_load.py`, and every `--churn` seconds a
member joins, sees and hears everybody, and leaves. Once a second the process is asked for its own memory
(resident, without mapped files), open files and threads, and in the end the room for what it could not
handle. For `--settling` minutes rings, clocks and the checks that each connection remembers fill up, and the
allocator finds out how much it needs at the worst moment: it takes some steps in the first ten minutes and
gives nothing back. The slope of each figure (least squares) over the `--minutes` after that must be nothing:
memory within 1 MiB an hour for the whole room, or within the scatter of its own figures
(two standard errors), files and threads too; or the last quarter never exceeds the first. Ends with exit code
1 when one of them grows. In real time, with no particular core or priority.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from room_load import ROOM, Counter, Load, totals
from timing import machine, table

from app.gateways.room_engines import RoomProcesses
from crypto.sealing import x25519_public
from remote_eval.media.engine import (
    MICROPHONE,
    Grants,
    MaskProfile,
    MediaEngine,
    MemberId,
    RecordPlan,
    RoomSpec,
    track_id,
)
from tests.support import media_link

# Of the room's process, however many are in the room.
GROWTH_MIB_H = 1.0
CHECK_SECONDS = 0.5
# Of so many looks a slope says something.
LEAST_LOOKS = 60
KEYS = {name: x25519_public(bytes([number]) * 32) for number, name in enumerate(("room", "raw"), 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The process at one moment: memory in MiB."""

    seconds: float
    memory: float
    files: int
    threads: int


def look(process: int, began: float) -> Look:
    """Ask the kernel."""
    place = Path(f"/proc/{process}")
    told = dict(line.split(":", 1) for line in (place / "status").read_text("utf-8").splitlines())
    return Look(
        seconds=time.monotonic() - began,
        memory=int(told["RssAnon"].split()[0]) / 1024,
        files=len(list((place / "fd").iterdir())),
        threads=int(told["Threads"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Growth in an hour, and its standard error."""

    hourly: float
    error: float


def slope(seconds: list[float], values: list[float]) -> Slope:
    """Least squares. Looks that follow each other are alike, so their number counts a tenth."""
    x, y = np.array(seconds) / 3600, np.array(values)
    factor, start = np.polyfit(x, y, 1)
    scatter = float(np.std(y - (factor * x + start)))
    error = scatter / (float(np.std(x)) * max(1.0, (len(x) / 10) ** 0.5))
    return Slope(hourly=float(factor), error=error)


async def churn(load: Load, every: float) -> int:
    """Members come and go until cancelled."""
    count = 0
    while True:
        await asyncio.sleep(every)
        count += 1
        guest = MemberId(f"mem_guest{count}")
        viewer: Counter = await load.view(guest, load.tracks)
        await viewer.pictured()
        # Every other one vanishes without goodbye and is thrown out.
        await viewer.close(silently=count % 2 == 0)
        await load.engine.expel(ROOM, guest)


async def room(engine: MediaEngine, folder: Path, senders: int, viewers: int) -> Load:
    """A room that records everything and masks one voice."""
    plan = RecordPlan(folder=folder, room="soak", part=1, keys=KEYS, seed=bytes(32))
    load = Load(engine)
    await load.begin(senders, viewers, RoomSpec(opened_at=time.time() * 1000, record=plan, max_members=256))
    voice = track_id(load.senders[0].member, MICROPHONE)
    masked = await engine.start_mask(ROOM, frozenset({voice}), MaskProfile(secret=bytes(32)))
    bidder = MemberId("mem_bidder")
    await engine.admit(ROOM, bidder, Grants(receive=frozenset({masked})))
    load.viewers.append(await load.view(bidder, [masked]))
    return load


async def soak(minutes: float, settling: float, senders: int, viewers: int, every: float) -> bool:
    """Run and judge; True when nothing grows."""
    with tempfile.TemporaryDirectory() as text:
        engines = RoomProcesses(Path(text), bind="127.0.0.1", addresses=("127.0.0.1",))
        attached = await engines.attach(ROOM)
        process = int(json.loads((engines.folder(ROOM) / "ready.json").read_bytes())["pid"])
        load = await room(attached.engine, engines.folder(ROOM) / "recordings", senders, viewers)
        coming = asyncio.create_task(churn(load, every))
        looks = await watch(process, (settling + minutes) * 60, coming)
        stats = await attached.engine.stats(ROOM)
        lost, _, packets = totals(load.viewers)
        await load.end()
        await attached.engine.aclose()
        await engines.release(ROOM)
    print(f"{packets} packets at {viewers} viewers, {100 * lost:.3f} % lost, {stats.unhandled} unhandled")
    return judge(looks, settling * 60) and stats.unhandled == 0


async def watch(process: int, seconds: float, coming: asyncio.Task[int]) -> list[Look]:
    """Looks, one a second, while members come and go."""
    began = time.monotonic()
    looks = []
    while time.monotonic() - began < seconds and not coming.done():
        await asyncio.sleep(1)
        looks.append(look(process, began))
    coming.cancel()
    await asyncio.wait([coming])
    if not coming.cancelled():
        coming.result()
    return looks


def judge(looks: list[Look], settled: float) -> bool:
    """Print the slopes from so many seconds on; True when nothing grows."""
    print("memory by the minute:", *(f"{one.memory:.1f}" for one in looks[::60]))
    rest = [one for one in looks if one.seconds >= settled]
    if len(rest) < LEAST_LOOKS:
        print(f"no slope: {len(rest)} looks after {settled:.0f} s")
        return False
    seconds = [one.seconds for one in rest]
    rows, good = [], True
    for name in ("memory", "files", "threads"):
        values = [float(getattr(one, name)) for one in rest]
        found = slope(seconds, values)
        allowed = max(GROWTH_MIB_H, 2 * found.error) if name == "memory" else 2 * found.error
        quarter = max(1, len(values) // 4)
        fine = found.hourly <= allowed or max(values[-quarter:]) <= max(values[:quarter])
        good = good and fine
        ends = [looks[0], rest[0], looks[-1]]
        shown = [float(getattr(one, name)) for one in ends]
        rows.append([name, *shown, found.hourly, found.error, "steady" if fine else "GROWS"])
    table(["", "first", f"after {settled:.0f} s", "last", "an hour", "± error", ""], rows)
    return good


def main() -> None:
    """Command line."""
    media_link.CONSENT_SECONDS = CHECK_SECONDS
    parser = argparse.ArgumentParser(description="A room for some minutes, and what grows.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--settling", type=float, default=12)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--viewers", type=int, default=6)
    parser.add_argument("--churn", type=float, default=5)
    words = parser.parse_args()
    print(machine())
    good = asyncio.run(soak(words.minutes, words.settling, words.senders, words.viewers, words.churn))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
