"""Before the opening nothing that the platform stores, logs or serves holds a name, a position or a cell
size.

The needles are the real ones: everybody in the pool by name, id and identity hash, the drawn positions and
the secrets, looked for in every column of every table, in the SQLite files, in every answer and in every log
line.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import logs
from app.store.schema import METADATA
from app.store.unit_of_work import Database
from app.usecases.frozen_draws import load_frozen
from app.usecases.openings import opened
from app.usecases.pools import load_snapshot
from tests.support.service import Service, order, project

pytestmark = pytest.mark.anyio


async def everything_stored(database: Database) -> bytes:
    """Every value of every table, as bytes."""
    parts: list[bytes] = []
    async with database.engine.connect() as connection:
        for table in METADATA.tables:
            for row in await connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608 - own names
                parts += [one if isinstance(one, bytes) else str(one).encode() for one in row]
    return b"\x00".join(parts)


async def needles(api: Service, draw_id: str) -> dict[str, list[bytes]]:
    """What must not be found, by kind."""
    async with api.platform.database.read() as uow:
        row = await uow.draws.get(draw_id)
        assert row is not None
        frozen = await load_frozen(uow, row)
        assert frozen is not None
        snapshot = await load_snapshot(uow, "city", 1)
    outcome = (await opened(api.platform, row)).outcome
    return {
        "names": [one.name.encode() for one in snapshot.records],
        "ids": [one.id.encode() for one in snapshot.records],
        "people": [one.person.encode() for one in snapshot.records],
        "keys": [
            form
            for one in (frozen.cell_key, frozen.tag_key, frozen.case_salt)
            for form in (one, one.hex().encode())
        ],
        "beta": [
            form for one in (outcome.drawn.beta, outcome.drawn.pi) for form in (one, one.hex().encode())
        ],
    }


async def test_nothing_drawn_is_anywhere_before_the_opening(
    api: Service, lines: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [await api.post("alice", "/v1/projects", project())]
    requested = await api.post("alice", "/v1/draws", order())
    draw = requested.json()["id"]
    answers += [requested, await api.post("bob", f"/v1/draws/{draw}:run")]
    code = answers[-1].json()["code"]
    for person in ("alice", "bob", "carol"):
        for path in ("/v1/draws", f"/v1/draws/{draw}", f"/v1/draws/{draw}/proof"):
            answers.append(await api.get(person, path))
    for path in (f"/v1/proofs/{code}", "/v1/log/entries?limit=200", "/v1/stats", "/v1/trust"):
        answers.append(await api.get(None, path))
    assert all(one.status_code in (200, 201) for one in answers)

    places = {
        "database": await everything_stored(api.platform.database),
        "files": file_bytes(tmp_path),
        "answers": b"\n".join(one.content for one in answers),
        "log": "\n".join(lines).encode() + caplog.text.encode(),
    }
    assert lines
    for kind, found in (await needles(api, draw)).items():
        for where, haystack in places.items():
            assert not [one for one in found if one in haystack], f"{kind} in {where}"


async def test_the_search_would_find_them(api: Service) -> None:
    """Procurement publishes names with the result: the same needles are in its opened bundle."""
    await api.post("alice", "/v1/projects", project(pack={"base": "govproc.cn", "overlays": []}))
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    await api.post("bob", f"/v1/draws/{draw}:run")
    wanted = await needles(api, draw)
    api.scene.clock.move(days=1, minutes=1)
    await api.post("bob", f"/v1/draws/{draw}:open")
    bundle = (await api.get("alice", f"/v1/draws/{draw}/proof")).content
    assert sum(one in bundle for one in wanted["names"]) == 5
    assert any(one in bundle for one in wanted["beta"])
    stored = await everything_stored(api.platform.database)
    assert not [one for one in wanted["names"] if one in stored]


async def test_answers_before_the_opening_hold_no_cell_size(api: Service) -> None:
    """The preview's counts are the one exception; status and proof carry hashes only."""
    await api.post("alice", "/v1/projects", project())
    counts = (await api.post("alice", "/v1/draws:preview", order())).json()["counts"]
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    await api.post("bob", f"/v1/draws/{draw}:run")
    size = counts["cells"][0][0]
    assert size not in (5, 1, 0)
    for path in (f"/v1/draws/{draw}", f"/v1/draws/{draw}/proof"):
        assert size not in set(numbers((await api.get("alice", path)).json()))


def file_bytes(folder: Path) -> bytes:
    """The SQLite file with its write-ahead log, raw; empty on PostgreSQL."""
    return b"".join(one.read_bytes() for one in folder.glob("qiantong.sqlite*"))


def numbers(value: Any) -> Iterator[int]:
    """Every number in a JSON value."""
    if isinstance(value, dict):
        for one in value.values():
            yield from numbers(one)
    elif isinstance(value, list):
        for one in value:
            yield from numbers(one)
    elif type(value) is int:
        yield value


def test_the_log_drops_members_that_could_carry_a_person() -> None:
    event = {"event": "x", "name": "张三", "phone": "1", "exc_info": True, "code": "c"}
    assert logs.censored(None, "info", event) == {"event": "x", "code": "c"}
