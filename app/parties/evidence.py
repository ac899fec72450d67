"""Reading the log evidence that the platform sends with a request.

A node acts only on entries it has seen in a checkpoint that the log and both cosigners signed. Evidence has
the shape of a proof bundle's core: `{"note": text, "entries": [{"index", "entry", "proof"}…]}`. Here it is
checked whole: note, three signatures, inclusion and signatures of every entry, pinned keys, and that the
draw's own entries are a lawful course that was not given up. What else they mean is the duty's business.

An entry may name any draw: whoever looks for one of this draw says so (`draw=…`), or is shown another's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from app.parties.errors import NodeRefusalError
from app.parties.trust import KEY_ROLES, Trust
from crypto.checkpoint import Checkpoint, parse_note, verify_cosignature, verify_log_signature
from crypto.errors import CryptoError
from crypto.merkle import verify_inclusion
from draw.entries import BEGINNINGS, Entry, check_sequence, draw_entries, from_json, leaf_hash, verify
from draw.errors import DrawError

MAX_ENTRIES: Final = 2048
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Entries of one draw by ascending log index, and the four parties' `key` bodies."""

    draw: int
    parties: dict[str, Mapping[str, Any]]
    entries: tuple[tuple[int, Entry], ...]

    def one(self, kind: str, **match: object) -> Entry:
        """The single entry of this type whose body has these members. Raises NodeRefusalError `evidence`."""
        found = self.all(kind, **match)
        if len(found) != 1:
            raise NodeRefusalError("evidence", f"{len(found)} entries of type {kind} where one is needed")
        return found[0]

    def all(self, kind: str, **match: object) -> list[Entry]:
        """Every entry of this type whose body has these members."""
        return [entry for _, entry in self.entries if entry.type == kind and agrees(entry.body, match)]

    def at(self, index: object, kind: str) -> Entry:
        """The entry of this type at this log index. Raises NodeRefusalError `evidence`."""
        for found, entry in self.entries:
            if found == index and entry.type == kind:
                return entry
        raise NodeRefusalError("evidence", f"no {kind} entry at the index named")

    @property
    def appointed(self) -> Mapping[str, Any] | None:
        """The body of the appointment that this number is of; None for a draw."""
        found = self.entry_at(self.draw)
        return found.body if found.type == "appointment" else None

    def entry_at(self, index: int) -> Entry:
        """The entry at this log index. Raises NodeRefusalError `evidence`."""
        for found, entry in self.entries:
            if found == index:
                return entry
        raise NodeRefusalError("evidence", "no entry at the index named")

    @property
    def seal(self) -> Mapping[str, Any]:
        """The Sealed Draw Record of this draw. Raises NodeRefusalError `evidence`."""
        return self.one("seal", draw=self.draw).body

    def public(self, role: str) -> bytes:
        """Signing key of a party of this draw."""
        return bytes.fromhex(self.parties[role]["public"])


def agrees(body: Mapping[str, Any], members: Mapping[str, object]) -> bool:
    """Whether a body has these members with these values."""
    return all(body.get(name) == value for name, value in members.items())


def read_evidence(document: object, *, trust: Trust, draw: int) -> Evidence:
    """Check a piece of evidence for draw k. Raises NodeRefusalError `evidence` or `malformed`."""
    try:
        return _read(cast("Json", document), trust, draw)
    except (CryptoError, DrawError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NodeRefusalError("evidence", type(error).__name__) from error


def read_keys(document: object, *, trust: Trust, named: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The `key` bodies of four named parties, all pinned and in the log. Raises as `read_evidence`."""
    try:
        value = cast("Json", document)
        rows = cast("list[Json]", value["entries"])
        if not 0 < len(rows) <= MAX_ENTRIES:
            raise NodeRefusalError("malformed", "number of entries")
        entries = {_index(row): from_json(row["entry"]) for row in rows}
        end = max(entries) + 1
        parties = {role: _party(entries, role, named[role], trust, before=end) for role in KEY_ROLES}
        checkpoint = _checkpoint(str(value["note"]), parties, trust)
        keys = {role: bytes.fromhex(public) for role, public in named.items()}
        for row in rows:
            _check_included(row, entries[_index(row)], checkpoint)
            verify(entries[_index(row)], keys)
    except (CryptoError, DrawError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NodeRefusalError("evidence", type(error).__name__) from error
    return parties


def _read(document: Json, trust: Trust, draw: int) -> Evidence:
    rows = cast("list[Json]", document["entries"])
    if not 0 < len(rows) <= MAX_ENTRIES:
        raise NodeRefusalError("malformed", "number of entries")
    entries = {_index(row): from_json(row["entry"]) for row in rows}
    request = entries[draw]
    if request.type not in BEGINNINGS or len(entries) != len(rows):
        raise NodeRefusalError("evidence", "the number is not that of a request or an appointment")
    named: dict[str, str] = request.body["parties"]
    parties = {role: _party(entries, role, named[role], trust, before=draw) for role in KEY_ROLES}
    checkpoint = _checkpoint(str(document["note"]), parties, trust)
    keys = {role: bytes.fromhex(public) for role, public in named.items()}
    for row in rows:
        _check_included(row, entries[_index(row)], checkpoint)
        verify(entries[_index(row)], keys)
    ordered = tuple(sorted(entries.items()))
    _check_course([entry for _, entry in draw_entries(ordered, draw)])
    return Evidence(draw=draw, parties=parties, entries=ordered)


def _check_course(own: list[Entry]) -> None:
    check_sequence(own)
    if own[-1].type == "abort":
        raise NodeRefusalError("evidence", "the draw was given up")


def _index(row: Json) -> int:
    index = row["index"]
    if type(index) is not int:
        raise TypeError("index")
    return index


def _party(
    entries: Mapping[int, Entry], role: str, public: str, trust: Trust, *, before: int
) -> Mapping[str, Any]:
    if not trust.accepts(role, public):
        raise NodeRefusalError("evidence", f"the {role} key is not pinned here")
    bodies = [entry.body for index, entry in entries.items() if entry.type == "key" and index < before]
    found = [body for body in bodies if agrees(body, {"role": role, "public": public})]
    if len(found) != 1:
        raise NodeRefusalError("evidence", f"the {role} key was not registered before the request")
    return found[0]


def _checkpoint(text: str, parties: Mapping[str, Mapping[str, Any]], trust: Trust) -> Checkpoint:
    note = parse_note(text)
    verify_log_signature(note, trust.origin, bytes.fromhex(parties["platform"]["public"]))
    for role in ("supervisor", "cosigner"):
        verify_cosignature(note, parties[role]["name"], bytes.fromhex(parties[role]["public"]))
    checkpoint = Checkpoint.from_body(note.body)
    if checkpoint.origin != trust.origin:
        raise NodeRefusalError("evidence", "another log")
    return checkpoint


def _check_included(row: Json, entry: Entry, checkpoint: Checkpoint) -> None:
    proof = [bytes.fromhex(one) for one in cast("list[str]", row["proof"])]
    verify_inclusion(
        leaf_hash=leaf_hash(entry),
        index=_index(row),
        size=checkpoint.size,
        proof=proof,
        root=checkpoint.root,
    )
