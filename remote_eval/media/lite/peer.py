"""One connection: ICE-lite credentials and addresses, DTLS, SRTP; plain RTP and RTCP come out of it.

Sans-I/O: datagrams come in with the address that they came from, and go out by `send`. Nobody is believed
before a connectivity check proved the password (RFC 8445 §7.3); what is refused gets no answer.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from OpenSSL import SSL

from remote_eval.errors import MediaError
from remote_eval.media.lite import stun
from remote_eval.media.lite.dtls import Dtls, Role
from remote_eval.media.lite.rtp import FIXED, is_rtcp
from remote_eval.media.lite.srtp import Srtp
from remote_eval.media.lite.stun import Address

PeerState = Literal["new", "connected", "disconnected", "closed"]

# Browsers check every 2.5 s; two missed ones and the client counts as away.
AWAY_MS: Final = 6_000.0
# Consent ends 30 s after the last check (RFC 7675 §5.1).
CONSENT_MS: Final = 30_000.0
_MAX_ADDRESSES: Final = 16
# Checks remembered against replay, some minutes of one connection's.
_MAX_TRANSACTIONS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One side's ICE user name fragment and password."""

    ufrag: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """What a connection calls: `send` a datagram, and what it heard. None may raise."""

    send: Callable[[bytes, Address], None]
    rtp: Callable[[bytes, float], None]
    rtcp: Callable[[bytes, float], None]
    state: Callable[[PeerState], None]
    mapped: Callable[[Address], None]
    unmapped: Callable[[Address], None]


def _nothing(*_: object) -> None:
    """What a closed connection calls."""


_NOBODY: Final = Outward(
    send=_nothing, rtp=_nothing, rtcp=_nothing, state=_nothing, mapped=_nothing, unmapped=_nothing
)


