"""`qiantong demo`: the whole journey on one machine."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出目录 · output folder")] = Path(
        "qiantong-demo"
    ),
    experts: Annotated[int, typer.Option(min=30, max=1_000_000, help="合成专家数 · synthetic experts")] = 603,
    tender: Annotated[
        Path | None, typer.Option(metavar="FILE", help="OCDS 招标公告 · tender notice, OCDS release package")
    ] = None,
    request: Annotated[
        Path | None, typer.Option(metavar="FILE", help="抽取申请 JSON · the request, JSON")
    ] = None,
    serve: Annotated[bool, typer.Option(help="结束后打开页面 · serve the pages afterwards")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="页面端口 · port of the pages")] = 8000,
) -> None:
    """完整演示：四方分别持钥，从申请到证明；全部核验通过退出码为 0。

    The whole journey with four separate key holders, from the request to a proof; exit 0 only when all
    verifies.
    """
    from app.demo.run import Plan, run

    plan = Plan(out=out, experts=experts, tender=tender, request=request, serve=serve, port=port)
    raise typer.Exit(run(plan))
