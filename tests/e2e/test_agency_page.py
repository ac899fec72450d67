"""The agency's page in a browser, against the running API with real party nodes.

Sign in, preview, request, follow, abort; in both languages, without a mouse, under the strict content policy,
and with nothing secret on the screen.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.usecases.openings import opened
from tests.support.served import Served, served
from tests.support.service import Service, order, project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
WIDE = {"width": 1280, "height": 800}
ZOOMED = {"width": 640, "height": 400}  # the same screen at 200 %
PATIENCE = 30_000  # milliseconds; a loaded machine is no fault of the page


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the module; every test brings projects of its own."""
    with served(tmp_path_factory.mktemp("agency")) as running:
        yield running


@contextmanager
def visit(
    browser: "Browser",
    served_at: Served,
    *,
    path: str = "/agency",
    size: dict[str, int] | None = None,
    **more: Any,
) -> "Iterator[Page]":
    """A page in a context of its own; a script error or a broken content policy fails the test."""
    context = browser.new_context(viewport=size or WIDE, locale="zh-CN", **more)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    page.goto(served_at.address + path)
    yield page
    context.close()
    assert faults == []


def _is_fault(message: Any) -> bool:
    # A refusal by the API is an answer the page explains; the browser lists it as an error of its own.
    return message.type in ("error", "warning") and "Failed to load resource" not in message.text


def sign_in(page: "Page", token: str) -> None:
    page.get_by_label("接口密钥").fill(token)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="我的抽取", exact=True).wait_for()


def register(platform: Served, name: str, **changes: Any) -> None:
    async def work(api: Service) -> None:
        answer = await api.post(
            "alice", "/v1/projects", project(project=name, title=f"工程 {name}", **changes)
        )
        assert answer.status_code == 201, answer.text

    platform.do(work)


def request(platform: Served, name: str) -> str:
    async def work(api: Service) -> str:
        answer = await api.post("alice", "/v1/draws", order(project=name))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return platform.do(work)


def run(platform: Served, draw: str, *, until: str) -> None:
    async def work(api: Service) -> None:
        await api.ceremony.run(draw, until=until)

    platform.do(work)


def choose(page: "Page", name: str) -> None:
    """The form with a project and a pool chosen."""
    page.get_by_role("link", name="新建申请").click()
    page.get_by_label("项目与标段", exact=True).select_option(f"{name} s1")
    page.get_by_label("专家库", exact=True).select_option("city")


def add_code(page: "Page", field: str, code: str) -> None:
    page.locator(f"#{field}").focus()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def preview(page: "Page") -> Any:
    return page.get_by_role("region", name="实时预览")


# -- signing in


def test_a_missing_a_malformed_and_a_refused_key_are_told_apart_and_none_is_kept(
    browser: "Browser", platform: Served
) -> None:
    with visit(browser, platform) as page:
        for typed, said in (
            ("", "请先粘贴接口密钥"),
            ("something else", "这不像一个接口密钥"),
            (f"qt_live_k{'0' * 16}_{'0' * 64}", "平台不接受这个密钥：接口密钥无效"),
        ):
            page.get_by_label("接口密钥").fill(typed)
            page.get_by_role("button", name="登录").click()
            page.get_by_role("alert").filter(has_text=said).wait_for()
            assert page.evaluate("document.activeElement.id") == "api-key"
            assert page.evaluate("sessionStorage.length") == 0


def test_the_key_stays_in_the_tab_and_in_no_address_and_leaving_clears_it(
    browser: "Browser", platform: Served
) -> None:
    token = platform.api.tokens["alice"]
    with visit(browser, platform) as page:
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        sign_in(page, token)
        secret = token.rsplit("_", 1)[1]
        page.get_by_role("link", name="新建申请").click()
        page.reload()
        page.get_by_role("heading", name="新建抽取申请").wait_for()
        assert not [url for url in [*asked, page.url] if secret in url]
        assert secret not in page.evaluate("JSON.stringify(localStorage) + document.cookie")
        page.get_by_role("button", name="退出").click()
        page.get_by_text("您已退出").wait_for()
        assert page.evaluate("sessionStorage.length") == 0


def test_a_key_that_is_revoked_meanwhile_ends_the_session_and_says_why(
    browser: "Browser", platform: Served
) -> None:
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        page.evaluate("sessionStorage.setItem('qiantong-agency-key', 'qt_live_k0_00')")
        page.reload()
        page.get_by_text("密钥已失效，您已退出").wait_for()
        assert page.evaluate("sessionStorage.length") == 0


# -- a request


