"""What only the Janus engine must keep: its secrets, and what holds when Janus or the line is gone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    CAMERA,
    MICROPHONE,
    EngineEvent,
    Grants,
    MemberId,
    RoomId,
    RoomSpec,
    track_id,
)
from remote_eval.media.janus.configuration import JanusConfiguration
from remote_eval.media.janus.link import JanusLink, JanusRefusal, LinkSettings
from remote_eval.media.janus.process import JanusProcess
from tests.support.janus_ground import cable, engine_over, line_to, require_janus, running_janus, settings_on
from tests.support.media_clients import Publisher, Viewer

pytestmark = pytest.mark.anyio

ROOM = RoomId("room_1")
ANNA, BEN = MemberId("mem_anna"), MemberId("mem_ben")
FACE, VOICE = track_id(ANNA, CAMERA), track_id(ANNA, MICROPHONE)
SPEC = RoomSpec(opened_at=0, record=None)
SEEN = frozenset({FACE, VOICE})
PATIENCE = 8.0


@pytest.fixture
async def janus(tmp_path: Path) -> AsyncIterator[tuple[JanusProcess, JanusConfiguration]]:
    require_janus()
    with cable() as interface:
        settings = settings_on(interface)
        process = JanusProcess(tmp_path / "janus", settings)
        await process.start()
        try:
            yield process, settings
        finally:
            await process.stop()


async def state(events: AsyncIterator[EngineEvent], wanted: str) -> None:
    async with asyncio.timeout(PATIENCE):
        async for one in events:
            if one.kind == "engine" and one.data["state"] == wanted:
                return
    raise AssertionError(f"the events ended before {wanted}")


@pytest.mark.parametrize("part", ["api", "admin"])
async def test_a_wrong_secret_is_refused_at_the_start(
    janus: tuple[JanusProcess, JanusConfiguration], part: str
) -> None:
    _, settings = janus
    url = settings.url if part == "api" else settings.admin_url
    wrong: dict[str, Any] = {part: LinkSettings(url=url, secret="00" * 32)}
    engine = engine_over(settings, **wrong)
    with pytest.raises(JanusRefusal) as caught:
        await engine.start()
    assert caught.value.number == 403


async def test_a_wrong_key_makes_no_room(janus: tuple[JanusProcess, JanusConfiguration]) -> None:
    engine = engine_over(janus[1], rooms_key="00" * 32)
    await engine.start()
    with pytest.raises(JanusRefusal):
        await engine.open_room(ROOM, SPEC)
    await engine.aclose()


async def test_who_knows_the_api_but_no_ticket_stays_outside_a_room(
    janus: tuple[JanusProcess, JanusConfiguration],
) -> None:
    settings = janus[1]
    engine = engine_over(settings)
    await engine.start()
    await engine.open_room(ROOM, SPEC)
    ground = engine._halls[ROOM].ground
    thief = JanusLink(LinkSettings(url=settings.url, secret=settings.secrets.api), os.urandom)
    await thief.open()
    handle = await thief.attach(lambda _: None)
    join = {"request": "join", "room": ground.name, "ptype": "publisher"}
    # 429: something is missing; 433: what was given opens nothing.
    for words, number in (({}, 429), ({"pin": ground.pin}, 433), ({"pin": ground.pin, "token": "00"}, 433)):
        with pytest.raises(JanusRefusal) as caught:
            await thief.message(handle, join | words)
        assert caught.value.number == number
    await thief.close()
    await engine.aclose()


async def test_a_killed_janus_is_noticed_and_everything_is_made_again(tmp_path: Path) -> None:
    async with running_janus(tmp_path) as engine:
        await engine.open_room(ROOM, SPEC)
        await engine.admit(ROOM, ANNA, Grants(publish=frozenset({MICROPHONE})))
        events = engine.events(ROOM)
        anna = await Publisher.join(engine, ROOM, ANNA, [MICROPHONE])
        assert engine._process is not None
        os.kill(engine._process.pid, signal.SIGKILL)
        await state(events, "lost")
        await state(events, "restarted")
        again = await Publisher.join(engine, ROOM, ANNA, [MICROPHONE])
        for client in (anna, again):
            await client.close(silently=True)


async def test_a_leg_revoked_while_the_line_is_cut_is_off_when_it_is_back(
    janus: tuple[JanusProcess, JanusConfiguration],
) -> None:
    settings = janus[1]
    async with line_to(settings.port) as line:
        engine = engine_over(settings, url=line.url)
        await engine.start()
        await engine.open_room(ROOM, SPEC)
        await engine.admit(ROOM, ANNA, Grants(publish=frozenset({CAMERA, MICROPHONE})))
        await engine.admit(ROOM, BEN, Grants(receive=SEEN))
        events = engine.events(ROOM)
        anna = await Publisher.join(engine, ROOM, ANNA)
        ben = await Viewer.join(engine, ROOM, BEN, [FACE, VOICE])
        anna.play()
        await ben.until(FACE, 5)
        await line.cut()
        await state(events, "lost")
        with pytest.raises(MediaError, match=r"media\.unavailable"):
            await engine.set_grants(ROOM, BEN, Grants(receive=frozenset({VOICE})))
        await line.mend()
        await state(events, "up")
        last = anna.streams[CAMERA].index
        await ben.until(VOICE, anna.streams[MICROPHONE].index + 30)
        assert max(ben.indices(FACE)) <= last
        await anna.stop()
        for client in (anna, ben):
            await client.close()
        await engine.aclose()
