"""A seat breaks, and staff of the site move the person to another one: room, desk and booking follow, the old
seat has nothing any more, and nobody is expelled. What cannot be done moves nothing."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from app.store.unit_of_work import Database
from app.usecases.room import standing
from app.usecases.room.keeping import append, read
from remote_eval import commands as cmd
from remote_eval.media.engine import TrackId
from remote_eval.room_events import Event
from remote_eval.room_state import RoomState
from tests.support.arriving import CITY, COUNTY
from tests.support.room_moves import broken, seat_of, sit_down, spare
from tests.support.rooms_served import Room, Seated
from tests.support.signalling_client import Client, Media, Refused
from tests.support.waiting import within

pytestmark = pytest.mark.anyio


async def refused(room: Room, seated: Seated) -> tuple[str, int]:
    """How the room answers this seat's session, and how the socket ends."""
    client = await room.socket()
    with pytest.raises(Refused) as refusal:
        await client.hello(**room.shown(seated, room.certificate(), await client.nonce()))
    return refusal.value.code, await client.ended()


async def reasons(staff: Media, seat: str, to: str) -> list[str]:
    """Why the room does not move somebody."""
    refusal = await staff.client.refused("swap", seat=seat, to=to)
    assert refusal.code == "room.state"
    return refusal.reasons


async def told(room: Room) -> list[dict[str, Any]]:
    """The room's ledger, which holds."""
    async with room.arriving.platform.database.read() as uow:
        kept = await read(uow, room.id)
    assert kept.fault is None
    return [{"kind": one.event.kind, **one.event.body} for one in kept.events]


async def booked(room: Room, site: str = CITY) -> list[str]:
    """The seats that a site keeps for the draw."""
    async with room.arriving.platform.database.read() as uow:
        booking = await uow.bookings.of_draw(room.arriving.row.id)
        assert booking is not None
        parts = (await uow.bookings.centres([booking]))[booking.id]
        held = {one for part in parts for one in part.seats}
        slots = await uow.bookings.held_from(site, 0)
    assert set(slots) <= held
    return sorted(slots)


def last(client: Client, kind: str, **body: Any) -> list[dict[str, Any]]:
    """Events of this kind whose body has these values, the newest last."""
    heard = [one["body"] for one in client.events if one["kind"] == kind]
    return [one for one in heard if body.items() <= one.items()]


