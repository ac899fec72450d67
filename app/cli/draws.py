"""`qiantong draw`: the course of a draw from the terminal, over the same use cases as the API."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from app.composition import Installation
    from app.store.repositories.draws import DrawRow
    from app.usecases.previews import DrawOrder, Look

app = typer.Typer(help="抽取 · draws", no_args_is_help=True)
MAX_ORDER_BYTES: Final = 1024 * 1024
_Draw = Annotated[str, typer.Argument(metavar="DRAW", help="抽取编号 drw_… · draw id")]
_Order = Annotated[Path, typer.Argument(metavar="REQUEST", help="抽取申请 JSON · the request")]
_Person = Annotated[
    str, typer.Option(help="责任人编号 · id of the accountable person", envvar="QIANTONG_PERSON")
]
_Agency = Annotated[str, typer.Option(help="代理机构编号 · agency id")]


@app.command()
def preview(order: _Order, person: _Person, agency: _Agency) -> None:
    """预览：逐项筛选后的人数和全部问题；不使用随机数，不留记录。

    Counts after each filter and every fault; nothing is drawn or stored.
    """
    from app.cli import session
    from app.cli.messages import tell_faults
    from app.usecases.previews import look

    async def work(one: "Installation") -> "Look":
        caller = session.local(one, person=person, role="agency", agency=agency)
        return await look(one.platform, caller, _read_order(order))

    seen = session.on_installation(work)
    if seen.preview is not None:
        typer.echo(f"库内 pool: {seen.preview.pool}")
        for step in seen.preview.steps:
            typer.echo(f"  {step.filter:14} {step.left}")
    tell_faults([*seen.faults, *seen.alarms])
    raise typer.Exit(1 if seen.faults else 0)


@app.command()
def request(order: _Order, person: _Person, agency: _Agency) -> None:
    """提出抽取申请；登记入日志后给出编号。 · Request a draw; it is in the log when its id is shown."""
    from app.cli import session
    from app.usecases.draw_requests import request_draw
    from app.usecases.operations import Actor
    from app.usecases.previews import look

    async def work(one: "Installation") -> "DrawRow":
        platform = one.platform
        caller = session.local(one, person=person, role="agency", agency=agency)
        seen = await look(platform, caller, _read_order(order))
        actor = Actor(person=person, address="local", source="cli")
        wanted = _read_order(order)
        row = await platform.database.transact(
            lambda uow: request_draw(uow, platform, caller, wanted, seen, actor=actor)
        )
        await platform.publisher.covering((row.k or 0) + 1, now=platform.clock)
        return row

    row = session.on_installation(work)
    typer.echo(f"{row.id} k={row.k}")


@app.command()
def seal(draw: _Draw, person: _Person) -> None:
    """只进行到封存。 · Go as far as the seal."""
    _advance(draw, person, "sealDraw", until="sealed")


@app.command()
def run(draw: _Draw, person: _Person) -> None:
    """进行到抽出结果（此时无人知晓）；中断后可再次运行。

    Run until the result is fixed, and still secret; may be run again.
    """
    _advance(draw, person, "runDraw", until="drawn")


@app.command()
def attend(draw: _Draw, person: _Person) -> None:
    """以监督人身份参加本次抽取，须在公开之前。 · Take part as the draw's supervisor, before it is open."""
    from app.cli import session

    async def work(one: "Installation") -> "DrawRow":
        caller = session.local(one, person=person, role="supervisor")
        await session.begin(one, draw, caller, "draw.attend", "attendDraw")
        return await one.ceremony.row(draw)

    _show(session.on_installation(work))


@app.command()
def status(draw: _Draw) -> None:
    """显示抽取的状态、期限和核验码。 · Show state, limits and code of a draw."""
    from app.cli import session

    async def work(one: "Installation") -> "DrawRow":
        return await one.ceremony.row(draw)

    _show(session.on_installation(work))


@app.command()
def replace(
    draw: _Draw,
    person: _Person,
    seat: Annotated[int, typer.Option(min=0, help="席位 · seat")],
    cause: Annotated[str, typer.Option(help="事由，如 decline、no_show · class of the event")],
    evidence: Annotated[Path, typer.Option(metavar="FILE", help="证据文件，至多 1 MiB · the evidence")],
    own_order: Annotated[
        bool, typer.Option("--own-order", help="监督人不可达时 · the supervisor cannot be reached")
    ] = False,
) -> None:
    """登记一个席位的空缺并递补；递补人选在公开前无人知晓。仅用于邀请不入日志的抽取。

    Log a vacated seat and have it refilled; nobody knows by whom. Only where invitations are made elsewhere.
    """
    from app.cli import session
    from app.usecases.openings import MAX_EVIDENCE_BYTES, Vacated
    from app.usecases.openings import replace as fill

    with evidence.open("rb") as stream:
        document = stream.read(MAX_EVIDENCE_BYTES + 1)

    async def work(one: "Installation") -> int:
        caller = session.local(one, person=person, role="operator")
        await session.begin(one, draw, caller, "draw.operate", "replaceSeat")
        vacated = Vacated(seat=seat, cause=cause, document=document)
        return await fill(one.ceremony, draw, vacated, own_order=own_order)

    typer.echo(f"t={session.on_installation(work)}")


