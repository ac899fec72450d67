"""Proposing an appointment: reason, digest of the approval file, and the people, sealed at once.

A proposal seats nobody and is in no log: another person, a supervisor, approves or refuses it
(`app.usecases.appointments.deciding`). The approval file itself stays with whoever has it; its SHA-256, size
and name are kept, so that it can be asked for and compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.appointments import AppointmentRow
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.appointments import judging
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
from draw.model import DrawParameters
from draw.record import rules_digest, section_hash

ID_BYTES: Final = 10
PROPOSED: Final = "proposed"
MAX_LISTED: Final = 200
MAX_TARGET: Final = 200


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
    another one of the section waits, InputRefusedError ``appointment.refused`` with every fault. A refused
    try is on record too: trying out people is seen.
    """
    try:
        return await platform.database.transact(
            lambda uow: _propose(uow, platform, principal, asked, actor=actor)
        )
    except InputRefusedError:
        now, target = platform.now(), f"{asked.project}/{asked.section}"
        await platform.database.transact(
            lambda uow: note(uow, actor, "appointment.propose.refused", target[:MAX_TARGET], now=now)
        )
        raise


async def _propose(
    uow: UnitOfWork, platform: Platform, principal: Principal, asked: Proposal, *, actor: Actor
) -> AppointmentRow:
    now = platform.now()
    project = await find(uow, principal, asked.project, asked.section)
    place = await judging.place_of(uow, platform, project)
    if any(one.state == PROPOSED for one in await uow.appointments.of_section(project.id, project.section)):
        raise ConflictError("appointment.pending")
    parameters = await _parameters(uow, place, asked)
    people = await _people(uow, platform, principal, asked, now=now)
    faults = await faults_of(uow, platform, place, asked, parameters=parameters, people=people, told=False)
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
        *people.faults,
    ]
    if parameters is not None and not people.faults:
        faults += judging.seat_faults(platform, place, parameters, people.appointed)
    if parameters is None or faults:
        return faults
    return await judging.person_faults(uow, platform, place, parameters, people.appointed, told=told)


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
    return Reader(snapshot, platform.person_key, now, fresh).read(asked.people)


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
        opens_at=place.case.evaluation.since,
        document=document,
        digest=appointment.document_digest(document),
        proposed_by=principal.person,
        proposer=principal.role,
        created_at=now,
    )
    await uow.appointments.add(row, chosen.to_bytes())
    return row
