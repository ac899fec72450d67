"""Telling everybody concerned of a change, each exactly once (R40), with what became of it.

The recipients of a change are noted with their message in the transaction of the change: a repeated fan-out
tells those who are new and nobody twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.errors import AppError
from app.store.repositories.notices import Notice
from app.store.repositories.outbox import Message
from app.store.unit_of_work import UnitOfWork
from app.usecases.delivery.outbox import enqueue
from app.usecases.delivery.templates import fields_of

_ID_DIGITS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened: an id of its own, the draw it belongs to, and until when telling is of use."""

    id: str
    draw_id: str | None
    expires_at: str
    log_size: int | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is told: `key` tells persons apart (stored as a keyed hash only), `to` is where they are reached.

    `audience` is a word for the console: ``expert``, ``agency``, ``site``, ``operator``, ``supervisor``.
    """

    key: str = field(repr=False)
    audience: str
    channel: str
    to: str = field(repr=False)
    language: str = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One notice and what became of it; names nobody."""

    change_id: str
    audience: str
    channel: str
    template: str
    state: str
    kind: str | None
    at: str | None
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    template: str
    fields: Mapping[str, str]

    def fields_for(self, channel: str) -> dict[str, str]:
        declared = fields_of(self.template, channel)
        if not declared <= self.fields.keys():
            raise AppError("message.field", count=len(declared - self.fields.keys()))
        return {name: self.fields[name] for name in sorted(declared)}


async def fan_out(
    uow: UnitOfWork,
    *,
    change: Change,
    recipients: Iterable[Recipient],
    template: str,
    fields: Mapping[str, str],
    now: str,
) -> int:
    """Put one message per recipient into the outbox; how many had not been told of this change yet.

    Of `fields` each channel takes those that its text declares. Raises AppError ``message.field`` and the
    like, and WriteConflictError when another fan-out of the same change runs.
    """
    news, told = _News(template=template, fields=fields), 0
    for one in recipients:
        told += await _tell(uow, change, one, news, now)
    return told


async def receipts(uow: UnitOfWork, draw_id: str) -> list[Receipt]:
    """Every notice of a draw with its delivery, oldest first."""
    found = await uow.notices.of_draw(draw_id)
    deliveries = await uow.outbox.of_ids([one.message_id for one in found])
    return [
        Receipt(
            change_id=one.change_id,
            audience=one.audience,
            channel=sent.channel,
            template=sent.template,
            state=sent.state,
            kind=sent.kind,
            at=sent.at,
            created_at=one.created_at,
        )
        for one in found
        if (sent := deliveries.get(one.message_id)) is not None
    ]


async def _tell(uow: UnitOfWork, change: Change, one: Recipient, news: _News, now: str) -> int:
    # The same occasion always makes the same id: a repeated transaction repeats the message.
    message_id = f"msg_{uow.cipher.tag('notice-message', f'{change.id}|{one.key}')[:_ID_DIGITS]}"
    notice = Notice(
        change_id=change.id,
        recipient_tag=uow.cipher.tag("notice", one.key),
        audience=one.audience,
        draw_id=change.draw_id,
        message_id=message_id,
        created_at=now,
    )
    if not await uow.notices.add(notice):
        return 0
    message = Message(
        id=message_id,
        channel=one.channel,
        template=news.template,
        to=one.to,
        fields=news.fields_for(one.channel),
        dedupe=f"notice:{message_id}",
        not_before=now,
        expires_at=change.expires_at,
        log_size=change.log_size,
        urgent=change.urgent,
        language=one.language,
    )
    await enqueue(uow, message)
    return 1
