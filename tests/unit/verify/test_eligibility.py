"""Draw-proof §4: each reason alone, at both edges of its interval; scope; the employer for the cap."""

import copy
from typing import Any

import pytest

from draw.verify import eligibility
from draw.verify.format_pool import REASONS

BIDDER, PARENT, AVOIDED = "uscc:BIDDER", "uscc:PARENT", "uscc:AVOIDED"
TENDEREE, AGENCY, AUTHORITY, OTHER = "uscc:TENDEREE", "uscc:AGENCY", "uscc:AUTHORITY", "uscc:OTHER"
# Beijing dates 2024-05-10 and 2024-05-11: the first moment is already the next day in Beijing.
START, END = "2024-05-09T16:00:00Z", "2024-05-11T15:59:59Z"

CASE: dict[str, Any] = {
    "project": "p",
    "section": "s",
    "tenderee": TENDEREE,
    "agency": AGENCY,
    "authorities": [AUTHORITY],
    "bidders": [{"id": "b", "withdrawn": True, "orgs": [OTHER + "1", BIDDER]}],
    "groups": [[BIDDER, PARENT], [OTHER]],
    "avoid_units": [{"org": AVOIDED, "reason": "dispute"}],
    "prepared_by": ["ab" * 32],
    "engagements": [{"expert": "busy", "from": END, "to": END}],
    "evaluation": {"from": START, "to": END},
}
RULES: dict[str, Any] = {
    "qualification": [{"titles": ["senior"], "practice_years": 8}],
    "max_age": 70,
    "predicates": [{"code": f"K{n}", "years": 3, "citation": "c"} for n in range(1, 15)],
}
RECORD: dict[str, Any] = {
    "id": "alice",
    "person": "cd" * 32,
    "name": "爱丽丝",
    "employers": [{"org": OTHER, "role": "staff", "from": None, "to": None}],
    "specialties": ["A01", "B02"],
    "region": "330106",
    "title": "senior",
    "practice_from": "2016-05-10",
    "birth": "1954-05-11",
    "status": "active",
    "valid_from": "2024-05-10",
    "valid_to": "2024-05-11",
    "interests": [],
    "duties": [],
    "sanctions": [],
    "absences": {"changed": START, "leave": []},
}


def codes(rules: dict[str, Any] = RULES, **changes: Any) -> list[str]:
    return eligibility.reasons({**RECORD, **changes}, eligibility.context(CASE, rules))


def work(org: str, role: str, first: str | None, last: str | None) -> list[dict[str, Any]]:
    return [{"org": org, "role": role, "from": first, "to": last}]


def item(kind: str, first: str | None, last: str | None, org: str | None = None) -> list[dict[str, Any]]:
    return [{"kind": kind, "from": first, "to": last} | ({} if org is None else {"org": org})]


def test_alice_at_the_edge_of_every_limit_is_eligible() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("S1", {"status": "suspended"}),
        ("S1", {"status": "withdrawn"}),
        ("S2", {"valid_from": "2024-05-11"}),
        ("S2", {"valid_to": "2024-05-10"}),
        ("Q1", {"title": "associate"}),
        ("Q1", {"practice_from": "2016-05-11"}),
        ("Q2", {"birth": "1954-05-10"}),
        ("K1", {"interests": item("kin", "2024-05-11", None, BIDDER)}),
        ("K1", {"interests": item("kin", None, "2024-05-10", BIDDER)}),
        ("K2", {"employers": work(OTHER + "1", "staff", None, "2021-05-10")}),
        ("K3", {"employers": work(OTHER + "1", "director", None, "2021-05-10")}),
        ("K3", {"employers": work(OTHER + "1", "supervisor", "2024-05-11", None)}),
        ("K4", {"employers": work(OTHER + "1", "controller", None, None)}),
        ("K4", {"employers": work(OTHER + "1", "shareholder", None, "2021-05-10")}),
        ("K5", {"duties": item("authority", None, "2021-05-10", AUTHORITY)}),
        ("K5", {"duties": item("supervision", "2024-05-11", None, AUTHORITY)}),
        ("K6", {"employers": work(TENDEREE, "shareholder", None, "2021-05-10")}),
        ("K7", {"employers": work(AGENCY, "staff", None, "2021-05-10")}),
        ("K8", {"interests": item("holding", None, "2021-05-10", BIDDER)}),
        ("K8", {"interests": item("economic", "2024-05-11", None, BIDDER)}),
        ("K9", {"sanctions": item("bidding_offence", None, "2021-05-10")}),
        ("K10", {"duties": item("finance", None, "2021-05-10", OTHER)}),
        ("K11", {"employers": work(PARENT, "director", None, "2021-05-10")}),
        ("K12", {"employers": work(AVOIDED, "staff", None, "2021-05-10")}),
        ("K13", {"person": "ab" * 32}),
        ("K14", {"id": "busy"}),
        ("K14", {"absences": {"changed": START, "leave": [{"from": "2024-05-11", "to": None}]}}),
    ],
)
def test_each_reason_excludes_alone_and_only_when_the_rules_list_it(
    code: str, changes: dict[str, Any]
) -> None:
    assert codes(**changes) == [code]
    without = {**RULES, "predicates": [p for p in RULES["predicates"] if p["code"] != code]}
    assert codes(without, **changes) == ([] if code.startswith("K") else [code])


