"""An evaluation room served for tests: real sockets, a real room process, people at their seats.

Two sites whose experts sit at enrolled browsers; wanda and wendy witness (city, county), sven supervises,
dana and carlo are the sites' staff, olga operates. The world up to there is made once per engine and copied;
each test opens its own room. The room's courses turn faster than by the clock on the wall (`FASTER`). What
nobody handled, in the server or a task of it, is in `Room.unhandled` and fails the test at its end.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import httpx
import uvicorn
from aiortc import RTCCertificate

from app.gateways.janus_engines import JanusEngines, OwnJanus
from app.gateways.room_engines import RoomProcesses
from app.main import create_app
from app.room_composition import make_hall, relays_of
from app.serving import address_of, listen, server_config
from app.settings import Settings
from app.store.unit_of_work import Database
from app.usecases.platform import Platform
from app.usecases.room.hall import Hall, Led
from remote_eval.media.engine import RoomId
from tests.support import people
from tests.support.arriving import CITY, COUNTY, ORIGIN, Arriving, Browser, set_arriving
from tests.support.media_publisher import Publisher
from tests.support.media_viewer import Viewer
from tests.support.service import Service
from tests.support.signalling_client import (
    PATIENCE_SECONDS,
    Client,
    Media,
    Place,
    Refused,
    binding_of,
    fingerprint_of,
)
from tests.support.stage import Stage
from tests.support.waiting import within

FASTER: Final = 8
DESKS: Final = {CITY: "dana", COUNTY: "carlo"}
ACCOUNTS: Final = {
    "wanda": ("witness", CITY),
    "wendy": ("witness", COUNTY),
    "sven": ("supervisor", None),
    "dana": ("site", CITY),
    "carlo": ("site", COUNTY),
    "olga": ("operator", None),
}


@dataclass(kw_only=True)
class Seated:
    """Somebody at a seat; `browser` holds the seat key and the session's token."""

    site: str
    arrival: str
    browser: Browser
    session: str


@dataclass(kw_only=True)
class Cast:
    """Who is there, in memory only: the world holds what the platform knows of them."""

    seated: list[Seated] = field(default_factory=list)
    cookies: dict[str, str] = field(default_factory=dict)


# By the data folder of the world in which they came.
_CASTS: Final[dict[Path, Cast]] = {}


async def set_seated(stage: Stage) -> Arriving:
    """Everybody of both sites has sat down, and every account has signed in."""
    arriving = await set_arriving(stage)
    _CASTS[stage.one.settings.data] = await seat_everybody(arriving)
    return arriving


async def seat_everybody(arriving: Arriving) -> Cast:
    """Whoever holds a letter sits down at the own site; every account signs in."""
    cast_ = Cast()
    service = as_service(arriving)
    for login, (role, site) in ACCOUNTS.items():
        person = await people.person(service, login, role, site=site)
        page = await people.signed_in(service, person)
        assert page.cookie is not None
        cast_.cookies[login] = page.cookie
    await arriving.heartbeats()
    for site, who in DESKS.items():
        for number, letter in enumerate(arriving.letters[site], 1):
            arrival = await arriving.inside(letter, f"A-{number:02}", who)
            given = await arriving.seat(arrival, who)
            browser = await arriving.enrolled(given["seat"], staff=who)
            entered = await arriving.log_in(browser, given["slip"])
            assert entered.status_code == 201, entered.text
            session = entered.json()["session"]
            cast_.seated.append(Seated(site=site, arrival=arrival, browser=browser, session=session))
    return cast_


def cast_of(folder: Path) -> Cast:
    """Who came in the world of this folder, for one who enters it anew."""
    known = _CASTS[folder / "platform"]
    seated = [replace(one, browser=replace(one.browser)) for one in known.seated]
    return Cast(seated=seated, cookies=dict(known.cookies))


