"""A site's engine and a hub's, linked: one copy of each track between them, known by pinned certificates."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.engine import CAMERA, MICROPHONE, Grants, MemberId, RoomId, RoomSpec, track_id
from remote_eval.media.lite.dialing import Dial
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.peer import PeerState
from tests.support.engines import bare_lite
from tests.support.media_clients import WAIT_SECONDS, Publisher, Viewer
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

ROOM = RoomId("room")
ANNA, BEN, CARA, SITE = (MemberId(f"mem_{name}") for name in ("anna", "ben", "cara", "site"))
FACE, VOICE = track_id(ANNA, CAMERA), track_id(ANNA, MICROPHONE)
BOTH = frozenset({CAMERA, MICROPHONE})
SEEN = frozenset({FACE, VOICE})
SPEC = RoomSpec(opened_at=0.0, record=None)


class Linked:
    """Two engines with the same room; states of links between them as they come."""

    def __init__(self) -> None:
        self.hub, self.site = bare_lite(), bare_lite()
        self.states: asyncio.Queue[PeerState] = asyncio.Queue()

    async def start(self) -> None:
        for engine in (self.hub, self.site):
            await engine.start()
            await engine.open_room(ROOM, SPEC)
            await engine.admit(ROOM, ANNA, Grants(publish=BOTH))
            await engine.admit(ROOM, BEN, Grants(receive=SEEN))
            await engine.admit(ROOM, CARA, Grants(receive=SEEN))
        await self.hub.admit(ROOM, SITE, Grants(receive=SEEN))

    async def up(self) -> Dial:
        """The site sends Anna's tracks up as Anna."""
        dial = self.site.dial_up(ROOM, [FACE, VOICE], self.hub.fingerprint, self.states.put_nowait)
        sources = {mid: track.rpartition("/")[2] for mid, track in dial.mids.items()}
        answered = await self.hub.publish(ROOM, ANNA, dial.offer(), sources)
        assert not answered.refused
        dial.answered(answered.sdp)
        await self.state("connected")
        return dial

    async def down(self) -> Dial:
        """The site takes what the hub has of Anna, as its own member."""
        dial = self.site.dial_down(ROOM, [FACE, VOICE], self.hub.fingerprint, self.states.put_nowait)
        answered = await self.hub.view(ROOM, SITE, dial.offer(), dial.mids)
        assert not answered.refused
        dial.answered(answered.sdp)
        await self.state("connected")
        return dial

    async def state(self, wanted: PeerState) -> None:
        assert await within(WAIT_SECONDS, self.states.get()) == wanted

    async def close(self) -> None:
        for engine in (self.site, self.hub):
            assert engine._port.unhandled == 0
            assert all(room.unhandled == 0 for room in engine._rooms.values())
            await engine.aclose()


@pytest.fixture
async def linked() -> AsyncIterator[Linked]:
    both = Linked()
    await both.start()
    yield both
    await both.close()


async def play(engine: LiteEngine) -> Publisher:
    anna = await Publisher.join(engine, ROOM, ANNA)
    anna.play()
    return anna


async def go(*clients: Publisher | Viewer) -> None:
    for client in clients:
        if isinstance(client, Publisher):
            await client.stop()
        await client.close()


async def test_what_a_seat_of_a_site_shows_is_seen_at_the_hub(linked: Linked) -> None:
    anna = await play(linked.site)
    await linked.up()
    ben = await Viewer.join(linked.hub, ROOM, BEN, [FACE, VOICE])
    await ben.until(FACE, 30)
    await ben.until(VOICE, 30)
    got = [one.index for one in ben.arrived[FACE]]
    assert got == list(range(got[0], got[0] + len(got)))
    await go(anna, ben)


