"""A site behind its gateway on a test network: the hub, the gateway's program at the edge, seats at sites.

`GatewayHub` and `SiteSeats` run inside namespaces by `tests.support.networks_inside`; offers travel by the
test, media over the cables, whose counters `Counters` reads. Members whose names begin with `mem_a` are at
the site of the gateway.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, Final, Self, cast

from remote_eval.media.engine import (
    CAMERA,
    MICROPHONE,
    Grants,
    MediaEngine,
    MemberId,
    RoomId,
    RoomSpec,
    TrackId,
)
from remote_eval.media.gateway.cascade import CascadeEngine
from remote_eval.media.gateway.configuration import make_key, write_configuration
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.identity import make_identity
from tests.support.gateway_hub import HUB_KEY, SITE, Hub
from tests.support.gateways import MADE_AT
from tests.support.media_link import Link, home, reached
from tests.support.media_publisher import Publisher
from tests.support.media_viewer import Viewer
from tests.support.networks import INSIDE, UPLINK, Network, edge_of
from tests.support.waiting import within

BOTH: Final = (CAMERA, MICROPHONE)
FLOWS_SECONDS: Final = 40.0
# Never in a burst, however late a loop is: what a socket's buffer drops is asked for again and counts twice.
PACE_SECONDS: Final = 0.02
_ANY: Final = "0.0.0.0"  # noqa: S104 - one address on each link; walls decide who reaches it
_NOBODY: Final = cast("MediaEngine", None)  # offers go by the test
_AT_SITE: Final = "mem_a"
_SEED: Final = bytes([9]) * 32


class GatewayHub:
    """A hub's engine with the gateway of one site."""

    def __init__(self, *, port: int, tcp: int, addresses: list[str]) -> None:
        self._engine = LiteEngine(identity=make_identity(MADE_AT), host=_ANY, port=port, addresses=addresses)
        self._cascade = CascadeEngine(
            self._engine, site_of=lambda _room, member: SITE if member.startswith(_AT_SITE) else None
        )
        self._hub = Hub(self._engine, self._cascade)
        self._tcp = tcp

    async def listen(self) -> None:
        """Wait for the gateway and for media."""
        await self._engine.start()
        await self._hub.listen(_ANY, self._tcp)

    async def arrival(self) -> str | None:
        """How the gateway that comes next fares: None, or the code of what is wrong."""
        refusal = await within(FLOWS_SECONDS, self._hub.arrived.get())
        return None if refusal is None else refusal.code

    async def open(self, room: str, members: list[str]) -> None:
        """A room in which each of these may show, speak, and see and hear everybody."""
        tracks = frozenset(TrackId(f"{member}/{source}") for member in members for source in BOTH)
        await self._cascade.open_room(RoomId(room), RoomSpec(opened_at=0.0, record=None))
        for member in members:
            grants = Grants(publish=frozenset(BOTH), receive=tracks)
            await self._cascade.admit(RoomId(room), MemberId(member), grants)

    async def publish(self, room: str, member: str, offer: str, sources: dict[str, str]) -> str:
        """The answer."""
        return (await self._cascade.publish(RoomId(room), MemberId(member), offer, sources)).sdp

    async def view(self, room: str, member: str, offer: str, wants: dict[str, str]) -> str:
        """The answer, in which nothing was refused."""
        tracks = {mid: TrackId(track) for mid, track in wants.items()}
        answered = await self._cascade.view(RoomId(room), MemberId(member), offer, tracks)
        assert not answered.refused, answered.refused
        return answered.sdp

    async def end(self, room: str) -> None:
        """Close a room."""
        await self._cascade.close_room(RoomId(room))

    async def close(self) -> None:
        """End it all."""
        await self._hub.close()
        await self._cascade.aclose()


