"""What there is to freeze when a case is opened, and whether it still holds later (R38).

Ledgers, alert and witness's entry are read in the transaction that opens the case. The recorder's chain heads
are read from its indexes just before: its files are no part of a database, and grow meanwhile; a head in the
log that is further on is taken instead. Anybody may look whether a case holds as often as they like.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from app.errors import CipherError, Fault, InputRefusedError, NotFoundError
from app.gateways.room_engines import RECORDINGS, RoomEngines
from app.store.repositories.cases import CaseRow, CaseStep
from app.store.repositories.gates import SiteAlert
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import evidence
from app.usecases.arrival.desk import day_of
from app.usecases.room.disk_reading import read_whole
from app.usecases.room.keeping import read
from app.usecases.room.recordings import heads
from app.usecases.room.rooms import site_ids
from app.usecases.rounds import rooms_of
from draw.letters import record_digest
from remote_eval import case_check, case_file
from remote_eval import ledger as site_ledgers
from remote_eval import room_ledger as room_ledgers
from remote_eval.case_check import Finding
from remote_eval.case_file import AlertEvidence, Evidence, NodeEvidence, RecordingHead, RoomEvidence
from remote_eval.errors import CaseError, LedgerError
from remote_eval.ledger import LedgerEntry
from remote_eval.media.recording.archive import check as check_folder
from remote_eval.room_ledger import RoomEntry

Recorded = Mapping[str, Mapping[str, tuple[int, bytes]]]
_TOPIC: Final = "case"
_EXCEPTION: Final = "exception"
# What of an alert never changes once it was opened.
_FIXED: Final = ("id", "site", "kind", "level", "subject", "gate", "opened_at")


async def recorded(database: Database, engines: RoomEngines, draw_id: str) -> Recorded:
    """For each room of a draw's committee, by file: how far its recordings have come, and the head there."""
    async with database.read() as uow:
        found = await rooms_of(uow, draw_id)
        rooms = [(row, await uow.rooms.recording_anchors(row.id)) for row in found]
    return {row.id: await heads(engines, row, anchors) for row, anchors in rooms}


async def gathered(
    uow: UnitOfWork,
    draw_id: str,
    known: Recorded,
    *,
    alert: str | None,
    node: str | None,
    faults: list[Fault],
) -> Evidence:
    """Everything of a draw that a case freezes.

    Raises InputRefusedError ``case.refused`` with the `faults` that are known already, ``case.alert`` for an
    alert of no site of the draw, ``case.node`` for a node at which no witness told of an exception.
    """
    rooms = await rooms_of(uow, draw_id)
    told = None if alert is None else await _alert(uow, draw_id, alert, faults)
    entry = None if node is None else await _node(uow, rooms, node, faults)
    if faults:
        raise InputRefusedError("case.refused", faults)
    return Evidence(rooms=[_room(row, known.get(row.id, {})) for row in rooms], alert=told, node=entry)


def _room(row: RoomRow, known: Mapping[str, tuple[int, bytes]]) -> RoomEvidence:
    files = [RecordingHead(file=name, frames=at, head=head) for name, (at, head) in sorted(known.items())]
    return RoomEvidence(head=row.ends, recordings=files)


async def _alert(uow: UnitOfWork, draw_id: str, alert_id: str, faults: list[Fault]) -> AlertEvidence | None:
    found = await uow.gates.alert(alert_id)
    if found is None or found.site not in await site_ids(uow, draw_id):
        faults.append(Fault(code="case.alert", pointer="/alert"))
        return None
    head = await uow.site_ledger.head(found.site, day_of(found.opened_at))
    return AlertEvidence(
        id=found.id,
        site=found.site,
        digest=case_file.alert_digest(_fixed(found)),
        day=head.day,
        number=head.number,
        hash=head.hash,
    )


def _fixed(alert: SiteAlert) -> dict[str, str | None]:
    return {name: getattr(alert, name) for name in _FIXED}


async def _node(
    uow: UnitOfWork, rooms: Sequence[RoomRow], node: str, faults: list[Fault]
) -> NodeEvidence | None:
    """The newest exception at this node, in the newest room that has one."""
    for row in reversed(rooms):
        for one in reversed((await read(uow, row.id)).events):
            body = one.event.body
            if one.event.kind == "node" and (body["node"], body["state"]) == (node, _EXCEPTION):
                return NodeEvidence(room=row.id, node=node, seq=one.entry.seq, hash=one.entry.hash)
    faults.append(Fault(code="case.node", pointer="/node"))
    return None


async def findings(database: Database, folder: Callable[[str], Path], case_id: str) -> list[Finding]:
    """Every item of a case with whether it holds: its own steps, then what it froze.

    `folder` is where a room's files are. What the log no longer bears out is not asked any further. Raises
    NotFoundError ``case.unknown``.
    """
    async with database.read() as uow:
        case = await uow.cases.get(case_id)
        if case is None:
            raise NotFoundError("case.unknown")
        steps = await uow.cases.steps([case.id])
        found = await _steps(uow, case, steps)
        if not steps or any(one.code is not None for one in found if one.item == case_check.STEP):
            return found
        frozen = case_file.evidence_of(steps[0].document.encode())
        found += await _stored(uow, frozen)
    # Every byte of the recordings is read: the database is not kept waiting for that.
    for one in frozen.rooms:
        path = folder(one.head.room) / RECORDINGS
        found += case_check.recordings(one, await read_whole(partial(_faults, path, one)))
    return found


