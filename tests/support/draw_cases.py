"""One expert, one case, one rule set: plain, without conflict, to be changed in the point a test is about."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from draw.avoidance.rules import (
    PREDICATES,
    Alternative,
    AnonymityRule,
    CommitteeRule,
    Layer,
    Predicate,
    Rules,
)
from draw.calendar import Calendar, read_calendar
from draw.model import (
    Absences,
    Bidder,
    Case,
    Committee,
    DrawParameters,
    Employment,
    ExpertRecord,
    Interval,
    SiteQuota,
    Stratum,
)
from draw.specialties import Specialties, read_table

DRAW: Final = Path(__file__).resolve().parents[2] / "draw"
PACKS: Final = DRAW / "avoidance" / "packs"
TENDEREE: Final = "uscc:91110108551385082Q"
AGENCY: Final = "uscc:91350100M000100Y43"
BIDDER: Final = "uscc:91110108MA00000070"
PARTNER: Final = "uscc:91110108MA00002420"
NEUTRAL: Final = "uscc:91110108MA00007870"
# The evaluation lasts from 2026-03-10 to 2026-03-11, Beijing dates.
FIRST_DAY: Final = "2026-03-10"
LAST_DAY: Final = "2026-03-11"
EVALUATION: Final = Interval(since="2026-03-10T01:00:00Z", until="2026-03-11T09:00:00Z")


def expert(**changed: Any) -> ExpertRecord:
    """An expert without any reason against them."""
    return replace(
        ExpertRecord(
            id="e-1",
            person="ab" * 32,
            name="测试甲",
            employers=(Employment(org=NEUTRAL, role="staff", since="2010-01-01", until=None),),
            specialties=("A0803", "A04"),
            region="350100",
            title="senior",
            practice_from="2000-01-01",
            birth="1970-01-01",
            status="active",
            valid_from="2020-01-01",
            valid_to=None,
            interests=(),
            duties=(),
            sanctions=(),
            absences=Absences(changed="2025-01-01T00:00:00Z", leave=()),
        ),
        **changed,
    )


def a_case(**changed: Any) -> Case:
    """A case with one bidder in a consortium."""
    return replace(
        Case(
            project="p-1",
            section="s-1",
            tenderee=TENDEREE,
            agency=AGENCY,
            authorities=("org:authority",),
            bidders=(Bidder(id="b-1", withdrawn=False, orgs=(BIDDER, PARTNER)),),
            groups=(),
            avoid_units=(),
            prepared_by=(),
            engagements=(),
            evaluation=EVALUATION,
        ),
        **changed,
    )


def some_rules(**changed: Any) -> Rules:
    """Every predicate, looking back three years."""
    return replace(
        Rules(
            id="test",
            version="1",
            effective_from="2020-01-01",
            effective_to=None,
            layers=(Layer(id="test", version="1", digest="00" * 32),),
            committee=CommitteeRule(minimum=5, odd=True, expert_share=(2, 3)),
            owners_max=None,
            qualification=(Alternative(titles=("senior", "associate"), practice_years=8),),
            max_age=70,
            predicates=tuple(Predicate(code=code, years=3, citation="test") for code in PREDICATES),
            employer_cap=1,
            anonymity=AnonymityRule(factor=3, bits=12),
            publish=("name",),
        ),
        **changed,
    )


def some_parameters(**changed: Any) -> DrawParameters:
    """Five experts in two strata at two sites."""
    return replace(
        DrawParameters(
            rule="uniform/1",
            committee=Committee(experts=5, owners=0),
            strata=(
                Stratum(id="works", prefixes=("A08",), seats=3),
                Stratum(id="design", prefixes=("A04",), seats=2),
            ),
            sites=(
                SiteQuota(id="fuzhou", regions=("3501",), minimum=1, maximum=4),
                SiteQuota(id="fujian", regions=("35",), minimum=1, maximum=4),
            ),
            cap=1,
        ),
        **changed,
    )


def pack_layers(*names: str) -> list[tuple[str, bytes]]:
    """The shipped rule packs with these names."""
    return [(name, (PACKS / f"{name}.toml").read_bytes()) for name in names]


def shipped_calendar() -> Calendar:
    """The working days that ship."""
    return read_calendar(tomllib.loads(path.read_text("utf-8")) for path in (DRAW / "calendars").iterdir())


def shipped_specialties() -> Specialties:
    """The specialty table that ships."""
    return read_table(tomllib.loads((DRAW / "specialty_tables" / "cn-2018.toml").read_text("utf-8")))
