"""A site reaches its hub's openings and nothing else: not another site, not by any packet, not from outside.

Each probe is made twice: where the walls stand, and in a network that is the same but for its walls, which
shows that the probe can succeed. Sites send what they do not know to the hub and may forge what they like.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.networks import HUB, OUTSIDE, UPLINK, Network, Openings
from tests.support.networks_inside import Inside
from tests.support.networks_probes import Listener, Prober

pytestmark = pytest.mark.network
MARK, FRAME, NAME = MARKS = ("knock-knock-0001", "forged-frame-0002", "forged-name-0003")
MEDIA, PAGES = Openings().media[0], Openings().tcp
OTHER = 9  # a port that is listened on but is no opening
# Seconds. Silence is believed soon; an answer that ought to come may take its time on a loaded machine.
SOON, LATE = 0.3, 10.0


class Stage:
    """A network with somebody who listens at every place, and an attacker at site A and outside."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.walled = network.walled
        self._listeners: dict[str, Inside] = {}
        for place in (HUB, "site-a", "site-b"):
            devices = [*network.sites] if place == HUB else [UPLINK]
            self._listeners[place] = Inside(network, place, Listener, devices=devices)
            self.listener(place, "listen", udp=[MEDIA, OTHER], tcp=[PAGES, OTHER])
        self._probers = {place: self.prober(place, MARK) for place in (HUB, "site-a", OUTSIDE)}

    def listener(self, place: str, question: str, **arguments: Any) -> Any:
        return self._listeners[place].ask(question, **arguments)

    def prober(self, place: str, mark: str) -> Inside:
        return Inside(self.network, place, Prober, mark=mark)

    def knock(self, place: str, way: str, host: str, port: int | None = None, *, hopeful: bool) -> bool:
        arguments: dict[str, Any] = {} if port is None else {"port": port}
        patience = LATE if hopeful else SOON
        return bool(self._probers[place].ask(way, host=host, patience=patience, **arguments))

    def asks(self, place: str, way: str, *, hopeful: bool, **arguments: Any) -> Any:
        return self._probers[place].ask(way, patience=1.0 if hopeful else SOON, **arguments)

    def own(self, place: str) -> str:
        return self.network.address(place)

    def hub(self, place: str) -> str:
        return self.network.server(place)


@pytest.fixture(scope="module")
def walled(namespaces: None) -> Iterator[Stage]:
    with Network("site-a", "site-b", outside=True) as network:
        stage = Stage(network)
        yield stage
        # Whatever the tests tried, and in whatever order: no frame of an attacker was seen at the other site.
        assert [stage.listener("site-b", "marked", mark=mark) for mark in MARKS] == [0, 0, 0]


@pytest.fixture(scope="module")
def wall_less(namespaces: None) -> Iterator[Stage]:
    with Network("site-a", "site-b", outside=True, walled=False) as network:
        yield Stage(network)


@pytest.fixture(params=["walled", "wall_less"])
def either(request: pytest.FixtureRequest) -> Stage:
    stage: Stage = request.getfixturevalue(request.param)
    return stage


@pytest.mark.parametrize("place", ["site-a", OUTSIDE])
def test_the_openings_of_the_hub_answer(walled: Stage, place: str) -> None:
    walled.listener(HUB, "heard")
    assert walled.knock(place, "udp", walled.hub(place), MEDIA, hopeful=True)
    assert walled.knock(place, "tcp", walled.hub(place), PAGES, hopeful=True)
    assert walled.listener(HUB, "heard") == [walled.own(place)] * 2


@pytest.mark.parametrize(("way", "port"), [("udp", OTHER), ("tcp", OTHER), ("icmp", None)])
@pytest.mark.parametrize("place", ["site-a", OUTSIDE])
def test_nothing_else_of_the_hub_answers(either: Stage, place: str, way: str, port: int | None) -> None:
    open_to_all = not either.walled
    either.listener(HUB, "heard")
    assert either.knock(place, way, either.hub(place), port, hopeful=open_to_all) is open_to_all
    assert (either.listener(HUB, "heard") != []) is (open_to_all and way != "icmp")


