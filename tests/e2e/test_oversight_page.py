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
from tests.support.arriving import Browser as Seat
from tests.support.desk_served import Day, day
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, press, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}
STRANGER = "999901199001010018"
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
    """Whoever is not there yet checks in: the day is one for all tests, in whatever order they run."""
    for site, letters in arriving.letters.items():
        for letter in letters:
            async with arriving.platform.database.read() as uow:
                there = await uow.arrivals.of_letter(letter.keys.id)
            if there is None:
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
        # The room is open, and a seat can still be vacated.
        page.get_by_text("评审进行中").wait_for()
        page.get_by_text("空出席位……").wait_for()
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


def test_a_seats_key_is_approved_by_another_person_who_compared_it_and_ended_by_anybody_with_a_doubt(
    browser: "Browser", today: Day, shots: Path
) -> None:
    seat = Seat(seat=f"{CITY}-e1-6")
    assert today.do(lambda arriving: arriving.propose(seat)).status_code == 201
    with visit(browser, at(today, "centres"), size=WIDE) as page:
        sign_in(page, today, "op.one")
        page.get_by_role("link", name=f"{CITY} 交易中心").focus()
        page.keyboard.press("Enter")
        key = page.get_by_role("listitem").filter(has_text=seat.seat)
        key.get_by_text("待批准").wait_for()
        assert seat.thumbprint in key.locator("code").inner_text().replace(" ", "")
        press(page, f"批准 {seat.seat} 的密钥")
        page.get_by_role("alert").filter(has_text="请先核对指纹并勾选").wait_for()
        key.get_by_label("我已与席位屏幕上的指纹").focus()
        page.keyboard.press("Space")
        press(page, f"批准 {seat.seat} 的密钥")
        page.get_by_text(f"{seat.seat} 的密钥已批准").wait_for()
        key.get_by_text("使用中").wait_for()
        assert today.do(lambda arriving: arriving.challenge(seat)).status_code == 201
        assert page.get_by_text("解除锁定、证明、放行由监督人办理").count() == 1
    with visit(browser, at(today, f"centres/{CITY}"), size=WIDE) as page:
        sign_in(page, today, "sup.one")
        page.get_by_text(f"停用 {seat.seat} 的密钥……").click()
        press(page, f"停用 {seat.seat}")
        page.get_by_role("alert").filter(has_text="请先勾选确认").wait_for()
        page.get_by_label("我确认停用").check()
        press(page, f"停用 {seat.seat}")
        page.get_by_text(f"{seat.seat} 的密钥已停用").wait_for()
        assert today.do(lambda arriving: arriving.challenge(seat)).status_code == 401


def test_a_supervisor_releases_a_lock_attests_and_lets_people_go(
    browser: "Browser", today: Day, shots: Path
) -> None:
    letter = today.arriving.letters[CITY][0]
    today.do(everybody_comes)

    async def trouble(arriving: Arriving) -> None:
        for _try in range(5):
            await arriving.check_in(letter, document=STRANGER)
        await arriving.event(f"detector {CITY}", "alarm")

    today.do(trouble)
    with visit(browser, at(today, f"centres/{CITY}"), size=WIDE) as page:
        sign_in(page, today, "sup.one")
        page.get_by_text("输错 5 次").wait_for()
        page.get_by_text("检测器报警").first.wait_for()
        assert STRANGER not in page.content()
        check_reading(page, shots, "centre-trouble")
        press(page, "解除第 1 个锁定")
        page.get_by_text("没有锁定的证件").wait_for()
        press(page, "出具证明")
        page.get_by_role("alert").filter(has_text="请先勾选确认").wait_for()
        page.get_by_label("我已当面确认此人身份").check()
        press(page, "出具证明")
        page.get_by_text("证明码（有效至").wait_for()
        assert page.get_by_text("证明码（有效至").locator("code").inner_text().startswith("att_")
        press(page, "放行")
        page.get_by_role("alert").filter(has_text="请选择放行谁").wait_for()
        page.locator("#release-whom").select_option(index=1)
        page.locator("#release-reason").fill("身体不适")
        page.keyboard.press("Enter")
        page.get_by_text("已放行 1 人").wait_for()
        page.get_by_role("list", name="在场人员").get_by_text("已放行").first.wait_for()


def test_a_ledger_is_read_with_its_chain_checked_and_an_altered_entry_is_told(
    browser: "Browser", today: Day, shots: Path
) -> None:
    today.do(everybody_comes)
    with visit(browser, at(today, f"centres/{CITY}"), size=WIDE) as page:
        sign_in(page, today, "sup.one")
        press(page, "读取并核对")
        page.get_by_text("链完整").wait_for()
        assert page.get_by_role("list", name="场地台账").get_by_text("签到").count() >= 1
        check_reading(page, shots, "ledger")
        today.do(alter)
        press(page, "读取并核对")
        page.get_by_text("链不完整").wait_for()


async def alter(arriving: Arriving) -> None:
    """Somebody with the database writes another hour into an entry."""
    async with arriving.platform.database.write() as uow:
        statement = "UPDATE site_ledger SET time = '2026-01-01T00:00:00Z' WHERE number = 2"
        await uow.arrivals._connection.exec_driver_sql(statement)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", SIZES)
def test_every_screen_reads_well_in_both_languages(
    browser: "Browser", today: Day, shots: Path, *, language: str, name: str
) -> None:
    with visit(browser, at(today, "centres", language), size=SIZES[name]) as page:
        sign_in(page, today, "sup.one")
        page.locator("main .draws").wait_for()
        check_reading(page, shots, f"centres-{name}-{language}")
        for screen, ready in ((f"centres/{CITY}", "#ledger-title"), (draw_of(today), "#roster-title")):
            page.evaluate(f"location.hash = '#/{screen}'")
            page.locator(ready).wait_for()
            for closed in page.locator("details").all():
                closed.evaluate("one => { one.open = true; }")
            check_reading(page, shots, f"{screen.split('/', maxsplit=1)[0]}-one-{name}-{language}")
