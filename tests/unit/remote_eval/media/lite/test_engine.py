"""The embedded engine with what plugs into it: sinks, masks, local tracks, caps, the loop's health."""

import asyncio
import struct
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiortc.rtp import RtcpPacket

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    CAMERA,
    MASKED,
    MICROPHONE,
    AskKeyframe,
    Grants,
    Kind,
    MaskProfile,
    MemberId,
    RecordPlan,
    RoomId,
    RoomSpec,
    TrackId,
    track_id,
)
from remote_eval.media.lite.events import MAX_BEHIND, EventStream
from remote_eval.media.lite.factory import lite_engine
from remote_eval.media.lite.lag import Lag
from remote_eval.media.lite.plugs import Emit, RoomSink
from remote_eval.media.lite.rtp import read_packet, write_header
from remote_eval.media.lite.speaking import SILENCE, Speaking
from tests.support.engines import bare_lite
from tests.support.media_clients import WAIT_SECONDS, Publisher, Viewer
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

ROOM = RoomId("room")
ANNA, BEN = MemberId("mem_anna"), MemberId("mem_ben")
FACE, VOICE = track_id(ANNA, CAMERA), track_id(ANNA, MICROPHONE)
BOTH = frozenset({CAMERA, MICROPHONE})
SPEC = RoomSpec(opened_at=1_772_323_200_000.0, record=None, video_kbps=700)


class Listener:
    """A sink that notes what it hears."""

    def __init__(self, ask_keyframe: AskKeyframe, emit: Emit) -> None:
        self.ask_keyframe, self.emit = ask_keyframe, emit
        self.told: list[tuple[Any, ...]] = []
        self.packets: dict[TrackId, list[bytes]] = {}
        self.fails = False

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:
        self.told.append(("open", track, kind, dict(payload_types)))
        self.packets.setdefault(track, [])

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        if self.fails:
            raise RuntimeError("a fault of the sink")
        assert arrived >= 0
        self.packets[track].append(data)

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:
        self.told.append(("report", track, data, arrived))

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        self.told.append(("rtt", track, rtt_ms))

    def close_track(self, track: TrackId, cause: str) -> None:
        self.told.append(("close", track, cause))

    def seal(self, track: TrackId, klass: str) -> None:
        self.told.append(("seal", track, klass))

    def recorded_ms(self, track: TrackId) -> float | None:
        return float(len(self.packets[track]))

    async def aclose(self) -> None:
        self.told.append(("end",))


