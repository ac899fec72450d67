"""The wall in a browser: a witness over all sites, a supervisor's watch, the staff of a site, a room camera.

Real rooms: a real room process carries synthetic pictures and voices of everybody at their seats to the page.
Each test has a room of its own.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.arriving import CITY
from tests.support.room_moves import seat_of, spare
from tests.support.room_visits import House, Played, arrived
from tests.support.visits import PHONE, PHONE_ZOOMED, WIDE, ZOOMED, check_reading, press, read_in_both
from tests.support.wall_visits import enter, part

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SIZES = {"phone": PHONE, "phone-zoomed": PHONE_ZOOMED, "wide": WIDE, "zoomed": ZOOMED}
PARTS = {
    "wanda": ("请求", "阶段", "清单", "澄清", "在场", "记录", "讨论"),
    "sven": ("观看", "立案", "请求", "在场", "记录", "讨论"),
    "dana": ("本场地", "请求", "记录"),
}
PARTS_EN = {
    "wanda": ("Requests", "Phase", "Checklist", "Clarification", "Presence", "Log", "Chat"),
    "sven": ("Watch", "Cases", "Requests", "Presence", "Log", "Chat"),
    "dana": ("Own site", "Requests", "Log"),
}
MOVING = "() => [...document.querySelectorAll('.tile video')].filter((one) => one.videoWidth > 0).length"


def moving(page: "Page", pictures: int) -> None:
    """Wait until so many tiles show a picture that was received and decoded."""
    page.wait_for_function(f"(most) => ({MOVING})() >= most", arg=pictures)


def seated(played: Played) -> None:
    """Everybody is there and the evaluation has begun; wanda leads it from elsewhere."""
    played.do(lambda room: room.evaluating())


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("who", PARTS)
def test_every_part_reads_well_in_both_languages(
    eyes: "Browser", rooms: House, shots: Path, who: str, language: str
) -> None:
    with rooms.room() as played:
        for size, pixels in SIZES.items():
            with played.at(eyes, f"/wall?lang={language}", who=who, size=pixels) as page:
                page.locator(".rooms li").wait_for()
                check_reading(page, shots, f"rooms-{who}-{size}-{language}")
                enter(page, "进入" if language == "zh-CN" else "Enter")
                for name in (PARTS if language == "zh-CN" else PARTS_EN)[who]:
                    part(page, name)
                    check_reading(page, shots, f"{who}-{name}-{size}-{language}")


def test_a_witness_sees_every_seat_and_camera_of_all_sites(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        seated(played)
        with played.at(eyes, "/wall", who="wendy", size=WIDE) as page:
            enter(page)
            moving(page, 7)
            assert page.locator(".site-group").count() == 2
            assert page.locator(".tile .badge", has_text="评标专家").count() == 5
            assert page.locator(".tile .badge", has_text="场地摄像").count() == 2
            health = page.locator(".site-group").first.locator(".health").inner_text()
            assert "正在录制" in health
            assert "毫秒" in health
            assert page.locator("audio").count() == 5
            check_reading(page, shots, "witness-evaluating")


def test_a_picture_that_shows_nothing_blocks_the_start_and_every_reason_is_told(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played, played.at(eyes, "/wall", who="wanda", size=WIDE) as page:
        enter(page)
        page.locator(".health .good", has_text="正在录制").nth(1).wait_for()
        part(page, "阶段")
        press(page, "进入“签到”")
        page.get_by_text("现在：签到").wait_for()
        press(page, "进入“评审”")
        refusal = page.locator(".work .banner.bad")
        refusal.wait_for()
        told = refusal.inner_text()
        assert "条件还不具备" in told
        assert "主场：没有场内摄像机的画面" in told
        assert "副场：没有场内摄像机的画面" in told
        assert "在场且已核验的委员会成员 0 人，需要 5 人" in told
        check_reading(page, shots, "not-ready")
        press(page, "关闭评标室")
        press(page, "不关闭")
        assert page.get_by_text("现在：签到").is_visible()
        press(page, "关闭评标室")
        press(page, "确定关闭")
        page.get_by_text("评标室已关闭。").wait_for()


def test_the_intercom_is_open_only_while_the_key_is_held_and_never_without_a_reason(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        every = played.do(lambda room: room.whole())
        heard = every.experts[0].client
        with played.at(eyes, "/wall", who="wanda", size=WIDE) as page:
            enter(page)
            page.locator("#intercom-hold").focus()
            page.keyboard.down("Space")
            page.get_by_text("请先选择原因").wait_for()
            page.keyboard.up("Space")
            seat = heard.snapshot["you"]["seat"]
            page.get_by_role("button", name=re.compile(f"^对讲.*{seat}")).click()
            page.locator("#intercom-reason:focus").wait_for()
            page.locator("#intercom-reason").select_option("order")
            page.locator("#intercom-hold").focus()
            page.keyboard.down("Space")
            page.locator(".intercom.on").wait_for()
            check_reading(page, shots, "intercom")
            on = played.do(lambda _: heard.event("intercom", on=True))
            assert on["body"]["reason"] == "order"
            assert on["body"]["to_member"] is not None
            track = f"{on['from']}/intercom"
            hearing = played.do(lambda room: room.view(every.experts[0], track))
            assert played.do(lambda _: arrived(hearing, track, 10))
            page.keyboard.up("Space")
            played.do(lambda _: heard.event("intercom", on=False))
            page.locator(".intercom.idle").wait_for()
            # By mouse, and let go outside of the button.
            box = page.locator("#intercom-hold").bounding_box()
            assert box is not None
            page.mouse.move(box["x"] + 20, box["y"] + 20)
            page.mouse.down()
            page.locator(".intercom.on").wait_for()
            page.mouse.move(5, 5)
            page.mouse.up()
            page.locator(".intercom.idle").wait_for()


def test_a_call_for_a_witness_is_seen_settled_and_in_the_log(eyes: "Browser", rooms: House) -> None:
    with rooms.room() as played:
        expert = played.do(lambda room: room.expert(0))
        with played.at(eyes, "/wall", who="wanda", size=WIDE) as page:
            enter(page)
            played.do(lambda _: expert.client.ask("call-witness", reason="health", text="头晕"))
            page.locator(".tabs .count", has_text="1").wait_for()
            item = page.locator("article.item")
            assert "叫见证" in item.inner_text()
            assert "身体不适" in item.inner_text()
            assert "头晕" in item.inner_text()
            press(page, "办结 叫见证")
            item.get_by_text("请填写").wait_for()
            item.get_by_label("如何处理").fill("已请医务人员")
            page.keyboard.press("Enter")
            item.wait_for(state="detached")
            part(page, "记录")
            log = page.locator(".timeline").inner_text()
            assert "叫见证（身体不适） 头晕" in log
            assert "已请医务人员" in log


def test_an_entry_needs_both_and_a_no_ends_it(eyes: "Browser", rooms: House) -> None:
    with rooms.room() as played:
        seated(played)
        with (
            played.at(eyes, "/wall", who="dana", size=WIDE) as staff,
            played.at(eyes, "/wall", who="wendy", size=WIDE) as witness,
            played.at(eyes, "/wall", who="sven", size=WIDE) as supervisor,
        ):
            for page in (staff, witness, supervisor):
                enter(page)
            staff.get_by_label("事由").first.fill("更换投影灯泡")
            press(staff, "申请")
            staff.get_by_text("需见证人和监督人都同意").wait_for()
            witness.get_by_label("决定的理由").fill("同意，由我陪同")
            press(witness, "同意 进入申请")
            witness.get_by_text("还需监督人同意").wait_for()
            part(supervisor, "请求")
            supervisor.get_by_label("决定的理由").fill("休息时再换")
            press(supervisor, "拒绝 进入申请")
            witness.locator(".item .badge", has_text="已拒绝").wait_for()
            part(staff, "请求")
            staff.get_by_text("监督人拒绝：休息时再换").wait_for()


def test_an_exception_says_what_was_the_matter(eyes: "Browser", rooms: House) -> None:
    with rooms.room() as played, played.at(eyes, "/wall", who="wanda", size=WIDE) as page:
        enter(page)
        part(page, "清单")
        node = page.locator(".node").first
        node.get_by_role("button", name=re.compile("^正常")).press("Enter")
        page.get_by_text("已办 1 项").wait_for()
        second = page.locator(".node").nth(1)
        second.get_by_role("button", name=re.compile("^异常")).press("Enter")
        page.locator(".node .say input:focus").wait_for()
        page.keyboard.press("Enter")
        second.get_by_text("请填写").wait_for()
        page.keyboard.type("北侧镜头有反光")
        page.keyboard.press("Enter")
        page.get_by_text("异常 1 项").wait_for()
        assert "北侧镜头有反光" in second.inner_text()


def test_a_watch_is_asked_for_allowed_and_ends_and_shows_nothing_before(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        seated(played)
        with (
            played.at(eyes, "/wall", who="sven", size=WIDE) as page,
            played.at(eyes, "/wall", who="wendy", size=WIDE) as witness,
        ):
            enter(page)
            enter(witness)
            page.locator(".tile").first.wait_for()
            assert page.evaluate(MOVING) == 0
            assert page.locator("audio").count() == 0
            page.get_by_label("观看分钟数").fill("500")
            page.get_by_label("理由").first.fill("例行检查")
            press(page, "申请观看")
            page.get_by_text("请填 1 至 240 的整数").wait_for()
            page.get_by_label("观看分钟数").fill("20")
            press(page, "申请观看")
            page.get_by_text("等见证人决定").wait_for()
            witness.get_by_text("申请观看 20 分钟：例行检查").wait_for()
            witness.get_by_label("理由").first.fill("可以")
            press(witness, "同意")
            page.get_by_text(re.compile("正在观看，还剩 (20:00|19:)")).wait_for()
            moving(page, 7)
            check_reading(page, shots, "watch")
            witness.get_by_label("理由").first.fill("到此为止")
            press(witness, "提前结束")
            page.get_by_text("观看已结束。").wait_for()
            page.wait_for_function("() => document.querySelectorAll('.tile video').length === 0")


def test_a_directive_stops_the_room_at_once_and_says_why(eyes: "Browser", rooms: House, shots: Path) -> None:
    with rooms.room() as played:
        seated(played)
        with (
            played.at(eyes, "/wall", who="sven", size=WIDE) as page,
            played.at(eyes, "/wall", who="wendy", size=WIDE) as witness,
        ):
            enter(page)
            enter(witness)
            form = page.get_by_role("region", name="监督指令")
            form.get_by_label("理由").fill("核查设备")
            press(page, "暂停评审")
            witness.locator(".banner.hold", has_text="评审已暂停").wait_for()
            witness.locator(".banner.hold", has_text="核查设备").wait_for()
            read_in_both(witness, shots, "paused")
            form.get_by_label("理由").fill("核查完毕")
            press(page, "恢复评审")
            witness.locator(".banner.hold").wait_for(state="detached")


def test_staff_see_which_seats_are_ready_and_swap_one(eyes: "Browser", rooms: House, shots: Path) -> None:
    with rooms.room() as played:
        media = played.do(lambda room: room.expert(0))
        place = media.client.welcome["snapshot"]["you"]
        with played.at(eyes, "/wall", who="dana", size=WIDE) as page:
            enter(page)
            page.locator(".preflight li").first.wait_for()
            first = page.locator(".preflight li").first.inner_text()
            # Both sites in counts before the start, and what would refuse it; nobody of the other site.
            sites = page.locator(".outlook > ul").first.locator("> li")
            sites.nth(1).wait_for()
            assert sites.count() == 2
            assert ["待查" in one for one in sites.all_inner_texts()] == [True, True]
            page.get_by_text("在场且已核验的成员人数不足").wait_for()
            # Not looked at today: a seat is ready only after a check.
            assert "未就绪：" in first
            assert "摄像头" in first
            page.locator("#swap-from").select_option(place["seat"])
            assert page.locator(f"#swap-to option[value='{place['seat']}']").count() == 0
            # A browser that nobody believes yet is refused, and the page says why.
            page.locator("#swap-to").select_option(seat_of(CITY, 5))
            press(page, "换席")
            page.get_by_text("该席位的浏览器尚未登记").wait_for()
            page.locator("#swap-to").select_option(played.do(spare).seat)
            check_reading(page, shots, "swap")
            press(page, "换席")
            page.get_by_text("已换席").wait_for()
            code = page.locator(".ticket code").inner_text()
            assert len(code) == 8
            assert code.isdigit()
            check_reading(page, shots, "swapped")


def test_a_machine_becomes_a_room_camera_and_receives_nothing(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        witness = played.do(lambda room: room.account("wanda"))
        with played.at(eyes, "/wall", who="dana", size=WIDE) as page:
            page.get_by_role("button", name=re.compile("^本机作场内摄像机")).click()
            page.locator("#film-which").wait_for()
            read_in_both(page, shots, "film")
            press(page, "开始发送")
            up = played.do(lambda _: witness.client.event("track", source="camera", up=True))
            page.get_by_text("服务器已收到画面").wait_for()
            assert page.locator("audio").count() == 0
            assert page.locator(".tile").count() == 0
            read_in_both(page, shots, "filming")
            seen = played.do(lambda room: room.view(witness, up["body"]["id"]))
            assert played.do(lambda _: arrived(seen, up["body"]["id"], 10))
            press(page, "停止发送")
            played.do(lambda _: witness.client.event("track", id=up["body"]["id"], up=False))


def test_who_has_no_part_in_a_room_is_told_so(eyes: "Browser", rooms: House) -> None:
    with rooms.room() as played, played.at(eyes, "/wall", who="olga", size=WIDE) as page:
        page.get_by_text("您的账号不参与评标室工作").wait_for()
        # An operator has no part in it, but sees how ready both sites are.
        page.locator(".outlook > ul").first.locator("> li").nth(1).wait_for()


def test_without_a_session_the_wall_asks_to_sign_in(eyes: "Browser", rooms: House) -> None:
    with rooms.room() as played, played.at(eyes, "/wall", size=WIDE) as page:
        page.locator("#qt-login").wait_for()
        assert CITY not in page.content()
