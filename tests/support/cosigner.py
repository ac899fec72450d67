"""An in-memory cosigner of the log that keeps the contract of `app.gateways.cosigners.Cosigner`."""

from collections.abc import Sequence

from app.gateways.cosigners import CosignerBehindError, CosignerError
from crypto.checkpoint import Checkpoint, cosign, parse_note, verify_log_signature
from crypto.errors import CryptoError
from crypto.merkle import EMPTY_ROOT, verify_consistency
from crypto.signing import SigningKey


class InMemoryCosigner:
    """Remembers the last head it signed. `down` makes it refuse, as a process that is not there would."""

    def __init__(self, name: str, key: SigningKey, *, origin: str, log_public: bytes) -> None:
        self.name = name
        self.public = key.public
        self.size = 0
        self.root = EMPTY_ROOT
        self.down = False
        self._key = key
        self._origin = origin
        self._log_public = log_public
        self._time = 1_800_000_000

    async def add_checkpoint(self, old_size: int, proof: Sequence[bytes], note: str) -> str:
        if self.down:
            raise CosignerError("cosigner.unreachable", cosigner=self.name)
        try:
            parsed = parse_note(note)
            verify_log_signature(parsed, self._origin, self._log_public)
            head = Checkpoint.from_body(parsed.body)
        except CryptoError as error:
            raise CosignerError("cosigner.refused", cosigner=self.name, status=403) from error
        if old_size != self.size:
            raise CosignerBehindError(self.name, self.size)
        try:
            verify_consistency(
                old_size=self.size, old_root=self.root, new_size=head.size, new_root=head.root, proof=proof
            )
        except CryptoError as error:
            raise CosignerError("cosigner.refused", cosigner=self.name, status=422) from error
        self.size, self.root = head.size, head.root
        self._time += 1
        return cosign(parsed.body, self.name, self._key, self._time)
