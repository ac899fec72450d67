"""Every command of `qiantong` over a real installation, and what each says to a wrong input: one line, the
right exit code.
"""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.cli.main import run
from app.parties.grounds import NOTE
from app.parties.server import create_node_app
from app.parties.serving import open_node
from app.times import to_text
from tests.support.guests import GATEWAY
from tests.support.stage import PARAMETERS, Servers

ROOT = Path(__file__).resolve().parents[2]
TENDER = ROOT / "app/demo/ocds-works.json"
VECTORS = ROOT / "tests/vectors"
ROLES = ("agency", "supervisor", "cosigner")
# The evaluation begins this long after the project is registered: time for the commands of the story.
LEAD = timedelta(seconds=12)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Terminal:
    """Runs command lines in this process on one data folder and keeps what they said."""

    def __init__(self, folder: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._captured = captured
        self.out = self.err = ""

    def __call__(self, *words: object) -> int:
        code = run(["--data", str(self.folder / "platform"), *(str(word) for word in words)])
        self.out, self.err = self._captured.readouterr()
        assert "Traceback" not in self.err
        return code

    def ok(self, *words: object) -> str:
        assert self(*words) == 0, self.err
        return self.out


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, capsys)


@pytest.fixture
def servers() -> Iterator[Servers]:
    one = Servers()
    yield one
    one.stop()


@pytest.fixture
def installed(terminal: Terminal, servers: Servers, tmp_path: Path) -> Terminal:
    """Database, three registered parties, an agency and a pool: by commands alone."""
    terminal.ok("db", "upgrade")
    identities = []
    for role in ROLES:
        identity = tmp_path / f"{role}.json"
        identity.write_text(
            terminal.ok("party", "init", tmp_path / role, "--role", role, "--name", f"{role}.example")
        )
        identities.append(identity)
    trust = tmp_path / "trust.json"
    terminal.ok("party", "gather", *identities, "--out", trust)
    for role in ROLES:
        assert len(terminal.ok("party", "trust", tmp_path / role, trust).splitlines()) == 4
    urls = [servers.start(create_node_app(open_node(tmp_path / role))) for role in ROLES]
    assert len(terminal.ok("party", "register", *urls).splitlines()) == 4
    terminal.ok("project", "agency", "agency-1", "--name", "agency", "--org", "uscc:91110108551385082Q")
    terminal.ok("pool", "synth", tmp_path / "pool.csv", "--experts", 240, "--seed", "cli")
    terminal.ok("pool", "import", tmp_path / "pool.csv", "--pool", "city", "--basis", "test")
    return terminal


def register_project(terminal: Terminal, *, lead: timedelta = LEAD) -> str:
    since = datetime.now(UTC) + lead
    rest = {
        "pack": {"base": "tender.cn", "overlays": []},
        "evaluation": {"from": to_text(since), "to": to_text(since + timedelta(hours=8))},
    }
    (terminal.folder / "rest.json").write_text(json.dumps(rest))
    said = terminal.ok(
        "project",
        "import",
        TENDER,
        "--agency",
        "agency-1",
        "--owner",
        "owner",
        "--rest",
        terminal.folder / "rest.json",
    )
    return said.split()[0]


def order_file(terminal: Terminal, project: str, **more: object) -> Path:
    path = terminal.folder / "order.json"
    asked = {"parameters": PARAMETERS, "invitations": "elsewhere"}
    order = {"project": project, "section": "s1", "pool": "city", **asked, **more}
    path.write_text(json.dumps(order))
    return path


