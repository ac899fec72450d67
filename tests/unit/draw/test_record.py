"""The sealed record, the outcome and the bundle: what is refused before the seal, and what the parts say."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from crypto.errors import VrfError
from crypto.hashing import tagged
from crypto.merkle import verify_inclusion
from crypto.vrf import VrfKey
from draw import disclosure, outcome, proof, record
from draw.errors import LifecycleError, RecordError, SnapshotError
from draw.outcome import Vacancy
from draw.record import Deadlines, RecordParts
from tests.support import synthetic_pool
from tests.support.ceremony import Ceremony, Plan
from tests.support.forgery import BEACON, RICH, SMALL, TOP_UP
from tests.support.synthetic_pool import Shape

PLAIN = replace(RICH, events=())


def refusal(parts: RecordParts) -> tuple[str, dict[str, Any]]:
    with pytest.raises(RecordError) as refused:
        record.build(parts)
    return refused.value.code, refused.value.details


def test_a_lawful_record_is_the_one_that_gets_signed() -> None:
    ceremony = Ceremony(PLAIN)
    built = record.build(ceremony.record_parts())
    assert built == ceremony.record
    assert built.hash == record.sdr_hash(built.body)
    assert record.parameters_of(built.body) == ceremony.parameters


@pytest.mark.parametrize(
    ("broken", "change"),
    [
        ("effective_from", lambda r: replace(r, effective_from="2023-08-24")),
        ("effective_to", lambda r: replace(r, effective_to="2023-08-22")),
        ("size", lambda r: replace(r, committee=replace(r.committee, minimum=5))),
        ("cap", lambda r: replace(r, employer_cap=0)),
    ],
)
def test_rules_that_do_not_allow_the_request_are_named(broken: str, change: Callable[[Any], Any]) -> None:
    ceremony = Ceremony(PLAIN)
    code, details = refusal(replace(ceremony.record_parts(), rules=change(PLAIN.rules)))
    assert (code, details["broken"]) == ("record.rules", (broken,))


def test_experts_count_as_seated_only_where_there_was_a_round_before() -> None:
    ceremony = Ceremony(TOP_UP)
    parts = ceremony.record_parts()
    assert record.build(parts).body["committee"] == {"experts": 3, "seated": 2, "owners": 0}
    first = {**parts.request.body, "round": 1, "previous": None}
    code, _ = refusal(replace(parts, request=replace(parts.request, body=first)))
    assert code == "record.seated"


def test_every_broken_rule_is_named_at_once() -> None:
    parts = Ceremony(PLAIN).record_parts()
    committee = replace(parts.parameters.committee, experts=4, owners=3)
    sites = tuple(replace(site, id="same", minimum=3, maximum=2) for site in parts.parameters.sites)
    strata = tuple(replace(stratum, id="same") for stratum in parts.parameters.strata)
    parameters = replace(parts.parameters, committee=committee, sites=sites, strata=strata)
    code, details = refusal(replace(parts, parameters=parameters))
    assert code == "record.rules"
    assert details["broken"] == (
        "experts", "odd", "share", "owners", "site_range", "quotas", "stratum_ids", "site_ids",
    )  # fmt: skip


@pytest.mark.parametrize(
    "deadlines",
    [
        Deadlines(reveal="2023-08-23T15:00:00Z", result="2023-08-23T17:00:00Z", open="2023-08-23T18:00:00Z"),
        Deadlines(reveal="2023-08-23T17:00:00Z", result="2023-08-23T16:00:00Z", open="2023-08-23T18:00:00Z"),
        Deadlines(reveal="2023-08-23T16:00:00Z", result="2023-08-23T17:00:00Z", open="2023-08-23T15:00:00Z"),
    ],
)
def test_deadlines_that_cannot_be_kept_are_refused(deadlines: Deadlines) -> None:
    assert refusal(replace(Ceremony(PLAIN).record_parts(), deadlines=deadlines))[0] == "record.deadlines"


def test_a_request_dated_after_the_seal_is_refused() -> None:
    parts = Ceremony(PLAIN).record_parts()
    late = replace(parts, request=replace(parts.request, time="2023-08-23T15:40:01Z"))
    assert refusal(late)[0] == "record.request_time"


def test_a_pool_that_is_not_the_snapshot_is_refused() -> None:
    parts = Ceremony(PLAIN).record_parts()
    other = replace(parts.pool, body={**parts.pool.body, "size": 1})
    assert refusal(replace(parts, pool=other))[0] == "record.pool"
    assert refusal(replace(parts, pool_index=parts.draw + 1))[0] == "record.pool"


def test_a_case_of_another_section_is_refused() -> None:
    parts = Ceremony(PLAIN).record_parts()
    assert refusal(replace(parts, case=synthetic_pool.case(section="section-9")))[0] == "record.section"


def test_an_infeasible_request_is_refused_with_every_reason() -> None:
    parts = Ceremony(Plan(shape=Shape(experts=4))).record_parts()
    code, details = refusal(parts)
    assert code == "record.infeasible"
    assert details["shortfalls"]


def test_too_many_tables_are_refused_as_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("draw.selection.MAX_TABLES", 1)
    code, details = refusal(Ceremony(PLAIN).record_parts())
    assert code == "record.infeasible"
    assert [reason.code for reason in details["shortfalls"]] == ["tables.too_many"]


def test_a_panel_that_a_pilot_draw_found_needs_no_other_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flows are asked for reasons; here they would say no to everything."""
    monkeypatch.setattr("draw.record.feasibility.check", lambda *_: ["no"])
    record.build(Ceremony(PLAIN).record_parts())
    monkeypatch.setattr("draw.record.pilot_acceptance", lambda *_, **_more: Fraction(0))
    assert refusal(Ceremony(PLAIN).record_parts())[0] == "record.infeasible"


