"""The page of a letter in a browser, as an expert has it in hand: from the short message to the receipt.

Real campaign, worker and lines; whoever has the message is the expert. In both languages, on a phone and on a
desk, at 200 %, without a mouse, under the strict content policy.
"""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.main import STATIC
from app.store.unit_of_work import UnitOfWork
from app.usecases.invitations import letters
from app.usecases.invitations.contacts import synthetic_contacts
from app.usecases.pools import load_snapshot
from tests.support.calling import Letter
from tests.support.campaign_stage import Stage
from tests.support.people import later
from tests.support.served import Served, served
from tests.support.service import Service, order, project
from tests.support.visits import PHONE, PHONE_ZOOMED, WIDE, ZOOMED, check_reading, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED, "phone-zoomed": PHONE_ZOOMED}
_SECTIONS = count(1)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the module; every test has a campaign of its own."""
    with served(tmp_path_factory.mktemp("letters")) as running:
        yield running


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page are kept."""
    return tmp_path_factory.mktemp("shots-letters")


@pytest.fixture
def stage(platform: Served) -> Stage:
    """A campaign whose letters have arrived."""
    return platform.do(begun)


async def begun(api: Service) -> Stage:
    section = f"s{next(_SECTIONS)}"
    await api.post("alice", "/v1/projects", project(section=section))
    asked = order(section=section, invitations="logged")
    draw = (await api.post("alice", "/v1/draws", asked)).json()["id"]
    assert (await api.post("bob", f"/v1/draws/{draw}:run")).status_code == 200
    await reachable(api)
    made = Stage(api, draw)
    await made.started()
    return made


async def reachable(api: Service) -> None:
    """Everybody of the pool has a phone."""

    async def store(uow: UnitOfWork) -> None:
        snapshot = await load_snapshot(uow, "city", 1)
        for expert, contact in synthetic_contacts(one.id for one in snapshot.records).items():
            await uow.contacts.put(
                "city", expert, replace(contact, channels=("sms",)), now=api.platform.now()
            )

    await api.platform.database.transact(store)


def address(platform: Served, letter: Letter, language: str = "zh-CN") -> str:
    host = platform.address.replace("127.0.0.1", "localhost")
    return f"{host}/i?lang={language}#{letters.encode(letter.secret)}"


def first(stage: Stage) -> Letter:
    return stage.letters()[0]


def type_code(page: "Page", platform: Served, stage: Stage, letter: Letter) -> None:
    """Ask for a code, read it off the phone, type it."""
    page.get_by_role("button", name="发送验证码").click()
    page.get_by_text("已发送，五分钟内有效。").wait_for()
    platform.do(lambda _: stage.work())
    said = [one.text for one in stage.lines["sms"].taken if one.to == letter.to][-1]
    (digits,) = re.findall(r"\d{6}", said)
    page.get_by_label("六位验证码").fill(digits)
    page.get_by_role("button", name="继续").click()


def virtual_phone(page: "Page") -> None:
    """A phone that keeps passkeys, its owner before it."""
    tool = page.context.new_cdp_session(page)
    tool.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tool.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def heading(page: "Page", name: str) -> None:
    page.get_by_role("heading", level=1, name=name).wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H1"


def accept(page: "Page", platform: Served, stage: Stage, letter: Letter) -> None:
    page.get_by_role("button", name="能参加", exact=True).click()
    type_code(page, platform, stage, letter)
    page.get_by_role("button", name="我能参加").click()
    heading(page, "已确认参加")


def test_an_expert_accepts_and_keeps_a_receipt_that_was_checked_here(
    browser: "Browser", platform: Served, stage: Stage, tmp_path: Path
) -> None:
    letter = first(stage)
    with visit(browser, address(platform, letter), size=PHONE) as page:
        page.get_by_text("您被随机抽中").wait_for()
        page.get_by_text("福州市某路 1 号").wait_for()
        accept(page, platform, stage, letter)
        code = letter.keys.arrival_code
        page.get_by_text(f"{code[:4]} {code[4:]}").wait_for()
        page.get_by_text("已核对：您的答复在公开日志中").wait_for()
        with page.expect_download() as saved:
            page.get_by_role("button", name="保存回执").click()
        saved.value.save_as(tmp_path / "receipt.json")
        kept = json.loads((tmp_path / "receipt.json").read_bytes())
        assert (kept["format"], kept["reply"]["entry"]["body"]["answer"]) == ("qt/1 reply-receipt", "accept")
        page.reload()
        page.get_by_role("heading", name="已确认参加").wait_for()


