"""`qiantong gateway`: at a site key, init, serve; at the hub enrol, approve, list, revoke.

A key is proposed at the hub by one person and approved by another, who are told apart by their logins at the
machine. Who shares a login is one person; the console asks for accounts instead.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from app.composition import Installation
    from app.store.unit_of_work import UnitOfWork
    from app.usecases.operations import Actor
    from app.usecases.platform import Platform

T = TypeVar("T")
app = typer.Typer(help="场地网关 · site gateways", no_args_is_help=True)
_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="网关目录 · folder of the gateway")]
_Gateway = Annotated[str, typer.Argument(metavar="ID", help="网关编号 · the gateway's id")]
_Key = Annotated[str, typer.Option("--key", help="网关公钥（十六进制）· the gateway's public key, hex")]
_Site = Annotated[str, typer.Option("--site", help="场地编号 · the site's id")]


@app.command()
def key(folder: _Folder) -> None:
    """新建网关密钥（仅本人可读），输出公钥。 · Make the gateway's key and print its public half."""
    import secrets

    from crypto.signing import SEED_BYTES
    from remote_eval.media.gateway.configuration import make_key

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    typer.echo(make_key(folder, secrets.token_bytes(SEED_BYTES)).public.hex())


@app.command()
def init(
    folder: _Folder,
    site: _Site,
    device: Annotated[str, typer.Option("--id", help="中心登记的编号 · id given by the hub's enrolment")],
    hub: Annotated[str, typer.Option("--hub", help="中心地址 · https://…")],
    hub_key: Annotated[
        str, typer.Option("--hub-key", help="中心公钥（十六进制）· the hub's Ed25519 key, hex")
    ],
    address: Annotated[list[str], typer.Option("--address", help="告知席位的地址，可多次 · told to seats")],
    bind: Annotated[str, typer.Option("--bind", help="媒体监听地址 · where media comes in")] = "0.0.0.0",  # noqa: S104
    port: Annotated[int, typer.Option("--port", help="媒体端口 · UDP port of media")] = 40_000,
) -> None:
    """写入网关配置。 · Write the gateway's configuration."""
    from remote_eval.media.gateway.configuration import read_key, write_configuration

    read_key(folder)
    form = {
        "site": site,
        "device": device,
        "hub": hub,
        "hub_key": hub_key,
        "bind": bind,
        "port": port,
        "addresses": address,
    }
    write_configuration(folder, form)
    typer.echo(str(folder))


@app.command()
def serve(folder: _Folder) -> None:
    """运行网关，直到收到终止信号。 · Be the gateway until told to stop."""
    import uvloop

    from remote_eval.media.gateway.process import serve as serve_gateway

    uvloop.run(serve_gateway(folder))


@app.command()
def enrol(
    site: _Site,
    name: Annotated[str, typer.Option("--name", help="名称 · what it is called")],
    public: _Key,
) -> None:
    """在中心提出网关公钥，输出编号与中心公钥；须由另一人批准。

    Propose a gateway's key; prints its id and the hub's key. Another person has to approve it.
    """
    from app.usecases.room.gateway_keys import propose

    async def work(uow: "UnitOfWork", platform: "Platform", actor: "Actor") -> list[str]:
        made = await propose(uow, platform, site=site, name=name, public=public, actor=actor)
        return [f"--id {made.id}", f"--hub-key {platform.log.key.public.hex()}"]

    for line in _done(work):
        typer.echo(line)


@app.command()
def approve(gateway: _Gateway, public: _Key) -> None:
    """由第二人核对网关自身显示的公钥并批准。

    Approve a gateway as the second person, by the key that the gateway itself shows.
    """
    from app.usecases.room import gateway_keys

    async def work(uow: "UnitOfWork", platform: "Platform", actor: "Actor") -> str:
        made = await gateway_keys.approve(uow, platform, gateway, public, actor=actor)
        return f"{made.id}\t{gateway_keys.state_of(made)}"

    typer.echo(_done(work))


@app.command("list")
def list_gateways(
    site: Annotated[str | None, typer.Option("--site", help="只列一个场地 · of one site only")] = None,
) -> None:
    """列出网关、状态与经手人。 · List the gateways: how they stand, and by whom."""
    from app.usecases.room.gateway_keys import state_of

    async def work(uow: "UnitOfWork", _platform: "Platform", _actor: "Actor") -> list[str]:
        found = await uow.site_gateways.all(site)
        return [
            "\t".join((one.id, one.site, one.name, state_of(one), one.proposed_by, one.approved_by or "-"))
            for one in found
        ]

    for line in _done(work):
        typer.echo(line)


@app.command()
def revoke(gateway: _Gateway) -> None:
    """不再信任一个网关；已建立的通道随即断开。 · Believe a gateway no longer; its channel ends at once."""
    from app.usecases.room import gateway_keys

    async def work(uow: "UnitOfWork", platform: "Platform", actor: "Actor") -> str:
        gone = await gateway_keys.revoke(uow, platform, gateway, actor=actor)
        return f"{gone.id}\t{gateway_keys.state_of(gone)}"

    typer.echo(_done(work))


def _done(work: "Callable[[UnitOfWork, Platform, Actor], Awaitable[T]]") -> T:
    """The result of `work` in a transaction on the installation of this call."""
    from app.cli import session

    async def whole(one: "Installation") -> T:
        actor = session.actor(session.login())
        return await one.platform.database.transact(lambda uow: work(uow, one.platform, actor))

    return session.on_installation(whole)
