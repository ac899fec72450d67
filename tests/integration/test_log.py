"""The log on both engines: append by compare-and-swap, publish with a quorum, prove, and find any edit."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.errors import LogConflictError, LogCorruptError, QuorumMissingError
from app.gateways.cosigners import CosignerError
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases.log import (
    LogIdentity,
    Publisher,
    append,
    append_all,
    consistency,
    inclusion,
    publish,
    root,
    verify_log,
)
from crypto.checkpoint import Checkpoint, parse_note, verify_cosignature, verify_log_signature
from crypto.merkle import verify_consistency, verify_inclusion
from crypto.signing import SigningKey
from draw.entries import Entry, draft, entry_bytes, leaf_hash, parse_entry, sign_all
from tests.support.cosigner import InMemoryCosigner

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TIME = "2026-11-23T01:00:00Z"


def pool_entry(platform: SigningKey, version: int) -> Entry:
    body = {"pool": "city", "version": version, "size": 0, "root": "0" * 64, "basis": "测试依据"}
    return sign_all(draft("pool", TIME, body), {"platform": platform})


def request_entry(platform: SigningKey, section: str, number: int, previous: int | None) -> Entry:
    parties = {role: f"{n:02x}" * 32 for n, role in enumerate(("agency", "supervisor", "cosigner"), 1)}
    body = {
        "section": section * 32,
        "round": number,
        "previous": previous,
        "parties": {"platform": platform.public.hex(), **parties},
    }
    return sign_all(draft("request", TIME, body), {"platform": platform})


async def append_many(database: Database, platform: SigningKey, count: int, *, first: int = 1) -> list[int]:
    async def work(uow: UnitOfWork, version: int) -> int:
        return await append(uow, pool_entry(platform, version))

    return [
        await database.transact(lambda uow, v=version: work(uow, v))  # type: ignore[misc]
        for version in range(first, first + count)
    ]


async def execute(database: Database, statement: str, **values: object) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text(statement), values)


async def test_entries_stand_in_the_order_they_were_appended_and_each_has_a_proof(
    database: Database, platform: SigningKey
) -> None:
    assert await append_many(database, platform, 11) == list(range(11))
    async with database.read() as uow:
        head = await root(uow, 11)
        for index, stored in enumerate(await uow.log.entries(0, 11)):
            entry = parse_entry(stored.entry)
            assert entry.body["version"] == index + 1
            verify_inclusion(
                leaf_hash=leaf_hash(entry),
                index=index,
                size=11,
                proof=await inclusion(uow, index, 11),
                root=head,
            )
        for old in range(12):
            verify_consistency(
                old_size=old,
                old_root=await root(uow, old),
                new_size=11,
                new_root=head,
                proof=await consistency(uow, old, 11),
            )


async def test_entries_appended_together_are_those_appended_one_by_one(
    database: Database, platform: SigningKey, log_identity: LogIdentity, cosigners: list[InMemoryCosigner]
) -> None:
    await append_many(database, platform, 3)
    several = [pool_entry(platform, version) for version in range(4, 9)]
    assert await database.transact(lambda uow: append_all(uow, several)) == range(3, 8)
    await append_many(database, platform, 2, first=9)
    async with database.read() as uow:
        stored = await uow.log.entries(0, 20)
    assert [parse_entry(one.entry).body["version"] for one in stored] == list(range(1, 11))
    await publish(database, log_identity, cosigners, now=NOW)
    assert await verify_log(database, log_identity, cosigners) == 10


async def test_a_checkpoint_carries_log_supervisor_and_cosigner_in_this_order(
    database: Database,
    platform: SigningKey,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
) -> None:
    await append_many(database, platform, 3)
    published = await publish(database, log_identity, cosigners, now=NOW)
    note = parse_note(published.note)
    assert [one.name for one in note.signatures] == [log_identity.origin, *(one.name for one in cosigners)]
    verify_log_signature(note, log_identity.origin, platform.public)
    for one in cosigners:
        verify_cosignature(note, one.name, one.public)
    async with database.read() as uow:
        expected = Checkpoint(log_identity.origin, 3, await root(uow, 3))
    assert Checkpoint.from_body(note.body) == expected


async def test_a_failed_transaction_leaves_no_entry(database: Database, platform: SigningKey) -> None:
    async def fail() -> None:
        async with database.write() as uow:
            await append(uow, pool_entry(platform, 1))
            raise RuntimeError("the business step failed")

    with pytest.raises(RuntimeError):
        await fail()
    async with database.read() as uow:
        assert (await uow.log.head()).size == 0
        assert await uow.log.entries(0, 10) == []


async def test_a_stale_head_loses_the_swap(database: Database, platform: SigningKey) -> None:
    await append_many(database, platform, 2)

    async def stale() -> None:
        async with database.write() as uow:
            await uow.log.swap_size(expected=1, size=2)

    with pytest.raises(LogConflictError):
        await stale()
    async with database.read() as uow:
        assert (await uow.log.head()).size == 2


async def test_the_loser_of_a_swap_runs_its_whole_transaction_again(
    database: Database, platform: SigningKey
) -> None:
    attempts = 0

    async def work(uow: UnitOfWork) -> int:
        nonlocal attempts
        attempts += 1
        index = await append(uow, pool_entry(platform, attempts))
        if attempts == 1:
            raise LogConflictError("log.head-moved")
        return index

    assert await database.transact(work) == 0
    async with database.read() as uow:
        stored = await uow.log.entries(0, 10)
    assert attempts == 2
    assert [parse_entry(one.entry).body["version"] for one in stored] == [2]


async def test_two_servers_append_at_once_and_the_log_does_not_fork(
    database: Database,
    second_server: Database,
    platform: SigningKey,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
) -> None:
    async def one(server: Database, version: int) -> int:
        async def work(uow: UnitOfWork) -> int:
            return await append(uow, pool_entry(platform, version))

        return await server.transact(work)

    servers = (database, second_server)
    indexes = await asyncio.gather(*(one(servers[version % 2], version) for version in range(1, 31)))
    assert sorted(indexes) == list(range(30))
    await publish(second_server, log_identity, cosigners, now=NOW)
    assert await verify_log(database, log_identity, cosigners) == 30


async def test_two_servers_publish_at_once_and_agree(
    database: Database,
    second_server: Database,
    platform: SigningKey,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
) -> None:
    async def serve(server: Database, first: int) -> list[int]:
        sizes = []
        for version in range(first, first + 8):
            (index,) = await append_many(server, platform, 1, first=version)
            published = await publish(server, log_identity, cosigners, now=NOW)
            assert published.size > index
            sizes.append(published.size)
        return sizes

    await asyncio.gather(serve(database, 1), serve(second_server, 100))
    assert await verify_log(database, log_identity, cosigners) == 16
    assert {one.size for one in cosigners} == {16}


@pytest.mark.parametrize("missing", [0, 1])
async def test_without_one_cosigner_nothing_is_acknowledged(
    database: Database,
    platform: SigningKey,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
    missing: int,
) -> None:
    await append_many(database, platform, 2)
    cosigners[missing].down = True
    with pytest.raises(QuorumMissingError):
        await publish(database, log_identity, cosigners, now=NOW)
    async with database.read() as uow:
        head = await uow.log.head()
        assert (head.published_size, head.published_note) == (0, None)
        assert await uow.log.checkpoints() == []
    cosigners[missing].down = False
    assert (await publish(database, log_identity, cosigners, now=NOW)).size == 2
    await verify_log(database, log_identity, cosigners)


async def test_no_cosigners_is_no_quorum(
    database: Database, platform: SigningKey, log_identity: LogIdentity
) -> None:
    await append_many(database, platform, 1)
    with pytest.raises(QuorumMissingError):
        await publish(database, log_identity, [], now=NOW)


class ForgingCosigner(InMemoryCosigner):
    """Answers with a line made by a key that is not its registered one."""

    async def add_checkpoint(self, old_size: int, proof: Sequence[bytes], note: str) -> str:
        other = SigningKey.from_seed(b"X" * 32)
        forger = InMemoryCosigner(self.name, other, origin=self._origin, log_public=self._log_public)
        return await forger.add_checkpoint(old_size, proof, note)


async def test_a_cosignature_by_another_key_does_not_count(
    database: Database, platform: SigningKey, log_identity: LogIdentity, cosigners: list[InMemoryCosigner]
) -> None:
    await append_many(database, platform, 2)
    forger = ForgingCosigner(
        "cosigner.example",
        SigningKey.from_seed(b"W" * 32),
        origin=log_identity.origin,
        log_public=platform.public,
    )
    with pytest.raises(QuorumMissingError) as refusal:
        await publish(database, log_identity, [cosigners[0], forger], now=NOW)
    assert isinstance(refusal.value.__cause__, CosignerError)
    assert refusal.value.__cause__.code == "cosigner.malformed"


async def test_publishing_again_after_a_crash_before_the_store(
    database: Database, platform: SigningKey, log_identity: LogIdentity, cosigners: list[InMemoryCosigner]
) -> None:
    await append_many(database, platform, 3)
    await publish(database, log_identity, cosigners, now=NOW)
    await execute(database, "DELETE FROM log_checkpoints")
    await execute(database, "UPDATE log_head SET published_size = 0, published_note = NULL")
    assert (await publish(database, log_identity, cosigners, now=NOW)).size == 3
    await verify_log(database, log_identity, cosigners)


async def test_a_log_rolled_back_behind_its_cosigners_is_refused(
    database: Database, platform: SigningKey, log_identity: LogIdentity, cosigners: list[InMemoryCosigner]
) -> None:
    await append_many(database, platform, 3)
    await publish(database, log_identity, cosigners, now=NOW)
    await execute(database, "DELETE FROM log_checkpoints")
    await execute(database, "UPDATE log_head SET size = 2, published_size = 0, published_note = NULL")
    with pytest.raises(LogCorruptError) as refusal:
        await publish(database, log_identity, cosigners, now=NOW)
    assert refusal.value.code == "log.shorter-than-cosigned"


async def test_a_rewritten_history_gets_no_cosignature(
    database: Database, platform: SigningKey, log_identity: LogIdentity, cosigners: list[InMemoryCosigner]
) -> None:
    await append_many(database, platform, 4)
    await publish(database, log_identity, cosigners, now=NOW)
    await execute(
        database, 'UPDATE log_nodes SET hash = :other WHERE level = 2 AND "index" = 0', other=bytes(32)
    )
    await append_many(database, platform, 1, first=50)
    with pytest.raises(QuorumMissingError):
        await publish(database, log_identity, cosigners, now=NOW)


async def test_callers_at_the_same_time_share_publications(
    database: Database, platform: SigningKey, log_identity: LogIdentity, cosigners: list[InMemoryCosigner]
) -> None:
    publisher = Publisher(database, log_identity, cosigners)
    await append_many(database, platform, 6)
    clock = iter(NOW + timedelta(seconds=n) for n in range(100))
    answers = await asyncio.gather(*(publisher.covering(n, now=lambda: next(clock)) for n in range(1, 7)))
    assert {one.size for one in answers} == {6}
    async with database.read() as uow:
        assert [size for size, _ in await uow.log.checkpoints()] == [6]


async def test_what_another_server_published_is_not_published_again(
    database: Database,
    second_server: Database,
    platform: SigningKey,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
) -> None:
    here = Publisher(database, log_identity, cosigners)
    await append_many(database, platform, 2)
    first = await here.covering(2, now=lambda: NOW)
    await append_many(database, platform, 3, first=10)
    there = await Publisher(second_server, log_identity, cosigners).covering(5, now=lambda: NOW)
    assert await here.covering(1, now=lambda: NOW) == first
    assert await here.covering(4, now=lambda: NOW) == there
    async with database.read() as uow:
        assert [size for size, _ in await uow.log.checkpoints()] == [2, 5]


async def test_a_publisher_that_remembers_a_checkpoint_still_fails_closed_beyond_it(
    database: Database, platform: SigningKey, log_identity: LogIdentity, cosigners: list[InMemoryCosigner]
) -> None:
    publisher = Publisher(database, log_identity, cosigners)
    await append_many(database, platform, 2)
    await publisher.covering(2, now=lambda: NOW)
    cosigners[1].down = True
    await append_many(database, platform, 1, first=10)
    with pytest.raises(QuorumMissingError):
        await publisher.covering(3, now=lambda: NOW)
    assert publisher.newest is not None
    assert publisher.newest.size == 2


EDITS = {
    "log.entry-differs": 'UPDATE log_entries SET entry = :other WHERE "index" = 2',
    "log.node-differs": 'UPDATE log_nodes SET hash = :other WHERE level = 1 AND "index" = 1',
    "log.size-differs": 'DELETE FROM log_entries WHERE "index" = 4',
    "log.checkpoint-differs": "UPDATE log_checkpoints SET size = 3 WHERE size = 5",
    "log.checkpoint-signature": "UPDATE log_checkpoints SET note = replace(note, 'cosigner.', 'c0signer.')",
    "log.published-note-differs": "UPDATE log_head SET published_note = 'x'",
}


@pytest.mark.parametrize("code", EDITS)
async def test_an_edited_row_is_found(
    database: Database,
    platform: SigningKey,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
    code: str,
) -> None:
    await append_many(database, platform, 5)
    await publish(database, log_identity, cosigners, now=NOW)
    assert await verify_log(database, log_identity, cosigners) == 5
    other = {"other": bytes(32)} if ":other" in EDITS[code] else {}
    await execute(database, EDITS[code], **other)
    with pytest.raises(LogCorruptError) as refusal:
        await verify_log(database, log_identity, cosigners)
    assert refusal.value.code == code


async def test_an_entry_replaced_with_all_its_hashes_is_found_by_the_checkpoint(
    database: Database, platform: SigningKey, log_identity: LogIdentity, cosigners: list[InMemoryCosigner]
) -> None:
    await append_many(database, platform, 1)
    await publish(database, log_identity, cosigners, now=NOW)
    forged = pool_entry(platform, 77)
    leaf = leaf_hash(forged)
    edit = 'UPDATE log_entries SET entry = :entry, leaf_hash = :leaf WHERE "index" = 0'
    await execute(database, edit, entry=entry_bytes(forged), leaf=leaf)
    await execute(database, 'UPDATE log_nodes SET hash = :leaf WHERE level = 0 AND "index" = 0', leaf=leaf)
    with pytest.raises(LogCorruptError) as refusal:
        await verify_log(database, log_identity, cosigners)
    assert refusal.value.code == "log.checkpoint-differs"


# Requests of a log: (section, round, previous draw or None), and what a walk over them says.
A, B = "0a", "0b"
WALKS: dict[str, tuple[list[tuple[str, int, int | None]], str | None]] = {
    "two sections": ([(A, 1, None), (B, 1, None), (A, 2, 0), (B, 2, 1), (A, 3, 2)], None),
    "the first round twice": ([(A, 1, None), (B, 1, None), (A, 1, None)], "log.round-repeated"),
    "the second round twice": ([(A, 1, None), (A, 2, 0), (A, 2, 0)], "log.round-repeated"),
    "a round left out": ([(A, 1, None), (A, 3, 0)], "log.round-unlinked"),
    "no first round": ([(B, 1, None), (A, 2, 0)], "log.round-unlinked"),
    "another section's draw named": ([(A, 1, None), (B, 1, None), (A, 2, 1)], "log.round-unlinked"),
    "a round before the last named": ([(A, 1, None), (A, 2, 0), (A, 3, 0)], "log.round-unlinked"),
}


@pytest.mark.parametrize("story", WALKS)
async def test_a_walk_over_the_log_finds_a_draw_that_is_not_the_next_round_of_its_section(
    database: Database,
    platform: SigningKey,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
    story: str,
) -> None:
    asked, code = WALKS[story]
    await database.transact(lambda uow: append_all(uow, [request_entry(platform, *one) for one in asked]))
    await publish(database, log_identity, cosigners, now=NOW)
    if code is None:
        assert await verify_log(database, log_identity, cosigners) == len(asked)
        return
    with pytest.raises(LogCorruptError) as refusal:
        await verify_log(database, log_identity, cosigners)
    assert (refusal.value.code, refusal.value.details["draw"]) == (code, len(asked) - 1)
