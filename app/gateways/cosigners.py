"""The cosigners of the log: a port, its HTTP form (C2SP `tlog-witness`), and the exact request bytes.

`POST /add-checkpoint` carries ``old N``, one base64 line per consistency hash, an empty line, and the signed
note. Answers: 200 with the cosignature line; 409 with the cosigner's own size; anything else is a refusal.
Whether the line verifies and whether enough cosigners signed is decided by `app.usecases.log`.
"""

import base64
from collections.abc import Sequence
from typing import Final, Protocol

import httpx

from app.errors import AppError
from app.gateways.answers import UnreachableError, UnusableError, answer

MAX_ANSWER_BYTES: Final = 4096
TIMEOUT_SECONDS: Final = 5.0
_SIZE_DIGITS: Final = 19
_OK: Final = 200
_CONFLICT: Final = 409


class CosignerError(AppError):
    """It did not sign: ``cosigner.unreachable``, ``.refused`` (with its status) or ``.malformed``."""


class CosignerBehindError(CosignerError):
    """The cosigner has last signed another size than the one named; `size` is what it says."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__("cosigner.other-size", cosigner=name, size=size)
        self.size = size


class Cosigner(Protocol):
    """One cosigner of the log.

    Contract: `add_checkpoint` answers a cosignature line over `note` only when the note carries the log's
    signature and the cosigner last signed exactly `old_size` (0: never) and `proof` leads from there to the
    note's tree. It remembers the new size before it answers. Asked again with the same size as old and new it
    signs again. Raises CosignerBehindError with the size it last signed when that is not `old_size`,
    CosignerError for everything else; then nothing was signed.
    """

    @property
    def name(self) -> str:
        """The key name on its signature lines."""

    @property
    def public(self) -> bytes:
        """Its Ed25519 key, 32 bytes."""

    async def add_checkpoint(self, old_size: int, proof: Sequence[bytes], note: str) -> str:
        """The cosignature line, with its newline."""


class HttpCosigner:
    """A cosigner behind an HTTP address."""

    def __init__(self, *, name: str, public: bytes, url: str, client: httpx.AsyncClient) -> None:
        """`url` is the prefix before ``/add-checkpoint``. The client is closed by whoever made it."""
        self.name = name
        self.public = public
        self._url = url.rstrip("/") + "/add-checkpoint"
        self._client = client

    async def add_checkpoint(self, old_size: int, proof: Sequence[bytes], note: str) -> str:
        """See `Cosigner`."""
        status, text = await self._post(request_body(old_size, proof, note))
        if status == _CONFLICT:
            if not 0 < len(text.strip()) <= _SIZE_DIGITS or not text.strip().isdecimal():
                raise CosignerError("cosigner.malformed", cosigner=self.name)
            raise CosignerBehindError(self.name, int(text))
        if status != _OK:
            raise CosignerError("cosigner.refused", cosigner=self.name, status=status)
        return text

    async def _post(self, body: bytes) -> tuple[int, str]:
        try:
            status, received = await answer(
                self._client,
                "POST",
                self._url,
                limit=MAX_ANSWER_BYTES,
                seconds=TIMEOUT_SECONDS,
                content=body,
            )
            return status, received.decode("utf-8")
        except UnreachableError as error:
            raise CosignerError("cosigner.unreachable", cosigner=self.name) from error
        except (UnusableError, UnicodeDecodeError) as error:
            raise CosignerError("cosigner.malformed", cosigner=self.name) from error


def request_body(old_size: int, proof: Sequence[bytes], note: str) -> bytes:
    """The bytes of one add-checkpoint request."""
    lines = [f"old {old_size}", *(base64.b64encode(one).decode("ascii") for one in proof), "", note]
    return "\n".join(lines).encode("utf-8")
