"""Who is eligible, and why not (draw-proof §4): scope, then every reason, for one expert record at a time.

Everything the case says is prepared once into look-up tables: an expert whose organisations do not occur in
the case costs a few dictionary misses. All reasons are evaluated, none stops the others; an empty filter lets
nobody in. Counting, cells and commitments are elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Final, Protocol

from draw.avoidance.rules import Rules
from draw.model import Assessment, Case, DrawParameters, ExpertRecord

REASONS: Final = ("S1", "S2", "Q1", "Q2", *(f"K{number}" for number in range(1, 15)))
_ORDER: Final = {code: place for place, code in enumerate(REASONS)}
_BEIJING: Final = timedelta(hours=8)
_KNOWN_PLACES: Final = 1 << 16
_ANY_ROLE: Final = frozenset({"staff", "director", "supervisor", "controller", "shareholder"})


class Span(Protocol):
    """Anything that lasts from `since` to `until` (dates or times as text, None = unbounded)."""

    @property
    def since(self) -> str | None:
        """First day."""
        ...

    @property
    def until(self) -> str | None:
        """Last day."""
        ...


@dataclass(frozen=True, slots=True)
class _Watch:
    """A tie that counts: `code` applies to an entry of one of the `kinds` that meets [since, t1]."""

    code: str
    kinds: frozenset[str]
    since: str


def beijing_date(time: str) -> str:
    """The Beijing calendar date (UTC + 8 h) of a time `YYYY-MM-DDTHH:MM:SSZ`."""
    return (datetime.fromisoformat(time) + _BEIJING).date().isoformat()


def back(day: str, years: int) -> str:
    """The same month and day `years` before; 29 February becomes 28, whatever year is reached."""
    month_day = "-02-28" if day[4:] == "-02-29" else day[4:]
    return f"{int(day[:4]) - years:04d}{month_day}"


def meets(span: Span, first: str, last: str) -> bool:
    """Whether `span` and the closed interval [first, last] share a day; ISO dates compare as text."""
    return (span.since is None or span.since <= last) and (span.until is None or span.until >= first)


def employer_for_cap(record: ExpertRecord, t0: str) -> str:
    """The organisation counted for the employer cap on date `t0`.

    The first present employer of role staff, else the first present one of any role, else `person:` and the
    expert's id.
    """
    present = [employer for employer in record.employers if meets(employer, t0, t0)]
    for employer in present:
        if employer.role == "staff":
            return employer.org
    return present[0].org if present else f"person:{record.id}"


class Engine:
    """The rules of one draw, prepared for many records."""

    def __init__(self, case: Case, rules: Rules, parameters: DrawParameters) -> None:
        self.t0 = beijing_date(case.evaluation.since)
        self.t1 = beijing_date(case.evaluation.until)
        self._years: Final = {predicate.code: predicate.years for predicate in rules.predicates}
        self._sites = _first_by_prefix(site.regions for site in parameters.sites)
        self._strata = _all_by_prefix(stratum.prefixes for stratum in parameters.strata)
        self._known: dict[tuple[str, tuple[str, ...]], Assessment] = {}
        # Regions and codes are few, however large the pool.
        self._site_of = cache(self._site)
        self._strata_of_code = cache(self._strata_of)
        self._practising = self._latest_starts(rules)
        self._too_old = None if rules.max_age is None else back(self.t0, rules.max_age)
        bidders = {org for bidder in case.bidders for org in bidder.orgs}
        self._employers = self._watched_employers(case, bidders)
        self._interests = self._watched_interests(bidders)
        self._duties = self._watched_duties(case)
        self._punished = self._since("K9")
        self._finance = self._since("K10")
        self._preparers = frozenset(case.prepared_by if "K13" in self._years else ())
        self._away = "K14" in self._years
        self._engaged = frozenset(
            other.expert
            for other in case.engagements
            if self._away and other.since <= case.evaluation.until and other.until >= case.evaluation.since
        )

    def assess(self, record: ExpertRecord) -> Assessment:
        """Scope and reasons of one record, the reasons in the order of the table."""
        place = self._place(record.region, record.specialties)
        found = self.reasons(record) if place.in_scope else ()
        return Assessment(place.site, place.strata, found) if found else place

    def reasons(self, record: ExpertRecord) -> tuple[str, ...]:
        """Reasons against one record wherever it belongs: of whoever is named, not looked for."""
        found = self._personal(record)
        self._ties(record, found)
        return tuple(sorted(set(found), key=_ORDER.__getitem__)) if found else ()

    def in_scope(self, region: str, specialties: tuple[str, ...]) -> bool:
        """Whether the request takes experts of this region and these specialties at all."""
        return self._site_of(region) is not None and any(map(self._strata_of_code, specialties))

    def _latest_starts(self, rules: Rules) -> dict[str, str]:
        """Per title the last day on which practice may have begun; a title that opens no way is missing."""
        latest: dict[str, str] = {}
        for way in rules.qualification:
            day = back(self.t0, way.practice_years)
            latest.update({title: max(day, latest.get(title, day)) for title in way.titles})
        return latest

    def _place(self, region: str, specialties: tuple[str, ...]) -> Assessment:
        """Site and strata, no reasons yet; regions and lists of specialties repeat all over a pool."""
        key = (region, specialties)
        found = self._known.get(key)
        if found is None:
            strata = {stratum for code in specialties for stratum in self._strata_of_code(code)}
            found = Assessment(self._site_of(region), tuple(sorted(strata)), ())
            if len(self._known) < _KNOWN_PLACES:
                self._known[key] = found
        return found

    def _site(self, region: str) -> int | None:
        sites = self._sites
        hits = [sites[region[:n]] for n in range(1, len(region) + 1) if region[:n] in sites]
        return min(hits) if hits else None

    def _strata_of(self, code: str) -> tuple[int, ...]:
        hits = [self._strata.get(code[:n], ()) for n in range(1, len(code) + 1, 2)]
        return tuple(chain.from_iterable(hits))

    def _personal(self, record: ExpertRecord) -> list[str]:
        """Reasons that lie in the expert alone: S1, S2, Q1, Q2, K9, K13, K14."""
        found = []
        if record.status != "active":
            found.append("S1")
        if record.valid_from > self.t0 or (record.valid_to is not None and record.valid_to < self.t1):
            found.append("S2")
        if record.practice_from > self._practising.get(record.title, ""):
            found.append("Q1")
        if self._too_old is not None and record.birth <= self._too_old:
            found.append("Q2")
        if (
            record.sanctions
            and self._punished is not None
            and any(
                item.kind == "bidding_offence" and meets(item, self._punished, self.t1)
                for item in record.sanctions
            )
        ):
            found.append("K9")
        if record.person in self._preparers:
            found.append("K13")
        leaves = record.absences.leave
        if self._away and (
            record.id in self._engaged or (leaves and any(meets(one, self.t0, self.t1) for one in leaves))
        ):
            found.append("K14")
        return found

    def _ties(self, record: ExpertRecord, found: list[str]) -> None:
        """Reasons that lie in ties to organisations: K1–K8, K10–K12; a code may be added more than once."""
        for employer in record.employers:
            if employer.org in self._employers:
                self._match(self._employers[employer.org], employer.role, employer, found)
        for interest in record.interests:
            if interest.org in self._interests:
                self._match(self._interests[interest.org], interest.kind, interest, found)
        for duty in record.duties:
            if duty.org in self._duties:
                self._match(self._duties[duty.org], duty.kind, duty, found)
            if duty.kind == "finance" and self._finance and meets(duty, self._finance, self.t1):
                found.append("K10")

    def _match(self, watches: Iterable[_Watch], kind: str, span: Span, found: list[str]) -> None:
        for watch in watches:
            if kind in watch.kinds and meets(span, watch.since, self.t1):
                found.append(watch.code)

    def _since(self, code: str) -> str | None:
        """The first day a predicate looks at; None when the rules do not list it. K1 looks at [t0, t1]."""
        if code not in self._years:
            return None
        return self.t0 if code == "K1" else back(self.t0, self._years[code])

    def _watched(self, entries: Iterable[tuple[str, frozenset[str], Iterable[str]]]) -> "_Watched":
        table: dict[str, list[_Watch]] = {}
        for code, kinds, orgs in entries:
            since = self._since(code)
            if since is not None:
                for org in set(orgs):
                    table.setdefault(org, []).append(_Watch(code, kinds, since))
        return {org: tuple(watches) for org, watches in table.items()}

    def _watched_employers(self, case: Case, bidders: set[str]) -> "_Watched":
        groups = [org for group in case.groups if not bidders.isdisjoint(group) for org in group]
        return self._watched(
            (
                ("K2", frozenset({"staff"}), bidders),
                ("K3", frozenset({"director", "supervisor"}), bidders),
                ("K4", frozenset({"controller", "shareholder"}), bidders),
                ("K6", _ANY_ROLE, (case.tenderee,)),
                ("K7", _ANY_ROLE, (case.agency,)),
                ("K11", _ANY_ROLE, groups),
                ("K12", _ANY_ROLE, (unit.org for unit in case.avoid_units)),
            )
        )

    def _watched_interests(self, bidders: set[str]) -> "_Watched":
        return self._watched(
            (
                ("K1", frozenset({"kin"}), bidders),
                ("K8", frozenset({"holding", "economic"}), bidders),
            )
        )

    def _watched_duties(self, case: Case) -> "_Watched":
        return self._watched((("K5", frozenset({"authority", "supervision"}), case.authorities),))


_Watched = Mapping[str, tuple[_Watch, ...]]


def _first_by_prefix(prefixes: Iterable[Iterable[str]]) -> dict[str, int]:
    """Each prefix to the first place that has it."""
    table: dict[str, int] = {}
    for place, group in enumerate(prefixes):
        for prefix in group:
            table.setdefault(prefix, place)
    return table


def _all_by_prefix(prefixes: Iterable[Iterable[str]]) -> dict[str, tuple[int, ...]]:
    """Each prefix to all places that have it."""
    table: dict[str, tuple[int, ...]] = {}
    for place, group in enumerate(prefixes):
        for prefix in group:
            table[prefix] = (*table.get(prefix, ()), place)
    return table
