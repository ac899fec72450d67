"""Accounts in the console: added by one person, approved by another, disabled and reset; by role."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import people
from tests.support.people import Person
from tests.support.served import Served, served
from tests.support.service import Service
from tests.support.venues import CITY, plan
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, press, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}
STAFF = {
    "op.one": "operator",
    "op.two": "operator",
    "op.three": "operator",
    "sup.one": "supervisor",
    "sup.two": "supervisor",
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server with two centres."""
    with served(tmp_path_factory.mktemp("accounts")) as running:

        async def furnish(api: Service) -> None:
            assert (await api.post("bob", "/v1/venues", plan())).status_code == 201

        running.do(furnish)
        yield running


@pytest.fixture(scope="module")
def staff(platform: Served) -> dict[str, Person]:
    """Three operators, two supervisors: of each kind two have to remain."""

    async def work(api: Service) -> dict[str, Person]:
        return {login: await people.person(api, login, role) for login, role in STAFF.items()}

    return platform.do(work)


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page are kept."""
    return tmp_path_factory.mktemp("shots-accounts")


def at(platform: Served, language: str = "zh-CN") -> str:
    return f"{platform.address}/console?lang={language}#/accounts"


def enter(page: "Page", platform: Served, who: Person) -> None:
    async def work(api: Service) -> str:
        return people.next_code(api, who)

    page.locator("#qt-login").fill(who.login)
    page.locator("#qt-password").fill(who.password)
    page.locator("#qt-code").fill(platform.do(work))
    page.keyboard.press("Enter")
    page.locator("nav").wait_for()
    page.locator("main li.card").first.wait_for()


def add(page: "Page", login: str) -> None:
    """A new account of the city's staff, by keyboard."""
    page.get_by_text("新增账号……").focus()
    page.keyboard.press("Enter")
    press(page, "新增")
    page.get_by_role("alert").filter(has_text="请填写登录名").wait_for()
    page.locator("#account-login").fill(login)
    page.locator("#account-name").fill("李工")
    page.locator("#account-role").select_option("site")
    page.locator("#account-site").select_option(CITY)
    press(page, "新增")


def test_one_person_adds_an_account_and_another_approves_it(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path
) -> None:
    with visit(browser, at(platform), size=WIDE) as page:
        enter(page, platform, staff["op.one"])
        kinds = page.locator("#account-role option").all_text_contents()
        assert [one.strip() for one in kinds] == ["请选择", "代理机构", "工作人员", "场地人员"]
        add(page, "new.desk")
        page.get_by_role("heading", name="new.desk 的启用码").wait_for()
        code = page.locator("main [role=status] code").inner_text()
        check_reading(page, shots, "added")
        card = page.get_by_role("listitem").filter(has_text="new.desk")
        card.get_by_text("您新增或重置的账号须由另一人核准").wait_for()
        assert card.get_by_role("button", name="核准").count() == 0
        page.reload()
        page.locator("main li.card").first.wait_for()
        assert code not in page.content()
        kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        assert code not in kept
    with visit(browser, at(platform), size=WIDE) as page:
        enter(page, platform, staff["sup.one"])
        press(page, "核准 new.desk")
        page.get_by_text("new.desk 已核准").wait_for()
        card = page.get_by_role("listitem").filter(has_text="new.desk")
        card.get_by_text("待启用").wait_for()
        # Accounts of site staff are the operators' to end.
        assert card.get_by_text("重置或停用").count() == 0


def test_an_account_is_reset_and_disabled_only_with_a_confirmation_and_two_of_a_kind_remain(
    browser: "Browser", platform: Served, staff: dict[str, Person]
) -> None:
    with visit(browser, at(platform), size=WIDE) as page:
        enter(page, platform, staff["op.one"])
        assert page.get_by_text("重置或停用 op.one").count() == 0
        assert page.get_by_text("重置或停用 sup.one").count() == 0
        page.get_by_text("重置或停用 op.three……").focus()
        page.keyboard.press("Enter")
        press(page, "停用 op.three")
        page.get_by_role("alert").filter(has_text="请先勾选确认").wait_for()
        page.get_by_label("我确认要更改 op.three").check()
        press(page, "重置 op.three")
        page.get_by_role("heading", name="op.three 的启用码").wait_for()
        page.get_by_role("listitem").filter(has_text="op.three").get_by_text("待核准").wait_for()
        page.get_by_text("重置或停用 op.three……").click()
        page.get_by_label("我确认要更改 op.three").check()
        press(page, "停用 op.three")
        page.get_by_text("op.three 已停用").wait_for()
        page.get_by_text("重置或停用 op.two……").click()
        page.get_by_label("我确认要更改 op.two").check()
        press(page, "停用 op.two")
        page.get_by_role("alert").filter(has_text="两").wait_for()
        assert page.get_by_role("listitem").filter(has_text="op.two").get_by_text("可使用").count() == 1


def test_what_is_wrong_with_an_account_is_told_whole(
    browser: "Browser", platform: Served, staff: dict[str, Person]
) -> None:
    with visit(browser, at(platform), size=WIDE) as page:
        enter(page, platform, staff["op.one"])
        page.get_by_text("新增账号……").click()
        page.locator("#account-login").fill("大写 Name")
        page.locator("#account-name").fill("某人")
        page.locator("#account-role").select_option("agency")
        page.locator("#account-agency").fill("agy_nobody")
        press(page, "新增")
        alert = page.get_by_role("alert")
        alert.filter(has_text="登录名为 3 至 64 个").wait_for()
        assert "没有该代理机构" in alert.inner_text()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", SIZES)
def test_the_screen_reads_well_in_both_languages(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path, *, language: str, name: str
) -> None:
    with visit(browser, at(platform, language), size=SIZES[name]) as page:
        enter(page, platform, staff["op.one"])
        for closed in page.locator("details").all():
            closed.evaluate("one => { one.open = true; }")
        check_reading(page, shots, f"accounts-{name}-{language}")
