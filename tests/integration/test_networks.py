"""The stage itself: it leaves nothing behind, its wires do what their weather says, its actors answer."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from tests.support.impair import Weather
from tests.support.impair_wire import CLEAR, CUT
from tests.support.networks import HUB, ROOT, UPLINK, Network, Openings, edge_of
from tests.support.networks_inside import Inside, InsideError
from tests.support.networks_names import existing, remove, sweep
from tests.support.networks_probes import Listener, Prober
from tests.support.networks_stream import Receiver, Sender

pytestmark = pytest.mark.network
MEDIA, PAGES = Openings().media[0], Openings().tcp
LATE = 10.0
HOLD = """
from tests.support.networks import Network
with Network("site-a") as network:
    network.spawn("site-a", ["sleep", "600"])
    print(network.namespace("site-a"), flush=True)
    input()
"""


def mine(stem: str) -> list[str]:
    return [name for name in existing() if name.startswith(stem)]


def test_a_network_leaves_neither_namespaces_nor_processes_behind(namespaces: None) -> None:
    with Network("site-a", impaired=["site-a"]) as network:
        stem = network.namespace("")
        sleeper = network.spawn("site-a", ["sleep", "600"])
        assert len(mine(stem)) == 3
    assert mine(stem) == []
    assert sleeper.returncode == -signal.SIGKILL


def test_a_network_that_fails_inside_is_gone_too(namespaces: None) -> None:
    network = Network("site-a")
    with pytest.raises(RuntimeError, match="no such command"), network:
        raise RuntimeError("no such command")
    assert mine(network.namespace("")) == []


def test_what_a_killed_run_left_is_swept_and_what_runs_is_not(namespaces: None) -> None:
    with Network("site-a") as alive:
        killed = subprocess.Popen(
            [sys.executable, "-c", HOLD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with killed:
            assert killed.stdout is not None
            left = killed.stdout.readline().strip()
            pids = alive_in(left)
            assert left in existing()
            assert left not in sweep()
            killed.kill()
        sweep()
        assert left not in existing()
        assert [pid for pid in pids if is_running(pid)] == []
        assert len(mine(alive.namespace(""))) == 2


def alive_in(name: str) -> list[int]:
    told = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=True)
    return [int(pid) for pid in told.stdout.split()]


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123  # gone is the point
            return stat.read().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def test_removing_twice_is_no_error(namespaces: None) -> None:
    with Network("site-a") as network:
        remove(network.namespace("site-a"))
        remove(network.namespace("site-a"))


def test_a_command_that_fails_says_why(namespaces: None) -> None:
    with Network("site-a") as network:
        with pytest.raises(RuntimeError, match="No such file or directory"):
            network.run("site-a", ["cat", "/nowhere"])
        with pytest.raises(ValueError, match="no such place"):
            network.run("site-b", ["true"])


def test_an_actor_that_raises_says_where_and_one_that_dies_is_missed(namespaces: None) -> None:
    with Network("site-a") as network:
        actor = Inside(network, "site-a", Prober, mark="x")
        with pytest.raises(InsideError, match="AttributeError"):
            actor.ask("no_such_method")
        with pytest.raises(InsideError, match="OSError"):
            actor.ask("arp", device="nowhere", asked="10.0.0.1", patience=0.1)
        with pytest.raises(TimeoutError):
            actor.ask("udp", host="127.0.0.1", port=9, patience=30, within=0.05)
        for pid in alive_in(network.namespace("site-a")):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises((InsideError, BrokenPipeError)):
            actor.ask("udp", host="127.0.0.1", port=9, patience=0.1)


class Line:
    """A sender at an impaired site and a receiver at the hub, and the other way."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.wire = network.wire("site-a")
        self.hub = Inside(network, HUB, Receiver)
        self.hub.ask("bind", host=network.server("site-a"), port=MEDIA)
        self.site = Inside(network, "site-a", Sender)
        self.site.ask("aim", host=network.server("site-a"), port=MEDIA)

    def carry(self, count: int, *, size: int = 200, gap_ms: float = 1.0) -> list[dict[str, Any]]:
        """What of `count` echoed datagrams came back: number, one way up and round trip in milliseconds."""
        return list(self.site.ask("echoes", count=count, size=size, gap_ms=gap_ms, quiet_ms=700))


@pytest.fixture(scope="module")
def line(namespaces: None) -> Iterator[Line]:
    with Network("site-a", "site-b", impaired=["site-a"]) as network:
        yield Line(network)


def test_a_clear_wire_loses_nothing_and_adds_little(line: Line) -> None:
    echoes = line.carry(300)
    assert [one["number"] for one in echoes] == list(range(300))
    assert median(one["trip_ms"] for one in echoes) < 20


@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_a_wire_loses_as_many_frames_as_its_weather_says(line: Line, loss: float) -> None:
    before, _ = line.wire.counters()
    with line.wire.under(Weather(loss=loss)):
        came = len(line.carry(1000, gap_ms=0.5))
    after, _ = line.wire.counters()
    both_ways = 1 - (1 - loss) ** 2
    assert abs(1 - came / 1000 - both_ways) < 5 * (both_ways * (1 - both_ways) / 1000) ** 0.5
    taken, lost = after.taken - before.taken, after.lost - before.lost
    assert abs(lost / taken - loss) < 5 * (loss * (1 - loss) / taken) ** 0.5


