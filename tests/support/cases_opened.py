"""What tests of cases (立案) ask of a room: one with all that it can name, and what no longer holds of it."""

from typing import Any

from tests.support.arriving import CITY
from tests.support.rooms_served import Room
from tests.support.troubles import expect

NODE = f"{CITY}/conduct"
WORDS = "席位发现手机，已当场收存"


async def found(room: Room) -> dict[str, Any]:
    """A room that records, an alarm at the city's detector, the witness's exception: what a case names."""
    await room.open()
    witness = (await room.account("wanda")).client
    await room.publish(await room.account("dana", camera="north"), "camera")
    await room.recorded()
    await room.arriving.event(f"detector {CITY}", "alarm")
    await witness.ask("node", node=NODE, state="exception", text=WORDS)
    (alert,) = [one for one in await room.arriving.alerts(CITY) if one["kind"] == "detector-alarm"]
    return {"reason": "phone-found-inside", "text": WORDS, "alert": alert["alert"], "node": NODE}


async def opened(room: Room, **asked: Any) -> str:
    """A case; its id."""
    body = {"reason": "phone-found-inside", "text": WORDS} | asked
    return str(expect(await post(room, "sven", f"/draws/{draw(room)}/cases", body), 201)["case"])


async def post(room: Room, who: str, path: str, body: object) -> Any:
    return await room.arriving.post(who, path, body)


async def get(room: Room, path: str, who: str = "sven") -> dict[str, Any]:
    return dict(expect(await room.arriving.get(who, path), 200))


def draw(room: Room) -> str:
    return room.arriving.row.id


async def checked(room: Room, case: str) -> dict[str, Any]:
    return await get(room, f"/cases/{case}/check")


async def broken(room: Room, case: str) -> set[tuple[str, str]]:
    """Kind and code of what no longer holds of a case."""
    told = await checked(room, case)
    assert told["ok"] == all(one["ok"] for one in told["items"])
    return {(one["item"], one["code"]) for one in told["items"] if not one["ok"]}
