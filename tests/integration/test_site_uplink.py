"""What a site's gateway spares its uplink, as the counters of the cables tell: each track crosses once.

The gateway is the program of the product, at the edge between its site and the hub; site-b has none and shows
what every further viewer costs there. Numbers are of a fixed count of pictures, so a slow machine changes
nothing but how long it takes; one copy more would be a hundred per cent.
"""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.support.networks import HUB, Network
from tests.support.networks_gateway import BOTH, Counters, GatewayHub, SiteSeats, cables, start_gateway
from tests.support.networks_inside import Inside

pytestmark = [pytest.mark.network, pytest.mark.slow]

SITE, OTHER = "site-a", "site-b"
HERE = ("mem_a1", "mem_a2", "mem_a3", "mem_a4")
THERE = ("mem_b1", "mem_b2", "mem_b3")
PICTURES = 100
# The newest packets may be on their way.
ON_THE_WAY = 6
# What protects, checks and reports media goes beside it.
BESIDE = 0.15
NUMBERS = count(1)
Passed = dict[str, Counters]


class Room:
    """A room of a hub, and who sits at which site."""

    def __init__(self, name: str, network: Network, hub: Inside, seats: dict[str, Inside]) -> None:
        self.name, self._network, self._hub, self._seats = name, network, hub, seats
        hub.ask("open", room=name, members=[*HERE, *THERE])

    def _at(self, member: str) -> Inside:
        return self._seats[SITE if member in HERE else OTHER]

    def publish(self, *members: str) -> None:
        """These show and speak."""
        for member in members:
            offer, sources = self._at(member).ask("offer_to_publish", room=self.name, member=member)
            answer = self._hub.ask("publish", room=self.name, member=member, offer=offer, sources=sources)
            self._at(member).ask("publish", member=member, answer=answer)

    def view(self, viewers: tuple[str, ...], shown: tuple[str, ...]) -> None:
        """Each of these sees and hears all of those, from the return on."""
        tracks = [f"{member}/{source}" for member in shown for source in BOTH]
        for member in viewers:
            offer, wants = self._at(member).ask("offer_to_view", room=self.name, member=member, tracks=tracks)
            answer = self._hub.ask("view", room=self.name, member=member, offer=offer, wants=wants)
            self._at(member).ask("view", member=member, answer=answer)
        for one in self._seats.values():
            one.ask("play")
        self._seen(dict.fromkeys(tracks, 1))
        newest = [one.ask("stop") for one in self._seats.values()]
        self._seen({track: last for some in newest for track, last in some.items()})

    def _seen(self, newest: dict[str, int]) -> None:
        due = {track: max(1, last - ON_THE_WAY) for track, last in newest.items()}
        for one in self._seats.values():
            one.ask("seen", newest=due, within=60)

    def passed(self, *, publishing: str) -> Passed:
        """What went by while the seats of a site sent their pictures and everybody else saw them."""
        before = cables(self._network, OTHER)
        self._seen(self._seats[publishing].ask("send", pictures=PICTURES, within=60))
        after = cables(self._network, OTHER)
        return {name: after[name] - before[name] for name in after}

    def end(self) -> None:
        """Everybody goes, and the room is closed."""
        for one in self._seats.values():
            one.ask("close")
        self._hub.ask("end", room=self.name)


@pytest.fixture(scope="module")
def ground(
    namespaces: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Network, Inside, dict[str, Inside]]]:
    with Network(SITE, OTHER, edged=[SITE]) as network:
        tcp = network.openings.tcp
        hub = Inside(
            network,
            HUB,
            GatewayHub,
            port=network.openings.media[0],
            tcp=tcp,
            addresses=network.hub_addresses,
        )
        hub.ask("listen")
        start_gateway(network, tmp_path_factory.mktemp("gateway"), tcp=tcp)
        seats = {
            place: Inside(
                network, place, SiteSeats, address=network.address(place), engine=network.server(place)
            )
            for place in (SITE, OTHER)
        }
        assert hub.ask("arrival", within=60) is None
        yield network, hub, seats
        for one in (*seats.values(), hub):
            one.close()


@pytest.fixture
def room(ground: tuple[Network, Inside, dict[str, Inside]]) -> Iterator[Room]:
    made = Room(f"room_{next(NUMBERS)}", *ground)
    yield made
    made.end()


def as_much(some: int, other: int) -> bool:
    """Whether both are the same but for what goes beside media."""
    return abs(some - other) <= BESIDE * other


def test_what_comes_from_elsewhere_comes_down_once_however_many_look(room: Room) -> None:
    shown = THERE[:2]
    room.publish(*shown)
    room.view(HERE[:1], shown)
    one = room.passed(publishing=OTHER)
    room.view(HERE[1:3], shown)
    three = room.passed(publishing=OTHER)
    for found in (one, three):
        # As much as the other site sent up.
        assert as_much(found["uplink"].taken, found["other"].given), found
        assert as_much(found["uplink"].taken_packets, found["other"].given_packets), found
    assert as_much(three["uplink"].taken, one["uplink"].taken), (one, three)
    assert as_much(three["seats"].given, 3 * one["seats"].given), (one, three)


def test_what_a_site_sees_of_itself_costs_its_uplink_nothing(room: Room) -> None:
    shown = HERE[:1]
    room.publish(*shown)
    room.view(HERE[1:2], shown)
    one = room.passed(publishing=SITE)
    room.view(HERE[2:], shown)
    three = room.passed(publishing=SITE)
    for found in (one, three):
        assert found["uplink"].taken + found["uplink"].given <= BESIDE * found["seats"].taken, found
    assert as_much(three["seats"].given, 3 * one["seats"].given), (one, three)


def test_each_seat_goes_up_once_however_many_look_elsewhere_or_at_the_site(room: Room) -> None:
    shown = HERE[:3]
    room.publish(*shown)
    room.view(THERE[:1], shown)
    one = room.passed(publishing=SITE)
    room.view(THERE[1:], shown)
    three = room.passed(publishing=SITE)
    # A site without a gateway takes a copy for each who looks.
    assert as_much(three["other"].taken, 3 * one["other"].taken), (one, three)
    room.view(HERE[3:], shown)
    also_here = room.passed(publishing=SITE)
    for found in (one, three, also_here):
        assert as_much(found["uplink"].given, found["seats"].taken), found
        assert found["uplink"].taken <= BESIDE * found["uplink"].given, found
    assert also_here["seats"].given > 0.8 * also_here["seats"].taken, also_here
    assert one["seats"].given <= BESIDE * one["seats"].taken, one
