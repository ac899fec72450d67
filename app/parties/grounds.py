"""The supervisor's own look at why a seat passes on, where invitations are logged (draw-proof §8.2).

The document that comes with an event opens every seat that the log hides, so the node judges by the rule of
§8.1 exactly as verifiers will after the opening, and on its own clock besides: an operator who invents a
decline, a silence or an absence gets no value. What lies outside the log (conflict, recusal, venue) is told
in a note, which the node keeps.
"""

from collections.abc import Sequence
from typing import Final

from app.parties.errors import NodeRefusalError
from app.parties.evidence import Evidence
from app.parties.node import Node, stamp
from draw.entries import Entry, draw_entries
from draw.entry_bodies import LOGGED
from draw.errors import EntryError, LifecycleError
from draw.ground_documents import NOTED, GroundsDocument, OpenedSeat, read_grounds
from draw.grounds import Invitation, Invitations, Reply, ground
from draw.letters import GatewayRecord, evidence_digest

NOTE: Final = "note"


def check_grounds(node: Node, evidence: Evidence, t: int, data: bytes) -> None:
    """Refuse an event of a logged draw whose ground this node does not see; keep the note of the others.

    Draws whose invitations are made elsewhere pass. Raises NodeRefusalError ``ground``, ``gateway``,
    ``not_yet``, ``malformed`` or ``evidence``.
    """
    if evidence.seal["invitations"] != LOGGED:
        return
    try:
        document = read_grounds(data)
        course = Invitations.read(draw_entries(evidence.entries, evidence.draw))
    except EntryError as error:
        raise NodeRefusalError("malformed", error.code) from error
    index, event = _event(evidence, t)
    if (document.draw, document.t, document.cause) != (evidence.draw, t, event.body["class"]):
        raise NodeRefusalError("ground", "the document is about another event")
    _check_opened(evidence, document, index)
    held = course.of_holder(document.seats, document.seat, before=index)
    if document.invitation != (held[-1].n if held else None):
        raise NodeRefusalError("ground", "another invitation is the holder's newest")
    _check_reply(node, document, _decided(node, event, held))
    if document.cause in NOTED and document.note is None:
        raise NodeRefusalError("ground", "a note is needed")
    if document.note is not None:
        node.book.put_once(NOTE, evidence.draw, document.note.encode("utf-8"), key=str(t))


def _event(evidence: Evidence, t: int) -> tuple[int, Entry]:
    event = evidence.one("event", draw=evidence.draw, t=t)
    return next(index for index, entry in evidence.entries if entry is event), event


def _check_opened(evidence: Evidence, document: GroundsDocument, index: int) -> None:
    """Every event so far and every invitation before this one, each opened; the seat is the event's."""
    before = [entry for at, entry in draw_entries(evidence.entries, evidence.draw) if at <= index]
    for kind, opened in (("event", document.events), ("invite", document.invitations)):
        _check_commitments([entry for entry in before if entry.type == kind], opened)
    if document.events[-1].seat != document.seat:
        raise NodeRefusalError("ground", "the event is about another seat")


def _check_commitments(logged: Sequence[Entry], opened: Sequence[OpenedSeat]) -> None:
    if [one.number for one in opened] != list(range(1, len(logged) + 1)):
        raise NodeRefusalError("ground", "not one opening per entry")
    if any(one.commitment != entry.body["seat"] for one, entry in zip(opened, logged, strict=True)):
        raise NodeRefusalError("ground", "a seat's commitment does not open")


def _decided(node: Node, event: Entry, held: Sequence[Invitation]) -> Reply | None:
    """The reply that decides. The event's own time may be a wish: this node's clock has to agree."""
    cause = str(event.body["class"])
    try:
        ground(cause, held, [event.time])
    except LifecycleError as error:
        raise NodeRefusalError("ground", "the log shows no such ground") from error
    try:
        return ground(cause, held, [event.time, stamp(node.clock())]).reply
    except LifecycleError as error:
        raise NodeRefusalError("not_yet", "the time of the ground has not come here") from error


def _check_reply(node: Node, document: GroundsDocument, reply: Reply | None) -> None:
    """A keypad answer counts when a pinned gateway signed just that; a page's signature stands in the log."""
    record = document.record
    if (record is None) != (reply is None or reply.record is None):
        raise NodeRefusalError("gateway", "a record where none is needed, or none where one is")
    if record is None or reply is None:
        return
    said = record.says(document.draw, reply.n, reply.answer, reply.at)
    if not said or evidence_digest(record.to_bytes()).hex() != reply.record:
        raise NodeRefusalError("gateway", "the record is not the one that the log names")
    if not any(_signed(record, bytes.fromhex(key)) for key in sorted(node.gateways)):
        raise NodeRefusalError("gateway", "no gateway that is pinned here signed the record")


def _signed(record: GatewayRecord, key: bytes) -> bool:
    try:
        record.verify(key)
    except EntryError:
        return False
    return True
