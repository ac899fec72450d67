"""Time that a check of every byte of a room's recordings takes, against hashing the same files.

    python benchmarks/archive_check.py [--participants 10] [--seconds 60] [--runs 3]

check      every frame against its chain, every line of the index, the manifest: what the worker does monthly
sha256     the baseline: SHA-256 of each file whole, which tells that something changed, but not what

The files are the recorder's, of the media of `recorder.py`, and lie in the page cache: a disk makes both
slower. Beside it stands how long a room of five hours would take; nothing else of the worker waits for it.
"""

import argparse
import hashlib
import shutil
import tempfile
from pathlib import Path

from recorder import moving, packets, recorded
from timing import machine, median_seconds, table

from remote_eval.media.recording.archive import check
from tests.support.recorded_media import sounds

ROOM_HOURS = 5


def hashed(folder: Path) -> None:
    """The digest of every file."""
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            hashlib.file_digest(stream, "sha256")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time of a check of recordings")
    parser.add_argument("--participants", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=Path.cwd())) / "rec"
    try:
        fed = packets(given.participants, moving(given.seconds), sounds(given.seconds))
        recorded(folder, fed, given.participants, sampled=False)
        report = check(folder)
        assert report.ok
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        print(f"archive check: {given.participants} participants, {given.seconds} s, {size:.0f} MB, ", end="")
        print(f"{sum(one.frames for one in report.checked)} frames and lines")
        print(f"medians of {given.runs} runs; {machine()}")
        taken = {
            "check": median_seconds(lambda: check(folder), given.runs),
            "sha256": median_seconds(lambda: hashed(folder), given.runs),
        }
    finally:
        shutil.rmtree(folder.parent)
    rooms = ROOM_HOURS * 3600 / given.seconds
    rows = [
        [name, spent, size / spent, spent / taken["sha256"], spent * rooms / 60]
        for name, spent in taken.items()
    ]
    table(["reader", "s", "MB/s", "÷ sha256", f"minutes for {ROOM_HOURS} h"], rows)


if __name__ == "__main__":
    main()
