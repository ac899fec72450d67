"""The tests that may run beside each other, on two processes.

    python -m tests.side_by_side

They come in a new order each time, so what an earlier test left behind, or a machine that was slow for a
moment, can fall on any of them. What failed is run once more, one after another, and it is said which tests
those were; what fails twice has failed. A handful that fails again ends the second try.
"""

import sys
from pathlib import Path
from typing import Final

from tests import bounded

ROOT: Final = Path(__file__).resolve().parent.parent
WORKERS: Final = ("-n", "2", "--dist", "worksteal")
_PYTEST: Final = (sys.executable, "-m", "pytest", "tests", "-m", "not alone")
_AGAIN: Final = ("-p", "no:randomly", "--last-failed", "--last-failed-no-failures", "none")
# Pytest's code for a run in which tests failed; every other one is a fault of the run itself.
_FAILURES: Final = 1
_HANDFUL: Final = 8
_SECONDS: Final = 3500
_SECONDS_AGAIN: Final = 600
# Shorter than what whoever runs this gives before a kill.
_GRACE: Final = 20


def main() -> int:
    """Run all, and what failed of it once more; 0 when every test passed."""
    code = bounded.call((*_PYTEST, *WORKERS), _SECONDS, cwd=ROOT, grace=_GRACE)
    if code != _FAILURES:
        return code
    print("── what FAILED above is run once more", flush=True)  # noqa: T201
    return bounded.call((*_PYTEST, *_AGAIN, f"--maxfail={_HANDFUL}"), _SECONDS_AGAIN, cwd=ROOT, grace=_GRACE)


if __name__ == "__main__":
    sys.exit(main())