def test_a_draw_from_request_to_verified_receipt_by_commands_alone(installed: Terminal) -> None:
    terminal, out = installed, installed.folder / "out"
    order = order_file(terminal, register_project(terminal))
    who = ("--person", "requester", "--agency", "agency-1")
    assert "qualification" in terminal.ok("draw", "preview", order, *who)
    draw = terminal.ok("draw", "request", order, *who).split()[0]
    operator = ("--person", "operator")
    assert "sealed" in terminal.ok("draw", "seal", draw, *operator)
    assert "drawn" in terminal.ok("draw", "run", draw, *operator)
    evidence = terminal.folder / "evidence.txt"
    evidence.write_text("ill")
    assert "t=1" in terminal.ok(
        "draw", "replace", draw, *operator, "--seat", 0, "--cause", "decline", "--evidence", evidence
    )
    terminal.ok("draw", "attend", draw, "--person", "supervisor")
    assert "核验码" in terminal.ok("draw", "status", draw)

    assert terminal("draw", "open", draw, *operator) == 1
    assert "尚未到" in terminal.err
    deadline = time.monotonic() + 60
    disclosed = ("--out", out, "--receipt", "syn-0000007", "--supervisor", "supervisor")
    while terminal("draw", "open", draw, *operator, *disclosed) != 0:
        assert "尚未到" in terminal.err
        assert time.monotonic() < deadline
    assert "opened" in terminal.out

    trust = terminal.folder / "log-trust.json"
    terminal.ok("log", "trust", trust)
    files = ("--pool", out / "supervisor-pool.json", "--receipt", out / "receipt.json", "--trust", trust)
    verdict = json.loads(terminal.ok("verify", out / "bundle.json", *files, "--json"))
    assert verdict["levels"] == ["public", "supervisor", "expert"]
    assert "日志核验通过" in terminal.ok("log", "verify")
    fails_at_the_first_wrong_check(terminal, out)
    assert {
        "draw.request": "requester",
        "sealDraw": "operator",
        "runDraw": "operator",
        "replaceSeat": "operator",
        "attendDraw": "supervisor",
        "openDraw": "operator",
        "draw.receipt": "operator",
        "draw.pool-file": "supervisor",
    }.items() <= operations(terminal, draw).items()
    for stranger in ("requester", "somebody"):
        assert terminal("draw", "open", draw, *operator, "--out", out, "--supervisor", stranger) == 1
        assert "[access.duty]" in terminal.err


def operations(terminal: Terminal, target: str) -> dict[str, str]:
    """Who did what with this target, as the operation log has it; from which address and by which channel
    each time.
    """
    with closing(sqlite3.connect(terminal.folder / "platform" / "qiantong.sqlite")) as database:
        rows = database.execute(
            "select action, operator, address, source from operation_log where target = ?", (target,)
        ).fetchall()
    assert {(address, source) for _, _, address, source in rows} <= {("local", "cli")}
    return {action: operator for action, operator, _, _ in rows}


def fails_at_the_first_wrong_check(terminal: Terminal, out: Path) -> None:
    bundle = json.loads((out / "bundle.json").read_bytes())
    bundle["checkpoints"]["final"] = bundle["checkpoints"]["final"].replace("qiantong", "somebody", 1)
    wrong = out / "wrong.json"
    wrong.write_text(json.dumps(bundle, ensure_ascii=False, separators=(",", ":"), sort_keys=True))
    assert terminal("verify", wrong) == 1
    assert "2 checkpoints" in terminal.out


def test_whoever_requested_a_draw_may_not_run_it(installed: Terminal) -> None:
    order = order_file(installed, register_project(installed, lead=timedelta(hours=1)))
    draw = installed.ok("draw", "request", order, "--person", "p1", "--agency", "agency-1").split()[0]
    evidence = installed.folder / "evidence.txt"
    evidence.write_text("ill")
    vacated = ("--seat", 0, "--cause", "decline", "--evidence", evidence)
    for words in (("run", draw), ("seal", draw), ("open", draw), ("replace", draw, *vacated)):
        assert installed("draw", *words, "--person", "p1") == 1
        assert "同一人不得" in installed.err
    assert operations(installed, draw) == {"draw.request": "p1"}


