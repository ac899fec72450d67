"""Putting an act on record for the discipline score, in the transaction that moves the invitation (R37).

The scale is that of the project's rule pack (`draw.conduct`); without one the act stands without points.
Reading is `app.usecases.roster.conduct`.
"""

from app.store.repositories.conduct import ConductRecord
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.usecases.invitations import standing
from app.usecases.platform import Platform
from draw.avoidance.layers import RulePack
from draw.conduct import ACT_OF, minutes_over, points_of


async def record(uow: UnitOfWork, platform: Platform, one: Invitation, *, state: str, at: str) -> None:
    """Record the act that `state` is, done at `at`; nothing for a state that is none.

    Call it once per move: raises WriteConflictError ``conduct.recorded`` for an act that stands already.
    """
    act = ACT_OF.get(state)
    row = None if act is None else await uow.draws.get(one.draw_id)
    if act is None or row is None:
        return
    pack = await standing.pack_of(uow, platform, row)
    minutes = _minutes(one, pack, act, at)
    scale = pack.parameters.get("conduct")
    points = None if scale is None else points_of(scale.value, act=act, minutes=minutes)
    counted = scale is not None and points is not None
    await uow.conduct.add(
        ConductRecord(
            invitation_id=one.id,
            act=act,
            draw_id=one.draw_id,
            expert=one.invited.expert,
            person_tag=uow.cipher.tag("conduct", one.invited.person),
            minutes=minutes,
            points=points,
            layer=scale.layer if scale is not None and counted else None,
            source=scale.citation if scale is not None and counted else None,
            at=at,
        )
    )


def _minutes(one: Invitation, pack: RulePack, act: str, at: str) -> int:
    """After the cut-off for a leave, else after the begin that this holder was given."""
    if act in ("leave_late", "leave_early"):
        return minutes_over(at=at, since=one.cut_off)
    return minutes_over(at=at, since=one.arrive_by, grace=pack.invitation.grace)