async def _stored(uow: UnitOfWork, frozen: Evidence) -> list[Finding]:
    """What the database keeps of the evidence."""
    found: list[Finding] = []
    entries = {one.head.room: await _room_entries(uow, one.head.room) for one in frozen.rooms}
    for one in frozen.rooms:
        kept, shut = entries[one.head.room]
        found.append(case_check.room_ledger(one, kept, shut=shut))
    if frozen.alert is not None:
        found += await _alert_findings(uow, frozen.alert)
    if frozen.node is not None:
        kept, shut = entries.get(frozen.node.room, ([], set()))
        found.append(case_check.node(frozen.node, kept, shut=shut))
    return found


async def _steps(uow: UnitOfWork, case: CaseRow, steps: Sequence[CaseStep]) -> list[Finding]:
    """Each step against the log, the one before and its words; and whether the log knows of any other."""
    logged = await _logged(uow, case)
    found: list[Finding] = []
    previous = None
    for number, step in enumerate(steps, start=1):
        digest = record_digest(step.document.encode()).hex()
        code = None if logged.get(digest) == step.log_index else "case.log"
        code = code or _chained(case, step, number, previous)
        found.append(Finding(item=case_check.STEP, of=str(number), code=code))
        found.append(Finding(item=case_check.WORDS, of=str(number), code=_words(step)))
        previous = digest
    if len(steps) != case.steps or (steps and steps[-1].state != case.state):
        found.append(Finding(item=case_check.STEP, of=str(case.steps), code="case.steps"))
    others = await uow.cases.steps([one.id for one in await uow.cases.of_draw(case.draw_id)])
    if len(others) != len(logged):
        found.append(Finding(item=case_check.STEP, of="log", code="case.missing"))
    return found


async def _logged(uow: UnitOfWork, case: CaseRow) -> dict[str, int]:
    row = await uow.draws.get(case.draw_id)
    if row is None:
        return {}
    course = await evidence.course(uow, row)
    return {entry.body["digest"]: index for index, entry in course.all("record", topic=_TOPIC)}


def _chained(case: CaseRow, step: CaseStep, number: int, previous: str | None) -> str | None:
    try:
        told = case_file.read(step.document.encode())
    except CaseError as error:
        return error.code
    meant = (case.id, case.draw_id, number, step.state, previous, step.at, step.actor)
    names = ("case", "draw", "step", "state", "previous", "at", "by")
    same = meant == tuple(told.get(name) for name in names)
    return None if same else "case.document"


def _words(step: CaseStep) -> str | None:
    salt, words = step.words[: case_file.SALT_BYTES], step.words[case_file.SALT_BYTES :]
    try:
        told = case_file.read(step.document.encode()).get("words")
        return None if case_file.words_digest(salt, words).hex() == told else "case.words"
    except CaseError:
        return "case.words"


async def _room_entries(uow: UnitOfWork, room: str) -> tuple[list[RoomEntry], set[int]]:
    """The entries of a room, and the numbers of those whose detail is not the sealed one."""
    stored = await uow.rooms.events(room)
    shut = {entry.seq for entry, sealed in stored if not _room_opens(uow, entry, sealed)}
    return [entry for entry, _ in stored], shut


def _room_opens(uow: UnitOfWork, entry: RoomEntry, sealed: bytes) -> bool:
    try:
        salt, detail = uow.rooms.opened(entry, sealed)
        return room_ledgers.detail_digest(salt, detail) == entry.detail
    except (CipherError, LedgerError):
        return False


async def _alert_findings(uow: UnitOfWork, frozen: AlertEvidence) -> list[Finding]:
    kept = await uow.gates.alert(frozen.id)
    stored = await uow.site_ledger.entries(frozen.site, frozen.day)
    shut = {entry.number for entry, sealed in stored if not _site_opens(uow, entry, sealed)}
    return [
        case_check.alert(frozen, None if kept is None else _fixed(kept)),
        case_check.site_ledger(frozen, [entry for entry, _ in stored], shut=shut),
    ]


def _site_opens(uow: UnitOfWork, entry: LedgerEntry, sealed: bytes) -> bool:
    try:
        salt, detail = uow.site_ledger.opened(entry, sealed)
        return site_ledgers.detail_digest(salt, detail) == entry.detail
    except (CipherError, LedgerError):
        return False


def _faults(folder: Path, frozen: RoomEvidence, ended: Callable[[], bool]) -> dict[str, str] | None:
    """The archive's faults by file, against the frozen heads; None without an archive."""
    known = {one.file: (one.frames, one.head) for one in frozen.recordings}
    if not known:
        return {}
    try:
        report = check_folder(folder, known, ended=ended)
    except OSError:
        return None
    return {fault.file: fault.code for fault in reversed(report.faults)}
