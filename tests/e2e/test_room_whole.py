"""A whole evaluation room: seven experts at three sites, a witness, a supervisor, site staff, a bidder.

The platform runs at a hub that each site reaches by one TCP port and one UDP port and by nothing else; two
members sit at real browsers, everybody else is a light client. `tests.support.whole_room` tells the story;
`test_room_whole_janus.py` plays the same one on the other engine.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_room import HubRoom, hub_room
from tests.support.hub_world import HubWorld
from tests.support.networks_inside import Inside
from tests.support.whole_room import WholeRoom, listening

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.browser, pytest.mark.slow]

# The witness and the first expert of site C look through a browser.
IN_BROWSERS = ("w", "e6")


@pytest.fixture(scope="module")
def room(
    namespaces: None, chromium: Path, hub_world: HubWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubRoom]:
    folder = tmp_path_factory.mktemp("whole")
    with (
        hub_room(hub_world, folder, impaired=("site-b",), lost_ms=4_000) as made,
        made.in_browsers(chromium, folder, *IN_BROWSERS),
    ):
        yield made


@pytest.fixture(scope="module")
def listeners(room: HubRoom) -> Iterator[dict[str, Inside]]:
    with listening(room) as found:
        yield found


class TestOnTheEmbeddedEngine(WholeRoom):
    CAPABILITIES = frozenset({"cascade", "ice-restart", "red", "single-port"})
