"""The desk: who may be confirmed where and when, and what everybody else learns there, which is nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from app.gateways.pool_files import person_hash
from app.store.unit_of_work import Database
from app.times import from_text, to_text
from app.usecases.invitations import changes
from tests.support.arriving import CITY, COUNTY, Arriving
from tests.support.calling import Letter, acts
from tests.support.troubles import refusal

pytestmark = pytest.mark.anyio
STRANGER = "999901199001010018"


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The text of every statement that is executed meanwhile."""
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


async def wrong_person(arriving: Arriving, letter: Letter) -> httpx.Response:
    return await arriving.check_in(letter, document=STRANGER)


async def wrong_site(arriving: Arriving, letter: Letter) -> httpx.Response:
    return await arriving.check_in(letter, "carlo")


async def wrong_code(arriving: Arriving, letter: Letter) -> httpx.Response:
    return await arriving.check_in(letter, code="00000000")


async def no_number_at_all(arriving: Arriving, letter: Letter) -> httpx.Response:
    return await arriving.check_in(letter, document="E12345678")


BODIES: dict[str, dict[str, Any]] = {
    "locker": {"locker": "A-01", "items": [{"kind": "phone", "count": 1}]},
    "gate": {"gate": "dev_x", "direction": "in"},
}
CASES = {
    "wrong person": wrong_person,
    "wrong site": wrong_site,
    "right person, wrong code": wrong_code,
    "no identity number": no_number_at_all,
}


