"""Rooms, their members and their events; events are appended by compare-and-swap on the room's head.

What an event tells is sealed together with its salt; the chain holds the digest (`remote_eval.room_ledger`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.room_tables import (
    recording_anchors,
    recording_views,
    room_anchors,
    room_call_tokens,
    room_events,
    room_members,
    rooms,
    witness_reports,
)
from remote_eval.room_ledger import SALT_BYTES, RoomEntry, RoomHead

_TABLE: Final = "room_events"
_REPORTS: Final = "witness_reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRow:
    """A room; `part` counts the runs of its engine, `seq` and `head` are the end of its events."""

    id: str
    draw_id: str
    engine: str
    part: int
    opened_at: str
    opened_by: str
    closed_at: str | None = None
    seq: int = 0
    head: bytes
    leader: str | None = None
    leased_until: str | None = None

    @property
    def ends(self) -> RoomHead:
        """The head of the room's events."""
        return RoomHead(room=self.id, seq=self.seq, hash=self.head)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomMemberRow:
    """A member of a room; `identity` is what makes a later connection the same member."""

    id: str
    room_id: str
    role: str
    site: str | None
    zone: str
    identity: str
    seat: str | None = None
    admitted_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomAnchor:
    """A head of a room's events that stands in the log of its draw."""

    room_id: str
    seq: int
    document: str
    log_index: int
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingAnchor:
    """Heads of a part's recordings, or its manifest (`final` 1), that stand in the log of the draw."""

    room_id: str
    part: int
    number: int
    document: str
    log_index: int
    at: str
    final: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingView:
    """A look at a recording: who, what, why; `opened_at` is None until it was taken."""

    id: str
    room_id: str
    part: int
    track: str
    actor: str
    reason: str
    at: str
    token_hash: str
    expires_at: str
    opened_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessReport:
    """What a witness signed; `document` is kept sealed, `digest` is its SHA-256."""

    id: str
    room_id: str
    witness: str
    site: str | None
    document: bytes = field(repr=False)
    digest: str
    signed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallToken:
    """With whose secret a bidder joins a released call; `token_hash` is SHA-256 of it."""

    token_hash: str
    room_id: str
    call_id: str
    bidder: str
    issued_at: str
    expires_at: str
    ended_at: str | None = None


_ROOM: Final = tuple(rooms.c[name] for name in RoomRow.__slots__)
_MEMBER: Final = tuple(room_members.c[name] for name in RoomMemberRow.__slots__)
_ANCHOR: Final = tuple(room_anchors.c[name] for name in RoomAnchor.__slots__)
_RECORDED: Final = tuple(recording_anchors.c[name] for name in RecordingAnchor.__slots__)
_VIEW: Final = tuple(recording_views.c[name] for name in RecordingView.__slots__)
_TOKEN: Final = tuple(room_call_tokens.c[name] for name in CallToken.__slots__)
# Columns of the events table by the fields of an entry.
_ENTRY: Final = {name: "room_id" if name == "room" else name for name in RoomEntry.__slots__}


