"""Cases: opened by a supervisor with what there is frozen, decided, handed over or closed (R38, HB 25(5)).

Each step is one transaction: the case moves, its document is put down, the document's digest goes into the
log of the draw. A decision that somebody leaves vacates the seat in the same transaction, by the campaign's
own way, and names the case there. What is frozen, and whether it holds, is `app.usecases.room.case_evidence`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.cases import CaseRow, CaseStep
from app.store.repositories.draws import DrawRow
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import new_id
from app.usecases.draw_requests import find_draw
from app.usecases.invitations import conflicts
from app.usecases.invitations.campaigns import By
from app.usecases.invitations.conflicts import Vacating
from app.usecases.invites import log_record
from app.usecases.operations import note
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.room import case_evidence
from app.usecases.room.case_evidence import Recorded
from app.usecases.rounds import parameters_of, rooms_of, rounds_of
from crypto.canonical import JsonValue, canonical
from draw.letters import record_digest
from remote_eval import case_file
from remote_eval.case_file import DECIDED, OPENED, VACATED, Step
from remote_eval.errors import CaseError

MAX_CASES: Final = 100
_ARRIVAL: Final = "arrival:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a case is opened for. At most one of `seat`, from 1, and `member`, an expert of a room; `alert`
    and `node` are what was told before. `words` may name people.
    """

    reason: str
    words: str = field(repr=False)
    seat: int | None = None
    member: str | None = None
    alert: str | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the authority decides: `cause` is the class of the event by which a seat passes on."""

    outcome: str
    cause: str | None
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A transfer, with the office that takes the case over, or a closing (`to` None), and why."""

    words: str = field(repr=False)
    to: str | None = None

    @property
    def state(self) -> str:
        """What the case comes to."""
        return case_file.CLOSED if self.to is None else case_file.TRANSFERRED


async def find_case(uow: UnitOfWork, principal: Principal, case_id: str) -> CaseRow:
    """A case that this caller may know of. Raises NotFoundError ``case.unknown``."""
    case = await uow.cases.get(case_id)
    draw = None if case is None else await uow.draws.get(case.draw_id)
    if case is None or draw is None or draw.mode != principal.mode:
        raise NotFoundError("case.unknown")
    return case


async def open_case(
    uow: UnitOfWork, platform: Platform, draw_id: str, asked: Opening, known: Recorded, *, by: By
) -> CaseRow:
    """Open a case and freeze what there is; `known` is how far recordings have come. A case about a member
    belongs to the round that brought that member onto the committee, whichever round was named.

    Raises NotFoundError ``draw.unknown``, ConflictError ``draw.state`` before the seal and after an abort,
    ``case.too-many``, InputRefusedError ``case.refused`` with everything that is wrong.
    """
    draw = await _draw_of(uow, await find_draw(uow, by.principal, draw_id), asked)
    if await uow.cases.count(draw.id) >= MAX_CASES:
        raise ConflictError("case.too-many", limit=MAX_CASES)
    faults: list[Fault] = []
    seat = await _seat(uow, draw, asked, faults)
    evidence = await case_evidence.gathered(
        uow, draw.id, known, alert=asked.alert, node=asked.node, faults=faults
    )
    case = CaseRow(
        id=new_id(platform, "cas"),
        draw_id=draw.id,
        reason=asked.reason,
        seat=seat,
        state=OPENED,
        outcome=None,
        steps=1,
    )
    step, words = _step(platform, case, {"words": asked.words}, previous=None, by=by)
    document = case_file.opening_document(step, reason=case.reason, seat=seat, evidence=evidence)
    await uow.cases.add(case)
    await _put(uow, platform, draw, step, document=document, words=words, by=by)
    return case


async def decide(uow: UnitOfWork, platform: Platform, case_id: str, decision: Decision, *, by: By) -> CaseRow:
    """Decide whether whoever is concerned is replaced; if so, the seat passes on in this transaction.

    Raises NotFoundError ``case.unknown``, ConflictError ``case.state``, InputRefusedError ``case.refused``
    where there is no seat or no cause to vacate one, and as `app.usecases.invitations.conflicts.vacate`.
    """
    case = await find_case(uow, by.principal, case_id)
    fresh = await _go_on(
        uow, platform, case, DECIDED, {"words": decision.words}, by=by, outcome=decision.outcome
    )
    if decision.outcome == VACATED:
        await _vacate(uow, platform, case, decision, by=by)
    return fresh


async def end(uow: UnitOfWork, platform: Platform, case_id: str, ending: Ending, *, by: By) -> CaseRow:
    """Hand a decided case over to another office, or close it.

    Raises NotFoundError ``case.unknown``, ConflictError ``case.state``.
    """
    case = await find_case(uow, by.principal, case_id)
    words = {"words": ending.words} | ({} if ending.to is None else {"to": ending.to})
    return await _go_on(uow, platform, case, ending.state, words, by=by, outcome=None)


async def of_committee(uow: UnitOfWork, draw_id: str) -> list[CaseRow]:
    """The cases of a draw's committee, round by round."""
    return [case for one in await rounds_of(uow, draw_id) for case in await uow.cases.of_draw(one.id)]


