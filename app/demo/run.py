"""`qiantong demo` from end to end: processes, steps, files, verification, pages. Exit code 0 only if all
verified.
"""

import asyncio
import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.composition import installation, open_database
from app.demo import course, output, story
from app.demo.carrier_file import write_gateways
from app.demo.children import Children
from app.demo.course import Guided
from app.demo.interrupts import heeding_interrupts
from app.demo.outside import Outside
from app.demo.show import Show
from app.demo.story import Stage
from app.demo.wanted import Wanted, read_wanted
from app.errors import AppError
from app.gateways.platform_keys import load_or_create
from app.logs import configure
from app.parties.serving import pin_gateways
from app.parties.trust import Trust
from app.serving import address_of, listen, served
from app.settings import Settings
from app.store.repositories.draws import DrawRow
from app.usecases import openings
from migrations.upgrade import upgrade

MARK: Final = ".qiantong-demo"
ORIGIN: Final = "demo.localhost/qiantong"
# Steps of a draw whose invitations are logged, and of one that invites elsewhere.
STEPS: Final = 13
STEPS_ELSEWHERE: Final = 10
# A draw whose evaluation is further away stays closed: the demonstration does not wait for days.
PATIENCE_SECONDS: Final = 120
DECLINED_SEAT: Final = 0
WORKER_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to demonstrate, where to leave it, and whether to serve the pages in the end."""

    out: Path
    experts: int
    tender: Path | None
    request: Path | None
    serve: bool
    port: int


def run(plan: Plan) -> int:
    """The whole demonstration; gives the exit code. Its processes have ended when it returns or raises."""
    wanted = read_wanted(plan.tender, plan.request)
    _prepare(plan.out)
    show = Show(STEPS if wanted.logged else STEPS_ELSEWHERE)
    show.console.print(
        "[bold]签筒演示[/]：四方分别持钥，一次抽取从申请到入座与证明 · "
        "[dim]Qiantong: one draw, four key holders, from the request to people at their seats[/]"
    )
    with (
        heeding_interrupts(),
        _listen(plan) as listener,
        Children(plan.out) as children,
        Outside(plan.out, reports=address_of(listener)) as outside,
    ):
        return asyncio.run(_demonstrate(plan, wanted, show, _Around(children, outside, listener)))


@dataclass(frozen=True, slots=True)
class _Around:
    """What is there besides the platform, and the socket that it serves on."""

    children: Children
    outside: Outside
    listener: socket.socket


async def _demonstrate(plan: Plan, wanted: Wanted, show: Show, around: _Around) -> int:
    configure(logging.WARNING)
    settings = Settings(
        data=plan.out / "platform",
        database="",
        origin=ORIGIN,
        name="platform.demo",
        public_url=address_of(around.listener),
        gateways=plan.out / "platform" / "gateways.toml",
        worker_seconds=WORKER_SECONDS,
        # The pool is made, frozen and drawn from within the minute.
        pool_age_hours=0,
    )
    with show.step("建立数据库，平台生成密钥", "create the database and the platform's keys"):
        await _migrate(settings)
    with show.step(
        "代理机构、监督人、联署方各在自己的进程中生成密钥；通信服务商、门禁与储物柜（模拟）另起进程",
        "three parties make their keys, each in a process of its own; so do a simulated carrier and devices",
    ):
        await _meet(plan, settings, around)
    async with installation(settings) as alone:
        with show.step("四方密钥登记入透明日志，两方联署", "the four keys enter the log, cosigned by two"):
            known = await story.register_everybody(alone, around.children)
        stage = Stage(one=known, show=show, out=plan.out, wanted=wanted)
        async with served(known, around.listener):
            guided = Guided(stage=stage, outside=around.outside, address=settings.public_url)
            verified, row = await _draw(guided, plan.experts)
            if plan.serve and verified:
                await course.tell_pages(guided, row)
                await asyncio.Event().wait()
    return 0 if verified else 1


async def _draw(guided: Guided, experts: int) -> tuple[bool, DrawRow]:
    """From the pool to the verified files."""
    stage = guided.stage
    show = stage.show
    with show.step("合成专家库并冻结", "synthesise an expert pool and freeze it"):
        pool = await story.freeze_pool(stage, experts)
    if stage.wanted.logged:
        with show.step("导入专家联系方式（加密保存）", "import how the experts are reached, kept encrypted"):
            await story.import_contacts(stage, pool)
    with show.step("导入真实招标公告：项目与投标人", "import a real tender notice: project and bidders"):
        project = await story.register_project(stage, pool)
    with show.step("预览，提出抽取申请", "preview, then request the draw"):
        row = await story.request(stage, project)
    with show.step("抽取", "the draw"):
        row = await story.draw(stage, row)
    near = story.seconds_to_open(stage.one, row) <= PATIENCE_SECONDS
    if stage.wanted.logged:
        await course.fill_and_seat(guided, row, pool, near=near)
    else:
        with show.step("一名专家谢绝，递补", "one expert declines and is replaced"):
            await story.decline(stage, row, seat=DECLINED_SEAT)
    row = await stage.one.ceremony.row(row.id)
    with show.step("到时启封、公开，写出证明", "open at the lawful time, write the proof"):
        if near:
            await story.wait_until_lawful(stage, row)
            await course.open_names(guided, row)
            row = await story.open_lawfully(stage, row)
            names = await _disclose(guided, row)
        else:
            show.detail("开评时间较远，本次不公开名单", "the evaluation is far away: the panel stays closed")
            await output.write_public(stage.one, stage.out, row)
            names = [("--trust", "trust.json")]
    with show.step("两个独立程序核验", "two independent programs verify"):
        verified = await asyncio.to_thread(_verify, stage, names)
    return verified, row


async def _disclose(guided: Guided, row: DrawRow) -> list[tuple[str, str]]:
    """Write everything of an opened draw and show the panel; gives the verifiers' options."""
    stage = guided.stage
    one, out = stage.one, stage.out
    await output.write_public(one, out, row)
    found = await openings.opened(one.platform, row)
    await output.write_disclosures(one, out, row, found)
    replied = await course.write_reply_receipt(guided)
    address = f"{one.settings.public_url}/?code={row.code}"
    (out / "certificate.pdf").write_bytes(await output.certificate(one, row, found, address))
    stage.show.panel(output.panel_lines(found))
    stage.show.files(output.listed(out), str(out))
    names = [("--pool", "supervisor-pool.json"), ("--receipt", "receipt.json"), ("--trust", "trust.json")]
    return [*names, ("--reply", output.REPLY)] if replied else names


