"""Putting the start off on record: 16 and 31 minutes late, reminder call, next rank, a later start with its
reason; and everything that is no lawful putting off.

Everybody goes through the desks over the API, as in `test_failure_table_venue`.
"""

from typing import Any

import pytest

from app.usecases.campaign_delays import document
from draw.letters import record_digest
from tests.support.arriving import CITY, Arriving
from tests.support.calling import later
from tests.support.troubles import (
    DESKS,
    act,
    classes,
    come,
    everyone,
    expect,
    moment,
    newcomers,
    notices,
    open_room,
    proved,
    refusal,
    seen,
    staff_office,
    texts,
    told_agency,
)

pytestmark = pytest.mark.anyio
TOLD = ["agency", *["expert"] * 5, "operator", "site", "site", "supervisor"]


@pytest.fixture
async def day(arriving: Arriving) -> Arriving:
    return await staff_office(arriving)


def path(day: Arriving) -> str:
    """Where the start is put off."""
    return f"/draws/{day.row.id}/campaign/put-off"


async def faults(day: Arriving, **wanted: Any) -> list[tuple[str, str]]:
    """What stands against putting the start off like that."""
    answer = await day.post("olga", path(day), {"reason": "late", "words": None} | wanted)
    assert answer.status_code == 422, answer.text
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


async def told_of(day: Arriving, number: int) -> list[str]:
    """Who was told of the n-th delay, by audience."""
    ending = f"/{number}"
    found = [one for one in await notices(day) if one["change_id"].endswith(ending)]
    assert {one["template"] for one in found} == {"put-off", "staff-put-off"}
    assert {one["state"] for one in found} <= {"delivered", "sent"}
    return sorted(one["audience"] for one in found)


async def test_a_late_comer_a_no_show_and_the_start_is_put_off_for_the_next_rank(day: Arriving) -> None:
    """Late 16 minutes: let in. Late 31: the next rank, and the start is put off for it, with its reason."""
    late, absent, *others = everyone(day)
    for number, letter in enumerate(others, 1):
        await come(day, letter, number)
    await day.calling.until(moment(day, minutes=16))
    assert set(texts(day, "请尽快到场")) == {late.to, absent.to}
    site = (await day.calling.of(late)).venue_site
    assert expect(await day.check_in(late, DESKS[site]), 201)["verdict"] == "late"
    await day.calling.until(moment(day, minutes=31))
    assert await classes(day) == ["no_show"]
    (successor,) = await newcomers(day)
    begins = moment(day, minutes=90)
    shown = await act(
        day, "olga", "put-off", {"begins": begins, "reason": "replacement", "words": "约一小时"}
    )
    (made,) = shown["delays"]
    assert (made["from"], made["to"], made["by"]) == (moment(day), begins, "olga")
    # Everybody who holds a seat, both centres, agency and officials, each once; nobody learns who is missing.
    assert await told_of(day, 1) == TOLD
    words = [one.text for one in day.calling.lines["sms"].taken if "推迟" in one.text]
    assert len(words) == 5
    assert all("等候人员到场" in one and "12:30" in one and "约一小时" in one for one in words)
    agency = await told_agency(day)
    assert (agency["begins"], agency["put_off"]["reason"]) == (begins, "replacement")
    assert not {"words", "by", "delays"} & {*agency, *agency["put_off"]}
    # The log holds the digest of what was decided, and each site's ledger that its desk waits.
    async with day.platform.database.read() as uow:
        found = await uow.campaigns.of_draw(day.row.id)
        assert found is not None
        (stored,) = await uow.campaigns.delays(found.id)
        (entry,) = await uow.log.entries_at([stored.log_index])
    row = await day.stage.one.ceremony.row(day.row.id)
    assert record_digest(document(row.k or 0, stored)).hex().encode() in entry.entry
    for desk in DESKS:
        assert "start-put-off" in await day.kinds(desk)
    # Whoever comes instead is in time by the new start, and is not called late before it.
    await day.calling.until(moment(day, minutes=85))
    await day.heartbeats()
    site = (await day.calling.of(successor)).venue_site
    assert texts(day, "请尽快到场").count(successor.to) == 0
    came = expect(await day.check_in(successor, DESKS[site]), 201)
    assert came["verdict"] == "in-time"
    ledger = (await day.ledger(site))["entries"]
    assert [one["about"]["minutes"] for one in ledger if one["kind"] == "checked-in"][-1] == 0
    # Everybody is there, and the room begins when it was said to begin.
    assert (await told_agency(day))["state"] == "checked_in"
    assert refusal(await open_room(day)) == (409, "roster.too-early")
    await day.calling.until(begins)
    expect(await open_room(day), 200)
    assert refusal(
        await day.post("olga", path(day), {"begins": later(begins, hours=1), "reason": "late"})
    ) == (
        409,
        "campaign.begun",
    )
    await proved(day)


