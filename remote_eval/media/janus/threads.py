"""Calls from the threads of recorder and masker, brought to the event loop."""

import asyncio
import threading
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")


def on_loop(call: Callable[P, object]) -> Callable[P, None]:
    """`call` from any thread: at once on the running loop's own, else as soon as that loop can."""
    loop = asyncio.get_running_loop()
    home = threading.get_ident()

    def later(*words: P.args, **named: P.kwargs) -> None:
        if threading.get_ident() == home:
            call(*words, **named)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(lambda: call(*words, **named))

    return later
