"""The TypeScript verifier as a batch process: many bundles, one answer each.

It is the built module that ships with the pages. Building it is the web build's work; without it these tests
fail rather than pass in silence.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.support.forgery import Evidence

_ROOT = Path(__file__).parents[2]
_PLACES = (_ROOT / "web" / "dist" / "qiantong-verify.mjs", _ROOT / "app" / "static" / "qiantong-verify.mjs")
# A batch holds at most so many bundles: a bound on memory, and on what a hung process could cost.
_SECONDS = 240


def module() -> Path:
    """The newest built module."""
    built = [place for place in _PLACES if place.exists()]
    assert built, "build the second verifier first: ./run build"
    return max(built, key=lambda place: place.stat().st_mtime)


def verdicts(evidence: Iterable[Evidence]) -> list[int | None]:
    """Per piece of evidence the number of the first failing check, None when all pass."""
    lines = "".join(_line(one) + "\n" for one in evidence)
    node = shutil.which("node")
    assert node, "node is needed for the second verifier"
    done = subprocess.run(
        [node, str(module()), "batch"],
        input=lines,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
    return [_number(json.loads(answer)) for answer in done.stdout.splitlines()]


def _line(one: Evidence) -> str:
    parts = {
        "bundle": one.bundle,
        "pool": one.pool_file,
        "receipt": one.receipt,
        "reply": one.reply,
        "trust": one.trust,
    }
    return json.dumps(
        {name: base64.b64encode(data).decode("ascii") for name, data in parts.items() if data is not None}
    )


def _number(answer: dict[str, object]) -> int | None:
    if answer["ok"]:
        return None
    number = answer.get("number")
    assert isinstance(number, int), f"the second verifier broke down: {answer}"
    assert not str(answer["en"]).startswith("internal"), f"the second verifier broke down: {answer}"
    return number
