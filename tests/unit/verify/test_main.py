"""The command line as a stranger runs it: its own process, exit status 0, 1 or 2, words or JSON."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.gateways.rule_packs import load_rule_packs
from app.parties.pinned_rules import are_known
from draw.verify.__main__ import main
from tests.support.ceremony import Ceremony, Plan, bundle_bytes
from tests.support.forgeries import FORGERIES
from tests.support.invited import ABSENCES

CEREMONY = Ceremony(Plan(events=((0, "decline", "own-order"),)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files: dict[str, Any] = {
        "bundle": CEREMONY.bundle(),
        "pool": CEREMONY.pool_file(),
        "receipt": CEREMONY.receipt(CEREMONY.records[0].id),
        "trust": CEREMONY.trust(),
    }
    for name, value in files.items():
        (tmp_path / name).write_bytes(bundle_bytes(value))
    (tmp_path / "bent").write_bytes((tmp_path / "bundle").read_bytes().replace(b'"no_show"', b'"x"') + b" ")
    return tmp_path


def test_a_stranger_runs_it_as_a_module(folder: Path) -> None:
    command = [sys.executable, "-m", "draw.verify", str(folder / "bundle"), "--trust", str(folder / "trust")]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("utf-8").startswith("PASSED / 通过: draw 5, stage opened")


def test_passing_prints_what_was_and_was_not_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(folder / "bundle"), "--pool", str(folder / "pool"), "--receipt", str(folder / "receipt")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "level public + supervisor + expert" in out
    for phrase in (
        "21 minimal",
        "44 receipt-position",
        "not shown",
        "key of cosigner",
        "look-ahead",
        "seat 0",
    ):
        assert phrase in out


def test_the_rules_are_printed_with_their_layers_and_whether_anybody_knows_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pack may call itself anything: its digests are shown, and compared where packs are at hand."""
    rules = CEREMONY.plan.rules
    for known, said in (
        (None, "not compared with known rule packs"),
        (are_known, "not what the rule packs at hand give"),
        (lambda shown: shown == rules.to_json(), "the same as the rule packs at hand"),
    ):
        assert main([str(folder / "bundle")], known=known) == 0
        out = capsys.readouterr().out
        assert f"{rules.id} {rules.version}" in out
        assert rules.layers[0].digest in out
        assert said in out
    true = load_rule_packs().resolve("tender.cn", ["water.cn"]).rules.to_json()
    assert are_known(true)
    assert not are_known({**true, "employer_cap": 99})
    assert not are_known({**true, "layers": []})


def test_an_expert_hands_over_the_receipt_of_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ceremony = Ceremony(ABSENCES)
    honest, reply = tmp_path / "bundle", tmp_path / "reply"
    honest.write_bytes(bundle_bytes(ceremony.bundle()))
    reply.write_bytes(bundle_bytes(ceremony.reply_receipt(7)))
    assert main([str(honest), "--reply", str(reply)]) == 0
    out = capsys.readouterr().out
    assert "level public + expert" in out
    assert "46 reply-logged" in out
    evidence = next(one for one in FORGERIES if one.name == "answer-left-out").make()
    honest.write_bytes(evidence.bundle)
    reply.write_bytes(evidence.reply or b"")
    assert main([str(honest), "--reply", str(reply)]) == 1
    assert "46 reply-logged" in capsys.readouterr().out


def test_failing_prints_number_name_meaning_and_who_must_act(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder / "bent")]) == 1
    out = capsys.readouterr().out
    for phrase in ("未通过: 1 format", "证明包", "cannot be checked", "责任方"):
        assert phrase in out


def test_json_output_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "bundle"), "--json"]) == 0
    passed = json.loads(capsys.readouterr().out)
    assert passed["valid"] is True
    assert passed["rules"]["layers"] == [one.to_json() for one in CEREMONY.plan.rules.layers]
    assert passed["rules_known"] is None
    assert [check["number"] for check in passed["checks"]] == [*range(1, 13), 27, *range(13, 22)]
    assert main([str(folder / "bent"), "--json"]) == 1
    failed = json.loads(capsys.readouterr().out)
    assert (failed["valid"], failed["check"], failed["name"]) == (False, 1, "format")


@pytest.mark.parametrize("arguments", [[], ["missing-file"], ["--nonsense"], ["a", "b"]])
def test_wrong_usage_exits_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""


def test_an_oversized_file_is_refused_without_being_read_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as stream:
        stream.truncate(10 * 2**30)
    assert main([str(huge)]) == 1
    assert "longer than" in capsys.readouterr().out
