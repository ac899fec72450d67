"""A seat's browser: enrolled by two persons, then opened by the slip of whoever chance seated there."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.arriving import CITY, Arriving
from tests.support.desk_served import Day, day
from tests.support.visits import PHONE, PHONE_ZOOMED, WIDE, ZOOMED, check_reading, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "phone-zoomed": PHONE_ZOOMED, "wide": WIDE, "zoomed": ZOOMED}


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with day(tmp_path_factory.mktemp("seat")) as running:
        running.employ("desk.one")
        yield running


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shots-seat")


def sign_in(page: "Page", today: Day) -> None:
    who = today.staff["desk.one"]
    page.locator("#qt-login").fill(who.login)
    page.locator("#qt-password").fill(who.password)
    page.locator("#qt-code").fill(today.code(who))
    page.keyboard.press("Enter")
    page.locator("#seat").wait_for()


def approve(today: Day, seat: str, thumbprint: str) -> int:
    async def work(arriving: Arriving) -> int:
        body = {"thumbprint": thumbprint}
        return (await arriving.post("olga", f"/seats/{seat}/approvals", body)).status_code

    return today.do(work)


def slip_of(today: Day, which: int) -> tuple[str, str]:
    """Seat and code of somebody who came through the gate."""

    async def work(arriving: Arriving) -> tuple[str, str]:
        letter = arriving.letters[CITY][which]
        arrival = await arriving.inside(letter, f"S-{which}")
        given = await arriving.seat(arrival)
        return given["seat"], given["slip"]

    return today.do(work)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_enrolment_reads_well_in_both_languages(
    browser: "Browser", today: Day, shots: Path, language: str, size: str
) -> None:
    with visit(browser, f"{today.address}/seat?lang={language}", size=SIZES[size]) as page:
        page.locator("#qt-login").wait_for()
        check_reading(page, shots, f"sign-in-{size}-{language}")
        sign_in(page, today)
        check_reading(page, shots, f"choose-{size}-{language}")


def test_two_persons_enrol_a_seat_and_the_slip_opens_it_without_a_mouse(
    browser: "Browser", today: Day, shots: Path
) -> None:
    seat, slip = slip_of(today, 0)
    with visit(browser, f"{today.address}/seat", size=WIDE) as page:
        page.locator("#qt-login").wait_for()
        sign_in(page, today)
        page.locator("#seat").select_option(seat)
        page.get_by_role("button", name="生成密钥并提交").press("Enter")
        page.get_by_text("等待另一人批准").wait_for()
        check_reading(page, shots, "waiting")
        thumbprint = page.locator(".thumbprint code").inner_text().replace(" ", "")
        assert approve(today, seat, thumbprint) == 200
        page.get_by_text("另一人已批准").wait_for()
        check_reading(page, shots, "approved")
        page.get_by_role("button", name="退出登录，交给席位使用").press("Enter")
        page.locator("#slip:focus").wait_for()
        check_reading(page, shots, "slip")
        page.keyboard.type("12345678")
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        page.keyboard.type(f"{slip[:4]} {slip[4:]}")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="已就座").wait_for()
        check_reading(page, shots, "seated")
        kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert slip not in kept
        page.get_by_role("button", name="离开席位").press("Enter")
        page.locator("#slip:focus").wait_for()


def test_the_key_cannot_be_taken_out_and_another_browser_cannot_use_the_slip(
    browser: "Browser", today: Day
) -> None:
    seat, slip = slip_of(today, 1)
    with visit(browser, f"{today.address}/seat", size=WIDE) as page:
        page.locator("#qt-login").wait_for()
        sign_in(page, today)
        page.locator("#seat").select_option(seat)
        page.get_by_role("button", name="生成密钥并提交").click()
        page.get_by_text("等待另一人批准").wait_for()
        taken = page.evaluate(
            """async () => {
                const open = indexedDB.open("qiantong-seat", 1);
                await new Promise((done) => { open.onsuccess = done; });
                const get = open.result.transaction("key").objectStore("key").get("only");
                await new Promise((done) => { get.onsuccess = done; });
                try {
                    return await crypto.subtle.exportKey("jwk", get.result.pair.privateKey);
                } catch (error) {
                    return error.name;
                }
            }"""
        )
        assert taken == "InvalidAccessError"
        # Not approved yet: a seat whose key one person alone proposed opens to no slip.
        page.reload()
        page.locator("#slip").fill(slip)
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        assert page.get_by_role("heading", name="已就座").count() == 0
    with visit(browser, f"{today.address}/seat", size=WIDE) as page:
        # A browser without a key has no field for a slip at all.
        page.locator("#qt-login").wait_for()
        assert page.locator("#slip").count() == 0
