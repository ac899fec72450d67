"""The media engines that the contract suite holds to the port, and a thread that runs one for browsers.

An entry makes a started engine bound to loopback in the given folder and closes it; whoever adds an engine
adds an entry.
"""

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from remote_eval.media.engine import MediaEngine, MemberId
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.factory import lite_engine
from remote_eval.media.lite.identity import make_identity
from tests.support.gateways import running_behind_channel, running_cascade
from tests.support.janus_ground import running_janus

T = TypeVar("T")
MakeEngine = Callable[[Path], AbstractAsyncContextManager[MediaEngine]]
# Nobody looks at the dates of a certificate that is known by its fingerprint.
MADE_AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
TURN_SECONDS = 30


@asynccontextmanager
async def running_lite(folder: Path) -> AsyncIterator[MediaEngine]:
    """The embedded engine as the room process makes it."""
    engine = await lite_engine(folder, bind="127.0.0.1", port=0, addresses=["127.0.0.1"])
    try:
        yield engine
    finally:
        await engine.aclose()


@asynccontextmanager
async def running_process(folder: Path) -> AsyncIterator[MediaEngine]:
    """The embedded engine at the other end of a control channel."""
    async with running_lite(folder) as engine, running_behind_channel(engine) as remote:
        yield remote


def cascade_with(*at_site: str) -> MakeEngine:
    """A hub and one gateway, behind which these members of the contract suite sit."""

    @asynccontextmanager
    async def running(folder: Path) -> AsyncIterator[MediaEngine]:
        async with running_cascade(folder, {MemberId(one): "edge" for one in at_site}) as (cascade, _, _):
            yield cascade

    return running


ENGINES: dict[str, MakeEngine] = {
    "janus": running_janus,
    "lite": running_lite,
    "process": running_process,
    "cascade-up": cascade_with("mem_anna"),
    "cascade-down": cascade_with("mem_ben", "mem_cara"),
}


def bare_lite(**plugs: Any) -> LiteEngine:
    """An embedded engine, not started, with these plugs in place of recorder and masker."""
    return LiteEngine(
        identity=make_identity(MADE_AT), host="127.0.0.1", port=0, addresses=["127.0.0.1"], **plugs
    )


class Turned:
    """A loop on a thread of its own: a test that drives a browser waits on its coroutines."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work` on that loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TURN_SECONDS)


@contextmanager
def turning() -> Iterator[Turned]:
    """A loop that turns on another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="engine")
    thread.start()
    try:
        yield Turned(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TURN_SECONDS)
        loop.close()
