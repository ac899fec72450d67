"""Invitations of campaigns through a carrier that fails three times in ten, with workers killed at random.

`make storm` asks five thousand on each engine.
"""

import os
import sys
import time
from pathlib import Path

import pytest

from app.store.unit_of_work import Database
from tests.support.stage import set_stage
from tests.support.storm import set_storm

INVITATIONS = int(os.environ.get("QIANTONG_STORM", "0"))
# Both engines share what the whole check asks.
FEWER = {"sqlite": 90, "postgresql": 45}
pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(7200 if INVITATIONS else 300)]


async def test_everybody_is_asked_once_and_no_reply_is_lost(
    database: Database, second_server: Database, tmp_path: Path
) -> None:
    engine = database.engine.dialect.name
    # Writers of one SQLite file queue inside one process; over two they would mostly wait.
    other = database if engine == "sqlite" else second_server
    storm = await set_storm(await set_stage(database, tmp_path, experts=603), other, share=0.003)
    begun = time.perf_counter()
    await storm.start(INVITATIONS or FEWER[engine])
    drawn = time.perf_counter()
    turns = await storm.rage()
    raged = time.perf_counter()
    found = await storm.judge()
    assert found["invitations"] > (INVITATIONS or FEWER[engine])
    assert found["killed"] >= 5
    assert found["repeated"] >= 5
    assert found["replies"] >= found["invitations"] / 2
    spent = (drawn - begun, raged - drawn, time.perf_counter() - raged)
    sys.stdout.write(f"{engine}: {dict(found)}, {turns} turns; draws, storm, judged: {spent} s\n")
