"""Rule packs: what ships, what an overlay may do, and every fault of a request at once."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from draw.avoidance.layers import LayerFault, RulePack, resolve, resolve_pack
from draw.avoidance.parameters import KINDS
from draw.avoidance.requests import Demand, Fault, request_faults
from draw.avoidance.rules import Rules
from draw.errors import RulesError
from draw.model import AvoidUnit, Bidder, Case, Committee, DrawParameters, Interval, SiteQuota, Stratum
from tests.support.draw_cases import (
    a_case,
    pack_layers,
    shipped_calendar,
    shipped_specialties,
    some_parameters,
    some_rules,
)

NOW = "2026-03-09T03:00:00Z"
COMBINATIONS = [
    ("tender.cn",),
    ("govproc.cn",),
    ("tender.cn", "water.cn"),
    ("tender.cn", "chongqing"),
    ("tender.cn", "guizhou-sunshine"),
    ("tender.cn", "water.cn", "chongqing"),
    ("govproc.cn", "govproc-large.cn"),
]


def a_pack(*names: str) -> RulePack:
    return resolve_pack(pack_layers(*(names or ("tender.cn",))))


@pytest.mark.parametrize("names", COMBINATIONS)
def test_the_packs_that_ship_resolve_and_survive_json(names: tuple[str, ...]) -> None:
    rules = resolve(pack_layers(*names))
    assert Rules.from_json(rules.to_json()) == rules
    assert [layer.digest for layer in rules.layers] == [
        hashlib.sha256(data).hexdigest() for _, data in pack_layers(*names)
    ]


@pytest.mark.parametrize("names", COMBINATIONS)
def test_every_parameter_has_a_source_and_a_mark(names: tuple[str, ...]) -> None:
    for parameter in a_pack(*names).parameters.values():
        assert parameter.source
        assert (parameter.citation == parameter.source) is (parameter.status == "read")
        assert set(parameter.note) == {"zh", "en"}


def test_what_was_not_read_is_never_printed_as_law() -> None:
    rules = a_pack("govproc.cn").rules
    citations = {predicate.code: predicate.citation for predicate in rules.predicates}
    assert citations["K2"] == "政府采购法实施条例 第九条"
    assert citations["K10"].endswith("[unchecked]")
    assert citations["K11"].endswith("[policy]")


def test_overlays_tighten() -> None:
    both = a_pack("tender.cn", "water.cn", "chongqing")
    assert both.rules.committee.minimum == 7
    assert both.rules.owners_max == 2
    assert (both.window.kind, both.window.amount) == ("hours", 24)
    assert both.rules.id == "tender.cn:water.cn:chongqing"


def overlay(parameters: str = "", **header: str) -> tuple[str, bytes]:
    members = {
        "format": '"qt/1 rule-pack"',
        "id": '"local"',
        "version": '"1"',
        "kind": '"overlay"',
        "bases": '["tender.cn"]',
        "effective_from": '"2025-01-01"',
        "title": '{ zh = "地方", en = "Local" }',
        "overlays_may_set": "[]",
        **header,
    }
    lines = [f"{name} = {value}" for name, value in members.items()]
    return "local", "\n".join([*lines, "[parameters]", parameters]).encode()


def parameter(name: str, value: str) -> str:
    return f'[parameters."{name}"]\nvalue = {value}\nsource = "test"\nstatus = "policy"\n'


def layer_faults(*layers: tuple[str, bytes]) -> set[tuple[str, str, str]]:
    with pytest.raises(RulesError) as refused:
        resolve_pack(layers)
    assert refused.value.code == "rules.layers"
    found: Any = refused.value.details["faults"]
    assert all(isinstance(fault, LayerFault) for fault in found)
    return {(fault.layer, fault.pointer, fault.code) for fault in found}


@pytest.mark.parametrize(
    ("name", "looser", "stricter"),
    [
        ("committee.min", "3", "9"),
        ("committee.odd", "false", "true"),
        ("committee.expert_share", "[1, 2]", "[3, 4]"),
        ("predicates.K2", "2", "5"),
        ("employer_cap", "2", "1"),
        ("anonymity.factor", "2", "4"),
        ("anonymity.bits", "11", "13"),
        ("avoid_units_alarm", "41", "10"),
        ("qualification", "[]", '[{ titles = ["senior", "associate"], practice_years = 8 }]'),
    ],
)
def test_an_overlay_may_tighten_but_not_loosen(name: str, looser: str, stricter: str) -> None:
    base = pack_layers("tender.cn")
    resolve_pack([*base, overlay(parameter(name, stricter))])
    found = layer_faults(*base, overlay(parameter(name, looser)))
    assert found == {("local", f"/parameters/{name}", "loosens")}


@pytest.mark.parametrize(
    ("base", "codes"), [("tender.cn", '["other"]'), ("govproc.cn", '["special_project"]')]
)
def test_no_local_overlay_opens_a_way_around_the_draw(base: str, codes: str) -> None:
    text = parameter("appointment.direct", codes)
    found = layer_faults(*pack_layers(base), overlay(text, bases=f'["{base}"]'))
    assert found == {("local", "/parameters/appointment.direct", "loosens")}


def window(kind: str, amount: int, *, exempt: bool = False) -> str:
    value = f'{{ kind = "{kind}", amount = {amount}, remote_exempt = {str(exempt).lower()} }}'
    return parameter("draw_window", value)


def test_a_window_is_tightened_only_within_its_kind() -> None:
    base = pack_layers("tender.cn", "chongqing")
    resolve_pack([*base, overlay(window("hours", 12))])
    for looser in (window("hours", 25), window("working_days", 1), window("hours", 12, exempt=True)):
        assert layer_faults(*base, overlay(looser)) == {("local", "/parameters/draw_window", "loosens")}


def test_an_overlay_may_set_what_the_base_names() -> None:
    pack = resolve_pack([*pack_layers("tender.cn"), overlay(parameter("publish", '["name", "region"]'))])
    assert pack.rules.publish == ("name", "region")


def test_an_overlay_may_add_a_bound_and_a_predicate() -> None:
    text = parameter("max_age", "75") + parameter("predicates.K10", "1")
    rules = resolve([*pack_layers("tender.cn"), overlay(text)])
    assert rules.max_age == 75
    assert [predicate.code for predicate in rules.predicates] == [f"K{n}" for n in range(1, 15)]


def test_all_faults_of_all_layers_come_at_once() -> None:
    text = parameter("committee.min", '"five"') + parameter("surprise", "1")
    found = layer_faults(("broken", b"= ="), overlay(text, effective_from='"2025-02-30"', extra="1"))
    assert found == {
        ("broken", "", "syntax"),
        ("local", "/effective_from", "format"),
        ("local", "/extra", "unknown"),
        ("local", "/parameters/committee.min/value", "type"),
        ("local", "/parameters/surprise", "unknown"),
    }


@pytest.mark.parametrize(
    ("layers", "pointer", "code"),
    [
        ([overlay()], "/kind", "base"),
        ([*pack_layers("tender.cn"), *pack_layers("govproc.cn")], "/kind", "overlay"),
        ([*pack_layers("tender.cn"), overlay(bases='["govproc.cn"]')], "/bases", "not_for_base"),
        ([*pack_layers("tender.cn"), overlay(), overlay()], "/id", "repeated"),
        (
            [*pack_layers("tender.cn"), overlay(effective_to='"2024-12-31"')],
            "/effective_to",
            "never_effective",
        ),
        ([*pack_layers("tender.cn"), ("big", b"#" * 65_537)], "", "size"),
        ([*pack_layers("tender.cn"), ("bytes", b"\xff")], "", "syntax"),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers: list[tuple[str, bytes]], pointer: str, code: str) -> None:
    assert (pointer, code) in {fault[1:] for fault in layer_faults(*layers)}


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if not kind.optional])
def test_a_base_gives_every_parameter(name: str) -> None:
    text = pack_layers("tender.cn")[0][1].decode()
    begin = text.index(f'[parameters."{name}"]')
    end = text.find("\n[parameters", begin + 1)
    cut = text[:begin] + ("" if end < 0 else text[end:])
    assert layer_faults(("t", cut.encode())) == {("t", f"/parameters/{name}", "missing")}


def test_no_layer_and_seventeen_layers_are_refused() -> None:
    for layers in ([], pack_layers("tender.cn") * 17):
        with pytest.raises(RulesError, match=r"rules\.count"):
            resolve(layers)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"expert_share": [3, 2]}, "rules.share"),
        ({"expert_share": [0, 0]}, "rules.share"),
        ({"expert_share": [2]}, "rules.faults"),
    ],
)
def test_rules_with_an_impossible_share_are_refused(changed: dict[str, Any], code: str) -> None:
    value: Any = some_rules().to_json()
    with pytest.raises(RulesError) as refused:
        Rules.from_json({**value, "committee": {**value["committee"], **changed}})
    assert refused.value.code == code


def test_predicates_stand_in_order_and_once() -> None:
    value: Any = some_rules().to_json()
    for listed in (list(reversed(value["predicates"])), [value["predicates"][0]] * 2):
        with pytest.raises(RulesError, match=r"rules\.predicate_order"):
            Rules.from_json({**value, "predicates": listed})


# Requests


def demand(**changed: Any) -> Demand:
    return replace(
        Demand(responsible="服务甲", case=a_case(), parameters=some_parameters(), remote=False), **changed
    )


def told(asked: Demand, pack: RulePack | None = None, now: str = NOW) -> list[Fault]:
    return request_faults(asked, pack or a_pack(), shipped_calendar(), shipped_specialties(), now=now)


def codes(asked: Demand, pack: RulePack | None = None, now: str = NOW) -> list[str]:
    return [fault.code for fault in told(asked, pack, now)]


def with_case(**changed: Any) -> Demand:
    return demand(case=a_case(**changed))


def test_a_good_request_has_no_fault() -> None:
    assert told(demand()) == []


def test_a_top_up_is_judged_by_the_whole_committee_not_by_its_missing_seats() -> None:
    """Two seats are no lawful committee; two beside three who go on and two owners are one."""
    sites = (SiteQuota(id="fujian", regions=("35",), minimum=2, maximum=2),)
    works = (Stratum(id="works", prefixes=("A08",), seats=2),)

    def two(seated: int) -> Demand:
        committee = Committee(experts=2, seated=seated, owners=2)
        return demand(parameters=some_parameters(committee=committee, strata=works, sites=sites))

    assert told(two(3)) == []
    alone = told(two(0))
    assert [fault.code for fault in alone] == [
        "committee.even", "committee.too_small", "committee.expert_share",
    ]  # fmt: skip
    assert told(two(1))[-1].figures == {"experts": 2, "least": 3}


def test_a_request_with_six_faults_gets_six_messages() -> None:
    asked = demand(
        responsible=None,
        case=a_case(tenderee="uscc:91110108551385082R"),
        parameters=some_parameters(
            committee=Committee(experts=5, owners=1),
            strata=(
                Stratum(id="works", prefixes=("A99",), seats=3),
                Stratum(id="design", prefixes=("A04",), seats=2),
            ),
            sites=(
                SiteQuota(id="a", regions=("99",), minimum=1, maximum=4),
                SiteQuota(id="b", regions=("35",), minimum=5, maximum=5),
            ),
        ),
    )
    found = told(asked)
    assert [(fault.code, fault.pointer) for fault in found] == [
        ("responsible.missing", "/responsible"),
        ("committee.even", "/parameters/committee"),
        ("specialty.unknown", "/parameters/strata/0/prefixes/0"),
        ("region.unknown", "/parameters/sites/0/regions/0"),
        ("sites.minimum", "/parameters/sites"),
        ("org.uscc_check", "/case/tenderee"),
    ]
    assert all(fault.zh and fault.en and fault.basis for fault in found)


STRATUM = Stratum(id="works", prefixes=("A08",), seats=3)
SITE = SiteQuota(id="fuzhou", regions=("3501",), minimum=1, maximum=4)
REST = some_parameters().strata[1], some_parameters().sites[1]


def strata(**changed: Any) -> DrawParameters:
    return some_parameters(strata=(replace(STRATUM, **changed), REST[0]))


def sites(**changed: Any) -> DrawParameters:
    return some_parameters(sites=(replace(SITE, **changed), REST[1]))


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (some_parameters(committee=Committee(experts=5, owners=1)), "committee.even"),
        (some_parameters(committee=Committee(experts=3, owners=0)), "committee.too_small"),
        (some_parameters(committee=Committee(experts=5, owners=4)), "committee.expert_share"),
        (some_parameters(committee=Committee(experts=0, owners=5)), "committee.numbers"),
        (some_parameters(committee=Committee(experts=7, owners=0)), "seats.differ"),
        (some_parameters(committee=Committee(experts=5, seated=1, owners=0)), "committee.even"),
        (some_parameters(committee=Committee(experts=5, seated=2, owners=6)), "committee.expert_share"),
        (some_parameters(committee=Committee(experts=5, seated=-2, owners=2)), "committee.numbers"),
        (strata(seats=98), "seats.too_many"),
        (some_parameters(strata=()), "strata.number"),
        (some_parameters(strata=(STRATUM,) * 17), "strata.number"),
        (strata(id="design"), "stratum.duplicate_id"),
        (strata(prefixes=("A04",)), "stratum.duplicate"),
        (strata(seats=0), "stratum.seats"),
        (strata(prefixes=()), "stratum.empty"),
        (strata(prefixes=("D1",)), "specialty.malformed"),
        (strata(prefixes=("A98",)), "specialty.unknown"),
        (strata(prefixes=("A08", "A08")), "specialty.duplicate"),
        (some_parameters(sites=()), "sites.number"),
        (sites(id="fujian"), "site.duplicate_id"),
        (sites(minimum=5, maximum=4), "site.range"),
        (sites(minimum=-1), "site.range"),
        (sites(regions=()), "site.empty"),
        (sites(regions=("3",)), "site.shadowed"),
        (sites(minimum=5, maximum=5), "sites.minimum"),
        (sites(minimum=0, maximum=0), "sites.maximum"),
        (sites(regions=("x",)), "region.syntax"),
        (sites(regions=("99",)), "region.unknown"),
        (sites(regions=("3501", "3501")), "region.duplicate"),
        (some_parameters(rule="first-to-reply/1"), "rule.unknown"),
        (some_parameters(cap=0), "cap.range"),
        (some_parameters(cap=2), "cap.range"),
    ],
)
def test_each_fault_of_the_parameters_is_told(parameters: DrawParameters, code: str) -> None:
    assert code in codes(demand(parameters=parameters))


MANY = tuple(AvoidUnit(org=f"org:rival-{n}", reason="正在诉讼") for n in range(40))


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (a_case(evaluation=Interval(since="2026-03-10", until="2026-03-11T00:00:00Z")), "evaluation.time"),
        (
            a_case(evaluation=Interval(since="2026-03-10T02:00:00Z", until="2026-03-10T01:00:00Z")),
            "evaluation.order",
        ),
        (a_case(evaluation=Interval(since=NOW, until=NOW)), "evaluation.past"),
        (a_case(agency="nobody"), "org.syntax"),
        (a_case(agency="uscc:1"), "org.uscc_length"),
        (a_case(agency="uscc:91110108551385082I"), "org.uscc_alphabet"),
        (a_case(authorities=("uscc:91110108551385083Q",)), "org.uscc_check"),
        (a_case(groups=(("uscc:91110108551385082R",),)), "org.uscc_check"),
        (a_case(bidders=()), "bidders.none"),
        (a_case(bidders=(Bidder(id="b", withdrawn=False, orgs=()),)), "bidder.empty"),
        (a_case(bidders=a_case().bidders * 2), "bidder.duplicate"),
        (a_case(avoid_units=(AvoidUnit(org="org:rival", reason="无"),)), "avoid_unit.reason"),
        (a_case(avoid_units=MANY[:1] * 2), "avoid_unit.duplicate"),
        (a_case(avoid_units=MANY), "avoid_units.many"),
    ],
)
def test_each_fault_of_the_case_is_told(case: Case, code: str) -> None:
    assert codes(demand(case=case)) == [code]


def test_a_long_list_of_units_alarms_but_does_not_stop() -> None:
    assert [fault.alarm for fault in told(with_case(avoid_units=MANY))] == [True]
    assert told(with_case(avoid_units=MANY[:39])) == []


def test_a_request_needs_a_responsible_person() -> None:
    for nobody in (None, "", "  "):
        assert codes(demand(responsible=nobody)) == ["responsible.missing"]


@pytest.mark.parametrize(
    ("now", "found"),
    [("2026-03-05T15:59:59Z", ["draw.too_early"]), ("2026-03-05T16:00:00Z", [])],
)
def test_a_draw_two_working_days_before_is_not_a_second_too_early(now: str, found: list[str]) -> None:
    assert codes(demand(), a_pack("govproc.cn"), now) == found


def test_the_message_names_the_earliest_lawful_time_and_its_source() -> None:
    (fault,) = told(demand(), a_pack("govproc.cn"), "2026-03-02T00:00:00Z")
    assert "2026-03-05T16:00:00Z" in fault.zh
    assert "2026-03-05T16:00:00Z" in fault.en
    assert fault.basis == "财库〔2016〕198号 [excerpt]"


def test_remote_evaluations_are_exempt_from_the_two_days() -> None:
    assert codes(demand(remote=True), a_pack("govproc.cn"), "2026-03-02T00:00:00Z") == []


def test_a_year_without_calendar_is_told_not_guessed() -> None:
    far = Interval(since="2027-03-10T01:00:00Z", until="2027-03-10T09:00:00Z")
    assert codes(with_case(evaluation=far), a_pack("govproc.cn"), "2027-03-09T00:00:00Z") == [
        "calendar.unknown"
    ]


def test_a_pack_out_of_force_is_told_for_each_day() -> None:
    pack = a_pack()
    ended = replace(pack, rules=replace(pack.rules, effective_to="2026-03-09"))
    assert codes(demand(), ended) == ["pack.not_effective"]
    assert codes(demand(), replace(pack, rules=replace(pack.rules, effective_from="2026-03-11"))) == [
        "pack.not_effective",
        "pack.not_effective",
    ]


@pytest.mark.parametrize(
    "change",
    [{"budget_yuan": 10_000_000}, {"circumstances": frozenset({"complex"})}],
)
def test_a_large_procurement_needs_the_overlay(change: dict[str, Any]) -> None:
    asked = replace(demand(remote=True), **change)
    assert codes(asked, a_pack("govproc.cn")) == ["pack.overlay_required"]
    assert codes(asked, a_pack("govproc.cn", "govproc-large.cn")) == ["committee.too_small"]
    assert codes(demand(budget_yuan=9_999_999), a_pack("govproc.cn"), NOW) == codes(
        demand(), a_pack("govproc.cn"), NOW
    )


def test_chongqing_takes_two_representatives_at_most() -> None:
    nine = some_parameters(
        committee=Committee(experts=6, owners=3), strata=(replace(STRATUM, seats=4), REST[0])
    )
    evening = "2026-03-09T12:00:00Z"
    assert codes(demand(parameters=nine), a_pack("tender.cn"), evening) == []
    assert codes(demand(parameters=nine), a_pack("tender.cn", "chongqing"), evening) == ["committee.owners"]


def test_no_message_repeats_what_was_typed() -> None:
    secret = "uscc:9111010855138508SECRET"
    asked = with_case(tenderee=secret, avoid_units=(AvoidUnit(org=secret, reason="无"),))
    assert all("SECRET" not in f"{fault.zh}{fault.en}{fault.pointer}" for fault in told(asked))
