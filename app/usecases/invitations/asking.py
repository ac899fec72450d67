"""Asking one holder: letter, log entry, messages and timers, all in the caller's transaction.

The letter's secret is made here, leaves for the outbox and is forgotten; nothing is sent before a published
checkpoint covers the log's `invite` entry. Who holds a seat is `app.usecases.invites`' answer and nobody
else's; which seat is asked when is the caller's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.store.repositories.campaigns import CampaignRow
from app.store.repositories.contacts import Contact
from app.store.repositories.draws import DrawRow
from app.store.repositories.invitations import Invitation, Invited
from app.store.repositories.outbox import Message, Reference, message_id
from app.store.unit_of_work import UnitOfWork
from app.usecases.ceremony import k_of
from app.usecases.delivery.outbox import enqueue
from app.usecases.delivery.templates import fields_of
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations import letters, plans, timing
from app.usecases.invitations.letters import LetterKeys
from app.usecases.invites import Holder, log_invite
from app.usecases.platform import Platform
from draw.invitation import QUEUED
from draw.invitation_terms import Hours, Terms, beijing_day, hours

INVITATION: Final = "invitation"
RECONFIRM: Final = "reconfirm"
# The quiet hours of the rule pack are in the times of a letter already: the carrier's own must not eat up a
# term for an answer.
URGENT: Final = True
NOBODY: Final = Contact(phone=None, email=None, channels=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A campaign at one moment: what all its letters have in common. `change` is what differs from the letter
    before, for somebody who is asked anew."""

    context: WorkContext
    campaign: CampaignRow
    row: DrawRow
    terms: Terms
    now: str
    change: str | None = None

    @property
    def platform(self) -> Platform:
        """The platform that asks."""
        return self.context.platform


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """One letter in the making; `link` holds the secret."""

    keys: LetterKeys = field(repr=False)
    link: str = field(repr=False)
    when: Hours
    content: Mapping[str, str] = field(repr=False)
    sealed: bytes = field(repr=False)


async def ask(uow: UnitOfWork, asking: Asking, holder: Holder) -> Invitation:
    """Invite whoever holds a seat. Raises as `log_invite`: WriteConflictError ``draw.seat-moved`` when the
    seat has passed on since the holders were read."""
    letter = _letter(asking, holder)
    n = await log_invite(
        uow,
        asking.platform,
        asking.row,
        seat=holder.seat,
        key=letter.keys.reply.public,
        letter=letter.sealed,
        reply_by=letter.when.reply_by,
        cut_off=letter.when.cut_off,
        arrive_by=letter.when.arrive_by,
        now=asking.now,
        tenure=holder.tenure,
    )
    size = (await uow.log.head()).size
    pool = str(asking.row.request["pool"]["id"])
    contact = await uow.contacts.get(pool, holder.record.id) or NOBODY
    made = _invitation(uow, asking, letter, _invited(holder, contact), n=n, log_index=size - 1)
    await uow.invitations.add(made)
    for message in _messages(asking, made, letter, log_size=size):
        await enqueue(uow, message)
    await timing.await_reply(uow, made, asking.terms, now=asking.now)
    return made


def call(
    platform: Platform, row: DrawRow, one: Invitation, *, occasion: str, not_before: str, anew: bool
) -> Message:
    """A call with the spoken letter, answered by keypad; `anew`: of somebody who had one before. The
    invitation's contact must have a phone."""
    template = RECONFIRM if anew else INVITATION
    return Message(
        id=message_id(platform.random),
        channel="voice",
        template=template,
        to=one.invited.contact.phone or "",
        fields={name: one.content[name] for name in fields_of(template, "voice")},
        dedupe=f"{one.id}:{occasion}",
        not_before=not_before,
        expires_at=one.reply_by,
        log_size=one.log_index + 1,
        urgent=URGENT,
        reference=Reference(draw=k_of(row), n=one.n),
    )


async def stop(uow: UnitOfWork, one: Invitation) -> None:
    """Take back the timers of an invitation and what of its messages has not left."""
    await timing.rest(uow, one)
    for occasion in ("sms", "email", "voice", "reminder"):
        await uow.outbox.cancel(f"{one.id}:{occasion}")
    await unsay(uow, one)


async def unsay(uow: UnitOfWork, one: Invitation) -> list[str]:
    """Take back what `written` said of the begin and has not left; the templates of it."""
    said = ("reminder", "accepted", "late")
    return [template for template in said if await uow.outbox.cancel(_occasion(one, template))]


