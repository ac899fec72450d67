"""A room as it runs: one decision after another, each stored before anybody hears of it.

    command or fact → decide → stored → grants at the engine → told to every member it is meant for

Nothing is told, answered or forwarded that is not in the ledger; what a decision takes away is gone from the
engine before its answer. A room whose ledger was moved by another process is given up at once: `lost`.
Sockets, timers and the engine's own events come from outside (`app.usecases.room.attending`, `watching`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from app.errors import WriteConflictError
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform
from app.usecases.room.carrying import Carrier
from app.usecases.room.finishing import finished
from app.usecases.room.keeping import append
from app.usecases.room.links import Link
from crypto.canonical import JsonValue
from remote_eval import commands as cmd
from remote_eval import room
from remote_eval.errors import EvaluationError
from remote_eval.protocol.messages import write
from remote_eval.protocol.session import NOT_LET_IN, ROOM_CLOSED, Session
from remote_eval.protocol.views import Health, event_view, passing, sees, sight
from remote_eval.room_events import Event
from remote_eval.room_fold import evolve
from remote_eval.room_ledger import RoomHead
from remote_eval.room_state import CLOSED, Member, RoomState

LOG: Final = structlog.get_logger("qiantong.room")
GOING_AWAY: Final = 1012
MAX_ATTEMPTS: Final = 8
_ID_BYTES: Final = 8
Listener = Callable[[RoomState, Sequence[Event]], Awaitable[None]]
# Makes a command in the transaction that stores what follows from it; it may be asked again.
Prepare = Callable[[UnitOfWork, RoomState], Awaitable[cmd.Command]]


class LiveRoom:
    """One room of this process. `carrier` is its media; `listeners` hear every decision after it was told."""

    def __init__(self, platform: Platform, row: RoomRow, state: RoomState, carrier: Carrier) -> None:
        self.platform = platform
        self.row = row
        self.state = state
        self.carrier = carrier
        self.health = Health()
        self.lost = asyncio.Event()
        # By member: the id of what it was let in by, its seat session's or account session's.
        self.standings: dict[str, str] = {}
        self.sessions: dict[str, Session] = {}
        self.links: dict[str, Link] = {}
        self.listeners: list[Listener] = []
        self._head = RoomHead(room=row.id, seq=row.seq, hash=row.head)
        self._deciding = asyncio.Lock()

    @property
    def head(self) -> RoomHead:
        """The end of the room's ledger."""
        return self._head

    async def settled(self) -> None:
        """Wait until the decision under way has been told to everybody."""
        async with self._deciding:
            return

    def now(self) -> datetime:
        """The platform's clock."""
        return self.platform.clock()

    def member(self, member_id: str) -> Member | None:
        """A member as it is now."""
        return self.state.members.get(member_id)

    async def fact(self, fact: cmd.Fact) -> tuple[Event, ...]:
        """Something the platform saw. Raises as `decide`."""
        return await self.decide(None, fact)

    async def try_fact(self, fact: cmd.Fact) -> None:
        """`fact`, where a refusal says only that the room has gone on meanwhile."""
        try:
            await self.fact(fact)
        except EvaluationError as refusal:
            LOG.info("room.fact-refused", room=self.row.id, fact=type(fact).__name__, code=refusal.code)

    async def decide(self, actor: Member | None, command: cmd.Command) -> tuple[Event, ...]:
        """Decide, store, apply and tell. Raises RoomError, SignallingError, and WriteConflictError
        ``room.moved`` when the room is no longer this process's.
        """
        return await self._whole(actor, command)

    async def decide_with(self, actor: Member | None, prepare: Prepare) -> tuple[Event, ...]:
        """`decide` of a command that is made in the very transaction that stores what follows from it.

        A decision that was begun is brought to its end, whoever stopped waiting: what is stored is told.
        """
        return await self._whole(actor, prepare)

    async def _whole(self, actor: Member | None, asked: cmd.Command | Prepare) -> tuple[Event, ...]:
        return await finished(self._decided(actor, asked))

    async def _decided(self, actor: Member | None, asked: cmd.Command | Prepare) -> tuple[Event, ...]:
        async with self._deciding:
            events, fresh = await self._stored(actor, asked)
            if events:
                before = self.state
                for event in events:
                    self.state = evolve(self.state, event)
                self._head = fresh
                await self._settle(before, events, None if actor is None else actor.id)
        due = self.carrier.due(self.state)
        if due is not None:
            await self.try_fact(due)
        for listener in self.listeners if events else ():
            await listener(self.state, events)
        return events

    async def _stored(
        self, actor: Member | None, asked: cmd.Command | Prepare
    ) -> tuple[tuple[Event, ...], RoomHead]:
        async def work(uow: UnitOfWork) -> tuple[tuple[Event, ...], RoomHead]:
            command = await asked(uow, self.state) if callable(asked) else asked
            events = self.judged(actor, command)
            if not events:
                return events, self._head
            return events, await append(uow, self.platform, self._head, events, leader=self.row.leader)

        if not callable(asked) and not self.judged(actor, asked):
            # Most facts of each second say nothing new: no transaction for them.
            return (), self._head
        for attempt in range(1, MAX_ATTEMPTS + 1):
            if self.lost.is_set():
                raise WriteConflictError("room.moved")
            try:
                async with self.platform.database.write() as uow:
                    return await work(uow)
            except WriteConflictError:
                if await self._moved():
                    self.give_up()
                    raise
                if attempt == MAX_ATTEMPTS:
                    raise
        raise WriteConflictError("room.moved")  # pragma: no cover - the loop returns or raises

    def judged(self, actor: Member | None, command: cmd.Command) -> tuple[Event, ...]:
        """What a decision would come to now; nothing is decided. Raises as `decide`."""
        known = None if actor is None else self.state.members.get(actor.id, actor)
        return room.decide(self.state, known, command, now=self.now(), new_id=self.new_id)

    async def _moved(self) -> bool:
        """Whether another process has led the room meanwhile, and not only the database was busy."""
        async with self.platform.database.read() as uow:
            row = await uow.rooms.get(self.row.id)
        return row is None or row.ends != self._head or row.leader != self.row.leader

    def new_id(self) -> str:
        """The random part of a fresh id."""
        return new_id(self.platform)

    async def _settle(self, before: RoomState, events: Sequence[Event], actor: str | None) -> None:
        """What follows from stored events: legs first, then words, then the end of who is out.

        Who closes a room, `actor`, has its answer before its end.
        """
        for event in events:
            if event.kind == "swap":
                # The seat that was left has nothing any more; the member is granted anew by what follows.
                await self._out(str(event.body["member"]), "swapped")
        await self.carrier.follow(self.state)
        for number, event in enumerate(events, start=self._head.seq - len(events) + 1):
            self._tell(event, number)
        self._tell_sight(before)
        for event in events:
            if event.kind == "member" and event.body["change"] == "expelled":
                await self._out(str(event.body["member"]), "expelled")
        if self.state.phase == CLOSED:
            self.end_all(ROOM_CLOSED, "closed", but=actor)
        elif any(event.kind in {"lapsed", "settled", "consent"} for event in events):
            # Whoever came while the camera was off by approval had its picture refused, and offers it anew.
            self.send_back(one for one in before.members if before.withheld(one) and not self._withheld(one))

    def _withheld(self, camera: str) -> bool:
        return self.state.withheld(camera) is not None

    def _tell(self, event: Event, seq: int) -> None:
        for member_id, session in self.sessions.items():
            viewer = self.state.members.get(member_id)
            if viewer is None:
                continue
            view = event_view(self.state, viewer, event, seq=seq, health=self.health)
            self._send(member_id, session.event(view, seq=seq))

    def _tell_sight(self, before: RoomState) -> None:
        """Whoever may see others than before is told whom."""
        for member_id in self.sessions:
            was, viewer = before.members.get(member_id), self.state.members.get(member_id)
            if viewer is None or (was is not None and sees(before, was) == sees(self.state, viewer)):
                continue
            self._send(member_id, write(sight(self.state, viewer, health=self.health)))

    def tell_passing(self, kind: str, body: Mapping[str, JsonValue]) -> None:
        """Tell what is neither kept nor sent again."""
        for member_id in self.sessions:
            viewer = self.state.members.get(member_id)
            if viewer is not None:
                self._send(member_id, _text(passing(kind, self.state, viewer, at=self.now(), body=body)))

    def _send(self, member_id: str, text: str | None) -> None:
        link = self.links.get(member_id)
        if link is not None:
            link.send(text)

    async def _out(self, member_id: str, reason: str) -> None:
        """End session, socket and legs of a member."""
        self.sessions.pop(member_id, None)
        self.standings.pop(member_id, None)
        link = self.links.pop(member_id, None)
        if link is not None:
            link.end(NOT_LET_IN, reason)
        await self.carrier.expel(member_id)

    def end_all(self, code: int, reason: str, *, but: str | None = None) -> None:
        """End every socket, but for this member's."""
        for member_id, link in list(self.links.items()):
            if member_id != but:
                link.end(code, reason)
                del self.links[member_id]

    def send_back(self, members: Iterable[str]) -> None:
        """These members come back at once: their media have another end from now on."""
        for member_id in members:
            link = self.links.get(member_id)
            if link is not None:
                link.end(GOING_AWAY, "moved")

    def give_up(self) -> None:
        """Another process leads this room: everybody is sent there."""
        self.lost.set()
        self.end_all(GOING_AWAY, "moved")


def new_id(platform: Platform) -> str:
    """The random part of a fresh id of a room's."""
    return platform.random(_ID_BYTES).hex()


def _text(view: Mapping[str, Any] | None) -> str | None:
    return None if view is None else write(view)
