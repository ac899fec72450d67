"""The avoidance engine: one story per reason, each with its near miss (draw-proof §4)."""

import time
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.avoidance.engine import REASONS, Engine, back, beijing_date, employer_for_cap, meets
from draw.avoidance.rules import Alternative
from draw.model import (
    Absences,
    Assessment,
    AvoidUnit,
    Bidder,
    Case,
    Duty,
    Employment,
    Engagement,
    ExpertRecord,
    Interest,
    Interval,
    Leave,
    Sanction,
    SiteQuota,
    Stratum,
)
from tests.support.draw_cases import (
    AGENCY,
    BIDDER,
    FIRST_DAY,
    LAST_DAY,
    NEUTRAL,
    PARTNER,
    TENDEREE,
    a_case,
    expert,
    some_parameters,
    some_rules,
)

THREE_YEARS_BACK = "2023-03-10"
DAY_BEFORE = "2023-03-09"


def assess(record: ExpertRecord, case: Case | None = None, **rules: Any) -> Assessment:
    return Engine(case or a_case(), some_rules(**rules), some_parameters()).assess(record)


def job(org: str, role: str = "staff", since: str | None = None, until: str | None = None) -> Employment:
    return Employment(org=org, role=role, since=since, until=until)


def employed(*jobs: Employment) -> ExpertRecord:
    return expert(employers=jobs)


def test_expert_without_conflict_is_eligible_in_every_stratum_of_theirs() -> None:
    assert assess(expert()) == Assessment(0, (0, 1), ())
    assert assess(expert()).eligible


def test_first_site_that_takes_the_region_counts() -> None:
    assert assess(expert(region="350203")).site == 1
    assert assess(expert(region="350102")).site == 0


@pytest.mark.parametrize("changed", [{"region": "360100"}, {"specialties": ()}, {"specialties": ("B", "A0")}])
def test_out_of_scope_says_nothing_more(changed: dict[str, Any]) -> None:
    outcome = assess(expert(status="withdrawn", **changed))
    assert not outcome.in_scope
    assert not outcome.eligible
    assert outcome.reasons == ()


@pytest.mark.parametrize(
    "changed",
    [{}, {"region": "360100"}, {"region": ""}, {"specialties": ()}, {"specialties": ("A",)},
     {"specialties": ("B", "A0101")}, {"specialties": ("Z", "A010203")}],
)  # fmt: skip
def test_who_is_assessed_at_all_is_who_is_in_scope(changed: dict[str, Any]) -> None:
    """A draw asks for the scope of a place first and assesses nobody elsewhere."""
    record = expert(**changed)
    engine = Engine(a_case(), some_rules(), some_parameters())
    assert engine.in_scope(record.region, record.specialties) == engine.assess(record).in_scope


def test_a_broader_code_than_asked_does_not_match() -> None:
    assert assess(expert(specialties=("A",))).strata == ()


def test_empty_filters_let_nobody_in() -> None:
    # A vanished filter that admits everyone is a known fault of deployed systems.
    nowhere = some_parameters(sites=(SiteQuota(id="x", regions=(), minimum=0, maximum=5),))
    nothing = some_parameters(strata=(Stratum(id="x", prefixes=(), seats=5),))
    for parameters in (nowhere, nothing, some_parameters(sites=()), some_parameters(strata=())):
        assert not Engine(a_case(), some_rules(), parameters).assess(expert()).eligible


def test_no_way_to_qualify_qualifies_nobody() -> None:
    assert assess(expert(), qualification=()).reasons == ("Q1",)


def test_evaluation_dates_are_those_of_beijing() -> None:
    assert beijing_date("2026-03-09T15:59:59Z") == "2026-03-09"
    assert beijing_date("2026-03-09T16:00:00Z") == FIRST_DAY
    assert beijing_date("2025-12-31T16:00:00Z") == "2026-01-01"


def test_back_turns_29_february_into_28() -> None:
    assert back("2024-02-29", 1) == "2023-02-28"
    assert back("2024-02-29", 4) == "2020-02-28"
    assert back("2026-03-10", 3) == THREE_YEARS_BACK


