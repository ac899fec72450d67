"""Log heads as C2SP ``signed-note``, ``tlog-checkpoint`` and ``tlog-cosignature`` v1, Ed25519 only.

A note is a text, an empty line, and signature lines. The log signs the text itself (key type 0x01);
cosigners sign "cosignature/v1", a time and the text (key type 0x04). Parsing is strict: bounded sizes,
canonical base64, one spelling per number, no extension lines. Which names and keys count, how many cosigners
make a quorum and whether a time is acceptable are decisions of the caller.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from crypto.errors import NoteError, SignatureError
from crypto.hashing import HASH_BYTES, sha256, u64be
from crypto.merkle import MAX_SIZE
from crypto.signing import PUBLIC_BYTES, SIGNATURE_BYTES, SigningKey, verify

MAX_NOTE_BYTES: Final = 16 * 1024
MAX_SIGNATURES: Final = 16
MAX_NAME_CHARS: Final = 128
# A cosignature time fits a signed 64-bit integer; 0 means "no time" in the specification.
MAX_TIME: Final = (1 << 63) - 1
KEY_ID_BYTES: Final = 4
_LOG_KEY: Final = b"\x01"
_COSIGNER_KEY: Final = b"\x04"
_COSIGNATURE_BYTES: Final = 8 + SIGNATURE_BYTES
_DASH: Final = "\u2014 "
# Space and plus delimit names on the wire, so names hold neither; printable ASCII keeps them comparable.
_NAME: Final = re.compile(r"[!-*,-~]{1,128}", re.ASCII)
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_BODY_LINES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line: key name, 4-byte key id, and what follows the id (64 bytes, or 72 with a time)."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A parsed note. `body` ends with its newline; the signatures are not yet verified."""

    body: str
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log head: origin (a name without space or plus), number of leaves, and 32-byte root."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Raises NoteError ``note.bad-name`` or ``note.bad-checkpoint``."""
        _check_name(self.origin)
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise NoteError("note.bad-checkpoint", "size or root out of bounds")

    def body(self) -> str:
        """The three-line note text, with its final newline."""
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"

    @classmethod
    def from_body(cls, body: str) -> "Checkpoint":
        """Read `body()` back, strictly: exactly three lines, no leading zeros, canonical base64."""
        lines = body.split("\n")
        if len(lines) != _BODY_LINES + 1 or lines[-1] or not _SIZE.fullmatch(lines[1]):
            raise NoteError("note.bad-checkpoint", "not a three-line checkpoint")
        return cls(lines[0], int(lines[1]), _decode(lines[2]))


def log_key_id(name: str, public: bytes) -> bytes:
    """Key id of a log key: SHA-256(name || 0x0A || 0x01 || public)[:4]."""
    return _key_id(name, _LOG_KEY, public)


def cosigner_key_id(name: str, public: bytes) -> bytes:
    """Key id of a cosigner key: SHA-256(name || 0x0A || 0x04 || public)[:4]."""
    return _key_id(name, _COSIGNER_KEY, public)


def sign_note(body: str, name: str, key: SigningKey) -> str:
    """Sign `body` as a log; returns the whole note with this one signature line."""
    _check_body(body)
    payload = log_key_id(name, key.public) + key.sign(body.encode("utf-8"))
    return f"{body}\n{_DASH}{name} {_encode(payload)}\n"


def cosign(body: str, name: str, key: SigningKey, time: int) -> str:
    """Cosign `body` at unix second `time`; returns one signature line to be added to the note.

    A cosigner calls this only after checking the log's signature and consistency with what it signed before.
    """
    _check_body(body)
    payload = cosigner_key_id(name, key.public) + u64be(_check_time(time))
    payload += key.sign(_cosignature_message(body, time))
    return f"{_DASH}{name} {_encode(payload)}\n"


def with_signature(note: str, line: str) -> str:
    """`note` with one more signature line; the result is parsed once, so it is a valid note or NoteError."""
    joined = note + line
    if len(parse_note(joined).signatures) != len(parse_note(note).signatures) + 1:
        raise NoteError("note.malformed", "not one signature line")
    return joined


