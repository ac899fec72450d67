"""Fixtures of the media engines' contract: each engine in turn, a room in it, clients that are put away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.engine import Grants, MediaEngine
from tests.support.engines import ENGINES
from tests.support.media_room import ANNA, BEN, BOTH, ROOM, SEEN, SPEC, Clients


@pytest.fixture(params=sorted(ENGINES))
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaEngine]:
    async with ENGINES[request.param](tmp_path) as running:
        yield running


@pytest.fixture
async def room(engine: MediaEngine) -> AsyncIterator[MediaEngine]:
    """An engine with a room in which Anna may publish and Ben may see her."""
    await engine.open_room(ROOM, SPEC)
    await engine.admit(ROOM, ANNA, Grants(publish=BOTH))
    await engine.admit(ROOM, BEN, Grants(receive=SEEN))
    yield engine
    with_unhandled = await unhandled(engine)
    assert with_unhandled == 0


async def unhandled(engine: MediaEngine) -> int:
    try:
        return (await engine.stats(ROOM)).unhandled
    except MediaError:
        return 0


@pytest.fixture
async def clients(room: MediaEngine) -> AsyncIterator[Clients]:
    some = Clients(room)
    yield some
    await some.close()
