"""Deleting recordings whose term is over, by two persons and with a certificate in the log (R25).

The custodian proposes, another person approves. The certificate goes into the log of the draw first; a timer
then deletes the files, as often as it takes, and writes down that it is done. A hold, case or incident that
comes in between keeps it waiting. Indexes and manifests stay: they tell what there was, and the log holds
their heads.
"""

import asyncio
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

from app.errors import AccessRefusedError, AppError, Fault, InputRefusedError, NotFoundError
from app.gateways.room_pack import room_pack
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import new_id
from app.usecases.delivery.work import WorkContext
from app.usecases.invites import log_record
from app.usecases.platform import Platform
from app.usecases.room import cases
from app.usecases.room.preserving import (
    DELETION_TIMER,
    WORKER,
    Preserved,
    Said,
    preserved,
    require_custodian,
    until,
)
from app.usecases.room.recordings import over
from crypto.hashing import tagged
from remote_eval import preservation
from remote_eval.media.gateway.handover import handed_over
from remote_eval.media.recording.names import place_of
from remote_eval.preservation import Act, Circumstances

_WORDS: Final = "qt/1 recording-words"
_ENTRY: Final = ("file", "track", "bytes", "head")
Json = dict[str, Any]


async def propose(uow: UnitOfWork, platform: Platform, row: RoomRow, klass: str, *, said: Said) -> str:
    """Propose to delete what is left of a class; gives the deletion's id.

    Raises ConflictError ``recording.running``, AccessRefusedError ``preservation.custodian``,
    InputRefusedError ``preservation.refused`` with everything that forbids it.
    """
    over(row)
    await require_custodian(uow, said.actor)
    kept = await preserved(uow, platform, row)
    _refuse(kept, klass, await circumstances(kept, klass))
    subject = new_id(platform, "rdl")
    await kept.say(preservation.PROPOSAL, subject, said, body={"class": klass})
    return subject


async def refuse(uow: UnitOfWork, platform: Platform, row: RoomRow, deletion: str, *, said: Said) -> None:
    """Refuse a proposed deletion. Raises NotFoundError ``preservation.unknown``."""
    kept = await preserved(uow, platform, row)
    if deletion not in kept.course.proposals:
        raise NotFoundError("preservation.unknown")
    await kept.say(preservation.REFUSAL, deletion, said)


async def approve(uow: UnitOfWork, platform: Platform, row: RoomRow, deletion: str, *, said: Said) -> None:
    """Approve a proposed deletion: its certificate goes into the log, and its timer is set.

    Raises NotFoundError ``preservation.unknown``, AccessRefusedError ``preservation.two-persons``,
    InputRefusedError ``preservation.refused`` with everything that forbids it by now.
    """
    kept = await preserved(uow, platform, row)
    proposed = kept.course.proposals.pop(deletion, None)
    if proposed is None:
        raise NotFoundError("preservation.unknown")
    if proposed.actor == said.actor.person:
        raise AccessRefusedError("preservation.two-persons")
    klass = proposed.body["class"]
    found = await circumstances(kept, klass)
    _refuse(kept, klass, found)
    going = [one for one in await listed(uow, row, klass) if one["file"] not in kept.course.gone]
    document = await _certificate(kept, proposed, found, going, approved_by=said.actor.person)
    body = {
        "class": klass,
        "files": sorted(one["file"] for one in going),
        "certificate": document.decode(),
        "log_index": await _logged(kept, document),
    }
    await kept.say(preservation.APPROVAL, deletion, said, body=body)
    await uow.timers.set(DELETION_TIMER, f"{row.id}/{deletion}", found.now)


async def _certificate(
    kept: Preserved, proposed: Act, found: Circumstances, going: Sequence[Json], *, approved_by: str
) -> bytes:
    reason = (await kept.uow.preservation.words(kept.row.id))[proposed.number]
    return preservation.certificate(
        room=kept.row.id,
        deletion=proposed.subject or "",
        klass=proposed.body["class"],
        until=found.until,
        rule=room_pack().terms.rule,
        proposed=proposed,
        approved_by=approved_by,
        at=found.now,
        words=tagged(_WORDS, reason).hex(),
        files=going,
    )


