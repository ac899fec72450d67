"""ECVRF-EDWARDS25519-SHA512-TAI: RFC 9381 appendix B.3 examples 16–18, and what must not verify."""

import hashlib

import pytest

from draw.verify import edwards, vrf
from tests.unit.verify.test_edwards import NON_CANONICAL, ORDER_8, SMALL_ORDER

# RFC 9381 appendix B.3: public key, alpha, pi, beta.
EXAMPLES = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
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
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
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
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
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
]
KEY, ALPHA, PI, BETA = (bytes.fromhex(text) for text in EXAMPLES[2])


@pytest.mark.parametrize(("public", "alpha", "pi", "beta"), EXAMPLES)
def test_rfc_9381_examples_hold(public: str, alpha: str, pi: str, beta: str) -> None:
    output = vrf.output(bytes.fromhex(public), bytes.fromhex(alpha), bytes.fromhex(pi))
    assert output == bytes.fromhex(beta)


@pytest.mark.parametrize("at", range(80))
def test_a_flipped_bit_in_any_byte_of_the_proof_fails(at: int) -> None:
    assert vrf.output(KEY, ALPHA, PI[:at] + bytes([PI[at] ^ 1]) + PI[at + 1 :]) is None


def test_another_input_or_key_fails() -> None:
    assert vrf.output(KEY, ALPHA + b"\0", PI) is None
    assert vrf.output(bytes.fromhex(EXAMPLES[0][0]), ALPHA, PI) is None


def test_adding_the_order_to_s_makes_no_second_proof() -> None:
    s = int.from_bytes(PI[48:], "little") + edwards.ORDER
    assert vrf.output(KEY, ALPHA, PI[:48] + s.to_bytes(32, "little")) is None


@pytest.mark.parametrize("key", [*SMALL_ORDER, *NON_CANONICAL])
def test_invalid_keys_have_no_outputs(key: bytes) -> None:
    """RFC 9381 §5.4.5; a small-order key would make every output the same."""
    assert vrf.output(key, ALPHA, PI) is None


@pytest.mark.parametrize("gamma", NON_CANONICAL)
def test_a_non_canonical_gamma_is_refused(gamma: bytes) -> None:
    assert vrf.output(KEY, ALPHA, gamma + PI[32:]) is None


@pytest.mark.parametrize("length", [0, 79, 81])
def test_proofs_of_another_length_are_refused(length: int) -> None:
    assert vrf.output(KEY, ALPHA, PI[:length].ljust(length, b"\0")) is None


def _prove(secret: int, alpha: bytes, shift: bytes) -> tuple[bytes, bytes]:
    """A prover that adds the point `shift` to Gamma, searching a nonce for which the challenge hides it."""
    public = edwards.encode(edwards.combine(secret, edwards.BASE, 0, edwards.BASE))
    key, point, extra = edwards.decode(public), vrf._encode_to_curve(public, alpha), edwards.decode(shift)
    assert key is not None
    assert point is not None
    assert extra is not None
    gamma = edwards.add(edwards.combine(secret, point, 0, point), extra)
    for nonce in range(1, 500):
        commitments = [edwards.combine(nonce, base, 0, base) for base in (edwards.BASE, point)]
        challenge = vrf._challenge(key, point, gamma, *commitments)
        c = int.from_bytes(challenge, "little")
        if c % 8 == 0:
            s = (nonce + c * secret) % edwards.ORDER
            return public, edwards.encode(gamma) + challenge + s.to_bytes(32, "little")
    raise AssertionError("no nonce found")


def test_a_gamma_with_a_torsion_part_is_refused() -> None:
    """A prover may hide a torsion part of Gamma behind a challenge divisible by eight: the equations hold,
    yet §1 allows one Gamma only."""
    secret = int.from_bytes(hashlib.sha512(b"secret").digest(), "little") % edwards.ORDER
    public, honest = _prove(secret, b"alpha", edwards.encode(edwards.IDENTITY))
    _, shifted = _prove(secret, b"alpha", ORDER_8)
    assert vrf.output(public, b"alpha", honest) is not None
    assert vrf.output(public, b"alpha", shifted) is None
