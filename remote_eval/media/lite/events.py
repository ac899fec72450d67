"""Streams of a room's events: every reader has its own queue and is ended when it lags by 10,000."""

import asyncio
from typing import Final, Self

from remote_eval.media.engine import EngineEvent

MAX_BEHIND: Final = 10_000


class EventStream:
    """One reader, from its making on."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[EngineEvent | None] = asyncio.Queue()
        self._is_ended = False

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is put in."""
        return self._is_ended

    def put(self, event: EngineEvent) -> None:
        """Add an event, or end the reader that is too slow."""
        if self._is_ended:
            return
        if self._queue.qsize() >= MAX_BEHIND:
            self.end()
        else:
            self._queue.put_nowait(event)

    def end(self) -> None:
        """The reader ends after what it has not read yet."""
        if not self._is_ended:
            self._is_ended = True
            self._queue.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EngineEvent:
        event = await self._queue.get()
        if event is None:
            # For a second reader of the same stream.
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return event
