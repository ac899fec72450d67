"""Merkle trees of RFC 6962 section 2 over SHA-256: roots, inclusion and consistency proofs, and their checks.

Trees come in two shapes: `Tree` holds every level of a known list of leaf hashes (many proofs from one
pool), and the ``*_at`` functions work on a log that only stores the hashes of perfect subtrees, with O(log
n) reads each. A node is addressed by (level, index): it covers leaves ``index * 2**level`` up to ``(index +
1) * 2**level``. Leaf hashes are inputs here; `leaf_hash` makes them. Storing nodes and signing heads happen
elsewhere.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from crypto.errors import MerkleError
from crypto.hashing import HASH_BYTES, sha256

EMPTY_ROOT: Final = sha256()
# A log position must fit a signed 64-bit column, and no proof is longer than one hash per bit plus one.
MAX_SIZE: Final = (1 << 63) - 1
MAX_PROOF: Final = 64
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"

# (level, index) -> 32-byte hash of that perfect subtree; called only for subtrees complete at the size asked.
NodeReader: TypeAlias = Callable[[int, int], bytes]
Node: TypeAlias = tuple[int, int, bytes]


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf: SHA-256(0x00 || data), 32 bytes (RFC 6962 section 2.1)."""
    return hashlib.sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 || left || right), 32 bytes (RFC 6962 section 2.1)."""
    return hashlib.sha256(_NODE + left + right).digest()


class Tree:
    """A fixed tree over `leaf_hashes` (each 32 bytes), hashed once; proofs are then lookups.

    Level 0 holds the leaves; a last node without a sibling moves up unchanged, which gives exactly the RFC
    6962 shape. About 64 bytes of memory a leaf.
    """

    __slots__ = ("_levels", "size")

    size: int

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        """Raises MerkleError ``merkle.bad-hash`` when a leaf hash is not 32 bytes."""
        if any(len(leaf) != HASH_BYTES for leaf in leaf_hashes):
            raise MerkleError("merkle.bad-hash", "a leaf hash is 32 bytes")
        self.size = len(leaf_hashes)
        self._levels = [b"".join(leaf_hashes)]
        while len(self._levels[-1]) > HASH_BYTES:
            self._levels.append(_level_above(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """The tree head, 32 bytes; `EMPTY_ROOT` for no leaves."""
        return self._levels[-1] or EMPTY_ROOT

    def node(self, level: int, index: int) -> bytes:
        """The node at (level, index); this method is itself a `NodeReader`."""
        return self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES]

    def inclusion(self, index: int) -> list[bytes]:
        """Audit path of leaf `index`, lowest sibling first; outside the tree raises MerkleError."""
        _check_index(index, self.size)
        path = []
        for level in self._levels[:-1]:
            sibling = (index ^ 1) * HASH_BYTES
            if sibling < len(level):
                path.append(level[sibling : sibling + HASH_BYTES])
            index >>= 1
        return path

    def consistency(self, old: int) -> list[bytes]:
        """Proof that the first `old` leaves are the tree that once had that size."""
        return consistency_at(old, self.size, self.node)


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Tree head over the given 32-byte leaf hashes; `EMPTY_ROOT` for none."""
    return Tree(leaf_hashes).root


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Audit path of one leaf (RFC 6962 section 2.1.1); for many paths build one `Tree`."""
    return Tree(leaf_hashes).inclusion(index)


def consistency_proof(leaf_hashes: Sequence[bytes], old: int, new: int) -> list[bytes]:
    """Proof between the trees over the first `old` and first `new` leaves (RFC 6962 section 2.1.2)."""
    _check_span(old, new)
    if new > len(leaf_hashes):
        raise MerkleError("merkle.bad-size", "the new size exceeds the leaves given")
    return Tree(leaf_hashes[:new]).consistency(old)


def append_nodes(size: int, leaf_hash: bytes, read: NodeReader) -> list[Node]:
    """The perfect subtrees completed by appending `leaf_hash` to a log of `size` leaves, lowest first.

    The first is the leaf itself at (0, size); the caller stores all of them in one transaction. Appending
    reads the left sibling of each node it completes.
    """
    _check_size(size + 1)
    current = _checked(leaf_hash)
    nodes = [(0, size, current)]
    level, index = 0, size
    while index & 1:
        current = node_hash(_checked(read(level, index - 1)), current)
        level, index = level + 1, index >> 1
        nodes.append((level, index, current))
    return nodes


def grown_nodes(size: int, leaf_hashes: Sequence[bytes], read: NodeReader) -> list[Node]:
    """`append_nodes` for several leaves, one after another; `read` knows the log of `size` leaves."""
    made: dict[tuple[int, int], bytes] = {}

    def at(level: int, index: int) -> bytes:
        found = made.get((level, index))
        return read(level, index) if found is None else found

    for place, leaf in enumerate(leaf_hashes, size):
        made.update({(level, index): digest for level, index, digest in append_nodes(place, leaf, at)})
    return [(level, index, digest) for (level, index), digest in made.items()]


def root_at(size: int, read: NodeReader) -> bytes:
    """Tree head of the log when it had `size` leaves."""
    _check_size(size)
    return _range_hash(0, size, read) if size else EMPTY_ROOT


def inclusion_at(index: int, size: int, read: NodeReader) -> list[bytes]:
    """Audit path of leaf `index` in the log at `size` leaves, lowest sibling first."""
    _check_size(size)
    _check_index(index, size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, read))
            end = middle
        else:
            path.append(_range_hash(start, middle, read))
            start = middle
    return path[::-1]


def consistency_at(old: int, new: int, read: NodeReader) -> list[bytes]:
    """Proof that the log at `new` leaves extends the log at `old`; empty when `old` is 0 or equals `new`."""
    _check_span(old, new)
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_hash(middle, end, read))
            end = middle
        else:
            path.append(_range_hash(start, middle, read))
            start = middle
    # RFC 6962 SUBPROOF: the old tree itself is left out while the walk has only ever gone left.
    return ([_range_hash(start, end, read)] if start else []) + path[::-1]


def verify_inclusion(*, leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf_hash` is leaf `index` of the tree (`size`, `root`) (RFC 9162 section 2.1.3.2).

    Raises MerkleError ``merkle.index-out-of-range``, ``.bad-size``, ``.bad-hash``, ``.proof-length`` or
    ``.root-mismatch``.
    """
    _check_size(size)
    _check_index(index, size)
    _check_hashes([leaf_hash, root], proof)
    current, node, last = leaf_hash, index, size - 1
    for sibling in proof:
        if last == 0:
            raise MerkleError("merkle.proof-length", "the proof is too long")
        if node & 1 or node == last:
            current = node_hash(sibling, current)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise MerkleError("merkle.proof-length", "the proof is too short")
    if current != root:
        raise MerkleError("merkle.root-mismatch", "the proof does not lead to the root")


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the new tree extends the old one (RFC 9162 section 2.1.4.2).

    Size 0 has the one root `EMPTY_ROOT` and, like equal sizes, the empty proof. Raises MerkleError with the
    codes of `verify_inclusion`, or ``merkle.shrunk`` when the new tree is smaller.
    """
    _check_span(old_size, new_size)
    _check_hashes([old_root, new_root], proof)
    if old_size in (0, new_size):
        _check_trivial_consistency(old_size, old_root, new_size, new_root, proof)
        return
    old_head, new_head = _consistency_heads(old_size, new_size, old_root, proof)
    if old_head != old_root:
        raise MerkleError("merkle.root-mismatch", "the proof does not lead to the old root")
    if new_head != new_root:
        raise MerkleError("merkle.root-mismatch", "the proof does not lead to the new root")


def _check_trivial_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    if proof:
        raise MerkleError("merkle.proof-length", "this consistency proof must be empty")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise MerkleError("merkle.root-mismatch", "not the root of the empty tree")
    if old_size == new_size and old_root != new_root:
        raise MerkleError("merkle.root-mismatch", "equal sizes with different roots")


def _consistency_heads(
    old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Rebuild both heads from the proof; the old root stands in when the old tree is one perfect subtree."""
    rest = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not rest:
        raise MerkleError("merkle.proof-length", "the proof is too short")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_head = new_head = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            raise MerkleError("merkle.proof-length", "the proof is too long")
        if node & 1 or node == last:
            old_head, new_head = node_hash(sibling, old_head), node_hash(sibling, new_head)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_head = node_hash(new_head, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise MerkleError("merkle.proof-length", "the proof is too short")
    return old_head, new_head


def _level_above(level: bytes) -> bytes:
    pair = 2 * HASH_BYTES
    whole = len(level) - len(level) % pair
    digest = hashlib.sha256
    above = [digest(_NODE + level[at : at + pair]).digest() for at in range(0, whole, pair)]
    return b"".join(above) + level[whole:]


def _range_hash(start: int, end: int, read: NodeReader) -> bytes:
    """Hash of leaves start..end of an RFC 6962 subtree: its perfect pieces, folded from the right."""
    pieces = []
    while start < end:
        level = (end - start).bit_length() - 1
        pieces.append(_checked(read(level, start >> level)))
        start += 1 << level
    current = pieces.pop()
    while pieces:
        current = node_hash(pieces.pop(), current)
    return current


def _split(count: int) -> int:
    """Largest power of two below `count` (count >= 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _checked(digest: bytes) -> bytes:
    if len(digest) != HASH_BYTES:
        raise MerkleError("merkle.bad-hash", "a node hash is 32 bytes")
    return digest


def _check_hashes(heads: Sequence[bytes], proof: Sequence[bytes]) -> None:
    if len(proof) > MAX_PROOF:
        raise MerkleError("merkle.proof-length", "the proof is too long")
    for digest in (*heads, *proof):
        _checked(digest)


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise MerkleError("merkle.bad-size", "a tree size is 0 to 2^63 - 1")


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise MerkleError("merkle.index-out-of-range", "no such leaf in the tree")


def _check_span(old: int, new: int) -> None:
    _check_size(old)
    _check_size(new)
    if old > new:
        raise MerkleError("merkle.shrunk", "the new tree is smaller than the old one")