@pytest.mark.parametrize("status", ["suspended", "withdrawn"])
def test_s1_only_the_active_are_drawn(status: str) -> None:
    assert assess(expert(status=status)).reasons == ("S1",)


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({"valid_from": FIRST_DAY}, ()),
        ({"valid_from": "2026-03-11"}, ("S2",)),
        ({"valid_to": LAST_DAY}, ()),
        ({"valid_to": "2026-03-10"}, ("S2",)),
    ],
)
def test_s2_registration_covers_the_whole_evaluation(
    changed: dict[str, str], reasons: tuple[str, ...]
) -> None:
    assert assess(expert(**changed)).reasons == reasons


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({"practice_from": "2018-03-10"}, ()),
        ({"practice_from": "2018-03-11"}, ("Q1",)),
        ({"title": "associate"}, ()),
        ({"title": "intermediate"}, ("Q1",)),
    ],
)
def test_q1_title_and_years_of_practice(changed: dict[str, str], reasons: tuple[str, ...]) -> None:
    assert assess(expert(**changed)).reasons == reasons


def test_q1_title_of_one_way_and_years_of_another_do_not_add_up() -> None:
    ways = (
        Alternative(titles=("senior",), practice_years=0),
        Alternative(titles=("intermediate",), practice_years=8),
    )
    young = expert(title="intermediate", practice_from="2020-01-01")
    assert assess(young, qualification=ways).reasons == ("Q1",)
    assert assess(replace(young, title="senior"), qualification=ways).reasons == ()


def test_q2_the_seventieth_birthday_excludes_the_day_before_does_not() -> None:
    assert assess(expert(birth="1956-03-10")).reasons == ("Q2",)
    assert assess(expert(birth="1956-03-11")).reasons == ()
    assert assess(expert(birth="1930-01-01"), max_age=None).reasons == ()


def test_k1_kin_of_a_bidder_now() -> None:
    def kin(until: str | None) -> ExpertRecord:
        return expert(interests=(Interest(org=BIDDER, kind="kin", since=None, until=until),))

    assert assess(kin(None)).reasons == ("K1",)
    assert assess(kin(FIRST_DAY)).reasons == ("K1",)
    assert assess(kin("2026-03-09")).reasons == ()


@pytest.mark.parametrize(
    ("code", "org", "role"),
    [
        ("K2", BIDDER, "staff"),
        ("K3", BIDDER, "director"),
        ("K3", BIDDER, "supervisor"),
        ("K4", BIDDER, "controller"),
        ("K4", BIDDER, "shareholder"),
        ("K6", TENDEREE, "staff"),
        ("K6", TENDEREE, "director"),
        ("K7", AGENCY, "staff"),
        ("K7", AGENCY, "shareholder"),
    ],
)
def test_employers_count_for_three_years(code: str, org: str, role: str) -> None:
    assert assess(employed(job(org, role, until=THREE_YEARS_BACK))).reasons == (code,)
    assert assess(employed(job(org, role, until=DAY_BEFORE))).reasons == ()
    assert assess(employed(job(org, role, since=LAST_DAY))).reasons == (code,)
    assert assess(employed(job(org, role, since="2026-03-12"))).reasons == ()
    assert assess(employed(job(NEUTRAL, role))).reasons == ()


def test_consortium_members_count_like_the_bidder() -> None:
    assert assess(employed(job(PARTNER))).reasons == ("K2",)


def test_a_bidder_that_withdrew_still_excludes() -> None:
    case = a_case(bidders=(Bidder(id="b-1", withdrawn=True, orgs=(BIDDER,)),))
    assert assess(employed(job(BIDDER)), case).reasons == ("K2",)


def duty(kind: str, org: str, until: str | None = None) -> ExpertRecord:
    return expert(duties=(Duty(org=org, kind=kind, since=None, until=until),))


