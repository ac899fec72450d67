"""Two seats at two sites in one room: what tests and the benchmark of impairments play on."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

from remote_eval.media.turn import Relay, credentials
from tests.support.impair_wire import CUT, Wire
from tests.support.networks import HUB, Network, edge_of
from tests.support.networks_browser import site_browser
from tests.support.networks_inside import Inside
from tests.support.networks_pages import Pages
from tests.support.networks_room import FLAGS, Back, RoomHost, SeatPage
from tests.support.turn import relaying

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

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
def two_seats(chromium: Path, folder: Path, *, relayed: str | None = None) -> Iterator[TwoSeats]:
    """The room runs and both see each other inside the `with`.

    With `relayed`, ``udp`` or ``tcp``, Alice's site has an edge with a relay, which is her only way out.
    """
    edged = [SITES[ALICE]] if relayed else []
    with ExitStack() as stack:
        network = stack.enter_context(Network(*SITES.values(), edged=edged, impaired=[SITES[ALICE]]))
        host = open_room(network, [ALICE, BOB])
        servers = {}
        for site in edged:
            relay = stack.enter_context(relaying(network, site, folder))
            hand_over_pages(network, site)
            servers[ALICE] = _only_by(relay, str(relayed))
        playwright = stack.enter_context(sync_playwright())
        alice, bob = (
            SeatPage(member, _page(playwright, network, site, chromium, folder), host, servers.get(member))
            for member, site in SITES.items()
        )
        alice.publish()
        bob.publish()
        alice.view(BOB)
        bob.view(ALICE)
        seats = TwoSeats(network, host, alice, bob)
        seats.settle()
        yield seats
        host.close()


def _page(playwright: "Playwright", network: Network, site: str, chromium: Path, folder: Path) -> "Page":
    """The hub's page in a browser at a site."""
    origin = f"http://{network.server(site)}:{network.openings.tcp}"
    options = site_browser(network, site, chromium, folder, origin=origin)
    options["args"] += FLAGS
    page = playwright.chromium.launch(**options).new_page()
    page.goto(origin)
    return page


def _only_by(relay: Relay, way: str) -> dict[str, Any]:
    """A browser's configuration that sends media through a relay and by no other way."""
    given = credentials(relay.secret, ALICE, int(time.time()), 3600)
    server = {
        "urls": f"turn:{relay.listen}:{relay.port}?transport={way}",
        "username": given.username,
        "credential": given.password,
    }
    return {"iceTransportPolicy": "relay", "iceServers": [server]}


def open_room(network: Network, members: list[str]) -> Inside:
    """The engine at the hub on the media opening, and the page on the other."""
    Inside(network, HUB, Pages, port=network.openings.tcp).ask("serve")
    addresses = network.hub_addresses
    host = Inside(network, HUB, RoomHost, port=network.openings.media[0], addresses=addresses)
    host.ask("open", members=members)
    return host


def hand_over_pages(network: Network, site: str) -> None:
    """Let a site's edge pass connections on to the hub's page."""
    edge, port = edge_of(site), network.openings.tcp
    Inside(network, edge, Pages, port=port).ask("hand_over", host=network.server(edge), to=port)
