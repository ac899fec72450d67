"""Forged bundles for check 1: bytes, JSON, schema, stage and order (draw-proof §9, §10)."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.ceremony import bundle_bytes
from tests.support.forgery import Json, add, bent, entry_of, flip, forges, honest, opened, put


def _text() -> str:
    return bundle_bytes(honest("beacon")).decode("utf-8")


def _bytes(number_name: str, title: str, change: Callable[[str], str | bytes]) -> None:
    def make() -> bytes:
        made = change(_text())
        return made if isinstance(made, bytes) else made.encode("utf-8")

    add(1, number_name, title, make)


_bytes("empty", "no bytes at all", lambda _text: "")
_bytes("not-json", "a word in place of an object", lambda _text: "hello")
_bytes("half", "the first half of an honest bundle", lambda text: text[: len(text) // 2])
_bytes("twice", "two bundles in one file", lambda text: text + text)
_bytes("trailing-newline", "one newline after the canonical bytes", lambda text: text + "\n")
_bytes("pretty-printed", "the same JSON with spaces", lambda text: json.dumps(json.loads(text), indent=1))
_bytes("byte-order-mark", "a byte order mark in front", lambda text: "\ufeff" + text)
_bytes(
    "not-utf8", "a stray byte that is no UTF-8", lambda text: text.encode().replace(b"qt/1", b"qt/\xff", 1)
)
_bytes("utf16", "the bundle in UTF-16", lambda text: text.encode("utf-16"))
_bytes(
    "unsorted-keys",
    "members in another order",
    lambda text: json.dumps(
        dict(reversed(list(json.loads(text).items()))), separators=(",", ":"), ensure_ascii=False
    ),
)
_bytes(
    "duplicate-key",
    "a key twice, the second one kinder",
    lambda text: text.replace('{"checkpoints"', '{"checkpoints":null,"checkpoints"', 1),
)
_bytes("float", "an index written as a float", lambda text: text.replace('"index":4,', '"index":4.0,', 1))
_bytes(
    "exponent",
    "an index written with an exponent",
    lambda text: text.replace('"index":4,', '"index":4e0,', 1),
)
_bytes(
    "huge-integer",
    "an index beyond 2^53 - 1",
    lambda text: text.replace('"index":4,', '"index":9007199254740992,', 1),
)
_bytes(
    "million-digits",
    "an integer of a million digits",
    lambda text: text.replace('"index":4,', '"index":' + "9" * 1_000_000 + ",", 1),
)
_bytes("minus-zero", "minus zero", lambda text: text.replace('"index":0,', '"index":-0,', 1))
_bytes("deep-nesting", "a hundred thousand open brackets", lambda _text: "[" * 100_000)
_bytes("deep-and-closed", "33 levels of arrays", lambda _text: "[" * 33 + "]" * 33)
_bytes(
    "lone-surrogate",
    "half a character",
    lambda text: text.replace('"basis":"synthetic', '"basis":"\\ud800', 1),
)
_bytes(
    "escaped-needlessly",
    "a letter written as an escape",
    lambda text: text.replace('"basis":"s', '"basis":"\\u0073', 1),
)
_bytes("nan", "NaN, which is no JSON", lambda text: text.replace('"index":4,', '"index":NaN,', 1))
_bytes("array", "a list around the bundle", lambda text: f"[{text}]")
_bytes("null", "null", lambda _text: "null")


def _bent(name: str, title: str, *path: Any, value: Any) -> None:
    add(1, name, title, lambda: bent(lambda bundle: put(bundle, *path, value=value)))


_bent("other-format", "another format", "format", value="qt/2 bundle")
_bent("other-suite", "a suite nobody knows", "suite", value="qt-intl-2")
_bent("stage-too-early", "an opened draw that says it is only sealed", "stage", value="sealed")
_bent("stage-unknown", "a stage that does not exist", "stage", value="finished")
_bent("extra-member", "a member nobody asked for", "comment", value="trust me")
_bent("no-rules", "sealed, but the rules are kept back", "rules", value=None)
_bent("no-seal-checkpoint", "sealed, but without its checkpoint", "checkpoints", "seal", value=None)
_bent("no-consistency", "sealed, but nothing leads to the final checkpoint", "consistency", value=None)
_bent("no-opening", "opened, but without the opening", "opening", value=None)
_bent("entries-object", "entries as an object", "entries", value={})
_bent("boolean-index", "true in place of an index", "entries", 1, "index", value=True)
_bent("negative-index", "a negative index", "entries", 0, "index", value=-1)
_bent("rules-extra", "a rule nobody resolved", "rules", "exception", value=True)


@forges(1, "the opening of a draw that is only sealed")
def opening_too_early() -> Json:
    bundle = honest("sealed")
    bundle["opening"] = honest("beacon")["opening"]
    return bundle


@forges(1, "an entry of the next protocol version")
def other_protocol_version() -> Json:
    return bent(lambda bundle: put(entry_of(bundle, "seal"), "entry", "protocol", value="qt/2"))


@forges(1, "a selection rule that this version does not know")
def unknown_rule() -> Json:
    return bent(lambda bundle: put(entry_of(bundle, "seal"), "entry", "body", "rule", value="uniform/2"))


@forges(1, "two entries change places")
def entries_out_of_order() -> Json:
    def swap(bundle: Json) -> None:
        entries = bundle["entries"]
        entries[2], entries[3] = entries[3], entries[2]

    return bent(swap)


@forges(1, "an entry shown twice")
def entry_twice() -> Json:
    return bent(lambda bundle: bundle["entries"].insert(1, bundle["entries"][1]))


@forges(1, "a bundle without a request")
def no_request() -> Json:
    return bent(lambda bundle: bundle["entries"].remove(entry_of(bundle, "request")))


@forges(1, "a day that does not exist")
def thirtieth_of_february() -> Json:
    return bent(lambda bundle: put(entry_of(bundle, "pool"), "entry", "time", value="2023-02-30T00:00:00Z"))


@forges(1, "a key in capital letters")
def capital_hexadecimal() -> Json:
    def shout(bundle: Json) -> None:
        key = entry_of(bundle, "key")["entry"]["body"]
        key["public"] = key["public"].upper()

    return bent(shout)


@forges(1, "signatures in another order than the roles")
def signatures_out_of_order() -> Json:
    return bent(lambda bundle: entry_of(bundle, "seal")["entry"]["signatures"].reverse())


@forges(1, "a role that signs twice")
def role_signs_twice() -> Json:
    def double(bundle: Json) -> None:
        lines = entry_of(bundle, "pool")["entry"]["signatures"]
        lines.append(lines[0])

    return bent(double)


@forges(1, "a control character in a name")
def control_character() -> Json:
    return bent(lambda bundle: put(entry_of(bundle, "key"), "entry", "body", "name", value="a\x1bb"))


@forges(1, "a record with a column missing in its cells")
def cells_not_rectangular() -> Json:
    return bent(lambda bundle: entry_of(bundle, "seal")["entry"]["body"]["cells"][0].pop())


@forges(1, "two strata of the same id")
def stratum_twice() -> Json:
    def same(bundle: Json) -> None:
        strata = entry_of(bundle, "seal")["entry"]["body"]["strata"]
        strata[1]["id"] = strata[0]["id"]

    return bent(same)


@forges(1, "a stratum that takes no specialty at all")
def no_prefixes() -> Json:
    return bent(
        lambda bundle: put(entry_of(bundle, "seal"), "entry", "body", "strata", 0, "prefixes", value=[])
    )


@forges(1, "rules under which an employer may send nobody")
def rules_with_cap_zero() -> Json:
    return bent(lambda bundle: put(bundle, "rules", "employer_cap", value=0))


def _committee(change: Callable[[Json], object]) -> Json:
    def work(bundle: Json) -> None:
        change(entry_of(bundle, "seal")["entry"]["body"]["committee"])

    return bent(work)


@forges(1, "a hundred experts said to be seated already")
def too_many_seated() -> Json:
    return _committee(lambda committee: committee.update(seated=100))


@forges(1, "a committee that does not say whether anybody is seated already")
def seated_left_out() -> Json:
    return _committee(lambda committee: committee.pop("seated"))


@forges(1, "more than 99 seats")
def too_many_seats() -> Json:
    def grow(bundle: Json) -> None:
        for stratum in entry_of(bundle, "seal")["entry"]["body"]["strata"]:
            stratum["seats"] = 50

    return bent(grow)


@forges(1, "leaves in another order")
def leaves_out_of_order() -> Json:
    return opened(lambda opening: opening["leaves"].reverse())


@forges(1, "a leaf opened twice")
def leaf_twice() -> Json:
    return opened(lambda opening: opening["leaves"].insert(0, opening["leaves"][0]))


@forges(1, "a proof of 79 bytes")
def short_vrf_proof() -> Json:
    return opened(lambda opening: put(opening, "pi", value=opening["pi"][:-2]))


@forges(1, "fifteen commitments for sixteen fields")
def commitment_missing() -> Json:
    return opened(lambda opening: opening["roster"][0]["commitments"].pop())


@forges(1, "a field that no expert record has")
def unknown_field() -> Json:
    return opened(
        lambda opening: put(
            opening, "roster", 0, "fields", "phone", value={"value": "1", "salt": flip("00" * 32)}
        )
    )


@forges(1, "the supervisor's key without its VRF half")
def vrf_key_left_out() -> Json:
    return bent(lambda bundle: put(entry_of(bundle, "key", 2), "entry", "body", "vrf", value=None))
