"""Simulated devices of a site: gates, detectors, lockers, ID readers, jammers behind one little HTTP service.

Each device has an Ed25519 key of its own, signs what it reports and believes commands only under the
platform's signature, each once. What a person would do at it (walk through, show a badge, carry a phone past
the detector) is told to it by ``POST /{name}/acts``; it then reports to the platform as a real one would.
`offset` lets its clock be wrong. For tests and demonstrations: it opens no door.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from app.errors import AccessRefusedError
from app.gateways.message_signatures import HttpMessage, post_headers, verify
from app.times import to_text
from crypto.canonical import canonical, parse
from crypto.errors import CryptoError
from crypto.signing import SigningKey

MAX_BODY_BYTES: Final = 4 * 1024
ACTS: Final = {"gate": frozenset({"open"}), "locker": frozenset({"open", "lock"})}
_MEMBERS: Final = frozenset({"passage", "direction", "badge"})


class UnheardError(Exception):
    """The platform did not take an event."""


@dataclass(slots=True, kw_only=True)
class SimulatedDevice:
    """One device. `done` are the commands it has carried out, each once; `stuck` makes it fail for now."""

    id: str
    kind: str
    name: str
    key: SigningKey
    offset: timedelta = timedelta(0)
    stuck: bool = False
    done: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    _sent: int = 0

    def command(self, command: str, act: str, place: str | None) -> int:
        """Carry a command out; the HTTP status that says what came of it."""
        if self.stuck:
            return 503
        if act not in ACTS.get(self.kind, frozenset()) or (self.kind == "locker") != (place is not None):
            return 422
        self.done.setdefault(command, (act, place))
        return 204

    def event(self, kind: str, now: datetime, **more: str | None) -> bytes:
        """The body of an event at `now`, by this device's own clock."""
        if not more.keys() <= _MEMBERS:
            raise ValueError("an event has no such member")
        said = {name: value for name, value in more.items() if value is not None}
        return canonical({"kind": kind, "at": to_text(now + self.offset), **said})

    def signed(self, url: str, body: bytes, now: datetime) -> dict[str, str]:
        """Headers of an event's request; every one has a nonce of its own."""
        self._sent += 1
        moment = now + self.offset
        nonce = f"{moment.timestamp():.6f}-{self._sent}"
        return post_headers(url, body, key_id=self.id, key=self.key, nonce=nonce, now=moment)


@dataclass(slots=True, kw_only=True)
class House:
    """The devices behind one address. `origin` is the platform's, `public` its key."""

    origin: str
    public: bytes
    clock: Callable[[], datetime]
    client: httpx.AsyncClient | None = None
    devices: dict[str, SimulatedDevice] = field(default_factory=dict)

    def add(self, device: SimulatedDevice) -> None:
        """One more device."""
        self.devices[device.id] = device

    def named(self, name: str) -> SimulatedDevice | None:
        """A device by the name in its address."""
        return next((one for one in self.devices.values() if one.name == name), None)

    def believes(self, request: Request, body: bytes) -> bool:
        """Whether a command is the platform's."""
        message = HttpMessage(method=request.method, url=str(request.url), headers=dict(request.headers))
        try:
            verify(message, body, key_id=self.public.hex(), public=self.public, now=self.clock())
        except AccessRefusedError:
            return False
        return True

    async def report(self, device: SimulatedDevice, kind: str, **more: str | None) -> dict[str, Any]:
        """Report to the platform what happened at a device. Raises UnheardError."""
        if self.client is None:
            raise UnheardError
        url, now = f"{self.origin}/v1/devices/{device.id}/events", self.clock()
        body = device.event(kind, now, **more)
        try:
            answer = await self.client.post(url, content=body, headers=device.signed(url, body, now))
        except httpx.HTTPError as error:
            raise UnheardError from error
        if answer.status_code != httpx.codes.OK:
            raise UnheardError(answer.status_code)
        return dict(answer.json())


def create_house_app(house: House) -> FastAPI:
    """The service: commands from the platform, acts from whoever plays, and what each device has done."""
    app = FastAPI(title="Simulated devices", openapi_url=None, docs_url=None, redoc_url=None)

    @app.post("/{name}/commands")
    async def command(name: str, request: Request) -> Response:
        return Response(status_code=_commanded(house, name, request, await request.body()))

    @app.post("/{name}/acts")
    async def act(name: str, request: Request) -> Response:
        return await _acted(house, house.named(name), await request.body())

    @app.get("/{name}")
    async def state(name: str) -> Response:
        device = house.named(name)
        if device is None:
            return Response(status_code=404)
        done = [{"id": one, "act": act, "place": place} for one, (act, place) in device.done.items()]
        return JSONResponse({"id": device.id, "kind": device.kind, "done": done})

    return app


def _commanded(house: House, name: str, request: Request, body: bytes) -> int:
    device = house.named(name)
    if device is None:
        return 404
    if not house.believes(request, body):
        return 401
    try:
        told: Any = parse(body, max_bytes=MAX_BODY_BYTES)
        return device.command(str(told["id"]), str(told["act"]), told["place"])
    except (CryptoError, KeyError, TypeError):
        return 400


async def _acted(house: House, device: SimulatedDevice | None, body: bytes) -> Response:
    if device is None:
        return Response(status_code=404)
    try:
        told: Any = dict(parse(body, max_bytes=MAX_BODY_BYTES))  # type: ignore[arg-type]
        kind = str(told.pop("kind"))
        return JSONResponse(await house.report(device, kind, **told))
    except (CryptoError, KeyError, TypeError, ValueError):
        return Response(status_code=400)
    except UnheardError:
        return Response(status_code=502)
