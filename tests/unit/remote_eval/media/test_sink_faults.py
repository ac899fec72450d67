"""A recorder or masker that fails: media go on, and each engine tells the room until it works again."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from remote_eval.media.engine import Kind, TrackId
from remote_eval.media.janus.listening import Listeners
from remote_eval.media.lite.sinks import Sinks
from remote_eval.media.lite.track import Track
from remote_eval.media.sink_faults import CALM_PACKETS, RECORDER, VOICE, SinkFaults

VOICE_TRACK = TrackId("mem_anna/microphone")
ALARM = ("alarm", {"code": RECORDER, "track": VOICE_TRACK, "value": "failed"})
CLEAR = ("clear", {"code": RECORDER, "track": VOICE_TRACK})


class Sink:
    """Fails in the calls that are named, and counts packets."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.packets = 0

    def _try(self, call: str) -> None:
        if call in self.failing:
            raise OSError(call)

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:  # noqa: ARG002
        self._try("open")

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:  # noqa: ARG002
        self._try("packet")
        self.packets += 1

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:  # noqa: ARG002
        self._try("report")

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:  # noqa: ARG002
        self._try("round_trip")

    def close_track(self, track: TrackId, cause: str) -> None:  # noqa: ARG002
        self._try("close")


class Lite:
    """The embedded engine's side, with one track."""

    def __init__(self, faults: SinkFaults) -> None:
        self._sinks, self._track = Sinks(faults), Track(VOICE_TRACK, "audio")

    def add(self, sink: Sink, code: str) -> None:
        self._sinks.listen(sink, None, code)

    def remove(self, sink: Sink) -> None:
        self._sinks.unlisten(sink)

    def open(self) -> None:
        self._sinks.open_track(self._track, {111: "opus"})

    def packet(self) -> None:
        self._sinks.packet(self._track, b"", 0.0)

    def round_trip(self) -> None:
        self._sinks.round_trip(self._track, 1.0)

    def close(self) -> None:
        self._sinks.close_track(self._track, "left")


class Janus:
    """The Janus adapter's."""

    def __init__(self, faults: SinkFaults) -> None:
        self._listeners = Listeners(faults)

    def add(self, sink: Sink, code: str) -> None:
        self._listeners.add(sink, None, code)

    def remove(self, sink: Sink) -> None:
        self._listeners.remove(sink)

    def open(self) -> None:
        self._listeners.open_track(VOICE_TRACK, {111: "opus"})

    def packet(self) -> None:
        self._listeners.packet(VOICE_TRACK, b"", 0.0)

    def round_trip(self) -> None:
        self._listeners.round_trip(VOICE_TRACK, 1.0)

    def close(self) -> None:
        self._listeners.close_track(VOICE_TRACK, "left")


class World:
    """A side with a recorder that works, and what the room was told."""

    def __init__(self, make: Callable[[SinkFaults], Any]) -> None:
        self.told: list[tuple[str, Mapping[str, object]]] = []
        self.faults = SinkFaults(lambda kind, data: self.told.append((kind, dict(data))))
        self.side = make(self.faults)
        self.sink = Sink()
        self.side.add(self.sink, RECORDER)

    def packets(self, count: int) -> None:
        for _ in range(count):
            self.side.packet()


@pytest.fixture(params=[Lite, Janus])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def test_a_recorder_that_works_is_told_of_with_no_word(world: World) -> None:
    world.side.open()
    world.packets(3)
    world.side.round_trip()
    world.side.close()
    assert (world.told, world.faults.count, world.sink.packets) == ([], 0, 3)


def test_a_recorder_that_fails_is_an_alarm_once_and_over_when_it_is_well_for_a_while(world: World) -> None:
    world.side.open()
    world.sink.failing = {"packet"}
    world.packets(5)
    assert (world.told, world.faults.count) == ([ALARM], 5)
    world.sink.failing = set()
    world.packets(CALM_PACKETS - 1)
    assert world.told == [ALARM]
    world.packets(1)
    assert world.told == [ALARM, CLEAR]


def test_one_that_fails_now_and_then_stays_an_alarm(world: World) -> None:
    world.side.open()
    for _ in range(3):
        world.sink.failing = {"packet"}
        world.packets(1)
        world.sink.failing = set()
        world.packets(CALM_PACKETS - 1)
    assert world.told == [ALARM]


def test_a_track_that_could_not_be_opened_is_not_well_because_packets_vanish_quietly(world: World) -> None:
    world.sink.failing = {"open"}
    world.side.open()
    world.packets(3 * CALM_PACKETS)
    assert world.told == [ALARM]
    world.sink.failing = set()
    world.side.open()
    assert world.told == [ALARM, CLEAR]


@pytest.mark.parametrize("end", ["close", "remove"])
def test_a_track_that_ended_has_no_alarm_any_more(world: World, end: str) -> None:
    world.sink.failing = {"open"}
    world.side.open()
    world.side.close() if end == "close" else world.side.remove(world.sink)
    assert world.told == [ALARM, CLEAR]


@pytest.mark.parametrize("call", ["round_trip", "close"])
def test_no_call_that_fails_is_passed_over(world: World, call: str) -> None:
    world.side.open()
    world.sink.failing = {call}
    getattr(world.side, call)()
    assert (world.told[0], world.faults.count) == (ALARM, 1)


def test_a_masker_that_fails_is_an_alarm_of_its_own_and_the_recorder_hears_on(world: World) -> None:
    mask = Sink()
    mask.failing = {"packet"}
    world.side.add(mask, VOICE)
    world.side.open()
    world.packets(2)
    assert world.told == [("alarm", {"code": VOICE, "track": VOICE_TRACK, "value": "failed"})]
    assert world.sink.packets == 2
