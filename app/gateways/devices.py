"""Commands to gates and lockers: a port, and its HTTP form.

The device answers 204 once it has done what it was told. Whatever else happens is told apart: trying again
may help (`DeviceUnreachableError`), or not (`DeviceRefusedError`). A command carries its own id: told twice,
a device does it once. Requests are signed with the platform's key (RFC 9421), so that nobody else opens a
gate. What devices report comes the other way, through the API.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

import httpx

from app.errors import AppError
from app.gateways.answers import UnreachableError, UnusableError, answer
from app.gateways.message_signatures import post_headers
from crypto.canonical import canonical
from crypto.signing import SigningKey

TIMEOUT_SECONDS: Final = 3.0
MAX_ANSWER_BYTES: Final = 4 * 1024
NONCE_BYTES: Final = 16
_DONE: Final = 204
_SERVER_FAULT: Final = 500
_BUSY: Final = frozenset({408, 425, 429})


class DeviceError(AppError):
    """A device did not do what it was told."""


class DeviceUnreachableError(DeviceError):
    """``device.unreachable``: no whole answer in time, or a fault of the moment; trying again may help."""


class DeviceRefusedError(DeviceError):
    """``device.refused``: the device understood and will not; trying again does not help."""


class DeviceCommands(Protocol):
    """Telling a device to do something.

    Contract: `tell` returns once the device says that it is done. The same `command` id told again does
    nothing a second time and is done again. Raises DeviceUnreachableError or DeviceRefusedError; after the
    first of them the command may or may not have been done.
    """

    async def tell(self, url: str, *, command: str, act: str, place: str | None = None) -> None:
        """`act` is ``open`` or ``lock``; `place` is a locker's number."""


class NoDevices:
    """An installation without devices: none can be reached."""

    async def tell(self, url: str, *, command: str, act: str, place: str | None = None) -> None:
        """See `DeviceCommands`."""
        raise DeviceUnreachableError("device.unreachable", told=[url, command, act, place])


class HttpDeviceCommands:
    """Devices behind HTTP addresses: ``POST {url}/commands`` with {"id", "act", "place"}."""

    def __init__(
        self,
        *,
        key: SigningKey,
        client: httpx.AsyncClient,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
    ) -> None:
        """The client is closed by whoever made it."""
        self._key = key
        self._client = client
        self._clock = clock
        self._random = random

    async def tell(self, url: str, *, command: str, act: str, place: str | None = None) -> None:
        """See `DeviceCommands`."""
        target = f"{url.rstrip('/')}/commands"
        body = canonical({"id": command, "act": act, "place": place})
        try:
            status, _ = await answer(
                self._client,
                "POST",
                target,
                limit=MAX_ANSWER_BYTES,
                seconds=TIMEOUT_SECONDS,
                content=body,
                headers=self._signed(target, body),
            )
        except UnreachableError as error:
            raise DeviceUnreachableError("device.unreachable") from error
        except UnusableError as error:
            raise DeviceRefusedError("device.refused") from error
        _check(status)

    def _signed(self, target: str, body: bytes) -> dict[str, str]:
        nonce = self._random(NONCE_BYTES).hex()
        return post_headers(
            target, body, key_id=self._key.public.hex(), key=self._key, nonce=nonce, now=self._clock()
        )


def _check(status: int) -> None:
    if status == _DONE:
        return
    if status >= _SERVER_FAULT or status in _BUSY:
        raise DeviceUnreachableError("device.unreachable", status=status)
    raise DeviceRefusedError("device.refused", status=status)
