"""Proposing an appointment: reason, digest of the approval file, and the people, sealed at once.

A proposal seats nobody and is in no log: another person, a supervisor, approves or refuses it
(`app.usecases.appointments.deciding`). The approval file itself stays with whoever has it; its SHA-256, size
and name are kept, so that it can be asked for and compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.appointments import AppointmentRow
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.appointments import judging, wording
from app.usecases.appointments.judging import Place
from app.usecases.appointments.people import Entered, People, Reader
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.pools import load_snapshot
from app.usecases.principals import Principal, require_own
from app.usecases.projects import find
from app.usecases.readings import read_parameters
from draw import appointment
from draw.appointment import DIRECT, SALT_BYTES, SELF_SELECTED, Chosen
from draw.model import DrawParameters, ExpertRecord
from draw.record import rules_digest, section_hash

ID_BYTES: Final = 10
PROPOSED: Final = "proposed"
MAX_LISTED: Final = 200
MAX_TARGET: Final = 200
# Each refusal tells something of one person: nobody feels out a pool for those who have to stand back.
MAX_TRIES: Final = 20
TRIES_WITHIN: Final = timedelta(hours=24)
_REFUSED: Final = "appointment.propose.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An appointment as asked for. `parameters` are asked of a direct one only: a self-selection fills what
    the draw lacks. `approval` is `{"sha256", "size", "name"}` of the file that allows it."""

    project: str
    section: str
    way: str
    reason: Mapping[str, str]
    approval: Mapping[str, Any]
    pool: str
    parameters: Any = None
    people: Sequence[Entered] = field(repr=False)


async def propose(
    platform: Platform, principal: Principal, asked: Proposal, *, actor: Actor
) -> AppointmentRow:
    """Store a proposal that nothing is against.

    Raises NotFoundError ``project.unknown``, ``pool.unknown``, ConflictError ``appointment.pending`` while
    another one of the section waits, ``appointment.tries`` after too many refused ones, InputRefusedError
    ``appointment.refused`` with every fault. A refused try is on record too: trying out people is seen.
    """
    try:
        return await platform.database.transact(
            lambda uow: _propose(uow, platform, principal, asked, actor=actor)
        )
    except InputRefusedError:
        now, target = platform.now(), _target(asked)
        await platform.database.transact(lambda uow: note(uow, actor, _REFUSED, target, now=now))
        raise


def _target(asked: Proposal) -> str:
    return f"{asked.project}/{asked.section}"[:MAX_TARGET]


async def _require_tries(uow: UnitOfWork, platform: Platform, asked: Proposal) -> None:
    since = to_text(platform.clock() - TRIES_WITHIN)
    kept = await uow.operations.page(before=None, target=_target(asked), limit=MAX_LISTED)
    if sum(one.action == _REFUSED and one.time > since for _, one in kept) >= MAX_TRIES:
        raise ConflictError("appointment.tries", limit=MAX_TRIES)


async def _propose(
    uow: UnitOfWork, platform: Platform, principal: Principal, asked: Proposal, *, actor: Actor
) -> AppointmentRow:
    now = platform.now()
    project = await find(uow, principal, asked.project, asked.section)
    await _require_tries(uow, platform, asked)
    place = await judging.place_of(uow, platform, project)
    if any(one.state == PROPOSED for one in await uow.appointments.of_section(project.id, project.section)):
        raise ConflictError("appointment.pending")
    parameters = await _parameters(uow, place, asked)
    people = await _people(uow, platform, principal, asked, now=now)
    faults = await faults_of(uow, platform, place, asked, parameters=parameters, people=people, told=False)
    faults += await _naming(uow, principal, asked, people)
    if faults or parameters is None:
        raise InputRefusedError("appointment.refused", faults)
    chosen = Chosen(salt=platform.random(SALT_BYTES), people=people.appointed)
    row = await _stored(uow, platform, principal, place, asked, parameters=parameters, chosen=chosen, now=now)
    await note(uow, actor, "appointment.propose", row.id, now=now)
    return row


async def faults_of(
    uow: UnitOfWork,
    platform: Platform,
    place: Place,
    asked: Proposal,
    *,
    parameters: DrawParameters | None,
    people: People,
    told: bool,
) -> list[Fault]:
    """Everything against a proposal; whom something stands against only where the rest may be."""
    faults = [
        *judging.rule_faults(place.pack, asked.way, asked.reason["code"]),
        *judging.turn_faults(place, asked.way, parameters),
        *judging.pool_faults(place, asked.way, asked.pool),
        *people.faults,
    ]
    if parameters is not None and not people.faults:
        faults += judging.seat_faults(platform, place, asked.way, parameters, people.appointed)
    if parameters is None or faults:
        return faults
    return await judging.person_faults(
        uow, platform, place, parameters, people.appointed, way=asked.way, told=told
    )


async def find_appointment(uow: UnitOfWork, principal: Principal, appointment_id: str) -> AppointmentRow:
    """One appointment that this caller may know of. Raises NotFoundError ``appointment.unknown``."""
    row = await uow.appointments.get(appointment_id)
    if row is None:
        raise NotFoundError("appointment.unknown")
    require_own(principal, agency_id=row.agency_id, mode=row.mode, missing="appointment.unknown")
    return row