class SiteSeats:
    """Seats of one site, which meet their engine at `engine`; `address` is the site's own."""

    def __init__(self, *, address: str, engine: str) -> None:
        home[0] = address
        reached[:] = [engine]
        self._publishers: dict[str, Publisher] = {}
        self._viewers: dict[str, Viewer] = {}

    async def offer_to_publish(self, room: str, member: str) -> list[Any]:
        """An offer and its sources by mid."""
        made = Publisher(_NOBODY, RoomId(room), MemberId(member), await Link.open(), BOTH)
        self._publishers[member] = made
        return [made.offer(), made.sources]

    async def publish(self, member: str, answer: str) -> None:
        """Connect by the engine's answer."""
        made = self._publishers[member]
        made.link.take(answer)
        await made.connected()

    async def offer_to_view(self, room: str, member: str, tracks: list[str]) -> list[Any]:
        """An offer and the tracks by mid."""
        made = Viewer(_NOBODY, RoomId(room), MemberId(member), await Link.open())
        self._viewers[member] = made
        return [made.offer_for([TrackId(one) for one in tracks]), made.wants]

    async def view(self, member: str, answer: str) -> None:
        """Connect by the engine's answer."""
        made = self._viewers[member]
        made.learn(made.link.take(answer), made.wants)
        await made.connected()

    def play(self) -> None:
        """Everybody here shows and speaks until `stop`."""
        for one in self._publishers.values():
            one.play()

    async def stop(self) -> dict[str, int]:
        """Nobody shows or speaks any more; gives the newest number by track."""
        for one in self._publishers.values():
            await one.stop()
        return self._newest()

    async def send(self, pictures: int) -> dict[str, int]:
        """Everybody here shows so many pictures and speaks as long; gives the newest number by track."""
        for _ in range(pictures):
            for one in self._publishers.values():
                one.send_voice()
                one.send_frame()
            await asyncio.sleep(PACE_SECONDS)
        return self._newest()

    def _newest(self) -> dict[str, int]:
        return {
            f"{member}/{source}": stream.index
            for member, one in self._publishers.items()
            for source, stream in one.streams.items()
        }

    async def seen(self, newest: dict[str, int]) -> None:
        """Wait until everybody who looks here has these packets, or later ones, of what it looks at."""
        async with asyncio.timeout(FLOWS_SECONDS):
            for viewer in self._viewers.values():
                for track in viewer.wants.values():
                    while max(viewer.indices(track), default=0) < newest[track]:
                        await viewer.changed()

    async def close(self) -> None:
        """Everybody goes."""
        for one in (*self._publishers.values(), *self._viewers.values()):
            await one.close()
        self._publishers.clear()
        self._viewers.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Bytes and packets that one side of a cable took in and gave out, frames' heads included."""

    taken: int
    taken_packets: int
    given: int
    given_packets: int

    @classmethod
    def read(cls, network: Network, place: str, device: str) -> Self:
        """As the kernel counts them."""
        told = network.run(place, ["ip", "-json", "-stats", "link", "show", "dev", device]).stdout
        stats = json.loads(told)[0]["stats64"]
        return cls(
            taken=stats["rx"]["bytes"],
            taken_packets=stats["rx"]["packets"],
            given=stats["tx"]["bytes"],
            given_packets=stats["tx"]["packets"],
        )

    def __sub__(self, before: Self) -> Self:
        return type(self)(
            taken=self.taken - before.taken,
            taken_packets=self.taken_packets - before.taken_packets,
            given=self.given - before.given,
            given_packets=self.given_packets - before.given_packets,
        )


def start_gateway(network: Network, folder: Path, *, tcp: int) -> None:
    """The gateway's program at the edge of its site, with a key that the hub knows, till the network ends."""
    edge = edge_of(SITE)
    make_key(folder, _SEED)
    known = {
        "site": SITE,
        "device": "dev_1",
        "hub": f"http://{network.server(edge)}:{tcp}",
        "hub_key": HUB_KEY.public.hex(),
        "bind": _ANY,
        "port": network.openings.turn,
        "addresses": [network.server(SITE)],
    }
    write_configuration(folder, known)
    program = [sys.executable, "-m", "remote_eval.media.gateway.process", f"--folder={folder}"]
    network.spawn(edge, program, stdout=DEVNULL, stderr=DEVNULL)


def cables(network: Network, other: str) -> dict[str, Counters]:
    """What went by: `uplink` between gateway and hub and `seats` between gateway and seats, both as the
    gateway sees them; `other` the cable of a site without a gateway, as that site sees it.
    """
    edge = edge_of(SITE)
    return {
        "uplink": Counters.read(network, edge, UPLINK),
        "seats": Counters.read(network, edge, INSIDE),
        "other": Counters.read(network, other, UPLINK),
    }