def test_the_secret_leaves_the_address_and_reaches_no_request(
    browser: "Browser", platform: Served, stage: Stage
) -> None:
    """Neither the address bar, nor a request, nor its headers hold what opens the letter."""
    letter = first(stage)
    secret = letters.encode(letter.secret)
    seen: list[str] = []
    with visit(browser, platform.address.replace("127.0.0.1", "localhost") + "/healthz", size=PHONE) as page:
        page.on("request", lambda one: seen.append(json.dumps([one.url, dict(one.headers), one.post_data])))
        page.goto(address(platform, letter))
        page.get_by_text("您被随机抽中").wait_for()
        assert secret not in page.url
        assert secret not in page.content()
        assert page.evaluate("localStorage.length") <= 1
        page.reload()
        page.get_by_text("您被随机抽中").wait_for()
    asked = [one for one in seen if "/v1/letters/" in one]
    assert asked
    # The browser's own record of a navigation has the fragment; what goes over the wire has not.
    assert not [one for one in asked if secret in one]


def test_an_expert_declines_with_a_reason_without_a_mouse(
    browser: "Browser", platform: Served, stage: Stage
) -> None:
    letter = first(stage)
    with visit(browser, address(platform, letter), size=PHONE) as page:
        page.get_by_role("button", name="不能参加").focus()
        page.keyboard.press("Enter")
        heading(page, "不能参加的原因")
        page.get_by_role("button", name="继续").focus()
        page.keyboard.press("Enter")
        page.get_by_text("请选择一项。").wait_for()
        page.get_by_label("时间冲突").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        heading(page, "验证是您本人")
        type_code(page, platform, stage, letter)
        heading(page, "请再次确认")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        heading(page, "已答复：不能参加")
        page.get_by_text("已核对：您的答复在公开日志中").wait_for()
        assert page.get_by_role("button", name="能参加", exact=True).count() == 0


def test_whoever_accepted_takes_leave(browser: "Browser", platform: Served, stage: Stage) -> None:
    letter = first(stage)
    with visit(browser, address(platform, letter), size=PHONE) as page:
        accept(page, platform, stage, letter)
        page.get_by_role("button", name="申请退出").click()
        heading(page, "退出的原因")
        page.get_by_label("身体原因").check()
        page.get_by_role("button", name="继续").click()
        type_code(page, platform, stage, letter)
        page.get_by_role("button", name="我要退出").click()
        heading(page, "已退出")


def test_an_expert_keeps_a_passkey_and_answers_with_it_and_after_a_loss_removes_it(
    browser: "Browser", platform: Served, stage: Stage, shots: Path
) -> None:
    """Optional: offered once the answer is given, used for the next one, removed by whoever signed in."""
    letter = first(stage)
    with visit(browser, address(platform, letter), size=PHONE) as page:
        virtual_phone(page)
        accept(page, platform, stage, letter)
        page.get_by_role("button", name="下次不用验证码（可选）").click()
        heading(page, "通行密钥（可选）")
        page.get_by_text("还没有通行密钥。").wait_for()
        page.get_by_role("button", name="在本机保存通行密钥").click()
        page.get_by_text("已保存。").wait_for()
        page.get_by_text("尚未使用").wait_for()
        for language in ("en", "zh-CN"):
            check_reading(page, shots, f"passkeys-{language}")
            page.get_by_role("button", name=re.compile("English|中文")).click()
        page.reload()
        page.get_by_role("button", name="申请退出").click()
        page.get_by_label("身体原因").check()
        page.get_by_role("button", name="继续").click()
        page.get_by_role("button", name="用通行密钥代替验证码").click()
        heading(page, "请再次确认")
        page.get_by_role("button", name="我要退出").click()
        heading(page, "已退出")
        page.get_by_role("button", name="下次不用验证码（可选）").click()
        page.get_by_text("最近使用").wait_for()
        page.get_by_role("button", name="移除通行密钥 1").click()
        page.get_by_text("还没有通行密钥。").wait_for()
        page.get_by_role("button", name="返回").click()
        heading(page, "已退出")


def test_a_wrong_code_is_said_and_the_right_one_still_counts(
    browser: "Browser", platform: Served, stage: Stage
) -> None:
    letter = first(stage)
    with visit(browser, address(platform, letter), size=PHONE) as page:
        page.get_by_role("button", name="能参加", exact=True).click()
        page.get_by_label("六位验证码").fill("12")
        page.get_by_role("button", name="继续").click()
        page.get_by_text("验证码是六位数字。").wait_for()
        page.get_by_label("六位验证码").fill("000000")
        page.get_by_role("button", name="继续").click()
        page.get_by_role("button", name="我能参加").click()
        page.get_by_text("验证码无效或已过期").wait_for()
        type_code(page, platform, stage, letter)
        page.get_by_role("button", name="我能参加").click()
        heading(page, "已确认参加")


