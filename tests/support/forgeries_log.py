"""Forged bundles for checks 2 to 5: checkpoints, inclusion, keys, request and pool (draw-proof §10)."""

from dataclasses import replace
from functools import partial
from typing import Any

from crypto.checkpoint import Checkpoint, cosign, sign_note, with_signature
from crypto.merkle import Tree
from crypto.signing import SigningKey
from tests.support.ceremony import ORIGIN, START, Ceremony, bundle_bytes, secret
from tests.support.forgery import (
    BEACON,
    Evidence,
    Json,
    add,
    bent,
    body,
    cheated,
    entry_of,
    flip,
    forged_line,
    forges,
    inside,
    put,
)

# y = 1 is the identity; the others have order 2, 4 and 8 (RFC 8032 encodings of small-order points).
SMALL_ORDER = {
    "identity": "01" + "00" * 31,
    "order-2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "order-4": "00" * 32,
    "order-8": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
}
# y = p + 1 is a second spelling of the identity, y = 2 is no point at all.
NOT_POINTS = {
    "y-not-reduced": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "off-curve": "02" + "00" * 31,
}


def _lines(bundle: Json, which: str) -> list[str]:
    note: str = bundle["checkpoints"][which]
    return note.split("\n\n")[1].splitlines(keepends=True)


def _note(which: str, change: Any) -> Json:
    """The bundle with its note's signature lines changed."""

    def edit(bundle: Json) -> None:
        text = bundle["checkpoints"][which].split("\n\n")[0] + "\n\n"
        bundle["checkpoints"][which] = text + "".join(change(_lines(bundle, which)))

    return bent(edit)


def _altered(line: str) -> str:
    at = len(line) - 30
    return line[:at] + ("A" if line[at] != "A" else "B") + line[at + 1 :]


def _break_line(which: str, place: int) -> Json:
    return _note(which, lambda lines: [*lines[:place], _altered(lines[place]), *lines[place + 1 :]])


for _which in ("seal", "final"):
    for _place, _role in enumerate(("log", "supervisor", "cosigner")):
        add(
            2,
            f"{_which}-{_role}-signature",
            f"a broken signature of the {_role} under the {_which} checkpoint",
            partial(_break_line, _which, _place),
        )
add(2, "no-cosigner", "the outside cosigner never signed", lambda: _note("final", lambda lines: lines[:2]))
add(
    2,
    "lines-swapped",
    "cosigner before supervisor",
    lambda: _note("final", lambda lines: [lines[0], lines[2], lines[1]]),
)
add(
    2,
    "line-repeated",
    "the supervisor twice instead of the cosigner",
    lambda: _note("final", lambda lines: [lines[0], lines[1], lines[1]]),
)
add(2, "four-lines", "a fourth signature line", lambda: _note("final", lambda lines: [*lines, lines[2]]))
add(
    2,
    "not-a-note",
    "prose instead of a note",
    lambda: bent(lambda bundle: put(bundle, "checkpoints", "final", value="all is well")),
)
add(
    2,
    "other-origin-claimed",
    "the bundle names another log",
    lambda: bent(lambda bundle: put(bundle, "origin", value="log.example.org/other")),
)


@forges(2, "a checkpoint of another log, signed by the same parties")
def other_origin_signed() -> Json:
    ceremony = Ceremony(BEACON)
    bundle: Json = ceremony.bundle()
    bundle["checkpoints"]["final"] = ceremony.log.note(
        len(ceremony.labels), at=START, origin="other.example.cn"
    )
    return bundle


@forges(2, "a cosigner nobody registered signs in the cosigner's name")
def cosigner_impersonated() -> Json:
    ceremony = Ceremony(BEACON)
    bundle: Json = ceremony.bundle()
    text = Checkpoint(ORIGIN, len(ceremony.labels), ceremony.log.tree.root).body()
    note = sign_note(text, ORIGIN, ceremony.keys["platform"])
    note = with_signature(
        note, cosign(text, ceremony.names["supervisor"], ceremony.keys["supervisor"], START)
    )
    stranger = SigningKey.from_seed(secret(BEACON, "stranger"))
    bundle["checkpoints"]["final"] = with_signature(
        note, cosign(text, ceremony.names["cosigner"], stranger, START)
    )
    return bundle


