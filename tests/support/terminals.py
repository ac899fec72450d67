"""Command lines of `qiantong` on one data folder, run in this process, and what they said."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import run


class Terminal:
    """Somebody at the machine; every test adds what it asks of it."""

    def __init__(self, folder: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.folder, self._captured = folder, captured

    def __call__(self, *words: str) -> tuple[int, str]:
        """Exit code and all that was said; never a traceback."""
        code = run(["--data", str(self.folder), *words])
        said = self._captured.readouterr()
        assert "Traceback" not in said.err
        return code, said.out + said.err

    def ok(self, *words: str) -> str:
        """What a command said that ended well."""
        code, said = self(*words)
        assert code == 0, said
        return said

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the installation's database holds."""
        with closing(sqlite3.connect(self.folder / "qiantong.sqlite")) as store:
            return store.execute(query).fetchall()
