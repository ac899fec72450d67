"""A part of a recording that runs on: what is on the disk is not kept, and nothing else is either."""

from collections.abc import Iterator
from pathlib import Path

from remote_eval.media.engine import TrackId
from tests.support.living import FEW, living
from tests.support.recorded_media import Arrival, Wire, camera, microphone, pictures, sounds
from tests.support.recording_worlds import Recording, Seat, plan_in

SECONDS = 10
SEAT = Seat(member="mem_a", wire=Wire(seed=1))


def test_a_recorder_keeps_no_more_after_five_minutes_than_after_two(tmp_path: Path) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    recording.open([SEAT])
    sources = {
        TrackId("mem_a/camera"): (camera(), pictures(SECONDS)),
        TrackId("mem_a/microphone"): (microphone(), sounds(SECONDS)),
    }

    def arrivals(start: int) -> Iterator[tuple[TrackId, Arrival]]:
        for track, (source, coded) in sources.items():
            for place, (at, data) in enumerate(source.packets(coded, start)):
                if place % 50:
                    yield track, Arrival(at, report=False, data=data)
            for at in range(start, start + SECONDS * 1000, 1000):
                yield track, Arrival(at, report=True, data=source.report(at))

    def play(since: int, until: int) -> int:
        """Ten seconds of media over and over, one packet in fifty lost; what lives afterwards."""
        for start in range(since * 1000, until * 1000, SECONDS * 1000):
            recording.play(arrivals(start))
            recording.heard.events.clear()
            recording.heard.asked.clear()
        return living()

    before = play(0, 120)
    assert play(120, 300) - before < FEW
    recording.close()
