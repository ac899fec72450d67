"""Hostile packets: garbage of every kind for a media port, and nonsense under a member's own keys."""

import asyncio
import random
import socket
from collections.abc import Callable
from contextlib import suppress

from aioice import stun
from pylibsrtp import Error as SrtpError

from tests.support.media_clients import Publisher, Viewer

BURST = 50
TAPPED = 40


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Some bytes changed, the end cut, or something appended."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    cut = chance.randrange(3)
    if cut == 0:
        return bytes(changed[: chance.randrange(1, len(changed) + 1)])
    return bytes(changed) + (chance.randbytes(chance.randrange(64)) if cut == 1 else b"")


def binding_request(viewer: Viewer) -> bytes:
    """A connectivity check with names that the engine knows."""
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{viewer.link._remote_ice[0]}:{viewer.link.ufrag}"
    request.attributes["PRIORITY"] = 1
    request.attributes["ICE-CONTROLLING"] = 7
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(b"a password that is not the engine's")
    return bytes(request)


async def garbage_like(chance: random.Random, seat: Publisher, viewer: Viewer) -> Callable[[int], bytes]:
    """A maker of garbage: noise, and mutations of a check, of a DTLS hello and of what a seat sends."""
    tapped: list[bytes] = []
    link, send = seat.link, seat.link.send_raw

    def tap(data: bytes) -> None:
        tapped.append(data)
        send(data)

    link.send_raw = tap  # type: ignore[method-assign]
    while len(tapped) < TAPPED:  # noqa: ASYNC110 - packets of a seat that plays
        await asyncio.sleep(0.02)
    link.send_raw = send  # type: ignore[method-assign]
    hello = b"\x16\xfe\xff" + bytes(8) + b"\x00\x60\x01" + chance.randbytes(0x5F)
    kinds = [binding_request(viewer), hello, *tapped]

    def make(number: int) -> bytes:
        if number % 5 == 0:
            return chance.randbytes(chance.randrange(1, 1400))
        return mutated(chance, kinds[number % len(kinds)])

    return make


async def sent_to(
    port: tuple[str, int], count: int, make: Callable[[int], bytes], *, rate: int, home: str = ""
) -> None:
    """Datagrams from a stranger's socket (on address `home`), `rate` a second: what they do is tried, not how
    many fit.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((home, 0))
        stranger.settimeout(0)
        for number in range(count):
            with suppress(BlockingIOError, OSError):
                stranger.sendto(make(number), port)
            if number % BURST == 0:
                await asyncio.sleep(max(0.0, began + number / rate - loop.time()))


async def speak_nonsense(hostile: Publisher, chance: random.Random, count: int) -> int:
    """RTP and RTCP that hold together for nobody, protected with the member's own keys; how many went out."""
    one = hostile.streams["microphone"]
    rtp = b"\xbf\x6f\x00\x01" + bytes(4) + one.ssrc.to_bytes(4, "big") + b"\xbe\xde\x00\x02" + bytes(40)
    report = b"\x9f\xc8\x00\x06" + one.ssrc.to_bytes(4, "big") + bytes(20)
    nack = b"\x81\xcd\xff\xff" + bytes(8) + b"\xff" * 64
    sent = 0
    for number in range(count):
        # The sender's own SRTP passes on nothing without a header, nor a number twice.
        with suppress(SrtpError):
            if number % 2:
                garbled = b"\x90" + mutated(chance, rtp)[1:].ljust(24, b"\1")
                sequence = (one.sequence + number & 0xFFFF).to_bytes(2, "big")
                head = garbled[:2] + sequence + garbled[4:8] + one.ssrc.to_bytes(4, "big")
                hostile.link.send_rtp(head + garbled[12:1200])
            else:
                garbled = mutated(chance, chance.choice((report, nack))).ljust(12, b"\0")
                hostile.link.send_rtcp(b"\x81" + bytes((200 + number // 2 % 8,)) + garbled[2:])
            sent += 1
        if number % BURST == 0:
            await asyncio.sleep(0.02)
    return sent
