"""`qiantong key`: an agency's key from its issue to its end, and what the API takes from it meanwhile."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.composition import installation
from app.main import create_app
from app.settings import Settings
from app.store.repositories.projects import Agency
from tests.support import terminals
from tests.support.service import project

ORIGIN = "http://api.test.example"
DOCUMENT = Path(__file__).parents[2] / "docs/api.md"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"agency's own key, never sent off")
PUBLIC = PRIVATE.public_key().public_bytes_raw().hex()
ORDER = {"project": "works-2026-017", "section": "s1", "pool": "city"}


class Terminal(terminals.Terminal):
    """Issues keys, and asks the API between two commands."""

    def ok(self, *words: str) -> str:
        return super().ok(*words).strip()

    def issued(self, *more: str) -> str:
        """The token of a new key of the agency."""
        agency = ("--person", "wang", "--role", "agency", "--agency", "agy_1")
        token = self.ok("key", "issue", *agency, *more)
        assert re.fullmatch(r"qt_live_k[0-9a-f]{16}_[0-9a-f]{64}", token)
        return token

    def acts(self) -> list[tuple[str, str, str]]:
        return self.rows(
            "SELECT action, target, source FROM operation_log WHERE action LIKE 'key.%' ORDER BY id"
        )

    def ask(self, method: str, path: str, **parts: Any) -> tuple[int, str]:
        """Status and code of one request."""

        async def work() -> tuple[int, str]:
            async with installation(Settings(data=self.folder)) as one:
                app = create_app(one.platform, one.ceremony, one.settings, static=None)
                transport = httpx.ASGITransport(app=app)
                async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
                    answer = await client.request(method, path, **parts)
                return answer.status_code, str(answer.json().get("code", ""))

        return asyncio.run(work())

    def register_agency(self) -> None:
        async def work() -> None:
            async with installation(Settings(data=self.folder)) as one, one.platform.database.write() as uow:
                agency = Agency(
                    id="agy_1", name="招标代理", org="local:agency", created_at=one.platform.now()
                )
                await uow.projects.add_agency(agency)

        asyncio.run(work())


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    made = Terminal(tmp_path / "platform", capsys)
    made.ok("db", "upgrade")
    made.register_agency()
    return made


def documented() -> Callable[..., tuple[bytes, dict[str, str]]]:
    """The function that the agencies' page tells them to sign with."""
    (source,) = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - lines of our own documentation
    signed: Callable[..., tuple[bytes, dict[str, str]]] = names["signed"]
    return signed


def id_of(token: str) -> str:
    return token.split("_")[2]


def bearer(token: str, once: str = "plain-1") -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": once}


def signed(token: str, path: str, body: object, once: str) -> dict[str, Any]:
    content, headers = documented()(PRIVATE, id_of(token), "POST", f"{ORIGIN}{path}", body, once)
    return {"content": content, "headers": headers}


def test_a_key_that_signs_from_its_issue_to_its_end(terminal: Terminal) -> None:
    token = terminal.issued(
        "--scope",
        "projects:read",
        "--scope",
        "projects:write",
        "--signing-key",
        PUBLIC,
        "--label",
        "投标系统",
    )
    taken = signed(token, "/v1/projects", project(), "reg-1")
    assert terminal.ask("POST", "/v1/projects", **taken) == (201, "")
    assert terminal.ask("POST", "/v1/projects", **taken) == (401, "signature.replayed")
    # A thief with the token alone reads and changes nothing.
    other = project(section="s2")
    refused = terminal.ask("POST", "/v1/projects", json=other, headers=bearer(token))
    assert refused == (401, "signature.required")
    assert terminal.ask("GET", "/v1/projects/works-2026-017/s1", headers=bearer(token)) == (200, "")
    # Its scopes are all it has, signed or not.
    beyond = signed(token, "/v1/draws", ORDER, "draw-1")
    assert terminal.ask("POST", "/v1/draws", **beyond) == (403, "access.scope")
    assert terminal.ask("GET", "/v1/draws", headers=bearer(token)) == (403, "access.scope")
    terminal.ok("key", "revoke", id_of(token), "--reason", "笔记本电脑遗失")
    last = signed(token, "/v1/projects", other, "reg-2")
    assert terminal.ask("POST", "/v1/projects", **last) == (401, "key.revoked")
    read = terminal.ask("GET", "/v1/projects/works-2026-017/s1", headers=bearer(token))
    assert read == (401, "key.revoked")


