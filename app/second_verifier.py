"""The second verifier (TypeScript), as a program under Node: found, run, and its verdict read.

It shares no code with this package; only files and exit codes pass between the two.
"""

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any, Final

from app.errors import AppError

TIMEOUT_SECONDS: Final = 120


def find_node() -> str | None:
    """The Node program, if there is one."""
    return shutil.which("node")


def script() -> Path:
    """The verifier's one file. Raises AppError ``verifier.missing`` when the pages were never built."""
    path = Path(str(resources.files("app").joinpath("static", "qiantong-verify.mjs")))
    if not path.is_file():
        raise AppError("verifier.missing")
    return path


def run_vectors(file: Path) -> dict[str, Any]:
    """{"computed", "mismatches"} of a conformance file.

    Raises AppError ``node.missing`` or ``vectors.unusable``.
    """
    done = _node("vectors", str(file))
    if done.returncode not in (0, 1):
        raise AppError("vectors.unusable", reason="TypeScript")
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def run_verify(bundle: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """(exit code, verdict) of the bundle; options are those of the program. Raises AppError
    ``node.missing``.
    """
    done = _node("verify", str(bundle), *options, "--json")
    value: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    return done.returncode, value


def _node(*words: str) -> subprocess.CompletedProcess[str]:
    node = find_node()
    if node is None:
        raise AppError("node.missing")
    command = [node, str(script()), *words]
    return subprocess.run(  # noqa: S603 - the program and its words are ours, files come as paths
        command, capture_output=True, text=True, encoding="utf-8", timeout=TIMEOUT_SECONDS, check=False
    )
