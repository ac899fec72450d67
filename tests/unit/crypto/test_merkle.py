"""RFC 6962 trees: published roots, a naive reference written from the RFC, and forged proofs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import MerkleError
from crypto.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Tree,
    append_nodes,
    consistency_at,
    consistency_proof,
    grown_nodes,
    inclusion_at,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_at,
    verify_consistency,
    verify_inclusion,
)

# The reference leaves and roots of the Certificate Transparency test suite, sizes 0 to 8.
CT_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(b"leaf %d" % i) for i in range(70)]
ZERO = bytes(32)


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = naive_split(len(leaves))
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], whole=False), naive_root(leaves[:k])]


@dataclass
class NodeStore:
    """A log that stores perfect subtrees only, and counts what is read."""

    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    size: int = 0
    reads: int = 0

    def append(self, leaf: bytes) -> None:
        for level, index, digest in append_nodes(self.size, leaf, self.read):
            assert (level, index) not in self.nodes, "a stored node never changes"
            self.nodes[level, index] = digest
        self.size += 1

    def read(self, level: int, index: int) -> bytes:
        self.reads += 1
        return self.nodes[level, index]


def store_of(size: int) -> NodeStore:
    store = NodeStore()
    for leaf in LEAVES[:size]:
        store.append(leaf)
    return store


def code_of(call: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(MerkleError) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize("size", range(9))
def test_the_certificate_transparency_reference_roots(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES[:size]]
    assert root(leaves).hex() == CT_ROOTS[size]
    store = NodeStore()
    for leaf in leaves:
        store.append(leaf)
    assert root_at(size, store.read).hex() == CT_ROOTS[size]


def test_every_proof_of_every_small_tree_equals_the_rfc_recursion_and_verifies() -> None:
    for size in range(1, 34):
        leaves, tree, store = LEAVES[:size], Tree(LEAVES[:size]), store_of(size)
        assert tree.root == naive_root(leaves) == root_at(size, store.read)
        for index in range(size):
            path = tree.inclusion(index)
            assert path == naive_path(index, leaves) == inclusion_at(index, size, store.read)
            verify_inclusion(leaf_hash=leaves[index], index=index, size=size, proof=path, root=tree.root)
        for old in range(1, size + 1):
            proof = tree.consistency(old)
            assert proof == naive_subproof(old, leaves, whole=True) == consistency_at(old, size, store.read)
            verify_consistency(
                old_size=old, old_root=root(leaves[:old]), new_size=size, new_root=tree.root, proof=proof
            )


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1), st.integers(1, n))))
@settings(max_examples=80, deadline=None)
def test_a_log_answers_for_each_of_its_past_sizes(sizes: tuple[int, int, int]) -> None:
    new, index, old = sizes
    store = store_of(70)
    past, now = root_at(old, store.read), root_at(new, store.read)
    assert (past, now) == (naive_root(LEAVES[:old]), naive_root(LEAVES[:new]))
    proof = inclusion_at(index, new, store.read)
    assert proof == inclusion_proof(LEAVES[:new], index)
    verify_inclusion(leaf_hash=LEAVES[index], index=index, size=new, proof=proof, root=now)
    link = consistency_at(old, new, store.read)
    assert link == consistency_proof(LEAVES, old, new)
    verify_consistency(old_size=old, old_root=past, new_size=new, new_root=now, proof=link)


def test_a_log_of_any_size_is_read_a_logarithmic_number_of_times() -> None:
    """A made-up node source stands for a log of 2^62 - 1 leaves; only the number of reads counts."""
    reads: list[tuple[int, int]] = []

    def read(level: int, index: int) -> bytes:
        reads.append((level, index))
        return ZERO

    size = (1 << 62) - 1
    for call in (
        lambda: root_at(size, read),
        lambda: inclusion_at(size // 3, size, read),
        lambda: inclusion_at(size - 1, size, read),
        lambda: consistency_at(size // 3, size, read),
        lambda: append_nodes(size, ZERO, read),
    ):
        reads.clear()
        call()
        assert 0 < len(reads) <= 2 * 62
        assert all((index + 1) << level <= size for level, index in reads), "complete subtrees only"


@pytest.mark.parametrize("size", range(18))
@pytest.mark.parametrize("more", [1, 2, 3, 8])
def test_several_leaves_at_once_complete_the_nodes_that_they_complete_one_by_one(
    size: int, more: int
) -> None:
    store = store_of(size)
    grown = grown_nodes(size, LEAVES[size : size + more], store.read)
    before, known = dict(store.nodes), {(level, index): digest for level, index, digest in grown}
    for leaf in LEAVES[size : size + more]:
        store.append(leaf)
    assert known == {at: digest for at, digest in store.nodes.items() if at not in before}
    assert len(known) == len(grown)


def test_no_altered_inclusion_proof_verifies() -> None:
    size = 21
    tree = Tree(LEAVES[:size])
    for index in (0, 7, 15, 16, 19, 20):
        leaf, path = LEAVES[index], tree.inclusion(index)
        good = {"leaf_hash": leaf, "index": index, "size": size, "proof": path, "root": tree.root}
        verify_inclusion(**good)  # type: ignore[arg-type]
        for other in range(size):
            if other != index:
                assert code_of(verify_inclusion, **{**good, "index": other}).startswith("merkle.")
        assert code_of(verify_inclusion, **{**good, "leaf_hash": LEAVES[50]}) == "merkle.root-mismatch"
        assert code_of(verify_inclusion, **{**good, "root": LEAVES[50]}) == "merkle.root-mismatch"
        assert code_of(verify_inclusion, **{**good, "proof": [*path, ZERO]}) == "merkle.proof-length"
        assert code_of(verify_inclusion, **{**good, "proof": path[:-1]}) == "merkle.proof-length"
        for at in range(len(path)):
            bent = [*path[:at], bytes([path[at][0] ^ 1]) + path[at][1:], *path[at + 1 :]]
            assert code_of(verify_inclusion, **{**good, "proof": bent}) == "merkle.root-mismatch"


def test_an_inner_node_cannot_be_passed_off_as_a_leaf() -> None:
    """Second-preimage attack on the tree: the pair (leaf 0, leaf 1) offered as one leaf's content."""
    tree = Tree(LEAVES[:4])
    forged = leaf_hash(LEAVES[0] + LEAVES[1])
    assert (
        code_of(verify_inclusion, leaf_hash=forged, index=0, size=2, proof=[tree.node(1, 1)], root=tree.root)
        == "merkle.root-mismatch"
    )


