"""A clarification as the chair has it at the seat: asked for, begun, spoken into and ended by keyboard."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_room_page import others
from tests.support.room_visits import House, Played
from tests.support.rooms_served import Everybody, Room
from tests.support.seat_visits import seat_browser, seated
from tests.support.signalling_client import Media, fingerprint_of
from tests.support.visits import WIDE, ZOOMED, check_reading, press

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
# What the page says, in the order in which the story meets it.
WORDS = {
    "zh-CN": {
        "check": "开始检查",
        "enter": "进入评标室",
        "phase": "评审",
        "bidder": "投标人代号",
        "question": "要澄清的问题",
        "asked": "等待见证人批准",
        "start": "接通",
        "live": "投标人 B-07 已接通",
        "speak": "按住对投标人讲话",
        "speaking": "投标人正听到您变声后的声音",
        "silent": "投标人才听得到",
        "end": "结束澄清",
        "ended": "已结束",
    },
    "en": {
        "check": "Start the check",
        "enter": "Enter the room",
        "phase": "Evaluation",
        "bidder": "Bidder's code",
        "question": "What is to be clarified",
        "asked": "waits for the witness",
        "start": "Begin the call",
        "live": "Bidder B-07 is connected",
        "speak": "Hold to speak to the bidder",
        "speaking": "The bidder hears your changed voice",
        "silent": "the bidder sees nobody",
        "end": "End the call",
        "ended": "ended",
    },
}
SHOWS = """() => [...document.querySelectorAll(".tile.role-bidder video")]
    .some((one) => one.videoWidth > 0)"""


async def _chair(room: Room, every: Everybody, member: str) -> None:
    """The committee chose whoever sits at the browser; the evaluation runs."""
    for source in ("camera", "microphone"):
        await every.witness.client.event("track", id=f"{member}/{source}", up=True)
    await room.begin(every)
    answer = await room.arriving.post("wanda", f"/rooms/{room.id}/chair", {"member": member})
    assert answer.status_code == 204, answer.text


async def _bidder(room: Room, every: Everybody) -> Media:
    """The witness releases the call, and the bidder comes by the link and publishes."""
    witness = every.witness.client
    call = (await witness.event("clarification", state="asked"))["body"]["call"]
    await witness.ask("call-release", call=call)
    token = (await room.arriving.post("wanda", f"/rooms/{room.id}/calls/{call}/token", None)).json()["token"]
    certificate, client = room.certificate(), await room.socket()
    await client.hello({"call": token}, fingerprint=fingerprint_of(certificate))
    client.beat()
    return Media(client, certificate)


def _holds(page: "Page", words: dict[str, str], key: str) -> None:
    """While a key is down the committee is heard, and no longer."""
    page.get_by_role("button", name=words["speak"]).focus()
    page.keyboard.down(key)
    page.get_by_text(words["speaking"]).wait_for()
    page.keyboard.up(key)
    page.get_by_text(words["silent"]).wait_for()


@pytest.mark.parametrize(
    ("language", "size"), [("zh-CN", WIDE), ("en", ZOOMED)], ids=["zh-CN-wide", "en-zoomed"]
)
def test_the_chair_asks_begins_speaks_and_ends_by_keyboard(
    chromium: Path, rooms: House, shots: Path, language: str, size: dict[str, int]
) -> None:
    words = WORDS[language]
    with (
        rooms.room() as played,
        seat_browser(chromium, played) as browser,
        seated(browser, played, 0, size=size, language=language) as page,
    ):
        every = others(played)
        press(page, words["check"])
        page.locator(".found.ok").nth(1).wait_for()
        press(page, words["enter"])
        own = str(page.locator(".room .tile").first.get_attribute("data-member"))
        played.do(lambda room: _chair(room, every, own))
        page.get_by_role("heading", name=words["phase"], exact=True).wait_for()
        page.get_by_label(words["bidder"]).fill("B-07")
        page.get_by_label(words["question"]).fill("工期中是否含调试时间？")
        page.keyboard.press("Enter")
        page.get_by_text(words["asked"]).wait_for()
        check_reading(page, shots, f"asked-{language}")
        bidder = played.do(lambda room: _bidder(room, every))
        press(page, words["start"])
        page.get_by_text(words["live"]).wait_for()
        played.do(lambda room: room.publish(bidder))
        page.wait_for_function(SHOWS)
        _holds(page, words, "Space")
        _holds(page, words, "Enter")
        check_reading(page, shots, f"live-{language}")
        press(page, words["end"])
        page.locator(".calls").get_by_text(words["ended"]).wait_for()
        check_reading(page, shots, f"ended-{language}")
        _heard(played, every, own)


def _heard(played: Played, every: Everybody, own: str) -> None:
    """Each press and each release stands in the room's story, under who held the button."""
    told = [one for one in every.witness.client.events if one["kind"] == "speak" and one["from"] == own]
    assert [one["body"]["on"] for one in told] == [True, False] * 2
    assert played.room.unhandled == []
