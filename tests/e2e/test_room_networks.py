"""A room over isolated sites: two browsers that cannot reach each other see each other through the hub.

Then the weather at one of them turns. Bounds are wide, for the machine may be loaded;
`benchmarks/impairment.py` prints the figures.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.impair import Weather
from tests.support.networks import UPLINK
from tests.support.networks_inside import Inside
from tests.support.networks_probes import Listener
from tests.support.networks_room import Seen, watch
from tests.support.networks_seats import BOB, SITES, TwoSeats, two_seats

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.browser]


@pytest.fixture(scope="module")
def seats(namespaces: None, chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSeats]:
    with two_seats(chromium, tmp_path_factory.mktemp("seats")) as running:
        yield running


@pytest.fixture
def settled(seats: TwoSeats) -> TwoSeats:
    seats.settle()
    return seats


def under(settled: TwoSeats, weather: Weather, seconds: float = 6) -> list[Seen]:
    """What Alice, whose wire it is, and Bob saw of each other."""
    with settled.wire.under(weather):
        return watch([settled.alice, settled.bob], seconds)


def test_each_seat_sees_the_other_through_the_hubs_own_address(settled: TwoSeats) -> None:
    for seat in (settled.alice, settled.bob):
        site = SITES[seat.member]
        told = seat.look()
        assert [pair[2] for pair in told["pairs"]] == [settled.network.server(site)]
        assert [pair[0] for pair in told["pairs"]] == [settled.network.address(site)]


def test_nothing_but_the_hub_talks_on_the_wire_of_a_seat(settled: TwoSeats) -> None:
    site = SITES[BOB]
    listener = Inside(settled.network, site, Listener, devices=[UPLINK])
    listener.ask("listen", udp=[], tcp=[])
    settled.settle()
    ends = {settled.network.address(site), settled.network.server(site)}
    assert set(listener.ask("talkers")) == ends
    listener.close()


@pytest.mark.parametrize(
    ("loss", "fps", "concealed"),
    [pytest.param(0.05, 12, 0.03, id="5%"), pytest.param(0.2, 8, 0.15, id="20%")],
)
def test_picture_and_sound_stand_lost_packets(
    settled: TwoSeats, loss: float, fps: float, concealed: float
) -> None:
    before, _ = settled.wire.counters()
    seen = under(settled, Weather(loss=loss))
    after, _ = settled.wire.counters()
    assert (after.lost - before.lost) / (after.taken - before.taken) == pytest.approx(loss, rel=0.5)
    assert all(one.fps > fps for one in seen), seen
    assert all(one.concealed < concealed for one in seen), seen


def test_picture_and_sound_stand_200_ms(settled: TwoSeats) -> None:
    seen = under(settled, Weather(delay_ms=200))
    assert all(one.fps > 12 for one in seen), seen
    assert all(one.concealed < 0.15 for one in seen), seen


@pytest.mark.slow
def test_after_10_seconds_without_a_line_both_are_back_by_themselves(settled: TwoSeats) -> None:
    for back in settled.outage(10):
        assert back.video is not None
        assert back.audio is not None
        assert max(back.video, back.audio) < 6, back


def test_an_ice_restart_after_a_cut_keeps_the_connection(settled: TwoSeats) -> None:
    for back in settled.outage(2, restart=True):
        assert back.video is not None
        assert back.audio is not None
        assert max(back.video, back.audio) < 6, back
    assert settled.host.ask("stats")["unhandled"] == 0
