"""Synthetic expert pools for demonstrations, tests and measurements: nobody in them exists.

The shape follows a real city's pool of 603 experts (429 city, 174 county; 265 goods, 270 works, 68
services), scaled to any size. Identity numbers and credit codes pass their checks but use areas 99xxxx,
which were never allocated; phone numbers begin with 000, which no exchange routes; every name begins with 虚.
What a detector or an avoidance rule should find is planted and returned as truths. The same seed gives the
same pool; the seed is no secret and neither is anything made here.
"""

import hmac
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Final

from app.times import to_text
from draw.identifiers import id_check_character, organisation_check_character, uscc_check_character
from draw.model import Absences, Duty, Employment, Engagement, ExpertRecord, Interest, Leave, Sanction

NOBODY: Final = "虚"  # the first character of every name
MIN_SIZE: Final = 30  # every truth needs its own expert
MAX_SIZE: Final = 1_000_000
_SHAPE_SIZE: Final = 603
_COUNTY: Final = 174
_GOODS: Final = 265
_WORKS: Final = 270
_ONE_CITY: Final = 1000  # larger pools span several cities
_WORKS_CODES: Final = (
    "A08",
    "A08",
    "A08",
    "A06",
    "A06",
    "A04",
    "A04",
    "A05",
    "A03",
    "A07",
    "A01",
    "A02",
    "A09",
)
_TITLES: Final = ("senior",) * 7 + ("associate",) * 8 + ("intermediate",) * 4 + ("none",)
_CITY: Final = (
    ("350102", "350103", "350104", "350105", "350111", "350112"),
    ("350203", "350205", "350206", "350211", "350212", "350213"),
    ("350502", "350503", "350504", "350505"),
)
_COUNTIES: Final = (
    ("350121", "350122", "350123", "350124", "350125", "350128", "350181"),
    ("350521", "350524", "350525", "350526", "350581", "350582", "350583"),
)
_SYLLABLES: Final = "安柏辰达恩方冠和嘉康礼明宁平启仁思泰文欣雅远泽正"
_OLD_ID: Final = slice(6, 8)  # the century that the 15-digit form leaves out


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPerson:
    """What is known of an expert outside the record: identity number and phone, both nobody's."""

    id_number: str = field(repr=False)
    phone: str = field(repr=False)
    synthetic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPool:
    """`people[n]` belongs to `records[n]`.

    `doubles`: further entries (record, person) of people who are in the pool already, under their old
    15-digit numbers; an import that takes them is wrong. `truths`: ids of the experts planted under each
    label: `K1` to `K14`, `namesake`, `aged`, `retired`, `changed_yesterday`, `double`. `groups`, `authority`,
    `avoid_unit`, `prepared_by` and `engagements` belong into the case for K11, K5, K12, K13, K14 to be found.
    """

    records: tuple[ExpertRecord, ...]
    people: tuple[SyntheticPerson, ...]
    doubles: tuple[tuple[ExpertRecord, SyntheticPerson], ...]
    truths: Mapping[str, tuple[str, ...]]
    groups: tuple[tuple[str, ...], ...]
    authority: str
    avoid_unit: str
    prepared_by: tuple[str, ...]
    engagements: tuple[Engagement, ...]


def person_of(person_key: bytes, id_number: str) -> str:
    """The keyed hash that stands for a human being in a record: HMAC-SHA-256 of the 18-character number."""
    return hmac.digest(person_key, id_number.encode("ascii"), "sha256").hex()


