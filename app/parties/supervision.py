"""What only the supervisor does: lend chance to a replacement, and agree to an opening.

A replacement's next identity depends on the supervisor's VRF value, which is given only for an event that
is in the log with its evidence (draw-protocol §7): the platform cannot look ahead, the supervisor cannot
choose. Where invitations are logged, the evidence must also show the event's ground (`app.parties.grounds`).
The opening is countersigned only after the lawful time on the supervisor's own clock and only for
the number of events that the log shows.

Two things the log alone cannot tell stand in the node's book: which record the supervisor signed for this
draw, so that no value is lent under another draw's number, and which events it has answered, so that none of
them is left out later for one that pleases better.
"""

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.parties.duties import own_signature, signed_seal
from app.parties.errors import NodeRefusalError
from app.parties.evidence import Evidence, Json
from app.parties.grounds import check_grounds
from app.parties.node import Node, proposed
from crypto.hashing import tagged
from draw.appointment import body_hash
from draw.entries import Entry, Signature, leaf_hash
from draw.replacement import supervisor_alpha

MAX_DOCUMENT_BYTES: Final = 1024 * 1024
_ANSWERED: Final = "event"


def answer(node: Node, draw: int, t: int, request: Json) -> Entry:
    """Give the VRF value of event t as a signed `answer` entry, once per event number."""
    evidence = node.evidence(request, draw)
    digest = _result_of(node, evidence)
    event = evidence.one("event", draw=draw, t=t, sdr=digest.hex())
    if event.body["mode"] != "supervisor" or len(evidence.all("event", draw=draw)) != t:
        raise NodeRefusalError("evidence", "events are answered one after another")
    document = _document(event.body, request)
    _check_answered(node, evidence)
    check_grounds(node, evidence, t, document)
    leaf = leaf_hash(event)
    if node.book.put_once(_ANSWERED, draw, leaf, key=str(t)) != leaf:
        raise NodeRefusalError("other_record", "another event has this number")
    pi = node.keys.vrf.prove(supervisor_alpha(digest, t))
    return node.entry("answer", draw, {"draw": draw, "t": t, "event": leaf.hex(), "pi": pi.hex()}, key=str(t))


def countersign_opening(node: Node, draw: int, request: Json) -> Signature:
    """Sign the `open` entry that the platform proposes, when the time has come and the count of events is
    right.
    """
    evidence = node.evidence(request, draw)
    if evidence.appointed is not None:
        return _countersign_end(node, evidence, evidence.appointed, request)
    digest = _result_of(node, evidence)
    entry = proposed(request, "open", evidence)
    _check_answered(node, evidence)
    events = len(evidence.all("event", draw=draw))
    if len(evidence.all("event", draw=draw, mode="supervisor")) != len(evidence.all("answer", draw=draw)):
        raise NodeRefusalError("evidence", "an event still waits for its answer")
    if dict(entry.body) != {"draw": draw, "sdr": digest.hex(), "events": events}:
        raise NodeRefusalError("evidence", "the opening disagrees with the log")
    if node.clock() < datetime.fromisoformat(evidence.seal["deadlines"]["open"]):
        raise NodeRefusalError("not_yet")
    return own_signature(node, entry)


def _countersign_end(
    node: Node, evidence: Evidence, appointed: Mapping[str, Any], request: Json
) -> Signature:
    """The same for an appointment: nothing was drawn and nothing is proved, its people may be named."""
    entry = proposed(request, "open", evidence)
    digest = body_hash(appointed).hex()
    if dict(entry.body) != {"draw": evidence.draw, "sdr": digest, "events": 0}:
        raise NodeRefusalError("evidence", "the opening disagrees with the log")
    if node.clock() < datetime.fromisoformat(appointed["deadlines"]["open"]):
        raise NodeRefusalError("not_yet")
    return own_signature(node, entry)


def _result_of(node: Node, evidence: Evidence) -> bytes:
    digest = signed_seal(node, evidence)
    evidence.one("result", draw=evidence.draw, sdr=digest.hex())
    return digest


def _check_answered(node: Node, evidence: Evidence) -> None:
    shown = {str(one.body["t"]): leaf_hash(one) for one in evidence.all("event", draw=evidence.draw)}
    if any(shown.get(t) != leaf for t, leaf in node.book.of_draw(_ANSWERED, evidence.draw).items()):
        raise NodeRefusalError("other_record", "an event that this node answered is not the one shown")


def _document(event: Mapping[str, Any], request: Json) -> bytes:
    try:
        document = b64decode(str(request.get("document")), validate=True)
    except ValueError as error:
        raise NodeRefusalError("malformed", "the evidence document") from error
    if not 0 < len(document) <= MAX_DOCUMENT_BYTES:
        raise NodeRefusalError("malformed", "the evidence document has 1 byte to 1 MiB")
    if tagged("qt/1 evidence", document).hex() != event["evidence"]:
        raise NodeRefusalError("evidence", "the document is not the one the event names")
    return document
