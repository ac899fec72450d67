"""The forging kit itself: every check has a forgery, and every forgery fails exactly there."""

from collections import Counter
from pathlib import Path

import pytest

from draw.verify.errors import ProofError
from draw.verify.verifier import verify
from tests.support import forgeries
from tests.support.ceremony import Ceremony
from tests.support.forgeries import FORGERIES, SOURCES, Forgery
from tests.support.forgery import RICH

CHECKS = [*range(1, 28), *range(31, 37), *range(41, 47)]


def test_every_numbered_check_has_a_forgery_and_every_source_contributes() -> None:
    assert sorted({forgery.number for forgery in FORGERIES}) == CHECKS
    files = {path.stem for path in Path(forgeries.__file__).parent.glob("forgeries_*.py")}
    assert {source.__name__.rpartition(".")[2] for source in SOURCES} == files


def test_names_tell_forgeries_apart() -> None:
    assert [name for name, count in Counter(forgery.name for forgery in FORGERIES).items() if count > 1] == []


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: f"{forgery.number:02d}-{forgery.name}")
def test_a_forgery_fails_exactly_at_the_check_it_was_made_for(forgery: Forgery) -> None:
    evidence = forgery.make()
    with pytest.raises(ProofError) as found:
        verify(
            evidence.bundle,
            trust=evidence.trust,
            pool_file=evidence.pool_file,
            receipt=evidence.receipt,
            reply=evidence.reply,
        )
    assert found.value.number == forgery.number


def test_the_rich_plan_still_has_something_of_everything() -> None:
    outcome = Ceremony(RICH).outcome
    assert {rejection.kind for rejection in outcome.drawn.selection.rejected} == {"person", "employer"}
    skips = {skip.reason for pick in outcome.picks for skip in pick.skipped}
    assert skips == {"used", "person", "employer"}
    assert None in outcome.seats
    assert {vacancy.mode for vacancy in outcome.vacancies} == {"supervisor", "own-order"}