def test_the_preview_follows_the_form_and_the_request_becomes_a_draw(
    browser: "Browser", platform: Served
) -> None:
    register(platform, "works-preview")
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        choose(page, "works-preview")
        preview(page).get_by_text("请至少填写一个专业代码").wait_for()
        add_code(page, "f-stratum-0-prefixes", "A")
        add_code(page, "f-site-0-regions", "35")
        preview(page).get_by_text("没有发现问题，可以提交").wait_for()
        wide = _eligible(page)
        assert wide < 600
        assert preview(page).get_by_text("专业符合").is_visible()
        page.locator("#f-stratum-0-prefixes").focus()
        page.keyboard.press("Backspace")
        add_code(page, "f-stratum-0-prefixes", "A08")
        page.locator(".shrink .total").filter(has_not_text=str(wide)).wait_for()
        assert 0 < _eligible(page) < wide
        page.get_by_role("button", name="提交申请").click()
        page.get_by_role("heading", name="抽取进度").wait_for()
        page.get_by_text("需要 5 人").wait_for()
        assert "#/draws/drw_" in page.url


def test_every_fault_is_shown_at_once_with_its_basis_and_leads_to_its_field(
    browser: "Browser", platform: Served
) -> None:
    register(platform, "works-faults")
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        choose(page, "works-faults")
        add_code(page, "f-stratum-0-prefixes", "A01")
        add_code(page, "f-site-0-regions", "35")
        for field, value in (("f-experts", "4"), ("f-cap", "9"), ("f-stratum-0-seats", "99")):
            page.locator(f"#{field}").fill(value)
            page.keyboard.press("Tab")
        shown = preview(page)
        for said in (
            "委员会人数须为单数，现为 4 人",
            "同一单位人数上限须为",
            "各专业组席位合计 99，与专家人数 4 不一致",
            "专业组 1 需 99 人",
        ):
            shown.get_by_text(said).first.wait_for()
        assert shown.get_by_text("依据：招标投标法 第三十七条").first.is_visible()
        assert shown.get_by_text("不能抽取").is_visible()
        assert shown.get_by_text("/parameters/cap").is_visible()
        shown.get_by_role("button", name="去修改：同一单位最多人数").click()
        assert page.evaluate("document.activeElement.id") == "f-cap"
        note = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        assert "同一单位人数上限须为" in page.locator(f"#{note}").inner_text()
        page.get_by_role("button", name="提交申请").click()
        page.get_by_text("平台没有受理").wait_for()
        assert "#/new" in page.url


def test_a_request_whose_answer_was_lost_is_sent_again_and_stays_one_draw(
    browser: "Browser", platform: Served
) -> None:
    register(platform, "works-lost")
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        choose(page, "works-lost")
        add_code(page, "f-stratum-0-prefixes", "A")
        add_code(page, "f-site-0-regions", "35")
        preview(page).get_by_text("没有发现问题，可以提交").wait_for()
        keys: list[str] = []

        def lose(route: Any) -> None:
            keys.append(route.request.headers["idempotency-key"])
            route.fetch()
            route.abort()

        page.route(re.compile(r"/v1/draws$"), lose, times=1)
        page.get_by_role("button", name="提交申请").click()
        page.get_by_text("不知道平台是否已收到").wait_for()
        page.on("request", lambda one: keys.append(one.headers.get("idempotency-key", "")))
        page.get_by_role("button", name="提交申请").click()
        page.get_by_role("heading", name="抽取进度").wait_for()
        assert len({key for key in keys if key}) == 1
        made = platform.do(lambda api: api.get("alice", "/v1/draws?limit=200")).json()["items"]
        assert len([one for one in made if one["project"] == "works-lost"]) == 1


def test_the_sources_of_the_rules_are_one_click_away(browser: "Browser", platform: Served) -> None:
    register(platform, "works-rules", pack={"base": "tender.cn", "overlays": ["water.cn"]})
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        choose(page, "works-rules")
        page.get_by_text("工程招标投标 + 水利工程").wait_for()
        page.get_by_text("查看每条规则的依据").click()
        assert page.get_by_text("成员人数为七人以上").is_visible()
        assert page.get_by_text("依据：水利工程建设项目招标投标管理规定").first.is_visible()


# -- following


def test_draws_are_listed_in_plain_words_and_their_steps_can_be_followed(
    browser: "Browser", platform: Served
) -> None:
    register(platform, "works-follow")
    draw = request(platform, "works-follow")
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        card = page.get_by_role("listitem").filter(has_text="工程 works-follow")
        for said in ("已申请", "王工", "需要 5 人", "封存后生成"):
            card.get_by_text(said).first.wait_for()
        card.get_by_role("link", name="工程 works-follow").click()
        steps = page.locator(".timeline li")
        steps.first.wait_for()
        assert steps.count() == 7
        assert "已申请" in page.locator(".timeline [aria-current=step]").inner_text()
        run(platform, draw, until="drawn")
        page.locator(".timeline [aria-current=step]").filter(has_text="已抽取并密封").wait_for()
        assert page.get_by_text("最早依法开封").is_visible()
        # Each of the five steps that are over has the time at which the log shows it.
        page.locator(".timeline .done time").nth(4).wait_for()
        code = page.locator("a.code")
        assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", code.inner_text())
        assert str(code.get_attribute("href")).startswith("/?code=")


