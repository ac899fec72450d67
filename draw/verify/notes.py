"""Checkpoints: C2SP signed-note, tlog-checkpoint and tlog-cosignature, in the one shape of draw-proof §2.

A note here has exactly three text lines and exactly three signature lines (log, supervisor, cosigner).
Extension lines, further signatures, another order and non-canonical base64 are refused. Reading says nothing
about who signed; `verified` does.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from draw.verify import ed25519
from draw.verify.canonical import MAX_INTEGER

LOG_KEY_TYPE = 1
COSIGNER_KEY_TYPE = 4
MAX_NOTE = 4096  # characters
_NAME = r"[!-*,-~]{1,128}"  # printable ASCII without plus
_BASE64 = r"[A-Za-z0-9+/]+={0,2}"
_NOTE = re.compile(
    rf"(?P<origin>{_NAME})\n(?P<size>0|[1-9][0-9]{{0,15}})\n(?P<root>{_BASE64})\n\n"
    + "".join(rf"— (?P<name{i}>{_NAME}) (?P<sig{i}>{_BASE64})\n" for i in range(3))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One signature line. `time` is the cosignature's POSIX time, None for the log's own signature."""

    name: str
    key_id: bytes
    time: int | None
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree head with its three signature lines; `text` are the signed bytes."""

    origin: str
    size: int
    root: bytes
    text: bytes
    lines: tuple[Line, Line, Line]


def read(note: str) -> Checkpoint | None:
    """The checkpoint of a note, or None when it is not of the one accepted shape."""
    match = _NOTE.fullmatch(note) if len(note) <= MAX_NOTE else None
    if match is None:
        return None
    root = _base64(match["root"], 32)
    log = _line(match["name0"], match["sig0"], timed=False)
    supervisor = _line(match["name1"], match["sig1"], timed=True)
    cosigner = _line(match["name2"], match["sig2"], timed=True)
    size = int(match["size"])
    if root is None or log is None or supervisor is None or cosigner is None or size > MAX_INTEGER:
        return None
    text = f"{match['origin']}\n{match['size']}\n{match['root']}\n".encode()
    return Checkpoint(
        origin=match["origin"], size=size, root=root, text=text, lines=(log, supervisor, cosigner)
    )


def verified(checkpoint: Checkpoint, line: Line, name: str, public: bytes) -> bool:
    """Whether the line is the signature of the key (name, public) over the checkpoint (key type 01, or 04
    when timed)."""
    kind = LOG_KEY_TYPE if line.time is None else COSIGNER_KEY_TYPE
    if line.name != name or line.key_id != key_id(name, kind, public):
        return False
    message = checkpoint.text
    if line.time is not None:
        message = f"cosignature/v1\ntime {line.time}\n".encode() + message
    return ed25519.verified(public, line.signature, message)


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """First four bytes of SHA-256(name ‖ LF ‖ type ‖ public)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def _line(name: str, encoded: str, *, timed: bool) -> Line | None:
    raw = _base64(encoded, 76 if timed else 68)
    if raw is None:
        return None
    time = int.from_bytes(raw[4:12], "big") if timed else None
    if time is not None and not 1 <= time < 2**63:
        return None
    return Line(name=name, key_id=raw[:4], time=time, signature=raw[-64:])


def _base64(encoded: str, length: int) -> bytes | None:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == length and base64.b64encode(raw).decode() == encoded else None
