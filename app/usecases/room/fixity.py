"""Checks of every byte of a closed room's recordings, regularly and by hand, and incidents (R27).

Each check is an act with its verdict. One that finds a fault opens an incident unless one is open: it forbids
every deletion until the custodian has said what was found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from app.errors import ConflictError, NotFoundError
from app.gateways.room_pack import room_pack
from app.store.repositories.rooms import RecordingAnchor, RoomRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.arrival.desk import new_id
from app.usecases.delivery.work import WorkContext
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.room import recordings
from app.usecases.room.preserving import (
    WORKER,
    Preserved,
    Said,
    course_of,
    go_on,
    preserved,
    require_custodian,
)
from remote_eval import preservation
from remote_eval.media.gateway.handover import handed_over

LOG: Final = structlog.get_logger("qiantong.recordings")
CHECK_TIMER: Final = "recording-check"
# Faults that an act tells one by one; how many there are, it always tells.
MAX_FAULTS: Final = 100
_MISSING: Final = "recording.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found, before it is written down."""

    files: int
    deleted: int
    # Files whose deletion had been approved when it began.
    gone: frozenset[str]
    faults: Sequence[dict[str, Any]] = field(default_factory=list)

    @property
    def body(self) -> dict[str, Any]:
        """The facts of its act."""
        return {
            "ok": not self.faults,
            "files": self.files,
            "deleted": self.deleted,
            "faulty": len(self.faults),
            "faults": list(self.faults[:MAX_FAULTS]),
        }


async def look(folder: Path, anchors: Sequence[RecordingAnchor], gone: frozenset[str]) -> Verdict:
    """Read every byte of a room's recordings, and of what sites handed over: as long as the disk needs."""
    try:
        found = await recordings.checked(folder, anchors, gone)
    except NotFoundError:
        fault = {"file": folder.name, "code": _MISSING, "track": None, "frame": None}
        return Verdict(files=0, deleted=0, gone=gone, faults=[fault] if anchors else [])
    copies = [await _copies(site) for site in handed_over(folder.parent)]
    return Verdict(
        files=found["files"] + sum(one.files for one in copies),
        deleted=found["deleted"],
        gone=gone,
        faults=[*found["faults"], *(fault for one in copies for fault in one.faults)],
    )


async def _copies(site: Path) -> Verdict:
    """What one site handed over. Its indexes tell of tracks that were never fetched: these are no loss."""
    found = await recordings.checked(site, (), ())
    faults = [one for one in found["faults"] if one["code"] != _MISSING]
    named = [one | {"file": f"from/{site.name}/{one['file']}"} for one in faults]
    return Verdict(files=found["files"], deleted=0, gone=frozenset(), faults=named)


async def keep(kept: Preserved, verdict: Verdict, *, actor: str) -> int:
    """Write a check down, with an incident where it is the first to find a fault; gives its number.

    Raises ConflictError ``preservation.moved`` where a deletion was approved while it read.
    """
    if kept.course.gone != verdict.gone:
        raise ConflictError("preservation.moved")
    check = await kept.append(preservation.CHECK, actor=actor, body=verdict.body)
    if verdict.faults and not kept.course.incidents:
        subject = new_id(kept.platform, "rin")
        body = {"check": check.number}
        await kept.append(preservation.INCIDENT, actor=actor, subject=subject, body=body)
        LOG.warning("recording.incident", room=kept.row.id, incident=subject, faulty=len(verdict.faults))
    return check.number


async def check_now(
    uow: UnitOfWork, platform: Platform, row: RoomRow, verdict: Verdict, *, actor: Actor
) -> int:
    """A check by hand, from which on the days to the next one count; gives its number.

    Raises AccessRefusedError ``preservation.custodian``, ConflictError ``preservation.moved``.
    """
    await require_custodian(uow, actor)
    number = await keep(await preserved(uow, platform, row), verdict, actor=actor.person)
    await set_next(uow, platform, row.id)
    await note(uow, actor, "recording.check", row.id, now=platform.now())
    return number


async def close_incident(
    uow: UnitOfWork, platform: Platform, row: RoomRow, incident: str, *, said: Said
) -> None:
    """Say what was found and done about an incident.

    Raises AccessRefusedError ``preservation.custodian``, NotFoundError ``preservation.unknown``.
    """
    await require_custodian(uow, said.actor)
    kept = await preserved(uow, platform, row)
    if incident not in kept.course.incidents:
        raise NotFoundError("preservation.unknown")
    await kept.say(preservation.CLOSURE, incident, said)
    await go_on(kept)


async def set_next(uow: UnitOfWork, platform: Platform, room_id: str) -> None:
    """Set the timer of a room that is being closed, or was checked right now."""
    due = from_text(platform.now()) + timedelta(days=room_pack().terms.check_days)
    await uow.timers.set(CHECK_TIMER, room_id, to_text(due))


async def check(context: WorkContext, room_id: str, due: str) -> None:
    """The job of `CHECK_TIMER`: check, write it down, set the next one. May be repeated: what was done since
    is left. A room of which nothing was recorded is not checked again."""
    platform = context.platform
    async with platform.database.read() as uow:
        row, anchors = await uow.rooms.get(room_id), await uow.rooms.recording_anchors(room_id)
        _, course = await course_of(uow, room_id)
    is_done = course.checked is not None and course.checked.at >= due
    if row is None or not anchors or is_done:
        return
    verdict = await look(context.recordings(room_id), anchors, course.gone)

    async def work(uow: UnitOfWork) -> None:
        await keep(await preserved(uow, platform, row), verdict, actor=WORKER)
        await set_next(uow, platform, room_id)

    await platform.database.transact(work)
