"""Sending what waits in the outbox: one pass, no waiting inside.

1. What ran out of time is erased, and reported as ``expired``.
2. What waits for the log has the log published; without a quorum it goes on waiting.
3. Due messages are leased in one transaction, sent in waves, and each wave is written down in another. A
   worker that is killed between the two leaves a lease that runs out; the message's id makes sending it again
   harmless.
Every end of a message (delivered, handed over, refused for good, expired) is a report that `reports` hands on
once.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

import structlog

from app.errors import AppError, QuorumMissingError
from app.gateways.messages import Gateway, GatewayTemporaryError, Outgoing
from app.store.repositories.leases import Claim
from app.store.repositories.outbox import DELIVERED, FAILED, QUEUED, SENT, Claimed, Message
from app.store.repositories.reports import Report
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.delivery import templates
from app.usecases.delivery.template_texts import MENU
from app.usecases.platform import Platform

LOG: Final = structlog.get_logger("qiantong.delivery")
BATCH: Final = 96
WAVE: Final = 16
TOKEN_BYTES: Final = 16
# Seconds until the next attempt, by the number of attempts made; the last one stands for all later ones.
RETRY_SECONDS: Final = (5, 15, 60, 300, 900, 1800)
# Seconds that a taken message may go without report before the carrier is asked again.
REPORT_SECONDS: Final = (600, 1200, 1800, 3600)
# No report names it, so it stands for ourselves.
OWN: Final = "platform"
_BEIJING: Final = timedelta(hours=8)
_QUIET_CHANNELS: Final = ("sms", "voice")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Beijing hours in which no phone rings unless it is urgent; equal ends: never."""

    since: time
    until: time

    def channels(self, now: datetime) -> Collection[str]:
        """The channels that rest now."""
        clock = (now + _BEIJING).time()
        if self.since <= self.until:
            rests = self.since <= clock < self.until
        else:
            rests = clock >= self.since or clock < self.until
        return _QUIET_CHANNELS if rests else ()


