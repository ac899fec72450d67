"""Draw parameters read as far as they can be: what is malformed does not hide what is wrong with the rest.

Malformed parts are filled in twice, differently. A fault that stands in both readings does not depend on what
was meant by them and is told; one that stands in a single reading is only about the filling
(`app.usecases.faults.standing`). Whether the whole is lawful is `draw.avoidance.requests`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.errors import Fault
from draw.errors import RulesError
from draw.model import MAX_LIST, MAX_SITES, MAX_STRATA, Committee, DrawParameters, SiteQuota, Stratum
from draw.schema import MAX_INTEGER, MAX_TEXT

# Beyond every limit on numbers of people, so that no sum of it equals one of the usual filling.
_FAR: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`whole` is None when `faults` were found; `fillings` are two parameters to judge in its place."""

    whole: DrawParameters | None
    faults: tuple[Fault, ...]
    fillings: tuple[DrawParameters, ...]


def read_parameters(value: object) -> Reading:
    """Read the JSON of draw-proof §5. Pointers begin with ``/parameters``."""
    try:
        whole = DrawParameters.from_json(value)
    except RulesError as error:
        fillings = (_Filling(varied=False).parameters(value), _Filling(varied=True).parameters(value))
        return Reading(whole=None, faults=tuple(_shape_faults(error)), fillings=fillings)
    return Reading(whole=whole, faults=(), fillings=(whole,))


def _shape_faults(error: RulesError) -> list[Fault]:
    found: Any = error.details.get("faults", ())
    if not found:
        return [Fault(code="schema.range", pointer="/parameters/strata")]
    return [Fault(code=f"schema.{one.code}", pointer=f"/parameters{one.pointer}") for one in found]


class _Filling:
    """Takes every value of the right type as it is; the usual filling is lawful, the varied one is unique."""

    def __init__(self, *, varied: bool) -> None:
        self._varied = varied
        self._made = 0

    def parameters(self, value: object) -> DrawParameters:
        top = _object(value)
        committee = _object(top.get("committee"))
        return DrawParameters(
            rule=self._text(top.get("rule"), "uniform/1"),
            committee=Committee(
                experts=self._number(committee.get("experts"), 5),
                seated=self._number(committee.get("seated"), 0),
                owners=self._number(committee.get("owners"), 0),
            ),
            strata=tuple(self._stratum(_object(one)) for one in _rows(top.get("strata"), MAX_STRATA)),
            sites=tuple(self._site(_object(one)) for one in _rows(top.get("sites"), MAX_SITES)),
            cap=self._number(top.get("cap"), 1),
        )

    def _stratum(self, value: Mapping[str, object]) -> Stratum:
        return Stratum(
            id=self._text(value.get("id"), "id"),
            prefixes=tuple(self._text(one, "A") for one in _rows(value.get("prefixes"), MAX_LIST)),
            seats=self._number(value.get("seats"), 1),
        )

    def _site(self, value: Mapping[str, object]) -> SiteQuota:
        return SiteQuota(
            id=self._text(value.get("id"), "id"),
            regions=tuple(self._text(one, "11") for one in _rows(value.get("regions"), MAX_LIST)),
            minimum=self._number(value.get("min"), 0),
            maximum=self._number(value.get("max"), 0),
        )

    def _text(self, value: object, usual: str) -> str:
        if isinstance(value, str) and len(value) <= MAX_TEXT:
            return value
        return f"?{self._next()}" if self._varied else usual

    def _number(self, value: object, usual: int) -> int:
        if type(value) is int and abs(value) <= MAX_INTEGER:
            return value
        return _FAR + self._next() if self._varied else usual

    def _next(self) -> int:
        self._made += 1
        return self._made


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _rows(value: object, most: int) -> list[object]:
    """A list, cut just beyond its limit so that the limit still shows; one row to fill in for no list."""
    return list(value[: most + 1]) if isinstance(value, list | tuple) else [None]
