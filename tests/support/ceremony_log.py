"""The entries of a ceremony in memory as a tree, and the notes of its three signers under any prefix."""

from collections.abc import Mapping, Sequence

from crypto.canonical import canonical
from crypto.checkpoint import Checkpoint, cosign, sign_note, with_signature
from crypto.merkle import Tree
from crypto.merkle import leaf_hash as merkle_leaf_hash
from crypto.signing import SigningKey
from draw.entries import Entry, to_json


class Log:
    """The entries of a course as a tree, and checkpoints over any prefix of it."""

    def __init__(
        self,
        keys: Mapping[str, SigningKey],
        names: Mapping[str, str],
        entries: Sequence[Entry],
        *,
        origin: str,
    ) -> None:
        """`keys` and `names` of the signers by role; they may change until a note is asked for."""
        self._keys, self._names, self._origin = keys, names, origin
        self.leaves = [merkle_leaf_hash(canonical(to_json(entry))) for entry in entries]
        self.tree = Tree(self.leaves)

    def note(self, size: int, *, at: int, root: bytes | None = None, origin: str | None = None) -> str:
        """A checkpoint signed by the log and cosigned by supervisor and cosigner."""
        keys, names, origin = self._keys, self._names, origin or self._origin
        body = Checkpoint(origin, size, root or Tree(self.leaves[:size]).root).body()
        note = sign_note(body, origin, keys["platform"])
        for role in ("supervisor", "cosigner"):
            note = with_signature(note, cosign(body, names[role], keys[role], at))
        return note
