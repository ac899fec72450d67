"""Whole bundles: honest ones of every stage pass with the right report; whatever bytes arrive, ProofError is
the only error."""

import json
import random
import sys
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draw.verify.errors import ProofError
from draw.verify.report import Report
from draw.verify.texts import TEXTS
from draw.verify.verifier import verify
from tests.support.ceremony import ROUND_1000, Ceremony, Plan, bundle_bytes
from tests.support.invited import ABSENCES, INVITED, PARALLEL
from tests.support.synthetic_pool import Shape

EVENTS = ((0, "decline", "supervisor"), (1, "timeout", "own-order"), (0, "no_show", "supervisor"))
RICH = Ceremony(Plan(events=EVENTS, beacon=ROUND_1000))
BUNDLE = bundle_bytes(RICH.bundle())
POOL = bundle_bytes(RICH.pool_file())
SEALED_CHECKS = [*range(1, 13), 27, 13]
OPENED_CHECKS = [*SEALED_CHECKS, *range(14, 22)]
INVITED_CHECKS = [*range(1, 13), 23, 24, 27, *range(13, 21), 25, 26, 21]


def receipts() -> dict[str, bytes]:
    """One receipt per kind of outcome."""
    found: dict[str, bytes] = {}
    for record in RICH.records:
        receipt: Any = RICH.receipt(record.id)
        found.setdefault(receipt["outcome"]["kind"], bundle_bytes(receipt))
    return found


RECEIPTS = receipts()


def numbers(report: Report) -> list[int]:
    return [check.number for check in report.checks]


@pytest.mark.parametrize(
    ("plan", "stage", "checks"),
    [
        (Plan(stage="requested"), "requested", list(range(1, 14))),
        (Plan(stage="sealed"), "sealed", SEALED_CHECKS),
        (Plan(stage="escrowed"), "sealed", SEALED_CHECKS),
        (Plan(stage="revealed", events=EVENTS), "revealed", SEALED_CHECKS),
        (replace(ABSENCES, stage="revealed"), "revealed", [*range(1, 13), 23, 24, 27, 13]),
        (PARALLEL, "opened", INVITED_CHECKS),
        (ABSENCES, "opened", INVITED_CHECKS),
        (INVITED, "opened", INVITED_CHECKS),
        (Plan(beacon=ROUND_1000), "opened", OPENED_CHECKS),
        (Plan(stage="requested", abort="request_changed"), "aborted", [*range(1, 14), 22]),
        (Plan(stage="escrowed", abort="reveal_missing"), "aborted", [*SEALED_CHECKS, 22]),
        (replace(PARALLEL, stage="revealed", abort="fault"), "aborted", [*INVITED_CHECKS[:16], 22]),
        (Plan(from_escrow=("agency", "supervisor")), "opened", OPENED_CHECKS),
        (Plan(round=2, previous=3), "opened", OPENED_CHECKS),
    ],
)
def test_honest_bundles_of_every_stage_pass(plan: Plan, stage: str, checks: list[int]) -> None:
    report = verify(bundle_bytes(Ceremony(plan).bundle()))
    assert (report.stage, report.levels, numbers(report)) == (stage, ("public",), checks)


def test_the_supervisor_recomputes_every_list_and_the_expert_finds_their_own_place() -> None:
    assert set(RECEIPTS) == {"eligible", "excluded", "out_of_scope"}
    for receipt in RECEIPTS.values():
        report = verify(BUNDLE, pool_file=POOL, receipt=receipt)
        assert report.levels == ("public", "supervisor", "expert")
        assert numbers(report) == [*OPENED_CHECKS, 31, 32, 33, 34, 35, 36, 41, 42, 43, 44]


def test_seats_show_the_published_fields_of_the_final_panel() -> None:
    report = verify(BUNDLE)
    published = {record.name for record in RICH.records}
    assert [seat.seat for seat in report.seats] == list(range(len(report.seats)))
    assert all(set(seat.fields) == {"name", "employers", "region"} for seat in report.seats if seat.at)
    assert {seat.fields["name"] for seat in report.seats if seat.at} <= published


