"""A bidder's call in a browser: by a link that the witness gets on the wall, to a voice without a face.

The room, its engine and its voice masker are real; the committee sits there as light clients.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.support.room_visits import House, Played
from tests.support.rooms_served import Everybody, Room
from tests.support.visits import PHONE, PHONE_ZOOMED, WIDE, ZOOMED, check_reading, press, read_in_both, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "phone-zoomed": PHONE_ZOOMED, "wide": WIDE, "zoomed": ZOOMED}
HEARS = (
    """() => [...document.querySelectorAll("audio")].some((one) => one.srcObject && one.currentTime > 0)"""
)


async def asked(room: Room) -> tuple[Everybody, str]:
    """The evaluation runs, and its chair asks a bidder something. Gives the id of the call."""
    every = await room.evaluating()
    chair = every.experts[0].client
    path = f"/rooms/{room.id}/chair"
    answer = await room.arriving.post("wanda", path, {"member": chair.member})
    assert answer.status_code == 204, answer.text
    await chair.ask("clarify", bidder="B-07", question="工期中是否含调试时间？")
    return every, str((await every.witness.client.event("clarification", state="asked"))["body"]["call"])


def link_of(page: "Page") -> str:
    """The link that the wall shows, at this server's address."""
    link = urlsplit(page.get_by_label("投标人链接").input_value())
    assert (link.path, link.query) == ("/clarify", "")
    return f"{link.path}#{link.fragment}"


def released(played: Played, every: Everybody, call: str) -> str:
    """A way in, made as the wall makes it."""

    async def work(room: Room) -> str:
        await every.witness.client.ask("call-release", call=call)
        answer = await room.arriving.post("wanda", f"/rooms/{room.id}/calls/{call}/token", None)
        assert answer.status_code == 201, answer.text
        link: str = answer.json()["link"]
        return link

    return f"/clarify#{urlsplit(played.do(work)).fragment}"


def wait_in(page: "Page") -> None:
    """Consent, check, wait: by keyboard."""
    page.locator("#agree").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    press(page, "开始检查")
    page.locator(".found.ok").nth(1).wait_for()
    press(page, "进入等候")
    page.get_by_text("请等候").wait_for()


def test_a_bidder_is_released_heard_seen_and_hears_one_voice_without_a_face(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        every, _ = played.do(asked)
        committee = every.experts[1].client
        with played.at(eyes, "/wall", who="wendy", size=WIDE) as wall:
            wall.get_by_role("button", name="进入").first.click()
            wall.locator(".tabs button").filter(has_text="澄清").press("Enter")
            press(wall, "放行 B-07")
            press(wall, "取投标人链接")
            link = link_of(wall)
            check_reading(wall, shots, "wall-link")
            with visit(eyes, f"{played.address}{link}", size=WIDE) as page:
                page.get_by_text("进入前请阅读").wait_for()
                assert page.evaluate("location.href") == f"{played.address}/clarify"
                frames: list[Any] = []

                def hear(frame: Any) -> None:
                    frames.append(frame)

                page.on("websocket", lambda one: one.on("framereceived", hear))
                wait_in(page)
                read_in_both(page, shots, "waiting")
                wall.get_by_text("投标人已进入等候").wait_for()
                press(wall, "接通")
                page.get_by_text("已接通，请讲").wait_for()
                page.get_by_text("画面已送达").wait_for()
                page.get_by_text("声音已送达").wait_for()
                played.do(lambda _: committee.ask("speak", on=True))
                page.wait_for_function(HEARS)
                assert page.get_by_text("工期中是否含调试时间？").is_visible()
                # One voice and the own picture: no other element of media, no other member, no number.
                assert page.locator("audio").count() == 1
                assert page.locator("video:not(.own)").count() == 0
                told = "".join(str(one) for one in frames)
                assert not [one.client.member for one in every.all if one.client.member in told]
                read_in_both(page, shots, "live")
                wall.get_by_text("澄清中的投标人").wait_for()
                wall.locator(".site-group").first.locator("video").wait_for()
                check_reading(wall, shots, "wall-live")
                press(wall, "结束通话")
                page.get_by_text("澄清已结束，谢谢您的配合。").wait_for()
                read_in_both(page, shots, "over")


def test_the_link_leaves_the_address_at_once_and_is_kept_nowhere(eyes: "Browser", rooms: House) -> None:
    with rooms.room() as played:
        every, call = played.do(asked)
        link = released(played, every, call)
        token = link.rpartition("/")[2]
        with visit(eyes, f"{played.address}{link}", size=WIDE) as page:
            page.get_by_text("进入前请阅读").wait_for()
            requests: list[str] = []
            page.on("request", lambda one: requests.append(one.url))
            page.on("websocket", lambda one: requests.append(one.url))
            assert token not in page.evaluate("location.href")
            wait_in(page)
            kept = page.evaluate(
                "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state])"
            )
            assert token not in kept
            assert token not in page.content()
            assert not [one for one in requests if token in one]
            page.reload()
            page.get_by_text("没有找到通话链接").wait_for()


def test_no_device_is_asked_for_before_the_consent(eyes: "Browser", rooms: House) -> None:
    with rooms.room() as played:
        every, call = played.do(asked)
        link = released(played, every, call)
        with visit(eyes, "about:blank", size=WIDE) as page:
            page.add_init_script(
                """window.asked = 0;
                const before = MediaDevices.prototype.getUserMedia;
                MediaDevices.prototype.getUserMedia = function (what) {
                    window.asked += 1;
                    return before.call(this, what);
                };"""
            )
            page.goto(f"{played.address}{link}")
            press(page, "同意并检查设备")
            page.get_by_text("请先勾选").wait_for()
            assert page.evaluate("window.asked") == 0
            wait_in(page)
            assert page.evaluate("window.asked") == 2


def test_a_newer_link_makes_the_one_before_void(eyes: "Browser", rooms: House, shots: Path) -> None:
    with rooms.room() as played:
        every, call = played.do(asked)
        first = released(played, every, call)

        async def again(room: Room) -> int:
            answer = await room.arriving.post("wanda", f"/rooms/{room.id}/calls/{call}/token", None)
            return answer.status_code

        assert played.do(again) == 201
        with visit(eyes, f"{played.address}{first}", size=WIDE) as page:
            page.locator("#agree").check()
            page.keyboard.press("Enter")
            press(page, "跳过检查，先进入等候")
            page.get_by_text("这个链接现在不能使用").wait_for()
            check_reading(page, shots, "refused")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_every_step_reads_well_in_both_languages(
    eyes: "Browser", rooms: House, shots: Path, language: str, size: str
) -> None:
    with rooms.room(opened=False) as played:
        link = f"/clarify?lang={language}#room_{'0' * 20}/{'a' * 64}"
        with visit(eyes, f"{played.address}{link}", size=SIZES[size]) as page:
            page.locator("#agree").check()
            check_reading(page, shots, f"consent-{size}-{language}")
            page.keyboard.press("Enter")
            page.locator(".check").wait_for()
            check_reading(page, shots, f"check-{size}-{language}")
        with visit(eyes, f"{played.address}/clarify?lang={language}", size=SIZES[size]) as page:
            page.locator(".end").wait_for()
            check_reading(page, shots, f"no-link-{size}-{language}")
