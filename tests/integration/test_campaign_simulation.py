"""A few campaigns in a town of people who accept, decline, are silent, late or absent; `make simulation` runs
many."""

from pathlib import Path

import pytest

from app.store.unit_of_work import Database
from tests.support.audit import REDRAWS, Audit, tail
from tests.support.calling import set_calling
from tests.support.stage import set_stage
from tests.support.town import Town

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(300)]


async def test_a_few_campaigns_run_to_filled_or_short(database: Database, tmp_path: Path) -> None:
    calling = await set_calling(await set_stage(database, tmp_path, experts=603))
    town, audit = Town(calling, seed=7), Audit()
    for number in range(3):
        ran = await town.run(f"sim{number}")
        assert ran.state in {"checked_in", "short"}
        assert (ran.state == "short") is (ran.vacant > 0)
        assert ran.asked == 5 - ran.vacant + sum(ran.events.values())
        audit.add(ran.found)
    assert len(audit.panel) == 15


def test_the_audit_would_find_a_favourite() -> None:
    """Drawn eight times where one is expected: less than one in ten thousand."""
    assert tail([0.02] * 50, 8) < 1e-4
    assert tail([0.5, 0.5], 2) == 0.25
    assert tail([0.5, 0.5], 1) == 0.75
    assert tail([], 0) == 1.0
    audit = Audit(
        drawn={"friend": 8, **{f"e{n}": 1 for n in range(50)}},
        chances={one: [0.02] * 50 for one in ("friend", *(f"e{n}" for n in range(50)))},
    )
    assert [times for times, _ in audit.favoured()] == [8]
    audit.drawn["friend"] = 2
    assert audit.favoured() == []


def test_towns_of_one_pool_are_judged_together() -> None:
    """Drawn four times in each of two towns, where one of both is expected: neither alone would tell."""
    towns = [
        Audit(
            panel=[0.5],
            drawn={"friend": 4, **{f"e{n}": 1 for n in range(25)}},
            chances={one: [0.02] * 25 for one in ("friend", *(f"e{n}" for n in range(25)))},
        )
        for _ in range(2)
    ]
    assert [town.favoured() for town in towns] == [[], []]
    together = Audit()
    for town in towns:
        together.join(town)
    assert [times for times, _ in together.favoured()] == [8]
    assert together.panel == [0.5, 0.5]
    assert len(together.chances["friend"]) == 50


def test_the_audit_flags_nobody_for_having_no_colleague() -> None:
    """Drawn twice as often as the size of the cell says, and so they are whenever it is drawn again."""
    audit = Audit(
        drawn={"single": 40, **{f"e{n}": 18 for n in range(50)}},
        chances={one: [0.02] * 1000 for one in ("single", *(f"e{n}" for n in range(50)))},
    )
    assert [times for times, _ in audit.favoured()] == [40]
    audit.fair_drawn = {"single": 40 * REDRAWS, **{f"e{n}": 18 * REDRAWS for n in range(50)}}
    assert audit.favoured() == []


def test_the_audit_would_find_ranks_that_are_not_uniform() -> None:
    fair, rigged = Audit(), Audit()
    fair.panel = [(n + 0.5) / 400 for n in range(400)]
    rigged.panel = [one**2 for one in fair.panel]
    assert fair.uniformity()[0] > 0.9
    assert rigged.uniformity()[0] < 1e-6
