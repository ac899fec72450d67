"""Somebody who checked in and goes no further: hands no phone in, or is not let in (R14, R15, R22).

Before the locker only: whose things lie there goes out by release and return. The act is one clerk's, with a
code and words; it opens an alert that another person closes, so two have seen it. The seat passes on when
and if a supervisor says so, by the same grounds as any: until then the room does not begin without them.
"""

from dataclasses import dataclass, field
from typing import Final

from app.errors import ConflictError, InputRefusedError
from app.store.repositories.arrivals import Arrival
from app.store.repositories.gates import SiteAlert
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import day_of, find_arrival, invitation_of, step
from app.usecases.arrival.ledger import MAX_DETAIL_BYTES, Act
from app.usecases.arrival.texts import fault
from app.usecases.invitations import affected
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from crypto.canonical import parse
from remote_eval import arrival as way

ALERT: Final = "turned-away"
REASONS: Final = ("devices", "identity", "conduct", "health", "other")
# Words for operator and supervisor; they name nobody.
DECIDE: Final = "有人签到后未能入场，请决定席位 somebody who checked in was turned away: decide on the seat"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """A code of `REASONS`, and words that name nobody (1 to 200 characters)."""

    reason: str
    words: str = field(repr=False)


async def turn_away(
    uow: UnitOfWork,
    platform: Platform,
    principal: Principal,
    arrival_id: str,
    wanted: TurnedAway,
    *,
    actor: Actor,
) -> Arrival:
    """Turn somebody away at the desk, before anything lies in a locker.

    Raises NotFoundError ``arrival.unknown``, InputRefusedError ``arrival.words``, ConflictError
    ``arrival.transition`` once there is a deposit.
    """
    if wanted.reason not in REASONS or not wanted.words.strip():
        raise InputRefusedError("arrival.words", [fault("arrival.words", "/words")])
    arrival = await find_arrival(uow, principal, arrival_id)
    act = Act(platform=platform, site=arrival.site, actor=actor, now=platform.now())
    moved = await step(uow, arrival, way.REFUSED, shown={"reason"}, now=act.now)
    about = {"arrival": arrival.id, "reason": wanted.reason, "words": wanted.words}
    await act.enter(uow, ALERT, **about)
    await act.alert(uow, ALERT, level="yellow", subject=arrival.id)
    await note(uow, actor, "desk.turn-away", arrival.id, now=act.now)
    one = await invitation_of(uow, arrival)
    campaign = await uow.campaigns.get(one.campaign_id)
    if campaign is not None:
        change = f"turned-away/{campaign.id}/{one.n}"
        await affected.alert(uow, campaign, change=change, what=DECIDE, now=act.now)
    return moved


async def require_other(uow: UnitOfWork, alert: SiteAlert, *, actor: Actor) -> None:
    """Raise ConflictError ``alert.two-persons`` for whoever opened an alert by turning somebody away."""
    if alert.kind != ALERT:
        return
    for entry, sealed in await uow.site_ledger.entries(alert.site, day_of(alert.opened_at)):
        if entry.kind != "alert" or entry.actor != actor.person:
            continue
        _, detail = uow.site_ledger.opened(entry, sealed)
        about = parse(detail, max_bytes=MAX_DETAIL_BYTES)
        if isinstance(about, dict) and about.get("alert") == alert.id:
            raise ConflictError("alert.two-persons")
