"""What the media port promises, sentence by sentence, kept by every engine with clients on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    CAMERA,
    ENGINE_OFFERS,
    ICE_RESTART,
    INTERCOM,
    MASKED,
    MAX_SDP_BYTES,
    MICROPHONE,
    EngineEvent,
    Grants,
    MaskProfile,
    MediaEngine,
    MemberId,
    RoomId,
    RoomSpec,
    TrackId,
    track_id,
)
from tests.support.engines import ENGINES
from tests.support.media_clients import Publisher, Viewer, media_lines, offer_text
from tests.support.media_link import Link

pytestmark = pytest.mark.anyio

ROOM = RoomId("room_1")
ANNA, BEN, CARA = MemberId("mem_anna"), MemberId("mem_ben"), MemberId("mem_cara")
FACE, VOICE = track_id(ANNA, CAMERA), track_id(ANNA, MICROPHONE)
SPEC = RoomSpec(opened_at=1_772_323_200_000.0, record=None, max_members=4)
BOTH = frozenset({CAMERA, MICROPHONE})
SEEN = frozenset({FACE, VOICE})
PATIENCE = 8.0


@pytest.fixture(params=sorted(ENGINES))
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaEngine]:
    async with ENGINES[request.param](tmp_path) as running:
        yield running


@pytest.fixture
async def room(engine: MediaEngine) -> AsyncIterator[MediaEngine]:
    """An engine with a room in which Anna may publish and Ben may see her."""
    await engine.open_room(ROOM, SPEC)
    await engine.admit(ROOM, ANNA, Grants(publish=BOTH))
    await engine.admit(ROOM, BEN, Grants(receive=SEEN))
    yield engine
    with_unhandled = await unhandled(engine)
    assert with_unhandled == 0


async def unhandled(engine: MediaEngine) -> int:
    try:
        return (await engine.stats(ROOM)).unhandled
    except MediaError:
        return 0


class Clients:
    """Clients that go away when the test is over."""

    def __init__(self, engine: MediaEngine) -> None:
        self._engine = engine
        self._open: list[Publisher | Viewer] = []

    async def publish(self, member: MemberId = ANNA, *sources: str, **options: Any) -> Publisher:
        wanted = sources or (CAMERA, MICROPHONE)
        client = await Publisher.join(self._engine, ROOM, member, wanted, **options)
        self._open.append(client)
        return client

    async def view(self, member: MemberId = BEN, *tracks: TrackId, **options: Any) -> Viewer:
        wanted = tracks or (FACE, VOICE)
        client = await Viewer.join(self._engine, ROOM, member, wanted, **options)
        self._open.append(client)
        return client

    async def close(self) -> None:
        for client in self._open:
            if isinstance(client, Publisher):
                await client.stop()
            await client.close()


@pytest.fixture
async def clients(room: MediaEngine) -> AsyncIterator[Clients]:
    some = Clients(room)
    yield some
    await some.close()


async def refused(work: Coroutine[Any, Any, object]) -> str:
    with pytest.raises(MediaError) as caught:
        await work
    return caught.value.code


async def event(events: AsyncIterator[EngineEvent], kind: str, **data: object) -> EngineEvent:
    """The next event of this kind with these data."""
    async with asyncio.timeout(PATIENCE):
        async for one in events:
            if one.kind == kind and data.items() <= one.data.items():
                return one
    raise AssertionError(f"the events ended before {kind} {data}")


async def steady(publisher: Publisher, viewer: Viewer, *tracks: TrackId) -> None:
    """Wait until fresh packets of these tracks arrive."""
    for track in tracks:
        source = track.rpartition("/")[2]
        await viewer.until(track, publisher.streams[source].index + 1)


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
    await room.close_room(ROOM)
    for client in (anna, ben):
        await asyncio.wait_for(client.link.closed.wait(), PATIENCE)
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
    await room.set_grants(ROOM, ANNA, Grants(publish=BOTH, receive=SEEN))
    anna, watching = await clients.publish(), await clients.view(ANNA)
    await room.expel(ROOM, ANNA)
    for client in (anna, watching):
        await asyncio.wait_for(client.link.closed.wait(), PATIENCE)
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
    await asyncio.wait_for(first.link.closed.wait(), PATIENCE)
    second.play()
    await ben.until(FACE, 30)
    await ben.until(VOICE, 30)
    assert {stats.track for stats in (await room.stats(ROOM)).tracks} == SEEN


# Viewing.


async def test_the_side_that_does_not_offer_here_is_told_so(room: MediaEngine) -> None:
    if ENGINE_OFFERS in room.capabilities:
        assert await refused(room.view(ROOM, BEN, "v=0", {})) == "media.engine-offers"
        assert await refused(room.answer_view(ROOM, BEN, "v=0")) == "media.no-offer"
    else:
        assert await refused(room.offer_view(ROOM, BEN, [FACE])) == "media.client-offers"
        assert await refused(room.answer_view(ROOM, BEN, "v=0")) == "media.no-offer"


async def test_what_nobody_publishes_cannot_be_viewed(room: MediaEngine, clients: Clients) -> None:
    await clients.publish(ANNA, MICROPHONE)
    ben = await clients.view(BEN, FACE, VOICE)
    assert ben.refused == {FACE: "no-track"}


async def test_a_view_of_the_wrong_kind_or_codec_is_refused(room: MediaEngine, clients: Clients) -> None:
    if ENGINE_OFFERS in room.capabilities:
        return
    await clients.publish()
    link = await Link.open()
    sections = [
        media_lines("audio", "0", "recvonly"),
        [line.replace("opus/48000/2", "G722/8000") for line in media_lines("audio", "1", "recvonly")],
    ]
    offer = offer_text(link, sections, ["0", "1"])
    answered = await room.view(ROOM, BEN, offer, {"0": FACE, "1": VOICE})
    assert answered.refused == {"0": "wrong-kind", "1": "codec"}
    await link.close()


async def test_more_is_viewed_on_the_same_connection_without_a_break(
    room: MediaEngine, clients: Clients
) -> None:
    anna = await clients.publish()
    ben = await clients.view(BEN, VOICE)
    anna.play()
    await steady(anna, ben, VOICE)
    seen = len(ben.arrived[VOICE])
    await ben.want([VOICE, FACE])
    await steady(anna, ben, FACE, VOICE)
    got = [one.index for one in ben.arrived[VOICE]]
    assert got == list(range(got[0], got[0] + len(got)))
    assert len(got) > seen


async def test_what_a_viewer_no_longer_wants_is_not_sent(room: MediaEngine, clients: Clients) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE, VOICE)
    await ben.want([VOICE])
    last = anna.streams[CAMERA].index
    await ben.until(VOICE, anna.streams[MICROPHONE].index + 30)
    assert max(ben.indices(FACE)) <= last


async def test_a_viewer_that_asks_gets_a_keyframe(room: MediaEngine, clients: Clients) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE)
    before = anna.streams[CAMERA].requests
    ben.ask_keyframe(FACE)
    async with asyncio.timeout(PATIENCE):
        while anna.streams[CAMERA].requests == before:
            await ben.changed()


async def test_lost_pictures_are_brought_back_on_both_sides(room: MediaEngine, clients: Clients) -> None:
    anna, ben = await clients.publish(), await clients.view()
    lost_up, lost_down = Losing(11), Losing(7)
    anna.play()
    await steady(anna, ben, FACE)
    first = max(ben.indices(FACE)) + 1
    anna.link.drops_out, ben.link.drops_in = lost_up, lost_down
    await ben.until(FACE, first + 150)
    anna.link.drops_out = ben.link.drops_in = lambda _: False
    wanted = set(range(first, first + 150))
    async with asyncio.timeout(PATIENCE):
        while not wanted <= ben.indices(FACE):
            await ben.changed()
    assert lost_up.count > 5
    assert lost_down.count > 5


class Losing:
    """Loses each nth packet of 500 bytes or more, which here are pictures."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._seen = 0
        self.count = 0

    def __call__(self, data: bytes) -> bool:
        if len(data) < 500:
            return False
        self._seen += 1
        lost = self._seen % self._each == 0
        self.count += lost
        return lost


