"""A preview counts what each filter leaves, and names every reason why no panel exists."""

from draw.avoidance.engine import Engine
from draw.model import DrawParameters, Employment, ExpertRecord, SiteQuota, Stratum
from draw.preview import Preview, preview
from tests.support.draw_cases import BIDDER, a_case, expert, some_parameters, some_rules


def people(number: int, prefix: str = "e", **changed: object) -> list[ExpertRecord]:
    return [expert(id=f"{prefix}-{n}", employers=(), **changed) for n in range(number)]


def look(records: list[ExpertRecord], parameters: DrawParameters | None = None) -> Preview:
    parameters = parameters or some_parameters()
    rules = some_rules()
    return preview(records, Engine(a_case(), rules, parameters), parameters, rules)


def test_each_expert_leaves_at_the_first_filter() -> None:
    conflicted = (Employment(org=BIDDER, role="staff", since=None, until=None),)
    records = [
        *people(20),
        *people(4, "far", region="110000", status="withdrawn"),
        *people(3, "other", specialties=("B",)),
        *people(2, "gone", status="withdrawn", title="none"),
        *people(1, "junior", title="none"),
        expert(id="bidder", employers=conflicted),
    ]
    answer = look(records)
    left = {step.filter: step.left for step in answer.steps}
    assert answer.pool == 31
    assert (left["site"], left["specialty"], left["status"], left["qualification"]) == (27, 24, 22, 21)
    assert (left["K1"], left["K2"], left["K14"]) == (21, 20, 20)
    assert [step.filter for step in answer.steps[4:]] == [f"K{n}" for n in range(1, 15)]


def test_cells_and_strata_count_an_expert_in_each_stratum_of_theirs() -> None:
    answer = look([*people(10), *people(3, "inland", region="350700", specialties=("A04",))])
    assert answer.cells == ((10, 0), (10, 3))
    assert [(stratum.experts, stratum.verdict) for stratum in answer.strata] == [
        (10, "yellow"),
        (13, "yellow"),
    ]


def test_an_empty_filter_leaves_nobody() -> None:
    nothing = some_parameters(
        strata=(Stratum(id="x", prefixes=(), seats=5),),
        sites=(SiteQuota(id="y", regions=("35",), minimum=5, maximum=5),),
    )
    answer = look(people(10), nothing)
    assert answer.steps[-1].left == 0
    assert answer.cells == ((0,),)
    assert {shortfall.code for shortfall in answer.shortfalls} >= {"stratum.eligible"}


def test_a_possible_draw_has_no_shortfall() -> None:
    answer = look([*people(10), *people(10, "inland", region="350700")])
    assert answer.shortfalls == ()


def test_one_big_employer_cannot_fill_the_panel() -> None:
    same = (Employment(org="org:institute", role="staff", since=None, until=None),)
    records = [expert(id=f"e-{n}", region=region, employers=same) for n in range(9) for region in ("350100",)]
    inland = [expert(id=f"i-{n}", region="350700", employers=same) for n in range(9)]
    answer = look([*records, *inland])
    assert any(shortfall.code.startswith("employer.") for shortfall in answer.shortfalls)


def test_asking_twice_teaches_nothing_new() -> None:
    records = people(12)
    assert look(records) == look(list(reversed(records)))
