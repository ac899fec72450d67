"""The pages of site staff in a browser: from the card to the chair, by keyboard, with a scanner.

Real accounts with two factors, real letters, simulated devices with keys of their own. No page tells a name
but that of the person who stands at the desk, and none keeps it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.arriving import CITY, COUNTY, Arriving, ask_again, book_again
from tests.support.calling import Letter
from tests.support.desk_served import Day, day
from tests.support.people import Person
from tests.support.venues import seats
from tests.support.visits import PHONE, PHONE_ZOOMED, WIDE, ZOOMED, check_reading, press, read_in_both, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
TABLET = {"width": 820, "height": 1180}
SIZES = {
    "phone": PHONE,
    "phone-zoomed": PHONE_ZOOMED,
    "tablet": TABLET,
    "wide": WIDE,
    "zoomed": ZOOMED,
}
SCREENS = ("check-in", "expected", "bookings", "seats", "relay", "tasks", "passes")


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """One day at two sites for the module; desk.one works at the city's desk, far.one at the county's.

    The draw sends two to four people to the city; three are needed here.
    """
    while True:
        with day(tmp_path_factory.mktemp("desk")) as running:
            if len(running.arriving.letters[CITY]) < 3:
                continue
            running.employ("desk.one")
            running.employ("far.one", site=COUNTY)
            yield running
            return


@pytest.fixture
def asked_again(today: Day) -> Iterator[None]:
    """Both centres have to answer anew; once the test is over both have: nobody is seated without."""
    today.do(ask_again)
    yield
    today.do(book_again)


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the pages are kept."""
    return tmp_path_factory.mktemp("shots-desk")


def sign_in(page: "Page", today: Day, login: str = "desk.one") -> None:
    who: Person = today.staff[login]
    page.locator("#qt-login").fill(who.login)
    page.locator("#qt-password").fill(who.password)
    page.locator("#qt-code").fill(today.code(who))
    page.keyboard.press("Enter")
    page.locator(".site strong").first.wait_for()


def at(today: Day, screen: str, language: str = "zh-CN") -> str:
    return f"{today.address}/desk?lang={language}#/{screen}"


def shown(today: Day, letter: Letter) -> tuple[str, str, str]:
    """Document number, arrival code and name of whoever has a letter."""

    async def work(arriving: Arriving) -> tuple[str, str, str]:
        return await arriving.document(letter), letter.keys.arrival_code, await arriving.name(letter)

    return today.do(work)


def scan(page: "Page", document: str) -> None:
    """A keyboard-wedge scanner types into whatever has the focus and ends with Enter."""
    page.keyboard.type(document)
    page.keyboard.press("Enter")


def passed(today: Day, direction: str = "in") -> None:
    """The gate says that whoever it was open for has passed."""

    async def work(arriving: Arriving) -> None:
        gate = arriving.devices[f"gate {CITY}"]
        async with arriving.platform.database.read() as uow:
            (passage,) = await uow.gates.open_passages(gate)
        await arriving.event(f"gate {CITY}", "passed", passage=passage.id, direction=direction)

    today.do(work)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_every_screen_reads_well_in_both_languages(
    browser: "Browser", today: Day, shots: Path, language: str, size: str
) -> None:
    with visit(browser, at(today, "check-in", language), size=SIZES[size]) as page:
        page.locator("#qt-login").wait_for()
        sign_in(page, today)
        for screen in SCREENS:
            page.evaluate(f"location.hash = '#/{screen}'")
            page.locator(f'nav a[href="#/{screen}"][aria-current="page"]').wait_for()
            page.locator("main .card").first.wait_for()
            assert CITY in page.locator(".site strong").inner_text()
            check_reading(page, shots, f"{screen}-{size}-{language}")


