"""Synthetic experts, cases and rules for draws in tests, from fixed seeds.

Small pools with everything that makes a draw interesting: employers with several experts, experts in two
strata, kin of bidders, preparers, sanctions, leave, records changed lately. Nobody here exists.
"""

import hashlib
import random
from dataclasses import dataclass

from draw.avoidance.rules import Alternative, AnonymityRule, CommitteeRule, Layer, Predicate, Rules
from draw.model import (
    Absences,
    AvoidUnit,
    Bidder,
    Case,
    Committee,
    DrawParameters,
    Duty,
    Employment,
    Engagement,
    ExpertRecord,
    Interest,
    Interval,
    Leave,
    Sanction,
    SiteQuota,
    Stratum,
)

# A draw in August 2023: the genuine beacon round 1000 of quicknet falls on 2023-08-23T15:59:24Z.
EVALUATION = Interval(since="2023-08-25T01:00:00Z", until="2023-08-26T09:00:00Z")
QUIET = "2023-06-01T08:00:00Z"
LATE = "2023-08-22T10:00:00Z"
BIDDERS = ("uscc:91330000BIDDER0001", "uscc:91330000BIDDER0002")
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN = "明华建国文军平志伟东海林春秋安宁"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A request: seats per stratum, sites with quotas, cap; and how large and how crowded the pool is."""

    strata: tuple[int, ...] = (2, 1)
    sites: tuple[tuple[int, int], ...] = ((1, 2), (1, 2))
    cap: int = 1
    owners: int = 0
    seated: int = 0
    experts: int = 64
    employers: int = 12
    # of a hundred experts, how many have a specialty of a second stratum
    double: int = 30


def parameters(shape: Shape) -> DrawParameters:
    """Stratum j takes codes A0(j+1)…, site s the regions 33010(s+1)."""
    return DrawParameters(
        rule="uniform/1",
        committee=Committee(experts=sum(shape.strata), seated=shape.seated, owners=shape.owners),
        strata=tuple(
            Stratum(id=f"stratum-{j + 1}", prefixes=(f"A{j + 1:02d}",), seats=seats)
            for j, seats in enumerate(shape.strata)
        ),
        sites=tuple(
            SiteQuota(id=f"site-{s + 1}", regions=(f"33010{s + 1}",), minimum=low, maximum=high)
            for s, (low, high) in enumerate(shape.sites)
        ),
        cap=shape.cap,
    )


def rules(*, factor: int = 3, bits: int = 4, minimum: int = 3) -> Rules:
    """Rules under which the small requests of the tests are lawful."""
    return Rules(
        id="test-works",
        version="2023.1",
        effective_from="2023-01-01",
        effective_to="2026-12-31",
        layers=(Layer(id="test-base", version="2023.1", digest=hashlib.sha256(b"layer").hexdigest()),),
        committee=CommitteeRule(minimum=minimum, odd=True, expert_share=(2, 3)),
        owners_max=2,
        qualification=(Alternative(titles=("senior", "associate"), practice_years=8),),
        max_age=70,
        predicates=tuple(
            Predicate(code=f"K{number}", years=3, citation=f"test rule {number}") for number in range(1, 15)
        ),
        employer_cap=2,
        anonymity=AnonymityRule(factor=factor, bits=bits),
        publish=("name", "employers", "region"),
    )


def case(project: str = "works-0001", section: str = "section-1") -> Case:
    """A tender with two bidders, one of them withdrawn."""
    return Case(
        project=project,
        section=section,
        tenderee="uscc:11330000TENDEREE01",
        agency="uscc:91330000AGENCY0001",
        authorities=("uscc:11330000AUTHORITY1",),
        bidders=(
            Bidder(id="bidder-1", withdrawn=False, orgs=(BIDDERS[0],)),
            Bidder(id="bidder-2", withdrawn=True, orgs=(BIDDERS[1],)),
        ),
        groups=((BIDDERS[0], "uscc:91330000PARENT0001"),),
        avoid_units=(AvoidUnit(org="uscc:91330000AVOID00001", reason="disputes with the tenderee"),),
        prepared_by=(person(3),),
        engagements=(
            Engagement(expert="expert-00004", since="2023-08-25T00:00:00Z", until="2023-08-25T08:00:00Z"),
        ),
        evaluation=EVALUATION,
    )


def person(number: int) -> str:
    """The keyed hash that stands for a human being, hex."""
    return hashlib.sha256(f"person {number}".encode()).hexdigest()


def experts(shape: Shape, seed: int) -> list[ExpertRecord]:
    """`shape.experts` records; every sixteenth or so has some tie that excludes."""
    chance = random.Random(f"pool {seed}")
    return [_expert(number, shape, chance) for number in range(shape.experts)]


def _expert(number: int, shape: Shape, chance: random.Random) -> ExpertRecord:
    tie = chance.randrange(40)
    return ExpertRecord(
        id=f"expert-{number:05d}",
        person=person(number),
        name=chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=2)),
        employers=_employers(tie, shape, chance),
        specialties=_specialties(shape, chance),
        region=f"33010{chance.randrange(len(shape.sites) + (number % 16 == 7)) + 1}",
        title=chance.choice(("senior", "senior", "associate", "intermediate" if tie == 1 else "senior")),
        practice_from=f"{chance.randrange(1990, 2012)}-07-01",
        birth=f"{chance.randrange(1956, 1985)}-03-15",
        status="suspended" if tie == 2 else "active",
        valid_from="2021-01-01",
        valid_to=chance.choice((None, "2025-12-31")),
        interests=(Interest(org=BIDDERS[0], kind="kin", since=None, until=None),) if tie == 3 else (),
        duties=(Duty(org="uscc:11330000AUTHORITY1", kind="authority", since="2022-01-01", until=None),)
        if tie == 4
        else (),
        sanctions=(Sanction(kind="bidding_offence", since="2022-05-01", until=None),) if tie == 5 else (),
        absences=Absences(
            changed=LATE if tie == 6 else QUIET,
            leave=(Leave(since="2023-08-20", until="2023-08-30"),) if tie == 7 else (),
        ),
    )


def _employers(tie: int, shape: Shape, chance: random.Random) -> tuple[Employment, ...]:
    # The first employers of the list have more experts than the last.
    number = min(chance.randrange(shape.employers), chance.randrange(shape.employers))
    own = Employment(org=f"uscc:91330000UNIT{number:06d}", role="staff", since="2015-01-01", until=None)
    if tie == 8:
        return (own, Employment(org=BIDDERS[1], role="director", since="2020-01-01", until="2022-12-31"))
    return (own,)


def _specialties(shape: Shape, chance: random.Random) -> tuple[str, ...]:
    strata = len(shape.strata)
    first = chance.randrange(strata)
    codes = [f"A{first + 1:02d}{chance.randrange(1, 5):02d}"]
    if strata > 1 and chance.randrange(100) < shape.double:
        other = (first + 1 + chance.randrange(strata - 1)) % strata
        codes.append(f"A{other + 1:02d}{chance.randrange(1, 5):02d}")
    return tuple(codes)
