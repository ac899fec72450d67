"""The whole evaluation room once more, carried by a Janus of the installation's own: same story, same looks.

Everybody is a light client. What Janus does not do (docs/janus.md) shows here: no `single-port`, so the hub's
walls let a range of UDP ports through; no `red`; no `cascade`, so a site's gateway takes no part in such a
room; what is viewed begins with the engine's offer.
"""

from collections.abc import Iterator

import pytest

from tests.support.hub_room import HubRoom, hub_room
from tests.support.hub_world import HubWorld
from tests.support.janus_ground import require_janus
from tests.support.networks_inside import Inside
from tests.support.whole_room import WholeRoom, listening

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def room(
    namespaces: None, hub_world: HubWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubRoom]:
    require_janus()
    folder = tmp_path_factory.mktemp("whole")
    with hub_room(hub_world, folder, engine="janus", impaired=("site-b",), lost_ms=4_000) as made:
        yield made


@pytest.fixture(scope="module")
def listeners(room: HubRoom) -> Iterator[dict[str, Inside]]:
    with listening(room) as found:
        yield found


class TestOnJanus(WholeRoom):
    CAPABILITIES = frozenset({"engine-offers", "ice-restart"})
