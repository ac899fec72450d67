"""The engine's end of a channel: whoever does not hear everything is not left to believe that it did."""

from collections.abc import AsyncIterator

import pytest

from remote_eval.media.control.client import RemoteEngine
from remote_eval.media.control.server import EngineServer
from remote_eval.media.engine import RoomId, RoomSpec
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.events import MAX_BEHIND
from tests.support.engines import bare_lite
from tests.support.gateways import Served
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

ROOM, OTHER = RoomId("room"), RoomId("other")
SPEC = RoomSpec(opened_at=0.0, record=None)


@pytest.fixture
async def local() -> AsyncIterator[LiteEngine]:
    """An embedded engine."""
    engine = bare_lite()
    await engine.start()
    yield engine
    await engine.aclose()


@pytest.fixture
async def engine(local: LiteEngine) -> AsyncIterator[RemoteEngine]:
    """It behind a channel, with two rooms."""
    served = await Served.begin(EngineServer(local))
    remote = await RemoteEngine.connect(served.far)
    for room in (ROOM, OTHER):
        await remote.open_room(room, SPEC)
    yield remote
    await remote.aclose()
    await served.close()


async def test_a_channel_that_cannot_keep_up_is_ended_and_its_reader_hears_so(
    local: LiteEngine, engine: RemoteEngine
) -> None:
    events = engine.events(ROOM)
    # More at once than the engine keeps for one reader: the channel had no turn to take any.
    for number in range(MAX_BEHIND + 1):
        local.tell(ROOM, "speaking", {"member": "mem_anna", "level": number})
    told = [one async for one in events]
    assert told[-1].kind == "engine"
    assert told[-1].data == {"state": "lost"}
    await within(5, engine.lost.wait())


async def test_the_end_of_one_room_ends_no_channel(engine: RemoteEngine) -> None:
    events = engine.events(ROOM)
    await engine.close_room(ROOM)
    assert [one.kind async for one in events] == []
    assert (await engine.stats(OTHER)).unhandled == 0
    assert not engine.lost.is_set()
