"""The platform dies between any two steps of a campaign, and whoever starts again ends up at the same place.

Points are before and after every write transaction and every call of a party's node. After the death the
leases of the dead worker run out and another one goes on.
"""

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from app.gateways.parties import HttpPartyNode
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database
from app.usecases.invitations.standing import Standing
from app.usecases.openings import bundle, open_draw
from draw.verify.verifier import verify
from tests.support.calling import Calling, Letter, later
from tests.support.delivery import Doom, KilledError

# `make points`: each point once, odd ones on SQLite, even ones on PostgreSQL.
ALL = os.environ.get("QIANTONG_POINTS") == "all"
pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(3000 if ALL else 400)]
MANY = 200
LEASE = 130


class Mortal:
    """Lets an errand die at one of its points."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    async def dies(self, errand: Callable[[], Awaitable[object]], fatal: int) -> bool:
        """Run an errand up to point `fatal`; False when it ended before."""
        doom = Doom(fatal=fatal)
        with self._patch.context() as patch:
            for owner, name in ((Database, "transact"), (HttpPartyNode, "call")):
                patch.setattr(owner, name, doom.around(getattr(owner, name)))
            with suppress(KilledError):
                await errand()
        return doom.passed >= fatal


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> Mortal:
    return Mortal(monkeypatch)


def points(calling: Calling) -> range:
    """The engines take turns: SQLite every second point, PostgreSQL every fifth, or all that are left."""
    sqlite = calling.context.platform.database.engine.dialect.name == "sqlite"
    return range(1, MANY, 2) if sqlite else range(2, MANY, 2 if ALL else 5)


async def section(calling: Calling, number: int) -> str:
    """Another section of the project, so that every death has a draw of its own."""
    name = f"k{number}"
    await calling.stage.project(name)
    return name


def whole(found: Standing) -> None:
    """Nobody was asked twice and nobody left out."""
    askings = Counter((one.invited.seat, one.invited.tenure) for one in found.invitations)
    assert set(askings.values()) == {1}
    assert [one.n for one in found.invitations] == list(range(1, len(found.invitations) + 1))
    assert not found.pending


async def finished(calling: Calling, row: DrawRow) -> None:
    """Go on after the death: everybody else accepts, the draw opens, the bundle verifies."""
    await calling.wait(seconds=LEASE)
    found = await calling.fill(row)
    whole(found)
    assert found.campaign.state == "sealed"
    await calling.until(later(row.evaluation_from or "", seconds=1))
    await open_draw(calling.context.ceremony, row.id)
    data = await bundle(calling.context.platform, await calling.context.ceremony.row(row.id))
    assert verify(data, trust=calling.stage.trust).stage == "opened"


async def test_while_the_campaign_is_approved(calling: Calling, mortal: Mortal) -> None:
    stage = calling.stage
    for fatal in points(calling):
        name = await section(calling, fatal)
        row = await stage.one.ceremony.run((await stage.request(name, invitations="logged")).id)
        await calling.propose(row)
        if not await mortal.dies(lambda row=row: calling.approve(row), fatal):  # type: ignore[misc]
            break
        await calling.approve(row)
        await calling.work()
        assert len((await calling.standing(row)).invitations) == 5
        await finished(calling, row)
    else:
        raise AssertionError("the errand has no end")


async def test_while_an_answer_is_taken(calling: Calling, mortal: Mortal) -> None:
    for fatal in points(calling):
        row = await calling.started(await section(calling, fatal))
        letter, *others = calling.fresh()
        page = await calling.open(letter)
        code = await calling.code(letter)
        said = calling.signed(letter, page, "accept")
        died = await mortal.dies(lambda: calling.give(letter, said, code), fatal)  # noqa: B023
        # The page tries again: with the same statement, and a new code where that is asked for.
        await again(calling, letter, code, said)
        _, course = await calling.context.ceremony.shown(row)
        assert len(course.all("reply")) == 1
        for other in others:
            await calling.say(other, "accept")
        await finished(calling, row)
        if not died:
            break
    else:
        raise AssertionError("the errand has no end")


async def again(calling: Calling, letter: Letter, code: str, said: object) -> None:
    """What a page does that got no answer."""
    try:
        await calling.give(letter, said, code)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - the code may be used up; then another one is asked for
        await calling.give(letter, said, await calling.code(letter))  # type: ignore[arg-type]


async def test_while_seats_pass_on(calling: Calling, mortal: Mortal) -> None:
    for fatal in points(calling):
        row = await calling.started(await section(calling, fatal))
        first, second, *others = calling.fresh()
        for letter in (second, first):
            page, code = await calling.open(letter), await calling.code(letter)
            said = calling.signed(letter, page, "decline")
            await calling.give(letter, said, code)
        calling.seen -= {letter.keys.id for letter in others}
        died = await mortal.dies(calling.work, fatal)
        await finished(calling, row)
        _, course = await calling.context.ceremony.shown(await calling.context.ceremony.row(row.id))
        assert [entry.body["class"] for _, entry in course.all("event")] == ["decline"] * 2
        if not died:
            break
    else:
        raise AssertionError("the errand has no end")
