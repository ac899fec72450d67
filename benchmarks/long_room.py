"""An hour of a room of the embedded engine, played in some seconds: does anything grow?

    PYTHONPATH=. python benchmarks/long_room.py [MINUTES]

The room of `tests/support/quick_room.py`, with a recorder: time is the player's; connections, DTLS, SRTP,
packets and files are real; a guest comes and goes every ten seconds. Every five minutes of the room: objects
that live in the process, and its own memory (resident, without mapped files). From the tenth minute on
neither may grow by a hundredth; ends with exit code 1 when one does. No sockets, threads, masked voice or
control channel: those are in `soak.py`, in real time.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from timing import machine, table

from remote_eval.media.engine import RoomSpec
from tests.support.living import living
from tests.support.quick_room import ANNA, BEN, ROOM, TRACKS, QuickRoom
from tests.support.recording_worlds import plan_in

EACH_MINUTES = 5
SETTLED_MINUTES = 10


def memory_kib() -> int:
    """The process's own memory."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(told["RssAnon"].split()[0])


async def play(minutes: int, folder: Path) -> list[tuple[int, int, int]]:
    """Minutes, objects and KiB."""
    room = QuickRoom()
    await room.begin(RoomSpec(opened_at=0.0, record=plan_in(folder / "rec")))
    for member in (ANNA, BEN):
        await room.view(member, TRACKS)
    looks = []
    for minute in range(EACH_MINUTES, minutes + 1, EACH_MINUTES):
        await room.minutes(EACH_MINUTES, TRACKS)
        looks.append((minute, living(), memory_kib()))
    stats = await room.engine.stats(ROOM)
    assert stats.unhandled == 0
    await room.engine.aclose()
    return looks


def grows(figures: list[int]) -> bool:
    """Whether the second half never comes back to the first, a hundredth more or less."""
    middle = len(figures) // 2
    return min(figures[middle:]) > 1.01 * max(figures[:middle])


def main() -> None:
    """Command line."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        looks = asyncio.run(play(int(sys.argv[1]) if len(sys.argv) > 1 else 60, Path(folder)))
    table(["minute", "objects", "KiB"], looks)
    settled = [one for one in looks if one[0] >= SETTLED_MINUTES]
    sys.exit(1 if any(grows([one[at] for one in settled]) for at in (1, 2)) else 0)


if __name__ == "__main__":
    main()
