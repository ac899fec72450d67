"""The list of gaps of a folder: what the indexes tell, and where they end (recording.md §8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remote_eval.media.recording.contents import Contents, indexes

# A track that was closed for this went on where it could not be reached.
_OUT_OF_REACH: Final = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ListedGap:
    """Nothing of `track` between `since` and `until`, milliseconds of the room of `part`; `until` is None
    when the recording was cut off and nothing tells how long the room went on."""

    part: int
    track: str
    since: int
    until: int | None
    cause: str


def list_gaps(folder: Path, part: int | None = None) -> list[ListedGap]:
    """All gaps (of one part) in order of part, track and time."""
    return gaps_of(list(indexes(folder, part)))


def gaps_of(every: Sequence[Contents]) -> list[ListedGap]:
    """As `list_gaps`, from indexes that were read already."""
    found: list[ListedGap] = []
    for contents in every:
        for gap in contents.gaps:
            found.append(
                ListedGap(
                    part=contents.part,
                    track=gap["track"],
                    since=gap["from"],
                    until=gap["to"],
                    cause=gap["cause"],
                )
            )
        if contents.end is None:
            found += _cut_off(contents, every)
    found += _never_back(every)
    return sorted(found, key=lambda one: (one.part, one.track, one.since, one.until or one.since))


def _cut_off(contents: Contents, every: Sequence[Contents]) -> list[ListedGap]:
    """Tracks that were up when the recorder ended without a word, and that no later one took up."""
    up: set[str] = set()
    for line in contents.tracks:
        (up.add if line["is"] == "open" else up.discard)(line["track"])
    later = [one for one in every if one.part == contents.part and one.letter > contents.letter]
    taken = {track for one in later for track in one.newest}
    until = max((one.last_ms for one in later if one.last_ms is not None), default=None)
    listed = []
    for track in sorted(up - taken):
        file = contents.newest.get(track)
        since = file.frames[-1][4] if file and file.frames else 0
        listed.append(ListedGap(part=contents.part, track=track, since=since, until=until, cause="cut-off"))
    return listed


def _never_back(every: Sequence[Contents]) -> Iterator[ListedGap]:
    """Tracks whose site went out of reach and did not come back before the part's end, if it has ended."""
    ends: dict[int, int | None] = {}
    newest: dict[tuple[int, str], tuple[str | None, int]] = {}
    for contents in every:
        ends[contents.part] = None if contents.end is None else int(contents.end["at"])
        for line in contents.tracks:
            newest[contents.part, line["track"]] = (line.get("cause"), line["at"])
    for (part, track), (cause, at) in newest.items():
        if cause == _OUT_OF_REACH:
            yield ListedGap(part=part, track=track, since=at, until=ends[part], cause=cause)
