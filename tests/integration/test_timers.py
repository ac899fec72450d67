"""Timers and the worker's loop: at least once, one after a crash again, none stopped by another."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.errors import AppError, ConflictError
from app.store.delivery_tables import timers as timer_table
from app.store.repositories.leases import LEASE
from app.store.unit_of_work import Database
from app.times import to_text
from app.usecases.delivery import timers
from app.usecases.delivery.template_texts import TEXTS
from app.usecases.delivery.work import WorkContext
from app.usecases.log import LogIdentity
from app.usecases.platform import Platform
from app.worker import HANDLERS, REPORT_HANDLERS, Wiring, Worker
from tests.support.cosigner import InMemoryCosigner
from tests.support.delivery import NOON, Doom, KilledError, make_context, make_platform
from tests.support.parties import Clock

pytestmark = pytest.mark.anyio
SOON = to_text(NOON + timedelta(minutes=1))


class Bell:
    """A job that notes when it rang, and fails as often as told."""

    def __init__(self, fails: int = 0) -> None:
        self.rung: list[str] = []
        self.fails = fails

    async def __call__(self, _context: WorkContext, subject: str, _due_at: str) -> None:
        self.rung.append(subject)
        if len(self.rung) <= self.fails:
            raise ConflictError("test.not-yet")


class Disk:
    """A job that takes as long as a disk needs: until it is told that it has read everything."""

    def __init__(self) -> None:
        self.begun, self.read = asyncio.Event(), asyncio.Event()
        self.times, self.cut = 0, False

    async def __call__(self, _context: WorkContext, _subject: str, _due_at: str) -> None:
        self.times += 1
        self.begun.set()
        try:
            await self.read.wait()
        except asyncio.CancelledError:
            self.cut = True
            raise


@pytest.fixture
def clock() -> Clock:
    return Clock(now=NOON)


@pytest.fixture
def context(
    database: Database, log_identity: LogIdentity, cosigners: list[InMemoryCosigner], clock: Clock
) -> WorkContext:
    return make_context(make_platform(database, log_identity, cosigners, clock=clock))


async def set_timer(platform: Platform, subject: str, due_at: str = SOON) -> None:
    await platform.database.transact(lambda uow: uow.timers.set("reply", subject, due_at))


async def run(context: WorkContext, bell: Any) -> int:
    return await timers.run_due(context, {"reply": bell}, context.platform.now())


async def test_a_timer_rings_when_due_and_once(context: WorkContext, clock: Clock) -> None:
    bell = Bell()
    await set_timer(context.platform, "inv_1")
    assert await run(context, bell) == 0
    clock.move(minutes=1)
    assert await run(context, bell) == 1
    assert await run(context, bell) == 0
    assert bell.rung == ["inv_1"]


async def test_setting_again_moves_it_and_cancelling_removes_it(context: WorkContext, clock: Clock) -> None:
    bell, platform = Bell(), context.platform
    await set_timer(platform, "inv_1")
    await set_timer(platform, "inv_1", to_text(NOON + timedelta(hours=1)))
    await set_timer(platform, "inv_2")
    await platform.database.transact(lambda uow: uow.timers.cancel("reply", "inv_2"))
    clock.move(minutes=2)
    assert await run(context, bell) == 0
    clock.move(hours=1)
    assert await run(context, bell) == 1


async def test_a_job_that_fails_is_tried_again_and_stops_no_other(context: WorkContext, clock: Clock) -> None:
    failing, calls = Bell(fails=2), Bell()
    await set_timer(context.platform, "inv_1")
    await context.platform.database.transact(lambda uow: uow.timers.set("call", "inv_2", SOON))
    clock.move(minutes=1)
    for _turn in range(4):
        await timers.run_due(context, {"reply": failing, "call": calls}, context.platform.now())
        clock.move(minutes=1)
    assert failing.rung == ["inv_1"] * 3
    assert calls.rung == ["inv_2"]


async def test_a_timer_of_a_kind_that_nobody_handles_waits_and_stops_no_other(
    context: WorkContext, clock: Clock
) -> None:
    bell = Bell()
    await context.platform.database.transact(lambda uow: uow.timers.set("unknown", "x", SOON))
    await set_timer(context.platform, "inv_1")
    clock.move(minutes=1)
    await run(context, bell)
    assert bell.rung == ["inv_1"]
    async with context.platform.database.read() as uow:
        assert await uow.timers.get("unknown", "x") is not None


async def test_a_job_that_sets_its_own_timer_again_is_not_forgotten(
    context: WorkContext, clock: Clock
) -> None:
    later = to_text(NOON + timedelta(hours=1))

    async def again(context: WorkContext, subject: str, _due_at: str) -> None:
        await set_timer(context.platform, subject, later)

    await set_timer(context.platform, "inv_1")
    clock.move(minutes=1)
    await run(context, again)
    async with context.platform.database.read() as uow:
        found = await uow.timers.get("reply", "inv_1")
    assert found is not None
    assert found.due_at == later


async def test_the_timer_of_a_killed_worker_rings_again_when_its_lease_is_over(
    context: WorkContext, clock: Clock
) -> None:
    bell = Bell()

    async def dying(*_given: Any) -> None:
        raise KilledError

    await set_timer(context.platform, "inv_1")
    clock.move(minutes=1)
    with pytest.raises(KilledError):
        await run(context, dying)
    assert await run(context, bell) == 0
    clock.move(seconds=LEASE.total_seconds())
    assert await run(context, bell) == 1


async def test_two_workers_at_once_ring_each_timer_once(
    context: WorkContext,
    second_server: Database,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
    clock: Clock,
) -> None:
    other = make_context(make_platform(second_server, log_identity, cosigners, clock=clock, name="other"))
    bell = Bell()
    for number in range(40):
        await set_timer(context.platform, f"inv_{number}")
    clock.move(minutes=1)
    for _turn in range(3):
        await asyncio.gather(run(context, bell), run(other, bell))
    assert sorted(bell.rung) == sorted(f"inv_{number}" for number in range(40))


async def test_the_loop_works_is_woken_tells_its_lag_and_stops(context: WorkContext, clock: Clock) -> None:
    rung = asyncio.Event()

    async def ring(_context: WorkContext, _subject: str, _due_at: str) -> None:
        rung.set()

    await set_timer(context.platform, "inv_1")
    wiring = Wiring(gateways={}, handlers={"reply": ring}, report_handlers={}, seconds=3600)
    worker = Worker(context, wiring)
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0)
    clock.move(minutes=3)
    assert (await worker.lag()).timers in (0, 120)
    worker.wake()
    async with asyncio.timeout(10):
        await rung.wait()
    worker.stop()
    async with asyncio.timeout(10):
        await running
    assert (await worker.lag()).timers == 0


async def begun(context: WorkContext, disk: Disk, bell: Any = None) -> tuple[Worker, asyncio.Task[None]]:
    """A worker whose long job is under way."""
    await context.platform.database.transact(lambda uow: uow.timers.set("check", "room_1", to_text(NOON)))
    wiring = Wiring(
        gateways={},
        handlers={"reply": bell or Bell()},
        report_handlers={},
        long_handlers={"check": disk},
        seconds=3600,
    )
    worker = Worker(context, wiring)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        await disk.begun.wait()
    return worker, running


async def test_no_deadline_waits_for_a_disk_and_a_disk_that_is_read_counts_for_no_lag(
    context: WorkContext, clock: Clock
) -> None:
    disk, rung = Disk(), asyncio.Event()

    async def ring(*_given: Any) -> None:
        rung.set()

    worker, running = await begun(context, disk, ring)
    await set_timer(context.platform, "inv_1")
    clock.move(minutes=3)
    worker.wake()
    async with asyncio.timeout(10):
        await rung.wait()
    assert not disk.read.is_set()
    assert (await worker.lag()).timers in (0, 120)
    disk.read.set()
    worker.stop()
    async with asyncio.timeout(10):
        await running


async def test_a_job_that_takes_longer_than_a_lease_is_begun_by_nobody_else(
    *,
    context: WorkContext,
    second_server: Database,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk, other = Disk(), Disk()
    monkeypatch.setattr(timers, "KEEP_SECONDS", 0.01)
    worker, running = await begun(context, disk)
    beside = make_context(make_platform(second_server, log_identity, cosigners, clock=clock, name="other"))
    for _turn in range(3):
        # Every time later than the lease before it ends, if nobody made that longer.
        clock.move(seconds=LEASE.total_seconds() - 1)
        await kept_from(beside, clock)
        assert await timers.run_long(beside, {"check": other}, beside.platform.now()) == 0
    disk.read.set()
    worker.stop()
    async with asyncio.timeout(10):
        await running
    assert (disk.times, other.times) == (1, 0)


async def kept_from(context: WorkContext, clock: Clock) -> None:
    """The lease of the one timer reaches a whole one further than now."""
    until = to_text(clock() + LEASE)
    async with asyncio.timeout(10):
        while True:
            async with context.platform.database.read() as uow:
                found = (await uow.timers._connection.execute(select(timer_table.c.lease_until))).scalar_one()
            if found == until:
                return


async def test_a_worker_that_stops_cuts_a_long_job_off_and_another_begins_it_anew(
    context: WorkContext, clock: Clock
) -> None:
    disk, later = Disk(), Disk()
    worker, running = await begun(context, disk)
    worker.stop()
    async with asyncio.timeout(10):
        await running
    assert disk.cut
    later.read.set()
    assert await timers.run_long(context, {"check": later}, context.platform.now()) == 0
    clock.move(seconds=LEASE.total_seconds())
    assert await timers.run_long(context, {"check": later}, context.platform.now()) == 1
    assert later.times == 1


async def test_a_database_that_is_gone_for_a_moment_does_not_end_the_loop(
    context: WorkContext, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell, worker = Bell(), None
    await set_timer(context.platform, "inv_1")
    clock.move(minutes=1)
    worker = Worker(context, Wiring(gateways={}, handlers={"reply": bell}, report_handlers={}))
    real = Database.transact

    async def broken(*_given: Any) -> Any:
        raise OSError("gone")

    monkeypatch.setattr(Database, "transact", broken)
    assert await worker.run_once() == 0
    monkeypatch.setattr(Database, "transact", real)
    await worker.run_once()
    assert bell.rung == ["inv_1"]


async def test_a_worker_does_not_start_with_a_text_that_says_too_much(
    context: WorkContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaking = {"sms": {"zh": "{date} 项目评审", "en": "{date}"}}
    monkeypatch.setitem(TEXTS, "code", leaking)
    with pytest.raises(AppError):
        Worker(context, Wiring(gateways={}, handlers=HANDLERS, report_handlers=REPORT_HANDLERS))


async def test_a_pass_killed_at_any_point_rings_every_timer_in_the_end(
    context: WorkContext, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Database.transact
    for point in range(1, 8):
        bell = Bell()
        await set_timer(context.platform, f"inv_{point}", context.platform.now())
        monkeypatch.setattr(Database, "transact", Doom(fatal=point).around(real))
        try:
            await run(context, bell)
        except KilledError:
            clock.move(seconds=LEASE.total_seconds() + 1)
        monkeypatch.setattr(Database, "transact", real)
        await run(context, bell)
        assert f"inv_{point}" in bell.rung
        async with context.platform.database.read() as uow:
            assert await uow.timers.get("reply", f"inv_{point}") is None
