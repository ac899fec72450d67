"""A room's events in the database: read back as its state, appended as a sealed chain.

Whoever decides holds the state that it decided on; a room that moved meanwhile makes the append fail
(WriteConflictError ``room.moved``), and nothing of it is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.errors import CipherError, NotFoundError
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform
from crypto.canonical import canonical, parse
from remote_eval.errors import LedgerError
from remote_eval.room_events import Event, from_json, time_text, to_json
from remote_eval.room_fold import replay
from remote_eval.room_ledger import (
    SALT_BYTES,
    RoomEntry,
    RoomHead,
    detail_digest,
    follow,
    head_of,
    verify_chain,
)
from remote_eval.room_state import RoomState

MAX_BODY_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """An event with its number and its place in the chain."""

    entry: RoomEntry
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRoom:
    """A room with all its events; `fault` is the code of the first thing that does not hold."""

    row: RoomRow
    events: Sequence[KeptEvent]
    fault: str | None = None

    @property
    def state(self) -> RoomState:
        """What the events come to."""
        return replay(one.event for one in self.events)


def following(
    platform: Platform, head: RoomHead, events: Sequence[Event]
) -> tuple[RoomHead, list[tuple[RoomEntry, bytes, bytes]]]:
    """The entries of events after `head`, each with salt and detail, and the head once they stand."""
    entries = []
    for event in events:
        salt, detail = platform.random(SALT_BYTES), canonical(to_json(event))
        entry = follow(
            head,
            at=time_text(event.at),
            kind=event.kind,
            member=event.member,
            detail=detail_digest(salt, detail),
        )
        entries.append((entry, salt, detail))
        head = head_of(entry)
    return head, entries


async def append(
    uow: UnitOfWork,
    platform: Platform,
    head: RoomHead,
    events: Sequence[Event],
    *,
    leader: str | None = None,
) -> RoomHead:
    """Store events after `head` and give the new one. The event ``closed`` closes the room for good.

    `leader` is whose lease must hold, None: nobody's yet. Raises WriteConflictError ``room.moved``.
    """
    fresh, entries = following(platform, head, events)
    closing = next((time_text(one.at) for one in events if one.kind == "closed"), None)
    await uow.rooms.append(head, entries, leader=leader, closed_at=closing)
    return fresh


async def read(uow: UnitOfWork, room_id: str) -> KeptRoom:
    """A room with its events, chain and details checked. Raises NotFoundError ``room.unknown``.

    A detail that does not open, or is not the one of the chain, is an event that cannot be told: the room is
    read up to there.
    """
    row = await uow.rooms.get(room_id)
    if row is None:
        raise NotFoundError("room.unknown")
    stored = await uow.rooms.events(room_id)
    events, fault = _opened(uow, stored)
    return KeptRoom(row=row, events=events, fault=_chain_fault(row, [entry for entry, _ in stored]) or fault)


def _opened(uow: UnitOfWork, stored: Sequence[tuple[RoomEntry, bytes]]) -> tuple[list[KeptEvent], str | None]:
    events: list[KeptEvent] = []
    for entry, sealed in stored:
        try:
            salt, detail = uow.rooms.opened(entry, sealed)
            if detail_digest(salt, detail) != entry.detail:
                return events, "ledger.detail"
        except (CipherError, LedgerError):
            return events, "ledger.detail"
        told: Any = parse(detail, max_bytes=MAX_BODY_BYTES)
        events.append(KeptEvent(entry=entry, event=from_json(told)))
    return events, None


def _chain_fault(row: RoomRow, entries: Sequence[RoomEntry]) -> str | None:
    try:
        verify_chain(entries, row.ends)
    except LedgerError as error:
        return error.code
    return None
