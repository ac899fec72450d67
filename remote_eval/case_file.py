"""The case (立案) of a breach in an evaluation: its reasons, its states, and the evidence it freezes (R38).

    opened → decided → transferred | closed

Every step is one canonical document, salted, whose digest the log of the draw holds; each names the digest of
the one before. The first holds what was frozen: heads of ledgers and recordings, the alert and the witness's
entry. It names seats, rooms and devices, never a person; words are held as a salted digest. Who may do what,
storing and logging are elsewhere; whether what was frozen still holds is `remote_eval.case_check`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from crypto.canonical import JsonValue, canonical, parse
from crypto.errors import CryptoError
from crypto.hashing import tagged
from remote_eval.errors import CaseError
from remote_eval.room_ledger import RoomHead

OPENED: Final = "opened"
DECIDED: Final = "decided"
TRANSFERRED: Final = "transferred"
CLOSED: Final = "closed"
STATES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        OPENED: frozenset({DECIDED}),
        DECIDED: frozenset({TRANSFERRED, CLOSED}),
        TRANSFERRED: frozenset(),
        CLOSED: frozenset(),
    }
)
# What the authority decides about whoever sits there: the seat passes on, or nobody leaves.
VACATED: Final = "vacated"
STAYS: Final = "stays"
OUTCOMES: Final = (VACATED, STAYS)
REASONS: Final = (
    "phone-found-inside",
    "outside-contact",
    "identity-mismatch",
    "left-without-leave",
    "undue-influence",
    "disclosure",
    "conflict-concealed",
    "tampering",
    "other-breach",
)
SALT_BYTES: Final = 16
MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
MAX_WORDS_BYTES: Final = 64 * 1024
_FORMAT: Final = "qt/1 case-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingHead:
    """How far a file of a recording had come: `frames` whole frames (of an index: lines), `head` 32 bytes."""

    file: str
    frames: int
    head: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEvidence:
    """A room: the head of its ledger, and of each file of its recordings, by name."""

    head: RoomHead
    recordings: Sequence[RecordingHead]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvidence:
    """An alert of a site's devices, and the head of the site's ledger of the day on which it came."""

    id: str
    site: str
    digest: bytes
    day: str
    number: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEvidence:
    """A witness's exception: the node, and the event of the room's ledger that says so."""

    room: str
    node: str
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one case froze."""

    rooms: Sequence[RoomEvidence]
    alert: AlertEvidence | None = None
    node: NodeEvidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a case: who, when, the digest of the words, and a salt that no other document has.

    `previous` is the digest by which the log holds the step before, None for the first.
    """

    case: str
    draw: str
    number: int
    state: str
    previous: str | None
    by: str
    at: str
    words: bytes
    salt: bytes


def require_step(state: str, target: str) -> None:
    """Raise CaseError ``case.state`` unless `target` may follow `state`."""
    if target not in STATES.get(state, frozenset()):
        raise CaseError("case.state", state=state, wanted=target)


def words_digest(salt: bytes, words: bytes) -> bytes:
    """What a document holds of a step's words; `salt` has 16 bytes. Raises CaseError ``case.salt``."""
    _require_salt(salt)
    return tagged("qt/1 case-file words", salt, words)


def alert_digest(fields: Mapping[str, str | None]) -> bytes:
    """The digest of what of an alert never changes: its id, site, kind, level, subject, gate and opening."""
    return tagged("qt/1 case-file alert", canonical(dict(fields)))


def opening_document(step: Step, *, reason: str, seat: int | None, evidence: Evidence) -> bytes:
    """The first step: why, about which seat (from 1, None: about none), and everything that was frozen.

    Raises CaseError ``case.reason`` for a reason that is not on the list.
    """
    if reason not in REASONS:
        raise CaseError("case.reason")
    frozen = {
        "rooms": [_room(one) for one in evidence.rooms],
        "alert": None if evidence.alert is None else _alert(evidence.alert),
        "node": None if evidence.node is None else _node(evidence.node),
    }
    return _document(step, {"reason": reason, "seat": seat, "evidence": frozen})


def step_document(step: Step, *, outcome: str | None = None) -> bytes:
    """A later step; `outcome` is what was decided, of the step that decides."""
    if (step.state == DECIDED) != (outcome in OUTCOMES):
        raise CaseError("case.outcome")
    return _document(step, {"outcome": outcome})


def read(document: bytes) -> Mapping[str, Any]:
    """A step's document as an object. Raises CaseError ``case.document``."""
    try:
        found: Any = parse(document, max_bytes=MAX_DOCUMENT_BYTES)
    except CryptoError as error:
        raise CaseError("case.document") from error
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise CaseError("case.document")
    return found


def words_read(words: bytes) -> Mapping[str, Any]:
    """A step's words as an object."""
    found: Any = parse(words, max_bytes=MAX_WORDS_BYTES)
    return dict(found)


def evidence_of(document: bytes) -> Evidence:
    """What the first step froze. Raises CaseError ``case.document`` for any other document."""
    try:
        told = read(document)["evidence"]
        return Evidence(
            rooms=[_read_room(one) for one in told["rooms"]],
            alert=None if told["alert"] is None else _read_alert(told["alert"]),
            node=None if told["node"] is None else _read_node(told["node"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CaseError("case.document") from error


def _document(step: Step, more: Mapping[str, JsonValue]) -> bytes:
    _require_salt(step.salt)
    return canonical(
        {
            "format": _FORMAT,
            "case": step.case,
            "draw": step.draw,
            "step": step.number,
            "state": step.state,
            "previous": step.previous,
            "by": step.by,
            "at": step.at,
            "words": step.words.hex(),
            "salt": step.salt.hex(),
            **more,
        }
    )


def _require_salt(salt: bytes) -> None:
    if len(salt) != SALT_BYTES:
        raise CaseError("case.salt")


def _room(one: RoomEvidence) -> JsonValue:
    return {
        "room": one.head.room,
        "seq": one.head.seq,
        "hash": one.head.hash.hex(),
        "recordings": [
            {"file": file.file, "frames": file.frames, "head": file.head.hex()} for file in one.recordings
        ],
    }


def _alert(one: AlertEvidence) -> JsonValue:
    ledger: JsonValue = {"day": one.day, "number": one.number, "hash": one.hash.hex()}
    return {"id": one.id, "site": one.site, "digest": one.digest.hex(), "ledger": ledger}


def _node(one: NodeEvidence) -> JsonValue:
    return {"room": one.room, "node": one.node, "seq": one.seq, "hash": one.hash.hex()}


def _read_room(told: Mapping[str, Any]) -> RoomEvidence:
    files = [
        RecordingHead(file=one["file"], frames=one["frames"], head=bytes.fromhex(one["head"]))
        for one in told["recordings"]
    ]
    head = RoomHead(room=told["room"], seq=told["seq"], hash=bytes.fromhex(told["hash"]))
    return RoomEvidence(head=head, recordings=files)


def _read_alert(told: Mapping[str, Any]) -> AlertEvidence:
    ledger = told["ledger"]
    return AlertEvidence(
        id=told["id"],
        site=told["site"],
        digest=bytes.fromhex(told["digest"]),
        day=ledger["day"],
        number=ledger["number"],
        hash=bytes.fromhex(ledger["hash"]),
    )


def _read_node(told: Mapping[str, Any]) -> NodeEvidence:
    return NodeEvidence(
        room=told["room"], node=told["node"], seq=told["seq"], hash=bytes.fromhex(told["hash"])
    )