@app.command("open")
def open_one(
    draw: _Draw,
    person: _Person,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="写出证明 · write the proof to this folder")
    ] = None,
    receipt: Annotated[
        str | None, typer.Option(metavar="EXPERT", help="另写一名专家的回执 · one expert's receipt too")
    ] = None,
    supervisor: Annotated[
        str | None,
        typer.Option(
            metavar="PERSON",
            help="另为本次抽取的监督人写出监督级文件 · the pool file too, for the draw's supervisor",
        ),
    ] = None,
) -> None:
    """到法定时间后公开；监督人节点共同签署。

    Open at the lawful time, with the supervisor's countersignature.
    """
    from app.cli import session
    from app.usecases.openings import bundle, open_draw

    async def work(one: "Installation") -> "DrawRow":
        if (await one.ceremony.row(draw)).state != "opened":
            caller = session.local(one, person=person, role="operator")
            await session.begin(one, draw, caller, "draw.operate", "openDraw")
        row = await open_draw(one.ceremony, draw)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            (out / "bundle.json").write_bytes(await bundle(one.platform, row))
            if receipt is not None:
                await _write_receipt(one, out, row, person, receipt)
            if supervisor is not None:
                await _write_pool_file(one, out, row, supervisor)
        return row

    _show(session.on_installation(work))


@app.command()
def abort(
    draw: _Draw,
    person: _Person,
    reason: Annotated[str, typer.Option(help="事由，如 project_cancelled · the reason")],
) -> None:
    """终止抽取；日志中永久保留。 · Abort a draw; the log keeps it for ever."""
    from app.cli import session

    async def work(one: "Installation") -> "DrawRow":
        caller = session.local(one, person=person, role="operator")
        await session.begin(one, draw, caller, "draw.abort", "abortDraw")
        return await one.ceremony.abort(draw, reason)

    _show(session.on_installation(work))


def _advance(draw: str, person: str, operation: str, *, until: str) -> None:
    from app.cli import session
    from app.waiting import run_patiently

    async def work(one: "Installation") -> "DrawRow":
        caller = session.local(one, person=person, role="operator")
        await session.begin(one, draw, caller, "draw.operate", operation)
        return await run_patiently(one.ceremony, draw, until=until, waits=waits)

    def waits(seconds: int) -> None:
        typer.echo(f"等待公共信标 {seconds} 秒 · waiting {seconds} s for the beacon", err=True)

    _show(session.on_installation(work))


def _show(row: "DrawRow") -> None:
    typer.echo(f"{row.id} k={row.k} {row.state}")
    if row.code is not None:
        typer.echo(f"核验码 code: {row.code}")
    if row.sdr is not None:
        for name, time in row.sdr["deadlines"].items():
            typer.echo(f"  {name}: {time}")


async def _write_receipt(one: "Installation", out: Path, row: "DrawRow", person: str, expert: str) -> None:
    from app.cli import session
    from app.private_files import write_private
    from app.usecases import disclosures
    from app.usecases.openings import Opened

    async def make(row: "DrawRow", found: Opened) -> bytes:
        return disclosures.receipt(row, found, expert)

    caller, actor = session.local(one, person=person, role="operator"), session.actor(person)
    data = await disclosures.disclosed(one.platform, caller, row.id, "draw.receipt", make, actor=actor)
    write_private(out / "receipt.json", data)


async def _write_pool_file(one: "Installation", out: Path, row: "DrawRow", person: str) -> None:
    from app.cli import session
    from app.private_files import write_private
    from app.usecases import disclosures
    from app.usecases.openings import Opened

    async def make(row: "DrawRow", found: Opened) -> bytes:
        return await disclosures.pool_file(one.platform, row, found)

    caller, actor = session.local(one, person=person, role="supervisor"), session.actor(person)
    data = await disclosures.disclosed(one.platform, caller, row.id, "draw.pool-file", make, actor=actor)
    write_private(out / "supervisor-pool.json", data)


def _read_order(file: Path) -> "DrawOrder":
    from app.cli.json_files import read_object
    from app.errors import AppError
    from app.usecases.previews import DrawOrder

    # What is missing is told with everything else that is wrong, by the look at the order.
    left_out = dict.fromkeys(("project", "section", "pool", "parameters"))
    try:
        return DrawOrder(**left_out | read_object(file, limit=MAX_ORDER_BYTES))
    except TypeError as error:
        raise AppError("file.shape") from error
