"""What the cosigner does beside cosigning: it keeps escrowed values, and opens one that is withheld.

The cosigner never learns the result: the platform's VRF output is missing to it. It opens an escrow only
when its own clock is past the reveal deadline of the sealed record, so that a holder who disappears after
seeing anything cannot stop the draw.
"""

from datetime import datetime

from app.parties.duties import HOLDERS, R_BYTES, escrow_info, sealed_digest
from app.parties.errors import NodeRefusalError
from app.parties.evidence import Evidence, Json
from app.parties.node import Node
from app.parties.rounds import hold_round
from crypto.commitment import commit_role
from crypto.errors import CryptoError
from crypto.sealing import open_sealed
from draw.entries import Entry
from draw.record import sdr_hash


def receive_escrow(node: Node, draw: int, request: Json) -> Entry:
    """Open a holder's escrow, compare it with the commitment in the seal, keep it, and give the signed
    receipt.
    """
    evidence = node.evidence(request, draw)
    hold_round(node, evidence)
    role, sealed = _holder(request), _ciphertext(request)
    digest, commitment = _commitment(evidence, role)
    try:
        r = open_sealed(node.keys.seal_seed, escrow_info(digest, role), sealed)
    except CryptoError as error:
        raise NodeRefusalError("escrow_wrong") from error
    if len(r) != R_BYTES or commit_role(draw, role, r).hex() != commitment:
        raise NodeRefusalError("escrow_wrong")
    node.book.put_once("escrowed", draw, r, key=role)
    named = {"draw": draw, "role": role, "commitment": commitment, "sdr": digest.hex()}
    return node.entry("escrow", draw, {**named, "sealed": sealed_digest(sealed).hex()}, key=role)


def open_escrow(node: Node, draw: int, request: Json) -> Entry:
    """Reveal a withheld value after the deadline. Raises NodeRefusalError `not_yet` before it."""
    evidence = node.evidence(request, draw)
    role = _holder(request)
    digest, _ = _commitment(evidence, role)
    evidence.one("escrow", draw=draw, role=role, sdr=digest.hex())
    if evidence.all("reveal", draw=draw, role=role):
        raise NodeRefusalError("other_record", "this value is revealed already")
    if node.clock() <= datetime.fromisoformat(evidence.seal["deadlines"]["reveal"]):
        raise NodeRefusalError("not_yet")
    r = node.book.get("escrowed", draw, key=role)
    if r is None:
        raise NodeRefusalError("unknown_draw")
    body = {"draw": draw, "role": role, "r": r.hex(), "from": "escrow", "sdr": digest.hex()}
    return node.entry("reveal", draw, body, key=role)


def _holder(request: Json) -> str:
    role = request.get("role")
    if role not in HOLDERS:
        raise NodeRefusalError("malformed", "role")
    return str(role)


def _ciphertext(request: Json) -> bytes:
    try:
        return bytes.fromhex(str(request.get("sealed")))
    except ValueError as error:
        raise NodeRefusalError("malformed", "ciphertext") from error


def _commitment(evidence: Evidence, role: str) -> tuple[bytes, str]:
    record = evidence.seal
    return sdr_hash(record), str(record["commitments"][role])
