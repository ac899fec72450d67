"""When each track of a part was open, and which spans of it were kept, by the indexes (recording.md §7).

It shows holes that no gap tells of. Lines are taken as they stand, without their links: it is read at every
look at a list, and whether an index is the one that was written is `archive.check`'s.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from remote_eval.media.recording.index import MAX_LINE_BYTES
from remote_eval.media.recording.names import INDEX_FILE

# Shorter holes are not listed as gaps either (recording.md §8, `stalled`), in milliseconds.
LEAST_HOLE_MS: Final = 1_000
_TOLD: Final = (b'"is":"begin"', b'"is":"open"', b'"is":"close"', b'"is":"frame"', b'"is":"end"')


@dataclass(slots=True)
class TrackSpans:
    """Milliseconds of the room: `opened` from, to and the cause of its end, None where nothing tells; `kept`
    in order.
    """

    opened: list[tuple[int, int | None, str | None]] = field(default_factory=list)
    kept: list[tuple[int, int]] = field(default_factory=list)


def spans(folder: Path, part: int) -> dict[str, TrackSpans]:
    """Every track of a part that was ever open. Raises OSError without a folder."""
    found: dict[str, TrackSpans] = {}
    up: dict[str, int] = {}
    for path in sorted(folder.iterdir()):
        named = INDEX_FILE.fullmatch(path.name)
        if named is not None and int(named[1]) == part:
            # At a line that nobody can read tracks stay open: what is not known explains nothing.
            with suppress(KeyError, TypeError, ValueError):
                _read(path, up, found)
    _close(up, found, None)
    for one in found.values():
        one.kept = _merged(one.kept)
    return found


def _read(path: Path, up: dict[str, int], found: dict[str, TrackSpans]) -> None:
    """What one recorder wrote; `up`: tracks that are open, and since when, its predecessor's at first."""
    for line in _lines(path):
        kind = line["is"]
        if kind in {"begin", "end"}:
            _close(up, found, int(line["at"]))
            continue
        track = str(line["track"])
        one = found.setdefault(track, TrackSpans())
        if kind == "frame":
            one.kept.append((int(line["from"]), int(line["to"])))
        elif kind == "open":
            up.setdefault(track, int(line["at"]))
        elif kind == "close" and track in up:
            one.opened.append((up.pop(track), int(line["at"]), str(line.get("cause", ""))))


def _close(up: dict[str, int], found: dict[str, TrackSpans], at: int | None) -> None:
    for track, since in up.items():
        found[track].opened.append((since, at, None))
    up.clear()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that matter here; an incomplete last one does not."""
    with path.open("rb") as stream:
        while data := stream.readline(MAX_LINE_BYTES + 1):
            if data.endswith(b"\n") and any(mark in data for mark in _TOLD):
                yield json.loads(data)


def _merged(kept: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for since, until in sorted(kept):
        if merged and since - merged[-1][1] < LEAST_HOLE_MS:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return merged
