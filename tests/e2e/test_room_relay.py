"""A room for a seat whose site's only way out is the relay at its edge."""

from pathlib import Path

import pytest

from tests.support.networks import edge_of
from tests.support.networks_room import watch
from tests.support.networks_seats import ALICE, BOB, SITES, two_seats
from tests.support.turn import demand_turnserver

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.browser]


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_a_seat_without_a_way_to_the_hub_is_in_the_room_by_its_sites_relay(
    namespaces: None, chromium: Path, tmp_path: Path, way: str
) -> None:
    demand_turnserver()
    with two_seats(chromium, tmp_path, relayed=way) as seats:
        network, edge = seats.network, edge_of(SITES[ALICE])
        assert seats.alice.look()["pairs"] == [[network.address(edge), "relay", network.server(edge)]]
        assert seats.bob.look()["pairs"][0][2] == network.server(SITES[BOB])
        seen = watch([seats.alice, seats.bob], 2)
        assert all(one.fps > 8 and one.concealed < 0.2 for one in seen), seen
