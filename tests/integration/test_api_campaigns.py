"""A campaign over the API: who may do what, what each sees, and the page of a letter."""

from typing import Any

import pytest

from tests.support import venues
from tests.support.calling import later
from tests.support.campaign_stage import BOOKED, PLAN, Stage, booked_draw, drawn
from tests.support.service import Service, faults, order, project

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stage(api: Service) -> Stage:
    return await drawn(api, order(invitations="logged"))


async def test_two_persons_start_and_the_agency_counts(stage: Stage) -> None:
    proposed = await stage.post("bob", "", {"owner": "王工", "plan": PLAN})
    assert proposed.status_code == 201, proposed.text
    assert proposed.json()["state"] == "proposed"
    assert stage.letters() == []
    approved = await stage.post("carol", "/approval")
    assert (approved.status_code, approved.json()["state"]) == (200, "inviting")
    await stage.work()
    assert len(stage.letters()) == 5
    counts = (await stage.get("alice", "/counts")).json()
    assert counts == {
        "draw": stage.draw,
        "state": "inviting",
        "needed": 5,
        "accepted": 0,
        "next_deadline": later(stage.api.platform.now(), minutes=30),
        "begins": PLAN["begins"],
        "owner": "王工",
        "put_off": None,
        "top_up": None,
    }
    seats = (await stage.get("carol")).json()["seats"]
    assert [(one["seat"], one["round"], one["next"]["what"]) for one in seats] == [
        (number, 1, "reply_by") for number in range(1, 6)
    ]
    assert {one["last_delivery"]["kind"] for one in seats} == {"delivered"}


async def test_a_proposal_that_was_changed_after_the_supervisor_looked_is_not_approved(stage: Stage) -> None:
    """An operator shows one address and swaps it for another before the second person signs."""
    await stage.post("bob", "", {"owner": "王工", "plan": PLAN})
    seen = {name: (await stage.get("carol")).json()[name] for name in ("owner", "plan")}
    elsewhere = {**PLAN, "contact": "000-87654321"}
    await stage.post("bob", "", {"owner": "王工", "plan": elsewhere})
    refused = await stage.post("carol", "/approval", seen)
    assert (refused.status_code, refused.json()["code"]) == (409, "campaign.other-proposal")
    assert stage.letters() == []
    now_seen = {name: (await stage.get("carol")).json()[name] for name in ("owner", "plan")}
    assert now_seen["plan"]["contact"] == "000-87654321"
    other_owner = await stage.post("carol", "/approval", now_seen | {"owner": "李工"})
    assert other_owner.json()["code"] == "campaign.other-proposal"
    approved = await stage.post("carol", "/approval", now_seen)
    assert (approved.status_code, approved.json()["state"]) == (200, "inviting")


async def test_who_may_not(stage: Stage) -> None:
    body = {"owner": "王工", "plan": PLAN}
    assert (await stage.post("alice", "", body)).status_code == 403
    assert (await stage.post("carol", "", body)).status_code == 403
    await stage.post("bob", "", body)
    assert (await stage.post("bob", "/approval")).status_code == 403
    assert (await stage.get("alice")).status_code == 403
    assert (await stage.get("mallory", "/counts")).status_code == 404
    words = {"cause": "conflict", "seat": 1, "note": "x"}
    assert (await stage.post("bob", "/vacate", words)).status_code == 403


async def test_every_fault_of_a_plan_at_once(stage: Stage) -> None:
    wrong = {
        **PLAN,
        "begins": "2026-11-22T01:00:00Z",
        "bring": "道路工程 的图纸",
        "sites": [{"site": "elsewhere", "venue": "ste_main", "area": "某招标项目", "address": "福州"}],
    }
    answer = await stage.post("bob", "", {"owner": " ", "plan": wrong})
    assert answer.status_code == 422
    answer = await stage.post("bob", "", {"owner": "王工", "plan": wrong})
    told = {(one["code"], one["pointer"]) for one in answer.json()["errors"]}
    assert told == {
        ("campaign.past", "/plan/begins"),
        ("campaign.site", "/plan/sites/0/site"),
        ("campaign.site-missing", "/plan/sites"),
        ("campaign.plan-tells", "/plan/bring"),
    }
    spoken = {**PLAN, "sites": [{**PLAN["sites"][0], "area": "某招标现场"}]}
    answer = await stage.post("bob", "", {"owner": "王工", "plan": spoken})
    assert [(one["code"], one["pointer"]) for one in answer.json()["errors"]] == [
        ("campaign.plan-text", "/plan/sites/0/area")
    ]


async def test_a_letter_is_opened_answered_and_receipted(stage: Stage) -> None:
    await stage.started()
    letter = stage.letters()[0]
    assert (await stage.page(letter)).headers["cache-control"] == "no-store"
    answer = await stage.reply(letter, "accept")
    assert (answer.status_code, answer.json()["state"]) == (200, "accepted"), answer.text
    assert answer.json()["may"] == ["leave"]
    again = await stage.page(
        letter, "/replies", json={"answer": "accept"}, headers={"Idempotency-Key": "k-1"}
    )
    assert again.status_code in {400, 409, 422}
    receipt = (await stage.page(letter, "/receipt")).json()
    assert receipt["format"] == "qt/1 reply-receipt"
    assert receipt["reply"]["entry"]["body"]["answer"] == "accept"
    counts = (await stage.get("alice", "/counts")).json()
    assert (counts["accepted"], counts["needed"]) == (1, 5)


