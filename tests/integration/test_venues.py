"""Sites come in whole or not at all, seats are reported, and nobody looks into another one's site."""

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import run
from tests.support.service import Service, faults
from tests.support.troubles import refusal
from tests.support.venues import (
    CITY,
    COUNTY,
    booked,
    decide,
    hire,
    open_venues,
    plan,
    room,
    seats,
    site,
)

pytestmark = pytest.mark.anyio


async def test_a_plan_becomes_sites_that_show_zones_entry_and_seats(api: Service) -> None:
    await open_venues(api)
    listed = (await api.get("bob", "/v1/venues")).json()["items"]
    assert [(one["id"], one["seats"], one["ready"], one["faulty"]) for one in listed] == [
        (CITY, 12, 0, 0),
        (COUNTY, 12, 0, 0),
    ]
    seen = (await api.get("dana", f"/v1/venues/{CITY}")).json()
    zones = {zone["kind"]: zone for zone in seen["zones"]}
    assert "bidder" not in json.dumps(zones["evaluation"]["may_enter"])
    assert zones["evaluation"]["may_enter"]["evaluating"] == ["expert", "owner", "witness"]
    (first, *_) = zones["evaluation"]["rooms"][0]["seats"]
    assert first["unready"] == ["pc", "network", "microphone", "speaker", "camera"]


