"""Errors of the application, one family.

    AppError
    ├── InputRefusedError    what was sent cannot be used; carries every fault found, not only the first
    ├── NotFoundError        no such thing, or not for this caller
    ├── ConflictError        the present state does not allow it
    │   └── WriteConflictError    another writer was first; the whole transaction may be retried
    │       └── LogConflictError  another writer appended to the log first; likewise
    ├── AccessRefusedError   who asks may not do this
    ├── QuorumMissingError   the cosigners of the log did not all sign: nothing was acknowledged
    ├── LogCorruptError      the stored log contradicts itself or its cosigners
    └── CipherError          a sealed field does not open

Codes are stable and dotted. Details hold counts, limits and ids of projects or draws, never anything about a
person. HTTP is not known here; `app.api.problems` holds the one table from code to answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an input: stable code, JSON pointer (RFC 6901) and figures for the text.

    `zh` and `en` are set when whoever found the fault has the words, with the source in `basis`; else the
    edge knows them by the code. An `alarm` is worth telling and stops nothing. `within` is a pointer into the
    registered project where `pointer` can only name that project.
    """

    code: str
    pointer: str = ""
    figures: dict[str, object] = field(default_factory=dict)
    zh: str = ""
    en: str = ""
    basis: str = ""
    alarm: bool = False
    within: str = ""


class AppError(Exception):
    """A refusal by the application. `str()` is the code: texts for people are made at the edge."""

    def __init__(self, code: str, /, **details: object) -> None:
        """`code` is ``area.reason``; `details` must hold no secret and nothing personal."""
        super().__init__(code)
        self.code = code
        self.details: dict[str, object] = dict(details)


class InputRefusedError(AppError):
    """The input cannot be used; `faults` lists everything wrong with it (一次性告知)."""

    def __init__(self, code: str, faults: Sequence[Fault], /, **details: object) -> None:
        """`faults` is not empty; their order is that of the document."""
        super().__init__(code, **details)
        self.faults = tuple(faults)


class NotFoundError(AppError):
    """There is no such thing, or none that this caller may know of."""


class ConflictError(AppError):
    """The present state does not allow the step."""


class WriteConflictError(ConflictError):
    """Another writer changed the same row first; the transaction is void and may be retried whole."""


class LogConflictError(WriteConflictError):
    """Another writer appended to the log first; the transaction is void and may be retried whole."""


class AccessRefusedError(AppError):
    """The caller is unknown, or may not do this."""


class QuorumMissingError(AppError):
    """Not every required cosigner signed the checkpoint: nothing is acknowledged."""


class LogCorruptError(AppError):
    """The stored log contradicts its own hashes, its checkpoints or what a cosigner has already signed."""


class CipherError(AppError):
    """A sealed field does not open under its key and place."""
