"""Invitations of campaigns through a carrier that fails three times in ten, with servers killed at random.

`make storm` asks five thousand on each engine.
"""

import os
import sys
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from app.store.unit_of_work import Database
from tests.support.storm import Ground, Reaper, raised

INVITATIONS = int(os.environ.get("QIANTONG_STORM", "0"))
FEWER = 30
pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(7200 if INVITATIONS else 400)]


# One death for ten people, and no fewer than fifteen.
DEATHS = max(15, INVITATIONS // 10)
LONGEST_LIFE = 2.0 if INVITATIONS else 0.3  # seconds of processor


async def test_everybody_is_asked_once_and_no_reply_is_lost(
    database: Database, migrated_url: str, forks: ForkServerContext, tmp_path: Path
) -> None:
    ground = Ground(database=database, url=migrated_url, folder=tmp_path, forks=forks)
    async with raised(ground, Reaper(left=DEATHS, longest=LONGEST_LIFE)) as storm:
        begun = time.perf_counter()
        await storm.start(INVITATIONS or FEWER)
        drawn = time.perf_counter()
        turns = await storm.rage()
        raged = time.perf_counter()
        found = await storm.judge()
    assert found["invitations"] > (INVITATIONS or FEWER)
    assert found["killed"] >= DEATHS * 0.8
    assert found["repeated"] >= 5
    assert found["replies"] >= found["invitations"] / 2
    spent = (drawn - begun, raged - drawn, time.perf_counter() - raged)
    engine = database.engine.dialect.name
    sys.stdout.write(f"{engine}: {dict(found)}, {turns} turns; draws, storm, judged: {spent} s\n")