async def test_what_the_hub_has_is_seen_at_the_site_by_many_from_one_copy(linked: Linked) -> None:
    anna = await play(linked.hub)
    await linked.down()
    ben = await Viewer.join(linked.site, ROOM, BEN, [FACE, VOICE])
    cara = await Viewer.join(linked.site, ROOM, CARA, [FACE, VOICE])
    for viewer in (ben, cara):
        await viewer.until(FACE, 30)
        await viewer.until(VOICE, 30)
    legs = (await linked.hub.stats(ROOM)).legs
    assert sorted((leg.track, leg.member) for leg in legs) == [(FACE, SITE), (VOICE, SITE)]
    await go(anna, ben, cara)


async def test_a_viewers_wish_for_a_keyframe_goes_all_the_way(linked: Linked) -> None:
    anna = await play(linked.hub)
    await linked.down()
    ben = await Viewer.join(linked.site, ROOM, BEN, [FACE])
    await ben.until(FACE, 10)
    before = anna.streams[CAMERA].requests
    ben.ask_keyframe(FACE)
    async with asyncio.timeout(WAIT_SECONDS):
        while anna.streams[CAMERA].requests == before:
            await ben.changed()
    await go(anna, ben)


async def test_who_speaks_is_known_beyond_the_link_and_so_is_its_round_trip(linked: Linked) -> None:
    events = linked.hub.events(ROOM)
    anna = await play(linked.site)
    anna.level = 0x80 | 15
    await linked.up()
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in events:
            if event.kind == "speaking":
                assert event.data["member"] == ANNA
                break
    ben = await Viewer.join(linked.hub, ROOM, BEN, [VOICE])
    async with asyncio.timeout(WAIT_SECONDS):
        while (await linked.hub.stats(ROOM)).tracks[0].rtt_ms is None:
            await ben.changed()
    await go(anna, ben)


async def test_another_engine_than_the_pinned_one_is_hung_up_on(linked: Linked) -> None:
    dial = linked.site.dial_up(ROOM, [FACE], linked.site.fingerprint)
    answered = await linked.hub.publish(ROOM, ANNA, dial.offer(), {"0": CAMERA})
    with pytest.raises(MediaError, match=r"media\.fingerprint"):
        dial.answered(answered.sdp)


async def test_a_link_is_restarted_on_the_same_keys(linked: Linked) -> None:
    anna = await play(linked.site)
    dial = await linked.up()
    ben = await Viewer.join(linked.hub, ROOM, BEN, [FACE])
    await ben.until(FACE, 10)
    dial.answered((await linked.hub.restart(ROOM, ANNA, "publish", dial.restart())).sdp)
    assert dial.peer is not None
    await ben.until(FACE, anna.streams[CAMERA].index + 60)
    assert linked.states.empty()
    # The hub has heard a check by the new name: the old one is gone.
    publisher = linked.hub._rooms[ROOM].members[ANNA].publisher
    assert publisher is not None
    assert publisher.peer.former is None
    await go(anna, ben)


async def test_tracks_of_a_link_that_ends_are_down_here(linked: Linked) -> None:
    anna = await play(linked.hub)
    await linked.down()
    events = linked.site.events(ROOM)
    assert len((await linked.site.stats(ROOM)).tracks) == 2
    await linked.hub.expel(ROOM, SITE)
    await linked.state("closed")
    assert (await linked.site.stats(ROOM)).tracks == ()
    async with asyncio.timeout(WAIT_SECONDS):
        downs = [await anext(events) for _ in range(2)]
    assert {event.data["track"] for event in downs if event.kind == "track-down"} == SEEN
    await go(anna)


@pytest.mark.parametrize("tracks", [[], [FACE, FACE], ["mem_a/telepathy"]])
async def test_a_link_of_nothing_twice_or_the_unknown_is_refused(linked: Linked, tracks: list[str]) -> None:
    with pytest.raises(MediaError, match=r"media\.sdp"):
        linked.site.dial_up(ROOM, tracks, linked.hub.fingerprint).offer()  # type: ignore[arg-type]
