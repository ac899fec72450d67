"""Ctrl-C ends the demonstration, whoever started it.

A shell without job control starts what it puts into the background with SIGINT ignored, a process inherits
that, and Python then installs no handler: neither its own nor that of `asyncio.run`, which takes the place of
Python's alone. A demonstration that tells people to press Ctrl-C, and has five processes to end, takes the
signal back. Does not handle the signal itself: inside `asyncio.run` it cancels the main task, elsewhere it
raises KeyboardInterrupt.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heeding_interrupts() -> Iterator[None]:
    """An interrupt counts inside of the block, though it was ignored before and is again after it. Raises
    ValueError outside of the main thread.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
