"""Reading a campaign with its invitations, and writing down what it has come to.

A campaign's state follows from the newest invitations of its seats (`draw.invitation.standing`); it is moved
in the transaction that changed one of them, by compare-and-swap. Rounds that fill one committee move
together: a vacant seat of one that a top-up has filled is no longer missing.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from app.errors import NotFoundError
from app.store.repositories.campaigns import CampaignRow
from app.store.repositories.draws import DrawRow
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.usecases.campaign_ends import FOLLOW
from app.usecases.campaign_seats import Standing, load, load_all
from app.usecases.platform import Platform
from app.usecases.rounds import parameters_of, rounds_of
from draw import invitation
from draw.avoidance.layers import RulePack
from draw.invitation_terms import Terms

__all__ = ["Standing", "follow", "load", "load_all", "pack_of", "target_of", "terms_of", "walk"]

_KEEPS: Final = {
    # Once everybody is there, only a seat that falls vacant leads back.
    invitation.FILLED: frozenset(
        {invitation.FILLED, invitation.SEALED, invitation.CHECKED_IN, invitation.OPENED}
    ),
    invitation.SHORT: frozenset({invitation.SHORT}),
    invitation.INVITING: frozenset({invitation.INVITING}),
}
_PRESENT: Final = frozenset({invitation.ARRIVED, invitation.LATE, invitation.SEATED, invitation.FINISHED})


async def follow(uow: UnitOfWork, draw_id: str, *, now: str) -> CampaignRow:
    """Move the campaign, and those of the other rounds of its committee, to what their seats have come to;
    the campaign as it then is."""
    own = await load(uow, draw_id)
    rounds = await load_all(uow, await rounds_of(uow, draw_id))
    filled = sum(one.filled for one in rounds)
    whole = len(rounds) > 1 and filled == parameters_of(rounds[0].row).seats
    for one in rounds:
        await _move(uow, one, whole=whole, own=one.row.id == draw_id, now=now)
    return await uow.campaigns.get(own.campaign.id) or own.campaign


async def _move(uow: UnitOfWork, found: Standing, *, whole: bool, own: bool, now: str) -> None:
    campaign, states = found.campaign, found.states()
    target = target_of(campaign.state, [one for one in states if one is not None] if whole else states)
    if target == campaign.state:
        return
    invitation.advance(invitation.CAMPAIGN, campaign.state, target, now=now)
    await uow.campaigns.advance(campaign.id, expected=campaign.state_version, state=target, updated_at=now)
    if not own:
        # Its roster is sealed by the worker.
        await uow.timers.set(FOLLOW, found.row.id, now)


def target_of(state: str, seats: Sequence[str | None]) -> str:
    """Where a campaign in `state` belongs, given the states of its seats."""
    if state not in invitation.RUNNING:
        return state
    reached = invitation.standing(seats)
    if state not in _KEEPS[reached]:
        return reached
    all_there = state == invitation.SEALED and all(one in _PRESENT for one in seats)
    return invitation.CHECKED_IN if all_there else state


async def terms_of(uow: UnitOfWork, platform: Platform, row: DrawRow) -> Terms:
    """How the rule pack of the draw's project invites. Raises NotFoundError, RulesError
    ``rules.invitation``."""
    return (await pack_of(uow, platform, row)).invitation


async def pack_of(uow: UnitOfWork, platform: Platform, row: DrawRow) -> RulePack:
    """The rule pack of the draw's project. Raises NotFoundError."""
    project = await uow.projects.get(row.project_id, row.section)
    if project is None:
        raise NotFoundError("project.unknown")
    pack = project.document["pack"]
    return platform.packs.resolve(pack["base"], pack["overlays"])


def walk(one: Invitation, targets: Iterable[str], *, now: str) -> str:
    """The last of `targets`, each a lawful step from the one before. Raises LifecycleError."""
    state = one.state
    for target in targets:
        state = invitation.advance(invitation.INVITATION, state, target, now=now).target
    return state
