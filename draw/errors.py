"""Errors of the draw, one family.

    DrawError
    ├── SelectionError     selection, streams and seeds: a malformed problem, or no panel
    ├── FeasibilityError   a question that contradicts itself (an infeasible request is an answer)
    ├── SnapshotError      pool snapshots
    ├── EntryError         log entries: malformed, badly signed or out of order
    ├── RecordError        the Sealed Draw Record and what is proved about it: refused or inconsistent
    ├── LifecycleError     a step out of order: an event for an empty seat, a number used twice
    ├── RulesError         rule packs and rule ids
    ├── RosterError        the sealed roster: custodians, shares, openings
    └── AppointmentError   members who were not drawn: a document or a record that does not fit

The words are those of the domain; how a transport shows them is not known here. The text of an error is its
code: `details` may hold counts, limits and positions, never a person's name, phone or identity number."""


class DrawError(Exception):
    """A refusal by the draw. `code` is stable and dotted; `details` are the figures behind it."""

    def __init__(self, code: str, /, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details: dict[str, object] = dict(details)


class SelectionError(DrawError):
    """The selection rule, its streams or its seeds were given something they refuse."""


class FeasibilityError(DrawError):
    """The description of cells and employers contradicts the problem."""


class SnapshotError(DrawError):
    """A pool snapshot is missing, stale or does not match its commitment."""


class EntryError(DrawError):
    """A log entry is malformed, wrongly signed or out of order."""


class RecordError(DrawError):
    """A draw may not be sealed as asked, or its parts contradict the sealed record."""


class LifecycleError(DrawError):
    """A step that the present state of the draw does not allow."""


class RulesError(DrawError):
    """An unknown or unusable rule."""


class RosterError(DrawError):
    """A sealed roster, a share of its key or a wish to open it is not what it should be."""


class AppointmentError(DrawError):
    """The document or the record of an appointment is not what it should be."""
