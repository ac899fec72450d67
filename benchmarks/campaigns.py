"""Many campaigns in a town of 603 experts who behave as people do, each to filled or honestly short.

    python benchmarks/campaigns.py [--draws 40] [--towns 2] [--seed 1] [--experts 603] [--minutes 60]

The draws are shared by towns of one and the same pool, each with a platform and a process of its own, and
are audited together. Every act goes through the real use cases, worker, log and party nodes, on SQLite and a
clock that is moved; every bundle is verified. Printed at the end: how the campaigns ended, what vacated
seats, seconds per campaign, and the audit of fairness: S1 (ranks are uniform) and S2 (nobody is drawn oftener
than chance has it). The run fails when a bundle does not verify, S1 lies below 0.001 or S2 flags anybody. The
model of behaviour (`tests/support/town.py`) is an assumption; what is measured is the platform, not people.
After `minutes` no further campaign begins, and those that ran are judged.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from timing import machine

from app.store.engine import make_engine
from app.store.field_cipher import FieldCipher
from app.store.unit_of_work import Database
from migrations.upgrade import upgrade
from tests.support.audit import Audit
from tests.support.calling import set_calling
from tests.support.stage import set_stage
from tests.support.town import Town

CIPHER = FieldCipher(current="k1", keys={"k1": bytes(range(32))}, tags=bytes(range(1, 33)))
LEAST_P = 0.001
EVERY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How one campaign went."""

    state: str
    asked: int
    events: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one town is to play; after `minutes` no further campaign begins."""

    town: int
    draws: int
    seed: int
    experts: int
    minutes: float


@dataclass(slots=True)
class Played:
    """What came of it, and how long it took."""

    told: list[Told] = field(default_factory=list)
    audit: Audit = field(default_factory=Audit)
    seconds: float = 0.0

    def join(self, other: "Played") -> None:
        """Add another town's, which was played meanwhile."""
        self.told += other.told
        self.audit.join(other.audit)
        self.seconds = max(self.seconds, other.seconds)


def play(plan: Plan) -> Played:
    """One town, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(simulate(Path(folder), plan))


async def simulate(folder: Path, plan: Plan) -> Played:
    """Run the campaigns one after the other."""
    engine = make_engine(f"sqlite:///{folder / 'town.sqlite'}")
    await upgrade(engine)
    database = Database(engine, CIPHER)
    calling = await set_calling(await set_stage(database, folder, experts=plan.experts))
    town, played = Town(calling, seed=plan.seed), Played()
    begun = time.perf_counter()
    for number in range(plan.draws):
        if time.perf_counter() - begun > plan.minutes * 60:
            break
        one = await town.run(f"t{number}")
        played.told.append(Told(state=one.state, asked=one.asked, events=one.events))
        played.audit.add(one.found)
        if (number + 1) % EVERY == 0:
            print(f"  town {plan.town}: {number + 1} of {plan.draws}", flush=True)
    played.seconds = time.perf_counter() - begun
    await calling.stage.one.client.aclose()
    await database.dispose()
    return played


def report(played: Played) -> bool:
    """Print the figures; whether the audit is quiet."""
    ran, audit = played.told, played.audit
    states = Counter(one.state for one in ran)
    events: Counter[str] = sum((Counter(one.events) for one in ran), Counter())
    panel, replacements = audit.uniformity()
    favoured = audit.favoured()
    print(f"campaigns      {len(ran)}, every bundle verified; {played.seconds / len(ran):.2f} s each")
    print(f"ended          {dict(states)} (checked_in: everybody there; short: a cell ran out)")
    print(f"invitations    {sum(one.asked for one in ran)}")
    print(f"seats passed   {dict(sorted(events.items()))}")
    told = "too few" if replacements is None else f"p = {replacements:.3f}"
    print(f"S1 uniformity  panels p = {panel:.3f} over {len(audit.panel)}, replacements {told}")
    print(f"               over {len(audit.replacements)}; alarm below {LEAST_P}")
    drawn, eligible = len(audit.drawn), len(audit.chances)
    print(f"S2 frequency   {drawn} of {eligible} eligible experts drawn, {len(favoured)} flagged")
    return not favoured and panel >= LEAST_P and (replacements is None or replacements >= LEAST_P)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Campaigns in a town of people, and the audit of fairness.")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--towns", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--experts", type=int, default=603)
    parser.add_argument("--minutes", type=float, default=24 * 60)
    asked = parser.parse_args()
    print(machine())
    plans = [
        Plan(
            town=town,
            draws=asked.draws // asked.towns + (town < asked.draws % asked.towns),
            seed=asked.seed + town,
            experts=asked.experts,
            minutes=asked.minutes,
        )
        for town in range(asked.towns)
    ]
    found = Played()
    with ProcessPoolExecutor(len(plans), mp_context=get_context("spawn")) as pool:
        for one in pool.map(play, plans):
            found.join(one)
    if not report(found):
        raise SystemExit("the audit is not quiet")


if __name__ == "__main__":
    main()
