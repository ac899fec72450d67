"""Why a seat may pass on, and which seats keep a draw closed, where invitations are logged (draw-proof §8.1).

What the verifiers would refuse (checks 25 and 26) is refused here before it is logged: a log forgets nothing.
The grounds document opens the seats to the supervisor's node; it is stored sealed, with the event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import ConflictError
from app.store.repositories.draws import DrawEvent, DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import evidence
from app.usecases.evidence import Course
from app.usecases.frozen_draws import FrozenDraw
from app.usecases.rounds import invites_here
from crypto.canonical import parse
from draw.cells import invite_salt, seat_salt
from draw.errors import EntryError, LifecycleError
from draw.ground_documents import NOTED, GroundsDocument, OpenedSeat, read_grounds
from draw.grounds import Ground, Invitations, Reply, Seats, ground, unaccepted
from draw.letters import GatewayRecord, evidence_digest, read_gateway_record
from draw.schema import is_text

MAX_CONTENT_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why a seat passes on: class of the event, and what it rests on.

    `invitation` is the number of the holder's newest invitation (None only for a conflict), `record` the
    bytes of the gateway's record where a keypad answer decides, `note` the supervisor's words (1–200
    characters) for conflict, recusal and venue. `tenure`, if given, is that of the holder meant
    (`invites.Holder`).
    """

    seat: int = field(repr=False)
    cause: str
    invitation: int | None = field(default=None, repr=False)
    record: bytes | None = field(default=None, repr=False)
    note: str | None = field(default=None, repr=False)
    tenure: int | None = field(default=None, repr=False)


async def document(
    uow: UnitOfWork, row: DrawRow, frozen: FrozenDraw, grounds: Grounds, *, t: int, now: str
) -> bytes:
    """The grounds document of event t, to be logged at `now` in this transaction.

    Raises ConflictError ``draw.no-ground`` (details: cause), ``draw.no-note``, ``draw.reply-record`` where
    the supervisor's node or check 25 would refuse it.
    """
    if not is_text(grounds.note or "") and (grounds.cause in NOTED or grounds.note is not None):
        raise ConflictError("draw.no-note")
    course = await evidence.course(uow, row)
    events = {event.t: seat_of(event) for event in await uow.draws.events(row.id)} | {t: grounds.seat}
    invited = {one.n: one.seat for one in await uow.invites.of_draw(row.id)}
    found = _ground(course, Seats(events=events, invitations=invited), grounds, now)
    key, newest = frozen.cell_key, found.invitation
    return GroundsDocument(
        draw=row.k or 0,
        t=t,
        cause=grounds.cause,
        seat=grounds.seat,
        invitation=None if newest is None else newest.n,
        events=tuple(OpenedSeat(number=n, seat=seat, salt=seat_salt(key, n)) for n, seat in events.items()),
        invitations=tuple(
            OpenedSeat(number=n, seat=seat, salt=invite_salt(key, n)) for n, seat in invited.items()
        ),
        record=_record(found.reply, grounds, row.k or 0),
        note=grounds.note,
    ).to_bytes()


def logged_as(events: Sequence[DrawEvent], course: Course, grounds: Grounds) -> int | None:
    """Number of the event that says the same as `grounds`, if there is one."""
    own = [event for event in events if seat_of(event) == grounds.seat]
    if grounds.tenure is not None:
        own = own[grounds.tenure :][:1]
        if own and not _same(own[0], course, grounds):
            raise ConflictError("draw.seat-moved")
    return next((event.t for event in own if _same(event, course, grounds)), None)


async def require_accepted(
    uow: UnitOfWork, row: DrawRow, course: Course, seats: Sequence[object | None]
) -> None:
    """Raise ConflictError ``draw.not-accepted`` (details: how many seats) while check 26 would fail.

    `seats` are the holders by seat, None for vacant.
    """
    if not invites_here(row):
        return
    hidden = Seats(
        events={event.t: seat_of(event) for event in await uow.draws.events(row.id)},
        invitations={one.n: one.seat for one in await uow.invites.of_draw(row.id)},
    )
    occupied = [seat for seat, holder in enumerate(seats) if holder is not None]
    missing = unaccepted(Invitations.read(course.entries), hidden, occupied)
    if missing:
        raise ConflictError("draw.not-accepted", seats=len(missing))


def seat_of(event: DrawEvent) -> int:
    """The seat that an event vacated."""
    return int(_content(event)["seat"])


def _ground(course: Course, seats: Seats, grounds: Grounds, now: str) -> Ground:
    held = Invitations.read(course.entries).of_holder(seats, grounds.seat)
    try:
        found = ground(grounds.cause, held, [now])
    except LifecycleError as error:
        raise ConflictError("draw.no-ground", cause=grounds.cause) from error
    newest = None if found.invitation is None else found.invitation.n
    if grounds.invitation != newest and not (grounds.cause == "conflict" and grounds.invitation is None):
        raise ConflictError("draw.no-ground", cause=grounds.cause)
    return found


def _record(reply: Reply | None, grounds: Grounds, k: int) -> GatewayRecord | None:
    """The gateway's record behind the reply that decides; None for an answer on the page."""
    if reply is None or reply.record is None:
        return None
    if grounds.record is None or evidence_digest(grounds.record).hex() != reply.record:
        raise ConflictError("draw.reply-record")
    try:
        record = read_gateway_record(grounds.record)
    except EntryError as error:
        raise ConflictError("draw.reply-record") from error
    if not record.says(k, reply.n, reply.answer, reply.at):
        raise ConflictError("draw.reply-record")
    return record


def _same(event: DrawEvent, course: Course, grounds: Grounds) -> bool:
    if course.one("event", t=event.t).body["class"] != grounds.cause:
        return False
    stored = read_grounds(bytes.fromhex(_content(event)["document"]))
    named = grounds.invitation in (None, stored.invitation)
    return named and (grounds.invitation is not None or stored.note == grounds.note)


def _content(event: DrawEvent) -> Any:
    return parse(event.content, max_bytes=MAX_CONTENT_BYTES)
