"""Seats at two sites, one 150 ms away, are recorded in step: flash and beep over real wires (R24).

Both flash and beep at the same moments; their clocks are a minute and a half apart, and the hub is told
nothing but what travels over the wire.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from remote_eval.media.recording.archive import check
from remote_eval.media.recording.opening import export
from tests.support.impair import Weather
from tests.support.networks import HUB, Network
from tests.support.networks_inside import Inside
from tests.support.networks_signals import RecordedRoom, Signaller
from tests.support.recorded_media import beeps, flashes, offsets
from tests.support.recording_worlds import ROOM_KEY

pytestmark = [pytest.mark.network, pytest.mark.slow]
# As room.md and the goal have it, milliseconds.
AV_MS, SEATS_MS = 40.0, 100.0
SECONDS = 10
# By member: the site, and how far its clock is ahead.
SEATS = {"mem_near": ("site-a", 0.0), "mem_far": ("site-b", 90_000.0)}
Signals = dict[str, tuple[list[float], list[float]]]


@pytest.fixture(scope="module")
def recorded(namespaces: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("in-step")
    with Network("site-a", "site-b", impaired=["site-b"]) as network:
        network.wire("site-b").both(Weather(delay_ms=150, jitter_ms=20))
        port, addresses = network.openings.media[0], network.hub_addresses
        room = Inside(network, HUB, RecordedRoom, port=port, addresses=addresses, folder=str(folder / "rec"))
        room.ask("open", members=list(SEATS))
        play(network, room)
        room.ask("end")
        room.close()
    export(folder / "rec", [ROOM_KEY], folder / "out")
    return folder


def play(network: Network, room: Inside) -> None:
    """Everybody connects, then signals at the same moments of the machine's one clock."""
    seats = {}
    for member, (site, off) in SEATS.items():
        where = {"address": network.address(site), "hub": network.server(site)}
        seat = Inside(network, site, Signaller, member=member, off_ms=off, **where)
        offer, sources = seat.ask("offer", seconds=SECONDS)
        seat.ask("take", answer=room.ask("publish", member=member, offer=offer, sources=sources))
        seats[member] = seat
    begin = time.time() + 1
    with ThreadPoolExecutor(len(seats)) as pool:
        playing = [pool.submit(one.ask, "signal", begin=begin, seconds=SECONDS) for one in seats.values()]
        for one in playing:
            one.result()
    for seat in seats.values():
        seat.close()


@pytest.fixture(scope="module")
def signals(recorded: Path) -> Signals:
    """By member: when its picture flashes and its sound beeps in what was recorded, in milliseconds."""
    found = {}
    for member in SEATS:
        seen = flashes(recorded / f"out/0001.{member}.camera.mkv")
        heard = beeps(recorded / f"out/0001.{member}.microphone.mkv")
        assert len(seen) >= SECONDS - 4, member
        assert len(heard) >= SECONDS - 4, member
        found[member] = (seen, heard)
    return found


@pytest.mark.parametrize("member", SEATS)
def test_flash_and_beep_of_a_seat_are_one_moment(signals: Signals, member: str) -> None:
    seen, heard = signals[member]
    assert max(abs(one) for one in offsets(seen, heard)) <= AV_MS


def test_seats_of_both_sites_are_one_moment_though_their_clocks_are_not(signals: Signals) -> None:
    near, far = signals["mem_near"], signals["mem_far"]
    assert max(abs(one) for one in offsets(near[1], far[1])) <= SEATS_MS
    assert max(abs(one) for one in offsets(near[0], far[0])) <= SEATS_MS


def test_what_was_recorded_over_the_wires_checks_out(recorded: Path) -> None:
    assert check(recorded / "rec").ok
