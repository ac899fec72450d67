"""`qiantong pool`: synthetic pools, import with every fault told at once, export, and a check that stores
nothing.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from app.composition import Installation
    from draw.model import ExpertRecord

app = typer.Typer(help="专家库 · expert pools", no_args_is_help=True)
KINDS: Final = ("csv", "xlsx", "jsonl")
_MOST_CHANGES: Final = 2_000_000  # every record of the largest pool gone and another one come
_Input = Annotated[Path, typer.Argument(metavar="FILE", help=".csv、.xlsx 或 .jsonl")]
_Records = Annotated[
    bool, typer.Option("--records", help="文件为 pool export 的输出 · the file was written by pool export")
]
_ORGS: Final = (
    "ocds:buyer",
    "uscc:91110108551385082Q",
    "ocds:bidder-1",
    "ocds:bidder-2",
    "ocds:bidder-3",
)


@app.command()
def synth(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="写到（不覆盖）· a new file: .csv .xlsx .jsonl")
    ],
    experts: Annotated[int, typer.Option(min=30, max=1_000_000, help="人数 · how many")] = 603,
    seed: Annotated[
        str, typer.Option(help="同一种子得到同一专家库 · the same seed gives the same pool")
    ] = "demo",
    org: Annotated[
        list[str] | None,
        typer.Option(help="招标人、代理机构、投标人（依次）· tenderee, agency, then bidders, in this order"),
    ] = None,
) -> None:
    """生成合成专家库：无真实人员，内含埋设的回避情形。

    Make a synthetic pool: nobody in it exists, conflicts are planted.
    """
    from app.composition import utc_now
    from app.gateways.pool_files import PoolEntry, write_pool
    from app.synthetic import synthesise

    pool = synthesise(experts, seed=seed.encode(), tender_orgs=tuple(org or _ORGS), now=utc_now())
    rows = (
        PoolEntry(record=record, id_number=person.id_number, phone=person.phone)
        for record, person in zip(pool.records, pool.people, strict=True)
    )
    count = write_pool(file, _kind(file), rows)
    typer.echo(f"合成专家 {count} 人，均非真人 · {count} synthetic experts, none of them real")


@app.command("import")
def import_file(
    file: _Input,
    pool: Annotated[str, typer.Option(help="专家库编号 · pool id")],
    basis: Annotated[str, typer.Option(help="建库依据 · the legal basis of the pool")],
    records: _Records = False,
) -> None:
    """导入为新版本：整体成功或整体不入库，一次告知全部问题。

    Import as a new version: all or nothing, every fault at once.
    """
    from app.cli import session
    from app.usecases.pools import import_pool

    async def work(one: "Installation") -> str:
        found = _read(one, file, records=records)
        done = await import_pool(one.platform, pool_id=pool, basis=basis, records=found)
        await session.record(one, "pool.import", f"{pool}/{done.pool.version}")
        await one.platform.publisher.covering(done.pool.entry_index + 1, now=one.platform.clock)
        head = done.pool
        return (
            f"{head.id} 第 {head.version} 版 version，{head.size} 人 experts，新增 added {done.added}，"
            f"变更 changed {done.changed}，移除 removed {done.removed}，日志 log {head.entry_index}"
        )

    typer.echo(session.on_installation(work))


@app.command()
def check(file: _Input, records: _Records = False) -> None:
    """只检查文件，不入库。 · Check a file and store nothing."""
    from app.cli import session
    from app.errors import InputRefusedError
    from app.usecases.pools import double_faults

    async def work(one: "Installation") -> int:
        found = _read(one, file, records=records)
        faults = double_faults(found)
        if faults:
            raise InputRefusedError("pool.refused", faults)
        return len(found)

    typer.echo(f"无误，{session.on_installation(work)} 人 · no fault")


@app.command()
def export(
    pool: Annotated[str, typer.Argument(metavar="POOL", help="专家库编号 · pool id")],
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="写到（不覆盖，仅所有者可读）· a new .jsonl file, owner-only"),
    ],
    version: Annotated[int | None, typer.Option(min=1, help="版本 · version; newest if left out")] = None,
) -> None:
    """导出一个版本的记录（含个人信息；身份证号不在库中）。

    Export a version's records: personal data in clear, no identity numbers.
    """
    from app.cli import session
    from app.errors import NotFoundError

    async def work(one: "Installation") -> list[bytes]:
        async with one.platform.database.read() as uow:
            head = await uow.pools.get(pool, version)
            if head is None:
                raise NotFoundError("pool.unknown")
        await session.record(one, "pool.export", f"{pool}/{head.version}")
        async with one.platform.database.read() as uow:
            return await uow.pools.records(pool, head.version)

    rows = session.on_installation(work)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.writelines(row + b"\n" for row in rows)
    typer.echo(f"导出 {len(rows)} 人 · {len(rows)} records")


@app.command()
def changes(
    pool: Annotated[str, typer.Argument(metavar="POOL", help="专家库编号 · pool id")],
    version: Annotated[int | None, typer.Option(min=1, help="版本 · version; newest if left out")] = None,
) -> None:
    """列出一个版本相对上一版本的变更：哪条记录的哪些字段，不含姓名与内容。

    List what a version changed against the one before: fields of records, no name and no value.
    """
    from app.cli import session
    from app.usecases.pools import changes_of

    async def work(one: "Installation") -> list[str]:
        async with one.platform.database.read() as uow:
            _, found = await changes_of(uow, pool, version, mode=one.platform.mode, limit=_MOST_CHANGES)
        return [f"{row.expert_tag}\t{row.kind}\t{','.join(row.fields)}\t{row.at}" for _, row in found]

    for line in session.on_installation(work):
        typer.echo(line)


@app.command()
def contacts(
    pool: Annotated[str, typer.Option(help="专家库编号 · pool id")],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="CSV：expert,phone,email,channels（channels 用 + 连接）· joined by +"
        ),
    ] = None,
    synthetic: Annotated[
        bool,
        typer.Option("--synthetic", help="为合成专家库编造无人使用的号码 · numbers of nobody, 000…"),
    ] = False,
) -> None:
    """导入联系方式（加密保存），与专家库版本无关；一次告知全部问题。

    Import how experts are reached, sealed, apart from the pool's versions; every fault at once.
    """
    from app.cli import session
    from app.errors import AppError
    from app.usecases.invitations import contacts as usecase

    if synthetic == (file is not None):
        raise AppError("file.kind")

    async def work(one: "Installation") -> int:
        now, actor = one.platform.now(), session.actor(session.login())
        async with one.platform.database.read() as uow:
            found = (
                await usecase.contacts_of_nobody(uow, pool)
                if file is None
                else usecase.read_contacts(_bytes(file, usecase.MAX_BYTES))
            )
        return await one.platform.database.transact(
            lambda uow: usecase.store(uow, pool, found, actor=actor, now=now)
        )

    typer.echo(f"{session.on_installation(work)} 人的联系方式 · contacts stored")


def _bytes(file: Path, limit: int) -> bytes:
    with file.open("rb") as stream:
        return stream.read(limit + 1)


def _read(one: "Installation", file: Path, *, records: bool) -> "list[ExpertRecord]":
    from app.gateways.pool_files import read_pool
    from app.usecases.pools import records_from_json

    if records:
        return records_from_json(_lines(file))
    entries = read_pool(file, _kind(file), person_key=one.keys.person, now=one.platform.now())
    return [entry.record for entry in entries]


def _lines(file: Path) -> "list[Any]":
    from app.errors import AppError
    from app.gateways.pool_files import MAX_BYTES, MAX_LINE
    from crypto.canonical import parse
    from crypto.errors import CryptoError

    if file.stat().st_size > MAX_BYTES:
        raise AppError("file.shape")
    try:
        with file.open("rb") as stream:
            return [parse(line.rstrip(b"\n"), max_bytes=MAX_LINE) for line in stream if line.strip()]
    except CryptoError as error:
        raise AppError("file.shape") from error


def _kind(file: Path) -> Any:
    from app.errors import AppError

    kind = file.suffix.removeprefix(".").lower()
    if kind not in KINDS:
        raise AppError("file.kind")
    return kind
