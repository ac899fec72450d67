"""Hostile senders at a whole room: garbage and floods at the media port, from outside and from a member's own
keys, every message of the protocol with wrong bodies, sockets that only wait.

Beside each attack a witness listens to another seat: the others' media go on, the engine has no fault that it
did not handle, its memory stays, and the recording holds at the end. Who may come in is
`test_room_admission`'s; frames that are no frames are `test_room_frames`'s.
"""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from aioice import stun
from pylibsrtp import Error as SrtpError
from websockets.exceptions import InvalidStatus, WebSocketException

from app.gateways.room_engines import _listener
from app.usecases.room.hall import MAX_STRANGERS
from remote_eval import commands as cmd
from remote_eval.media.engine import RoomId, TrackId
from remote_eval.media.recording.archive import check
from tests.support.media_clients import Publisher, Viewer
from tests.support.media_offers import media_lines, offer_text
from tests.support.rooms_served import Everybody, Room
from tests.support.signalling_client import Client
from tests.support.waiting import within

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    # Nothing here asks the database for more than the other tests do.
    pytest.mark.parametrize("copied", ["sqlite"], indirect=True),
]

FLOOD = 20_000
MALFORMED = 10_000
FROM_INSIDE = 3_000
BURST = 50
IDLE = 300
MAX_GROWTH = 48 << 20
MAX_LOST = 0.02
# Every message there is, but for those that would rightly end the test.
TYPES = sorted(kind for one in vars(cmd).values() if isinstance(kind := getattr(one, "type", None), str))


@dataclass
class Ground:
    """A room in which the evaluation runs; the witness views `voice` and `face`, which nobody attacks."""

    room: Room
    every: Everybody
    seats: list[Publisher]
    viewer: Viewer
    voice: TrackId
    face: TrackId

    @property
    def port(self) -> tuple[str, int]:
        """The media port."""
        assert self.viewer.link.remote is not None
        return self.viewer.link.remote

    def resident(self) -> int:
        """Bytes of memory that the engine's process holds."""
        process = _listener(self.room.engines.folder(self.room.id))
        assert process is not None
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @asynccontextmanager
    async def unharmed(self) -> AsyncIterator[None]:
        """What the others see and hear goes on, and the engine stays as it is."""
        await self._fresh()
        first, before = self._counts(), self.resident()
        yield
        await self._fresh()
        for (track, sent_then, came_then), (_, sent, came) in zip(first, self._counts(), strict=True):
            lost = 1 - (came - came_then) / (sent - sent_then)
            assert lost < MAX_LOST, (track, lost)
        assert self.resident() - before < MAX_GROWTH
        engine = self.room.hall._led[self.room.id].live.carrier.engine
        assert engine is not None
        assert (await engine.stats(RoomId(self.room.id))).unhandled == 0

    async def _fresh(self) -> None:
        """Everything that was sent so far has arrived."""
        for track, source in ((self.voice, "microphone"), (self.face, "camera")):
            await self.viewer.until(track, self.seats[1].streams[source].index)

    def _counts(self) -> list[tuple[TrackId, int, int]]:
        return [
            (track, self.seats[1].streams[source].index, len(self.viewer.indices(track)))
            for track, source in ((self.voice, "microphone"), (self.face, "camera"))
        ]


@pytest.fixture
async def ground(room: Room) -> AsyncIterator[Ground]:
    await room.open()
    every = await room.evaluating()
    seats = [one for one in room.media if isinstance(one, Publisher)]
    member = every.experts[1].client.member
    voice, face = TrackId(f"{member}/microphone"), TrackId(f"{member}/camera")
    viewer = await room.view(every.witness, voice, face)
    yield Ground(room=room, every=every, seats=seats, viewer=viewer, voice=voice, face=face)
    witness = every.witness.client
    await witness.ask("phase", to="signing")
    await witness.ask("phase", to="closed")
    await room.over()
    report = check(room.engines.folder(room.id) / "recordings")
    assert (report.ok, report.whole, report.faults) == (True, True, [])


REFUSALS = {
    "media.fingerprint",
    "media.no-connection",
    "media.sdp",
    "signal.body",
    "signal.not-allowed",
    "signal.type",
}


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


