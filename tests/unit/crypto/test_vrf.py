"""ECVRF: RFC 9381 examples 16 to 18, every flipped bit, and forged keys and points."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_scalarmult_ed25519_noclamp,
)

from crypto.errors import VrfError
from crypto.signing import SigningKey
from crypto.vrf import (
    MAX_ALPHA_BYTES,
    VrfKey,
    _clear_cofactor,
    _encode_to_curve,
    proof_to_hash,
    validate_key,
    verify,
)

# RFC 9381 appendix B.3: seed, public key, alpha, H, pi, beta.
EXAMPLES = [
    pytest.param(
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "91bbed02a99461df1ad4c6564a5f5d829d0b90cfc7903e7a5797bd658abf3318",
            (
                "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f"
                "26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab12"
                "68a1b0db10836d9826a528ca76567805"
            ),
            (
                "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff"
                "66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae"
            ),
        ),
        id="example 16",
    ),
    pytest.param(
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "5b659fc3d4e9263fd9a4ed1d022d75eaacc20df5e09f9ea937502396598dc551",
            (
                "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed593"
                "3bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926d"
                "a3ef39226bbc355bdc9850112c8f4b02"
            ),
            (
                "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb"
                "5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031"
            ),
        ),
        id="example 17",
    ),
    pytest.param(
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "bf4339376f5542811de615e3313d2b36f6f53c0acfebb482159711201192576a",
            (
                "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf80"
                "96bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a"
                "2d41b00b05081ed0f58ee5e31b3a970e"
            ),
            (
                "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c45"
                "2118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f"
            ),
        ),
        id="example 18",
    ),
]
PRIME = (1 << 255) - 19
ORDER = (1 << 252) + 27742317777372353535851937790883648493
IDENTITY = b"\x01" + bytes(31)
ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
SEED = bytes(range(32))
KEY = VrfKey.from_seed(SEED)
ALPHA = b"a" * 32
PROOF = KEY.prove(ALPHA)


def code_of(public: bytes, alpha: bytes, pi: bytes) -> str:
    with pytest.raises(VrfError) as caught:
        verify(public, alpha, pi)
    return caught.value.code


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_rfc_9381_examples(example: tuple[str, ...]) -> None:
    seed, public, alpha, h, pi, beta = example
    key, message = VrfKey.from_seed(bytes.fromhex(seed)), bytes.fromhex(alpha)
    assert key.public.hex() == public
    assert _encode_to_curve(key.public, message).hex() == h
    assert key.prove(message).hex() == pi
    assert verify(key.public, message, bytes.fromhex(pi)).hex() == beta
    assert proof_to_hash(bytes.fromhex(pi)).hex() == beta


def test_the_public_key_is_the_ed25519_key_of_the_same_seed() -> None:
    assert KEY.public == SigningKey.from_seed(SEED).public


@given(st.binary(max_size=100))
@settings(max_examples=60, deadline=None)
def test_every_proof_verifies_and_is_the_same_each_time(alpha: bytes) -> None:
    pi = KEY.prove(alpha)
    assert pi == KEY.prove(alpha)
    assert verify(KEY.public, alpha, pi) == proof_to_hash(pi)


def test_every_flipped_bit_of_the_80_bytes_is_refused() -> None:
    for bit in range(640):
        bent = bytearray(PROOF)
        bent[bit // 8] ^= 1 << bit % 8
        assert code_of(KEY.public, ALPHA, bytes(bent)) in {"vrf.malformed-proof", "vrf.invalid-proof"}


def test_every_flipped_bit_of_the_input_and_of_the_key_is_refused() -> None:
    for bit in range(256):
        flip = (1 << bit).to_bytes(32, "little")
        alpha = bytes(a ^ b for a, b in zip(ALPHA, flip, strict=True))
        public = bytes(a ^ b for a, b in zip(KEY.public, flip, strict=True))
        assert code_of(KEY.public, alpha, PROOF) == "vrf.invalid-proof"
        assert code_of(public, ALPHA, PROOF) in {"vrf.bad-key", "vrf.invalid-proof"}


@pytest.mark.parametrize("length", [0, 79, 81])
def test_a_proof_of_another_length_is_refused(length: int) -> None:
    assert code_of(KEY.public, ALPHA, (PROOF + b"x")[:length]) == "vrf.malformed-proof"
    with pytest.raises(VrfError):
        proof_to_hash((PROOF + b"x")[:length])


def test_the_second_spelling_s_plus_l_is_refused() -> None:
    s = int.from_bytes(PROOF[48:], "little") + ORDER
    assert code_of(KEY.public, ALPHA, PROOF[:48] + s.to_bytes(32, "little")) == "vrf.malformed-proof"


@pytest.mark.parametrize(
    "gamma",
    [
        IDENTITY,
        ORDER_8,
        bytes(32),
        (PRIME + 1).to_bytes(32, "little"),
        (PRIME - 1).to_bytes(32, "little"),
        (1 | 1 << 255).to_bytes(32, "little"),
        b"\x02" + bytes(31),
        b"\xff" * 32,
    ],
)
def test_a_gamma_of_small_order_off_the_curve_or_not_canonical_is_refused(gamma: bytes) -> None:
    assert code_of(KEY.public, ALPHA, gamma + PROOF[32:]) == "vrf.malformed-proof"
    with pytest.raises(VrfError) as caught:
        proof_to_hash(gamma + PROOF[32:])
    assert caught.value.code == "vrf.malformed-proof"


@pytest.mark.parametrize(
    "public",
    [
        b"",
        bytes(31),
        IDENTITY,
        ORDER_8,
        bytes(32),
        (PRIME - 1).to_bytes(32, "little"),
        (PRIME + 1).to_bytes(32, "little"),
        (1 | 1 << 255).to_bytes(32, "little"),
        b"\x02" + bytes(31),
    ],
)
def test_a_small_order_or_malformed_key_is_refused(public: bytes) -> None:
    """A small-order key would let its owner choose beta freely."""
    assert code_of(public, ALPHA, PROOF) == "vrf.bad-key"
    with pytest.raises(VrfError):
        validate_key(public)


def mixed_proof(gamma_shift: bytes) -> bytes | None:
    """The owner proves with Gamma + T, T of small order, trying nonces until 8 divides the challenge."""
    expanded = bytearray(hashlib.sha512(SEED).digest()[:32])
    expanded[0] &= 0xF8
    expanded[31] = expanded[31] & 0x7F | 0x40
    x = int.from_bytes(expanded, "little")
    base = _encode_to_curve(KEY.public, ALPHA)
    gamma = crypto_core_ed25519_add(PROOF[:32], gamma_shift)
    for k in range(1, 200):
        nonce = k.to_bytes(32, "little")
        points = (
            KEY.public
            + base
            + gamma
            + crypto_scalarmult_ed25519_base_noclamp(nonce)
            + crypto_scalarmult_ed25519_noclamp(nonce, base)
        )
        c = hashlib.sha512(b"\x03\x02" + points + b"\x00").digest()[:16]
        if c[0] % 8 == 0:
            s = (k + int.from_bytes(c, "little") * x) % ORDER
            return gamma + c + s.to_bytes(32, "little")
    return None


def test_the_owner_cannot_make_a_second_proof_with_a_shifted_gamma() -> None:
    """The plain RFC equation accepts this proof; demanding the prime-order subgroup leaves one Gamma."""
    honest = mixed_proof(IDENTITY)
    assert honest is not None
    assert verify(KEY.public, ALPHA, honest) == proof_to_hash(PROOF)
    shifted = mixed_proof(ORDER_8)
    assert shifted is not None
    assert code_of(KEY.public, ALPHA, shifted) == "vrf.malformed-proof"


def test_a_mixed_order_key_is_refused() -> None:
    assert code_of(crypto_core_ed25519_add(KEY.public, ORDER_8), ALPHA, PROOF) == "vrf.bad-key"


def test_decoding_a_hash_refuses_what_rfc_8032_refuses() -> None:
    """Libsodium's addition alone would take the first four."""
    for y in (1 | 1 << 255, (PRIME - 1) | 1 << 255, PRIME, PRIME + 1, 2):
        assert _clear_cofactor(y.to_bytes(32, "little")) is None
    assert _clear_cofactor(ORDER_8) == IDENTITY
    assert _clear_cofactor(IDENTITY) == IDENTITY


