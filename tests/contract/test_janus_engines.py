"""Rooms on a Janus of the installation's own: room processes, the keeper of Janus, what outlives what."""

import datetime as dt
import json
import os
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.gateways.janus_engines import JanusEngines, OwnJanus, outer_janus
from app.room_composition import make_engines
from app.settings import Settings
from app.usecases.room.carrying import Carrier
from remote_eval import commands as cmd
from remote_eval.errors import MediaError
from remote_eval.media.engine import Grants, MediaEngine
from remote_eval.media.lite.sdp import read_description
from remote_eval.room_state import Label, Member
from tests.support.janus_ground import cable, free_port, media_ports, require_janus
from tests.support.media_clients import Publisher, Viewer
from tests.support.media_room import ANNA, BEN, BOTH, FACE, ROOM, SEEN, SPEC, event, steady

pytestmark = pytest.mark.anyio

ENDS_SECONDS = 20
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
async def janus(tmp_path: Path) -> AsyncIterator[OwnJanus]:
    """A Janus that nobody has started yet, and that is gone after the test."""
    require_janus()
    with cable() as interface:
        own = OwnJanus(
            tmp_path / "janus",
            interfaces=(interface,),
            media_ports=media_ports(),
            port=free_port(),
            admin_port=free_port(),
            linger=0.5,
        )
        yield own
        # Its rooms are closed: it ends by itself, which is what the test of that waits for.
        assert await own.ended(ENDS_SECONDS) == 0


@pytest.fixture
async def engines(janus: OwnJanus, tmp_path: Path) -> AsyncIterator[JanusEngines]:
    made = JanusEngines(tmp_path / "rooms", janus)
    yield made
    await made.release(ROOM)


def janus_kept_in(folder: Path) -> int:
    """The process id of Janus: the keeper's only child."""
    keeper = json.loads((folder / "ready.json").read_bytes())["pid"]
    (program,) = Path(f"/proc/{keeper}/task/{keeper}/children").read_text("ascii").split()
    return int(program)


async def with_anna_and_ben(engine: MediaEngine) -> tuple[Publisher, Viewer]:
    await engine.open_room(ROOM, SPEC)
    await engine.admit(ROOM, ANNA, Grants(publish=BOTH))
    await engine.admit(ROOM, BEN, Grants(receive=SEEN))
    anna = await Publisher.join(engine, ROOM, ANNA)
    ben = await Viewer.join(engine, ROOM, BEN, sorted(SEEN))
    anna.play()
    await steady(anna, ben, *SEEN)
    return anna, ben


async def test_the_first_room_starts_janus_and_its_certificate_is_the_one_that_is_told(
    engines: JanusEngines, janus: OwnJanus
) -> None:
    attached = await engines.attach(ROOM)
    assert attached.fresh
    assert attached.engine.name == "janus"
    anna, ben = await with_anna_and_ben(attached.engine)
    assert anna.answered is not None
    assert attached.engine.fingerprint == janus.fingerprint
    assert read_description(anna.answered.sdp).fingerprint == janus.fingerprint
    assert stat.S_IMODE(janus.secret_file.stat().st_mode) == 0o600
    await anna.stop()
    for client in (anna, ben):
        await client.close()
    await attached.engine.aclose()


async def test_a_room_is_found_again_by_who_comes_next_and_media_never_stopped(
    engines: JanusEngines, janus: OwnJanus, tmp_path: Path
) -> None:
    first = await engines.attach(ROOM)
    anna, ben = await with_anna_and_ben(first.engine)
    # The web process is gone; another one leads the room.
    await first.engine.aclose()
    second = await JanusEngines(tmp_path / "rooms", janus).attach(ROOM)
    assert not second.fresh
    await steady(anna, ben, *SEEN)
    got = [one.index for one in ben.arrived[FACE]]
    assert got == list(range(got[0], got[0] + len(got)))
    await anna.stop()
    for client in (anna, ben):
        await client.close()
    await second.engine.aclose()


async def test_a_killed_janus_is_started_again_with_the_same_certificate(
    engines: JanusEngines, janus: OwnJanus, tmp_path: Path
) -> None:
    attached = await engines.attach(ROOM)
    await attached.engine.open_room(ROOM, SPEC)
    await attached.engine.admit(ROOM, ANNA, Grants(publish=BOTH))
    before, events = janus.fingerprint, attached.engine.events(ROOM)
    os.kill(janus_kept_in(tmp_path / "janus"), signal.SIGKILL)
    await event(events, "engine", state="lost")
    await event(events, "engine", state="restarted")
    again = await Publisher.join(attached.engine, ROOM, ANNA)
    assert again.answered is not None
    assert read_description(again.answered.sdp).fingerprint == before
    await again.close()
    await attached.engine.aclose()


async def test_a_view_is_restarted_over_the_rooms_protocol(engines: JanusEngines) -> None:
    attached = await engines.attach(ROOM)
    anna, ben = await with_anna_and_ben(attached.engine)
    carrier = Carrier(ROOM, mask_secret=bytes(32))
    carrier.engine = attached.engine
    assert carrier.offers
    label = Label(zh="投标人", en="Bidder")
    member = Member(id=BEN, role="bidder", zone="south", label=label, since=NOW)
    before = ben.link._remote_ice
    same = await carrier.negotiate(member, cmd.View(tracks=tuple(SEEN)))
    assert same["sdp"] == ""
    renewed = await carrier.negotiate(member, cmd.View(tracks=tuple(SEEN), restart=True))
    assert read_description(str(renewed["sdp"])).ufrag != before[0]
    await anna.stop()
    for client in (anna, ben):
        await client.close()
    await attached.engine.aclose()


@pytest.mark.parametrize("url", ["ws://10.0.0.1:8188", "wss://127.0.0.1:8188", "http://127.0.0.1", "ws:"])
def test_a_janus_that_is_not_on_this_machine_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"media\.janus-address"):
        outer_janus(url, "ws://127.0.0.1:7188", tmp_path)
    with pytest.raises(MediaError, match=r"media\.janus-address"):
        outer_janus("ws://127.0.0.1:8188", url, tmp_path)


def test_a_janus_without_its_secret_is_refused() -> None:
    with pytest.raises(MediaError, match=r"media\.janus-secret"):
        outer_janus("ws://[::1]:8188", "ws://localhost:7188", None)


def test_a_janus_of_our_own_is_not_put_where_it_sends_no_media(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"media\.janus-interface"):
        make_engines(Settings(data=tmp_path, room_engine="janus"))


def test_the_setting_chooses_the_engine(tmp_path: Path) -> None:
    own = Settings(data=tmp_path, room_engine="janus", room_addresses=("10.9.8.7",))
    assert make_engines(own).name == "janus"
    assert make_engines(Settings(data=tmp_path)).name == "lite"
