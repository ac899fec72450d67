"""The values of a draw: expert records, the case, the request's parameters (draw-proof §3–§5).

Each class mirrors one JSON object of the specification. `to_json` gives exactly that object; `from_json`
takes nothing else and answers a malformed value with every fault at once, as JSON pointers without values.
JSON members `from` and `to` are the attributes `since` and `until`, `min` and `max` are `minimum` and
`maximum`. Constructors check nothing, so that a faulty request can be looked at as a whole; whether a request
makes sense is `draw.avoidance.requests`.
"""

from dataclasses import dataclass
from typing import Any, Final

from crypto.canonical import JsonValue
from draw.errors import RulesError, SnapshotError
from draw.schema import (
    Boolean,
    Integer,
    ListOf,
    Nullable,
    ObjectOf,
    Text,
    checked,
    is_date,
    is_text,
    is_time,
    matching,
    one_of,
)

MAX_LIST: Final = 64  # members of any list of an expert record
MAX_STRATA: Final = 16
MAX_SITES: Final = 16
MAX_SEATS: Final = 99
MAX_CAP: Final = 99
# The case: bounds of this producer, far above real tenders.
MAX_BIDDERS: Final = 1_000
MAX_CASE_ORGS: Final = 1_000
MAX_PREPARERS: Final = 10_000
MAX_ENGAGEMENTS: Final = 1_000_000

ID: Final = matching(r"[a-z0-9][a-z0-9_.:-]{0,63}")
HEX32: Final = matching(r"[0-9a-f]{64}")
ORG: Final = matching(r"[a-z0-9]{2,16}:[A-Za-z0-9._-]{1,64}")
CODE: Final = matching(r"[A-C](?:[0-9]{2}){0,3}")
REGION: Final = matching(r"[0-9]{6}")
REGION_PREFIX: Final = matching(r"[0-9]{1,6}")
TEXT: Final = Text(is_text)
DATE: Final = Text(is_date)
TIME: Final = Text(is_time)
_SPAN: Final = {"from": Nullable(DATE), "to": Nullable(DATE)}
_TIMES: Final = ObjectOf({"from": TIME, "to": TIME})

RECORD_SHAPE: Final = ObjectOf(
    {
        "id": ID,
        "person": HEX32,
        "name": TEXT,
        "employers": ListOf(
            ObjectOf(
                {
                    "org": ORG,
                    "role": one_of("staff", "director", "supervisor", "controller", "shareholder"),
                    **_SPAN,
                }
            ),
            MAX_LIST,
        ),
        "specialties": ListOf(CODE, MAX_LIST),
        "region": REGION,
        "title": one_of("senior", "associate", "intermediate", "none"),
        "practice_from": DATE,
        "birth": DATE,
        "status": one_of("active", "suspended", "withdrawn"),
        "valid_from": DATE,
        "valid_to": Nullable(DATE),
        "interests": ListOf(
            ObjectOf({"org": ORG, "kind": one_of("kin", "holding", "economic"), **_SPAN}), MAX_LIST
        ),
        "duties": ListOf(
            ObjectOf({"org": ORG, "kind": one_of("authority", "supervision", "finance"), **_SPAN}), MAX_LIST
        ),
        "sanctions": ListOf(ObjectOf({"kind": one_of("bidding_offence", "misconduct"), **_SPAN}), MAX_LIST),
        "absences": ObjectOf({"changed": TIME, "leave": ListOf(ObjectOf(_SPAN), MAX_LIST)}),
    }
)
FIELDS: Final[tuple[str, ...]] = tuple(RECORD_SHAPE.members)

CASE_SHAPE: Final = ObjectOf(
    {
        "project": ID,
        "section": ID,
        "tenderee": ORG,
        "agency": ORG,
        "authorities": ListOf(ORG, MAX_CASE_ORGS),
        "bidders": ListOf(
            ObjectOf({"id": ID, "withdrawn": Boolean(), "orgs": ListOf(ORG, MAX_LIST)}), MAX_BIDDERS
        ),
        "groups": ListOf(ListOf(ORG, MAX_CASE_ORGS), MAX_CASE_ORGS),
        "avoid_units": ListOf(ObjectOf({"org": ORG, "reason": TEXT}), MAX_CASE_ORGS),
        "prepared_by": ListOf(HEX32, MAX_PREPARERS),
        "engagements": ListOf(ObjectOf({"expert": ID, "from": TIME, "to": TIME}), MAX_ENGAGEMENTS),
        "evaluation": _TIMES,
    }
)

