"""A sender's clock by its reports and by arrivals alone, on the same packets of the embedded engine.

    PYTHONPATH=. python benchmarks/drift.py [SECONDS]

chromium      a real one with fake devices; its clock is the machine's, so the truth is 0
… room fast   the same packets with arrivals by a clock that runs 1000 ppm fast: the truth is 1000
client        a light client whose clock runs 1000 ppm fast: the truth is -1000

Arrivals need four minutes before they say anything; each row is what was said in all the seconds after.
"""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Mapping

from playwright.sync_api import sync_playwright
from timing import machine, table

from remote_eval.media.engine import (
    CAMERA,
    KIND_OF,
    MICROPHONE,
    Grants,
    Kind,
    MemberId,
    RoomId,
    RoomSpec,
    TrackId,
)
from remote_eval.media.recording.clock import MemberClock, TrackClock
from remote_eval.media.recording.rtp import parse_packet, parse_report
from tests.e2e.test_room_media_lite import ANSWER, DEVICES, EXPERT, ORIGIN, PUBLISH, ROOM
from tests.support.chromium import HOW_TO, find_chromium, launch_options
from tests.support.engines import Turned, bare_lite, turning
from tests.support.media_clients import Publisher

CLIENT = MemberId("mem_client")
PPM = 1000.0
BOTH = frozenset({CAMERA, MICROPHONE})
RATES = {"audio": 48_000, "video": 90_000}
NAMES = {EXPERT: "chromium", CLIENT: "client"}
# Whose packets, and by how much the clock of their arrivals is made to run.
CASES = ((EXPERT, 0.0), (EXPERT, PPM), (CLIENT, 0.0))
Told = dict[str, list[float]]


