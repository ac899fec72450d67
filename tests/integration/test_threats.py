"""The named attacks on a draw, each carried out with all keys of the attacker, and who finds them out.

The platform (operator) holds its own keys, the pool and all cell keys; parties that collude sign whatever it
wants. Attacks on single fields are the forgeries of `tests.support.forgeries`; here stand the attacks as
stories. Those that only the parties' running nodes can stop are in `test_threats_at_nodes`.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from crypto import sealing, vrf
from crypto.beacon import verify_round
from crypto.commitment import commit_role
from crypto.errors import BeaconError, SealError, VrfError
from crypto.merkle import leaf_hash
from draw import record
from draw.errors import LifecycleError, RecordError, SelectionError
from draw.lifecycle import advance, may_open_escrow
from draw.record import BeaconChoice
from draw.replacement import Event, apply_event
from draw.verify.errors import ProofError
from draw.verify.verifier import verify
from tests.support.ceremony import DEADLINES, DRAND, ROUND_1000, Ceremony, Plan, bundle_bytes, secret
from tests.support.forgeries import FORGERIES, Evidence
from tests.support.forgery import BEACON, RICH, inside
from tests.support.off_subgroup import g1_off_subgroup
from tests.support.synthetic_pool import Shape

BY_NAME = {forgery.name: forgery for forgery in FORGERIES}
PLAIN = replace(RICH, events=())


def verdict(evidence: Evidence) -> int | None:
    try:
        verify(
            evidence.bundle,
            trust=evidence.trust,
            pool_file=evidence.pool_file,
            receipt=evidence.receipt,
            reply=evidence.reply,
        )
    except ProofError as error:
        return error.number
    return None


def assert_found(*names: str) -> None:
    """Each forgery is found, at its check."""
    for name in names:
        assert verdict(BY_NAME[name].make()) == BY_NAME[name].number, name


def seated(ceremony: Ceremony) -> list[str]:
    """Ids of the panel in the end."""
    return [
        ceremony.records[ceremony.cells.row(at.stratum, at.site, at.index)].id
        for at in ceremony.outcome.seats
        if at is not None
    ]


# -- the operator grinds


@pytest.mark.parametrize("ground", ["cell_key", "tag_key", "case_salt"])
def test_an_operator_who_grinds_salts_learns_nothing_before_the_reveals(ground: str) -> None:
    """Every other salt gives another record and another alpha; which is better depends on secrets."""
    first, second = Ceremony(PLAIN), Ceremony(PLAIN)
    setattr(second, ground, bytes(32))
    assert first.record.hash != second.record.hash
    assert first.alpha != second.alpha
    # The same record with other secrets of the agency gives another alpha too: grinding is blind.
    third = Ceremony(PLAIN)
    third.r["agency"] = bytes(32)
    assert first.alpha != third.alpha


def test_an_operator_who_grinds_the_salt_after_the_reveals_is_found() -> None:
    assert_found("size-salt", "record-edited-after-seal", "seal-twice", "pi-of-another-draw")


def test_an_operator_cannot_reorder_a_list() -> None:
    """Positions follow from leaf hashes, and those from salts that no reveal has touched yet."""
    ceremony = Ceremony(PLAIN)
    cell = ceremony.cells.grid[1][1]
    leaves = [leaf_hash(ceremony.cells.opening(1, 1, i).leaf) for i in range(cell.size)]
    assert leaves == sorted(leaves)
    assert_found("leaf-proof-edited", "leaf-edited", "eligible-hidden", "other-site")


# -- re-roll and abandon


def test_a_re_roll_needs_a_second_result_and_every_way_to_one_is_found() -> None:
    assert_found(
        "result-twice",
        "pi-of-another-draw",
        "reroll-claiming-a-person",
        "reroll-claiming-an-employer",
        "conflict-accepted",
    )


def test_an_abandoned_draw_stays_in_the_log_and_its_successor_must_name_it() -> None:
    assert_found("second-round-hides-first", "previous-not-before", "abort-then-on", "opened-then-aborted")
    again = Ceremony(replace(PLAIN, round=2, previous=4), prefix=7)
    assert verdict(Evidence(bundle=bundle_bytes(again.bundle()))) is None
    assert again.record.body["previous"] == 4


# -- fake decline


def test_a_fake_decline_cannot_reach_a_friend() -> None:
    """The platform cannot know where an event leads before the supervisor answers: answers differ."""
    ceremony = Ceremony(Plan(seed=1))
    state = ceremony.outcome.drawn.panel
    reached = set()
    for key in range(40):
        other = vrf.VrfKey.from_seed(bytes([key]) * 32)
        event = Event(t=1, seat=0, mode="supervisor", beta_s=vrf.proof_to_hash(other.prove(b"alpha")))
        reached.add(apply_event(state, event)[1].position)
    assert len(reached) > 1


def test_a_decline_without_the_supervisors_answer_is_found() -> None:
    assert_found("answer-hidden", "answer-by-platform-vrf", "answer-before-event", "event-number-twice")
    assert_found("answer-of-the-next-event", "event-before-result", "event-after-open")


def test_the_platform_cannot_name_a_seat_after_it_knows_the_successor() -> None:
    assert_found("seat-swapped", "seat-salt")


# -- stuffing, exclusions, edits after the seal


def test_pool_stuffing_before_a_draw_is_visible_as_recent_changes() -> None:
    quiet = Ceremony(PLAIN)
    stuffed = Ceremony(PLAIN)
    stuffed.records = [
        replace(one, absences=replace(one.absences, changed="2023-08-23T15:00:00Z")) for one in quiet.records
    ]
    eligible = len(set(stuffed.cells.eligible_rows()))
    assert stuffed.record.body["recent_changes"] == eligible > quiet.record.body["recent_changes"]
    assert_found("pool-after-request", "pool-stuffed", "stuffed-cell", "recent-changes-hidden")


def test_stuffing_a_list_twice_shows_the_supervisor_and_the_expert() -> None:
    assert_found("stuffed-cell", "drawn-at-the-other-place")


def test_a_false_exclusion_shows_the_supervisor_and_the_expert() -> None:
    assert_found(
        "false-exclusion", "reason-edited", "reason-added", "told-another-reason", "told-out-of-scope"
    )


@pytest.mark.parametrize(
    "name",
    [
        "reason-edited",
        "eligible-hidden",
        "size-plus-one",
        "tag-edited",
        "tag-forged",
        "sizes-swapped",
        "record-sites-0-max",
    ],
)
def test_an_edited_reason_list_size_tag_or_table_is_found(name: str) -> None:
    assert_found(name)


# -- withheld reveals and escrow


@pytest.mark.parametrize("silent", ["agency", "supervisor"])
def test_a_withheld_reveal_is_opened_from_escrow_and_the_draw_is_the_same(silent: str) -> None:
    spoken, escrowed = Ceremony(PLAIN), Ceremony(replace(PLAIN, from_escrow=(silent,)))
    assert escrowed.record.hash == spoken.record.hash
    assert seated(escrowed) == seated(spoken)
    assert verdict(Evidence(bundle=bundle_bytes(escrowed.bundle()))) is None


def test_the_cosigner_holds_the_very_secret_and_nobody_else_can_open_it() -> None:
    ceremony = Ceremony(PLAIN)
    private = secret(PLAIN, "x25519")
    info = b"qt/1 escrow\0" + ceremony.record.hash + b"agency"
    sealed = sealing.seal(ceremony.sealing_public, info, ceremony.r["agency"])
    held = sealing.open_sealed(private, info, sealed)
    assert commit_role(ceremony.index("request"), "agency", held) == ceremony.commitment("agency")
    other = b"qt/1 escrow\0" + bytes(32) + b"agency"
    with pytest.raises(SealError):
        sealing.open_sealed(private, other, sealed)


def test_the_cosigner_opens_no_escrow_before_the_deadline() -> None:
    assert not may_open_escrow("escrowed", now=DEADLINES.reveal, deadlines=DEADLINES)
    assert not may_open_escrow("sealed", now=DEADLINES.open, deadlines=DEADLINES)
    assert may_open_escrow("escrowed", now=DEADLINES.open, deadlines=DEADLINES)


def test_a_missing_or_wrong_escrow_voids_the_draw_before_anyone_learns_anything() -> None:
    assert advance("sealed", "aborted", now=DEADLINES.reveal).target == "aborted"
    with pytest.raises(LifecycleError):
        advance("sealed", "revealed", now=DEADLINES.reveal)
    assert_found("escrow-hidden", "escrow-wrong", "escrow-after-reveal", "escrow-before-seal", "escrow-twice")


def test_a_reveal_that_does_not_open_its_commitment_is_found() -> None:
    assert_found("reveal-changed", "reveals-swapped", "reveal-twice", "escrow-reveal-by-holder")


# -- split view


def test_a_log_shown_differently_to_two_readers_is_found() -> None:
    assert_found("split-view", "seal-not-covered", "reveal-covered", "no-cosigner", "cosigner-impersonated")


# -- VRF


def test_every_flipped_bit_of_the_vrf_proof_is_found() -> None:
    ceremony = Ceremony(PLAIN)
    key, alpha = ceremony.vrf["platform"], ceremony.alpha
    pi = key.prove(alpha)
    for bit in range(80 * 8):
        flipped = bytearray(pi)
        flipped[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(VrfError):
            vrf.verify(key.public, alpha, bytes(flipped))
        assert verdict(Evidence(bundle=_with_pi(ceremony, bytes(flipped)))) == 14


def _with_pi(ceremony: Ceremony, pi: bytes) -> bytes:
    if ceremony not in _BUNDLES:
        _BUNDLES[ceremony] = ceremony.bundle()
    bundle = dict(_BUNDLES[ceremony])
    bundle["opening"] = {**bundle["opening"], "pi": pi.hex()}
    return bundle_bytes(bundle)


_BUNDLES: dict[Ceremony, dict[str, Any]] = {}


def test_small_order_non_canonical_and_unreduced_vrf_values_are_found() -> None:
    assert_found("vrf-key-identity", "vrf-key-order-2", "vrf-key-order-4", "vrf-key-order-8")
    assert_found("vrf-key-y-not-reduced", "vrf-key-off-curve", "gamma-identity", "gamma-order-8")
    assert_found("gamma-y-not-reduced", "s-not-reduced", "vrf-key-shared")


# -- beacon


def test_the_genuine_round_is_accepted_and_everything_near_it_refused() -> None:
    genuine = bytes.fromhex(next(o["signature"] for o in DRAND["quicknet"]["rounds"] if o["round"] == 1000))
    assert len(verify_round("quicknet", 1000, genuine)) == 32
    for chain, number, signature in (
        ("quicknet", 999, genuine),
        ("quicknet", 1001, genuine),
        ("default", 1000, genuine),
        ("quicknet", 1000, g1_off_subgroup()),
    ):
        with pytest.raises(BeaconError):
            verify_round(chain, number, signature)
    assert_found(
        "beacon-round-1", "beacon-other-chain", "beacon-off-subgroup", "beacon-one-bit", "beacon-dropped"
    )
    assert_found("beacon-known-before", "beacon-too-close", "cosigned-late", "beacon-identity")


def test_a_record_with_a_round_too_close_is_never_built() -> None:
    near = replace(BEACON, beacon=BeaconChoice(chain="quicknet", round=600))
    with pytest.raises(RecordError, match=r"record\.beacon"):
        record.build(Ceremony(near).record_parts())
    assert record.build(Ceremony(BEACON).record_parts()).body["beacon"] == ROUND_1000.to_json()


# -- replay and other versions


def test_a_bundle_of_another_project_proves_nothing_about_this_one() -> None:
    """Its request and record hash another section; the reader compares that with the project at hand."""
    ours, theirs = Ceremony(PLAIN), Ceremony(replace(PLAIN, case=replace(PLAIN.case, project="works-0002")))
    assert ours.record.body["section"] != theirs.record.body["section"]
    spliced = json.loads(bundle_bytes(theirs.bundle()))
    spliced["opening"] = json.loads(bundle_bytes(ours.bundle()))["opening"]
    assert verdict(Evidence(bundle=bundle_bytes(spliced))) == 14
    assert_found("case-of-another-section", "record-section")


def test_entries_of_another_draw_do_not_fit_in() -> None:
    assert_found(
        "commitment-of-another-draw",
        "reveal-of-another-draw",
        "result-of-another-draw",
        "event-of-another-draw",
    )


def test_a_commitment_cannot_be_replayed_in_a_later_draw() -> None:
    r = bytes(32)
    assert commit_role(4, "agency", r) != commit_role(5, "agency", r) != commit_role(5, "supervisor", r)


def test_another_protocol_version_is_refused_at_the_door() -> None:
    assert_found("other-protocol-version", "other-format", "other-suite", "unknown-rule")


# -- hostile JSON


@pytest.mark.parametrize("name", [forgery.name for forgery in FORGERIES if forgery.number == 1])
def test_hostile_json_is_refused_at_the_door(name: str) -> None:
    assert_found(name)


@pytest.mark.timeout(60)
def test_a_hundred_megabytes_are_refused_without_being_read() -> None:
    assert verdict(Evidence(bundle=b"[" + b" " * (100 * 1024 * 1024))) == 1
    assert verdict(Evidence(bundle=b'{"a":"' + b"x" * (65 * 1024 * 1024) + b'"}')) == 1


# -- an empty filter


def test_an_empty_filter_lets_nobody_in_and_the_draw_is_refused() -> None:
    """A specialty that nobody has gives zero eligible experts, never all of them."""
    ceremony = Ceremony(replace(PLAIN, shape=replace(PLAIN.shape, strata=(2, 1))))
    nobody = replace(
        ceremony.parameters,
        strata=tuple(replace(one, prefixes=("C99",)) for one in ceremony.parameters.strata),
    )
    type_of = type(ceremony)

    class Nobody(type_of):  # type: ignore[misc,valid-type]
        parameters = nobody

    empty = Nobody(PLAIN)
    assert empty.cells.sizes == ((0, 0), (0, 0))
    with pytest.raises(RecordError, match=r"record\.infeasible") as refused:
        record.build(empty.record_parts())
    assert {reason.code for reason in refused.value.details["shortfalls"]} >= {"stratum.eligible"}  # type: ignore[attr-defined]


def test_a_sealed_draw_that_nobody_fits_cannot_be_drawn() -> None:
    ceremony = Ceremony(Plan(seed=1, shape=Shape(experts=0)))
    with pytest.raises(SelectionError, match=r"selection\.no_table"):
        ceremony.outcome.seats  # noqa: B018 - asks for the outcome, which is refused


# -- all three parties collude


def test_only_a_beacon_stops_three_colluding_parties_and_the_record_says_so() -> None:
    """Without a beacon, agency, supervisor and platform together can try secrets until a friend is drawn."""
    plan = replace(PLAIN, shape=Shape(experts=24, employers=12), seed=2)
    panels = set()
    for attempt in range(20):
        ceremony = Ceremony(plan)
        ceremony.r["agency"] = bytes([attempt]) * 32
        panels.add(tuple(seated(ceremony)))
    assert len(panels) > 1
    assert Ceremony(plan).record.body["beacon"] is None
    lie = Ceremony(replace(plan, stage="revealed"))
    lie.cheats["result"] = inside("beacon", value=Ceremony(BEACON).beacon)
    assert verdict(Evidence(bundle=bundle_bytes(lie.bundle()))) == 10
