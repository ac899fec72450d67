"""A party node as a process: opened from its folder, served by uvicorn on an address of its own.

The folder holds `keys.json` (0600), `party.json`, `trust.json`, the book `node.sqlite` and, for a supervisor,
`gateways.json`. The socket listens
before the address is told, so whoever hears it may call at once.
"""

import json
import os
import re
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvicorn

from app.errors import AppError
from app.logs import quiet_server
from app.parties import keys
from app.parties.appointments import approve
from app.parties.book import Book
from app.parties.duties import HOLDERS
from app.parties.grounds import NOTE
from app.parties.node import Node
from app.parties.pinned_rules import accept, accepted, pinned_layers
from app.parties.server import create_node_app
from app.parties.trust import Trust, load_trust, read_trust
from app.private_files import write_private
from crypto.errors import CryptoError
from crypto.signing import validate_public
from draw.appointment import document_digest, read_document
from draw.errors import AppointmentError

TRUST_FILE: Final = "trust.json"
BOOK_FILE: Final = "node.sqlite"
GATEWAYS_FILE: Final = "gateways.json"
MAX_GATEWAYS: Final = 16
MAX_GATEWAYS_BYTES: Final = 4096
_HEX32: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
SEED_BYTES: Final = 96
_BACKLOG: Final = 128
_OVERRIDE: Final = "override"


def create_keys(folder: Path, *, role: keys.Role, name: str) -> keys.PartyKeys:
    """Make the folder's keys. Raises AppError ``party.folder-taken`` or ``party.name``."""
    try:
        return keys.create(folder, role=role, name=name, seeds=os.urandom(SEED_BYTES))
    except FileExistsError as error:
        raise AppError("party.folder-taken") from error
    except ValueError as error:
        raise AppError("party.name") from error


def custody_seed(folder: Path) -> bytes:
    """The private half of a supervisor's custody key, which raw voices are sealed to (R28). Raises AppError
    ``party.role`` for a node of another role, ``party.folder`` or ``platform.key-mode``."""
    held = load_keys(folder)
    if held.role != "supervisor":
        raise AppError("party.role")
    return held.seal_seed


def load_keys(folder: Path) -> keys.PartyKeys:
    """The folder's keys. Raises AppError ``party.folder`` or ``platform.key-mode``."""
    try:
        return keys.load(folder)
    except PermissionError as error:
        raise AppError("platform.key-mode") from error
    except (OSError, ValueError, KeyError) as error:
        raise AppError("party.folder") from error


def pin(folder: Path, data: bytes) -> Trust:
    """Pin a trust file that lists this node's own key. Raises AppError ``trust.file``, ``trust.own-key``."""
    own = load_keys(folder)
    try:
        trust = read_trust(data)
    except (CryptoError, ValueError) as error:
        raise AppError("trust.file") from error
    if not trust.accepts(own.role, own.signing.public.hex()):
        raise AppError("trust.own-key")
    (folder / TRUST_FILE).write_bytes(trust.to_bytes())
    return trust


def approve_override(folder: Path, section: bytes, reason: str) -> str:
    """Note, for a supervisor's node, the reason for drawing a section below the anonymity gate; gives the one
    noted.

    Raises AppError ``party.role``.
    """
    if load_keys(folder).role != "supervisor":
        raise AppError("party.role")
    noted = Book(folder / BOOK_FILE).put_once(_OVERRIDE, 0, reason.encode("utf-8"), key=section.hex())
    return noted.decode("utf-8")


def approve_appointment(folder: Path, document: bytes) -> str:
    """Note for a supervisor's node that the appointment with this document may be signed; gives its digest.

    The document, not a digest that somebody else says is its: what the owner reads is what is approved.
    Raises AppError ``party.role``, ``party.appointment-document``.
    """
    if load_keys(folder).role != "supervisor":
        raise AppError("party.role")
    digest = document_digest(document)
    told_of(document)
    approve(Book(folder / BOOK_FILE), digest)
    return digest


