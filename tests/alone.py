"""Tests of real media, networks and browsers with cameras: few at once, and never beside other tests.

    python -m tests.alone [FILE …]

Their files come in rounds; a round's lanes run beside each other, and a lane's runs after one another, each
in a process of its own that makes worlds once for its files. Most wait for media rather than compute, so two
cores carry two or three of them; what they make late fails, and is run again by itself when nothing else runs
(a story as a whole), twice at most. It is said which tests those were; what fails each time has failed. The
marker `alone` keeps these files out of the parallel run.

Cables for Janus and for networks change the machine's interfaces, at which a browser outside of them drops
what it loads: such files never share a round.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain, groupby
from pathlib import Path
from typing import Final

from tests import bounded

Run = tuple[str, ...]
Lane = tuple[Run, ...]

ROOT: Final = Path(__file__).resolve().parent.parent
_NETWORKS: Final[Lane] = (
    ("tests/e2e/test_room_whole.py", "tests/e2e/test_room_faults.py", "tests/e2e/test_room_narrow.py"),
    ("tests/e2e/test_room_whole_janus.py", "tests/e2e/test_room_networks.py", "tests/e2e/test_room_relay.py"),
    ("tests/e2e/test_seat_cable.py",),
)
_SITES: Final[Lane] = (
    (
        "tests/integration/test_networks.py",
        "tests/integration/test_site_isolation.py",
        "tests/integration/test_site_relay.py",
        "tests/integration/test_site_browser.py",
        "tests/integration/test_site_uplink.py",
        "tests/integration/test_site_recording.py",
    ),
    (
        "tests/integration/test_site_gateway.py",
        "tests/integration/test_room_behind_gateway.py",
        "tests/integration/test_room_hostile.py",
        "tests/integration/test_failure_table_going_on.py",
        "tests/integration/test_room_visits.py",
    ),
)
_ENGINES: Final[Lane] = (
    (
        "tests/contract/test_janus_drift.py",
        "tests/contract/test_janus_engine.py",
        "tests/contract/test_janus_engines.py",
        "tests/contract/test_janus_hostile.py",
    ),
    (
        "tests/contract/test_media_engine.py",
        "tests/contract/test_media_engine_recording.py",
        "tests/contract/test_media_engine_viewing.py",
    ),
)
_ROOM_PAGES: Final[Lane] = (
    (
        "tests/e2e/test_room_page_janus.py",
        "tests/e2e/test_room_page.py",
        "tests/e2e/test_room_page_recovery.py",
        "tests/e2e/test_room_media_lite.py",
        "tests/e2e/test_seat_clarify_page.py",
        "tests/e2e/test_more_time_page.py",
        "tests/e2e/test_clarify_page.py",
    ),
)
_ROOMS: Final[Lane] = (("tests/integration/test_failure_table_room.py",),)
_WALL: Final[Lane] = (("tests/e2e/test_wall_page.py",),)
_OTHER_PAGES: Final[Lane] = (("tests/e2e/test_playback_page.py", "tests/e2e/test_wall_decisions_page.py"),)
ROUNDS: Final = ((_NETWORKS, _SITES, _ENGINES), (_ROOM_PAGES, _ROOMS), (_WALL, _OTHER_PAGES))
FILES: Final = tuple(name for lanes in ROUNDS for lane in lanes for run in lane for name in run)
# One story from the first test to the last: what failed of it cannot be run by itself.
STORIES: Final = frozenset(
    {
        "tests/e2e/test_room_whole.py",
        "tests/e2e/test_room_whole_janus.py",
        "tests/e2e/test_room_faults.py",
        "tests/e2e/test_seat_cable.py",
    }
)
_PYTEST: Final = (sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--timeout", "300")
_SECONDS: Final = 1800
_GRACE: Final = 10
_AGAIN: Final = 2
# Pytest's code for a run in which tests failed.
_FAILURES: Final = 1


def main(words: Sequence[str]) -> int:
    """Run the named files one after another, all in rounds without a name; 0 when every test passed."""
    rounds = (((tuple((name,) for name in words)),),) if words else ROUNDS
    failed = asyncio.run(_all(rounds))
    for _ in range(_AGAIN):
        if failed:
            say("what FAILED above is run again by itself")
            failed = asyncio.run(_all([[by_file(failed)]]))
    if failed:
        say(f"FAILED alone: {', '.join(sorted(failed))}")
    return 1 if failed else 0


def say(text: str) -> None:
    """A line that stands out between what pytest says."""
    print(f"── {text}", flush=True)  # noqa: T201


async def _all(rounds: Iterable[Iterable[Sequence[Run]]]) -> set[str]:
    """What is to be run again: tests, or files as a whole."""
    failed: set[str] = set()
    for lanes in rounds:
        failed.update(*await asyncio.gather(*map(_lane, lanes)))
    return failed


async def _lane(runs: Sequence[Run]) -> set[str]:
    return set(chain.from_iterable([await _run(run) for run in runs]))


async def _run(run: Run) -> set[str]:
    """Run some files in one process, and print what it said once it has ended."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="qiantong-alone-") as folder:
        kept = Path(folder)
        with (kept / "said").open("wb") as said:
            code = await _ended([*_PYTEST, "-o", f"cache_dir={kept}", *run], said)
        say(f"{' '.join(run)} in {time.monotonic() - begun:.0f} s")
        print((kept / "said").read_text(errors="replace"), flush=True)  # noqa: T201
        if code == 0:
            return set()
        return again(run, last_failed(kept)) if code == _FAILURES else set(run)


async def _ended(command: Sequence[str], said: object) -> int:
    """A program's exit code; one that hangs is ended with its group and has failed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        stdout=said,  # type: ignore[arg-type]
        stderr=said,  # type: ignore[arg-type]
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            return await process.wait()
    except TimeoutError:
        say(f"ENDED after {_SECONDS} s: {' '.join(command)}")
        return bounded.ENDED
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    for how in (signal.SIGINT, signal.SIGKILL):
        if process.returncode is not None:
            return
        os.killpg(process.pid, how)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await process.wait()


def by_file(failed: Iterable[str]) -> Lane:
    """What failed, one run for each file."""
    files = groupby(sorted(failed), key=lambda test: test.partition("::")[0])
    return tuple(tuple(tests) for _, tests in files)


def last_failed(cache: Path) -> list[str]:
    """The tests that failed, as pytest keeps them in its cache."""
    try:
        return list(json.loads((cache / "v/cache/lastfailed").read_bytes()))
    except FileNotFoundError:
        return []


def again(run: Run, failed: Sequence[str]) -> set[str]:
    """What to run of some files in which these tests failed; where none is known, the files."""
    return {_whole(one) for one in failed} or set(run)


def _whole(test: str) -> str:
    file = test.partition("::")[0]
    return file if file in STORIES else test


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
