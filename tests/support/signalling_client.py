"""A room's client for tests: a WebSocket that says hello, asks, hears events (docs/spec/signalling.md).

It is written from the specification and shares no line with the platform. `Media` gives the light clients of
`tests.support.media_clients` the engine's port over such a socket, so that they publish and view through it.
"""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

import websockets
from aiortc import RTCCertificate
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crypto.canonical import canonical
from remote_eval.media.engine import KIND_OF, Answered, MediaEngine, MemberId, Offered, RoomId, TrackId
from tests.support.media_link import Link
from tests.support.media_offers import media_lines, offer_text
from tests.support.media_publisher import Publisher
from tests.support.media_viewer import Viewer
from tests.support.waiting import within

SUBPROTOCOL = "qiantong.room.1"
PATIENCE_SECONDS = 20.0
ALL_OK = {"camera": "ok", "microphone": "ok", "speaker": "ok"}
# Of a certificate that nobody has: whoever names it carries no media.
NO_MEDIA = "sha-256 " + ":".join(["AB"] * 32)
Json = dict[str, Any]
_SOCKETS = count(1)


class Refused(Exception):  # noqa: N818 - it reads as what happened
    """An answer of type `error`."""

    def __init__(self, frame: Json) -> None:
        super().__init__(frame["code"], *frame["detail"].get("reasons", []))
        self.code: str = frame["code"]
        self.detail: Json = frame["detail"]
        self.retryable: bool = frame["retryable"]

    @property
    def reasons(self) -> list[str]:
        """Codes of the reasons."""
        return [one["code"] for one in self.detail.get("reasons", [])]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a room is: `address` is ws://host:port, `origin` what pages of the platform are."""

    address: str
    room: str
    origin: str

    @property
    def url(self) -> str:
        """The room's socket."""
        return f"{self.address}/v1/rooms/{self.room}/signal"


def fingerprint_of(certificate: RTCCertificate) -> str:
    """As the protocol writes it."""
    found = next(one.value for one in certificate.getFingerprints() if one.algorithm == "sha-256")
    return f"sha-256 {found}"


def binding_of(
    place: Place,
    *,
    sign: Callable[[bytes], str],
    seat: str,
    session: str,
    fingerprint: str,
    nonce: str,
    changes: Mapping[str, str],
) -> str:
    """What a seat's key signs for its certificate; `changes` make it a statement of something else."""
    bound = {
        "fingerprint": fingerprint,
        "format": "qt/1 room-binding",
        "nonce": nonce,
        "origin": place.origin,
        "room": place.room,
        "seat": seat,
        "session": session,
    }
    return sign(canonical({**bound, **changes}))


