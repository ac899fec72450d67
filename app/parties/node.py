"""A party at work: its keys, its book, its pins, its clock. What it does with them is in the duty modules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from app.parties.book import Book
from app.parties.errors import NodeRefusalError
from app.parties.evidence import Evidence, Json, read_evidence
from app.parties.keys import PartyKeys
from app.parties.pinned_rules import Layers, shipped_layers
from app.parties.trust import Trust
from draw.entries import Entry, Signature, draft, entry_bytes, parse_entry, sign, with_signature
from draw.errors import DrawError


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`clock` gives aware UTC times; `random` gives n unpredictable bytes; `gateways` are the keys (hex32)
    whose records of keypad answers count; `layers` are the rule packs' files that are known here."""

    keys: PartyKeys
    book: Book
    trust: Trust
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    gateways: frozenset[str] = frozenset()
    layers: Layers = field(default_factory=shipped_layers)

    def evidence(self, request: Json, draw: int) -> Evidence:
        """The request's evidence, checked, of a draw that names this node's key. Raises NodeRefusalError."""
        found = read_evidence(request.get("evidence"), trust=self.trust, draw=draw)
        if found.public(self.keys.role) != self.keys.signing.public:
            raise NodeRefusalError("not_ours")
        return found

    def entry(self, kind: str, draw: int, body: Mapping[str, Any], *, key: str = "") -> Entry:
        """An entry signed by this node alone, made once: a repeated request gets the same bytes."""
        drafted = draft(kind, stamp(self.clock()), body)
        fresh = entry_bytes(sign(drafted, self.keys.role, self.keys.signing))
        return parse_entry(self.book.put_once(f"entry {kind}", draw, fresh, key=key))


def stamp(now: datetime) -> str:
    """A UTC time to the second, as entries carry it."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def proposed(request: Json, kind: str, evidence: Evidence) -> Entry:
    """The entry that the platform asks this node to sign too: of the right type, begun by the platform's
    signature.
    """
    try:
        raw = cast("dict[str, Any]", request["entry"])
        drafted = draft(raw["type"], raw["time"], raw["body"])
        if drafted.type != kind:
            raise NodeRefusalError("malformed", "another type of entry")
        line = next(one for one in raw["signatures"] if one["role"] == "platform")
        return _with_platform(drafted, line, evidence)
    except (DrawError, KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise NodeRefusalError("malformed", type(error).__name__) from error


def _with_platform(drafted: Entry, line: Mapping[str, str], evidence: Evidence) -> Entry:
    key, signature = bytes.fromhex(line["key"]), bytes.fromhex(line["signature"])
    if key != evidence.public("platform"):
        raise NodeRefusalError("evidence", "the platform's key is another one")
    return with_signature(drafted, Signature(role="platform", key=key, signature=signature))