class Peer:
    """See the module. `role` and `expected` (fingerprint) are those of DTLS."""

    def __init__(
        self,
        context: SSL.Context,
        role: Role,
        expected: str,
        *,
        local: Credentials,
        remote: Credentials,
        outward: Outward,
    ) -> None:
        self.role = role
        self.local = local
        self.remote = remote
        self.former: Credentials | None = None
        self.state: PeerState = "new"
        self.address: Address | None = None
        self.refused = 0
        self._dtls = Dtls(context, role, expected)
        self._srtp: Srtp | None = None
        self._out = outward
        self._addresses: OrderedDict[Address, float] = OrderedDict()
        self._transactions: OrderedDict[bytes, Address] = OrderedDict()
        self._checked_at = float("-inf")
        self._heard_at = float("-inf")
        self._expires_at: float | None = None
        self._may_send = False

    # What arrives.

    def check(self, request: stun.Message, source: Address, now: float) -> bool:
        """Take a connectivity check to this user name; False when it is refused, which is not answered."""
        credentials = self._called(request.username)
        if self.state == "closed" or credentials is None:
            return False
        password = credentials.password.encode()
        if not request.is_authentic(password) or not self._is_fresh(request.transaction, source):
            return False
        if credentials is self.local and self.former is not None:
            self.former = None
        self._checked_at = self._heard_at = now
        self._may_send = self._srtp is not None
        self._map(source, now)
        self._out.send(stun.write_answer(request, source, password), source)
        if self.address is None or request.nominates:
            self._choose(source)
        self._wake()
        return True

    def datagram(self, data: bytes, source: Address, now: float) -> None:
        """Take DTLS, SRTP or SRTCP from an address that passed a check."""
        first = data[0]
        if 128 <= first <= 191:
            self._media(data, source, now)
        elif 20 <= first <= 63:
            self._dtls.feed(data)
            self._after_dtls(now)
        else:
            self.refused += 1

    def _media(self, data: bytes, source: Address, now: float) -> None:
        srtp = self._srtp
        if srtp is None or len(data) < FIXED:
            self.refused += 1
            return
        if is_rtcp(data):
            plain = srtp.open_rtcp(data)
            take = self._out.rtcp
        else:
            plain = srtp.open_rtp(data)
            take = self._out.rtp
        if plain is None:
            self.refused += 1
            return
        self._heard_at = now
        self._addresses[source] = now
        take(plain, now)

    def _called(self, username: str) -> Credentials | None:
        """The own credentials that a check is addressed to: the current, or those before a restart."""
        for credentials in (self.local, self.former):
            if credentials is not None:
                wanted = f"{credentials.ufrag}:".encode()
                if hmac.compare_digest(username.encode()[: len(wanted)], wanted):
                    return credentials
        return None

    def _is_fresh(self, transaction: bytes, source: Address) -> bool:
        """A check that was seen before may come again from the same address only (replay from elsewhere)."""
        before = self._transactions.get(transaction)
        if before is not None:
            return before == source
        # One address of a connection, however often it checks.
        self._transactions[transaction] = self.address if source == self.address else source
        if len(self._transactions) > _MAX_TRANSACTIONS:
            self._transactions.popitem(last=False)
        return True

    # Addresses.

    def _map(self, source: Address, now: float) -> None:
        is_new = source not in self._addresses
        self._addresses[source] = now
        if is_new:
            self._out.mapped(source)
        if len(self._addresses) > _MAX_ADDRESSES:
            oldest = min(
                (one for one in self._addresses if one != self.address), key=lambda one: self._addresses[one]
            )
            del self._addresses[oldest]
            self._out.unmapped(oldest)

    def _choose(self, source: Address) -> None:
        self.address = source
        self._flush()

    def rename(self, local: Credentials, remote: Credentials) -> None:
        """ICE restart: new credentials on both sides; the old ones hold until a check came by the new."""
        self.former = self.local
        self.local = local
        self.remote = remote

    # DTLS.

    def dial(self, source: Address, now: float) -> None:
        """The other side answered a check of ours from here: a controlling agent's pair (see `dialing`)."""
        self._checked_at = self._heard_at = now
        self._may_send = self._srtp is not None
        self._map(source, now)
        if self.address != source:
            self._choose(source)
        self._wake()
        if self._dtls.role == "client" and self._dtls.state == "new":
            self._dtls.start()
            self._after_dtls(now)

    def _after_dtls(self, now: float) -> None:
        self._flush()
        if self._dtls.state == "connected" and self._srtp is None:
            self._srtp = Srtp(self._dtls.keys())
            self._may_send = True
            self._heard_at = now
            self._turn("connected")
        elif self._dtls.state in {"failed", "closed"}:
            self.close()
        due = self._dtls.due()
        self._expires_at = None if due is None else now + due * 1000

    def _flush(self) -> None:
        if self.address is not None:
            for datagram in self._dtls.take():
                self._out.send(datagram, self.address)

    # Time.

    def tick(self, now: float) -> None:
        """Retransmit a flight that is due; notice silence."""
        if self._expires_at is not None and now >= self._expires_at:
            self._dtls.expire()
            self._after_dtls(now)
        if self.state == "connected" and now - self._heard_at > AWAY_MS:
            self._turn("disconnected")
        if self._may_send and now - self._checked_at > CONSENT_MS:
            self._may_send = False

    def _wake(self) -> None:
        if self.state == "disconnected" and self._srtp is not None:
            self._turn("connected")

    def _turn(self, state: PeerState) -> None:
        if state != self.state:
            self.state = state
            self._out.state(state)

    # What leaves.

    def is_open(self) -> bool:
        """Whether somebody consents to be sent to."""
        return self._may_send

    def send_rtp(self, plain: bytes) -> None:
        """Protect and send, if somebody consents to it."""
        if self._may_send and self._srtp is not None and self.address is not None:
            try:
                self._out.send(self._srtp.seal_rtp(plain), self.address)
            except MediaError:
                self.refused += 1

    def send_rtcp(self, plain: bytes) -> None:
        """Protect and send a compound packet, if somebody consents to it."""
        if self._may_send and self._srtp is not None and self.address is not None:
            try:
                self._out.send(self._srtp.seal_rtcp(plain), self.address)
            except MediaError:
                self.refused += 1

    def close(self) -> None:
        """Say goodbye once and be deaf."""
        if self.state == "closed":
            return
        self._dtls.close()
        self._flush()
        self._dtls.release()
        self._may_send = False
        self._srtp = None
        self._expires_at = None
        self._turn("closed")
        # Whoever heard of this connection has it, too: without this the collector would find them much later.
        self._out = _NOBODY
