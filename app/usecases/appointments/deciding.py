"""Deciding on an appointment: by a supervisor who did not propose it, on the same judgement made anew.

Approving takes three yeses: this person's, the rules', and the supervisor's own node, which signs the log's
entry only for a document that was approved on it. A refusal forgets who was chosen. What an approval makes is
a row beside the draws: invitations, desk, seats and roster go on from there, and no proof of a draw ever
does.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final

from app.errors import AppError, ConflictError, Fault, InputRefusedError, NotFoundError
from app.gateways.parties import PartyError
from app.store.repositories.appointments import AppointmentRow
from app.store.repositories.contacts import Contact
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import evidence, log
from app.usecases.appointments import judging, proposing, wording
from app.usecases.appointments.judging import Place
from app.usecases.appointments.people import People
from app.usecases.appointments.proposing import PROPOSED, Proposal, find_appointment
from app.usecases.ceremony import Ceremony
from app.usecases.draw_parties import party_keys
from app.usecases.evidence import Course
from app.usecases.invitations.ladder import release
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.pools import load_snapshot
from app.usecases.principals import AGENCY, Principal
from draw import appointment
from draw.appointment import SELF_SELECTED, Chosen
from draw.entries import Entry, Signature, draft, sign, to_json, with_signature
from draw.entry_bodies import LOGGED
from draw.errors import DrawError
from draw.lifecycle import APPOINTED
from draw.model import TEXT, DrawParameters
from draw.schema import Faults

APPROVED: Final = "approved"
REFUSED: Final = "refused"
_DUTY: Final = {AGENCY: "request", "operator": "operate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A proposal that is to be approved, with the people and what it would be in the log."""

    row: AppointmentRow
    place: Place
    chosen: Chosen
    parameters: DrawParameters
    body: dict[str, Any]


async def refuse(
    uow: UnitOfWork, platform: Platform, principal: Principal, appointment_id: str, why: str, *, actor: Actor
) -> AppointmentRow:
    """Refuse a proposal; who was chosen is forgotten. Asked again by the same person: no change.

    Raises InputRefusedError ``appointment.refused`` without a reason, ConflictError
    ``appointment.decided``, ``appointment.two-persons``.
    """
    now = platform.now()
    row = await find_appointment(uow, principal, appointment_id)
    if (row.state, row.decided_by) == (REFUSED, principal.person):
        return row
    _require_open(row, principal)
    await _require_words(uow, row, why)
    decided = {"state": REFUSED, "decided_by": principal.person, "decided_at": now, "decision": why}
    await uow.appointments.decide(row.id, **decided)
    await note(uow, actor, "appointment.refuse", row.id, now=now)
    return await find_appointment(uow, principal, appointment_id)


async def _require_words(uow: UnitOfWork, row: AppointmentRow, why: str) -> None:
    """A reason that names nobody of the pool; of the chosen the supervisor does not know, and learns
    nothing."""
    found = Faults()
    TEXT.check(why, "/reason", found)
    faults = []
    if found.found or not why.strip():
        faults.append(Fault(code="appointment.text", pointer="/reason"))
    pool = await load_snapshot(uow, row.pool_id, row.pool_version)
    faults += wording.faults({"/reason": why}, (), pool.records, ())
    if faults:
        raise InputRefusedError("appointment.refused", faults)


async def approve(
    ceremony: Ceremony, principal: Principal, appointment_id: str, digest: str, *, actor: Actor
) -> AppointmentRow:
    """Approve the proposal whose document has this digest. Asked again by the same person: no change.

    Raises ConflictError ``appointment.decided``, ``appointment.two-persons``, ``appointment.other`` for
    another document, InputRefusedError ``appointment.refused`` with the codes of what stands against it now,
    PartyError while the supervisor's node does not sign.
    """
    platform = ceremony.platform
    async with platform.database.read() as uow:
        row = await find_appointment(uow, principal, appointment_id)
    if not (row.state == APPROVED and row.decided_by == principal.person):
        async with platform.database.read() as uow:
            found = await _judged(uow, platform, row, principal, digest)
        entry = await _signed(platform, found)
        await platform.database.transact(
            lambda uow: _approved(uow, platform, principal, found, entry, actor=actor)
        )
    async with platform.database.read() as uow:
        row = await find_appointment(uow, principal, appointment_id)
    await platform.publisher.covering((row.log_index or 0) + 1, now=platform.clock)
    return row


def _require_open(row: AppointmentRow, principal: Principal) -> None:
    if row.proposed_by == principal.person:
        raise ConflictError("appointment.two-persons")
    if row.state != PROPOSED:
        raise ConflictError("appointment.decided", state=row.state)


async def _judged(
    uow: UnitOfWork, platform: Platform, row: AppointmentRow, principal: Principal, digest: str
) -> _Found:
    _require_open(row, principal)
    if row.digest != digest:
        raise ConflictError("appointment.other")
    found = await _found(uow, platform, row)
    faults = await proposing.faults_of(
        uow,
        platform,
        found.place,
        _asked(row),
        parameters=found.parameters,
        people=People(appointed=found.chosen.people),
        told=True,
    )
    if row.way == SELF_SELECTED and await judging.vacancy(uow, found.place) != found.parameters:
        faults.append(Fault(code="appointment.no-vacancy", pointer="/fills"))
    if faults:
        raise InputRefusedError("appointment.refused", faults)
    return found