async def delete(context: WorkContext, subject: str, _due: str) -> None:
    """The job of `DELETION_TIMER`: delete what was approved, then say so. May be repeated. What has to wait
    is left; its timer is set again by whoever ends what it waits for."""
    platform = context.platform
    room_id, _, deletion = subject.partition("/")
    async with platform.database.read() as uow:
        approved = await _due_now(uow, platform, room_id, deletion)
    if approved is None:
        return
    await asyncio.to_thread(_unlink_all, context.recordings(room_id), approved.body["files"])
    body = {name: approved.body[name] for name in ("class", "files")}

    async def work(uow: UnitOfWork) -> None:
        row = await uow.rooms.get(room_id)
        if row is None:
            return
        kept = await preserved(uow, platform, row)
        if deletion in kept.course.approved:
            await kept.append(preservation.DELETION, actor=WORKER, subject=deletion, body=body)

    await platform.database.transact(work)


async def _due_now(uow: UnitOfWork, platform: Platform, room_id: str, deletion: str) -> Act | None:
    """The approval of a deletion that nothing keeps waiting."""
    row = await uow.rooms.get(room_id)
    if row is None:
        return None
    course = (await preserved(uow, platform, row)).course
    if preservation.waits(course, len(await cases.of_committee(uow, row.draw_id))):
        return None
    return course.approved.get(deletion)


async def circumstances(kept: Preserved, klass: str) -> Circumstances:
    """What a deletion of this class depends on now."""
    uow, row = kept.uow, kept.row
    final = {one.part for one in await uow.rooms.recording_anchors(row.id) if one.final}
    return Circumstances(
        until=until(row, klass, room_pack().terms) or "",
        now=kept.platform.now(),
        cases=len(await cases.of_committee(uow, row.draw_id)),
        sealed=final >= set(range(1, row.part + 1)),
        files=[one["file"] for one in await listed(uow, row, klass)],
    )


async def listed(uow: UnitOfWork, row: RoomRow, klass: str) -> list[Json]:
    """The files of a class, as the manifests in the log tell them."""
    zones = {one.id: one.zone for one in await uow.rooms.members(row.id)}
    final = [json.loads(one.document) for one in await uow.rooms.recording_anchors(row.id) if one.final]
    return [
        {name: one[name] for name in _ENTRY}
        for manifest in final
        for one in manifest["recordings"]
        if preservation.class_of(zones.get(one["track"].partition("/")[0])) == klass
    ]


def _refuse(kept: Preserved, klass: str, found: Circumstances) -> None:
    figures: dict[str, object] = {"until": found.until, "cases": found.cases}
    codes = preservation.obstacles(kept.course, klass, found)
    if codes:
        faults = [Fault(code=code, pointer="/class", figures=figures) for code in codes]
        raise InputRefusedError("preservation.refused", faults)


async def _logged(kept: Preserved, document: bytes) -> int:
    draw = await kept.uow.draws.get(kept.row.draw_id)
    if draw is None:
        raise AppError("draw.unknown")
    now = kept.platform.now()
    return await log_record(kept.uow, kept.platform, draw, topic="recording", document=document, now=now)


def _unlink_all(folder: Path, names: Collection[str]) -> None:
    tracks = frozenset(_track(name) for name in names)
    for name in names:
        (folder / name).unlink(missing_ok=True)
    _unlink_copies(folder.parent, tracks)


def _unlink_copies(room: Path, tracks: Collection[str]) -> None:
    """What sites handed over of these tracks."""
    for path in handed_over(room):
        for file in path.glob("*.qtr"):
            place = place_of(file.name)
            if place is not None and place.track in tracks:
                file.unlink(missing_ok=True)


def _track(name: str) -> str:
    place = place_of(name)
    if place is None:
        raise AppError("preservation.file")
    return place.track
