"""Checks 2–5: checkpoints, inclusion and consistency, keys, request and pool entry (draw-proof §2, §9,
§10)."""

from typing import Any

from draw.verify import merkle, notes
from draw.verify.bundle import Bundle, Entry
from draw.verify.edwards import in_subgroup
from draw.verify.errors import fail, require
from draw.verify.format_entries import ROLES
from draw.verify.notes import Checkpoint

_SIGNERS = ("platform", "supervisor", "cosigner")


def check_2_checkpoints(bundle: Bundle) -> None:
    """§2. Every note parses, has the bundle's origin and its three valid signatures. Fills
    `bundle.checkpoints`."""
    for which, note in bundle.value["checkpoints"].items():
        if note is not None:
            bundle.checkpoints[which] = read_checkpoint(bundle, which, note, 2)


def read_checkpoint(bundle: Bundle, which: str, note: str, number: int) -> Checkpoint:
    """The checkpoint of a note that has the bundle's origin and its three signatures. Fails check
    `number`."""
    checkpoint = notes.read(note)
    if checkpoint is None:
        fail(number, f"checkpoint {which} does not parse")
    require(checkpoint.origin == bundle.value["origin"], number, f"checkpoint {which} has another origin")
    _signed_by_three(bundle, which, checkpoint, number)
    return checkpoint


def _signed_by_three(bundle: Bundle, which: str, checkpoint: Checkpoint, number: int) -> None:
    for role, line in zip(_SIGNERS, checkpoint.lines, strict=True):
        name, public = _signer(bundle, role, line.name)
        holds = notes.verified(checkpoint, line, name, public)
        require(holds, number, f"checkpoint {which}: signature of the {role} fails")


def _signer(bundle: Bundle, role: str, stated: str) -> tuple[str, bytes]:
    # A missing, foreign or doubled key entry is check 4's to name; here any entry of the role serves, the
    # party's own first.
    party = bundle.parties[role]
    registered = [entry.body for entry in bundle.of("key") if entry.body["role"] == role]
    own = [body for body in registered if body["public"] == party]
    chosen = (own or registered or [{"name": stated, "public": party}])[0]
    name = bundle.value["origin"] if role == "platform" else chosen["name"]
    return name, bytes.fromhex(chosen["public"])


def check_3_inclusion(bundle: Bundle) -> None:
    """§9, RFC 6962. Entries stand in `final`; `final` extends `seal`; `seal` covers the seal entry and no
    reveal."""
    final = bundle.checkpoints["final"]
    for entry in bundle.entries:
        stands = merkle.included(entry.leaf_hash, entry.index, final.size, final.root, entry.proof)
        require(stands, 3, f"{entry.type} is not in the log at {entry.index}")
    if bundle.sealed:
        _check_span(bundle, bundle.checkpoints["seal"], final)


def _check_span(bundle: Bundle, seal: Checkpoint, final: Checkpoint) -> None:
    path = [bytes.fromhex(node) for node in bundle.value["consistency"]]
    follows = merkle.consistent(seal.size, seal.root, final.size, final.root, path)
    require(follows, 3, "the final checkpoint does not extend the one of the seal")
    covered = all(entry.index < seal.size for entry in bundle.of("seal"))
    require(covered, 3, "the seal's checkpoint does not cover the seal entry")
    early = any(entry.index < seal.size for entry in bundle.of("reveal"))
    require(not early, 3, "the seal's checkpoint covers a reveal")


def check_4_keys(bundle: Bundle, trust: Any | None) -> None:
    """§2. Four registered, distinct, valid keys before the request; listed in the trust file when one is
    given."""
    for role in ROLES:
        entries = [entry for entry in bundle.of("key") if entry.body["role"] == role]
        require(len(entries) == 1, 4, f"not exactly one key entry of the {role}")
        _check_key(bundle, role, entries[0])
    _check_distinct(bundle)
    if trust is not None:
        require(trust["origin"] == bundle.value["origin"], 4, "the trust file is for another log")
        for role in ROLES:
            require(
                bundle.parties[role] in trust[role], 4, f"the trust file does not list the key of the {role}"
            )


def _check_key(bundle: Bundle, role: str, entry: Entry) -> None:
    body = entry.body
    require(body["public"] == bundle.parties[role], 4, f"the key entry of the {role} is not the party's")
    require(entry.index < bundle.draw, 4, f"the key of the {role} was registered after the request")
    require(in_subgroup(bytes.fromhex(body["public"])), 4, f"the key of the {role} is invalid")
    if body["vrf"] is not None:
        require(in_subgroup(bytes.fromhex(body["vrf"])), 4, f"the VRF key of the {role} is invalid")
    bundle.require_signed(entry, {"platform": bundle.parties["platform"], role: body["public"]}, 4)


def _check_distinct(bundle: Bundle) -> None:
    # A party may use one key twice; two parties may not share any, whatever each uses it for.
    owners: dict[str, str] = {}
    for entry in bundle.of("key"):
        for member in ("public", "vrf", "seal"):
            key, role = entry.body[member], entry.body["role"]
            if key is not None:
                require(
                    owners.setdefault(key, role) == role, 4, f"the {role} shares a key with another party"
                )


def check_5_request(bundle: Bundle) -> None:
    """§2. The request's signature and numbering; once sealed, the pool entry before it, signed by the
    platform."""
    request = bundle.request
    bundle.require_signed_by(request, ("platform",), 5)
    previous = request.body["previous"]
    require((request.body["round"] == 1) == (previous is None), 5, "round and previous draw disagree")
    require(previous is None or previous < request.index, 5, "the previous draw is not before this one")
    if bundle.sealed:
        require(len(bundle.of("pool")) == 1, 5, "the pool entry is missing")
        pool = bundle.of("pool")[0]
        require(pool.index < request.index, 5, "the pool entry is not before the request")
        bundle.require_signed_by(pool, ("platform",), 5)