def as_service(arriving: Arriving) -> Service:
    """What `tests.support.people` asks of a service: platform, application and a clock that moves."""
    scene = SimpleNamespace(clock=arriving.stage.clock)
    return cast("Service", SimpleNamespace(platform=arriving.platform, app=arriving.app, scene=scene))


@dataclass(kw_only=True)
class Server:
    """One server process's worth of platform: application, hall and socket, over a database."""

    hall: Hall
    address: str
    _server: uvicorn.Server
    _task: asyncio.Task[None]

    async def stop(self) -> None:
        """End in order: rooms are given back."""
        await self.hall.aclose()
        self._server.should_exit = True
        await self._task

    async def kill(self) -> None:
        """Be gone at once, with every socket and without a word to the database: its lease stays."""
        self.hall.leader = "nobody"
        for connection in list(self._server.server_state.connections):
            cast("Any", connection).transport.abort()
        for led in list(self.hall._led.values()):
            led.live.lost.set()
            if led.running is not None:
                led.running.cancel()
                await asyncio.gather(led.running, return_exceptions=True)
        self._server.should_exit = True
        await self._task


@dataclass(frozen=True, kw_only=True)
class Everybody:
    """Whoever is in a whole room; the first experts are the city's."""

    witness: Media
    second: Media
    experts: list[Media]
    cameras: list[Media]

    @property
    def all(self) -> list[Media]:
        """All of them."""
        return [self.witness, self.second, *self.experts, *self.cameras]


