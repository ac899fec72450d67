"""People of a served room who move to other seats: free seats that are enrolled, and sitting down there."""

from dataclasses import replace

from tests.support.arriving import CITY, Browser
from tests.support.rooms_served import DESKS, Room


def seat_of(site: str, number: int) -> str:
    """A seat of the site's evaluation room."""
    return f"{site}-e1-{number}"


async def spare(room: Room, site: str = CITY, *, number: int = 6) -> Browser:
    """The enrolled browser at a seat that nobody has."""
    return await room.arriving.enrolled(seat_of(site, number), staff=DESKS[site])


async def sit_down(room: Room, number: int, browser: Browser, slip: str) -> None:
    """An expert logs in at this browser with a slip, and is there from now on."""
    entered = await room.arriving.log_in(browser, slip)
    assert entered.status_code == 201, entered.text
    session = entered.json()["session"]
    room.cast.seated[number] = replace(room.cast.seated[number], browser=browser, session=session)


async def broken(room: Room, seat: str, site: str = CITY) -> None:
    """Staff of the site report a seat's camera faulty."""
    report = {"part": "camera", "condition": "faulty", "note": "黑屏"}
    done = await room.arriving.post(DESKS[site], f"/venues/{site}/seats/{seat}/reports", report)
    assert done.status_code == 201, done.text
