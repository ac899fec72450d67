"""Looks taken at a terminal: with the keys in hand a recording opens without the platform being asked.

Beside the installation whose room it is, each look goes into the same record as one taken on the page, before
anything is opened, and not before the room is closed. Away from it nobody records anything, which is said.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from app.settings import Settings

MAX_REASON: Final = 200
_FIELD_KEYS: Final = "fields.json"
_UNRECORDED: Final = (
    "注意：此处没有该评标室所属的系统，这次查看不会被登记；请自行留存何人、何时、为何查看 · "
    "Nobody records this look: the installation that the room belongs to is not here. Keep a note of who "
    "looked, when and why"
)


def look(folder: Path, keys: Sequence[bytes], reason: str, *, part: int | None = None) -> None:
    """Put on record that whatever these keys open (of one part) is looked at.

    Raises RecordingError ``recording.reason``, ``recording.beside`` for a folder of an installation that was
    not named, ConflictError ``recording.running``.
    """
    from remote_eval.errors import RecordingError
    from remote_eval.media.recording.opening import open_recording

    said = " ".join(reason.split())
    if not 0 < len(said) <= MAX_REASON:
        raise RecordingError("recording.reason", limit=MAX_REASON)
    every = [one for one in open_recording(folder, keys) if one.key is not None]
    opened = {(one.prelude.place.part, one.track) for one in every if part in {None, one.prelude.place.part}}
    if not opened:
        raise RecordingError("recording.key")
    recorded = _record(folder, {one.prelude.room for one in every}, opened, said)
    if recorded:
        typer.echo(f"查看已登记：{len(opened)} 条轨道 · look on record, tracks: {len(opened)}", err=True)
    else:
        unrecorded()


def unrecorded() -> None:
    """Say that this look stands in no record."""
    typer.echo(_UNRECORDED, err=True)


def _record(folder: Path, rooms: Collection[str], opened: Collection[tuple[int, str]], reason: str) -> bool:
    """Whether the installation of this call knows the room, and now the look as well."""
    from app.cli import session
    from app.composition import Installation
    from app.store.unit_of_work import UnitOfWork
    from app.usecases.room import recordings

    settings = session.settings()
    _beside(folder, settings)
    if not (settings.database or settings.file.exists()):
        return False
    actor = session.actor(session.login())

    async def work(one: Installation) -> bool:
        async def noted(uow: UnitOfWork) -> bool:
            every = [
                await recordings.note_looks(uow, one.platform, room, sorted(opened), reason, actor=actor)
                for room in sorted(rooms)
            ]
            return any(every)

        return await one.platform.database.transact(noted)

    return session.on_installation(work)


def _beside(folder: Path, settings: "Settings") -> None:
    """A room's own folder, ``DATA/rooms/ROOM/recordings``, is opened beside its database only."""
    from remote_eval.errors import RecordingError

    above = folder.resolve().parents
    if len(above) < 3 or above[1].name != "rooms":
        return
    if (above[2] / "keys" / _FIELD_KEYS).exists() and above[2] != settings.data.resolve():
        raise RecordingError("recording.beside")
