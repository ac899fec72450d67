"""Playback in a browser: what a real recorder wrote, played in step, every look with a reason on record."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from app.store.unit_of_work import UnitOfWork
from app.usecases.operations import Actor
from app.usecases.room.preserving import Said, preserved
from remote_eval.media.engine import TrackId
from tests.support.room_visits import House, Played
from tests.support.rooms_served import Room
from tests.support.visits import PHONE, PHONE_ZOOMED, WIDE, ZOOMED, check_reading, press, read_in_both

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
# What an approval says, of a file that is not there.
APPROVAL: Final = {
    "class": "evaluation",
    "files": ["0001-z.m.camera.qtr"],
    "certificate": "{}",
    "log_index": 1,
}
SIZES = {"phone": PHONE, "phone-zoomed": PHONE_ZOOMED, "wide": WIDE, "zoomed": ZOOMED}
# Packets of a recording that plays long enough to be looked at: five seconds, ten at half the speed.
LONG = 250
# Media elements that play, and how far apart they are on the part's time line, in milliseconds.
APART = """() => {
    const every = [...document.querySelectorAll("video, audio")];
    const all = every.filter((one) => !one.paused && one.currentTime > 0);
    const at = all.map((one) => one.currentTime * 1000);
    return [all.length, Math.max(...at) - Math.min(...at)];
}"""
# The slider stands on whole tenths of a second after its begin.
GO = """(slider, to) => {
    slider.value = String(to);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""
IN_STEP = f"(count) => {{ const [all, apart] = ({APART})(); return all >= count && apart <= 100; }}"


async def recorded(room: Room, packets: int = 1) -> None:
    """A room that was played, recorded and closed, after so many packets of a voice (50 a second)."""
    every = await room.evaluating()
    voice = TrackId(f"{every.experts[0].client.member}/microphone")
    await (await room.view(every.witness, voice)).until(voice, packets)
    await room.recorded()
    witness = every.witness.client
    await witness.ask("phase", to="signing")
    await witness.ask("phase", to="closed")
    await room.over()


async def together(room: Room) -> float:
    """When the last of the tracks began, in milliseconds of the room: people arrive one after another."""
    answer = await room.arriving.get("olga", f"/rooms/{room.id}/recordings")
    (part,) = answer.json()["parts"]
    return max(float(one["from"]) for one in part["recordings"] if one["from"] is not None)


def opened(played: Played, language: str = "zh-CN") -> str:
    return f"/playback?lang={language}#{played.room.id}"


def look(page: "Page", reason: str) -> None:
    page.locator('.card input[id^="reason"]').fill(reason)
    page.keyboard.press("Enter")
    page.locator(".player").wait_for()


def test_seats_play_in_step_and_every_look_is_on_record(
    browser: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        played.do(lambda room: recorded(room, LONG))
        with played.at(browser, opened(played), who="sven", size=WIDE) as page:
            page.get_by_text("第 1 段").wait_for()
            names = page.locator(".tracks").inner_text()
            assert re.search("主场 .* 席的画面", names)
            press(page, "查看所选轨道")
            page.get_by_text("请写明理由").wait_for()
            look(page, "投诉核查，编号 17")
            page.get_by_label("速度").select_option("0.5")
            page.locator("input.position").evaluate(GO, played.do(together) + 100)
            press(page, "播放")
            page.wait_for_function(IN_STEP, arg=12)
            read_in_both(page, shots, "playing")
            page.get_by_text("还没有人要求查看").wait_for()
            page.get_by_label("只看").select_option(index=1)
            assert page.locator(".screens li:visible").count() == 1
            check_reading(page, shots, "one-seat")
            press(page, "关闭回放")
            page.locator(".looks li").first.wait_for()
            said = page.locator(".looks").inner_text()
            assert re.search("，sven，第 1 段，主场 .*的画面，理由：投诉核查，编号 17", said)
            assert said.count("已打开") == 12
            read_in_both(page, shots, "looks")

        async def looks(room: Room) -> list[tuple[str, bool]]:
            answer = await room.arriving.get("olga", f"/rooms/{room.id}/recordings")
            return [(one["reason"], one["opened_at"] is not None) for one in answer.json()["views"]]

        assert played.do(looks) == [("投诉核查，编号 17", True)] * 12


def test_gaps_are_listed_with_their_cause_and_stand_on_the_time_line(
    browser: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        played.do(recorded)
        with played.at(browser, opened(played), who="sven", size=WIDE) as page:
            # Nobody begins in the same millisecond: the later ones have a gap at the begin.
            page.get_by_text("缺口清单").first.click()
            listed = page.locator("details li").first.inner_text()
            assert re.search(r"^\d\d:\d\d:\d\d\.\d 至 .*：.*，.+", listed)
            assert "原因代码" not in page.locator("details").first.inner_text()
            look(page, "核对缺口")
            assert page.locator(".lane .gap").count() == page.locator("details li").count()
            read_in_both(page, shots, "gaps")


def test_of_a_room_that_runs_nothing_is_offered_and_the_page_says_why(
    browser: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:

        async def running(room: Room) -> None:
            await room.evaluating()
            await room.recorded()

        played.do(running)
        with played.at(browser, opened(played), who="sven", size=WIDE) as page:
            page.get_by_text("评标室尚未关闭").wait_for()
            page.locator(".tracks li").first.wait_for()
            assert page.get_by_role("button", name="查看所选轨道").count() == 0
            assert page.locator(".tracks input").count() == 0
            read_in_both(page, shots, "not-closed")


def test_a_witness_reads_the_list_but_looks_at_nothing(browser: "Browser", rooms: House, shots: Path) -> None:
    with rooms.room() as played:
        played.do(recorded)
        with played.at(browser, opened(played), who="wanda", size=WIDE) as page:
            page.get_by_text("画面和声音只有监督人可以查看").wait_for()
            page.locator(".tracks li").first.wait_for()
            assert page.get_by_role("button", name="查看所选轨道").count() == 0
            assert page.locator(".tracks input").count() == 0
            read_in_both(page, shots, "witness")


def test_recordings_are_kept_checked_and_held_and_nothing_goes_before_its_time(
    browser: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        played.do(recorded)
        with played.at(browser, opened(played), who="olga", size=WIDE) as page:
            keep = page.locator(".keep")
            keep.get_by_text("尚未指定保管人").wait_for()
            press(page, "立即全部校验")
            keep.get_by_text("须由录像保管人办理").wait_for()
            keep.get_by_label("新保管人的登录名").fill("olga")
            press(page, "指定保管人")
            keep.get_by_text("保管人：olga").wait_for()
            press(page, "立即全部校验")
            keep.get_by_text("已登记：校验").wait_for()
            press(page, "提出销毁：评审录像")
            keep.get_by_text("请写明理由").wait_for()
            keep.locator("#keep-reason").fill("柜子满了")
            page.get_by_role("button", name="提出销毁：评审录像").press("Enter")
            keep.get_by_text("保存期限至 2041-").wait_for()
            keep.locator("summary").press("Enter")
            assert re.search("olga：校验（.* 个文件全部相符）", keep.locator(".acts").inner_text())
            read_in_both(page, shots, "custody")
        played.do(lambda room: decided(room, "rdl_first"))
        with played.at(browser, opened(played), who="sven", size=WIDE) as page:
            keep = page.locator(".keep")
            keep.locator("#keep-reason").fill("投诉调查期间不得销毁")
            press(page, "保全，暂不销毁")
            keep.get_by_text("已登记：保全").wait_for()
            keep.locator("#keep-reason").fill("按期办理")
            press(page, "批准销毁")
            keep.get_by_text("存在保全，解除前不得销毁").wait_for()
            read_in_both(page, shots, "held")
            keep.locator("#keep-reason").fill("期限未到")
            press(page, "不同意")
            keep.get_by_text("已登记：不同意销毁").wait_for()
            keep.locator("#keep-reason").fill("调查已结束")
            press(page, "解除保全")
            keep.get_by_text("已登记：解除保全").wait_for()
            keep.locator(".open").wait_for(state="detached")
            played.do(lambda room: decided(room, "rdl_second", approval=APPROVAL))
            keep.locator("#keep-reason").fill("案件尚在办理")
            press(page, "保全，暂不销毁")
            keep.locator(".open").get_by_text("尚未执行").wait_for()
            read_in_both(page, shots, "approved")
            # What was just done is said in the page's language, also once that is another.
            press(page, "English")
            keep.get_by_text("On record: hold").wait_for()


async def decided(room: Room, deletion: str, *, approval: Mapping[str, Any] | None = None) -> None:
    """A deletion was proposed, and approved if a body is given, however that came about: the term is fifteen
    years away."""
    actor = Actor(person="somebody", address="local", source="api")

    async def work(uow: UnitOfWork) -> None:
        row = await uow.rooms.get(room.id)
        assert row is not None
        kept = await preserved(uow, room.arriving.platform, row)
        said = Said(actor=actor, words="保存期限届满")
        await kept.say("proposal", deletion, said, body={"class": "evaluation"})
        if approval is not None:
            await kept.say("approval", deletion, said, body=approval)

    await room.arriving.platform.database.transact(work)


def test_who_may_not_is_told_so_and_an_unknown_room_is_not_there(browser: "Browser", rooms: House) -> None:
    with rooms.room() as played:
        with played.at(browser, opened(played), who="dana", size=WIDE) as page:
            page.get_by_text("您的账号不能查看评标录像").wait_for()
        with played.at(browser, "/playback#room_0000", who="sven", size=WIDE) as page:
            page.locator(".banner.bad").first.wait_for()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_choice_and_parts_read_well_in_both_languages(
    browser: "Browser", rooms: House, shots: Path, language: str
) -> None:
    with rooms.room() as played:
        played.do(recorded)
        for size, pixels in SIZES.items():
            with played.at(browser, f"/playback?lang={language}", who="sven", size=pixels) as page:
                page.locator("#wanted").fill(played.room.arriving.row.id)
                page.keyboard.press("Enter")
                page.locator(".tracks a").wait_for()
                check_reading(page, shots, f"choose-{size}-{language}")
                page.locator(".tracks a").press("Enter")
                page.locator(".card h2").first.wait_for()
                check_reading(page, shots, f"parts-{size}-{language}")
