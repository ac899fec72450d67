"""Ground of the end-to-end tests: people of three sites who have sat down, made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_world import HubWorld, make_hub_world


@pytest.fixture(scope="session")
def hub_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubWorld]:
    """A platform's data and seven experts at their seats; copied by whoever plays with it."""
    folder: Path = tmp_path_factory.mktemp("hub")
    yield make_hub_world(folder / "world")
    shutil.rmtree(folder, ignore_errors=True)
