"""What breaks around an expert's page and how it comes back: the media engine dies, a camera is pulled out.

Nobody touches the page meanwhile; who sat there before is there afterwards, in the same role.
"""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_room_page import begin, enter, others
from tests.support.room_troubles import process_of
from tests.support.room_visits import House, arrived
from tests.support.rooms_served import Everybody, Room
from tests.support.seat_visits import seat_browser, seated

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SHOWN = """(member) => [...document.querySelectorAll(`[data-member="${member}"] video`)]
    .some((one) => one.srcObject?.getVideoTracks()[0]?.readyState === "live" && one.currentTime > 0)"""
TIMES = '(member) => document.querySelector(`[data-member="${member}"] video`).currentTime'
# No fake camera can be pulled out: the browser's own two events are what the page would hear of it.
PULLED = """() => document.querySelector("video.own").srcObject.getVideoTracks()[0]
    .dispatchEvent(new Event("ended"))"""
PLUGGED = """() => navigator.mediaDevices.dispatchEvent(new Event("devicechange"))"""


async def _turned(every: Everybody, track: str, *, up: bool, after: int) -> None:
    """The witness is told that a track begins, or ends, after so many events."""
    witness = every.witness.client

    def told() -> bool | None:
        found = [one["body"] for one in witness.events[after:] if one["kind"] == "track"]
        return any((one["id"], one["up"]) == (track, up) for one in found) or None

    await witness.until(told)


def test_the_page_shows_and_sees_again_once_a_killed_engine_is_replaced(chromium: Path, rooms: House) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        every = others(played)
        enter(page)
        own = begin(played, every, page)
        other = every.experts[0]
        page.wait_for_function(SHOWN, arg=other.client.member)

        async def killed(room: Room) -> None:
            before = len(every.witness.client.events)
            os.kill(process_of(room), signal.SIGKILL)
            await every.witness.client.event("clear", code="engine")
            for source in ("camera", "microphone"):
                await _turned(every, f"{own}/{source}", up=True, after=before)
            await room.publish(other)
            seeing = await room.view(other, f"{own}/camera")
            await arrived(seeing, f"{own}/camera", 20)

        played.do(killed)
        # The other's picture moves again: the page asked for it anew.
        began = page.evaluate(TIMES, other.client.member)
        page.wait_for_function(
            '([member, since]) => { const one = document.querySelector(`[data-member="${member}"] video`);'
            " return one !== null && one.videoWidth > 0 && one.currentTime !== since; }",
            arg=[other.client.member, began],
        )
        page.get_by_text("别人看得到您").wait_for()
        _same(page, own)


def test_a_camera_that_is_pulled_out_is_told_and_shows_again_when_it_is_back(
    chromium: Path, rooms: House
) -> None:
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0) as page,
    ):
        every = others(played)
        enter(page)
        own = begin(played, every, page)
        witness, face = every.witness.client, f"{own}/camera"
        page.evaluate(PULLED)
        played.do(lambda _: witness.event("device", camera="absent"))
        played.do(lambda _: witness.event("alarm", code="frozen", track=face))
        page.get_by_text("别人看不到您").wait_for()
        page.evaluate(PLUGGED)
        page.get_by_text("别人看得到您").wait_for()
        played.do(lambda _: witness.event("clear", code="frozen", track=face))

        async def seen(room: Room) -> int:
            return await arrived(await room.view(every.experts[0], face), face, 20)

        assert played.do(seen) == 20
        _same(page, own)


def _same(page: "Page", own: str) -> None:
    """Who sits there is who sat there."""
    assert page.locator(".tile").first.get_attribute("data-member") == own
    assert page.locator(".tile.role-expert").first.get_attribute("data-member") == own
