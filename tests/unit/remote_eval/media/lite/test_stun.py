"""STUN as RFC 5769's vectors have it, and what a stranger may try."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import MediaError
from remote_eval.media.lite import stun

# RFC 5769 §2.1: sample request, §2.2: sample IPv4 response, §2.3: sample IPv6 response.
PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
RESPONSE_4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
RESPONSE_6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)


@pytest.mark.parametrize("data", [REQUEST, RESPONSE_4, RESPONSE_6], ids=["request", "ipv4", "ipv6"])
def test_the_published_messages_are_authentic(data: bytes) -> None:
    message = stun.read_message(data)
    assert message.is_authentic(PASSWORD)
    assert not message.is_authentic(PASSWORD[:-1] + b"u")
    assert message.transaction == bytes.fromhex("b7e7a701bc34d686fa87dfae")


def test_the_published_request_names_its_user_and_does_not_nominate() -> None:
    message = stun.read_message(REQUEST)
    assert message.username == "evtj:h6vY"
    assert not message.nominates


@pytest.mark.parametrize(
    ("data", "address"),
    [(RESPONSE_4, "192.0.2.1"), (RESPONSE_6, "2001:db8:1234:5678:11:2233:4455:6677")],
    ids=["ipv4", "ipv6"],
)
def test_addresses_are_hidden_as_the_published_ones(data: bytes, address: str) -> None:
    message = stun.read_message(data)
    mapped = stun.xor_address((address, 32853), message.transaction)
    assert message.attributes[stun.XOR_MAPPED] == mapped


def test_an_answer_is_read_back_with_the_address_that_asked() -> None:
    request = stun.read_message(stun.write_request(bytes(12), "a:b", b"secret", bytes(8)))
    assert request.nominates
    answer = stun.read_message(stun.write_answer(request, ("198.51.100.7", 4), b"secret"))
    assert answer.is_authentic(b"secret")
    family, port = struct.unpack_from("!xBH", answer.attributes[stun.XOR_MAPPED])
    assert family == 1
    assert port ^ 0x2112 == 4
    hidden = answer.attributes[stun.XOR_MAPPED][4:]
    assert bytes(a ^ b for a, b in zip(hidden, b"\x21\x12\xa4\x42", strict=True)) == socket.inet_aton(
        "198.51.100.7"
    )


@pytest.mark.parametrize("at", range(20, len(REQUEST) - 8, 3))
def test_a_flipped_byte_is_noticed(at: int) -> None:
    forged = bytearray(REQUEST)
    forged[at] ^= 0x40
    try:
        message = stun.read_message(bytes(forged))
    except MediaError:
        return
    assert not message.is_authentic(PASSWORD)


def test_a_message_without_integrity_is_not_authentic() -> None:
    bare = struct.pack("!HHI", stun.REQUEST, 0, stun.COOKIE) + bytes(12)
    assert not stun.read_message(bare).is_authentic(b"")


def test_what_stands_behind_the_integrity_is_not_believed() -> None:
    signed = stun.write_message(stun.REQUEST, bytes(12), [(stun.USERNAME, b"a:b")], b"secret")
    body = signed[20:-8] + struct.pack("!HH", stun.USE_CANDIDATE, 0)
    forged = signed[:2] + struct.pack("!H", len(body)) + signed[4:20] + body
    message = stun.read_message(forged)
    assert message.is_authentic(b"secret")
    assert not message.nominates


BROKEN = {
    "too short": REQUEST[:19],
    "too long": REQUEST + bytes(1400),
    "another cookie": REQUEST[:4] + bytes(4) + REQUEST[8:],
    "a length that lies": REQUEST[:2] + b"\x00\x54" + REQUEST[4:],
    "a length of no words": REQUEST[:2] + b"\x00\x57" + REQUEST[4:-1],
    "an allocation": b"\x00\x03" + REQUEST[2:],
    "an attribute beyond the end": REQUEST[:20] + b"\x80\x22\x10\x00" + REQUEST[24:],
    "forty attributes": struct.pack("!HHI", stun.REQUEST, 160, stun.COOKIE) + bytes(12) + bytes(160),
    "a fingerprint in the middle": struct.pack("!HHI", stun.REQUEST, 8, stun.COOKIE)
    + bytes(12)
    + b"\x80\x28\x00\x04abcd",
}


@pytest.mark.parametrize("fault", sorted(BROKEN))
def test_what_is_no_message_is_refused(fault: str) -> None:
    with pytest.raises(MediaError, match=r"media\.stun"):
        stun.read_message(BROKEN[fault])


@given(st.binary(max_size=200), st.integers(0, len(REQUEST)))
def test_garbage_is_refused_and_nothing_else_happens(garbage: bytes, at: int) -> None:
    for data in (garbage, REQUEST[:at] + garbage):
        try:
            stun.read_message(data)
        except MediaError as fault:
            assert fault.code == "media.stun"  # noqa: PT017 - a hit on a valid message is fine too