def test_notes_say_what_passing_does_not_mean() -> None:
    plain = verify(bundle_bytes(Ceremony(Plan(stage="sealed")).bundle()))
    assert {note.code for note in plain.notes} == {"keys-not-compared", "no-beacon", "not-opened"}
    trusted = verify(BUNDLE, trust=bundle_bytes(RICH.trust()))
    assert trusted.keys_compared
    assert {note.code for note in trusted.notes} == {"own-order", "grounds-not-checked"}
    assert all(len(digits) == 16 for digits in trusted.fingerprints.values())
    assert set(trusted.fingerprints) == {"platform", "agency", "supervisor", "cosigner"}


def test_answers_that_came_after_their_seat_had_passed_on_are_counted_and_told() -> None:
    report = verify(bundle_bytes(Ceremony(INVITED).bundle()))
    assert report.late_answers == 1
    note = next(note for note in report.notes if note.code == "late-answers")
    assert note.zh.startswith("有 1 个")
    assert note.en.startswith("1 answer")


def test_an_expert_finds_the_own_answer_in_a_bundle_that_reaches_so_far() -> None:
    ceremony = Ceremony(ABSENCES)
    bundle = bundle_bytes(ceremony.bundle())
    for number in range(1, len(ABSENCES.guests.said) + 1):
        report = verify(bundle, reply=bundle_bytes(ceremony.reply_receipt(number)))
        assert report.levels == ("public", "expert")
        assert numbers(report) == [*INVITED_CHECKS, 45, 46]
    receipt = ceremony.reply_receipt(1, size=ceremony.index("reply:1") + 1)
    assert numbers(verify(bundle, reply=bundle_bytes(receipt))) == [*INVITED_CHECKS, 45, 46]


def test_an_older_bundle_says_that_it_does_not_reach_the_answer() -> None:
    ceremony = Ceremony(PARALLEL)
    younger = Ceremony(replace(PARALLEL, stage="revealed"))
    del younger.labels[younger.index("reply:1") :]
    report = verify(bundle_bytes(younger.bundle()), reply=bundle_bytes(ceremony.reply_receipt(1)))
    assert numbers(report)[-2:] == [13, 45]
    assert "reply-not-covered" in {note.code for note in report.notes}


def test_an_override_of_the_anonymity_factor_is_shown() -> None:
    rules = replace(Plan().rules, anonymity=replace(Plan().rules.anonymity, factor=40))
    ceremony = Ceremony(Plan(rules=rules, override="too few experts of this kind in the province"))
    report = verify(bundle_bytes(ceremony.bundle()), pool_file=bundle_bytes(ceremony.pool_file()))
    assert report.override == "too few experts of this kind in the province"
    assert "anonymity-override" in {note.code for note in report.notes}


def test_a_trust_file_that_does_not_list_a_key_fails_the_keys() -> None:
    trust: Any = RICH.trust()
    trust["cosigner"] = ["00" * 32]
    with pytest.raises(ProofError) as caught:
        verify(BUNDLE, trust=bundle_bytes(trust))
    assert (caught.value.number, caught.value.name) == (4, "keys")


def test_a_trust_file_spelled_otherwise_fails_the_keys() -> None:
    with pytest.raises(ProofError) as caught:
        verify(BUNDLE, trust=bundle_bytes(RICH.trust()) + b"\n")
    assert caught.value.number == 4


def test_a_receipt_or_pool_file_of_another_draw_is_told() -> None:
    other = Ceremony(Plan(seed=9), prefix=2)
    for number, files in (
        (31, {"pool_file": bundle_bytes(other.pool_file())}),
        (41, {"receipt": bundle_bytes(other.receipt(other.records[0].id))}),
    ):
        with pytest.raises(ProofError) as caught:
            verify(BUNDLE, **files)
        assert caught.value.number == number


def test_an_eligible_receipt_needs_the_opened_bundle() -> None:
    """Inclusion cannot be judged without the cell's size, which is hidden until the opening."""
    sealed = Ceremony(replace(RICH.plan, stage="revealed"))
    with pytest.raises(ProofError) as caught:
        verify(bundle_bytes(sealed.bundle()), receipt=RECEIPTS["eligible"])
    assert caught.value.number == 43
    assert verify(bundle_bytes(sealed.bundle()), receipt=RECEIPTS["excluded"]).levels == ("public", "expert")