def test_no_altered_consistency_proof_verifies() -> None:
    for old, new in ((1, 2), (3, 7), (4, 8), (6, 8), (8, 13), (13, 21), (20, 21)):
        proof = consistency_proof(LEAVES, old, new)
        good = {
            "old_size": old,
            "old_root": root(LEAVES[:old]),
            "new_size": new,
            "new_root": root(LEAVES[:new]),
            "proof": proof,
        }
        verify_consistency(**good)  # type: ignore[arg-type]
        assert code_of(verify_consistency, **{**good, "old_root": ZERO}) == "merkle.root-mismatch"
        assert code_of(verify_consistency, **{**good, "new_root": ZERO}) == "merkle.root-mismatch"
        assert code_of(verify_consistency, **{**good, "proof": [*proof, ZERO]}) == "merkle.proof-length"
        assert code_of(verify_consistency, **{**good, "proof": proof[:-1]}) == "merkle.proof-length"
        assert code_of(verify_consistency, **{**good, "proof": []}) == "merkle.proof-length"
        for at in range(len(proof)):
            bent = [*proof[:at], ZERO, *proof[at + 1 :]]
            assert code_of(verify_consistency, **{**good, "proof": bent}) == "merkle.root-mismatch"


def test_a_rewritten_history_has_no_consistency_proof() -> None:
    rewritten = [leaf_hash(b"swapped"), *LEAVES[1:9]]
    assert (
        code_of(
            verify_consistency,
            old_size=5,
            old_root=root(LEAVES[:5]),
            new_size=9,
            new_root=root(rewritten),
            proof=consistency_proof(rewritten, 5, 9),
        )
        == "merkle.root-mismatch"
    )


