"""`qiantong pool contacts`: how experts are reached, and what the command says to a wrong file."""

from pathlib import Path

import pytest

from app.cli.main import run

pytestmark = pytest.mark.slow
HEAD = "expert,phone,email,channels\n"


def test_contacts_of_a_pool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path / "platform")]
    assert run([*data, "db", "upgrade"]) == 0
    assert run([*data, "pool", "synth", str(tmp_path / "pool.csv"), "--experts", "40"]) == 0
    # Without parties the log is not published, and the version stands all the same.
    assert run([*data, "pool", "import", str(tmp_path / "pool.csv"), "--pool", "city", "--basis", "x"]) == 3
    capsys.readouterr()
    contacts = [*data, "pool", "contacts", "--pool", "city"]
    assert run([*contacts, "--synthetic"]) == 0
    assert "40" in capsys.readouterr().out
    wrong = tmp_path / "contacts.csv"
    wrong.write_text(HEAD + "stranger,00012345678,,sms\n", encoding="utf-8")
    assert run([*contacts, str(wrong)]) == 1
    said = capsys.readouterr().err
    assert "contacts.expert" in said
    assert "00012345678" not in said
    assert run([*data, "pool", "contacts", "--pool", "nowhere", "--synthetic"]) == 1
    assert run(contacts) == 1