def test_every_error_speaks_chinese_and_english_and_names_who_must_act() -> None:
    assert set(TEXTS) == {*range(1, 28), *range(31, 37), *range(41, 47)}
    with pytest.raises(ProofError) as caught:
        verify(b"")
    error = caught.value
    assert (error.number, error.name) == (1, "format")
    assert error.zh
    assert error.en
    assert error.responsible


def calls_of(bundle: bytes, **files: bytes) -> int:
    """How many Python functions a verification calls: its work, whatever else the machine does."""
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        verify(bundle, **files)
    finally:
        sys.setprofile(before)
    return calls


def test_three_times_the_pool_is_as_much_work_for_the_public_and_three_times_for_the_supervisor() -> None:
    public, supervised = [], []
    for experts in (201, 603):
        ceremony = Ceremony(Plan(shape=Shape(experts=experts, employers=97)))
        bundle, pool = bundle_bytes(ceremony.bundle()), bundle_bytes(ceremony.pool_file())
        public.append(calls_of(bundle))
        supervised.append(calls_of(bundle, pool_file=pool))
    assert public[1] < 1.2 * public[0]
    assert supervised[1] < 3.3 * supervised[0]


def refused(data: bytes, **files: bytes) -> ProofError | None:
    """The ProofError of these bytes, None when they pass. Any other error ends the test."""
    found: ProofError | None = None
    try:
        verify(data, **files)
    except ProofError as error:
        found = error
    # The last fence must not be what catches hostile input.
    assert found is None or "internal" not in found.detail, (found.number, found.detail)
    return found


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_as_format(data: bytes) -> None:
    for error in (refused(data), refused(b"\xef\xbb\xbf" + data), refused(BUNDLE + data + b" ")):
        assert error is not None
        assert error.number == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_random_json_is_refused_in_every_place(value: object) -> None:
    data = json.dumps(value).encode("utf-8", "surrogatepass")
    for number, files in ((1, {}), (4, {"trust": data}), (31, {"pool_file": data}), (41, {"receipt": data})):
        error = refused(data if number == 1 else BUNDLE, **files)
        assert error is not None
        assert error.number == number


def test_any_single_flipped_bit_is_refused() -> None:
    chance = random.Random(7)
    for _ in range(150):
        at = chance.randrange(len(BUNDLE))
        bent = BUNDLE[:at] + bytes([BUNDLE[at] ^ 1 << chance.randrange(8)]) + BUNDLE[at + 1 :]
        assert refused(bent) is not None


ODD: list[Any] = [
    None,
    True,
    0,
    1,
    -1,
    2**53 - 1,
    2**32,
    "",
    "0" * 64,
    "\u0000",
    "签",
    [],
    {},
    [0, 0, 0],
    [[]],
    16,
    17,
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deep for key, item in inner for deep in places(item, (*path, key)))]


def mutated(value: Any, path: tuple[Any, ...], chance: random.Random) -> Any:
    """The value with one place changed, removed, doubled or swapped for an odd one."""
    if not path:
        return chance.choice(ODD)
    target = value
    for step in path[:-1]:
        target = target[step]
    choice = chance.randrange(4)
    if choice == 0:
        del target[path[-1]]
    elif choice == 1 and isinstance(target, list):
        target.insert(path[-1], target[path[-1]])
    elif choice == 2 and isinstance(target[path[-1]], int):
        target[path[-1]] += chance.choice((1, -1, 2**52))
    else:
        target[path[-1]] = chance.choice(ODD)
    return value


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["bundle", "opening", "pool", "receipt"]))
def test_random_mutations_of_well_formed_files_raise_nothing_but_proof_errors(seed: int, where: str) -> None:
    """Canonical again after the change, so that the mutation reaches past check 1."""
    chance = random.Random(seed)
    source = {"pool": POOL, "receipt": RECEIPTS[chance.choice(sorted(RECEIPTS))]}.get(where, BUNDLE)
    value = json.loads(source)
    paths = places(value)
    if where == "opening":
        paths = [path for path in paths if path[:1] == ("opening",)]
    for _ in range(chance.choice((1, 1, 2))):
        path = chance.choice(paths)
        try:
            value = mutated(value, path, chance)
        except (KeyError, IndexError, TypeError):
            continue  # the first mutation took this place away
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    if data == source:
        return
    files = {"pool": {"pool_file": data}, "receipt": {"receipt": data}}.get(where, {})
    assert refused(BUNDLE if files else data, **files) is not None
