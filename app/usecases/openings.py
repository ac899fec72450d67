"""After the draw: replacements, and the opening at the lawful time (draw-protocol §7, §9).

A replacement is an event in the log before anyone can compute who follows; the supervisor's answer to it is
the next entry. Where invitations are logged, a replacement needs its ground in the log, and the opening an
accepted invitation for every occupied seat (draw-proof §8.1). The opening is countersigned by the supervisor;
only from then on do the bundle, the roster, the pool file and the receipts exist, and they are recomputed,
not stored.
"""

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import ConflictError, WriteConflictError
from app.store.repositories.draws import DrawEvent, DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import appointed, evidence, log, party_answers, replacement_grounds
from app.usecases.campaign_ends import close
from app.usecases.ceremony import Ceremony, deadlines_of, k_of
from app.usecases.evidence import Course
from app.usecases.frozen_draws import FrozenDraw, frozen_cells, recompute
from app.usecases.platform import Platform
from app.usecases.pools import load_snapshot
from app.usecases.replacement_grounds import Grounds
from crypto.canonical import JsonValue, canonical, parse
from draw import lifecycle
from draw.cells import Cells, seat_commitment, seat_salt
from draw.entries import Entry, draft, sign
from draw.entry_bodies import EVENT_CLASSES, LOGGED
from draw.errors import LifecycleError
from draw.letters import evidence_digest
from draw.outcome import Outcome
from draw.proof import BundleParts, assemble, bundle_bytes, opening