@dataclass(kw_only=True)
class Room:
    """A room and who may come to it; `members` are the clients of those who came, by name."""

    arriving: Arriving
    cast: Cast
    server: Server
    engines: RoomProcesses
    folder: Path
    id: str = ""
    closed: bool = False
    unhandled: list[str] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    media: list[Publisher | Viewer] = field(default_factory=list)

    @property
    def hall(self) -> Hall:
        """Where the room is led."""
        return self.server.hall

    @property
    def place(self) -> Place:
        """The room's socket."""
        return Place(address=self.server.address.replace("http", "ws"), room=self.id, origin=ORIGIN)

    async def open(self) -> str:
        """Open the room as its operator does."""
        answer = await self.arriving.post("olga", "/rooms", {"draw": self.arriving.row.id})
        assert answer.status_code == 201, answer.text
        self.id = str(answer.json()["id"])
        return self.id

    async def socket(self, **more: Any) -> Client:
        """An open socket that has said nothing."""
        client = await Client.open(self.place, **more)
        self.clients.append(client)
        return client

    async def expert(self, number: int, **hello: Any) -> Media:
        """An expert comes in from its seat."""
        seated, certificate = self.cast.seated[number], RTCCertificate.generateCertificate()
        client = await self.socket()
        await client.hello(**self.shown(seated, certificate, await client.nonce()) | hello)
        client.beat()
        return Media(client, certificate)

    def shown(
        self, seated: Seated, certificate: RTCCertificate, nonce: str, /, **changes: str
    ) -> dict[str, Any]:
        """What a seat's hello shows on the socket of this nonce."""
        fingerprint = fingerprint_of(certificate)
        binding = binding_of(
            self.place,
            sign=seated.browser.sign,
            seat=seated.browser.seat,
            session=seated.session,
            fingerprint=fingerprint,
            nonce=nonce,
            changes=changes,
        )
        credential = {"seat": seated.browser.token}
        return {"credential": credential, "fingerprint": fingerprint, "binding": binding}

    async def account(self, login: str, *, camera: str | None = None) -> Media:
        """Somebody with an account comes in, or makes a browser a room camera."""
        certificate = RTCCertificate.generateCertificate()
        client = await self.socket(cookie=self.cast.cookies[login])
        credential: dict[str, Any] = {"account": True} | ({} if camera is None else {"camera": camera})
        await client.hello(credential, fingerprint=fingerprint_of(certificate))
        client.beat()
        return Media(client, certificate)

    async def whole(self, *, but: int | None = None) -> "Everybody":
        """Everybody is in and publishes: experts, a camera of each room, both witnesses; but one expert."""
        witness, second = await self.account("wanda"), await self.account("wendy")
        experts = [await self.expert(number) for number in range(len(self.cast.seated)) if number != but]
        cameras = [await self.account(who, camera="north") for who in DESKS.values()]
        for one in experts:
            await self.publish(one)
        for one in cameras:
            await self.publish(one, "camera")
        return Everybody(witness=witness, second=second, experts=experts, cameras=cameras)

    async def evaluating(self) -> "Everybody":
        """The same, once the evaluation has begun."""
        every = await self.whole()
        await self.begin(every)
        return every

    async def begin(self, every: "Everybody") -> None:
        """A witness begins the evaluation, as soon as everything is ready for it."""
        await self.checked_in(every)
        await self.begun_by(every.witness)

    @staticmethod
    async def begun_by(witness: Media) -> None:
        """A witness begins the evaluation; what is ready may falter for a moment on a busy machine."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    await witness.client.ask("phase", to="evaluating")
                except Refused as refusal:
                    if refusal.code != "room.not-ready":
                        raise
                    await asyncio.sleep(0.1)
                else:
                    return

    async def checked_in(self, every: "Everybody") -> None:
        """The check-in, with everything ready for the evaluation."""
        client = every.witness.client
        for site in DESKS:
            await client.event("site", site=site, link="up", recording="ok")
        tracks = [f"{one.client.member}/{what}" for one in every.experts for what in ("camera", "microphone")]
        for track in [*tracks, *(f"{one.client.member}/camera" for one in every.cameras)]:
            await client.event("track", id=track, up=True)
        await client.ask("phase", to="check-in")

    @property
    def led(self) -> Led:
        """The room as its process leads it."""
        return self.hall._led[self.id]

    async def second(self, database: Database) -> Server:
        """Another server process of the installation, over the same database and the same engines."""
        return await start_server(
            self.arriving, replace(self.arriving.platform, database=database), self.engines
        )

    async def publish(self, member: Media, *sources: str) -> Publisher:
        """Publish and play."""
        made = await member.publisher(sources or ("camera", "microphone"))
        self.media.append(made)
        return made

    async def view(self, member: Media, *tracks: str) -> Viewer:
        """View tracks."""
        made = await member.viewer(tracks)
        self.media.append(made)
        return made

    async def close(self) -> None:
        """Everybody goes; the engine's process ends with its rooms. Idempotent."""
        if self.closed:
            return
        self.closed = True
        for one in self.media:
            if isinstance(one, Publisher):
                await one.stop()
            await one.close(silently=True)
        for client in self.clients:
            await client.close()
        await self.server.stop()
        if self.id:
            await self.engines.release(self.id)

    async def running(self) -> None:
        """Wait until the room's engine runs, and with it the recorder."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (led := self.hall._led.get(self.id)) is None or led.live.carrier.engine is None:  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0.01)

    @staticmethod
    def certificate() -> RTCCertificate:
        """A browser's certificate."""
        return RTCCertificate.generateCertificate()

    async def cookie_post(self, login: str, path: str, body: object) -> httpx.Response:
        """POST to the room as somebody signed in, from a page of the platform."""
        page = people.browser(as_service(self.arriving))
        page.cookie = self.cast.cookies[login]
        key = f"page-{next(self.arriving.numbers)}"
        return await page.post(f"/v1/rooms/{self.id}{path}", body, Idempotency_Key=key)

    async def cookie_get(self, login: str, path: str) -> httpx.Response:
        """GET of the room as somebody signed in: the account that is a member of it."""
        page = people.browser(as_service(self.arriving))
        page.cookie = self.cast.cookies[login]
        return await page.get(f"/v1/rooms/{self.id}{path}")

    async def anchored(self) -> None:
        """Wait until a head of the room's ledger stands in the log."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                async with self.arriving.platform.database.read() as uow:
                    if await uow.rooms.anchors(self.id):
                        return
                await asyncio.sleep(0.02)

    async def lose(self, every: Everybody, site: str, *, after_ms: int = 900) -> None:
        """A site is gone, with everything in it, its people and its packets; silent for `after_ms` it counts
        as lost.
        """
        lost = {one.client.member for one in every.all if one.client.snapshot["you"]["site"] == site}
        for made in self.media:
            if made.member in lost and isinstance(made, Publisher):
                await made.stop()
        self.led.watch.thresholds = replace(
            self.led.watch.thresholds, degraded_ms=after_ms // 2, lost_ms=after_ms
        )
        for one in every.all:
            if one.client.member in lost:
                await one.client.vanish()
        left = next(one for one in (every.second, every.witness) if one.client.member not in lost)
        await left.client.event("outage", site=site, state="open")

    def relay(self, secret: str, urls: dict[str, str]) -> None:
        """Sites have relays, from now on, as an installation's settings say."""
        file = self.folder / "relay.secret"
        file.write_text(secret + "\n", encoding="ascii")
        settings = Settings(data=self.folder, room_relays=urls, room_relay_secret=file)
        self.led.attendance._relay = relays_of(self.arriving.platform, settings)

    async def recorded(self) -> None:
        """Wait until something of every track is on the disk."""
        engine = self.led.live.carrier.engine
        assert engine is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                stats = await engine.stats(RoomId(self.id))
                if all((one.recorded_ms or 0) > 0 for one in stats.tracks):
                    return
                await asyncio.sleep(0.05)

    async def over(self) -> None:
        """Wait until the room is closed and everything of it stands in the log."""
        led = self.hall._led.get(self.id)
        if led is not None and led.running is not None:
            await within(PATIENCE_SECONDS, led.running)