def test_each_roles_work_pass_has_its_own_colour_and_word_on_paper_too(
    browser: "Browser", today: Day, shots: Path
) -> None:
    """HB 25(3): passes of different colours; a word beside each for who cannot tell them apart (R19)."""
    colours: dict[str, str] = {}
    with visit(browser, at(today, "passes"), size=WIDE) as page:
        sign_in(page, today)
        page.locator(".work-pass").wait_for()
        for role in page.locator("#pass-role option").all_inner_texts():
            page.get_by_label("角色").select_option(label=role)
            page.emulate_media(media="print")
            band = page.locator(".work-pass .band")
            assert band.inner_text() == role
            colours[role] = band.evaluate("one => getComputedStyle(one).backgroundColor")
            assert not page.get_by_role("button", name="打印工作牌").is_visible()
            assert page.locator("h1").is_hidden()
            page.emulate_media(media="screen")
        check_reading(page, shots, "work-pass")
    assert len(set(colours.values())) == len(colours) == 5


def test_from_the_card_to_the_seat_with_a_scanner_and_no_mouse(
    browser: "Browser", today: Day, shots: Path
) -> None:
    document, code, name = shown(today, today.arriving.letters[CITY][0])
    with visit(browser, at(today, "check-in"), size=WIDE) as page:
        sign_in(page, today)
        page.locator("#document:focus").wait_for()
        scan(page, document)
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.get_by_text("核验一致").wait_for()
        assert name in page.locator(".light").inner_text()
        assert "按时到达" in page.locator(".light").inner_text()
        check_reading(page, shots, "matched")
        page.locator("#locker").focus()
        page.keyboard.type("A-31")
        page.locator("#expert-name").focus()
        page.keyboard.type("张三")
        page.locator("#staff-name").focus()
        page.keyboard.type("李四")
        page.keyboard.press("Enter")
        page.get_by_text("储物柜 A-31 已锁上").wait_for()
        check_reading(page, shots, "deposited")
        page.get_by_role("button", name="生成凭条").press("Enter")
        page.locator(".ticket code").wait_for()
        # Worn for all to see: the role by colour and word, and no name.
        assert "评标专家" in page.locator(".work-pass").inner_text()
        assert name not in page.locator(".work-pass").inner_text()
        check_reading(page, shots, "pass")
        page.get_by_role("button", name="开闸").press("Enter")
        page.get_by_text("闸门打开").wait_for()
        passed(today)
        page.reload()
        # The address leads back to nobody: the name is gone with the page.
        page.locator("#document").wait_for()
        assert name not in page.content()
        page.get_by_role("link", name="今日应到").press("Enter")
        # The list names nobody; of all who came today only this person is inside and has no seat.
        only = page.locator("tbody tr").filter(has_text="已入场")
        only.get_by_role("link", name=re.compile("查看")).press("Enter")
        page.get_by_role("button", name="分配席位").press("Enter")
        page.get_by_text("席位登录码").wait_for()
        check_reading(page, shots, "seated")
        assert re.fullmatch(r"\d{8}", page.locator(".ticket code").last.inner_text())
        page.get_by_role("button", name="下一位").press("Enter")
        page.locator("#document:focus").wait_for()
        stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        assert name not in stored
        assert document not in stored


def test_a_drawn_signature_counts_and_a_missing_one_is_asked_for(browser: "Browser", today: Day) -> None:
    document, code, _ = shown(today, today.arriving.letters[CITY][1])
    with visit(browser, at(today, "check-in"), size=TABLET) as page:
        sign_in(page, today)
        page.locator("#document").fill(document)
        page.locator("#arrival-code").fill(f"{code[:4]} {code[4:]}")
        page.get_by_role("button", name="核验").click()
        page.locator("#locker").fill("B-02")
        page.get_by_role("button", name="双方签名，寄存").click()
        page.get_by_text("双方都须签名").wait_for()
        for canvas in page.locator("canvas").all():
            draw(page, canvas)
        page.get_by_role("button", name="双方签名，寄存").click()
        page.get_by_text("储物柜 B-02").first.wait_for()