async def listed(uow: UnitOfWork, principal: Principal) -> list[AppointmentRow]:
    """The newest appointments that this caller may know of."""
    return await uow.appointments.listed(mode=principal.mode, agency_id=principal.agency_id, limit=MAX_LISTED)


async def wanted(uow: UnitOfWork, platform: Platform, row: DrawRow) -> DrawParameters | None:
    """The seats of this draw's committee that a self-selection may fill now."""
    project = await uow.projects.get(row.project_id, row.section)
    if project is None:
        return None
    place = await judging.place_of(uow, platform, project)
    if not any(one.id == row.id for one in place.rounds):
        return None
    return await judging.vacancy(uow, place)


async def _parameters(uow: UnitOfWork, place: Place, asked: Proposal) -> DrawParameters | None:
    """The seats to be filled; None where there is nothing to fill."""
    if asked.way == SELF_SELECTED:
        if asked.parameters is not None:
            raise InputRefusedError(
                "appointment.refused", [Fault(code="appointment.parameters", pointer="/parameters")]
            )
        return await judging.vacancy(uow, place)
    reading = read_parameters(asked.parameters)
    if reading.whole is None:
        raise InputRefusedError("appointment.refused", list(reading.faults))
    if reading.whole.committee.seated:
        fault = Fault(code="appointment.seated", pointer="/parameters/committee/seated")
        raise InputRefusedError("appointment.refused", [fault])
    return reading.whole


async def _people(
    uow: UnitOfWork, platform: Platform, principal: Principal, asked: Proposal, *, now: str
) -> People:
    pool = await uow.pools.get(asked.pool)
    if pool is None or pool.mode != principal.mode:
        raise NotFoundError("pool.unknown")
    snapshot = await load_snapshot(uow, pool.id, pool.version)
    fresh = (f"out_{platform.random(ID_BYTES).hex()}" for _ in asked.people)
    known: set[str] = set()
    if any(one.outside is not None for one in asked.people):
        for head in await uow.pools.newest(mode=principal.mode):
            known |= {one.person for one in (await load_snapshot(uow, head.id, head.version)).records}
    return Reader(snapshot, platform.person_key, now, fresh, known=known).read(asked.people)


async def _naming(uow: UnitOfWork, principal: Principal, asked: Proposal, people: People) -> list[Fault]:
    """Texts that name somebody: whoever is chosen, anybody of the pool, or whom the same person chose before.

    The pool as a whole, not those of it who sit: a refusal tells nobody who is on the committee.
    """
    pool = await uow.pools.get(asked.pool)
    records = [one.record for one in people.appointed]
    records += await _chosen_before(uow, principal, asked)
    known = () if pool is None else (await load_snapshot(uow, pool.id, pool.version)).records
    texts = {
        "/reason/zh": asked.reason["zh"],
        "/reason/en": asked.reason["en"],
        "/approval/name": asked.approval["name"],
    }
    reach = [one.contact for one in people.appointed if one.contact is not None]
    return list(wording.faults(texts, records, known, reach))


async def _chosen_before(uow: UnitOfWork, principal: Principal, asked: Proposal) -> list[ExpertRecord]:
    found: list[ExpertRecord] = []
    for one in await uow.appointments.of_section(asked.project, asked.section):
        stored = None if one.draw_id is None else await uow.draws.load_secrets(one.draw_id)
        if stored is not None and one.proposed_by == principal.person:
            found += [person.record for person in Chosen.from_bytes(stored).people]
    return found


async def _stored(
    uow: UnitOfWork,
    platform: Platform,
    principal: Principal,
    place: Place,
    asked: Proposal,
    *,
    parameters: DrawParameters,
    chosen: Chosen,
    now: str,
) -> AppointmentRow:
    pool = await uow.pools.get(asked.pool)
    drawn = [one for one in place.rounds if not one.appointed]
    fills = drawn[-1] if asked.way != DIRECT else None
    document = appointment.document(
        section=section_hash(place.project.id, place.project.section),
        way=asked.way,
        fills=None if fills is None else fills.k,
        reason=asked.reason,
        approval=asked.approval,
        rules=rules_digest(place.pack.rules),
        parameters=parameters,
        chosen=chosen,
        proposed_at=now,
    )
    row = AppointmentRow(
        id=f"apt_{platform.random(ID_BYTES).hex()}",
        project_id=place.project.id,
        section=place.project.section,
        agency_id=place.project.agency_id,
        mode=principal.mode,
        way=asked.way,
        fills=None if fills is None else fills.id,
        state=PROPOSED,
        pool_id=asked.pool,
        pool_version=0 if pool is None else pool.version,
        seats=parameters.seats,
        outside=sum(one.outside for one in chosen.people),
        opens_at=place.hours(asked.way).since,
        document=document,
        digest=appointment.document_digest(document),
        proposed_by=principal.person,
        proposer=principal.role,
        created_at=now,
    )
    await uow.appointments.add(row, chosen.to_bytes())
    return row
