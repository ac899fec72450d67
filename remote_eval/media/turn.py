"""A relay at a site's edge: short-lived credentials for it, and the configuration that its operator installs.

Where a site's machines may not send to the hub at all, coturn stands between them: media passes through it to
the hub's address and to nowhere else. Credentials follow draft-uberti-behave-turn-rest-00, section 2: the
user name carries its end, the password is an HMAC of it under a secret that hub and edge share. Nothing here
is kept, sent or looked up; seats are named by pseudonym, for a relay writes user names into its log.
"""

import base64
import hmac
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Final

from remote_eval.errors import MediaError

# At most half a day: an evaluation's longest session, not its whole course.
MAX_TTL_SECONDS: Final = 43_200
MIN_SECRET_CHARS: Final = 32
MAX_SECRET_CHARS: Final = 128
MAX_HUB_ADDRESSES: Final = 16
MIN_RELAY_PORTS: Final = 4

_USER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECRET: Final = re.compile(rf"[A-Za-z0-9_-]{{{MIN_SECRET_CHARS},{MAX_SECRET_CHARS}}}")
_REALM: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)
# Everything that there is, each family in turn.
_ALL_PEERS: Final = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a browser hands to the relay; worthless after `expires`, seconds since 1970."""

    username: str
    password: str = field(repr=False)
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A site edge: `listen` is its address toward the site, `outward` the one toward the hub.

    `hubs` are the only addresses that media may be relayed to. Ports are inclusive. `max_kbps` bounds one
    relay, in kilobits a second each way; `max_relays` bounds one user, `max_total` the whole site.
    """

    listen: IPv4Address
    outward: IPv4Address
    hubs: tuple[IPv4Address, ...]
    realm: str
    secret: str = field(repr=False)
    port: int = 3478
    relay_ports: tuple[int, int] = (50_000, 50_099)
    max_relays: int = 8
    max_total: int = 100
    max_kbps: int = 8_000


def credentials(secret: str, user: str, now: int, ttl: int) -> Credentials:
    """Credentials for `user` that end `ttl` seconds after `now` (seconds since 1970).

    Raises MediaError ``media.turn-secret``, ``media.turn-user`` or ``media.turn-time``.
    """
    _check_secret(secret)
    if not _USER.fullmatch(user):
        raise MediaError("media.turn-user")
    if not 0 < ttl <= MAX_TTL_SECONDS or now < 0:
        raise MediaError("media.turn-time", ttl=ttl, most=MAX_TTL_SECONDS)
    expires = now + ttl
    username = f"{expires}:{user}"
    # SHA-1 is the draft's choice and what relays know; as an HMAC it is not weakened by SHA-1's collisions.
    made = hmac.digest(secret.encode("ascii"), username.encode("ascii"), "sha1")
    return Credentials(username=username, password=base64.b64encode(made).decode("ascii"), expires=expires)


def turn_config(relay: Relay) -> str:
    """The whole configuration file of coturn for a site's edge; it holds the secret (mode 0600).

    Raises MediaError ``media.turn-secret``, ``media.turn-realm``, ``media.turn-ports``,
    ``media.turn-hubs`` or ``media.turn-limits``.
    """
    _check(relay)
    first, last = relay.relay_ports
    lines = [
        f"listening-ip={relay.listen}",
        f"listening-port={relay.port}",
        f"relay-ip={relay.outward}",
        f"min-port={first}",
        f"max-port={last}",
        # Who may use it: holders of credentials that have not ended.
        f"realm={relay.realm}",
        "use-auth-secret",
        f"static-auth-secret={relay.secret}",
        # Browsers ask a relay for a binding too. Silence (no-stun) would cost each of them 40 s of gathering.
        "secure-stun",
        "stale-nonce=600",
        # Where to: the hub, over UDP. An allowed address wins over a denied range.
        *(f"denied-peer-ip={every[0]}-{every[-1]}" for every in _ALL_PEERS),
        *(f"allowed-peer-ip={hub}" for hub in relay.hubs),
        "no-multicast-peers",
        "no-tcp-relay",
        # How much.
        f"user-quota={relay.max_relays}",
        f"total-quota={relay.max_total}",
        f"max-bps={relay.max_kbps * 125}",  # bytes a second
        # What it does not do, and what it does not tell.
        "no-tls",
        "no-dtls",
        "no-cli",
        "no-rfc5780",
        "no-stun-backward-compatibility",
        "no-software-attribute",
        "fingerprint",
        "syslog",
    ]
    return "\n".join(lines) + "\n"


def _check_secret(secret: str) -> None:
    if not _SECRET.fullmatch(secret):
        raise MediaError("media.turn-secret", least=MIN_SECRET_CHARS, most=MAX_SECRET_CHARS)


def _check(relay: Relay) -> None:
    _check_secret(relay.secret)
    if not _REALM.fullmatch(relay.realm):
        raise MediaError("media.turn-realm")
    first, last = relay.relay_ports
    in_range = 1 <= relay.port < 65_536 and 1024 <= first <= last < 65_536
    if not in_range or last - first + 1 < MIN_RELAY_PORTS or first <= relay.port <= last:
        raise MediaError("media.turn-ports", port=relay.port, first=first, last=last)
    own = {relay.listen, relay.outward}
    if not 1 <= len(relay.hubs) <= MAX_HUB_ADDRESSES or not all(map(_is_one_machine, {*relay.hubs})):
        raise MediaError("media.turn-hubs", count=len(relay.hubs))
    if own & {*relay.hubs}:
        raise MediaError("media.turn-hubs", count=len(relay.hubs))
    if min(relay.max_relays, relay.max_total, relay.max_kbps) < 1:
        raise MediaError("media.turn-limits")


def _is_one_machine(address: IPv4Address) -> bool:
    """Addresses that lead back to the edge itself, or to many, would open more than the hub."""
    return not (
        address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local
    )
