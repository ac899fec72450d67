"""The rules of a draw as a holder's node judges them: resolved anew from layers that its owner has.

A record names its rules by a digest, and the platform could put anything behind it. So the request for a
seal shows the rules; they count when the layers they name are pinned here (the packs of this installation,
and a folder of the owner's) and give exactly these rules, or when the owner accepted their digest. Whether
they are the right pack for a project is for people: the node sees no project.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from app.gateways.rule_packs import load_rule_packs
from app.parties.book import Book
from app.parties.errors import NodeRefusalError
from app.parties.evidence import Json
from draw.avoidance.layers import resolve
from draw.avoidance.rules import Rules
from draw.errors import RulesError
from draw.record import rules_digest

Layers = Mapping[str, bytes]
_ACCEPTED: Final = "rules"


@cache
def shipped_layers() -> Layers:
    """The layers of this installation: TOML bytes by SHA-256, 64 hex digits."""
    return _by_digest(load_rule_packs().layers)


def pinned_layers(folder: Path | None = None) -> Layers:
    """The layers of this installation and those of `folder` (``packs``), by digest. Raises RulesError."""
    return {**shipped_layers(), **_by_digest(load_rule_packs(folder).layers)}


def accept(book: Book, digest: bytes) -> None:
    """Note that the owner takes the rules with this digest (the record's `rules`), pinned or not."""
    book.put_once(_ACCEPTED, 0, b"", key=digest.hex())


def accepted(book: Book) -> list[str]:
    """The digests taken so, hexadecimal, ascending."""
    return sorted(book.of_draw(_ACCEPTED, 0))


def are_known(value: object) -> bool:
    """Whether the JSON form of rules is what layers of this installation give."""
    try:
        return _follows(Rules.from_json(value), shipped_layers())
    except RulesError:
        return False


def check_rules(book: Book, layers: Layers, record: Mapping[str, Any], request: Json) -> None:
    """Raise NodeRefusalError `malformed` for rules that are none, `evidence` for rules that are not those of
    the record, `unknown_rules` for ones that neither follow from pinned layers nor were accepted.
    """
    try:
        rules = Rules.from_json(request.get("rules"))
    except RulesError as error:
        raise NodeRefusalError("malformed", "the rules") from error
    digest = rules_digest(rules).hex()
    if digest != record["rules"]:
        raise NodeRefusalError("evidence", "the rules shown are not those of the record")
    if book.get(_ACCEPTED, 0, key=digest) is None and not _follows(rules, layers):
        raise NodeRefusalError("unknown_rules", digest)


def _follows(rules: Rules, layers: Layers) -> bool:
    try:
        return resolve([(one.id, layers[one.digest]) for one in rules.layers]) == rules
    except (KeyError, RulesError):
        return False


def _by_digest(layers: Mapping[str, bytes]) -> Layers:
    return {hashlib.sha256(data).hexdigest(): data for data in layers.values()}
