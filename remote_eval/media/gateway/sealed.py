"""The control channel between hub and gateway: frames sealed under the keys of their hellos, numbered.

A frame goes in messages of at most 64 KiB, each AES-256-GCM with its number as nonce and a first byte that
says whether more follow; one that was changed, left out, repeated or sent back ends the channel
(docs/spec/site-gateway.md §3). What carries the messages is the caller's.
"""

from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.hashing import u64be
from remote_eval.errors import MediaError
from remote_eval.media.control.wire import MAX_FRAME_BYTES, read, written

TAG_BYTES: Final = 16
CHUNK_BYTES: Final = 64 * 1024
MAX_MESSAGE_BYTES: Final = 1 + CHUNK_BYTES + TAG_BYTES
_LAST, _MORE = b"\x00", b"\x01"


class Messages(Protocol):
    """Both directions of a WebSocket; `receive` gives None once the other end is gone."""

    async def receive(self) -> str | bytes | None:
        """The next message."""

    async def send(self, message: str | bytes) -> None:
        """Send one. Raises ConnectionError when the other end is gone."""

    async def aclose(self) -> None:
        """End it. Idempotent."""


class SealedChannel:
    """A `Channel` over messages: `sending` and `receiving` are the keys of the two directions."""

    def __init__(self, messages: Messages, *, sending: bytes, receiving: bytes) -> None:
        self._messages = messages
        self._out, self._in = AESGCM(sending), AESGCM(receiving)
        self._sent = self._received = 0

    async def send(self, frame: dict[str, Any]) -> None:
        """See `Channel`."""
        plain = written(frame)
        if len(plain) > MAX_FRAME_BYTES:
            raise MediaError("media.control")
        for at in range(0, len(plain), CHUNK_BYTES):
            mark = _MORE if at + CHUNK_BYTES < len(plain) else _LAST
            number, self._sent = self._sent, self._sent + 1
            chunk = mark + plain[at : at + CHUNK_BYTES]
            await self._messages.send(self._out.encrypt(_nonce(number), chunk, None))

    async def receive(self) -> dict[str, Any] | None:
        """See `Channel`."""
        whole = bytearray()
        while (message := await self._messages.receive()) is not None:
            chunk = self._opened(message)
            whole += chunk[1:]
            if len(whole) > MAX_FRAME_BYTES:
                raise MediaError("media.control")
            if chunk[:1] == _LAST:
                return read(bytes(whole))
        return None

    def _opened(self, message: str | bytes) -> bytes:
        if isinstance(message, str) or len(message) > MAX_MESSAGE_BYTES:
            raise MediaError("media.control")
        try:
            chunk = self._in.decrypt(_nonce(self._received), message, None)
        except InvalidTag as error:
            raise MediaError("media.control") from error
        if chunk[:1] not in (_LAST, _MORE):
            raise MediaError("media.control")
        self._received += 1
        return chunk

    async def aclose(self) -> None:
        """See `Channel`."""
        await self._messages.aclose()


def _nonce(number: int) -> bytes:
    return bytes(4) + u64be(number)
