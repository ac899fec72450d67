"""Checks 45 and 46, the expert level: the receipt that an expert got for an answer (draw-proof §10, §11)."""

from typing import Any

from draw.verify import merkle
from draw.verify.bundle import Bundle, Entry
from draw.verify.checks_invitations import require_reply
from draw.verify.checks_log import read_checkpoint
from draw.verify.errors import require
from draw.verify.format import located, located_entry, note, read
from draw.verify.format_pool import MAX_RECEIPT
from draw.verify.notes import Checkpoint
from draw.verify.shapes import closed, constant, text

_RECEIPT = closed(
    {
        "format": constant("qt/1 reply-receipt"),
        "origin": text,
        "checkpoint": note,
        "invite": located,
        "reply": located,
    }
)


def check_45_reply_format(bundle: Bundle, data: bytes) -> tuple[Entry, Entry]:
    """§11. Invitation and reply, in a tree that the log's three signers signed; the reply stands on its own.
    Gives both entries."""
    value: Any = read(data, MAX_RECEIPT, _RECEIPT, 45)
    require(value["origin"] == bundle.value["origin"], 45, "the receipt is of another log")
    checkpoint = read_checkpoint(bundle, "of the receipt", value["checkpoint"], 45)
    invite, reply = (located_entry(value[name]) for name in ("invite", "reply"))
    require((invite.type, reply.type) == ("invite", "reply"), 45, "not an invitation and a reply")
    for entry in (invite, reply):
        _check_logged(checkpoint, entry)
    named = all(invite.body[name] == reply.body[name] for name in ("draw", "n"))
    require(named and invite.index < reply.index, 45, "the reply is not one to the invitation")
    bundle.require_signed_by(invite, ("platform",), 45)
    require_reply(bundle, invite, reply, 45)
    return invite, reply


def _check_logged(checkpoint: Checkpoint, entry: Entry) -> None:
    stands = merkle.included(entry.leaf_hash, entry.index, checkpoint.size, checkpoint.root, entry.proof)
    require(stands, 45, f"the {entry.type} is not in the log at {entry.index}")


def check_46_reply_logged(bundle: Bundle, invite: Entry, reply: Entry) -> bool:
    """§11. The bundle is of this draw and holds both entries as far as it reaches. Whether it reaches the
    reply."""
    require(reply.body["draw"] == bundle.draw, 46, "the receipt is of another draw")
    held, size = {entry.index: entry.leaf_hash for entry in bundle.entries}, bundle.checkpoints["final"].size
    for entry in (invite, reply):
        there = entry.index >= size or held.get(entry.index) == entry.leaf_hash
        require(there, 46, f"the bundle does not hold the {entry.type} at {entry.index}")
    return reply.index < size
