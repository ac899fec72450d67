"""The store on both engines: sealed fields, compare-and-swap, pools with their change log, and tampering
found.
"""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.errors import CipherError, ConflictError, InputRefusedError, LogCorruptError, WriteConflictError
from app.store.field_cipher import FieldCipher, load_or_create, rotate
from app.store.repositories.draws import DrawEvent
from app.store.repositories.operations import Operation
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import pools
from app.usecases.pools import import_pool, load_snapshot, records_from_json
from tests.support.parties import Scene, scene
from tests.support.service import Service, order, project

pytestmark = pytest.mark.anyio


@pytest.fixture
async def made(database: Database, tmp_path: Path) -> Scene:
    return await scene(database, tmp_path / "parties")


async def execute(database: Database, statement: str, **values: object) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text(statement), values)


async def test_a_draw_moves_by_compare_and_swap_only(made: Scene, database: Database) -> None:
    row = await made.request()

    async def advance() -> None:
        async with database.write() as uow:
            await uow.draws.advance(row.id, expected=row.state_version, state="committed")

    await advance()
    with pytest.raises(WriteConflictError):
        await advance()
    with pytest.raises(TypeError):
        async with database.write() as uow:
            await uow.draws.advance(row.id, expected=1, round=7)


async def test_two_servers_advance_one_draw_and_one_wins(
    made: Scene, database: Database, second_server: Database
) -> None:
    row = await made.request()

    async def advance(server: Database) -> bool:
        try:
            async with server.write() as uow:
                await uow.draws.advance(row.id, expected=row.state_version, state="committed")
        except WriteConflictError:
            return False
        return True

    outcomes = await asyncio.gather(*(advance(one) for one in (database, second_server) * 3))
    assert outcomes.count(True) == 1


async def test_secrets_are_fixed_once(made: Scene, database: Database) -> None:
    row = await made.request()

    async def store(value: bytes) -> None:
        async with database.write() as uow:
            await uow.draws.store_secrets(row.id, value)

    await store(b"first")
    with pytest.raises(ConflictError, match="secrets-fixed"):
        await store(b"second")
    async with database.read() as uow:
        assert await uow.draws.load_secrets(row.id) == b"first"


async def test_a_section_has_one_live_draw_even_past_the_use_case(made: Scene, database: Database) -> None:
    row = await made.request()
    with pytest.raises(ConflictError, match=r"draw\.exists"):
        async with database.write() as uow:
            await uow.draws.add(replace(row, id="drw_two", k=None, round=2))


async def test_an_event_number_is_taken_once(made: Scene, database: Database) -> None:
    row = await made.request()
    event = DrawEvent(t=1, content=b"{}", event_index=9, answer_index=None, created_at=made.platform.now())

    async def add() -> None:
        async with database.write() as uow:
            await uow.draws.add_event(row.id, event)

    await add()
    with pytest.raises(WriteConflictError):
        await add()
    async with database.write() as uow:
        await uow.draws.answer_event(row.id, 1, answer_index=10)
    with pytest.raises(WriteConflictError):
        async with database.write() as uow:
            await uow.draws.answer_event(row.id, 1, answer_index=11)
    async with database.read() as uow:
        assert await uow.draws.events(row.id) == [replace(event, answer_index=10)]


async def test_a_ciphertext_moved_to_another_row_does_not_open(made: Scene, database: Database) -> None:
    other = "(SELECT p.sealed FROM pool_experts p WHERE p.row = 1)"
    await execute(database, f"UPDATE pool_experts SET sealed = {other} WHERE row = 0")  # noqa: S608
    with pytest.raises(CipherError, match="not-authentic"):
        async with database.read() as uow:
            await uow.pools.records("experts", 1)
    assert made.platform.mode == "live"