async def steps_of(uow: UnitOfWork, case: CaseRow) -> list[CaseStep]:
    """The steps of a case. Raises ConflictError ``case.broken`` when some of them are gone."""
    steps = await uow.cases.steps([case.id])
    if [one.number for one in steps] != list(range(1, case.steps + 1)):
        raise ConflictError("case.broken")
    return steps


def document_of(step: CaseStep) -> Mapping[str, Any]:
    """What a step put down. Raises ConflictError ``case.broken`` when it is no document any more."""
    try:
        return case_file.read(step.document.encode())
    except CaseError as error:
        raise ConflictError("case.broken") from error


def words_of(step: CaseStep) -> Mapping[str, Any]:
    """The words of a step; empty where they do not open any more."""
    plain = step.words[case_file.SALT_BYTES :]
    return case_file.words_read(plain) if plain else {}


def digest_of(step: CaseStep) -> str:
    """How the log holds a step, hex32."""
    return record_digest(step.document.encode()).hex()


async def _go_on(
    uow: UnitOfWork,
    platform: Platform,
    case: CaseRow,
    state: str,
    words: Mapping[str, JsonValue],
    *,
    by: By,
    outcome: str | None,
) -> CaseRow:
    try:
        case_file.require_step(case.state, state)
    except CaseError as error:
        raise ConflictError("case.state", **error.details) from error
    draw = await find_draw(uow, by.principal, case.draw_id)
    last = (await steps_of(uow, case))[-1]
    await uow.cases.move(case, state=state, outcome=outcome or case.outcome)
    moved = await uow.cases.get(case.id) or case
    step, sealed = _step(platform, moved, words, previous=digest_of(last), by=by)
    document = case_file.step_document(step, outcome=outcome)
    await _put(uow, platform, draw, step, document=document, words=sealed, by=by)
    return moved


def _step(
    platform: Platform, case: CaseRow, words: Mapping[str, JsonValue], *, previous: str | None, by: By
) -> tuple[Step, bytes]:
    """The step that a case has come to, and its words as they are kept: salt, then bytes."""
    salt, plain = platform.random(case_file.SALT_BYTES), canonical(dict(words))
    step = Step(
        case=case.id,
        draw=case.draw_id,
        number=case.steps,
        state=case.state,
        previous=previous,
        by=by.actor.person,
        at=platform.now(),
        words=case_file.words_digest(salt, plain),
        salt=platform.random(case_file.SALT_BYTES),
    )
    return step, salt + plain


async def _put(
    uow: UnitOfWork, platform: Platform, draw: DrawRow, step: Step, *, document: bytes, words: bytes, by: By
) -> None:
    index = await log_record(uow, platform, draw, topic="case", document=document, now=step.at)
    await uow.cases.add_step(
        CaseStep(
            case_id=step.case,
            number=step.number,
            state=step.state,
            at=step.at,
            actor=step.by,
            document=document.decode(),
            words=words,
            log_index=index,
        )
    )
    await note(uow, by.actor, f"case.{step.state}", step.case, now=step.at)


async def _vacate(uow: UnitOfWork, platform: Platform, case: CaseRow, decision: Decision, *, by: By) -> None:
    if case.seat is None or decision.cause is None:
        wrong = (("case.no-seat", "/outcome", case.seat), ("case.cause", "/cause", decision.cause))
        faults = [Fault(code=code, pointer=pointer) for code, pointer, value in wrong if value is None]
        raise InputRefusedError("case.refused", faults)
    named = f"{decision.words}（立案 {case.id}）"
    wanted = Vacating(seat=case.seat - 1, cause=decision.cause, note=named)
    await conflicts.vacate(uow, platform.now(), case.draw_id, wanted, by=by)


async def _seat(uow: UnitOfWork, draw: DrawRow, asked: Opening, faults: list[Fault]) -> int | None:
    """The seat that a case is about, whichever way it was named; what is wrong with it goes to `faults`."""
    if asked.member is None:
        sealed = draw.sdr is not None and asked.seat is not None
        if asked.seat is not None and (not sealed or asked.seat > parameters_of(draw).seats):
            faults.append(Fault(code="case.seat", pointer="/seat"))
        return asked.seat
    found = None if asked.seat is not None else await _seat_of(uow, draw, asked.member)
    if found is None:
        faults.append(Fault(code="case.member", pointer="/member"))
    return found


async def _draw_of(uow: UnitOfWork, named: DrawRow, asked: Opening) -> DrawRow:
    """The round that a case belongs to: seat 1 of a top-up is not seat 1 of the first draw."""
    member = None if asked.member is None else await _invited(uow, named, asked.member)
    found = None if member is None else await uow.draws.get(member.draw_id)
    return found or named


async def _seat_of(uow: UnitOfWork, draw: DrawRow, member: str) -> int | None:
    found = await _invited(uow, draw, member)
    return None if found is None else found.invited.seat + 1


async def _invited(uow: UnitOfWork, draw: DrawRow, member: str) -> Invitation | None:
    """The invitation by which an expert came into a room of this committee."""
    for room in await rooms_of(uow, draw.id):
        for one in await uow.rooms.members(room.id):
            if one.id == member and one.identity.startswith(_ARRIVAL):
                arrival = await uow.arrivals.get(one.identity.removeprefix(_ARRIVAL))
                return None if arrival is None else await uow.invitations.get(arrival.letter)
    return None
