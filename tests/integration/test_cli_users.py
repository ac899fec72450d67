"""`qiantong user`: nobody has an account by default, and the terminal is where the first ones come from."""

import asyncio
import re
from pathlib import Path

import pytest

from app.composition import installation
from app.errors import AccessRefusedError
from app.settings import Settings
from app.usecases.people import enrolments
from tests.support import terminals

TOKEN = re.compile(r"(?:[a-z2-7]{4}-){7}[a-z2-7]{4}")


class Terminal(terminals.Terminal):
    """Opens accounts."""

    def token(self, *words: str) -> str:
        """The enrolment token that a command shows."""
        found = TOKEN.search(self.ok(*words))
        assert found is not None
        return found[0]


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    made = Terminal(tmp_path / "platform", capsys)
    made.ok("db", "upgrade")
    return made


def opens(terminal: Terminal, token: str) -> bool:
    """Whether the token would let its person enrol."""

    async def work() -> bool:
        async with installation(Settings(data=terminal.folder)) as one:
            try:
                await enrolments.offer(one.platform, token)
            except AccessRefusedError:
                return False
            return True

    return asyncio.run(work())


def add(login: str, role: str, *more: str) -> tuple[str, ...]:
    return ("user", "add", login, "--name", "王工", "--role", role, *more)


def test_a_new_installation_lets_nobody_in(terminal: Terminal) -> None:
    assert terminal.rows("SELECT count(*) FROM users") == [(0,)]
    assert terminal.ok("user", "list") == ""


def test_a_token_is_shown_once_kept_nowhere_and_voided_by_a_reset(terminal: Terminal) -> None:
    first = terminal.token(*add("wang.op", "operator"))
    assert opens(terminal, first)
    listed = terminal.ok("user", "list")
    assert "wang.op" in listed
    assert first not in listed
    content = (terminal.folder / "qiantong.sqlite").read_bytes()
    assert first.encode() not in content
    assert first.replace("-", "").encode() not in content
    assert "王工".encode() not in content
    second = terminal.token("user", "reset", "wang.op")
    assert opens(terminal, second)
    assert not opens(terminal, first)


def test_a_disabled_account_stays_so_and_the_terminal_may_end_even_the_last(terminal: Terminal) -> None:
    token = terminal.token(*add("wang.op", "operator"))
    terminal.ok("user", "disable", "wang.op")
    assert not opens(terminal, token)
    for words in (("user", "disable", "wang.op"), ("user", "reset", "wang.op")):
        code, said = terminal(*words)
        assert (code, "[user.disabled]" in said) == (1, True)


def test_what_is_wrong_with_an_account_is_told_in_lines(terminal: Terminal) -> None:
    code, said = terminal(*add("W", "site", "--agency", "agy_none"))
    assert code == 1
    assert {"[user.login]", "[user.agency]", "[user.site]"} <= set(re.findall(r"\[[a-z.-]+\]", said))
    terminal.ok(*add("wang.op", "operator", "--person", "wang"))
    for again, wrong in (
        (add("wang.op", "operator"), "[user.login-taken]"),
        (add("wang.two", "supervisor", "--person", "wang"), "[user.person-taken]"),
        (("user", "reset", "nobody"), "[user.unknown]"),
    ):
        code, said = terminal(*again)
        assert (code, wrong in said) == (1, True), said


def test_every_act_of_the_terminal_is_on_record_under_its_login(terminal: Terminal) -> None:
    terminal.ok(*add("wang.op", "operator"))
    terminal.ok("user", "reset", "wang.op")
    terminal.ok("user", "disable", "wang.op")
    acts = terminal.rows("SELECT action, source, address, operator, target FROM operation_log ORDER BY id")
    assert [one[0] for one in acts] == ["user.add", "user.reset", "user.disable"]
    for _, source, address, operator, target in acts:
        assert (source, address) == ("cli", "local")
        assert str(operator).startswith("login:")
        assert str(target).startswith("usr_")


def test_a_key_for_a_site_names_its_site(terminal: Terminal) -> None:
    issue = ("key", "issue", "--person", "li", "--role", "site")
    code, said = terminal(*issue)
    assert (code, "[key.refused]" in said) == (1, True)
    terminal.ok(*issue, "--site", "ste_a")
    assert terminal.rows("SELECT role, site_id FROM api_keys") == [("site", "ste_a")]