NEVER_QUIET: Final = QuietHours(since=time(0), until=time(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """How one attempt ended: the message's next state, what else changes, and the report it is, if any."""

    claimed: Claimed
    gateway: str
    state: str
    next_at: str
    kind: str | None = None
    failure: str | None = None
    unreachable: bool = False


async def enqueue(uow: UnitOfWork, message: Message) -> str:
    """Check and store a message; its id, or that of the one stored for the same occasion. Raises AppError
    ``message.…`` for what may not be said.
    """
    templates.check(message)
    return await uow.outbox.add(message)


async def run_due(
    platform: Platform,
    gateways: Mapping[str, Gateway],
    now: str,
    *,
    quiet: QuietHours = NEVER_QUIET,
    limit: int = BATCH,
) -> Counter[str]:
    """One pass over at most `limit` messages; how many came to which state. `gateways` by channel."""
    done: Counter[str] = Counter(expired=await _expire(platform, now, limit))
    published = await _published(platform, now)
    asked = Claim(token=platform.random(TOKEN_BYTES).hex(), now=now, limit=limit)
    resting = quiet.channels(from_text(now))

    async def take(uow: UnitOfWork) -> list[Claimed]:
        return await uow.outbox.claim(asked, published=published, quiet=resting)

    claimed = await platform.database.transact(take)
    silent: set[str] = set()
    for start in range(0, len(claimed), WAVE):
        wave = claimed[start : start + WAVE]
        endings = await asyncio.gather(*(_attempt(platform, gateways, one, now, silent) for one in wave))
        silent |= _silent(endings)
        await _write_down(platform, endings, now)
        done.update(one.state for one in endings)
    return +done


async def _expire(platform: Platform, now: str, limit: int) -> int:
    async def work(uow: UnitOfWork) -> int:
        gone = await uow.outbox.expire(now, limit)
        for one in gone:
            await uow.reports.add(_own(OWN, one, "expired", now), now=now)
        return len(gone)

    return await platform.database.transact(work)


async def _published(platform: Platform, now: str) -> int:
    """How far the log is published, after trying to cover what due messages wait for."""
    async with platform.database.read() as uow:
        published = (await uow.log.head()).published_size
        wanted = await uow.outbox.uncovered(now, published=published)
    if wanted is None:
        return published
    try:
        return (await platform.publisher.covering(wanted, now=platform.clock)).size
    except QuorumMissingError:
        LOG.warning("delivery.waits-for-log")
        return published


async def _attempt(
    platform: Platform, gateways: Mapping[str, Gateway], one: Claimed, now: str, silent: set[str]
) -> _Ending:
    gateway = gateways.get(one.message.channel)
    if gateway is None or gateway.name in silent:
        code = "gateway.none" if gateway is None else "gateway.silent"
        return _again(platform, one, now, gateway=OWN, failure=code)
    try:
        return await _hand_over(platform, gateway, one, now)
    except GatewayTemporaryError as error:
        unreachable = error.code == "gateway.unreachable"
        return _again(platform, one, now, gateway=gateway.name, failure=error.code, unreachable=unreachable)
    except AppError as error:
        kind = "invalid_number" if error.code == "gateway.invalid-number" else "failed"
        return _ended(one, now, gateway.name, FAILED, kind, failure=error.code)
    except Exception as error:  # noqa: BLE001 - one message that breaks its carrier stops no other
        LOG.warning("delivery.crash", kind=type(error).__name__)
        return _again(platform, one, now, gateway=gateway.name, failure="gateway.crash")


async def _hand_over(platform: Platform, gateway: Gateway, one: Claimed, now: str) -> _Ending:
    outcome = await gateway.send(_outgoing(one.message))
    if outcome == "accepted":
        waits = after(platform, now, one.attempts, REPORT_SECONDS)
        return _Ending(claimed=one, gateway=gateway.name, state=SENT, next_at=waits)
    state = DELIVERED if outcome == "delivered" else SENT
    return _ended(one, now, gateway.name, state, outcome)


def _outgoing(message: Message) -> Outgoing:
    rendered = templates.render(message)
    about = message.reference
    return Outgoing(
        id=message.id,
        channel=message.channel,
        to=message.to,
        subject=rendered.subject,
        text=rendered.text,
        expires_at=message.expires_at,
        reference=None if about is None else (about.draw, about.n),
        menu=MENU if about is not None and message.channel == "voice" else {},
    )


def _again(
    platform: Platform, one: Claimed, now: str, *, gateway: str, failure: str, unreachable: bool = False
) -> _Ending:
    next_at = after(platform, now, one.attempts, RETRY_SECONDS)
    return _Ending(
        claimed=one,
        gateway=gateway,
        state=QUEUED,
        next_at=next_at,
        failure=failure,
        unreachable=unreachable,
    )


def _ended(
    one: Claimed, now: str, gateway: str, state: str, kind: str, *, failure: str | None = None
) -> _Ending:
    return _Ending(claimed=one, gateway=gateway, state=state, next_at=now, kind=kind, failure=failure)


def _silent(endings: Sequence[_Ending]) -> set[str]:
    """Gateways that no message of a wave could reach: the rest of the pass spares them."""
    tried: dict[str, list[bool]] = {}
    for one in endings:
        tried.setdefault(one.gateway, []).append(one.unreachable)
    return {name for name, failed in tried.items() if all(failed)}


async def _write_down(platform: Platform, endings: Sequence[_Ending], now: str) -> None:
    await platform.database.transact(lambda uow: _settle(uow, endings, now))


async def _settle(uow: UnitOfWork, endings: Sequence[_Ending], now: str) -> None:
    for one in endings:
        changes: dict[str, Any] = {"gateway": one.gateway, "failure": one.failure}
        if one.kind is not None:
            changes |= {"sealed_payload": None, "last_kind": one.kind, "last_at": now}
        held = await uow.outbox.settle(one.claimed, state=one.state, next_at=one.next_at, **changes)
        if held and one.kind is not None:
            await uow.reports.add(_own(one.gateway, one.claimed.message.id, one.kind, now), now=now)


def _own(gateway: str, message_id: str, kind: str, now: str) -> Report:
    return Report(
        gateway=gateway, report_id=f"own:{kind}:{message_id}", message_id=message_id, kind=kind, at=now
    )


def after(platform: Platform, now: str, attempts: int, schedule: Sequence[int]) -> str:
    """When to try next after so many attempts: the schedule, a quarter more or less by chance."""
    seconds = schedule[min(attempts, len(schedule)) - 1]
    jitter = (platform.random(1)[0] - 128) / 128 / 4
    return to_text(from_text(now) + timedelta(seconds=max(1, round(seconds * (1 + jitter)))))
