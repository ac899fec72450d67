"""A campaign with its draw and its invitations, read; and what its seats have come to.

Where the campaign belongs by that is `app.usecases.invitations.standing`'s to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.errors import NotFoundError
from app.store.repositories.campaigns import CampaignRow
from app.store.repositories.draws import DrawRow
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.usecases.rounds import parameters_of
from draw import invitation

# The seat passes on, whatever its invitation has come to.
_LEAVING: Final = "leaving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A campaign with its draw and every invitation so far, ascending by number."""

    campaign: CampaignRow
    row: DrawRow
    invitations: tuple[Invitation, ...]

    @property
    def seats(self) -> int:
        """How many seats the draw has."""
        return parameters_of(self.row).seats

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

    @property
    def filled(self) -> int:
        """How many seats of a running campaign are held by somebody who comes."""
        running = self.campaign.state in invitation.RUNNING
        return sum(one in invitation.FILLING for one in self.states()) if running else 0

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


async def load_all(uow: UnitOfWork, rows: Sequence[DrawRow]) -> list[Standing]:
    """The campaigns of these draws, in their order; draws without one are left out."""
    started = [row for row in rows if await uow.campaigns.of_draw(row.id) is not None]
    return [await load(uow, row.id) for row in started]


def _occupied(one: Invitation) -> str | None:
    if one.pending is not None:
        return _LEAVING
    return None if one.state == invitation.REPLACED else one.state
