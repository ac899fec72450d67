"""`qiantong log`: verify the whole stored log, and write the trust file of its parties."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="透明日志 · transparency log", no_args_is_help=True)


@app.command()
def verify() -> None:
    """重算整个日志：叶、节点、根和每个检查点的签名。

    Recompute the whole log: leaves, nodes, roots, every signature.
    """
    from app.cli import session
    from app.composition import Installation
    from app.usecases.log import verify_log

    async def work(one: Installation) -> int:
        platform = one.platform
        return await verify_log(platform.database, platform.log, platform.cosigners)

    size = session.on_installation(work)
    typer.echo(f"日志核验通过，共 {size} 条 · The log holds, {size} entries")


@app.command()
def trust(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="信任文件 · where to write the trust file")],
) -> None:
    """写出已登记各方的信任文件。 · Write the trust file of the registered parties."""
    from app.cli import session
    from app.composition import Installation
    from app.usecases.proofs import trust_file

    async def work(one: Installation) -> bytes:
        return await trust_file(one.platform)

    out.write_bytes(session.on_installation(work))
    typer.echo(str(out))
