"""The relay box at the desk: a file goes in with a reason and a signature, comes out with the same digest."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from app.store.venue_tables import relay_items
from tests.support.arriving import Arriving
from tests.support.desk_served import Day, day
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}
CONTENT = "澄清问题 clarification".encode()


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """One day at two sites; two people of the city's staff."""
    with day(tmp_path_factory.mktemp("relay")) as running:
        running.employ("desk.one")
        running.employ("desk.two")
        yield running


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page are kept."""
    return tmp_path_factory.mktemp("shots-relay")


def enter(page: "Page", today: Day, login: str, *, minutes_off: int = 0) -> None:
    """Somebody signs in; the machine's clock is the server's, or off by some minutes."""
    who = today.staff[login]
    page.locator("#qt-login").fill(who.login)
    page.locator("#qt-password").fill(who.password)
    page.locator("#qt-code").fill(today.code(who))
    page.clock.set_fixed_time(today.arriving.stage.clock() + timedelta(minutes=minutes_off))
    page.keyboard.press("Enter")
    page.locator("#relay-booking option").nth(1).wait_for(state="attached")
    page.locator("#relay-zone option").nth(1).wait_for(state="attached")


def at(today: Day, language: str = "zh-CN") -> str:
    return f"{today.address}/desk?lang={language}#/relay"


def put(page: "Page", name: str, reason: str) -> None:
    page.locator("#relay-booking").select_option(index=1)
    page.locator("#relay-zone").select_option(index=1)
    page.locator("#relay-direction").select_option("in")
    page.locator("#relay-file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": CONTENT}
    )
    page.locator("#relay-reason").fill(reason)
    page.get_by_role("button", name="签名并放入").focus()
    page.keyboard.press("Enter")


@pytest.fixture(scope="module")
def laid(browser: "Browser", today: Day) -> None:
    """Something lies in the box."""
    with visit(browser, at(today), size=WIDE) as page:
        enter(page, today, "desk.one")
        put(page, "before.txt", "评标前的通知")
        page.get_by_role("button", name="取出并核对 before.txt").wait_for()


def ours(page: "Page") -> "Locator":
    """The item of this story: other tests put theirs into the same box."""
    return page.locator("article").filter(has_text="澄清.txt")


def test_what_goes_in_comes_out_signed_by_two_with_one_digest(
    browser: "Browser", today: Day, shots: Path
) -> None:
    with visit(browser, at(today), size=WIDE) as page:
        enter(page, today, "desk.one")
        page.get_by_role("button", name="签名并放入").focus()
        page.keyboard.press("Enter")
        page.get_by_text("请选择预订、中转区和文件").wait_for()
        put(page, "澄清.txt", "投标人澄清")
        page.get_by_text("已放入，等待签收").wait_for()
        assert hashlib.sha256(CONTENT).hexdigest() in ours(page).inner_text()
        check_reading(page, shots, "put")
    with visit(browser, at(today), size=WIDE) as page:
        enter(page, today, "desk.two")
        page.get_by_role("button", name="取出并核对 澄清.txt").focus()
        page.keyboard.press("Enter")
        page.get_by_text("收到的内容与放入时的摘要一致").wait_for()
        with page.expect_download() as saved:
            page.get_by_role("link", name="保存 澄清.txt").click()
        assert Path(saved.value.path()).read_bytes() == CONTENT
        ours(page).get_by_role("button", name="签名并签收").click()
        page.get_by_text("请写明原因").wait_for()
        ours(page).locator("input").fill("交评标委员会")
        page.keyboard.press("Enter")
        page.get_by_text("已签收。").wait_for()
        assert "交评标委员会" in ours(page).inner_text()
        assert page.get_by_role("button", name="取出并核对 澄清.txt").count() == 0


def test_a_clock_that_is_off_makes_a_signature_that_counts_for_nothing(
    browser: "Browser", today: Day
) -> None:
    with visit(browser, at(today), size=WIDE) as page:
        enter(page, today, "desk.one", minutes_off=6)
        put(page, "late.txt", "迟到的文件")
        page.get_by_role("alert").filter(has_text="密钥签名").wait_for()
    with visit(browser, at(today), size=WIDE) as page:
        enter(page, today, "desk.one")
        put(page, "timely.txt", "按时的文件")
        page.get_by_role("button", name="取出并核对 timely.txt").wait_for()
        assert page.locator("article").filter(has_text="late.txt").count() == 0


def test_what_was_changed_in_the_box_is_not_given_out(browser: "Browser", today: Day) -> None:
    with visit(browser, at(today), size=WIDE) as page:
        enter(page, today, "desk.one")
        put(page, "changed.txt", "更正")
        page.get_by_text("已放入，等待签收").wait_for()

        async def change(arriving: Arriving) -> None:
            """Somebody exchanges the digest that two people compare."""
            async with arriving.platform.database.write() as uow:
                await uow.relay._connection.execute(update(relay_items).values(digest="0" * 64))

        today.do(change)
        page.get_by_role("button", name="取出并核对 changed.txt").click()
        page.get_by_role("alert").filter(has_text="已损坏").wait_for()
        assert page.get_by_role("button", name="签名并签收").count() == 0


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", SIZES)
def test_the_screen_reads_well_in_both_languages(
    browser: "Browser", today: Day, laid: None, shots: Path, *, language: str, name: str
) -> None:
    with visit(browser, at(today, language), size=SIZES[name]) as page:
        enter(page, today, "desk.one")
        page.locator("article").first.wait_for()
        check_reading(page, shots, f"relay-{name}-{language}")
