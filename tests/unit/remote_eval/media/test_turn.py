"""The relay at a site's edge: credentials that end, and a configuration that nothing can be smuggled into."""

import base64
import hashlib
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.turn import MAX_TTL_SECONDS, Relay, credentials, turn_config

SECRET = "k" * 40
NOW = 1_800_000_000
HUB, OTHER_HUB = IPv4Address("10.201.0.1"), IPv4Address("10.201.9.1")
RELAY = Relay(
    listen=IPv4Address("10.202.0.1"),
    outward=IPv4Address("10.201.0.2"),
    hubs=(HUB,),
    realm="site-a.example",
    secret=SECRET,
)


def hmac_sha1(key: bytes, text: bytes) -> bytes:
    """RFC 2104 from its definition, beside the library that the product asks."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha1(bytes(byte ^ 0x36 for byte in block) + text, usedforsecurity=False).digest()
    return hashlib.sha1(bytes(byte ^ 0x5C for byte in block) + inner, usedforsecurity=False).digest()


def values(text: str, option: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.partition("=")[0] == option]


def test_credentials_name_their_end_and_prove_it_by_the_secret() -> None:
    """draft-uberti-behave-turn-rest-00, section 2.2: username, and base64(hmac(secret, username))."""
    made = credentials(SECRET, "mem_7f3a", NOW, 3600)
    assert made.username == "1800003600:mem_7f3a"
    assert made.expires == NOW + 3600
    assert base64.b64decode(made.password) == hmac_sha1(SECRET.encode(), made.username.encode())


def test_another_secret_user_or_end_gives_another_password() -> None:
    made = {
        credentials(SECRET, "mem_7f3a", NOW, 3600).password,
        credentials("l" * 40, "mem_7f3a", NOW, 3600).password,
        credentials(SECRET, "mem_7f3b", NOW, 3600).password,
        credentials(SECRET, "mem_7f3a", NOW, 3601).password,
    }
    assert len(made) == 4


@pytest.mark.parametrize("ttl", [0, -1, MAX_TTL_SECONDS + 1])
def test_credentials_neither_end_at_once_nor_live_for_days(ttl: int) -> None:
    credentials(SECRET, "mem_7f3a", NOW, MAX_TTL_SECONDS)
    with pytest.raises(MediaError, match=r"^media\.turn-time$"):
        credentials(SECRET, "mem_7f3a", NOW, ttl)


def test_there_is_no_time_before_1970() -> None:
    with pytest.raises(MediaError, match=r"^media\.turn-time$"):
        credentials(SECRET, "mem_7f3a", -1, 60)


@pytest.mark.parametrize("user", ["", "a:b", "a b", "a\nb", "mem_7f3a\n", "张伟", "a" * 65, "a=b", "a#b"])
def test_a_user_is_a_pseudonym_of_plain_letters(user: str) -> None:
    with pytest.raises(MediaError, match=r"^media\.turn-user$"):
        credentials(SECRET, user, NOW, 60)


@pytest.mark.parametrize(
    "secret",
    ["", "k" * 31, "k" * 129, "k" * 40 + "\n", "k" * 40 + "\nno-auth", "k" * 40 + "#", "k" * 40 + " "],
)
def test_a_secret_is_long_and_stays_on_its_line(secret: str) -> None:
    for attempt in (
        lambda: credentials(secret, "mem_7f3a", NOW, 60),
        lambda: turn_config(replace(RELAY, secret=secret)),
    ):
        with pytest.raises(MediaError, match=r"^media\.turn-secret$") as refused:
            attempt()
        assert secret == "" or secret not in str(refused.value.details)


def test_secrets_and_passwords_do_not_show() -> None:
    made = credentials(SECRET, "mem_7f3a", NOW, 60)
    assert made.password not in repr(made)
    assert SECRET not in repr(RELAY)


def test_the_relay_leads_to_the_hub_and_nowhere_else() -> None:
    text = turn_config(replace(RELAY, hubs=(HUB, OTHER_HUB)))
    assert values(text, "allowed-peer-ip") == ["10.201.0.1", "10.201.9.1"]
    assert values(text, "denied-peer-ip") == [
        "0.0.0.0-255.255.255.255",
        "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]


def test_the_relay_asks_for_credentials_that_end() -> None:
    lines = turn_config(RELAY).splitlines()
    assert "use-auth-secret" in lines
    assert f"static-auth-secret={SECRET}" in lines
    assert not {"no-auth", "lt-cred-mech", "allow-loopback-peers"} & set(lines)


def test_the_relay_listens_and_sends_where_it_was_told() -> None:
    text = turn_config(RELAY)
    told = {name: values(text, name) for name in ("listening-ip", "relay-ip", "min-port", "max-port")}
    assert told == {
        "listening-ip": ["10.202.0.1"],
        "relay-ip": ["10.201.0.2"],
        "min-port": ["50000"],
        "max-port": ["50099"],
    }


def test_every_option_stands_on_one_line_of_its_own() -> None:
    lines = turn_config(RELAY).splitlines()
    assert all(line == line.strip() and line for line in lines)
    once = [line for line in lines if not line.startswith(("denied-peer-ip", "allowed-peer-ip"))]
    assert len({line.partition("=")[0] for line in once}) == len(once)


@pytest.mark.parametrize(
    "realm", ["", "Site.example", "a..b", "-a.example", "a_b", "a\nno-auth", "a.example\n", "a b", "a" * 254]
)
def test_a_realm_is_a_host_name_and_no_second_option(realm: str) -> None:
    with pytest.raises(MediaError, match=r"^media\.turn-realm$"):
        turn_config(replace(RELAY, realm=realm))


@pytest.mark.parametrize(
    "changed",
    [
        {"port": 0},
        {"port": 65_536},
        {"relay_ports": (50_099, 50_000)},
        {"relay_ports": (80, 50_000)},
        {"relay_ports": (50_000, 65_536)},
        {"relay_ports": (50_000, 50_002)},
        {"port": 50_050},
    ],
)
def test_ports_are_ports_and_the_relays_own_is_none_of_them(changed: dict[str, Any]) -> None:
    with pytest.raises(MediaError, match=r"^media\.turn-ports$"):
        turn_config(replace(RELAY, **changed))


@pytest.mark.parametrize("hub", ["127.0.0.1", "0.0.0.0", "224.0.0.1", "169.254.169.254"])  # noqa: S104
def test_a_hub_is_one_machine_and_not_the_relay_itself(hub: str) -> None:
    with pytest.raises(MediaError, match=r"^media\.turn-hubs$"):
        turn_config(replace(RELAY, hubs=(HUB, IPv4Address(hub))))


@pytest.mark.parametrize("count", [0, 17])
def test_a_relay_has_a_hub_and_not_any_number_of_them(count: int) -> None:
    with pytest.raises(MediaError, match=r"^media\.turn-hubs$"):
        turn_config(replace(RELAY, hubs=(HUB,) * count))


def test_the_edges_own_addresses_are_no_hub() -> None:
    for own in (RELAY.listen, RELAY.outward):
        with pytest.raises(MediaError, match=r"^media\.turn-hubs$"):
            turn_config(replace(RELAY, hubs=(own,)))


@pytest.mark.parametrize("name", ["max_relays", "max_total", "max_kbps"])
def test_no_limit_is_zero_which_would_mean_none(name: str) -> None:
    no_limit: dict[str, Any] = {name: 0}
    with pytest.raises(MediaError, match=r"^media\.turn-limits$"):
        turn_config(replace(RELAY, **no_limit))
