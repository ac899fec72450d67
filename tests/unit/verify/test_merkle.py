"""RFC 6962 trees: the reference tree of its §2.1.3, and every inclusion and consistency proof of small
trees."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.verify import merkle

# The leaves of the well-known RFC 6962 test tree and its root.
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOT_OF_EIGHT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def slow_root(leaves: list[bytes]) -> bytes:
    """MTH, word for word from RFC 6962 §2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return merkle.node_hash(slow_root(leaves[:k]), slow_root(leaves[k:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH, RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), slow_root(leaves[k:])]
    return [*path(index - k, leaves[k:]), slow_root(leaves[:k])]


def subproof(first: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF, RFC 6962 §2.1.2."""
    if first == len(leaves):
        return [] if whole else [slow_root(leaves)]
    k = split(len(leaves))
    if first <= k:
        return [*subproof(first, leaves[:k], whole=whole), slow_root(leaves[k:])]
    return [*subproof(first - k, leaves[k:], whole=False), slow_root(leaves[:k])]


def hashes(count: int) -> list[bytes]:
    return [merkle.leaf_hash(bytes([n])) for n in range(count)]


def test_the_rfc_6962_tree_has_its_known_root() -> None:
    assert merkle.root_of(merkle.leaf_hash(leaf) for leaf in LEAVES).hex() == ROOT_OF_EIGHT


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert merkle.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_inclusion_proof_of_small_trees_holds_and_at_no_other_index() -> None:
    for size in range(1, 18):
        leaves = hashes(size)
        root = merkle.root_of(leaves)
        assert root == slow_root(leaves)
        for index in range(size):
            proof = path(index, leaves)
            assert merkle.included(leaves[index], index, size, root, proof)
            others = [n for n in range(size + 2) if n != index]
            assert not any(merkle.included(leaves[index], n, size, root, proof) for n in others)
            assert not merkle.included(leaves[index], index, size, root, [*proof, bytes(32)])
            assert not merkle.included(leaves[index], index, size, root, proof[:-1]) or size == 1


def test_every_consistency_proof_of_small_trees_holds_and_no_bent_one() -> None:
    for size in range(1, 14):
        leaves = hashes(size)
        new = slow_root(leaves)
        for first in range(1, size + 1):
            old, proof = slow_root(leaves[:first]), subproof(first, leaves, whole=True)
            assert merkle.consistent(first, old, size, new, proof)
            assert not merkle.consistent(first, bytes(32), size, new, proof)
            assert not merkle.consistent(first, old, size, bytes(32), proof)
            assert not merkle.consistent(first, old, size, new, [*proof, bytes(32)])
            assert not merkle.consistent(first, old, size, new, proof[:-1]) or first == size


@pytest.mark.parametrize(("first", "second"), [(0, 1), (2, 1), (0, 0)])
def test_a_log_that_shrank_or_began_empty_is_not_consistent(first: int, second: int) -> None:
    assert not merkle.consistent(first, merkle.EMPTY_ROOT, second, bytes(32), [])


@given(
    st.integers(0, 2**53), st.integers(0, 2**53), st.lists(st.binary(min_size=32, max_size=32), max_size=64)
)
def test_claims_about_huge_trees_cost_no_more_than_their_proof(a: int, b: int, proof: list[bytes]) -> None:
    assert not merkle.included(bytes(32), a, b, bytes(32), proof)
    assert not merkle.consistent(a, bytes(32), b, bytes(31), proof) or a == b
