"""The shape of the tree is held by machine: import direction, sizes, what may stand in a committed file."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "draw", "remote_eval", "crypto")
OURS = {*PACKAGES, "migrations", "tests", "benchmarks", "hatch_build"}
CODE = {".py", ".ts", ".vue", ".css", ".html", ".sh"}
LONGEST_FILE = 500
LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]

# Built from halves so that this file does not name what it looks for.
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", "/Us" + "ers/[a-z]", "/opt/" + "pypi"]
REGISTRIES = [
    "py" + r"pi\.org",
    "python" + r"hosted\.org",
    "registry\\." + "npm",
    "npm" + r"js\.org",
    "npm" + "mirror",
]
IMPORT_IN_TYPESCRIPT = re.compile(
    r"""^(?:import|export)\s[^;"']*?\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']"""
    r"""|\bimport\(\s*["'`]([^"'`]+)["'`]""",
    re.MULTILINE,
)
FORBIDDEN_TEXT = re.compile("|".join(MACHINE_PATHS + REGISTRIES))


def tracked() -> list[Path]:
    """Every file that is, or may be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return sorted(path for path in paths if path.is_file())


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or an archive


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(LINT, cwd=root, capture_output=True, text=True, check=False)


def test_import_contracts_are_kept() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def copy_of_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    sources = shutil.ignore_patterns("static", "__pycache__")
    for package in (*PACKAGES, "tests/support"):
        shutil.copytree(ROOT / package, root / package, ignore=sources)
    for single in ("pyproject.toml", "tests/__init__.py"):
        shutil.copy(ROOT / single, root / single)
    return root


@pytest.mark.parametrize(
    ("intruder", "line", "broken"),
    [
        ("draw/intruder.py", "import app", "Imports point one way"),
        ("draw/intruder.py", "import remote_eval", "Imports point one way"),
        ("crypto/intruder.py", "import draw", "Imports point one way"),
        ("draw/verify/intruder.py", "import draw.errors", "The verifier stands alone"),
        ("draw/verify/intruder.py", "import crypto.hashing", "The verifier stands alone"),
        ("draw/verify/intruder.py", "import pydantic", "The verifier stands alone"),
        ("crypto/intruder.py", "import time", "reads no clock"),
        ("draw/intruder.py", "import socket", "reads no clock"),
        ("draw/intruder.py", "import secrets", "Randomness is an argument"),
        ("app/intruder.py", "import aiortc", "media library"),
    ],
)
def test_an_import_against_the_rules_is_named(
    copy_of_tree: Path, intruder: str, line: str, broken: str
) -> None:
    path = copy_of_tree / intruder
    path.write_text(f'"""Breaks a rule."""\n\n{line}\n')
    try:
        done = lint_imports(copy_of_tree)
    finally:
        path.unlink()
    assert done.returncode != 0
    assert re.search(f"{broken}.* BROKEN", done.stdout), done.stdout


def test_no_file_outgrows_its_reader() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path, text in texts()
        if path.suffix in CODE and (lines := text.count("\n")) > LONGEST_FILE
    }
    assert not long


def test_no_committed_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if FORBIDDEN_TEXT.search(line)
    ]
    assert not found


def test_pins_carry_hashes_and_no_addresses() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        pins = re.findall(r"^\S+==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        assert pins, path
        assert all("--hash=sha256:" in pin for pin in pins), path
        assert "://" not in text, path
    lock = (ROOT / "web/package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_every_library_in_use_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shipped = names_of(project["project"]["dependencies"])
    groups = project["dependency-groups"]
    developed = shipped | names_of([*groups["dev"], *groups["bench"]])
    distributions = packages_distributions()
    undeclared = set()
    for folders, declared in (((*PACKAGES, "migrations"), shipped), (("tests", "benchmarks"), developed)):
        for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
            beside = (
                {script.stem for script in path.parent.glob("*.py")}
                if path.parent.name == "benchmarks"
                else set()
            )
            for root in imported_roots(path) - sys.stdlib_module_names - OURS - beside:
                owners = {name.lower().replace("_", "-") for name in distributions.get(root, [root])}
                if not owners & declared:
                    undeclared.add(f"{path.relative_to(ROOT)} imports {root}")
    assert not undeclared


def names_of(requirements: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {match[0].lower().replace("_", "-") for match in found if match}


def imported_roots(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_package_openers_hold_a_doc_string_only(package: str) -> None:
    for path in (ROOT / package).rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1, path
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_the_second_verifier_imports_nothing_else_of_ours() -> None:
    allowed = re.compile(r"^(\./|node:|@noble/)")
    folder = ROOT / "web/src/verify"
    for path in folder.rglob("*.ts"):
        if path.name.endswith(".test.ts"):
            continue
        for found in IMPORT_IN_TYPESCRIPT.finditer(path.read_text(encoding="utf-8")):
            target = next(filter(None, found.groups()))
            inside = target.startswith("../") and (path.parent / target).resolve().is_relative_to(folder)
            assert allowed.match(target) or inside, f"{path.name} imports {target}"
