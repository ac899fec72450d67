"""`qiantong project`: agencies, and projects out of real tender notices (OCDS release packages)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from app.composition import Installation
    from app.store.unit_of_work import UnitOfWork

app = typer.Typer(help="项目 · projects", no_args_is_help=True)
MAX_REST_BYTES: Final = 1024 * 1024


@app.command()
def agency(
    agency_id: Annotated[str, typer.Argument(metavar="AGENCY", help="代理机构编号 · agency id")],
    name: Annotated[str, typer.Option(help="名称 · name")],
    org: Annotated[str, typer.Option(help="机构代码，如 uscc:… · its organisation id")],
    party: Annotated[
        str | None, typer.Option(metavar="NAME", help="已登记节点的名称 · name of its registered node")
    ] = None,
) -> None:
    """登记代理机构，并与其节点的密钥对应。 · Register an agency and tie it to its node's key."""
    from app.cli import session
    from app.errors import AppError
    from app.store.repositories.projects import Agency

    async def work(one: "Installation") -> str:
        async def store(uow: "UnitOfWork") -> str:
            nodes = await uow.parties.by_role("agency")
            named = [node for node in nodes if party is None or node.name == party]
            if not named:
                raise AppError("party.unknown")
            now = one.platform.now()
            await uow.projects.add_agency(
                Agency(id=agency_id, name=name, org=org, party=named[-1].public, created_at=now)
            )
            return agency_id

        stored = await one.platform.database.transact(store)
        await session.record(one, "agency.add", agency_id)
        return stored

    typer.echo(session.on_installation(work))


@app.command("import")
def import_notice(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OCDS 1.1 数据包 · release package")],
    agency_id: Annotated[str, typer.Option("--agency", help="代理机构编号 · agency id")],
    owner: Annotated[str, typer.Option(help="服务责任人 · the responsible person")],
    rest: Annotated[
        Path,
        typer.Option(
            metavar="JSON", help="公告未载的内容：evaluation、pack 等 · what the notice does not tell"
        ),
    ],
    ocid: Annotated[
        str | None, typer.Option(help="选取哪一项目 · which process; the one with most bidders")
    ] = None,
    section: Annotated[str, typer.Option(help="标段编号 · section id")] = "s1",
) -> None:
    """从招标公告登记项目和投标人。 · Register a project and its bidders out of a tender notice."""
    from app.cli import session
    from app.gateways.ocds import parse_package, read_notice
    from app.usecases.operations import note
    from app.usecases.projects import ProjectOrder, document_of_notice, register

    notice = read_notice(parse_package(_bounded(file)), ocid=ocid)
    document = document_of_notice(notice, _rest(rest))

    async def work(one: "Installation") -> str:
        order = ProjectOrder(project=notice.project_id, section=section, owner=owner, document=document)
        caller = session.local(one, person=owner, role="agency", agency=agency_id)

        async def store(uow: "UnitOfWork") -> str:
            now = one.platform.now()
            project = await register(uow, caller, order, one.platform.packs, now=now)
            target = f"{project.id}/{project.section}"
            await note(uow, session.actor(owner), "project.register", target, now=now)
            return f"{project.id} {project.section}"

        return await one.platform.database.transact(store)

    typer.echo(f"{session.on_installation(work)} · 投标人 bidders: {len(notice.bidders)}")


def _bounded(file: Path) -> bytes:
    from app.gateways.ocds import MAX_PACKAGE_BYTES

    with file.open("rb") as stream:
        return stream.read(MAX_PACKAGE_BYTES + 1)


def _rest(file: Path) -> dict[str, Any]:
    from app.cli.json_files import read_object

    return read_object(file, limit=MAX_REST_BYTES)
