"""Ask for a draw, look at draws, and hand an accepted request to the ceremony.

An accepted request is an entry of the log at once: its index is the draw's number k, so a draw that is later
given up stays visible for ever (draw-proof §2). A section has one live draw; another round needs a reason.
What a caller sees of a draw is `app.usecases.draw_views`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import top_ups
from app.usecases.draw_faults import parties_fault, round_faults
from app.usecases.draw_parties import party_keys
from app.usecases.engagements import avoiding, bound_elsewhere
from app.usecases.frozen_draws import Prepared
from app.usecases.log import append
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.previews import DrawOrder, Look, opens_at
from app.usecases.principals import ACTIONS, Principal, require_own
from app.usecases.projects import agency_of, case_of
from app.usecases.rounds import counted_on, parameters_of
from crypto.beacon import first_round_at_or_after
from draw.entries import draft, sign_all
from draw.entry_bodies import ELSEWHERE
from draw.lifecycle import FINAL, REQUESTED
from draw.model import DrawParameters
from draw.record import BeaconChoice, section_hash

ID_BYTES: Final = 10
# draw-proof §6 asks for 60 seconds between the seal and the round; signing and publishing take some, too.
BEACON_LEAD_SECONDS: Final = 90
_OF_STATE: Final = frozenset({"draw.live-exists", "draw.parties-missing"})


async def request_draw(
    uow: UnitOfWork, platform: Platform, principal: Principal, order: DrawOrder, seen: Look, *, actor: Actor
) -> DrawRow:
    """Accept an order that `look` found without faults: log the request and store the draw.

    Not acknowledged before the log is published up to ``row.k + 1``. Raises InputRefusedError with the
    faults, ConflictError ``draw.live-exists`` or ``draw.parties-missing``, WriteConflictError when the
    project changed since the look.
    """
    ground = seen.ground
    current = await uow.projects.get(ground.project.id, ground.project.section)
    if current is None or current.version != ground.project.version:
        raise ConflictError("project.version-moved")
    earlier = await uow.draws.of_section(current.id, current.section)
    keys, missing = await party_keys(uow, platform, ground.agency.party)
    # Once more under the write lock: another server may have been first since the look.
    moved = [
        *round_faults(earlier, order.redraw_reason),
        *([parties_fault(missing)] if missing else ()),
        *top_ups.faults(ground.parameters, order.pool, await top_ups.of_section(uow, earlier)),
    ]
    refuse([*seen.faults, *(one for one in moved if one not in seen.faults)], seen.alarms)
    now = platform.now()
    rounds = [one for one in earlier if not one.appointed]
    body: dict[str, Any] = {
        "section": section_hash(current.id, current.section).hex(),
        "round": len(rounds) + 1,
        "previous": rounds[-1].k if rounds else None,
        "parties": keys,
    }
    k = await append(uow, sign_all(draft("request", now, body), {"platform": platform.log.key}))
    row = DrawRow(
        id=f"drw_{platform.random(ID_BYTES).hex()}",
        k=k,
        project_id=current.id,
        section=current.section,
        round=len(rounds) + 1,
        previous=body["previous"],
        agency_id=current.agency_id,
        requested_by=principal.person,
        mode=principal.mode,
        state=REQUESTED,
        live=True,
        request=_request_document(order, seen),
        evaluation_from=ground.case.evaluation.since,
        evaluation_to=ground.case.evaluation.until,
        created_at=now,
        updated_at=now,
    )
    await uow.draws.add(row)
    await uow.draws.add_entry(row.id, log_index=k, entry_type="request")
    await take_duty(uow, row, principal, "draw.request", now=now)
    await note(uow, actor, "draw.request", row.id, now=now)
    return row


def refuse(faults: Sequence[Fault], alarms: Sequence[Fault] = ()) -> None:
    """Raise ConflictError when nothing but the present state is against a request, InputRefusedError for
    every other fault; nothing without a fault.
    """
    if faults and all(one.code in _OF_STATE for one in faults):
        raise ConflictError(faults[0].code, **faults[0].figures)
    if faults:
        raise InputRefusedError("draw.refused", [*faults, *alarms])


async def prepare(uow: UnitOfWork, platform: Platform, row: DrawRow) -> Prepared:
    """A stored request made ready to seal, from the project as it stands now: bidders may have changed since.

    The beacon round is the first `BEACON_LEAD_SECONDS` after now. Raises NotFoundError
    ``draw.ground-missing``, ConflictError ``draw.seated-moved`` for a top-up that counts on experts of whom
    some no longer sit.
    """
    project = await uow.projects.get(row.project_id, row.section)
    pool = await uow.pools.get(row.request["pool"]["id"], row.request["pool"]["version"])
    if project is None or pool is None:
        raise NotFoundError("draw.ground-missing")
    pack = project.document["pack"]
    agency, span = await agency_of(uow, project), project.document["evaluation"]
    counted = await _counted_on(uow, row)
    bound = await bound_elsewhere(
        uow, platform, row, since=span["from"], until=span["to"], counted_on=counted
    )
    case = avoiding(case_of(project, agency, bound.engagements), bound.employers)
    chain = row.request["beacon"]
    return Prepared(
        case=case,
        rules=platform.packs.resolve(pack["base"], pack["overlays"]).rules,
        parameters=DrawParameters.from_json(row.request["parameters"]),
        pool=pool,
        beacon=None if chain is None else _beacon(chain, platform.clock()),
        override=row.request["override"],
        opens_at=opens_at(case, row.request["opens_at"]),
        bound_by=bound.draws,
        # Requests stored before invitations could be logged say nothing of them.
        invitations=row.request.get("invitations", ELSEWHERE),
    )


async def find_draw(uow: UnitOfWork, principal: Principal, draw_id: str) -> DrawRow:
    """One draw that this caller may know of. Raises NotFoundError ``draw.unknown``."""
    row = await uow.draws.get(draw_id)
    if row is None:
        raise NotFoundError("draw.unknown")
    require_own(principal, agency_id=row.agency_id, mode=row.mode, missing="draw.unknown")
    return row


async def take_duty(uow: UnitOfWork, row: DrawRow, principal: Principal, action: str, *, now: str) -> None:
    """Bind the person to the duty of this action in this draw.

    Raises ConflictError ``draw.duties-clash``, and ``draw.duty-late`` for a duty not held when the draw
    ended: duties entitle to what an opened draw discloses.
    """
    duty = ACTIONS[action].duty
    if duty is None:
        return
    if row.state in FINAL and (await uow.draws.duties(row.id)).get(principal.person) is None:
        raise ConflictError("draw.duty-late")
    await uow.draws.take_duty(row.id, person=principal.person, duty=duty, at=now)


async def _counted_on(uow: UnitOfWork, row: DrawRow) -> list[DrawRow]:
    """The rounds that a top-up counts on, with as many seats held as it says; none for another draw."""
    found = counted_on(await uow.draws.of_section(row.project_id, row.section), row)
    if found and await top_ups.seated(uow, found) != parameters_of(row).committee.seated:
        raise ConflictError("draw.seated-moved")
    return found


def _request_document(order: DrawOrder, seen: Look) -> dict[str, Any]:
    pool = seen.ground.pool
    return {
        "pool": {"id": pool.id, "version": pool.version},
        "parameters": seen.ground.parameters.to_json(),
        "beacon": order.beacon,
        "override": order.override,
        "opens_at": order.opens_at,
        "redraw_reason": order.redraw_reason,
        "invitations": order.invitations,
        "alarms": [one.code for one in seen.alarms],
    }


def _beacon(chain: str, now: datetime) -> BeaconChoice:
    due = int(now.timestamp()) + BEACON_LEAD_SECONDS
    return BeaconChoice(chain=chain, round=first_round_at_or_after(chain, due))
