"""Room processes on this machine: found again, replaced when stuck, ended by what the kernel says."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.gateways import room_engines
from app.gateways.room_engines import RoomProcesses
from remote_eval.errors import MediaError
from remote_eval.media.engine import RoomId, RoomSpec
from remote_eval.media.places import socket_path
from tests.support.waiting import within

pytestmark = pytest.mark.anyio
ROOM = "room_1"


@pytest.fixture
async def engines(tmp_path: Path, anyio_backend: str) -> AsyncIterator[RoomProcesses]:
    made = RoomProcesses(tmp_path / "rooms", bind="127.0.0.1", addresses=["127.0.0.1"])
    yield made
    await made.release(ROOM)


def process_of(engines: RoomProcesses) -> int:
    return int(json.loads((engines.folder(ROOM) / "ready.json").read_bytes())["pid"])


async def test_a_running_process_is_found_with_its_rooms(engines: RoomProcesses) -> None:
    first = await engines.attach(ROOM)
    assert first.fresh
    await first.engine.open_room(RoomId(ROOM), RoomSpec(opened_at=0.0, record=None))
    await first.engine.aclose()
    other = RoomProcesses(engines.folder(ROOM).parent, bind="127.0.0.1", addresses=["127.0.0.1"])
    again = await other.attach(ROOM)
    assert not again.fresh
    await again.engine.aclose()
    await engines.close(ROOM)
    closed = await engines.attach(ROOM)
    assert closed.fresh
    await closed.engine.aclose()


async def test_a_process_that_is_stuck_is_ended_and_replaced(engines: RoomProcesses) -> None:
    await (await engines.attach(ROOM)).engine.aclose()
    stuck = process_of(engines)
    os.kill(stuck, signal.SIGSTOP)
    again = await engines.attach(ROOM)
    assert again.fresh
    assert process_of(engines) != stuck
    await again.engine.aclose()


async def test_a_channel_on_which_nobody_says_hello_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_engines, "HELLO_SECONDS", 0.1)
    ended = asyncio.get_running_loop().create_future()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.set_result(await reader.read())
        writer.close()

    with socket_path(tmp_path) as path:
        server = await asyncio.start_unix_server(silent, path)
    with pytest.raises(TimeoutError):
        await room_engines._connected(tmp_path)
    # One that was left open would warn here.
    gc.collect()
    assert await within(5, ended) == b""
    server.close()


async def test_a_file_that_names_somebody_elses_process_ends_nobody(engines: RoomProcesses) -> None:
    await (await engines.attach(ROOM)).engine.aclose()
    await engines.release(ROOM)
    sleeping = [sys.executable, "-c", "input()"]
    with subprocess.Popen(sleeping, stdin=subprocess.PIPE) as other:  # noqa: ASYNC220 - short
        told = {"pid": other.pid, "port": 1, "fingerprint": "x"}
        (engines.folder(ROOM) / "ready.json").write_text(json.dumps(told))
        await engines.release(ROOM)
        assert other.poll() is None
        other.communicate(b"\n")
    assert other.returncode == 0


async def test_an_engine_that_cannot_start_is_unavailable(tmp_path: Path) -> None:
    engines = RoomProcesses(tmp_path, bind="192.0.2.1", addresses=["192.0.2.1"])
    with pytest.raises(MediaError) as refusal:
        await engines.attach(ROOM)
    assert refusal.value.code == "media.unavailable"