async def test_whoever_is_not_there_has_the_grace_counted_from_the_new_start_each_time(day: Arriving) -> None:
    """Put off before the begin and once more: 16 minutes late are so by the last start, 31 too late."""
    late, too_late, *others = everyone(day)
    for number, letter in enumerate(others, 1):
        await come(day, letter, number)
    for number, minutes in enumerate((30, 60), 1):
        wanted = {"begins": moment(day, minutes=minutes), "reason": "late"}
        shown = await act(day, "olga", "put-off", wanted)
        assert (len(shown["delays"]), shown["moves"]) == (number, 0)
        assert await told_of(day, number) == TOLD
    slots = (await day.get("dana", "/desk/expected")).json()["slots"]
    assert {one["put_off"] for one in slots} == {"late"}
    assert {one["begins"] for one in slots} == {moment(day, minutes=60)}
    # The old end of the grace passes, and nobody loses a seat by it.
    await day.calling.until(moment(day, minutes=60))
    assert (await classes(day), texts(day, "请尽快到场")) == ([], [])
    await day.calling.until(moment(day, minutes=76))
    assert set(texts(day, "请尽快到场")) == {late.to, too_late.to}
    site = (await day.calling.of(late)).venue_site
    assert expect(await day.check_in(late, DESKS[site]), 201)["verdict"] == "late"
    ledger = (await day.ledger(site))["entries"]
    assert [one["about"]["minutes"] for one in ledger if one["kind"] == "checked-in"][-1] == 16
    await day.calling.until(moment(day, minutes=90))
    assert await classes(day) == []
    await day.calling.wait(seconds=61)
    assert await classes(day) == ["no_show"]
    site = (await day.calling.of(too_late)).venue_site
    assert refusal(await day.check_in(too_late, DESKS[site]))[0] in (403, 409)
    await newcomers(day)
    await proved(day)


async def test_what_is_no_putting_off_is_refused_with_every_fault_and_nothing_moves(day: Arriving) -> None:
    begins = moment(day)
    assert await faults(day, begins=later(begins, minutes=-10)) == [("/begins", "campaign.put-off-earlier")]
    assert await faults(day, begins=later(begins, minutes=-60), reason="other") == [
        ("/begins", "campaign.past"),
        ("/begins", "campaign.put-off-earlier"),
        ("/words", "campaign.put-off-words"),
    ]
    assert ("/begins", "campaign.put-off-day") in await faults(day, begins=later(begins, hours=24))
    # Nothing that says whose evaluation it is, or what would be a second message.
    soon = later(begins, minutes=30)
    for words in ("招标人未到", "见 www.example.com", "线路故障\x07", " "):
        assert {one for one, _ in await faults(day, begins=soon, words=words)} == {"/words"}
    async with day.platform.database.read() as uow:
        project = await uow.projects.get("works-1", "s1")
    assert project is not None
    title = project.document["title"]
    assert ("/words", "campaign.plan-tells") in await faults(day, begins=soon, words=title)
    assert refusal(await day.post("sven", path(day), {"begins": soon, "reason": "late"})) == (
        403,
        "access.role",
    )
    shown = await seen(day)
    assert (shown["begins"], shown["delays"], await notices(day)) == (begins, [], [])


async def test_a_start_beyond_the_booking_is_a_fault_until_the_booking_is_extended_with_it(
    day: Arriving,
) -> None:
    begins = moment(day, hours=3)
    (before,) = (await day.get("olga", "/bookings")).json()["items"]
    assert await faults(day, begins=begins) == [("/begins", "campaign.put-off-booking")]
    await act(day, "olga", "put-off", {"begins": begins, "reason": "traffic", "extend": True})
    (after,) = (await day.get("olga", "/bookings")).json()["items"]
    assert (after["from"], after["to"]) == (before["from"], later(begins, hours=4))
    # The centres keep their word: nobody comes or goes by it.
    assert {one["state"] for one in after["centres"]} == {"confirmed"}
    assert [one["extended"] for one in (await seen(day))["delays"]] == [True]
    assert CITY in {one["site"] for one in after["centres"]}
