"""What is decided on the wall: chair, calls, nights, outside calls, the report, cases, forming the committee
anew.

Each test plays one decision through to its effect at somebody else, whose client or page is told of it.
"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.arriving import CITY
from tests.support.room_troubles import pass_time
from tests.support.room_visits import House, Played
from tests.support.rooms_served import Everybody, Room
from tests.support.signalling_client import Client
from tests.support.visits import WIDE, check_reading, press
from tests.support.wall_visits import enter, part

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


def evaluating(played: Played) -> Everybody:
    """Everybody is there; wanda, at a light client, began the evaluation."""
    return played.do(lambda room: room.evaluating())


def test_the_witness_names_the_chair_refuses_one_call_and_hands_out_the_link_of_the_next(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        chair = evaluating(played).experts[0].client
        with played.at(eyes, "/wall", who="wendy", size=WIDE) as page:
            enter(page)
            part(page, "阶段")
            page.get_by_text("尚未推选。").wait_for()
            press(page, "登记组长")
            page.locator("#chair-fault").wait_for()
            page.locator("#chair").select_option(chair.member)
            press(page, "登记组长")
            page.get_by_text("现任：").wait_for()
            played.do(lambda _: chair.event("member", id=chair.member, change="chair"))

            played.do(lambda _: chair.ask("clarify", bidder="B-07", question="请说明工期"))
            part(page, "澄清")
            page.get_by_label("拒绝理由").fill("与评审无关")
            press(page, "拒绝 B-07")
            refused = played.do(lambda _: chair.event("clarification", state="refused"))
            assert refused["body"]["reason"] == "与评审无关"

            played.do(lambda _: chair.ask("clarify", bidder="B-08", question="请说明报价构成"))
            press(page, "放行 B-08")
            page.get_by_text("投标人还没有进入").wait_for()
            press(page, "取投标人链接")
            link = page.get_by_label("投标人链接").input_value()
            assert link.startswith(f"{played.room.place.origin}/clarify#{played.room.id}/")
            check_reading(page, shots, "call-released")


def test_after_a_night_nobody_goes_on_before_everybody_was_identified(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        every = evaluating(played)
        expert = every.experts[0].client
        with played.at(eyes, "/wall", who="wendy", size=WIDE) as page:
            enter(page)
            part(page, "阶段")
            page.locator("#break-kind").select_option("night")
            page.locator("#break-minutes").fill("961")
            press(page, "开始休息")
            page.get_by_text("请填 1 至 960 的整数").wait_for()
            page.locator("#break-minutes").fill("600")
            press(page, "开始休息")
            played.do(lambda _: expert.event("hold", kind="break", on=True))
            press(page, "结束休息")
            forms = page.locator("form", has=page.locator("legend"))
            forms.nth(1).wait_for()
            check_reading(page, shots, "identify")
            for name in ("主场", "副场"):
                form = page.locator("form", has=page.locator("legend", has_text=name))
                for box in form.get_by_role("checkbox").all():
                    box.check()
                press(page, f"恢复{name}")
                form.wait_for(state="detached")
            page.locator(".banner.hold").wait_for(state="detached")
            played.do(lambda _: expert.event("hold", kind="frozen", on=False))


def test_without_the_quorum_the_morning_begins_nothing_and_says_who_is_missing(
    eyes: "Browser", rooms: House
) -> None:
    with rooms.room() as played:
        every = evaluating(played)
        witness = every.witness.client
        night = {"on": True, "kind": "night", "minutes": 600}
        assert played.do(lambda _: witness.answer("break", night))["type"] == "ok"
        played.do(lambda _: witness.ask("break", on=False))
        with played.at(eyes, "/wall", who="wendy", size=WIDE) as page:
            enter(page)
            part(page, "阶段")
            remote = page.locator("form", has=page.locator("legend", has_text="副场"))
            for box in remote.get_by_role("checkbox").all():
                box.check()
            press(page, "恢复副场")
            remote.wait_for(state="detached")
            # Chance has given the main site more people than the other one.
            host = page.locator("form", has=page.locator("legend", has_text="主场"))
            for box in host.get_by_role("checkbox").all()[1:]:
                box.check()
            press(page, "恢复主场")
            page.get_by_text("委员会成员 4 人，需要 5 人").wait_for()
            assert page.locator(".banner.hold").is_visible()


def test_an_outside_call_needs_the_witness_and_its_recordings_number(eyes: "Browser", rooms: House) -> None:
    with rooms.room() as played:
        expert = evaluating(played).experts[0].client
        with (
            played.at(eyes, "/wall", who="dana", size=WIDE) as staff,
            played.at(eyes, "/wall", who="wendy", size=WIDE) as witness,
        ):
            enter(staff)
            enter(witness)
            played.do(lambda _: expert.ask("contact-ask", reason="家中急事"))
            witness.get_by_label("决定的理由").fill("同意，全程录音")
            press(witness, "同意 对外通话")
            part(staff, "请求")
            staff.get_by_label("录音编号").fill("LY-0007")
            press(staff, "开始通话")
            played.do(lambda _: expert.event("contact", state="running"))
            staff.get_by_label("录音编号").fill("LY-0007")
            press(staff, "结束通话")
            ended = played.do(lambda _: expert.event("contact", state="ended"))
            assert ended["body"]["recording"] == "LY-0007"


def test_the_report_is_signed_once_every_node_is_done_and_everybody_is_told_its_digest(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        witness = evaluating(played).witness.client
        played.do(lambda _: witness.ask("phase", to="signing"))
        with played.at(eyes, "/wall", who="wendy", size=WIDE) as page:
            enter(page)
            part(page, "清单")
            page.get_by_label("见证意见").fill("评审过程如实见证")
            press(page, "签署见证报告")
            page.get_by_text("请签名：手写，或键入姓名").wait_for()
            page.get_by_label("或键入姓名").fill("温迪")
            press(page, "签署见证报告")
            page.locator(".work .banner.bad", has_text="未完成").first.wait_for()
            played.do(lambda _: all_done(witness))
            page.get_by_text("还有未办的见证项：").wait_for(state="detached")
            press(page, "签署见证报告")
            page.get_by_text("见证报告已签署，摘要").wait_for()
            digest = played.do(lambda _: witness.event("report"))["body"]["digest"]
            assert digest in page.locator(".work").inner_text()
            check_reading(page, shots, "signed")


async def all_done(witness: Client) -> None:
    """Every node of the checklist is in order."""
    for node in witness.snapshot["nodes"]:
        await witness.ask("node", node=node["id"], state="ok", text=None)


def test_an_outage_beyond_its_limit_leaves_the_supervisor_one_way_on(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        every = evaluating(played)
        played.do(lambda room: room.lose(every, CITY))
        with (
            played.at(eyes, "/wall", who="wendy", size=WIDE) as witness,
            played.at(eyes, "/wall", who="sven", size=WIDE) as supervisor,
        ):
            enter(witness)
            enter(supervisor)
            supervisor.get_by_text("没有超过时限的中断，不能另组。").wait_for()
            witness.locator(".banner.hold", has_text="连接中断").wait_for()
            part(witness, "阶段")
            witness.get_by_text("中断中").wait_for()
            played.do(lambda room: pass_time(room, minutes=241))
            form = supervisor.get_by_role("region", name="另组评标委员会")
            form.get_by_label("理由").fill("主场四小时未恢复")
            check_reading(supervisor, shots, "reform")
            press(supervisor, "封存并另组")
            witness.get_by_text("评标室已关闭。").wait_for()


def test_a_site_lost_past_the_start_goes_on_only_when_the_supervisor_has_entered_the_decision(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        every = played.do(lambda room: room.whole())
        played.do(lambda room: room.checked_in(every))
        played.do(lambda room: room.lose(every, CITY))
        with played.at(eyes, "/wall", who="sven", size=WIDE) as page:
            enter(page)
            page.get_by_text("没有超过时限的中断，不能另组。").wait_for()
            played.do(past_the_start)
            form = page.get_by_role("region", name="主场：开始前中断已过时限")
            form.wait_for()
            page.get_by_text("中断已过时限。封存本室后另组委员会").wait_for()
            form.get_by_label("理由").fill("招标人决定继续等待")
            check_reading(page, shots, "go-on")
            press(page, "登记：招标人决定继续等待")
            form.wait_for(state="detached")
            decided = played.do(lambda _: every.second.client.event("outage", state="decided"))
            assert decided["body"]["reason"] == "招标人决定继续等待"


async def past_the_start(room: Room) -> None:
    """Two hours and a minute past the planned start."""
    late = room.led.live.state.begins_at + timedelta(minutes=121) - room.arriving.stage.clock()
    await pass_time(room, seconds=late.total_seconds())


def test_a_phone_found_inside_becomes_a_case_whose_evidence_is_checked_where_it_is_decided(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        every = evaluating(played)
        bearer, witness = every.experts[0].client, every.witness.client
        played.do(lambda room: room.arriving.event(f"detector {CITY}", "alarm"))
        node = {"node": f"{CITY}/conduct", "state": "exception", "text": "席位发现手机"}
        played.do(lambda _: witness.ask("node", **node))
        with played.at(eyes, "/wall", who="sven", size=WIDE) as page:
            enter(page)
            part(page, "立案")
            page.get_by_text("还没有案件。").wait_for()
            press(page, "立案并固定证据")
            page.locator("#case-text:focus").wait_for()
            page.get_by_text("请填写", exact=True).wait_for()
            page.locator("#case-member").select_option(bearer.member)
            for choice in ("#case-alert", "#case-node"):
                page.locator(f"{choice} option").nth(1).wait_for(state="attached")
                page.locator(choice).select_option(index=1)
            page.get_by_label("情况").fill("席位发现手机，已当场收存")
            check_reading(page, shots, "case-form")
            press(page, "立案并固定证据")
            page.locator("#case-opened:focus").wait_for()
            ((case, seat),) = played.do(kept_cases)
            page.get_by_text(f"案号 {case}").wait_for()
            # Nobody is replaced before somebody says why.
            press(page, f"决定更换 {case}")
            page.locator(".case .fault", has_text="请填写").wait_for()
            page.get_by_label("决定理由").fill("违规携带通讯设备")
            check_reading(page, shots, "case-open")
            press(page, f"决定更换 {case}")
            page.get_by_text("已决定 · 更换").wait_for()
            played.do(lambda room: room.arriving.calling.work())
            assert played.do(lambda _: bearer.ended()) == 4003
            press(page, f"核对证据 {case}")
            page.get_by_text("项与立案时一致").wait_for()
            press(page, f"移送 {case}")
            page.get_by_label("理由（必填）").fill("涉嫌违反评标纪律")
            press(page, f"移送 {case}")
            page.get_by_text("请填写受移送的部门").wait_for()
            page.get_by_label("移送至").fill("某市住房和城乡建设局")
            press(page, f"移送 {case}")
            page.get_by_text("移送至 某市住房和城乡建设局").wait_for()
            assert seat is not None
            # Somebody with the database makes it another alarm: the page names what no longer holds.
            played.do(other_alarm)
            press(page, f"核对证据 {case}")
            page.locator(".case .banner.bad", has_text="警报").wait_for()
            check_reading(page, shots, "case-broken")
            page.set_viewport_size({"width": 640, "height": 400})
            check_reading(page, shots, "case-zoomed")
            page.set_viewport_size({"width": 1280, "height": 800})
            page.get_by_role("button", name="English").click()
            page.get_by_text("No longer what it was: 1").wait_for()
            check_reading(page, shots, "case-english")


async def kept_cases(room: Room) -> list[tuple[str, int | None]]:
    """Ids and seats of the cases of the room's draw."""
    async with room.arriving.platform.database.read() as uow:
        return [(one.id, one.seat) for one in await uow.cases.of_draw(room.arriving.row.id)]


async def other_alarm(room: Room) -> None:
    """Every alert of the database is one of another kind."""
    async with room.arriving.platform.database.write() as uow:
        await uow.gates._connection.exec_driver_sql("UPDATE site_alerts SET kind = 'passback'")
