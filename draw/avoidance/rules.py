"""The resolved rules of a draw: the public object whose digest stands in the record (draw-proof §4).

Plain values with an exact JSON form. Where they come from (TOML packs and overlays) is
`draw.avoidance.layers`; what they do to an expert is `draw.avoidance.engine`; what they do to a request is
`draw.avoidance.requests`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from crypto.canonical import JsonValue
from draw.errors import RulesError
from draw.model import DATE, FIELDS, HEX32, ID, MAX_CAP, MAX_SEATS, TEXT
from draw.schema import Boolean, Choice, Integer, ListOf, Nullable, ObjectOf, checked, one_of

TITLES: Final = ("senior", "associate", "intermediate", "none")
PREDICATES: Final = tuple(f"K{number}" for number in range(1, 15))
MAX_YEARS: Final = 99
_TITLE: Final = one_of(*TITLES)

RULES_SHAPE: Final = ObjectOf(
    {
        "id": ID,
        "version": TEXT,
        "effective_from": DATE,
        "effective_to": Nullable(DATE),
        "layers": ListOf(ObjectOf({"id": ID, "version": TEXT, "digest": HEX32}), 16, low=1),
        "committee": ObjectOf(
            {
                "min": Integer(1, MAX_SEATS),
                "odd": Boolean(),
                "expert_share": ListOf(Integer(0, 1000), 2, low=2),
            }
        ),
        "owners_max": Nullable(Integer(0, MAX_SEATS)),
        "qualification": ListOf(
            ObjectOf(
                {"titles": ListOf(_TITLE, len(TITLES), unique=True), "practice_years": Integer(0, MAX_YEARS)}
            ),
            16,
        ),
        "max_age": Nullable(Integer(1, MAX_YEARS)),
        "predicates": ListOf(
            ObjectOf(
                {"code": Choice(frozenset(PREDICATES)), "years": Integer(0, MAX_YEARS), "citation": TEXT}
            ),
            len(PREDICATES),
        ),
        "employer_cap": Integer(1, MAX_CAP),
        "anonymity": ObjectOf({"factor": Integer(0, 1000), "bits": Integer(0, 4096)}),
        "publish": ListOf(Choice(frozenset(FIELDS)), len(FIELDS), unique=True),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One TOML file behind the rules; `digest` is SHA-256 of its bytes."""

    id: str
    version: str
    digest: str

    def to_json(self) -> dict[str, JsonValue]:
        """`{"id", "version", "digest"}`."""
        return {"id": self.id, "version": self.version, "digest": self.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitteeRule:
    """Least size, whether the size is odd, and the least share of experts as a fraction (num, den)."""

    minimum: int
    odd: bool
    expert_share: tuple[int, int]

    def to_json(self) -> dict[str, JsonValue]:
        """`{"min", "odd", "expert_share"}`."""
        return {"min": self.minimum, "odd": self.odd, "expert_share": list(self.expert_share)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One way to be qualified: one of the titles with that many years of practice."""

    titles: tuple[str, ...]
    practice_years: int

    def to_json(self) -> dict[str, JsonValue]:
        """`{"titles", "practice_years"}`."""
        return {"titles": list(self.titles), "practice_years": self.practice_years}


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """An avoidance rule K1–K14 that counts, how many years it looks back, and its source."""

    code: str
    years: int
    citation: str

    def to_json(self) -> dict[str, JsonValue]:
        """`{"code", "years", "citation"}`."""
        return {"code": self.code, "years": self.years, "citation": self.citation}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymityRule:
    """The gate: a stratum has at least `factor` experts per seat and C(m, k) ≥ 2^bits."""

    factor: int
    bits: int

    def to_json(self) -> dict[str, JsonValue]:
        """`{"factor", "bits"}`."""
        return {"factor": self.factor, "bits": self.bits}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The resolved rule pack. The digest H("qt/1 rules", C(to_json())) binds a draw to it."""

    id: str
    version: str
    effective_from: str
    effective_to: str | None
    layers: tuple[Layer, ...]
    committee: CommitteeRule
    owners_max: int | None
    qualification: tuple[Alternative, ...]
    max_age: int | None
    predicates: tuple[Predicate, ...]
    employer_cap: int
    anonymity: AnonymityRule
    publish: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """The rules object of draw-proof §4."""
        return {
            "id": self.id,
            "version": self.version,
            "effective_from": self.effective_from,
            "effective_to": self.effective_to,
            "layers": [layer.to_json() for layer in self.layers],
            "committee": self.committee.to_json(),
            "owners_max": self.owners_max,
            "qualification": [way.to_json() for way in self.qualification],
            "max_age": self.max_age,
            "predicates": [predicate.to_json() for predicate in self.predicates],
            "employer_cap": self.employer_cap,
            "anonymity": self.anonymity.to_json(),
            "publish": list(self.publish),
        }

    @classmethod
    def from_json(cls, value: object) -> "Rules":
        """Read rules.

        Raises RulesError("rules.faults", faults=(SchemaFault, …)), RulesError("rules.share") and
        RulesError("rules.predicate_order").
        """
        data = checked(RULES_SHAPE, value, RulesError, "rules.faults")
        committee = data["committee"]
        share, den = committee["expert_share"]
        if den == 0 or share > den:
            raise RulesError("rules.share")
        numbers = [PREDICATES.index(item["code"]) for item in data["predicates"]]
        if any(left >= right for left, right in pairwise(numbers)):
            raise RulesError("rules.predicate_order")
        plain = ("id", "version", "effective_from", "effective_to", "owners_max", "max_age", "employer_cap")
        return cls(
            **{name: data[name] for name in plain},
            layers=tuple(Layer(**item) for item in data["layers"]),
            committee=CommitteeRule(
                minimum=committee["min"], odd=committee["odd"], expert_share=(share, den)
            ),
            qualification=tuple(
                Alternative(titles=tuple(item["titles"]), practice_years=item["practice_years"])
                for item in data["qualification"]
            ),
            predicates=tuple(Predicate(**item) for item in data["predicates"]),
            anonymity=AnonymityRule(**data["anonymity"]),
            publish=tuple(data["publish"]),
        )