@forges(2, "a signature moved to a smaller tree")
def size_edited() -> Json:
    return bent(
        lambda bundle: put(
            bundle,
            "checkpoints",
            "final",
            value=bundle["checkpoints"]["final"].replace("\n15\n", "\n14\n", 1),
        )
    )


# -- 3 inclusion


def _break_proof(kind: str) -> Json:
    def change(bundle: Json) -> None:
        proof = entry_of(bundle, kind)["proof"]
        proof[0] = flip(proof[0])

    return bent(change)


for _kind in ("key", "pool", "request", "commit", "seal", "escrow", "reveal", "result", "open"):
    add(
        3,
        f"proof-of-{_kind}",
        f"an inclusion proof of the {_kind} entry with one bit changed",
        partial(_break_proof, _kind),
    )
add(
    3,
    "proof-cut",
    "an inclusion proof cut short",
    lambda: bent(lambda bundle: entry_of(bundle, "seal")["proof"].pop()),
)
add(
    3,
    "proof-stretched",
    "an inclusion proof with one hash too many",
    lambda: bent(lambda bundle: entry_of(bundle, "seal")["proof"].append("00" * 32)),
)
add(
    3,
    "index-past-end",
    "an entry beyond the end of the tree",
    lambda: bent(lambda bundle: put(entry_of(bundle, "open"), "index", value=10**6)),
)
add(
    3,
    "consistency-edited",
    "a consistency proof with one bit changed",
    lambda: bent(lambda bundle: put(bundle, "consistency", 0, value=flip(bundle["consistency"][0]))),
)
add(
    3,
    "evidence-edited",
    "an event edited after it was logged",
    lambda: bent(
        lambda bundle: put(entry_of(bundle, "event"), "entry", "body", "evidence", value="00" * 32), "rich"
    ),
)
add(
    3,
    "record-edited-after-seal",
    "a quota changed in the record after the seal",
    lambda: bent(lambda bundle: put(entry_of(bundle, "seal"), "entry", "body", "sites", 0, "max", value=3)),
)


@forges(3, "the log shows two readers different histories")
def split_view() -> Json:
    ceremony = Ceremony(BEACON)
    bundle: Json = ceremony.bundle()
    size = ceremony.index("seal") + 1
    other = Tree([*ceremony.log.leaves[: size - 2], bytes(32), ceremony.log.leaves[size - 1]]).root
    bundle["checkpoints"]["seal"] = ceremony.log.note(size, at=START + 1205, root=other)
    return bundle


@forges(3, "the seal's checkpoint stops one entry before the seal")
def seal_not_covered() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.seal_size = ceremony.index("seal")
    bundle: Json = ceremony.bundle()
    return bundle


@forges(3, "the seal's checkpoint was made when a reveal already stood in the log")
def reveal_covered() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.seal_size = ceremony.index("reveal:agency") + 1
    bundle: Json = ceremony.bundle()
    return bundle


@forges(3, "the seal's checkpoint is larger than the final one")
def final_before_seal() -> Json:
    return bent(
        lambda bundle: bundle["checkpoints"].update(
            seal=bundle["checkpoints"]["final"], final=bundle["checkpoints"]["seal"]
        )
    )


# -- 4 keys


@forges(4, "the cosigner's key is not shown")
def key_missing() -> Json:
    return bent(lambda bundle: bundle["entries"].remove(entry_of(bundle, "key", 3)))


@forges(4, "the agency registers twice")
def key_twice() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.labels.insert(2, "key:agency")
    bundle: Json = ceremony.bundle()
    return bundle


@forges(4, "the agency's key is registered after the request")
def key_after_request() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.labels.remove("key:agency")
    ceremony.labels.insert(ceremony.index("request") + 1, "key:agency")
    bundle: Json = ceremony.bundle()
    return bundle


def _forged_line(label: str, role: str, line: int) -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.forged[label] = forged_line(role, line)
    bundle: Json = ceremony.bundle()
    return bundle


