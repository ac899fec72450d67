"""What the media port promises of rooms, grants and publishing, kept by every engine with real sockets."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from itertools import pairwise
from typing import Any

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    CAMERA,
    INTERCOM,
    MASKED,
    MAX_SDP_BYTES,
    MICROPHONE,
    Grants,
    MaskProfile,
    MediaEngine,
    MemberId,
    RoomId,
)
from tests.support.media_clients import Publisher, media_lines, offer_text
from tests.support.media_link import Link
from tests.support.media_room import (
    ANNA,
    BEN,
    BOTH,
    CARA,
    FACE,
    PATIENCE,
    ROOM,
    SEEN,
    SPEC,
    VOICE,
    Clients,
    event,
    refused,
    steady,
)
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

# Rooms.


async def test_a_room_is_opened_once(room: MediaEngine) -> None:
    assert await refused(room.open_room(ROOM, SPEC)) == "media.exists"


async def test_closing_a_room_twice_or_one_that_never_was_does_nothing(room: MediaEngine) -> None:
    await room.close_room(ROOM)
    await room.close_room(ROOM)
    await room.close_room(RoomId("never"))
    assert await refused(room.stats(ROOM)) == "media.unknown"


async def test_a_closed_room_may_be_opened_again_and_knows_nobody(room: MediaEngine) -> None:
    await room.close_room(ROOM)
    await room.open_room(ROOM, SPEC)
    assert await refused(room.set_grants(ROOM, ANNA, Grants())) == "media.unknown"


async def test_closing_a_room_ends_its_connections_and_its_events(
    room: MediaEngine, clients: Clients
) -> None:
    events = room.events(ROOM)
    anna, ben = await clients.publish(), await clients.view()
    await event(events, "peer", member=BEN, purpose="view", state="connected")
    await room.close_room(ROOM)
    for client in (anna, ben):
        await within(PATIENCE, client.link.closed.wait())
    kinds = [one.kind async for one in events]
    assert kinds
    assert kinds.count("track-down") == 2


async def test_closing_the_engine_closes_every_room(engine: MediaEngine) -> None:
    rooms = [RoomId("one"), RoomId("two")]
    for name in rooms:
        await engine.open_room(name, SPEC)
    streams = [engine.events(name) for name in rooms]
    await engine.aclose()
    async with asyncio.timeout(PATIENCE):
        for stream in streams:
            async for _ in stream:
                pass


CALLS: Mapping[str, Callable[[MediaEngine, RoomId, MemberId], Coroutine[Any, Any, object]]] = {
    "set_grants": lambda engine, room, member: engine.set_grants(room, member, Grants()),
    "publish": lambda engine, room, member: engine.publish(room, member, "v=0", {}),
    "view": lambda engine, room, member: engine.view(room, member, "v=0", {}),
    "offer_view": lambda engine, room, member: engine.offer_view(room, member, []),
    "answer_view": lambda engine, room, member: engine.answer_view(room, member, "v=0"),
    "restart": lambda engine, room, member: engine.restart(room, member, "publish", "v=0"),
}
ROOM_CALLS: Mapping[str, Callable[[MediaEngine, RoomId], Coroutine[Any, Any, object]]] = {
    "admit": lambda engine, room: engine.admit(room, ANNA, Grants()),
    "expel": lambda engine, room: engine.expel(room, ANNA),
    "stats": lambda engine, room: engine.stats(room),
    "start_mask": lambda engine, room: engine.start_mask(room, frozenset(), MaskProfile(secret=bytes(32))),
    "stop_mask": lambda engine, room: engine.stop_mask(room, VOICE),
    "set_voices": lambda engine, room: engine.set_voices(room, VOICE, frozenset()),
}


@pytest.mark.parametrize("call", sorted(CALLS))
async def test_calls_about_an_unknown_member_or_room_say_so(room: MediaEngine, call: str) -> None:
    assert await refused(CALLS[call](room, ROOM, MemberId("mem_nobody"))) == "media.unknown"
    assert await refused(CALLS[call](room, RoomId("nowhere"), ANNA)) == "media.unknown"


@pytest.mark.parametrize("call", sorted(ROOM_CALLS))
async def test_calls_about_an_unknown_room_say_so(room: MediaEngine, call: str) -> None:
    assert await refused(ROOM_CALLS[call](room, RoomId("nowhere"))) == "media.unknown"


async def test_events_of_an_unknown_room_are_refused(room: MediaEngine) -> None:
    with pytest.raises(MediaError, match=r"media\.unknown"):
        room.events(RoomId("nowhere"))


# Members and grants.


async def test_a_full_room_admits_nobody_else_but_those_inside_get_new_grants(room: MediaEngine) -> None:
    for number in range(2):
        await room.admit(ROOM, MemberId(f"mem_{number}"), Grants())
    assert await refused(room.admit(ROOM, CARA, Grants())) == "media.full"
    await room.admit(ROOM, ANNA, Grants(publish=frozenset()))
    link = await Link.open()
    publisher = Publisher(room, ROOM, ANNA, link)
    answered = await room.publish(ROOM, ANNA, publisher.offer(), publisher.sources)
    assert answered.refused == {"0": "not-granted", "1": "not-granted"}
    await publisher.close()


async def test_what_is_published_arrives_whole_and_in_order(clients: Clients) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await ben.until(FACE, 40)
    await ben.until(VOICE, 40)
    for track in (FACE, VOICE):
        got = [one.index for one in ben.arrived[track]]
        assert got == list(range(got[0], got[0] + len(got)))
        sequences = [one.sequence for one in ben.arrived[track]]
        assert all((after - before) & 0xFFFF == 1 for before, after in pairwise(sequences))


async def test_a_revoked_grant_cuts_the_leg_and_leaves_the_others(
    room: MediaEngine, clients: Clients
) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE, VOICE)
    await room.set_grants(ROOM, BEN, Grants(receive=frozenset({FACE})))
    last = anna.streams[MICROPHONE].index
    await ben.until(FACE, anna.streams[CAMERA].index + 30)
    assert max(ben.indices(VOICE)) <= last


async def test_a_revoked_grant_stops_a_publisher_for_everyone(room: MediaEngine, clients: Clients) -> None:
    events = room.events(ROOM)
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE, VOICE)
    await room.set_grants(ROOM, ANNA, Grants(publish=frozenset({CAMERA})))
    last = anna.streams[MICROPHONE].index
    await ben.until(FACE, anna.streams[CAMERA].index + 30)
    assert max(ben.indices(VOICE)) <= last
    assert (await event(events, "track-down", track=VOICE)).data["cause"]


async def test_a_grant_given_again_carries_on_where_the_viewer_was(
    room: MediaEngine, clients: Clients
) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE)
    await room.set_grants(ROOM, BEN, Grants(receive=frozenset({VOICE})))
    await steady(anna, ben, VOICE)
    before = ben.arrived[FACE][-1]
    await room.set_grants(ROOM, BEN, Grants(receive=SEEN))
    await steady(anna, ben, FACE)
    after = ben.arrived[FACE][ben.arrived[FACE].index(before) + 1]
    assert (after.sequence - before.sequence) & 0xFFFF == 1
    # A picture begins with a keyframe: bit 0 of its frame tag is clear.
    assert after.payload[0] & 0x10
    assert not after.payload[1] & 1


async def test_nothing_is_forwarded_that_was_never_granted(room: MediaEngine, clients: Clients) -> None:
    await room.admit(ROOM, CARA, Grants(receive=frozenset({VOICE})))
    anna = await clients.publish()
    cara = await clients.view(CARA, FACE, VOICE)
    assert cara.refused == {FACE: "not-granted"}
    anna.play()
    await cara.until(VOICE, anna.streams[MICROPHONE].index + 30)
    assert not cara.arrived[FACE]
    assert cara.unknown == 0


async def test_an_expelled_member_loses_both_connections_and_its_grants(
    room: MediaEngine, clients: Clients
) -> None:
    events = room.events(ROOM)
    await room.set_grants(ROOM, ANNA, Grants(publish=BOTH, receive=SEEN))
    anna, watching = await clients.publish(), await clients.view(ANNA)
    # An engine says goodbye on a connection whose end it has seen to be up itself.
    await event(events, "peer", member=ANNA, purpose="view", state="connected")
    await room.expel(ROOM, ANNA)
    for client in (anna, watching):
        await within(PATIENCE, client.link.closed.wait())
    assert await refused(room.publish(ROOM, ANNA, anna.offer(), anna.sources)) == "media.unknown"
    await room.expel(ROOM, ANNA)


# Publishing.


async def test_an_m_line_is_refused_by_itself_with_its_reason(room: MediaEngine) -> None:
    link = await Link.open()
    await room.set_grants(ROOM, ANNA, Grants(publish=frozenset({CAMERA, INTERCOM})))
    sections = [
        media_lines("audio", "0", "sendonly"),
        media_lines("audio", "1", "sendonly"),
        [
            line.replace(" 96 97", " 98").replace(":96 VP8", ":98 VP9").replace(":96 ", ":98 ")
            for line in media_lines("video", "2", "sendonly")
            if "97" not in line or line.startswith("m=")
        ],
    ]
    offer = offer_text(link, sections, ["0", "1", "2"])
    answered = await room.publish(ROOM, ANNA, offer, {"0": MICROPHONE, "1": INTERCOM, "2": CAMERA})
    assert answered.refused == {"0": "not-granted", "2": "codec"}
    swapped = offer_text(link, sections[:1], ["0"])
    answered = await room.publish(ROOM, ANNA, swapped, {"0": CAMERA})
    assert answered.refused == {"0": "wrong-kind"}
    await link.close()


OTHER = ":".join(["CD"] * 32)
BROKEN: Mapping[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "no SDP": lambda _: "hello",
    "no media": lambda text: text.partition("m=")[0],
    "no fingerprint": lambda text: text.replace("a=fingerprint", "a=other"),
    "a short fingerprint": lambda text: text.replace("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 AB:"),
    "no ICE name": lambda text: text.replace("a=ice-ufrag", "a=other"),
    "an ICE name with a newline's worth of tricks": lambda text: text.replace(
        "a=ice-ufrag:", "a=ice-ufrag:% "
    ),
    "no bundle": lambda text: text.replace("a=group:BUNDLE", "a=group:LS"),
    "a bundle of others": lambda text: text.replace("a=group:BUNDLE 0", "a=group:BUNDLE 9"),
    "no rtcp-mux": lambda text: text.replace("a=rtcp-mux", "a=other"),
    "a mid twice": lambda text: text.replace("a=mid:1", "a=mid:0"),
    "a letter for a payload type": lambda text: text.replace("SAVPF 96", "SAVPF x"),
    "a port beyond all": lambda text: text.replace("m=video 9 ", "m=video 999999 "),
    "a role that is none": lambda text: text.replace("a=setup:actpass", "a=setup:holdconn"),
    "a null byte": lambda text: text.replace("s=-", "s=\0"),
    "a certificate more, in capitals": lambda text: text + f"a=Fingerprint:sha-256 {OTHER}\r\n",
    "a certificate more, behind a carriage return": lambda text: (
        text + f"a=x\ra=fingerprint:sha-256 {OTHER}\r\n"
    ),
    "another certificate in the last m-line": lambda text: OTHER.join(
        text.rsplit(text.partition("sha-256 ")[2][: len(OTHER)], 1)
    ),
    "a candidate in capitals": lambda text: text + "a=Candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n",
}


@pytest.mark.parametrize("fault", sorted(BROKEN))
async def test_a_broken_offer_is_refused_and_changes_nothing(
    room: MediaEngine, clients: Clients, fault: str
) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE)
    other = Publisher(room, ROOM, ANNA, await Link.open())
    broken = BROKEN[fault](other.offer())
    assert await refused(room.publish(ROOM, ANNA, broken, other.sources)) == "media.sdp"
    await steady(anna, ben, FACE, VOICE)
    await other.close()


async def test_an_offer_beyond_the_limit_is_refused_by_its_size(room: MediaEngine) -> None:
    long = "v=0\r\n" + "a=x\r\n" * (MAX_SDP_BYTES // 5)
    assert await refused(room.publish(ROOM, ANNA, long, {})) == "media.too-large"


@pytest.mark.parametrize(
    "sources",
    [{"7": CAMERA}, {"0": "telepathy"}, {"0": MASKED}, {"0": CAMERA, "1": CAMERA}],
    ids=["a mid that is not there", "an unknown source", "the engine's own source", "one source twice"],
)
async def test_sources_that_do_not_fit_the_offer_are_refused(
    room: MediaEngine, sources: dict[str, str]
) -> None:
    publisher = Publisher(room, ROOM, ANNA, await Link.open())
    assert await refused(room.publish(ROOM, ANNA, publisher.offer(), sources)) == "media.sdp"
    await publisher.close()


async def test_a_new_offer_replaces_the_connection_and_viewers_stay(
    room: MediaEngine, clients: Clients
) -> None:
    first, ben = await clients.publish(), await clients.view()
    first.play()
    await steady(first, ben, FACE)
    await first.stop()
    ben.arrived.clear()
    second = await clients.publish()
    await within(PATIENCE, first.link.closed.wait())
    second.play()
    await ben.until(FACE, 30)
    await ben.until(VOICE, 30)
    assert {stats.track for stats in (await room.stats(ROOM)).tracks} == SEEN
