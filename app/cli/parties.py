"""`qiantong party`: the key-holding node of an agency, a supervisor or a cosigner; and its registration by
the platform.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="参与方节点：代理机构、监督人、联署方 · party nodes", no_args_is_help=True)
_Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="节点目录 · the node's folder")]


@app.command()
def init(
    folder: _Folder,
    role: Annotated[str, typer.Option(help="agency、supervisor 或 cosigner · one of the three")],
    name: Annotated[str, typer.Option(help="名称，将写入日志 · the name that the log will show")],
) -> None:
    """生成本方密钥（仅所有者可读）并显示公开身份。

    Make the party's keys (owner-only) and print its public identity.
    """
    from app.errors import AppError
    from app.parties.keys import ROLES
    from app.parties.serving import create_keys

    for known in ROLES:
        if known == role:
            typer.echo(json.dumps(create_keys(folder, role=known, name=name).identity()))
            return
    raise AppError("party.role")


@app.command()
def identity(folder: _Folder) -> None:
    """显示公开身份，供平台方汇成信任文件。 · Print the public identity, for the trust file."""
    from app.parties.serving import load_keys

    typer.echo(json.dumps(load_keys(folder).identity()))


@app.command()
def trust(
    folder: _Folder, file: Annotated[Path, typer.Argument(metavar="FILE", help="信任文件 · trust file")]
) -> None:
    """设定本节点信任的密钥；须先与各方核对指纹。

    Pin the keys this node accepts; compare fingerprints with the parties first.
    """
    from app.parties.serving import pin
    from draw.verify.report import fingerprint

    pinned = pin(folder, file.read_bytes())
    for role, keys in pinned.keys.items():
        for key in keys:
            typer.echo(f"{role:10} {fingerprint(key)}")


@app.command()
def override(
    folder: _Folder,
    project: Annotated[str, typer.Argument(help="项目编号 · project id")],
    section: Annotated[str, typer.Argument(help="标段编号 · section id")],
    reason: Annotated[str, typer.Option(help="理由，将公开 · the reason, which is published")],
) -> None:
    """监督人批准放宽匿名下限；节点只签署理由相同的封存记录。

    The supervisor approves going below the anonymity gate; the node then signs a seal with this reason only.
    """
    from app.parties.serving import approve_override
    from draw.record import section_hash

    typer.echo(approve_override(folder, section_hash(project, section), reason))


@app.command()
def appointment(
    folder: _Folder,
    document: Annotated[
        Path, typer.Argument(metavar="DOCUMENT", help="选定文件 · the appointment's document", exists=True)
    ],
    project: Annotated[str, typer.Option(help="项目编号 · project id")],
    section: Annotated[str, typer.Option(help="标段编号 · section id")],
    approve: Annotated[
        bool, typer.Option("--approve", help="批准；否则仅显示 · approve it; else it is shown only")
    ] = False,
) -> None:
    """显示自行选定或直接确定的文件，加 --approve 即批准；节点只签署该文件的登记，从不称其为抽取。

    Show the document of an appointment without a draw and, with --approve, approve it: the node then signs
    the record of this document only.
    """
    from app.errors import AppError
    from app.parties.serving import approve_appointment, told_of
    from draw.record import section_hash

    data = document.read_bytes()
    told = told_of(data)
    if told["section"] != section_hash(project, section).hex():
        raise AppError("party.appointment-section")
    typer.echo(json.dumps({**told, "project": project, "section": section}, ensure_ascii=False, indent=1))
    if approve:
        approve_appointment(folder, data)


@app.command()
def gateways(
    folder: _Folder,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY…", help="网关公钥（64 位十六进制） · gateways' keys")
    ] = None,
) -> None:
    """设定监督节点信任的语音网关公钥；按键答复须由其签署。不给公钥即清空。

    Pin the keys whose records of keypad answers this supervisor's node takes; none given: none.
    """
    from app.parties.serving import pin_gateways

    for one in pin_gateways(folder, keys or []):
        typer.echo(one)


@app.command()
def notes(
    folder: _Folder, draw: Annotated[int, typer.Argument(min=0, help="抽取编号 k · draw number k")]
) -> None:
    """显示监督节点为某次抽取的回避、变更场地等替换记下的说明。

    Show the notes that the supervisor's node kept behind a draw's conflicts, recusals and moves.
    """
    from app.parties.serving import notes as kept

    for t, note in kept(folder, draw).items():
        typer.echo(f"t={t} {note}")


@app.command(name="rules")
def accept_rules(
    folder: _Folder,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="规则摘要 · digest of the resolved rules")],
) -> None:
    """认可一份不在本节点规则包之内的规则（封存记录中的 rules 摘要）；列出已认可的全部摘要。

    Accept rules that no rule pack of this node gives, by the digest that a record holds as `rules`.
    """
    from app.parties.serving import accept_rules as note

    for one in note(folder, digest):
        typer.echo(one)


@app.command()
def recording(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", exists=True, file_okay=False, help="录制目录 · folder of recordings"
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="空的输出目录 · empty output folder")],
    home: Annotated[Path, typer.Option(metavar="NODE", help="监督节点目录 · the supervisor's node folder")],
) -> None:
    """监督人解封变声通话中的原声，并按轨导出；平台无法解封，也不会登记这次查看。

    The supervisor opens the raw voices of masked calls and writes one .mkv per track; the platform cannot,
    and nobody records it.
    """
    from app.cli.recording_looks import unrecorded
    from app.parties.serving import custody_seed
    from remote_eval.media.recording.opening import export

    for name, path in export(folder, [custody_seed(home)], out).items():
        typer.echo(f"{name}\t{path.name}")
    unrecorded()


@app.command()
def serve(
    folder: _Folder,
    host: Annotated[str, typer.Option(help="监听地址 · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口，0 为任选 · port, 0 for any")] = 8100,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", exists=True, file_okay=False, help="另外信任的规则包 · further rule packs to trust"
        ),
    ] = None,
) -> None:
    """启动节点；默认只在本机可达。 · Serve the node; this machine only unless told otherwise."""
    from app.parties.serving import open_node, serve_node

    node = open_node(folder, rules=rules)
    serve_node(node, host=host, port=port, announce=typer.echo)


@app.command()
def gather(
    identities: Annotated[
        list[Path], typer.Argument(metavar="IDENTITY…", help="各方身份文件 · identity files")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="写到 · where to write")] = Path("trust.json"),
) -> None:
    """由平台密钥和各方身份汇成信任文件。

    Make a trust file from the platform's key and the parties' identities.
    """
    from app.cli import session
    from app.errors import AppError
    from app.gateways.platform_keys import load_or_create
    from app.parties.trust import KEY_ROLES, read_trust
    from crypto.canonical import JsonValue, canonical

    settings = session.settings()
    lists: dict[str, list[JsonValue]] = {role: [] for role in KEY_ROLES}
    lists["platform"].append(load_or_create(settings.keys).signing.public.hex())
    try:
        for path in identities:
            one = json.loads(path.read_bytes()[:65536])
            lists[one["role"]].append(one["public"])
        data = canonical({"format": "qt/1 trust", "origin": settings.origin, **lists})
        read_trust(data)
    except (ValueError, KeyError, TypeError) as error:
        raise AppError("trust.file") from error
    out.write_bytes(data)
    typer.echo(str(out))


@app.command()
def register(
    urls: Annotated[list[str], typer.Argument(metavar="URL…", help="节点地址 · the nodes' addresses")],
) -> None:
    """平台方：把各节点的密钥登记入日志并发布。

    Platform: put the nodes' keys into the log and publish it.
    """
    from app.cli import session
    from app.composition import Installation, compose
    from app.usecases.registration import Candidate
    from app.usecases.registration import register as put

    async def work(one: Installation) -> None:
        platform, settings = one.platform, one.settings
        candidates = [Candidate(url=url, node=one.node(url)) for url in urls]
        fresh = await put(
            platform.database, platform.log, platform.vrf, candidates, name=settings.name, now=platform.now()
        )
        for party in fresh:
            await session.record(one, "party.register", party.public)
        async with platform.database.read() as uow:
            parties = await uow.parties.all()
            size = (await uow.log.head()).size
        known = compose(settings, platform.database, one.client, parties).platform
        await known.publisher.covering(size, now=known.clock)
        for party in fresh:
            typer.echo(f"{party.entry_index:6} {party.role:10} {party.name}")

    session.on_installation(work)
