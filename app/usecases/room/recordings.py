"""Recordings of a room: what there is, whether it holds, and looks at it, each with a reason on record (R27).

A look is for afterwards: until the room is closed, pictures and voices are for members and approved watches.
A look is asked for, gets a secret that opens it once within a minute, and is streamed as it is deciphered,
frame by frame: nothing in clear is written anywhere. The platform's custody key opens what committee, cameras
and witnesses publish; of voices that a bidder heard changed it opens nothing.
"""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from app.errors import AccessRefusedError, ConflictError, NotFoundError
from app.gateways.room_engines import RECORDINGS, RoomEngines
from app.store.repositories.rooms import RecordingAnchor, RecordingView, RoomRow
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.arrival.desk import new_id
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.room.disk_reading import read_whole
from crypto.hashing import sha256
from remote_eval.errors import RecordingError
from remote_eval.media.engine import ROOM_CLASS
from remote_eval.media.recording.archive import Report, check
from remote_eval.media.recording.opening import SealedRecording, open_recording
from remote_eval.media.recording.spans import spans

TOKEN_BYTES: Final = 32
VIEW_LIFE: Final = timedelta(seconds=60)
_MISSING: Final = "recording.missing"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A look that somebody asks for."""

    part: int
    track: str
    reason: str = field(repr=False)


async def parts(engines: RoomEngines, row: RoomRow, anchors: Sequence[RecordingAnchor]) -> list[Json]:
    """Each part with its recordings, gaps with their causes, and the heads that stand in the log."""
    final = {one.part: one for one in anchors if one.final}
    found = []
    for part in range(1, row.part + 1):
        document = final[part].document.encode() if part in final else await _manifest(engines, row.id, part)
        own = [one for one in anchors if one.part == part]
        told = _part(part, json.loads(document), own, ended=part in final)
        tracks = await asyncio.to_thread(_tracks, engines.folder(row.id) / RECORDINGS, part)
        found.append(told | {"tracks": tracks})
    return found


def _tracks(folder: Path, part: int) -> list[Json]:
    """When each track was open to the recorder, and what it kept: a hole in it that no gap explains shows."""
    try:
        found = spans(folder, part)
    except OSError:
        return []
    return [
        {
            "track": track,
            "opened": [{"from": since, "to": until, "cause": cause} for since, until, cause in one.opened],
            "kept": [{"from": since, "to": until} for since, until in one.kept],
        }
        for track, one in sorted(found.items())
    ]


async def _manifest(engines: RoomEngines, room: str, part: int) -> bytes:
    try:
        return await engines.manifest(room, part)
    except (OSError, RecordingError):
        return b'{"recordings":[],"gaps":[],"recorders":[]}'


def _part(part: int, manifest: Json, anchors: Sequence[RecordingAnchor], *, ended: bool) -> Json:
    names = ("file", "track", "class", "frames", "bytes", "from", "to", "head")
    return {
        "part": part,
        "ended": ended,
        "opened_at": next((one["opened_at"] for one in manifest["recorders"]), None),
        "from": min((one["from"] for one in manifest["recorders"] if one["from"] is not None), default=None),
        "to": max((one["to"] for one in manifest["recorders"] if one["to"] is not None), default=None),
        "recordings": [{name: one[name] for name in names} for one in manifest["recordings"]],
        "gaps": manifest["gaps"],
        "anchors": [{"log_index": one.log_index, "at": one.at, "final": bool(one.final)} for one in anchors],
    }


async def checked(folder: Path, anchors: Sequence[RecordingAnchor], gone: Collection[str]) -> Json:
    """Whether every byte of a room's recordings is what was chained, and met by the log's anchors.

    `gone` are files whose deletion was approved: that one of them is missing is no fault. Whoever does not
    wait for the end, ends it. Raises NotFoundError ``recording.unknown`` for a folder that cannot be read.
    """
    known = anchored(anchors)
    try:
        report = await read_whole(lambda ended: check(folder, known, ended=ended))
    except OSError as error:
        raise NotFoundError("recording.unknown") from error
    return _report(report, gone)


def _report(report: Report, gone: Collection[str]) -> Json:
    faults = [one for one in report.faults if one.code != _MISSING or one.file not in gone]
    return {
        "ok": not faults,
        "whole": report.whole,
        "files": len(report.checked),
        "deleted": len(report.faults) - len(faults),
        "faults": [
            {"file": one.file, "code": one.code, "track": one.track, "frame": one.frame} for one in faults
        ],
    }


def anchored(anchors: Sequence[RecordingAnchor]) -> Mapping[str, tuple[int, bytes]]:
    """For each file the newest head that stands in the log: how many frames, and the head."""
    known: dict[str, tuple[int, bytes]] = {}
    for anchor in anchors:
        told = json.loads(anchor.document)
        if anchor.final:
            every = _listed(told)
        else:
            every = [(name, one["segment"], one["hash"]) for name, one in told["heads"].items()]
        _further(known, every)
    return known


async def heads(
    engines: RoomEngines, row: RoomRow, anchors: Sequence[RecordingAnchor]
) -> Mapping[str, tuple[int, bytes]]:
    """For each file how many frames there are now, and the head there: what the indexes say of parts that
    have not ended, and what stands in the log, whichever is further on."""
    known = dict(anchored(anchors))
    ended = {one.part for one in anchors if one.final}
    for part in range(1, row.part + 1):
        if part not in ended:
            _further(known, _listed(json.loads(await _manifest(engines, row.id, part))))
    return known


def _listed(manifest: Json) -> list[tuple[str, int, str]]:
    """Files of a manifest, recordings and indexes: name, frames or lines, head."""
    every = [(one["file"], one["frames"], one["head"]) for one in manifest["recordings"]]
    return every + [(one["index"], one["lines"], one["link"]) for one in manifest["recorders"]]


def _further(known: dict[str, tuple[int, bytes]], every: Sequence[tuple[str, int, str]]) -> None:
    for name, frames, head in every:
        if frames and frames >= known.get(name, (0, b""))[0]:
            known[name] = (frames, bytes.fromhex(head))


def over(row: RoomRow | None) -> None:
    """Whether a room is closed: no part of it is looked at before, ended or not.

    Raises ConflictError ``recording.running``.
    """
    if row is None or row.closed_at is None:
        raise ConflictError("recording.running")


async def ask_view(
    uow: UnitOfWork,
    platform: Platform,
    engines: RoomEngines,
    row: RoomRow,
    wanted: Wanted,
    *,
    actor: Actor,
    token: str,
) -> RecordingView:
    """Write down who wants to look at what, and why.

    Raises ConflictError ``recording.running``, NotFoundError ``recording.unknown``, AccessRefusedError
    ``recording.raw``.
    """
    over(row)
    classes = await asyncio.to_thread(_classes, engines.folder(row.id) / RECORDINGS, wanted)
    if not classes:
        raise NotFoundError("recording.unknown")
    if classes != {ROOM_CLASS}:
        raise AccessRefusedError("recording.raw")
    now = platform.clock()
    view = RecordingView(
        id=new_id(platform, "rvw"),
        room_id=row.id,
        part=wanted.part,
        track=wanted.track,
        actor=actor.person,
        reason=wanted.reason,
        at=to_text(now),
        token_hash=sha256(token.encode()).hex(),
        expires_at=to_text(now + VIEW_LIFE),
    )
    await uow.rooms.add_view(view)
    await note(uow, actor, "recording.ask", f"{row.id}/{view.id}", now=view.at)
    return view


async def take_view(uow: UnitOfWork, platform: Platform, token: str, *, actor: Actor) -> RecordingView:
    """Use a look, once.

    Raises NotFoundError ``recording.view-over``, ConflictError ``recording.running``.
    """
    token_hash, now = sha256(token.encode()).hex(), platform.now()
    view = await uow.rooms.open_view(token_hash, actor=actor.person, now=now)
    if view is None:
        raise NotFoundError("recording.view-over")
    over(await uow.rooms.get(view.room_id))
    await note(uow, actor, "recording.view", f"{view.room_id}/{view.id}", now=now)
    return view


async def note_looks(
    uow: UnitOfWork,
    platform: Platform,
    room_id: str,
    opened: Sequence[tuple[int, str]],
    reason: str,
    *,
    actor: Actor,
) -> bool:
    """Put looks on record that are taken with the keys themselves, each of (part, track); false for a room
    that is not known here. Raises ConflictError ``recording.running``.
    """
    row, now = await uow.rooms.get(room_id), platform.now()
    if row is None:
        return False
    over(row)
    for part, track in opened:
        view = RecordingView(
            id=new_id(platform, "rvw"),
            room_id=row.id,
            part=part,
            track=track,
            actor=actor.person,
            reason=reason,
            at=now,
            # Nobody knows the secret: there is nothing left to open.
            token_hash=sha256(platform.random(TOKEN_BYTES)).hex(),
            expires_at=now,
            opened_at=now,
        )
        await uow.rooms.add_view(view)
    await note(uow, actor, "recording.export", row.id, now=now)
    return True


async def looks(uow: UnitOfWork, room_id: str) -> list[Json]:
    """Every look that was asked for, in order; `who` is the login of the account, if there is one."""
    views = await uow.rooms.views(room_id)
    users = {actor: await uow.users.get(actor) for actor in {one.actor for one in views}}
    return [
        {
            "part": one.part,
            "track": one.track,
            "actor": one.actor,
            "who": one.actor if (user := users[one.actor]) is None else user.login,
            "reason": one.reason,
            "asked_at": one.at,
            "opened_at": one.opened_at,
        }
        for one in views
    ]


def stream(platform: Platform, engines: RoomEngines, view: RecordingView) -> Iterator[bytes]:
    """A track as Matroska, deciphered frame by frame; what several recorders wrote follows one another.

    Raises NotFoundError ``recording.unknown`` at once; ends early at a frame that is not what was sealed.
    """
    folder = engines.folder(view.room_id) / RECORDINGS
    mine = [one for one in _of(folder, view.part, view.track, platform.custody) if one.key is not None]
    if not mine:
        raise NotFoundError("recording.unknown")
    first, *later = mine
    return chain(_frames(first), *(islice(_frames(one), 1, None) for one in later))


def _frames(one: SealedRecording) -> Iterator[bytes]:
    try:
        yield from one.frames()
    except RecordingError:
        return


def _classes(folder: Path, wanted: Wanted) -> set[str]:
    return {one.prelude.klass for one in _of(folder, wanted.part, wanted.track)}


def _of(folder: Path, part: int, track: str, *keys: bytes) -> list[SealedRecording]:
    try:
        every = open_recording(folder, keys)
    except OSError:
        return []
    return [one for one in every if (one.prelude.place.part, one.track) == (part, track)]
