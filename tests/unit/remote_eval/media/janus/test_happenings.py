"""Work that an event of Janus starts, when its room ends before the work has begun."""

import gc

import pytest

from remote_eval.media.janus.ground import Ground
from remote_eval.media.janus.happenings import Happenings

pytestmark = pytest.mark.anyio


async def test_work_that_never_began_is_ended_without_a_word() -> None:
    """A coroutine that nobody awaits is an error of its test, here as everywhere."""
    begun: list[str] = []

    async def work() -> None:
        begun.append("work")

    happenings = Happenings(Ground.__new__(Ground))
    happenings.spawn(work())
    await happenings.end_tasks()
    gc.collect()
    assert (begun, happenings.unhandled) == ([], 0)
