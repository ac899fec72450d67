"""The one UDP port of an engine: tells datagrams apart (RFC 7983), finds their connection, limits strangers.

The callback never raises: what is malformed or unknown is counted in `refused`, what should not happen in
`unhandled`. Nothing unauthenticated is answered.
"""

import asyncio
import logging
import socket
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.lite import stun
from remote_eval.media.lite.peer import Peer
from remote_eval.media.lite.stun import Address

_log = logging.getLogger(__name__)

_BUFFER: Final = 4 << 20
# Datagrams taken in one turn of the loop before timers and others have theirs.
_BATCH: Final = 64
_LARGEST: Final = 2048
_STUN_PER_MS: Final = 0.2
_STUN_BURST: Final = 400.0
_MAX_SOURCES: Final = 4096


class StunLimit:
    """A token bucket for each source host: 400 checks at once, then 200 a second; 4096 hosts remembered."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, host: str, now: float) -> bool:
        """Count one check."""
        tokens, at = self._buckets.pop(host, (_STUN_BURST, now))
        tokens = min(_STUN_BURST, tokens + (now - at) * _STUN_PER_MS)
        self._buckets[host] = (max(0.0, tokens - 1), now)
        if len(self._buckets) > _MAX_SOURCES:
            self._buckets.popitem(last=False)
        return tokens >= 1


class Port:
    """See the module. `clock` gives milliseconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.refused = 0
        self.unhandled = 0
        self.unsent = 0
        self.responses: Callable[[stun.Message, Address, float], bool] = lambda *_: False
        self._clock = clock
        self._by_name: dict[str, Peer] = {}
        self._by_address: dict[Address, Peer] = {}
        self._limit = StunLimit()
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, host: str, port: int, loop: asyncio.AbstractEventLoop) -> None:
        """Bind and begin to read. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)  # noqa: FBT003 - socket takes no keyword
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                opened.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
            opened.bind((host, port))
        except OSError:
            opened.close()
            raise
        self._socket, self._loop = opened, loop
        loop.add_reader(opened, self._readable)

    @property
    def number(self) -> int:
        """The port's number."""
        return 0 if self._socket is None else int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Stop reading and close the socket."""
        if self._socket is not None and self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def name(self, ufrag: str, peer: Peer) -> None:
        """Checks to this user name fragment are the peer's."""
        self._by_name[ufrag] = peer

    def unname(self, ufrag: str) -> None:
        """Forget a user name fragment."""
        self._by_name.pop(ufrag, None)

    def map(self, peer: Peer, address: Address) -> None:
        """What comes from this address is the peer's."""
        self._by_address[address] = peer

    def unmap(self, peer: Peer, address: Address) -> None:
        """What comes from this address is the peer's no longer."""
        if self._by_address.get(address) is peer:
            del self._by_address[address]

    def forget(self, peer: Peer) -> None:
        """Forget all of a peer's names and addresses."""
        self._by_name = {name: one for name, one in self._by_name.items() if one is not peer}
        self._by_address = {at: one for at, one in self._by_address.items() if one is not peer}

    def send(self, data: bytes, address: Address) -> None:
        """Send a datagram; one that the kernel does not take now is lost, as on any network."""
        if self._socket is None:
            return
        try:
            self._socket.sendto(data, address)
        except OSError:
            self.unsent += 1

    def _readable(self) -> None:
        for _ in range(_BATCH):
            if self._socket is None:
                return
            try:
                data, source = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            except OSError:
                # An ICMP error of an earlier datagram; the next one may be fine.
                continue
            self.receive(data, source)

    def receive(self, data: bytes, source: Address) -> None:
        """Take one datagram; never raises."""
        try:
            if not self._route(data, source, self._clock()):
                self.refused += 1
        except Exception:  # noqa: BLE001 - counted, and looked at in every test
            self.unhandled += 1
            _log.exception("a datagram was not handled")

    def _route(self, data: bytes, source: Address, now: float) -> bool:
        if not data:
            return False
        if data[0] <= 3:
            return self._stun(data, source, now)
        peer = self._by_address.get(source)
        if peer is None:
            return False
        before = peer.refused
        peer.datagram(data, source, now)
        return peer.refused == before

    def _stun(self, data: bytes, source: Address, now: float) -> bool:
        if not self._limit.allows(source[0], now):
            return False
        try:
            message = stun.read_message(data)
        except MediaError:
            return False
        if message.kind == stun.REQUEST:
            peer = self._by_name.get(message.username.partition(":")[0])
            return peer is not None and peer.check(message, source, now)
        if message.kind == stun.INDICATION:
            # A keepalive (RFC 8445 §11) says nothing.
            return source in self._by_address
        return self.responses(message, source, now)
