"""The supervisor's signature under an appointment: members of a committee who were not drawn.

The platform cannot make one alone. The node signs only for a document whose digest its owner approved here
beforehand, whose entry says of it what it says, and whose parties are pinned and in the log; and one document
under one number only. It sees reason, approval file and counts, and nobody's name.
"""

from base64 import b64decode
from datetime import datetime
from typing import Any, Final, cast

from app.parties.book import Book
from app.parties.duties import CLOCK_TOLERANCE, own_signature
from app.parties.errors import NodeRefusalError
from app.parties.evidence import Json, read_keys
from app.parties.node import Node
from draw.appointment import MAX_DOCUMENT_BYTES, agrees, document_digest
from draw.entries import Entry, Signature, draft, with_signature
from draw.errors import DrawError

_APPROVED: Final = "appointment"
_NUMBERED: Final = "appointment number"


def approve(book: Book, digest: str) -> None:
    """Note that the owner approves the appointment whose document has this digest."""
    book.put_once(_APPROVED, 0, b"", key=digest)


def sign_appointment(node: Node, request: Json) -> Signature:
    """Sign the `appointment` entry that the platform proposes. Raises NodeRefusalError ``appointment``
    without the owner's approval, ``other_record`` for a document that has another number already."""
    entry = _proposed(request)
    document = _document(request)
    body = entry.body
    parties = read_keys(request.get("evidence"), trust=node.trust, named=body["parties"])
    line = entry.signatures[0]
    if line.role != "platform" or line.key.hex() != parties["platform"]["public"]:
        raise NodeRefusalError("evidence", "the platform's key is another one")
    if body["parties"]["supervisor"] != node.keys.signing.public.hex():
        raise NodeRefusalError("not_ours")
    if not _fits(body, document):
        raise NodeRefusalError("evidence", "the entry disagrees with its document")
    if abs(datetime.fromisoformat(entry.time) - node.clock()) > CLOCK_TOLERANCE:
        raise NodeRefusalError("clock")
    if node.book.get(_APPROVED, 0, key=body["document"]) is None:
        raise NodeRefusalError("appointment")
    number = f"{body['section']} {body['number']} {body['previous']}".encode("ascii")
    if node.book.put_once(_NUMBERED, 0, number, key=body["document"]) != number:
        raise NodeRefusalError("other_record", "this document has another number")
    return own_signature(node, entry)


def _fits(body: Any, document: bytes) -> bool:
    try:
        return body["document"] == document_digest(document) and agrees(body, document)
    except DrawError as error:
        raise NodeRefusalError("malformed", error.code) from error


def _proposed(request: Json) -> Entry:
    """The entry with the platform's signature on it."""
    try:
        raw = cast("dict[str, Any]", request["entry"])
        drafted = draft(raw["type"], raw["time"], raw["body"])
        (line,) = raw["signatures"]
        key, signature = bytes.fromhex(line["key"]), bytes.fromhex(line["signature"])
        if drafted.type != "appointment":
            raise NodeRefusalError("malformed", "another type of entry")
        return with_signature(drafted, Signature(role=line["role"], key=key, signature=signature))
    except (DrawError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NodeRefusalError("malformed", type(error).__name__) from error


def _document(request: Json) -> bytes:
    try:
        data = b64decode(str(request.get("document")), validate=True)
    except ValueError as error:
        raise NodeRefusalError("malformed", "document") from error
    if not 0 < len(data) <= MAX_DOCUMENT_BYTES:
        raise NodeRefusalError("malformed", "document")
    return data
