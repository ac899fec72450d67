"""`qiantong gateway`: a site's own folder, and at the hub two persons for every key."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crypto.signing import SigningKey
from remote_eval.media.gateway.configuration import CONFIGURATION, KEY_FILE, read_configuration, read_key
from tests.support import terminals, venues
from tests.support.venues import CITY

HUB = SigningKey.from_seed(bytes([2]) * 32).public.hex()
KEY = SigningKey.from_seed(bytes([4]) * 32).public.hex()
OTHER = SigningKey.from_seed(bytes([5]) * 32).public.hex()
WAIT_SECONDS = 30


class Terminal(terminals.Terminal):
    """By somebody's login."""

    def __init__(self, folder: Path, captured: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, captured)
        self._patch = patch

    def __call__(self, *words: str, by: str = "olga") -> tuple[int, str]:
        self._patch.setenv("LOGNAME", by)
        return super().__call__(*words)

    def ok(self, *words: str, by: str = "olga") -> str:
        code, said = self(*words, by=by)
        assert code == 0, said
        return said

    def refused(self, code: str, *words: str, by: str = "olga") -> None:
        """The call fails, and says just this."""
        ended, said = self(*words, by=by)
        assert ended != 0, said
        assert f"[{code}]" in said, said

    def enrol(self, *, site: str = CITY, key: str = KEY, name: str = "北门", by: str = "olga") -> str:
        """The id of a gateway that was proposed."""
        said = self.ok("gateway", "enrol", "--site", site, "--name", name, "--key", key, by=by)
        return said.split()[1]


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A machine at a site: no installation."""
    return Terminal(tmp_path / "platform", capsys, monkeypatch)


@pytest.fixture
def hub(bare: Terminal, tmp_path: Path) -> Terminal:
    """An installation that knows two sites."""
    bare.ok("db", "upgrade")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(venues.plan()), encoding="utf-8")
    bare.ok("site", "import", str(plan))
    return bare


# At the site.


def made(bare: Terminal, folder: Path, *more: str) -> list[str]:
    """The words that write a configuration into a folder that has a key."""
    bare.ok("gateway", "key", str(folder))
    return ["gateway", "init", str(folder), *init(), *more]


def init(**changes: str) -> list[str]:
    """Options of `init`."""
    known = {"site": CITY, "id": "gw_1", "hub": "https://hub.example", "hub-key": HUB, "address": "192.0.2.7"}
    return [word for name, value in (known | changes).items() for word in (f"--{name}", value)]


def test_a_key_is_made_once_and_only_its_public_half_is_told(bare: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    told = bare.ok("gateway", "key", str(folder)).strip()
    assert told == read_key(folder).public.hex()
    assert (folder.stat().st_mode & 0o077, (folder / KEY_FILE).stat().st_mode & 0o777) == (0, 0o600)
    bare.refused("file.exists", "gateway", "key", str(folder))
    assert read_key(folder).public.hex() == told


def test_a_configuration_is_written_as_it_was_said(bare: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    words = made(bare, folder, "--address", "2001:db8::7", "--bind", "127.0.0.1", "--port", "41000")
    bare.ok(*words)
    found = read_configuration(folder)
    assert (found.site, found.device, found.hub, found.hub_key.hex()) == (
        CITY,
        "gw_1",
        "https://hub.example",
        HUB,
    )
    assert (found.addresses, found.bind, found.port) == (("192.0.2.7", "2001:db8::7"), "127.0.0.1", 41_000)
    bare.refused("file.exists", *words)


@pytest.mark.parametrize(
    "changes",
    [
        {"site": "a/b"},
        {"id": "gw 1"},
        {"hub": "hub.example"},
        {"hub-key": "00" * 32},
        {"address": "gateway.example"},
        {"bind": "gateway.example"},
        {"port": "70000"},
    ],
)
def test_a_wrong_configuration_is_not_written(
    bare: Terminal, tmp_path: Path, changes: dict[str, str]
) -> None:
    folder = tmp_path / "gateway"
    bare.ok("gateway", "key", str(folder))
    bare.refused("gateway.configuration", "gateway", "init", str(folder), *init(**changes))
    assert not (folder / CONFIGURATION).exists()


def test_without_a_key_of_its_own_a_gateway_is_neither_set_up_nor_run(bare: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    bare.refused("file.unreadable", "gateway", "init", str(folder), *init())
    bare.ok(*made(bare, folder))
    (folder / KEY_FILE).chmod(0o640)
    bare.refused("gateway.key", "gateway", "serve", str(folder))
    (folder / KEY_FILE).chmod(0o600)
    (folder / CONFIGURATION).write_text("{}")
    bare.refused("gateway.configuration", "gateway", "serve", str(folder))
    (folder / CONFIGURATION).unlink()
    bare.refused("file.unreadable", "gateway", "serve", str(folder))


def test_a_gateway_runs_without_its_hub_until_it_is_told_to_stop(bare: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    bare.ok("gateway", "key", str(folder))
    here = init(hub="http://127.0.0.1:1", address="127.0.0.1", bind="127.0.0.1", port="0")
    bare.ok("gateway", "init", str(folder), *here)
    command = [sys.executable, "-m", "app.cli.main", "gateway", "serve", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # It tells of each call to the hub that failed; by then it is ready.
        try:
            wait_for(folder / "ready.json", process)
            told = json.loads((folder / "ready.json").read_text())
            assert told["pid"] == process.pid
            assert told["port"] > 0
        finally:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(WAIT_SECONDS)
    assert process.returncode == 0
    assert not (folder / "ready.json").exists()


def wait_for(file: Path, process: "subprocess.Popen[str]") -> None:
    """Until a file is there; the process must not end before."""
    for _ in range(WAIT_SECONDS * 20):
        if file.exists():
            return
        assert process.poll() is None
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(file.name)


# At the hub.


def test_one_proposes_another_approves_and_anybody_ends_it(hub: Terminal) -> None:
    said = hub.ok("gateway", "enrol", "--site", CITY, "--name", "北门", "--key", KEY)
    gateway, key = said.split()[1], said.split()[3]
    assert len(bytes.fromhex(key)) == 32
    listed = hub.ok("gateway", "list").split()
    assert listed == [gateway, CITY, "北门", "proposed", "login:olga", "-"]
    assert hub.ok("gateway", "approve", gateway, "--key", KEY, by="otto").split() == [gateway, "enrolled"]
    assert hub.ok("gateway", "list").split()[3:] == ["enrolled", "login:olga", "login:otto"]
    assert hub.ok("gateway", "revoke", gateway).split() == [gateway, "revoked"]
    assert hub.ok("gateway", "list", "--site", CITY).split()[3] == "revoked"
    assert hub.ok("gateway", "list", "--site", "nowhere") == ""
    noted = hub.rows("SELECT action, operator FROM operation_log WHERE action LIKE 'gateway.%' ORDER BY id")
    assert noted == [
        ("gateway.proposed", "login:olga"),
        ("gateway.approved", "login:otto"),
        ("gateway.revoked", "login:olga"),
    ]


def test_whoever_proposed_a_gateway_does_not_approve_it(hub: Terminal) -> None:
    gateway = hub.enrol()
    hub.refused("gateway.two-persons", "gateway", "approve", gateway, "--key", KEY)
    assert hub.ok("gateway", "list").split()[3] == "proposed"


def test_another_key_than_the_gateway_shows_is_not_approved(hub: Terminal) -> None:
    gateway = hub.enrol()
    hub.refused("gateway.other-key", "gateway", "approve", gateway, "--key", OTHER, by="otto")


def test_what_is_settled_is_not_settled_again(hub: Terminal) -> None:
    gateway = hub.enrol()
    hub.ok("gateway", "approve", gateway, "--key", KEY, by="otto")
    hub.refused("gateway.settled", "gateway", "approve", gateway, "--key", KEY, by="otto")
    hub.ok("gateway", "revoke", gateway)
    hub.refused("gateway.settled", "gateway", "revoke", gateway)
    hub.refused("gateway.settled", "gateway", "approve", gateway, "--key", KEY, by="otto")


def test_a_gateway_that_nobody_knows_is_neither_approved_nor_revoked(hub: Terminal) -> None:
    hub.refused("gateway.unknown", "gateway", "approve", "gw_nobody", "--key", KEY)
    hub.refused("gateway.unknown", "gateway", "revoke", "gw_nobody")


def test_what_is_no_gateway_of_a_site_is_not_proposed(hub: Terminal) -> None:
    def enrol(site: str = CITY, name: str = "北门", key: str = KEY) -> list[str]:
        return ["gateway", "enrol", "--site", site, "--name", name, "--key", key]

    hub.refused("site.unknown", *enrol(site="nowhere"))
    for wrong in ("00" * 32, KEY[:-2], "no key"):
        hub.refused("device.key", *enrol(key=wrong))
    hub.refused("gateway.name", *enrol(name="北" * 201))
    hub.refused("gateway.name", *enrol(name=" "))
    assert hub.ok("gateway", "list") == ""
    assert hub.enrol() == hub.enrol()
    hub.refused("gateway.exists", *enrol(), by="otto")