def told_of(document: bytes) -> dict[str, Any]:
    """What an appointment's document says, for its owner to read, with its digest last. Raises AppError
    ``party.appointment-document``."""
    try:
        told = read_document(document)
    except AppointmentError as error:
        raise AppError("party.appointment-document") from error
    return {
        "section": told["section"],
        "way": told["way"],
        "fills": told["fills"],
        "reason": told["reason"],
        "approval": told["approval"],
        "seats": told["parameters"]["committee"]["experts"],
        "outside": told["outside"],
        "proposed_at": told["proposed_at"],
        "digest": document_digest(document),
    }


def pin_gateways(folder: Path, gateways: Sequence[str]) -> list[str]:
    """Pin the keys (hex32) whose records of keypad answers a supervisor's node takes, in place of earlier
    ones.

    Raises AppError ``party.role`` for another role's folder, ``party.gateways`` for what is no key or too
    many.
    """
    if load_keys(folder).role != "supervisor":
        raise AppError("party.role")
    listed = sorted(set(gateways))
    if len(listed) > MAX_GATEWAYS or not all(_is_key(one) for one in listed):
        raise AppError("party.gateways")
    write_private(folder / GATEWAYS_FILE, json.dumps(listed).encode("ascii"))
    return listed


def notes(folder: Path, draw: int) -> dict[int, str]:
    """The notes behind the conflicts, recusals and moves that this supervisor's node answered, by event."""
    kept = Book(folder / BOOK_FILE).of_draw(NOTE, draw)
    return {int(t): note.decode("utf-8") for t, note in sorted(kept.items(), key=lambda one: int(one[0]))}


def accept_rules(folder: Path, digest: str) -> list[str]:
    """Note for a holder's node that rules with this digest (64 hex digits) may be sealed though no pack here
    gives them; gives all noted so. Raises AppError ``party.role``, ``party.rules-digest``.
    """
    if load_keys(folder).role not in HOLDERS:
        raise AppError("party.role")
    if not _HEX32.fullmatch(digest):
        raise AppError("party.rules-digest")
    book = Book(folder / BOOK_FILE)
    accept(book, bytes.fromhex(digest))
    return accepted(book)


def open_node(folder: Path, *, rules: Path | None = None) -> Node:
    """The node of a folder with the machine's clock and chance; rule packs of the folder `rules` count beside
    those that ship. Raises AppError, RulesError.
    """
    own = load_keys(folder)
    try:
        trust = load_trust(folder / TRUST_FILE)
    except FileNotFoundError as error:
        raise AppError("trust.missing") from error
    except (CryptoError, ValueError) as error:
        raise AppError("trust.file") from error
    book = Book(folder / BOOK_FILE)
    return Node(
        keys=own,
        book=book,
        trust=trust,
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        gateways=_gateways(folder),
        layers=pinned_layers(rules),
    )


def _gateways(folder: Path) -> frozenset[str]:
    path = folder / GATEWAYS_FILE
    try:
        listed = json.loads(path.read_bytes()[:MAX_GATEWAYS_BYTES]) if path.exists() else []
        if not isinstance(listed, list) or not all(isinstance(one, str) and _is_key(one) for one in listed):
            raise AppError("party.gateways")
    except ValueError as error:
        raise AppError("party.gateways") from error
    return frozenset(listed)


def _is_key(text: str) -> bool:
    if not _HEX32.fullmatch(text):
        return False
    try:
        validate_public(bytes.fromhex(text))
    except CryptoError:
        return False
    return True


def serve_node(node: Node, *, host: str, port: int, announce: Callable[[str], None]) -> uvicorn.Server:
    """Serve until stopped; `announce` hears the address once the socket listens. Gives the stopped server."""
    quiet_server()
    listener = socket.create_server((host, port), backlog=_BACKLOG)
    config = uvicorn.Config(create_node_app(node), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    announce(f"http://{host}:{listener.getsockname()[1]}")
    server.run(sockets=[listener])
    return server
