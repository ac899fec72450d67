"""Names of a recording's files, and the limits on what may stand in them (docs/spec/recording.md §2)."""

import re
from dataclasses import dataclass
from typing import Final

from remote_eval.errors import RecordingError

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
MAX_PART: Final = 9999
MAX_ROOM_CHARS: Final = 200
# Pieces of one track by one recorder; whoever would begin one more ends, and another recorder takes over.
MAX_PIECE: Final = 9999
TRACK_FILE: Final = re.compile(
    r"(\d{4})-([a-z])\.([A-Za-z0-9_-]{1,64})\.([a-z]{1,16})(?:\.([2-9]|[1-9]\d{1,3}))?\.qtr", re.ASCII
)
INDEX_FILE: Final = re.compile(r"(\d{4})-([a-z])\.index")
MANIFEST_FILE: Final = re.compile(r"(\d{4})\.manifest\.json")
_TRACK: Final = re.compile(r"[A-Za-z0-9_-]{1,64}/[a-z]{1,16}")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Which file: part of the room, track (``member/source``), letter of the recorder that wrote it, which
    of its pieces of the track (from 1).
    """

    part: int
    track: str
    letter: str
    piece: int = 1

    def __post_init__(self) -> None:
        """Raises RecordingError ``recording.name``."""
        if not 0 <= self.part <= MAX_PART or self.letter not in LETTERS or len(self.letter) != 1:
            raise RecordingError("recording.name")
        if not _TRACK.fullmatch(self.track) or not 1 <= self.piece <= MAX_PIECE:
            raise RecordingError("recording.name")

    @property
    def member(self) -> str:
        """Who published the track."""
        return self.track.partition("/")[0]

    @property
    def file(self) -> str:
        """The file's name in the folder."""
        number = "" if self.piece == 1 else f".{self.piece}"
        return f"{self.part:04d}-{self.letter}.{self.track.replace('/', '.')}{number}.qtr"


def place_of(name: str) -> Place | None:
    """The place that a file name tells, or None when it is no recording's."""
    found = TRACK_FILE.fullmatch(name)
    if found is None:
        return None
    part, letter, member, source, piece = found.groups()
    return Place(part=int(part), letter=letter, track=f"{member}/{source}", piece=int(piece or 1))


def index_name(part: int, letter: str) -> str:
    """Name of the index that one recorder writes for one part."""
    return f"{part:04d}-{letter}.index"


def manifest_name(part: int) -> str:
    """Name of a part's manifest."""
    return f"{part:04d}.manifest.json"