for _line, _signer in ((0, "platform"), (1, "agency")):
    add(
        4,
        f"agency-key-unsigned-by-{_signer}",
        f"the {_signer}'s signature under the agency's key is broken",
        partial(_forged_line, "key:agency", _signer, _line),
    )


@forges(4, "the agency did not sign its own key entry")
def key_self_signature_missing() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.forged["key:agency"] = lambda entry: replace(entry, signatures=entry.signatures[:1])
    bundle: Json = ceremony.bundle()
    return bundle


@forges(4, "agency and supervisor are the same key")
def key_shared() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.keys["agency"] = ceremony.keys["supervisor"]
    bundle: Json = ceremony.bundle()
    return bundle


@forges(4, "platform and supervisor share the VRF key, so the supervisor's answers are no surprise")
def vrf_key_shared() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.vrf["supervisor"] = ceremony.vrf["platform"]
    bundle: Json = ceremony.bundle()
    return bundle


@forges(4, "the request names a key that was never registered")
def key_of_another() -> Json:
    stranger = SigningKey.from_seed(secret(BEACON, "stranger")).public.hex()
    bundle: Json = cheated(BEACON, request=inside("parties", "agency", value=stranger)).bundle()
    return bundle


def _bad_agency(point: str) -> Json:
    plan = replace(BEACON, stage="sealed")
    ceremony = cheated(plan, key_agency=body(public=point), request=inside("parties", "agency", value=point))
    bundle: Json = ceremony.bundle()
    return bundle


def _bad_vrf(point: str) -> Json:
    bundle: Json = cheated(replace(BEACON, stage="sealed"), key_platform=body(vrf=point)).bundle()
    return bundle


for _name, _point in {**SMALL_ORDER, **NOT_POINTS}.items():
    add(4, f"vrf-key-{_name}", f"the platform's VRF key is bad: {_name}", partial(_bad_vrf, _point))
    add(4, f"agency-key-{_name}", f"the agency's signing key is bad: {_name}", partial(_bad_agency, _point))


@forges(4, "the trust file knows another supervisor")
def not_trusted() -> Evidence:
    ceremony = Ceremony(BEACON)
    trust = {**ceremony.trust(), "supervisor": ["00" * 32]}
    return Evidence(bundle=bundle_bytes(ceremony.bundle()), trust=bundle_bytes(trust))


@forges(4, "the trust file is for another log")
def trust_for_another_log() -> Evidence:
    ceremony = Ceremony(BEACON)
    trust = {**ceremony.trust(), "origin": "log.example.org/other"}
    return Evidence(bundle=bundle_bytes(ceremony.bundle()), trust=bundle_bytes(trust))


# -- 5 request


@forges(5, "the request's signature is broken")
def request_unsigned() -> Json:
    return _forged_line("request", "platform", 0)


@forges(5, "a first round that has a predecessor")
def first_round_with_previous() -> Json:
    bundle: Json = cheated(BEACON, request=body(previous=2)).bundle()
    return bundle


@forges(5, "a second draw that hides the first")
def second_round_hides_first() -> Json:
    bundle: Json = cheated(BEACON, request=body(round=2)).bundle()
    return bundle


@forges(5, "a predecessor from the future")
def previous_not_before() -> Json:
    bundle: Json = cheated(BEACON, request=body(round=2, previous=5)).bundle()
    return bundle


@forges(5, "the pool's signature is broken")
def pool_unsigned() -> Json:
    return _forged_line("pool", "platform", 0)


@forges(5, "the pool is changed after the request is known")
def pool_after_request() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.labels.remove("pool")
    ceremony.labels.insert(ceremony.index("request") + 1, "pool")
    bundle: Json = ceremony.bundle()
    return bundle


@forges(5, "the pool entry is not shown")
def pool_hidden() -> Json:
    return bent(lambda bundle: bundle["entries"].remove(entry_of(bundle, "pool")))


@forges(5, "the agency signs the request in the platform's place")
def request_signed_by_agency() -> Json:
    ceremony = Ceremony(BEACON)
    ceremony.forged["request"] = lambda entry: ceremony.sign(entry, {"platform": ceremony.keys["agency"]})
    bundle: Json = ceremony.bundle()
    return bundle
