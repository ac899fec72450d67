"""Two seats at two sites in one room: what tests and the benchmark of impairments play on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import sync_playwright

from tests.support.impair_wire import CUT, Wire
from tests.support.networks import HUB, Network
from tests.support.networks_browser import site_browser
from tests.support.networks_inside import Inside
from tests.support.networks_pages import Pages
from tests.support.networks_room import FLAGS, Back, RoomHost, SeatPage

ALICE, BOB = "mem_alice", "mem_bob"
SITES: Final = {ALICE: "site-a", BOB: "site-b"}
_PATIENCE: Final = 30.0  # seconds for a picture on a loaded machine


class TwoSeats:
    """Alice sits at site A, whose wire has weather; Bob at site B in clear weather. Each sees the other."""

    def __init__(self, network: Network, host: Inside, alice: SeatPage, bob: SeatPage) -> None:
        self.network, self.host, self.alice, self.bob = network, host, alice, bob

    @property
    def wire(self) -> Wire:
        """Alice's."""
        return self.network.wire(SITES[ALICE])

    def settle(self) -> None:
        """Return when both see and hear each other; fails after a while."""
        for back in self._wait({ALICE: self.alice.look(), BOB: self.bob.look()}, frames=10, samples=24_000):
            assert back.video is not None, "no picture"
            assert back.audio is not None, "no sound"

    def outage(self, seconds: float, *, restart: bool = False) -> list[Back]:
        """Cut Alice's wire for a while; when she, and Bob, had picture and sound again after its mending."""
        self.settle()
        with self.wire.under(CUT):
            self.alice.linger(seconds)
            firsts = {ALICE: self.alice.look(), BOB: self.bob.look()}
        if restart:
            self.alice.restart("publish")
            self.alice.restart("view")
        return self._wait(firsts, frames=1, samples=4_800)

    def _wait(self, firsts: dict[str, Any], *, frames: int, samples: int) -> list[Back]:
        seats = (self.alice, self.bob)
        for seat in seats:
            seat.wait_for(firsts[seat.member], frames=frames, samples=samples, patience=_PATIENCE)
        return [seat.back() for seat in seats]


@contextmanager
def two_seats(chromium: Path, folder: Path) -> Iterator[TwoSeats]:
    """The room runs and both see each other inside the `with`."""
    with Network(*SITES.values(), impaired=[SITES[ALICE]]) as network, sync_playwright() as playwright:
        host = open_room(network, [ALICE, BOB])
        pages = []
        for member, site in SITES.items():
            origin = f"http://{network.server(site)}:{network.openings.tcp}"
            options = site_browser(network, site, chromium, folder, origin=origin)
            options["args"] += FLAGS
            page = playwright.chromium.launch(**options).new_page()
            page.goto(origin)
            pages.append(SeatPage(member, page, host))
        alice, bob = pages
        alice.publish()
        bob.publish()
        alice.view(BOB)
        bob.view(ALICE)
        seats = TwoSeats(network, host, alice, bob)
        seats.settle()
        yield seats
        host.close()


def open_room(network: Network, members: list[str]) -> Inside:
    """The engine at the hub on the media opening, and the page on the other."""
    Inside(network, HUB, Pages, port=network.openings.tcp).ask("serve")
    addresses = [network.server(site) for site in network.sites]
    host = Inside(network, HUB, RoomHost, port=network.openings.media[0], addresses=addresses)
    host.ask("open", members=members)
    return host