class RoomRepository:
    """Access to rooms inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, room: RoomRow) -> None:
        """A new room. Raises ConflictError ``room.exists`` when the draw has an open one."""
        values = {name: getattr(room, name) for name in RoomRow.__slots__}
        try:
            await self._connection.execute(rooms.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("room.exists") from error

    async def get(self, room_id: str) -> RoomRow | None:
        """A room by its id."""
        return await self._one(select(*_ROOM).where(rooms.c.id == room_id))

    async def of_draw(self, draw_id: str) -> list[RoomRow]:
        """The rooms of a draw, the oldest first."""
        return await self._all(select(*_ROOM).where(rooms.c.draw_id == draw_id))

    async def open_rooms(self) -> list[RoomRow]:
        """Every room that is not closed."""
        return await self._all(select(*_ROOM).where(rooms.c.closed_at.is_(None)))

    async def unsealed(self) -> list[RoomRow]:
        """Closed rooms whose newest recording left no manifest in the log yet."""
        table = recording_anchors
        whole = select(table.c.part).where(
            table.c.room_id == rooms.c.id, table.c.part == rooms.c.part, table.c.final == 1
        )
        begun = rooms.c.closed_at.is_not(None) & (rooms.c.part > 0)
        return await self._all(select(*_ROOM).where(begun, ~whole.exists()))

    async def append(
        self,
        head: RoomHead,
        entries: Sequence[tuple[RoomEntry, bytes, bytes]],
        *,
        leader: str | None = None,
        closed_at: str | None = None,
    ) -> None:
        """Put entries (with salt and detail) after `head`, and close the room with the last of them.

        Raises WriteConflictError when another writer was first, `leader` leads no longer, or the room is
        closed.
        """
        last = entries[-1][0]
        same = (rooms.c.id == head.room) & (rooms.c.seq == head.seq) & (rooms.c.head == head.hash)
        same &= rooms.c.leader.is_(None) if leader is None else rooms.c.leader == leader
        fresh = {"seq": last.seq, "head": last.hash, "closed_at": closed_at}
        swap = update(rooms).where(same, rooms.c.closed_at.is_(None)).values(**fresh)
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("room.moved")
        await self._connection.execute(room_events.insert(), [self._values(*one) for one in entries])

    def _values(self, entry: RoomEntry, salt: bytes, detail: bytes) -> dict[str, object]:
        row = f"{entry.room}|{entry.seq}"
        sealed = self._cipher.seal(salt + detail, table=_TABLE, column="sealed_body", row=row)
        values = {column: getattr(entry, name) for name, column in _ENTRY.items()}
        return values | {"sealed_body": sealed}

    async def events(self, room_id: str, *, after: int = 0) -> list[tuple[RoomEntry, bytes]]:
        """Every event after a number, in order, with its sealed body."""
        table = room_events
        query = select(table).where(table.c.room_id == room_id, table.c.seq > after).order_by(table.c.seq)
        found = []
        for row in await self._connection.execute(query):
            values = {name: row._mapping[column] for name, column in _ENTRY.items()}
            found.append((RoomEntry(**values), row.sealed_body))
        return found

    def opened(self, entry: RoomEntry, sealed: bytes) -> tuple[bytes, bytes]:
        """Salt and detail of an event. Raises CipherError when it is not the one that was sealed there."""
        row = f"{entry.room}|{entry.seq}"
        plain = self._cipher.open(sealed, table=_TABLE, column="sealed_body", row=row)
        return plain[:SALT_BYTES], plain[SALT_BYTES:]

    async def next_part(self, room: RoomRow, *, engine: str) -> int:
        """The number of the engine's new run. Raises WriteConflictError when another one was begun."""
        same = (rooms.c.id == room.id) & (rooms.c.part == room.part) & rooms.c.closed_at.is_(None)
        swap = update(rooms).where(same).values(part=room.part + 1, engine=engine)
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("room.moved")
        return room.part + 1

    async def lease(self, room_id: str, *, leader: str, now: str, until: str) -> bool:
        """Lead a room until then; false while another process does."""
        mine = (rooms.c.leader == leader) | rooms.c.leader.is_(None) | (rooms.c.leased_until <= now)
        swap = update(rooms).where(rooms.c.id == room_id, mine).values(leader=leader, leased_until=until)
        return (await self._connection.execute(swap)).rowcount == 1

    async def leave(self, room_id: str, *, leader: str) -> None:
        """Lead a room no longer: whoever comes next may at once. The lease's end still tells until when."""
        mine = (rooms.c.id == room_id) & (rooms.c.leader == leader)
        await self._connection.execute(update(rooms).where(mine).values(leader=None))

    async def member(self, room_id: str, identity: str) -> RoomMemberRow | None:
        """The member of a room by what makes it the same."""
        query = select(*_MEMBER).where(room_members.c.room_id == room_id, room_members.c.identity == identity)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else RoomMemberRow(**row._mapping)

    async def members(self, room_id: str) -> list[RoomMemberRow]:
        """Everybody who was ever admitted to a room."""
        query = select(*_MEMBER).where(room_members.c.room_id == room_id)
        found = await self._connection.execute(query.order_by(room_members.c.admitted_at, room_members.c.id))
        return [RoomMemberRow(**row._mapping) for row in found]

    async def add_member(self, member: RoomMemberRow) -> None:
        """Admit a member. Raises WriteConflictError when another socket of the same one was first."""
        values = {name: getattr(member, name) for name in RoomMemberRow.__slots__}
        try:
            await self._connection.execute(room_members.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("room.moved") from error

    async def add_call_token(self, token: CallToken) -> None:
        """A token for a call."""
        values = {name: getattr(token, name) for name in CallToken.__slots__}
        await self._connection.execute(room_call_tokens.insert().values(**values))

    async def call_token(self, token_hash: str) -> CallToken | None:
        """A token by its hash, whether it is still good or not."""
        query = select(*_TOKEN).where(room_call_tokens.c.token_hash == token_hash)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else CallToken(**row._mapping)

    async def end_call_tokens(self, room_id: str, call_id: str, *, at: str) -> None:
        """End every token of a call."""
        table = room_call_tokens
        live = (table.c.room_id == room_id) & (table.c.call_id == call_id) & table.c.ended_at.is_(None)
        await self._connection.execute(update(table).where(live).values(ended_at=at))

    async def add_anchor(self, anchor: RoomAnchor) -> None:
        """Note that a head stands in the draw's log."""
        values = {name: getattr(anchor, name) for name in RoomAnchor.__slots__}
        await self._connection.execute(room_anchors.insert().values(**values))

    async def anchors(self, room_id: str) -> list[RoomAnchor]:
        """The heads of a room that stand in the log, in its order."""
        query = select(*_ANCHOR).where(room_anchors.c.room_id == room_id).order_by(room_anchors.c.seq)
        return [RoomAnchor(**row._mapping) for row in await self._connection.execute(query)]

    async def next_recording_anchor(self, room_id: str, part: int) -> int:
        """The number of a part's next anchor; two writers of one number meet the primary key."""
        table = recording_anchors
        query = select(func.max(table.c.number)).where(table.c.room_id == room_id, table.c.part == part)
        return ((await self._connection.execute(query)).scalar_one() or 0) + 1

    async def add_recording_anchor(self, anchor: RecordingAnchor) -> None:
        """Note that heads or a manifest stand in the draw's log."""
        values = {name: getattr(anchor, name) for name in RecordingAnchor.__slots__}
        await self._connection.execute(recording_anchors.insert().values(**values))

    async def recording_anchors(self, room_id: str) -> list[RecordingAnchor]:
        """What stands in the log of a room's recordings, in its order."""
        query = select(*_RECORDED).where(recording_anchors.c.room_id == room_id)
        found = await self._connection.execute(query.order_by(recording_anchors.c.log_index))
        return [RecordingAnchor(**row._mapping) for row in found]

    async def add_view(self, view: RecordingView) -> None:
        """Write a look at a recording down."""
        values = {name: getattr(view, name) for name in RecordingView.__slots__}
        await self._connection.execute(recording_views.insert().values(**values))

    async def open_view(self, token_hash: str, *, actor: str, now: str) -> RecordingView | None:
        """Take a look that was asked for: once, in time, by who asked. None for any other."""
        table = recording_views
        good = (table.c.token_hash == token_hash) & (table.c.actor == actor) & (table.c.expires_at > now)
        taken = update(table).where(good, table.c.opened_at.is_(None)).values(opened_at=now)
        if (await self._connection.execute(taken)).rowcount != 1:
            return None
        query = select(*_VIEW).where(table.c.token_hash == token_hash)
        return RecordingView(**(await self._connection.execute(query)).one()._mapping)

    async def add_report(self, report: WitnessReport) -> None:
        """A signed report. Raises ConflictError ``room.report-signed`` for a second one of a witness."""
        values = {name: getattr(report, name) for name in WitnessReport.__slots__ if name != "document"}
        sealed = self._cipher.seal(report.document, table=_REPORTS, column="sealed_document", row=report.id)
        try:
            await self._connection.execute(witness_reports.insert().values(**values, sealed_document=sealed))
        except IntegrityError as error:
            raise ConflictError("room.report-signed") from error

    async def reports(self, room_id: str) -> list[WitnessReport]:
        """The signed reports of a room, opened."""
        table = witness_reports
        found = []
        for row in await self._connection.execute(select(table).where(table.c.room_id == room_id)):
            values = {name: row._mapping[name] for name in WitnessReport.__slots__ if name != "document"}
            document = self._cipher.open(
                row.sealed_document, table=_REPORTS, column="sealed_document", row=row.id
            )
            found.append(WitnessReport(**values, document=document))
        return found

    async def views(self, room_id: str) -> list[RecordingView]:
        """Every look at a room's recordings, the oldest first."""
        query = select(*_VIEW).where(recording_views.c.room_id == room_id)
        found = await self._connection.execute(query.order_by(recording_views.c.at, recording_views.c.id))
        return [RecordingView(**row._mapping) for row in found]

    async def _one(self, query: Select[tuple[object, ...]]) -> RoomRow | None:
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else RoomRow(**row._mapping)

    async def _all(self, query: Select[tuple[object, ...]]) -> list[RoomRow]:
        found = await self._connection.execute(query.order_by(rooms.c.opened_at, rooms.c.id))
        return [RoomRow(**row._mapping) for row in found]
