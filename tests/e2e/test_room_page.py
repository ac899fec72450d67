"""The evaluation room as an expert has it: devices checked, a wait, then people, chat, help, and cuts unseen.

The room is a real one: the browser talks with the server's socket and with the media engine's process.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.room_visits import House, Played
from tests.support.rooms_served import DESKS, Everybody, Room
from tests.support.seat_visits import seat_browser, seated
from tests.support.visits import PHONE, WIDE, ZOOMED, check_reading, press, read_in_both

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "wide": WIDE, "zoomed": ZOOMED}
# Switches of a machine without devices, and of a person who says no.
NOTHING = ("--use-fake-ui-for-media-stream",)
REFUSED = ("--use-fake-device-for-media-stream", "--deny-permission-prompts")

# Every one of the others has a picture; those on the screen move (a browser spares itself the rest).
MOVING = """(count) => {
    const all = [...document.querySelectorAll(".tile video:not(.own)")].filter((one) => one.videoWidth > 0);
    return all.length >= count && all.some((one) => one.currentTime > 0);
}"""


def enter(page: "Page") -> None:
    """Check the devices, and go in."""
    press(page, "开始检查")
    page.locator(".found.ok").nth(1).wait_for()
    press(page, "进入评标室")
    page.locator(".room .tile").first.wait_for()


def others(played: Played) -> Everybody:
    """Everybody but the expert of the first seat, publishing."""

    async def come(room: Room) -> Everybody:
        witness, second = await room.account("wanda"), await room.account("wendy")
        experts = [await room.expert(number) for number in range(1, len(room.cast.seated))]
        cameras = [await room.account(who, camera="north") for who in DESKS.values()]
        for one in experts:
            await room.publish(one)
        for one in cameras:
            await room.publish(one, "camera")
        return Everybody(witness=witness, second=second, experts=experts, cameras=cameras)

    return played.do(come)


def begin(played: Played, every: Everybody, page: "Page") -> str:
    """The witness begins once the browser's picture and voice have come; gives the browser's member id."""
    own = str(page.locator(".tile").first.get_attribute("data-member"))

    async def work(room: Room) -> None:
        for source in ("camera", "microphone"):
            await every.witness.client.event("track", id=f"{own}/{source}", up=True)
        await room.begin(every)

    played.do(work)
    page.get_by_role("heading", name="评审", exact=True).wait_for()
    return own


def test_an_expert_goes_from_the_slip_into_the_evaluation(chromium: Path, rooms: House, shots: Path) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        every = others(played)
        page.get_by_role("heading", name="先检查设备").wait_for()
        check_reading(page, shots, "check-before")
        press(page, "开始检查")
        page.locator(".found.ok").nth(1).wait_for()
        # The fake microphone beeps: the bar moves.
        page.wait_for_function("() => document.querySelector('.check meter').value > 20")
        check_reading(page, shots, "check")
        press(page, "录三秒，听一听")
        page.get_by_text("正在播放您刚才的声音").wait_for()
        press(page, "播放试音")
        press(page, "听到了")
        with page.expect_response("**/v1/seats/current/equipment") as told:
            press(page, "进入评标室")
        # The check is evidence of the seat's own, with figures of computer and network.
        assert told.value.status == 201
        found = json.loads(told.value.request.post_data or "")
        assert found["parts"] == {"camera": "ok", "microphone": "ok", "speaker": "ok"}
        assert found["network"]["answered"] + found["network"]["lost"] == 10
        assert found["pc"]["cores"] >= 1
        page.get_by_text("场地正在准备").wait_for()
        # What the server receives is said back, while nobody else is shown.
        page.get_by_text("别人看得到您").wait_for()
        page.get_by_text("别人听得到您").wait_for()
        check_reading(page, shots, "lobby")
        begin(played, every, page)
        page.wait_for_function(MOVING, arg=len(every.experts))
        check_reading(page, shots, "evaluating")
        # The token lives in the page alone.
        kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert kept in ('[{},{},""]', '[{"qiantong-language":"zh-CN"},{},""]')
        # Nobody's name is anywhere on the page.
        names = played.do(_names)
        text = page.locator("body").inner_text()
        assert [one for one in names if one in text] == []


async def _names(room: Room) -> list[str]:
    letters = [one for site in room.arriving.letters.values() for one in site]
    return [await room.arriving.name(one) for one in letters]


def test_chat_hand_help_and_a_pause_come_and_go(chromium: Path, rooms: House, shots: Path) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        every = others(played)
        enter(page)
        own = begin(played, every, page)
        witness = every.witness.client

        page.get_by_label("写给评标委员会和见证人").fill("请看第三页 <b>")
        page.keyboard.press("Enter")
        assert played.do(lambda _: witness.event("chat"))["body"]["text"] == "请看第三页 <b>"
        played.do(lambda _: every.experts[0].client.ask("chat", text="好的"))
        page.locator(".log").get_by_text("好的").wait_for()

        press(page, "举手")
        assert played.do(lambda _: witness.event("hand", up=True))["from"] == own
        page.locator(".tile").first.get_by_text("举手").wait_for()

        press(page, "叫见证")
        page.get_by_label("身体不适").check()
        check_reading(page, shots, "calling")
        page.get_by_label("补充说明").fill("头晕")
        press(page, "发出")
        called = played.do(lambda _: witness.event("called"))
        assert (called["from"], called["body"]["reason"], called["body"]["text"]) == (own, "health", "头晕")
        page.get_by_text("已通知见证人").wait_for()
        request = called["body"]["request"]
        played.do(lambda _: witness.ask("settle", request=request, text="已安排休息"))
        page.get_by_text("已处理：身体不适").wait_for()

        press(page, "报告问题")
        page.get_by_label("麦克风", exact=True).check()
        press(page, "发出")
        assert played.do(lambda _: witness.event("problem", part="microphone"))["from"] == own
        # What was asked gives the keyboard back to the button that it came from.
        page.get_by_role("button", name="发出").wait_for(state="detached")

        press(page, "关闭麦克风")
        played.do(lambda _: witness.event("device", microphone="off"))
        page.get_by_text("您已关闭麦克风").wait_for()

        async def paused(room: Room) -> None:
            sven = await room.account("sven")
            await sven.client.ask("directive", order="pause", reason="核查身份")

        played.do(paused)
        page.get_by_text("监督人要求暂停，理由：核查身份").wait_for()
        assert page.get_by_label("写给评标委员会和见证人").get_attribute("readonly") is not None
        read_in_both(page, shots, "paused")


def test_a_cut_is_come_back_from_in_silence(chromium: Path, rooms: House) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        every = others(played)
        enter(page)
        own = begin(played, every, page)
        # A banner that shows for a moment only would be seen by nobody who looks later.
        page.evaluate(
            """() => {
                window.banners = 0;
                const count = () => document.querySelectorAll(".holds .cut").length;
                const watcher = new MutationObserver(() => { window.banners += count(); });
                watcher.observe(document.body, { childList: true, subtree: true });
            }"""
        )

        async def cut(room: Room) -> None:
            room.led.live.links[own].end(1012, "restart")

        played.do(cut)
        witness = every.witness.client
        played.do(lambda _: witness.event("member", id=own, change="presence"))
        played.do(lambda _: every.experts[0].client.ask("chat", text="您回来了"))
        page.locator(".log").get_by_text("您回来了").wait_for()
        page.locator(".light.good").wait_for()
        assert page.evaluate("window.banners") == 0
        assert page.locator(".tile").first.get_attribute("data-member") == own


def test_a_second_window_takes_over_and_can_be_taken_back(chromium: Path, rooms: House) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        enter(page)
        own = str(page.locator(".tile").first.get_attribute("data-member"))

        async def taken(room: Room) -> None:
            room.led.live.links[own].end(4001, "taken-over")

        played.do(taken)
        page.get_by_text("已在另一个窗口进入").wait_for()
        press(page, "在这里继续")
        page.locator(".light.good").wait_for()
        assert page.locator(".tile").first.get_attribute("data-member") == own


def test_a_room_that_is_not_open_yet_is_waited_for(chromium: Path, rooms: House, shots: Path) -> None:
    with (
        rooms.room(opened=False) as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        press(page, "跳过检查，只看只听")
        page.get_by_text("评标室尚未开启").wait_for()
        check_reading(page, shots, "not-open")
        played.do(lambda room: room.open())
        page.get_by_text("您现在只看只听，别人看不到也听不到您").wait_for()
        check_reading(page, shots, "listening")
        # One click back.
        press(page, "打开摄像头和麦克风")
        page.get_by_text("别人看得到您").wait_for()
        page.get_by_text("别人听得到您").wait_for()


@pytest.mark.parametrize(
    ("devices", "said"), [(NOTHING, "没有找到"), (REFUSED, "浏览器没有允许使用")], ids=["absent", "denied"]
)
def test_what_is_wrong_with_a_device_is_said_and_holds_nobody_up(
    chromium: Path, rooms: House, shots: Path, devices: tuple[str, ...], said: str
) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played, devices=devices) as browser,
        seated(browser, played, 0) as page,
    ):
        press(page, "开始检查")
        page.get_by_text(said).nth(1).wait_for()
        check_reading(page, shots, f"device-{said}")
        press(page, "进入评标室")
        page.get_by_text("场地正在准备").wait_for()
        page.get_by_text("麦克风不能用，请先报告问题").wait_for()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_the_room_reads_well_in_both_languages(
    chromium: Path, rooms: House, shots: Path, language: str, size: str
) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0, size=SIZES[size], language=language) as page,
    ):
        every = others(played)
        check_reading(page, shots, f"before-{size}-{language}")
        page.locator(".check .qt-button.primary").click()
        page.locator(".found.ok").nth(1).wait_for()
        check_reading(page, shots, f"check-{size}-{language}")
        page.locator(".check .qt-button.primary").click()
        page.locator(".lobby").wait_for()
        check_reading(page, shots, f"lobby-{size}-{language}")
        own = str(page.locator(".tile").first.get_attribute("data-member"))

        async def begun(room: Room) -> None:
            for source in ("camera", "microphone"):
                await every.witness.client.event("track", id=f"{own}/{source}", up=True)
            await room.begin(every)

        played.do(begun)
        page.locator(".chat").wait_for()
        check_reading(page, shots, f"evaluating-{size}-{language}")
        page.locator(".help .qt-button").first.click()
        page.locator("dialog[open]").wait_for()
        check_reading(page, shots, f"calling-{size}-{language}")
