"""A committee whose pool ran short under the rules of procurement, and people who are chosen, not drawn."""

from dataclasses import dataclass, replace
from typing import Any

from app.store.repositories.appointments import AppointmentRow
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import invites
from app.usecases.appointments import deciding, judging, proposing
from app.usecases.appointments.people import Entered
from app.usecases.appointments.proposing import Proposal
from app.usecases.invitations import ladder
from app.usecases.invitations.ladder import Taken
from app.usecases.operations import Actor
from app.usecases.projects import ProjectOrder, register
from draw.avoidance.engine import Engine, beijing_date, employer_for_cap
from draw.invitation import LADDER_STEPS
from draw.model import DrawParameters, ExpertRecord
from tests.support.calling import Calling, acts
from tests.support.stage import ORGS, document, person

FILE = {"sha256": "ab" * 32, "size": 4821, "name": "批复.pdf"}
WHY = {"code": "short_pool", "zh": "合格专家已全部联系", "en": "every eligible expert was asked"}
SPECIAL = {"code": "special_project", "zh": "技术特别复杂", "en": "an exceptionally complex project"}


@dataclass
class Appointing:
    """A calling with a section `g1` of procurement."""

    calling: Calling

    async def register(self, section: str = "g1", pack: str = "govproc.cn") -> None:
        """Another section of the project, under a pack."""
        platform = self.calling.context.platform
        content = {**document(self.calling.stage), "pack": {"base": pack, "overlays": []}}
        order = ProjectOrder(project="works-1", section=section, owner="owner", document=content)

        async def store(uow: UnitOfWork) -> None:
            await register(uow, person("requester", "agency"), order, platform.packs, now=platform.now())

        await platform.database.transact(store)

    async def short(self, section: str = "g1") -> DrawRow:
        """A draw in which everybody of one seat's cell has declined, and all others have accepted."""
        calling = self.calling
        row = await calling.started(section)
        found = await calling.standing(row)
        seat = next(one.invited.seat for one in found.newest.values() if one.invited.stratum == "goods")
        while waiting := calling.fresh():
            found = await calling.standing(row)
            for letter in waiting:
                mine = letter.keys.id == found.newest[seat].id
                await calling.say(letter, "decline" if mine else "accept")
            await calling.work()
        assert (await calling.standing(row)).campaign.state == "short"
        return row

    async def climb(self, row: DrawRow, *steps: str) -> None:
        """Steps of the ladder; all of procurement's up to the self-selection where none is named."""
        platform, by = self.calling.context.platform, acts("olga", "operator")
        for step in steps or LADDER_STEPS[: LADDER_STEPS.index("self_selection") + 1]:
            taken = Taken(step=step, reason_zh="人数不足", reason_en="too few")

            async def work(uow: UnitOfWork, taken: Taken = taken) -> None:
                await ladder.take(uow, platform, row.id, taken, by=by)

            await platform.database.transact(work)

    async def wanted(self, row: DrawRow) -> DrawParameters | None:
        """The seats that may be filled by self-selection now."""
        platform = self.calling.context.platform
        async with platform.database.read() as uow:
            return await proposing.wanted(uow, platform, row)

    async def friends(
        self,
        parameters: DrawParameters,
        *,
        clean: bool = True,
        besides: DrawRow | None = None,
        section: str = "g1",
    ) -> list[ExpertRecord]:
        """Experts of the pool, one of an employer, for the seats: with nothing against them, or not."""
        platform, stage = self.calling.context.platform, self.calling.stage
        taken: set[str] = set()
        if besides is not None:
            held = [one for one in await invites.holders(platform, besides) if one is not None]
            day = beijing_date(besides.evaluation_from or "")
            taken = {employer_for_cap(one.record, day) for one in held}
            taken |= {one.record.id for one in held}
            taken |= {one.invited.expert for one in (await self.calling.standing(besides)).invitations}
        engine = await self._engine(parameters, section)
        found: list[ExpertRecord] = []
        for number, stratum in enumerate(parameters.strata, start=1):
            for record in stage.pool.records:
                employer = employer_for_cap(record, engine.t0)
                fits = any(code.startswith(stratum.prefixes) for code in record.specialties)
                if fits and not {record.id, employer} & taken and bool(engine.reasons(record)) is not clean:
                    found.append(record)
                    taken |= {record.id, employer}
                if len(found) == sum(one.seats for one in parameters.strata[:number]):
                    break
        return found

    async def _engine(self, parameters: DrawParameters, section: str) -> Engine:
        platform = self.calling.context.platform
        async with platform.database.read() as uow:
            project = await uow.projects.get("works-1", section)
            assert project is not None
            place = await judging.place_of(uow, platform, project)
        return Engine(place.case, place.pack.rules, parameters)

    def proposal(self, people: list[Entered], **changes: Any) -> Proposal:
        """A self-selection of these people for the section `g1`."""
        asked = Proposal(
            project="works-1",
            section="g1",
            way="self_selected",
            reason=WHY,
            approval=FILE,
            pool="city",
            people=people,
        )
        return replace(asked, **changes)

    async def propose(self, asked: Proposal, *, name: str = "olga", role: str = "operator") -> AppointmentRow:
        """Somebody proposes it."""
        platform, actor = self.calling.context.platform, _actor(name)
        return await proposing.propose(platform, person(name, role), asked, actor=actor)

    def agree(self, row: AppointmentRow) -> None:
        """The supervisor approves the document on the own node."""
        self.calling.stage.nodes["supervisor"].book.put_once("appointment", 0, b"", key=row.digest)

    async def approve(
        self, row: AppointmentRow, *, name: str = "sven", role: str = "supervisor", digest: str | None = None
    ) -> AppointmentRow:
        """Somebody approves it on the platform."""
        ceremony = self.calling.context.ceremony
        wanted = digest or row.digest
        return await deciding.approve(ceremony, person(name, role), row.id, wanted, actor=_actor(name))

    async def carried(self, row: AppointmentRow) -> DrawRow:
        """The row that invitations and seats of an approved one hang on."""
        assert row.draw_id is not None
        return await self.calling.context.ceremony.row(row.draw_id)


def seated(parameters: DrawParameters, people: list[ExpertRecord]) -> list[Entered]:
    """These experts, each for a stratum that is theirs, over the sites in turn."""
    rest = list(people)
    found = []
    sites = [site.id for site in parameters.sites for _ in range(site.minimum)]
    sites += [parameters.sites[0].id] * (parameters.seats - len(sites))
    for stratum in parameters.strata:
        for _ in range(stratum.seats):
            one = next(r for r in rest if any(c.startswith(stratum.prefixes) for c in r.specialties))
            rest.remove(one)
            found.append(Entered(stratum=stratum.id, site=sites.pop(), expert=one.id, outside=None))
    return found


def outside(stratum: str, site: str, **changes: Any) -> Entered:
    """Somebody who is in no pool."""
    value = {
        "name": "虚构专家甲",
        "id_number": "999901198001010016",
        "employers": [],
        "specialties": ["B"],
        "region": "350100",
        "title": "senior",
        "practice_from": "2001-07-01",
        "phone": "00099990001",
        "channels": ["sms"],
        **changes,
    }
    return Entered(stratum=stratum, site=site, expert=None, outside=value)


def bidder() -> str:
    """An organisation that bids."""
    return ORGS[2]


def _actor(name: str) -> Actor:
    return Actor(person=name, address="test", source="test")
