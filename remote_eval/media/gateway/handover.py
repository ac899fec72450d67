"""What a gateway recorded while the hub could not, brought to the hub (docs/spec/site-gateway.md §7).

Files grow only, so a copy is resumed where it stops and copying again changes nothing. Each piece comes with
its SHA-256, and each file is held against the gateway's own index, link by link and frame by frame: what does
not hold is cut off again and refused. No key is needed for that.
"""

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from crypto.canonical import JsonValue, canonical
from crypto.hashing import sha256
from remote_eval.errors import RecordingError
from remote_eval.media.engine import RoomId
from remote_eval.media.gateway.calls import Kept, Piece
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.contents import Contents, indexes
from remote_eval.media.recording.disk import replace_file
from remote_eval.media.recording.gaps import ListedGap, list_gaps
from remote_eval.media.recording.names import INDEX_FILE, place_of

PIECE_BYTES: Final = 256 * 1024
MAX_FILES: Final = 10_000
# A site's copy of one file; a day of pictures has some 15 GB.
MAX_FILE_BYTES: Final = 64 * 1024**3
COVERED: Final = "covered.json"


class Source(Protocol):
    """A gateway, as far as handing over goes."""

    async def kept(self, room: RoomId) -> list[Kept]:
        """What is there."""

    async def piece(self, room: RoomId, name: str, offset: int, length: int) -> Piece:
        """Some bytes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What one hand-over came to: bytes that were new, and files that are here now."""

    copied: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Part of a hub's gap that a handed-over file fills: wall clock in milliseconds since 1970."""

    gap: ListedGap
    site: str
    file: str
    since: int
    until: int


def site_folder(room: Path, site: str) -> Path:
    """Where a room keeps what a site handed over, beside its own `recordings`."""
    return room / "from" / site


def handed_over(room: Path) -> list[Path]:
    """The folders of every site that handed something over to a room; none where there is nothing."""
    folder = room / "from"
    return sorted(one for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []


async def hand_over(
    source: Source, room: RoomId, folder: Path, tracks: Collection[str] | None = None
) -> HandedOver:
    """Copy what `source` has more of than `folder`, of these tracks only, if any are named; all indexes.

    Raises MediaError when it goes away meanwhile, RecordingError ``recording.piece`` (a piece was changed on
    its way), ``recording.handed-over`` (a file does not hold), ``recording.name``, ``recording.too-large``.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    listed = [one for one in await source.kept(room) if _is_wanted(one.name, tracks)]
    if len(listed) > MAX_FILES or any(one.size > MAX_FILE_BYTES for one in listed):
        raise RecordingError("recording.too-large")
    copied = 0
    for kept in listed:
        copied += await _copy(source, room, folder / kept.name, kept.size)
    await asyncio.to_thread(_hold, folder, [kept.name for kept in listed])
    return HandedOver(copied=copied, files=tuple(kept.name for kept in listed))


def _is_wanted(name: str, tracks: Collection[str] | None) -> bool:
    place = place_of(name)
    if place is None and INDEX_FILE.fullmatch(name) is None:
        raise RecordingError("recording.name")
    return place is None or tracks is None or place.track in tracks


async def _copy(source: Source, room: RoomId, path: Path, size: int) -> int:
    """Bytes of a file from where its copy stops."""
    at = begun = await asyncio.to_thread(_size, path)
    while at < size:
        piece = await source.piece(room, path.name, at, min(PIECE_BYTES, size - at))
        if not piece.data or len(piece.data) > size - at or sha256(piece.data) != piece.digest:
            raise RecordingError("recording.piece", file=path.name, offset=at)
        await asyncio.to_thread(_append, path, piece.data)
        at += len(piece.data)
    return at - begun


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _append(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fdatasync(handle)
    finally:
        os.close(handle)


def _hold(folder: Path, names: Sequence[str]) -> None:
    """Hold everything against the chains; a file that does not hold is taken away and fetched anew next time.

    A file that still grows is copied after its index: what it has beyond is not yet listed, and no fault.
    """
    faults = [one for one in check(folder).faults if one.file in names]
    for fault in faults:
        with suppress(FileNotFoundError):
            (folder / fault.file).unlink()
    if faults:
        first = faults[0]
        raise RecordingError(
            "recording.handed-over", file=first.file, reason=first.code, frame=first.frame, count=len(faults)
        )


def covers(own: Path, handed_over: Mapping[str, Path], part: int | None = None) -> list[Cover]:
    """For each gap of the hub's recordings the handed-over files that have something of that time."""
    starts = {one.part: _opened_at(one) for one in indexes(own)}
    found = []
    sites = {site: list(indexes(folder)) for site, folder in handed_over.items()}
    for gap in list_gaps(own, part):
        opened = starts.get(gap.part)
        if opened is None:
            continue
        since = opened + gap.since
        until = None if gap.until is None else opened + gap.until
        for site, every in sites.items():
            for contents in every:
                found += _covering(gap, site, contents, since, until)
    return found


def _covering(gap: ListedGap, site: str, contents: Contents, since: int, until: int | None) -> list[Cover]:
    opened = _opened_at(contents)
    if opened is None:
        return []
    found = []
    for listed in contents.files.values():
        spans = [(opened + frame[3], opened + frame[4]) for frame in listed.frames]
        inside = [(a, b) for a, b in spans if b > since and (until is None or a < until)]
        if listed.track == gap.track and inside:
            begin, end = max(since, inside[0][0]), inside[-1][1]
            end = end if until is None else min(until, end)
            found.append(Cover(gap=gap, site=site, file=listed.name, since=begin, until=end))
    return found


def _opened_at(contents: Contents) -> int | None:
    return None if contents.begin is None else int(contents.begin["opened_at"])


def write_covers(room: Path, own: Path, sites: Sequence[str]) -> list[Cover]:
    """Write beside what was handed over which file fills which gap; made anew from the indexes each time."""
    found = covers(own, {site: site_folder(room, site) for site in sites})
    listed: list[JsonValue] = [
        {
            "part": one.gap.part,
            "track": one.gap.track,
            "from": one.gap.since,
            "to": one.gap.until,
            "cause": one.gap.cause,
            "site": one.site,
            "file": one.file,
            "wall_from": one.since,
            "wall_to": one.until,
        }
        for one in found
    ]
    document = canonical({"protocol": "qt/1", "kind": "recording-covers", "covers": listed})
    replace_file(room / "from" / COVERED, document)
    return found


def handed_over_by(room: Path) -> list[str]:
    """Sites of which something is here."""
    folder = room / "from"
    return sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
