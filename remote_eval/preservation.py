"""What becomes of a closed room's recordings: terms, holds, checks of every byte, deletion (R25, R27, R38).

A room's acts are numbered, appended and never changed; `fold` gives what has come of them. Nothing is deleted
before the term of its class, while somebody holds it, while a case froze it, while an incident is open or the
archive is not sealed; a deletion is proposed by one person and approved by another. Terms come from the room
pack. Who may act, storing, logging and the deleting itself are elsewhere. All times are arguments.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from crypto.canonical import JsonValue, canonical
from remote_eval.errors import PreservationError

# Classes of recordings: the evaluation itself with everybody in it, and areas that are open to all.
EVALUATION: Final = "evaluation"
PUBLIC: Final = "public"
CLASSES: Final = (EVALUATION, PUBLIC)
# Of every other zone, and of what nobody can place, the longer term holds.
PUBLIC_ZONES: Final = frozenset({"check-in", "waiting"})
_MONTHS: Final = 12

HOLD: Final = "hold"
RELEASE: Final = "release"
CHECK: Final = "check"
INCIDENT: Final = "incident"
CLOSURE: Final = "closure"
PROPOSAL: Final = "proposal"
REFUSAL: Final = "refusal"
APPROVAL: Final = "approval"
DELETION: Final = "deletion"
KINDS: Final = (HOLD, RELEASE, CHECK, INCIDENT, CLOSURE, PROPOSAL, REFUSAL, APPROVAL, DELETION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Months that each class is kept at least, days between two checks, and the rule that says so."""

    months: Mapping[str, int]
    check_days: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act. `subject`: the id of the hold, incident or deletion that it is about; `body`: facts."""

    number: int
    kind: str
    at: str
    actor: str
    subject: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Course:
    """What has come of a room's acts; holds, incidents and proposals are those that are open, by id."""

    holds: dict[str, Act] = field(default_factory=dict)
    incidents: dict[str, Act] = field(default_factory=dict)
    proposals: dict[str, Act] = field(default_factory=dict)
    approved: dict[str, Act] = field(default_factory=dict)
    deleted: dict[str, Act] = field(default_factory=dict)
    checked: Act | None = None

    @property
    def gone(self) -> frozenset[str]:
        """Names of files that were deleted by approval, or are about to be."""
        return self.erased | _files(self.approved.values())

    @property
    def erased(self) -> frozenset[str]:
        """Names of files that were deleted."""
        return _files(self.deleted.values())

    def asked(self, klass: str) -> bool:
        """Whether a deletion of this class is proposed and not decided."""
        return any(one.body["class"] == klass for one in self.proposals.values())


def _files(acts: Iterable[Act]) -> frozenset[str]:
    return frozenset(name for one in acts for name in one.body["files"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a deletion depends on besides the acts: the term's end, cases, sealed parts, and what is left."""

    until: str
    now: str
    cases: int
    sealed: bool
    files: Sequence[str]


def class_of(zone: str | None) -> str:
    """The class of what is recorded in a zone of a venue; None: nobody's, as a mixed voice."""
    return PUBLIC if zone in PUBLIC_ZONES else EVALUATION


def kept_until(closed_at: datetime, months: int) -> datetime:
    """So many calendar months later; a day that the month does not have is its last one."""
    year, month = divmod(closed_at.year * _MONTHS + closed_at.month - 1 + months, _MONTHS)
    day = min(closed_at.day, monthrange(year, month + 1)[1])
    return closed_at.replace(year=year, month=month + 1, day=day)


def fold(acts: Iterable[Act]) -> Course:
    """What these acts have come to, in their order. Raises PreservationError ``preservation.acts``."""
    course = Course()
    for expected, act in enumerate(acts, start=1):
        if act.number != expected:
            raise PreservationError("preservation.acts", number=expected)
        _take(course, act)
    return course


def _take(course: Course, act: Act) -> None:
    if act.kind == CHECK:
        course.checked = act
        return
    ends, begins = {
        HOLD: (None, course.holds),
        RELEASE: (course.holds, None),
        INCIDENT: (None, course.incidents),
        CLOSURE: (course.incidents, None),
        PROPOSAL: (None, course.proposals),
        REFUSAL: (course.proposals, None),
        APPROVAL: (course.proposals, course.approved),
        DELETION: (course.approved, course.deleted),
    }[act.kind]
    subject = act.subject or ""
    if (ends is not None and ends.pop(subject, None) is None) or (begins is not None and subject in begins):
        raise PreservationError("preservation.acts", number=act.number)
    if begins is not None:
        begins[subject] = act


def obstacles(course: Course, klass: str, found: Circumstances) -> list[str]:
    """Everything that forbids a deletion of this class now, as codes; empty when nothing does."""
    every = {
        "preservation.term": found.now < found.until,
        "preservation.held": bool(course.holds),
        "preservation.case": found.cases > 0,
        "preservation.incident": bool(course.incidents),
        "preservation.unsealed": not found.sealed,
        "preservation.nothing": not set(found.files) - course.gone,
        "preservation.asked": course.asked(klass),
    }
    return [code for code, holds in every.items() if holds]


def waits(course: Course, cases: int) -> bool:
    """Whether a deletion that was approved is not carried out yet: what came after it beats it as well."""
    return bool(course.holds or course.incidents or cases)


def certificate(
    *,
    room: str,
    deletion: str,
    klass: str,
    until: str,
    rule: str,
    proposed: Act,
    approved_by: str,
    at: str,
    words: str,
    files: Sequence[Mapping[str, JsonValue]],
) -> bytes:
    """The document of a deletion, canonical JSON: what goes, by which rule and whose word. `words` is the
    salted digest of the reason, hex32; `files` are entries of the manifests: name, track, bytes, head.
    """
    return canonical(
        {
            "format": "qt/1 recording-deletion",
            "room": room,
            "deletion": deletion,
            "class": klass,
            "kept_until": until,
            "rule": rule,
            "proposed": {"by": proposed.actor, "at": proposed.at},
            "approved": {"by": approved_by, "at": at},
            "reason": words,
            "files": [dict(one) for one in files],
        }
    )