def _asked(row: AppointmentRow) -> Proposal:
    """The proposal as its document has it; the people are sealed beside it."""
    told = appointment.read_document(row.document)
    return Proposal(
        project=row.project_id,
        section=row.section,
        way=row.way,
        reason=told["reason"],
        approval=told["approval"],
        pool=row.pool_id,
        people=(),
    )


async def _found(uow: UnitOfWork, platform: Platform, row: AppointmentRow) -> _Found:
    project = await uow.projects.get(row.project_id, row.section)
    stored = await uow.appointments.chosen(row.id)
    if project is None or stored is None:
        raise NotFoundError("appointment.unknown")
    place = await judging.place_of(uow, platform, project)
    chosen = Chosen.from_bytes(stored)
    told = appointment.read_document(row.document)
    if told["people"] != chosen.commitment:
        raise AppError("appointment.differs")
    keys, missing = await party_keys(uow, platform, place.agency.party)
    if missing:
        raise ConflictError("draw.parties-missing", roles=", ".join(missing))
    earlier = [one for one in place.earlier if one.appointed]
    body = appointment.entry_body(
        row.document,
        number=len(earlier) + 1,
        previous=earlier[-1].k if earlier else None,
        parties=keys,
        # Put off since: nobody is named before the evaluation.
        opens=max(row.opens_at, place.hours(row.way).since),
    )
    parameters = DrawParameters.from_json(told["parameters"])
    return _Found(row=row, place=place, chosen=chosen, parameters=parameters, body=body)


async def _signed(platform: Platform, found: _Found) -> Entry:
    """The entry, signed by the platform and by the supervisor's node, which is shown the keys in the log."""
    entry = sign(draft("appointment", platform.now(), found.body), "platform", platform.log.key)
    public = found.body["parties"]["supervisor"]
    node = platform.nodes.get(public)
    if node is None:
        raise PartyError("party.unknown", role="supervisor")
    async with platform.database.read() as uow:
        course = Course(entries=tuple(await evidence.keys(uow, found.body["parties"].values())))
    published = await platform.publisher.covering(course.last + 1, now=platform.clock)
    async with platform.database.read() as uow:
        shown = evidence.document(published, await evidence.logged(uow, course, published.size))
    answer = await node.call(
        "/appointments",
        {
            "evidence": shown,
            "entry": to_json(entry),
            "document": b64encode(found.row.document).decode("ascii"),
        },
    )
    try:
        line: Any = answer["signature"]
        key, signature = bytes.fromhex(line["key"]), bytes.fromhex(line["signature"])
        if line["key"] != public:
            raise PartyError("party.malformed")
        return with_signature(entry, Signature(role="supervisor", key=key, signature=signature))
    except (KeyError, TypeError, ValueError, DrawError) as error:
        raise PartyError("party.malformed") from error


async def _approved(
    uow: UnitOfWork, platform: Platform, principal: Principal, found: _Found, entry: Entry, *, actor: Actor
) -> None:
    """Entry, row beside the draws, duties and decision, in one transaction."""
    row, now = found.row, platform.now()
    current = await uow.appointments.get(row.id)
    if current is not None and current.state == APPROVED and current.decided_by == principal.person:
        return
    # Whatever changed while the node signed is judged now, under the write lock.
    judged = await _judged(uow, platform, current or row, principal, row.digest)
    if judged.body != found.body:
        raise ConflictError("appointment.moved")
    if row.fills is not None:
        campaign = await uow.campaigns.of_draw(row.fills)
        if campaign is not None:
            await release(uow, campaign, now=now)
    index = await log.append(uow, entry)
    made = await _carried(uow, platform, found, index, now=now)
    for draw_id in dict.fromkeys(one for one in (made.id, row.fills) if one is not None):
        await uow.draws.take_duty(draw_id, person=row.proposed_by, duty=_DUTY[row.proposer], at=now)
        await uow.draws.take_duty(draw_id, person=principal.person, duty="supervise", at=now)
    await uow.appointments.decide(
        row.id,
        state=APPROVED,
        decided_by=principal.person,
        decided_at=now,
        draw_id=made.id,
        log_index=index,
    )
    await note(uow, actor, "appointment.approve", row.id, now=now)


async def _carried(uow: UnitOfWork, platform: Platform, found: _Found, index: int, *, now: str) -> DrawRow:
    """The row that invitations, seats and roster hang on."""
    row, body = found.row, found.body
    span = found.place.hours(row.way)
    made = DrawRow(
        id=f"drw_{platform.random(proposing.ID_BYTES).hex()}",
        k=index,
        project_id=row.project_id,
        section=row.section,
        round=-int(body["number"]),
        previous=body["previous"],
        agency_id=row.agency_id,
        requested_by=row.proposed_by,
        mode=row.mode,
        state=APPOINTED,
        live=True,
        request={
            "pool": {"id": row.pool_id, "version": row.pool_version},
            "parameters": found.parameters.to_json(),
            "beacon": None,
            "override": None,
            "opens_at": None,
            "redraw_reason": None,
            "invitations": LOGGED,
            "alarms": [],
        },
        sdr=body,
        sdr_hash=appointment.body_hash(body).hex(),
        evaluation_from=span.since,
        evaluation_to=span.until,
        created_at=now,
        updated_at=now,
    )
    await uow.draws.add(made)
    await uow.draws.store_secrets(made.id, found.chosen.to_bytes())
    await uow.draws.add_entry(made.id, log_index=index, entry_type="appointment")
    for one in found.chosen.people:
        if one.contact is not None:
            contact = Contact.from_json(one.contact)
            await uow.contacts.put(row.pool_id, one.record.id, contact, now=now)
    return made
