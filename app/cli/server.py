"""`qiantong serve`: the platform's server with API and pages."""

from typing import Annotated

import typer


def serve(
    host: Annotated[str, typer.Option(help="监听地址 · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口 · port")] = 8000,
) -> None:
    """启动平台服务（接口与页面）；默认只在本机可达。

    Serve API and pages; this machine only unless told otherwise.
    """
    from app.cli import session
    from app.serving import serve_platform

    serve_platform(session.settings(), host=host, port=port, announce=typer.echo)