async def test_a_wrong_proof_and_an_unknown_letter_look_the_same(stage: Stage) -> None:
    await stage.started()
    one, other, *_ = stage.letters()
    wrong = {"Authorization": f"Letter {other.keys.auth.hex()}"}
    seen = []
    for letter_id, headers in (
        (one.keys.id, wrong),
        ("inv_" + "0" * 20, wrong),
        ("inv_x", {"Authorization": "Letter zz"}),
        (one.keys.id, {"Authorization": ""}),
    ):
        answer = await stage.page(one, id=letter_id, headers=headers)
        body = answer.json()
        body.pop("trace_id")
        seen.append((answer.status_code, body))
    assert seen == [seen[0]] * 4
    assert seen[0][0] == 404


async def test_a_letter_is_not_tried_for_ever(stage: Stage) -> None:
    await stage.started()
    letter = stage.letters()[0]
    wrong = {"Authorization": f"Letter {bytes(32).hex()}"}
    codes = [(await stage.page(letter, headers=wrong)).status_code for _ in range(31)]
    assert codes[-1] == 429
    other = stage.letters()[1]
    assert (await stage.page(other)).status_code == 200


async def test_a_move_and_a_cancellation_over_the_api(stage: Stage) -> None:
    await stage.started()
    moved = await stage.post(
        "bob", "/move", {"begins": "2026-11-24T03:00:00Z", "reason": "停电", "sites": None}
    )
    assert moved.status_code == 200, moved.text
    assert (moved.json()["begins"], moved.json()["moves"]) == ("2026-11-24T03:00:00Z", 1)
    await stage.work()
    assert len(stage.letters()) == 10
    gone = await stage.post("carol", "/cancel", {"reason": "停办"})
    assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    await stage.work()
    notices = (await stage.api.get("bob", f"/v1/draws/{stage.draw}/notices")).json()["items"]
    assert {one["audience"] for one in notices} == {"expert", "site", "agency", "operator", "supervisor"}
    assert sum(one["audience"] == "expert" for one in notices) == 5
    page = (await stage.page(stage.letters()[-1])).json()
    assert (page["state"], page["may"]) == ("cancelled", [])


async def booked_stage(api: Service) -> tuple[Stage, dict[str, Any]]:
    """A campaign under way in two booked centres; the stage and the booking."""
    stage, made = await booked_draw(api)
    for who in venues.STAFF:
        assert (await venues.decide(api, who, made, "confirm")).status_code == 200
    assert (await stage.post("bob", "", {"owner": "王工", "plan": BOOKED})).status_code == 201
    assert (await stage.post("carol", "/approval")).status_code == 200
    await stage.work()
    return stage, made


async def test_a_move_books_the_seats_anew_or_moves_nothing(api: Service) -> None:
    """Two hours later: seats follow and centres confirm again; where another draw sits already, nothing
    moves and nobody is asked."""
    stage, made = await booked_stage(api)
    moved = await stage.post("bob", "/move", {"begins": "2026-11-24T03:00:00Z", "reason": "停电"})
    assert moved.status_code == 200, moved.text
    now = (await api.get("bob", f"/v1/bookings/{made['id']}")).json()
    assert (now["from"], now["state"], now["revision"]) == ("2026-11-24T02:30:00Z", "pending", 2)
    await stage.work()
    assert len(stage.letters()) == 10

    await other_draws_sit_there(api)
    refused = await stage.post("bob", "/move", {"begins": "2026-11-26T03:00:00Z", "reason": "改期"})
    assert (refused.status_code, refused.json()["code"]) == (422, "booking.refused")
    same = (await stage.get("bob")).json()
    assert (same["begins"], same["moves"]) == ("2026-11-24T03:00:00Z", 1)
    await stage.work()
    assert len(stage.letters()) == 10


HARBOUR = "harbour-centre"


def elsewhere(**places: str) -> dict[str, Any]:
    """A move at the same hour: places of the draw to venues."""
    sites = [
        {"site": place, "venue": venue, "area": "福州", "address": f"{venue} 一楼"}
        for place, venue in places.items()
    ]
    return {"begins": PLAN["begins"], "reason": "停电", "sites": sites}


