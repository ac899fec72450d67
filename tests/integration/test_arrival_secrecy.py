"""Whoever comes to a desk leaves no name and no document number behind: not in a table, not in a log line.

The needles are real: every expert of the pool by name, number and person hash; the codes and tokens that were
typed or given. The haystack is every value of every table, and every line that the program would have logged.
"""

import logging
from pathlib import Path

import pytest

from app.store.unit_of_work import Database
from tests.integration.test_secrecy_store import everything_stored
from tests.support.arriving import CITY, set_arriving
from tests.support.stage import set_stage

pytestmark = pytest.mark.anyio


async def test_names_numbers_and_codes_are_nowhere_in_clear(
    database: Database, tmp_path: Path, lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    arriving = await set_arriving(await set_stage(database, tmp_path))
    letter, other = arriving.letters[CITY][:2]
    await arriving.check_in(letter, code="00000000")
    await arriving.check_in(other, "carlo")
    arrival = await arriving.inside(letter)
    badge = (await arriving.post("dana", f"/desk/arrivals/{arrival}/pass")).json()["badge"]
    given = await arriving.seat(arrival)
    browser = await arriving.enrolled(given["seat"])
    assert (await arriving.log_in(browser, given["slip"])).status_code == 201
    await arriving.post("dana", "/desk/closures", {"draw": arriving.row.id})
    answers = [
        await arriving.get("dana", path) for path in ("/desk/expected", "/desk/ledger", "/desk/alerts")
    ]
    pool = arriving.stage.pool
    secrets = {
        "names": [one.name for one in pool.records],
        "numbers": [one.id_number for one in pool.people],
        # Who prepared the documents stands as a hash in the project, and is no guest.
        "people": [one.person for one in pool.records if one.person not in pool.prepared_by],
        "codes": [letter.keys.arrival_code, other.keys.arrival_code, given["slip"]],
        "tokens": [badge, browser.token],
    }
    assert lines
    places = {
        "tables": await everything_stored(database),
        "logs": "\n".join(lines).encode() + caplog.text.encode(),
        "answers": b"\n".join(one.content for one in answers),
    }
    for kind, needles in secrets.items():
        for where, haystack in places.items():
            assert not [one for one in needles if one.encode() in haystack], f"{kind} in {where}"


async def test_the_search_would_find_them(database: Database, tmp_path: Path) -> None:
    arriving = await set_arriving(await set_stage(database, tmp_path))
    letter = arriving.letters[CITY][0]
    arrival = await arriving.arrived(letter)
    name, number = await arriving.name(letter), await arriving.document(letter)
    async with arriving.platform.database.write() as uow:
        found = await uow.arrivals.get(arrival)
        assert found is not None
        now = found.updated_at
        await uow.arrivals.move(found, now=now, code=name[:8], released_at=now, released_by=number)
    stored = await everything_stored(database)
    assert name[:8].encode() in stored
    assert number.encode() in stored
