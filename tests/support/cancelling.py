"""Cancelling a task at a chosen suspension: every interleaving of an interrupt can be tried, one by one."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


class CancelledAt:
    """Awaits `work`; its task is cancelled at the `first` suspension and at those after, `times` in all."""

    def __init__(self, work: Coroutine[Any, Any, None], *, first: int, times: int) -> None:
        self._work = work
        self._moments = range(first, first + times)
        self.suspended = 0

    def __await__(self) -> Generator[Any, Any, None]:
        inner, thrown = self._work.__await__(), None
        while True:
            try:
                waits = inner.throw(thrown) if thrown else next(inner)
            except StopIteration:
                return
            self.suspended += 1
            task = asyncio.current_task()
            if task is not None and self.suspended in self._moments:
                task.cancel()
            thrown = None
            try:
                yield waits
            except asyncio.CancelledError as error:
                thrown = error
