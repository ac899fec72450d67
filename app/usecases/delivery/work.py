"""What a job of the worker is given, and the two forms of a job. The tables are in `app.worker`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.store.repositories.reports import Report
from app.usecases.ceremony import Ceremony
from app.usecases.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkContext:
    """One installation as jobs see it; `public_url` is the address that links begin with, `recordings` gives
    the folder of a room's recordings.
    """

    platform: Platform
    ceremony: Ceremony
    public_url: str
    recordings: Callable[[str], Path]


# Called with the timer's subject and due time, at least once: idempotent.
TimerHandler: TypeAlias = Callable[[WorkContext, str, str], Awaitable[None]]
# Called with a stored report, at least once: idempotent.
ReportHandler: TypeAlias = Callable[[WorkContext, Report], Awaitable[None]]
