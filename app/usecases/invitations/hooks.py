"""What the worker calls: jobs by timer kind, and by the kind of a gateway's report. Wired in `app.worker`."""

from collections.abc import Mapping
from typing import Final

from app.usecases.delivery.work import ReportHandler, TimerHandler
from app.usecases.invitations import deadlines, keypad, timing, vacancies

TIMERS: Final[Mapping[str, TimerHandler]] = {
    timing.REPLY_BY: deadlines.reply_by,
    timing.REMIND_REPLY: deadlines.remind_reply,
    timing.ARRIVE_BY: deadlines.arrive_by,
    timing.REMIND_ARRIVAL: deadlines.remind_arrival,
    timing.CALL_LATE: deadlines.call_late,
    timing.VACANCIES: vacancies.work,
}
REPORTS: Final[Mapping[str, tuple[ReportHandler, ...]]] = {
    "handed": (keypad.handed_over,),
    "delivered": (keypad.handed_over,),
    "heard": (keypad.heard,),
    "keys": (keypad.heard,),
    "answer": (keypad.answered,),
    "invalid_number": (keypad.unreachable,),
}
