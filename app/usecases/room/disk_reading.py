"""Reading whole recordings: in threads of its own, so that nothing else waits for a disk.

A room of half a day is tens of gigabytes. Whoever asks for several rooms at once waits for the own turns;
draws, proofs and rooms under way have other threads.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
_READERS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="recordings")


async def read_whole(work: Callable[[Callable[[], bool]], T]) -> T:
    """The result of `work`, done in a thread. What it is given says whether nobody waits any more: then it
    should end. Raises whatever `work` raises.
    """
    ended = threading.Event()
    try:
        return await asyncio.get_running_loop().run_in_executor(_READERS, work, ended.is_set)
    finally:
        ended.set()