def test_nothing_that_the_page_shows_or_receives_before_the_opening_names_a_drawn_expert(
    browser: "Browser", platform: Served
) -> None:
    register(platform, "works-secret")
    draw = request(platform, "works-secret")
    run(platform, draw, until="drawn")

    async def names(api: Service) -> list[str]:
        found = await opened(api.platform, await api.ceremony.row(draw))
        seats = [at for at in found.outcome.seats if at is not None]
        rows = [found.cells.row(at.stratum, at.site, at.index) for at in seats]
        records = [found.cells.snapshot.entry_at(row).record for row in rows]
        return [text for one in records for text in (one.name, one.id)]

    drawn = platform.do(names)
    assert len(drawn) == 10
    with visit(browser, platform) as page:
        received: list[str] = []
        page.on("response", lambda answer: received.append(answer.text()) if "/v1/" in answer.url else None)
        sign_in(page, platform.api.tokens["alice"])
        page.goto(f"{platform.address}/agency#/draws/{draw}")
        page.locator(".timeline li.done").nth(4).wait_for()
        seen = "\n".join([*received, page.content()])
        assert draw in seen
        assert [text for text in drawn if text in seen] == []


def test_another_agency_neither_lists_nor_opens_the_draw(browser: "Browser", platform: Served) -> None:
    register(platform, "works-own")
    draw = request(platform, "works-own")
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["mallory"])
        page.get_by_text("还没有抽取").wait_for()
        page.goto(f"{platform.address}/agency#/draws/{draw}")
        page.get_by_text("没有找到这次抽取").wait_for()


def test_an_abort_needs_a_reason_and_a_tick_warns_and_the_next_request_is_round_two(
    browser: "Browser", platform: Served
) -> None:
    register(platform, "works-abort")
    draw = request(platform, "works-abort")
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        page.goto(f"{platform.address}/agency#/draws/{draw}")
        page.get_by_role("button", name="中止……").click()
        assert page.get_by_text("记录会永久公开可见").is_visible()
        assert page.get_by_text("下一次抽取将记为第 2 轮").is_visible()
        page.get_by_role("button", name="确认中止").click()
        page.get_by_text("请先选择理由，并勾选已知晓").wait_for()
        assert platform.do(lambda api: api.ceremony.row(draw)).state == "requested"
        page.get_by_label("中止理由").select_option("request_changed")
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="确认中止").click()
        page.locator(".timeline").get_by_text("已中止").wait_for()
        assert page.get_by_text("申请内容需要变更").is_visible()
        assert platform.do(lambda api: api.ceremony.row(draw)).abort_reason == "request_changed"
        choose(page, "works-abort")
        assert page.get_by_text("本次将记为第 2 轮，必须说明理由").is_visible()


# -- both languages, no mouse, small windows, reading aids


def test_a_section_is_handed_over_and_the_page_names_the_new_person_with_the_reason(
    browser: "Browser", platform: Served
) -> None:
    register(platform, "works-hand")
    draw = request(platform, "works-hand")
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        page.goto(f"{platform.address}/agency#/draws/{draw}")
        part = page.get_by_role("region", name="服务责任人")
        part.get_by_text("尚无交接记录").wait_for()
        part.get_by_role("button", name="交接…").click()
        part.get_by_role("button", name="确认交接").click()
        assert "项目没有服务责任人" in part.get_by_role("alert").inner_text()
        part.get_by_label("新的服务责任人").fill("李工")
        part.get_by_label("交接理由").fill("王工调离")
        page.keyboard.press("Enter")
        part.get_by_text("由 王工 交给 李工：王工调离").wait_for()
        part.get_by_text("现由 李工 负责").wait_for()
        page.get_by_role("region", name="工程 works-hand").get_by_text("李工").wait_for()