def test_things_are_given_back_only_after_the_supervisors_release(browser: "Browser", today: Day) -> None:
    letter = today.arriving.letters[CITY][2]
    arrival = today.do(lambda arriving: arriving.inside(letter, "C-03"))
    with visit(browser, f"{today.address}/desk#/check-in/{arrival}", size=WIDE) as page:
        sign_in(page, today)
        page.get_by_role("button", name="开闸").click()
        page.get_by_text("未放行即离场").wait_for()
        passed(today, "out")
        page.reload()
        page.get_by_text("监督人放行后才能取回物品").wait_for()

        async def release(arriving: Arriving) -> int:
            path = f"/desk/arrivals/{arrival}/release"
            return (await arriving.post("sven", path, {"reason": "回避，不再返场"})).status_code

        assert today.do(release) == 200
        page.reload()
        for field in ("expert-name", "staff-name"):
            page.locator(f"#{field}").fill("王五")
        page.get_by_role("button", name="双方签名，取回").click()
        page.get_by_text("储物柜 C-03").first.wait_for()
        page.get_by_text("已取回物品").wait_for()


def draw(page: "Page", canvas: Any) -> None:
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 90, steps=5)
    page.mouse.move(box["x"] + 200, box["y"] + 30, steps=5)
    page.mouse.up()


def test_whoever_keeps_the_phone_is_turned_away_with_a_reason(
    browser: "Browser", today: Day, shots: Path
) -> None:
    document, code, name = shown(today, today.arriving.letters[COUNTY][-1])
    with visit(browser, at(today, "check-in"), size=WIDE) as page:
        sign_in(page, today, "far.one")
        page.locator("#document:focus").wait_for()
        scan(page, document)
        scan(page, code)
        page.get_by_text("核验一致").wait_for()
        page.get_by_text("劝退……").focus()
        page.keyboard.press("Enter")
        press(page, "确认劝退")
        page.get_by_role("alert").filter(has_text="请选择理由并写明情况").wait_for()
        read_in_both(page, shots, "turn-away")
        page.locator("#turn-away-reason").select_option("devices")
        page.locator("#turn-away-words").fill("不愿寄存手机")
        press(page, "确认劝退")
        page.get_by_text("已劝退并记录").wait_for()
        check_reading(page, shots, "turned-away")
        page.get_by_role("link", name="今日应到").press("Enter")
        page.locator("tbody tr").filter(has_text="已劝退").wait_for()
        assert name not in page.content()


def test_a_wrong_site_and_a_wrong_code_look_the_same_and_leave_nothing(
    browser: "Browser", today: Day, shots: Path
) -> None:
    document, code, name = shown(today, today.arriving.letters[COUNTY][0])
    said = []
    with visit(browser, at(today, "check-in"), size=WIDE) as page:
        sign_in(page, today)
        scan(page, document)
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        said.append(page.locator(".light.bad").inner_text())
        check_reading(page, shots, "refused")
        # The next scan finds its field.
        page.locator("#document:focus").wait_for()
    with visit(browser, at(today, "check-in"), size=WIDE) as page:
        sign_in(page, today, "far.one")
        scan(page, document)
        page.keyboard.type("00000000")
        page.keyboard.press("Enter")
        said.append(page.locator(".light.bad").inner_text())
        assert page.locator("#document").input_value() == ""
        assert name not in page.content()
    assert said[0] == said[1]


def test_what_is_no_document_is_told_before_anything_is_asked(browser: "Browser", today: Day) -> None:
    with visit(browser, at(today, "check-in"), size=WIDE) as page:
        sign_in(page, today)
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url) if one.method == "POST" else None)
        scan(page, "12")
        page.get_by_text("请重新扫描").wait_for()
        page.locator("#document").fill("350102199001010011")
        page.locator("#arrival-code").fill("123")
        page.keyboard.press("Enter")
        page.get_by_text("请再问一遍").wait_for()
        assert asked == []


def test_the_list_of_expected_people_names_nobody(browser: "Browser", today: Day) -> None:
    names = [shown(today, one)[2] for site in (CITY, COUNTY) for one in today.arriving.letters[site]]
    with visit(browser, at(today, "expected"), size=WIDE) as page:
        sign_in(page, today)
        page.locator("tbody tr").first.wait_for()
        assert page.locator("tbody tr").count() == len(today.arriving.letters[CITY])
        assert not [name for name in names if name in page.content()]


