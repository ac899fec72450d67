"""Evaluation rooms in a browser: a room of `tests.support.rooms_served` with its pages, for tests that stay
synchronous.

The world up to the room is made once per module and copied for each room, so that no test sees another's
room. Whoever drives a browser comes as an account that has signed in, by its cookie; others in the room are
light clients, driven in the server's loop with `do`. Browsers have cameras and microphones that play a test
pattern.
"""

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from playwright.sync_api import sync_playwright

from app.gateways.janus_engines import OwnJanus
from app.main import STATIC
from app.store.engine import make_engine
from app.store.unit_of_work import Database
from migrations.upgrade import upgrade
from remote_eval.media.engine import TrackId
from tests.integration.conftest import CIPHER
from tests.support.arriving_world import World, enter, make_world
from tests.support.chromium import launch_options
from tests.support.media_viewer import Viewer
from tests.support.rooms_served import Room, cast_of, served, set_seated
from tests.support.visits import visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

T = TypeVar("T")
PATIENCE_SECONDS = 120.0
FILMING = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


@contextmanager
def filming(chromium: Path) -> "Iterator[Browser]":
    """A browser that grants camera and microphone, both playing a test pattern."""
    options = launch_options(chromium)
    options["args"] = [*options["args"], *FILMING]  # type: ignore[misc]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**options)  # type: ignore[arg-type]
        yield running
        running.close()


@dataclass(kw_only=True)
class Played:
    """An open room behind a real address."""

    room: Room
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> str:
        """Without a slash at its end."""
        return self.room.server.address

    def do(self, work: Callable[[Room], Awaitable[T]]) -> T:
        """Run `work` in the server's loop and wait for it."""

        async def whole() -> T:
            return await work(self.room)

        return asyncio.run_coroutine_threadsafe(whole(), self.loop).result(PATIENCE_SECONDS)

    @contextmanager
    def at(
        self, browser: "Browser", page: str, *, who: str | None = None, size: dict[str, int]
    ) -> "Iterator[Page]":
        """A visit to a page of the server, signed in as `who` by the cookie of the world."""
        kept = [] if who is None else [self._cookie(who)]
        state = {"cookies": kept, "origins": []}
        with visit(browser, f"{self.address}{page}", size=size, storage_state=state) as opened:
            yield opened

    def _cookie(self, who: str) -> dict[str, object]:
        return {
            "name": "qiantong",
            "value": self.room.cast.cookies[who],
            "domain": "127.0.0.1",
            "path": "/",
            "httpOnly": True,
            "secure": False,
            "sameSite": "Strict",
            "expires": -1,
        }


@dataclass(kw_only=True)
class House:
    """Where rooms are played, one after the other; `folder` is its own."""

    folder: Path
    loop: asyncio.AbstractEventLoop
    world: World
    _count: int = field(default=0)

    @contextmanager
    def room(self, *, opened: bool = True, janus: OwnJanus | None = None) -> Iterator[Played]:
        """A room of its own over a copy of the world, gone at the end of the block."""
        self._count += 1
        own = self.folder / f"room-{self._count}"
        own.mkdir()
        for file in (self.folder / "world").glob("qiantong.sqlite*"):
            shutil.copy(file, own)
        stack = AsyncExitStack()
        room = self._wait(self._enter(stack, own, janus))
        try:
            if opened:
                self._wait(room.open())
                self._wait(room.running())
            yield Played(room=room, loop=self.loop)
        finally:
            self._wait(stack.aclose())

    async def _enter(self, stack: AsyncExitStack, own: Path, janus: OwnJanus | None) -> Room:
        database = Database(make_engine(f"sqlite:///{own / 'qiantong.sqlite'}"), CIPHER)
        stack.push_async_callback(database.dispose)
        arriving = await enter(self.world, database, own / "parties")
        stack.push_async_callback(arriving.client.aclose)
        cast_ = cast_of(self.world.folder)
        return await stack.enter_async_context(served(arriving, cast_, own, static=STATIC, janus=janus))

    def _wait(self, work: Awaitable[T]) -> T:
        async def whole() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(whole(), self.loop).result(PATIENCE_SECONDS)


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """Everybody of two sites sits; rooms are opened from there."""
    (folder / "world").mkdir(parents=True)
    # A loop of playwright may run in this thread: the world is made in another one.
    with ThreadPoolExecutor(1) as beside:
        world = beside.submit(_world, folder / "world").result()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="rooms")
    thread.start()
    try:
        yield House(folder=folder, loop=loop, world=world)
    finally:
        asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result(PATIENCE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()


async def arrived(viewer: Viewer, track: str, packets: int) -> int:
    """Wait until so many packets of a track have come to a light client."""
    while len(viewer.arrived[TrackId(track)]) < packets:
        await viewer.changed()
    return packets


async def _end_tasks() -> None:
    """What a failed test left running ends before the loop does."""
    left = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for one in left:
        one.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _world(folder: Path) -> World:
    url = f"sqlite:///{folder / 'qiantong.sqlite'}"

    async def migrate() -> None:
        engine = make_engine(url)
        await upgrade(engine)
        await engine.dispose()

    asyncio.run(migrate())
    return make_world(url, folder / "parties", CIPHER, set_seated)
