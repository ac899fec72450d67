"""A seat's side of a relay, without a browser: it allocates over UDP or TCP and sends through what it got.

It runs at a site by `tests.support.networks_inside`. Numbers that come back are the relay's error codes (RFC
8656, section 19); 0 is success.
"""

import asyncio
from typing import Any

from aioice import stun
from aioice.turn import TurnClientMixin, TurnTransport, create_turn_endpoint


class _Heard(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.gone = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002
        self.queue.put_nowait(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.gone.set()


class TurnClient:
    """Holds the allocations that it made; `echo`, `permit` and `bind` go through the newest."""

    def __init__(self) -> None:
        self._held: list[tuple[TurnTransport, _Heard]] = []

    async def allocate(self, server: list[Any], username: str, password: str, transport: str) -> Any:
        """The relayed address, or the code of the refusal."""
        try:
            made = await create_turn_endpoint(
                _Heard, (server[0], server[1]), username=username, password=password, transport=transport
            )
        except stun.TransactionFailed as refused:
            return refused.response.attributes["ERROR-CODE"][0]
        self._held.append(made)
        return list(made[0].get_extra_info("sockname"))

    async def echo(self, host: str, port: int, text: str, patience: float) -> str | None:
        """Send through the relay and give what comes back, None when nothing does."""
        transport, heard = self._held[-1]
        transport.sendto(text.encode(), (host, port))
        try:
            async with asyncio.timeout(patience):
                return (await heard.queue.get()).decode()
        except TimeoutError:
            return None

    async def permit(self, host: str) -> int:
        """Ask the relay for a permission to send to a peer."""
        method = stun.Method.CREATE_PERMISSION
        return await self._ask(stun.Message(message_method=method, message_class=stun.Class.REQUEST), host)

    async def bind(self, host: str, port: int) -> int:
        """Ask the relay for a channel to a peer."""
        method = stun.Method.CHANNEL_BIND
        request = stun.Message(message_method=method, message_class=stun.Class.REQUEST)
        request.attributes["CHANNEL-NUMBER"] = 0x4FF0
        return await self._ask(request, host, port)

    async def _ask(self, request: stun.Message, host: str, port: int = 9) -> int:
        request.attributes["XOR-PEER-ADDRESS"] = (host, port)
        client: TurnClientMixin = getattr(self._held[-1][0], "_TurnTransport__inner_protocol")  # noqa: B009
        try:
            await client.request_with_retry(request)
        except stun.TransactionFailed as refused:
            return int(refused.response.attributes["ERROR-CODE"][0])
        return 0

    async def close(self) -> None:
        """Give all allocations back."""
        held, self._held = self._held, []
        for transport, _ in held:
            transport.close()
        for _, heard in held:
            await heard.gone.wait()
