"""`qiantong key`: API keys for accountable persons: issued with one role and scopes, listed, ended.

A key with a signing key must sign whatever it changes (RFC 9421): of that key only the public half comes
here. Nothing shows a token a second time.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from app.composition import Installation
    from app.store.repositories.access import ApiKey
    from app.store.unit_of_work import UnitOfWork
    from app.usecases.operations import Actor
    from app.usecases.platform import Platform

T = TypeVar("T")
app = typer.Typer(help="接口密钥 · API keys", no_args_is_help=True)


@app.command()
def issue(
    person: Annotated[str, typer.Option(help="责任人编号 · id of the accountable person")],
    role: Annotated[str, typer.Option(help="agency、operator、supervisor、site、witness · one of these")],
    agency: Annotated[str | None, typer.Option(help="代理机构编号 · agency id")] = None,
    site: Annotated[
        str | None, typer.Option(help="site、witness 所在场所编号 · venue site id for site and witness")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="有效天数 · days of validity")] = 90,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="权限，可多次；缺省为该角色全部 · repeatable; all of the role if left out"),
    ] = None,
    signing_key: Annotated[
        str | None,
        typer.Option(
            metavar="HEX",
            help="Ed25519 公钥，64 位十六进制；写操作须签名 · public key: changes must be signed",
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="用途 · what the key is for")] = None,
) -> None:
    """签发接口密钥；只显示这一次。 · Issue an API key; it is shown this once only."""
    from app.usecases.access import SECRET_BYTES, issue_key, public_key_of
    from app.usecases.operations import note

    async def work(uow: "UnitOfWork", platform: "Platform", actor: "Actor") -> str:
        now = platform.clock()
        token = await issue_key(
            uow,
            person=person,
            role=role,
            agency_id=agency,
            site_id=site,
            scopes=scope or None,
            mode=platform.mode,
            signing_key=None if signing_key is None else public_key_of(signing_key),
            expires_at=now + timedelta(days=days),
            now=now,
            secret=platform.random(SECRET_BYTES),
            label=label,
        )
        await note(uow, actor, "key.issue", token.split("_")[2], now=platform.now())
        return token

    typer.echo(_done(work))


@app.command("list")
def list_keys() -> None:
    """列出密钥、权限、期限与状态，不含密钥本身。

    List the keys with scopes, expiry and state; a token is never shown again.
    """

    async def work(uow: "UnitOfWork", platform: "Platform", _actor: "Actor") -> list[str]:
        now = platform.clock()
        return [_line(key, now) for key in await uow.keys.listed(mode=platform.mode)]

    for line in _done(work):
        typer.echo(line)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="密钥编号，见 key list · the key's id")],
    reason: Annotated[str, typer.Option(help="缘由 · why")],
) -> None:
    """吊销密钥，立即生效，不可恢复。 · End a key, at once and for good."""
    from app.usecases.access import revoke_key
    from app.usecases.operations import note

    async def work(uow: "UnitOfWork", platform: "Platform", actor: "Actor") -> None:
        await revoke_key(uow, key, mode=platform.mode, reason=reason, now=platform.clock())
        await note(uow, actor, "key.revoke", key, now=platform.now())

    _done(work)
    typer.echo(f"已吊销 revoked: {key}")


def _line(key: "ApiKey", now: datetime) -> str:
    """Id, state, role, bound to, person, whether it signs, expiry, scopes, label and reason by tabulators."""
    from app.usecases.access import state_of

    return "\t".join(
        (
            key.id,
            state_of(key, now=now),
            key.role,
            key.agency_id or key.site_id or "-",
            key.person,
            "unsigned" if key.signing_key is None else "signed",
            key.expires_at,
            ",".join(key.scopes),
            key.label or "-",
            key.revoked_reason or "-",
        )
    )


def _done(work: "Callable[[UnitOfWork, Platform, Actor], Awaitable[T]]") -> T:
    """The result of `work` in a transaction on the installation of this call."""
    from app.cli import session

    async def whole(one: "Installation") -> T:
        actor = session.actor(session.login())
        return await one.platform.database.transact(lambda uow: work(uow, one.platform, actor))

    return session.on_installation(whole)
