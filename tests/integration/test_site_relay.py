"""A seat whose site has one way out, the relay at its edge: it reaches the hub by it, and nothing else.

coturn runs with the configuration that the product writes for it, and checks credentials that the product
makes.
"""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from remote_eval.media.turn import Relay, credentials
from tests.support.networks import HUB, OUTSIDE, Network, Openings, edge_of
from tests.support.networks_inside import Inside
from tests.support.networks_probes import Listener
from tests.support.turn import SECRET, demand_turnserver, relaying
from tests.support.turn_client import TurnClient

pytestmark = pytest.mark.network
MEDIA, PAGES = Openings().media[0], Openings().tcp
SITE, EDGE = "site-a", edge_of("site-a")
UNAUTHORIZED, FORBIDDEN, QUOTA_REACHED = 401, 403, 486
NOT_PEERS = (
    "the hub on another link",
    "another site",
    "outside",
    "the edge",
    "the edge's loop",
    "another seat",
)


class Seat:
    """A network with the relay running, the hub listening and a client at the seat."""

    def __init__(self, network: Network, relay: Relay) -> None:
        self.network, self.relay = network, relay
        self._hub = Inside(network, HUB, Listener, devices=["site-a"])
        self._hub.ask("listen", udp=[MEDIA, 9], tcp=[PAGES])
        self.client = Inside(network, SITE, TurnClient)
        self.hub = network.server(EDGE)
        self._users = count(1)

    def allocate(self, *, secret: str = SECRET, age: int = 0, way: str = "udp") -> Any:
        """Allocate with credentials for an hour, made `age` seconds ago, for somebody new."""
        made = credentials(secret, f"mem_{next(self._users)}", int(time.time()) - age, 3600)
        return self.ask_for(made.username, made.password, way)

    def ask_for(self, username: str, password: str, way: str = "udp") -> Any:
        server = [str(self.relay.listen), self.relay.port]
        return self.client.ask("allocate", server=server, username=username, password=password, transport=way)

    def echo(self, port: int, *, patience: float) -> Any:
        return self.client.ask("echo", host=self.hub, port=port, text="knock", patience=patience)

    def heard(self) -> list[str]:
        """Who came to the hub since the last question."""
        return list(self._hub.ask("heard"))

    def peer(self, name: str) -> str:
        places = {
            "the hub on another link": self.network.server("site-b"),
            "another site": self.network.address("site-b"),
            "outside": self.network.address(OUTSIDE),
            "the edge": self.network.address(EDGE),
            "the edge's loop": "127.0.0.1",
            "another seat": self.network.address(SITE),
        }
        return places[name]


@pytest.fixture(scope="module")
def stage(namespaces: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    demand_turnserver()
    with (
        Network(SITE, "site-b", edged=[SITE], outside=True) as network,
        relaying(network, SITE, tmp_path_factory.mktemp("relay")) as relay,
    ):
        yield Seat(network, relay)


@pytest.fixture
def seat(stage: Seat) -> Iterator[Seat]:
    yield stage
    stage.client.ask("close")
    stage.heard()


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_a_seat_reaches_the_hub_through_the_relay(seat: Seat, way: str) -> None:
    host, port = seat.allocate(way=way)
    first, last = seat.relay.relay_ports
    assert host == seat.network.address(EDGE)
    assert first <= port <= last
    assert seat.echo(MEDIA, patience=10) == "knock"
    # The hub sees the edge, never an address of the site.
    assert seat.heard() == [seat.network.address(EDGE)]


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_credentials_of_yesterday_open_nothing(seat: Seat, way: str) -> None:
    assert seat.allocate(age=86_400, way=way) == UNAUTHORIZED


def test_credentials_work_to_their_end_and_not_beyond(seat: Seat) -> None:
    assert isinstance(seat.allocate(age=3540), list)  # a minute is left
    assert seat.allocate(age=3602) == UNAUTHORIZED


def test_credentials_under_another_secret_open_nothing(seat: Seat) -> None:
    assert seat.allocate(secret="m" * 40) == UNAUTHORIZED


def test_an_end_that_was_pushed_back_opens_nothing(seat: Seat) -> None:
    made = credentials(SECRET, "mem_7f3a", int(time.time()) - 7200, 3600)
    later = f"{made.expires + 7200}:mem_7f3a"
    assert seat.ask_for(later, made.password) == UNAUTHORIZED


def test_no_password_opens_nothing(seat: Seat) -> None:
    assert seat.ask_for("mem_7f3a", "") == UNAUTHORIZED


@pytest.mark.parametrize("name", NOT_PEERS)
def test_the_relay_carries_to_no_other_peer(seat: Seat, name: str) -> None:
    assert isinstance(seat.allocate(), list)
    assert seat.client.ask("permit", host=seat.peer(name)) == FORBIDDEN
    assert seat.client.ask("bind", host=seat.peer(name), port=MEDIA) == FORBIDDEN
    assert seat.client.ask("permit", host=seat.hub) == 0
    assert seat.client.ask("bind", host=seat.hub, port=MEDIA) == 0


def test_through_the_relay_too_the_hub_has_no_other_opening(seat: Seat) -> None:
    seat.allocate()
    assert seat.echo(9, patience=0.3) is None
    # The edge's own filter refused to send that, which ends the relay it came from: the next is another one.
    seat.allocate()
    assert seat.echo(MEDIA, patience=10) == "knock"
    assert len(seat.heard()) == 1


def test_one_user_cannot_take_all_relays(seat: Seat) -> None:
    most = seat.relay.max_relays
    made = credentials(SECRET, "mem_greedy", int(time.time()), 3600)
    taken = [seat.ask_for(made.username, made.password) for _ in range(most + 1)]
    assert all(isinstance(one, list) for one in taken[:most])
    assert taken[most] == QUOTA_REACHED
    assert isinstance(seat.allocate(), list)
