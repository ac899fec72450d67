"""Invitations and answers as entries of the log: what the campaign calls, and all that it may call
(draw-proof §8.1).

The log says that somebody was invited, never whom: the seat stands in it as a commitment and in the store
sealed. Every function works in the caller's transaction; an entry counts for nobody before a published
checkpoint covers it. Who is invited, how the letter travels and what follows an answer is the campaign's
business; why a seat may pass on is `app.usecases.openings`'.
"""

from dataclasses import dataclass, field
from typing import Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError, WriteConflictError
from app.store.repositories.draw_invites import DrawInvite
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import appointed, evidence, log, openings
from app.usecases.ceremony import k_of
from app.usecases.evidence import Course
from app.usecases.frozen_draws import load_frozen
from app.usecases.platform import Platform
from app.usecases.replacement_grounds import seat_of
from app.usecases.rounds import invites_here, parameters_of
from crypto.errors import CryptoError
from crypto.signing import validate_public
from draw import disclosure, letters, lifecycle
from draw.cells import invite_salt, seat_commitment
from draw.entries import Entry, draft, sign
from draw.entry_bodies import RECORD_TOPICS, REPLIES
from draw.errors import EntryError
from draw.grounds import Invitations, replied
from draw.model import ExpertRecord

MAX_LETTER_BYTES: Final = 64 * 1024
MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
_RECORDED: Final = lifecycle.HOLDING | {
    lifecycle.SEALED,
    lifecycle.ESCROWED,
    lifecycle.REVEALED,
    lifecycle.OPENED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who sits on a seat now. `tenure` counts the events of the seat so far: pass it to `log_invite`, and an
    invitation that was made for somebody else in the meantime is refused.
    """

    seat: int = field(repr=False)
    stratum: str
    site: str
    record: ExpertRecord = field(repr=False)
    tenure: int = field(repr=False)


async def holders(platform: Platform, row: DrawRow) -> list[Holder | None]:
    """Who sits now, by seat number; None is vacant. A seat whose event waits for its answer is still with
    whoever held it. Raises ConflictError ``draw.state`` before the draw and after it was given up.
    """
    if row.state not in lifecycle.HOLDING | {lifecycle.OPENED}:
        raise ConflictError("draw.state", state=row.state, wanted=lifecycle.DRAWN)
    if row.appointed:
        return await _chosen(platform, row)
    found = await openings.opened(platform, row)
    record, cells = found.frozen.record.body, found.cells
    events = [vacancy.seat for vacancy in found.outcome.vacancies]
    return [
        None
        if at is None
        else Holder(
            seat=seat,
            stratum=str(record["strata"][at.stratum]["id"]),
            site=str(record["sites"][at.site]["id"]),
            record=cells.snapshot.records[cells.row(at.stratum, at.site, at.index)],
            tenure=events.count(seat),
        )
        for seat, at in enumerate(found.outcome.seats)
    ]


async def _chosen(platform: Platform, row: DrawRow) -> list[Holder | None]:
    """The people of an appointment; nobody follows one who does not come."""
    async with platform.database.read() as uow:
        people = await appointed.holding(uow, row)
    return [
        None
        if one is None
        else Holder(seat=seat, stratum=one.stratum, site=one.site, record=one.record, tenure=0)
        for seat, one in enumerate(people)
    ]


async def log_invite(
    uow: UnitOfWork,
    platform: Platform,
    row: DrawRow,
    *,
    seat: int,
    key: bytes,
    letter: bytes,
    reply_by: str,
    cut_off: str,
    arrive_by: str,
    now: str,
    tenure: int | None = None,
) -> int:
    """Log an invitation of whoever holds `seat` and give its number n.

    `key` is the 32-byte Ed25519 key of this one invitation, `letter` the sealed letter's bytes. Raises
    ConflictError ``draw.state``, ``draw.invitations-elsewhere``, ``draw.seat`` (unknown or vacant),
    ``draw.seat-pending``; WriteConflictError ``draw.seat-moved`` when the seat's holder is no longer the one
    of `tenure`; InputRefusedError ``draw.invite-refused`` for what check 23 would refuse.
    """
    current = await _logged_draw(uow, row)
    _check_invite(key, letter, now=now, reply_by=reply_by, cut_off=cut_off, arrive_by=arrive_by)
    key_of_seats = await _seat_key(uow, current)
    if key_of_seats is None or not 0 <= seat < parameters_of(current).seats:
        raise ConflictError("draw.seat")
    await _require_held(uow, platform, current, seat, tenure)
    n = len(await uow.invites.of_draw(row.id)) + 1
    body = {
        "draw": k_of(row),
        "sdr": current.sdr_hash,
        "n": n,
        "seat": seat_commitment(invite_salt(key_of_seats, n), seat).hex(),
        "key": key.hex(),
        "letter": letters.letter_digest(letter).hex(),
        "reply_by": reply_by,
        "cut_off": cut_off,
        "arrive_by": arrive_by,
    }
    index = await _append(uow, platform, current, draft("invite", now, body))
    await uow.invites.add(row.id, DrawInvite(n=n, seat=seat, entry_index=index, created_at=now))
    await uow.draws.advance(row.id, expected=current.state_version, updated_at=now)
    return n


async def log_reply(
    uow: UnitOfWork,
    platform: Platform,
    row: DrawRow,
    *,
    n: int,
    answer: str,
    at: str,
    signature: bytes | None,
    record: bytes | None,
    now: str,
    late: bool = False,
) -> int:
    """Log an answer to invitation n and give its log index.

    Exactly one of `signature`, the expert's under `letters.statement`, and `record`, C(gateway record). An
    `accept` or `decline` after `reply_by` changes nothing and is refused as ConflictError ``draw.reply-late``
    (details: reply_by) unless `late` asks for it to be put on record all the same. Raises ConflictError
    ``draw.state``, ``draw.invitations-elsewhere``, ``draw.reply-order``; InputRefusedError
    ``draw.reply-refused`` for everything else that check 24 would refuse.
    """
    current = await _logged_draw(uow, row)
    k = k_of(row)
    if answer not in REPLIES or (signature is None) == (record is None):
        raise _refused("draw.reply-form")
    if record is not None:
        _check_record(record, k, n, answer, at)
    body: dict[str, int | str | None] = {
        "draw": k,
        "n": n,
        "answer": answer,
        "at": at,
        "signature": None if signature is None else signature.hex(),
        "record": None if record is None else letters.evidence_digest(record).hex(),
    }
    course = await evidence.course(uow, current)
    entry = _drafted_reply(course, now, body, late=late)
    index = await _append(uow, platform, current, entry)
    await uow.draws.advance(row.id, expected=current.state_version, updated_at=now)
    return index


async def log_record(
    uow: UnitOfWork, platform: Platform, row: DrawRow, *, topic: str, document: bytes, now: str
) -> int:
    """Log the digest of a document that is kept outside the log, and give the entry's index.

    Raises ConflictError ``draw.state`` before the seal and after an abort, InputRefusedError
    ``draw.record-refused`` for an unknown topic or a document of no or of more than 16 MiB.
    """
    current = await _current(uow, row)
    if current.state not in _RECORDED:
        raise ConflictError("draw.state", state=current.state, wanted=lifecycle.SEALED)
    if topic not in RECORD_TOPICS or not 0 < len(document) <= MAX_DOCUMENT_BYTES:
        fault = Fault(code="draw.record-form", figures={"limit": MAX_DOCUMENT_BYTES})
        raise InputRefusedError("draw.record-refused", [fault])
    body = {"draw": k_of(row), "topic": topic, "digest": letters.record_digest(document).hex()}
    return await _append(uow, platform, current, draft("record", now, body))


async def reply_receipt(platform: Platform, row: DrawRow, n: int) -> bytes:
    """The reply receipt (draw-proof §11) of the newest answer to invitation n, under a published checkpoint.

    Raises NotFoundError ``draw.reply-unknown``, QuorumMissingError.
    """
    async with platform.database.read() as uow:
        course = await evidence.course(uow, row)
    chosen = [*course.all("invite", n=n), *course.all("reply", n=n)[-1:]]
    if len(chosen) != 2:
        raise NotFoundError("draw.reply-unknown")
    published = await platform.publisher.covering(chosen[-1][0] + 1, now=platform.clock)
    async with platform.database.read() as uow:
        invite, reply = await evidence.logged(uow, Course(entries=tuple(chosen)), published.size)
    return disclosure.receipt_bytes(
        disclosure.reply_receipt(platform.log.origin, published.note, invite, reply)
    )


async def _current(uow: UnitOfWork, row: DrawRow) -> DrawRow:
    found = await uow.draws.get(row.id)
    if found is None:
        raise NotFoundError("draw.unknown")
    return found


async def _logged_draw(uow: UnitOfWork, row: DrawRow) -> DrawRow:
    """The draw as it stands in this transaction: drawn, and one whose invitations are logged."""
    current = await _current(uow, row)
    if current.state not in lifecycle.HOLDING:
        raise ConflictError("draw.state", state=current.state, wanted=lifecycle.DRAWN)
    if not invites_here(current):
        raise ConflictError("draw.invitations-elsewhere")
    return current


async def _seat_key(uow: UnitOfWork, row: DrawRow) -> bytes | None:
    """What hides the seats of a draw's invitations, or of an appointment's."""
    if row.appointed:
        return (await appointed.chosen(uow, row)).seat_key
    frozen = await load_frozen(uow, row)
    return None if frozen is None else frozen.cell_key


async def _append(uow: UnitOfWork, platform: Platform, row: DrawRow, entry: Entry) -> int:
    index = await log.append(uow, sign(entry, "platform", platform.log.key))
    await uow.draws.add_entry(row.id, log_index=index, entry_type=entry.type)
    return index


async def _require_held(
    uow: UnitOfWork, platform: Platform, row: DrawRow, seat: int, tenure: int | None
) -> None:
    """Somebody holds the seat, and where `tenure` is given, whoever held it when the holders were read."""
    events = await uow.draws.events(row.id)
    own = [event for event in events if seat_of(event) == seat]
    if own and own[-1].t == openings.pending(await evidence.course(uow, row)):
        raise ConflictError("draw.seat-pending")
    if tenure is not None and tenure != len(own):
        raise WriteConflictError("draw.seat-moved")
    # A seat falls vacant by an event only.
    if tenure is None and own and (await holders(platform, row))[seat] is None:
        raise ConflictError("draw.seat")


def _check_invite(
    key: bytes, letter: bytes, *, now: str, reply_by: str, cut_off: str, arrive_by: str
) -> None:
    faults = []
    if not (now <= reply_by <= arrive_by and cut_off <= arrive_by):
        faults.append(Fault(code="draw.invite-times"))
    if not 0 < len(letter) <= MAX_LETTER_BYTES:
        faults.append(Fault(code="draw.invite-letter", figures={"limit": MAX_LETTER_BYTES}))
    try:
        validate_public(key)
    except CryptoError:
        faults.append(Fault(code="draw.invite-key"))
    if faults:
        raise InputRefusedError("draw.invite-refused", faults)


def _check_record(record: bytes, k: int, n: int, answer: str, at: str) -> None:
    try:
        if letters.read_gateway_record(record).says(k, n, answer, at):
            return
    except EntryError as error:
        raise _refused("draw.reply-record") from error
    raise _refused("draw.reply-record")


_REPLY_FAULTS: Final = {
    "reply.unknown": "draw.reply-unknown",
    "reply.signature": "draw.reply-signature",
    "reply.at": "draw.reply-at",
}


def _drafted_reply(course: Course, now: str, body: dict[str, int | str | None], *, late: bool) -> Entry:
    try:
        entry = draft("reply", now, body)
        known = {one.n: one for one in Invitations.read(course.entries).invitations}
        if entry.body["n"] not in known:
            raise EntryError("reply.unknown")
        invitation = replied(known[entry.body["n"]], course.last + 1, entry)
    except EntryError as error:
        if error.code == "reply.order":
            raise ConflictError("draw.reply-order") from error
        raise _refused(_REPLY_FAULTS.get(error.code, "draw.reply-form")) from error
    if not late and not invitation.replies[-1].in_time and body["answer"] != "leave":
        raise ConflictError("draw.reply-late", reply_by=invitation.reply_by)
    return entry


def _refused(code: str) -> InputRefusedError:
    return InputRefusedError("draw.reply-refused", [Fault(code=code)])