_COMMITTEE: Final = ObjectOf(
    {"experts": Integer(1, MAX_SEATS), "seated": Integer(0, MAX_SEATS), "owners": Integer(0, MAX_SEATS)}
)
_STRATUM: Final = ObjectOf(
    {"id": ID, "prefixes": ListOf(CODE, MAX_LIST, unique=True), "seats": Integer(1, MAX_SEATS)}
)
_SITE: Final = ObjectOf(
    {
        "id": ID,
        "regions": ListOf(REGION_PREFIX, MAX_LIST, unique=True),
        "min": Integer(0),
        "max": Integer(0),
    }
)
PARAMETERS_SHAPE: Final = ObjectOf(
    {
        "rule": one_of("uniform/1"),
        "committee": _COMMITTEE,
        "strata": ListOf(_STRATUM, MAX_STRATA, low=1),
        "sites": ListOf(_SITE, MAX_SITES, low=1),
        "cap": Integer(1, MAX_CAP),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Leave:
    """Days away, `since` to `until` inclusive; None is unbounded."""

    since: str | None
    until: str | None

    def to_json(self) -> dict[str, JsonValue]:
        """`{"from", "to"}`."""
        return {"from": self.since, "to": self.until}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Employment:
    """Work for, or control of, `org` in a `role`."""

    org: str
    role: str
    since: str | None
    until: str | None

    def to_json(self) -> dict[str, JsonValue]:
        """`{"org", "role", "from", "to"}`."""
        return {"org": self.org, "role": self.role, "from": self.since, "to": self.until}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Interest:
    """Kinship, a holding or another economic interest in `org`."""

    org: str
    kind: str
    since: str | None
    until: str | None

    def to_json(self) -> dict[str, JsonValue]:
        """`{"org", "kind", "from", "to"}`."""
        return {"org": self.org, "kind": self.kind, "from": self.since, "to": self.until}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Duty:
    """A post in an authority, a supervising body or procurement finance."""

    org: str
    kind: str
    since: str | None
    until: str | None

    def to_json(self) -> dict[str, JsonValue]:
        """`{"org", "kind", "from", "to"}`."""
        return {"org": self.org, "kind": self.kind, "from": self.since, "to": self.until}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sanction:
    """A punishment of a `kind`, in effect `since` to `until`."""

    kind: str
    since: str | None
    until: str | None

    def to_json(self) -> dict[str, JsonValue]:
        """`{"kind", "from", "to"}`."""
        return {"kind": self.kind, "from": self.since, "to": self.until}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Absences:
    """When the record last changed (time), and the expert's leave."""

    changed: str
    leave: tuple[Leave, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """`{"changed", "leave"}`."""
        return {"changed": self.changed, "leave": [leave.to_json() for leave in self.leave]}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExpertRecord:
    """One expert of the pool: the sixteen fields of draw-proof §3, in their order."""

    id: str
    person: str
    name: str
    employers: tuple[Employment, ...]
    specialties: tuple[str, ...]
    region: str
    title: str
    practice_from: str
    birth: str
    status: str
    valid_from: str
    valid_to: str | None
    interests: tuple[Interest, ...]
    duties: tuple[Duty, ...]
    sanctions: tuple[Sanction, ...]
    absences: Absences

    def to_json(self) -> dict[str, JsonValue]:
        """The sixteen members, in the order of FIELDS."""
        return {
            "id": self.id,
            "person": self.person,
            "name": self.name,
            "employers": [item.to_json() for item in self.employers],
            "specialties": list(self.specialties),
            "region": self.region,
            "title": self.title,
            "practice_from": self.practice_from,
            "birth": self.birth,
            "status": self.status,
            "valid_from": self.valid_from,
            "valid_to": self.valid_to,
            "interests": [item.to_json() for item in self.interests],
            "duties": [item.to_json() for item in self.duties],
            "sanctions": [item.to_json() for item in self.sanctions],
            "absences": self.absences.to_json(),
        }

    @classmethod
    def from_json(cls, value: object) -> "ExpertRecord":
        """Read one record. Raises SnapshotError("record.faults", faults=(SchemaFault, …))."""
        data = checked(RECORD_SHAPE, value, SnapshotError, "record.faults")
        absences = data["absences"]
        return cls(
            **{name: data[name] for name in _PLAIN},
            employers=tuple(_spanned(Employment, item) for item in data["employers"]),
            specialties=tuple(data["specialties"]),
            interests=tuple(_spanned(Interest, item) for item in data["interests"]),
            duties=tuple(_spanned(Duty, item) for item in data["duties"]),
            sanctions=tuple(_spanned(Sanction, item) for item in data["sanctions"]),
            absences=Absences(
                changed=absences["changed"], leave=tuple(_spanned(Leave, item) for item in absences["leave"])
            ),
        )


_NESTED: Final = frozenset(
    {"employers", "specialties", "interests", "duties", "sanctions", "absences"}
)  # the fields that are not one string or null
_PLAIN: Final = tuple(name for name in FIELDS if name not in _NESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Two times, `since` to `until` inclusive."""

    since: str
    until: str

    def to_json(self) -> dict[str, JsonValue]:
        """`{"from", "to"}`."""
        return {"from": self.since, "to": self.until}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Engagement:
    """Another evaluation that the expert with this id is bound to."""

    expert: str
    since: str
    until: str

    def to_json(self) -> dict[str, JsonValue]:
        """`{"expert", "from", "to"}`."""
        return {"expert": self.expert, "from": self.since, "to": self.until}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bidder:
    """A bidder with every consortium member in `orgs`. One that withdrew stays in the case."""

    id: str
    withdrawn: bool
    orgs: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """`{"id", "withdrawn", "orgs"}`."""
        return {"id": self.id, "withdrawn": self.withdrawn, "orgs": list(self.orgs)}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AvoidUnit:
    """A unit the tenderee names for avoidance 回避单位, with its reason."""

    org: str
    reason: str

    def to_json(self) -> dict[str, JsonValue]:
        """`{"org", "reason"}`."""
        return {"org": self.org, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Case:
    """What the rules need and the public must not see (draw-proof §4)."""

    project: str
    section: str
    tenderee: str
    agency: str
    authorities: tuple[str, ...]
    bidders: tuple[Bidder, ...]
    groups: tuple[tuple[str, ...], ...]
    avoid_units: tuple[AvoidUnit, ...]
    prepared_by: tuple[str, ...]
    engagements: tuple[Engagement, ...]
    evaluation: Interval

    def to_json(self) -> dict[str, JsonValue]:
        """The object that `H("qt/1 case", salt, C(case))` commits to."""
        return {
            "project": self.project,
            "section": self.section,
            "tenderee": self.tenderee,
            "agency": self.agency,
            "authorities": list(self.authorities),
            "bidders": [item.to_json() for item in self.bidders],
            "groups": [list(group) for group in self.groups],
            "avoid_units": [item.to_json() for item in self.avoid_units],
            "prepared_by": list(self.prepared_by),
            "engagements": [item.to_json() for item in self.engagements],
            "evaluation": self.evaluation.to_json(),
        }

    @classmethod
    def from_json(cls, value: object) -> "Case":
        """Read a case. Raises SnapshotError("case.faults", faults=(SchemaFault, …))."""
        data = checked(CASE_SHAPE, value, SnapshotError, "case.faults")
        return cls(
            **{name: data[name] for name in ("project", "section", "tenderee", "agency")},
            authorities=tuple(data["authorities"]),
            bidders=tuple(Bidder(**{**item, "orgs": tuple(item["orgs"])}) for item in data["bidders"]),
            groups=tuple(tuple(group) for group in data["groups"]),
            avoid_units=tuple(AvoidUnit(**item) for item in data["avoid_units"]),
            prepared_by=tuple(data["prepared_by"]),
            engagements=tuple(_spanned(Engagement, item) for item in data["engagements"]),
            evaluation=_spanned(Interval, data["evaluation"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """Members of the committee: the experts to be drawn, those `seated` by the rounds before who go on (a
    top-up 补抽; otherwise 0), and the owner's representatives."""

    experts: int
    seated: int = 0
    owners: int

    @property
    def members(self) -> int:
        """Everybody on the committee."""
        return self.experts + self.seated + self.owners

    def to_json(self) -> dict[str, JsonValue]:
        """`{"experts", "seated", "owners"}`."""
        return {"experts": self.experts, "seated": self.seated, "owners": self.owners}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """A specialty group 专业组: code prefixes and the seats it fills."""

    id: str
    prefixes: tuple[str, ...]
    seats: int

    def to_json(self) -> dict[str, JsonValue]:
        """`{"id", "prefixes", "seats"}`."""
        return {"id": self.id, "prefixes": list(self.prefixes), "seats": self.seats}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteQuota:
    """A site 场地: region prefixes and how many members sit there."""

    id: str
    regions: tuple[str, ...]
    minimum: int
    maximum: int

    def to_json(self) -> dict[str, JsonValue]:
        """`{"id", "regions", "min", "max"}`."""
        return {"id": self.id, "regions": list(self.regions), "min": self.minimum, "max": self.maximum}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawParameters:
    """The public parameters of a request, as they stand in the Sealed Draw Record (draw-proof §5)."""

    rule: str
    committee: Committee
    strata: tuple[Stratum, ...]
    sites: tuple[SiteQuota, ...]
    cap: int

    @property
    def seats(self) -> int:
        """Seats of all strata."""
        return sum(stratum.seats for stratum in self.strata)

    def to_json(self) -> dict[str, JsonValue]:
        """The five members as they stand in the Sealed Draw Record."""
        return {
            "rule": self.rule,
            "committee": self.committee.to_json(),
            "strata": [stratum.to_json() for stratum in self.strata],
            "sites": [site.to_json() for site in self.sites],
            "cap": self.cap,
        }

    @classmethod
    def from_json(cls, value: object) -> "DrawParameters":
        """Read parameters.

        Raises RulesError("parameters.faults", faults=(SchemaFault, …)), and RulesError("parameters.seats")
        above 99 seats.
        """
        data = checked(PARAMETERS_SHAPE, value, RulesError, "parameters.faults")
        read = cls(
            rule=data["rule"],
            committee=Committee(**data["committee"]),
            strata=tuple(Stratum(**{**item, "prefixes": tuple(item["prefixes"])}) for item in data["strata"]),
            sites=tuple(_site(item) for item in data["sites"]),
            cap=data["cap"],
        )
        if read.seats > MAX_SEATS:
            raise RulesError("parameters.seats", seats=read.seats, limit=MAX_SEATS)
        return read


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules say of one expert; `site` and `strata` are indices in request order.

    Out of scope when there is no site or no stratum; `reasons` is empty then, and the expert is not eligible.
    """

    site: int | None
    strata: tuple[int, ...]
    reasons: tuple[str, ...]

    @property
    def in_scope(self) -> bool:
        """Whether the expert has a site and a stratum."""
        return self.site is not None and bool(self.strata)

    @property
    def eligible(self) -> bool:
        """In scope and without a reason."""
        return self.in_scope and not self.reasons


def _site(item: dict[str, Any]) -> SiteQuota:
    return SiteQuota(id=item["id"], regions=tuple(item["regions"]), minimum=item["min"], maximum=item["max"])


def _spanned(kind: Any, item: dict[str, Any]) -> Any:
    """`kind` from a checked object with `from` and `to`."""
    rest = {name: value for name, value in item.items() if name not in ("from", "to")}
    return kind(since=item["from"], until=item["to"], **rest)
