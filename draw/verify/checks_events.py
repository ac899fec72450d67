"""Checks 12, 13 and 22: events and answers, the opening entry, the abort entry (draw-proof §2, §8, §10)."""

from collections.abc import Sequence

from draw.verify import vrf
from draw.verify.bundle import Bundle, Entry
from draw.verify.errors import fail, require
from draw.verify.hashing import u32be

CLASSES = ("decline", "timeout", "no_show", "leave", "conflict", "recusal", "venue")
MODES = ("supervisor", "own-order")


def check_12_events(bundle: Bundle) -> dict[int, bytes]:
    """§8. Events 1, 2, … after the result; answers between their event and the next. beta_t of each answer by
    t."""
    events, answers = bundle.of("event"), bundle.of("answer")
    if not events and not answers:
        return {}
    results = bundle.of("result")
    require(bool(results), 12, "events without a result")
    for number, event in enumerate(events, start=1):
        require(event.body["t"] == number, 12, "events are not numbered 1, 2, … in log order")
        require(event.index > results[0].index, 12, "an event is not after the result")
        _check_event(bundle, event)
    return _check_answers(bundle, events, answers)


def _check_event(bundle: Bundle, event: Entry) -> None:
    bundle.require_this_draw(event, 12)
    bundle.require_signed_by(event, ("platform",), 12)
    require(event.body["class"] in CLASSES, 12, "unknown class of event")
    require(event.body["mode"] in MODES, 12, "unknown mode of event")


def _check_answers(bundle: Bundle, events: Sequence[Entry], answers: Sequence[Entry]) -> dict[int, bytes]:
    outputs: dict[int, bytes] = {}
    for answer in answers:
        t = answer.body["t"]
        require(t <= len(events) and t not in outputs, 12, "an answer without an event of its own")
        outputs[t] = _check_answer(bundle, events, answer)
    # The last event may still wait for its answer; one that another event follows, or an opening, may not.
    due = events if bundle.stage == "opened" else events[:-1]
    missing = [e for e in due if e.body["mode"] == "supervisor" and e.body["t"] not in outputs]
    require(not missing, 12, "an event was never answered")
    return outputs


def _check_answer(bundle: Bundle, events: Sequence[Entry], answer: Entry) -> bytes:
    t = answer.body["t"]
    event = events[t - 1]
    require(event.body["mode"] == "supervisor", 12, "an answer to an own-order event")
    require(answer.index > event.index, 12, "an answer is not after its event")
    in_time = t == len(events) or answer.index < events[t].index
    require(in_time, 12, "an answer is not before the next event")
    bundle.require_this_draw(answer, 12)
    bundle.require_signed_by(answer, ("supervisor",), 12)
    require(answer.body["event"] == event.leaf_hash.hex(), 12, "an answer is for another event entry")
    key = bytes.fromhex(bundle.sdr["vrf"]["supervisor"])
    beta = vrf.output(key, alpha_t(bundle.sdr_digest, t), bytes.fromhex(answer.body["pi"]))
    if beta is None:
        fail(12, "the VRF proof of an answer fails")
    return beta


def alpha_t(sdr_digest: bytes, t: int) -> bytes:
    """alpha_t = "qt/1 replace" ‖ 00 ‖ sdr ‖ u32be(t), §8."""
    return b"qt/1 replace\0" + sdr_digest + u32be(t)


def check_13_open(bundle: Bundle) -> None:
    """§2. One opening entry, the last but for records, signed by platform and supervisor, counting the
    events, not too early."""
    entries = bundle.of("open")
    require(len(entries) <= 1, 13, "more than one opening")
    for entry in entries:
        require(bundle.sealed, 13, "an opening without a seal")
        bundle.require_this_draw(entry, 13)
        bundle.require_signed_by(entry, ("platform", "supervisor"), 13)
        require(entry.body["events"] == len(bundle.of("event")), 13, "the opening counts other events")
        behind = [one.type for one in bundle.entries if one.index > entry.index and one.type != "record"]
        require(not behind, 13, "something but a record stands behind the opening")
        require(entry.time >= bundle.sdr["deadlines"]["open"], 13, "the opening is too early")


def check_22_abort(bundle: Bundle) -> None:
    """§2. One abort entry, the last, signed by the platform, for this draw; nothing was opened."""
    entries = bundle.of("abort")
    require(len(entries) == 1, 22, "not exactly one abort")
    entry = entries[0]
    bundle.require_this_draw(entry, 22)
    bundle.require_signed_by(entry, ("platform",), 22)
    require(entry.index == bundle.entries[-1].index, 22, "the abort is not the last entry")
    opened = bundle.value["opening"] is not None or bool(bundle.of("open"))
    require(not opened, 22, "an aborted draw was opened")
