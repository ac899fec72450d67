"""A draw terminal in a browser: enrolled by two persons before it; two persons start a draw at it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.api.principals import RateLimiter
from tests.support import people
from tests.support.draw_rooms import ROOM, Terminal, plan, requested
from tests.support.people import Person
from tests.support.served import Served, served
from tests.support.service import Service
from tests.support.venues import CITY, STAFF, hire
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, press, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server whose draws start at the terminals of one site."""

    async def furnish(api: Service) -> None:
        api.app.state.limiter = RateLimiter(sign_ins="10000/minute")
        object.__setattr__(api.platform, "draw_sites", (CITY,))
        assert (await api.post("bob", "/v1/venues", plan())).status_code == 201

    with served(tmp_path_factory.mktemp("terminal")) as running:
        running.do(furnish)
        yield running


@pytest.fixture(scope="module")
def staff(platform: Served) -> dict[str, Person]:
    """Somebody of the site, an operator and a supervisor, each with an account."""

    async def work(api: Service) -> dict[str, Person]:
        return {
            "dana": await people.person(api, "dana.desk", "site", site=CITY),
            "olga": await people.person(api, "olga.operator", "operator"),
            "sven": await people.person(api, "sven.supervisor", "supervisor"),
        }

    return platform.do(work)


def sign_in(page: "Page", platform: Served, who: Person) -> None:
    async def work(api: Service) -> str:
        return people.next_code(api, who)

    page.locator("#qt-login").fill(who.login)
    page.locator("#qt-password").fill(who.password)
    page.locator("#qt-code").fill(platform.do(work))
    page.keyboard.press("Enter")


def test_two_persons_enrol_a_terminal_and_two_start_a_draw_at_it_without_a_mouse(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path
) -> None:
    draw = platform.do(lambda api: requested(api, "together"))
    address = platform.address.replace("127.0.0.1", "localhost")
    with visit(browser, f"{address}/terminal", size=WIDE) as page:
        page.get_by_role("heading", name="场地工作人员登录").wait_for()
        sign_in(page, platform, staff["dana"])
        page.locator("#room").select_option(ROOM)
        check_reading(page, shots, "choose")
        press(page, "生成密钥并提交")
        page.get_by_text("尚待另一人批准").wait_for()
        check_reading(page, shots, "proposed")
        press(page, "退出登录，换第二人")
        page.get_by_role("heading", name="第二人登录").wait_for()
        sign_in(page, platform, staff["sven"])
        page.get_by_role("button", name="批准本终端").wait_for()
        press(page, "English")
        page.get_by_role("button", name="Approve this terminal").wait_for()
        check_reading(page, shots, "approve-en")
        press(page, "Approve this terminal")
        page.get_by_text("This terminal is enrolled").wait_for()
        press(page, "Sign out and use the terminal")

        page.get_by_role("heading", name="Operator signs in").wait_for()
        for name, size in {"wide": WIDE, "zoomed": ZOOMED, "phone": PHONE}.items():
            page.set_viewport_size(size)  # type: ignore[arg-type]
            check_reading(page, shots, f"operator-{name}-en")
        # A supervisor cannot take the operator's place.
        sign_in(page, platform, staff["sven"])
        page.get_by_role("alert").filter(has_text="The operator signs in first").wait_for()
        sign_in(page, platform, staff["olga"])
        page.get_by_role("button", name="Start: 工程 together").wait_for()
        for name, size in {"phone": PHONE, "zoomed": ZOOMED, "wide": WIDE}.items():
            page.set_viewport_size(size)  # type: ignore[arg-type]
            check_reading(page, shots, f"draws-{name}-en")
        press(page, "Start: 工程 together")
        page.get_by_role("heading", name="Supervisor signs in").wait_for()
        check_reading(page, shots, "supervisor-en")
        # The operator twice: one person alone starts nothing.
        sign_in(page, platform, staff["olga"])
        page.get_by_role("alert").filter(has_text="two different persons").wait_for()
        sign_in(page, platform, staff["sven"])
        page.get_by_text("The result is fixed and sealed").wait_for()
        assert page.locator(".contributors td.in").count() == 8
        for name, size in {"phone": PHONE, "zoomed": ZOOMED, "wide": WIDE}.items():
            page.set_viewport_size(size)  # type: ignore[arg-type]
            check_reading(page, shots, f"course-{name}-en")
        press(page, "Done: sign out")
        page.get_by_role("heading", name="Operator signs in").wait_for()

    async def told(api: Service) -> tuple[str, str]:
        shown = (await api.get("carol", f"/v1/draws/{draw}/start")).json()
        return shown["operator"], shown["supervisor"]

    assert platform.do(told) == (staff["olga"].id, staff["sven"].id)


def test_whoever_has_a_doubt_revokes_a_terminal_in_the_console_without_a_mouse(
    browser: "Browser", platform: Served, staff: dict[str, Person], shots: Path
) -> None:
    async def enrol(api: Service) -> Terminal:
        await hire(api, **STAFF)
        return await Terminal(api=api).enrolled()

    doubted = platform.do(enrol)
    with visit(browser, f"{platform.address}/console#/terminals", size=WIDE) as page:
        sign_in(page, platform, staff["sven"])
        page.get_by_role("link", name="抽取终端").wait_for()
        card = page.get_by_role("listitem").filter(has_text=doubted.id)
        card.get_by_text("已登记").wait_for()
        card.get_by_text("登记 dana，批准 carol").wait_for()
        manage = page.get_by_text(f"停用 {doubted.id}……")
        manage.focus()
        page.keyboard.press("Enter")
        press(page, f"停用 {doubted.id}")
        page.get_by_role("alert").wait_for()
        card.get_by_text("已登记").wait_for()
        for language in ("en", "zh-CN"):
            page.get_by_role("button", name="English" if language == "en" else "中文").click()
            for name, size in {"phone": PHONE, "zoomed": ZOOMED, "wide": WIDE}.items():
                page.set_viewport_size(size)  # type: ignore[arg-type]
                check_reading(page, shots, f"terminals-{name}-{language}")
        page.get_by_role("checkbox").focus()
        page.keyboard.press("Space")
        press(page, f"停用 {doubted.id}")
        page.get_by_role("status").filter(has_text=f"{doubted.id} 已停用").wait_for()
        card.get_by_text(f"停用 {staff['sven'].id}").wait_for()
        assert page.get_by_text(f"停用 {doubted.id}……").count() == 0
        assert page.evaluate("document.activeElement.tagName") == "H1"
        check_reading(page, shots, "terminals-revoked")

    async def state(api: Service) -> str:
        items = (await api.get("carol", "/v1/draw-terminals")).json()["items"]
        return str(next(one["state"] for one in items if one["terminal"] == doubted.id))

    assert platform.do(state) == "revoked"
