"""Five thousand messages through a carrier that fails three times in ten, with workers killed at random."""

import asyncio
import logging
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text

from app.store.unit_of_work import Database
from app.usecases.delivery import reports
from app.usecases.delivery.outbox import enqueue, run_due
from app.usecases.log import LogIdentity
from app.usecases.platform import Platform
from tests.support.cosigner import InMemoryCosigner
from tests.support.delivery import (
    NOON,
    SMS,
    VOICE,
    Carrier,
    Doom,
    Heard,
    KilledError,
    bring_reports,
    call,
    make_context,
    make_platform,
    message,
    phones_in,
    provider,
)
from tests.support.parties import Clock

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(600)]
# Both engines together send five thousand.
MESSAGES = {"sqlite": 4_000, "postgresql": 1_000}
CALLS = 200


async def fill(platform: Platform, number: int) -> None:
    for start in range(0, number, 500):

        async def work(uow: Any, start: int = start) -> None:
            for one in range(start, min(start + 500, number)):
                await enqueue(uow, call(one) if one < CALLS else message(one))

        await platform.database.transact(work)


async def test_each_is_delivered_none_twice_and_no_report_is_lost(
    database: Database,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
    monkeypatch: pytest.MonkeyPatch,
    *,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    clock = Clock(now=NOON)
    platforms = [
        make_platform(database, log_identity, cosigners, clock=clock, name=name) for name in ("one", "two")
    ]
    number = MESSAGES[database.engine.dialect.name]
    books = provider(refused=0.15, lost=0.15, duplicated=0.2, dropped=0.1)
    carriers = {"sms": Carrier(SMS.name, books, clock), "voice": Carrier(VOICE.name, books, clock)}
    await fill(platforms[0], number)
    doom, killed, heard = Doom(share=0.002), 0, Heard()
    handlers = dict.fromkeys(("delivered", "heard", "answer"), (heard,))
    context = make_context(platforms[0])
    real_transact, real_send = Database.transact, Carrier.send
    monkeypatch.setattr(Database, "transact", doom.around(real_transact))
    monkeypatch.setattr(Carrier, "send", doom.around(real_send))
    with caplog.at_level(logging.DEBUG):
        for turn in range(400):
            for work in (
                lambda: _both(platforms, carriers),
                lambda: bring_reports(books, platforms[1]),
                lambda: reports.hand_on(context, handlers, platforms[0].now(), limit=500),
            ):
                try:
                    await work()
                except KilledError:
                    killed += 1
            clock.move(seconds=10)
            if turn % 10 == 9:
                doom.share = 0.002 if turn < 30 else 0
                if len(heard.reports) >= number and await _over(database):
                    break
    assert killed >= 10
    assert len(books.taken) == number
    assert books.counted["repeated"] >= 10
    told = Counter((one.message_id, one.kind) for one in heard.reports)
    wanted = {(message(one).id, "delivered") for one in range(CALLS, number)}
    wanted |= {(message(one).id, kind) for one in range(CALLS) for kind in ("heard", "answer")}
    assert told.keys() == wanted
    await _states_hold(database, number)
    shown = caplog.text + "".join(capfd.readouterr())
    assert phones_in(shown) == []
    assert phones_in(f"to {message(7).to}.") != []


async def _both(platforms: list[Platform], carriers: Any) -> None:
    """Two workers in turn on the same rows, sometimes at once."""
    done = await asyncio.gather(
        *(run_due(one, carriers, one.now(), limit=96) for one in platforms), return_exceptions=True
    )
    for one in done:
        if isinstance(one, BaseException):
            raise one


async def _over(database: Database) -> bool:
    async with database.read() as uow:
        states, _ = await uow.outbox.figures("2030-01-01T00:00:00Z")
        waiting = await uow.reports.oldest_waiting("2030-01-01T00:00:00Z")
    return states.keys() == {"delivered"} and waiting is None


async def _states_hold(database: Database, number: int) -> None:
    async with database.read() as uow:
        states, waiting = await uow.outbox.figures("2030-01-01T00:00:00Z")
    assert states == {"delivered": number}
    assert waiting is None
    async with database.engine.connect() as connection:
        left = await connection.execute(
            text("SELECT count(*) FROM outbox WHERE sealed_payload IS NOT NULL OR leased_by IS NOT NULL")
        )
        assert left.scalar_one() == 0
        unhandled = await connection.execute(
            text("SELECT count(*) FROM delivery_reports WHERE handled_at IS NULL")
        )
        assert unhandled.scalar_one() == 0