@pytest.mark.parametrize("kind", ["authority", "supervision"])
def test_k5_staff_of_the_authorities(kind: str) -> None:
    assert assess(duty(kind, "org:authority", THREE_YEARS_BACK)).reasons == ("K5",)
    assert assess(duty(kind, "org:authority", DAY_BEFORE)).reasons == ()
    assert assess(duty(kind, "org:elsewhere")).reasons == ()


@pytest.mark.parametrize("kind", ["holding", "economic"])
def test_k8_economic_interest_in_a_bidder(kind: str) -> None:
    def interest(org: str, until: str) -> ExpertRecord:
        return expert(interests=(Interest(org=org, kind=kind, since=None, until=until),))

    assert assess(interest(BIDDER, THREE_YEARS_BACK)).reasons == ("K8",)
    assert assess(interest(BIDDER, DAY_BEFORE)).reasons == ()
    assert assess(interest(NEUTRAL, FIRST_DAY)).reasons == ()


def test_k9_punished_for_bidding_offences() -> None:
    def punished(kind: str, until: str) -> ExpertRecord:
        return expert(sanctions=(Sanction(kind=kind, since=None, until=until),))

    assert assess(punished("bidding_offence", THREE_YEARS_BACK)).reasons == ("K9",)
    assert assess(punished("bidding_offence", DAY_BEFORE)).reasons == ()
    assert assess(punished("misconduct", FIRST_DAY)).reasons == ()


def test_k10_procurement_staff_of_finance_wherever_they_are() -> None:
    assert assess(duty("finance", "org:anywhere", THREE_YEARS_BACK)).reasons == ("K10",)
    assert assess(duty("finance", "org:anywhere", DAY_BEFORE)).reasons == ()
    assert assess(duty("finance", "org:authority")).reasons == ("K10",)


def test_k11_employer_in_the_group_of_a_bidder() -> None:
    case = a_case(groups=((BIDDER, "org:sister"), ("org:other", NEUTRAL)))
    assert assess(employed(job("org:sister", until=THREE_YEARS_BACK)), case).reasons == ("K11",)
    assert assess(employed(job("org:sister", until=DAY_BEFORE)), case).reasons == ()
    assert assess(employed(job(NEUTRAL)), case).reasons == ()


def test_k12_unit_that_the_tenderee_names() -> None:
    case = a_case(avoid_units=(AvoidUnit(org="org:rival", reason="正在诉讼"),))
    assert assess(employed(job("org:rival", until=THREE_YEARS_BACK)), case).reasons == ("K12",)
    assert assess(employed(job("org:rival", until=DAY_BEFORE)), case).reasons == ()


def test_k13_took_part_in_preparing_the_documents() -> None:
    case = a_case(prepared_by=("ab" * 32,))
    assert assess(expert(), case).reasons == ("K13",)
    assert assess(expert(person="cd" * 32), case).reasons == ()


@pytest.mark.parametrize(
    ("since", "until", "reasons"),
    [
        ("2026-03-01", "2026-03-09", ()),
        ("2026-03-01", FIRST_DAY, ("K14",)),
        (LAST_DAY, None, ("K14",)),
        ("2026-03-12", None, ()),
    ],
)
def test_k14_on_leave(since: str, until: str | None, reasons: tuple[str, ...]) -> None:
    away = Absences(changed="2026-01-01T00:00:00Z", leave=(Leave(since=since, until=until),))
    assert assess(expert(absences=away)).reasons == reasons


@pytest.mark.parametrize(
    ("who", "since", "until", "reasons"),
    [
        ("e-1", "2026-03-10T00:00:00Z", "2026-03-10T00:59:59Z", ()),
        ("e-1", "2026-03-10T00:00:00Z", "2026-03-10T01:00:00Z", ("K14",)),
        ("e-1", "2026-03-11T09:00:00Z", "2026-03-12T09:00:00Z", ("K14",)),
        ("e-1", "2026-03-11T09:00:01Z", "2026-03-12T09:00:00Z", ()),
        ("e-2", "2026-03-10T00:00:00Z", "2026-03-12T09:00:00Z", ()),
    ],
)
def test_k14_engaged_elsewhere_to_the_second(
    who: str, since: str, until: str, reasons: tuple[str, ...]
) -> None:
    case = a_case(engagements=(Engagement(expert=who, since=since, until=until),))
    assert assess(expert(), case).reasons == reasons


