"""The seat's page as it is built, ten minutes of real time without a line: how soon it goes on by itself.

    PYTHONPATH=. python benchmarks/long_cut_page.py [MINUTES] [--shots FOLDER]

Seven experts at three sites over network namespaces and the embedded engine, the evaluation under way. One
sits at the built page in a browser behind a cable of its own, another one, in a browser too, sees and hears
that one; nobody touches the page from the cut to the end. Told are the page's light, seconds from the line's
return until each hears and sees the other, and the gaps of the archive. Ends with an error when the page does
not come back by itself, somebody came in anew, or the archive does not hold. Needs root, Linux and Chromium;
takes two minutes longer than the cut.
"""

import argparse
import logging
import tempfile
import time
from pathlib import Path

import structlog
from long_cut import SHORT_SECONDS, gaps
from timing import machine, table

from tests.support.chromium import find_chromium
from tests.support.hub_room import BOTH
from tests.support.hub_world import make_hub_world
from tests.support.impair_wire import CUT
from tests.support.networks_names import obstacle
from tests.support.seat_cable import SEAT, CableStage, cable_stage

LOOK_SECONDS = 30.0
# Others see you, others hear you.
SEEN = ("别人看得到您", "别人听得到您")


def picture(stage: CableStage, shots: Path | None, name: str) -> None:
    """The page as it stands, for somebody to look at."""
    if shots is not None:
        stage.seat.page.screenshot(path=shots / f"{name}.png")


def lose(stage: CableStage, minutes: float, shots: Path | None) -> None:
    """Cut the cable for so long; the page says all the while that it is cut."""
    with stage.cable.under(CUT):
        began = time.monotonic()
        stage.seat.light("cut")
        print(f"the page says that its line is cut after {time.monotonic() - began:.1f} s", flush=True)
        while (left := minutes * 60 - (time.monotonic() - began)) > 0:
            stage.seat.linger(min(left, LOOK_SECONDS))
            assert stage.seat.page.locator("p.light.cut").count() == 1
            picture(stage, shots, f"cut-{time.monotonic() - began:03.0f}")
        firsts = stage.facing.count(), stage.seat.count()
    mended = time.monotonic()
    seen, own = stage.waiting(*firsts)
    stage.seat.light("good")
    light = time.monotonic() - mended
    for told in SEEN:
        stage.seat.page.get_by_text(told).wait_for()
    sure = time.monotonic() - mended
    picture(stage, shots, "back")
    rows: list[list[object]] = [
        ["the seat is heard", seen.audio],
        ["the seat is seen", seen.video],
        ["the seat hears all", own.audio],
        ["the seat sees all", own.video],
        ["its light is good", light],
        ["it says that it is seen and heard", sure],
    ]
    table(["after the line is back", "s"], rows)
    assert None not in (seen.audio, seen.video, own.audio, own.video)


def check(stage: CableStage, minutes: float) -> None:
    """The same person, once; the archive holds and names how long that one was away."""
    room = stage.room
    assert stage.seat.page.locator(".tile").first.get_attribute("data-member") == room.members[SEAT]
    archive = room.close_room()
    assert archive["ok"], archive["faults"]
    for track in (room.track(SEAT, one) for one in BOTH):
        longest = max(gaps(archive, track))
        print(f"longest gap listed of a track of the seat, seconds: {longest}")
        assert longest > minutes * 60 - SHORT_SECONDS, longest


def main() -> None:
    """One room, one cut."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("minutes", type=float, nargs="?", default=10.0)
    parser.add_argument("--shots", type=Path)
    asked = parser.parse_args()
    program = find_chromium()
    if (reason := obstacle()) is not None or program is None:
        raise SystemExit(reason or "a Chromium is needed")
    print(machine(), flush=True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as text:
        world, folder = make_hub_world(Path(text) / "world"), Path(text) / "room"
        folder.mkdir()
        with cable_stage(world, program, folder) as stage:
            lose(stage, asked.minutes, asked.shots)
            check(stage, asked.minutes)


if __name__ == "__main__":
    main()
