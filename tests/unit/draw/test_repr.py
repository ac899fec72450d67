"""What a traceback or a log line could print of a draw in progress holds neither people nor chance.

Frozen dataclasses print their fields unless told otherwise; those that hold a name, a place in a list, a
size, a key or a seed must not.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from draw.feasibility import SharedPeople
from draw.proof import BundleParts
from draw.replacement import Event
from draw.selection import Position
from tests.support.ceremony import Ceremony
from tests.support.forgery import RICH

CEREMONY = Ceremony(RICH)


def secretive() -> Iterator[Any]:
    """One of each kind of object that knows something before the opening."""
    cells, outcome = CEREMONY.cells, CEREMONY.outcome
    at = next(seat for seat in outcome.seats if seat is not None)
    record = CEREMONY.records[0]
    yield from (cells, cells.grid[0][0], cells.opening(at.stratum, at.site, at.index))
    yield from (cells.excluded, cells.exclusion(next(iter(cells.reasons))))
    yield from (outcome, outcome.drawn, outcome.drawn.selection, outcome.panel, outcome.panel.basis, at)
    yield from (*outcome.vacancies, *outcome.picks, *outcome.drawn.selection.rejected)
    yield from (skip for pick in outcome.picks for skip in pick.skipped)
    yield from (record, *record.employers, record.absences, cells.snapshot, cells.snapshot.entry(record.id))
    yield from (CEREMONY.plan.case, *CEREMONY.plan.case.bidders, CEREMONY.record_parts())
    yield from (outcome.panel.basis.problem, Event(t=1, seat=0, mode="supervisor", beta_s=bytes(64)))
    yield from (SharedPeople(employer=bytes(32), cells=frozenset({(0, 0)})), *CEREMONY.keys.values())
    yield BundleParts(
        origin="a",
        seal_note=None,
        final_note="b",
        consistency=None,
        entries=(),
        rules=None,
        opening=CEREMONY.opening(),
    )


def told(value: Any) -> Iterator[str]:
    """How each field would look in the text that the generated method gives."""
    if is_dataclass(value):
        yield from (f"{one.name}=" for one in fields(value))


@pytest.mark.parametrize("value", list(secretive()), ids=lambda value: type(value).__name__)
def test_nothing_that_knows_a_secret_prints_it(value: Any) -> None:
    shown = repr(value)
    assert not [field for field in told(value) if field in shown]
    assert CEREMONY.records[0].name not in shown
    assert CEREMONY.outcome.drawn.seed.hex() not in shown


def test_a_position_in_a_failed_look_up_stays_unsaid() -> None:
    """KeyError prints its key: a position must not be told that way."""
    seats: dict[Position, int] = {}
    with pytest.raises(KeyError) as missing:
        seats[Position(1, 2, 4711)]
    assert "4711" not in str(missing.value)
