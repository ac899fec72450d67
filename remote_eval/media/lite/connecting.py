"""Makes connections on the port: credentials by chance, names for checks, roles of DTLS."""

import base64
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

from OpenSSL import SSL

from remote_eval.media.lite import stun
from remote_eval.media.lite.dtls import Role
from remote_eval.media.lite.peer import Credentials, Outward, Peer, PeerState
from remote_eval.media.lite.port import Port
from remote_eval.media.lite.sdp import Description
from remote_eval.media.lite.stun import Address

_MAX_CHECKS: Final = 256


class Hears(Protocol):
    """What takes the plain packets of a connection."""

    def rtp(self, data: bytes, now: float) -> None:
        """An RTP packet."""

    def rtcp(self, data: bytes, now: float) -> None:
        """A compound RTCP packet."""


class Connector:
    """See the module. `chance` gives random bytes."""

    def __init__(self, port: Port, context: SSL.Context, chance: Callable[[int], bytes]) -> None:
        self._port = port
        self._context = context
        self._chance = chance
        # Checks on their way: the password that an answer must know, and who waits for it.
        self._checks: OrderedDict[bytes, tuple[bytes, Callable[[Address, float], None]]] = OrderedDict()
        port.responses = self._response

    def number(self, bits: int) -> int:
        """A random number of so many bits, not 0."""
        return int.from_bytes(self._chance((bits + 7) // 8), "big") % ((1 << bits) - 1) + 1

    def credentials(self) -> Credentials:
        """48 bits of name and 144 of password, in the characters that ICE allows (RFC 8839 §5.4)."""
        ufrag, password = base64.b64encode(self._chance(6)), base64.b64encode(self._chance(18))
        return Credentials(ufrag=ufrag.decode(), password=password.decode())

    def connect(self, remote: Description, hears: Hears, state: Callable[[PeerState], None]) -> Peer:
        """A connection that waits for the checks of whoever made this offer."""
        role: Role = "client" if remote.setup == "passive" else "server"
        return self.make(role, remote, self.credentials(), hears, state)

    def make(
        self,
        role: Role,
        remote: Description,
        local: Credentials,
        hears: Hears,
        state: Callable[[PeerState], None],
    ) -> Peer:
        """A connection with these credentials, in this role of DTLS."""
        peer: Peer

        def told(now: PeerState) -> None:
            state(now)
            if now == "closed":
                self._port.forget(peer)

        outward = Outward(
            send=self._port.send,
            rtp=hears.rtp,
            rtcp=hears.rtcp,
            state=told,
            mapped=lambda address: self._port.map(peer, address),
            unmapped=lambda address: self._port.unmap(peer, address),
        )
        theirs = Credentials(ufrag=remote.ufrag, password=remote.password)
        peer = Peer(self._context, role, remote.fingerprint, local=local, remote=theirs, outward=outward)
        self._port.name(local.ufrag, peer)
        return peer

    def rename(self, peer: Peer, local: Credentials, remote: Description) -> None:
        """The restart of a connection that dials."""
        if peer.former is not None:
            self._port.unname(peer.former.ufrag)
        peer.rename(local, Credentials(ufrag=remote.ufrag, password=remote.password))
        self._port.name(local.ufrag, peer)

    def check(
        self,
        peer: Peer,
        target: tuple[str, int],
        tie_breaker: bytes,
        answered: Callable[[Address, float], None],
    ) -> None:
        """Send a check; `answered` hears of the other side's authentic answer and where it came from."""
        transaction = self._chance(12)
        self._checks[transaction] = (peer.remote.password.encode(), answered)
        if len(self._checks) > _MAX_CHECKS:
            self._checks.popitem(last=False)
        name = f"{peer.remote.ufrag}:{peer.local.ufrag}"
        request = stun.write_request(transaction, name, peer.remote.password.encode(), tie_breaker)
        self._port.send(request, target)

    def _response(self, message: stun.Message, source: Address, now: float) -> bool:
        found = self._checks.get(message.transaction)
        if found is None or message.kind != stun.SUCCESS or not message.is_authentic(found[0]):
            return False
        del self._checks[message.transaction]
        found[1](source, now)
        return True

    def renew(self, peer: Peer, remote: Description) -> None:
        """ICE restart: new credentials here for new ones there; those before the last are forgotten."""
        self.rename(peer, self.credentials(), remote)
