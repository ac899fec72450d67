"""Encryption of single database fields: AES-256-GCM, each ciphertext bound to its table, column and row.

Stored form: u8 length of the key id, key id (ASCII), 12-byte random nonce, ciphertext with its tag. The
associated data is ``table|column|row``, so a ciphertext copied to another place does not open. Rotation: add
a key, name it current; old fields still open under the id they carry. The key file is JSON, owner-only
(0600), kept outside the database: ``{"current": id, "keys": {id: hex32 …}, "tags": hex32}``. It does not
decide what is encrypted.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import CipherError
from app.private_files import create_private, write_private
from crypto.hashing import hmac_sha256

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
MAX_KEY_FILE_BYTES: Final = 64 * 1024
_OTHERS: Final = 0o077


class FieldCipher:
    """Seals and opens fields. `tags` keys the pseudonyms that join rows of one person."""

    __slots__ = ("_ciphers", "_current", "_tags")

    def __init__(self, *, current: str, keys: Mapping[str, bytes], tags: bytes) -> None:
        """Raises CipherError ``cipher.bad-key`` on a wrong length or an unknown current key."""
        lengths_right = all(len(key) == KEY_BYTES for key in (*keys.values(), tags))
        ids_right = all(id_.isascii() and 0 < len(id_) < 256 for id_ in keys)
        if not lengths_right or not ids_right or current not in keys:
            raise CipherError("cipher.bad-key")
        self._ciphers = {id_: AESGCM(key) for id_, key in keys.items()}
        self._current = current
        self._tags = tags

    def seal(self, plaintext: bytes, *, table: str, column: str, row: str) -> bytes:
        """Ciphertext under the current key for exactly this place."""
        nonce = os.urandom(NONCE_BYTES)
        body = self._ciphers[self._current].encrypt(nonce, plaintext, _place(table, column, row))
        name = self._current.encode("ascii")
        return bytes([len(name)]) + name + nonce + body

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """Plaintext of `seal`. Raises CipherError ``cipher.unknown-key`` or ``cipher.not-authentic``."""
        end = 1 + sealed[0] if sealed else 0
        if len(sealed) < end + NONCE_BYTES + TAG_BYTES or end == 0:
            raise CipherError("cipher.not-authentic")
        cipher = self._ciphers.get(sealed[1:end].decode("ascii", "replace"))
        if cipher is None:
            raise CipherError("cipher.unknown-key")
        nonce, body = sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, _place(table, column, row))
        except InvalidTag as error:
            raise CipherError("cipher.not-authentic") from error

    def tag(self, purpose: str, value: str) -> str:
        """Keyed hash (hex32) of a value that must be joined but never shown."""
        return hmac_sha256(self._tags, purpose.encode("utf-8"), b"\x00", value.encode("utf-8")).hex()

    def __repr__(self) -> str:
        """Never show a key."""
        return f"FieldCipher(current={self._current!r})"


def load_or_create(path: Path) -> FieldCipher:
    """The cipher of the key file at `path`; a missing file is made with fresh keys.

    Raises CipherError ``cipher.file-mode`` when others may read it, ``cipher.bad-file`` when it is not
    understood.
    """
    if not path.exists():
        _create(path)
    if path.stat().st_mode & _OTHERS:
        raise CipherError("cipher.file-mode")
    return _parse(path.read_bytes()[: MAX_KEY_FILE_BYTES + 1])


def rotate(path: Path, key_id: str) -> FieldCipher:
    """Add a fresh key called `key_id`, make it current and keep the old ones. The file is replaced
    atomically.
    """
    content = json.loads(path.read_bytes())
    if key_id in content["keys"]:
        raise CipherError("cipher.key-exists")
    content["keys"][key_id] = secrets.token_hex(KEY_BYTES)
    content["current"] = key_id
    write_private(path, json.dumps(content).encode("ascii"))
    return load_or_create(path)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = {
        "current": "k1",
        "keys": {"k1": secrets.token_hex(KEY_BYTES)},
        "tags": secrets.token_hex(KEY_BYTES),
    }
    # Of two starting processes one wins and both read the same keys.
    with suppress(FileExistsError):
        create_private(path, json.dumps(content).encode("ascii"))


def _parse(data: bytes) -> FieldCipher:
    if len(data) > MAX_KEY_FILE_BYTES:
        raise CipherError("cipher.bad-file")
    try:
        content = json.loads(data)
        keys = {str(id_): bytes.fromhex(key) for id_, key in content["keys"].items()}
        return FieldCipher(current=content["current"], keys=keys, tags=bytes.fromhex(content["tags"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CipherError("cipher.bad-file") from error


def _place(table: str, column: str, row: str) -> bytes:
    return f"{table}|{column}|{row}".encode()