async def test_a_move_to_another_centre_books_there_and_gives_the_old_one_back(api: Service) -> None:
    """The hour stays. The centre that is left and the one that is new are told; who stays keeps its word."""
    stage, made = await booked_stage(api)
    harbour = venues.site(HARBOUR, serves=("remote",))
    assert (await api.post("bob", "/v1/venues", venues.plan(harbour))).status_code == 201
    await venues.hire(api, hans=HARBOUR)
    moved = await stage.post("bob", "/move", elsewhere(city=venues.CITY, county=HARBOUR))
    assert moved.status_code == 200, moved.text
    now = (await api.get("bob", f"/v1/bookings/{made['id']}")).json()
    parts = {one["site"]: one["state"] for one in now["centres"]}
    assert (parts, now["from"]) == ({venues.CITY: "confirmed", HARBOUR: "pending"}, made["from"])
    assert (await venues.decide(api, "carlo", now, "return", reason="x")).status_code == 409
    assert (await venues.decide(api, "hans", now, "confirm")).json()["state"] == "confirmed"
    await stage.work()
    assert len(stage.letters()) == 10
    told = {one.to: one.text for one in stage.lines["letter"].taken if one.to.startswith("site-")}
    assert set(told) == {f"site-{one}" for one in (venues.CITY, venues.COUNTY, HARBOUR)}
    assert "取消" in told[f"site-{venues.COUNTY}"]
    assert "变更" in told[f"site-{HARBOUR}"]
    # What was given back is somebody else's to book.
    hours = {"from": PLAN["begins"], "to": "2026-11-24T05:00:00Z"}
    await api.post("alice", "/v1/projects", project(section="s2", evaluation=hours))
    other = order(section="s2")
    other["parameters"]["sites"] = venues.PLACES
    draw = (await api.post("alice", "/v1/draws", other)).json()["id"]
    city = venues.centre(venues.CITY, "city", *venues.seats(venues.CITY, "m1", 1, 2, 3), main=True)
    old = next(one for one in made["centres"] if one["site"] == venues.COUNTY)
    freed = venues.centre(venues.COUNTY, "county", *old["seats"])
    await venues.booked(api, draw, experts=6, centres=[city, freed])


async def test_a_move_to_where_nobody_can_sit_moves_nothing(api: Service) -> None:
    """A venue that nobody registered, one that cannot host, one that is full, one for two places."""
    stage, made = await booked_stage(api)
    full = venues.site(HARBOUR, number=1)
    full["zones"][0]["rooms"] = full["zones"][0]["rooms"][:1]
    assert (await api.post("bob", "/v1/venues", venues.plan(full))).status_code == 201
    before = (await api.get("bob", f"/v1/bookings/{made['id']}")).json()
    for places, fault in (
        ({"city": venues.CITY, "county": "nowhere"}, ("campaign.venue-unknown", "/plan/sites/1/venue")),
        ({"city": venues.COUNTY, "county": HARBOUR}, ("booking.site-part", "/centres/0/main")),
        ({"city": venues.CITY, "county": HARBOUR}, ("booking.too-few", "/centres/1/seats")),
        ({"city": venues.CITY, "county": venues.CITY}, ("booking.site-twice", "/centres/0/site")),
    ):
        refused = await stage.post("bob", "/move", elsewhere(**places))
        assert refused.status_code == 422, refused.text
        assert fault in faults(refused)
    assert (await api.get("bob", f"/v1/bookings/{made['id']}")).json() == before
    assert (await stage.get("bob")).json()["moves"] == 0
    await stage.work()
    assert len(stage.letters()) == 5


async def other_draws_sit_there(api: Service) -> None:
    """Every room of both centres is taken two days later."""
    hours = {"from": "2026-11-26T03:00:00Z", "to": "2026-11-26T09:00:00Z"}
    span = {"from": "2026-11-26T02:30:00Z", "to": "2026-11-26T09:30:00Z"}
    for section, room in (("s2", "e1"), ("s3", "m1")):
        await api.post("alice", "/v1/projects", project(section=section, evaluation=hours))
        asked = order(section=section)
        asked["parameters"]["sites"] = venues.PLACES
        draw = (await api.post("alice", "/v1/draws", asked)).json()["id"]
        city, county = (
            venues.seats(one, room, 1, 2, 3)[:n] for one, n in ((venues.CITY, 3), (venues.COUNTY, 2))
        )
        parts = [
            venues.centre(venues.CITY, "city", *city, main=True),
            venues.centre(venues.COUNTY, "county", *county),
        ]
        await venues.booked(api, draw, **span, centres=parts)


async def test_calling_off_gives_the_seats_back(api: Service) -> None:
    stage, made = await booked_stage(api)
    assert (await stage.post("bob", "/cancel", {"reason": "停办"})).status_code == 200
    gone = (await api.get("bob", f"/v1/bookings/{made['id']}")).json()
    assert gone["state"] == "cancelled"


async def test_the_ladder_waits_until_somebody_is_missing(stage: Stage) -> None:
    await stage.started()
    body = {"step": "widen_region", "reason": {"zh": "人数不足", "en": "too few"}}
    answer = await stage.post("bob", "/ladder", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "campaign.not-short")
    said = await stage.post("bob", "/own-order", {"reason": "失联"})
    assert said.json()["own_order"] == "失联"
    assert [one["state"] for one in (await stage.api.get("bob", "/v1/campaigns")).json()["items"]] == [
        "inviting"
    ]
