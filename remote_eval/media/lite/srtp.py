"""SRTP and SRTCP of one connection (RFC 3711, RFC 7714) on libsrtp: plain in, protected out, and back.

A packet that is not authentic, replayed or too long is None, never an exception. How many senders (SSRCs) one
connection may show is limited, for each costs memory.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]  # compiled, without stubs

from remote_eval.errors import MediaError

# Late packets that NACK brought back must still pass: 1024 packets are over a second of any video here.
_WINDOW: Final = 1024
MAX_SENDERS: Final = 256
# libsrtp's wrapper takes 1500 bytes with the longest trailer; browsers send 1200 and less.
MAX_PLAIN: Final = 1350
MAX_PROTECTED: Final = 1500
# With room for any trailer behind the longest packet.
_BUFFER: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Master key and salt of both directions under one profile."""

    profile: int
    inbound: bytes = field(repr=False)
    outbound: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A protection profile by its name in DTLS (RFC 5764 §4.1.2, RFC 7714 §14.2)."""

    name: bytes
    number: int
    key_bytes: int
    salt_bytes: int

    def split(self, material: bytes, *, is_client: bool) -> Keys:
        """Client key, server key, client salt, server salt, in this order (RFC 5764 §4.2)."""
        salts = 2 * self.key_bytes
        client = material[: self.key_bytes] + material[salts : salts + self.salt_bytes]
        server = material[self.key_bytes : salts] + material[salts + self.salt_bytes :]
        mine, theirs = (client, server) if is_client else (server, client)
        return Keys(profile=self.number, inbound=theirs, outbound=mine)


PROFILES: Final = (
    Profile(
        name=b"SRTP_AEAD_AES_256_GCM",
        number=Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
        key_bytes=32,
        salt_bytes=12,
    ),
    Profile(
        name=b"SRTP_AEAD_AES_128_GCM",
        number=Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
        key_bytes=16,
        salt_bytes=12,
    ),
    Profile(
        name=b"SRTP_AES128_CM_SHA1_80",
        number=Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
        key_bytes=16,
        salt_bytes=14,
    ),
)


class Srtp:
    """Both directions of one connection."""

    def __init__(self, keys: Keys) -> None:
        inbound = Session(_policy(keys, Policy.SSRC_ANY_INBOUND, keys.inbound))
        outbound = Session(_policy(keys, Policy.SSRC_ANY_OUTBOUND, keys.outbound))
        self._unprotect = _call(inbound, lib.srtp_unprotect, MAX_PROTECTED)
        self._unprotect_rtcp = _call(inbound, lib.srtp_unprotect_rtcp, MAX_PROTECTED)
        self._protect = _call(outbound, lib.srtp_protect, MAX_PLAIN)
        self._protect_rtcp = _call(outbound, lib.srtp_protect_rtcp, MAX_PLAIN)
        self._senders: set[bytes] = set()

    def open_rtp(self, data: bytes) -> bytes | None:
        """The plain RTP packet, or None."""
        return self._open(data, data[8:12], self._unprotect)

    def open_rtcp(self, data: bytes) -> bytes | None:
        """The plain compound RTCP packet, or None."""
        return self._open(data, data[4:8], self._unprotect_rtcp)

    def seal_rtp(self, data: bytes) -> bytes:
        """Protect a plain RTP packet. Raises ``media.srtp`` for one that is too long or makes no sense."""
        sealed = self._protect(data)
        if sealed is None:
            raise MediaError("media.srtp")
        return sealed

    def seal_rtcp(self, data: bytes) -> bytes:
        """Protect a plain compound RTCP packet. Raises ``media.srtp``."""
        sealed = self._protect_rtcp(data)
        if sealed is None:
            raise MediaError("media.srtp")
        return sealed

    def _open(self, data: bytes, sender: bytes, unprotect: Callable[[bytes], bytes | None]) -> bytes | None:
        known = sender in self._senders
        if not known and len(self._senders) >= MAX_SENDERS:
            return None
        plain = unprotect(data)
        if plain is not None and not known:
            # Only what was authentic counts, so that a stranger cannot use the places up.
            self._senders.add(sender)
        return plain


def _call(session: Session, function: Callable[..., int], longest: int) -> Callable[[bytes], bytes | None]:
    """A function of libsrtp on one session, over a buffer of its own; gives None for what it refuses.

    The wrapper's own methods make a C integer and check types for each packet: two fifths of their time.
    """
    buffer = ffi.new("char[]", _BUFFER)
    view, length = ffi.buffer(buffer), ffi.new("int *")
    handle = session._srtp  # noqa: SLF001 - see above; held here, so that it lives as long as this function

    def call(data: bytes) -> bytes | None:
        size = len(data)
        if size > longest:
            return None
        view[0:size] = data
        length[0] = size
        if function(handle[0], buffer, length):
            return None
        done: bytes = view[0 : length[0]]
        return done

    return call


def _policy(keys: Keys, direction: int, key: bytes) -> Policy:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=keys.profile)
    policy.window_size = _WINDOW
    policy.allow_repeat_tx = True
    return policy
