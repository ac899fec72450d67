"""Errors of remote evaluation, one family.

    EvaluationError
    ├── ArrivalError    a step of an arrival that its state or its needs do not allow
    ├── BookingError    an order or a decision that a booking's state does not allow, or a time that is none
    ├── SeatingError    a seat order that cannot be made from what was given
    ├── LedgerError     a site ledger that does not hold together
    ├── RoomError       an act that a room's phase, its isolation matrix or its timers do not allow
    ├── SignallingError a message of a client that breaks the protocol
    ├── MediaError      an offer, a call or a packet that the media plane refuses
    ├── RecordingError  a recording that does not hold together, or cannot be made
    ├── CaseError       a step of a case that its state does not allow, or a document that is none
    └── PreservationError   acts on a room's recordings that contradict one another

Codes are stable and dotted. Details hold states, needs and numbers, never anything about a person.
"""


class EvaluationError(Exception):
    """A refusal by remote evaluation. `str()` is the code."""

    def __init__(self, code: str, /, **details: object) -> None:
        """`code` is ``area.reason``; `details` must hold no secret and nothing personal."""
        super().__init__(code)
        self.code = code
        self.details: dict[str, object] = dict(details)


class ArrivalError(EvaluationError):
    """``arrival.state``, ``arrival.transition`` or ``arrival.needs``."""


class BookingError(EvaluationError):
    """``booking.…``: see `remote_eval.booking` and `remote_eval.slots`."""


class SeatingError(EvaluationError):
    """``seating.seed``, ``seating.count`` or ``seating.seats``."""


class LedgerError(EvaluationError):
    """``ledger.number``, ``ledger.previous``, ``ledger.hash``, ``ledger.head`` or ``ledger.detail``."""


class RoomError(EvaluationError):
    """``room.…``: see `remote_eval.room`, `remote_eval.isolation` and `remote_eval.outage`."""


class SignallingError(EvaluationError):
    """``signal.…``: see docs/spec/signalling.md."""


class MediaError(EvaluationError):
    """``media.…``: see `remote_eval.media.engine`."""


class RecordingError(EvaluationError):
    """``recording.…``: see docs/spec/recording.md."""


class CaseError(EvaluationError):
    """``case.…``: see `remote_eval.case_file`."""


class PreservationError(EvaluationError):
    """``preservation.acts``: see `remote_eval.preservation`."""