def test_an_aborted_draw_is_told_and_stays(installed: Terminal) -> None:
    order = order_file(installed, register_project(installed, lead=timedelta(hours=1)))
    draw = installed.ok("draw", "request", order, "--person", "p1", "--agency", "agency-1").split()[0]
    assert installed("draw", "abort", draw, "--person", "p2", "--reason", "boredom") == 1
    why = ("--reason", "project_cancelled")
    assert "aborted" in installed.ok("draw", "abort", draw, "--person", "p2", *why)
    assert operations(installed, draw)["abortDraw"] == "p2"
    assert "aborted" in installed.ok("draw", "status", draw)


def test_parties_that_do_not_answer_are_exit_code_3(installed: Terminal, servers: Servers) -> None:
    order = order_file(installed, register_project(installed, lead=timedelta(hours=1)))
    draw = installed.ok("draw", "request", order, "--person", "p1", "--agency", "agency-1").split()[0]
    servers.stop()
    assert installed("draw", "run", draw, "--person", "p2") == 3


def test_a_preview_tells_every_fault_and_a_request_with_faults_is_refused(installed: Terminal) -> None:
    parameters = {**PARAMETERS, "committee": {"experts": 4, "seated": 0, "owners": 2}, "cap": 3}
    order = order_file(installed, register_project(installed, lead=timedelta(hours=1)), parameters=parameters)
    for command in ("preview", "request"):
        assert installed("draw", command, order, "--person", "p1", "--agency", "agency-1") == 1
        assert {"committee.even", "cap.range", "seats.differ"} <= {
            line.rsplit("[", 1)[-1].rstrip("]") for line in installed.err.splitlines()
        }


def test_a_pool_with_faults_is_told_by_row_and_not_stored(installed: Terminal) -> None:
    lines = (installed.folder / "pool.csv").read_text(encoding="utf-8-sig").splitlines()
    wrong = installed.folder / "wrong.csv"
    wrong.write_text("\n".join([*lines, lines[5]]), encoding="utf-8")
    for words in (("check", wrong), ("import", wrong, "--pool", "city", "--basis", "test")):
        assert installed("pool", *words) == 1
        assert "/242" in installed.err or "242" in installed.err
        assert "虚" not in installed.err
    installed.ok("pool", "export", "city", installed.folder / "v1.jsonl")
    assert installed("pool", "export", "city", installed.folder / "v2.jsonl", "--version", 2) == 1


def test_an_export_is_owner_only_comes_back_unchanged_and_overwrites_nothing(installed: Terminal) -> None:
    file = installed.folder / "records.jsonl"
    installed.ok("pool", "export", "city", file)
    assert file.stat().st_mode & 0o077 == 0
    assert operations(installed, "city/1").keys() == {"pool.import", "pool.export"}
    assert "无误" in installed.ok("pool", "check", file, "--records")
    said = installed.ok("pool", "import", file, "--records", "--pool", "city", "--basis", "test")
    assert "added 0" in said
    assert "changed 0" in said
    assert installed("pool", "export", "city", file) in (1, 2)


def test_a_key_is_issued_and_shown_once(installed: Terminal) -> None:
    said = installed.ok("key", "issue", "--person", "p1", "--role", "agency", "--agency", "agency-1")
    assert said.startswith("qt_live_")
    assert "key.issue" in operations(installed, said.split("_")[2])
    assert installed("key", "issue", "--person", "p1", "--role", "king") == 1


def test_registering_again_adds_nothing(installed: Terminal, servers: Servers) -> None:
    url = servers.start(create_node_app(open_node(installed.folder / "agency")))
    assert installed.ok("party", "register", url) == ""


def test_only_a_supervisor_approves_an_override(installed: Terminal) -> None:
    words = ("works", "s1", "--reason", "rare specialty")
    assert installed("party", "override", installed.folder / "agency", *words) == 1
    assert "rare specialty" in installed.ok("party", "override", installed.folder / "supervisor", *words)


