"""What tests of things that go wrong in a served room share: time that passes, people who come back or are
replaced, what stands still and what goes on, the ledger as a supervisor reads it.

Everything goes over sockets and HTTP, as for `tests.support.rooms_served`, whose cast this is.
"""

import asyncio
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from remote_eval.media.engine import RoomId, TrackId
from tests.support import people
from tests.support.calling import Letter
from tests.support.rooms_served import DESKS, Everybody, Room, Seated, as_service
from tests.support.signalling_client import PATIENCE_SECONDS, Client, Media
from tests.support.troubles import act, come, expect, newcomers

# Longer than a busy machine keeps still.
SILENT_MS = 4_000
IN_USE = timedelta(minutes=20)


async def begun(room: Room) -> tuple[Everybody, Client, Client]:
    """A room in its evaluation: everybody, the main site's witness, a supervisor."""
    await room.open()
    every = await room.evaluating()
    return every, every.witness.client, (await room.account("sven")).client


async def pass_time(room: Room, **span: float) -> None:
    """Time passes, and whoever has signed in uses the browser now and then: an idle session ends."""
    left = timedelta(**span)
    while left > timedelta(0):
        step = min(left, IN_USE)
        room.arriving.stage.clock.advance(seconds=step.total_seconds())
        left -= step
        for cookie in room.cast.cookies.values():
            page = people.browser(as_service(room.arriving))
            page.cookie = cookie
            expect(await page.get("/v1/sessions/current"), 200)


async def back(room: Room, site: str, *, but: int | None = None) -> list[Media]:
    """The people of a site come in again and publish anew; number `but` does not."""
    numbers = [at for at, one in enumerate(room.cast.seated) if one.site == site and at != but]
    experts = [await room.expert(number) for number in numbers]
    for one in experts:
        await room.publish(one)
    return experts


async def recorded_on(room: Room, member: Media) -> None:
    """Wait until a second more of a member is on the disk than there is now."""
    engine = room.led.live.carrier.engine
    assert engine is not None

    async def length() -> float:
        tracks = (await engine.stats(RoomId(room.id))).tracks
        return min(one.recorded_ms or 0 for one in tracks if one.track.startswith(member.client.member))

    before = await length()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await length() < before + 1_000:  # noqa: ASYNC110 - the recorder tells nobody
            await asyncio.sleep(0.1)


async def stands_still(one: Media, voice: str) -> None:
    """A member of the committee can neither write to the others nor hear one of them."""
    assert (await one.client.refused("chat", text="继续吗")).code == "signal.not-allowed"
    assert await one.asked_to_view(voice) == {"0": "not-granted"}


async def goes_on(room: Room, one: Media, other: Media) -> None:
    """A member writes to another and hears the other one."""
    await one.client.ask("chat", text="继续评审")
    await other.client.event("chat", text="继续评审")
    voice = TrackId(f"{other.client.member}/microphone")
    await (await room.view(one, voice)).until(voice, 5)


async def told(room: Room, who: str, path: str) -> dict[str, Any]:
    """What somebody reads of the room over HTTP."""
    return dict(expect(await room.arriving.get(who, f"/rooms/{room.id}{path}"), 200))


async def ledger(room: Room, kind: str) -> list[dict[str, Any]]:
    """Bodies of the events of one kind; the ledger is whole and stands in the log."""
    found = await told(room, "sven", "/events?limit=1000")
    assert (found["intact"], found["fault"], found["more"]) == (True, None, False)
    return [one["body"] for one in found["items"] if one["kind"] == kind]


def voice_of(every: Everybody, number: int) -> str:
    """The microphone of a member of the committee."""
    return f"{every.experts[number].client.member}/microphone"


def ids(members: list[Media]) -> list[str]:
    """Their ids in the room."""
    return [one.client.member for one in members]


# -- who is replaced


def letter_of(room: Room, number: int) -> Letter:
    """The letter by which somebody came who was seated at the beginning."""
    gone = room.cast.seated[number]
    at_site = [one.arrival for one in room.cast.seated if one.site == gone.site]
    return room.arriving.letters[gone.site][at_site.index(gone.arrival)]


async def vacating(room: Room, number: int, note: str) -> dict[str, Any]:
    """A supervisor's order to have the seat of somebody in the room passed on."""
    invitation = await room.arriving.calling.of(letter_of(room, number))
    return {"cause": "recusal", "seat": invitation.invited.seat + 1, "note": note}


async def succeeded(room: Room, number: int, note: str) -> Media:
    """A supervisor has somebody replaced; whoever follows comes through desk and gate to the same seat."""
    case, gone = room.arriving, room.cast.seated[number]
    await act(case, "sven", "vacate", await vacating(room, number, note))
    (letter,) = await newcomers(case)
    await case.heartbeats()
    arrival = await come(case, letter, 20)
    given = await case.seat(arrival, DESKS[gone.site])
    assert given["seat"] == gone.browser.seat
    session = expect(await case.log_in(gone.browser, given["slip"]), 201)["session"]
    room.cast.seated.append(Seated(site=gone.site, arrival=arrival, browser=gone.browser, session=session))
    return await room.expert(len(room.cast.seated) - 1)


# -- what befalls the disk


@contextmanager
def full_disk(room: Room) -> Iterator[None]:
    """The room's process can write no byte more into any file."""
    process = process_of(room)
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)


@contextmanager
def pulled_disk(room: Room) -> Iterator[None]:
    """Where recordings go there is nothing, as when a volume is gone, and nothing can be made."""
    recordings = room.engines.folder(room.id) / "recordings"
    elsewhere = recordings.with_name("elsewhere")
    recordings.rename(elsewhere)
    recordings.symlink_to("nowhere")
    try:
        yield
    finally:
        recordings.unlink()
        elsewhere.rename(recordings)


def process_of(room: Room) -> int:
    """The room process's id."""
    ready = json.loads((room.engines.folder(room.id) / "ready.json").read_bytes())
    return int(ready["pid"])
