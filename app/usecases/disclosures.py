"""What an opened draw discloses to the entitled: the supervisor's pool file and an expert's receipt
(draw-proof §11)."""

import asyncio
from typing import Final

from app.errors import ConflictError
from app.store.repositories.draws import DrawRow
from app.usecases.ceremony import k_of
from app.usecases.openings import Opened
from app.usecases.platform import Platform
from draw import disclosure
from draw.lifecycle import ABORTED, OPENED

_SPOKEN: Final = frozenset({OPENED, ABORTED})


async def pool_file(platform: Platform, row: DrawRow, found: Opened) -> bytes:
    """The pool file's bytes.

    Raises ConflictError ``draw.not-open``, or ``draw.pool-file-waits`` while a draw that bound some of the
    pool's experts is still sealed: the file would tell who sits there.
    """
    if row.state != OPENED:
        raise ConflictError("draw.not-open")
    async with platform.database.read() as uow:
        others = [await uow.draws.get(one) for one in found.frozen.bound_by]
    waiting = sum(other is not None and other.state not in _SPOKEN for other in others)
    if waiting:
        raise ConflictError("draw.pool-file-waits", draws=waiting)
    frozen, cells, k = found.frozen, found.cells, k_of(row)
    return await asyncio.to_thread(
        lambda: disclosure.pool_file_bytes(disclosure.pool_file(k, cells, frozen.case, frozen.case_salt))
    )


def receipt(row: DrawRow, found: Opened, expert: str) -> bytes:
    """One expert's receipt. Raises ConflictError ``draw.not-open``, SnapshotError for an unknown id."""
    if row.state != OPENED:
        raise ConflictError("draw.not-open")
    return disclosure.receipt_bytes(disclosure.receipt(k_of(row), found.cells, expert))