def everything() -> tuple[ExpertRecord, Case]:
    """An expert against whom everything speaks at once."""
    orgs = (BIDDER, TENDEREE, AGENCY, "org:rival", "org:sister")
    record = expert(
        status="suspended",
        valid_to="2025-01-01",
        title="none",
        birth="1930-01-01",
        employers=(
            *(job(org) for org in orgs),
            job(BIDDER, "director"),
            job(BIDDER, "controller"),
            job(PARTNER),
        ),
        interests=tuple(
            Interest(org=BIDDER, kind=kind, since=None, until=None) for kind in ("economic", "kin", "holding")
        ),
        duties=(
            Duty(org="org:authority", kind="finance", since=None, until=None),
            Duty(org="org:authority", kind="authority", since=None, until=None),
        ),
        sanctions=(Sanction(kind="bidding_offence", since=None, until=None),),
        absences=Absences(changed="2026-01-01T00:00:00Z", leave=(Leave(since=None, until=None),)),
    )
    case = a_case(
        groups=((BIDDER, "org:sister"),),
        avoid_units=(AvoidUnit(org="org:rival", reason="正在诉讼"),),
        prepared_by=(record.person,),
    )
    return record, case


def test_all_reasons_are_found_once_and_in_the_order_of_the_table() -> None:
    record, case = everything()
    assert assess(record, case).reasons == REASONS


@pytest.mark.parametrize("code", [code for code in REASONS if code.startswith("K")])
def test_a_predicate_counts_only_when_the_rules_list_it(code: str) -> None:
    record, case = everything()
    others = tuple(predicate for predicate in some_rules().predicates if predicate.code != code)
    assert assess(record, case, predicates=others).reasons == tuple(item for item in REASONS if item != code)


def test_unbounded_interval_meets_everything() -> None:
    assert meets(Leave(since=None, until=None), "2026-01-01", "2026-01-01")


DAYS = st.dates(min_value=date(1950, 1, 1), max_value=date(2100, 1, 1))


@given(DAYS | st.none(), DAYS | st.none(), DAYS, DAYS)
def test_meeting_is_sharing_a_day(since: date | None, until: date | None, a: date, b: date) -> None:
    first, last = min(a, b), max(a, b)
    span = Leave(
        since=None if since is None else since.isoformat(), until=None if until is None else until.isoformat()
    )
    shared = (since is None or since <= last) and (until is None or first <= until)
    assert meets(span, first.isoformat(), last.isoformat()) is shared


def test_cap_counts_the_first_present_staff_employer() -> None:
    jobs = (
        job("org:board", "director"),
        job("org:past", until="2026-03-09"),
        job("org:main"),
        job("org:second"),
    )
    assert employer_for_cap(employed(*jobs), FIRST_DAY) == "org:main"
    assert employer_for_cap(employed(*jobs[:2]), FIRST_DAY) == "org:board"
    assert employer_for_cap(employed(jobs[1]), FIRST_DAY) == "person:e-1"
    assert employer_for_cap(employed(jobs[1]), "2026-03-09") == "org:past"


def test_a_hundred_thousand_records_take_seconds_at_most() -> None:
    engine = Engine(a_case(), some_rules(), some_parameters())
    record = expert()
    begin = time.process_time()
    assert all(engine.assess(record).eligible for _ in range(100_000))
    assert time.process_time() - begin < 5


def test_an_evaluation_over_new_year_uses_both_days() -> None:
    case = a_case(evaluation=Interval(since="2025-12-31T15:00:00Z", until="2026-01-01T09:00:00Z"))
    assert assess(expert(valid_to="2025-12-31"), case).reasons == ("S2",)
    assert assess(expert(valid_from="2026-01-01"), case).reasons == ("S2",)
