"""Whose key opens the raw voices of a masked call, and what becomes of a call without such a key (R28)."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import pytest

from app.cli.main import run
from app.gateways.platform_keys import PlatformKeys, load_or_create
from app.parties.serving import create_keys
from app.room_composition import make_hall
from app.usecases.room.carrying import RAW_KEY, Carrier, Reached
from crypto.sealing import x25519_public
from remote_eval import commands as cmd
from remote_eval import room_state as rs
from remote_eval.errors import RecordingError
from remote_eval.media.engine import MASKED, RecordPlan, RoomId, RoomSpec, TrackId
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.factory import lite_engine
from remote_eval.media.recording.composing import compose
from remote_eval.media.recording.opening import export, open_recording
from remote_eval.protocol.views import event_view
from tests.support.arriving import Arriving
from tests.support.recorded_media import Wire, beeps
from tests.support.recording_worlds import Recording, Seat, plan_in
from tests.support.rooms import Room, called, evaluating

pytestmark = pytest.mark.anyio
ROOM = RoomId("room_1")
SEAT = Seat(member="mem_a", wire=Wire(seed=1, jitter=10), seconds=12)
VOICE = TrackId("mem_a/microphone")
RAW_SINCE, RAW_UNTIL = 4000.0, 8000.0


# Whose key opens what.


def recorded(folder: Path, room: bytes, raw: bytes) -> None:
    """Twelve seconds of a seat that beeps each second, in a call from 4 s to 8 s."""
    recording = Recording(replace(plan_in(folder), keys={"room": room, "raw": raw}))
    recording.open([SEAT])
    arrivals = sorted(SEAT.arrivals(), key=lambda pair: pair[1].at)
    for since, until, klass in (
        (0, RAW_SINCE, "room"),
        (RAW_SINCE, RAW_UNTIL, "raw"),
        (RAW_UNTIL, 1e9, "room"),
    ):
        recording.seal([SEAT], klass)
        recording.play([pair for pair in arrivals if since <= pair[1].at < until])
    recording.close()


@pytest.fixture
def keys(tmp_path: Path) -> PlatformKeys:
    return load_or_create(tmp_path / "platform")


@pytest.fixture
def folder(tmp_path: Path, keys: PlatformKeys) -> Path:
    supervisor = create_keys(tmp_path / "node", role="supervisor", name="sven")
    recorded(tmp_path / "rec", x25519_public(keys.custody), x25519_public(supervisor.seal_seed))
    return tmp_path / "rec"


def test_the_supervisor_opens_raw_voices_with_the_key_of_its_node_and_nothing_else(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["party", "recording", str(folder), str(out), "--home", str(tmp_path / "node")]
    assert run(words) == 0
    assert capsys.readouterr().out == f"0001/{VOICE}\t0001.mem_a.microphone.mkv\n"
    (path,) = out.iterdir()
    heard = beeps(path)
    assert [round(one / 1000) for one in heard] == [4, 5, 6, 7]
    assert all(RAW_SINCE <= one < RAW_UNTIL for one in heard)


def test_no_key_of_the_platform_opens_a_raw_voice(folder: Path, tmp_path: Path) -> None:
    held = json.loads((tmp_path / "platform/platform-keys.json").read_bytes())
    every = [bytes.fromhex(one) for one in held.values()]
    assert len(every) >= 4
    found = open_recording(folder, every)
    raw = [one for one in found if one.prelude.klass == "raw"]
    assert [one.track for one in raw] == [VOICE]
    assert raw[0].key is None
    with pytest.raises(RecordingError, match=r"recording\.key"):
        next(raw[0].frames())
    heard = beeps(export(folder, every, tmp_path / "out")[f"0001/{VOICE}"])
    assert [round(one / 1000) for one in heard] == [1, 2, 3, 8, 9, 10, 11]


def test_no_byte_of_a_raw_packet_is_in_what_the_rooms_key_opens(
    folder: Path, tmp_path: Path, keys: PlatformKeys
) -> None:
    node = json.loads((tmp_path / "node/keys.json").read_bytes())
    packets = packets_of(export(folder, [bytes.fromhex(node["seal"])], tmp_path / "raw"))
    others = packets_of(export(folder, [keys.custody], tmp_path / "room"))
    assert len(packets) == pytest.approx(200, abs=10)
    # A beep is coded as it was the second before: told apart are packets that are one of a kind.
    single = {one for one in packets if len(one) > 20 and packets.count(one) == 1}
    whole = b"".join(path.read_bytes() for path in (tmp_path / "room").iterdir())
    unlike = [one for one in single if one not in others]
    assert len(unlike) > 10
    assert not [one for one in unlike if one in whole]
    sealed = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not [one for one in single if one in sealed]


def packets_of(paths: dict[str, Path]) -> list[bytes]:
    with av.open(str(paths[f"0001/{VOICE}"])) as container:
        return [bytes(one) for one in container.demux(audio=0) if one.size]


def test_a_composed_view_is_in_step_across_the_call_with_both_keys_and_silent_in_it_with_one(
    folder: Path, tmp_path: Path, keys: PlatformKeys
) -> None:
    node = json.loads((tmp_path / "node/keys.json").read_bytes())
    both = compose(folder, [keys.custody, bytes.fromhex(node["seal"])], tmp_path / "both", part=1)
    heard = beeps(both.video)
    assert len(heard) >= 10
    assert all(abs(after - before - 1000) < 40 for before, after in pairwise(heard))
    assert json.loads(both.document.read_bytes())["left_out"] == []
    one = compose(folder, [keys.custody], tmp_path / "one", part=1)
    assert not [at for at in beeps(one.video) if RAW_SINCE <= at < RAW_UNTIL]
    assert {round(at / 1000) for at in beeps(one.video)} <= {round(at / 1000) for at in heard}
    document = json.loads(one.document.read_bytes())
    assert document["left_out"] == ["0001-a.mem_a.microphone.2.qtr"]
    assert not {source["file"] for source in document["sources"]} & set(document["left_out"])


def test_a_node_of_another_role_opens_nothing(folder: Path, tmp_path: Path) -> None:
    create_keys(tmp_path / "agency", role="agency", name="anna")
    words = ["party", "recording", str(folder), str(tmp_path / "out"), "--home", str(tmp_path / "agency")]
    assert run(words) == 1
    assert not (tmp_path / "out").exists()


# A call without such a key.


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[LiteEngine]:
    running = await lite_engine(tmp_path, bind="127.0.0.1", port=0, addresses=["127.0.0.1"])
    yield running
    await running.aclose()


def live_call() -> tuple[Room, str]:
    """A call that has just begun; no masked voice runs yet."""
    made = evaluating()
    call = called(made)
    made.do("e1", cmd.CallStart(call=call))
    return made, call


async def carried(engine: LiteEngine, folder: Path, made: Room, **keys: bytes) -> Carrier:
    plan = RecordPlan(folder=folder, room=ROOM, part=1, keys=keys, seed=bytes(range(32)))
    await engine.open_room(ROOM, RoomSpec(opened_at=0.0, record=plan))
    carrier = Carrier(ROOM, mask_secret=bytes(32))
    await carrier.attach(cast("Reached", engine), made.state)
    return carrier


def tell_due(carrier: Carrier, made: Room) -> list[str]:
    """Tell the room what is due until nothing is; gives the kinds of the events."""
    kinds: list[str] = []
    while (due := carrier.due(made.state)) is not None:
        kinds += [event.kind for event in made.fact(due)]
        assert len(kinds) < 10
    return kinds


def told(made: Room, viewer: str) -> list[object]:
    """Codes and reasons in what a member is told of the last three events."""
    views = [event_view(made.state, made.state.members[viewer], one, seq=1) for one in made.ledger[-3:]]
    bodies = [cast("dict[str, object]", one["body"]) for one in views if one is not None]
    return [body[name] for body in bodies for name in ("code", "reason") if name in body]


async def test_a_call_that_nobody_could_open_lawfully_ends_and_chair_and_witness_see_why(
    engine: LiteEngine, tmp_path: Path, keys: PlatformKeys
) -> None:
    made, call = live_call()
    carrier = await carried(engine, tmp_path / "rec", made, room=x25519_public(keys.custody))
    assert tell_due(carrier, made) == ["alarm", "clarification", "phase"]
    ended = made.state.calls[call]
    assert (ended.state, ended.reason, made.state.phase) == ("ended", RAW_KEY, rs.EVALUATING)
    assert [one.code for one in made.state.alarms.values()] == [RAW_KEY]
    # The chair is told of the engine's alarms alone, and reads the reason; the witness has both.
    assert (told(made, "e1"), told(made, "w1")) == ([RAW_KEY], [RAW_KEY, RAW_KEY])
    assert told(made, "b1") == []
    await carrier.follow(made.state)
    assert tell_due(carrier, made) == []
    assert (await engine.stats(ROOM)).tracks == ()


async def test_the_next_call_for_which_there_is_a_key_clears_the_alarm(
    engine: LiteEngine, tmp_path: Path, keys: PlatformKeys
) -> None:
    made, call = live_call()
    made.fact(cmd.Raise(code=RAW_KEY))
    raw = x25519_public(bytes(range(32)))
    carrier = await carried(engine, tmp_path / "rec", made, room=x25519_public(keys.custody), raw=raw)
    assert tell_due(carrier, made) == ["clear", "clarification"]
    assert made.state.alarms == {}
    assert str(made.state.calls[call].masked).endswith(f"/{MASKED}")
    assert made.state.calls[call].masked in made.receives("b1")


# Where the keys come from.


async def test_a_rooms_raw_key_is_the_supervisors_also_while_its_node_is_away(arriving: Arriving) -> None:
    platform, settings = arriving.platform, arriving.stage.one.settings
    (node,) = [one for one in arriving.stage.nodes.values() if one.keys.role == "supervisor"]
    keys = await make_hall(platform, settings).keys_of(arriving.row.id)
    assert set(keys) == {"room", "raw"}
    assert keys["room"] == x25519_public(platform.custody)
    assert keys["raw"] == x25519_public(node.keys.seal_seed)
    alone = make_hall(replace(platform, nodes={}), settings)
    assert await alone.keys_of(arriving.row.id) == keys
