"""What roster and draw do to a campaign: the room opens, the proof ends it, the result is told.

Who sits and who is asked is `app.usecases.invitations`' business; here a campaign only follows its draw, in
the transaction that moved the draw or opened the roster. A draw without a campaign is left as it is.
"""

from typing import Any, Final

from app.errors import ConflictError
from app.store.repositories.campaigns import CampaignRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.rounds import rounds_of
from draw import invitation
from remote_eval.arrival import REFUSED

# The timer that looks after a draw's seats; `app.usecases.invitations.timing` sets it for vacancies.
FOLLOW: Final = "campaign.vacancies"
_THERE: Final = frozenset({invitation.ARRIVED, invitation.LATE})
_BEGUN: Final = frozenset({invitation.OPENED, invitation.CLOSED, invitation.PUBLISHED})
_OVER: Final = frozenset({invitation.CLOSED, invitation.PUBLISHED})


async def require_room(uow: UnitOfWork, draw_id: str, *, now: str) -> None:
    """Raise ConflictError unless the room may start: ``roster.not-checked-in`` (state) while somebody of the
    committee is missing, also of another round of it, ``roster.too-early`` (at) before a start that was put
    off, ``roster.cancelled``."""
    campaign = await uow.campaigns.of_draw(draw_id)
    if campaign is None:
        return
    for one in (campaign, *await _beside(uow, draw_id)):
        await _require_there(uow, one, now=now)


async def _beside(uow: UnitOfWork, draw_id: str) -> list[CampaignRow]:
    """The campaigns of the other rounds of a draw's committee that were not called off."""
    rounds = await rounds_of(uow, draw_id)
    found = [await uow.campaigns.of_draw(one.id) for one in rounds if one.id != draw_id]
    return [one for one in found if one is not None and one.state != invitation.CANCELLED]


async def _require_there(uow: UnitOfWork, campaign: CampaignRow, *, now: str) -> None:
    _require(campaign, _BEGUN | {invitation.CHECKED_IN}, "roster.not-checked-in")
    if campaign.state == invitation.CHECKED_IN and await _turned_away(uow, campaign.draw_id):
        raise ConflictError("roster.not-checked-in", state=campaign.state)
    if campaign.state == invitation.CHECKED_IN and now < campaign.begins:
        raise ConflictError("roster.too-early", at=campaign.begins)


async def open_room(uow: UnitOfWork, draw_id: str, *, now: str) -> None:
    """Everybody is there and the committee's names are open. Again: no change. Raises as `require_room`."""
    await require_room(uow, draw_id, now=now)
    campaign = await uow.campaigns.of_draw(draw_id)
    if campaign is not None and campaign.state == invitation.CHECKED_IN:
        await _move(uow, campaign, invitation.OPENED, now=now)


async def close(uow: UnitOfWork, draw_id: str, *, now: str) -> None:
    """The draw's proof is open: no seat of it moves any more."""
    campaign = await uow.campaigns.of_draw(draw_id)
    if campaign is not None and campaign.state in invitation.RUNNING:
        await _move(uow, campaign, invitation.CLOSED, now=now)


async def require_result(uow: UnitOfWork, draw_id: str) -> None:
    """Raise ConflictError ``roster.not-result`` unless the campaign is over, ``roster.cancelled``."""
    campaign = await uow.campaigns.of_draw(draw_id)
    if campaign is not None:
        _require(campaign, _OVER, "roster.not-result")


async def publish(uow: UnitOfWork, draw_id: str, *, now: str) -> None:
    """The roster is open with the result. Again: no change. Raises as `require_result`."""
    await require_result(uow, draw_id)
    campaign = await uow.campaigns.of_draw(draw_id)
    if campaign is not None and campaign.state == invitation.CLOSED:
        await _move(uow, campaign, invitation.PUBLISHED, now=now)


async def give_up(uow: UnitOfWork, draw_id: str, *, now: str) -> None:
    """The draw was given up: have its campaign called off, and everybody told, by the worker."""
    if await uow.campaigns.of_draw(draw_id) is not None:
        await uow.timers.set(FOLLOW, draw_id, now)


async def _turned_away(uow: UnitOfWork, draw_id: str) -> bool:
    """Whether somebody who holds a seat was turned away at the desk: a supervisor has to decide."""
    refused = {one.letter for one in await uow.arrivals.of_draw(draw_id) if one.state == REFUSED}
    listed = await uow.invitations.of_draw(draw_id) if refused else []
    return any(one.id in refused and one.state in _THERE for one in listed)


def _require(campaign: CampaignRow, states: frozenset[str], code: str) -> None:
    if campaign.state == invitation.CANCELLED:
        raise ConflictError("roster.cancelled")
    if campaign.state not in states:
        raise ConflictError(code, state=campaign.state)


async def _move(uow: UnitOfWork, campaign: CampaignRow, target: str, *, now: str) -> None:
    step = invitation.advance(invitation.CAMPAIGN, campaign.state, target, now=now)
    changes: dict[str, Any] = {"state": step.target, "updated_at": now}
    await uow.campaigns.advance(campaign.id, expected=campaign.state_version, **changes)