def test_the_empty_and_the_unchanged_log_need_the_empty_proof_and_the_right_root() -> None:
    head = root(LEAVES[:5])
    assert consistency_proof(LEAVES, 0, 5) == consistency_proof(LEAVES, 5, 5) == []
    verify_consistency(old_size=0, old_root=EMPTY_ROOT, new_size=5, new_root=head, proof=[])
    verify_consistency(old_size=5, old_root=head, new_size=5, new_root=head, proof=[])
    assert (
        code_of(verify_consistency, old_size=0, old_root=ZERO, new_size=5, new_root=head, proof=[])
        == code_of(verify_consistency, old_size=5, old_root=ZERO, new_size=5, new_root=head, proof=[])
        == code_of(verify_consistency, old_size=0, old_root=EMPTY_ROOT, new_size=0, new_root=ZERO, proof=[])
        == "merkle.root-mismatch"
    )
    for old, old_root in ((0, EMPTY_ROOT), (5, head)):
        assert (
            code_of(
                verify_consistency, old_size=old, old_root=old_root, new_size=5, new_root=head, proof=[ZERO]
            )
            == "merkle.proof-length"
        )


def test_a_shrunk_log_is_refused() -> None:
    args = {"old_root": ZERO, "new_root": ZERO, "proof": []}
    assert code_of(verify_consistency, old_size=2, new_size=1, **args) == "merkle.shrunk"
    assert code_of(consistency_proof, LEAVES, 3, 2) == "merkle.shrunk"
    assert code_of(consistency_at, 3, 2, store_of(3).read) == "merkle.shrunk"


def test_positions_outside_the_tree_are_refused() -> None:
    store = store_of(3)
    for index in (-1, 3):
        assert code_of(inclusion_proof, LEAVES[:3], index) == "merkle.index-out-of-range"
        assert code_of(inclusion_at, index, 3, store.read) == "merkle.index-out-of-range"
    args = {"leaf_hash": ZERO, "root": ZERO, "proof": []}
    assert code_of(verify_inclusion, index=0, size=0, **args) == "merkle.index-out-of-range"
    assert code_of(verify_inclusion, index=1, size=1, **args) == "merkle.index-out-of-range"


def test_sizes_out_of_bounds_are_refused() -> None:
    read = store_of(1).read
    assert code_of(root_at, -1, read) == code_of(root_at, MAX_SIZE + 1, read) == "merkle.bad-size"
    assert code_of(append_nodes, MAX_SIZE, ZERO, read) == "merkle.bad-size"
    assert code_of(consistency_proof, LEAVES[:3], 1, 4) == "merkle.bad-size"
    assert code_of(consistency_proof, LEAVES[:3], 0, -1) == "merkle.bad-size"
    assert (
        code_of(consistency_at, -1, 1, read)
        == code_of(consistency_at, 1, MAX_SIZE + 1, read)
        == "merkle.bad-size"
    )
    assert code_of(consistency_at, MAX_SIZE + 1, MAX_SIZE + 2, read) == "merkle.bad-size"
    assert code_of(inclusion_at, 0, MAX_SIZE + 1, read) == "merkle.bad-size"
    args = {"leaf_hash": ZERO, "root": ZERO, "proof": [ZERO]}
    assert code_of(verify_inclusion, index=0, size=MAX_SIZE + 1, **args) == "merkle.bad-size"


def test_hashes_of_the_wrong_length_are_refused() -> None:
    assert code_of(Tree, [ZERO, b"short"]) == "merkle.bad-hash"
    assert code_of(append_nodes, 0, b"short", store_of(1).read) == "merkle.bad-hash"
    assert code_of(root_at, 3, lambda _level, _index: b"") == "merkle.bad-hash"
    for bad in ({"leaf_hash": b""}, {"root": b""}, {"proof": [bytes(33)]}):
        args: dict[str, object] = {"leaf_hash": ZERO, "index": 0, "size": 2, "proof": [ZERO], "root": ZERO}
        assert code_of(verify_inclusion, **{**args, **bad}) == "merkle.bad-hash"
    for bad in ({"old_root": b""}, {"new_root": bytes(31)}, {"proof": [bytes(33)]}):
        args = {"old_size": 1, "old_root": ZERO, "new_size": 2, "new_root": ZERO, "proof": [ZERO]}
        assert code_of(verify_consistency, **{**args, **bad}) == "merkle.bad-hash"


def test_an_endless_proof_is_refused_before_hashing() -> None:
    args = {"leaf_hash": ZERO, "index": 0, "size": MAX_SIZE, "root": ZERO}
    assert code_of(verify_inclusion, proof=[ZERO] * 65, **args) == "merkle.proof-length"
