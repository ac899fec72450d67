"""What every engine keeps of a recorded room with masked voices: raw ones for the supervisor alone (R28)."""

import asyncio
import struct
from itertools import pairwise
from pathlib import Path

import pytest

from crypto.sealing import x25519_public
from remote_eval.media.engine import (
    Grants,
    MaskProfile,
    MediaEngine,
    RecordPlan,
    RoomSpec,
    TrackId,
)
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.opening import open_recording
from tests.support.gateways import running_cascade
from tests.support.media_clients import Publisher
from tests.support.media_offers import MAGIC
from tests.support.media_room import ANNA, BOTH, FACE, ROOM, VOICE, refused
from tests.support.recording_worlds import RAW_KEY, ROOM_KEY

pytestmark = pytest.mark.anyio
PATIENCE = 20.0
PROFILE = MaskProfile(secret=bytes(range(32)))


def spec(folder: Path, **keys: bytes) -> RoomSpec:
    public = {name: x25519_public(key) for name, key in keys.items()}
    plan = RecordPlan(folder=folder, room="room_1", part=1, keys=public, seed=bytes(range(32)))
    return RoomSpec(opened_at=1_772_323_200_000.0, record=plan, max_members=4)


async def recorded(engine: MediaEngine, since: float = 0.0) -> float:
    """Wait until the voice is on the disk up to a second after `since`; gives the room's clock."""
    async with asyncio.timeout(PATIENCE):
        while True:
            stats = await engine.stats(ROOM)
            safe = [one.recorded_ms or 0.0 for one in stats.tracks if one.track == VOICE]
            if safe and safe[0] >= since + 1000:
                return stats.clock_ms
            await asyncio.sleep(0.05)


def numbers(folder: Path, *keys: bytes, track: TrackId = VOICE) -> set[int]:
    """Numbers that Anna gave her packets, as far as these keys show them."""
    found: set[int] = set()
    for one in open_recording(folder, keys):
        if one.key is not None and one.track == track:
            data = b"".join(one.frames())
            at = data.find(MAGIC)
            while at >= 0:
                found.add(struct.unpack_from("!I", data, at + len(MAGIC))[0])
                at = data.find(MAGIC, at + 1)
    return found


def classes(folder: Path, track: TrackId) -> list[str]:
    return [one.prelude.klass for one in open_recording(folder, []) if one.track == track]


async def test_a_voice_is_raw_as_long_as_it_goes_into_a_mask_and_not_a_packet_is_lost(
    engine: MediaEngine, tmp_path: Path
) -> None:
    folder = tmp_path / "rec"
    await engine.open_room(ROOM, spec(folder, room=ROOM_KEY, raw=RAW_KEY))
    await engine.admit(ROOM, ANNA, Grants(publish=BOTH))
    anna = await Publisher.join(engine, ROOM, ANNA)
    anna.play()
    at = await recorded(engine)
    track = await engine.start_mask(ROOM, frozenset({VOICE}), PROFILE)
    at = await recorded(engine, at)
    await engine.set_voices(ROOM, track, frozenset())
    at = await recorded(engine, at)
    await engine.set_voices(ROOM, track, frozenset({VOICE}))
    at = await recorded(engine, at)
    await engine.stop_mask(ROOM, track)
    await recorded(engine, at)
    await anna.stop()
    await anna.close()
    await engine.close_room(ROOM)
    report = check(folder)
    assert (report.ok, report.whole) == (True, True)
    assert classes(folder, VOICE) == ["room", "raw", "room", "raw", "room"]
    # Pictures and the masked voice itself are the room's all the time.
    assert {*classes(folder, FACE), *classes(folder, track)} == {"room"}
    rooms, raw = numbers(folder, ROOM_KEY), numbers(folder, RAW_KEY)
    assert len(raw) > 50
    assert not rooms & raw
    assert all(after - before == 1 for before, after in pairwise(sorted(rooms | raw)))
    assert numbers(folder, ROOM_KEY, RAW_KEY) == rooms | raw


async def test_what_a_voices_own_site_keeps_of_it_is_raw_as_well(tmp_path: Path) -> None:
    async with running_cascade(tmp_path, {ANNA: "edge"}) as (cascade, _, edges):
        site = edges["edge"].engine.recordings(ROOM)
        await cascade.open_room(ROOM, spec(tmp_path / "rec", room=ROOM_KEY, raw=RAW_KEY))
        await cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
        anna = await Publisher.join(cascade, ROOM, ANNA)
        anna.play()
        track = await cascade.start_mask(ROOM, frozenset({VOICE}), PROFILE)
        at = await recorded(cascade)
        await cascade.stop_mask(ROOM, track)
        await recorded(cascade, at)
        await anna.stop()
        await anna.close()
        await cascade.close_room(ROOM)
        assert check(site).ok
        at_hub, at_site = (numbers(one, RAW_KEY) for one in (tmp_path / "rec", site))
        assert len(at_site) > 40
        # Raw before the mask at the hub hears the first packet, and until after it has heard the last.
        assert at_hub <= at_site
        assert not numbers(site, ROOM_KEY) & at_hub


async def test_without_the_supervisors_key_no_voice_is_masked_in_a_recorded_room(
    engine: MediaEngine, tmp_path: Path
) -> None:
    folder = tmp_path / "rec"
    await engine.open_room(ROOM, spec(folder, room=ROOM_KEY))
    assert await refused(engine.start_mask(ROOM, frozenset({VOICE}), PROFILE)) == "media.no-raw-key"
    stats = await engine.stats(ROOM)
    assert (stats.tracks, stats.unhandled) == ((), 0)
    await engine.close_room(ROOM)
    assert not list(folder.glob("*.qtr"))
