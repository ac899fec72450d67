"""What the console shows beside the queue, in a browser, on the day itself: roster, keys, watch of a centre.

Real accounts with two factors, real letters and devices. Names come to the screen only where a tier lets the
role in, and go with it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.times import from_text
from draw.roster import read_manifest
from tests.support.arriving import CITY, COUNTY, Arriving
from tests.support.desk_served import Day, day
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}
DESKS = {CITY: "dana", COUNTY: "carlo"}


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """One day at two sites, with an operator and a supervisor who have accounts."""
    with day(tmp_path_factory.mktemp("oversight")) as running:
        running.employ("op.one", "operator", None)
        running.employ("sup.one", "supervisor", None)
        yield running


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the pages are kept."""
    return tmp_path_factory.mktemp("shots-oversight")


def at(today: Day, screen: str, language: str = "zh-CN") -> str:
    return f"{today.address}/console?lang={language}#/{screen}"


def sign_in(page: "Page", today: Day, login: str) -> None:
    who = today.staff[login]
    page.locator("#qt-login").fill(who.login)
    page.locator("#qt-password").fill(who.password)
    page.locator("#qt-code").fill(today.code(who))
    page.keyboard.press("Enter")
    page.locator("nav").wait_for()


def press(page: "Page", name: str) -> None:
    """A button by keyboard."""
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")


def draw_of(today: Day) -> str:
    return f"draws/{today.arriving.row.id}"


def ask_to_open(page: "Page", reason: str) -> None:
    page.get_by_text("启封名单……").focus()
    page.keyboard.press("Enter")
    press(page, "提出启封")
    page.get_by_role("alert").filter(has_text="请选择级别").wait_for()
    page.get_by_label("第二级").focus()
    page.keyboard.press("Space")
    page.get_by_label("理由（写入公开日志").focus()
    page.keyboard.type(reason)
    page.get_by_label("我确认现在启封").focus()
    page.keyboard.press("Space")
    press(page, "提出启封")


async def begin(arriving: Arriving) -> None:
    """It is the hour from which the roster may be opened."""
    async with arriving.platform.database.read() as uow:
        version = await uow.rosters.newest(arriving.row.id)
    assert version is not None
    clock = arriving.stage.clock
    clock.now = max(clock.now, from_text(read_manifest(version.manifest)["not_before"]))
    await arriving.heartbeats()


async def everybody_comes(arriving: Arriving) -> None:
    for site, letters in arriving.letters.items():
        for letter in letters:
            assert await arriving.arrived(letter, DESKS[site])


async def names(arriving: Arriving) -> list[str]:
    return [await arriving.name(one) for site in (CITY, COUNTY) for one in arriving.letters[site]]


def test_the_roster_opens_with_a_reason_once_everybody_is_there_and_its_names_go_with_the_screen(
    browser: "Browser", today: Day, shots: Path
) -> None:
    sitting = today.do(names)
    with visit(browser, at(today, draw_of(today)), size=WIDE) as page:
        sign_in(page, today, "sup.one")
        page.get_by_text("已封存").first.wait_for()
        check_reading(page, shots, "roster-sealed")
    today.do(everybody_comes)
    today.do(begin)
    with visit(browser, at(today, draw_of(today)), size=WIDE) as page:
        sign_in(page, today, "sup.one")
        assert page.get_by_role("button", name="读取名单").count() == 0
        ask_to_open(page, "开评")
        page.get_by_text("名单已启封").wait_for()
        press(page, "读取名单")
        page.get_by_role("table", name="各席位的专家姓名").wait_for()
        shown = page.locator("main").inner_text()
        assert [name for name in sitting if name not in shown] == []
        check_reading(page, shots, "roster-read")
        kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        assert [name for name in sitting if name in kept + page.url] == []
        page.get_by_role("link", name="返回待办").click()
        page.get_by_role("heading", name="待办").first.wait_for()
        assert [name for name in sitting if name in page.content()] == []
        page.go_back()
        page.get_by_text("每次读取都会记录在案").wait_for()
        assert [name for name in sitting if name in page.content()] == []
    with visit(browser, at(today, draw_of(today)), size=WIDE) as page:
        sign_in(page, today, "op.one")
        page.get_by_text("这一级的名单不对您的角色开放").wait_for()
        assert page.get_by_role("button", name="读取名单").count() == 0
        page.get_by_text("启封名单……").click()
        page.get_by_label("第三级").check()
        page.get_by_label("理由（写入公开日志").fill("结果公告")
        page.get_by_label("我确认现在启封").check()
        press(page, "提出启封")
        page.get_by_role("alert").filter(has_text="抽取证明尚未公开").wait_for()
