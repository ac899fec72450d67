"""Looks taken at a terminal with the keys in hand: on record beside the installation, and said to be on none
away from it.
"""

import asyncio
import shutil
from pathlib import Path

import pytest

from app.cli.main import run
from tests.integration.test_room_http import closing, read
from tests.support.rooms_served import Room

pytestmark = pytest.mark.anyio


class Terminal:
    """Opens the recordings of a room with the platform's key; `data` is the installation's folder."""

    def __init__(self, room: Room, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = room.folder
        self.folder = room.engines.folder(room.id) / "recordings"
        self.key = room.folder / "custody.key"
        self.key.write_text(room.arriving.platform.custody.hex())
        self.key.chmod(0o600)
        engine = room.arriving.platform.database.engine
        self.database = engine.url.set(drivername=engine.url.get_backend_name()).render_as_string(
            hide_password=False
        )
        self.err = ""
        self._capsys = capsys

    async def export(
        self,
        reason: str,
        *,
        out: str,
        of: Path | None = None,
        data: Path | None = None,
        database: bool = True,
    ) -> int:
        """The exit code; what was said is in `err`."""
        where = ["--data", str(self.data if data is None else data)]
        where += ["--database", self.database] if database else []
        what = [str(of or self.folder), "--key", str(self.key), "--out", str(self.data / out)]
        words = [*where, "recording", "export", *what, "--reason", reason]
        code = await asyncio.to_thread(run, words)
        self.err = self._capsys.readouterr().err
        return code


async def looks(room: Room) -> list[tuple[str, str, bool]]:
    """Track, reason, opened of each look on record."""
    told = (await read(room, "wanda", "/recordings"))["views"]
    return sorted((one["track"], one["reason"], one["opened_at"] is not None) for one in told)


async def test_an_export_beside_the_installation_is_on_record_and_waits_for_the_rooms_end(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.open()
    every = await room.evaluating()
    await room.recorded()
    terminal = Terminal(room, capsys)
    assert await terminal.export("投诉核查", out="early") == 1
    assert "recording.running" in terminal.err
    assert not (terminal.data / "early").exists()
    await closing(every.witness.client)
    await room.over()
    for reason in (" ", "x" * 201):
        assert await terminal.export(reason, out="early") == 1
        assert "recording.reason" in terminal.err
    assert not (terminal.data / "early").exists()
    assert await looks(room) == []
    assert await terminal.export("投诉核查", out="out") == 0
    assert "查看已登记" in terminal.err
    tracks = {one["track"] for one in (await read(room, "sven", "/recordings"))["parts"][0]["recordings"]}
    assert await looks(room) == [(one, "投诉核查", True) for one in sorted(tracks)]
    told = (await read(room, "sven", "/recordings"))["views"]
    assert {one["who"].partition(":")[0] for one in told} == {"login"}


async def test_a_rooms_own_folder_is_not_opened_as_if_its_installation_were_not_there(
    room: Room, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    await room.open()
    every = await room.evaluating()
    await room.recorded()
    await closing(every.witness.client)
    await room.over()
    terminal, elsewhere = Terminal(room, capsys), tmp_path / "elsewhere"
    keys = terminal.data / "keys"
    keys.mkdir(exist_ok=True)
    (keys / "fields.json").touch(mode=0o600)
    assert await terminal.export("投诉核查", out="out", data=elsewhere, database=False) == 1
    assert "recording.beside" in terminal.err
    assert not (terminal.data / "out").exists()
    # Away from it, on a copy, nobody can keep a record: that is said.
    copy = shutil.copytree(terminal.folder, elsewhere / "archive")
    assert await terminal.export("投诉核查", out="out", of=copy, data=elsewhere, database=False) == 0
    assert "Nobody records this look" in terminal.err
    assert await looks(room) == []
