"""What the holders of a secret do in a draw: agency and supervisor commit, sign the seal, escrow and reveal.

Order is everything (draw-protocol §4): the random value r is written down before its commitment is told to
anybody; the seal is signed once per draw; r leaves sealed to the cosigner only when the log proves the
seal, and in clear only when the log proves both escrow receipts. Every answer repeats byte for byte when it
is asked for again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from app.parties.errors import NodeRefusalError
from app.parties.evidence import Evidence, Json, agrees
from app.parties.node import Node, proposed
from app.parties.pinned_rules import check_rules
from app.parties.rounds import hold_round
from crypto.commitment import commit_role
from crypto.hashing import sha256
from crypto.sealing import seal
from draw.entries import Entry, Signature, sign
from draw.record import sdr_hash

CLOCK_TOLERANCE: Final = timedelta(minutes=10)
HOLDERS: Final = ("agency", "supervisor")
R_BYTES: Final = 32


def commit(node: Node, draw: int, request: Json) -> Entry:
    """Choose r for this draw, write it down, and give the signed `commit` entry."""
    hold_round(node, node.evidence(request, draw))
    r = node.book.put_once("r", draw, node.random(R_BYTES))
    commitment = commit_role(draw, node.keys.role, r).hex()
    return node.entry("commit", draw, {"draw": draw, "role": node.keys.role, "commitment": commitment})


def sign_seal(node: Node, draw: int, request: Json) -> Signature:
    """Sign the Sealed Draw Record, at most one per draw, of one draw per round of the section, under rules
    that are known here.
    """
    evidence = node.evidence(request, draw)
    hold_round(node, evidence)
    entry = proposed(request, "seal", evidence)
    try:
        _check_against_log(evidence, entry.body)
        check_rules(node.book, node.layers, entry.body, request)
        _check_own_side(node, evidence, entry)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NodeRefusalError("malformed", type(error).__name__) from error
    digest = sdr_hash(entry.body)
    if node.book.put_once("sdr", draw, digest) != digest:
        raise NodeRefusalError("other_record")
    return own_signature(node, entry)


def escrow(node: Node, draw: int, request: Json) -> bytes:
    """Seal r to the cosigner, once the log proves the seal that this node signed. Gives enc ‖ ciphertext."""
    evidence = node.evidence(request, draw)
    digest = signed_seal(node, evidence)
    cosigner = bytes.fromhex(evidence.parties["cosigner"]["seal"])
    fresh = seal(cosigner, escrow_info(digest, node.keys.role), _own_r(node, draw))
    return node.book.put_once("sealed", draw, fresh)


def reveal(node: Node, draw: int, request: Json) -> Entry:
    """Give r in clear, once the log proves the seal and an escrow receipt for both holders."""
    evidence = node.evidence(request, draw)
    digest = signed_seal(node, evidence)
    for role in HOLDERS:
        evidence.one("escrow", draw=draw, role=role, sdr=digest.hex())
    r = _own_r(node, draw).hex()
    body = {"draw": draw, "role": node.keys.role, "r": r, "from": "holder", "sdr": digest.hex()}
    return node.entry("reveal", draw, body)


def escrow_info(sdr: bytes, role: str) -> bytes:
    """HPKE info of an escrow (draw-proof §6): binds the ciphertext to one record and one holder."""
    return b"qt/1 escrow\x00" + sdr + role.encode("ascii")


def sealed_digest(sealed: bytes) -> bytes:
    """Digest of an escrow ciphertext as the receipt names it."""
    return sha256(sealed)


def own_signature(node: Node, entry: Entry) -> Signature:
    """This node's signature under an entry that the platform began."""
    signed = sign(entry, node.keys.role, node.keys.signing)
    return next(one for one in signed.signatures if one.role == node.keys.role)


def _check_against_log(evidence: Evidence, record: Mapping[str, Any]) -> None:
    request, pool = evidence.at(evidence.draw, "request"), record["pool"]
    logged = evidence.at(pool["index"], "pool")
    commitments = {
        role: evidence.one("commit", draw=evidence.draw, role=role).body["commitment"] for role in HOLDERS
    }
    expected = {
        **{name: request.body[name] for name in ("section", "round", "previous", "parties")},
        "draw": evidence.draw,
        "commitments": commitments,
        "vrf": {role: evidence.parties[role]["vrf"] for role in ("platform", "supervisor")},
    }
    same_pool = agrees(logged.body, {"pool": pool["id"], "version": pool["version"], "root": pool["root"]})
    if not agrees(record, expected) or not same_pool or pool["index"] >= evidence.draw:
        raise NodeRefusalError("evidence", "the record disagrees with the log")


def _check_own_side(node: Node, evidence: Evidence, entry: Entry) -> None:
    role, record = node.keys.role, entry.body
    if record["commitments"][role] != commit_role(evidence.draw, role, _own_r(node, evidence.draw)).hex():
        raise NodeRefusalError("commitment")
    if abs(datetime.fromisoformat(entry.time) - node.clock()) > CLOCK_TOLERANCE:
        raise NodeRefusalError("clock")
    override = record["anonymity"]["override"]
    if role == "supervisor" and override is not None:
        approved = node.book.get("override", 0, key=record["section"])
        if approved is None or approved.decode("utf-8") != override:
            raise NodeRefusalError("override")


def signed_seal(node: Node, evidence: Evidence) -> bytes:
    """Hash of the record that the log seals this draw with and that this node signed for it."""
    digest = sdr_hash(evidence.seal)
    if node.book.get("sdr", evidence.draw) != digest:
        raise NodeRefusalError("other_record", "the seal in the log is not the one this node signed")
    return digest


def _own_r(node: Node, draw: int) -> bytes:
    r = node.book.get("r", draw)
    if r is None:
        raise NodeRefusalError("unknown_draw")
    return r
