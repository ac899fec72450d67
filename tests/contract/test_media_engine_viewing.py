"""What the media port promises of viewing, restarts, masks and figures, kept by every engine."""

import asyncio

import pytest

from remote_eval.media.engine import (
    CAMERA,
    ENGINE_OFFERS,
    ICE_RESTART,
    MASKED,
    MICROPHONE,
    Grants,
    MaskProfile,
    MediaEngine,
    track_id,
)
from tests.support.media_clients import Publisher, media_lines, offer_text
from tests.support.media_link import Link
from tests.support.media_offers import RTX
from tests.support.media_room import (
    ANNA,
    BEN,
    CARA,
    FACE,
    PATIENCE,
    ROOM,
    SEEN,
    VOICE,
    Clients,
    event,
    refused,
    steady,
)

pytestmark = pytest.mark.anyio

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
    await ben.report_distance(FACE)
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
    """Loses each nth packet of 500 bytes or more, which here are pictures, but no repair of one.

    Janus asks a publisher twice and no more: a picture that is lost three times is gone.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._seen = 0
        self.count = 0

    def __call__(self, data: bytes) -> bool:
        if len(data) < 500 or data[1] & 0x7F == RTX:
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
    names = anna.link._remote_ice, ben.link._remote_ice
    await ben.restart()
    await anna.restart()
    assert anna.link._remote_ice != names[0]
    assert ben.link._remote_ice != names[1]
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
    # Reports come about every second, and an engine may weigh each against the one before.
    async with asyncio.timeout(PATIENCE):
        while True:
            ben.report(FACE, fraction_lost=64)
            await ben.until(FACE, max(ben.indices(FACE)) + 70)
            legs = (await room.stats(ROOM)).legs
            if next(one for one in legs if one.track == FACE).fraction_lost == pytest.approx(0.25, abs=0.02):
                return