# Restart.


async def test_an_ice_restart_goes_on_with_the_same_keys(room: MediaEngine, clients: Clients) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE)
    if ICE_RESTART not in room.capabilities:
        pytest.fail("an engine without ICE restart needs its own sentence here")
    await ben.restart()
    await anna.restart()
    await steady(anna, ben, FACE, VOICE)
    assert not anna.link.closed.is_set()
    assert not ben.link.closed.is_set()


async def test_without_a_connection_there_is_nothing_to_restart(room: MediaEngine) -> None:
    publisher = Publisher(room, ROOM, ANNA, await Link.open())
    code = await refused(room.restart(ROOM, ANNA, "publish", publisher.offer()))
    assert code == "media.no-connection"
    await publisher.close()


# Masks.


async def test_a_masked_voice_is_a_track_of_the_engine_and_the_raw_one_stays_closed(
    room: MediaEngine, clients: Clients
) -> None:
    await room.admit(ROOM, CARA, Grants())
    anna = await clients.publish()
    track = await room.start_mask(ROOM, frozenset({VOICE}), MaskProfile(secret=bytes(range(32))))
    assert track.endswith(f"/{MASKED}")
    assert not track.startswith((ANNA, BEN, CARA))
    await room.set_grants(ROOM, CARA, Grants(receive=frozenset({track})))
    cara = await clients.view(CARA, track, VOICE)
    assert cara.refused == {VOICE: "not-granted"}
    anna.play()
    async with asyncio.timeout(PATIENCE):
        while len(cara.arrived[track]) < 25:
            await cara.changed()
    assert not cara.arrived[VOICE]
    # None of Anna's own packets: they carry numbers, and what the masker makes does not.
    assert {one.index for one in cara.arrived[track]} == {0}
    await room.stop_mask(ROOM, track)
    await room.stop_mask(ROOM, track)


