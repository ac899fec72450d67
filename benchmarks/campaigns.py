"""Many campaigns in a town of 603 experts who behave as people do, each to filled or honestly short.

    python benchmarks/campaigns.py [--draws 40] [--seed 1] [--experts 603] [--minutes 60]

Every act goes through the real use cases, worker, log and party nodes, on SQLite and a clock that is moved;
every bundle is verified. Printed at the end: how the campaigns ended, what vacated seats, seconds per
campaign, and the audit of fairness: S1 (ranks are uniform) and S2 (nobody is drawn oftener than chance has
it). The run fails when a bundle does not verify, S1 lies below 0.001 or S2 flags anybody. The model of
behaviour (`tests/support/town.py`) is an assumption; what is measured is the platform, not people. After
`minutes` no further campaign begins, and those that ran are judged.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from timing import machine

from app.store.engine import make_engine
from app.store.field_cipher import FieldCipher
from app.store.unit_of_work import Database
from migrations.upgrade import upgrade
from tests.support.audit import Audit
from tests.support.calling import set_calling
from tests.support.stage import set_stage
from tests.support.town import Ran, Town

CIPHER = FieldCipher(current="k1", keys={"k1": bytes(range(32))}, tags=bytes(range(1, 33)))
LEAST_P = 0.001
EVERY = 10


async def simulate(
    folder: Path, *, draws: int, seed: int, experts: int, minutes: float
) -> tuple[list[Ran], Audit, float]:
    """Run the campaigns one after the other."""
    engine = make_engine(f"sqlite:///{folder / 'town.sqlite'}")
    await upgrade(engine)
    database = Database(engine, CIPHER)
    calling = await set_calling(await set_stage(database, folder, experts=experts))
    town, audit, ran = Town(calling, seed=seed), Audit(), []
    begun = time.perf_counter()
    for number in range(draws):
        if time.perf_counter() - begun > minutes * 60:
            break
        one = await town.run(f"t{number}")
        ran.append(one)
        audit.add(one.found)
        if (number + 1) % EVERY == 0:
            print(f"  {number + 1} of {draws}", flush=True)
    await calling.stage.one.client.aclose()
    await database.dispose()
    return ran, audit, time.perf_counter() - begun


def report(ran: list[Ran], audit: Audit, seconds: float) -> bool:
    """Print the figures; whether the audit is quiet."""
    states = Counter(one.state for one in ran)
    events: Counter[str] = sum((Counter(one.events) for one in ran), Counter())
    panel, replacements = audit.uniformity()
    favoured = audit.favoured()
    print(f"campaigns      {len(ran)}, every bundle verified; {seconds / len(ran):.2f} s each")
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
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--experts", type=int, default=603)
    parser.add_argument("--minutes", type=float, default=24 * 60)
    asked = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        ran, audit, seconds = asyncio.run(
            simulate(
                Path(folder),
                draws=asked.draws,
                seed=asked.seed,
                experts=asked.experts,
                minutes=asked.minutes,
            )
        )
    if not report(ran, audit, seconds):
        raise SystemExit("the audit is not quiet")


if __name__ == "__main__":
    main()