def parse_note(text: str | bytes) -> Note:
    """Read a signed note of at most 16 KiB and 1 to 16 signature lines; verifies nothing.

    Raises NoteError ``note.too-large``, ``.utf8``, ``.malformed``, ``.too-many-signatures`` or
    ``.duplicate-signature`` (the same name and key id twice).
    """
    decoded = _text(text)
    body, gap, tail = decoded.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise NoteError("note.malformed", "no signature block")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError("note.too-many-signatures", f"more than {MAX_SIGNATURES} signature lines")
    _check_body(body + "\n")
    signatures = tuple(_parse_line(line) for line in lines)
    if len({(one.name, one.key_id) for one in signatures}) != len(signatures):
        raise NoteError("note.duplicate-signature", "a key signs twice")
    return Note(body=body + "\n", signatures=signatures)


def verify_log_signature(note: Note, name: str, public: bytes) -> None:
    """Check that the log `name` with key `public` signed the note.

    Raises NoteError ``note.signature-missing`` or ``note.signature-invalid``.
    """
    signature = _find(note, name, log_key_id(name, public), SIGNATURE_BYTES)
    _verify(public, note.body.encode("utf-8"), signature)


def verify_cosignature(note: Note, name: str, public: bytes) -> int:
    """Check that the cosigner `name` with key `public` cosigned the note; returns the unix second it stated.

    Raises NoteError ``note.signature-missing`` or ``note.signature-invalid``.
    """
    payload = _find(note, name, cosigner_key_id(name, public), _COSIGNATURE_BYTES)
    time = int.from_bytes(payload[:8], "big")
    if not 1 <= time <= MAX_TIME:
        raise NoteError("note.signature-invalid", "the cosignature time is out of range")
    _verify(public, _cosignature_message(note.body, time), payload[8:])
    return time


def _find(note: Note, name: str, key_id: bytes, length: int) -> bytes:
    for one in note.signatures:
        if one.name == name and one.key_id == key_id:
            if len(one.signature) != length:
                raise NoteError("note.signature-invalid", "the signature has the wrong length")
            return one.signature
    raise NoteError("note.signature-missing", "no signature by this key")


def _verify(public: bytes, message: bytes, signature: bytes) -> None:
    try:
        verify(public, message, signature)
    except SignatureError as error:
        raise NoteError("note.signature-invalid", "the signature does not verify") from error


def _cosignature_message(body: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{body}".encode()


def _key_id(name: str, kind: bytes, public: bytes) -> bytes:
    _check_name(name)
    if len(public) != PUBLIC_BYTES:
        raise NoteError("note.bad-key", "a public key is 32 bytes")
    return sha256(name.encode("ascii"), b"\n", kind, public)[:KEY_ID_BYTES]


def _text(text: str | bytes) -> str:
    try:
        encoded = text if isinstance(text, bytes) else text.encode("utf-8")
        if len(encoded) > MAX_NOTE_BYTES:
            raise NoteError("note.too-large", f"more than {MAX_NOTE_BYTES} bytes")
        return encoded.decode("utf-8")
    except UnicodeError as error:
        raise NoteError("note.utf8", "not UTF-8") from error


def _parse_line(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise NoteError("note.malformed", "not a signature line")
    _check_name(name)
    payload = _decode(encoded)
    if len(payload) <= KEY_ID_BYTES:
        raise NoteError("note.malformed", "a signature line without a signature")
    return NoteSignature(name=name, key_id=payload[:KEY_ID_BYTES], signature=payload[KEY_ID_BYTES:])


def _check_body(body: str) -> None:
    if len(_text(body)) < 2 or not body.endswith("\n"):
        raise NoteError("note.malformed", "a note text ends with a newline")
    if any(char < " " and char != "\n" for char in body):
        raise NoteError("note.malformed", "a note text holds no control characters")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise NoteError(
            "note.bad-name", f"a name is 1 to {MAX_NAME_CHARS} printable ASCII without space or plus"
        )


def _check_time(time: int) -> int:
    if not 1 <= time <= MAX_TIME:
        raise NoteError("note.bad-time", "a cosignature time is 1 to 2^63 - 1")
    return time


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise NoteError("note.malformed", "not base64") from error
    if _encode(data) != text:
        raise NoteError("note.malformed", "not canonical base64")
    return data