async def test_a_stopped_mask_sends_nothing_and_its_track_is_down(
    room: MediaEngine, clients: Clients
) -> None:
    events = room.events(ROOM)
    track = await room.start_mask(ROOM, frozenset(), MaskProfile(secret=bytes(range(32))))
    await room.set_grants(ROOM, BEN, Grants(receive=frozenset({track, VOICE})))
    await room.set_voices(ROOM, track, frozenset({VOICE}))
    await room.stop_mask(ROOM, track)
    assert (await event(events, "track-down", track=track)).data["cause"]
    anna, ben = await clients.publish(), await clients.view(BEN, track, VOICE)
    assert ben.refused == {track: "no-track"}
    anna.play()
    await ben.until(VOICE, 10)


async def test_voices_of_an_unknown_mask_cannot_be_set(room: MediaEngine) -> None:
    assert await refused(room.set_voices(ROOM, track_id(ANNA, MASKED), frozenset())) == "media.unknown"


# Looking.


async def test_events_tell_the_story_in_its_order(room: MediaEngine, clients: Clients) -> None:
    events = room.events(ROOM)
    await clients.publish()
    await event(events, "peer", member=ANNA, purpose="publish", state="connected")
    await clients.view()
    await event(events, "peer", member=BEN, purpose="view", state="connected")
    await room.set_grants(ROOM, BEN, Grants(receive=frozenset({VOICE})))
    off = await event(events, "leg", track=FACE, member=BEN, on=False)
    await room.expel(ROOM, ANNA)
    down = await event(events, "track-down")
    assert 0 < off.at <= down.at


async def test_tracks_are_up_before_anything_else_is_said_of_them(
    room: MediaEngine, clients: Clients
) -> None:
    events = room.events(ROOM)
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE, VOICE)
    await room.close_room(ROOM)
    told = [(one.kind, one.data.get("track")) async for one in events]
    for track in SEEN:
        about = [kind for kind, name in told if name == track]
        assert about[0] == "track-up"
        assert (
            about.index("track-up")
            < about.index("leg")
            < len(about) - 1 - about[::-1].index("track-down") + 1
        )


async def test_two_readers_both_see_what_happens(room: MediaEngine, clients: Clients) -> None:
    first, second = room.events(ROOM), room.events(ROOM)
    await clients.publish()
    for events in (first, second):
        await event(events, "track-up", track=VOICE)


async def test_a_reader_too_slow_by_ten_thousand_is_ended(room: MediaEngine, clients: Clients) -> None:
    slow, quick = room.events(ROOM), room.events(ROOM)
    await clients.publish()
    await clients.view()
    for _ in range(2_600):
        await room.set_grants(ROOM, BEN, Grants())
        await room.set_grants(ROOM, BEN, Grants(receive=SEEN))
        async with asyncio.timeout(PATIENCE):
            for _ in range(4):
                await anext(quick)
    async with asyncio.timeout(PATIENCE):
        count = len([one async for one in slow])
    assert count == 10_000


async def test_somebody_who_speaks_is_named_and_silence_is_not(room: MediaEngine, clients: Clients) -> None:
    events = room.events(ROOM)
    anna = await clients.publish(ANNA, MICROPHONE)
    anna.level = 0x80 | 20
    anna.play()
    told = await event(events, "speaking", member=ANNA)
    assert isinstance(level := told.data["level"], int)
    assert level < 60
    anna.level = 127
    assert (await event(events, "speaking", member=ANNA, level=127)).data["level"] == 127


async def test_figures_say_what_went_where(room: MediaEngine, clients: Clients) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await ben.until(FACE, 60)
    stats = await room.stats(ROOM)
    assert stats.clock_ms > 0
    assert {one.track for one in stats.tracks} == SEEN
    for one in stats.tracks:
        assert one.packets > 10
        assert one.lost == 0
        assert one.age_ms < 1000
    assert {(one.track, one.member) for one in stats.legs} == {(FACE, BEN), (VOICE, BEN)}
    assert all(one.packets > 10 for one in stats.legs)


async def test_a_viewers_own_report_of_loss_is_in_the_figures(room: MediaEngine, clients: Clients) -> None:
    anna, ben = await clients.publish(), await clients.view()
    anna.play()
    await steady(anna, ben, FACE)
    ben.report(FACE, fraction_lost=64)
    async with asyncio.timeout(PATIENCE):
        while True:
            legs = (await room.stats(ROOM)).legs
            if next(one for one in legs if one.track == FACE).fraction_lost == pytest.approx(0.25, abs=0.01):
                return
            await ben.changed()
