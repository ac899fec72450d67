"""What an opened draw discloses to the entitled: the supervisor's pool file, an expert's receipt, the roster
(draw-proof §11).

`disclosed` is the way for callers over the network: it asks for a duty in this very draw and leaves a record
before it gives anything. Records and refusals name the draw, never an expert.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from app.errors import ConflictError, NotFoundError
from app.store.repositories.draws import DrawRow
from app.usecases.ceremony import k_of
from app.usecases.draw_requests import find_draw
from app.usecases.openings import Opened, opened
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import Principal, require_held
from draw import disclosure
from draw.errors import SnapshotError
from draw.lifecycle import ABORTED, OPENED

Given = TypeVar("Given")
_SPOKEN: Final = frozenset({OPENED, ABORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seated:
    """Who sits on a seat in the end; `stratum` and `site` are the ids of the request."""

    seat: int
    stratum: str
    site: str
    expert: str
    name: str


async def disclosed(
    platform: Platform,
    principal: Principal,
    draw_id: str,
    action: str,
    make: Callable[[DrawRow, Opened], Awaitable[Given]],
    *,
    actor: Actor,
) -> Given:
    """What `make` makes of an opened draw, on record before it is given.

    Raises AccessRefusedError ``access.duty``, ConflictError ``draw.not-open``, NotFoundError.
    """
    async with platform.database.read() as uow:
        row = await find_draw(uow, principal, draw_id)
        require_held(action, (await uow.draws.duties(row.id)).get(principal.person))
    _require_open(row)
    made = await make(row, await opened(platform, row))
    now = platform.now()
    await platform.database.transact(lambda uow: note(uow, actor, action, row.id, now=now))
    return made


async def pool_file(platform: Platform, row: DrawRow, found: Opened) -> bytes:
    """The pool file's bytes.

    Raises ConflictError ``draw.not-open``, or ``draw.pool-file-waits`` while a draw that bound some of the
    pool's experts is still sealed: the file would tell who sits there.
    """
    _require_open(row)
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
    """One expert's receipt.

    Raises ConflictError ``draw.not-open``, NotFoundError ``expert.unknown`` for an id that is not in the
    draw's pool.
    """
    _require_open(row)
    try:
        return disclosure.receipt_bytes(disclosure.receipt(k_of(row), found.cells, expert))
    except SnapshotError as error:
        raise NotFoundError("expert.unknown") from error


def roster(row: DrawRow, found: Opened) -> list[Seated]:
    """Who sits in the end, by seat. Raises ConflictError ``draw.not-open``."""
    _require_open(row)
    parameters = found.frozen.parameters
    seated = []
    for seat, expert in disclosure.roster(found.outcome, found.cells):
        at = found.outcome.seats[seat]
        if at is not None:
            stratum, site = parameters.strata[at.stratum].id, parameters.sites[at.site].id
            seated.append(Seated(seat=seat, stratum=stratum, site=site, expert=expert.id, name=expert.name))
    return seated


def _require_open(row: DrawRow) -> None:
    if row.state != OPENED:
        raise ConflictError("draw.not-open")