@dataclass
class Client:
    """One socket. `events` are all that were heard, in order; `closed` is set with `code` at its end."""

    socket: ClientConnection
    place: Place
    welcome: Json = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    code: int | None = None
    _answers: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    # A member's session outlives its socket: no frame of a later one may have the name of an earlier one's.
    _ordinal: int = field(default_factory=lambda: next(_SOCKETS))
    _numbers: Any = field(default_factory=lambda: count(1))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _unasked: list[Json] = field(default_factory=list)
    _nonce: str | None = None

    @classmethod
    async def open(
        cls, place: Place, *, cookie: str | None = None, origin: str | None = None, **more: Any
    ) -> "Client":
        """An open socket that has said nothing; raises `InvalidStatus` for a refused upgrade."""
        headers = {} if cookie is None else {"Cookie": f"qiantong={cookie}"}
        options = {"subprotocols": [SUBPROTOCOL], "compression": None, "ping_interval": None} | more
        socket = await websockets.connect(
            place.url,
            origin=cast("Any", place.origin if origin is None else origin),
            additional_headers=headers,
            proxy=None,
            max_size=None,
            **options,
        )
        client = cls(socket, place)
        client._tasks.append(asyncio.create_task(client._read()))
        return client

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for text in self.socket:
                self._take(json.loads(text))
        self.code = self.socket.close_code
        self.closed.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError(str(self.code)))
                answer.exception()
        self._changed.set()

    def _take(self, frame: Json) -> None:
        if frame["type"] == "event":
            self.events.append(frame)
        elif frame["type"] == "challenge":
            self._nonce = frame["body"]["nonce"]
        elif frame["to"] in self._answers:
            self._answers.pop(frame["to"]).set_result(frame)
        else:
            self._unasked.append(frame)
        self._changed.set()

    @property
    def unasked(self) -> list[Json]:
        """Answers to no frame of this client."""
        return self._unasked

    @property
    def member(self) -> str:
        """The id that the room gave."""
        return str(self.welcome["member"])

    @property
    def snapshot(self) -> Json:
        """The room as the welcome showed it."""
        return cast("Json", self.welcome["snapshot"])

    async def text(self, text: str | bytes) -> None:
        """Send anything."""
        await self.socket.send(text)

    async def send(self, kind: str, body: Json, *, frame: str | None = None) -> asyncio.Future[Json]:
        """Send a frame; gives where its answer will be."""
        name = frame or f"f{self._ordinal}-{next(self._numbers)}"
        answer = self._answers[name] = asyncio.get_running_loop().create_future()
        if self.closed.is_set():
            raise ConnectionError(str(self.code))
        try:
            await self.socket.send(json.dumps({"v": 1, "id": name, "type": kind, "body": body}))
        except ConnectionClosed as error:
            raise ConnectionError(str(self.code)) from error
        return answer

    async def answer(self, kind: str, body: Json, *, frame: str | None = None) -> Json:
        """The whole answer to a frame, whatever it is."""
        sent = await self.send(kind, body, frame=frame)
        return await within(PATIENCE_SECONDS, sent)

    async def ask(self, kind: str, *, frame: str | None = None, **body: Any) -> Json:
        """The body of the answer. Raises `Refused`."""
        found = await self.answer(kind, body, frame=frame)
        if found["type"] == "error":
            raise Refused(found)
        return cast("Json", found["body"])

    async def refused(self, kind: str, **body: Any) -> Refused:
        """The refusal of a frame."""
        try:
            await self.ask(kind, **body)
        except Refused as refusal:
            return refusal
        raise AssertionError(f"{kind} was allowed")

    async def hello(
        self,
        credential: Json,
        *,
        fingerprint: str | None = NO_MEDIA,
        binding: str | None = None,
        resume: Json | None = None,
    ) -> Json:
        """Say hello and take the welcome. Raises `Refused`."""
        body: Json = {
            "credential": credential,
            "resume": resume,
            "fingerprint": fingerprint,
            "binding": binding,
            "device": ALL_OK,
        }
        self.welcome = await self.ask("hello", **body)
        return self.welcome

    def resume(self) -> Json:
        """The way back into this session."""
        seen = [one["seq"] for one in self.events]
        newest = max(seen) if seen else self.snapshot["seq"]
        return {"member": self.member, "token": self.welcome["resume"], "seq": newest}

    async def nonce(self) -> str:
        """What the server challenged this socket with."""
        return str(await self.until(lambda: self._nonce))

    async def event(self, kind: str, /, **wanted: Any) -> Json:
        """The first event of this kind, heard or to come, whose body has these values."""

        def fits(one: Json) -> bool:
            return one["kind"] == kind and all(one["body"].get(name) == to for name, to in wanted.items())

        heard: Json = await self.until(lambda: next((one for one in self.events if fits(one)), None))
        return heard

    async def until(self, found: Callable[[], Any]) -> Any:
        """Wait until `found` gives something after whatever was heard."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    self._changed.clear()
                    if got := found():
                        return got
                    if self.closed.is_set():
                        raise ConnectionError(f"closed with {self.code}")
                    await self._changed.wait()
        except TimeoutError as error:
            kinds = [(one["kind"], one["body"]) for one in self.events[-12:]]
            raise AssertionError(f"it did not come; the last events were {kinds}") from error

    def kinds(self) -> list[str]:
        """Kinds of what was heard."""
        return [one["kind"] for one in self.events]

    def beat(self, seconds: float = 1.0) -> None:
        """Send heartbeats from now on."""
        self._tasks.append(asyncio.create_task(self._beat(seconds)))

    async def _beat(self, seconds: float) -> None:
        with suppress(ConnectionError):
            while not self.closed.is_set():
                # Behind a cut line nobody answers, and nobody may ever say that the line is gone.
                with suppress(TimeoutError):
                    await self.answer("ping", {"seq": 0, "stats": None})
                with suppress(TimeoutError):
                    await within(seconds, self.closed.wait())

    async def ended(self) -> int:
        """The code with which the other end closes the socket."""
        await within(PATIENCE_SECONDS, self.closed.wait())
        assert self.code is not None
        return self.code

    async def close(self) -> None:
        """Close the socket."""
        for task in self._tasks[1:]:
            task.cancel()
        await self.socket.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def vanish(self) -> None:
        """Be gone without a word, as a machine whose cable was pulled."""
        for task in self._tasks[1:]:
            task.cancel()
        self.socket.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Media:
    """The engine's port as a member of a room has it: over its socket."""

    name = "room"

    def __init__(self, client: Client, certificate: RTCCertificate) -> None:
        """`certificate` is the one that was told in the hello."""
        self.client = client
        self.certificate = certificate
        offers = client.welcome["engine"]["offers"]
        self.capabilities = frozenset({"engine-offers"} if offers else ())

    async def publish(
        self, _room: RoomId, _member: MemberId, offer: str, sources: Mapping[str, str]
    ) -> Answered:
        """See `MediaEngine`."""
        return _answered(await self.client.ask("publish", sdp=offer, sources=dict(sources)))

    async def view(
        self, _room: RoomId, _member: MemberId, offer: str, wants: Mapping[str, TrackId]
    ) -> Answered:
        """See `MediaEngine`."""
        return _answered(await self.client.ask("view", sdp=offer, wants=dict(wants)))

    async def offer_view(
        self, _room: RoomId, _member: MemberId, wants: Sequence[TrackId], *, restart: bool = False
    ) -> Offered:
        """See `MediaEngine`."""
        asked: Json = {"wants": list(wants)} | ({"restart": True} if restart else {})
        body = await self.client.ask("view", **asked)
        return Offered(sdp=body["sdp"], mids=body["mids"], refused=body["refused"])

    async def answer_view(self, _room: RoomId, _member: MemberId, answer: str) -> None:
        """See `MediaEngine`."""
        await self.client.ask("view-answer", sdp=answer)

    async def restart(self, _room: RoomId, _member: MemberId, purpose: str, offer: str) -> Answered:
        """See `MediaEngine`."""
        return _answered(await self.client.ask("restart", purpose=purpose, sdp=offer))

    async def publisher(self, sources: Sequence[str] = ("camera", "microphone")) -> Publisher:
        """Publish, and play until the publisher is stopped."""
        link = await Link.open(certificate=self.certificate)
        made = await Publisher.join(
            self._port, RoomId(self.client.place.room), MemberId(self.client.member), sources, link=link
        )
        made.play()
        return made

    async def viewer(self, tracks: Sequence[str]) -> Viewer:
        """View these tracks."""
        link = await Link.open(certificate=self.certificate)
        wants = [TrackId(one) for one in tracks]
        return await Viewer.join(
            self._port, RoomId(self.client.place.room), MemberId(self.client.member), wants, link=link
        )

    async def asked_to_view(self, track: str) -> dict[str, str]:
        """What the room refuses of an offer to receive one track, by mid; nothing is connected."""
        link = await Link.open(certificate=self.certificate)
        try:
            lines = media_lines(KIND_OF[track.rpartition("/")[2]], "0", "recvonly")
            answered = await self.client.ask("view", sdp=offer_text(link, [lines], ["0"]), wants={"0": track})
        finally:
            await link.close(silently=True)
        return cast("dict[str, str]", answered["refused"])

    @property
    def _port(self) -> MediaEngine:
        return cast("MediaEngine", self)


def _answered(body: Json) -> Answered:
    return Answered(sdp=body["sdp"], refused=body["refused"])


def plain(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
