"""`qiantong site`: import whole sites from a TOML or JSON plan, check one, list what there is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from app.composition import Installation
    from app.store.unit_of_work import UnitOfWork

app = typer.Typer(help="场地 · sites", no_args_is_help=True)
_Plan = Annotated[Path, typer.Argument(metavar="FILE", help=".toml 或 .json")]


@app.command("import")
def import_file(file: _Plan) -> None:
    """导入场地：整体成功或全不入库，一次告知全部问题。

    Import sites: all or nothing, every fault at once.
    """
    from app.cli import session
    from app.usecases.venues.sites import import_sites

    value = _read(file)

    async def work(one: "Installation") -> list[str]:
        platform = one.platform
        actor = session.actor(session.login())

        async def store(uow: "UnitOfWork") -> list[str]:
            stored = await import_sites(uow, value, mode=platform.mode, actor=actor, now=platform.clock())
            return [f"{site.id} 第 {site.version} 版 version" for site in stored]

        return await platform.database.transact(store)

    for line in session.on_installation(work):
        typer.echo(line)


@app.command("list")
def list_sites() -> None:
    """列出场地。 · List the sites."""
    from app.cli import session

    async def work(one: "Installation") -> list[str]:
        async with one.platform.database.read() as uow:
            sites = await uow.venues.sites(mode=one.platform.mode)
            layouts = await uow.venues.layouts([site.id for site in sites])
        return [f"{site.id}\t{site.name}\t席位 seats {len(layouts[site.id].seats)}" for site in sites]

    for line in session.on_installation(work):
        typer.echo(line)


@app.command()
def check(file: _Plan) -> None:
    """只检查文件，不入库。 · Check a file and store nothing."""
    from app.errors import InputRefusedError
    from app.usecases.venues.plans import plan_faults

    value = _read(file)
    faults = plan_faults(value)
    if faults:
        raise InputRefusedError("site.refused", faults)
    typer.echo(f"无误，{len(value['sites'])} 个场地 · no fault")


def _read(file: Path) -> Any:
    from app.errors import AppError
    from app.usecases.venues.plans import MAX_PLAN_BYTES, read_plan

    kind = file.suffix.lower()
    if kind not in (".toml", ".json"):
        raise AppError("site.file-kind")
    with file.open("rb") as stream:
        return read_plan(stream.read(MAX_PLAN_BYTES + 1), toml=kind == ".toml")
