"""Checks 23, 24 and 27: invitations, replies and records as they stand in the log (draw-proof §2, §8.1)."""

from typing import Any

from draw.verify import canonical, ed25519
from draw.verify.bundle import Bundle, Entry
from draw.verify.edwards import in_subgroup
from draw.verify.errors import require

TOPICS = ("roster", "roster-open", "ledger", "ladder", "venue", "seating", "room", "recording", "case")
# What may come after the replies so far to one invitation.
FOLLOWS: dict[tuple[str, ...], tuple[str, ...]] = {(): ("accept", "decline"), ("accept",): ("leave",)}


def logged(bundle: Bundle) -> bool:
    """Whether the record says that invitations are entries of the log."""
    return bundle.sealed and bundle.sdr["invitations"] == "logged"


def check_23_invitations(bundle: Bundle) -> None:
    """§8.1. Invitations 1, 2, … after the result, each with a valid key and times in order."""
    invites, results = bundle.of("invite"), bundle.of("result")
    require(logged(bundle) or not invites, 23, "an invitation in a draw that does not log them")
    for number, invite in enumerate(invites, start=1):
        body = invite.body
        require(
            bool(results) and invite.index > results[0].index, 23, "an invitation is not after the result"
        )
        require(body["n"] == number, 23, "invitations are not numbered 1, 2, … in log order")
        bundle.require_this_draw(invite, 23)
        bundle.require_signed_by(invite, ("platform",), 23)
        require(in_subgroup(bytes.fromhex(body["key"])), 23, f"invitation {number}: the key is invalid")
        in_order = (
            invite.time <= body["reply_by"] <= body["arrive_by"] and body["cut_off"] <= body["arrive_by"]
        )
        require(in_order, 23, f"invitation {number}: times are not in order")


def check_24_replies(bundle: Bundle) -> None:
    """§8.1. Each reply names an earlier invitation, is proved in one way, dated in bounds and in order."""
    invites = bundle.of("invite")
    given: dict[int, tuple[str, ...]] = {}
    for reply in bundle.of("reply"):
        n, answer = reply.body["n"], reply.body["answer"]
        named = n <= len(invites) and invites[n - 1].index < reply.index
        require(named, 24, "a reply names no earlier invitation")
        bundle.require_this_draw(reply, 24)
        require_reply(bundle, invites[n - 1], reply, 24)
        earlier = given.get(n, ())
        require(answer in FOLLOWS.get(earlier, ()), 24, f"invitation {n}: replies are out of order")
        given[n] = (*earlier, answer)


def require_reply(bundle: Bundle, invite: Entry, reply: Entry, number: int) -> None:
    """What one reply and its invitation tell by themselves. Fails check `number`."""
    bundle.require_signed_by(reply, ("platform",), number)
    body = reply.body
    proved = [body[name] for name in ("signature", "record") if body[name] is not None]
    require(len(proved) == 1, number, "a reply has not exactly one of signature and record")
    require(invite.time <= body["at"] <= reply.time, number, "a reply is dated outside its bounds")
    if body["signature"] is not None:
        key, signature = bytes.fromhex(invite.body["key"]), bytes.fromhex(body["signature"])
        holds = ed25519.verified(key, signature, _statement(body))
        require(holds, number, "a reply is not signed with the key of its invitation")


def _statement(body: Any) -> bytes:
    """The bytes that the expert's page signs, §2."""
    said = {name: body[name] for name in ("draw", "n", "answer", "at")}
    return b"qt/1 statement\0" + canonical.encode(said)


def check_27_records(bundle: Bundle) -> None:
    """§2. Records of a known topic, after the seal, signed by the platform."""
    for record in bundle.of("record"):
        after = bundle.sealed and record.index > bundle.seal.index
        require(after, 27, "a record is not after the seal")
        bundle.require_this_draw(record, 27)
        bundle.require_signed_by(record, ("platform",), 27)
        require(record.body["topic"] in TOPICS, 27, "a record has an unknown topic")