WRONG: dict[str, tuple[Any, set[tuple[str, str]]]] = {
    "the same seat at two sites": (
        plan(site("one"), site("two") | {"zones": site("one")["zones"]}),
        {
            ("site.duplicate", f"/sites/{at}/zones/0/rooms/{number}/seats/{seat}/id")
            for at in (0, 1)
            for number in (0, 1)
            for seat in range(6)
        },
    ),
    "a site twice": (
        plan(site("one"), site("one", number=0)),
        {("site.duplicate", "/sites/0/id"), ("site.duplicate", "/sites/1/id")}
        | {
            ("site.duplicate", f"/sites/{at}/zones/0/rooms/1/seats/{seat}/id")
            for at in (0, 1)
            for seat in range(6)
        },
    ),
    "no check-in, and nowhere to sit": (
        plan(
            site("one")
            | {"zones": [{"id": "e", "kind": "evaluation", "name": "e", "rooms": [room("one", "e1", 0)]}]}
        ),
        {
            ("site.zone-missing", "/sites/0/zones"),
            ("site.no-seats", "/sites/0/zones/0/rooms"),
        },
    ),
    "seats in the relay zone, no camera in a room": (
        plan(
            site("one")
            | {
                "zones": [
                    *(zone for zone in site("one")["zones"] if zone["kind"] != "relay"),
                    {
                        "id": "r",
                        "kind": "relay",
                        "name": "r",
                        "rooms": [room("one", "r1", 1) | {"cameras": []}],
                    },
                ]
            }
        ),
        {
            ("site.seat-zone", "/sites/0/zones/3/rooms/0/seats"),
            ("site.room-cameras", "/sites/0/zones/3/rooms/0/cameras"),
        },
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_plan_with_a_fault_stores_nothing_and_tells_all(api: Service, case: str) -> None:
    value, expected = WRONG[case]
    good = {"sites": [site("good"), *value["sites"]]}
    shifted = {
        (one, pointer.replace("/sites/1/", "/sites/2/").replace("/sites/0/", "/sites/1/"))
        for one, pointer in expected
    }
    answer = await api.post("bob", "/v1/venues", good)
    assert refusal(answer) == (422, "site.refused")
    assert set(faults(answer)) == shifted
    assert (await api.get("bob", "/v1/venues")).json()["items"] == []


async def test_a_seat_of_another_stored_site_is_not_taken_over(api: Service) -> None:
    await open_venues(api)
    thief = site("thief")
    thief["zones"][0]["rooms"][0]["seats"][0]["id"] = seats(CITY, "e1", 1)[0]
    answer = await api.post("bob", "/v1/venues", {"sites": [thief]})
    assert faults(answer) == [("site.seat-elsewhere", "/sites/0/zones/0/rooms/0/seats/0/id")]


async def test_a_new_plan_retires_what_it_leaves_out_unless_it_is_booked(api: Service) -> None:
    draw_id = await open_venues(api)
    smaller = plan(site(CITY, number=4))
    answer = await api.post("bob", "/v1/venues", smaller)
    assert answer.json()["items"] == [{"id": CITY, "version": 2}]
    listed = (await api.get("bob", "/v1/venues")).json()["items"]
    assert [one["seats"] for one in listed] == [10, 12]
    await booked(api, draw_id)
    smallest = await api.post("bob", "/v1/venues", plan(site(CITY, number=2)))
    assert faults(smallest) == [("site.seat-booked", "/sites/0")]
    assert smallest.json()["errors"][0]["figures"] == {"seat": seats(CITY, "e1", 3)[0]}
    moved = plan(site(CITY))
    rooms = moved["sites"][0]["zones"][0]["rooms"]
    rooms[0]["seats"], rooms[1]["seats"] = rooms[1]["seats"], rooms[0]["seats"]
    assert {one for one, _ in faults(await api.post("bob", "/v1/venues", moved))} == {"site.seat-booked"}
    api.scene.clock.move(days=2)
    assert (await api.post("bob", "/v1/venues", plan(site(CITY, number=2)))).status_code == 201


async def test_a_fault_is_reported_repaired_and_kept(api: Service) -> None:
    await open_venues(api)
    path = f"/v1/venues/{CITY}/seats/{seats(CITY, 'e1', 1)[0]}/reports"
    broken = {"part": "microphone", "condition": "faulty", "note": "无声"}
    seat = (await api.post("dana", path, broken)).json()
    assert seat["equipment"]["microphone"]["condition"] == "faulty"
    assert (await api.get("bob", "/v1/venues")).json()["items"][0]["faulty"] == 1
    api.scene.clock.move(minutes=10)
    for part in ("pc", "network", "microphone", "speaker", "camera"):
        seat = (await api.post("dana", path, {"part": part, "condition": "ok", "note": "开场前检查"})).json()
    assert seat["unready"] == []
    kept = (await api.get("dana", f"/v1/venues/{CITY}/reports")).json()["items"]
    assert [(one["part"], one["condition"], one["by"]) for one in kept][-1] == (
        "microphone",
        "faulty",
        "dana",
    )
    assert len(kept) == 6


async def test_readiness_names_the_booked_seats_that_are_not_ready(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    await decide(api, "dana", one, "confirm")
    for seat in seats(CITY, "e1", 1, 2):
        for part in ("pc", "network", "microphone", "speaker", "camera"):
            path = f"/v1/venues/{CITY}/seats/{seat}/reports"
            await api.post("dana", path, {"part": part, "condition": "ok", "note": "检查"})
    city, county = (await api.get("bob", "/v1/venues:readiness")).json()["items"]
    assert (city["seats"], city["ready"]) == (12, 2)
    (coming,) = city["coming"]
    assert (coming["booking"], coming["state"], coming["seats"]) == (one["id"], "confirmed", 3)
    assert list(coming["unready"]) == seats(CITY, "e1", 3)
    assert list(county["coming"][0]["unready"]) == seats(COUNTY, "e1", 1, 2)
    api.scene.clock.now += timedelta(days=1, seconds=1)
    stale = (await api.get("dana", "/v1/venues:readiness")).json()["items"]
    assert [(each["site"], each["ready"]) for each in stale] == [(CITY, 0)]
    counts = (await api.get("alice", "/v1/venues:readiness")).json()["items"]
    assert all((each["faulty"], each["coming"]) == ({}, []) for each in counts)


async def test_another_site_is_not_there(api: Service) -> None:
    await open_venues(api)
    seat = seats(CITY, "e1", 1)[0]
    report = {"part": "pc", "condition": "faulty", "note": "x"}
    assert [one["id"] for one in (await api.get("carlo", "/v1/venues")).json()["items"]] == [COUNTY]
    for path in (f"/v1/venues/{CITY}", f"/v1/venues/{CITY}/reports", "/v1/venues/nowhere"):
        assert refusal(await api.get("carlo", path)) == (404, "site.unknown")
    at_other = await api.post("carlo", f"/v1/venues/{CITY}/seats/{seat}/reports", report)
    assert refusal(at_other) == (404, "site.unknown")
    under_own = await api.post("carlo", f"/v1/venues/{COUNTY}/seats/{seat}/reports", report)
    assert refusal(under_own) == (404, "seat.unknown")
    await hire(api, nobody="not-a-site")
    assert (await api.get("nobody", "/v1/venues")).json()["items"] == []


async def test_an_agency_sees_no_seat(api: Service) -> None:
    await open_venues(api)
    seen = await api.get("alice", f"/v1/venues/{CITY}")
    assert seen.json()["seats"] == 12
    assert seats(CITY, "e1", 1)[0] not in seen.text
    assert refusal(await api.post("alice", "/v1/venues", plan())) == (403, "access.role")


def test_the_command_line_checks_imports_and_lists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["--data", str(tmp_path / "data")]
    good = tmp_path / "sites.json"
    good.write_text(json.dumps(plan()), encoding="utf-8")
    toml = tmp_path / "sites.toml"
    toml.write_text(TOML, encoding="utf-8")
    wrong = copy.deepcopy(plan())
    del wrong["sites"][1]["zones"][0]["rooms"][0]["cameras"]
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(wrong), encoding="utf-8")
    assert run([*base, "db", "upgrade"]) == 0
    assert run([*base, "site", "check", str(bad)]) == 1
    assert "/sites/1/zones/0/rooms/0/cameras" in capsys.readouterr().err
    assert run([*base, "site", "check", str(good)]) == 0
    assert run([*base, "site", "import", str(bad)]) == 1
    assert run([*base, "site", "list"]) == 0
    assert CITY not in capsys.readouterr().out
    assert run([*base, "site", "import", str(good)]) == 0
    assert run([*base, "site", "import", str(toml)]) == 0
    assert run([*base, "site", "list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (CITY, COUNTY, "hill"))


TOML = """
[[sites]]
id = "hill"
name = "山区分中心"
address = "县城大道 8 号"
contact = "0591-0001"
serves = ["remote"]

[[sites.zones]]
id = "evaluation"
kind = "evaluation"
name = "评标区"

[[sites.zones.rooms]]
id = "e1"
name = "评标一室"
use = "single"
cameras = ["全景"]
seats = [{ id = "hill-1", label = "1 号席" }]

[[sites.zones]]
id = "check-in"
kind = "check-in"
name = "签到处"
rooms = []

[[sites.zones]]
id = "storage"
kind = "storage"
name = "寄存处"
rooms = []
"""


async def test_a_word_over_a_whole_seat_says_so_and_every_part_has_its_source(api: Service) -> None:
    await open_venues(api)
    path = f"/v1/venues/{CITY}/seats/{seats(CITY, 'e1', 1)[0]}/reports"
    await api.post("dana", path, {"part": "camera", "condition": "ok", "note": "换新"})
    whole = {"part": "all", "condition": "ok", "note": "开场前检查"}
    seat = (await api.post("dana", path, whole)).json()
    assert seat["unready"] == []
    assert {one["source"] for one in seat["equipment"].values()} == {"statement"}
    # Whoever looked at one part by hand says more than the word over all of them.
    seat = (await api.post("dana", path, {"part": "camera", "condition": "ok", "note": "已看"})).json()
    assert [seat["equipment"][part]["source"] for part in ("camera", "pc")] == ["staff", "statement"]
    kept = (await api.get("dana", f"/v1/venues/{CITY}/reports")).json()["items"]
    assert sorted(one["source"] for one in kept) == ["staff"] * 2 + ["statement"] * 5
    broken = await api.post("dana", path, whole | {"condition": "faulty"})
    assert faults(broken) == [("schema.choice", "/condition")]
