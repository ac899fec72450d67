"""What a seat's own check found: evidence with figures, which no word over the whole seat covers."""

from typing import Any

import pytest

from tests.support.arriving import CITY
from tests.support.rooms_served import Room

pytestmark = pytest.mark.anyio

PATH = "/v1/seats/current/equipment"
GOOD: dict[str, Any] = {
    "parts": {"camera": "ok", "microphone": "ok", "speaker": "ok"},
    "pc": {"cores": 4, "memory_mb": 8192},
    "network": {"answered": 10, "lost": 0, "rtt_ms": 24, "worst_ms": 61},
}


async def checks(room: Room, **found: Any) -> int:
    """A check at the first seat, and how it was answered."""
    headers = {"Authorization": f"Seat {room.cast.seated[0].browser.token}"}
    return (await room.arriving.client.post(PATH, json=GOOD | found, headers=headers)).status_code


async def seen(room: Room) -> dict[str, Any]:
    """The first seat as the desk of its site sees it."""
    own = room.cast.seated[0].browser.seat
    zones = (await room.arriving.get("dana", f"/venues/{CITY}")).json()["zones"]
    found = [seat for zone in zones for each in zone["rooms"] for seat in each["seats"] if seat["id"] == own]
    return dict(found[0])


async def says(room: Room, part: str, condition: str = "ok") -> dict[str, Any]:
    """A report of the staff on the first seat, and the seat after it."""
    path = f"/venues/{CITY}/seats/{room.cast.seated[0].browser.seat}/reports"
    answer = await room.arriving.post("dana", path, {"part": part, "condition": condition, "note": "看过"})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_seats_own_check_is_kept_with_source_time_and_figures(room: Room) -> None:
    assert await checks(room) == 201
    seat = await seen(room)
    assert seat["unready"] == []
    network = seat["equipment"]["network"]
    assert (network["condition"], network["source"]) == ("ok", "seat")
    assert network["own"]["figures"] == GOOD["network"]
    assert network["own"]["at"] == network["checked_at"]
    assert seat["equipment"]["pc"]["own"]["figures"] == GOOD["pc"]
    assert seat["equipment"]["camera"]["own"]["figures"] is None
    assert network["own"]["fresh"] is True
    kept = (await room.arriving.get("dana", f"/venues/{CITY}/reports")).json()["items"]
    assert {(one["part"], one["source"]) for one in kept if one["figures"]} >= {
        ("pc", "seat"),
        ("network", "seat"),
    }


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("network", {"network": {"answered": 8, "lost": 2, "rtt_ms": 24, "worst_ms": 30}}),
        ("network", {"network": {"answered": 10, "lost": 0, "rtt_ms": 401, "worst_ms": 900}}),
        ("network", {"network": {"answered": 0, "lost": 10, "rtt_ms": None, "worst_ms": None}}),
        ("pc", {"pc": {"cores": 1, "memory_mb": None}}),
        ("pc", {"pc": {"cores": None, "memory_mb": 1024}}),
        ("camera", {"parts": {"camera": "faulty"}}),
    ],
    ids=["lossy", "late", "cut", "one core", "little memory", "no camera"],
)
async def test_figures_that_do_not_carry_a_room_are_a_fault_that_all_good_does_not_cover(
    room: Room, part: str, found: dict[str, Any]
) -> None:
    assert await checks(room, **found) == 201
    assert (await seen(room))["equipment"][part]["condition"] == "faulty"
    # One click over the whole seat: the other parts are good by it, this one is not.
    seat = await says(room, "all")
    assert seat["unready"] == [part]
    covered = seat["equipment"][part]
    assert (covered["condition"], covered["source"], covered["own"]["stands"]) == ("faulty", "seat", True)
    # Looked at and mended by hand, it is; what the seat had found stays to be read.
    seat = await says(room, part)
    mended = seat["equipment"][part]
    assert (seat["unready"], mended["source"]) == ([], "staff")
    assert (mended["own"]["condition"], mended["own"]["stands"]) == ("faulty", False)


async def test_a_browser_that_sees_nothing_wrong_mends_no_fault_of_the_staffs(room: Room) -> None:
    await says(room, "camera", "faulty")
    assert await checks(room) == 201
    camera = (await seen(room))["equipment"]["camera"]
    assert (camera["condition"], camera["source"], camera["own"]["condition"]) == ("faulty", "staff", "ok")


async def test_a_seat_that_is_checked_again_and_good_is_good(room: Room) -> None:
    assert await checks(room, parts={"speaker": "faulty"}) == 201
    assert await checks(room) == 201
    speaker = (await seen(room))["equipment"]["speaker"]
    assert (speaker["condition"], speaker["own"]["stands"]) == ("ok", False)


@pytest.mark.parametrize(
    "found",
    [
        {"pc": {"cores": 0, "memory_mb": 8192}},
        {"pc": {"cores": 4, "memory_mb": 2**26 + 1}},
        {"network": {"answered": 51, "lost": 0, "rtt_ms": 1, "worst_ms": 1}},
        {"network": {"answered": 10, "lost": -1, "rtt_ms": 1, "worst_ms": 1}},
        {"network": {"answered": 10, "lost": 0, "rtt_ms": 60_001, "worst_ms": 1}},
        {"network": {"answered": 10, "lost": 0, "rtt_ms": 1, "worst_ms": 1, "host": "x"}},
        # What is measured is judged by its figures, never by the page's word.
        {"parts": {"network": "ok"}},
        {"parts": {"pc": "ok"}},
    ],
)
async def test_figures_out_of_bounds_are_refused_and_nothing_is_kept(
    room: Room, found: dict[str, Any]
) -> None:
    before = (await room.arriving.get("dana", f"/venues/{CITY}/reports")).json()["items"]
    assert await checks(room, **found) in {400, 422}
    assert (await room.arriving.get("dana", f"/venues/{CITY}/reports")).json()["items"] == before


async def test_a_probe_that_asked_nothing_says_nothing(room: Room) -> None:
    assert await checks(room, network={"answered": 0, "lost": 0, "rtt_ms": None, "worst_ms": None}) == 201
    assert (await seen(room))["equipment"]["network"]["own"] is None
