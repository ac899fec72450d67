"""A sub-site without a line for ten minutes of real time: what the whole room does, and how soon it goes on.

    PYTHONPATH=. python benchmarks/long_cut.py [MINUTES]

Seven experts at three isolated sites, witness, supervisor and room cameras, over network namespaces and the
embedded engine; the wire of site B is cut once all evaluate. Until it is back the room stands still for
everybody: nobody hears anybody, and the other sites are recorded. Told are seconds from the line's return to
the site's people being in, to the witness's release and to everybody hearing everybody by the tones; then the
archive, whose gaps have to name who was away, and for as long. Ends with an error when one of these does not
hold. Needs root and Linux; takes two minutes longer than the cut.
"""

import logging
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from timing import machine, table

from tests.support.hub_room import HubRoom, hub_room
from tests.support.hub_world import SITES, make_hub_world
from tests.support.impair_wire import CUT
from tests.support.networks_names import obstacle

SEATS = {f"e{number}" for number in range(1, 8)}
AWAY = ("e4", "e5")
SITE = "site-b"
NOBODY: set[str] = set()
# How far a listed gap may fall short of the cut: a connection is given up some time after its last packet.
SHORT_SECONDS = 45.0
# What a busy machine may lose of those who stayed.
OTHERS_SECONDS = 3.0


def lose(room: HubRoom, minutes: float) -> None:
    """Cut the line for so long; the room stands still from its loss to its return."""
    here = SEATS - set(AWAY)
    with room.network.wire(SITE).under(CUT):
        began = time.monotonic()
        room.event("w", "hold", kind="frozen", on=True)
        print(f"frozen for all after {time.monotonic() - began:.1f} s", flush=True)
        while (left := minutes * 60 - (time.monotonic() - began)) > 0:
            silent = dict.fromkeys(here, NOBODY) | {"w": here}
            room.arrives_as(silent, {name: here - {name} for name in here} | {"w": here | {"c1", "c3"}})
            time.sleep(min(left, 60.0))


def come_back(room: HubRoom) -> list[tuple[str, float]]:
    """What happened so many seconds after the line was back."""
    began = time.monotonic()
    steps: list[tuple[str, float]] = []

    def step(what: str) -> None:
        steps.append((what, time.monotonic() - began))

    for name in (*AWAY, "c2"):
        room.rejoin(name, within=60)
    step("people of the site in again")
    for name in (*AWAY, "c2"):
        room.at(name).ask("drop_viewer", name=name)
        room.publish(name, *(("camera",) if name == "c2" else ()))
    step("their tracks published")
    confirmed = [room.members[name] for name in AWAY]
    room.until_ok("w", "resume-site", site=SITES[SITE][0], confirmed=confirmed)
    step("released by the witness")
    room.ask_for_everything("w", *sorted(SEATS))
    heard = {name: SEATS - {name} for name in SEATS} | {"w": SEATS}
    room.arrives_as(heard, heard | {"w": SEATS | {"c1", "c2", "c3"}})
    step("everybody hears and sees everybody")
    return steps


def gaps(archive: Mapping[str, Any], track: str) -> list[float]:
    """Seconds of each gap of a track, and nothing."""
    listed = [one for one in archive["gaps"] if one["track"] == track and one["until"] is not None]
    return [0.0, *((one["until"] - one["since"]) / 1000 for one in listed)]


def check(room: HubRoom, minutes: float) -> None:
    """The archive holds, and names who was away for how long."""
    archive = room.close_room()
    assert (archive["ok"], archive["whole"]) == (True, True), archive["faults"]
    longest = {name: max(gaps(archive, room.track(name, "microphone"))) for name in AWAY}
    print(f"longest gap listed, seconds: {longest}")
    assert all(abs(one - minutes * 60) < SHORT_SECONDS for one in longest.values()), longest
    others = {name: max(gaps(archive, room.track(name, "microphone"))) for name in SEATS - set(AWAY)}
    assert all(one < OTHERS_SECONDS for one in others.values()), others


def main(minutes: float) -> None:
    """One room, one cut."""
    if (reason := obstacle()) is not None:
        raise SystemExit(reason)
    print(machine(), flush=True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as text:
        world = make_hub_world(Path(text) / "world")
        with hub_room(world, Path(text) / "room", impaired=(SITE,)) as room:
            room.enter()
            room.begin()
            room.ask_for_everything("w", *sorted(SEATS))
            lose(room, minutes)
            table(["after the line is back", "s"], [[what, seconds] for what, seconds in come_back(room)])
            check(room, minutes)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
