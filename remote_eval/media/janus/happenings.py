"""What happens in a room, told to its readers in order, and the work that an event of Janus starts."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from remote_eval.errors import MediaError
from remote_eval.media.engine import EngineEvent, MemberId, Purpose, TrackId
from remote_eval.media.janus.ground import Ground
from remote_eval.media.lite.events import EventStream

_log = logging.getLogger(__name__)


class Happenings:
    """Readers and tasks of one room; `unhandled` counts tasks that failed for a reason of ours."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.unhandled = 0
        self._streams: list[EventStream] = []
        self._tasks: set[asyncio.Task[None]] = set()
        ground.emit = self.emit

    def emit(self, kind: str, data: Mapping[str, object]) -> None:
        """Tell all readers."""
        event = EngineEvent(kind=kind, at=self.ground.clock(), data=data)
        for stream in self._streams:
            stream.put(event)
        self._streams = [stream for stream in self._streams if not stream.is_ended]

    def tell_peer(self, member: MemberId, purpose: Purpose, state: str) -> None:
        """A connection of a member changed."""
        self.emit("peer", {"member": member, "purpose": purpose, "state": state})

    def tell_leg(self, track: TrackId, member: MemberId, *, is_on: bool, cause: str) -> None:
        """A track goes to a member, or does no more."""
        self.emit("leg", {"track": track, "member": member, "on": is_on, "cause": cause})

    def stream(self) -> EventStream:
        """A new reader."""
        stream = EventStream()
        self._streams.append(stream)
        return stream

    def end_streams(self) -> None:
        """No more events."""
        for stream in self._streams:
            stream.end()
        self._streams = []

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what an event asks for; what fails for want of Janus is made good when it is back."""
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Cancelled before it began, it would be missed as never awaited; what has ended is not closed again.
        task.add_done_callback(lambda _: work.close())

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except MediaError:
            _log.info("janus did not do what an event asked for", exc_info=True)
        except Exception:  # noqa: BLE001 - counted and told in the log
            self.unhandled += 1
            _log.exception("a task of a room failed")

    async def end_tasks(self) -> None:
        """Stop what still runs."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