def test_a_draw_that_almost_every_attempt_fails_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pilot draws only: with public seeds, so that they foretell nothing."""
    asked: list[int] = []

    def hopeless(*_: object, seeds: list[bytes], attempts: int) -> Fraction:
        asked.append(len(seeds) * attempts)
        return Fraction(0)

    monkeypatch.setattr("draw.record.pilot_acceptance", hopeless)
    code, details = refusal(Ceremony(PLAIN).record_parts())
    assert (code, details["acceptance"]) == ("record.acceptance", "0")
    # One in ten thousand would have shown itself.
    assert sum(asked) > 100_000


def test_a_missed_anonymity_gate_needs_the_supervisors_reason_and_a_met_one_must_not_have_it() -> None:
    strict = replace(PLAIN, rules=synthetic_pool.rules(factor=8))
    assert refusal(Ceremony(strict).record_parts())[0] == "record.anonymity"
    assert record.build(Ceremony(replace(strict, override="small county")).record_parts()).body["anonymity"][
        "override"
    ]
    assert refusal(Ceremony(replace(PLAIN, override="small county")).record_parts())[0] == "record.override"


def test_recent_changes_count_eligible_experts_from_72_hours_before_the_request() -> None:
    ceremony = Ceremony(PLAIN)
    rows = list(ceremony.cells.eligible_rows())
    request = ceremony.entry("request").time
    moments = ["2023-08-20T15:21:39Z", "2023-08-20T15:21:40Z", "2023-08-23T15:21:41Z"]
    for at, row in enumerate(rows[:3]):
        one = ceremony.records[row]
        ceremony.records[row] = replace(one, absences=replace(one.absences, changed=moments[at]))
    again = Ceremony(PLAIN)
    again.records = ceremony.records
    quiet = sum(ceremony.records[row].absences.changed > "2023-08-20T15:21:40Z" for row in rows[3:])
    assert request == "2023-08-23T15:21:40Z"
    assert record.recent_changes(again.cells, request) == 2 + quiet


# -- outcome


def test_the_outcome_is_the_same_however_often_it_is_asked_for() -> None:
    assert Ceremony(RICH).outcome.seats == Ceremony(RICH).outcome.seats


def test_the_logged_digest_is_that_of_the_beta_which_makes_the_seed() -> None:
    ceremony = Ceremony(PLAIN)
    drawn = ceremony.outcome.drawn
    assert outcome.result_commitment(ceremony.vrf["platform"], drawn.alpha) == tagged("qt/1 beta", drawn.beta)
    assert outcome.alpha_of(ceremony.record, ceremony.r, None) == drawn.alpha


def test_alpha_needs_a_beacon_exactly_when_the_record_names_one() -> None:
    plain, beacon = Ceremony(PLAIN), Ceremony(BEACON)
    with pytest.raises(RecordError, match=r"outcome\.beacon"):
        outcome.alpha_of(plain.record, plain.r, bytes(48))
    with pytest.raises(RecordError, match=r"outcome\.beacon"):
        outcome.alpha_of(beacon.record, beacon.r, None)
    assert beacon.beacon is not None
    signature = bytes.fromhex(beacon.beacon["signature"])
    assert outcome.alpha_of(beacon.record, beacon.r, signature) == beacon.alpha


def test_other_cells_or_another_key_than_the_sealed_ones_draw_nobody() -> None:
    ceremony, other = Ceremony(PLAIN), Ceremony(replace(PLAIN, seed=28))
    key = ceremony.vrf["platform"]
    with pytest.raises(RecordError, match=r"outcome\.cells"):
        outcome.draw(ceremony.record, other.cells, key=key, alpha=ceremony.alpha)
    stranger = VrfKey.from_seed(bytes(32))
    with pytest.raises(RecordError, match=r"outcome\.vrf_key"):
        outcome.draw(ceremony.record, ceremony.cells, key=stranger, alpha=ceremony.alpha)


def test_an_answer_by_another_key_moves_nobody() -> None:
    ceremony = Ceremony(PLAIN)
    pi = VrfKey.from_seed(bytes(32)).prove(b"anything")
    vacancy = Vacancy(t=1, seat=0, mode="supervisor", pi=pi)
    with pytest.raises(VrfError):
        outcome.fold(ceremony.record, ceremony.outcome.drawn, [vacancy])
    with pytest.raises(LifecycleError):
        outcome.fold(ceremony.record, ceremony.outcome.drawn, [replace(vacancy, pi=None)])


# -- bundles and disclosure


@pytest.mark.parametrize(
    ("types", "stage"),
    [
        (["request"], "requested"),
        (["request", "seal"], "sealed"),
        (["request", "seal", "result"], "revealed"),
        (["request", "seal", "result", "open"], "opened"),
        (["request", "seal", "result", "abort"], "aborted"),
    ],
)
def test_the_stage_follows_from_the_entries(types: list[str], stage: str) -> None:
    assert proof.stage_of(types) == stage


def test_a_bundle_with_parts_missing_or_too_early_is_not_assembled() -> None:
    ceremony = Ceremony(PLAIN)
    parts = proof.BundleParts(
        origin="log", seal_note="note", final_note="note", consistency=[], entries=ceremony.logged(),
        rules=PLAIN.rules.to_json(), opening=ceremony.opening(),
    )  # fmt: skip
    assert proof.assemble(parts)["stage"] == "opened"
    for lacking in ({"rules": None}, {"seal_note": None}, {"consistency": None}):
        with pytest.raises(RecordError, match=r"proof\.sealed_parts"):
            proof.assemble(replace(parts, **lacking))  # type: ignore[arg-type]
    with pytest.raises(RecordError, match=r"proof\.opening"):
        proof.assemble(replace(parts, opening=None))
    sealed = [one for one in parts.entries if one.entry.type not in ("open", "result")]
    with pytest.raises(RecordError, match=r"proof\.opening"):
        proof.assemble(replace(parts, entries=sealed))


def test_oversized_files_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    ceremony = Ceremony(SMALL)
    expert = ceremony.records[0].id
    monkeypatch.setattr("draw.proof.MAX_BUNDLE_BYTES", 100)
    monkeypatch.setattr("draw.disclosure.MAX_POOL_FILE_BYTES", 100)
    monkeypatch.setattr("draw.disclosure.MAX_RECEIPT_BYTES", 100)
    with pytest.raises(RecordError, match=r"proof\.too_large"):
        proof.bundle_bytes(ceremony.bundle())
    with pytest.raises(RecordError, match=r"disclosure\.too_large"):
        disclosure.pool_file_bytes(ceremony.pool_file())
    with pytest.raises(RecordError, match=r"disclosure\.too_large"):
        disclosure.receipt_bytes(ceremony.receipt(expert))


def test_a_bundle_before_the_opening_holds_no_name_position_or_size() -> None:
    ceremony = Ceremony(replace(RICH, events=(), stage="revealed"))
    text = proof.bundle_bytes(ceremony.bundle()).decode("utf-8")
    cells = ceremony.cells
    for row in range(len(ceremony.records)):
        assert ceremony.records[row].id not in text
        assert ceremony.records[row].name not in text
        assert ceremony.snapshot.leaf_hashes[row].hex() not in text
    assert ceremony.outcome.drawn.beta.hex() not in text
    assert ceremony.outcome.drawn.pi.hex() not in text
    assert cells.cell_key.hex() not in text
    assert cells.tag_key.hex() not in text


def test_the_roster_names_the_seats_of_the_opening() -> None:
    ceremony = Ceremony(RICH)
    listed: Any = ceremony.opening()["roster"]
    named = disclosure.roster(ceremony.outcome, ceremony.cells)
    assert [(seat, one.name) for seat, one in named] == [
        (item["seat"], item["fields"]["name"]["value"]) for item in listed
    ]


def test_a_receipt_is_for_members_of_the_pool_only() -> None:
    with pytest.raises(SnapshotError, match=r"snapshot\.unknown"):
        Ceremony(SMALL).receipt("nobody")


def test_an_exclusion_opens_for_the_excluded_only() -> None:
    cells = Ceremony(PLAIN).cells
    eligible = next(cells.eligible_rows())
    with pytest.raises(SnapshotError, match=r"cells\.not_excluded"):
        cells.exclusion(eligible)
    row = next(iter(cells.reasons))
    opened = cells.exclusion(row)
    assert opened.reasons == cells.reasons[row]
    leaf = cells.excluded.tree.node(0, opened.index)
    verify_inclusion(
        leaf_hash=leaf,
        index=opened.index,
        size=cells.excluded.size,
        proof=opened.proof,
        root=cells.excluded.root,
    )


def test_two_draws_of_one_pool_cannot_be_linked() -> None:
    first, second = Ceremony(PLAIN), Ceremony(PLAIN)
    second.cell_key, second.tag_key = bytes(32), bytes(31) + b"\x01"
    shown = [
        {leaf[at : at + 32] for c in (ceremony.cells,) for i in range(c.sizes[1][1])
         for leaf in [c.opening(1, 1, i).leaf] for at in (0, 32)}
        for ceremony in (first, second)
    ]  # fmt: skip
    assert not shown[0] & shown[1]
    assert not set(first.cells.tags.values()) & set(second.cells.tags.values())
