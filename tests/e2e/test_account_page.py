"""Signing in and one's own account in a browser: first sign-in, password, passkey, by keyboard alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from tests.support import people
from tests.support.people import Person
from tests.support.served import Served, served
from tests.support.service import Service
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
LANGUAGES = ("zh-CN", "en")
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the module; every test brings people of its own."""
    with served(tmp_path_factory.mktemp("account")) as running:
        yield running


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page are kept."""
    return tmp_path_factory.mktemp("shots-account")


def address(platform: Served, language: str = "zh-CN") -> str:
    """The page under a name, since passkeys belong to names."""
    return platform.address.replace("127.0.0.1", "localhost") + f"/account?lang={language}"


def enrolled(platform: Served, login: str) -> Person:
    async def work(api: Service) -> Person:
        return await people.person(api, login, "operator")

    return platform.do(work)


def next_code(platform: Served, who: Person) -> str:
    async def work(api: Service) -> str:
        return people.next_code(api, who)

    return platform.do(work)


def sign_in(page: "Page", platform: Served, who: Person) -> None:
    page.get_by_label("登录名").fill(who.login)
    page.get_by_label("口令", exact=True).fill(who.password)
    page.get_by_label("验证器上的六位验证码").fill(next_code(platform, who))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="我的账号").wait_for()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SIZES)
def test_every_state_reads_well_in_both_languages(
    browser: "Browser", platform: Served, shots: Path, language: str, name: str
) -> None:
    words = {
        "zh-CN": ("首次登录，或账号已重置", "启用码", "下一步"),
        "en": ("First sign-in", "Enrolment code", "Next"),
    }
    first, field, following = words[language]
    login = f"look.{name}.{language[:2]}"
    token = platform.do(lambda api: people.added(api, login, "operator"))
    with visit(browser, address(platform, language), size=SIZES[name]) as page:
        page.get_by_role("heading", level=1).wait_for()
        check_reading(page, shots, f"sign-in-{name}-{language}")
        page.get_by_role("button", name=first).click()
        page.get_by_label(field).fill(token)
        page.get_by_role("button", name=following).click()
        page.get_by_role("img").wait_for()
        check_reading(page, shots, f"first-{name}-{language}")


def test_somebody_new_sets_up_and_signs_in_without_a_mouse(browser: "Browser", platform: Served) -> None:
    token = platform.do(lambda api: people.added(api, "new.person", "operator"))
    with visit(browser, address(platform), size=PHONE) as page:
        page.get_by_role("heading", name="登录").wait_for()
        page.get_by_role("button", name="首次登录，或账号已重置").focus()
        page.keyboard.press("Enter")
        page.get_by_label("启用码").focus()
        page.keyboard.type(token.upper().replace("-", " "))
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="设定验证器和口令").wait_for()
        assert page.evaluate("document.activeElement.tagName") == "H1"
        secret = page.locator(".qt-secret").inner_text().replace(" ", "")
        page.get_by_label("口令", exact=True).fill("short")
        page.get_by_label("验证器上的六位验证码").fill("000000")
        page.keyboard.press("Enter")
        page.get_by_text("口令应为 12 至 128 个字符").wait_for()
        page.get_by_label("口令", exact=True).fill(people.PASSWORD)
        now = platform.do(_now)
        page.get_by_label("验证器上的六位验证码").fill(pyotp.TOTP(secret).at(now))
        page.keyboard.press("Enter")
        page.get_by_text("已设定。请登录。").wait_for()
        who = Person(id="", login="new.person", role="operator", password=people.PASSWORD, secret=secret)
        sign_in(page, platform, who)
        page.get_by_text("某new.person（运行方）").wait_for()
        page.get_by_role("button", name="退出登录").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="登录").wait_for()


async def _now(api: Service) -> Any:
    return api.platform.clock()


def test_what_is_wrong_is_said_and_takes_the_focus(browser: "Browser", platform: Served) -> None:
    who = enrolled(platform, "wrong.once")
    with visit(browser, address(platform), size=WIDE) as page:
        page.get_by_role("button", name="登录", exact=True).click()
        page.get_by_text("请填写全部三项。").wait_for()
        page.get_by_label("登录名").fill(who.login)
        page.get_by_label("口令", exact=True).fill("Not-The-Password-9")
        page.get_by_label("验证器上的六位验证码").fill("12345")
        page.keyboard.press("Enter")
        page.get_by_text("验证码是六位数字。").wait_for()
        page.get_by_label("验证器上的六位验证码").fill("123456")
        page.keyboard.press("Enter")
        page.get_by_text("登录未成功").wait_for()
        assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
        page.route("**/v1/sessions", lambda route: route.abort())
        page.get_by_label("验证器上的六位验证码").fill("123456")
        page.get_by_role("button", name="登录", exact=True).click()
        page.get_by_text("连不上服务器").wait_for()


def test_a_passkey_is_made_and_signs_in_and_nothing_of_it_is_readable_to_scripts(
    browser: "Browser", platform: Served
) -> None:
    who = enrolled(platform, "with.passkey")
    with visit(browser, address(platform), size=WIDE) as page:
        tool = page.context.new_cdp_session(page)
        tool.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        tool.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        sign_in(page, platform, who)
        page.get_by_label("名称，例如").fill("测试密钥")
        page.get_by_role("button", name="添加通行密钥").click()
        page.get_by_text("已添加。").wait_for()
        page.get_by_text("测试密钥").wait_for()
        assert page.evaluate("document.cookie") == ""
        assert (
            page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)").count(who.login)
            == 0
        )
        page.get_by_role("button", name="退出全部设备").click()
        page.get_by_role("button", name="用通行密钥登录").click()
        page.get_by_role("heading", name="我的账号").wait_for()
        page.reload()
        page.get_by_text("测试密钥").wait_for()
        page.get_by_role("button", name="移除 测试密钥").click()
        page.get_by_text("还没有通行密钥。").wait_for()


def test_an_ended_session_says_so_and_asks_again(browser: "Browser", platform: Served) -> None:
    who = enrolled(platform, "left.open")
    with visit(browser, address(platform), size=WIDE) as page:
        sign_in(page, platform, who)
        page.get_by_text("还没有通行密钥。").wait_for()
        platform.do(_much_later)
        page.get_by_label("现在的口令").fill("x")
        page.get_by_label("验证器上的六位验证码").fill("123456")
        page.get_by_label("新口令").fill("y")
        page.keyboard.press("Enter")
        page.get_by_text("登录已结束，请重新登录。").wait_for()


async def _much_later(api: Service) -> None:
    people.later(api, hours=1)
