"""`qiantong simulate`: providers and people for trying things out, never for real messages."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="模拟：供演示与测试 · simulations for demos and tests", no_args_is_help=True)


@app.callback()
def simulate() -> None:
    """模拟外部服务，仅供演示与测试。 · Stand in for outside services, for demos and tests only."""


@app.command()
def gateway(
    people: Annotated[Path, typer.Option(help="人物文件（JSON） · file of people", metavar="FILE")],
    key: Annotated[Path, typer.Option(help="签名密钥文件，缺则新建 · signing key, made if missing")],
    reports: Annotated[str, typer.Option(help="平台地址 · the platform's address", metavar="URL")],
    host: Annotated[str, typer.Option(help="监听地址 · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口 · port")] = 8090,
    speed: Annotated[
        float, typer.Option(min=0.01, help="一分钟按几分之一过 · minutes pass so much faster")
    ] = 1.0,
) -> None:
    """短信与语音服务商模拟器：按人物文件答复，回执带签名。

    A provider of short messages and calls: its people answer as the file says, its reports are signed.
    """
    from app.simulator.serving import serve_simulator

    serve_simulator(
        people=people, key=key, reports=reports, host=host, port=port, speed=speed, announce=typer.echo
    )


@app.command()
def devices(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="设备清单（JSON） · file of devices")],
    host: Annotated[str, typer.Option(help="监听地址 · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口 · port")] = 8091,
) -> None:
    """门禁、检测门、储物柜、读卡器、屏蔽器模拟器：各有密钥，事件带签名。

    Gates, detectors, lockers, ID readers and jammers of a site: each with its key, its events signed.
    """
    from app.simulator.device_serving import serve_devices

    serve_devices(file, host=host, port=port, announce=typer.echo)
