"""Every room that this process leads: found when somebody comes, led while it is open, given back at the end.

A room has one leader at a time, by a lease that is renewed while it runs; a process that died is replaced by
whoever is asked next, once its lease has passed or its machine knows that it is gone. All that a leader knows
it reads from the room's ledger, and the media engine goes on meanwhile.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.errors import AppError, ConflictError
from app.gateways.room_engines import RECORDINGS, RoomEngines
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform
from app.usecases.room.anchoring import ANCHOR_SECONDS, ANCHORED, anchor_recording, anchor_room
from app.usecases.room.attending import Attendance, Relays, Telling, as_it_is
from app.usecases.room.carrying import MASK_SECRET_BYTES, Carrier
from app.usecases.room.desks import desk_news
from app.usecases.room.finishing import finished
from app.usecases.room.fixity import set_next
from app.usecases.room.gateways import GatewayDesk
from app.usecases.room.keeping import KeptRoom, append, read
from app.usecases.room.live import LiveRoom, new_id
from app.usecases.room.standing import check_standing
from app.usecases.room.taking_over import LEASE, RENEW_SECONDS, found, last_sign
from app.usecases.room.watching import Pause, Watch
from app.usecases.rounds import rooms_of
from remote_eval.errors import EvaluationError, MediaError
from remote_eval.media.engine import RecordPlan, RoomSpec
from remote_eval.outage import Pack
from remote_eval.room_events import Event, time_text
from remote_eval.room_fold import evolve
from remote_eval.room_state import CLOSED, RoomState

LOG: Final = structlog.get_logger("qiantong.room")
SEED_BYTES: Final = 32
ELSEWHERE: Final = "room.elsewhere"
BEGIN_SECONDS: Final = 20.0
MAX_STRANGERS: Final = 40
MAX_OF_ADDRESS: Final = 300
# X25519 public keys by class of recording, for a draw.
KeysOf = Callable[[str], Awaitable[Mapping[str, bytes]]]


@dataclass(slots=True, kw_only=True)
class Led:
    """A room as this process leads it; `part` is the run of its engine that is recorded."""

    live: LiveRoom
    attendance: Attendance
    watch: Watch
    part: int
    running: asyncio.Task[None] | None = None
    # The head of the room's ledger is to go into the log.
    due: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, _state: RoomState, events: Sequence[Event]) -> None:
        """A listener: a room's head is anchored when its phase changes."""
        if any(one.kind in ANCHORED for one in events):
            self.due.set()