def test_only_a_supervisor_pins_gateways_and_keys_have_to_be_keys(installed: Terminal) -> None:
    folder = installed.folder / "supervisor"
    assert installed("party", "gateways", installed.folder / "agency", GATEWAY.public.hex()) == 1
    for wrong in ("voice", "00" * 32, GATEWAY.public.hex().upper()):
        assert installed("party", "gateways", folder, wrong) == 1
        assert "party.gateways" in installed.err
    assert open_node(folder).gateways == frozenset()
    assert installed.ok("party", "gateways", folder, GATEWAY.public.hex()).split() == [GATEWAY.public.hex()]
    assert open_node(folder).gateways == {GATEWAY.public.hex()}
    assert installed.ok("party", "gateways", folder) == ""
    assert open_node(folder).gateways == frozenset()


def test_a_supervisors_notes_are_shown_by_event(installed: Terminal) -> None:
    folder = installed.folder / "supervisor"
    for t, note in ((10, "改至二号场地"), (2, "亲属关系")):
        open_node(folder).book.put_once(NOTE, 7, note.encode(), key=str(t))
    assert installed.ok("party", "notes", folder, 7).splitlines() == ["t=2 亲属关系", "t=10 改至二号场地"]
    assert installed.ok("party", "notes", folder, 8) == ""


