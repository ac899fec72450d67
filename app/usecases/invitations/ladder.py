"""The short-pool ladder: what is done when a cell has nobody left, step by step and never silently.

The steps and their order are the rule pack's. Each is a record in the log, with its reason in two languages.
Those that look for further experts release the draw's section for a further round: a top-up of the missing
seats (`app.usecases.top_ups`), in which whoever sits here is bound (K14) and counted. What is filled by
self-selection is not drawn, and no proof says otherwise (R03).
"""

from dataclasses import dataclass
from typing import Final

from app.errors import ConflictError, Fault, InputRefusedError
from app.store.repositories.campaigns import CampaignRow, LadderStep
from app.store.unit_of_work import UnitOfWork
from app.usecases.ceremony import k_of
from app.usecases.draw_requests import find_draw
from app.usecases.invitations import standing
from app.usecases.invitations.campaigns import By
from app.usecases.invitations.standing import Standing
from app.usecases.invites import log_record
from app.usecases.operations import note
from app.usecases.platform import Platform
from app.usecases.rounds import committee_of
from crypto.canonical import canonical
from draw import invitation, lifecycle
from draw.errors import LifecycleError
from draw.model import TEXT
from draw.schema import Faults

FORMAT: Final = "qt/1 ladder"
_RELEASING: Final = frozenset({"widen_region", "sibling_specialty", "other_province", "postpone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step to be taken, with its reason in both languages."""

    step: str
    reason_zh: str
    reason_en: str


async def take(uow: UnitOfWork, platform: Platform, draw_id: str, taken: Taken, *, by: By) -> LadderStep:
    """Take the next step of the ladder; what was logged of it. Not acknowledged before the log is published
    up to its index.

    Raises ConflictError ``campaign.not-short``, ``campaign.ladder-order``, ``campaign.ladder-unknown``,
    InputRefusedError ``campaign.refused`` without a reason in both languages.
    """
    now = platform.now()
    await find_draw(uow, by.principal, draw_id)
    _require_reasons(taken)
    found = await standing.load(uow, draw_id)
    if found.campaign.state != invitation.SHORT:
        raise ConflictError("campaign.not-short", state=found.campaign.state)
    earlier = await uow.campaigns.steps(found.campaign.id)
    terms = await standing.terms_of(uow, platform, found.row)
    _require_next(terms.ladder, [one.step for one in earlier], taken.step)
    step = await _logged(uow, platform, found, taken, number=len(earlier) + 1, by=by, now=now)
    await uow.campaigns.add_step(found.campaign.id, step)
    await note(uow, by.actor, f"campaign.ladder.{taken.step}", draw_id, now=now)
    if taken.step in _RELEASING:
        await release(uow, found.campaign, now=now)
    return step


def document(k: int, step: LadderStep) -> bytes:
    """What the log's record of a step is the digest of."""
    return canonical(
        {
            "format": FORMAT,
            "draw": k,
            "number": step.number,
            "step": step.step,
            "reason": {"zh": step.reason_zh, "en": step.reason_en},
            "at": step.taken_at,
        }
    )


async def _logged(
    uow: UnitOfWork, platform: Platform, found: Standing, taken: Taken, *, number: int, by: By, now: str
) -> LadderStep:
    fresh = LadderStep(
        number=number,
        step=taken.step,
        reason_zh=taken.reason_zh,
        reason_en=taken.reason_en,
        taken_by=by.principal.person,
        taken_at=now,
        log_index=0,
    )
    content = document(k_of(found.row), fresh)
    index = await log_record(uow, platform, found.row, topic="ladder", document=content, now=now)
    values = {name: getattr(fresh, name) for name in LadderStep.__slots__}
    return LadderStep(**{**values, "log_index": index})


async def release(uow: UnitOfWork, campaign: CampaignRow, *, now: str) -> None:
    """Let the section have a further round. The draw goes on: who accepted in it is expected all the same."""
    row = await uow.draws.get(campaign.draw_id)
    rows = [] if row is None else await uow.draws.of_section(row.project_id, row.section)
    for one in committee_of(rows, campaign.draw_id):
        # A round that is not drawn yet still holds the section.
        if one.live and one.state in lifecycle.HOLDING:
            await uow.draws.advance(one.id, expected=one.state_version, live=False, updated_at=now)
    if campaign.released_at is None:
        await uow.campaigns.advance(
            campaign.id, expected=campaign.state_version, released_at=now, updated_at=now
        )


def _require_next(ladder: tuple[str, ...], taken: list[str], step: str) -> None:
    try:
        invitation.require_next(ladder, taken, step)
    except LifecycleError as error:
        unknown = error.code == "ladder.unknown"
        code = "campaign.ladder-unknown" if unknown else "campaign.ladder-order"
        raise ConflictError(code) from error


def _require_reasons(taken: Taken) -> None:
    found = Faults()
    for pointer, value in (("/reason/zh", taken.reason_zh), ("/reason/en", taken.reason_en)):
        TEXT.check(value, pointer, found)
        if not value.strip():
            found.add(pointer, "format")
    faults = [
        Fault(code="campaign.text", pointer=pointer)
        for pointer in dict.fromkeys(one.pointer for one in found.found)
    ]
    if faults:
        raise InputRefusedError("campaign.refused", faults)