async def test_a_person_is_moved_and_stays_the_same_member(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    expert, witness, staff = every.experts[0], every.witness.client, await room.account("dana")
    member, old = expert.client.member, room.cast.seated[0]
    chaired = await room.cookie_post("wanda", "/chair", {"member": member})
    assert chaired.status_code == 204, chaired.text
    other, kept_seats = await spare(room), await booked(room)
    before = room.led.live.state.members[member]
    camera = next(one for one in room.media if one.member == member)
    room.arriving.stage.clock.advance(seconds=20)

    answer = await staff.client.ask("swap", seat=old.browser.seat, to=other.seat)

    assert answer["seat"] == other.seat
    assert len(answer["slip"]) == 8
    # The old seat: socket, media and token have ended.
    assert await expert.client.ended() == 4003
    await within(10, camera.link.closed.wait())
    assert await refused(room, old) == ("signal.refused", 4003)
    current = {"Authorization": f"Seat {old.browser.token}"}
    assert (await room.arriving.client.get("/v1/seats/current", headers=current)).status_code == 401
    event = await witness.event("swap", seat=old.browser.seat, to=other.seat, member=member, site=CITY)
    assert event["from"] == staff.client.member
    # The member: looked at as often as one likes, it is not expelled.
    for _ in range(3):
        await standing.check_standing(room.led.live)
    waiting = room.led.live.state.members[member]
    assert (waiting.seat, waiting.chair, waiting.presence) == (other.seat, True, "reconnecting")
    assert not [one for one in room.led.live.state.tracks.values() if one.member == member]
    # The booking and the desk.
    assert set(await booked(room)) == set(kept_seats) - {old.browser.seat} | {other.seat}
    assert await room.arriving.state(old.arrival) == "seat_assigned"
    assert (await room.arriving.kinds())[-1] == "seat-moved"
    room.arriving.stage.clock.advance(seconds=10)
    # The new seat: the slip of this answer opens it, and the same member comes in.
    assert (await room.arriving.log_in(other, "00000000")).status_code == 401
    await sit_down(room, 0, other, answer["slip"])
    back = await room.expert(0)
    you = back.client.snapshot["you"]
    assert (back.client.member, you["seat"], you["chair"], you["confirmed"]) == (
        member,
        other.seat,
        True,
        True,
    )
    assert other.seat in you["label"]["zh"]
    after = room.led.live.state.members[member]
    assert (after.joined_at, after.moving) == (before.joined_at, False)
    assert after.spent == {"here": 20_000, "reconnecting": 10_000}
    voice = f"{member}/microphone"
    await room.publish(back)
    await witness.until(lambda: last(witness, "track", id=voice, up=True)[1:])
    await (await room.view(every.witness, voice)).until(TrackId(voice), 5)
    ledger = await told(room)
    assert not [one for one in ledger if one.get("change") == "expelled"]
    assert answer["slip"] not in json.dumps(ledger) + json.dumps(await room.arriving.ledger())


async def test_a_seat_that_is_not_to_be_had_is_refused_with_every_reason(room: Room) -> None:
    await room.open()
    expert, staff = await room.expert(0), await room.account("dana")
    seat, kept_seats = room.cast.seated[0].browser.seat, await booked(room)
    neighbour = next(one for one in room.cast.seated[1:] if one.site == CITY)
    faulty, bare = await spare(room, number=6), seat_of(CITY, 5)
    await broken(room, faulty.seat)
    assert await reasons(staff, seat, faulty.seat) == ["seat-faulty"]
    assert await reasons(staff, seat, bare) == ["seat-unenrolled"]
    await broken(room, bare)
    assert sorted(await reasons(staff, seat, bare)) == ["seat-faulty", "seat-unenrolled"]
    # Booked for somebody who has not come into the room yet, and sits there.
    assert await reasons(staff, seat, neighbour.browser.seat) == ["seat-taken"]
    assert await reasons(staff, seat, seat) == ["seat-taken"]
    elsewhere = await spare(room, COUNTY)
    assert await reasons(staff, seat, elsewhere.seat) == ["seat-unknown"]
    assert await reasons(staff, seat, "seat-of-nowhere") == ["seat-unknown"]
    # Nothing has moved.
    assert await booked(room) == kept_seats
    assert "seat-moved" not in await room.arriving.kinds()
    assert "swap" not in [one["kind"] for one in await told(room)]
    assert await expert.client.ask("ping", seq=0, stats=None)
    assert await room.arriving.state(room.cast.seated[0].arrival) == "seated"


async def test_nobody_but_staff_of_the_own_site_moves_anybody(room: Room) -> None:
    await room.open()
    expert, witness = await room.expert(0), await room.account("wanda")
    other, away = await spare(room), await room.account("carlo")
    seat = room.cast.seated[0].browser.seat
    for one in (expert, witness):
        assert (await one.client.refused("swap", seat=seat, to=other.seat)).code == "signal.not-allowed"
    refusal = await away.client.refused("swap", seat=seat, to=other.seat)
    assert refusal.code == "signal.unknown"
    assert room.led.live.state.members[expert.client.member].seat == seat


async def test_a_booking_that_no_longer_holds_moves_nobody(room: Room) -> None:
    await room.open()
    expert, staff = await room.expert(0), await room.account("dana")
    other, seat = await spare(room), room.cast.seated[0].browser.seat
    booking = (await room.arriving.get("olga", "/bookings")).json()["items"][0]
    gone = await room.arriving.post("olga", f"/bookings/{booking['id']}:cancel", {"reason": "停电"})
    assert gone.status_code == 200, gone.text
    assert await reasons(staff, seat, other.seat) == ["not-booked"]
    assert room.led.live.state.members[expert.client.member].seat == seat


async def test_two_who_move_one_person_at_once_move_it_once(room: Room) -> None:
    await room.open()
    await room.expert(0)
    staff = await room.account("dana")
    seat, seats = room.cast.seated[0].browser.seat, [await spare(room, number=one) for one in (5, 6)]
    asked = [staff.client.ask("swap", seat=seat, to=one.seat) for one in seats]
    done = await asyncio.gather(*asked, return_exceptions=True)
    (moved,) = [one for one in done if isinstance(one, dict)]
    (late,) = [one for one in done if isinstance(one, Refused)]
    assert late.code == "signal.unknown"
    assert seat not in await booked(room)
    assert moved["seat"] in await booked(room)
    assert (await room.arriving.kinds()).count("seat-moved") == 1


async def test_whoever_is_moved_once_more_logs_in_at_the_last_seat_alone(room: Room) -> None:
    await room.open()
    expert, staff = await room.expert(0), await room.account("dana")
    first, second = await spare(room, number=5), await spare(room, number=6)
    seat = room.cast.seated[0].browser.seat
    slip = (await staff.client.ask("swap", seat=seat, to=first.seat))["slip"]
    again = (await staff.client.ask("swap", seat=first.seat, to=second.seat))["slip"]
    assert (await room.arriving.log_in(first, slip)).status_code == 401
    assert (await room.arriving.log_in(first, again)).status_code == 401
    await sit_down(room, 0, second, again)
    assert (await room.expert(0)).client.member == expert.client.member


async def test_a_seat_that_the_desk_has_exchanged_before_is_moved_to(room: Room) -> None:
    await room.open()
    await room.expert(0)
    staff, other = await room.account("dana"), await spare(room)
    seat = room.cast.seated[0].browser.seat
    booking = (await room.arriving.get("dana", "/bookings")).json()["items"][0]
    asked = {"seat": seat, "instead": other.seat}
    exchanged = await room.arriving.post("dana", f"/bookings/{booking['id']}:swap", asked)
    assert exchanged.status_code == 200, exchanged.text
    third = await spare(room, number=5)
    assert await reasons(staff, seat, third.seat) == ["not-booked"]
    slip = (await staff.client.ask("swap", seat=seat, to=other.seat))["slip"]
    await sit_down(room, 0, other, slip)
    assert (await room.expert(0)).client.snapshot["you"]["seat"] == other.seat


async def test_whoever_does_not_come_to_the_new_seat_but_leaves_is_out(room: Room) -> None:
    await room.open()
    expert, staff = await room.expert(0), await room.account("dana")
    witness, other = await room.account("wanda"), await spare(room)
    await staff.client.ask("swap", seat=room.cast.seated[0].browser.seat, to=other.seat)
    gate = await room.arriving.gate(room.cast.seated[0].arrival, "out")
    await room.arriving.event(f"gate {CITY}", "passed", passage=gate["passage"], direction="out")
    await witness.client.event("member", id=expert.client.member, change="expelled")


async def test_a_hello_of_the_old_seat_that_meets_the_move_is_not_let_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session was good when it was looked at, and has ended before the welcome."""
    await room.open()
    expert, staff = await room.expert(0), await room.account("dana")
    other, old, live = await spare(room), room.cast.seated[0], room.led.live
    decide, moves = live.decide, [other.seat]

    async def late(actor: Any, command: Any) -> Any:
        if isinstance(command, cmd.SetDevice) and moves:
            await staff.client.ask("swap", seat=old.browser.seat, to=moves.pop())
        return await decide(actor, command)

    monkeypatch.setattr(live, "decide", late)
    assert await refused(room, old) == ("signal.refused", 4003)
    assert not moves
    assert live.state.members[expert.client.member].moving


async def test_a_look_that_read_the_old_session_expels_nobody_who_was_moved_meanwhile(room: Room) -> None:
    await room.open()
    expert, staff = await room.expert(0), await room.account("dana")
    other, live = await spare(room), room.led.live
    read_before = live.state.members[expert.client.member]
    await staff.client.ask("swap", seat=room.cast.seated[0].browser.seat, to=other.seat)
    await standing._expel(live, read_before, standing.ENDED)
    assert expert.client.member in live.state.members


async def test_a_server_that_dies_after_the_move_leaves_no_picture_of_the_old_seat(
    room: Room, beside_room: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored and told to nobody: whoever leads next ends what the old seat still sends, and expels nobody."""
    await room.open()
    expert, staff = await room.expert(0), await room.account("dana")
    member, old, other = expert.client.member, room.cast.seated[0], await spare(room)
    publisher = await room.publish(expert)
    await staff.client.event("track", id=f"{member}/camera", up=True)

    live, settle = room.led.live, room.led.live._settle

    async def dies(before: RoomState, events: Sequence[Event], actor: str | None) -> None:
        if not any(one.kind == "swap" for one in events):
            await settle(before, events, actor)
            return
        room.hall.leader = "nobody"
        live.lost.set()
        raise ConnectionError("killed")

    monkeypatch.setattr(live, "_settle", dies)
    with pytest.raises((Refused, ConnectionError)):
        await staff.client.ask("swap", seat=old.browser.seat, to=other.seat)
    await room.server.kill()
    assert [one["to"] for one in await told(room) if one["kind"] == "swap"] == [other.seat]
    room.arriving.stage.clock.advance(seconds=31)
    server = await room.second(beside_room)
    room.server, room.arriving.app.state.hall = server, server.hall
    await server.hall.resume()
    await room.running()
    await within(10, publisher.link.closed.wait())
    assert await refused(room, old) == ("signal.refused", 4003)
    # The slip was told to nobody: the desk makes another one, for the new seat.
    given = await room.arriving.seat(old.arrival)
    assert given["seat"] == other.seat
    await sit_down(room, 0, other, given["slip"])
    assert (await room.expert(0)).client.member == member
    assert not [one for one in await told(room) if one.get("change") == "expelled"]


async def test_a_move_that_the_store_refuses_moves_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room's event is stored last: what came before it in the transaction is undone with it."""
    await room.open()
    expert, staff = await room.expert(0), await room.account("dana")
    other, old, kept_seats = await spare(room), room.cast.seated[0], await booked(room)

    async def full(*known: Any, **named: Any) -> Any:
        if any(one.kind == "swap" for one in known[3]):
            raise OSError("the disk is full")
        return await append(*known, **named)

    with monkeypatch.context() as patched:
        patched.setattr("app.usecases.room.live.append", full)
        refusal = await staff.client.refused("swap", seat=old.browser.seat, to=other.seat)
    assert refusal.code == "signal.fault"
    assert await booked(room) == kept_seats
    assert await room.arriving.state(old.arrival) == "seated"
    assert "seat-moved" not in await room.arriving.kinds()
    assert await expert.client.ask("ping", seq=0, stats=None)
    assert (await room.expert(0)).client.member == expert.client.member
