"""./run on machines that lack something: it says what to install and leaves nothing half-made behind."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL_TOOLS = ("sh", "dirname", "readlink", "cat", "cksum", "find", "sort", "mkdir", "rm")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with ./run, and beside it a bin/ that holds a few shell tools and nothing else."""
    (tmp_path / "bin").mkdir()
    for tool in SHELL_TOOLS:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    (tmp_path / "tree/web").mkdir(parents=True)
    (tmp_path / "tree/requirements").mkdir()
    for single in ("run", "pyproject.toml", "hatch_build.py", "requirements/runtime.txt"):
        shutil.copy(ROOT / single, tmp_path / "tree" / single)
    return tmp_path


def put_python(bare: Path, script: str) -> None:
    program = bare / "bin/python3"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def start(bare: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(bare / "bin"), "HOME": str(bare)}
    return subprocess.run(
        [bare / "tree/run", "demo"], env=environment, cwd=bare, capture_output=True, text=True, check=False
    )


def test_without_python_it_names_the_package(bare: Path) -> None:
    done = start(bare)
    assert done.returncode != 0
    assert "Python 3.11 or newer is missing" in done.stderr
    assert not (bare / "tree/.venv").exists()


def test_an_old_python_is_as_good_as_none(bare: Path) -> None:
    put_python(bare, "exit 1")
    assert "Python 3.11 or newer is missing" in start(bare).stderr


def test_without_venv_it_names_the_package(bare: Path) -> None:
    put_python(bare, 'case "$*" in *ensurepip*) exit 1;; *) exit 0;; esac')
    done = start(bare)
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert not (bare / "tree/.venv").exists()


def test_it_is_a_small_posix_script() -> None:
    text = (ROOT / "run").read_text()
    assert text.startswith("#!/bin/sh\n")
    assert text.count("\n") <= 120
