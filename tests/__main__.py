"""Runs the project's gates in order: `python -m tests`, or some of them: `python -m tests lint types`.

Every gate runs even when an earlier one failed, so that one run tells all; the exit code is 0 only if all
passed.
Any word that names no gate goes to pytest with everything after it: `python -m tests tests/unit -k seed`.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests import bounded
from tests.side_by_side import WORKERS

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
PYTEST = (PYTHON, "-m", "pytest", *WORKERS)
NPM = ("npm", "--prefix", "web", "--silent", "run")

# A run leaves half a gigabyte while it lasts.
MEMORY = Path("/dev/shm")  # noqa: S108 (pytest makes a folder of its own in it that only the user enters)
MEMORY_NEEDED = 2 * 1024**3

# Longer than any gate takes on two busy cores.
GATE_SECONDS = 3700
# In the order in which they run, the cheapest first; the last pytest run closes with the summary.
GATES: dict[str, tuple[str, ...]] = {
    "format": (PYTHON, "-m", "ruff", "format", "--check", "--quiet"),
    "lint": (PYTHON, "-m", "ruff", "check", "--quiet"),
    "types": (PYTHON, "-m", "mypy"),
    # Import contracts, sizes, what may stand in a file: told before the slow gates, which run it again.
    "contracts": (PYTHON, "-m", "pytest", "-q", "tests/unit/test_layout.py"),
    "web-types": (*NPM, "types"),
    "web-tests": (*NPM, "test"),
    "alone": (PYTHON, "-m", "tests.alone"),
    "tests": (PYTHON, "-m", "tests.side_by_side"),
}
# Parts of `tests`, for one at a time.
PARTS: dict[str, tuple[str, ...]] = {
    "unit": (*PYTEST, "tests/unit", "tests/contract"),
    "integration": (*PYTEST, "tests/integration"),
    "e2e": (*PYTEST, "tests/e2e"),
    "vectors": (*PYTEST, "tests/vectors"),
}


def main(words: Sequence[str]) -> int:
    """Run the named gates, all of them when none is named; hand other words to pytest."""
    known = GATES | PARTS
    if words and words[0] not in known:
        return subprocess.call([PYTHON, "-m", "pytest", *words], cwd=ROOT)
    failed = [name for name in words or GATES if not passes(name, known[name])]
    if failed:
        print(f"\nFAILED gates: {', '.join(failed)}", flush=True)  # noqa: T201
    return 1 if failed else 0


def passes(name: str, command: tuple[str, ...]) -> bool:
    """Run one gate in the project's root and say how long it took."""
    print(f"── {name}", flush=True)  # noqa: T201
    begun = time.monotonic()
    try:
        code = bounded.call(command, GATE_SECONDS, cwd=ROOT, env={**os.environ, **surroundings()}, grace=40)
    except FileNotFoundError as missing:
        print(f"{missing.filename} is missing; ./run test brings all that is needed")  # noqa: T201
        code = 127
    print(f"── {name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - begun:.1f} s", flush=True)  # noqa: T201
    return code == 0


def surroundings() -> dict[str, str]:
    """What every gate finds in its environment.

    Tests keep their databases in memory where the machine has room and lets programs run from there: they
    kill processes, not the machine, and thousands of waits for a disk would show nothing.

    What is compiled once is kept, outside of the tree and whatever the machine's rule is: tests start
    programs by the hundred, and each would compile a thousand modules before its first line.
    """
    found = {"NO_UPDATE_NOTIFIER": "1", "PYTHONDONTWRITEBYTECODE": ""}
    found["PYTHONPYCACHEPREFIX"] = os.environ.get("PYTHONPYCACHEPREFIX") or str(Path(sys.prefix) / "bytecode")
    if (
        os.access(MEMORY, os.W_OK)
        and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED
        and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    ):
        found["PYTEST_DEBUG_TEMPROOT"] = os.environ.get("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
