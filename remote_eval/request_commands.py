"""Commands about requests of a room: entries and who came in by them, outside calls, cameras not recorded.

They are commands like those of `remote_eval.commands`, which hands them on; docs/spec/signalling.md §4.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final

# Minutes that somebody who is let in may stay when nobody asked for others: policy, not law.
ENTRY_MINUTES: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAsk:
    """Somebody has to enter a zone during the evaluation (R20), for at most `minutes`."""

    type: ClassVar[str] = "entry-ask"
    whom: str
    zone: str
    reason: str = field(repr=False)
    minutes: int = ENTRY_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAsk:
    """A member of the committee has to speak with the outside (R30)."""

    type: ClassVar[str] = "contact-ask"
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agree:
    """`consent`: the deciding half of a request."""

    type: ClassVar[str] = "consent"
    request: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """`deny`: one no ends a request."""

    type: ClassVar[str] = "deny"
    request: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactBegin:
    """The outside call begins on the recorded telephone."""

    type: ClassVar[str] = "contact-begin"
    request: str
    recording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEnd:
    """The outside call has ended."""

    type: ClassVar[str] = "contact-end"
    request: str
    recording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitIn:
    """`visit-in`: somebody came in: by the consent of `request`, or without any as far as the rest tells."""

    type: ClassVar[str] = "visit-in"
    request: str | None = None
    whom: str | None = None
    zone: str | None = None
    site: str | None = None
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOut:
    """`visit-out`: somebody who was inside has left."""

    type: ClassVar[str] = "visit-out"
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrecordedAsk:
    """`unrecorded-ask`: a room camera is to be off for a classified purpose (R26), for `minutes`."""

    type: ClassVar[str] = "unrecorded-ask"
    camera: str
    minutes: int
    reason: str = field(repr=False)
