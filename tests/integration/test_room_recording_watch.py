"""What a room knows of its recording: a track that is never recorded, faults of a recorder and their end."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from remote_eval.media.engine import EngineEvent, RoomId, RoomStats
from tests.integration.test_room_failures import process_of
from tests.support.rooms_served import Everybody, Room

# What the engine tells asks nothing of the database.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("copied", ["sqlite"], indirect=True)]


def never_recorded(stats: Callable[[RoomId], Any], track: str) -> Callable[[RoomId], Any]:
    """Figures of a room in which all is recorded but one track; three seconds pass between two looks."""
    passed = 0.0

    async def told(room: RoomId) -> RoomStats:
        nonlocal passed
        passed += 3_000
        found: RoomStats = await stats(room)
        now = found.clock_ms + passed
        tracks = [
            replace(one, recorded_ms=None if one.track == track else now, age_ms=20.0) for one in found.tracks
        ]
        return replace(found, clock_ms=now, tracks=tuple(tracks))

    return told


def voice_of(every: Everybody, number: int) -> str:
    return f"{every.experts[number].client.member}/microphone"


async def hear(room: Room, kind: str, track: str | None) -> None:
    """The engine tells something of its recorder."""
    await room.led.watch._hear(EngineEvent(kind=kind, at=0.0, data={"code": "recorder", "track": track}))


async def test_a_track_that_is_never_recorded_is_late_and_keeps_the_evaluation_from_beginning(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.open()
    every = await room.whole()
    await room.checked_in(every)
    witness, engine = every.witness.client, room.led.live.carrier.engine
    assert engine is not None
    site = str(every.experts[0].client.snapshot["you"]["site"])
    with monkeypatch.context() as patched:
        patched.setattr(engine, "stats", never_recorded(engine.stats, voice_of(every, 0)))
        since = len(witness.events)
        await witness.until(lambda: _told(witness.events[since:], site, "late"))
        refusal = await witness.refused("phase", to="evaluating")
        assert refusal.code == "room.not-ready"
        assert {"code": "recording", "site": site, "state": "late"} in refusal.detail["reasons"]
        # The other site is recorded, and it is not said of it.
        assert [one["site"] for one in refusal.detail["reasons"] if one["code"] == "recording"] == [site]
    since = len(witness.events)
    await witness.until(lambda: _told(witness.events[since:], site, "ok"))
    await witness.ask("phase", to="evaluating")


def _told(events: list[dict[str, Any]], site: str, recording: str) -> bool:
    bodies = [one["body"] for one in events if one["kind"] == "site"]
    return any((one["site"], one["recording"]) == (site, recording) for one in bodies)


async def test_a_fault_of_the_recorder_freezes_the_room_until_it_is_over_for_every_track(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    witness = every.witness.client
    tracks = [voice_of(every, 0), voice_of(every, 1)]
    for track in tracks:
        await hear(room, "alarm", track)
        await witness.event("alarm", code="recorder", track=track)
    await witness.event("hold", kind="frozen", on=True)
    await hear(room, "clear", tracks[0])
    assert "frozen" in room.led.live.state.holds
    await hear(room, "clear", tracks[1])
    await witness.event("hold", kind="frozen", on=False)
    # A machine that is short of time may have said so meanwhile.
    assert {one.code for one in room.led.live.state.alarms.values()} <= {"loop-lag"}


async def test_a_fault_whose_member_is_gone_ends_all_the_same(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    leaving, track = every.experts[0].client, voice_of(every, 0)
    await hear(room, "alarm", track)
    seated = room.cast.seated[0]
    shown = {"Authorization": f"Seat {seated.browser.token}"}
    gone = await room.arriving.client.delete("/v1/seats/current", headers=shown)
    assert gone.status_code == 204, gone.text
    await every.witness.client.event("member", id=leaving.member, change="expelled")
    assert leaving.member not in room.led.live.state.members
    await hear(room, "clear", track)
    await every.second.client.event("clear", code="recorder", track=track)
    # Whether the rest of the committee may go on without the one who left is another matter.
    state = room.led.live.state
    assert "recorder" not in {one.code for one in state.alarms.values()}
    assert all("recorder" not in one.causes for one in state.holds.values())


async def test_what_was_wrong_with_an_engine_ends_with_it(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    witness, track = every.witness.client, voice_of(every, 0)
    for one in (None, track):
        await hear(room, "alarm", one)
    room.arriving.stage.clock.advance(seconds=20)
    os.kill(process_of(room), signal.SIGKILL)
    await witness.event("alarm", code="engine")
    await witness.event("clear", code="recorder", track=track)
    await witness.event("clear", code="recorder", track=None)
    await witness.event("clear", code="engine")
    await witness.event("hold", kind="frozen", on=False)
