"""`qiantong demo` as a user runs it: four processes, a finite run, files that verify, and nothing left
running.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.demo.children import Children
from app.demo.run import MARK
from app.second_verifier import run_verify
from draw.verify.verifier import verify
from tests.support.demonstration import running

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]
# A pass of the worker under way is finished first, or cut off after its grace.
PATIENCE_SECONDS = 60
PROGRAM = (sys.executable, "-m", "app.cli.main")


def demo(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "demo", "--out", str(folder), "--no-serve", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    out = tmp_path_factory.mktemp("demo") / "out"
    yield out, demo(out, "--experts", "200")
    shutil.rmtree(out, ignore_errors=True)


Finished = tuple[Path, subprocess.CompletedProcess[str]]


def test_it_ends_well_and_leaves_every_file(finished: Finished) -> None:
    out, done = finished
    assert done.returncode == 0, done.stdout + done.stderr
    left = {path.name for path in out.iterdir() if path.is_file()}
    wanted = {"bundle.json", "supervisor-pool.json", "receipt.json", "reply-receipt.json", "trust.json"}
    wanted |= {"certificate.pdf", MARK}
    assert wanted <= left
    assert (out / "certificate.pdf").read_bytes().startswith(b"%PDF-1.")


def test_what_it_left_verifies_at_all_levels(finished: Finished) -> None:
    out, _ = finished
    report = verify(
        (out / "bundle.json").read_bytes(),
        trust=(out / "trust.json").read_bytes(),
        pool_file=(out / "supervisor-pool.json").read_bytes(),
        receipt=(out / "receipt.json").read_bytes(),
        reply=(out / "reply-receipt.json").read_bytes(),
    )
    assert (report.stage, report.keys_compared) == ("opened", True)
    assert report.levels == ("public", "supervisor", "expert")
    assert not {"own-order", "not-opened", "grounds-not-checked", "reply-not-covered"} & {
        note.code for note in report.notes
    }


@pytest.mark.skipif(
    shutil.which("node") is None, reason="this machine has no Node; the demonstration says so"
)
def test_the_second_verifier_agrees_and_refuses_another_draws_pool(
    finished: Finished, tmp_path: Path
) -> None:
    out, done = finished
    assert "TypeScript：全部通过" in done.stdout
    assert run_verify(out / "bundle.json", "--pool", str(out / "supervisor-pool.json"))[0] == 0
    wrong = tmp_path / "pool.json"
    data = (out / "supervisor-pool.json").read_bytes()
    wrong.write_bytes(data.replace(b'"cell_key":"', b'"cell_key":"0', 1))
    assert run_verify(out / "bundle.json", "--pool", str(wrong))[0] == 1


def test_without_node_it_says_so_and_still_ends_well(tmp_path: Path) -> None:
    done = demo(tmp_path / "out", "--experts", "200", PATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "没有 Node" in done.stdout


def test_a_person_reads_a_table_with_a_replacement_and_synthetic_names(finished: Finished) -> None:
    _, done = finished
    assert "评标专家名单（合成人员，均非真人）" in done.stdout
    assert done.stdout.count("虚") >= 7
    assert "是 yes" in done.stdout


def test_people_answered_by_keypad_and_by_letter_and_every_refusal_was_replaced(finished: Finished) -> None:
    out, done = finished
    for said in ("听完按键", "（travel）", "信中链接", "名单密封", "依次到达", "名单启封"):
        assert said in done.stdout, said
    entries = [one["entry"] for one in json.loads((out / "bundle.json").read_bytes())["entries"]]
    replies = [one["body"] for one in entries if one["type"] == "reply"]
    assert sorted(one["answer"] for one in replies) == ["accept"] * 7 + ["decline"] * 2
    assert {one["signature"] is None for one in replies} == {True, False}
    assert [one["body"]["mode"] for one in entries if one["type"] == "event"] == ["supervisor"] * 2
    topics = {one["body"]["topic"] for one in entries if one["type"] == "record"}
    assert topics >= {"roster", "seating", "roster-open"}


def test_the_four_parties_have_key_folders_of_their_own_that_only_their_owner_reads(
    finished: Finished,
) -> None:
    out, _ = finished
    keys = [
        out / "platform/keys/platform-keys.json",
        *(out / role / "keys.json" for role in ("agency", "supervisor", "cosigner")),
    ]
    assert {path.stat().st_mode & 0o077 for path in keys} == {0}
    assert len({path.read_bytes() for path in keys}) == 4
    assert (out / "supervisor-pool.json").stat().st_mode & 0o077 == 0
    assert (out / "receipt.json").stat().st_mode & 0o077 == 0


def test_no_name_is_in_clear_in_database_logs_or_public_files(finished: Finished) -> None:
    out, _ = finished
    names = {
        one["record"]["name"] for one in json.loads((out / "supervisor-pool.json").read_bytes())["experts"]
    }
    public = [out / "bundle.json", out / "trust.json", *out.glob("platform/*.sqlite*"), *out.glob("*/node.*")]
    assert len(public) >= 6
    for path in public:
        data = path.read_bytes()
        assert not [name for name in names if name.encode() in data], path.name
        assert not re.search(rb"/i#[0-9A-Z]{26}", data), path.name


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = demo(tmp_path)
    assert done.returncode == 1
    assert "输出目录不为空" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tender", "missing.json"), "文件无法读取"),
        (("--experts", "5"), "用法有误"),
        (("--request", "request.json"), "结构不符合要求"),
    ],
)
def test_wrong_input_is_one_clear_line_and_starts_nothing(
    tmp_path: Path, words: tuple[str, str], said: str
) -> None:
    (tmp_path / "request.json").write_text('{"seats": 7}')
    option, value = words
    given = str(tmp_path / value) if value.endswith(".json") else value
    done = demo(tmp_path / "out", option, given)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_request_that_nobody_fits_names_every_reason_and_draws_nothing(tmp_path: Path) -> None:
    request = json.loads((Path(__file__).parents[2] / "app/demo/request.json").read_text())
    request["parameters"]["sites"][1]["regions"] = ["110101"]
    (tmp_path / "request.json").write_text(json.dumps(request))
    done = demo(tmp_path / "out", "--experts", "100", "--request", str(tmp_path / "request.json"))
    assert done.returncode == 1
    assert "feasibility.site.eligible" in done.stderr
    assert not (tmp_path / "out/bundle.json").exists()


def test_a_draw_that_invites_elsewhere_takes_a_document_for_its_replacement(tmp_path: Path) -> None:
    request = json.loads((Path(__file__).parents[2] / "app/demo/request.json").read_text())
    (tmp_path / "request.json").write_text(json.dumps(request | {"invitations": "elsewhere"}))
    done = demo(tmp_path / "out", "--experts", "200", "--request", str(tmp_path / "request.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "是 yes" in done.stdout
    assert not (tmp_path / "out/reply-receipt.json").exists()


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ("demo", "--out", str(tmp_path / "out"), "--port", port)
        done = subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"端口 {port} 已被占用" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_demonstration_leaves_no_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--out", str(tmp_path / "out"), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    assert "TOTP" in said
    folders = ("agency", "supervisor", "cosigner", "carrier", "devices")
    books = [str(tmp_path / "out" / one) for one in folders]
    assert len(running(books)) == 5
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE_SECONDS)
    process.stdout.close()
    assert running(books) == []


def test_a_killed_demonstration_takes_its_parties_with_it(tmp_path: Path) -> None:
    parent = (
        "import sys, pathlib, time\nfrom app.demo.children import Children\n"
        "from app.demo.outside import Outside\nout = pathlib.Path(sys.argv[1])\n"
        "around = Outside(out, reports='http://127.0.0.1:1').__enter__()\n"
        "children = Children(out).__enter__()\nchildren.identities()\naround.meet()\n"
        "print('ready', flush=True)\ntime.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    process.stdout.close()
    folders = [str(one) for one in tmp_path.iterdir()]
    assert len(folders) == 5
    deadline = time.monotonic() + 20
    while running(folders) and time.monotonic() < deadline:
        os.sched_yield()
    assert running(folders) == []


def test_children_end_even_when_starting_fails(tmp_path: Path) -> None:
    (tmp_path / "cosigner").mkdir()
    with pytest.raises(FileExistsError), Children(tmp_path):
        pass
    assert running([str(tmp_path / "agency"), str(tmp_path / "supervisor")]) == []
