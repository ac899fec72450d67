"""The control channel between hub and gateway: frames sealed under the keys of their hellos, numbered.

Each frame is AES-256-GCM with the frame's number as nonce; one that was changed, left out, repeated or sent
back ends the channel (docs/spec/site-gateway.md §3). What carries the messages is the caller's.
"""

from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.hashing import u64be
from remote_eval.errors import MediaError
from remote_eval.media.control.wire import MAX_FRAME_BYTES, read, written

TAG_BYTES: Final = 16
MAX_MESSAGE_BYTES: Final = MAX_FRAME_BYTES + TAG_BYTES


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
        number, self._sent = self._sent, self._sent + 1
        await self._messages.send(self._out.encrypt(_nonce(number), plain, None))

    async def receive(self) -> dict[str, Any] | None:
        """See `Channel`."""
        message = await self._messages.receive()
        if message is None:
            return None
        if isinstance(message, str) or len(message) > MAX_MESSAGE_BYTES:
            raise MediaError("media.control")
        try:
            plain = self._in.decrypt(_nonce(self._received), message, None)
        except InvalidTag as error:
            raise MediaError("media.control") from error
        self._received += 1
        return read(plain)

    async def aclose(self) -> None:
        """See `Channel`."""
        await self._messages.aclose()


def _nonce(number: int) -> bytes:
    return bytes(4) + u64be(number)