async def sent_to(port: tuple[str, int], count: int, make: Callable[[int], bytes], *, rate: int) -> None:
    """Datagrams from a stranger's socket, `rate` a second: what they do is tried, not how many fit."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.settimeout(0)
        for number in range(count):
            with suppress(BlockingIOError, OSError):
                stranger.sendto(make(number), port)
            if number % BURST == 0:
                await asyncio.sleep(max(0.0, began + number / rate - loop.time()))


async def test_garbage_of_every_kind_at_the_media_port_is_dropped(ground: Ground) -> None:
    chance = random.Random(4)
    tapped: list[bytes] = []
    link, send = ground.seats[0].link, ground.seats[0].link.send_raw

    def tap(data: bytes) -> None:
        tapped.append(data)
        send(data)

    link.send_raw = tap  # type: ignore[method-assign]
    while len(tapped) < 40:  # noqa: ASYNC110 - packets of a seat that plays
        await asyncio.sleep(0.02)
    link.send_raw = send  # type: ignore[method-assign]
    hello = b"\x16\xfe\xff" + bytes(8) + b"\x00\x60\x01" + chance.randbytes(0x5F)
    kinds = [binding_request(ground.viewer), hello, *tapped]

    def make(number: int) -> bytes:
        if number % 5 == 0:
            return chance.randbytes(chance.randrange(1, 1400))
        return mutated(chance, kinds[number % len(kinds)])

    async with ground.unharmed():
        await sent_to(ground.port, MALFORMED, make, rate=1500)


async def test_a_flood_of_rtp_and_of_checks_delays_nobody(ground: Ground) -> None:
    head = b"\x80\x60" + bytes(10)
    check_ = binding_request(ground.viewer)
    async with ground.unharmed():
        await sent_to(
            ground.port, FLOOD, lambda number: check_ if number % 2 else head + bytes(1100), rate=5000
        )


async def test_a_member_who_sends_nonsense_under_its_own_keys_harms_itself_alone(ground: Ground) -> None:
    chance = random.Random(5)
    hostile = ground.seats[0]
    one = hostile.streams["microphone"]
    rtp = b"\xbf\x6f\x00\x01" + bytes(4) + one.ssrc.to_bytes(4, "big") + b"\xbe\xde\x00\x02" + bytes(40)
    report = b"\x9f\xc8\x00\x06" + one.ssrc.to_bytes(4, "big") + bytes(20)
    nack = b"\x81\xcd\xff\xff" + bytes(8) + b"\xff" * 64
    await hostile.stop()
    sent = 0
    async with ground.unharmed():
        for number in range(FROM_INSIDE):
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
    assert sent > FROM_INSIDE // 2


def wrong(chance: random.Random, kind: str, sdp: str) -> dict[str, Any]:
    """A body that is none of this message's: members of wrong types, or an offer that was tampered with."""
    junk: list[Any] = [None, True, -1, 2**40, "", "x" * 600, [], [[[]]], {}, {"a": {"b": {}}}, "\u202e", "\0"]
    if kind in {"publish", "view", "restart"} and chance.random() < 0.8:
        lines = sdp.split("\r\n")
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(lines))
            lines[at] = chance.choice(
                ("", lines[at] * 3, lines[at][::-1], "m=video 9 X 1", "a=mid:" + "9" * 40)
            )
        body: dict[str, Any] = {"sdp": "\r\n".join(lines)}
        more: dict[str, dict[str, Any]] = {
            "publish": {"sources": {"0": "camera"}},
            "restart": {"purpose": "view"},
        }
        return body | more.get(kind, {"wants": {"0": "mem_x/camera"}})
    names = ("text", "to", "on", "sdp", "reason", "call", "request", "kind", "minutes", "node", "state")
    chosen = {name: chance.choice(junk) for name in chance.sample(names, chance.randrange(1, 6))}
    return chosen | {"no-such-member": chance.choice(junk)}


async def fuzz(client: Client, kinds: list[str], sdp: str, chance: random.Random) -> dict[str, int]:
    """Send wrong bodies of these types, as fast as the protocol lets one; codes of the answers, counted."""
    codes: dict[str, int] = {}
    for kind in kinds:
        body = wrong(chance, kind, sdp)
        try:
            answer = await client.answer(kind, body)
        except TimeoutError as error:
            raise AssertionError(f"no answer to {kind} {body}, but {client.unasked}") from error
        code = str(answer.get("code", answer["type"]))
        codes[code] = codes.get(code, 0) + 1
        await asyncio.sleep(0.06)
    return codes


async def test_every_message_with_wrong_bodies_gets_a_code_and_does_nothing(ground: Ground) -> None:
    assert len(TYPES) >= 34
    # Not the witness who looks on: an offer of its own that came out whole would be taken for its word.
    people = [*ground.every.experts[2:], ground.every.second]
    sdp = offer_text(ground.viewer.link, [media_lines("video", "0", "sendonly")], ["0"])
    shares: list[list[str]] = [[] for _ in people]
    for share, kind in zip(cycle(shares), TYPES * 6, strict=False):
        share.append(kind)
    seq = ground.room.hall._led[ground.room.id].live.state.phase
    async with ground.unharmed():
        told = await asyncio.gather(
            *(
                fuzz(one.client, share, sdp, random.Random(number))
                for number, (one, share) in enumerate(zip(people, shares, strict=True))
            )
        )
    codes = {code for one in told for code in one}
    assert "signal.fault" not in codes, told
    assert "ok" not in codes, told
    assert codes <= REFUSALS, told
    assert ground.room.hall._led[ground.room.id].live.state.phase == seq
    assert all(not one.client.closed.is_set() for one in people)


async def test_three_hundred_sockets_that_only_wait_take_nothing_from_those_inside(ground: Ground) -> None:
    waiting: list[Client] = []
    refused = 0
    async with ground.unharmed():
        for _ in range(IDLE):
            try:
                waiting.append(await ground.room.socket())
            except (InvalidStatus, WebSocketException, OSError):
                refused += 1
        assert (len(waiting), refused) == (MAX_STRANGERS, IDLE - MAX_STRANGERS)
        answer = await within(2, ground.every.witness.client.answer("ping", {"seq": 0, "stats": None}))
        assert answer["type"] == "ok"
    # Who says nothing for five seconds is let go.
    assert {await one.ended() for one in waiting} == {4000}
