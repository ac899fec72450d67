"""Tests that need the machine for themselves: real networks, browsers with cameras, and timing of media.

    python -m tests.alone [FILE …]

Each file runs in a process of its own, in its own order, one after another, while nothing else runs. Two
cores make such a test late rather than wrong, so what failed is run again by itself (a story as a whole),
twice at most, and it is said which tests that were; what fails each time has failed. The marker `alone` keeps
these files out of the parallel run.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests import bounded

ROOT: Final = Path(__file__).resolve().parent.parent
# Cables for Janus and for networks change the machine's interfaces, at which a browser drops what it loads.
FILES: Final = (
    "tests/contract/test_janus_engine.py",
    "tests/contract/test_janus_engines.py",
    "tests/contract/test_janus_hostile.py",
    "tests/contract/test_media_engine.py",
    "tests/contract/test_media_engine_recording.py",
    "tests/contract/test_media_engine_viewing.py",
    "tests/integration/test_networks.py",
    "tests/integration/test_site_isolation.py",
    "tests/integration/test_site_relay.py",
    "tests/integration/test_site_browser.py",
    "tests/integration/test_site_gateway.py",
    "tests/integration/test_site_uplink.py",
    "tests/integration/test_site_recording.py",
    "tests/integration/test_room_behind_gateway.py",
    "tests/integration/test_room_hostile.py",
    "tests/integration/test_failure_table_going_on.py",
    "tests/integration/test_failure_table_room.py",
    "tests/e2e/test_room_media_lite.py",
    "tests/e2e/test_room_networks.py",
    "tests/e2e/test_room_relay.py",
    "tests/e2e/test_room_page.py",
    "tests/e2e/test_room_page_janus.py",
    "tests/e2e/test_room_page_recovery.py",
    "tests/e2e/test_seat_clarify_page.py",
    "tests/e2e/test_more_time_page.py",
    "tests/e2e/test_clarify_page.py",
    "tests/e2e/test_playback_page.py",
    "tests/e2e/test_wall_page.py",
    "tests/e2e/test_wall_decisions_page.py",
    "tests/e2e/test_room_whole.py",
    "tests/e2e/test_room_whole_janus.py",
    "tests/e2e/test_room_faults.py",
    "tests/e2e/test_room_narrow.py",
)
# One story from the first test to the last: what failed of it cannot be run by itself.
STORIES: Final = frozenset(
    {
        "tests/e2e/test_room_whole.py",
        "tests/e2e/test_room_whole_janus.py",
        "tests/e2e/test_room_faults.py",
    }
)
_PYTEST: Final = (sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--timeout", "300")
_FILE_SECONDS: Final = 900
_AGAIN: Final = 2


def main(words: Sequence[str]) -> int:
    """Run the named files, all without a name; 0 when every one passed."""
    failed = [name for name in words or FILES if not passes(name)]
    if failed:
        print(f"\nFAILED alone: {', '.join(failed)}", flush=True)  # noqa: T201
    return 1 if failed else 0


def passes(name: str) -> bool:
    """Run one file, and what failed of it again."""
    print(f"── {name}", flush=True)  # noqa: T201
    again = () if name in STORIES else ("--last-failed", "--last-failed-no-failures", "none")
    code = _run(name)
    for _ in range(_AGAIN):
        if code == 0:
            break
        print(f"── {name}: what FAILED above is run again", flush=True)  # noqa: T201
        code = _run(name, *again)
    return code == 0


def _run(*words: str) -> int:
    return bounded.call((*_PYTEST, *words), _FILE_SECONDS, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