MAX_EVIDENCE_BYTES: Final = 1024 * 1024
MAX_CONTENT_BYTES: Final = 4 * 1024 * 1024
# Answers of experts may move the draw while a replacement or an opening is on its way.
MAX_ROUNDS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacated:
    """A seat that fell vacant in a draw whose invitations are made elsewhere: number, class of the event, and
    the evidence document's bytes (at most 1 MiB)."""

    seat: int
    cause: str
    document: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An opened draw, recomputed."""

    frozen: FrozenDraw
    cells: Cells
    outcome: Outcome


async def replace(
    ceremony: Ceremony, draw_id: str, vacated: Vacated | Grounds, *, own_order: bool = False
) -> int:
    """Log one replacement event and have it answered; gives its number t.

    `own_order`: the supervisor cannot be reached; the record then says that look-ahead was possible. An event
    with the same seat, class and document, or the same grounds, is the same event: asked again, after a crash
    or without the supervisor's answer, it is settled and logged no second time. Raises ConflictError for a
    state, seat or class that does not fit, and where invitations are logged ``draw.no-ground`` for what the
    log does not show; PartyError when the supervisor does not answer: the event stands, and `settle` asks
    again.
    """
    _check_vacated(vacated)
    for _round in range(MAX_ROUNDS):
        row = await settle(ceremony, draw_id)
        if row.state != lifecycle.DRAWN:
            raise ConflictError("draw.state", state=row.state, wanted=lifecycle.DRAWN)
        _check_kind(row, vacated)
        known = await _logged_as(ceremony.platform, row, vacated)
        if known is not None:
            return known
        try:
            t = await _log_event(ceremony, row, vacated, "own-order" if own_order else "supervisor")
        except WriteConflictError:
            continue
        await settle(ceremony, draw_id)
        return t
    raise WriteConflictError("draw.state-moved")


async def settle(ceremony: Ceremony, draw_id: str) -> DrawRow:
    """Have the last event answered if it is not yet; a restart after a crash begins with this."""
    row = await ceremony.row(draw_id)
    shown, course = await ceremony.shown(row)
    waiting = pending(course)
    if waiting is None or row.state != lifecycle.DRAWN:
        return row
    async with ceremony.platform.database.read() as uow:
        event = (await uow.draws.events(draw_id))[waiting - 1]
    content: Any = parse(event.content, max_bytes=MAX_CONTENT_BYTES)
    document = b64encode(bytes.fromhex(content["document"])).decode("ascii")
    answer = await ceremony.ask(course, "supervisor", f"answers/{waiting}", shown, document=document)
    return await _log_answer(ceremony, row, waiting, party_answers.replacement(answer, course, waiting))


async def open_draw(ceremony: Ceremony, draw_id: str) -> DrawRow:
    """Open a drawn draw at or after its lawful time, with the supervisor's countersignature. Asked again: no
    change.

    Raises LifecycleError before its time or in another state, ConflictError ``draw.not-accepted`` (how many
    seats) where invitations are logged and somebody who sits has not accepted the newest one, PartyError.
    """
    row = await settle(ceremony, draw_id)
    # An event that is logged meanwhile has to be settled and counted first.
    while row.state != lifecycle.OPENED:
        row = await (_end_at if row.appointed else _open_at)(ceremony, row)
        if row.state != lifecycle.OPENED:
            row = await settle(ceremony, draw_id)
    return row


async def _open_at(ceremony: Ceremony, row: DrawRow) -> DrawRow:
    """Open the draw as it stands; when another writer was first, its row."""
    frozen = await ceremony.frozen(row)
    lifecycle.advance(
        row.state, lifecycle.OPENED, now=ceremony.platform.now(), deadlines=deadlines_of(frozen)
    )
    shown, course = await ceremony.shown(row)
    found = await opened(ceremony.platform, row, course=course)
    async with ceremony.platform.database.read() as uow:
        await replacement_grounds.require_accepted(uow, row, course, found.outcome.seats)
    body = {"draw": k_of(row), "sdr": row.sdr_hash, "events": len(course.all("event"))}
    entry = await ceremony.countersigned(ceremony.own("open", body), course, "supervisor", "opening", shown)
    return await ceremony.append(row, [entry], lifecycle.OPENED, also=close, live=False)


async def _end_at(ceremony: Ceremony, row: DrawRow) -> DrawRow:
    """End an appointment: its people may be named with the result. Nothing was drawn, nothing is opened."""
    if (row.sdr or {})["deadlines"]["open"] > ceremony.platform.now():
        raise LifecycleError("draw.too_early", deadline=(row.sdr or {})["deadlines"]["open"])
    lifecycle.advance(row.state, lifecycle.OPENED, now=ceremony.platform.now())
    shown, course = await ceremony.shown(row)
    async with ceremony.platform.database.read() as uow:
        await replacement_grounds.require_accepted(uow, row, course, await appointed.holding(uow, row))
    body = {"draw": k_of(row), "sdr": row.sdr_hash, "events": 0}
    entry = await ceremony.countersigned(ceremony.own("open", body), course, "supervisor", "opening", shown)
    return await ceremony.append(row, [entry], lifecycle.OPENED, also=close, live=False)


async def opened(platform: Platform, row: DrawRow, *, course: Course | None = None) -> Opened:
    """The outcome of a drawn draw, recomputed in a worker thread. Who may see it is the caller's question.

    It counts the events that `course` shows settled: a seat whose event still waits for the supervisor's
    answer is with whoever held it.
    """
    async with platform.database.read() as uow:
        frozen = await _frozen(uow, row)
        snapshot = await load_snapshot(uow, frozen.pool_id, frozen.pool_version)
        course = course or await evidence.course(uow, row)
        settled = len(course.all("event")) - (pending(course) is not None)
        seats = [replacement_grounds.seat_of(event) for event in (await uow.draws.events(row.id))[:settled]]

    def work() -> Opened:
        cells = frozen_cells(frozen, snapshot)
        found = recompute(frozen, cells, course, seats, platform.vrf)
        return Opened(frozen=frozen, cells=cells, outcome=found)

    return await asyncio.to_thread(work)


async def bundle(platform: Platform, row: DrawRow) -> bytes:
    """The proof bundle of a draw at its present stage (draw-proof §9), covered by a published checkpoint.

    Raises ConflictError ``appointment.no-proof``: whoever was chosen was not drawn.
    """
    if row.appointed:
        raise ConflictError("appointment.no-proof")
    async with platform.database.read() as uow:
        course = await evidence.course(uow, row)
    published = await platform.publisher.covering(course.last + 1, now=platform.clock)
    found = await opened(platform, row, course=course) if row.state == lifecycle.OPENED else None
    seal = next((index for index, entry in course.entries if entry.type == "seal"), None)
    async with platform.database.read() as uow:
        rows = await evidence.logged(uow, course, published.size)
        invited = [one.seat for one in await uow.invites.of_draw(row.id)]
        sealed = None if seal is None else await uow.log.first_checkpoint_covering(seal)
        proof = None if sealed is None else await log.consistency(uow, sealed[0], published.size)
        frozen = None if seal is None else await _frozen(uow, row)
    parts = BundleParts(
        origin=platform.log.origin,
        seal_note=None if sealed is None else sealed[1],
        final_note=published.note,
        consistency=proof,
        entries=rows,
        rules=None if frozen is None else frozen.rules.to_json(),
        opening=None if found is None else _opening(found, invited),
    )
    return await asyncio.to_thread(lambda: bundle_bytes(assemble(parts)))


def _opening(found: Opened, invited: list[int]) -> dict[str, JsonValue]:
    return opening(found.outcome, found.cells, found.frozen.rules.publish, invited)


async def _frozen(uow: UnitOfWork, row: DrawRow) -> FrozenDraw:
    stored = await uow.draws.load_secrets(row.id)
    if stored is None:
        raise ConflictError("draw.state", state=row.state, wanted=lifecycle.SEALED)
    return FrozenDraw.from_bytes(stored)


def _check_vacated(vacated: Vacated | Grounds) -> None:
    if vacated.cause not in EVENT_CLASSES:
        raise ConflictError("draw.event-class", given=vacated.cause)
    if isinstance(vacated, Vacated) and not 0 < len(vacated.document) <= MAX_EVIDENCE_BYTES:
        raise ConflictError("draw.event-evidence", limit=MAX_EVIDENCE_BYTES)


def _check_kind(row: DrawRow, vacated: Vacated | Grounds) -> None:
    """Grounds where invitations are logged, a document of the caller's where they are not."""
    logged = row.sdr is not None and row.sdr["invitations"] == LOGGED
    if logged != isinstance(vacated, Grounds):
        raise ConflictError("draw.invitations-logged" if logged else "draw.invitations-elsewhere")


