"""Ground of the end-to-end tests: people of three sites who have sat down, made once; rooms and browsers of a
module that plays evaluation rooms in pages.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.hub_world import HubWorld, make_hub_world
from tests.support.room_visits import House, filming, house

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# What it compared is to be read where it fails, as in a test file.
pytest.register_assert_rewrite("tests.support.whole_room")


@pytest.fixture(scope="session")
def hub_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubWorld]:
    """A platform's data and seven experts at their seats; copied by whoever plays with it."""
    folder: Path = tmp_path_factory.mktemp("hub")
    yield make_hub_world(folder / "world")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Where a module's rooms are played."""
    with house(tmp_path_factory.mktemp("rooms")) as made:
        yield made


@pytest.fixture(scope="module")
def eyes(chromium: Path) -> "Iterator[Browser]":
    """A browser with a camera and a microphone."""
    with filming(chromium) as running:
        yield running


@pytest.fixture(scope="module")
def shots(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of a module's pages are kept."""
    return tmp_path_factory.mktemp(f"shots-{request.path.stem}")
