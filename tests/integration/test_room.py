"""An evaluation room from opening to manifest: real sockets, a real engine process, real recordings."""

import json

import pytest

from app.usecases import openings
from draw.verify.verifier import verify
from remote_eval.media.engine import TrackId
from remote_eval.media.recording.archive import check
from tests.support.forgery import Evidence
from tests.support.rooms_served import Room
from tests.support.second_verifier import verdicts

pytestmark = pytest.mark.anyio


async def test_a_room_from_its_opening_to_its_manifest_in_the_log(room: Room) -> None:
    room_id = await room.open()
    folder = room.engines.folder(room_id) / "recordings"
    assert [one.name for one in folder.iterdir()] == ["0001-a.index"]
    every = await room.whole()
    witness, first, second = every.witness.client, every.experts[0], every.experts[1]
    voice = TrackId(f"{second.client.member}/microphone")
    # Before the evaluation the committee neither sees nor hears nor is told of each other.
    assert {one["role"] for one in first.client.snapshot["members"]} == {"witness"}
    assert await first.asked_to_view(voice) == {"0": "not-granted"}
    await room.begin(every)
    # From now on everybody is heard by the committee, and seen and heard by the witnesses.
    await first.client.event("phase", to="evaluating")
    hearing = await room.view(first, voice)
    watching = await room.view(every.witness, voice, f"{second.client.member}/camera")
    assert (await hearing.until(voice, 10)).index >= 10
    assert (await watching.until(voice, 10)).index >= 10
    await room.recorded()
    await second.client.ask("chat", text="各位好")
    assert (await first.client.event("chat"))["from"] == second.client.member
    await witness.ask("phase", to="signing")
    await witness.ask("phase", to="closed")
    assert [await one.client.ended() for one in every.all] == [4010] * len(every.all)
    await room.over()
    await _everything_stands_in_the_log(room)


async def _everything_stands_in_the_log(room: Room) -> None:
    platform = room.arriving.platform
    async with platform.database.read() as uow:
        heads, recordings = await uow.rooms.anchors(room.id), await uow.rooms.recording_anchors(room.id)
        row = await uow.rooms.get(room.id)
    assert row is not None
    last = json.loads(heads[-1].document)
    assert (last["phase"], last["seq"], last["hash"]) == ("closed", row.seq, row.head.hex())
    manifest = json.loads(recordings[-1].document)
    assert recordings[-1].final == 1
    assert [one["closed"] for one in manifest["recorders"]] == [True]
    tracks = {one["track"] for one in manifest["recordings"]}
    assert len(tracks) == 2 * len(room.cast.seated) + 2
    assert all(one["frames"] > 0 for one in manifest["recordings"])
    report = check(room.engines.folder(room.id) / "recordings")
    assert (report.ok, report.whole, report.faults) == (True, True, [])
    bundle = await openings.bundle(platform, await room.arriving.stage.one.ceremony.row(row.draw_id))
    topics = [
        one["entry"]["body"]["topic"]
        for one in json.loads(bundle)["entries"]
        if one["entry"]["type"] == "record"
    ]
    assert topics[-2:] == ["room", "recording"]
    trust = room.arriving.stage.trust
    assert verify(bundle, trust=trust).stage == "revealed"
    assert verdicts([Evidence(bundle=bundle, trust=trust)]) == [None]
