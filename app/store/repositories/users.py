"""Accounts of people with duties: name, password hash and second factor sealed; changes by comparison."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError
from app.store.field_cipher import FieldCipher
from app.store.people_tables import users

_TABLE = "users"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One account. `password` is an argon2id hash, `totp` the base32 secret; neither is ever printed.

    `approved_by` None: nobody but its maker knows of it yet, and it cannot be used.
    """

    id: str
    person: str
    login: str
    role: str
    agency_id: str | None
    site_id: str | None
    mode: str
    name: str = field(repr=False)
    created_at: str
    created_by: str
    approved_by: str | None = None
    password: str | None = field(default=None, repr=False)
    totp: str | None = field(default=None, repr=False)
    totp_step: int | None = None
    enrolment: bytes | None = field(default=None, repr=False)
    enrolment_until: str | None = None
    password_at: str | None = None
    seen_at: str | None = None
    disabled_at: str | None = None


_SEALED = {"name": "sealed_name", "password": "sealed_password", "totp": "sealed_totp"}


class UserRepository:
    """Access to accounts inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, user: User) -> None:
        """Store a new account. Raises ConflictError ``user.login-taken`` or ``user.person-taken``."""
        for column, code in ((users.c.login, "user.login-taken"), (users.c.person, "user.person-taken")):
            wanted = user.login if column is users.c.login else user.person
            if (await self._connection.execute(select(users.c.id).where(column == wanted))).first():
                raise ConflictError(code)
        plain = {name: getattr(user, name) for name in User.__slots__ if name not in _SEALED}
        sealed = {_SEALED[name]: self._seal(user.id, name, getattr(user, name)) for name in _SEALED}
        try:
            await self._connection.execute(users.insert().values(**plain, **sealed))
        except IntegrityError as error:
            raise ConflictError("user.login-taken") from error

    async def get(self, user_id: str) -> User | None:
        """One account."""
        return await self._one(users.c.id == user_id)

    async def by_login(self, login: str) -> User | None:
        """The account of a login name."""
        return await self._one(users.c.login == login)

    async def by_enrolment(self, enrolment: bytes) -> User | None:
        """The account that an enrolment token's hash belongs to."""
        return await self._one(users.c.enrolment == enrolment)

    async def listed(self, *, mode: str, after: str, limit: int) -> list[User]:
        """Accounts by login name, those after `after`."""
        query = (
            select(users)
            .where(users.c.mode == mode, users.c.login > after)
            .order_by(users.c.login)
            .limit(limit)
        )
        return [self._opened(row) for row in await self._connection.execute(query)]

    async def of_ids(self, ids: Sequence[str], *, mode: str) -> list[User]:
        """The accounts of some ids by login name; what nobody has is left out."""
        query = select(users).where(users.c.mode == mode, users.c.id.in_(ids)).order_by(users.c.login)
        return [self._opened(row) for row in await self._connection.execute(query)]

    async def usable(self, role: str, *, mode: str, seen_after: str) -> int:
        """How many accounts of a role can sign in; they stay as they are until the transaction ends."""
        locked = select(users.c.id).where(users.c.role == role, users.c.mode == mode).with_for_update()
        await self._connection.execute(locked)
        query = select(func.count()).where(
            users.c.role == role,
            users.c.mode == mode,
            users.c.disabled_at.is_(None),
            users.c.approved_by.is_not(None),
            users.c.seen_at > seen_after,
        )
        return int((await self._connection.execute(query)).scalar_one())

    async def approve(self, user_id: str, *, by: str) -> bool:
        """Let an account be used; False when it was approved before."""
        return await self._changed(user_id, users.c.approved_by.is_(None), approved_by=by)

    async def disable(self, user_id: str, *, at: str) -> bool:
        """End an account and its open enrolment; False when that has been done."""
        return await self._changed(
            user_id, users.c.disabled_at.is_(None), disabled_at=at, enrolment=None, enrolment_until=None
        )

    async def reset(
        self, user_id: str, *, enrolment: bytes, until: str, by: str, approved_by: str | None
    ) -> None:
        """Take password and second factor away and open an enrolment; `by` is its maker from now on."""
        await self._changed(
            user_id,
            users.c.id == user_id,
            sealed_password=None,
            sealed_totp=None,
            totp_step=None,
            password_at=None,
            seen_at=None,
            created_by=by,
            approved_by=approved_by,
            enrolment=enrolment,
            enrolment_until=until,
        )

    async def keep_totp(self, user_id: str, secret: str, *, enrolment: bytes) -> bool:
        """Keep the second factor that an open enrolment offers, until it is confirmed."""
        return await self._changed(
            user_id, users.c.enrolment == enrolment, sealed_totp=self._seal(user_id, "totp", secret)
        )

    async def enrolled(self, user_id: str, password: str, *, enrolment: bytes, step: int, at: str) -> bool:
        """Close an enrolment: the account has a password and a confirmed second factor."""
        return await self._changed(
            user_id,
            users.c.enrolment == enrolment,
            sealed_password=self._seal(user_id, "password", password),
            password_at=at,
            totp_step=step,
            seen_at=at,
            enrolment=None,
            enrolment_until=None,
        )

    async def new_password(self, user_id: str, password: str, *, at: str) -> None:
        """Put another password in place of the old one."""
        sealed = self._seal(user_id, "password", password)
        await self._changed(user_id, users.c.id == user_id, sealed_password=sealed, password_at=at)

    async def spend_step(self, user_id: str, step: int) -> bool:
        """Use up the codes of a time step and of every earlier one; False when that has been done."""
        fresh = users.c.totp_step.is_(None) | (users.c.totp_step < step)
        return await self._changed(user_id, fresh, totp_step=step)

    async def seen(self, user_id: str, *, at: str) -> None:
        """Note when the account was last signed in to."""
        await self._changed(user_id, users.c.id == user_id, seen_at=at)

    async def _changed(self, user_id: str, provided: object, **values: object) -> bool:
        done = await self._connection.execute(
            update(users).where(users.c.id == user_id, provided).values(**values)  # type: ignore[arg-type]
        )
        return done.rowcount == 1

    async def _one(self, where: object) -> User | None:
        row = (await self._connection.execute(select(users).where(where))).one_or_none()  # type: ignore[arg-type]
        return None if row is None else self._opened(row)

    def _opened(self, row: Row[tuple[object, ...]]) -> User:
        values = dict(row._mapping)
        opened: dict[str, Any] = {
            name: self._open(row.id, name, values.pop(column)) for name, column in _SEALED.items()
        }
        return User(**values, **opened)

    def _seal(self, user_id: str, name: str, value: str | None) -> bytes | None:
        if value is None:
            return None
        return self._cipher.seal(value.encode("utf-8"), table=_TABLE, column=_SEALED[name], row=user_id)

    def _open(self, user_id: str, name: str, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        return self._cipher.open(sealed, table=_TABLE, column=_SEALED[name], row=user_id).decode("utf-8")