def test_a_broken_connection_loses_no_answer_and_gives_none_twice(
    browser: "Browser", platform: Served, stage: Stage
) -> None:
    """The answer arrives, its acknowledgement does not; sent again it is the same answer."""
    letter = first(stage)

    def swallow(route: Any) -> None:
        route.fetch()
        route.abort()

    with visit(browser, address(platform, letter), size=PHONE) as page:
        page.get_by_role("button", name="能参加", exact=True).click()
        type_code(page, platform, stage, letter)
        page.route("**/replies", swallow)
        page.get_by_role("button", name="我能参加").click()
        page.get_by_text("网络中断，还不知道答复是否已收到").wait_for()
        page.unroute("**/replies")
        page.get_by_role("button", name="重试").click()
        heading(page, "已确认参加")
        found = platform.do(lambda _: stage.page(letter)).json()
        assert [one["answer"] for one in found["answers"]] == ["accept"]


def test_no_connection_at_first_is_told_calmly(browser: "Browser", platform: Served, stage: Stage) -> None:
    letter = first(stage)
    with visit(browser, platform.address.replace("127.0.0.1", "localhost") + "/healthz", size=PHONE) as page:
        page.route("**/v1/letters/**", lambda route: route.abort())
        page.goto(address(platform, letter))
        page.get_by_role("heading", name="连不上网络").wait_for()
        page.unroute("**/v1/letters/**")
        page.get_by_role("button", name="重试").click()
        page.get_by_text("您被随机抽中").wait_for()


@pytest.mark.parametrize("fragment", ["", "#", "#short", "#" + "Z" * 26, "#" + "0" * 26])
def test_a_link_that_is_none_says_so(browser: "Browser", platform: Served, fragment: str) -> None:
    host = platform.address.replace("127.0.0.1", "localhost")
    with visit(browser, f"{host}/i{fragment}", size=PHONE) as page:
        page.get_by_role("heading", name="链接无效").wait_for()


def test_a_withdrawn_letter_says_so(browser: "Browser", platform: Served, stage: Stage) -> None:
    letter = first(stage)
    with visit(browser, address(platform, letter), size=PHONE) as page:
        page.get_by_text("您被随机抽中").wait_for()
        done = platform.do(lambda _: stage.post("bob", "/cancel", {"reason": "项目终止"}))
        assert done.status_code == 200, done.text
        page.get_by_role("button", name="能参加", exact=True).click()
        page.get_by_role("button", name="发送验证码").click()
        heading(page, "本次邀请已撤销")


def test_every_task_reads_well_in_both_languages_and_sizes(
    browser: "Browser", platform: Served, stage: Stage, shots: Path
) -> None:
    one, two = stage.letters()[:2]
    with visit(browser, address(platform, two), size=PHONE) as page:
        accept(page, platform, stage, two)
    for name, size in SIZES.items():
        for language, words in (
            ("zh-CN", ("能参加", "不能参加", "继续", "返回")),
            ("en", ("I can come", "I cannot come", "Continue", "Back")),
        ):
            with visit(browser, address(platform, one, language), size=size) as page:
                yes, no, following, back = words
                page.get_by_role("button", name=yes, exact=True).wait_for()
                check_reading(page, shots, f"asked-{name}-{language}")
                page.get_by_role("button", name=no, exact=True).click()
                page.get_by_role("radio").first.check()
                check_reading(page, shots, f"reason-{name}-{language}")
                page.get_by_role("button", name=following, exact=True).click()
                page.locator("#code").fill("123456")
                check_reading(page, shots, f"code-{name}-{language}")
                page.get_by_role("button", name=following, exact=True).click()
                check_reading(page, shots, f"confirm-{name}-{language}")
                page.get_by_role("button", name=back, exact=True).click()
                page.get_by_role("button", name=yes, exact=True).wait_for()
            with visit(browser, address(platform, two, language), size=size) as page:
                page.get_by_role("button", name=re.compile("保存回执|Save")).wait_for()
                check_reading(page, shots, f"accepted-{name}-{language}")


def test_a_late_letter_asks_for_nothing_more(browser: "Browser", platform: Served, stage: Stage) -> None:
    """Last, since it moves the clock of all."""
    letter = first(stage)

    async def much_later(api: Service) -> None:
        later(api, minutes=31)
        await stage.work()

    platform.do(much_later)
    with visit(browser, address(platform, letter), size=PHONE) as page:
        page.get_by_role("heading", name="答复时间已过").wait_for()
        assert page.get_by_role("button", name="能参加", exact=True).count() == 0


def test_the_page_is_small(platform: Served) -> None:
    """A letter has to open on a slow line: everything the page loads stays below 120 kB as it is sent."""
    page = (STATIC / "invitation.html").read_text(encoding="utf-8")
    names = re.findall(r'(?:src|href)="/(assets/[^"]+)"', page)
    sent = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in names)
    assert 0 < sent < 120_000, (names, sent)