def test_an_opening_is_one_of_its_protocol_alone(walled: Stage) -> None:
    walled.listener(HUB, "heard")
    assert not walled.knock("site-a", "udp", walled.hub("site-a"), PAGES, hopeful=False)
    assert not walled.knock("site-a", "tcp", walled.hub("site-a"), MEDIA, hopeful=False)
    assert walled.listener(HUB, "heard") == []


@pytest.mark.parametrize(
    ("way", "port"), [("udp", MEDIA), ("tcp", PAGES), ("udp", OTHER), ("tcp", OTHER), ("icmp", None)]
)
@pytest.mark.parametrize("place", ["site-a", OUTSIDE])
def test_no_site_is_reached_from_another_place(either: Stage, place: str, way: str, port: int | None) -> None:
    open_to_all = not either.walled
    assert either.knock(place, way, either.own("site-b"), port, hopeful=open_to_all) is open_to_all
    assert (either.listener("site-b", "marked", mark=MARK) > 0) is open_to_all


@pytest.mark.parametrize(("way", "port"), [("udp", MEDIA), ("tcp", PAGES), ("icmp", None)])
def test_the_hub_has_one_address_for_a_site(either: Stage, way: str, port: int | None) -> None:
    open_to_all = not either.walled
    assert either.knock("site-a", way, either.hub("site-b"), port, hopeful=open_to_all) is open_to_all


def test_the_hub_answers_arp_for_its_address_of_the_link_alone(either: Stage) -> None:
    open_to_all = not either.walled
    hub = either.listener(HUB, "hardware", device="site-a")
    assert either.asks("site-a", "arp", device=UPLINK, asked=either.hub("site-a"), hopeful=True) == hub
    for stranger in (either.hub("site-b"), either.own("site-b")):
        answer = either.asks("site-a", "arp", device=UPLINK, asked=stranger, hopeful=open_to_all)
        assert answer == (hub if open_to_all else None)


def test_nobody_on_the_link_answers_over_ipv6(either: Stage) -> None:
    open_to_all = not either.walled
    answers = either.asks("site-a", "neighbours", device=UPLINK, hopeful=open_to_all)
    assert len(answers) == int(open_to_all)


def test_a_frame_laid_in_the_hubs_hands_for_another_site_goes_nowhere(either: Stage) -> None:
    alice, bob = either.own("site-a"), either.own("site-b")
    with either.prober("site-a", FRAME) as forger:
        hub = either.listener(HUB, "hardware", device="site-a")
        forger.ask("forge", device=UPLINK, hardware=hub, source=alice, target=bob, port=OTHER)
        # An honest datagram after it: when that one was answered or dropped, so was the forged one.
        forger.ask("udp", host=either.hub("site-a"), port=MEDIA, patience=LATE)
    assert either.listener(HUB, "marked", mark=FRAME) > 0
    assert (either.listener("site-b", "marked", mark=FRAME) > 0) is not either.walled


def test_a_datagram_in_another_sites_name_is_not_heard(walled: Stage) -> None:
    walled.listener(HUB, "heard")
    target = walled.hub("site-a")
    with walled.prober("site-a", NAME) as forger:
        hub = walled.listener(HUB, "hardware", device="site-a")
        for source in (walled.own("site-b"), walled.own("site-a")):
            forger.ask("forge", device=UPLINK, hardware=hub, source=source, target=target, port=MEDIA)
        assert forger.ask("udp", host=target, port=MEDIA, patience=LATE)
    # The forged frame in its own name and the honest datagram came through, so forging as such works.
    assert walled.listener(HUB, "heard") == [walled.own("site-a")] * 2


@pytest.mark.parametrize(("way", "port"), [("udp", OTHER), ("tcp", OTHER), ("icmp", None)])
def test_the_hub_itself_opens_nothing_toward_a_site(either: Stage, way: str, port: int | None) -> None:
    open_to_all = not either.walled
    assert either.knock(HUB, way, either.own("site-b"), port, hopeful=open_to_all) is open_to_all
