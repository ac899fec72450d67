"""Signing one's own `key` entry: the only thing a node does before it stands in the log (draw-proof §2).

The platform proposes the entry; the node signs when the body is exactly its own identity and the pinned
platform key signed first. It signs one such entry in its life and repeats it: a platform that crashed between
the answer and the append gets the same entry again.
"""

from datetime import datetime
from typing import Any, cast

from app.parties.duties import CLOCK_TOLERANCE
from app.parties.errors import NodeRefusalError
from app.parties.evidence import Json
from app.parties.node import Node
from draw.entries import Entry, Signature, draft, entry_bytes, parse_entry, sign, with_signature
from draw.errors import DrawError


def register(node: Node, request: Json) -> Entry:
    """The `key` entry of this node, signed by both. Raises NodeRefusalError."""
    entry = _proposed(node, request)
    if dict(entry.body) != node.keys.identity():
        raise NodeRefusalError("not_ours", "the entry does not describe this node's keys")
    if abs(datetime.fromisoformat(entry.time) - node.clock()) > CLOCK_TOLERANCE:
        raise NodeRefusalError("clock")
    signed = sign(entry, node.keys.role, node.keys.signing)
    return parse_entry(node.book.put_once("registration", 0, entry_bytes(signed)))


def _proposed(node: Node, request: Json) -> Entry:
    try:
        raw = cast("dict[str, Any]", request["entry"])
        drafted = draft(raw["type"], raw["time"], raw["body"])
        (line,) = raw["signatures"]
        key, signature = bytes.fromhex(line["key"]), bytes.fromhex(line["signature"])
        if drafted.type != "key" or line["role"] != "platform" or key != node.trust.log_public:
            raise NodeRefusalError("malformed", "not a key entry begun by the pinned platform")
        return with_signature(drafted, Signature(role="platform", key=key, signature=signature))
    except (DrawError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NodeRefusalError("malformed", type(error).__name__) from error