class World:
    """An engine with a listener, a publisher and a viewer."""

    def __init__(self) -> None:
        self.engine = bare_lite(make_sink=self._make)
        self.sink: Listener

    def _make(self, _room: RoomId, _spec: RoomSpec, ask: AskKeyframe, emit: Emit) -> RoomSink:
        self.sink = Listener(ask, emit)
        return self.sink

    async def open(self) -> None:
        await self.engine.start()
        await self.engine.open_room(ROOM, SPEC)
        await self.engine.admit(ROOM, ANNA, Grants(publish=BOTH))
        await self.engine.admit(ROOM, BEN, Grants(receive=frozenset({FACE, VOICE})))

    async def until(self, seen: Callable[[], object]) -> None:
        """Wait for the engine's loop to make it so, one turn after the other."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not seen():  # noqa: ASYNC110 - what is waited for is on this very loop
                await asyncio.sleep(0)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.open()
    yield made
    await made.engine.aclose()


async def test_a_sink_hears_what_came_as_it_came_and_repaired_ones_too(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA, [CAMERA])
    lost: list[bytes] = []

    def lose(data: bytes) -> bool:
        one_of_them = len(lost) < 2 and read_packet(data) is not None and data[3] in {0xE0, 0xE3}
        if one_of_them:
            lost.append(data)
        return one_of_them

    anna.link.drops_out = lose
    for _ in range(5):
        anna.send_frame(key=True)
    await world.until(lambda: len(world.sink.packets.get(FACE, [])) == 15)
    assert world.sink.told[0] == ("open", FACE, "video", {96: "vp8"})
    read = [packet for data in world.sink.packets[FACE] if (packet := read_packet(data))]
    assert {one.ssrc for one in read} == {anna.streams[CAMERA].ssrc}
    ordered = sorted(one.sequence for one in read)
    assert all(after - before == 1 for before, after in pairwise(ordered))
    assert len(lost) == 2
    # Restored packets are what the sender would have sent, but for its header extension.
    for data in lost:
        original = read_packet(data)
        assert original is not None
        assert original.payload in {one.payload for one in read}
    stats = await world.engine.stats(ROOM)
    assert stats.tracks[0].recorded_ms == 15
    assert stats.tracks[0].lost == 0
    await anna.close()


async def test_a_sink_hears_reports_and_the_end_with_its_cause(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA, [MICROPHONE])
    anna.send_voice()
    anna.send_reports(ntp=5 << 32)
    await world.until(lambda: any(one[0] == "report" for one in world.sink.told))
    report = next(one for one in world.sink.told if one[0] == "report")
    assert RtcpPacket.parse(report[2])
    await anna.close()
    await world.until(lambda: world.sink.told[-1] == ("close", VOICE, "left"))
    await world.engine.close_room(ROOM)
    assert world.sink.told[-1] == ("end",)


async def test_nothing_that_is_not_granted_reaches_a_sink(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    await world.engine.set_grants(ROOM, ANNA, Grants(publish=frozenset({MICROPHONE})))
    heard = len(world.sink.packets[FACE])
    anna.send_frame(key=True)
    anna.send_voice()
    await world.until(lambda: world.sink.packets[VOICE])
    assert len(world.sink.packets[FACE]) == heard
    assert ("close", FACE, "grants") in world.sink.told
    await anna.close()


async def test_a_sink_that_fails_takes_nobody_with_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    ben = await Viewer.join(world.engine, ROOM, BEN, [VOICE])
    world.sink.fails = True
    anna.send_voice()
    await ben.until(VOICE, 1)
    assert (await world.engine.stats(ROOM)).unhandled == 1
    assert "a sink failed" in caplog.text
    await anna.close()
    await ben.close()


async def test_a_sink_on_another_thread_tells_events_and_asks_for_keyframes(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    events = world.engine.events(ROOM)

    def work() -> None:
        world.sink.emit("head", {"recording": "r", "segment": 1, "hash": "00"})
        world.sink.ask_keyframe(FACE)

    thread = threading.Thread(target=work)
    thread.start()
    async with asyncio.timeout(WAIT_SECONDS):
        event = await anext(events)
    thread.join()
    assert event.kind == "head"
    await world.until(lambda: anna.streams[CAMERA].requests)
    await anna.close()


async def test_a_sender_is_told_the_rooms_cap_each_second(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    anna.send_frame(key=True)
    await world.until(lambda: anna.streams[CAMERA].remb)
    assert 0.99 * 700_000 <= anna.streams[CAMERA].remb <= 700_000
    await anna.close()


async def test_requests_of_many_viewers_for_a_keyframe_are_one_in_half_a_second(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    ben = await Viewer.join(world.engine, ROOM, BEN, [FACE, VOICE])
    for _ in range(40):
        ben.ask_keyframe(FACE)
    await world.until(lambda: anna.streams[CAMERA].requests)
    # A keyframe ends the wish; the same flood again is within half a second of the first request.
    anna.send_frame(key=True)
    await ben.until(FACE, 3)
    for _ in range(40):
        ben.ask_keyframe(FACE)
    anna.send_voice()
    await ben.until(VOICE, 1)
    assert anna.streams[CAMERA].requests == 1
    await anna.close()
    await ben.close()


async def test_red_reaches_a_viewer_that_takes_it_and_its_newest_block_one_that_does_not(
    world: World,
) -> None:
    cara = MemberId("mem_cara")
    await world.engine.admit(ROOM, cara, Grants(receive=frozenset({VOICE})))
    anna = await Publisher.join(world.engine, ROOM, ANNA, [MICROPHONE], red=True)
    with_red = await Viewer.join(world.engine, ROOM, BEN, [VOICE], red=True)
    without = await Viewer.join(world.engine, ROOM, cara, [VOICE])
    anna.send_voice()
    assert (await with_red.until(VOICE, 1)).payload_type == 63
    plain = await without.until(VOICE, 1)
    assert plain.payload_type == 111
    assert plain.payload[0] == 0xF8
    assert len(plain.payload) < len(with_red.arrived[VOICE][0].payload)
    for client in (anna, with_red, without):
        await client.close()


async def test_a_source_is_added_on_the_same_connection(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    camera = anna.streams.pop(CAMERA)
    await anna.negotiate()
    ben = await Viewer.join(world.engine, ROOM, BEN, [VOICE])
    anna.send_voice()
    await ben.until(VOICE, 1)
    anna.streams = {CAMERA: camera, **anna.streams}
    await anna.negotiate()
    await ben.want([VOICE, FACE])
    anna.send_frame(key=True)
    anna.send_voice()
    await ben.until(FACE, 3)
    await ben.until(VOICE, 2)
    assert not anna.link.closed.is_set()
    await anna.close()
    await ben.close()


async def test_packets_made_here_go_the_way_of_any_other(world: World) -> None:
    name = track_id(MemberId("mask_1"), MASKED)
    await world.engine.set_grants(ROOM, BEN, Grants(receive=frozenset({name})))
    track = world.engine.local_track(ROOM, name, {111: "opus"})
    ben = await Viewer.join(world.engine, ROOM, BEN, [name])
    assert not ben.refused
    for number in range(3):
        track.send(write_header(111, False, number, 960 * number, 5) + b"masked")  # noqa: FBT003
    track.send(b"no packet")
    track.send(write_header(99, False, 9, 0, 5) + b"no codec")  # noqa: FBT003
    async with asyncio.timeout(WAIT_SECONDS):
        while len(ben.arrived[name]) < 3:
            await ben.changed()
    assert len(world.sink.packets[name]) == 3
    track.close("stopped")
    track.send(write_header(111, False, 4, 0, 5) + b"late")  # noqa: FBT003
    assert len(world.sink.packets[name]) == 3
    with pytest.raises(MediaError, match=r"media\.unknown"):
        world.engine.local_track(ROOM, TrackId("mask_1/telepathy"), {111: "opus"})
    await ben.close()


async def test_what_is_down_and_viewed_by_nobody_takes_no_memory(world: World) -> None:
    room = world.engine._rooms[ROOM]
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    ben = await Viewer.join(world.engine, ROOM, BEN, [FACE])
    await anna.close()
    await world.until(lambda: VOICE not in room.tracks)
    # Ben's leg waits for Anna to come back.
    assert set(room.tracks) == {FACE}
    again = await Publisher.join(world.engine, ROOM, ANNA)
    again.send_frame(key=True)
    await ben.until(FACE, 3)
    await again.close()
    await ben.close()
    await world.until(lambda: not room.tracks)


async def test_an_engine_without_a_masker_says_so(world: World) -> None:
    with pytest.raises(MediaError, match=r"media\.unsupported"):
        await world.engine.start_mask(ROOM, frozenset(), MaskProfile(secret=bytes(32)))


async def test_a_seat_that_goes_on_from_another_port_is_followed(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    ben = await Viewer.join(world.engine, ROOM, BEN, [VOICE])
    anna.send_voice()
    await ben.until(VOICE, 1)
    for client in (anna, ben):
        client.link.checked.clear()
        await client.link.move()
        await within(WAIT_SECONDS, client.link.checked.wait())
    anna.send_voice()
    await ben.until(VOICE, 2)
    await anna.close()
    await ben.close()


async def test_malformed_media_of_a_member_is_counted_and_disturbs_nobody(world: World) -> None:
    anna = await Publisher.join(world.engine, ROOM, ANNA)
    ben = await Viewer.join(world.engine, ROOM, BEN, [FACE, VOICE])
    known = anna.streams[CAMERA].ssrc
    head = struct.pack("!BBHII", 0x80, 96, 1, 2, known)
    bad = [
        struct.pack("!BBHII", 0x80, 96, 3, 2, 0x0BAD) + b"a sender that nobody declared",
        struct.pack("!BBHII", 0x80, 55, 4, 2, known) + b"a type that nobody negotiated",
        struct.pack("!BBHII", 0x80, 97, 5, 2, anna.streams[CAMERA].repair_ssrc) + b"\x01",
    ]
    for plain in bad:
        anna.link.send_rtp(plain)
    anna.link.send_raw(head + b"not protected at all")
    for body in (b"", b"\xff" * 4, bytes(8), b"\x00" * 64):
        for kind in (200, 201, 205, 206, 207):
            for client in (anna, ben):
                client.link.send_rtcp(struct.pack("!BBHI", 0x9F, kind, 9, known) + body)
    ben.link.send_rtp(head + b"media from a viewer")
    ben.nack(ben.ssrc(FACE), list(range(0, 60_000, 300)))
    anna.send_voice()
    anna.send_frame(key=True)
    await ben.until(VOICE, 1)
    await ben.until(FACE, 3)
    stats = await world.engine.stats(ROOM)
    assert stats.unhandled == 0
    assert stats.refused_packets >= 3
    await anna.close()
    await ben.close()


async def test_the_engine_of_a_process_keeps_its_fingerprint_and_records(tmp_path: Path) -> None:
    first = await lite_engine(tmp_path, bind="127.0.0.1", port=0, addresses=["127.0.0.1"])
    await first.aclose()
    engine = await lite_engine(tmp_path, bind="127.0.0.1", port=0, addresses=["127.0.0.1"])
    assert engine.fingerprint == first.fingerprint
    folder = tmp_path / "recordings"
    folder.mkdir()
    # The base point of X25519 (RFC 7748 §4.1) is a public key like any other.
    key = b"\x09" + bytes(31)
    plan = RecordPlan(folder=folder, room="r", part=1, keys={"room": key}, seed=bytes(range(32)))
    await engine.open_room(ROOM, RoomSpec(opened_at=1_772_323_200_000.0, record=plan))
    await engine.admit(ROOM, ANNA, Grants(publish=BOTH))
    anna = await Publisher.join(engine, ROOM, ANNA)
    anna.play()
    sink = engine._rooms[ROOM].sink
    assert sink is not None
    async with asyncio.timeout(WAIT_SECONDS):
        while sink.recorded_ms(FACE) is None:  # noqa: ASYNC110 - told by a thread, by this figure alone
            await asyncio.sleep(0.02)
    await anna.stop()
    await engine.close_room(ROOM)
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) > 10_000
    await anna.close()
    await engine.aclose()


async def test_the_engines_clock_reports_a_loop_that_hangs(world: World) -> None:
    events = world.engine.events(ROOM)
    world.engine._tick(asyncio.get_running_loop().time() - 0.05)
    async with asyncio.timeout(WAIT_SECONDS):
        event = await anext(events)
    assert event.kind == "alarm"
    assert event.data["code"] == "loop-lag"
    assert (await world.engine.stats(ROOM)).loop_lag_ms >= 50


async def test_timers_that_fail_in_one_room_are_counted_there(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_now: float) -> None:
        raise RuntimeError("a fault of ours")

    found = world.engine._rooms[ROOM]
    monkeypatch.setattr(found, "tick", fail)
    await world.until(lambda: found.unhandled)
    monkeypatch.undo()
    assert "timers failed" in caplog.text


def test_lag_alarms_once_and_clears_after_calm() -> None:
    lag = Lag()
    assert lag.note(19.0, 0.0) is None
    assert lag.note(21.0, 20.0) == "alarm"
    assert lag.note(90.0, 40.0) is None
    assert lag.worst_ms == 90.0
    assert lag.note(0.0, 5000.0) is None
    assert lag.note(0.0, 5041.0) == "clear"
    assert lag.note(0.0, 9000.0) is None
    assert lag.worst_ms == 0.0


def test_speech_begins_lasts_and_ends_and_a_click_is_none() -> None:
    speaking = Speaking()
    assert speaking.hear(0, 0.0) is None
    told = [(now, said) for now in range(0, 2000, 20) if (said := speaking.hear(20, now)) is not None]
    assert 3 <= len(told) <= 5
    assert all(after - before >= 500 for (before, _), (after, _) in pairwise(told))
    ended = [said for now in range(2000, 3000, 20) if (said := speaking.hear(127, now)) is not None]
    assert ended[-1] == SILENCE
    assert ended.count(SILENCE) == 1


async def test_a_stream_of_events_ends_for_a_reader_that_does_not_read() -> None:
    stream = EventStream()
    for _ in range(MAX_BEHIND + 5):
        stream.put(None)  # type: ignore[arg-type]
    assert stream.is_ended
