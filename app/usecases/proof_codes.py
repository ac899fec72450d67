"""核验码: twelve characters that name a draw's proof on certificates and in conversation.

The code is the first 60 bits of H("qt/1 code", sdr) in Crockford's base 32 (no I, L, O, U). It is a handle,
not a proof: whoever looks a bundle up by it verifies the bundle. Reading forgives lower case, blanks,
hyphens, and O, I, L for 0, 1, 1.
"""

from typing import Final

from crypto.hashing import tagged

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 12
_BITS: Final = 5
_FORGIVEN: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def proof_code(sdr: bytes) -> str:
    """The code of a Sealed Draw Record's hash (32 bytes)."""
    number = int.from_bytes(tagged("qt/1 code", sdr)[:8], "big") >> (64 - _BITS * LENGTH)
    return "".join(ALPHABET[(number >> (_BITS * place)) & 31] for place in reversed(range(LENGTH)))


def read_code(text: str) -> str | None:
    """The code that a person typed, or None when it cannot be one."""
    if len(text) > 4 * LENGTH:
        return None
    code = text.upper().translate(_FORGIVEN)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
