"""Reading a campaign with its invitations, and writing down what it has come to.

A campaign's state follows from the newest invitations of its seats (`draw.invitation.standing`); it is moved
in the transaction that changed one of them, by compare-and-swap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.errors import NotFoundError
from app.store.repositories.campaigns import CampaignRow
from app.store.repositories.draws import DrawRow
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform
from draw import invitation
from draw.invitation_terms import Terms
from draw.model import DrawParameters

_KEEPS: Final = {
    # Once everybody is there, only a seat that falls vacant leads back.
    invitation.FILLED: frozenset(
        {invitation.FILLED, invitation.SEALED, invitation.CHECKED_IN, invitation.OPENED}
    ),
    invitation.SHORT: frozenset({invitation.SHORT}),
    invitation.INVITING: frozenset({invitation.INVITING}),
}
# The seat passes on, whatever its invitation has come to.
_LEAVING: Final = "leaving"
_PRESENT: Final = frozenset({invitation.ARRIVED, invitation.LATE, invitation.SEATED, invitation.FINISHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A campaign with its draw and every invitation so far, ascending by number."""

    campaign: CampaignRow
    row: DrawRow
    invitations: tuple[Invitation, ...]

    @property
    def seats(self) -> int:
        """How many seats the draw has."""
        return DrawParameters.from_json(self.row.request["parameters"]).seats

    @property
    def newest(self) -> dict[int, Invitation]:
        """The newest invitation of each seat."""
        return {one.invited.seat: one for one in self.invitations}

    @property
    def pending(self) -> list[Invitation]:
        """Invitations whose seats wait for an event, by seat."""
        return sorted((one for one in self.invitations if one.pending), key=lambda one: one.invited.seat)

    def states(self) -> list[str | None]:
        """State of each seat's newest invitation, None for a vacant seat."""
        newest = self.newest
        return [_occupied(newest[seat]) if seat in newest else None for seat in range(self.seats)]

    def of_holder(self, one: Invitation) -> list[Invitation]:
        """Every invitation of whoever this one is addressed to."""
        same = (one.invited.seat, one.invited.tenure)
        return [other for other in self.invitations if (other.invited.seat, other.invited.tenure) == same]


async def load(uow: UnitOfWork, draw_id: str) -> Standing:
    """The campaign of a draw. Raises NotFoundError ``campaign.unknown``."""
    campaign = await uow.campaigns.of_draw(draw_id)
    row = await uow.draws.get(draw_id)
    if campaign is None or row is None:
        raise NotFoundError("campaign.unknown")
    listed = await uow.invitations.of_draw(draw_id)
    return Standing(campaign=campaign, row=row, invitations=tuple(listed))


async def follow(uow: UnitOfWork, draw_id: str, *, now: str) -> CampaignRow:
    """Move the campaign to what its seats have come to; the campaign as it then is."""
    found = await load(uow, draw_id)
    campaign = found.campaign
    target = target_of(campaign.state, found.states())
    if target == campaign.state:
        return campaign
    invitation.advance(invitation.CAMPAIGN, campaign.state, target, now=now)
    await uow.campaigns.advance(campaign.id, expected=campaign.state_version, state=target, updated_at=now)
    return await uow.campaigns.get(campaign.id) or campaign


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
    project = await uow.projects.get(row.project_id, row.section)
    if project is None:
        raise NotFoundError("project.unknown")
    pack = project.document["pack"]
    return platform.packs.resolve(pack["base"], pack["overlays"]).invitation


def walk(one: Invitation, targets: Iterable[str], *, now: str) -> str:
    """The last of `targets`, each a lawful step from the one before. Raises LifecycleError."""
    state = one.state
    for target in targets:
        state = invitation.advance(invitation.INVITATION, state, target, now=now).target
    return state


def _occupied(one: Invitation) -> str | None:
    if one.pending is not None:
        return _LEAVING
    return None if one.state == invitation.REPLACED else one.state