def test_a_wire_loses_in_one_direction_alone_if_told_so(line: Line) -> None:
    line.hub.ask("taken")
    line.wire.set(up=Weather(loss=1.0))
    assert line.carry(20) == []
    assert line.hub.ask("taken") == 0
    line.wire.set(up=CLEAR, down=Weather(loss=1.0))
    assert line.carry(20) == []
    assert line.hub.ask("taken") == 20
    line.wire.both(CLEAR)
    assert len(line.carry(20)) == 20


def test_a_wire_delays_by_200_ms(line: Line) -> None:
    line.wire.set(up=Weather(delay_ms=200))
    trips = [one["trip_ms"] for one in line.carry(100, gap_ms=2)]
    line.wire.both(CLEAR)
    assert len(trips) == 100
    assert min(trips) >= 200
    assert median(trips) < 220


def test_a_wire_with_jitter_keeps_the_order(line: Line) -> None:
    with line.wire.under(Weather(delay_ms=20, jitter_ms=40)):
        echoes = line.carry(200, gap_ms=4)
    numbers = [one["number"] for one in echoes]
    assert numbers == sorted(numbers)
    trips = sorted(one["trip_ms"] for one in echoes)
    assert trips[-len(trips) // 20] - trips[len(trips) // 20] > 10


def test_a_wire_carries_64_kbit_and_no_more(line: Line) -> None:
    line.wire.set(up=Weather(kbps=64, queue_ms=2000))
    arrived = [one["came_ms"] for one in line.carry(12, size=958, gap_ms=0)]  # 1000 bytes with their headers
    line.wire.both(CLEAR)
    assert len(arrived) == 12
    gaps = [later - earlier for earlier, later in pairwise(arrived)]
    assert 110 < (arrived[-1] - arrived[0]) / len(gaps) < 140  # 8000 bits at 64 kbit/s are 125 ms


def test_a_cut_wire_carries_nothing_and_a_mended_one_all(line: Line) -> None:
    with line.wire.under(CUT):
        assert line.carry(20) == []
    assert len(line.carry(20)) == 20


def test_weather_at_one_site_is_none_at_another(line: Line) -> None:
    with Inside(line.network, "site-b", Prober, mark="sunny") as bob:
        listener = Inside(line.network, HUB, Listener, devices=["site-b"])
        listener.ask("listen", udp=[], tcp=[PAGES])
        with line.wire.under(CUT):
            assert bob.ask("tcp", host=line.network.server("site-b"), port=PAGES, patience=LATE)
        listener.close()


def test_no_frame_on_a_wire_is_longer_than_a_cable_takes(line: Line) -> None:
    """TCP hands whole segments to a device that offers to cut them; here devices must not offer it."""
    listener = Inside(line.network, HUB, Listener, devices=["site-a"])
    listener.ask("listen", udp=[], tcp=[PAGES])
    with Inside(line.network, "site-a", Prober, mark="x" * 1000) as alice:
        assert alice.ask("bulk", host=line.network.server("site-a"), port=PAGES, size=300_000) == 300_000
    listener.close()
    up, down = line.wire.counters()
    assert (up.oversize, down.oversize) == (0, 0)
    assert up.taken > 300_000 / 1514


def test_a_site_with_an_edge_has_no_way_to_the_hub(namespaces: None) -> None:
    with Network("site-a", edged=["site-a"]) as network:
        edge = edge_of("site-a")
        hub = Inside(network, HUB, Listener, devices=["site-a"])
        hub.ask("listen", udp=[MEDIA], tcp=[PAGES])
        with Inside(network, edge, Prober, mark="the-edge") as operator:
            assert operator.ask("udp", host=network.server(edge), port=MEDIA, patience=LATE)
            assert operator.ask("tcp", host=network.server(edge), port=PAGES, patience=LATE)
        with Inside(network, "site-a", Prober, mark="the-seat") as seat:
            assert not seat.ask("udp", host=network.server(edge), port=MEDIA, patience=0.3)
            assert not seat.ask("tcp", host=network.server(edge), port=PAGES, patience=0.3)
            assert not seat.ask("icmp", host=network.server(edge), patience=0.3)
            assert seat.ask("arp", device=UPLINK, asked=network.server("site-a"), patience=1.0)
        assert hub.ask("marked", mark="the-edge") > 0
        assert hub.ask("marked", mark="the-seat") == 0


def test_an_actor_can_be_asked_from_a_loop_that_goes_on(line: Line) -> None:
    async def both() -> None:
        beat = asyncio.create_task(asyncio.sleep(0))
        echoes = await line.site.ask_async("echoes", count=3, size=50, gap_ms=1, quiet_ms=700)
        assert beat.done()
        assert len(echoes) == 3

    asyncio.run(both())
