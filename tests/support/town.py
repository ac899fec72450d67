"""A town of experts who behave as people do, on a clock that is moved: the behaviour model of the simulation.

Of those asked 60 % accept, 20 % decline, 20 % say nothing; of those who accepted 5 % come late and 1 % not at
all. Half answer on the letter's page, half by keypad. Every act goes through the real use cases; chance comes
from a seed. An assumption, not a measurement of people.
"""

import heapq
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.invitations import arrivals
from app.usecases.openings import Opened, bundle, open_draw, opened
from app.usecases.projects import ProjectOrder, register
from draw import invitation
from draw.invitation_terms import beijing_day
from draw.verify.verifier import verify
from tests.support.calling import Calling, Letter, later
from tests.support.stage import document, person

ACCEPT, DECLINE = 0.6, 0.2
LATE, NO_SHOW = 0.05, 0.01
LEAD = timedelta(hours=26)
MINUTES = (1, 25)  # until somebody answers
_DONE = frozenset({"arrived", "late", "replaced"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One campaign that has run to its end; its bundle verified."""

    row: DrawRow
    state: str
    vacant: int
    asked: int
    events: dict[str, int]
    found: Opened


@dataclass
class Town:
    """Runs campaigns one after the other."""

    calling: Calling
    seed: int = 1
    agenda: list[tuple[str, int, str, Letter]] = field(default_factory=list)
    random: Random = field(init=False)
    numbers: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    async def run(self, section: str) -> Ran:
        """A draw of a fresh section, from the request to the opened bundle."""
        row = await self._drawn(section)
        self.agenda.clear()
        # What earlier campaigns have said is of no use to this one.
        for line in self.calling.lines.values():
            line.taken.clear()
        await self.calling.propose(row)
        await self.calling.approve(row)
        await self.calling.work()
        await self._live(row)
        return await self._opened(row)

    async def _drawn(self, section: str) -> DrawRow:
        stage = self.calling.stage
        since = stage.clock() + LEAD
        hours = {"from": to_text(since), "to": to_text(since + timedelta(hours=4))}
        order = ProjectOrder(
            project="works-1",
            section=section,
            owner="owner",
            document={**document(stage), "evaluation": hours},
        )
        platform = self.calling.context.platform

        async def store(uow: UnitOfWork) -> None:
            await register(uow, person("requester", "agency"), order, platform.packs, now=platform.now())

        await platform.database.transact(store)
        return await stage.one.ceremony.run((await stage.request(section, invitations="logged")).id)

    async def _live(self, row: DrawRow) -> None:
        """Answer, come and stay away until nobody is asked and nobody awaited any more."""
        while True:
            for letter in self.calling.fresh():
                self._decide(letter)
            found = await self.calling.standing(row)
            ends = [
                later(one.reply_by, seconds=61)
                for one in found.newest.values()
                if one.state in invitation.OPEN
            ]
            ends += [
                later(one.arrive_by, seconds=2) for one in found.newest.values() if one.state == "accepted"
            ]
            # A step that could not be logged is tried again in a while.
            ends += [later(self.calling.context.platform.now(), seconds=1)] if found.pending else []
            if not ends:
                return
            await self._until(min([*ends, *(moment for moment, *_ in self.agenda[:1])]))

    async def _until(self, moment: str) -> None:
        await self.calling.until(moment)
        while self.agenda and self.agenda[0][0] <= self.calling.context.platform.now():
            _, _, what, letter = heapq.heappop(self.agenda)
            await self._do(what, letter)
        await self.calling.work()

    def _decide(self, letter: Letter) -> None:
        chance = self.random.random()
        if chance < ACCEPT + DECLINE:
            minutes = self.random.uniform(*MINUTES)
            self._later(letter, "accept" if chance < ACCEPT else "decline", minutes=minutes)

    def _later(self, letter: Letter, what: str, *, since: str | None = None, **span: float) -> None:
        moment = later(since or self.calling.context.platform.now(), **span)
        heapq.heappush(self.agenda, (moment, next(self.numbers), what, letter))

    async def _do(self, what: str, letter: Letter) -> None:
        one = await self.calling.of(letter)
        if what == "arrive":
            await self._arrive(letter)
        elif one.state in invitation.OPEN and self.calling.context.platform.now() <= one.reply_by:
            await self._answer(letter, what)

    async def _answer(self, letter: Letter, what: str) -> None:
        one = await self.calling.of(letter)
        if self.random.random() < 1 / 2:
            await self.calling.say(letter, what, reason="time_clash" if what == "decline" else None)
        else:
            calls = [call for call in self.calling.calls() if call.to == letter.to]
            (call,) = [call for call in calls if call.reference and call.reference[1] == one.n][:1]
            await self.calling.press(call, what)
        if what == "accept":
            self._come(letter, one.begins, one.arrive_by)

    def _come(self, letter: Letter, begins: str, arrive_by: str) -> None:
        chance, now = self.random.random(), self.calling.context.platform.now()
        if chance < NO_SHOW:
            return
        late = chance < NO_SHOW + LATE
        moment = min(arrive_by, max(later(begins, minutes=16 if late else -10), later(now, minutes=20)))
        self._later(letter, "arrive", since=moment)

    async def _arrive(self, letter: Letter) -> None:
        one, platform = await self.calling.of(letter), self.calling.context.platform
        if one.state != "accepted":
            return
        now = platform.now()

        async def work(uow: UnitOfWork) -> None:
            found = await arrivals.find(
                uow, venue_site=one.venue_site, day=beijing_day(one.begins), person=one.invited.person
            )
            assert found is not None
            await arrivals.arrived(uow, platform, found, at=now, now=now)

        await platform.database.transact(work)

    async def _opened(self, row: DrawRow) -> Ran:
        ceremony, platform = self.calling.context.ceremony, self.calling.context.platform
        found = await self.calling.standing(row)
        await self.calling.until(later(found.campaign.begins, seconds=1))
        last = await open_draw(ceremony, row.id)
        data = await bundle(platform, last)
        assert verify(data, trust=self.calling.stage.trust).stage == "opened"
        _, course = await ceremony.shown(last)
        causes = [entry.body["class"] for _, entry in course.all("event")]
        return Ran(
            row=last,
            state=found.campaign.state,
            vacant=found.states().count(None),
            asked=len(found.invitations),
            events={cause: causes.count(cause) for cause in sorted(set(causes))},
            found=await opened(platform, last),
        )
