"""The sealed channel (site-gateway.md §3): what was changed, left out, repeated or turned around ends it."""

import json
from collections import deque
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from remote_eval.errors import MediaError
from remote_eval.media.control.wire import MAX_FRAME_BYTES
from remote_eval.media.gateway.sealed import CHUNK_BYTES, MAX_MESSAGE_BYTES, SealedChannel

pytestmark = pytest.mark.anyio

UP, DOWN = bytes([1]) * 32, bytes([2]) * 32
FRAME: dict[str, Any] = {"call": "stats", "id": 7}


class Wire:
    """Messages on their way from one end to the other, for whoever wants to touch them."""

    def __init__(self) -> None:
        self.messages: deque[str | bytes] = deque()
        self.closed = False

    async def receive(self) -> str | bytes | None:
        return self.messages.popleft() if self.messages else None

    async def send(self, message: str | bytes) -> None:
        self.messages.append(message)

    async def aclose(self) -> None:
        self.closed = True

    def sealed(self, at: int = 0) -> bytes:
        """A message that is under way."""
        found = self.messages[at]
        assert isinstance(found, bytes)
        return found


def ends() -> tuple[Wire, SealedChannel, SealedChannel]:
    """A wire, the gateway that sends and the hub that receives."""
    wire = Wire()
    gateway = SealedChannel(wire, sending=UP, receiving=DOWN)
    return wire, gateway, SealedChannel(wire, sending=DOWN, receiving=UP)


def large(size: int) -> dict[str, Any]:
    """A frame that takes just so many bytes."""
    empty = len(json.dumps({"data": ""}, separators=(",", ":"))) + 1
    return {"data": "x" * (size - empty)}


async def ended(channel: SealedChannel) -> None:
    with pytest.raises(MediaError, match=r"media\.control"):
        await channel.receive()


async def test_frames_come_as_they_were_sent() -> None:
    _, gateway, hub = ends()
    frames = [FRAME, {}, {"text": "签筒", "more": [1, None, True]}]
    for frame in frames:
        await gateway.send(frame)
    assert [await hub.receive() for _ in frames] == frames
    assert await hub.receive() is None


async def test_a_message_is_sealed_as_the_specification_says() -> None:
    wire, gateway, _ = ends()
    await gateway.send(FRAME)
    await gateway.send(FRAME)
    for number in range(2):
        nonce = bytes(4) + number.to_bytes(8, "big")
        assert AESGCM(UP).decrypt(nonce, wire.sealed(number), None) == b'\x00{"call":"stats","id":7}\n'
    assert wire.sealed(0) != wire.sealed(1)
    assert all(b"stats" not in wire.sealed(number) for number in range(2))


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        (CHUNK_BYTES, 1),
        (CHUNK_BYTES + 1, 2),
        (3 * CHUNK_BYTES, 3),
        (MAX_FRAME_BYTES, MAX_FRAME_BYTES // CHUNK_BYTES),
    ],
)
async def test_a_large_frame_goes_in_parts_and_comes_whole(size: int, parts: int) -> None:
    wire, gateway, hub = ends()
    await gateway.send(large(size))
    assert len(wire.messages) == parts
    assert max(len(wire.sealed(at)) for at in range(parts)) <= MAX_MESSAGE_BYTES
    assert await hub.receive() == large(size)


async def test_a_frame_that_is_too_large_is_not_sent() -> None:
    wire, gateway, _ = ends()
    with pytest.raises(MediaError, match=r"media\.control"):
        await gateway.send(large(MAX_FRAME_BYTES + 1))
    assert not wire.messages


async def test_a_frame_that_never_ends_ends_the_channel() -> None:
    """Each part is well sealed and says that more follows: what is kept of them has a limit."""
    wire, _, hub = ends()
    key, chunk = AESGCM(UP), b"\x01" + bytes(CHUNK_BYTES)
    for number in range(MAX_FRAME_BYTES // CHUNK_BYTES + 1):
        await wire.send(key.encrypt(bytes(4) + number.to_bytes(8, "big"), chunk, None))
    await ended(hub)


@pytest.mark.parametrize("at", [0, 1, 12, -17, -16, -1])
async def test_one_flipped_bit_anywhere_ends_the_channel(at: int) -> None:
    wire, gateway, hub = ends()
    await gateway.send(FRAME)
    changed = bytearray(wire.sealed())
    changed[at] ^= 1
    wire.messages[0] = bytes(changed)
    await ended(hub)


@pytest.mark.parametrize("kept", [0, 1, 16, 17, -1])
async def test_a_message_that_was_cut_ends_the_channel(kept: int) -> None:
    wire, gateway, hub = ends()
    await gateway.send(FRAME)
    wire.messages[0] = wire.sealed()[:kept]
    await ended(hub)


async def test_a_message_with_something_behind_it_ends_the_channel() -> None:
    wire, gateway, hub = ends()
    await gateway.send(FRAME)
    wire.messages[0] = wire.sealed() + b"\x00"
    await ended(hub)


async def test_messages_in_another_order_end_the_channel() -> None:
    wire, gateway, hub = ends()
    await gateway.send(FRAME)
    await gateway.send({})
    wire.messages.reverse()
    await ended(hub)


async def test_a_message_that_was_left_out_ends_the_channel() -> None:
    wire, gateway, hub = ends()
    await gateway.send(FRAME)
    await gateway.send({})
    wire.messages.popleft()
    await ended(hub)


async def test_a_message_that_comes_twice_ends_the_channel() -> None:
    wire, gateway, hub = ends()
    await gateway.send(FRAME)
    wire.messages.append(wire.sealed())
    assert await hub.receive() == FRAME
    await ended(hub)


async def test_a_message_that_is_sent_back_to_its_sender_ends_the_channel() -> None:
    _, gateway, _ = ends()
    await gateway.send(FRAME)
    await ended(gateway)


async def test_a_message_of_another_arrival_ends_the_channel() -> None:
    """The same gateway a moment before, under other keys."""
    wire, _, hub = ends()
    before = SealedChannel(wire, sending=bytes([3]) * 32, receiving=DOWN)
    await before.send(FRAME)
    await ended(hub)


async def test_a_part_that_was_left_out_of_a_frame_ends_the_channel() -> None:
    wire, gateway, hub = ends()
    await gateway.send(large(3 * CHUNK_BYTES))
    del wire.messages[1]
    await ended(hub)


async def test_a_channel_that_ends_within_a_frame_has_no_frame() -> None:
    wire, gateway, hub = ends()
    await gateway.send(large(2 * CHUNK_BYTES))
    wire.messages.pop()
    assert await hub.receive() is None


async def test_a_text_and_a_message_that_is_too_large_end_the_channel() -> None:
    wire, _, hub = ends()
    await wire.send("{}")
    await ended(hub)
    oversized = AESGCM(UP).encrypt(bytes(12), bytes(CHUNK_BYTES + 2), None)
    assert len(oversized) == MAX_MESSAGE_BYTES + 1
    await wire.send(oversized)
    await ended(hub)


@pytest.mark.parametrize("plain", [b"\x00[]\n", b"\x00{", b"\x00", b"\x00\xff", b"\x02{}\n", b""])
async def test_what_is_well_sealed_and_no_frame_ends_the_channel(plain: bytes) -> None:
    wire, _, hub = ends()
    await wire.send(AESGCM(UP).encrypt(bytes(12), plain, None))
    await ended(hub)


async def test_the_end_of_a_channel_is_that_of_its_messages() -> None:
    wire, gateway, _ = ends()
    await gateway.aclose()
    assert wire.closed
