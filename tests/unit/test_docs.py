"""The documents say what the tree holds: links, commands, checks, tests, worked bytes, no unchecked law."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest

from app.cli.main import run
from crypto.canonical import canonical
from crypto.commitment import commit_field
from crypto.signing import SigningKey
from draw.entries import draft, entry_bytes, leaf_hash, message, sign
from draw.entry_bodies import ABORT_REASONS
from draw.verify.texts import TEXTS
from tests.support.forgeries import FORGERIES

ROOT: Final = Path(__file__).resolve().parents[2]
READMES: Final = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES: Final = (*READMES, *sorted((ROOT / "docs").rglob("*.md")))
SPEC: Final = ROOT / "docs/spec/draw-proof.md"
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"^    .*$|^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_CHECK_ROW: Final = re.compile(r"^\| (\d+) \| `?([a-z-]+)`? \|", re.MULTILINE)
_FILE: Final = re.compile(
    r"`((?:app|crypto|draw|docs|migrations|requirements|tests|web)/[\w./*-]+|hatch_build\.py)`"
)
_MAX_README_WORDS: Final = 500  # a minute of quick reading, code and links included


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@lru_cache(maxsize=1)
def _test_sources() -> str:
    return "\n".join(_text(path) for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    prose = _CODE.sub("", _text(page))
    targets = [link.partition("#")[0] for link in _LINK.findall(prose) if "://" not in link]
    missing = [target for target in targets if target and not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = _FILE.findall(_text(page))
    assert [name for name in named if not any(ROOT.glob(name.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`(test_[a-z0-9_]+)`", _text(page))
    assert [name for name in named if f"def {name}(" not in _test_sources()] == []


def test_every_page_is_reached_from_the_index() -> None:
    index = ROOT / "docs/README.md"
    reached = {(index.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(_text(index))}
    assert {path.resolve() for path in PAGES} - reached == {index.resolve()}


@pytest.mark.parametrize("page", READMES, ids=_name)
def test_the_two_commands_of_the_readme_are_those_of_run(page: Path) -> None:
    shown = re.findall(r"^\./run (\w+)", _text(page), re.MULTILINE)
    assert shown == ["demo", "test"]
    described = re.findall(r"^# \./run (\w+)", _text(ROOT / "run"), re.MULTILINE)
    assert set(shown) <= set(described)


@pytest.mark.parametrize("page", READMES, ids=_name)
def test_the_story_has_nine_lines_and_is_read_in_a_minute(page: Path) -> None:
    text = _text(page)
    assert re.findall(r"^(\d+)\. ", text, re.MULTILINE) == [str(number) for number in range(1, 10)]
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
    words = len(re.findall(r"[A-Za-z0-9'/.-]+", text)) if chinese < 100 else chinese / 1.6
    assert words <= _MAX_README_WORDS


def test_the_package_shows_the_readme() -> None:
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]
    assert project["readme"] == "README.md"


def test_the_checks_of_page_specification_and_verifiers_are_the_same() -> None:
    python = {number: text.name for number, text in TEXTS.items()}
    page = {int(number): name for number, name in _CHECK_ROW.findall(_text(ROOT / "docs/verify.md"))}
    assert page == python
    section = _text(SPEC).partition("## 10. Checks")[2].partition("## 11.")[0]
    public = {int(number): name for number, name in _CHECK_ROW.findall(section)}
    private = {int(number): name for number, name in re.findall(r"\b(\d\d) `([a-z-]+)`", section)}
    assert public | private == python
    typescript = re.findall(
        r"^  (\d+): check\(\"([a-z-]+)\"", _text(ROOT / "web/src/verify/checks.ts"), re.MULTILINE
    )
    assert {int(number): name for number, name in typescript} == python


def test_the_page_names_whom_the_verifier_names() -> None:
    rows = re.findall(
        r"^\| (\d+) \| `[a-z-]+` \| .* \| ([^|]+) \|$", _text(ROOT / "docs/verify.md"), re.MULTILINE
    )
    shown = {int(number): who.strip() for number, who in rows}
    for number, text in TEXTS.items():
        handed = text.responsible.startswith("whoever handed over")
        assert shown[number] == ("whoever handed it over" if handed else text.responsible), number


def test_every_forgery_that_the_threat_model_names_is_one() -> None:
    known = {f"{one.number}/{one.name}" for one in FORGERIES}
    named = set(re.findall(r"\b\d+/[a-z][a-z0-9-]+", _text(ROOT / "docs/threat-model.md")))
    assert named - known == set()


def test_every_check_that_a_forgery_tries_appears_in_the_threat_model_or_is_a_matter_of_form() -> None:
    column = [
        row.split("|")[3] for row in _text(ROOT / "docs/threat-model.md").split("\n") if row.startswith("| ")
    ]
    numbers: set[int] = set()
    for cell in column:
        for first, last in re.findall(r"(\d+)(?:–(\d+))?", cell):
            numbers |= set(range(int(first), int(last or first) + 1))
    # What is left is the form of the two private files, and the receipt's place in the pool.
    assert {one.number for one in FORGERIES} - numbers <= {31, 41, 42}


def test_operations_know_every_reason_to_abort() -> None:
    page = _text(ROOT / "docs/operations.md")
    assert [reason for reason in ABORT_REASONS if f"`{reason}`" not in page] == []


def test_the_settings_of_the_page_are_those_of_the_code() -> None:
    source = _text(ROOT / "app/settings.py").partition("class Settings")[2].partition("@property")[0]
    fields = set(re.findall(r"^    ([a-z_]+): ", source, re.MULTILINE))
    shown = re.findall(r"^\| `QIANTONG_([A-Z_]+)` \|", _text(ROOT / "docs/operations.md"), re.MULTILINE)
    assert {name.lower() for name in shown} == fields


def test_worked_field_commitments_have_the_bytes_of_the_code() -> None:
    salt = bytes(range(32))
    employment = [{"org": "uscc:91110108551385082Q", "role": "staff", "from": "2019-07-01", "to": None}]
    page = _text(SPEC)
    assert canonical(employment).decode() in page
    assert commit_field(salt, "employers", employment).hex() in page
    assert commit_field(salt, "region", "650100").hex() in page


def test_the_worked_signature_has_the_bytes_of_the_code() -> None:
    body = {"draw": 7, "sdr": None, "reason": "project_cancelled"}
    key = SigningKey.from_seed(bytes(range(32)))
    drafted = draft("abort", "2026-11-21T08:00:00Z", body)
    signed = sign(drafted, "platform", key)
    page = _text(SPEC)
    prefix, _, value = message(drafted).partition(b"\x00")
    assert f'"{prefix.decode()}" 00 {value.decode()}' in page
    assert key.public.hex() in page
    assert signed.signatures[0].signature.hex() in page
    assert leaf_hash(signed).hex() in page
    assert entry_bytes(signed)


def _unchecked_sources() -> list[str]:
    folder = ROOT / "draw/avoidance/packs"
    found = []
    for path in sorted(folder.glob("*.toml")):
        for parameter in tomllib.loads(_text(path))["parameters"].values():
            if parameter["status"] == "unchecked":
                found.append(parameter["source"])
    return found


def test_there_are_unchecked_rules_to_look_for() -> None:
    assert _unchecked_sources()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_page_prints_an_unchecked_rule_as_law(page: Path) -> None:
    text = _text(page)
    # "政府采购法实施条例 第四十三条": the statute's name alone would already quote it.
    statutes = {source.split()[0] for source in _unchecked_sources()}
    assert [statute for statute in sorted(statutes) if statute in text] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_pages_name_no_place_of_one_machine(page: Path) -> None:
    assert re.findall(r"/(?:work|home|Users|tmp)/\w+", _text(page)) == []


def test_the_picture_is_a_picture() -> None:
    data = (ROOT / "docs/img/verifier.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert 20_000 < len(data) < 600_000


def test_the_commands_of_the_pages_exist(capsys: pytest.CaptureFixture[str]) -> None:
    groups = {"db", "pool", "project", "draw", "party", "key", "log"}
    shown = {
        tuple(words.split())
        for page in PAGES
        for words in re.findall(r"(?:^|`)qiantong ((?:[a-z]+ ?){1,2})", _text(page), re.MULTILINE)
    }
    assert len(shown) > 5
    for words in sorted(shown):
        command = words if words[0] in groups else words[:1]
        assert run([*command, "--help"]) == 0, command
    assert "Usage" in capsys.readouterr().out