def test_english_is_one_click_away_and_the_servers_words_follow(browser: "Browser", platform: Served) -> None:
    register(platform, "works-english")
    with visit(browser, platform) as page:
        sign_in(page, platform.api.tokens["alice"])
        choose(page, "works-english")
        add_code(page, "f-stratum-0-prefixes", "A")
        add_code(page, "f-site-0-regions", "35")
        page.locator("#f-experts").fill("4")
        page.keyboard.press("Tab")
        preview(page).get_by_text("委员会人数须为单数").wait_for()
        page.get_by_role("button", name="English").click()
        page.get_by_role("heading", name="New draw request").wait_for()
        page.get_by_text("The committee must be odd, it has 4 members").first.wait_for()
        assert page.locator("html").get_attribute("lang") == "en"
        left = page.locator("main").inner_text()
        # Names and titles of laws stay as they were registered and published.
        own = [line for line in left.splitlines() if not line.startswith(("工程 ", "Source: ", "王工"))]
        assert [line for line in own if re.search("[\u4e00-\u9fff]", line)] == []


def test_the_whole_way_to_a_draw_needs_no_mouse(browser: "Browser", platform: Served) -> None:
    register(platform, "works-keys")
    with visit(browser, platform) as page:
        tab = partial(_tab_to, page)
        tab("#api-key")
        page.keyboard.insert_text(platform.api.tokens["alice"])
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="我的抽取", exact=True).wait_for()
        tab("nav a[href='#/new']")
        page.keyboard.press("Enter")
        page.locator("#f-section").wait_for()
        assert page.evaluate("document.activeElement.tagName") == "H1"
        tab("#f-section")
        _arrow_to(page, "works-keys s1")
        tab("#f-pool")
        _arrow_to(page, "city")
        tab("#f-stratum-0-prefixes")
        page.keyboard.type("A")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        tab("#f-site-0-regions")
        page.keyboard.type("35")
        page.keyboard.press("Enter")
        preview(page).get_by_text("没有发现问题，可以提交").wait_for()
        tab("button[form='request']")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="抽取进度").wait_for()


def _tab_to(page: "Page", target: str, *, most: int = 60) -> None:
    """Press Tab until `target` has the focus; every stop on the way is visible and shows that it has it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        at: dict[str, Any] = page.evaluate(
            """target => {
                const now = document.activeElement;
                let drawn = now;
                while (drawn && getComputedStyle(drawn).outlineStyle === 'none') drawn = drawn.parentElement;
                return {there: now.matches(target), name: now.outerHTML.slice(0, 120),
                        ring: drawn !== null && parseFloat(getComputedStyle(drawn).outlineWidth) >= 2};
            }""",
            target,
        )
        # Behind the last stop the browser's own bar has its turn.
        assert at["ring"] or at["name"].startswith("<body"), f"no visible focus on {at['name']}"
        if at["there"]:
            return
    raise AssertionError(f"the keyboard does not reach {target}")


def _arrow_to(page: "Page", value: str, *, most: int = 60) -> None:
    """Press the down arrow in a closed list until it stands at `value`."""
    for _ in range(most):
        page.keyboard.press("ArrowDown")
        if page.evaluate("document.activeElement.value") == value:
            return
    raise AssertionError(f"the keyboard does not reach {value}")


@pytest.mark.parametrize("size", [WIDE, ZOOMED], ids=["1280x800", "200 percent"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_no_view_has_a_serious_finding_or_scrolls_sideways(
    browser: "Browser", platform: Served, language: str, size: dict[str, int]
) -> None:
    name = f"works-axe-{language.lower()}-{size['width']}"
    register(platform, name)
    draw = request(platform, name)
    path = "/agency" if language == "zh-CN" else "/agency?lang=en"
    with visit(browser, platform, path=path, size=size, bypass_csp=True) as page:
        _check(page, "sign in")
        page.locator("#api-key").fill(platform.api.tokens["alice"])
        page.keyboard.press("Enter")
        page.locator(".draws").wait_for()
        _check(page, "list")
        page.goto(f"{platform.address}{path}#/new")
        page.locator("#f-section").select_option(f"{name} s1")
        page.locator("#f-pool").select_option("city")
        add_code(page, "f-stratum-0-prefixes", "A")
        page.keyboard.press("Escape")
        page.locator("#f-experts").fill("4")
        page.keyboard.press("Tab")
        page.locator(".faults").first.wait_for()
        _check(page, "form with faults")
        add_code(page, "f-site-0-regions", "35")
        page.locator(".shrink").wait_for()
        _check(page, "form with counts")
        page.goto(f"{platform.address}{path}#/draws/{draw}")
        page.locator(".qt-button.danger").click()
        page.locator("#abort-title").wait_for()
        _check(page, "progress with abort")


def _check(page: "Page", view: str) -> None:
    found = Axe().run(page).response["violations"]
    serious = [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert serious == [], view
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), view


def _eligible(page: "Page") -> int:
    said = preview(page).locator(".shrink .total").inner_text()
    return int(re.findall(r"\d+", said)[0])
