"""From the drawn draw to people who have accepted, on both engines."""

from pathlib import Path

import pytest

from app.store.unit_of_work import Database
from app.usecases.openings import bundle, open_draw
from draw.verify.verifier import verify
from tests.support.calling import Calling, Refused, later, set_calling
from tests.support.stage import set_stage

pytestmark = pytest.mark.anyio


@pytest.fixture
async def calling(database: Database, tmp_path: Path) -> Calling:
    return await set_calling(await set_stage(database, tmp_path))


async def test_everybody_is_asked_at_once_and_accepts(calling: Calling) -> None:
    row = await calling.started()
    found = await calling.fill(row)
    assert found.states() == ["accepted"] * 5
    assert found.campaign.state == "sealed"