def written(
    platform: Platform,
    one: Invitation,
    template: str,
    *,
    until: str,
    now: str,
    log_size: int | None = None,
) -> Message | None:
    """A message without a link to somebody who was invited, by the first written channel that they have."""
    contact = one.invited.contact
    ways = (("sms", contact.phone), ("email", contact.email), ("voice", contact.phone))
    way = next(((channel, to) for channel, to in ways if channel in contact.channels and to), None)
    if way is None:
        return None
    return Message(
        id=message_id(platform.random),
        channel=way[0],
        template=template,
        to=way[1],
        fields={name: one.content[name] for name in fields_of(template, way[0])},
        dedupe=_occasion(one, template),
        not_before=now,
        expires_at=until,
        log_size=log_size,
    )


def _occasion(one: Invitation, template: str) -> str:
    """Once for each begin that the invitation was given."""
    return f"{one.id}:{template}:{one.begins}"


def _letter(asking: Asking, holder: Holder) -> _Letter:
    secret = asking.platform.random(letters.SECRET_BYTES)
    keys = letters.derive(secret)
    when = hours(asking.terms, now=asking.now, begins=asking.campaign.begins)
    content = plans.content_of(asking.campaign.plan, holder.site, when)
    return _Letter(
        keys=keys,
        link=letters.link(asking.context.public_url, secret),
        when=when,
        content=content,
        sealed=letters.seal(keys, content, asking.platform.random(letters.NONCE_BYTES)),
    )


def _invited(holder: Holder, contact: Contact) -> Invited:
    return Invited(
        seat=holder.seat,
        tenure=holder.tenure,
        stratum=holder.stratum,
        site=holder.site,
        expert=holder.record.id,
        person=holder.record.person,
        contact=contact,
    )


def _invitation(
    uow: UnitOfWork, asking: Asking, letter: _Letter, invited: Invited, *, n: int, log_index: int
) -> Invitation:
    campaign, keys, when = asking.campaign, letter.keys, letter.when
    venue = plans.place_of(campaign.plan, invited.site)["venue"]
    here = letters.arrival_value(venue, beijing_day(campaign.begins), invited.person)
    code = letters.arrival_code_value(keys.id, keys.arrival_code)
    return Invitation(
        id=keys.id,
        campaign_id=campaign.id,
        draw_id=campaign.draw_id,
        n=n,
        invited=invited,
        content=letter.content,
        letter=letter.sealed,
        auth_hash=keys.auth_hash,
        reply_key=keys.reply.public.hex(),
        arrival_tag=uow.cipher.tag("arrival", here),
        arrival_code_tag=uow.cipher.tag("arrival-code", code),
        venue_site=venue,
        state=QUEUED,
        begins=campaign.begins,
        reply_by=when.reply_by,
        cut_off=when.cut_off,
        arrive_by=when.arrive_by,
        log_index=log_index,
        created_at=asking.now,
        updated_at=asking.now,
    )


def _messages(asking: Asking, one: Invitation, letter: _Letter, *, log_size: int) -> list[Message]:
    """One message for each channel that the expert's contact names, all at once: each may be the one that
    reaches its owner."""
    contact, when = one.invited.contact, letter.when
    found = []
    for channel, to in (("sms", contact.phone), ("email", contact.email)):
        if channel in contact.channels and to:
            found.append(_linked(asking, one, letter, channel, to, log_size=log_size))
    if "voice" in contact.channels and contact.phone:
        anew = asking.change is not None
        row, at = asking.row, when.send_at
        found.append(call(asking.platform, row, one, occasion="voice", not_before=at, anew=anew))
    return found


def _linked(
    asking: Asking, one: Invitation, letter: _Letter, channel: str, to: str, *, log_size: int
) -> Message:
    template = INVITATION if asking.change is None else RECONFIRM
    values = {**letter.content, "link": letter.link, "what_changed": asking.change or ""}
    return Message(
        id=message_id(asking.platform.random),
        channel=channel,
        template=template,
        to=to,
        fields={name: values[name] for name in fields_of(template, channel)},
        dedupe=f"{one.id}:{channel}",
        not_before=letter.when.send_at,
        expires_at=one.reply_by,
        log_size=log_size,
        urgent=URGENT,
        reference=Reference(draw=k_of(asking.row), n=one.n),
    )
