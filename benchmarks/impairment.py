"""What two browsers at isolated sites see of each other by the embedded engine while a wire has weather.

    PYTHONPATH=. python benchmarks/impairment.py [SECONDS [weathers|falls|outages ...]]

Alice's wire has the weather, both ways: her row shows a bad downlink, Bob's a bad uplink. Falls are of her
uplink alone, in the middle of a good line; what Bob sees and hears of her is told by the time since. Needs
root, Linux and a Chromium. Figures of one run on one machine compare with each other only.
"""

import sys
import tempfile
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

from tests.support.chromium import HOW_TO, find_chromium
from tests.support.impair import Weather
from tests.support.impair_wire import CLEAR
from tests.support.networks_names import obstacle
from tests.support.networks_room import Seen, watch
from tests.support.networks_seats import ALICE, BOB, TwoSeats, two_seats

WEATHERS = {
    "clear": Weather(),
    "5 % loss": Weather(loss=0.05),
    "20 % loss": Weather(loss=0.2),
    "200 ms": Weather(delay_ms=200),
    "5 % loss, 100 ms, 20 ms jitter": Weather(loss=0.05, delay_ms=100, jitter_ms=20),
    "64 kbit/s": Weather(kbps=64),
}
FALLS = {
    "to 128 kbit/s": Weather(kbps=128),
    "to 128 kbit/s, short queue": Weather(kbps=128, queue_ms=40),
}
# Seconds since a fall, and how long a line is good before it: senders take a while to use it.
SINCE = (3, 10, 20)
GOOD_SECONDS = 12.0
# Seconds, and whether the client restarts ICE: after about 20 s a browser does not come back by itself.
OUTAGES = ((2, False), (10, False), (10, True), (40, True))
PARTS = ("weathers", "falls", "outages")
NAMES = {ALICE: "Alice", BOB: "Bob"}


def main(seconds: float, parts: Collection[str]) -> None:
    """Print the tables of these parts."""
    reason = obstacle()
    program = find_chromium()
    if reason is not None or program is None:
        raise SystemExit(reason or HOW_TO)
    with tempfile.TemporaryDirectory() as folder, two_seats(program, Path(folder)) as seats:
        if "weathers" in parts:
            print(f"{'weather':32} who      fps  freeze s  concealed %  lost %")
            for name, weather in WEATHERS.items():
                show(seats, name, weather, seconds)
        if "falls" in parts:
            print(f"\n{'fall':32} since s  fps  freeze s  concealed %  lost %")
            for name, weather in FALLS.items():
                fall(seats, name, weather)
        if "outages" in parts:
            print(f"\n{'outage':32} who     audio back s  video back s")
            for outage, restart in OUTAGES:
                cut(seats, outage, restart=restart)


def show(seats: TwoSeats, name: str, weather: Weather, seconds: float) -> None:
    """One weather: a row for each seat."""
    seats.settle()
    with seats.wire.under(weather):
        seen = watch([seats.alice, seats.bob], seconds)
    for who, one in zip(NAMES.values(), seen, strict=True):
        row(name, who, one)


def row(name: str, which: str, seen: Seen) -> None:
    """What was seen and heard."""
    figures = f"{seen.fps:5.1f} {seen.freeze_s:9.2f} {seen.concealed * 100:12.2f} {seen.lost * 100:7.2f}"
    print(f"{name:32} {which:6} {figures}", flush=True)


def fall(seats: TwoSeats, name: str, weather: Weather) -> None:
    """One fall of Alice's uplink: a row for each while since."""
    seats.settle()
    seats.alice.linger(GOOD_SECONDS)
    seats.wire.set(up=weather)
    for since, until in pairwise((0, *SINCE)):
        row(name, f"{since}-{until}", watch([seats.bob], until - since)[0])
    seats.wire.set(up=CLEAR)


def cut(seats: TwoSeats, outage: float, *, restart: bool) -> None:
    """One outage of both directions, and perhaps an ICE restart of Alice's when it is over."""
    name = f"{outage:.0f} s down{', ICE restart' if restart else ''}"
    for who, back in zip(NAMES, seats.outage(outage, restart=restart), strict=True):
        figures = ("never" if took is None else f"{took:.2f}" for took in (back.audio, back.video))
        print(f"{name:32} {NAMES[who]:6} {' '.join(f'{figure:>13}' for figure in figures)}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 18, sys.argv[2:] or PARTS)
