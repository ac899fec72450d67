"""From the door to the seat: everybody who accepted shows card and code, leaves the phone in a locker, passes
the gate and is given a seat by chance.

Desks speak to the API, gates and lockers are the processes of `app.demo.outside`; whoever passes a gate is
reported by that gate, under its own key.
"""

import struct
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from app.demo.callers import Callers
from app.demo.phones import Letter
from app.demo.places import Centres, Place

ITEMS: Final = [{"kind": "phone", "count": 1}, {"kind": "watch", "count": 1}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seated:
    """Somebody at their seat; `slip` opens the seat's browser."""

    place: Place
    seat: str
    position: int
    slip: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The desks, and the cards of the people by their phones' numbers."""

    api: Callers
    client: httpx.AsyncClient = field(repr=False)
    centres: Centres
    devices: str
    cards: Mapping[str, str] = field(repr=False)

    async def come(self, number: int, letter: Letter, content: Mapping[str, Any]) -> Seated:
        """The `number`-th person from the door to the seat, at the centre that the letter names."""
        place = self.centres.at(str(content["site"]))
        shown = {"document": self.cards[letter.to], "code": letter.keys.arrival_code}
        arrival = str((await self.api.post(place.desk, "/desk/arrivals", shown))["arrival"])
        here = f"/desk/arrivals/{arrival}"
        await self.api.post(
            place.desk, f"{here}/locker", {"locker": f"A-{number:02}", "items": ITEMS} | SIGNED
        )
        asked = {"gate": self.centres.gates[place.venue], "direction": "in"}
        opened = await self.api.post(place.desk, f"{here}/gate", asked)
        await self._pass(place, str(opened["passage"]))
        given = await self.api.post(place.desk, f"{here}/seat")
        return Seated(
            place=place, seat=str(given["seat"]), position=int(given["position"]), slip=str(given["slip"])
        )

    async def _pass(self, place: Place, passage: str) -> None:
        """Walk through the open gate, which reports it."""
        act = {"kind": "passed", "passage": passage, "direction": "in"}
        url = f"{self.devices}/gate-{place.venue}/acts"
        (await self.client.post(url, json=act)).raise_for_status()


def _image() -> str:
    """A drawn signature: one black dot, as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")
    return urlsafe_b64encode(b"\x89PNG\r\n\x1a\n" + parts).decode("ascii").rstrip("=")


SIGNED: Final = {"expert_signature": _image(), "staff_signature": _image()}
