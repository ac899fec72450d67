"""When every seat has accepted, the roster is sealed; anew whenever a holder changed (R13).

Sealing is `app.usecases.roster.custody`'s work; here is only when it happens. It asks the custodians' nodes
for keys, so it stands outside of every transaction, and it may be repeated.
"""

from app.store.unit_of_work import UnitOfWork
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations import plans, standing
from app.usecases.roster.custody import seal_roster
from draw import invitation, lifecycle


async def seal(context: WorkContext, draw_id: str) -> None:
    """Seal the roster of a campaign that is filled; others are left as they are. Raises PartyError."""
    platform = context.platform
    async with platform.database.read() as uow:
        found = await standing.load(uow, draw_id)
    if found.campaign.state != invitation.FILLED or found.row.state not in lifecycle.HOLDING:
        return
    plan = found.campaign.plan
    opens = max(found.campaign.begins, (found.row.sdr or {})["deadlines"]["open"])
    asked = max(one.created_at for one in found.newest.values())
    places = plans.venues(plan)
    await seal_roster(context.ceremony, draw_id, not_before=opens, venues=places, since=asked)
    version = found.campaign.state_version

    async def work(uow: UnitOfWork) -> None:
        now = platform.now()
        campaign = await uow.campaigns.of_draw(draw_id)
        if campaign is None or campaign.state_version != version:
            return
        step = invitation.advance(invitation.CAMPAIGN, campaign.state, invitation.SEALED, now=now)
        await uow.campaigns.advance(campaign.id, expected=version, state=step.target, updated_at=now)
        await standing.follow(uow, draw_id, now=now)

    await platform.database.transact(work)
