"""Forged bundles for checks 6 to 13 and 22: what the parties log, in which order and signed by whom (§10)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from crypto.signing import SigningKey
from draw.avoidance.rules import Rules
from draw.entries import Entry, Signature, message
from draw.replacement import supervisor_alpha
from tests.support import synthetic_pool
from tests.support.ceremony import Ceremony, Plan, secret
from tests.support.forgery import (
    ABORTED,
    BEACON,
    RICH,
    SEALED,
    TOP_UP,
    Json,
    add,
    at_time,
    bent,
    body,
    cheated,
    entry_of,
    forged_line,
    forges,
    honest,
    inside,
    put,
)
from tests.support.synthetic_pool import Shape

REVEALED = replace(BEACON, stage="revealed")
# Where a lie changes the outcome, events for a seat that is now vacant would be a second lie.
PLAIN = replace(RICH, events=())
STRANGER = SigningKey.from_seed(secret(BEACON, "stranger"))


def bundle_of(ceremony: Ceremony) -> Json:
    bundle: Json = ceremony.bundle()
    return bundle


def case_of(number: int, name: str, title: str, make: Callable[[], Ceremony]) -> None:
    add(number, name, title, lambda: bundle_of(make()))


def _unsigned(number: int, label: str, role: str, line: int = 0, plan: Plan = PLAIN) -> None:
    """A broken signature of `role` under the entry."""

    def make() -> Ceremony:
        ceremony = Ceremony(plan)
        ceremony.forged[label] = forged_line(role, line)
        return ceremony

    slug = label.replace(":", "-")
    case_of(number, f"{slug}-unsigned-by-{role}", f"the {role}'s signature under {label} is broken", make)


def _impersonated(number: int, label: str, role: str, plan: Plan = PLAIN) -> None:
    """A stranger signs properly, with a key of their own, in the name of `role`."""

    def make() -> Ceremony:
        ceremony = Ceremony(plan)
        ceremony.forged[label] = lambda entry: ceremony.sign(entry, {role: STRANGER})
        return ceremony

    slug = label.replace(":", "-")
    case_of(number, f"{slug}-by-a-stranger-as-{role}", f"a stranger signs {label} as {role}", make)


def _moved(  # noqa: PLR0917 - a table of lies reads best by position
    number: int, name: str, title: str, label: str, after: str, plan: Plan = PLAIN
) -> None:
    """The entry of `label` stands right after another one."""

    def make() -> Ceremony:
        ceremony = Ceremony(plan)
        ceremony.labels.remove(label)
        ceremony.labels.insert(ceremony.index(after) + 1, label)
        return ceremony

    case_of(number, name, title, make)


def _again(number: int, name: str, title: str, label: str) -> None:
    """The entry of `label` stands in the log twice."""

    def make() -> Ceremony:
        ceremony = Ceremony(RICH)
        ceremony.labels.insert(ceremony.index(label) + 1, label)
        return ceremony

    case_of(number, name, title, make)


def lie(number: int, name: str, title: str, plan: Plan = PLAIN, **cheats: Any) -> None:
    case_of(number, name, title, lambda: cheated(plan, **cheats))


def _without(  # noqa: PLR0917 - a table of lies reads best by position
    number: int, name: str, title: str, kind: str, nth: int = 0, source: str = "rich"
) -> None:
    """An entry is left out of the bundle."""
    add(
        number,
        name,
        title,
        lambda: bent(lambda bundle: bundle["entries"].remove(entry_of(bundle, kind, nth)), source),
    )


# -- 6 commitments
_without(6, "commitment-hidden", "the agency's commitment is not shown", "commit")
_without(6, "second-commitment-hidden", "the supervisor's commitment is not shown", "commit", 1)
_again(6, "commitment-twice", "the agency commits twice, to choose later", "commit:agency")
_unsigned(6, "commit:agency", "agency")
_impersonated(6, "commit:supervisor", "supervisor")
_moved(6, "commitment-before-request", "a commitment older than the request", "commit:agency", "pool")
_moved(
    6, "commitment-after-seal", "the supervisor commits after seeing the seal", "commit:supervisor", "seal"
)
lie(6, "commitment-of-another-draw", "a commitment for another draw", commit_agency=body(draw=0))


# -- 7 seal
for _line, _role in enumerate(("platform", "agency", "supervisor")):
    _unsigned(7, "seal", _role, _line)
for _role in ("agency", "supervisor"):
    _impersonated(7, "seal", _role)


@forges(7, "two sealed records, to choose from later")
def seal_twice() -> Json:
    ceremony = Ceremony(PLAIN)
    ceremony.labels.insert(ceremony.index("seal"), "seal")
    ceremony.seal_size = ceremony.index("seal") + 2
    return bundle_of(ceremony)


@forges(7, "the supervisor never signed the record")
def seal_without_supervisor() -> Json:
    ceremony = Ceremony(PLAIN)
    ceremony.forged["seal"] = lambda entry: replace(entry, signatures=entry.signatures[:2])
    return bundle_of(ceremony)


for _member, _value in {
    "draw": 0,
    "section": "11" * 32,
    "round": 2,
    "previous": 1,
    "rules": "22" * 32,
}.items():
    lie(7, f"record-{_member}", f"the record lies about {_member}", seal=inside(_member, value=_value))
for _path, _other in {
    ("parties", "agency"): "33" * 32,
    ("pool", "index"): 1,
    ("pool", "id"): "other",
    ("pool", "version"): 2,
    ("pool", "root"): "44" * 32,
    ("vrf", "platform"): "55" * 32,
    ("vrf", "supervisor"): "66" * 32,
    ("commitments", "agency"): "77" * 32,
    ("commitments", "supervisor"): "88" * 32,
    ("cap",): 3,
    ("committee", "experts"): 4,
    ("committee", "owners"): 1,
    ("sites", 0, "min"): 3,
    ("sites", 0, "max"): 0,
    ("strata", 0, "seats"): 3,
    ("anonymity", "override"): "because",
    ("anonymity", "strata", 0, "met"): False,
    ("deadlines", "reveal"): "2023-08-23T16:30:00Z",
    ("deadlines", "result"): "2023-08-23T15:30:00Z",
    ("deadlines", "open"): "2023-08-23T15:30:00Z",
}.items():
    _slug = "-".join(str(step) for step in _path)
    lie(7, f"record-{_slug}", f"the record lies about {_slug}", plan=replace(RICH, stage="sealed"),
         seal=inside(*_path, value=_other))  # fmt: skip


def _ruled(name: str, title: str, change: Callable[[Rules], Rules], shape: Shape = SEALED.shape) -> None:
    """The same request under rules that do not allow it."""
    plan = replace(SEALED, rules=change(synthetic_pool.rules()), shape=shape)
    case_of(7, name, title, lambda: Ceremony(plan))


_ruled("rules-not-yet-in-force", "rules of next month", lambda r: replace(r, effective_from="2023-08-24"))
_ruled("rules-expired", "rules of last month", lambda r: replace(r, effective_to="2023-08-22"))
_ruled(
    "committee-too-small",
    "three seats where five are due",
    lambda r: replace(r, committee=replace(r.committee, minimum=5)),
)
_ruled("committee-even", "a committee of four", lambda r: r, replace(SEALED.shape, owners=1))
_ruled(
    "too-few-experts",
    "two owners beside three experts where four fifths must be experts",
    lambda r: replace(r, committee=replace(r.committee, expert_share=(4, 5))),
    replace(SEALED.shape, owners=2),
)
_ruled(
    "too-many-owners",
    "two owners where none is allowed",
    lambda r: replace(r, owners_max=0, committee=replace(r.committee, expert_share=(1, 2))),
    replace(SEALED.shape, owners=2),
)


def _topped_up(name: str, title: str, change: Callable[[Rules], Rules], shape: Shape) -> None:
    """A further round that counts on experts of the one before, under rules that the sum does not meet."""
    plan = replace(TOP_UP, stage="sealed", rules=change(TOP_UP.rules), shape=shape)
    case_of(7, name, title, lambda: Ceremony(plan))


@forges(7, "the first round counts on two who were seated before it")
def seated_before_round_one() -> Json:
    return bundle_of(Ceremony(replace(TOP_UP, stage="sealed", round=1, previous=None)))


_topped_up("seated-even", "three seats and three seated", lambda r: r, replace(TOP_UP.shape, seated=3))
_topped_up(
    "seated-too-few",
    "three seats and two seated where seven are due",
    lambda r: replace(r, committee=replace(r.committee, minimum=7)),
    TOP_UP.shape,
)
_topped_up(
    "seated-share",
    "four owners beside three seats and two seated where two thirds must be experts",
    lambda r: replace(r, owners_max=None),
    replace(TOP_UP.shape, owners=4),
)
_ruled(
    "cap-above-rules", "two of one employer where one is allowed", lambda r: replace(r, employer_cap=1),
    replace(SEALED.shape, cap=2),
)  # fmt: skip


@forges(7, "other rules are shown than those that were sealed")
def rules_swapped() -> Json:
    return bent(lambda bundle: put(bundle, "rules", "max_age", value=90))


# -- 8 escrow
_without(8, "escrow-hidden", "the agency's escrow receipt is not shown", "escrow")
_without(8, "second-escrow-hidden", "the supervisor's escrow receipt is not shown", "escrow", 1)
_again(8, "escrow-twice", "two receipts for one secret", "escrow:agency")
_unsigned(8, "escrow:agency", "cosigner")
_impersonated(8, "escrow:supervisor", "cosigner")
_moved(
    8,
    "escrow-before-seal",
    "the cosigner vouched before there was a seal",
    "escrow:agency",
    "commit:supervisor",
)
_moved(
    8, "escrow-after-reveal", "the receipt came when a secret was out", "escrow:supervisor", "reveal:agency"
)
lie(
    8,
    "escrow-wrong",
    "the cosigner holds another secret",
    escrow_agency=inside("commitment", value="99" * 32),
)
lie(
    8,
    "escrow-of-another-record",
    "the receipt is for another record",
    escrow_agency=inside("sdr", value="99" * 32),
)
lie(8, "escrow-of-another-draw", "the receipt is for another draw", escrow_agency=inside("draw", value=0))


# -- 9 reveals
_without(9, "reveal-hidden", "the agency's secret is not shown", "reveal")
_again(9, "reveal-twice", "the agency reveals twice", "reveal:agency")
_unsigned(9, "reveal:agency", "agency")
_impersonated(9, "reveal:supervisor", "supervisor")
lie(
    9,
    "reveal-changed",
    "the agency reveals what it did not commit to",
    reveal_agency=inside("r", value="ab" * 32),
)
lie(
    9, "reveal-of-another-record", "a reveal for another record", reveal_agency=inside("sdr", value="ab" * 32)
)
lie(9, "reveal-of-another-draw", "a reveal for another draw", reveal_agency=inside("draw", value=0))


@forges(9, "agency and supervisor swap their secrets")
def reveals_swapped() -> Json:
    ceremony = Ceremony(PLAIN)
    ceremony.cheats["reveal:agency"] = inside("r", value=ceremony.r["supervisor"].hex())
    ceremony.cheats["reveal:supervisor"] = inside("r", value=ceremony.r["agency"].hex())
    return bundle_of(ceremony)


@forges(9, "a reveal 'from escrow' that the cosigner did not sign")
def escrow_reveal_by_holder() -> Json:
    ceremony = Ceremony(PLAIN)

    def claim(entry: Entry) -> Entry:
        signed = ceremony.sign(replace(entry, body={**entry.body, "from": "holder"}))
        return ceremony_line(ceremony, replace(signed, body={**entry.body, "from": "escrow"}), "agency")

    ceremony.forged["reveal:agency"] = claim
    return bundle_of(ceremony)


def ceremony_line(ceremony: Ceremony, entry: Entry, role: str) -> Entry:
    """The entry signed by one role alone, whatever the table asks for."""
    key = ceremony.keys[role]
    return replace(
        entry, signatures=(Signature(role=role, key=key.public, signature=key.sign(message(entry))),)
    )


# -- 11 result
_unsigned(11, "result", "platform")
_impersonated(11, "result", "platform")
_again(11, "result-twice", "two results to choose from", "result")
_moved(11, "result-before-reveals", "the result came before the last reveal", "reveal:supervisor", "result")
lie(11, "result-alpha", "an alpha that the reveals do not give", result=inside("alpha", value="cd" * 32))
lie(11, "result-late", "the result came after its deadline", result=at_time("2023-08-23T18:00:00Z"))
lie(11, "result-of-another-record", "a result for another record", result=inside("sdr", value="cd" * 32))
lie(11, "result-of-another-draw", "a result for another draw", result=inside("draw", value=0))


# -- 12 events
_unsigned(12, "event:1", "platform", plan=RICH)
_impersonated(12, "event:2", "platform", plan=RICH)
_unsigned(12, "answer:1", "supervisor", plan=RICH)
_impersonated(12, "answer:2", "supervisor", plan=RICH)
lie(12, "event-number-skipped", "the second event is numbered 3", plan=RICH, event_2=inside("t", value=3))
lie(12, "event-number-twice", "two events of number 1", plan=RICH, event_2=inside("t", value=1))
lie(
    12,
    "event-of-another-record",
    "an event of another record",
    plan=RICH,
    event_1=inside("sdr", value="ef" * 32),
)
lie(12, "event-of-another-draw", "an event of another draw", plan=RICH, event_1=inside("draw", value=0))
lie(
    12,
    "event-class-unknown",
    "an expert is removed for bad luck",
    plan=RICH,
    event_1=inside("class", value="luck"),
)
lie(
    12,
    "event-mode-unknown",
    "a mode of replacement that nobody agreed on",
    plan=RICH,
    event_1=inside("mode", value="platform"),
)
lie(
    12,
    "answer-for-another-event",
    "an answer to another entry",
    plan=RICH,
    answer_1=inside("event", value="ef" * 32),
)
lie(12, "answer-number", "an answer to an event that never was", plan=RICH, answer_1=inside("t", value=9))
lie(12, "answer-draw", "an answer of another draw", plan=RICH, answer_1=inside("draw", value=0))
_again(12, "answer-twice", "the supervisor answers twice", "answer:1")
_moved(
    12,
    "answer-before-event",
    "the supervisor answered before the event was logged",
    "answer:1",
    "result",
    RICH,
)
_moved(12, "answer-after-next-event", "an answer held back until the next event", "answer:1", "event:2", RICH)
_moved(12, "event-before-result", "a decline before anybody was drawn", "event:1", "reveal:supervisor", RICH)
_without(12, "answer-hidden", "a fake decline that the supervisor never answered", "answer")
_without(12, "event-hidden", "an event is not shown, its answer is", "event")


@forges(12, "the platform answers with its own VRF key")
def answer_by_platform_vrf() -> Json:
    ceremony = Ceremony(RICH)
    pi = ceremony.vrf["platform"].prove(supervisor_alpha(ceremony.record.hash, 1))
    ceremony.cheats["answer:1"] = inside("pi", value=pi.hex())
    return bundle_of(ceremony)


@forges(12, "the answer to event 2 is used for event 1")
def answer_of_the_next_event() -> Json:
    ceremony = Ceremony(RICH)
    ceremony.cheats["answer:1"] = inside("pi", value=ceremony.answer_pi(2).hex())
    return bundle_of(ceremony)


@forges(12, "an answer to an event in own-order mode")
def answer_to_own_order() -> Json:
    ceremony = Ceremony(RICH)
    ceremony.labels.insert(ceremony.index("event:3") + 1, "answer:3")
    return bundle_of(ceremony)


# -- 13 open
_unsigned(13, "open", "platform", 0, plan=RICH)
_unsigned(13, "open", "supervisor", 1, plan=RICH)
_impersonated(13, "open", "supervisor", plan=RICH)
_again(13, "open-twice", "a draw opened twice", "open")
lie(
    13,
    "open-count",
    "the opening counts fewer events than were logged",
    plan=RICH,
    open=inside("events", value=3),
)
lie(13, "open-early", "opened before its time", plan=RICH, open=at_time("2023-08-23T17:00:00Z"))
lie(
    13,
    "open-of-another-record",
    "an opening of another record",
    plan=RICH,
    open=inside("sdr", value="12" * 32),
)
lie(13, "open-of-another-draw", "an opening of another draw", plan=RICH, open=inside("draw", value=0))


@forges(13, "the panel changes after it was opened")
def event_after_open() -> Json:
    ceremony = Ceremony(RICH)
    for label in ("event:4", "answer:4"):
        ceremony.labels.remove(label)
        ceremony.labels.append(label)
    return bundle_of(ceremony)


# -- 22 abort
_unsigned(22, "abort", "platform", plan=ABORTED)
_impersonated(22, "abort", "platform", plan=ABORTED)
lie(
    22,
    "abort-of-another-record",
    "the abort names another record",
    plan=ABORTED,
    abort=inside("sdr", value="34" * 32),
)
lie(
    22,
    "abort-forgets-the-record",
    "the abort hides that there was a record",
    plan=ABORTED,
    abort=inside("sdr", value=None),
)
lie(22, "abort-of-another-draw", "the abort names another draw", plan=ABORTED, abort=inside("draw", value=0))
_moved(22, "abort-then-on", "the draw goes on after it was aborted", "abort", "escrow:agency", ABORTED)
case_of(
    13,
    "opened-then-aborted",
    "an opened draw that is aborted afterwards",
    lambda: Ceremony(replace(RICH, abort="fault")),
)


@forges(22, "an aborted draw tells who would have been drawn")
def abort_with_opening() -> Json:
    bundle = honest("aborted")
    bundle["opening"] = honest("rich")["opening"]
    return bundle


@forges(22, "a draw aborted twice")
def abort_twice() -> Json:
    ceremony = Ceremony(ABORTED)
    ceremony.labels.append("abort")
    return bundle_of(ceremony)
