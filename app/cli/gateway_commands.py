"""`qiantong gateway`: a site's gateway (key, init, serve); whom the hub believes (enrol, list, revoke)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.composition import Installation
    from app.store.unit_of_work import UnitOfWork

app = typer.Typer(help="场地网关 · site gateways", no_args_is_help=True)
_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="网关目录 · folder of the gateway")]
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
    public: Annotated[str, typer.Option("--key", help="网关公钥（十六进制）· the gateway's public key, hex")],
) -> None:
    """在中心登记网关公钥，输出编号与中心公钥。 · Make a gateway known; prints its id and the hub's key."""
    from app.cli import session
    from app.usecases.room.gateways import register

    async def work(one: "Installation") -> list[str]:
        platform = one.platform
        actor = session.actor(session.login())

        async def store(uow: "UnitOfWork") -> list[str]:
            made = await register(uow, platform, site=site, name=name, public=public, actor=actor)
            return [f"--id {made.id}", f"--hub-key {platform.log.key.public.hex()}"]

        return await platform.database.transact(store)

    for line in session.on_installation(work):
        typer.echo(line)


@app.command("list")
def list_gateways() -> None:
    """列出已登记的网关。 · List the gateways."""
    from app.cli import session

    async def work(one: "Installation") -> list[str]:
        async with one.platform.database.read() as uow:
            every = await uow.site_gateways.all()
        return [f"{one.id}\t{one.site}\t{one.name}\t{one.revoked_at or '-'}" for one in every]

    for line in session.on_installation(work):
        typer.echo(line)


@app.command()
def revoke(gateway: Annotated[str, typer.Argument(metavar="ID", help="网关编号 · the gateway's id")]) -> None:
    """不再信任一个网关。 · Believe a gateway no longer."""
    from app.cli import session
    from app.usecases.room.gateways import revoke as revoke_gateway

    async def work(one: "Installation") -> str:
        actor = session.actor(session.login())

        async def store(uow: "UnitOfWork") -> str:
            await revoke_gateway(uow, one.platform, gateway, actor=actor)
            return gateway

        return await one.platform.database.transact(store)

    typer.echo(session.on_installation(work))
