"""One-time codes against someone who guesses, replays, floods, or holds a code for something else."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.errors import AccessRefusedError, ConflictError
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases.people.one_time_codes import LIFETIME, MAX_TRIES, WINDOW, count_try, issue, verify
from tests.support.parties import seeded
from tests.support.service import NOW

pytestmark = pytest.mark.anyio
LETTER, OTHER = "inv_00112233445566778899", "inv_99887766554433221100"


def chance() -> Callable[[int], bytes]:
    """Unpredictable to nobody: the test has to know the codes differ."""
    state = [0]

    def random(count: int) -> bytes:
        state[0] += 1
        return seeded("chance", state[0])[:count]

    return random


RANDOM = chance()


async def given(database: Database, subject: str = LETTER, *, after: timedelta = timedelta(0)) -> str:
    async def work(uow: UnitOfWork) -> str:
        return await issue(uow, uow.cipher, purpose="reply", subject=subject, now=NOW + after, random=RANDOM)

    return await database.transact(work)


async def tried(
    database: Database,
    code: str,
    subject: str = LETTER,
    *,
    purpose: str = "reply",
    after: timedelta = timedelta(0),
) -> None:
    now = NOW + after
    attempt = await count_try(database, database.cipher, purpose=purpose, subject=subject, now=now)
    await database.transact(lambda uow: verify(uow, attempt, code=code, now=now))


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10**6:06d}"


async def refused(database: Database, code: str, subject: str = LETTER, **how: object) -> None:
    with pytest.raises(AccessRefusedError) as found:
        await tried(database, code, subject, **how)  # type: ignore[arg-type]
    assert (found.value.code, found.value.details) == ("code.refused", {})


async def test_a_right_code_counts_once(database: Database) -> None:
    code = await given(database)
    assert len(code) == 6
    assert code.isdecimal()
    await tried(database, code)
    await refused(database, code)


async def test_four_wrong_guesses_leave_one_try_and_five_leave_none(database: Database) -> None:
    first = await given(database)
    for by in range(1, MAX_TRIES):
        await refused(database, wrong(first, by))
    await tried(database, first)
    second = await given(database)
    for by in range(1, MAX_TRIES + 1):
        await refused(database, wrong(second, by))
    await refused(database, second)


async def test_a_refused_act_does_not_give_its_try_back(database: Database) -> None:
    """The act rolls back; the guess stays counted."""
    code = await given(database)
    for _ in range(MAX_TRIES):
        attempt = await count_try(database, database.cipher, purpose="reply", subject=LETTER, now=NOW)

        async def act(uow: UnitOfWork, attempt: object = attempt) -> None:
            await verify(uow, attempt, code=code, now=NOW)  # type: ignore[arg-type]
            raise ConflictError("draw.state")

        with pytest.raises(ConflictError):
            await database.transact(act)
    await refused(database, code)


async def test_guesses_at_once_are_each_counted(database: Database) -> None:
    """Two attempts that were begun before either was checked cannot both use the code."""
    code = await given(database)
    begun = [
        await count_try(database, database.cipher, purpose="reply", subject=LETTER, now=NOW)
        for _ in range(MAX_TRIES + 2)
    ]
    assert [one.found is not None for one in begun] == [True] * MAX_TRIES + [False] * 2
    await database.transact(lambda uow: verify(uow, begun[0], code=code, now=NOW))
    with pytest.raises(AccessRefusedError):
        await database.transact(lambda uow: verify(uow, begun[1], code=code, now=NOW))


async def test_an_expired_code_is_refused_to_the_second(database: Database) -> None:
    await given(database)
    code = await given(database)
    await refused(database, code, after=LIFETIME)
    await tried(database, code, after=LIFETIME - timedelta(seconds=1))


async def test_a_code_that_expires_between_try_and_act_is_refused(database: Database) -> None:
    code = await given(database)
    attempt = await count_try(database, database.cipher, purpose="reply", subject=LETTER, now=NOW)
    with pytest.raises(AccessRefusedError):
        await database.transact(lambda uow: verify(uow, attempt, code=code, now=NOW + LIFETIME))


async def test_a_code_for_another_letter_or_purpose_is_refused(database: Database) -> None:
    code = await given(database)
    other = await given(database, OTHER)
    assert code != other
    await refused(database, code, OTHER)
    await refused(database, code, purpose="leave")
    await refused(database, code, "inv_nobody")
    await tried(database, code)


async def test_a_newer_code_voids_the_older_even_between_try_and_act(database: Database) -> None:
    old = await given(database)
    attempt = await count_try(database, database.cipher, purpose="reply", subject=LETTER, now=NOW)
    new = await given(database)
    with pytest.raises(AccessRefusedError):
        await database.transact(lambda uow: verify(uow, attempt, code=old, now=NOW))
    await refused(database, old)
    await tried(database, new)


async def test_three_in_a_quarter_of_an_hour_and_not_one_more(database: Database) -> None:
    for _ in range(3):
        await given(database)
    with pytest.raises(ConflictError, match=r"code\.too-many"):
        await given(database)
    await given(database, OTHER)
    with pytest.raises(ConflictError):
        await given(database, after=WINDOW - timedelta(seconds=1))
    await given(database, after=WINDOW)


async def test_the_store_holds_neither_code_nor_subject_and_forgets(database: Database) -> None:
    code = await given(database)
    async with database.read() as uow:
        connection = uow.codes._connection
        rows = (await connection.exec_driver_sql("SELECT * FROM one_time_codes")).all()
    assert len(rows) == 1
    kept = [str(value) for value in rows[0]]
    assert not any(LETTER in value or value == code for value in kept)
    await given(database, OTHER, after=WINDOW + timedelta(seconds=1))
    async with database.read() as uow:
        rows = (await uow.codes._connection.exec_driver_sql("SELECT * FROM one_time_codes")).all()
    assert len(rows) == 1