def synthesise(
    size: int, *, seed: bytes, tender_orgs: Sequence[str], now: datetime, person_key: bytes | None = None
) -> SyntheticPool:
    """A pool of `size` experts (30–1 000 000) with conflicts against the organisations of a tender.

    `tender_orgs`: the tenderee, the agency, then the bidders' organisations. Leave and engagements are
    planted over the 60 days from `now` on. `person_key` defaults to one made from the seed.

    Raises ValueError on a size or organisations out of bounds.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"a pool has {MIN_SIZE} to {MAX_SIZE} experts")
    if len(set(tender_orgs)) < 3:
        raise ValueError("a tender has a tenderee, an agency and a bidder")
    key = person_key if person_key is not None else hmac.digest(seed, b"person key", "sha256")
    maker = _Maker(size, seed, key, now)
    records, people = maker.everyone()
    return _Planter(maker, records, people, tender_orgs).plant()


class _Maker:
    """Makes plain experts; all chance comes from one generator, in one order."""

    def __init__(self, size: int, seed: bytes, person_key: bytes, now: datetime) -> None:
        self.size = size
        # Not for secrets: reproducible demonstration data.
        self.dice = random.Random(hmac.digest(seed, b"synthetic pool", "sha256"))  # noqa: S311
        self.person_key = person_key
        self.now = now.astimezone(UTC)
        employers = max(5, size // 6)
        self.employers = [self.organisation(number) for number in range(employers)]
        self._zipf = list(accumulate(1 / rank for rank in range(1, employers + 1)))

    def organisation(self, number: int) -> str:
        """The `number`-th credit code of the unallocated area 990101."""
        body = f"M{number:07d}"
        seventeen = f"91990101{body}{organisation_check_character(body)}"
        return f"uscc:{seventeen}{uscc_check_character(seventeen)}"

    def everyone(self) -> tuple[list[ExpertRecord], list[SyntheticPerson]]:
        """All experts with their people; classes and areas in the exact proportions, shuffled."""
        goods, works = (round(self.size * part / _SHAPE_SIZE) for part in (_GOODS, _WORKS))
        county = round(self.size * _COUNTY / _SHAPE_SIZE)
        classes = ["B"] * goods + ["A"] * works + ["C"] * (self.size - goods - works)
        areas = [True] * county + [False] * (self.size - county)
        self.dice.shuffle(classes)
        self.dice.shuffle(areas)
        pairs = [self._expert(n, *of) for n, of in enumerate(zip(classes, areas, strict=True))]
        return [record for record, _ in pairs], [person for _, person in pairs]

    def _expert(self, number: int, kind: str, county: bool) -> tuple[ExpertRecord, SyntheticPerson]:
        dice = self.dice
        birth = date(1957, 6, 1) + timedelta(days=dice.randrange(33 * 365))
        practice = date(birth.year + dice.randrange(22, 32), dice.randrange(1, 13), 1)
        person = self.person(number, birth)
        record = ExpertRecord(
            id=f"syn-{number:07d}",
            person=person_of(self.person_key, person.id_number),
            name=NOBODY + "".join(dice.choice(_SYLLABLES) for _ in range(3)),
            employers=self._employments(practice),
            specialties=self._specialties(kind),
            region=self._region(county=county),
            title=dice.choice(_TITLES),
            practice_from=practice.isoformat(),
            birth=birth.isoformat(),
            status="suspended" if dice.random() < 0.01 else "active",
            valid_from="2020-01-01",
            valid_to=None,
            interests=self._interests(),
            duties=(),
            sanctions=(),
            absences=Absences(changed=to_text(self.now - timedelta(days=dice.randrange(30, 900))), leave=()),
        )
        return record, person

    def person(self, number: int, birth: date) -> SyntheticPerson:
        """Identity number and phone of the `number`-th person; the area grows by one each 1000 people."""
        first = f"99{number // 1000:04d}{birth:%Y%m%d}{number % 1000:03d}"
        phone = f"000{number:08d}"
        return SyntheticPerson(id_number=first + id_check_character(first), phone=phone)

    def _employments(self, practice: date) -> tuple[Employment, ...]:
        count = self.dice.choice((1, 1, 1, 2, 2, 3))
        orgs = self.dice.choices(self.employers, cum_weights=self._zipf, k=count)
        jobs = [Employment(org=orgs[0], role="staff", since=practice.isoformat(), until=None)]
        for org in orgs[1:]:
            begin = practice + timedelta(days=self.dice.randrange(2000))
            end = begin + timedelta(days=self.dice.randrange(400, 3000))
            role = self.dice.choice(("staff", "staff", "director", "supervisor", "shareholder"))
            jobs.append(Employment(org=org, role=role, since=begin.isoformat(), until=end.isoformat()))
        return tuple(jobs)

    def _specialties(self, kind: str) -> tuple[str, ...]:
        dice = self.dice
        main = dice.choice(_WORKS_CODES) if kind == "A" else kind
        others = dice.sample((*dict.fromkeys(_WORKS_CODES), "B", "C"), dice.choice((0, 0, 1, 1, 2, 3)))
        return tuple(dict.fromkeys((main, *others)))

    def _region(self, *, county: bool) -> str:
        cities: tuple[tuple[str, ...], ...] = _COUNTIES if county else _CITY
        if self.size <= _ONE_CITY:
            cities = cities[:1]
        return self.dice.choice(self.dice.choice(cities))

    def _interests(self) -> tuple[Interest, ...]:
        """About two in a hundred have kin somewhere, one in a hundred a holding."""
        chance = self.dice.random()
        if chance >= 0.03:
            return ()
        kind = "kin" if chance < 0.02 else "holding"
        return (Interest(org=self.dice.choice(self.employers), kind=kind, since=None, until=None),)


class _Planter:
    """Changes chosen experts so that each truth holds for one of them; no expert bears two."""

    def __init__(
        self,
        maker: _Maker,
        records: list[ExpertRecord],
        people: list[SyntheticPerson],
        tender_orgs: Sequence[str],
    ) -> None:
        self._maker = maker
        self._records = records
        self._people = people
        self._tenderee, self._agency, *bidders = dict.fromkeys(tender_orgs)
        self._bidders = bidders
        self._free = maker.dice.sample(range(len(records)), len(records))
        self._truths: dict[str, tuple[str, ...]] = {}
        self._sister = maker.organisation(9_000_001)
        self._rival = maker.organisation(9_000_002)
        self._authority = maker.organisation(9_000_003)
        self._begin = maker.now.date() - timedelta(days=365)

    def plant(self) -> SyntheticPool:
        """All truths, and the pool around them."""
        self._tie_employers()
        self._tie_others()
        preparer, busy = self._records[self._free.pop()], self._records[self._free.pop()]
        self._truths["K13"] = (preparer.id,)
        self._truths["K14"] = (*self._truths["K14"], busy.id)
        self._oddities()
        doubles = self._doubles()
        end = to_text(self._maker.now + timedelta(days=60))
        return SyntheticPool(
            records=tuple(self._records),
            people=tuple(self._people),
            doubles=doubles,
            truths=self._truths,
            groups=((self._bidders[0], self._sister),),
            authority=self._authority,
            avoid_unit=self._rival,
            prepared_by=(preparer.person,),
            engagements=(Engagement(expert=busy.id, since=to_text(self._maker.now), until=end),),
        )

    def _take(self, label: str, **changed: object) -> int:
        at = self._free.pop()
        self._records[at] = replace(self._records[at], status="active", title="senior", **changed)  # type: ignore[arg-type]
        self._truths[label] = (*self._truths.get(label, ()), self._records[at].id)
        return at

    def _tie_employers(self) -> None:
        since = self._begin.isoformat()
        for code, org, role in (
            *(("K2", bidder, "staff") for bidder in self._some_bidders()),
            ("K3", self._bidders[0], "director"),
            ("K4", self._bidders[0], "controller"),
            ("K6", self._tenderee, "staff"),
            ("K7", self._agency, "staff"),
            ("K11", self._sister, "staff"),
            ("K12", self._rival, "staff"),
        ):
            self._take(code, employers=(Employment(org=org, role=role, since=since, until=None),))

    def _tie_others(self) -> None:
        since, bidder = self._begin.isoformat(), self._bidders[0]
        self._take("K1", interests=(Interest(org=bidder, kind="kin", since=None, until=None),))
        self._take("K8", interests=(Interest(org=bidder, kind="holding", since=since, until=None),))
        self._take("K5", duties=(Duty(org=self._authority, kind="authority", since=since, until=None),))
        self._take("K10", duties=(Duty(org=self._authority, kind="finance", since=since, until=None),))
        self._take("K9", sanctions=(Sanction(kind="bidding_offence", since=since, until=None),))
        today = self._maker.now.date()
        leave = Leave(since=today.isoformat(), until=(today + timedelta(days=60)).isoformat())
        changed = to_text(self._maker.now - timedelta(days=30))
        self._take("K14", absences=Absences(changed=changed, leave=(leave,)))

    def _some_bidders(self) -> Iterable[str]:
        """As many bidders as leave experts for the other truths."""
        return self._bidders[: max(1, len(self._records) // 30)]

    def _oddities(self) -> None:
        today, truths = self._maker.now.date(), self._truths
        first = self._take("namesake")
        self._take("namesake", name=self._records[first].name)
        old = date(today.year - 75, 6, 1)
        at = self._take("aged", birth=old.isoformat())
        self._people[at] = self._maker.person(at, old)
        number = self._people[at].id_number
        self._records[at] = replace(self._records[at], person=person_of(self._maker.person_key, number))
        at = self._take("retired")
        self._records[at] = replace(self._records[at], status="withdrawn")
        lately = to_text(self._maker.now - timedelta(hours=20))
        self._take("changed_yesterday", absences=Absences(changed=lately, leave=()))
        truths["double"] = ()

    def _doubles(self) -> tuple[tuple[ExpertRecord, SyntheticPerson], ...]:
        doubles = []
        for at in self._free[: max(1, len(self._records) // 200)]:
            record, person = self._records[at], self._people[at]
            number = person.id_number[:17]
            old = number[: _OLD_ID.start] + number[_OLD_ID.stop :]
            doubles.append((replace(record, id=f"{record.id}-old"), replace(person, id_number=old)))
            self._truths["double"] = (*self._truths["double"], record.id)
        return tuple(doubles)
