"""drand: genuine public rounds verify; another round, chain, point or length does not."""

import json
from pathlib import Path
from typing import Any

import pyblst  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draw.verify import beacon

DRAND: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "drand.json").read_text())
ROUNDS = [(chain, item) for chain in ("quicknet", "default") for item in DRAND[chain]["rounds"]]


def parts(item: dict[str, Any]) -> tuple[int, bytes, bytes | None]:
    previous = item.get("previous_signature")
    return (
        item["round"],
        bytes.fromhex(item["signature"]),
        None if previous is None else bytes.fromhex(previous),
    )


@pytest.mark.parametrize(("chain", "item"), ROUNDS)
def test_genuine_rounds_verify_and_give_their_randomness(chain: str, item: dict[str, Any]) -> None:
    number, signature, previous = parts(item)
    assert beacon.verified(chain, number, signature, previous)
    assert item["randomness"] in (None, beacon.randomness(signature).hex())


@pytest.mark.parametrize(("chain", "item"), ROUNDS)
def test_another_round_chain_or_previous_signature_fails(chain: str, item: dict[str, Any]) -> None:
    number, signature, previous = parts(item)
    other = "default" if chain == "quicknet" else "quicknet"
    assert not beacon.verified(chain, number + 1, signature, previous)
    assert not beacon.verified(other, number, signature, previous)
    assert not beacon.verified(chain, number, signature, bytes(32) if previous is None else None)
    if previous is not None:
        assert not beacon.verified(chain, number, signature, bytes(32))
        assert not beacon.verified(chain, number, signature, bytes(96))


@pytest.mark.parametrize(("chain", "item"), ROUNDS)
def test_flipped_bits_and_the_point_at_infinity_fail(chain: str, item: dict[str, Any]) -> None:
    number, signature, previous = parts(item)
    for at in (0, 1, 20, len(signature) - 1):
        bent = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert not beacon.verified(chain, number, bent, previous)
    infinity = b"\xc0" + bytes(len(signature) - 1)
    assert not beacon.verified(chain, number, infinity, previous)
    assert not beacon.verified(chain, number, bytes([signature[0] ^ 0x20]) + signature[1:], previous)


def off_subgroup_point() -> bytes:
    """A point of G1's curve outside the prime-order subgroup: almost every x on the curve gives one."""
    for x in range(1, 200):
        encoded = bytes([0x80]) + x.to_bytes(47, "big")
        try:
            pyblst.BlstP1Element().uncompress(encoded)
        except ValueError as error:
            if "GROUP" in str(error).upper():
                return encoded
    raise AssertionError("no point off the subgroup found")


def test_a_point_off_the_subgroup_fails() -> None:
    assert not beacon.verified("quicknet", 1, off_subgroup_point(), None)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["quicknet", "default"]), st.integers(0, 2**64), st.binary(max_size=100))
def test_random_signatures_fail_without_any_other_error(chain: str, number: int, signature: bytes) -> None:
    assert not beacon.verified(chain, number, signature, None)
    assert not beacon.verified(chain, number, signature.ljust(96, b"\xff"), signature.ljust(96, b"\0"))
    assert not beacon.verified(chain, number, signature.ljust(48, b"\x99")[:48], None)


def test_round_times_follow_the_chain() -> None:
    assert beacon.round_time("quicknet", 1) == 1692803367
    assert beacon.round_time("quicknet", 1000) == 1692803367 + 999 * 3
    assert beacon.round_time("default", 2) == 1595431050 + 30
