"""Everything wrong with an order is told at once (R73): a malformed part hides neither law nor facts."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.service import Service, faults, order, project

pytestmark = pytest.mark.anyio
ORDERS = ("/v1/draws:preview", "/v1/draws")
FAR = {"from": "2026-12-01T01:00:00Z", "to": "2026-12-01T09:00:00Z"}


def wrong_in_many_ways() -> dict[str, Any]:
    """A malformed code, an even committee, seats that do not add up, an unknown region, a blank reason."""
    return order(
        surprise=1,
        override="",
        beacon="sundial",
        parameters={
            "committee": {"experts": 4},
            "strata": [
                {"id": "works", "prefixes": ["Z9", "A"], "seats": 2},
                {"id": "works", "prefixes": ["A08"], "seats": 1},
                {"id": "third", "prefixes": 7, "seats": "two"},
            ],
            "sites": [{"id": "main", "regions": ["00"], "min": 0, "max": 2}],
            "cap": 9,
        },
    )


@pytest.mark.parametrize("path", ORDERS)
async def test_one_answer_has_the_shape_the_law_and_the_calendar(api: Service, path: str) -> None:
    late = project(pack={"base": "govproc.cn", "overlays": []}, evaluation=FAR)
    await api.post("alice", "/v1/projects", late)
    answer = await api.post("alice", path, wrong_in_many_ways())
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
    told = set(faults(answer))
    assert told >= {
        ("schema.unknown", "/surprise"),
        ("schema.length", "/override"),
        ("schema.choice", "/beacon"),
        ("specialty.malformed", "/parameters/strata/0/prefixes/0"),
        ("stratum.duplicate_id", "/parameters/strata/1/id"),
        ("schema.type", "/parameters/strata/2/prefixes"),
        ("schema.type", "/parameters/strata/2/seats"),
        ("committee.even", "/parameters/committee"),
        ("region.unknown", "/parameters/sites/0/regions/0"),
        ("sites.maximum", "/parameters/sites"),
        ("cap.range", "/parameters/cap"),
        ("draw.too_early", "/project"),
    }
    assert len(faults(answer)) == len(told)
    english = await api.post("alice", path, wrong_in_many_ways(), Accept_Language="en")
    for one in english.json()["errors"]:
        assert one["detail"].isascii(), one
    early = next(one for one in english.json()["errors"] if one["code"] == "draw.too_early")
    assert early["project_pointer"] == "/document/evaluation/from"
    assert early["figures"] == {"earliest": "2026-11-26T16:00:00Z"}
    malformed = next(one for one in english.json()["errors"] if one["code"] == "specialty.malformed")
    assert malformed["basis"]
    assert (await api.get("alice", "/v1/draws")).json()["items"] == []


async def test_what_depends_on_a_malformed_part_is_not_guessed_at(api: Service) -> None:
    """Seats, parity and quotas cannot be judged without the number of experts, so nothing is said of them."""
    await api.post("alice", "/v1/projects", project())
    nameless = order()
    nameless["parameters"]["committee"]["experts"] = None
    nameless["parameters"]["strata"] = [{"seats": 2}, {"seats": 2}]
    nameless["parameters"]["sites"] = [{"id": "a"}, {"id": "b"}]
    answer = await api.post("alice", "/v1/draws:preview", nameless)
    assert {code for code, _ in faults(answer)} == {"schema.type", "schema.missing"}


async def test_without_a_readable_project_the_parameters_are_still_judged(api: Service) -> None:
    unnamed = wrong_in_many_ways() | {"project": "NO SUCH", "pool": "nowhere"}
    told = set(faults(await api.post("alice", "/v1/draws:preview", unnamed)))
    assert told >= {
        ("schema.format", "/project"),
        ("pool.unknown", "/pool"),
        ("specialty.malformed", "/parameters/strata/0/prefixes/0"),
        ("region.unknown", "/parameters/sites/0/regions/0"),
        ("sites.maximum", "/parameters/sites"),
    }
    assert not {code for code, _ in told} & {"project.unknown", "draw.too_early", "evaluation.past"}


async def test_an_unknown_project_and_a_wrong_committee_are_told_together(api: Service) -> None:
    astray = order(project="nowhere")
    alone = await api.post("alice", "/v1/draws:preview", astray)
    assert (alone.status_code, alone.json()["code"]) == (404, "project.unknown")
    astray["parameters"]["sites"][0]["regions"] = ["00"]
    both = await api.post("alice", "/v1/draws:preview", astray)
    assert both.status_code == 422
    assert set(faults(both)) == {
        ("project.unknown", "/project"),
        ("region.unknown", "/parameters/sites/0/regions/0"),
    }


async def test_a_malformed_reason_does_not_hide_the_gate_or_the_counts(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    nowhere = order(opens_at="tomorrow")
    nowhere["parameters"]["sites"][0]["regions"] = ["65"]
    told = {code for code, _ in faults(await api.post("alice", "/v1/draws:preview", nowhere))}
    assert told >= {"schema.format", "feasibility.stratum.eligible", "anonymity.stop"}


@pytest.mark.parametrize("times", [2, 70])
async def test_lists_beyond_their_limit_are_judged_up_to_it(api: Service, times: int) -> None:
    await api.post("alice", "/v1/projects", project())
    long = order()
    long["parameters"]["strata"] = [{"id": "x", "prefixes": ["A"] * 65, "seats": 1}] * (16 * times)
    told = set(faults(await api.post("alice", "/v1/draws:preview", long)))
    assert ("strata.number", "/parameters/strata") in told
    assert ("specialty.duplicate", "/parameters/strata/0/prefixes/1") in told
    assert len(told) <= 1_000


PROJECTS: Mapping[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
    "a blank owner and a wrong credit code": (
        {"owner": "", "tenderee": "uscc:91110108551385082X", "pack": {"base": "nowhere"}},
        {("project.owner", "/owner"), ("org.uscc_check", "/tenderee"), ("pack.unknown", "/pack")},
    ),
    "bidders of the wrong type and an evaluation that ends before it begins": (
        {"bidders": {"id": "b1"}, "evaluation": {"from": FAR["to"], "to": FAR["from"]}},
        {("schema.type", "/bidders"), ("evaluation.order", "/evaluation/to")},
    ),
    "one bidder malformed, another one twice": (
        {
            "bidders": [
                7,
                {"id": "b1", "orgs": ["uscc:1"]},
                {"id": "b1", "orgs": []},
                {"id": ["b1"], "orgs": "x"},
            ]
        },
        {
            ("schema.type", "/bidders/0"),
            ("org.uscc_length", "/bidders/1/orgs/0"),
            ("bidder.duplicate", "/bidders/2/id"),
            ("bidder.empty", "/bidders/2/orgs"),
            ("schema.type", "/bidders/3/id"),
            ("schema.type", "/bidders/3/orgs"),
        },
    ),
}


@pytest.mark.parametrize("case", PROJECTS)
async def test_a_malformed_project_hides_nothing_of_the_rest(api: Service, case: str) -> None:
    changes, expected = PROJECTS[case]
    answer = await api.post("alice", "/v1/projects", project(**changes))
    assert answer.status_code == 400
    assert set(faults(answer)) == expected
    assert (await api.get("alice", "/v1/projects")).json()["items"] == []


async def test_a_malformed_import_tells_the_faults_of_its_terms_too(
    api: Service, ocds_works: dict[str, object]
) -> None:
    terms = {"evaluation": {"from": FAR["to"], "to": FAR["from"]}, "pack": {"base": "nowhere"}, "remote": 1}
    about = {"section": "S 1", "owner": " ", "terms": terms | {"authorities": ["uscc:1"]}}
    answer = await api.post("alice", "/v1/projects:import", {"package": ocds_works, "import": about})
    assert answer.status_code == 400
    assert set(faults(answer)) == {
        ("schema.format", "/import/section"),
        ("project.owner", "/import/owner"),
        ("schema.type", "/import/terms/remote"),
        ("evaluation.order", "/import/terms/evaluation/to"),
        ("pack.unknown", "/import/terms/pack"),
        ("org.uscc_length", "/import/terms/authorities/0"),
    }


async def test_a_malformed_list_of_bidders_tells_wrong_codes_too(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    body = {"bidders": [{"id": "b1", "orgs": ["uscc:1"]}, {"id": "b1", "orgs": None}]}
    path = "/v1/projects/works-2026-017/bidders"
    answer = await api.client.put(path, json=body, headers=api.as_person("alice"))
    assert set(faults(answer)) == {
        ("schema.missing", "/section"),
        ("org.uscc_length", "/bidders/0/orgs/0"),
        ("bidder.duplicate", "/bidders/1/id"),
        ("schema.type", "/bidders/1/orgs"),
    }


@pytest.mark.parametrize("path", ["/v1/projects", *ORDERS])
async def test_a_body_that_is_no_object_is_one_fault(api: Service, path: str) -> None:
    bodies: tuple[object, ...] = ([], "text", 7)
    for body in bodies:
        answer = await api.post("alice", path, body)
        assert (answer.status_code, faults(answer)) == (400, [("schema.type", "")])


async def test_a_preview_tells_what_the_request_would_refuse(api: Service) -> None:
    """A draw under way, a missing reason for another round, keys that nobody registered."""
    await api.post("alice", "/v1/projects", project())
    first = (await api.post("alice", "/v1/draws", order())).json()["id"]
    live = (await api.post("alice", "/v1/draws:preview", order())).json()
    assert live["feasible"] is False
    assert [one["code"] for one in live["faults"] if not one["alarm"]] == ["draw.live-exists"]
    assert first in live["faults"][0]["detail"]
    await api.post("alice", f"/v1/draws/{first}:abort", {"reason": "fault"})
    silent = (await api.post("alice", "/v1/draws:preview", order())).json()
    assert [(one["code"], one["pointer"]) for one in silent["faults"]] == [
        ("draw.redraw-reason", "/redraw_reason")
    ]
    assert (await api.post("alice", "/v1/draws:preview", order(redraw_reason="重新启动"))).json()["feasible"]
    await api.post("alice", "/v1/projects", project(section="s2"))
    idle = await api.post("alice", "/v1/draws:preview", order(section="s2", redraw_reason="无"))
    assert [one["code"] for one in idle.json()["faults"]] == ["draw.no-redraw"]


async def test_a_preview_tells_that_keys_are_missing(api: Service) -> None:
    async with api.platform.database.write() as uow:
        agency = await uow.projects.agency("agy_alice")
        assert agency is not None
        await uow.projects._connection.exec_driver_sql("UPDATE agencies SET party = NULL")
    await api.post("alice", "/v1/projects", project())
    seen = (await api.post("alice", "/v1/draws:preview", order(), Accept_Language="en")).json()
    assert [one["code"] for one in seen["faults"]] == ["draw.parties-missing"]
    assert "agency" in seen["faults"][0]["detail"]
    refused = await api.post("alice", "/v1/draws", order())
    assert (refused.status_code, refused.json()["code"]) == (409, "draw.parties-missing")


async def test_a_draw_under_way_does_not_hide_a_wrong_committee(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    await api.post("alice", "/v1/draws", order())
    even = order()
    even["parameters"]["committee"]["owners"] = 1
    answer = await api.post("alice", "/v1/draws", even)
    assert answer.status_code == 422
    assert {code for code, _ in faults(answer)} >= {"draw.live-exists", "committee.even"}
