"""DTLS 1.2 with use_srtp over datagrams that somebody else carries (RFC 6347, RFC 5764), on pyOpenSSL.

Bytes in, datagrams out: the caller feeds what arrived, sends what `take` gives, and calls `expire` when
`due` seconds have passed. The peer is known by the fingerprint of its certificate alone (RFC 8122).
"""

import contextlib
import hmac
import struct
from typing import Final, Literal

from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL

from remote_eval.media.lite.identity import Identity, colons
from remote_eval.media.lite.srtp import PROFILES, Keys, Profile

# A flight is cut into datagrams that pass any path (RFC 8831 §5 takes the same figure).
MTU: Final = 1200
_RECORD_HEADER: Final = 13
_LABEL: Final = b"EXTRACTOR-dtls_srtp"
_CIPHERS: Final = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
# The wire's number of DTLS 1.2 (RFC 6347 §4.1); pyOpenSSL passes it on and has no name for it.
_DTLS_1_2: Final = 0xFEFD

Role = Literal["client", "server"]
State = Literal["new", "handshake", "connected", "failed", "closed"]


def make_context(identity: Identity) -> SSL.Context:
    """What all handshakes of one engine share."""
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # Any certificate passes here; `Dtls` compares its fingerprint before a key is used.
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.use_certificate(identity.certificate)
    context.use_privatekey(identity.key)
    context.set_cipher_list(_CIPHERS)
    context.set_tlsext_use_srtp(b":".join(profile.name for profile in PROFILES))
    return context


class Dtls:
    """One association. `state` becomes ``connected`` only with a peer whose fingerprint is `expected`."""

    def __init__(self, context: SSL.Context, role: Role, expected: str) -> None:
        self.state: State = "new"
        self.role = role
        self._expected = expected
        self._is_released = False
        self._ssl = SSL.Connection(context, None)
        self._ssl.set_ciphertext_mtu(MTU)
        if role == "server":
            self._ssl.set_accept_state()
        else:
            self._ssl.set_connect_state()

    def start(self) -> None:
        """Begin; a client's first flight is then to be taken."""
        if self.state == "new":
            self.state = "handshake"
            self._advance()

    def feed(self, datagram: bytes) -> None:
        """Hand in what arrived; whatever it is, nothing is raised."""
        if self.state in {"failed", "closed"}:
            return
        self._ssl.bio_write(datagram)
        if self.state == "connected":
            self._read_alert()
        else:
            self.start()
            self._advance()

    def due(self) -> float | None:
        """Seconds until `expire` wants to be called, or None."""
        return self._ssl.DTLSv1_get_timeout() if self.state == "handshake" else None

    def expire(self) -> None:
        """Send the last flight again when it is due (RFC 6347 §4.2.4)."""
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error:
            self.state = "failed"

    def take(self) -> list[bytes]:
        """Datagrams to send now."""
        whole = b""
        while not self._is_released:
            try:
                whole += self._ssl.bio_read(65_536)
            except SSL.Error:
                break
        return _datagrams(whole)

    def close(self) -> None:
        """Say goodbye (close_notify); `take` then gives the alert."""
        if self.state == "connected":
            with contextlib.suppress(SSL.Error):
                self._ssl.shutdown()
        self.state = "closed"

    def release(self) -> None:
        """After `close`, when its alert was taken: what OpenSSL holds, tens of kilobytes, goes at once and
        does not wait for a collection of the circle of callbacks that it hangs in."""
        self._is_released = True
        del self._ssl

    def keys(self) -> Keys:
        """The SRTP keys of a connected association (RFC 5764 §4.2)."""
        profile = self._profile()
        material = self._ssl.export_keying_material(_LABEL, 2 * (profile.key_bytes + profile.salt_bytes))
        return profile.split(material, is_client=self.role == "client")

    def _advance(self) -> None:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error:
            self.state = "failed"
            return
        self.state = "connected" if self._is_expected() else "failed"

    def _is_expected(self) -> bool:
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        if certificate is None or not self._ssl.get_selected_srtp_profile():
            return False
        shown = colons(certificate.fingerprint(hashes.SHA256()))
        return hmac.compare_digest(shown.encode(), self._expected.encode())

    def _profile(self) -> Profile:
        chosen = self._ssl.get_selected_srtp_profile()
        return next(profile for profile in PROFILES if profile.name == chosen)

    def _read_alert(self) -> None:
        try:
            self._ssl.recv(2048)
        except SSL.WantReadError:
            return
        except (SSL.ZeroReturnError, SSL.Error):
            self.state = "closed"


def _datagrams(whole: bytes) -> list[bytes]:
    """Put whole records together into datagrams of at most MTU bytes."""
    datagrams: list[bytes] = []
    at = 0
    while at + _RECORD_HEADER <= len(whole):
        (length,) = struct.unpack_from("!H", whole, at + 11)
        record = whole[at : at + _RECORD_HEADER + length]
        at += len(record)
        if datagrams and len(datagrams[-1]) + len(record) <= MTU:
            datagrams[-1] += record
        else:
            datagrams.append(record)
    return datagrams
