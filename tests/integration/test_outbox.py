"""The outbox under what goes wrong: once per recipient whatever happens to workers, carriers and clocks."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import WriteConflictError
from app.gateways.messages import GatewayPermanentError, Outcome, Outgoing
from app.store.repositories.leases import LEASE, Claim
from app.store.repositories.outbox import Claimed, Delivery, Message
from app.store.unit_of_work import Database
from app.times import to_text
from app.usecases.delivery import outbox
from app.usecases.delivery.outbox import QuietHours, enqueue, run_due
from app.usecases.log import LogIdentity, append
from app.usecases.platform import Platform
from app.worker import quiet_hours
from crypto.signing import SigningKey
from draw.entries import draft, sign_all
from tests.support.cosigner import InMemoryCosigner
from tests.support.delivery import (
    NOON,
    SMS,
    VOICE,
    Carrier,
    Doom,
    KilledError,
    bring_reports,
    call,
    make_platform,
    message,
    provider,
)
from tests.support.parties import Clock

pytestmark = pytest.mark.anyio
OVER = LEASE.total_seconds() + 1


@pytest.fixture
def clock() -> Clock:
    return Clock(now=NOON)


@pytest.fixture
def sender(
    database: Database, log_identity: LogIdentity, cosigners: list[InMemoryCosigner], clock: Clock
) -> Platform:
    return make_platform(database, log_identity, cosigners, clock=clock)


async def put(platform: Platform, *messages: Message) -> None:
    async def work(uow: Any) -> None:
        for one in messages:
            await enqueue(uow, one)

    await platform.database.transact(work)


async def found(platform: Platform, number: int) -> Delivery:
    async with platform.database.read() as uow:
        one = await uow.outbox.get(message(number).id)
    assert one is not None
    return one


async def kinds(platform: Platform, number: int) -> list[str]:
    async with platform.database.read() as uow:
        return [one.kind for one in await uow.reports.of_message(message(number).id)]


async def payloads(platform: Platform) -> int:
    async with platform.database.engine.connect() as connection:
        query = text("SELECT count(*) FROM outbox WHERE sealed_payload IS NOT NULL")
        return int((await connection.execute(query)).scalar_one())


async def test_a_message_goes_out_is_reported_and_its_content_is_erased(
    sender: Platform, clock: Clock
) -> None:
    books = provider()
    await put(sender, message(1))
    assert await run_due(sender, {"sms": Carrier(SMS.name, books, clock)}, sender.now()) == {"sent": 1}
    assert await payloads(sender) == 1
    assert await bring_reports(books, sender) == 1
    done = await found(sender, 1)
    assert (done.state, done.kind) == ("delivered", "delivered")
    assert await payloads(sender) == 0
    assert [one.order.to for one in books.taken.values()] == [message(1).to]


async def test_a_second_message_of_the_same_occasion_is_not_stored(sender: Platform) -> None:
    async def work(uow: Any) -> tuple[str, str]:
        first = await enqueue(uow, message(1))
        return first, await enqueue(uow, message(2, dedupe="occasion-1"))

    assert await sender.database.transact(work) == (message(1).id, message(1).id)


async def test_two_transactions_with_one_occasion_end_with_one_message(
    sender: Platform, second_server: Database
) -> None:
    async def other(uow: Any) -> str:
        return await enqueue(uow, message(2, dedupe="occasion-1"))

    async def work(uow: Any) -> str:
        return await enqueue(uow, message(1))

    stored = await asyncio.gather(sender.database.transact(work), second_server.transact(other))
    assert len(set(stored)) == 1


async def test_a_worker_killed_at_any_point_costs_nobody_a_message_and_gives_nobody_two(
    sender: Platform, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    books, killed = provider(), 0
    carrier = Carrier(SMS.name, books, clock)
    real_transact, real_send = Database.transact, Carrier.send
    for point in range(1, 40):
        await put(sender, message(point))
        doom = Doom(fatal=point)
        monkeypatch.setattr(Database, "transact", doom.around(real_transact))
        monkeypatch.setattr(Carrier, "send", doom.around(real_send))
        try:
            await run_due(sender, {"sms": carrier}, sender.now())
        except KilledError:
            killed += 1
        monkeypatch.setattr(Database, "transact", real_transact)
        monkeypatch.setattr(Carrier, "send", real_send)
        clock.move(seconds=OVER)
        await run_due(sender, {"sms": carrier}, sender.now())
        await bring_reports(books, sender)
        assert (await found(sender, point)).state == "delivered", point
        assert books.taken.keys() >= {message(point).id}
        if doom.passed < point:
            break
    assert killed >= 6
    assert len(books.taken) == books.counted["handed over"] - books.counted["repeated"]
    assert books.counted["repeated"] >= 1


async def test_two_workers_at_once_take_no_message_twice(
    sender: Platform,
    second_server: Database,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
    clock: Clock,
) -> None:
    other = make_platform(second_server, log_identity, cosigners, clock=clock, name="other")
    books = provider()
    carriers = {"sms": Carrier(SMS.name, books, clock)}
    await put(sender, *(message(number) for number in range(150)))
    for _turn in range(3):
        await asyncio.gather(run_due(sender, carriers, sender.now()), run_due(other, carriers, other.now()))
    assert len(books.taken) == 150
    assert books.counted["repeated"] == 0


async def test_a_worker_that_lost_its_lease_writes_nothing_down(sender: Platform, clock: Clock) -> None:
    await put(sender, message(1))
    asked = Claim(token="slow", now=sender.now(), limit=9)
    slow = await sender.database.transact(lambda uow: uow.outbox.claim(asked, published=0, quiet=()))
    clock.move(seconds=OVER)
    books = provider()
    await run_due(sender, {"sms": Carrier(SMS.name, books, clock)}, sender.now())
    await bring_reports(books, sender)
    kept = await sender.database.transact(
        lambda uow: uow.outbox.settle(slow[0], state="failed", next_at=sender.now(), sealed_payload=None)
    )
    assert not kept
    assert (await found(sender, 1)).state == "delivered"


async def test_a_slow_worker_does_not_end_what_another_is_sending(sender: Platform, clock: Clock) -> None:
    await put(sender, message(1))

    async def take(token: str) -> list[Claimed]:
        asked = Claim(token=token, now=sender.now(), limit=9)
        return await sender.database.transact(lambda uow: uow.outbox.claim(asked, published=0, quiet=()))

    (slow,) = await take("slow")
    clock.move(seconds=OVER)
    (fast,) = await take("fast")
    for claimed, kept in ((slow, False), (fast, True), (fast, False)):
        async with sender.database.write() as uow:
            settled = await uow.outbox.settle(claimed, state="queued", next_at=sender.now())
        assert settled is kept


async def test_a_carrier_that_is_down_for_an_hour_loses_nothing(sender: Platform, clock: Clock) -> None:
    books = provider(outage=True)
    carrier = {"sms": Carrier(SMS.name, books, clock)}
    await put(sender, *(message(number) for number in range(40)))
    for _minute in range(60):
        await run_due(sender, carrier, sender.now())
        clock.move(minutes=1)
    assert not books.taken
    assert books.counted["handed over"] == 0
    books.set_faults(books.faults.model_copy(update={"outage": False}))
    for _minute in range(40):
        await run_due(sender, carrier, sender.now())
        await bring_reports(books, sender)
        clock.move(minutes=1)
    assert len(books.taken) == 40
    assert Counter([(await found(sender, number)).state for number in range(40)]) == {"delivered": 40}


async def test_a_carrier_that_is_down_is_spared_and_another_is_not(sender: Platform, clock: Clock) -> None:
    """The attempts of one pass stop after the first wave that reached nobody."""
    down, up = provider(outage=True), provider()
    asked = 0

    class Counting(Carrier):
        async def send(self, outgoing: Outgoing) -> Outcome:
            nonlocal asked
            asked += 1
            return await super().send(outgoing)

    carriers = {"sms": Counting(SMS.name, down, clock), "voice": Carrier(VOICE.name, up, clock)}
    await put(sender, *(message(number) for number in range(60)), *(call(number) for number in range(60, 70)))
    await run_due(sender, carriers, sender.now())
    assert asked <= outbox.WAVE
    assert len(up.taken) == 10


async def test_a_lost_report_makes_the_platform_ask_again_and_nobody_is_told_twice(
    sender: Platform, clock: Clock
) -> None:
    books = provider()
    carrier = {"sms": Carrier(SMS.name, books, clock)}
    await put(sender, message(1))
    await run_due(sender, carrier, sender.now())
    assert books.due(clock())
    clock.move(minutes=15)
    assert await run_due(sender, carrier, sender.now()) == {"sent": 1}
    assert (len(books.taken), books.counted["repeated"]) == (1, 1)
    assert await bring_reports(books, sender) == 1
    assert (await found(sender, 1)).state == "delivered"


async def test_a_report_that_is_faster_than_our_own_note_of_the_sending_stands(
    sender: Platform, clock: Clock
) -> None:
    books = provider()

    class Fast(Carrier):
        async def send(self, outgoing: Outgoing) -> Outcome:
            outcome = await super().send(outgoing)
            await bring_reports(books, sender)
            return outcome

    await put(sender, message(1))
    await run_due(sender, {"sms": Fast(SMS.name, books, clock)}, sender.now())
    assert (await found(sender, 1)).state == "delivered"


async def test_a_number_that_does_not_exist_is_told_once_and_not_tried_again(
    sender: Platform, clock: Clock
) -> None:
    class Refusing:
        name, asked = "sms.test", 0

        async def send(self, outgoing: Outgoing) -> Outcome:
            self.asked += len(outgoing.id) > 0
            raise GatewayPermanentError("gateway.invalid-number")

    refusing = Refusing()
    await put(sender, message(1))
    for _time in range(3):
        await run_due(sender, {"sms": refusing}, sender.now())
        clock.move(hours=1)
    assert (refusing.asked, (await found(sender, 1)).state) == (1, "failed")
    assert await kinds(sender, 1) == ["invalid_number"]
    assert await payloads(sender) == 0


async def test_a_carrier_that_breaks_stops_no_other_message(sender: Platform, clock: Clock) -> None:
    books = provider()

    class Breaking(Carrier):
        async def send(self, outgoing: Outgoing) -> Outcome:
            if outgoing.id == message(2).id:
                raise ZeroDivisionError
            return await super().send(outgoing)

    await put(sender, *(message(number) for number in (1, 2, 3)))
    done = await run_due(sender, {"sms": Breaking(SMS.name, books, clock)}, sender.now())
    assert done == {"sent": 2, "queued": 1}
    assert (await found(sender, 2)).failure == "gateway.crash"


async def test_what_ran_out_of_time_is_erased_told_once_and_never_sent(
    sender: Platform, clock: Clock
) -> None:
    books = provider()
    await put(sender, message(1, expires_at=to_text(NOON + timedelta(minutes=5))))
    clock.move(minutes=6)
    for _time in range(2):
        await run_due(sender, {"sms": Carrier(SMS.name, books, clock)}, sender.now())
    assert not books.taken
    assert (await found(sender, 1)).state == "expired"
    assert await kinds(sender, 1) == ["expired"]
    assert await payloads(sender) == 0


async def test_what_ran_out_of_time_is_not_taken_even_before_it_is_erased(
    sender: Platform, clock: Clock
) -> None:
    await put(sender, message(1, expires_at=to_text(NOON + timedelta(minutes=5))))
    clock.move(minutes=5)
    asked = Claim(token="early", now=sender.now(), limit=9)
    assert not await sender.database.transact(lambda uow: uow.outbox.claim(asked, published=0, quiet=()))


async def test_a_report_after_the_end_of_time_still_tells_the_truth(sender: Platform, clock: Clock) -> None:
    books = provider()
    carrier = {"sms": Carrier(SMS.name, books, clock)}
    await put(sender, message(1, expires_at=to_text(NOON + timedelta(minutes=5))))
    await run_due(sender, carrier, sender.now())
    clock.move(minutes=6)
    await run_due(sender, carrier, sender.now())
    assert (await found(sender, 1)).state == "expired"
    await bring_reports(books, sender)
    assert (await found(sender, 1)).state == "delivered"


async def test_nobody_is_rung_at_night_unless_it_cannot_wait(sender: Platform, clock: Clock) -> None:
    books, night = provider(), quiet_hours("21:30-07:30")
    carriers = {"sms": Carrier(SMS.name, books, clock), "email": Carrier("mail.test", books, clock)}
    clock.move(hours=9)  # 22:00 in Beijing
    fields = message(1).fields
    await put(
        sender,
        message(1),
        message(2, urgent=True),
        message(3, channel="email", fields=fields),
    )
    await run_due(sender, carriers, sender.now(), quiet=night)
    assert set(books.taken) == {message(2).id, message(3).id}
    clock.move(hours=9, minutes=29)
    await run_due(sender, carriers, sender.now(), quiet=night)
    assert message(1).id not in books.taken
    clock.move(minutes=1)
    await run_due(sender, carriers, sender.now(), quiet=night)
    assert message(1).id in books.taken


@pytest.mark.parametrize(
    ("hours", "clock_text", "rests"),
    [
        ("21:30-07:30", "13:29", False),
        ("21:30-07:30", "13:30", True),
        ("21:30-07:30", "23:29", True),
        ("21:30-07:30", "23:30", False),
        ("12:00-14:00", "05:00", True),
        ("12:00-14:00", "06:00", False),
        ("00:00-00:00", "16:00", False),
    ],
)
def test_quiet_hours_are_beijing_hours_and_may_pass_midnight(
    hours: str, clock_text: str, rests: bool
) -> None:
    hour, minute = map(int, clock_text.split(":"))
    quiet: QuietHours = quiet_hours(hours)
    assert bool(quiet.channels(NOON.replace(hour=hour, minute=minute))) == rests


async def test_nothing_leaves_before_the_log_that_it_rests_on_is_published(
    sender: Platform, clock: Clock, cosigners: list[InMemoryCosigner], platform: SigningKey
) -> None:
    books = provider()
    carrier = {"sms": Carrier(SMS.name, books, clock)}
    body = {"pool": "city", "version": 1, "size": 0, "root": "0" * 64, "basis": "for tests"}
    entry = sign_all(draft("pool", sender.now(), body), {"platform": platform})

    async def work(uow: Any) -> None:
        index = await append(uow, entry)
        await enqueue(uow, message(1, log_size=index + 1))

    await sender.database.transact(work)
    cosigners[1].down = True
    for _time in range(3):
        await run_due(sender, carrier, sender.now())
        clock.move(minutes=1)
    assert not books.taken
    cosigners[1].down = False
    await run_due(sender, carrier, sender.now())
    async with sender.database.read() as uow:
        assert (await uow.log.head()).published_size == 1
    assert len(books.taken) == 1


async def test_a_message_not_sent_yet_can_be_called_back(sender: Platform, clock: Clock) -> None:
    books = provider()
    await put(sender, message(1), message(2))
    assert await sender.database.transact(lambda uow: uow.outbox.cancel("occasion-1"))
    await run_due(sender, {"sms": Carrier(SMS.name, books, clock)}, sender.now())
    assert set(books.taken) == {message(2).id}
    assert not await sender.database.transact(lambda uow: uow.outbox.cancel("occasion-2"))


async def test_a_clock_that_goes_back_does_not_hold_a_message_for_as_long(
    sender: Platform, clock: Clock
) -> None:
    """A worker died, or a carrier was down, under a clock that was a day ahead."""
    books = provider(outage=True)
    carrier = {"sms": Carrier(SMS.name, books, clock)}
    await put(
        sender, message(1, expires_at="2026-11-30T05:00:00Z"), message(2, expires_at="2026-11-30T05:00:00Z")
    )
    clock.move(days=1)
    asked = Claim(token="dead", now=sender.now(), limit=1)
    await sender.database.transact(lambda uow: uow.outbox.claim(asked, published=0, quiet=()))
    await run_due(sender, carrier, sender.now())
    clock.move(days=-1)
    books.set_faults(books.faults.model_copy(update={"outage": False}))
    await run_due(sender, carrier, sender.now())
    assert len(books.taken) == 2


async def test_a_clock_that_leaps_ahead_makes_a_second_attempt_and_no_second_message(
    sender: Platform, clock: Clock
) -> None:
    books = provider()

    class Leaping(Carrier):
        async def send(self, outgoing: Outgoing) -> Outcome:
            outcome = await super().send(outgoing)
            if books.counted["handed over"] == 1:
                clock.move(seconds=OVER)
                await run_due(sender, {"sms": self}, sender.now())
            return outcome

    await put(sender, message(1))
    await run_due(sender, {"sms": Leaping(SMS.name, books, clock)}, sender.now())
    assert (len(books.taken), books.counted["handed over"]) == (1, 2)
    await bring_reports(books, sender)
    assert (await found(sender, 1)).state == "delivered"


async def test_the_pauses_grow_and_differ_by_chance(sender: Platform) -> None:
    now = sender.now()
    first = {outbox.after(sender, now, 1, outbox.RETRY_SECONDS) for _ in range(30)}
    assert len(first) > 1
    fifth = {outbox.after(sender, now, 5, outbox.RETRY_SECONDS) for _ in range(30)}
    many = {outbox.after(sender, now, 99, outbox.RETRY_SECONDS) for _ in range(30)}
    assert max(first) < min(fifth) < min(many)
    assert max(many) <= to_text(NOON + timedelta(seconds=1800 * 1.26))


async def test_the_transaction_of_a_lost_race_is_void(sender: Platform, second_server: Database) -> None:
    """A business change and its message exist together or not at all."""

    async def work(uow: Any) -> None:
        await enqueue(uow, message(1))
        await uow.timers.set("reply", "inv_1", "2026-11-23T06:00:00Z")
        raise WriteConflictError("test.lost")

    with pytest.raises(WriteConflictError):
        await sender.database.transact(work)
    async with second_server.read() as uow:
        assert await uow.outbox.get(message(1).id) is None
        assert await uow.timers.get("reply", "inv_1") is None


async def test_a_message_that_rests_at_night_is_not_behind(sender: Platform, clock: Clock) -> None:
    await put(sender, message(1))
    clock.move(hours=1)
    async with sender.database.read() as uow:
        assert (await uow.outbox.figures(sender.now(), quiet=("sms", "voice")))[1] is None
        assert (await uow.outbox.figures(sender.now()))[1] == to_text(NOON)