async def _logged_as(platform: Platform, row: DrawRow, vacated: Vacated | Grounds) -> int | None:
    """Number of the event that says the same, if there is one."""
    async with platform.database.read() as uow:
        events = await uow.draws.events(row.id)
        course = await evidence.course(uow, row)
    if isinstance(vacated, Grounds):
        return replacement_grounds.logged_as(events, course, vacated)
    digest = evidence_digest(vacated.document).hex()
    stored = {event.t: replacement_grounds.seat_of(event) for event in events}
    alike = [entry.body["t"] for _, entry in course.all("event", **{"class": vacated.cause}, evidence=digest)]
    return next((t for t in alike if stored[t] == vacated.seat), None)


async def _log_event(ceremony: Ceremony, row: DrawRow, vacated: Vacated | Grounds, mode: str) -> int:
    platform = ceremony.platform
    found = await opened(platform, row)
    seats = found.outcome.seats
    if not 0 <= vacated.seat < len(seats) or seats[vacated.seat] is None:
        raise ConflictError("draw.seat", seats=len(seats))
    t, now = len(found.outcome.vacancies) + 1, platform.now()
    async with platform.database.write() as uow:
        if isinstance(vacated, Vacated):
            document = vacated.document
        else:
            document = await replacement_grounds.document(uow, row, found.frozen, vacated, t=t, now=now)
        body = {
            "draw": k_of(row),
            "sdr": row.sdr_hash,
            "t": t,
            "seat": seat_commitment(seat_salt(found.frozen.cell_key, t), vacated.seat).hex(),
            "class": vacated.cause,
            "mode": mode,
            "evidence": evidence_digest(document).hex(),
        }
        index = await log.append(uow, sign(draft("event", now, body), "platform", platform.log.key))
        await uow.draws.add_entry(row.id, log_index=index, entry_type="event")
        content = canonical({"seat": vacated.seat, "document": document.hex()})
        event = DrawEvent(t=t, content=content, event_index=index, answer_index=None, created_at=now)
        await uow.draws.add_event(row.id, event)
        await uow.draws.advance(row.id, expected=row.state_version, updated_at=now)
    return t


async def _log_answer(ceremony: Ceremony, row: DrawRow, t: int, answer: Entry) -> DrawRow:
    platform = ceremony.platform

    async def work(uow: UnitOfWork) -> DrawRow:
        current = await uow.draws.get(row.id)
        if current is None or current.state_version != row.state_version:
            return current or row
        index = await log.append(uow, answer)
        await uow.draws.add_entry(row.id, log_index=index, entry_type="answer")
        await uow.draws.answer_event(row.id, t, answer_index=index)
        await uow.draws.advance(row.id, expected=row.state_version, updated_at=platform.now())
        return await uow.draws.get(row.id) or current

    moved = await platform.database.transact(work)
    await ceremony.acknowledged(moved)
    return moved


def pending(course: Course) -> int | None:
    """Number of the event that still waits for the supervisor's answer."""
    events = course.all("event")
    if not events or events[-1][1].body["mode"] != "supervisor":
        return None
    t = int(events[-1][1].body["t"])
    return None if course.all("answer", t=t) else t
