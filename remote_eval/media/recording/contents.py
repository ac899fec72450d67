"""What the indexes of a part say, gathered: recordings, gaps, clocks, spans (docs/spec/recording.md §7).

Only lines whose links hold are believed; a fault ends the reading of that index and is told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any, Final

from remote_eval.errors import RecordingError
from remote_eval.media.recording.index import START, Torn, read_lines
from remote_eval.media.recording.names import INDEX_FILE, Place

_TEXT: Final = (str,)
_WHOLE: Final = (int,)
_CLOCK: Final = ("at", "ssrc", "ntp_us", "rtp", "rate", "shift_us", "behind_us", "rtt_us", "jump")
# Members that each kind of line must have, and their types: a chained line may still be somebody's invention.
_SHAPES: Final[Mapping[str, Mapping[str, tuple[type, ...]]]] = {
    "begin": {"room": _TEXT, "at": _WHOLE, "opened_at": _WHOLE, "cause": (str, NoneType)},
    "end": {"at": _WHOLE},
    "open": {"track": _TEXT, "at": _WHOLE},
    "close": {"track": _TEXT, "at": _WHOLE, "cause": _TEXT},
    "file": {"track": _TEXT, "name": _TEXT, "class": _TEXT, "head": _TEXT},
    "frame": {
        **dict.fromkeys(("n", "offset", "length", "from", "to"), _WHOLE),
        "track": _TEXT,
        "head": _TEXT,
    },
    "gap": {"track": _TEXT, "from": _WHOLE, "to": _WHOLE, "cause": _TEXT},
    "clock": {**dict.fromkeys(_CLOCK, _WHOLE), "track": _TEXT, "drift_ppb": (int, NoneType)},
    "drift": {"track": _TEXT, "by": _TEXT, "at": _WHOLE, "drift_ppb": _WHOLE, "own_ppb": (int, NoneType)},
}


@dataclass(slots=True)
class Listed:
    """One recording as its index tells it. `frames`: (offset, length, head, from, to) by number; `lost`:
    packets by what became of them."""

    name: str
    track: str
    piece: int
    klass: str
    start: bytes
    frames: list[tuple[int, int, bytes, int, int]] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Contents:
    """One index. `files` by name; `newest` piece by track; `fault`: number of the first line that does not
    hold."""

    path: Path
    part: int
    letter: str
    begin: Mapping[str, Any] | None = None
    end: Mapping[str, Any] | None = None
    files: dict[str, Listed] = field(default_factory=dict)
    newest: dict[str, Listed] = field(default_factory=dict)
    gaps: list[Mapping[str, Any]] = field(default_factory=list)
    tracks: list[Mapping[str, Any]] = field(default_factory=list)
    clocks: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    drifts: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    lines: int = 0
    link: bytes = START
    # The link after as many lines as were asked for.
    marked: bytes | None = None
    torn: int = 0
    fault: int | None = None

    @property
    def last_ms(self) -> int | None:
        """The latest room time that the index tells."""
        ends = [frame[4] for file in self.files.values() for frame in file.frames]
        if self.end is not None:
            ends.append(int(self.end["at"]))
        if self.begin is not None:
            ends.append(int(self.begin["at"]))
        return max(ends, default=None)


def read_contents(path: Path, mark: int | None = None) -> Contents:
    """Read one index file whole; `mark`: after how many lines the link is kept."""
    named = INDEX_FILE.fullmatch(path.name)
    if named is None:
        raise RecordingError("recording.name")
    found = Contents(path, int(named[1]), named[2])
    try:
        for line in read_lines(path):
            if isinstance(line, Torn):
                found.torn = line.size
                break
            _take(found, line.value)
            found.lines, found.link = line.number + 1, line.link
            if found.lines == mark:
                found.marked = line.link
    except (RecordingError, KeyError, TypeError, ValueError):
        found.fault = found.lines
    return found


def indexes(
    folder: Path, part: int | None = None, marks: Mapping[str, int] | None = None
) -> Iterator[Contents]:
    """Every index of a folder (of one part) by part and letter; `marks` by file name."""
    for path in sorted(folder.iterdir()):
        named = INDEX_FILE.fullmatch(path.name)
        if named is not None and part in (None, int(named[1])):
            yield read_contents(path, (marks or {}).get(path.name))


def _take(found: Contents, value: Mapping[str, Any]) -> None:
    kind = value["is"]
    for name, types in _SHAPES.get(kind, {}).items():
        if type(value[name]) not in types:
            raise TypeError
    if kind == "begin":
        found.begin = value
    elif kind == "end":
        found.end = value
    elif kind == "file":
        _take_file(found, value)
    elif kind == "frame":
        _take_frame(found, value)
    elif kind in {"clock", "drift"}:
        told = found.clocks if kind == "clock" else found.drifts
        told.setdefault(value["track"], []).append(value)
    elif kind in {"gap", "open", "close"}:
        (found.gaps if kind == "gap" else found.tracks).append(value)


def _take_file(found: Contents, value: Mapping[str, Any]) -> None:
    track = value["track"]
    before = found.newest.get(track)
    piece = 1 if before is None else before.piece + 1
    place = Place(part=found.part, track=track, letter=found.letter, piece=piece)
    if value["name"] != place.file:
        raise ValueError
    start = bytes.fromhex(value["head"])
    listed = Listed(place.file, track, piece, value["class"], start)
    found.files[listed.name] = found.newest[track] = listed


def _take_frame(found: Contents, value: Mapping[str, Any]) -> None:
    listed = found.newest[value["track"]]
    if value["n"] != len(listed.frames):
        raise ValueError
    head = bytes.fromhex(value["head"])
    listed.frames.append((value["offset"], value["length"], head, value["from"], value["to"]))
    for name in ("lost", "filled", "refused"):
        if name in value:
            listed.lost[name] = listed.lost.get(name, 0) + int(value[name])