def test_a_database_that_was_never_made_is_named(terminal: Terminal) -> None:
    assert terminal("log", "verify") == 1
    assert "qiantong db upgrade" in terminal.err
    assert terminal("db", "current") == 1
    terminal.ok("db", "upgrade")
    terminal.ok("db", "upgrade")
    terminal.ok("db", "current")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nonsense",), 2, "用法有误"),
        (("draw", "run"), 2, "用法有误"),
        (("verify", "missing.json"), 2, "文件无法读取：missing.json"),
        (("vectors", "missing.json"), 2, "文件无法读取：missing.json"),
        (("party", "init", "node", "--role", "king", "--name", "x"), 1, "不承担此角色"),
        (("party", "init", "node", "--role", "agency", "--name", "a b"), 1, "可见 ASCII"),
        (("party", "serve", "nowhere"), 1, "qiantong party init"),
        (("party", "trust", "nowhere", "pyproject.toml"), 1, "qiantong party init"),
        (("pool", "synth", "pool.docx"), 1, ".xlsx"),
        (("project", "import", "pyproject.toml", "--agency", "a", "--owner", "o", "--rest", "r"), 1, "JSON"),
    ],
)
def test_wrong_use_is_one_line_with_the_right_exit_code(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.chdir(terminal.folder)
    (terminal.folder / "pyproject.toml").write_text("no json")
    assert terminal(*words) == code
    assert said in terminal.err
    assert not (terminal.folder / "node/keys.json").exists()


def test_keys_are_never_overwritten(terminal: Terminal) -> None:
    node = terminal.folder / "node"
    terminal.ok("party", "init", node, "--role", "cosigner", "--name", "c")
    before = (node / "keys.json").read_bytes()
    assert terminal("party", "init", node, "--role", "cosigner", "--name", "c") == 1
    assert (node / "keys.json").read_bytes() == before
    assert '"role": "cosigner"' in terminal.ok("party", "identity", node)


def test_a_node_without_a_trust_file_serves_nobody(terminal: Terminal) -> None:
    terminal.ok("party", "init", terminal.folder / "node", "--role", "agency", "--name", "a")
    assert terminal("party", "serve", terminal.folder / "node") == 1
    assert "qiantong party trust" in terminal.err


@pytest.mark.parametrize("file", ["uniform-1.json", "drand.json"])
def test_conformance_files_hold_in_both_implementations(terminal: Terminal, file: str) -> None:
    verdict = json.loads(terminal.ok("vectors", VECTORS / file, "--json"))
    assert verdict["agree"] is True
    assert verdict["members"]


def test_one_wrong_answer_in_a_conformance_file_is_found_by_both(terminal: Terminal) -> None:
    value = json.loads((VECTORS / "uniform-1.json").read_bytes())
    value["draws"][0]["panel"][0][2] += 1
    wrong = terminal.folder / "wrong.json"
    wrong.write_text(json.dumps(value))
    assert terminal("vectors", wrong, "--json") == 1
    verdict = json.loads(terminal.out)
    assert verdict["python"]
    assert verdict["typescript"]
    assert verdict["between"] == []


@pytest.mark.parametrize("content", ["[]", "{", '{"draws": 1, "seed": "00"}', "{}"])
def test_a_file_that_is_no_conformance_file_never_agrees(terminal: Terminal, content: str) -> None:
    wrong = terminal.folder / "wrong.json"
    wrong.write_text(content)
    assert terminal("vectors", wrong) == 1


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom app.cli.main import run\nassert run(['--help']) == 0\n"
        "heavy = {'sqlalchemy', 'fastapi', 'httpx', 'cryptography', 'openpyxl', 'pydantic'} & "
        "set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "签筒" in done.stdout


def test_serve_and_party_serve_answer_on_loopback_and_end_on_a_signal(installed: Terminal) -> None:
    data = str(installed.folder / "platform")
    for words, path in (
        (("--data", data, "serve", "--port", "0"), "/healthz"),
        (("party", "serve", str(installed.folder / "cosigner"), "--port", "0"), "/identity"),
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli.main", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(address + path, trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


ORDERS = {
    "a repeated key": (b'{"project": "a", "project": "b"}', "json.duplicate-key"),
    "a fraction": (b'{"project": 1.5}', "json.number"),
    "more than a megabyte": (b" " * (1024 * 1024 + 1), "json.too-large"),
    "a hundred levels": (b"[" * 100 + b"]" * 100, "json.too-deep"),
    "half a file": (b'{"project": ', "json.syntax"),
    "a list": (b"[]", "file.shape"),
    "an unknown member": (b'{"expert": "e1"}', "file.shape"),
    "nothing at all": (b"{}", "schema.type"),
}


@pytest.mark.parametrize("case", ORDERS)
def test_an_order_file_is_read_as_strictly_as_the_api_reads_a_body(terminal: Terminal, case: str) -> None:
    content, code = ORDERS[case]
    terminal.ok("db", "upgrade")
    order = terminal.folder / "order.json"
    order.write_bytes(content)
    for command in ("preview", "request"):
        assert terminal("draw", command, order, "--person", "p1", "--agency", "agency-1") == 1
        assert f"[{code}]" in terminal.err
        assert "Traceback" not in terminal.err


HEADER = "id,name,id_number,employer,specialties,region"
POOLS = {
    "a repeated column": ("pool.csv", (HEADER + ",name\n").encode(), "pool.column.repeated"),
    "no CSV": ("pool.csv", b"\xff\xfe\x00", "pool.file.encoding"),
    "no workbook": ("pool.xlsx", b"PK\x03\x04 not a workbook", "pool.workbook.format"),
    "a repeated key": ("pool.jsonl", b'{"id":"e1","id":"e2"}\n', "pool"),
}


@pytest.mark.parametrize("case", POOLS)
def test_a_pool_file_that_cannot_be_read_is_told_and_nothing_is_stored(terminal: Terminal, case: str) -> None:
    name, content, code = POOLS[case]
    terminal.ok("db", "upgrade")
    file = terminal.folder / name
    file.write_bytes(content)
    assert terminal("pool", "import", file, "--pool", "city", "--basis", "test") == 1
    assert f"[{code}" in terminal.err
    assert "有误 · It is wrong" not in terminal.err
    assert "Traceback" not in terminal.err
    assert terminal("pool", "export", "city", terminal.folder / "out.jsonl") == 1
