"""The letter's page: open it, ask for a one-time code, answer, fetch the receipt.

Whoever shows the letter's proof of possession sees that letter and nothing else. An unknown letter and a
wrong proof are refused alike and after the same work. An answer needs its person besides, by a
one-time code sent to the phone or address of the contact or by a passkey (`signing_in`): a link that was
passed on answers nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import ConflictError
from app.store.repositories.invitations import Invitation
from app.store.repositories.outbox import Message, message_id
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases import invites
from app.usecases.ceremony import k_of
from app.usecases.delivery.outbox import enqueue
from app.usecases.invitations import contacts, replies, signing_in, standing
from app.usecases.invitations.replies import Said
from app.usecases.invitations.signing_in import PURPOSE, Bearer, bearer
from app.usecases.people import one_time_codes
from app.usecases.people.one_time_codes import LIFETIME
from app.usecases.platform import Platform
from draw import invitation

_LEAVING: Final = frozenset({invitation.ACCEPTED, invitation.ARRIVED, invitation.LATE, invitation.SEATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page of one letter is told. `letter` is sealed; `may` lists the answers that count now."""

    id: str
    draw: int
    n: int
    letter: bytes = field(repr=False)
    state: str
    reply_by: str
    cut_off: str
    begins: str
    arrive_by: str
    now: str
    may: tuple[str, ...]
    answers: tuple[Mapping[str, Any], ...]
    code_by: str | None


async def open_page(platform: Platform, letter_id: str, auth: bytes) -> Page:
    """Open the page; the invitation is heard from then on. Raises AccessRefusedError ``letter.refused``."""

    async def work(uow: UnitOfWork) -> Page:
        one = await bearer(uow, letter_id, auth)
        now = platform.now()
        if invitation.HEARD in invitation.INVITATION[one.state]:
            one = await uow.invitations.advance(one, state=invitation.HEARD, updated_at=now)
        return await _page(uow, one, now=now)

    return await platform.database.transact(work)


async def send_code(platform: Platform, letter_id: str, auth: bytes) -> str:
    """Send a one-time code; the channel that it goes by.

    Raises AccessRefusedError ``letter.refused``, ConflictError ``code.too-many``, ``letter.no-channel``,
    ``invitation.state`` when there is nothing to answer.
    """

    async def work(uow: UnitOfWork) -> str:
        one = await bearer(uow, letter_id, auth)
        now = platform.clock()
        if not _may(one, await _running(uow, one), now=to_text(now)):
            raise ConflictError("invitation.state", state=one.state)
        channel, to = _way(one)
        code = await one_time_codes.issue(
            uow, uow.cipher, purpose=PURPOSE, subject=one.id, now=now, random=platform.random
        )
        message = Message(
            id=message_id(platform.random),
            channel=channel,
            template="code",
            to=to,
            fields={"code": code},
            dedupe=f"{one.id}:code:{platform.random(8).hex()}",
            not_before=to_text(now),
            expires_at=to_text(now + LIFETIME),
            urgent=True,
        )
        await enqueue(uow, message)
        return channel

    return await platform.database.transact(work)


async def answer(platform: Platform, shown: Bearer, said: Said) -> tuple[Page, int]:
    """Answer by the page: the page as it then is, and the size that the log must be published up to before
    anybody is told.

    The same answer given again is the same answer, with or without a code that still counts. Raises
    AccessRefusedError ``letter.refused``, ``code.refused`` or ``letter.not-signed-in``, and as
    `replies.reply`.
    """
    known = await _known(platform, shown, said)
    if known is not None:
        return known
    attempt = await signing_in.counted(platform, shown)

    async def work(uow: UnitOfWork) -> tuple[Page, int]:
        one = await bearer(uow, shown.letter_id, shown.auth)
        now = platform.clock()
        await signing_in.prove(uow, shown, attempt, now=now)
        index = await replies.reply(uow, platform, one, said, now=to_text(now))
        changed = await bearer(uow, shown.letter_id, shown.auth)
        return await _page(uow, changed, now=to_text(now)), index + 1

    return await platform.database.transact(work)


async def receipt(platform: Platform, letter_id: str, auth: bytes) -> bytes:
    """The reply receipt (draw-proof §11) of the newest answer. Raises AccessRefusedError ``letter.refused``,
    NotFoundError ``draw.reply-unknown``, QuorumMissingError."""
    async with platform.database.read() as uow:
        one = await bearer(uow, letter_id, auth)
        row = (await standing.load(uow, one.draw_id)).row
    return await invites.reply_receipt(platform, row, one.n)


async def _known(platform: Platform, shown: Bearer, said: Said) -> tuple[Page, int] | None:
    async with platform.database.read() as uow:
        one = await bearer(uow, shown.letter_id, shown.auth)
        index = await replies.stands(uow, one, said)
        return None if index is None else (await _page(uow, one, now=platform.now()), index + 1)


async def _page(uow: UnitOfWork, one: Invitation, *, now: str) -> Page:
    found = await standing.load(uow, one.draw_id)
    answers = await uow.invitations.answers(one.id)
    running = found.campaign.state in invitation.RUNNING
    return Page(
        id=one.id,
        draw=k_of(found.row),
        n=one.n,
        letter=one.letter,
        state="cancelled" if found.campaign.state == invitation.CANCELLED else one.state,
        reply_by=one.reply_by,
        cut_off=one.cut_off,
        begins=one.begins,
        arrive_by=one.arrive_by,
        now=now,
        may=_may(one, running, now=now),
        answers=tuple({"answer": a.answer, "at": a.at, "log_index": a.log_index} for a in answers),
        code_by=_way(one)[0] if contacts.ways(one.invited.contact) else None,
    )


async def _running(uow: UnitOfWork, one: Invitation) -> bool:
    campaign = await uow.campaigns.get(one.campaign_id)
    return campaign is not None and campaign.state in invitation.RUNNING


def _may(one: Invitation, running: bool, *, now: str) -> tuple[str, ...]:
    if not running or one.pending is not None:
        return ()
    if one.state in invitation.OPEN:
        return (replies.ACCEPT, replies.DECLINE) if now <= one.reply_by else ()
    return (replies.LEAVE,) if one.state in _LEAVING else ()


def _way(one: Invitation) -> tuple[str, str]:
    ways = contacts.ways(one.invited.contact)
    if not ways:
        raise ConflictError("letter.no-channel")
    return ways[0]
