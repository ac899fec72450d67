"""What may be told of a campaign: per seat to operator and supervisor, counts to the agency. Never a person.

A seat's line says where it stands, what comes next and when, and what became of the newest message. The
agency's counts say how many are needed and how many have accepted, and nothing that tells one seat from
another.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.store.repositories.campaigns import CampaignRow, Delay, LadderStep
from app.store.repositories.invitations import Invitation
from app.store.repositories.outbox import Delivery, Reference
from app.store.unit_of_work import UnitOfWork
from app.usecases import top_ups
from app.usecases.campaign_delays import standing_delay
from app.usecases.ceremony import k_of
from app.usecases.invitations import standing
from app.usecases.invitations.standing import Standing
from app.usecases.platform import Platform
from draw import invitation
from draw.invitation import FILLING, OPEN

_NEXT: Final[Mapping[str, str]] = {
    **dict.fromkeys(OPEN, "reply_by"),
    invitation.ACCEPTED: "arrive_by",
}


async def console(uow: UnitOfWork, platform: Platform, draw_id: str) -> dict[str, Any]:
    """The campaign for operator and supervisor. Raises NotFoundError ``campaign.unknown``."""
    found = await standing.load(uow, draw_id)
    campaign = found.campaign
    steps = await uow.campaigns.steps(campaign.id)
    terms = await standing.terms_of(uow, platform, found.row)
    short = campaign.state == invitation.SHORT
    ladder = invitation.next_steps(terms.ladder, [one.step for one in steps]) if short else ()
    return {
        "id": campaign.id,
        "proposed_by": campaign.proposed_by,
        "approved_by": campaign.approved_by,
        "own_order": campaign.own_order_reason,
        "released_at": campaign.released_at,
        "moves": campaign.moves,
        "delays": [_delay(one) for one in await uow.campaigns.delays(campaign.id)],
        "plan": campaign.plan,
        "ladder": {"open": list(ladder), "taken": [_step(one) for one in steps]},
        "invited": len(found.invitations),
        "seats": [await _seat(uow, found, seat) for seat in range(found.seats)],
        **await _counts(uow, found),
    }


async def counts(uow: UnitOfWork, draw_id: str) -> dict[str, Any]:
    """The campaign for the agency. Raises NotFoundError ``campaign.unknown``."""
    return await _counts(uow, await standing.load(uow, draw_id))


async def _counts(uow: UnitOfWork, found: Standing) -> dict[str, Any]:
    top_up, made = await top_ups.of_draw(uow, found.row), await standing_delay(uow, found.campaign)
    return {
        **counts_of(found),
        "put_off": None
        if made is None
        else {"from": made.before, "reason": made.reason, "at": made.put_off_at},
        "top_up": None if top_up is None else top_up.to_json(),
    }


def counts_of(found: Standing) -> dict[str, Any]:
    """Numbers only: needed, accepted, the next limit, the begin, the owner."""
    campaign = found.campaign
    states = found.states()
    return {
        "draw": campaign.draw_id,
        "state": campaign.state,
        "needed": found.seats,
        "accepted": sum(state in FILLING for state in states),
        "next_deadline": _next_deadline(campaign, found.newest.values()),
        "begins": campaign.begins,
        "owner": campaign.owner,
    }


def _next_deadline(campaign: CampaignRow, newest: Any) -> str | None:
    """The latest end of a reply term still open: when the agency may look again; then the begin."""
    if campaign.state not in invitation.RUNNING:
        return None
    waiting = [one.reply_by for one in newest if one.state in OPEN]
    return max(waiting) if waiting else campaign.begins


async def _seat(uow: UnitOfWork, found: Standing, seat: int) -> dict[str, Any]:
    own = [one for one in found.invitations if one.invited.seat == seat]
    newest = own[-1] if own else None
    if newest is None:
        return _line(seat, None, rounds=0, delivery=None)
    about = Reference(draw=k_of(found.row), n=newest.n)
    sent = [one for one in await uow.outbox.of_invitation(about) if one.at is not None]
    last = max(sent, key=lambda one: one.at or "", default=None)
    return _line(seat, newest, rounds=len(own), delivery=last)


def _line(seat: int, one: Invitation | None, *, rounds: int, delivery: Delivery | None) -> dict[str, Any]:
    vacant = one is not None and one.state == invitation.REPLACED
    return {
        "seat": seat + 1,
        "stratum": None if one is None else one.invited.stratum,
        "site": None if one is None else one.invited.site,
        "state": "waiting" if one is None else "vacant" if vacant else one.state,
        "since": None if one is None else one.updated_at,
        "round": rounds,
        "next": None if one is None or vacant else _next(one),
        "last_delivery": None
        if delivery is None
        else {"channel": delivery.channel, "kind": delivery.kind, "at": delivery.at},
    }


def _next(one: Invitation) -> dict[str, str] | None:
    if one.pending is not None:
        return {"what": "replacement", "at": one.updated_at}
    name = _NEXT.get(one.state)
    return None if name is None else {"what": name, "at": str(getattr(one, name))}


def _delay(one: Delay) -> dict[str, Any]:
    return {
        "from": one.before,
        "to": one.begins,
        "reason": one.reason,
        "words": one.words,
        "extended": one.extended,
        "by": one.put_off_by,
        "at": one.put_off_at,
        "log_index": one.log_index,
    }


def _step(one: LadderStep) -> dict[str, Any]:
    return {
        "step": one.step,
        "reason": {"zh": one.reason_zh, "en": one.reason_en},
        "by": one.taken_by,
        "at": one.taken_at,
        "log_index": one.log_index,
    }


def listed(campaigns: Sequence[CampaignRow]) -> list[dict[str, Any]]:
    """Campaigns under way as an operator's queue has them: the short ones on top, then by their begin."""
    urgent = sorted(campaigns, key=lambda one: (one.state != invitation.SHORT, one.begins, one.id))
    return [
        {"draw": one.draw_id, "state": one.state, "begins": one.begins, "owner": one.owner} for one in urgent
    ]
