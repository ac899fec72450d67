"""A sender whose clock runs off rings on Janus too, where no sender report tells of it (docs/janus.md)."""

import asyncio
from pathlib import Path

import pytest

from crypto.sealing import x25519_public
from remote_eval.media.engine import (
    CAMERA,
    KIND_OF,
    MICROPHONE,
    AskKeyframe,
    Grants,
    RecordPlan,
    RoomId,
    RoomSpec,
    TrackId,
)
from remote_eval.media.janus.engine import JanusEngine
from remote_eval.media.janus.process import JanusProcess
from remote_eval.media.recording.alarms import Emit
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.contents import indexes
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.recorder import Recorder
from tests.support.janus_ground import cable, engine_over, require_janus, settings_on
from tests.support.media_clients import Publisher
from tests.support.media_room import ANNA, BOTH, FACE, ROOM, VOICE
from tests.support.recording_worlds import ROOM_KEY

pytestmark = pytest.mark.anyio
PATIENCE = 20.0
# The room's clock is in the test's hand: a thread that looks late by it is well.
LIMITS = Limits(free_floor_bytes=0, heartbeat_ms=1e12)
MINUTES_4_5 = 270
RATES = {"audio": 48, "video": 90}


class Told(Recorder):
    """The recorder, which tells how many packets the taps gave it."""

    taken = 0
    came: asyncio.Event

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        super().packet(track, data, arrived)
        self.taken += 1
        self.came.set()


class Stage:
    """The room's clock, by which taps and recorder go, and the recorder."""

    def __init__(self) -> None:
        self.now = 0.0
        self.recorders: list[Told] = []

    def clock(self) -> float:
        return self.now

    def sink(self, _room: RoomId, spec: RoomSpec, ask: AskKeyframe, emit: Emit) -> Recorder | None:
        assert spec.record is not None
        made = Told(
            spec.record,
            opened_at=spec.opened_at,
            clock=self.clock,
            emit=emit,
            ask_keyframe=ask,
            limits=LIMITS,
        )
        made.came = asyncio.Event()
        made.start()
        self.recorders.append(made)
        return made

    async def taken(self, more_than: int) -> int:
        """Wait until the taps have given more packets than that; gives how many."""
        told = self.recorders[0]
        async with asyncio.timeout(PATIENCE):
            while told.taken <= more_than:
                told.came.clear()
                await told.came.wait()
        return told.taken


async def run_for(stage: Stage, anna: Publisher, ppm: float) -> None:
    """Minutes of the room's clock: each second a packet of voice and of picture, stamped by Anna's clock."""
    anna.play()
    await stage.taken(20)
    await anna.stop()
    began = {source: one.timestamp for source, one in anna.streams.items()}
    for second in range(1, MINUTES_4_5):
        stage.now = second * 1000.0
        for source, one in anna.streams.items():
            kind, before = KIND_OF[source], stage.recorders[0].taken
            one.timestamp = began[source] + round(stage.now * RATES[kind] * (1 + ppm / 1e6))
            if kind == "audio":
                anna.send_voice(source)
            else:
                anna.send_frame(source, key=True, packets=1)
            await stage.taken(before)


async def on_disk(stage: Stage, engine: JanusEngine) -> None:
    """Wait until what was sent is written, and the drift told with it."""
    wanted = stage.now - 1000
    stage.now += 11_000
    async with asyncio.timeout(PATIENCE):
        while True:
            stats = await engine.stats(ROOM)
            saved = {one.track: one.recorded_ms or 0.0 for one in stats.tracks}
            if min(saved.get(FACE, 0.0), saved.get(VOICE, 0.0)) >= wanted:
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("ppm", "ringing"), [(1000.0, {FACE, VOICE}), (0.0, set())])
async def test_the_clock_of_a_sender_on_janus_rings_by_its_arrivals(
    tmp_path: Path, ppm: float, ringing: set[TrackId]
) -> None:
    require_janus()
    stage, folder = Stage(), tmp_path / "rec"
    plan = RecordPlan(
        folder=folder, room="room_1", part=1, keys={"room": x25519_public(ROOM_KEY)}, seed=bytes(range(32))
    )
    with cable() as interface:
        settings = settings_on(interface)
        process = JanusProcess(tmp_path / "janus", settings)
        await process.start()
        engine = engine_over(settings, clock=stage.clock, make_sink=stage.sink)
        try:
            await engine.start()
            await engine.open_room(ROOM, RoomSpec(opened_at=0.0, record=plan, max_members=4))
            await engine.admit(ROOM, ANNA, Grants(publish=BOTH))
            events = engine.events(ROOM)
            anna = await Publisher.join(engine, ROOM, ANNA, [CAMERA, MICROPHONE])
            await run_for(stage, anna, ppm)
            await on_disk(stage, engine)
            await anna.close()
            await engine.close_room(ROOM)
            alarms = [one.data async for one in events if one.kind == "alarm" and one.data["code"] == "clock"]
        finally:
            await engine.aclose()
            await process.stop()
    assert {one["track"] for one in alarms} == ringing
    assert all(abs(int(str(one["value"])) + ppm) < 60 for one in alarms)
    assert check(folder).ok
    (contents,) = indexes(folder)
    assert not contents.clocks
    for track in (FACE, VOICE):
        assert contents.drifts[track]
        assert all(abs(one["drift_ppb"] / 1000 + ppm) < 60 for one in contents.drifts[track])