@pytest.mark.parametrize(
    "changes",
    [
        {"interests": item("kin", "2024-05-12", None, BIDDER)},
        {"interests": item("kin", None, "2024-05-09", BIDDER)},
        {"interests": item("kin", None, None, OTHER)},
        {"employers": work(OTHER + "1", "staff", None, "2021-05-09")},
        {"employers": work(PARENT, "staff", "2024-05-12", None)},
        {"duties": item("authority", None, "2021-05-09", AUTHORITY)},
        {"duties": item("authority", None, None, OTHER)},
        {"sanctions": item("misconduct", None, None)},
        {"sanctions": item("bidding_offence", None, "2021-05-09")},
        {"absences": {"changed": START, "leave": [{"from": None, "to": "2024-05-09"}]}},
    ],
)
def test_one_day_outside_or_another_kind_is_no_reason(changes: dict[str, Any]) -> None:
    assert codes(**changes) == []


def test_all_reasons_are_named_in_the_order_of_the_table() -> None:
    everything = codes(
        id="busy",
        person="ab" * 32,
        status="suspended",
        title="none",
        birth="1900-01-01",
        valid_from="2025-01-01",
        employers=[
            *work(BIDDER, "staff", None, None),
            *work(BIDDER, "director", None, None),
            *work(BIDDER, "controller", None, None),
            *work(TENDEREE, "staff", None, None),
            *work(AGENCY, "staff", None, None),
            *work(AVOIDED, "staff", None, None),
        ],
        interests=[*item("kin", None, None, BIDDER), *item("holding", None, None, BIDDER)],
        duties=[*item("authority", None, None, AUTHORITY), *item("finance", None, None, OTHER)],
        sanctions=item("bidding_offence", None, None),
    )
    assert everything == list(REASONS)


def test_engagements_touch_the_evaluation_at_both_ends() -> None:
    case = copy.deepcopy(CASE)
    for first, last, excluded in (
        ("2024-05-01T00:00:00Z", START, True),
        ("2024-05-01T00:00:00Z", "2024-05-09T15:59:59Z", False),
        ("2024-05-11T16:00:00Z", "2024-05-12T00:00:00Z", False),
    ):
        case["engagements"] = [{"expert": "alice", "from": first, "to": last}]
        assert bool(eligibility.reasons(RECORD, eligibility.context(case, RULES))) is excluded


@pytest.mark.parametrize(
    ("day", "years", "expected"),
    [
        ("2024-05-10", 3, "2021-05-10"),
        ("2024-02-29", 1, "2023-02-28"),
        ("2024-02-29", 4, "2020-02-28"),
        ("2024-05-10", 2024, "0000-05-10"),
        ("2024-05-10", 2**53 - 1, "0000-01-01"),
    ],
)
def test_going_back_years(day: str, years: int, expected: str) -> None:
    assert eligibility.back(day, years) == expected


def test_scope_takes_the_first_site_and_every_stratum() -> None:
    sdr = {
        "sites": [{"regions": ["4401"]}, {"regions": ["33"]}, {"regions": ["330106"]}],
        "strata": [{"prefixes": ["B"]}, {"prefixes": ["C"]}, {"prefixes": ["A0102", "A01"]}],
    }
    assert eligibility.scope(RECORD, sdr) == (1, [0, 2])
    assert eligibility.scope({**RECORD, "region": "510100"}, sdr) is None
    assert eligibility.scope({**RECORD, "specialties": ["A02"]}, sdr) is None
    assert eligibility.scope({**RECORD, "specialties": []}, sdr) is None


def test_the_employer_for_the_cap_is_current_staff_then_any_current_role_then_oneself() -> None:
    about = eligibility.context(CASE, RULES)
    past, board, staff = (
        work("uscc:PAST", "staff", None, "2024-05-09"),
        work("uscc:BOARD", "director", None, None),
        work("uscc:STAFF", "staff", "2024-05-10", None),
    )
    for employers, expected in (
        ([*past, *board, *staff], "uscc:STAFF"),
        ([*past, *board], "uscc:BOARD"),
        (past, "person:alice"),
        ([], "person:alice"),
    ):
        assert eligibility.cap_employer({**RECORD, "employers": employers}, about) == expected
