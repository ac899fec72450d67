"""Cosigning of log checkpoints: the C2SP `tlog-witness` protocol (`POST /add-checkpoint`).

Steps, in this order:
1. the request parses: `old N`, consistency proof lines, empty line, signed note;
2. the note is signed by the pinned log key under the pinned origin;
3. N is the size this node cosigned last (else the node answers with its size, so that the log can catch up);
4. the new head is consistent with the old one;
5. the head moves by compare-and-swap, and only then is the cosignature made. Invariant: whatever two
requests race, this node never cosigns two roots that no single append-only log could have.
"""

from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from app.parties.book import Book
from crypto.checkpoint import Checkpoint, cosign, parse_note, verify_log_signature
from crypto.errors import CryptoError
from crypto.merkle import MAX_PROOF, verify_consistency
from crypto.signing import SigningKey

MAX_REQUEST_BYTES: Final = 32 * 1024


class OtherSizeError(Exception):
    """The log's idea of this node's last size is not ours; `size` is ours (HTTP 409)."""

    def __init__(self, size: int) -> None:
        super().__init__(f"this node stands at {size}")
        self.size = size


class CosigningRefusalError(Exception):
    """The request is refused; `status` follows tlog-witness: 400 syntax, 403 unknown log or signature, 422
    proof.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointCosigner:
    """Cosigner of one log. `origin` and `log_public` are pinned when the node is set up."""

    book: Book
    name: str
    key: SigningKey
    origin: str
    log_public: bytes

    def add_checkpoint(self, request: bytes, *, now: int) -> str:
        """Give the cosignature line for a consistent head at unix second `now`. Raises OtherSizeError,
        CosigningRefusalError.
        """
        old_size, proof, note_text = _parse(request)  # 1
        note = parse_note(note_text)
        checkpoint = self._authentic(note_text)  # 2
        held, root = self.book.head()
        if old_size != held:  # 3
            raise OtherSizeError(held)
        _check_consistent(old_size, root, checkpoint, proof)  # 4
        if checkpoint.size > held and not self.book.advance_head(
            old_size=held, size=checkpoint.size, root=checkpoint.root
        ):  # 5
            raise OtherSizeError(self.book.head()[0])
        return cosign(note.body, self.name, self.key, now)

    def _authentic(self, note_text: str) -> Checkpoint:
        try:
            note = parse_note(note_text)
            verify_log_signature(note, self.origin, self.log_public)
            checkpoint = Checkpoint.from_body(note.body)
        except CryptoError as error:
            raise CosigningRefusalError(403, "the note is not signed by the pinned log key") from error
        if checkpoint.origin != self.origin:
            raise CosigningRefusalError(403, "another origin")
        return checkpoint


def _parse(request: bytes) -> tuple[int, list[bytes], str]:
    if len(request) > MAX_REQUEST_BYTES:
        raise CosigningRefusalError(400, "the request is larger than 32 KiB")
    try:
        head, gap, note = request.decode("utf-8").partition("\n\n")
        first, *proof_lines = head.split("\n")
        word, _, digits = first.partition(" ")
        proof = [b64decode(line, validate=True) for line in proof_lines]
        parse_note(note)
        if word != "old" or not gap or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
            raise ValueError("the first line must be 'old <size>'")
        if len(proof) > MAX_PROOF or any(len(one) != 32 for one in proof):
            raise ValueError("the proof must be at most 64 hashes of 32 bytes")
        return int(digits), proof, note
    except (ValueError, CryptoError) as error:
        raise CosigningRefusalError(400, "the request does not parse") from error


def _check_consistent(old_size: int, old_root: bytes | None, new: Checkpoint, proof: list[bytes]) -> None:
    if new.size < old_size:
        raise CosigningRefusalError(400, "the head is older than the one cosigned before")
    if old_root is None:
        if proof:
            raise CosigningRefusalError(422, "a proof from size 0 must be empty")
        return
    try:
        verify_consistency(
            old_size=old_size, old_root=old_root, new_size=new.size, new_root=new.root, proof=proof
        )
    except CryptoError as error:
        raise CosigningRefusalError(422, "the head is not consistent with the one cosigned before") from error
