"""The JSON of records, cases and parameters: exact, strict, all faults at once (draw-proof §3–§5)."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.errors import DrawError, RulesError, SnapshotError
from draw.model import (
    FIELDS,
    MAX_LIST,
    Absences,
    AvoidUnit,
    Case,
    DrawParameters,
    Duty,
    Engagement,
    ExpertRecord,
    Interest,
    Leave,
    Sanction,
)
from tests.support.draw_cases import BIDDER, a_case, expert, some_parameters


def full_expert() -> ExpertRecord:
    return expert(
        valid_to="2030-12-31",
        interests=(Interest(org=BIDDER, kind="kin", since="2020-02-29", until=None),),
        duties=(Duty(org="org:x", kind="finance", since=None, until="2021-01-01"),),
        sanctions=(Sanction(kind="misconduct", since="2021-01-01", until="2022-01-01"),),
        absences=Absences(changed="2026-01-01T23:59:59Z", leave=(Leave(since="2026-01-01", until=None),)),
    )


def full_case() -> Case:
    return a_case(
        groups=((BIDDER, "org:sister"), ()),
        avoid_units=(AvoidUnit(org="org:rival", reason="正在诉讼"),),
        prepared_by=("ab" * 32,),
        engagements=(Engagement(expert="e-1", since="2026-03-10T00:00:00Z", until="2026-03-10T01:00:00Z"),),
    )


def faults(read: Callable[[object], object], value: object) -> set[tuple[str, str]]:
    with pytest.raises(DrawError) as refused:
        read(value)
    found: Any = refused.value.details["faults"]
    return {(fault.pointer, fault.code) for fault in found}


def test_sixteen_fields_in_the_order_of_the_specification() -> None:
    assert FIELDS == (
        "id", "person", "name", "employers", "specialties", "region", "title", "practice_from", "birth",
        "status", "valid_from", "valid_to", "interests", "duties", "sanctions", "absences",
    )  # fmt: skip
    assert tuple(full_expert().to_json()) == FIELDS


def test_what_is_written_is_read_back() -> None:
    assert ExpertRecord.from_json(full_expert().to_json()) == full_expert()
    assert Case.from_json(full_case().to_json()) == full_case()
    assert DrawParameters.from_json(some_parameters().to_json()) == some_parameters()


def test_json_uses_the_members_of_the_specification() -> None:
    assert full_case().to_json()["evaluation"] == {
        "from": "2026-03-10T01:00:00Z",
        "to": "2026-03-11T09:00:00Z",
    }
    assert some_parameters().to_json()["sites"] == [
        {"id": "fuzhou", "regions": ["3501"], "min": 1, "max": 4},
        {"id": "fujian", "regions": ["35"], "min": 1, "max": 4},
    ]
    assert full_expert().to_json()["absences"] == {
        "changed": "2026-01-01T23:59:59Z",
        "leave": [{"from": "2026-01-01", "to": None}],
    }


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_record_is_needed(name: str) -> None:
    value = dict(full_expert().to_json())
    del value[name]
    assert faults(ExpertRecord.from_json, value) == {(f"/{name}", "missing")}


BAD_FIELDS: list[tuple[str, object, str, str]] = [
    ("id", "E1", "/id", "format"),
    ("id", "a" * 65, "/id", "format"),
    ("person", "AB" * 32, "/person", "format"),
    ("person", "ab" * 31, "/person", "format"),
    ("name", "", "/name", "format"),
    ("name", "甲\n", "/name", "format"),
    ("name", "甲" * 201, "/name", "format"),
    ("name", "\ud800", "/name", "format"),
    ("region", "35010", "/region", "format"),
    ("region", "٣٥٠١٠٠", "/region", "format"),
    ("specialties", ["D01"], "/specialties/0", "format"),
    ("specialties", ["A1"], "/specialties/0", "format"),
    ("specialties", ["A01020304"], "/specialties/0", "format"),
    ("specialties", ["A"] * (MAX_LIST + 1), "/specialties", "length"),
    ("specialties", "A", "/specialties", "type"),
    ("title", "boss", "/title", "choice"),
    ("status", True, "/status", "type"),
    ("birth", "2025-02-29", "/birth", "format"),
    ("birth", "1899-12-31", "/birth", "format"),
    ("birth", "2200-01-01", "/birth", "format"),
    ("birth", "20250101", "/birth", "format"),
    ("birth", None, "/birth", "type"),
    ("valid_to", 3, "/valid_to", "type"),
    ("employers", [{"org": "x", "role": "staff", "from": None, "to": None}], "/employers/0/org", "format"),
    ("employers", [{"org": BIDDER, "role": "boss", "from": None, "to": None}], "/employers/0/role", "choice"),
    ("employers", [{"org": BIDDER, "role": "staff", "from": None}], "/employers/0/to", "missing"),
    ("employers", [[]], "/employers/0", "type"),
    ("absences", {"changed": "2026-01-01T24:00:00Z", "leave": []}, "/absences/changed", "format"),
    ("absences", {"changed": "2026-01-01T23:59:60Z", "leave": []}, "/absences/changed", "format"),
    ("absences", {"changed": "2026-01-01T00:00:00+00:00", "leave": []}, "/absences/changed", "format"),
]


@pytest.mark.parametrize(("name", "value", "pointer", "code"), BAD_FIELDS)
def test_a_malformed_field_is_named(name: str, value: object, pointer: str, code: str) -> None:
    assert faults(ExpertRecord.from_json, {**full_expert().to_json(), name: value}) == {(pointer, code)}


def test_all_faults_come_at_once_and_without_values() -> None:
    value = {**full_expert().to_json(), "name": "李四\x00", "birth": "nope", "surprise": 1, "李四": 2}
    del value["region"]
    with pytest.raises(SnapshotError) as refused:
        ExpertRecord.from_json(value)
    assert "李四" not in repr(refused.value.details)
    assert faults(ExpertRecord.from_json, value) == {
        ("/name", "format"),
        ("/birth", "format"),
        ("/region", "missing"),
        ("/surprise", "unknown"),
        ("/*", "unknown"),
    }


@pytest.mark.parametrize("value", [None, [], "x", 1, {1: 2}])
def test_what_is_no_object_is_refused(value: object) -> None:
    for read in (ExpertRecord.from_json, Case.from_json, DrawParameters.from_json):
        with pytest.raises(DrawError):
            read(value)


@pytest.mark.parametrize(
    ("path", "value", "pointer", "code"),
    [
        (("tenderee",), "x", "/tenderee", "format"),
        (("bidders", 0, "withdrawn"), 0, "/bidders/0/withdrawn", "type"),
        (("bidders", 0, "orgs"), [BIDDER] * 65, "/bidders/0/orgs", "length"),
        (("groups", 0), "x", "/groups/0", "type"),
        (("avoid_units", 0, "reason"), "", "/avoid_units/0/reason", "format"),
        (("prepared_by", 0), "ab", "/prepared_by/0", "format"),
        (("engagements", 0, "from"), "2026-03-10", "/engagements/0/from", "format"),
        (("evaluation", "to"), None, "/evaluation/to", "type"),
    ],
)
def test_a_malformed_case_is_named(path: tuple[Any, ...], value: object, pointer: str, code: str) -> None:
    document: Any = deepcopy(full_case().to_json())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert faults(Case.from_json, document) == {(pointer, code)}


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"rule": "uniform/2"}, "/rule", "choice"),
        ({"cap": 0}, "/cap", "range"),
        ({"cap": 100}, "/cap", "range"),
        ({"cap": True}, "/cap", "type"),
        ({"strata": []}, "/strata", "length"),
        (
            {"sites": [{"id": "x", "regions": ["35", "35"], "min": 0, "max": 1}]},
            "/sites/0/regions/1",
            "duplicate",
        ),
        (
            {"sites": [{"id": "x", "regions": ["3501001"], "min": 0, "max": 1}]},
            "/sites/0/regions/0",
            "format",
        ),
        ({"strata": [{"id": "x", "prefixes": ["A"], "seats": 0}]}, "/strata/0/seats", "range"),
        ({"committee": {"experts": 0, "seated": 0, "owners": 0}}, "/committee/experts", "range"),
        ({"committee": {"experts": 1, "seated": 100, "owners": 0}}, "/committee/seated", "range"),
        ({"committee": {"experts": 1, "owners": 0}}, "/committee/seated", "missing"),
    ],
)
def test_malformed_parameters_are_named(changed: dict[str, Any], pointer: str, code: str) -> None:
    assert faults(DrawParameters.from_json, {**some_parameters().to_json(), **changed}) == {(pointer, code)}


def test_a_hundred_seats_are_too_many() -> None:
    strata = [{"id": f"s{n}", "prefixes": ["A"], "seats": 50} for n in range(2)]
    with pytest.raises(RulesError, match=r"parameters\.seats"):
        DrawParameters.from_json({**some_parameters().to_json(), "strata": strata})


def test_a_hostile_list_cannot_make_the_answer_endless() -> None:
    hostile = {**full_case().to_json(), "engagements": [None] * 100_000}
    assert len(faults(Case.from_json, hostile)) == 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_json_is_read_or_refused_by_the_family(changed: dict[str, Any]) -> None:
    value = {**full_expert().to_json(), **changed}
    try:
        assert ExpertRecord.from_json(value).to_json() == value
    except SnapshotError as refused:
        assert refused.details["faults"]  # noqa: PT017