async def test_a_pool_edited_in_the_database_is_found(
    made: Scene, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.read() as uow:
        first = await load_snapshot(uow, "experts", 1)
        records = await uow.pools.records("experts", 1)
    edited = records[0].replace(b'"active"', b'"suspended"')
    forged = database.cipher.seal(edited, table="pool_experts", column="sealed", row="experts/1/0")
    await execute(database, "UPDATE pool_experts SET sealed = :forged WHERE row = 0", forged=forged)
    async with database.read() as uow:
        assert await load_snapshot(uow, "experts", 1) is first
    monkeypatch.setattr(pools, "_KEPT", type(pools._KEPT)())
    with pytest.raises(LogCorruptError, match="root-differs"):
        async with database.read() as uow:
            await load_snapshot(uow, "experts", 1)
    assert made.platform.mode == "live"


async def test_the_change_log_lists_exactly_the_edits_by_field(made: Scene, database: Database) -> None:
    async with database.read() as uow:
        before = list((await load_snapshot(uow, "experts", 1)).records)
    edited = replace(before[1], region="330199", status="suspended")
    joined = replace(before[0], id="newcomer", person="f" * 64)
    after = [before[0], edited, *before[3:], joined]
    imported = await import_pool(made.platform, pool_id="experts", basis="依据", records=after)
    assert (imported.pool.version, imported.added, imported.changed, imported.removed) == (2, 1, 1, 1)
    async with database.read() as uow:
        changes = [one for _, one in await uow.pools.changes("experts", 2, limit=10)]
        head = await uow.pools.get("experts")
        assert head is not None
        assert (head.version, head.size) == (2, len(after))
        assert (await uow.pools.get("experts", 1)) is not None
    assert {one.kind: one.fields for one in changes if one.kind == "changed"} == {
        "changed": ("region", "status")
    }
    assert all(before[1].id not in one.expert_tag for one in changes)


async def test_doubles_are_refused_by_row_and_nothing_is_stored(made: Scene, database: Database) -> None:
    async with database.read() as uow:
        records = (await load_snapshot(uow, "experts", 1)).records
        size = (await uow.log.head()).size
    twice = [*records, records[0], replace(records[1], id="other-id")]
    with pytest.raises(InputRefusedError) as refusal:
        await import_pool(made.platform, pool_id="experts", basis=" \x00", records=twice)
    found = [(one.code, one.pointer) for one in refusal.value.faults]
    rows = len(records)
    assert found == [
        ("pool.basis", "/basis"),
        ("pool.double-id", f"/{rows}/id"),
        ("pool.double-person", f"/{rows}/person"),
        ("pool.double-person", f"/{rows + 1}/person"),
    ]
    assert all(records[0].name not in str(one) for one in refusal.value.faults)
    async with database.read() as uow:
        assert (await uow.log.head()).size == size
        assert await uow.pools.get("experts", 2) is None


def test_records_from_json_name_every_faulty_row() -> None:
    with pytest.raises(InputRefusedError) as refusal:
        records_from_json([{"id": 1}, 7])
    assert {one.pointer.split("/")[1] for one in refusal.value.faults} == {"0", "1"}


async def test_an_operation_without_its_four_members_cannot_be_stored(database: Database) -> None:
    whole = Operation(
        time="2026-11-23T01:00:00Z", address="127.0.0.1", operator="bob", source="cli", action="a", target="t"
    )
    async with database.write() as uow:
        await uow.operations.add(whole)
    for member in ("time", "address", "operator", "source"):
        with pytest.raises(IntegrityError):
            async with database.write() as uow:
                await uow.operations.add(replace(whole, **{member: ""}))


async def test_a_reader_sees_one_moment(database: Database) -> None:
    """An operation added while a reader looks does not appear in its snapshot."""
    one = Operation(
        time="2026-11-23T01:00:00Z", address="127.0.0.1", operator="bob", source="cli", action="a", target="t"
    )
    async with database.read() as uow:
        assert await uow.operations.newest(5) == []
        async with database.write() as other:
            await other.operations.add(one)
        assert await uow.operations.newest(5) == []
    async with database.read() as uow:
        assert await uow.operations.newest(5) == [one]


async def test_the_duties_of_a_draw_are_one_per_person(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]

    async def take(uow: UnitOfWork) -> None:
        await uow.draws.take_duty(draw, person="alice", duty="operate", at=api.platform.now())

    with pytest.raises(ConflictError, match="duties-clash"):
        await api.platform.database.transact(take)
    async with api.platform.database.read() as uow:
        assert await uow.draws.duties(draw) == {"alice": "request"}


def test_the_key_file_is_owner_only_and_rotation_keeps_old_fields_readable(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "fields.json"
    first = load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    place = {"table": "t", "column": "c", "row": "r"}
    old = first.seal(b"secret", **place)
    second = rotate(path, "k2")
    new = second.seal(b"secret", **place)
    assert (second.open(old, **place), second.open(new, **place)) == (b"secret", b"secret")
    assert old != new
    with pytest.raises(CipherError, match="unknown-key"):
        first.open(new, **place)
    with pytest.raises(CipherError, match="key-exists"):
        rotate(path, "k2")
    assert first.tag("p", "x") == second.tag("p", "x") != second.tag("q", "x")


def test_a_key_file_that_others_can_read_or_that_is_broken_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fields.json"
    load_or_create(path)
    path.chmod(0o644)
    with pytest.raises(CipherError, match="file-mode"):
        load_or_create(path)
    path.write_text('{"current":"k1","keys":{"k1":"00"},"tags":""}')
    path.chmod(0o600)
    with pytest.raises(CipherError, match="bad-key"):
        load_or_create(path)
    path.write_text("no")
    with pytest.raises(CipherError, match="bad-file"):
        load_or_create(path)


@pytest.mark.parametrize("place", ["table", "column", "row"])
def test_a_field_opens_only_in_its_place(place: str) -> None:
    cipher = FieldCipher(current="k", keys={"k": bytes(32)}, tags=bytes(32))
    at = {"table": "t", "column": "c", "row": "r"}
    sealed = cipher.seal(b"secret", **at)
    assert cipher.open(sealed, **at) == b"secret"
    with pytest.raises(CipherError):
        cipher.open(sealed, **(at | {place: "other"}))
    for broken in (b"", sealed[:10], sealed[:-1] + bytes([sealed[-1] ^ 1]), os.urandom(40)):
        with pytest.raises(CipherError):
            cipher.open(broken, **at)
    assert "00" not in repr(cipher)
