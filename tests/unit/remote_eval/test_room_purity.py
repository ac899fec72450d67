"""Everything of remote_eval outside media is held to purity: a new module cannot be forgotten."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def modules() -> set[str]:
    package = ROOT / "remote_eval"
    files = {one.stem for one in package.glob("*.py")} - {"__init__"}
    packages = {one.parent.name for one in package.glob("*/__init__.py")} - {"media"}
    return {f"remote_eval.{name}" for name in files | packages}


@pytest.mark.parametrize("contract", ["pure-core", "no-chance"])
def test_every_module_outside_media_is_held_to_purity(contract: str) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {one["id"]: one for one in settings["tool"]["importlinter"]["contracts"]}
    named = {one for one in contracts[contract]["source_modules"] if one.startswith("remote_eval")}
    assert named == modules()
