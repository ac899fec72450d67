"""Hello and welcome (site-gateway.md §2, §3): for every check a greeting in which that alone is wrong."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.canonical import canonical
from crypto.hashing import sha256
from crypto.signing import SigningKey, sign_record
from remote_eval.errors import MediaError
from remote_eval.media.gateway.hello import (
    HELLO,
    MAX_GREETING_BYTES,
    WELCOME,
    ChannelKeys,
    Greeted,
    challenge_text,
    check_hello,
    hello_text,
    read_challenge,
    read_hello,
    share_of,
    welcome,
    welcomed,
)

SITE, DEVICE = "site-a", "gw_1"
GATEWAY = SigningKey.from_seed(bytes([1]) * 32)
HUB = SigningKey.from_seed(bytes([2]) * 32)
STRANGER = SigningKey.from_seed(bytes([3]) * 32)
NONCE, OLD_NONCE = bytes([4]) * 32, bytes([5]) * 32
NEAR, FAR = bytes([6]) * 32, bytes([7]) * 32
PRINT = ":".join(["AB"] * 32)
# The all-zero share, with which every X25519 secret gives the same result.
NO_SHARE = bytes(32).hex()
Json = dict[str, Any]


def hello(key: SigningKey = GATEWAY, **changes: Any) -> str:
    said: Json = {"site": SITE, "device": DEVICE, "nonce": NONCE, "share": share_of(NEAR)}
    return hello_text(key, **(said | {"fingerprint": PRINT} | changes))


def signed(text: str, key: SigningKey, purpose: str, **changes: Any) -> str:
    """The same words but for these members of the record, signed well; a member None is left out."""
    record = json.loads(text)["record"] | changes
    record = {name: value for name, value in record.items() if value is not None}
    return canonical({"record": record, "signature": sign_record(key, purpose, record).hex()}).decode()


def believed(text: str | bytes, *, public: bytes = GATEWAY.public, nonce: bytes = NONCE) -> Greeted:
    """What a hub does with a hello."""
    greeted = read_hello(text, site=SITE, nonce=nonce)
    check_hello(greeted, public)
    return greeted


def refused(text: str | bytes, **known: bytes) -> str:
    with pytest.raises(MediaError) as caught:
        believed(text, **known)
    return caught.value.code


def greeted_keys(said: str) -> tuple[str, ChannelKeys]:
    return welcome(HUB, believed(said), FAR)


def test_both_ends_come_to_the_same_two_keys() -> None:
    said = hello()
    words, far = greeted_keys(said)
    near = welcomed(words, said, hub=HUB.public, secret=NEAR)
    assert (near.up, near.down) == (far.up, far.down)
    assert near.up != near.down
    assert len(near.up) == len(near.down) == 32


def test_the_keys_are_those_of_the_specification() -> None:
    said = hello()
    words, far = greeted_keys(said)
    record = json.loads(words)["record"]
    theirs = X25519PublicKey.from_public_bytes(bytes.fromhex(record["share"]))
    shared = X25519PrivateKey.from_private_bytes(NEAR).exchange(theirs)
    info = b"qt/1 gateway channel\x00"
    derived = HKDF(algorithm=hashes.SHA256(), length=64, salt=sha256(canonical(record)), info=info)
    assert derived.derive(shared) == far.up + far.down
    assert record["hello"] == sha256(canonical(json.loads(said)["record"])).hex()


def test_other_shares_make_other_keys() -> None:
    words, keys = greeted_keys(hello())
    fresh = hello(share=share_of(bytes([8]) * 32))
    _, others = greeted_keys(fresh)
    _, thirds = welcome(HUB, believed(hello()), bytes([9]) * 32)
    assert len({keys.up, others.up, thirds.up}) == 3
    assert "up" not in repr(keys)
    assert words.count(share_of(FAR).hex()) == 1


def test_a_challenge_comes_back_as_its_nonce() -> None:
    assert read_challenge(challenge_text(NONCE)) == NONCE


@pytest.mark.parametrize(
    "text",
    [
        challenge_text(NONCE)[:-1],
        challenge_text(NONCE).replace("gateway-challenge", "gateway-hello"),
        challenge_text(NONCE).replace("qt/1", "qt/2"),
        challenge_text(NONCE[:31]),
        challenge_text(NONCE).replace("04", "0G", 1),
        challenge_text(NONCE).replace('"nonce":"', '"nonce":1,"other":"'),
        "[]",
        "",
        b"\xff\xfe",
        "\ud800",
        " " * MAX_GREETING_BYTES + challenge_text(NONCE),
    ],
)
def test_what_is_no_challenge_is_refused(text: str | bytes) -> None:
    with pytest.raises(MediaError, match=r"gateway\.refused"):
        read_challenge(text)


def test_a_hello_is_believed_with_its_own_key_and_to_its_own_challenge() -> None:
    greeted = believed(hello())
    assert (greeted.site, greeted.device, greeted.fingerprint) == (SITE, DEVICE, PRINT)
    assert greeted.share == share_of(NEAR)


def test_a_hello_of_another_key_is_refused() -> None:
    assert refused(hello(STRANGER)) == "gateway.refused"
    assert refused(hello(), public=STRANGER.public) == "gateway.refused"


def test_a_hello_to_an_older_challenge_is_refused() -> None:
    """What somebody recorded, and what a gateway said to a hub that is gone."""
    assert believed(hello(nonce=OLD_NONCE), nonce=OLD_NONCE).device == DEVICE
    assert refused(hello(nonce=OLD_NONCE)) == "gateway.refused"
    assert refused(hello(), nonce=OLD_NONCE) == "gateway.refused"


def test_a_hello_for_another_site_is_refused() -> None:
    assert refused(hello(site="site-b")) == "gateway.refused"


def test_a_signature_for_another_purpose_is_none_for_a_hello() -> None:
    assert refused(signed(hello(), GATEWAY, WELCOME)) == "gateway.refused"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("protocol", "qt/2"),
        ("kind", "gateway-welcome"),
        ("device", "gw 1"),
        ("device", ""),
        ("device", "g" * 65),
        ("device", 7),
        ("device", None),
        ("fingerprint", PRINT.lower()),
        ("fingerprint", PRINT[:-3]),
        ("fingerprint", PRINT + ":AB"),
        ("fingerprint", 7),
        ("share", share_of(NEAR).hex()[:-2]),
        ("share", share_of(NEAR).hex().upper()),
        ("share", 7),
        ("challenge", NONCE.hex().upper() + "0"),
        ("site", 7),
        ("more", "than asked"),
    ],
)
def test_a_hello_with_one_wrong_member_is_refused_though_it_is_signed(member: str, value: Any) -> None:
    assert refused(signed(hello(), GATEWAY, HELLO, **{member: value})) == "gateway.refused"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        b"\x00\x01",
        "\ud800",
        hello()[:-1],
        hello() + " " * MAX_GREETING_BYTES,
        hello().replace('"record"', '"recorded"'),
        hello().replace('"signature"', '"signature":"","also"'),
        canonical({"record": [], "signature": "0" * 128}).decode(),
        canonical({"record": {}, "signature": "0" * 128}).decode(),
        canonical({"record": {}, "signature": 7}).decode(),
        canonical({"record": json.loads(hello())["record"], "signature": "0" * 126}).decode(),
        canonical({"record": json.loads(hello())["record"], "signature": "x" * 128}).decode(),
        canonical({"record": json.loads(hello())["record"], "signature": "0" * 128}).decode(),
    ],
)
def test_what_is_no_hello_is_refused(text: str | bytes) -> None:
    assert refused(text) == "gateway.refused"


@pytest.mark.parametrize("at", range(0, 128, 16))
def test_one_changed_digit_of_a_signature_is_seen(at: int) -> None:
    said = json.loads(hello())
    digit = format(15 - int(said["signature"][at], 16), "x")
    said["signature"] = said["signature"][:at] + digit + said["signature"][at + 1 :]
    assert refused(canonical(said)) == "gateway.refused"


def test_a_share_that_makes_no_secret_is_refused_by_both_ends() -> None:
    said = signed(hello(), GATEWAY, HELLO, share=NO_SHARE)
    with pytest.raises(MediaError, match=r"gateway\.refused"):
        welcome(HUB, believed(said), FAR)
    words, _ = greeted_keys(hello())
    assert not_hub(signed(words, HUB, WELCOME, share=NO_SHARE)) == "gateway.hub"


def not_hub(words: str | bytes, said: str | None = None, *, hub: bytes = HUB.public) -> str:
    with pytest.raises(MediaError) as caught:
        welcomed(words, said or hello(), hub=hub, secret=NEAR)
    return caught.value.code


def test_a_welcome_of_another_hub_than_the_pinned_one_is_refused() -> None:
    words, _ = welcome(STRANGER, believed(hello()), FAR)
    assert not_hub(words) == "gateway.hub"
    mine, _ = greeted_keys(hello())
    assert not_hub(mine, hub=STRANGER.public) == "gateway.hub"


def test_a_welcome_to_another_hello_is_refused() -> None:
    """A welcome that somebody recorded: it names a hello that was said once and never again."""
    words, _ = greeted_keys(hello(share=share_of(bytes([8]) * 32)))
    assert not_hub(words) == "gateway.hub"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("protocol", "qt/2"),
        ("kind", "gateway-hello"),
        ("site", "site-b"),
        ("hello", "00" * 32),
        ("share", "00"),
        ("share", 7),
        ("share", None),
        ("more", "than asked"),
    ],
)
def test_a_welcome_with_one_wrong_member_is_refused_though_it_is_signed(member: str, value: Any) -> None:
    words, _ = greeted_keys(hello())
    assert not_hub(signed(words, HUB, WELCOME, **{member: value})) == "gateway.hub"


def test_a_welcome_with_a_changed_share_is_refused() -> None:
    """Whoever carries the channel cannot put itself between the two."""
    words, _ = greeted_keys(hello())
    assert not_hub(words.replace(share_of(FAR).hex(), share_of(bytes([8]) * 32).hex())) == "gateway.hub"
    assert not_hub(signed(words, HUB, HELLO)) == "gateway.hub"
    assert not_hub(words[:-1]) == "gateway.hub"
    assert not_hub("") == "gateway.hub"
