"""Hostile senders at a whole room: garbage and floods at the media port, from outside and from a member's own
keys, every message of the protocol with wrong bodies, sockets that only wait.

Beside each attack a witness listens to another seat: the others' media go on, the engine has no fault that it
did not handle, its memory stays, and the recording holds at the end. Who may come in is
`test_room_admission`'s; frames that are no frames are `test_room_frames`'s.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus, WebSocketException

from app.gateways.room_engines import _listener
from app.usecases.room.hall import MAX_STRANGERS
from remote_eval import commands as cmd
from remote_eval.media.engine import RoomId, TrackId
from remote_eval.media.recording.archive import check
from tests.support.hostile_media import binding_request, garbage_like, sent_to, speak_nonsense
from tests.support.media_clients import Publisher, Viewer
from tests.support.media_offers import media_lines, offer_text
from tests.support.rooms_served import Everybody, Room
from tests.support.signalling_client import Client
from tests.support.waiting import within
from tests.support.wrong_messages import WELL_SHAPED, hello, shapeless

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    # Nothing here asks the database for more than the other tests do.
    pytest.mark.parametrize("copied", ["sqlite"], indirect=True),
]

FLOOD = 20_000
MALFORMED = 10_000
FROM_INSIDE = 3_000
IDLE = 300
HELLOS, BATCH = 4, 12
MAX_GROWTH = 48 << 20
MAX_LOST = 0.02
# Every message of a member there is.
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


async def test_garbage_of_every_kind_at_the_media_port_is_dropped(ground: Ground) -> None:
    make = await garbage_like(random.Random(4), ground.seats[0], ground.viewer)
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
    hostile = ground.seats[0]
    await hostile.stop()
    async with ground.unharmed():
        assert await speak_nonsense(hostile, random.Random(5), FROM_INSIDE) > FROM_INSIDE // 2


async def fuzz(client: Client, bodies: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """Send these messages as fast as the protocol lets one; the code of each answer, by type."""
    codes: list[tuple[str, str]] = []
    for kind, body in bodies:
        try:
            answer = await client.answer(kind, body)
        except TimeoutError as error:
            raise AssertionError(f"no answer to {kind} {body}, but {client.unasked}") from error
        codes.append((kind, str(answer.get("code", answer["type"]))))
        await asyncio.sleep(0.06)
    return codes


@pytest.fixture
def untouched(ground: Ground) -> Iterator[None]:
    """No message of the test changed anything in the room."""

    def standing() -> list[object]:
        state = ground.room.hall._led[ground.room.id].live.state
        changed = (state.requests, state.calls, state.watches, state.chat, state.intercoms, state.nodes)
        return [state.phase, state.holds, state.members.keys(), *changed]

    before = standing()
    yield
    assert standing() == before


@pytest.mark.usefixtures("untouched")
async def test_every_message_with_wrong_bodies_gets_a_code_and_does_nothing(ground: Ground) -> None:
    assert len(TYPES) >= 34
    # Not the witness who looks on: an offer of its own that came out whole would be taken for its word.
    people = [*ground.every.experts[2:], ground.every.second]
    sdp = offer_text(ground.viewer.link, [media_lines("video", "0", "sendonly")], ["0"])
    chance = random.Random(6)
    shares: list[list[tuple[str, dict[str, Any]]]] = [[] for _ in people]
    for share, kind in zip(cycle(shares), TYPES * 4, strict=False):
        share.append((kind, shapeless(chance, kind, sdp)))
    async with ground.unharmed():
        told = await asyncio.gather(
            *(fuzz(one.client, share) for one, share in zip(people, shares, strict=True))
        )
    assert {code for one in told for _, code in one} <= REFUSALS, told
    assert all(not one.client.closed.is_set() for one in people)


@pytest.mark.usefixtures("untouched")
async def test_every_message_that_holds_together_but_is_wrong_is_refused_for_what_it_says(
    ground: Ground,
) -> None:
    """Wrong ids, the wrong role, the wrong phase: what comes behind the check of shapes, for every type."""
    # The report is signed over HTTP, by no message; who says goodbye is another test's.
    assert WELL_SHAPED.keys() == set(TYPES) - {"report", "bye"}
    senders = {
        "expert": ground.every.experts[2],
        "witness": ground.every.second,
        "camera": ground.every.cameras[0],
    }
    sdp = offer_text(ground.viewer.link, [media_lines("video", "0", "sendonly")], ["0"])
    chance = random.Random(7)
    shares: dict[str, list[tuple[str, dict[str, Any]]]] = {who: [] for who in senders}
    for kind in sorted(WELL_SHAPED) * 4:
        wrong = WELL_SHAPED[kind]
        shares[wrong.who].append((kind, wrong.body(chance, sdp)))
    async with ground.unharmed():
        told = await asyncio.gather(*(fuzz(senders[who].client, share) for who, share in shares.items()))
        wanted = {(kind, wrong.code) for kind, wrong in WELL_SHAPED.items()}
        assert {pair for one in told for pair in one} == wanted
    assert all(not one.client.closed.is_set() for one in senders.values())


async def test_hellos_that_are_wrong_let_nobody_in_and_end_their_sockets(ground: Ground) -> None:
    chance = random.Random(8)
    members = set(ground.room.hall._led[ground.room.id].live.state.members)

    async def one(*, shaped: bool) -> int:
        client = await ground.room.socket()
        with suppress(ConnectionError):
            answer = await client.answer("hello", hello(chance, shaped=shaped))
            assert answer["type"] == "error", answer
        return await client.ended()

    codes: dict[bool, set[int]] = {True: set(), False: set()}
    async with ground.unharmed():
        for shaped in (False, True) * HELLOS:
            # Fewer at once than a room has places for strangers.
            codes[shaped] |= set(await asyncio.gather(*(one(shaped=shaped) for _ in range(BATCH))))
    # A hello that is none is the end at once; one that holds together is asked of its credential.
    assert codes == {False: {4000}, True: {4003}}
    assert set(ground.room.hall._led[ground.room.id].live.state.members) == members


async def test_a_goodbye_ends_the_one_who_says_it(ground: Ground) -> None:
    async with ground.unharmed():
        camera = ground.every.cameras[0].client
        assert (await camera.answer("bye", {}))["type"] == "ok"
        await ground.every.witness.client.event("member", id=camera.member, change="presence")
        await ground.viewer.until(ground.face, ground.seats[1].streams["camera"].index + 50)


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
        answer = await within(4, ground.every.witness.client.answer("ping", {"seq": 0, "stats": None}))
        assert answer["type"] == "ok"
    # Who says nothing for five seconds is let go.
    assert {await one.ended() for one in waiting} == {4000}
