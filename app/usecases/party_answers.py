"""What a party's node answered, checked whole before it goes near the log.

A log forgets nothing: one reveal that does not open its commitment, one replacement answer that does not
verify, and the draw could never be opened. So an answer counts only when it is of the type asked for, about
this draw and this party, signed with the key that the request names, and says what it has to say; anything
else is as good as no answer (PartyError ``party.malformed``). Asks nobody and stores nothing.
"""

from collections.abc import Mapping
from typing import Any

from app.gateways.parties import PartyError
from app.usecases.evidence import Course
from crypto import vrf
from crypto.commitment import commit_role
from crypto.errors import CryptoError
from crypto.hashing import sha256
from draw.entries import Entry, Signature, from_json, leaf_hash, verify, with_signature
from draw.errors import DrawError
from draw.record import sdr_hash
from draw.replacement import supervisor_alpha

Answer = Mapping[str, Any]


def commitment(answer: Answer, course: Course, role: str) -> Entry:
    """The `commit` entry of a holder."""
    return _entry(answer, course, "commit", {"role": role})


def escrow_receipt(answer: Answer, course: Course, role: str, sealed: bytes) -> Entry:
    """The cosigner's `escrow` entry for exactly these sealed bytes of a holder."""
    record = _record(course)
    expected = {"role": role, "commitment": record["commitments"][role], "sealed": sha256(sealed).hex()}
    return _entry(answer, course, "escrow", {**expected, "sdr": sdr_hash(record).hex()})


def reveal(answer: Answer, course: Course, role: str, *, source: str) -> Entry:
    """The `reveal` entry of a holder's value, from the ``holder`` or out of the ``escrow``."""
    record = _record(course)
    entry = _entry(answer, course, "reveal", {"role": role, "from": source, "sdr": sdr_hash(record).hex()})
    opened = commit_role(_draw(course), role, bytes.fromhex(entry.body["r"])).hex()
    if opened != record["commitments"][role]:
        raise PartyError("party.malformed")
    return entry


def replacement(answer: Answer, course: Course, t: int) -> Entry:
    """The supervisor's `answer` entry to event t, its VRF proof verified."""
    record = _record(course)
    entry = _entry(answer, course, "answer", {"t": t, "event": leaf_hash(course.one("event", t=t)).hex()})
    public = bytes.fromhex(record["vrf"]["supervisor"])
    try:
        vrf.verify(public, supervisor_alpha(sdr_hash(record), t), bytes.fromhex(entry.body["pi"]))
    except CryptoError as error:
        raise PartyError("party.malformed") from error
    return entry


def sealed_value(answer: Answer) -> bytes:
    """A holder's value as it is sealed to the cosigner."""
    try:
        return bytes.fromhex(answer["sealed"])
    except (KeyError, TypeError, ValueError) as error:
        raise PartyError("party.malformed") from error


def countersigned(entry: Entry, answer: Answer, course: Course, role: str) -> Entry:
    """The entry with the party's signature, made with the key that the request names."""
    try:
        line = answer["signature"]
        key, signature = bytes.fromhex(line["key"]), bytes.fromhex(line["signature"])
        if line["role"] != role or line["key"] != _parties(course)[role]:
            raise PartyError("party.malformed")
        return with_signature(entry, Signature(role=role, key=key, signature=signature))
    except (KeyError, TypeError, ValueError, DrawError) as error:
        raise PartyError("party.malformed") from error


def _entry(answer: Answer, course: Course, kind: str, expected: Mapping[str, object]) -> Entry:
    try:
        entry = from_json(answer["entry"])
        verify(entry, {role: bytes.fromhex(key) for role, key in _parties(course).items()})
    except (KeyError, DrawError) as error:
        raise PartyError("party.malformed") from error
    wanted = {"draw": _draw(course), **expected}
    if entry.type != kind or any(entry.body[name] != value for name, value in wanted.items()):
        raise PartyError("party.malformed")
    return entry


def _record(course: Course) -> Mapping[str, Any]:
    return course.one("seal").body


def _draw(course: Course) -> int:
    return course.beginning[0]


def _parties(course: Course) -> Mapping[str, str]:
    parties: Mapping[str, str] = course.beginning[1].body["parties"]
    return parties
