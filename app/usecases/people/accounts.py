"""Accounts: who adds, approves, disables and resets which, and who may never.

`MAKES` of the matrix says which kinds a role manages; nobody touches the own account, another person than the
maker approves, and of operators and supervisors two usable ones remain. The first accounts come from the
terminal of the installation. No route changes a role: another role is another account. Every act is on
record.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.errors import AccessRefusedError, ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.users import User
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.operations import Actor, note
from app.usecases.people.enrolments import LIFETIME, token_hash
from app.usecases.principals import AGENCY, AT_A_SITE, MAKES, OPERATOR, ROLES, SUPERVISOR, Principal

TERMINAL: Final = "terminal"
# An account that nobody signed in to for this long is not usable until it is reset.
STALE: Final = timedelta(days=90)
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}", re.ASCII)
_PLACE: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}", re.ASCII)
_MAX_NAME: Final = 100
ID_BYTES: Final = 10
_LEFT_OF_A_KIND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOrder:
    """A wanted account. `name` is shown to people; `person` None: the account's own id."""

    login: str
    name: str
    role: str
    agency_id: str | None = None
    site_id: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Unpredictable bytes for one account: its id and its enrolment token."""

    id: bytes
    token: str


def is_usable(user: User, *, mode: str, now: datetime) -> bool:
    """Whether this account can be signed in to and its sessions hold."""
    fresh = user.seen_at is not None and user.seen_at > to_text(now - STALE)
    return fresh and user.disabled_at is None and user.approved_by is not None and user.mode == mode


async def add(
    uow: UnitOfWork,
    caller: Principal | None,
    order: AccountOrder,
    *,
    mode: str,
    actor: Actor,
    chance: Chance,
    now: datetime,
) -> User:
    """Add an account with an open enrolment; `caller` None is the terminal, which approves what it adds.

    Raises AccessRefusedError ``user.role``, InputRefusedError ``user.refused``, ConflictError
    ``user.login-taken``, ``user.person-taken``.
    """
    if caller is not None:
        _require_kind(caller, order.role)
    faults = [*_faults(order), *await _unknown_agency(uow, order)]
    if faults:
        raise InputRefusedError("user.refused", faults)
    user = _made(order, caller, mode=mode, actor=actor, chance=chance, now=now)
    await uow.users.add(user)
    await note(uow, actor, "user.add", user.id, now=to_text(now))
    return user


async def approve(uow: UnitOfWork, caller: Principal, user_id: str, *, actor: Actor, now: datetime) -> User:
    """Let an account be used. Raises ``user.same-person``, ``user.role``, ``user.approved``,
    ``user.unknown``.
    """
    user = await find(uow, user_id, mode=caller.mode)
    if caller.role != SUPERVISOR:
        _require_kind(caller, user.role)
    if caller.person == user.created_by:
        raise AccessRefusedError("user.same-person")
    _require_other(caller, user)
    if not await uow.users.approve(user.id, by=caller.person):
        raise ConflictError("user.approved")
    await note(uow, actor, "user.approve", user.id, now=to_text(now))
    return await find(uow, user.id, mode=caller.mode)


async def disable(
    uow: UnitOfWork, caller: Principal | None, user_id: str, *, mode: str, actor: Actor, now: datetime
) -> User:
    """End an account and every session of it, now. The terminal may also end one of the last two.

    Raises ``user.role``, ``user.own``, ``user.disabled``, ``user.last-two``, ``user.unknown``.
    """
    user = await find(uow, user_id, mode=mode)
    if caller is not None:
        _require_kind(caller, user.role)
        _require_other(caller, user)
        await _require_two_left(uow, user, now=now)
    if not await uow.users.disable(user.id, at=to_text(now)):
        raise ConflictError("user.disabled")
    await uow.sessions.end_all(user.id)
    await uow.passkeys.remove_all(user.id)
    await note(uow, actor, "user.disable", user.id, now=to_text(now))
    return await find(uow, user.id, mode=mode)


async def reset(
    uow: UnitOfWork,
    caller: Principal | None,
    user_id: str,
    *,
    mode: str,
    actor: Actor,
    token: str,
    now: datetime,
) -> User:
    """Take every credential and session away and open an enrolment under `token`.

    By the API a reset account waits for another person's approval again: who resets could enrol in its name.
    Raises ``user.role``, ``user.own``, ``user.disabled``, ``user.last-two``, ``user.unknown``.
    """
    user = await find(uow, user_id, mode=mode)
    if user.disabled_at is not None:
        raise ConflictError("user.disabled")
    if caller is not None:
        _require_kind(caller, user.role)
        _require_other(caller, user)
        await _require_two_left(uow, user, now=now)
    await uow.users.reset(
        user.id,
        enrolment=token_hash(token),
        until=to_text(now + LIFETIME),
        by=actor.person,
        approved_by=None if caller is not None else TERMINAL,
    )
    await uow.sessions.end_all(user.id)
    await uow.passkeys.remove_all(user.id)
    await note(uow, actor, "user.reset", user.id, now=to_text(now))
    return await find(uow, user.id, mode=mode)


async def find(uow: UnitOfWork, user_id: str, *, mode: str) -> User:
    """The account. Raises NotFoundError ``user.unknown``."""
    user = await uow.users.get(user_id)
    if user is None or user.mode != mode:
        raise NotFoundError("user.unknown")
    return user


def _made(
    order: AccountOrder,
    caller: Principal | None,
    *,
    mode: str,
    actor: Actor,
    chance: Chance,
    now: datetime,
) -> User:
    user_id = f"usr_{chance.id.hex()}"
    return User(
        id=user_id,
        person=order.person or user_id,
        login=order.login,
        role=order.role,
        agency_id=order.agency_id,
        site_id=order.site_id,
        mode=mode,
        name=order.name,
        created_at=to_text(now),
        created_by=actor.person,
        approved_by=TERMINAL if caller is None else None,
        enrolment=token_hash(chance.token),
        enrolment_until=to_text(now + LIFETIME),
    )


def _require_kind(caller: Principal, role: str) -> None:
    if role not in MAKES.get(caller.role, frozenset()):
        raise AccessRefusedError("user.role")


def _require_other(caller: Principal, user: User) -> None:
    if caller.person == user.person:
        raise AccessRefusedError("user.own")


async def _require_two_left(uow: UnitOfWork, user: User, *, now: datetime) -> None:
    """Two acts in a row by one person must not leave the installation to that person alone."""
    if user.role not in (OPERATOR, SUPERVISOR) or not is_usable(user, mode=user.mode, now=now):
        return
    left = await uow.users.usable(user.role, mode=user.mode, seen_after=to_text(now - STALE)) - 1
    if left < _LEFT_OF_A_KIND:
        raise ConflictError("user.last-two")


async def _unknown_agency(uow: UnitOfWork, order: AccountOrder) -> list[Fault]:
    unknown = order.agency_id is not None and await uow.projects.agency(order.agency_id) is None
    return [_fault("/agency", "没有该代理机构", "There is no such agency")] if unknown else []


def _faults(order: AccountOrder) -> Iterator[Fault]:
    if not _LOGIN.fullmatch(order.login):
        yield _fault(
            "/login",
            "登录名为 3 至 64 个小写字母、数字、点、横线或下划线",
            "A login name has 3 to 64 small letters, digits, dots, hyphens or underscores",
        )
    if order.role not in ROLES:
        yield _fault("/role", "没有该角色", "There is no such role")
    if not 0 < len(order.name.strip()) <= _MAX_NAME or not order.name.isprintable():
        yield _fault("/name", f"姓名为 1 至 {_MAX_NAME} 个字符", f"A name has 1 to {_MAX_NAME} characters")
    if (order.role == AGENCY) != (order.agency_id is not None):
        yield _fault(
            "/agency", "代理机构账号须且仅须注明代理机构", "Agency accounts, and only they, name an agency"
        )
    placed = order.site_id is not None and _PLACE.fullmatch(order.site_id) is not None
    if (order.role in AT_A_SITE) != placed or (order.site_id is not None and not placed):
        yield _fault(
            "/site",
            "场所与见证账号须且仅须注明场所",
            "Accounts of sites and witnesses, and only they, name a site",
        )


def _fault(pointer: str, zh: str, en: str) -> Fault:
    return Fault(code=f"user.{pointer[1:]}", pointer=pointer, zh=zh, en=en)
