"""Who is affected by a change of a campaign, and telling each of them exactly once (R40).

Experts are told on their own phone or address; centres, agency, operator and supervisor by a letter into
their tray (`letter` channel). A notice names no project and no colleague. Delivery keeps who was told as
keyed hashes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from app.store.repositories.campaigns import CampaignRow
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.delivery.notices import Change, Recipient, fan_out
from app.usecases.invitations import plans
from draw import invitation
from draw.invitation_terms import Hours

ALERT: Final = "staff-alert"
# Quiet hours and the way to the place.
_NIGHT: Final = timedelta(hours=15)
_TOLD: Final = invitation.OPEN | invitation.FILLING


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One change: its id, the texts for experts and for the others, and what changed in words; `urgent`: it
    leaves in quiet hours too."""

    id: str
    experts: str | None
    staff: str
    what: str
    until: str
    urgent: bool = False


def is_pressing(begins: str, now: str) -> bool:
    """Whether who comes at `begins` may have set out before the quiet hours are over: a change that takes
    that hour away is told at once."""
    return from_text(begins) - from_text(now) <= _NIGHT


async def tell(
    uow: UnitOfWork,
    occasion: Occasion,
    campaign: CampaignRow,
    invitations: Iterable[Invitation],
    *,
    now: str,
) -> int:
    """Tell everybody affected; how many had not been told of this change. `campaign` as it is now."""
    size = (await uow.log.head()).size
    change = Change(
        id=occasion.id,
        draw_id=campaign.draw_id,
        expires_at=occasion.until,
        log_size=size,
        urgent=occasion.urgent,
    )
    told = 0
    for one in campaign.plan["sites"]:
        recipients = [*_centre(one), *(_office(campaign) if one is campaign.plan["sites"][0] else ())]
        fields = _fields(campaign.plan, one["site"], occasion)
        told += await fan_out(
            uow, change=change, recipients=recipients, template=occasion.staff, fields=fields, now=now
        )
    if occasion.experts is not None:
        for one in invitations:
            told += await _expert(uow, change, occasion, one, now=now)
    return told


async def tell_left(
    uow: UnitOfWork, occasion: Occasion, before: CampaignRow, kept: Iterable[str], *, now: str
) -> int:
    """Tell every centre of the plan `before` that is not among the venues `kept`; how many had not been."""
    size, told, staying = (await uow.log.head()).size, 0, set(kept)
    change = Change(
        id=occasion.id, draw_id=before.draw_id, expires_at=occasion.until, log_size=size, urgent=False
    )
    for one in before.plan["sites"]:
        if one["venue"] in staying:
            continue
        fields = _fields(before.plan, one["site"], occasion)
        told += await fan_out(
            uow, change=change, recipients=_centre(one), template=occasion.staff, fields=fields, now=now
        )
    return told


async def alert(uow: UnitOfWork, campaign: CampaignRow, *, change: str, what: str, now: str) -> int:
    """Tell the campaign's operator and supervisor that it needs them; how many had not been told of this."""
    plan = campaign.plan
    news = Change(
        id=change,
        draw_id=campaign.draw_id,
        expires_at=max(plans.ends(plan), now),
        log_size=None,
        urgent=False,
    )
    recipients = [one for one in _office(campaign) if one.audience != "agency"]
    place = plan["sites"][0]["site"]
    occasion = Occasion(id=change, experts=None, staff=ALERT, what=what, until=news.expires_at)
    fields = _fields(plan, place, occasion)
    return await fan_out(uow, change=news, recipients=recipients, template=ALERT, fields=fields, now=now)


async def _expert(uow: UnitOfWork, change: Change, occasion: Occasion, one: Invitation, *, now: str) -> int:
    contact = one.invited.contact
    ways = (("sms", contact.phone), ("email", contact.email), ("voice", contact.phone))
    way = next(((channel, to) for channel, to in ways if channel in contact.channels and to), None)
    if way is None or occasion.experts is None or one.state not in _TOLD:
        return 0
    recipient = Recipient(key=f"expert|{one.invited.person}", audience="expert", channel=way[0], to=way[1])
    fields = {**one.content, "what_changed": occasion.what}
    return await fan_out(
        uow, change=change, recipients=[recipient], template=occasion.experts, fields=fields, now=now
    )


def _centre(place: Any) -> list[Recipient]:
    name = f"site-{place['venue']}"
    return [Recipient(key=name, audience="site", channel="letter", to=name)]


def _office(campaign: CampaignRow) -> list[Recipient]:
    people = [("agency", campaign.agency_id), ("operator", campaign.proposed_by)]
    if campaign.approved_by is not None:
        people.append(("supervisor", campaign.approved_by))
    return [
        Recipient(key=f"{role}|{who}", audience=role, channel="letter", to=f"{role}-{who}")
        for role, who in people
    ]


def _fields(plan: Any, site: str, occasion: Occasion) -> dict[str, str]:
    moment = plan["begins"]
    when = Hours(send_at=moment, reply_by=moment, cut_off=moment, arrive_by=moment)
    return {**plans.content_of(plan, site, when), "what_changed": occasion.what}
