"""Conformance files: the committed known answers, computed here; changed answers and unusable files are
told."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from draw.verify.conformance import UnusableError, run

VECTORS = Path(__file__).parents[2] / "vectors"
UNIFORM: dict[str, Any] = json.loads((VECTORS / "uniform-1.json").read_text())
DRAND: dict[str, Any] = json.loads((VECTORS / "drand.json").read_text())


def test_the_committed_selection_answers_are_this_implementations_too() -> None:
    result = run(UNIFORM)
    assert result["mismatches"] == []
    assert {**UNIFORM, **result["computed"]} == UNIFORM


def test_the_committed_beacon_rounds_verify_and_null_randomness_is_filled_in() -> None:
    result = run(DRAND)
    assert result["mismatches"] == []
    rounds = result["computed"]["quicknet"]["rounds"]
    assert [item["round"] for item in rounds] == [1, 1000]
    assert rounds[1]["randomness"] == "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("stream", "key"), "00" * 32),
        (("stream", "words", 3), "0" * 16),
        (("below", "values", 5), "1"),
        (("orders", 0, "first", 6), 1),
        (("big", 2, "value"), "2"),
        (("draws", 1, "accepted_attempt"), 41),
        (("draws", 3, "panel", 6, 2), 46),
    ],
)
def test_a_changed_answer_is_found_where_it_stands(path: tuple[Any, ...], value: Any) -> None:
    file = copy.deepcopy(UNIFORM)
    target: Any = file
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    (mismatch,) = run(file)["mismatches"]
    assert mismatch["expected"] == value
    assert mismatch["computed"] != value
    assert mismatch["at"].startswith(path[0])


def test_a_forged_round_is_a_mismatch_even_without_stated_randomness() -> None:
    file = copy.deepcopy(DRAND)
    file["quicknet"]["rounds"][1]["round"] = 999
    assert [m["at"] for m in run(file)["mismatches"]] == ["quicknet.rounds[1].verified"]


def test_another_beacon_key_is_a_mismatch() -> None:
    file = copy.deepcopy(DRAND)
    file["default"]["public_key"] = "00" * 48
    assert [m["at"] for m in run(file)["mismatches"]] == ["default.public_key"]


@pytest.mark.parametrize("bound", [2**53, 2**64, 7.0, True, "7.0", "٧", ""])
def test_a_bound_that_some_reader_of_json_would_round_is_refused(bound: object) -> None:
    below = {"label": "cell", "ints": [0], "seed": "00" * 32, "values": [None]}
    assert run({"seed": "00" * 32, "below": {**below, "m": str(2**64)}})["mismatches"] == []
    with pytest.raises(UnusableError):
        run({"seed": "00" * 32, "below": {**below, "m": bound}})


def test_an_infeasible_draw_has_no_panel() -> None:
    draw = {**UNIFORM["draws"][0], "cell_sizes": [[0, 0], [1, 1]], "accepted_attempt": None, "panel": None}
    assert run({**UNIFORM, "draws": [draw]})["computed"]["draws"][0]["panel"] is None


@pytest.mark.parametrize(
    "file",
    [
        {"draws": [{}]},
        {"draws": 5},
        {"below": {"m": "0", "values": [1]}, "seed": "00", "stream": {"label": "a", "ints": []}},
        {"stream": {"label": "é", "ints": [], "words": []}, "seed": "00"},
        {"stream": {"label": "a", "ints": [-1], "words": []}, "seed": "00"},
        {"quicknet": {"rounds": [{"round": "1", "signature": "zz"}]}},
    ],
)
def test_an_unusable_file_is_told_with_one_error(file: dict[str, Any]) -> None:
    with pytest.raises(UnusableError):
        run(file)
