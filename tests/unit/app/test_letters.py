"""A letter's secret: what follows from it, in which form it travels, and what it opens.

The derivations are those that the page makes; `tests/vectors/letter.json` holds them for both.
"""

import json
from pathlib import Path

import pytest

from app.errors import AccessRefusedError
from app.usecases.invitations import letters

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "letter.json").read_bytes())


@pytest.mark.parametrize("vector", VECTORS["letters"])
def test_what_follows_from_a_secret(vector: dict[str, str]) -> None:
    secret = bytes.fromhex(vector["secret"])
    keys = letters.derive(secret)
    assert letters.encode(secret) == vector["fragment"]
    assert keys.id == vector["id"]
    assert keys.auth.hex() == vector["auth"]
    assert keys.auth_hash == vector["auth_hash"]
    assert keys.key.hex() == vector["key"]
    assert keys.reply.public.hex() == vector["reply_key"]
    assert keys.arrival_code == vector["arrival_code"]
    assert letters.unseal(keys, bytes.fromhex(vector["letter"])) == VECTORS["content"]


@pytest.mark.parametrize("secret", [bytes(16), b"\xff" * 16, bytes(range(16))])
def test_a_fragment_comes_back(secret: bytes) -> None:
    text = letters.encode(secret)
    assert len(text) == 26
    assert letters.decode(text) == secret
    assert letters.link("https://a.example/", secret) == f"https://a.example/i#{text}"


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "U" * 26, "o" * 26, "0" * 25 + "1", "0" * 25 + "3"])
def test_what_is_no_fragment(text: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        letters.decode(text)


def test_a_letter_opens_with_its_own_key_under_its_own_id_only() -> None:
    one, other = letters.derive(bytes(16)), letters.derive(b"\x01" * 16)
    letter = letters.seal(one, {"date": "2026-11-24"}, bytes(12))
    assert letters.unseal(one, letter) == {"date": "2026-11-24"}
    flipped = letter[:-1] + bytes([letter[-1] ^ 1])
    for keys, data in ((other, letter), (one, flipped), (one, b""), (one, letter[:12])):
        with pytest.raises(AccessRefusedError, match="not-authentic"):
            letters.unseal(keys, data)


def test_keys_are_not_printed() -> None:
    keys = letters.derive(bytes(range(16)))
    shown = repr(keys)
    assert keys.id in shown
    for hidden in (keys.auth.hex(), repr(keys.auth), keys.arrival_code, repr(keys.key)):
        assert hidden not in shown


def test_a_secret_of_another_length() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        letters.derive(bytes(15))
