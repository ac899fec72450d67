"""A check that hangs is ended, however deaf it is, and counts as failed."""

import os
import sys
from pathlib import Path

import pytest

from tests import bounded

DEAF = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(60)
"""


def test_the_exit_code_of_a_program_is_given(tmp_path: Path) -> None:
    assert bounded.call([sys.executable, "-c", "raise SystemExit(3)"], 30, cwd=tmp_path) == 3


def test_a_program_that_hangs_and_hears_no_interrupt_is_ended_and_has_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = tmp_path / "pid"
    command = [sys.executable, "-c", DEAF, str(note)]
    assert bounded.call(command, 2, cwd=tmp_path, grace=0.2) == bounded.ENDED
    assert "ENDED after 2 s" in capsys.readouterr().out
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_what_is_given_as_surroundings_is_all_a_program_finds(tmp_path: Path) -> None:
    program = "import os; raise SystemExit(os.environ.get('QIANTONG_TRIED', '') != 'yes')"
    assert bounded.call([sys.executable, "-c", program], 30, cwd=tmp_path, env={"QIANTONG_TRIED": "yes"}) == 0
