"""Whose finding at a seat stands: the seat's own check, the staff's look at a part, or a word over all."""

import pytest

from remote_eval.seat_check import (
    SEAT,
    STAFF,
    STATEMENT,
    Standing,
    follow,
    network_condition,
    pc_condition,
)
from remote_eval.venue import FAULTY, OK, UNCHECKED


def after(*findings: tuple[str, str]) -> Standing:
    """How a part stands after findings one upon the other."""
    stands = Standing()
    for source, condition in findings:
        stands = follow(stands, source=source, condition=condition) or stands
    return stands


@pytest.mark.parametrize(
    ("findings", "stands"),
    [
        ([(SEAT, FAULTY), (STATEMENT, OK)], (FAULTY, SEAT, True)),
        ([(SEAT, FAULTY), (STAFF, FAULTY), (STATEMENT, OK)], (FAULTY, STAFF, True)),
        ([(SEAT, FAULTY), (STAFF, OK), (STATEMENT, OK)], (OK, STATEMENT, False)),
        ([(SEAT, FAULTY), (STAFF, OK)], (OK, STAFF, False)),
        ([(SEAT, FAULTY), (SEAT, OK)], (OK, SEAT, False)),
        ([(STAFF, FAULTY), (SEAT, OK)], (FAULTY, STAFF, False)),
        ([(STAFF, FAULTY), (SEAT, FAULTY), (SEAT, OK)], (FAULTY, STAFF, False)),
        ([(STAFF, FAULTY), (SEAT, FAULTY), (STAFF, OK)], (OK, STAFF, False)),
        ([(STAFF, FAULTY), (STATEMENT, OK)], (OK, STATEMENT, False)),
        ([(STATEMENT, OK), (SEAT, FAULTY)], (FAULTY, SEAT, True)),
    ],
)
def test_a_fault_stands_until_whoever_can_mend_it_has(
    findings: list[tuple[str, str]], stands: tuple[str, str, bool]
) -> None:
    found = after(*findings)
    assert (found.condition, found.source, found.own_fault) == stands


def test_a_computer_is_judged_by_what_its_browser_tells_and_by_nothing_else() -> None:
    told = [(2, 2048), (1, 8192), (8, 2047), (None, None), (None, 1024)]
    assert [pc_condition(cores, memory) for cores, memory in told] == [OK, FAULTY, FAULTY, OK, FAULTY]


def test_a_network_is_judged_by_round_trip_and_loss() -> None:
    probes = [(9, 1, 400), (9, 1, 401), (8, 2, 20), (0, 10, None), (0, 0, None), (10, 0, None)]
    assert [network_condition(*one) for one in probes] == [OK, FAULTY, FAULTY, FAULTY, UNCHECKED, FAULTY]
