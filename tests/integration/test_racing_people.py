"""Two servers asked at the same moment: one person, one place, one locker, one seat, one word, one campaign.

Every race is run over both servers' APIs at once; whoever loses is refused or hears what stands already, and
what is kept afterwards is one of each.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.store.engine import make_engine
from app.store.unit_of_work import Database
from draw.letters import sign_statement
from tests.integration.conftest import CIPHER
from tests.support.arriving import CITY, Arriving
from tests.support.arriving_world import World, enter
from tests.support.calling import Letter, plan_of
from tests.support.troubles import expect

pytestmark = pytest.mark.anyio


@pytest.fixture
async def twin(
    arriving: Arriving, world_url: tuple[World, str], tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Arriving]:
    """Another server of the same morning: own connections, own lock; its keys to requests are its own."""
    world, url = world_url
    database = Database(make_engine(url), CIPHER)
    made = await enter(world, database, tmp_path / "twin")
    made.numbers = iter(range(500_000, 600_000))
    yield made
    await made.client.aclose()
    await database.dispose()


def codes(*answers: httpx.Response) -> Counter[int]:
    return Counter(one.status_code for one in answers)


async def test_one_person_at_two_desks_of_a_site_is_one_presence(arriving: Arriving, twin: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    tries = [arriving.check_in(letter), twin.check_in(letter, "dora"), arriving.check_in(letter)]
    answers = await asyncio.gather(*tries)
    assert set(codes(*answers)) == {201}
    assert len({one.json()["arrival"] for one in answers}) == 1
    assert (await arriving.kinds()).count("checked-in") == 1


async def test_wrong_codes_at_two_desks_are_each_counted(arriving: Arriving, twin: Arriving) -> None:
    """Nine guesses at once are not nine tries for the price of one."""
    letter = arriving.letters[CITY][0]
    guesses = [f"{number:08d}" for number in range(9)]
    desks = [(arriving, "dana"), (twin, "dora"), (twin, "dana")]
    answers = await asyncio.gather(
        *(
            desks[number % 3][0].check_in(letter, desks[number % 3][1], code=guess)
            for number, guess in enumerate(guesses)
        )
    )
    told = Counter(one.json()["code"] for one in answers)
    assert told == {"arrival.refused": 5, "arrival.locked": 4}
    assert (await arriving.check_in(letter)).json()["code"] == "arrival.locked"


async def test_one_locker_is_given_to_one_of_two(arriving: Arriving, twin: Arriving) -> None:
    first, second = [await arriving.arrived(one) for one in arriving.letters[CITY][:2]]
    answers = await asyncio.gather(arriving.deposit(first, "A-07"), twin.deposit(second, "A-07", "dora"))
    assert codes(*answers) == {201: 1, 409: 1}
    assert next(one for one in answers if one.status_code == 409).json()["code"] == "locker.taken"


async def test_one_person_has_one_locker(arriving: Arriving, twin: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    answers = await asyncio.gather(arriving.deposit(arrival, "A-07"), twin.deposit(arrival, "A-08", "dora"))
    assert codes(*answers) == {201: 1, 409: 1}
    assert (await arriving.kinds()).count("deposited") == 1


async def test_a_supervisors_word_serves_for_one_of_two_without_a_card(
    arriving: Arriving, twin: Arriving
) -> None:
    word = expect(await arriving.post("sven", "/desk/attestations", {"site": CITY}), 201)["attestation"]
    first, second = arriving.letters[CITY][:2]
    shown: dict[str, Any] = {"presented": "none", "attestation": word}
    answers = await asyncio.gather(arriving.check_in(first, **shown), twin.check_in(second, "dora", **shown))
    assert codes(*answers) == {201: 1, 409: 1}
    assert next(one for one in answers if one.status_code == 409).json()["code"] == "arrival.uncarded"


async def test_two_people_at_once_get_two_seats(arriving: Arriving, twin: Arriving) -> None:
    inside = [
        await arriving.inside(one, f"A-{number:02}") for number, one in enumerate(arriving.letters[CITY][:2])
    ]
    first, second = await asyncio.gather(arriving.seat(inside[0]), twin.seat(inside[1], "dora"))
    assert first["seat"] != second["seat"]
    assert {first["position"], second["position"]} == {1, 2}


async def test_guesses_at_a_slip_void_it_however_many_come_at_once(
    arriving: Arriving, twin: Arriving
) -> None:
    arrival = await arriving.inside(arriving.letters[CITY][0])
    given = await arriving.seat(arrival)
    browser = await arriving.enrolled(given["seat"])
    wrong = [f"{(int(given['slip']) + number) % 10**8:08d}" for number in range(1, 7)]
    answers = await asyncio.gather(
        *((arriving, twin)[number % 2].log_in(browser, code) for number, code in enumerate(wrong))
    )
    assert codes(*answers) == {401: 6}
    assert (await arriving.log_in(browser, given["slip"])).status_code == 401
    reasons = [
        one["about"]["reason"]
        for one in (await arriving.ledger())["entries"]
        if one["kind"] == "seat-login-refused"
    ]
    assert Counter(reasons) == {"code": 4, "code-void": 3}


async def test_two_supervisors_at_once_start_one_campaign(asked: Arriving) -> None:
    """Asked again by both at once, nobody gets a second letter."""
    row = await asked.stage.one.ceremony.run(
        (await asked.stage.request(await another_section(asked), invitations="logged")).id
    )
    order = {"owner": "王工", "plan": plan_of(asked.calling, row)}
    expect(await asked.post("olga", f"/draws/{row.id}/campaign", order), 201)
    path = f"/draws/{row.id}/campaign/approval"
    answers = await asyncio.gather(
        asked.post("sven", path), asked.post("sofia", path), asked.post("sven", path)
    )
    assert codes(*answers)[200] >= 1
    assert set(codes(*answers)) <= {200, 409}
    await asked.calling.work()
    found = await asked.calling.standing(row)
    assert [one.n for one in found.invitations] == [1, 2, 3, 4, 5]


async def another_section(case: Arriving) -> str:
    await case.stage.project("s2")
    return "s2"


async def test_yes_and_no_at_once_are_one_answer(asked: Arriving) -> None:
    """Two tabs of one page, one code: one of them answers."""
    letter = asked.calling.fresh()[0]
    code = await asked.calling.code(letter)
    answers = await asyncio.gather(
        *(said(asked, letter, answer, code) for answer in ("accept", "decline", "accept", "decline"))
    )
    assert codes(*answers)[200] in {1, 2}
    _, course = await asked.stage.one.ceremony.shown(await asked.stage.one.ceremony.row(asked.row.id))
    assert len(course.all("reply")) == 1


async def said(case: Arriving, letter: Letter, answer: str, code: str) -> httpx.Response:
    bearer = {"Authorization": f"Letter {letter.keys.auth.hex()}"}
    path, at = f"/v1/letters/{letter.keys.id}", case.platform.now()
    page = expect(await case.client.get(path, headers=bearer), 200)
    signature = sign_statement(letter.keys.reply, page["draw"], page["n"], answer, at).hex()
    body = {"answer": answer, "at": at, "signature": signature, "code": code}
    key = {"Idempotency-Key": f"race-{next(case.numbers)}"}
    return await case.client.post(f"{path}/replies", json=body, headers=bearer | key)