class Pair:
    """One sender, looked at with its reports and without."""

    def __init__(self, ppm: float) -> None:
        self.scale = 1 + ppm / 1e6
        self.reported, self.silent = MemberClock(), MemberClock()
        self.tracks: dict[TrackId, tuple[TrackClock, TrackClock]] = {}
        self.told: Told = defaultdict(list)
        self._second = 0

    def open(self, track: TrackId, kind: Kind) -> None:
        """A track begins."""
        both = [
            one.open_track(track, RATES[kind], sound=kind == "audio") for one in (self.reported, self.silent)
        ]
        self.tracks[track] = (both[0], both[1])

    def packet(self, track: TrackId, timestamp: int, arrived: float) -> None:
        """Take one packet."""
        now = arrived * self.scale
        for one in self.tracks[track]:
            one.arrival(timestamp, now)
        self.reported.advance(now)
        if int(now // 1000) > self._second:
            self._second = int(now // 1000)
            self._note()

    def _note(self) -> None:
        """What both say this second, once the arrivals say something."""
        for track, (_, silent) in self.tracks.items():
            self._keep(track.partition("/")[2], silent.pace.ppm)
        self._keep("arrivals", self.silent.arrival_ppm)
        if self.silent.arrival_ppm is not None:
            self._keep("reports", self.reported.drift_ppm)

    def _keep(self, name: str, ppm: float | None) -> None:
        if ppm is not None:
            self.told[name].append(ppm)


class Compared:
    """The engine's sink: nothing is written."""

    def __init__(self) -> None:
        self.pairs = {case: Pair(case[1]) for case in CASES}
        self._names: dict[TrackId, Mapping[int, str]] = {}

    def _of(self, track: TrackId) -> list[Pair]:
        return [pair for (member, _), pair in self.pairs.items() if track.startswith(f"{member}/")]

    def open_track(self, track: TrackId, kind: Kind, payload_types: Mapping[int, str]) -> None:
        """See `PacketSink`."""
        self._names[track] = payload_types
        for pair in self._of(track):
            pair.open(track, kind)

    def packet(self, track: TrackId, data: bytes, arrived: float) -> None:
        """See `PacketSink`."""
        packet = parse_packet(data)
        if packet is None or self._names[track].get(packet.payload_type) not in {"opus", "red", "vp8"}:
            return
        for pair in self._of(track):
            pair.packet(track, packet.timestamp, arrived)

    def report(self, track: TrackId, data: bytes, arrived: float) -> None:
        """See `PacketSink`."""
        del arrived
        report = parse_report(data)
        if report is None:
            return
        for pair in self._of(track):
            pair.reported.take_report(track, report)

    def round_trip(self, track: TrackId, rtt_ms: float) -> None:
        """See `PacketSink`."""
        for pair in self._of(track):
            for one in (pair.reported, pair.silent):
                one.round_trip(rtt_ms, pair.tracks[track][0].heard)

    def close_track(self, track: TrackId, cause: str) -> None:
        """See `PacketSink`."""
        del track, cause

    def seal(self, track: TrackId, klass: str) -> None:
        """See `RoomSink`."""
        del track, klass

    def recorded_ms(self, track: TrackId) -> float | None:
        """See `RoomSink`."""
        del track
        return None

    async def aclose(self) -> None:
        """See `RoomSink`."""
        return


class Fast(Publisher):
    """A client all of whose times are `PPM` too fast."""

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        due, count = loop.time(), 0
        while True:
            for one in self.streams.values():
                if KIND_OF[one.source] == "audio":
                    self.send_voice(one.source)
                elif count % 2 == 0:
                    self.send_frame(one.source)
            if count % 50 == 0:
                self.send_reports(int(loop.time() * (1 + PPM / 1e6) * (1 << 32)), loop.time() - due)
            count += 1
            due += 0.02 / (1 + PPM / 1e6)
            await asyncio.sleep(max(0.0, due - loop.time()))


def main(seconds: float) -> None:
    """Measure and print."""
    program = find_chromium()
    if program is None:
        raise SystemExit(HOW_TO)
    compared = Compared()
    engine = bare_lite(make_sink=lambda *_: compared)
    options = launch_options(program)
    options["args"] = [*options["args"], *DEVICES]  # type: ignore[misc]
    with turning() as turned, sync_playwright() as playwright:
        turned.do(engine.start())
        turned.do(engine.open_room(RoomId(ROOM), RoomSpec(opened_at=0.0, record=None)))
        for member in NAMES:
            turned.do(engine.admit(ROOM, member, Grants(publish=BOTH)))
        page = playwright.chromium.launch(**options).new_page()  # type: ignore[arg-type]
        page.route("**/*", lambda route: route.fulfill(body="<!doctype html><title>seat</title>"))
        page.goto(ORIGIN)
        offer, mids = page.evaluate(PUBLISH)
        page.evaluate(ANSWER, turned.do(engine.publish(ROOM, EXPERT, offer, mids)).sdp)
        client = turned.do(Fast.join(engine, ROOM, CLIENT))
        turned.do(playing(client))
        time.sleep(seconds)
        show(compared)
        end(turned, client, engine)


async def playing(client: Publisher) -> None:
    """Let it send from now on."""
    client.play()


def end(turned: Turned, client: Publisher, engine: object) -> None:
    """Stop all."""
    turned.do(client.stop())
    turned.do(client.close())
    turned.do(engine.aclose())  # type: ignore[attr-defined]


def show(compared: Compared) -> None:
    """A row for each case: least and greatest of what was said, in ppm."""
    print(f"drift, ppm, least to greatest; {machine()}")
    rows = []
    for (member, ppm), pair in compared.pairs.items():
        told = [pair.told[name] for name in ("reports", "arrivals", "camera", "microphone")]
        spans = [f"{min(one):.0f} to {max(one):.0f}" if one else "not known" for one in told]
        rows.append([NAMES[member] + (", room fast" if ppm else ""), *spans, len(pair.told["arrivals"])])
    table(["sender", "reports", "arrivals", "picture", "sound", "seconds known"], rows)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 420)