@dataclass(slots=True, kw_only=True)
class Hall:
    """The rooms of one process. `leader` is the process's own name; `keys_of` tells whom recordings of a draw
    are sealed to; `now_ms` is a clock that never steps back; `is_gone` tells whether the process of a name
    has certainly ended.
    """

    platform: Platform
    engines: RoomEngines
    pack: Pack
    origin: str
    leader: str
    now_ms: Callable[[], int]
    keys_of: KeysOf
    is_gone: Callable[[str], bool] = lambda _name: False
    gateways: GatewayDesk | None = None
    relays: Relays = lambda _member: []
    telling: Telling = as_it_is
    pause: Pause = asyncio.sleep
    _led: dict[str, Led] = field(default_factory=dict)
    _leading: dict[str, asyncio.Lock] = field(default_factory=dict)
    _addresses: Counter[str] = field(default_factory=Counter)

    async def begin(self, draw_id: str) -> None:
        """Lead the open room of a draw's committee, and wait until it is recorded: nobody comes before that.

        An engine that does not start keeps nobody waiting for ever; it stands in the room as an alarm.
        """
        async with self.platform.database.read() as uow:
            rooms = await rooms_of(uow, draw_id)
        for one in rooms:
            if one.closed_at is None:
                led = await self.led(one.id)
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEGIN_SECONDS):
                        await led.watch.began.wait()

    async def keep(self) -> None:
        """Take over rooms whose process died, for as long as this one runs."""
        while True:
            try:
                await finished(self.resume())
            except (AppError, SQLAlchemyError, OSError) as error:
                LOG.warning("room.not-resumed", code=_name(error))
            await self.pause(RENEW_SECONDS)

    async def resume(self) -> None:
        """Go on with every open room that no other process leads."""
        async with self.platform.database.read() as uow:
            rooms, unsealed = await uow.rooms.open_rooms(), await uow.rooms.unsealed()
        for one in rooms:
            try:
                await self.led(one.id)
            except AppError as error:
                if error.code != ELSEWHERE:
                    LOG.warning("room.not-resumed", room=one.id, code=error.code)
        for one in unsealed:
            await self._seal(one)

    async def _seal(self, row: RoomRow) -> None:
        """A room was closed, and whoever led it did not live to see its recording end."""
        async with self.platform.database.write() as uow:
            if not await self._lease(uow, row.id):
                return
        try:
            await self._ended(row)
        except (AppError, EvaluationError, OSError) as error:
            LOG.warning("room.not-sealed", room=row.id, code=str(error))

    async def led(self, room_id: str) -> Led:
        """The room, led by this process from now on.

        Raises NotFoundError ``room.unknown``, ConflictError ``room.closed``, ``room.elsewhere`` while another
        process leads it, ``room.ledger`` when its ledger does not hold.
        """
        async with self._leading.setdefault(room_id, asyncio.Lock()):
            known = self._led.get(room_id)
            if known is None or known.live.lost.is_set():
                known = await self._take(room_id)
                self._led[room_id] = known
                known.running = asyncio.create_task(self._run(known), name=f"room {room_id}")
            return known

    async def _take(self, room_id: str) -> Led:
        async with self.platform.database.write() as uow:
            before = await uow.rooms.get(room_id)
            # First the lease, then the look: whoever led it until now may be in the middle of a last event.
            is_led = await self._lease(uow, room_id)
            kept = await read(uow, room_id)
            if kept.row.closed_at is not None:
                raise ConflictError("room.closed")
            if kept.fault is not None:
                raise ConflictError("room.ledger", reason=kept.fault)
            if not is_led:
                raise ConflictError(ELSEWHERE)
            row, events = await self._missed(uow, kept, before or kept.row)
        carrier = Carrier(room_id, mask_secret=self.platform.random(MASK_SECRET_BYTES))
        live = LiveRoom(self.platform, row, reduce(evolve, events, kept.state), carrier)
        attendance = Attendance(
            live, origin=self.origin, now_ms=self.now_ms, relay=self.relays, telling=self.telling
        )
        watch = Watch(
            live=live,
            attendance=attendance,
            engines=self.engines,
            specify=self._specify,
            thresholds=self.pack.thresholds,
            now_ms=self.now_ms,
            standing=check_standing,
            news=desk_news,
            pause=self.pause,
        )
        led = Led(live=live, attendance=attendance, watch=watch, part=kept.row.part)
        live.listeners.append(led.hear)
        if kept.row.seq == 1 or any(one.kind == "outage" for one in events):
            led.due.set()
        return led

    async def _missed(
        self, uow: UnitOfWork, kept: KeptRoom, before: RoomRow
    ) -> tuple[RoomRow, tuple[Event, ...]]:
        """What has become of the room since its platform last lived, stored, and the row as it is then."""
        now, state = self.platform.clock(), kept.state
        events = found(
            state,
            since=last_sign(before, state, now=now),
            now=now,
            lost_ms=self.pack.thresholds.lost_ms,
            new_id=lambda: new_id(self.platform),
        )
        row = replace(kept.row, leader=self.leader)
        if not events:
            return row, events
        head = await append(uow, self.platform, row.ends, events, leader=self.leader)
        return replace(row, seq=head.seq, head=head.hash), events

    async def _lease(self, uow: UnitOfWork, room_id: str) -> bool:
        now = self.platform.clock()
        until = time_text(now + LEASE)
        row = await uow.rooms.get(room_id)
        if row is not None and row.leader is not None and self.is_gone(row.leader):
            await uow.rooms.leave(room_id, leader=row.leader)
        return await uow.rooms.lease(room_id, leader=self.leader, now=time_text(now), until=until)

    async def _specify(self, live: LiveRoom) -> RoomSpec:
        """A new run of the engine: the next part, under fresh data keys."""
        async with self.platform.database.write() as uow:
            row = await uow.rooms.get(live.row.id) or live.row
            part = await uow.rooms.next_part(row, engine=self.engines.name)
        self._led[live.row.id].part = part
        await self._seal_parts(row, part - 1)
        return await self.spec_of(live.row.id)

    async def spec_of(self, room_id: str) -> RoomSpec:
        """How a room that is led here is recorded, by the clock of now and under a fresh seed."""
        led = self._led[room_id]
        plan = RecordPlan(
            folder=self.engines.folder(room_id) / RECORDINGS,
            room=room_id,
            part=led.part,
            keys=await self.keys_of(led.live.row.draw_id),
            seed=self.platform.random(SEED_BYTES),
        )
        return RoomSpec(opened_at=self.platform.clock().timestamp() * 1000, record=plan)

    async def _run(self, led: Led) -> None:
        """Lead a room until it is closed or lost; what fails here costs this process that room only."""
        live = led.live
        try:
            async with asyncio.TaskGroup() as group:
                courses = (self._renew(live), self._anchor_room(led), self._anchor_recordings(led))
                beside = [group.create_task(one) for one in courses]
                await led.watch.run()
                for one in beside:
                    one.cancel()
            if live.state.phase == CLOSED:
                await finished(self._close(led))
        except* Exception as failed:  # noqa: BLE001 - the last fence: other rooms go on
            LOG.warning("room.given-up", room=live.row.id, codes=[_name(one) for one in _leaves(failed)])
        finally:
            live.give_up()
            if self._led.get(live.row.id) is led:
                del self._led[live.row.id]
            await finished(self._leave(live.row.id))

    async def _leave(self, room_id: str) -> None:
        try:
            await self.platform.database.transact(lambda uow: uow.rooms.leave(room_id, leader=self.leader))
        except (AppError, SQLAlchemyError):
            # Then the lease passes by itself.
            LOG.warning("room.lease-kept", room=room_id)

    async def _renew(self, live: LiveRoom) -> None:
        while True:
            await self.pause(RENEW_SECONDS)
            leasing = self.platform.database.transact(lambda uow: self._lease(uow, live.row.id))
            if not await finished(leasing):
                live.give_up()
                return

    async def _anchor_room(self, led: Led) -> None:
        while True:
            await led.due.wait()
            led.due.clear()
            await finished(anchor_room(led.live))

    async def _anchor_recordings(self, led: Led) -> None:
        while True:
            await self.pause(ANCHOR_SECONDS)
            heads = {name: _plain(head) for name, head in led.watch.heads.items()}
            if heads:
                await finished(anchor_recording(self.platform, led.live.row, part=led.part, heads=heads))

    async def _close(self, led: Led) -> None:
        """A closed room: its own head into the log, then what was recorded."""
        await anchor_room(led.live)
        async with self.platform.database.read() as uow:
            row = await uow.rooms.get(led.live.row.id) or led.live.row
        await self._ended(row)

    async def _ended(self, row: RoomRow) -> None:
        """Legs and recorder end, manifests that are not in the log yet go there, the engine ends."""
        with suppress(MediaError):
            await self.engines.close(row.id)
        # Before the last part is sealed: whoever goes on after a crash comes by here again.
        await self.platform.database.transact(lambda uow: set_next(uow, self.platform, row.id))
        await self._seal_parts(row, row.part)
        await self.engines.release(row.id)

    async def _seal_parts(self, row: RoomRow, last: int) -> None:
        async with self.platform.database.read() as uow:
            done = {one.part for one in await uow.rooms.recording_anchors(row.id) if one.final}
        for part in sorted(set(range(1, last + 1)) - done):
            manifest = await self.engines.manifest(row.id, part)
            await anchor_recording(self.platform, row, part=part, heads={}, manifest=manifest)

    def state_of(self, room_id: str) -> RoomState | None:
        """A room as this process leads it; None for one that it does not lead."""
        led = self._led.get(room_id)
        return None if led is None else led.live.state

    def admits(self, led: Led, address: str) -> bool:
        """Whether one more socket of this address may come to this room before it says who it is."""
        return led.attendance.strangers < MAX_STRANGERS and self._addresses[address] < MAX_OF_ADDRESS

    def came(self, address: str) -> None:
        """A socket of this address was opened."""
        self._addresses[address] += 1

    def went(self, address: str) -> None:
        """A socket of this address is gone."""
        self._addresses[address] -= 1
        if self._addresses[address] <= 0:
            del self._addresses[address]

    async def aclose(self) -> None:
        """Give every room back: clients come to the next process, engines go on."""
        for led in list(self._led.values()):
            led.attendance.go_away()
            if led.running is not None:
                led.running.cancel()
                await asyncio.wait((led.running,))
        self._led.clear()


def _leaves(failed: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for one in failed.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _leaves(one)
        else:
            yield one


def _name(error: BaseException) -> str:
    return error.code if isinstance(error, AppError | EvaluationError) else type(error).__name__


def _plain(head: Mapping[str, object]) -> dict[str, int | str]:
    return {name: value for name, value in head.items() if isinstance(value, int | str)}
