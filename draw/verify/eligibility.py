"""Who is in scope, who is excluded and why, and the employer for the cap (draw-proof §4).

All reasons are evaluated, none stops the others. Dates compare as strings; intervals are closed; null is
unbounded.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from draw.verify.format_pool import REASONS
from draw.verify.shapes import beijing_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A case and rules made ready: t0, t1 (Beijing dates), all bidder orgs B, orgs sharing a group with B,
    years by K code."""

    case: Any
    rules: Any
    t0: str
    t1: str
    bidders: frozenset[str]
    grouped: frozenset[str]
    avoided: frozenset[str]
    prepared: frozenset[str]
    engaged: frozenset[str]
    years: dict[str, int]


def context(case: Any, rules: Any) -> Context:
    """Gather what the predicates ask of the case. A bidder that withdrew stays in B."""
    bidders = frozenset(org for bidder in case["bidders"] for org in bidder["orgs"])
    start, end = case["evaluation"]["from"], case["evaluation"]["to"]
    return Context(
        case=case,
        rules=rules,
        t0=beijing_date(start),
        t1=beijing_date(end),
        bidders=bidders,
        grouped=frozenset(org for group in case["groups"] if bidders & set(group) for org in group),
        avoided=frozenset(unit["org"] for unit in case["avoid_units"]),
        prepared=frozenset(case["prepared_by"]),
        engaged=frozenset(
            work["expert"] for work in case["engagements"] if work["from"] <= end and work["to"] >= start
        ),
        years={predicate["code"]: predicate["years"] for predicate in rules["predicates"]},
    )


@lru_cache(maxsize=1024)
def back(day: str, years: int) -> str:
    """The same month and day `years` years before; 29 February always becomes 28. Years before 0 are clamped
    to 0."""
    year = int(day[:4]) - years
    if year < 0:
        return "0000-01-01"
    return f"{year:04d}-02-28" if day[5:] == "02-29" else f"{year:04d}{day[4:]}"


def meets(span: Any, first: str, last: str) -> bool:
    """Whether the interval of `span` meets [first, last]."""
    return (span["from"] is None or span["from"] <= last) and (span["to"] is None or span["to"] >= first)


def scope(record: Any, sdr: Any) -> tuple[int, list[int]] | None:
    """(s, [j …]) of an expert in scope: the first site and every stratum with a prefix; None out of scope."""
    sites = (
        index
        for index, site in enumerate(sdr["sites"])
        if any(record["region"].startswith(region) for region in site["regions"])
    )
    site = next(sites, None)
    strata = [
        index
        for index, stratum in enumerate(sdr["strata"])
        if any(special.startswith(tuple(stratum["prefixes"])) for special in record["specialties"])
    ]
    return None if site is None or not strata else (site, strata)


def reasons(record: Any, about: Context) -> list[str]:
    """The codes of every reason that excludes this expert, in the order of the table; empty when eligible."""
    return [code for code in REASONS if _counts(code, about) and _PREDICATES[code](record, about)]


def _counts(code: str, about: Context) -> bool:
    return not code.startswith("K") or code in about.years


def cap_employer(record: Any, about: Context) -> str:
    """The org of the first staff employer that meets [t0, t0]; failing that the first of any role that does;
    else the person."""
    current = [employer for employer in record["employers"] if meets(employer, about.t0, about.t0)]
    staff = [employer for employer in current if employer["role"] == "staff"]
    return str((staff or current)[0]["org"]) if current else f"person:{record['id']}"


def _since(about: Context, code: str) -> str:
    return back(about.t0, about.years[code])


def _employed(
    code: str, roles: Iterable[str] | None, orgs: Callable[[Context], Iterable[str]]
) -> Callable[..., bool]:
    def predicate(record: Any, about: Context) -> bool:
        since, wanted = _since(about, code), orgs(about)
        return any(
            employer["org"] in wanted and meets(employer, since, about.t1)
            for employer in record["employers"]
            if roles is None or employer["role"] in roles
        )

    return predicate


def _listed(code: str, member: str, kinds: Iterable[str]) -> Callable[..., bool]:
    def predicate(record: Any, about: Context) -> bool:
        return any(meets(item, _since(about, code), about.t1) for item in _of_kind(record[member], kinds))

    return predicate


def _of_kind(items: Iterable[Any], kinds: Iterable[str]) -> Iterator[Any]:
    return (item for item in items if item["kind"] in kinds)


def _q1(record: Any, about: Context) -> bool:
    return not any(
        record["title"] in way["titles"] and record["practice_from"] <= back(about.t0, way["practice_years"])
        for way in about.rules["qualification"]
    )


def _q2(record: Any, about: Context) -> bool:
    limit = about.rules["max_age"]
    return limit is not None and record["birth"] <= back(about.t0, limit)


def _s2(record: Any, about: Context) -> bool:
    ends = record["valid_to"]
    return record["valid_from"] > about.t0 or (ends is not None and ends < about.t1)


def _k1(record: Any, about: Context) -> bool:
    kin = _of_kind(record["interests"], ("kin",))
    return any(item["org"] in about.bidders and meets(item, about.t0, about.t1) for item in kin)


def _k5(record: Any, about: Context) -> bool:
    duties = _of_kind(record["duties"], ("authority", "supervision"))
    since = _since(about, "K5")
    return any(item["org"] in about.case["authorities"] and meets(item, since, about.t1) for item in duties)


def _k8(record: Any, about: Context) -> bool:
    stakes = _of_kind(record["interests"], ("holding", "economic"))
    since = _since(about, "K8")
    return any(item["org"] in about.bidders and meets(item, since, about.t1) for item in stakes)


def _k14(record: Any, about: Context) -> bool:
    away = any(meets(leave, about.t0, about.t1) for leave in record["absences"]["leave"])
    return away or record["id"] in about.engaged


def _bidders(about: Context) -> Iterable[str]:
    return about.bidders


_PREDICATES: dict[str, Callable[..., bool]] = {
    "S1": lambda record, _about: record["status"] != "active",
    "S2": _s2,
    "Q1": _q1,
    "Q2": _q2,
    "K1": _k1,
    "K2": _employed("K2", ("staff",), _bidders),
    "K3": _employed("K3", ("director", "supervisor"), _bidders),
    "K4": _employed("K4", ("controller", "shareholder"), _bidders),
    "K5": _k5,
    "K6": _employed("K6", None, lambda about: (about.case["tenderee"],)),
    "K7": _employed("K7", None, lambda about: (about.case["agency"],)),
    "K8": _k8,
    "K9": _listed("K9", "sanctions", ("bidding_offence",)),
    "K10": _listed("K10", "duties", ("finance",)),
    "K11": _employed("K11", None, lambda about: about.grouped),
    "K12": _employed("K12", None, lambda about: about.avoided),
    "K13": lambda record, about: record["person"] in about.prepared,
    "K14": _k14,
}