@pytest.mark.usefixtures("asked_again")
def test_a_booking_is_confirmed_and_a_seat_that_broke_is_swapped(
    browser: "Browser", today: Day, shots: Path
) -> None:
    broken = seats(CITY, "e1", 1)[0]
    with visit(browser, at(today, "seats"), size=WIDE) as page:
        sign_in(page, today)
        page.locator(f"#report-{broken}").click()
        page.locator("#report-part").select_option("camera")
        page.get_by_role("button", name="提交报告").click()
        page.get_by_text("请写一句说明").wait_for()
        page.locator("#report-note").fill("黑屏")
        page.keyboard.press("Enter")
        page.get_by_text(f"{broken} 的报告已存").wait_for()
        check_reading(page, shots, "faulty")
        # One word over a whole seat says whose it is, and that the seat itself has checked nothing.
        stated = seats(CITY, "e1", 3)[0]
        seat = page.locator(".seats > li", has=page.locator(f"#report-{stated}"))
        page.locator(f"#report-{stated}").click()
        page.get_by_role("button", name="声明五项均正常").press("Enter")
        page.get_by_text(f"{stated} 的报告已存").wait_for()
        seat.get_by_text("席位从未自检").wait_for()
        seat.locator("summary").press("Enter")
        seat.get_by_text("人工整席声明").first.wait_for()
        assert seat.get_by_text("人工整席声明").count() == 5
        check_reading(page, shots, "stated")
        page.get_by_role("link", name="待办").click()
        page.get_by_text("已预订而未就绪的席位").wait_for()
        page.get_by_role("link", name="去确认").click()
        page.get_by_role("button", name="确认", exact=True).click()
        page.get_by_text("已确认。").wait_for()
        page.get_by_text("席位与更换").click()
        page.get_by_role("button", name=f"更换 {broken}").click()
        page.get_by_text(f"{broken} 已换为").wait_for()
        check_reading(page, shots, "swapped")


@pytest.mark.usefixtures("asked_again")
def test_a_booking_is_returned_only_with_a_reason(browser: "Browser", today: Day) -> None:
    with visit(browser, at(today, "bookings"), size=PHONE) as page:
        sign_in(page, today, "far.one")
        page.get_by_role("button", name="退回…").click()
        page.get_by_role("button", name="退回预订").click()
        page.get_by_text("请写明原因").wait_for()
        page.get_by_label("退回原因").fill("当日停电检修")
        page.keyboard.press("Enter")
        page.get_by_text("已退回，席位已释放").wait_for()
        assert "退回原因：当日停电检修" in page.locator("article").inner_text()


def test_a_detectors_alarm_is_a_task_until_it_is_settled_with_a_note(
    browser: "Browser", today: Day, shots: Path
) -> None:
    async def alarm(arriving: Arriving) -> None:
        await arriving.event(f"detector {CITY}", "alarm")

    today.do(alarm)
    with visit(browser, at(today, "tasks"), size=WIDE) as page:
        sign_in(page, today)
        page.get_by_role("heading", name="检测器报警").wait_for()
        check_reading(page, shots, "alarm")
        task = page.locator("form").filter(has_text="检测器报警")
        task.get_by_role("button", name="处置完毕").click()
        task.get_by_text("请写明原因").wait_for()
        task.get_by_label("处置情况").fill("皮带扣，复检通过")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="检测器报警").wait_for(state="detached")


def test_a_desk_without_a_session_asks_to_sign_in_and_an_ended_one_says_so(
    browser: "Browser", today: Day
) -> None:
    with visit(browser, at(today, "expected"), size=WIDE) as page:
        sign_in(page, today)
        page.locator("tbody tr").first.wait_for()
        page.context.clear_cookies()
        page.get_by_role("button", name="刷新").click()
        page.get_by_text("登录已结束").wait_for()
        assert page.locator("tbody tr").count() == 0


def test_an_account_of_no_site_has_no_desk(browser: "Browser", today: Day) -> None:
    today.employ("op.one", "operator", None)
    with visit(browser, at(today, "check-in"), size=WIDE) as page:
        who = today.staff["op.one"]
        page.locator("#qt-login").fill(who.login)
        page.locator("#qt-password").fill(who.password)
        page.locator("#qt-code").fill(today.code(who))
        page.keyboard.press("Enter")
        page.get_by_text("没有绑定场地").wait_for()