def test_clearing_the_cofactor_is_multiplication_by_eight() -> None:
    point = crypto_scalarmult_ed25519_base_noclamp(crypto_core_ed25519_scalar_reduce(bytes([9]) * 64))
    eight = (8).to_bytes(32, "little")
    assert _clear_cofactor(point) == crypto_scalarmult_ed25519_noclamp(eight, point)
    assert _clear_cofactor(crypto_core_ed25519_add(point, ORDER_8)) == _clear_cofactor(point)


def test_zero_challenge_and_zero_response_are_refused() -> None:
    assert code_of(KEY.public, ALPHA, PROOF[:32] + bytes(16) + PROOF[48:]) == "vrf.invalid-proof"
    assert code_of(KEY.public, ALPHA, PROOF[:48] + bytes(32)) == "vrf.invalid-proof"


def test_inputs_have_limits() -> None:
    assert code_of(KEY.public, bytes(MAX_ALPHA_BYTES + 1), PROOF) == "vrf.alpha-too-large"
    with pytest.raises(VrfError) as caught:
        VrfKey.from_seed(bytes(33))
    assert caught.value.code == "vrf.bad-seed"


def test_a_printed_key_does_not_show_its_secret() -> None:
    shown = repr(KEY)
    assert KEY.public.hex() in shown
    assert SEED.hex() not in shown
    assert hashlib.sha512(SEED).hexdigest()[:16] not in shown
