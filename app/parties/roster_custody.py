"""What agency and supervisor do as custodians of a sealed roster: hold a share, and give it at the right
time.

A share leaves this node only when the log proves both the manifest that names it and the wish to open that
very version, and when the time in the manifest has come on this node's own clock. It leaves sealed to the
platform's custody key and bound to that one wish; the node's book keeps which wishes it served. The node
never sees the roster itself (draw.roster).
"""

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.parties.errors import NodeRefusalError
from app.parties.evidence import Evidence, Json
from app.parties.node import Node
from crypto.errors import CryptoError
from crypto.hashing import tagged
from crypto.sealing import seal, x25519_public
from draw import roster
from draw.errors import DrawError


def custody_key(node: Node) -> dict[str, str]:
    """The X25519 key that shares are sealed to, signed with the key that the log knows this party by."""
    key = x25519_public(node.keys.seal_seed).hex()
    signed = roster.custody_statement(node.keys.role, key)
    return {"role": node.keys.role, "key": key, "signature": node.keys.signing.sign(signed).hex()}


def release(node: Node, draw: int, request: Json) -> bytes:
    """This node's share, sealed to the platform for one opening."""
    evidence = node.evidence(request, draw)
    if evidence.appointed is None:
        evidence.one("result", draw=draw)
    manifest_bytes, opening_bytes = _document(request, "manifest"), _document(request, "opening")
    manifest, opening = _read(manifest_bytes, opening_bytes)
    _require_logged(evidence, manifest_bytes, opening_bytes)
    named = {"draw": draw, "version": manifest["version"]}
    if manifest["draw"] != draw or any(opening[name] != value for name, value in named.items()):
        raise NodeRefusalError("evidence", "manifest and opening are not of one roster of this draw")
    if node.clock() < datetime.fromisoformat(manifest["not_before"]):
        raise NodeRefusalError("not_yet")
    if node.book.put_once("roster", draw, opening_bytes, key=opening["id"]) != opening_bytes:
        raise NodeRefusalError("other_record", "another opening has this id")
    return _sealed_share(node, manifest, opening_bytes, to=str(request.get("custody")))


def _sealed_share(node: Node, manifest: Mapping[str, Any], opening: bytes, *, to: str) -> bytes:
    """`to` is the platform's custody key of today, named in the request that it signed: a platform that lost
    the key of the manifest is served by the two others."""
    try:
        share = roster.own_share(manifest, node.keys.role, node.keys.seal_seed)
        return seal(bytes.fromhex(to), roster.release_info(opening), roster.share_bytes(share))
    except (DrawError, CryptoError, ValueError) as error:
        raise NodeRefusalError("evidence", "no share of this node, or no key to seal it to") from error


def _require_logged(evidence: Evidence, manifest: bytes, opening: bytes) -> None:
    """The newest manifest in the log is this one, and the opening stands after it."""
    records = [
        (index, entry.body)
        for index, entry in evidence.entries
        if entry.type == "record" and entry.body["draw"] == evidence.draw
    ]
    sealed = [index for index, body in records if body["topic"] == "roster"]
    here = [index for index, body in records if _names(body, "roster", manifest)]
    asked = [index for index, body in records if _names(body, "roster-open", opening)]
    if not here or here[-1] != sealed[-1] or not asked or asked[-1] < here[-1]:
        raise NodeRefusalError("evidence", "the log does not show this roster and the wish to open it")


def _names(body: Mapping[str, Any], topic: str, document: bytes) -> bool:
    return bool(body["topic"] == topic and body["digest"] == tagged("qt/1 record", document).hex())


def _read(manifest: bytes, opening: bytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        return roster.read_manifest(manifest), roster.read_opening(opening)
    except DrawError as error:
        raise NodeRefusalError("malformed", error.code) from error


def _document(request: Json, name: str) -> bytes:
    try:
        data = b64decode(str(request.get(name)), validate=True)
    except ValueError as error:
        raise NodeRefusalError("malformed", name) from error
    if not 0 < len(data) <= roster.MAX_DOCUMENT_BYTES:
        raise NodeRefusalError("malformed", name)
    return data