async def start_server(
    arriving: Arriving, platform: Platform, engines: RoomProcesses, *, static: Path | None = None
) -> Server:
    """A server of the installation over this platform's database, with the pages of `static`."""
    settings = Settings(
        data=arriving.stage.one.settings.data,
        public_url=ORIGIN,
        caller_rate="100000/minute",
        public_rate="100000/minute",
    )

    async def pause(seconds: float) -> None:
        await asyncio.sleep(seconds / FASTER)

    hall = make_hall(platform, settings, engines=engines)
    hall.pause = pause
    hall.pack = replace(hall.pack, thresholds=replace(hall.pack.thresholds, steady_ms=100))
    app = create_app(platform, arriving.stage.one.ceremony, settings, static=static, hall=hall)
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(server_config(app))
    # Signals stay the test's.
    task = asyncio.create_task(server._serve([listener]))
    return Server(hall=hall, address=address_of(listener), _server=server, _task=task)


@asynccontextmanager
async def served(
    arriving: Arriving,
    cast_: Cast,
    folder: Path,
    *,
    static: Path | None = None,
    janus: OwnJanus | None = None,
) -> AsyncIterator[Room]:
    """A server whose rooms run in processes of their own, or on a Janus; no room is open yet."""
    engines = (
        RoomProcesses(folder / "rooms", bind="127.0.0.1", addresses=["127.0.0.1"])
        if janus is None
        else JanusEngines(folder / "rooms", janus)
    )
    server = await start_server(arriving, arriving.platform, engines, static=static)
    # What goes over HTTP goes to the same hall.
    arriving.app.state.hall = server.hall
    room = Room(arriving=arriving, cast=cast_, server=server, engines=engines, folder=folder)
    loop, heard = asyncio.get_running_loop(), _Heard(room.unhandled)
    loop.set_exception_handler(lambda _loop, context: room.unhandled.append(str(context)))
    logging.getLogger("uvicorn.error").addHandler(heard)
    try:
        yield room
    finally:
        await room.close()
        logging.getLogger("uvicorn.error").removeHandler(heard)
        loop.set_exception_handler(None)
    assert not room.unhandled, room.unhandled


class _Heard(logging.Handler):
    """Keeps what a server writes down as an error: exceptions that nobody handled."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self._kept.append(self.format(record))