def test_a_stolen_token_cannot_sign_with_a_key_of_the_thiefs(terminal: Terminal) -> None:
    token = terminal.issued("--signing-key", PUBLIC)
    thief = Ed25519PrivateKey.from_private_bytes(b"T" * 32)
    content, headers = documented()(
        thief, id_of(token), "POST", f"{ORIGIN}/v1/projects", project(), "thief-1"
    )
    answer = terminal.ask("POST", "/v1/projects", content=content, headers=headers)
    assert answer == (401, "signature.invalid")


def test_the_list_tells_everything_but_the_secret(terminal: Terminal) -> None:
    first = terminal.issued("--scope", "draws:read", "--label", "大屏", "--days", "2")
    second = terminal.issued("--signing-key", PUBLIC)
    terminal.ok("key", "revoke", id_of(first), "--reason", "不再使用")
    said = terminal.ok("key", "list")
    rows = {row.split("\t")[0]: row.split("\t") for row in said.splitlines()}
    assert rows.keys() == {id_of(first), id_of(second)}
    ended, good = rows[id_of(first)], rows[id_of(second)]
    assert ended[1:6] == ["revoked", "agency", "agy_1", "wang", "unsigned"]
    assert ended[7:] == ["draws:read", "大屏", "不再使用"]
    assert (good[1], good[5], good[8:]) == ("good", "signed", ["-", "-"])
    assert {"projects:write", "draws:request"} <= set(good[7].split(","))
    for token in (first, second):
        assert token.split("_")[3] not in said


def test_every_act_on_a_key_is_on_record(terminal: Terminal) -> None:
    token = terminal.issued()
    terminal.ok("key", "revoke", id_of(token), "--reason", "离职")
    assert terminal.acts() == [("key.issue", id_of(token), "cli"), ("key.revoke", id_of(token), "cli")]


def test_a_key_is_ended_once_and_a_refused_act_leaves_no_record(terminal: Terminal) -> None:
    token = terminal.issued()
    for words, wrong in (
        (("knobody", "--reason", "x"), "[key.absent]"),
        ((id_of(token), "--reason", "  "), "[key.reason]"),
        ((id_of(token), "--reason", "长" * 201), "[key.reason]"),
    ):
        code, said = terminal("key", "revoke", *words)
        assert (code, wrong in said) == (1, True), said
    terminal.ok("key", "revoke", id_of(token), "--reason", "先")
    code, said = terminal("key", "revoke", id_of(token), "--reason", "后")
    assert (code, "[key.ended]" in said) == (1, True)
    assert "先" in terminal.ok("key", "list")
    assert [action for action, _, _ in terminal.acts()] == ["key.issue", "key.revoke"]


def test_everything_wrong_with_a_key_is_told_at_once_and_nothing_stored(terminal: Terminal) -> None:
    for signing in ("00" * 32, PUBLIC[:-1], PUBLIC + "00", "x" * 64, ""):
        code, said = terminal(
            *("key", "issue", "--person", " ", "--role", "agency", "--site", "s", "--label", "l" * 201),
            *("--scope", "draws:operate", "--signing-key", signing),
        )
        assert code == 1
        told = set(re.findall(r"\[(key\.[a-z-]+)\]", said))
        assert told >= {
            f"key.{one}" for one in ("agency", "site", "scopes", "signing-key", "person", "label")
        }
    code, said = terminal("key", "issue", "--person", "w", "--role", "agency", "--agency", "agy_none")
    assert (code, "[agency.unknown]" in said) == (1, True)
    assert terminal.ok("key", "list") == ""
    assert terminal.acts() == []


def test_the_documented_function_covers_the_bytes_it_gives(terminal: Terminal) -> None:
    """Changing what was signed, after signing, is refused."""
    token = terminal.issued("--signing-key", PUBLIC)
    sent = signed(token, "/v1/projects", project(), "reg-1")
    sent["content"] = json.dumps(project(owner="别人")).encode()
    assert terminal.ask("POST", "/v1/projects", **sent) == (401, "signature.invalid")
