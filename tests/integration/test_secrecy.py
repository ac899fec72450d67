"""Nobody peeks: between the draw and its opening nothing kept, served or logged names a drawn expert.

The test knows the outcome (it recomputes it with the platform's keys) and then searches every table, every
raw file, the bundle, the nodes' books and everything that was logged for names, ids, leaf hashes, positions
and cell sizes. The pool is large enough that sizes and positions are numbers that do not occur by chance.
"""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import AppError
from app.store.schema import METADATA
from app.store.unit_of_work import Database
from app.usecases.openings import Opened, Vacated, bundle, open_draw, opened, replace
from tests.support.parties import Scene, scene
from tests.support.synthetic_pool import Shape

pytestmark = pytest.mark.anyio
CROWD = Shape(experts=1500, employers=300, sites=((1, 2), (1, 2)))
LEAST = 100  # smaller numbers occur by chance


@pytest.fixture
async def stage(database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Scene:
    caplog.set_level(logging.DEBUG)
    return await scene(database, tmp_path / "parties", shape=CROWD)


async def drawn(stage: Scene) -> tuple[str, Opened]:
    """A drawn draw with one replacement, and its outcome."""
    row = await stage.request()
    await stage.ceremony.run(row.id)
    await replace(stage.ceremony, row.id, Vacated(seat=0, cause="decline", document=b"evidence"))
    return row.id, await opened(stage.platform, await stage.ceremony.row(row.id))


def secrets_of(found: Opened) -> list[bytes]:
    """What identifies a person who is or was on the panel: text and hashes, as raw bytes and as hex."""
    people = []
    for at in found.outcome.ever_on_panel():
        row = found.cells.row(at.stratum, at.site, at.index)
        entry = found.cells.snapshot.entry_at(row)
        opening = found.cells.opening(at.stratum, at.site, at.index)
        people += [entry.record.id.encode(), entry.record.person.encode(), entry.record.name.encode()]
        people += [
            entry.leaf_hash,
            opening.leaf,
            opening.tag,
            found.outcome.drawn.beta,
            found.outcome.drawn.seed,
        ]
    return [form for one in people for form in (one, one.hex().encode())]


def numbers_of(found: Opened) -> set[int]:
    """Cell sizes and drawn positions that are large enough to be recognised."""
    sizes = {size for line in found.cells.sizes for size in line}
    positions = {at.index for at in found.outcome.ever_on_panel()}
    assert min(sizes) >= LEAST
    return {number for number in sizes | positions if number >= LEAST}


def numbers_in(value: Any) -> Iterator[int]:
    """Every integer in a JSON value, and every whole number standing alone in its texts."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        yield value
    elif isinstance(value, str):
        yield from (
            int(word) for word in re.findall(r"(?<![0-9A-Za-z+/:.-])\d{3,9}(?![0-9A-Za-z+/:=.-])", value)
        )
    elif isinstance(value, bytes):
        try:
            yield from numbers_in(json.loads(value))
        except ValueError:
            return
    else:
        members = value.values() if isinstance(value, dict) else value
        for member in members:
            yield from numbers_in(member)


async def rows(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """Every row of every table."""
    found = []
    async with database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            result = await connection.execute(table.select())
            found += [(table.name, dict(row._mapping)) for row in result]
    return found


def files_below(folder: Path) -> list[Path]:
    """Every file; the nodes' books are among them."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name.startswith("book") for path in files)
    return files


def raw(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)).encode()


async def test_no_table_holds_a_drawn_name_position_or_cell_size(database: Database, stage: Scene) -> None:
    _, found = await drawn(stage)
    persons, numbers = secrets_of(found), numbers_of(found)
    stored = await rows(database)
    assert {"draws", "log_entries", "pool_experts", "draw_events"} <= {name for name, _ in stored}
    for table, row in stored:
        for column, value in row.items():
            place = f"{table}.{column}"
            assert not any(one in raw(value) for one in persons), place
            if table != "log_nodes" and not (table == "pool_experts" and column == "row"):
                assert numbers.isdisjoint(numbers_in(value)), place


async def test_no_file_holds_a_drawn_name(stage: Scene, tmp_path: Path) -> None:
    _, found = await drawn(stage)
    persons = secrets_of(found)
    for path in files_below(tmp_path):
        data = path.read_bytes()
        assert not any(one in data for one in persons), path.name


async def test_the_bundle_before_opening_tells_nothing_and_afterwards_what_the_rules_publish(
    stage: Scene,
) -> None:
    draw_id, found = await drawn(stage)
    before = await bundle(stage.platform, await stage.ceremony.row(draw_id))
    assert not any(one in before for one in secrets_of(found))
    assert numbers_of(found).isdisjoint(numbers_in(before))
    after = await bundle(stage.platform, await open_draw(stage.ceremony, draw_id))
    assert sum(one in after for one in secrets_of(found)) > 0
    assert not numbers_of(found).isdisjoint(numbers_in(after))


async def test_nothing_logged_and_no_error_names_anybody(
    stage: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    draw_id, found = await drawn(stage)
    with pytest.raises(AppError) as refused:
        await replace(stage.ceremony, draw_id, Vacated(seat=99, cause="decline", document=b"x"))
    told = f"{refused.value!r} {refused.value.details}".encode() + caplog.text.encode()
    assert not any(one in told for one in secrets_of(found))
