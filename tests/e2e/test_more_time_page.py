"""More time for the evaluation, at the pages: asked for at a seat, given on the wall, read at the seat."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e import test_room_page as seat_page
from tests.support.room_visits import House, Played
from tests.support.seat_visits import seat_browser, seated
from tests.support.signalling_client import Client
from tests.support.visits import WIDE, check_reading, press, read_in_both
from tests.support.wall_visits import enter, part

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


def ask(played: Played, client: Client) -> None:
    """Another member of the committee finds the time too short."""
    played.do(lambda _: client.ask("time-ask", on=True, minutes=60, reason="投标文件篇幅过大"))


def test_an_expert_asks_for_more_time_takes_it_back_and_reads_how_many_ask(
    chromium: Path, rooms: House, shots: Path
) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        every = seat_page.others(played)
        seat_page.enter(page)
        own = seat_page.begin(played, every, page)
        witness = every.witness.client

        press(page, "时间不够")
        page.get_by_label("120 分钟").check()
        # Without a reason nothing is sent.
        press(page, "发出")
        page.get_by_text("请写明理由").wait_for()
        assert page.evaluate("document.activeElement.id") == "asking-text"
        check_reading(page, shots, "asking")
        page.get_by_label("理由").fill("投标文件篇幅过大")
        press(page, "发出")
        asked = played.do(lambda _: witness.event("more-time", on=True))
        assert (asked["from"], asked["body"]["minutes"], asked["body"]["due"]) == (own, 120, False)
        page.get_by_text("1 人认为时间不够").wait_for()

        press(page, "不再要求延长")
        assert played.do(lambda _: witness.event("more-time", on=False))["from"] == own
        for one in every.experts[:2]:
            ask(played, one.client)
        page.get_by_text("2 人认为时间不够").wait_for()
        read_in_both(page, shots, "asked")
        played.do(lambda _: witness.ask("extend", minutes=90, reason="评审时间不足"))
        page.get_by_text("人认为时间不够").wait_for(state="detached")


def test_the_witness_sees_who_asks_and_extends_once_they_are_more_than_a_third(
    eyes: "Browser", rooms: House, shots: Path
) -> None:
    with rooms.room() as played:
        every = played.do(lambda room: room.evaluating())
        first, second = (one.client for one in every.experts[:2])
        with played.at(eyes, "/wall", who="wendy", size=WIDE) as page:
            enter(page)
            part(page, "阶段")
            ask(played, first)
            page.get_by_text("1 人认为时间不够（全体 5 人） · 未超过三分之一").wait_for()
            assert page.get_by_label("延长分钟数").count() == 0
            ask(played, second)
            page.get_by_label("延长分钟数").fill("90")
            own = page.locator("section", has=page.locator("#more-title"))
            own.get_by_label("理由").fill("三分之一以上成员认为时间不够")
            read_in_both(page, shots, "extending")
            press(page, "延长")
            extended = played.do(lambda _: first.event("extended"))
            assert (extended["body"]["minutes"], extended["body"]["asking"]) == (90, 2)
            page.locator("#more-title").wait_for(state="detached")
