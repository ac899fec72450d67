"""The parameters that a rule pack may carry: their shapes, and which of two values is the stricter one.

A pack gives every parameter with its source and how far that source was seen. `read`: the official text was
read; `excerpt`: only a quotation was seen; `unchecked`: to be compared with the text before it is printed as
law; `policy`: no law at all, a choice of this product."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from draw.avoidance.rules import MAX_YEARS, PREDICATES, RULES_SHAPE
from draw.conduct import ACTS
from draw.invitation import LADDER_STEPS
from draw.model import DATE, ID, MAX_SEATS, TEXT
from draw.schema import Boolean, Integer, ListOf, ObjectOf, Shape, matching, one_of

STATUSES: Final = ("read", "excerpt", "unchecked", "policy")
MOMENTS: Final = ("invitation", "check_in", "room_start", "winner_fixed", "result_notice")
READERS: Final = ("expert", "committee", "site", "supervisor", "archive", "public")
CIRCUMSTANCES: Final = ("complex", "social_impact")
_MAX_BUDGET: Final = 10**15  # yuan
_MAX_HOURS: Final = 24 * 60
_MAX_POINTS: Final = 1000

Stricter = Callable[[Any, Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One parameter: its `shape`, whether an overlay's value is no looser than the base's, and if it may be
    absent. `optional` ones may be added by an overlay: absent means no bound; but for one that `grants`
    something absent means forbidden, and no overlay adds it.
    """

    shape: Shape
    tightens: Stricter
    optional: bool = False
    grants: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value with its source; `layer` is the id of the pack that gave it."""

    name: str
    value: Any
    source: str
    status: str
    layer: str
    note: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def citation(self) -> str:
        """The source as it is printed: everything that was not read in full says so."""
        return self.source if self.status == "read" else f"{self.source} [{self.status}]"


def _more(new: Any, old: Any) -> bool:
    return bool(new >= old)


def _less(new: Any, old: Any) -> bool:
    return bool(new <= old)


def _share(new: Any, old: Any) -> bool:
    return bool(new[0] * old[1] >= old[0] * new[1])


def _window(new: Any, old: Any) -> bool:
    """A window is stricter when it is of the same kind, no longer and has no more exemptions."""
    if old["kind"] == "none":
        return True
    same = new["kind"] == old["kind"] and new["amount"] <= old["amount"]
    return bool(same and old["remote_exempt"] >= new["remote_exempt"])


def _includes(new: Any, old: Any) -> bool:
    return all(item in new for item in old)


def _within(new: Any, old: Any) -> bool:
    return all(item in old for item in new)


def _never(new: Any, old: Any) -> bool:
    return bool(new == old)


_RULES: Final = RULES_SHAPE.members
_COMMITTEE: Final = ObjectOf({"min": Integer(1, MAX_SEATS)}).members
TIER_SHAPE: Final = ObjectOf(
    {
        "tier": Integer(0, 9),
        "when": one_of(*MOMENTS),
        "readers": ListOf(one_of(*READERS), len(READERS), low=1, unique=True),
    }
)
_REQUIRED_OVERLAY: Final = ObjectOf(
    {
        "overlay": ID,
        "budget_yuan": Integer(0, _MAX_BUDGET),
        "circumstances": ListOf(one_of(*CIRCUMSTANCES), len(CIRCUMSTANCES), unique=True),
    }
)
_YEARS: Final = Integer(0, MAX_YEARS)
_MINUTES: Final = Integer(0, 14 * 24 * 60)
_CONDUCT_RULE: Final = ObjectOf(
    {"act": one_of(*ACTS), "over_minutes": _MINUTES, "points": Integer(0, _MAX_POINTS)}
)
_CLOCK: Final = matching(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "committee.min": Kind(shape=_COMMITTEE["min"], tightens=_more),
        "committee.odd": Kind(shape=Boolean(), tightens=_more),
        "committee.expert_share": Kind(shape=ListOf(Integer(1, 1000), 2, low=2), tightens=_share),
        "owners_max": Kind(shape=Integer(0, MAX_SEATS), tightens=_less, optional=True),
        "qualification": Kind(shape=_RULES["qualification"], tightens=_never),
        "max_age": Kind(shape=Integer(1, MAX_YEARS), tightens=_less, optional=True),
        **{f"predicates.{code}": Kind(shape=_YEARS, tightens=_more, optional=True) for code in PREDICATES},
        "employer_cap": Kind(shape=_RULES["employer_cap"], tightens=_less),
        "anonymity.factor": Kind(shape=Integer(0, 1000), tightens=_more),
        "anonymity.bits": Kind(shape=Integer(0, 4096), tightens=_more),
        "publish": Kind(shape=_RULES["publish"], tightens=_never),
        "draw_window": Kind(
            shape=ObjectOf(
                {
                    "kind": one_of("none", "hours", "working_days"),
                    "amount": Integer(0, _MAX_HOURS),
                    "remote_exempt": Boolean(),
                }
            ),
            tightens=_window,
        ),
        "names_open": Kind(shape=ListOf(TIER_SHAPE, 10, low=1), tightens=_never),
        "avoid_units_alarm": Kind(shape=Integer(1, 1000), tightens=_less),
        "overlays_required": Kind(shape=ListOf(_REQUIRED_OVERLAY, 16), tightens=_includes, optional=True),
        # How experts are invited. A base that is silent on one of them can draw, and invites nobody.
        "invitation.reply_minutes": Kind(shape=Integer(1, 14 * 24 * 60), tightens=_more, optional=True),
        "invitation.quiet_hours": Kind(
            shape=ObjectOf({"from": _CLOCK, "to": _CLOCK}), tightens=_never, optional=True
        ),
        "invitation.leave_minutes": Kind(shape=_MINUTES, tightens=_less, optional=True),
        "invitation.grace_minutes": Kind(shape=_MINUTES, tightens=_more, optional=True),
        "invitation.travel_minutes": Kind(shape=_MINUTES, tightens=_more, optional=True),
        "invitation.reminders": Kind(
            shape=ObjectOf({"reply_minutes": _MINUTES, "arrival_minutes": _MINUTES}),
            tightens=_never,
            optional=True,
        ),
        "invitation.ladder": Kind(
            shape=ListOf(one_of(*LADDER_STEPS), len(LADDER_STEPS), unique=True),
            tightens=_never,
            optional=True,
        ),
        # Reason codes for which a committee's experts may be appointed without a draw.
        "appointment.direct": Kind(
            shape=ListOf(ID, 16, low=1, unique=True), tightens=_within, optional=True, grants=True
        ),
        # A local discipline scale: points deducted for an act by more than so many minutes.
        "conduct": Kind(shape=ListOf(_CONDUCT_RULE, 64, low=1), tightens=_never, optional=True),
    }
)

PARAMETER_SHAPE: Final[Mapping[str, Shape]] = {
    "source": TEXT,
    "status": one_of(*STATUSES),
}
HEADER_SHAPE: Final = ObjectOf(
    {
        "format": one_of("qt/1 rule-pack"),
        "id": ID,
        "version": TEXT,
        "kind": one_of("base", "overlay"),
        "bases": ListOf(ID, 16, unique=True),
        "effective_from": DATE,
        "title": ObjectOf({"zh": TEXT, "en": TEXT}),
        "overlays_may_set": ListOf(one_of(*KINDS), len(KINDS), unique=True),
    }
)
