"""`qiantong user`: accounts from this machine's terminal: the first ones, and the way back in.

Nobody has an account by default. A token handed over once lets its person choose a password and a second
factor in the browser; the terminal never sees either.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

if TYPE_CHECKING:
    from app.store.repositories.users import User
    from app.store.unit_of_work import UnitOfWork
    from app.usecases.operations import Actor
    from app.usecases.platform import Platform

T = TypeVar("T")
_MOST: Final = 1_000

app = typer.Typer(help="人员账号 · accounts", no_args_is_help=True)
Login = Annotated[str, typer.Argument(help="登录名 · login name")]


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="姓名 · name shown to people")],
    role: Annotated[
        str, typer.Option(help="agency、operator、supervisor、site、witness 之一 · one of these")
    ],
    agency: Annotated[str | None, typer.Option(help="代理机构编号 · agency id")] = None,
    site: Annotated[str | None, typer.Option(help="场所编号 · venue site id")] = None,
    person: Annotated[
        str | None, typer.Option(help="责任人编号，默认用账号编号 · person id; the account's own by default")
    ] = None,
) -> None:
    """建立账号；启用码只显示这一次。 · Add an account; its enrolment token is shown this once only."""
    from app.usecases.people import accounts
    from app.usecases.people.accounts import AccountOrder, Chance
    from app.usecases.people.enrolments import TOKEN_BYTES, new_token

    order = AccountOrder(login=login, name=name, role=role, agency_id=agency, site_id=site, person=person)

    async def work(uow: "UnitOfWork", platform: "Platform", actor: "Actor") -> str:
        token = new_token(platform.random(TOKEN_BYTES))
        chance = Chance(id=platform.random(accounts.ID_BYTES), token=token)
        mode, now = platform.mode, platform.clock()
        await accounts.add(uow, None, order, mode=mode, actor=actor, chance=chance, now=now)
        return token

    _tell_token(_done(work))


@app.command("list")
def show() -> None:
    """列出账号。 · List the accounts."""

    async def work(uow: "UnitOfWork", platform: "Platform", _actor: "Actor") -> "list[User]":
        return await uow.users.listed(mode=platform.mode, after="", limit=_MOST)

    for user in _done(work):
        bound = user.agency_id or user.site_id or "-"
        state = "disabled" if user.disabled_at else "waiting" if user.approved_by is None else "open"
        typer.echo(f"{user.id}  {user.login}  {user.role}  {bound}  {state}  {user.seen_at or '-'}")


@app.command()
def disable(login: Login) -> None:
    """停用账号并结束其全部登录。 · Disable an account and end all of its sessions."""
    from app.usecases.people import accounts

    async def work(uow: "UnitOfWork", platform: "Platform", actor: "Actor") -> str:
        user, now = await _find(uow, login), platform.clock()
        await accounts.disable(uow, None, user.id, mode=platform.mode, actor=actor, now=now)
        return user.id

    typer.echo(f"已停用 disabled: {_done(work)}")


@app.command()
def reset(login: Login) -> None:
    """清除账号的口令、验证器与通行密钥，另发启用码。

    Take an account's password, second factor and passkeys away and give a new enrolment token.
    """
    from app.usecases.people import accounts
    from app.usecases.people.enrolments import TOKEN_BYTES, new_token

    async def work(uow: "UnitOfWork", platform: "Platform", actor: "Actor") -> str:
        user, now = await _find(uow, login), platform.clock()
        token = new_token(platform.random(TOKEN_BYTES))
        await accounts.reset(uow, None, user.id, mode=platform.mode, actor=actor, token=token, now=now)
        return token

    _tell_token(_done(work))


def _done(work: "Callable[[UnitOfWork, Platform, Actor], Awaitable[T]]") -> T:
    """The result of `work` in a transaction on the installation of this call."""
    from app.cli import session
    from app.composition import Installation

    async def whole(one: Installation) -> T:
        actor = session.actor(session.login())
        return await one.platform.database.transact(lambda uow: work(uow, one.platform, actor))

    return session.on_installation(whole)


async def _find(uow: "UnitOfWork", login: str) -> "User":
    from app.errors import NotFoundError

    user = await uow.users.by_login(login)
    if user is None:
        raise NotFoundError("user.unknown")
    return user


def _tell_token(token: str) -> None:
    typer.echo(f"启用码，二十四小时内有效 · Enrolment token, good for 24 hours: {token}")
