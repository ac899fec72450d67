"""Discipline scales: each threshold, the minute on either side of it, and what a scale does not say."""

import pytest

from draw.avoidance.layers import resolve_pack
from draw.conduct import minutes_over, points_of
from draw.errors import RulesError
from tests.support.draw_cases import pack_layers

SCALE = resolve_pack(pack_layers("tender.cn", "guizhou-sunshine")).parameters["conduct"].value
BEGIN = "2026-11-24T01:00:00Z"


@pytest.mark.parametrize(
    ("act", "minutes", "points"),
    [
        ("late", 1, 5),
        ("late", 10, 5),
        ("late", 11, 10),
        ("late", 16, 10),
        ("late", 20, 10),
        ("late", 21, 20),
        ("no_show", 30, 30),
        ("no_show", 0, 30),
        ("leave_early", 0, 0),
    ],
)
def test_the_scale_that_ships_as_an_example(act: str, minutes: int, points: int) -> None:
    assert points_of(SCALE, act=act, minutes=minutes) == points


def test_an_act_that_the_scale_does_not_name_has_no_points() -> None:
    assert points_of(SCALE, act="leave_late", minutes=5) is None


def test_an_act_below_its_lowest_threshold_costs_nothing() -> None:
    scale = [{"act": "late", "over_minutes": 30, "points": 2}]
    assert [points_of(scale, act="late", minutes=minutes) for minutes in (30, 31)] == [0, 2]


def test_the_order_of_the_rules_does_not_count() -> None:
    assert points_of(list(reversed(SCALE)), act="late", minutes=16) == 10


@pytest.mark.parametrize(
    ("at", "minutes"),
    [("2026-11-24T00:59:59Z", 0), (BEGIN, 0), ("2026-11-24T01:10:00Z", 10), ("2026-11-24T01:10:01Z", 11)],
)
def test_a_begun_minute_counts(at: str, minutes: int) -> None:
    assert minutes_over(at=at, since=BEGIN) == minutes
    assert minutes_over(at=at, since="2026-11-24T01:30:00Z", grace=30) == minutes


@pytest.mark.parametrize("base", ["tender.cn", "govproc.cn"])
def test_no_base_has_a_scale(base: str) -> None:
    assert "conduct" not in resolve_pack(pack_layers(base)).parameters


@pytest.mark.parametrize(
    ("old", "new"), [('act = "late"', 'act = "rude"'), ("points = 30", "points = 1001"), ("= 20", "= -1")]
)
def test_a_scale_of_another_shape_is_refused(old: str, new: str) -> None:
    base, (name, data) = pack_layers("tender.cn", "guizhou-sunshine")
    spoilt = data.decode().replace(old, new)
    assert spoilt != data.decode()
    with pytest.raises(RulesError, match=r"rules\.layers"):
        resolve_pack([base, (name, spoilt.encode())])
