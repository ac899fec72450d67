"""A room that runs on keeps no more than it did after its first minutes.

What is counted is whatever lives in the process, not memory; time is the test's, so ten minutes take some
seconds. Two seats send voice and picture, lose some of it, see each other, report, ask again and check their
connection; a guest comes and goes every ten seconds.
"""

import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remote_eval.media.engine import RoomSpec
from remote_eval.media.lite.publishing import Publisher
from remote_eval.media.lite.viewing import Viewer
from tests.support.living import FEW, living
from tests.support.quick_room import ANNA, BEN, ROOM, TRACKS, QuickRoom
from tests.support.recording_worlds import plan_in

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[QuickRoom]:
    """A room with Anna and Ben, who send, and a recorder."""
    made = QuickRoom()
    await made.begin(RoomSpec(opened_at=0.0, record=plan_in(tmp_path / "rec")))
    yield made
    await made.engine.aclose()


async def test_a_room_keeps_no_more_after_ten_minutes_than_after_five(world: QuickRoom) -> None:
    for member in (ANNA, BEN):
        await world.view(member, TRACKS)
    await world.minutes(5, TRACKS)
    before = living()
    await world.minutes(5, TRACKS)
    assert living() - before < FEW
    stats = await world.engine.stats(ROOM)
    assert stats.unhandled == 0
    assert len(stats.legs) == 2 * len(TRACKS)


async def test_whoever_left_is_gone_at_once_and_waits_for_no_collector(world: QuickRoom) -> None:
    await world.view(ANNA, TRACKS)
    world.play(100)
    member = world.engine._rooms[ROOM].members[ANNA]
    assert member.publisher is not None
    assert member.viewer is not None
    sides: list[Publisher | Viewer] = [member.publisher, member.viewer]
    left = [weakref.ref(one) for side in sides for one in (side, side.peer, side.peer._dtls)]
    del member, sides
    gc.collect()
    gc.disable()
    try:
        await world.engine.expel(ROOM, ANNA)
        assert [one() for one in left] == [None] * 6
    finally:
        gc.enable()
