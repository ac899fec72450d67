"""P-256 keys and signatures as browsers make them: RFC vectors, and each thing that is not one."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from crypto import p256
from crypto.errors import SignatureError


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def pair() -> tuple[ec.EllipticCurvePrivateKey, dict[str, str]]:
    key = ec.derive_private_key(20261123, ec.SECP256R1())
    point = key.public_key().public_numbers()
    return key, {
        "kty": "EC",
        "crv": "P-256",
        "x": b64(point.x.to_bytes(32, "big")),
        "y": b64(point.y.to_bytes(32, "big")),
    }


def signed(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_the_signature_of_rfc_6979_a_2_5_holds() -> None:
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": b64(bytes.fromhex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6")),
        "y": b64(bytes.fromhex("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299")),
    }
    r = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    s = "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    p256.verify(jwk, b"sample", bytes.fromhex(r + s))
    with pytest.raises(SignatureError):
        p256.verify(jwk, b"samplf", bytes.fromhex(r + s))


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    _, jwk = pair()
    text = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
    assert p256.thumbprint(jwk) == b64(hashlib.sha256(text.encode()).digest())


def test_another_message_another_key_and_another_length_do_not_verify() -> None:
    key, jwk = pair()
    good = signed(key, b"seat")
    p256.verify(jwk, b"seat", good)
    stranger = ec.derive_private_key(7, ec.SECP256R1())
    for message, signature in (
        (b"other", good),
        (b"seat", signed(stranger, b"seat")),
        (b"seat", good[:63]),
        (b"seat", good + b"\x00"),
        (b"seat", bytes(64)),
        (b"seat", good[32:] + good[:32]),
    ):
        with pytest.raises(SignatureError) as refused:
            p256.verify(jwk, message, signature)
        assert refused.value.code == "signature.invalid"


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"x": b64(bytes(32))},
        {"x": "short"},
        {"y": b64(b"\xff" * 32)},
        {"d": b64(bytes(32))},
        {"alg": "ES256"},
    ],
)
def test_what_is_no_public_key_is_refused(change: dict[str, str]) -> None:
    """A private member would be a key that left its browser."""
    _, jwk = pair()
    with pytest.raises(SignatureError) as refused:
        p256.thumbprint(jwk | change)
    assert refused.value.code == "signature.bad-key"


def test_a_coordinate_has_one_written_form() -> None:
    """Two spare bits of the last character would give one key two thumbprints."""
    _, jwk = pair()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = jwk["x"][:-1] + alphabet[alphabet.index(jwk["x"][-1]) + 1]
    assert urlsafe_b64decode(twin + "=") == urlsafe_b64decode(jwk["x"] + "=")
    with pytest.raises(SignatureError):
        p256.thumbprint(jwk | {"x": twin})