async def test_whoever_does_not_belong_here_hears_one_text(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    heard = set()
    for case in CASES.values():
        answer = await case(arriving, letter)
        assert refusal(answer) == (403, "arrival.refused")
        heard.add(str({**answer.json(), "trace_id": ""}))
    assert len(heard) == 1
    assert (await arriving.kinds())[-3:] == ["check-in-refused"] * 3
    assert (await arriving.kinds(COUNTY))[-1] == "check-in-refused"


async def test_the_wrong_day_is_the_wrong_day(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    arriving.stage.clock.advance(days=1)
    assert refusal(await arriving.check_in(letter)) == (403, "arrival.refused")
    assert await arriving.kinds() == ["check-in-refused"]


async def test_a_match_and_a_miss_execute_the_same_statements(arriving: Arriving) -> None:
    """Right person with the wrong code is a match of the look-up; nobody, elsewhere and never are not."""
    city, county = arriving.letters[CITY], arriving.letters[COUNTY]
    database, ran = arriving.platform.database, []
    tries = (
        arriving.check_in(city[0], code="00000000"),
        arriving.check_in(city[1], document=STRANGER),
        arriving.check_in(county[0], code="00000000"),
        arriving.check_in(city[1], document="E12345678"),
    )
    for one in tries:
        with statements(database) as heard:
            assert refusal(await one) == (403, "arrival.refused")
        ran.append(heard)
    assert len(ran[0]) > 8
    assert ran[0] == ran[1] == ran[2] == ran[3]


async def test_the_search_for_a_difference_would_find_one(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    with statements(arriving.platform.database) as refused:
        await arriving.check_in(letter, code="00000000")
    with statements(arriving.platform.database) as confirmed:
        assert (await arriving.check_in(letter)).status_code == 201
    assert refused != confirmed


async def test_five_wrong_codes_lock_a_document_until_a_supervisor_releases_it(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    for _try in range(5):
        assert refusal(await arriving.check_in(letter, code="00000000")) == (403, "arrival.refused")
    locked = await arriving.check_in(letter)
    assert refusal(locked) == (409, "arrival.locked")
    path = f"/desk/locks/{locked.json()['figures']['lock']}/release"
    assert refusal(await arriving.post("dana", path)) == (403, "access.role")
    assert (await arriving.post("sven", path)).json()["tries"] == 0
    assert (await arriving.check_in(letter)).status_code == 201


async def test_a_document_that_nobody_is_invited_under_is_locked_in_the_same_way(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    for _try in range(5):
        await arriving.check_in(letter, document=STRANGER)
    assert refusal(await arriving.check_in(letter, document=STRANGER)) == (409, "arrival.locked")
    assert (await arriving.check_in(letter)).status_code == 201


async def test_a_wrong_try_is_counted_although_it_is_refused(arriving: Arriving) -> None:
    """Two desks try at once: each of both tries counts."""
    letter = arriving.letters[CITY][0]
    await asyncio.gather(*(arriving.check_in(letter, who, code="00000000") for who in ("dana", "dora")))
    for _try in range(3):
        await arriving.check_in(letter, code="00000000")
    assert refusal(await arriving.check_in(letter)) == (409, "arrival.locked")


async def test_one_person_cannot_arrive_twice_at_one_desk_or_at_two(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    answers = await asyncio.gather(
        arriving.check_in(letter, "dana"),
        arriving.check_in(letter, "dora"),
        arriving.check_in(letter, "carlo"),
    )
    assert sorted(one.status_code for one in answers) == [201, 201, 403]
    assert len({one.json()["arrival"] for one in answers[:2]}) == 1
    assert sorted(await arriving.kinds())[:2] == ["check-in-repeated", "checked-in"]


async def test_whoever_is_present_at_one_site_is_not_let_in_at_another(arriving: Arriving) -> None:
    """Two invitations of one person for one day: the database knows presence by person, not by letter."""
    here, there = arriving.letters[CITY][0], arriving.letters[COUNTY][0]
    arrival = await arriving.arrived(here)
    async with arriving.platform.database.write() as uow:
        found, other = await uow.arrivals.get(arrival), await arriving.calling.of(there)
        assert found is not None
        person = await _person_of(arriving, there)
        tag = uow.cipher.tag("presence", f"{found.day}|{person}")
        await uow.arrivals.move(found, now=found.updated_at, presence_tag=tag)
        assert other.venue_site == COUNTY
    assert refusal(await arriving.check_in(there, "carlo")) == (403, "arrival.refused")
    assert "present-elsewhere" in await arriving.open_alerts(COUNTY)


async def _person_of(arriving: Arriving, letter: Letter) -> str:
    expert = (await arriving.calling.of(letter)).invited.expert
    return next(one.person for one in arriving.stage.pool.records if one.id == expert)


async def test_the_fifteen_digit_form_and_a_small_x_are_the_same_person(arriving: Arriving) -> None:
    """The desk hashes as the import of a pool does, so an old card finds the same invitation."""
    letter = arriving.letters[CITY][0]
    number = await arriving.document(letter)
    first = await arriving.check_in(letter, document=number.lower())
    again = await arriving.check_in(letter, document=number[:6] + number[8:17])
    assert [one.status_code for one in (first, again)] == [201, 201]
    assert first.json()["arrival"] == again.json()["arrival"]
    key = arriving.platform.person_key
    assert person_hash(key, number) == await _person_of(arriving, letter)


async def test_after_the_locker_a_second_coming_is_told(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    await arriving.deposit(await arriving.arrived(letter))
    assert refusal(await arriving.check_in(letter)) == (409, "arrival.already-in")


async def test_sixteen_minutes_late_is_late_and_goes_on_record(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    begins = (await arriving.calling.of(letter)).begins
    arriving.stage.clock.now = from_text(begins) + timedelta(minutes=16)
    shown = (await arriving.check_in(letter)).json()
    assert (shown["verdict"], shown["minutes_late"]) == ("late", 16)
    assert (await arriving.calling.of(letter)).state == "late"
    about = (await arriving.ledger())["entries"][-1]["about"]
    assert (about["verdict"], about["minutes"]) == ("late", 16)


async def test_thirty_one_minutes_late_the_seat_has_passed_on(arriving: Arriving) -> None:
    """Before the clock has told the campaign, and after: not a seat that somebody else is being asked for."""
    letter = arriving.letters[CITY][0]
    begins = (await arriving.calling.of(letter)).begins
    arriving.stage.clock.now = from_text(begins) + timedelta(minutes=31)
    assert refusal(await arriving.check_in(letter)) == (409, "arrival.too-late")
    await arriving.calling.work()
    assert (await arriving.calling.of(letter)).state == "replaced"
    assert refusal(await arriving.check_in(letter)) == (403, "arrival.refused")


async def test_without_a_card_a_supervisor_attests_once_and_for_this_site(arriving: Arriving) -> None:
    first, second = arriving.letters[CITY][:2]
    bare = {"presented": "none"}
    assert refusal(await arriving.check_in(first, **bare)) == (409, "arrival.uncarded")
    assert refusal(await arriving.post("dana", "/desk/attestations", {"site": CITY})) == (403, "access.role")
    away = (await arriving.post("sven", "/desk/attestations", {"site": COUNTY})).json()["attestation"]
    assert refusal(await arriving.check_in(first, attestation=away, **bare)) == (409, "arrival.uncarded")
    word = (await arriving.post("sven", "/desk/attestations", {"site": CITY})).json()["attestation"]
    assert (await arriving.check_in(first, attestation=word, **bare)).status_code == 201
    assert refusal(await arriving.check_in(second, attestation=word, **bare)) == (409, "arrival.uncarded")
    late = (await arriving.post("sven", "/desk/attestations", {"site": CITY})).json()["attestation"]
    arriving.stage.clock.advance(minutes=10)
    assert refusal(await arriving.check_in(second, attestation=late, **bare)) == (409, "arrival.uncarded")


async def test_nobody_arrives_for_a_session_that_was_called_off(arriving: Arriving) -> None:
    platform, letter = arriving.platform, arriving.letters[CITY][0]
    await platform.database.transact(
        lambda uow: changes.cancel(uow, platform, arriving.row.id, "停电", by=acts("olga", "operator"))
    )
    assert refusal(await arriving.check_in(letter)) == (403, "arrival.refused")
    assert (await arriving.get("dana", "/desk/expected")).json()["slots"] == []


async def test_a_desk_sees_its_own_people_as_codes_and_times_only(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    arrival = await arriving.arrived(letter)
    answer = await arriving.get("dana", "/desk/expected")
    people = [one for slot in answer.json()["slots"] for one in slot["expected"]]
    assert len(people) == len(arriving.letters[CITY])
    assert sorted(one["state"] for one in people)[:2] == ["confirmed", "expected"]
    assert {one["arrival"] for one in people} == {arrival, None}
    for other in (*arriving.letters[CITY], *arriving.letters[COUNTY]):
        for secret in (await arriving.name(other), await arriving.document(other), other.keys.id):
            assert secret not in answer.text
    assert (await arriving.get("carlo", "/desk/expected")).json()["site"] == COUNTY


async def test_another_sites_staff_find_no_such_arrival(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    assert refusal(await arriving.get("carlo", f"/desk/arrivals/{arrival}")) == (404, "arrival.unknown")
    for act in ("locker", "pass", "return", "gate", "seat"):
        body = BODIES.get(act, {})
        signed = {"expert_signature": "iVBORw0KGgo", "staff_signature": "iVBORw0KGgo"}
        sent = body | (signed if act in ("locker", "return") else {})
        answer = await arriving.post("carlo", f"/desk/arrivals/{arrival}/{act}", sent or None)
        assert refusal(answer) == (404, "arrival.unknown"), act


async def test_the_name_is_the_persons_own_and_comes_with_the_check_in_only(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    shown = await arriving.check_in(letter)
    assert shown.json()["name"] == await arriving.name(letter)
    assert shown.headers["cache-control"] == "no-store"
    later = await arriving.get("dana", f"/desk/arrivals/{shown.json()['arrival']}")
    assert await arriving.name(letter) not in later.text
    assert to_text(arriving.stage.clock()) == later.json()["arrived_at"]
