"""Which tests of media, networks and cameras are run again, and that none is left out or run twice."""

from collections import Counter
from pathlib import Path

import pytest

from tests import alone

ROOT = Path(__file__).resolve().parents[2]
TRIED = """
from pathlib import Path

def times(name):
    with Path(name).open("a+") as file:
        file.write(".")
        return file.tell()

def test_holds():
    assert times("held") == 1

def test_holds_at_the_second_try():
    assert times("tried") > 1

def test_never_holds():
    assert times("hopeless") == 0
"""


def test_every_file_is_there_and_in_one_run() -> None:
    assert [name for name, times in Counter(alone.FILES).items() if times > 1] == []
    assert [name for name in alone.FILES if not (ROOT / name).is_file()] == []
    assert set(alone.FILES) >= alone.STORIES


def test_of_a_story_all_is_run_again_and_of_other_files_what_failed() -> None:
    story, other = min(alone.STORIES), "tests/e2e/test_wall_page.py"
    run = (story, other)
    failed = [
        f"{story}::Room::test_b",
        f"{story}::Room::test_c",
        f"{other}::test_a[x::y]",
        f"{other}::test_b",
    ]
    found = alone.again(run, failed)
    assert found == {story, *failed[2:]}
    assert set(alone.by_file(found)) == {(story,), tuple(failed[2:])}
    # Where it is not known what failed, nothing may be taken for well.
    assert alone.again(run, []) == {story, other}


def test_what_fails_for_a_moment_is_run_again_by_itself_and_what_fails_each_time_has_failed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "ROOT", tmp_path)
    (tmp_path / "test_tried.py").write_text(TRIED)
    assert alone.main(["test_tried.py"]) == 1
    tries = {file.name: file.stat().st_size for file in tmp_path.iterdir() if file.is_file()}
    assert (tries["held"], tries["tried"], tries["hopeless"]) == (1, 2, 3)
    assert "FAILED alone: test_tried.py::test_never_holds\n" in capfd.readouterr().out
