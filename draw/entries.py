"""Entries of the transparency log: build, sign, check and parse (draw-proof §2).

An entry is drafted without signatures, each party signs the same message, and the finished entry carries
exactly the signatures that the table asks for, in the order of ROLES. Keys are arguments. What a body may
hold is in `draw.entry_bodies`; which entry may follow which is `check_sequence`; putting entries into a
log, and the checkpoints over it, happen elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from crypto.canonical import JsonValue, canonical, parse_canonical
from crypto.errors import CryptoError
from crypto.merkle import leaf_hash as merkle_leaf_hash
from crypto.signing import SigningKey, record_message, verify_record
from crypto.suite import SUITE_INTL
from draw.entry_bodies import ROLES, SECRET_ROLES, check_body
from draw.errors import EntryError
from draw.model import HEX32
from draw.schema import Faults, ListOf, ObjectOf, is_time, matching, one_of

PROTOCOL: Final = "qt/1"
SUITE: Final = SUITE_INTL
MAX_ENTRY_BYTES: Final = 1 << 20
# What gives a number k to whatever follows: a draw, or an appointment, which is none.
BEGINNINGS: Final = ("request", "appointment")
_MEMBERS: Final = frozenset({"protocol", "suite", "type", "time", "body", "signatures"})
_SIGNATURES: Final = ListOf(
    ObjectOf({"role": one_of(*ROLES), "key": HEX32, "signature": matching(r"[0-9a-f]{128}")}), len(ROLES)
)
# Signers by type; the types whose signer stands in the body are in `signers`.
_FIXED_SIGNERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "pool": ("platform",),
        "request": ("platform",),
        "seal": ("platform", "agency", "supervisor"),
        "escrow": ("cosigner",),
        "result": ("platform",),
        "event": ("platform",),
        "answer": ("supervisor",),
        "invite": ("platform",),
        "reply": ("platform",),
        "appointment": ("platform", "supervisor"),
        "record": ("platform",),
        "open": ("platform", "supervisor"),
        "abort": ("platform",),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line of an entry: who (role), with which key (32 bytes), what (64 bytes)."""

    role: str
    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One log entry. `body` has passed `check_body`; `signatures` stand in the order of ROLES."""

    type: str
    time: str
    body: Mapping[str, Any]
    signatures: tuple[Signature, ...] = ()


def draft(type: str, time: str, body: Mapping[str, Any]) -> Entry:  # noqa: A002 - the word of the format
    """An entry without signatures. Raises EntryError when the type, the time or the body is not as in §2."""
    if not is_time(time):
        raise EntryError("entry.time")
    check_body(type, body)
    return Entry(type=type, time=time, body=body)


def signers(entry: Entry) -> tuple[str, ...]:
    """The roles that must sign this entry, in the order of ROLES."""
    if entry.type in _FIXED_SIGNERS:
        return _FIXED_SIGNERS[entry.type]
    role = str(entry.body["role"])
    if entry.type == "key":
        return tuple(dict.fromkeys(("platform", role)))
    if entry.type == "reveal" and entry.body["from"] == "escrow":
        return ("cosigner",)
    return (role,)


def message(entry: Entry) -> bytes:
    """The bytes every signer signs: "qt/1 " type 00 C(entry without signatures)."""
    return record_message(entry.type, _unsigned(entry))


def sign(entry: Entry, role: str, key: SigningKey) -> Entry:
    """The entry with the signature of `role` made by `key`."""
    return with_signature(entry, Signature(role=role, key=key.public, signature=key.sign(message(entry))))


def with_signature(entry: Entry, signature: Signature) -> Entry:
    """The entry with a signature made elsewhere, in its place.

    Raises EntryError for a role that the type does not ask for, a role that signed already, or a signature
    that does not verify.
    """
    if signature.role not in signers(entry) or any(s.role == signature.role for s in entry.signatures):
        raise EntryError("entry.signer", type=entry.type, role=signature.role)
    _verify_signature(entry, signature)
    ordered = sorted((*entry.signatures, signature), key=lambda one: ROLES.index(one.role))
    return replace(entry, signatures=tuple(ordered))


def sign_all(entry: Entry, keys: Mapping[str, SigningKey]) -> Entry:
    """The finished entry, signed by everyone the table asks for out of `keys` (by role)."""
    for role in signers(entry):
        entry = sign(entry, role, keys[role])
    return entry


def verify(entry: Entry, parties: Mapping[str, bytes]) -> None:
    """Raise EntryError unless exactly the roles of the table signed, each with its key in `parties`."""
    if tuple(one.role for one in entry.signatures) != signers(entry):
        raise EntryError("entry.signatures", type=entry.type)
    for one in entry.signatures:
        if parties.get(one.role) != one.key:
            raise EntryError("entry.key", type=entry.type, role=one.role)
        _verify_signature(entry, one)


def to_json(entry: Entry) -> dict[str, JsonValue]:
    """The entry as the JSON object of §2."""
    lines = [
        {"role": one.role, "key": one.key.hex(), "signature": one.signature.hex()} for one in entry.signatures
    ]
    return {**_unsigned(entry), "signatures": lines}


def entry_bytes(entry: Entry) -> bytes:
    """C(entry): what the log stores. Raises EntryError when a signature is missing."""
    if tuple(one.role for one in entry.signatures) != signers(entry):
        raise EntryError("entry.signatures", type=entry.type)
    return canonical(to_json(entry))


def leaf_hash(entry: Entry) -> bytes:
    """RFC 6962 leaf hash of the finished entry, 32 bytes."""
    return merkle_leaf_hash(entry_bytes(entry))


def parse_entry(data: bytes) -> Entry:
    """Read C(entry) back.

    Raises EntryError for anything that `entry_bytes` would not have written; whether the signing keys are
    those of the parties is `verify`'s question.
    """
    try:
        value = parse_canonical(data, max_bytes=MAX_ENTRY_BYTES)
    except CryptoError as error:
        raise EntryError("entry.bytes", reason=error.code) from error
    return from_json(value)


def from_json(value: object) -> Entry:
    """`parse_entry` for an object already read."""
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise EntryError("entry.members")
    if value["protocol"] != PROTOCOL or value["suite"] != SUITE:
        raise EntryError("entry.protocol")
    if type(value["type"]) is not str or type(value["time"]) is not str:
        raise EntryError("entry.members")
    entry = draft(value["type"], value["time"], value["body"])
    entry = replace(entry, signatures=_parse_signatures(value["signatures"]))
    if tuple(one.role for one in entry.signatures) != signers(entry):
        raise EntryError("entry.signatures", type=entry.type)
    return entry


def check_sequence(entries: Sequence[Entry]) -> None:
    """Raise EntryError unless these entries of one draw, in log order, are a lawful course so far.

    One `commit` per role, seal, one `escrow` per role, one `reveal` per role, result, events each answered
    before the next, open; or an abort in place of the rest (§10 checks 6, 8, 9, 11 to 13, 22). Invitations
    and replies stand beside the events, records anywhere from the seal on (checks 23, 24, 27; what one
    invitation's replies may be is in `draw.grounds`). An appointment begins with its own entry and has
    neither seal nor result: invitations, replies, records, the opening.
    """
    course = _Course()
    for entry in entries:
        course.step(entry)


class _Course:
    """Which types may come next; roles that have spoken in the present phase."""

    def __init__(self) -> None:
        self._phase = "start"
        self._roles: set[str] = set()
        self._pending = False
        self._events = 0
        self._invitations = 0

    def step(self, entry: Entry) -> None:
        wanted = ("invite", "reply", "open") if self._phase == _APPOINTED else _PHASES[self._phase]
        if entry.type == "abort" and self._phase in _ABORTABLE:
            self._phase = "aborted"
        elif entry.type == "record" and self._phase in _RECORDED:
            return
        elif entry.type not in wanted or not self._fits(entry):
            raise EntryError("entry.order", type=entry.type, phase=self._phase)
        else:
            self._advance(entry)

    def _fits(self, entry: Entry) -> bool:
        if entry.type in _PER_ROLE:
            return str(entry.body["role"]) not in self._roles
        if entry.type == "event":
            return not self._pending and int(entry.body["t"]) == self._events + 1
        if entry.type == "answer":
            return self._pending and int(entry.body["t"]) == self._events
        if entry.type == "invite":
            return int(entry.body["n"]) == self._invitations + 1
        if entry.type == "reply":
            return int(entry.body["n"]) <= self._invitations
        return not (entry.type == "open" and self._pending)

    def _advance(self, entry: Entry) -> None:
        if entry.type in _PER_ROLE:
            self._roles.add(str(entry.body["role"]))
            if len(self._roles) == len(SECRET_ROLES):
                self._phase, self._roles = _AFTER[self._phase], set()
        elif entry.type in ("event", "answer"):
            self._events += entry.type == "event"
            self._pending = entry.type == "event" and entry.body["mode"] == "supervisor"
        elif entry.type in ("invite", "reply"):
            self._invitations += entry.type == "invite"
        elif entry.type in _NEXT:
            self._phase = _NEXT[entry.type]
        else:
            self._phase = _AFTER[self._phase]


_PER_ROLE: Final = ("commit", "escrow", "reveal")
_PHASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "start": BEGINNINGS,
        "commit": ("commit",),
        "seal": ("seal",),
        "escrow": ("escrow",),
        "reveal": ("reveal",),
        "result": ("result",),
        "events": ("event", "answer", "invite", "reply", "open"),
        "opened": (),
        "aborted": (),
    }
)
_AFTER: Final[Mapping[str, str]] = MappingProxyType(dict(pairwise(_PHASES)))
# An appointment has two phases of its own, and shares the last.
_APPOINTED: Final = "appointed"
_NEXT: Final[Mapping[str, str]] = MappingProxyType({"appointment": _APPOINTED, "open": "opened"})
_ABORTABLE: Final = frozenset({*_PHASES, _APPOINTED}) - {"start", "opened", "aborted"}
_RECORDED: Final = frozenset({"escrow", "reveal", "result", "events", "opened", _APPOINTED})


def _unsigned(entry: Entry) -> dict[str, JsonValue]:
    return {
        "protocol": PROTOCOL,
        "suite": SUITE,
        "type": entry.type,
        "time": entry.time,
        "body": dict(entry.body),
    }


def _verify_signature(entry: Entry, one: Signature) -> None:
    try:
        verify_record(one.key, entry.type, _unsigned(entry), one.signature)
    except CryptoError as error:
        raise EntryError("entry.signature", type=entry.type, role=one.role) from error


def _parse_signatures(value: Any) -> tuple[Signature, ...]:
    faults = Faults()
    _SIGNATURES.check(value, "", faults)
    if faults.found:
        raise EntryError("entry.signatures", faults=tuple(faults.found))
    return tuple(
        Signature(role=one["role"], key=bytes.fromhex(one["key"]), signature=bytes.fromhex(one["signature"]))
        for one in value
    )


def draw_entries(entries: Iterable[tuple[int, Entry]], draw: int) -> list[tuple[int, Entry]]:
    """Of (log index, entry) pairs, those of draw number `draw`: what it begins with and what names it."""
    return [
        (index, entry)
        for index, entry in entries
        if (entry.type in BEGINNINGS and index == draw) or entry.body.get("draw") == draw
    ]
