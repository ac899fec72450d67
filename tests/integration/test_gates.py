"""Locker, detector and gate: nobody inside without a deposit, nobody twice, and nobody ever held back."""

import asyncio
from typing import Any

import pytest

from tests.support.arriving import CITY, SIGNED, Arriving

pytestmark = pytest.mark.anyio


async def code(answer: Any) -> str:
    return str(answer.json()["code"])


async def test_no_gate_without_a_deposit(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    decided = await arriving.gate(arrival)
    assert (decided["opens"], decided["passage"], decided["door"]) == (False, None, "none")
    assert decided["reasons"] == ["not-checked-in", "no-deposit"]
    assert "open" not in {act for one in arriving.house.devices.values() for act, _ in one.done.values()}
    assert (await arriving.kinds())[-1] == "gate-denied"


async def test_whoever_is_inside_does_not_come_in_again(arriving: Arriving) -> None:
    arrival = await arriving.inside(arriving.letters[CITY][0])
    assert (await arriving.gate(arrival))["reasons"] == ["passback"]


async def test_one_opening_lets_one_person_through(arriving: Arriving) -> None:
    """The gate's own word comes twice: nobody is inside twice, and the second is no error of the gate."""
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    await arriving.deposit(arrival)
    passage = (await arriving.gate(arrival))["passage"]
    assert (await arriving.gate(arrival))["passage"] == passage
    for _time in range(2):
        await arriving.event(f"gate {CITY}", "passed", passage=passage, direction="in")
    assert await arriving.state(arrival) == "inside"
    assert (await arriving.kinds()).count("came-in") == 1


async def test_a_gate_that_shut_again_asks_for_everything_anew(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    await arriving.deposit(arrival)
    passage = (await arriving.gate(arrival))["passage"]
    await arriving.event(f"gate {CITY}", "shut", passage=passage)
    assert await arriving.state(arrival) == "deposited"
    assert (await arriving.gate(arrival))["passage"] != passage


async def test_a_detector_alarm_holds_the_gate_until_it_is_cleared_by_name_and_reason(
    arriving: Arriving,
) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    await arriving.deposit(arrival)
    passage = (await arriving.gate(arrival))["passage"]
    await arriving.event(f"detector {CITY}", "alarm")
    assert await arriving.state(arrival) == "detector_hold"
    assert (await arriving.gate(arrival))["reasons"] == ["detector-alarm"]
    (alert,) = [one for one in await arriving.alerts() if one["kind"] == "detector-alarm"]
    path = f"/desk/alerts/{alert['alert']}/closure"
    blank = await arriving.post("wanda", path, {"reason": "  "})
    assert (blank.status_code, await code(blank)) == (422, "alert.reason")
    assert (await arriving.gate(arrival))["opens"] is False
    arriving.stage.clock.advance(seconds=75)
    await arriving.heartbeats()
    closed = await arriving.post("wanda", path, {"reason": "钥匙串，已复检"})
    assert (closed.json()["closed_by"], closed.json()["seconds"]) == ("wanda", 75)
    assert await arriving.state(arrival) == "deposited"
    fresh = await arriving.gate(arrival)
    assert (fresh["opens"], fresh["passage"] != passage) == (True, True)
    again = await arriving.post("wanda", path, {"reason": "again"})
    assert (again.status_code, await code(again)) == (409, "alert.closed")


async def test_whoever_walks_through_a_held_gate_is_told_and_not_counted_as_let_in(
    arriving: Arriving,
) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    await arriving.deposit(arrival)
    passage = (await arriving.gate(arrival))["passage"]
    await arriving.event(f"detector {CITY}", "alarm")
    await arriving.event(f"gate {CITY}", "passed", passage=passage, direction="in")
    assert await arriving.open_alerts() == ["detector-alarm", "passed-while-held"]
    assert await arriving.state(arrival) == "detector_hold"


async def test_a_silent_detector_shuts_its_gate(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    await arriving.deposit(arrival)
    arriving.stage.clock.advance(seconds=91)
    assert (await arriving.gate(arrival))["reasons"] == ["detector-silent"]
    await arriving.heartbeats()
    assert (await arriving.gate(arrival))["opens"]


async def test_out_opens_at_once_and_says_that_nobody_released(arriving: Arriving) -> None:
    """Emergency: an alarm at the detector, a silent one, no release; the way out is open all the same."""
    arrival = await arriving.inside(arriving.letters[CITY][0])
    await arriving.event(f"detector {CITY}", "alarm")
    arriving.stage.clock.advance(minutes=5)
    decided = await arriving.gate(arrival, "out", emergency=True)
    assert (decided["opens"], decided["alerts"]) == (True, ["left-before-release"])
    await arriving.event(f"gate {CITY}", "passed", passage=decided["passage"], direction="out")
    assert await arriving.state(arrival) == "left"
    assert {"emergency-egress", "left-before-release"} <= set(await arriving.open_alerts())


async def test_after_release_leaving_is_nobodys_business_and_the_locker_opens(arriving: Arriving) -> None:
    arrival = await arriving.inside(arriving.letters[CITY][0])
    early = await arriving.post("dana", f"/desk/arrivals/{arrival}/return", SIGNED)
    assert (early.status_code, await code(early)) == (409, "arrival.transition")
    decided = await arriving.gate(arrival, "out")
    await arriving.event(f"gate {CITY}", "passed", passage=decided["passage"], direction="out")
    unreleased = await arriving.post("dana", f"/desk/arrivals/{arrival}/return", SIGNED)
    assert (await code(unreleased), unreleased.json()["figures"]) == ("arrival.needs", {"need": "release"})
    released = await arriving.post("sven", f"/desk/arrivals/{arrival}/release", {"reason": "评审结束"})
    assert released.status_code == 200, released.text
    back = await arriving.post("dana", f"/desk/arrivals/{arrival}/return", SIGNED)
    assert (back.status_code, back.json()["state"], back.json()["door"]) == (200, "returned", "opened")
    twice = await arriving.post("dana", f"/desk/arrivals/{arrival}/return", SIGNED)
    assert await code(twice) == "locker.empty"


async def test_a_locker_holds_the_things_of_one_person(arriving: Arriving) -> None:
    first, second = [await arriving.arrived(one) for one in arriving.letters[CITY][:2]]
    assert (await arriving.deposit(first, "A-07")).status_code == 201
    taken = await arriving.deposit(second, "A-07")
    assert (taken.status_code, await code(taken)) == (409, "locker.taken")
    assert await arriving.state(second) == "confirmed"
    other = await arriving.deposit(first, "A-08")
    assert (other.status_code, await code(other)) == (409, "arrival.transition")
    assert (await arriving.deposit(second, "A-08")).status_code == 201


async def test_two_desks_at_once_fill_one_locker_once(arriving: Arriving) -> None:
    came = [await arriving.arrived(one) for one in arriving.letters[CITY][:2]]
    answers = await asyncio.gather(
        arriving.deposit(came[0], "A-07", "dana"), arriving.deposit(came[1], "A-07", "dora")
    )
    assert sorted(one.status_code for one in answers) == [201, 409]
    assert sorted([await arriving.state(one) for one in came]) == ["confirmed", "deposited"]


@pytest.mark.parametrize("image", ["aGVsbG8", "iVBORw0KGgo" + "A" * 44_000])
async def test_a_deposit_without_two_signatures_is_none(arriving: Arriving, image: str) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    body = {"locker": "A-01", "items": [{"kind": "phone", "count": 1}]} | SIGNED | {"staff_signature": image}
    answer = await arriving.post("dana", f"/desk/arrivals/{arrival}/locker", body)
    assert (answer.status_code, await code(answer)) == (422, "locker.signatures")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/staff_signature"]
    assert await arriving.state(arrival) == "confirmed"


async def test_a_locker_that_cannot_be_reached_does_not_unmake_the_deposit(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    cabinet = arriving.house.devices[arriving.devices[f"locker {CITY}"]]
    cabinet.stuck = True
    answer = await arriving.deposit(arrival)
    assert (answer.status_code, answer.json()["door"]) == (201, "unreachable")
    assert (await arriving.kinds())[-1] == "device-failed"
    cabinet.stuck = False
    again = await arriving.deposit(arrival)
    assert (again.json()["deposit"], again.json()["door"]) == (answer.json()["deposit"], "locked")
    assert [act for act, _ in cabinet.done.values()] == ["lock"]


async def test_a_printed_pass_opens_the_gate_and_only_the_newest_does(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    early = await arriving.post("dana", f"/desk/arrivals/{arrival}/pass")
    assert await code(early) == "arrival.needs"
    await arriving.deposit(arrival)
    lost, found = [
        (await arriving.post("dana", f"/desk/arrivals/{arrival}/pass")).json()["badge"] for _time in range(2)
    ]
    shut = (await arriving.event(f"gate {CITY}", "badge", badge=lost, direction="in")).json()
    assert shut["opens"] is False
    opened = (await arriving.event(f"gate {CITY}", "badge", badge=found, direction="in")).json()
    assert opened["opens"] is True
    await arriving.event(f"gate {CITY}", "passed", passage=opened["passage"], direction="in")
    again = (await arriving.event(f"gate {CITY}", "badge", badge=found, direction="in")).json()
    assert (again["opens"], await arriving.state(arrival)) == (False, "inside")


async def test_an_unknown_badge_is_told_until_somebody_closes_it(arriving: Arriving) -> None:
    for _time in range(2):
        answer = (await arriving.event(f"gate {CITY}", "badge", badge="nobody's", direction="in")).json()
        assert answer["opens"] is False
    (alert,) = [one for one in await arriving.alerts() if one["kind"] == "unknown-badge"]
    assert (alert["level"], alert["closed_at"], alert["seconds"]) == ("red", None, None)
    foreign = await arriving.post("carlo", f"/desk/alerts/{alert['alert']}/closure", {"reason": "x"})
    assert (foreign.status_code, await code(foreign)) == (404, "alert.unknown")
    arriving.stage.clock.advance(minutes=3)
    closed = await arriving.post("dana", f"/desk/alerts/{alert['alert']}/closure", {"reason": "已劝离"})
    assert closed.json()["seconds"] == 180
    assert (await arriving.kinds()).count("unknown-badge") == 2


async def test_a_gate_of_another_site_is_no_gate_of_this_one(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    for device in (arriving.devices["gate ste_county"], arriving.devices[f"locker {CITY}"], "dev_none"):
        asked = {"gate": device, "direction": "in"}
        answer = await arriving.post("dana", f"/desk/arrivals/{arrival}/gate", asked)
        assert (answer.status_code, await code(answer)) == (404, "device.unknown")