def _verify(stage: Stage, names: list[tuple[str, str]]) -> bool:
    show = stage.show
    passed, words = output.verify_python(stage.out, names)
    show.detail(f"Python：{'全部通过' if passed else '未通过'}（{words}）", "passed" if passed else "FAILED")
    second = output.verify_typescript(stage.out, names)
    if second is None:
        show.detail(
            "本机没有 Node：请用浏览器打开 verifier.html 作第二次核验",
            "no Node here: open verifier.html in a browser instead",
        )
        return passed
    also, words = second
    show.detail(f"TypeScript：{'全部通过' if also else '未通过'}（{words}）", "passed" if also else "FAILED")
    return passed and also


async def _migrate(settings: Settings) -> None:
    database = open_database(settings)
    try:
        await upgrade(database.engine)
    finally:
        await database.dispose()


async def _meet(plan: Plan, settings: Settings, around: _Around) -> None:
    """The same as `_introduce`, in a thread that ends when this is cancelled."""
    try:
        await asyncio.to_thread(_introduce, plan, settings, around)
    except asyncio.CancelledError:
        # The thread waits for what the processes say, and the loop for the thread.
        around.children.end()
        around.outside.end()
        raise


def _introduce(plan: Plan, settings: Settings, around: _Around) -> None:
    """Learn everybody's keys; tell the parties whom to trust, and the supervisor which carrier."""
    trust = _trust(settings, around.children)
    around.outside.meet()
    carrier, key = around.outside.carrier, around.outside.report_key
    write_gateways(plan.out / "platform" / "gateways.toml", url=carrier, key=key)
    pin_gateways(plan.out / "supervisor", [key])
    around.children.serve(trust.to_bytes())


def _trust(settings: Settings, children: Children) -> Trust:
    """The keys of the four, as each said them in person."""
    keys = {str(one["role"]): (str(one["public"]),) for one in children.identities()}
    platform = load_or_create(settings.keys).signing.public.hex()
    return Trust(origin=settings.origin, keys={"platform": (platform,), **keys})


def _listen(plan: Plan) -> socket.socket:
    """The platform's socket; without pages afterwards nobody needs to know the port."""
    port = plan.port if plan.serve else 0
    try:
        return listen("127.0.0.1", port)
    except OSError as error:
        raise AppError("demo.port", port=port) from error


def _prepare(out: Path) -> None:
    """A fresh folder; an earlier demonstration's is emptied, any other is left alone."""
    if out.exists() and not out.is_dir():
        raise AppError("folder.not-empty", folder=out.name)
    if out.exists() and any(out.iterdir()):
        if not (out / MARK).is_file():
            raise AppError("folder.not-empty", folder=out.name)
        output.clear(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).touch()
