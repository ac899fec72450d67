"""The worker: which job a timer or a report starts, and the loop that starts them.

HANDLERS (timer kind → job) and REPORT_HANDLERS (report kind → job) are the whole wiring; jobs are called at
least once and are idempotent.
"""

from collections.abc import Mapping
from typing import Final

from app.usecases.delivery.work import ReportHandler, TimerHandler

HANDLERS: Final[Mapping[str, TimerHandler]] = {}
REPORT_HANDLERS: Final[Mapping[str, tuple[ReportHandler, ...]]] = {}
