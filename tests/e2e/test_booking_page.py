"""Booking seats in the console: search over two centres, all faults in words, answers, change, cancelling."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import people
from tests.support.people import Person
from tests.support.served import Served, served
from tests.support.service import Service, order, project
from tests.support.venues import CITY, COUNTY, EVALUATION, PLACES, STAFF, hire, plan
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, press, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server with two centres and keys for their staff; every test brings a draw of its own."""
    with served(tmp_path_factory.mktemp("booking")) as running:
        running.do(furnish)
        yield running


@pytest.fixture(scope="module")
def staff(platform: Served) -> dict[str, Person]:
    """An operator and a supervisor with accounts."""

    async def work(api: Service) -> dict[str, Person]:
        return {
            "olga": await people.person(api, "olga.operator", "operator"),
            "sven": await people.person(api, "sven.supervisor", "supervisor"),
        }

    return platform.do(work)


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page are kept."""
    return tmp_path_factory.mktemp("shots-booking")


async def furnish(api: Service) -> None:
    await hire(api, **STAFF)
    assert (await api.post("bob", "/v1/venues", plan())).status_code == 201


def drawn(platform: Served, name: str) -> str:
    """A drawn draw over two places."""

    async def work(api: Service) -> str:
        registered = project(project=name, title=f"工程 {name}", evaluation=EVALUATION)
        assert (await api.post("alice", "/v1/projects", registered)).status_code == 201
        asked = order(project=name, invitations="logged")
        asked["parameters"]["sites"] = PLACES
        answer = await api.post("alice", "/v1/draws", asked)
        assert answer.status_code == 201, answer.text
        draw = str(answer.json()["id"])
        assert (await api.post("bob", f"/v1/draws/{draw}:run")).status_code == 200
        return draw

    return platform.do(work)


def free_again(platform: Served, draw: str) -> None:
    """Give back what a test has booked: the centres are small."""

    async def work(api: Service) -> None:
        (found,) = (await api.get("bob", f"/v1/bookings?draw={draw}")).json()["items"]
        if found["state"] != "cancelled":
            done = await api.post("bob", f"/v1/bookings/{found['id']}:cancel", {"reason": "试毕"})
            assert done.status_code == 200, done.text

    platform.do(work)


def decide(platform: Served, draw: str, person: str, decision: str, **more: str) -> None:
    """A centre answers."""

    async def work(api: Service) -> None:
        (found,) = (await api.get("bob", f"/v1/bookings?draw={draw}")).json()["items"]
        body = {"revision": found["revision"]} | more
        answer = await api.post(person, f"/v1/bookings/{found['id']}:{decision}", body)
        assert answer.status_code == 200, answer.text

    platform.do(work)


def enter(page: "Page", platform: Served, who: Person) -> None:
    async def work(api: Service) -> str:
        return people.next_code(api, who)

    page.locator("#qt-login").fill(who.login)
    page.locator("#qt-password").fill(who.password)
    page.locator("#qt-code").fill(platform.do(work))
    page.keyboard.press("Enter")
    page.locator("nav").wait_for()


def at(platform: Served, draw: str, language: str = "zh-CN") -> str:
    return f"{platform.address}/console?lang={language}#/draws/{draw}/booking"


def fill(page: "Page", *numbers: int) -> None:
    for index, (site, number) in enumerate(zip((CITY, COUNTY), numbers, strict=True)):
        page.locator(f"#centre-{index}").select_option(site)
        page.locator(f"#experts-{index}").fill(str(number))


def test_seats_over_two_centres_are_found_asked_for_returned_changed_and_given_back(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path
) -> None:
    draw = drawn(platform, "two-centres")
    with visit(browser, f"{platform.address}/console#/draws/{draw}", size=WIDE) as page:
        enter(page, platform, staff["olga"])
        page.get_by_role("link", name="预订席位").first.focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="申请席位").wait_for()
        press(page, "提出申请")
        page.get_by_role("alert").filter(has_text="为每个场地选择中心和人数").wait_for()
        fill(page, 3, 2)
        press(page, "查找空席")
        page.get_by_text("该时段空闲 12 席，已按人数填入").first.wait_for()
        assert len(page.locator("#seats-0").input_value().split()) == 3
        press(page, "提出申请")
        page.get_by_text("已提出，各中心会收到待办").wait_for()
        assert page.locator("main .badge", has_text="待中心答复").count() == 3
        check_reading(page, shots, "asked")
        decide(platform, draw, "dana", "confirm")
        decide(platform, draw, "carlo", "return", reason="当日检修")
        page.reload()
        page.get_by_text("原因：当日检修").wait_for()
        page.get_by_text("变更预订……").focus()
        page.keyboard.press("Enter")
        page.locator("#experts-0").fill("4")
        page.locator("#experts-1").fill("1")
        press(page, "查找空席")
        page.get_by_text("已按人数填入").first.wait_for()
        press(page, "提出变更")
        page.get_by_role("alert").filter(has_text="请写明理由").wait_for()
        page.locator("#book-reason").fill("县中心检修，改为一席")
        press(page, "提出变更")
        page.get_by_text("第 2 版").wait_for()
        page.get_by_text("撤销预订……").focus()
        page.keyboard.press("Enter")
        page.locator("#cancel-why").fill("延期")
        press(page, "确认撤销")
        page.get_by_text("已撤销，席位已退还").wait_for()
        page.get_by_role("heading", name="申请席位").wait_for()


def test_every_fault_of_an_order_is_told_at_once_with_its_centre(
    browser: "Browser", platform: Served, staff: dict[str, Person]
) -> None:
    draw = drawn(platform, "faulty")
    with visit(browser, at(platform, draw), size=WIDE) as page:
        enter(page, platform, staff["olga"])
        page.locator("#centre-0").wait_for()
        fill(page, 1, 2)
        page.locator("input[name=main]").nth(1).check()
        page.locator("#book-from").fill("2026-11-24T09:30")
        page.locator("#seats-0").fill(f"{CITY}-e1-99")
        page.locator("#seats-1").fill(f"{COUNTY}-e1-1, {COUNTY}-e1-1")
        press(page, "提出申请")
        alert = page.get_by_role("alert")
        alert.filter(has_text="预订晚于评标开始").wait_for()
        told = alert.inner_text()
        for one in (
            f"{CITY} 交易中心 {CITY}-e1-99：该场地没有此席位",
            f"{CITY} 交易中心：人数应在该场地名额的 2 至 4 之间",
            f"{COUNTY} 交易中心 {COUNTY}-e1-1：同一席位出现两次",
            f"{COUNTY} 交易中心：该场地不承担此角色",
            "少于应抽取的 5 人",
        ):
            assert one in told, told


def test_a_supervisor_sees_the_answers_and_orders_nothing(
    browser: "Browser", platform: Served, staff: dict[str, Person]
) -> None:
    draw = drawn(platform, "watched")
    with visit(browser, at(platform, draw), size=WIDE) as page:
        enter(page, platform, staff["sven"])
        page.get_by_text("尚未预订").wait_for()
        assert page.locator("form").count() == 0


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", SIZES)
def test_the_screen_reads_well_in_both_languages(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path, *, language: str, name: str
) -> None:
    draw = drawn(platform, f"look-{name}-{language[:2].lower()}")
    with visit(browser, at(platform, draw, language), size=SIZES[name]) as page:
        enter(page, platform, staff["olga"])
        page.locator("#centre-0").wait_for()
        fill(page, 3, 2)
        page.locator("button[type=button]", has_text="空席" if language == "zh-CN" else "free seats").click()
        page.locator("#free-0", has_text="12").wait_for()
        check_reading(page, shots, f"apply-{name}-{language}")
        page.locator("main button[type=submit]").click()
        page.locator("main table").wait_for()
        for closed in page.locator("details").all():
            closed.evaluate("one => { one.open = true; }")
        check_reading(page, shots, f"booked-{name}-{language}")
    free_again(platform, draw)
