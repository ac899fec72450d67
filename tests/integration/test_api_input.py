"""Bad input through the API: each a clear problem in Chinese or English, every fault at once, nothing stored
half.
"""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

import httpx
import pytest

from app.api.edge import MAX_BODY_BYTES
from tests.support.service import BIDDER, Service, faults, order, organisation, project

pytestmark = pytest.mark.anyio


async def raw(api: Service, body: bytes, path: str = "/v1/projects", **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/json"} | api.as_person("alice") | headers
    return await api.client.post(path, content=body, headers=sent)


async def nothing_stored(api: Service) -> None:
    assert (await api.get("alice", "/v1/projects")).json()["items"] == []
    assert (await api.get("alice", "/v1/draws")).json()["items"] == []


MALFORMED: Mapping[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "json.syntax"),
    "a repeated key": (b'{"project":"a","project":"b"}', "json.duplicate-key"),
    "a float": (b'{"budget_yuan":1.5}', "json.number"),
    "a huge integer": (b'{"budget_yuan":' + b"9" * 400 + b"}", "json.number"),
    "not a number": (b'{"budget_yuan":NaN}', "json.number"),
    "a hundred levels": (b"[" * 100 + b"]" * 100, "json.too-deep"),
    "not UTF-8": (b'{"owner":"\xff"}', "json.encoding"),
    "a lone surrogate": (b'{"owner":"\\ud800"}', "json.encoding"),
    "two megabytes": (b" " * 2_000_000, "json.too-large"),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_a_body_that_is_not_strict_json(api: Service, case: str) -> None:
    body, code = MALFORMED[case]
    answer = await raw(api, body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["status"]) == (code, answer.status_code)
    assert answer.status_code == (413 if code == "json.too-large" else 400)
    assert answer.json()["retryable"] is False
    await nothing_stored(api)


async def test_a_body_larger_than_any_route_takes(api: Service) -> None:
    answer = await raw(api, b" " * (MAX_BODY_BYTES + 1), path="/v1/projects:import")
    assert (answer.status_code, answer.json()["code"]) == (413, "body.too-large")


async def test_a_body_of_another_media_type(api: Service) -> None:
    answer = await raw(api, b"{}", **{"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (415, "body.media-type")


async def test_unknown_and_missing_members_are_all_named(api: Service) -> None:
    body: dict[str, Any] = project(surprise=1)
    del body["tenderee"]
    answer = await api.post("alice", "/v1/projects", body)
    assert answer.status_code == 400
    assert sorted(faults(answer)) == [("schema.missing", "/tenderee"), ("schema.unknown", "/surprise")]


async def test_input_never_comes_back_in_a_problem(api: Service) -> None:
    answer = await raw(api, json.dumps(project(owner="张三" * 300, **{"身份证 991100": 1})).encode())
    assert "张三" not in answer.text
    # Fewer digits could stand in the trace id.
    assert "身份证" not in answer.text
    assert "991100" not in answer.text


async def test_a_wrong_credit_code_is_refused(api: Service) -> None:
    wrong = BIDDER[:-1] + ("0" if BIDDER[-1] != "0" else "1")
    answer = await api.post("alice", "/v1/projects", project(bidders=[{"id": "b1", "orgs": [wrong]}]))
    assert answer.status_code == 422
    assert faults(answer) == [("org.uscc_check", "/bidders/0/orgs/0")]
    assert answer.json()["errors"][0]["basis"] == "GB 32100-2015"
    await nothing_stored(api)


async def test_a_credit_code_whose_remainder_is_zero_is_right(api: Service) -> None:
    """Σ mod 31 = 0 gives the check character 0; a common bug looks one past the end of the alphabet."""
    zero = next(one for one in map(organisation, count(10)) if one.endswith("0"))
    answer = await api.post("alice", "/v1/projects", project(bidders=[{"id": "b1", "orgs": [zero]}]))
    assert answer.status_code == 201


async def test_a_project_without_a_responsible_person_does_not_exist(api: Service) -> None:
    answer = await api.post("alice", "/v1/projects", project(owner="  "))
    assert (answer.status_code, faults(answer)) == (422, [("project.owner", "/owner")])
    body: dict[str, Any] = project()
    del body["owner"]
    missing = await api.post("alice", "/v1/projects", body)
    assert (missing.status_code, faults(missing)) == (400, [("project.owner", "/owner")])
    await nothing_stored(api)


async def test_six_faults_get_six_messages_in_both_languages(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    bad = order(
        parameters={
            "committee": {"experts": 4, "owners": 0},
            "strata": [
                {"id": "works", "prefixes": ["A"], "seats": 2},
                {"id": "works", "prefixes": ["A"], "seats": 1},
            ],
            "sites": [{"id": "main", "regions": ["00"], "min": 9, "max": 9}],
            "cap": 9,
        }
    )
    chinese = await api.post("alice", "/v1/draws", bad)
    english = await api.post("alice", "/v1/draws", bad, Accept_Language="en-GB,zh;q=0.5")
    assert chinese.status_code == english.status_code == 422
    codes = {code for code, _ in faults(chinese)}
    assert {
        "committee.even",
        "committee.too_small",
        "seats.differ",
        "stratum.duplicate_id",
        "sites.minimum",
        "cap.range",
    } <= codes
    assert [one["code"] for one in chinese.json()["errors"]] == [
        one["code"] for one in english.json()["errors"]
    ]
    assert english.headers["content-language"] == "en"
    assert english.json()["errors"][0]["detail"].isascii()
    assert not chinese.json()["errors"][0]["detail"].isascii()
    assert (await api.get("alice", "/v1/draws")).json()["items"] == []


async def test_an_empty_filter_lets_nobody_in(api: Service) -> None:
    """A region that matches nobody: zero eligible, never all."""
    await api.post("alice", "/v1/projects", project())
    nowhere = order()
    nowhere["parameters"]["sites"][0]["regions"] = ["65"]
    preview = (await api.post("alice", "/v1/draws:preview", nowhere)).json()
    assert preview["counts"]["cells"] == [[0]]
    assert preview["counts"]["steps"][0] == {"filter": "site", "left": 0}
    assert "feasibility.stratum.eligible" in {one["code"] for one in preview["faults"]}
    refused = await api.post("alice", "/v1/draws", nowhere)
    assert refused.status_code == 422


async def test_quotas_that_cannot_be_met_give_a_reason(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    split = order()
    split["parameters"]["sites"] = [
        {"id": "main", "regions": ["35"], "min": 3, "max": 5},
        {"id": "sub", "regions": ["65"], "min": 2, "max": 2},
    ]
    answer = await api.post("alice", "/v1/draws", split)
    assert ("feasibility.site.eligible", "/parameters/sites/1") in faults(answer)


async def test_a_draw_below_the_anonymity_gate_stops_unless_a_reason_is_offered(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    preview = (await api.post("alice", "/v1/draws:preview", order())).json()
    eligible = preview["counts"]["strata"][0]["experts"]
    seats = min(99, eligible // 3 + 1) | 1
    narrow = order()
    narrow["parameters"]["committee"]["experts"] = seats
    narrow["parameters"]["strata"][0]["seats"] = seats
    narrow["parameters"]["sites"][0] |= {"min": 0, "max": seats}
    stopped = await api.post("alice", "/v1/draws:preview", narrow)
    codes = {one["code"]: one.get("alarm") for one in stopped.json()["faults"]}
    assert codes.get("anonymity.stop") is False
    asked = await api.post("alice", "/v1/draws:preview", narrow | {"override": "本市仅此专业库"})
    codes = {one["code"]: one["alarm"] for one in asked.json()["faults"]}
    assert codes["anonymity.override"] is True
    assert "anonymity.stop" not in codes
    idle = await api.post("alice", "/v1/draws:preview", order(override="无故放宽"))
    assert "anonymity.no-override-needed" in {one["code"] for one in idle.json()["faults"]}


async def test_a_draw_too_early_names_the_earliest_time(api: Service) -> None:
    """Government procurement draws at most two working days before: a week ahead is refused."""
    late = {"from": "2026-12-01T01:00:00Z", "to": "2026-12-01T09:00:00Z"}
    body = project(pack={"base": "govproc.cn", "overlays": []}, evaluation=late)
    await api.post("alice", "/v1/projects", body)
    answer = await api.post("alice", "/v1/draws", order(), Accept_Language="en")
    early = next(one for one in answer.json()["errors"] if one["code"] == "draw.too_early")
    assert "2026-11-26T16:00:00Z" in early["detail"]
    assert early["basis"]


async def test_opening_before_the_evaluation_is_refused(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    answer = await api.post("alice", "/v1/draws", order(opens_at="2026-11-23T02:00:00Z"))
    assert ("draw.opens-too-early", "/opens_at") in faults(answer)


NOTICES: Mapping[str, tuple[object, str]] = {
    "no releases": ({"releases": []}, "ocds.no-releases"),
    "no ocid": ({"releases": [{"id": "1"}]}, "ocds.refused"),
    "no buyer": ({"releases": [{"ocid": "ocds-x"}]}, "ocds.no-buyer"),
    "a list": ([], "ocds.no-releases"),
}


@pytest.mark.parametrize("case", NOTICES)
async def test_a_notice_that_cannot_be_used(api: Service, case: str) -> None:
    package, code = NOTICES[case]
    about = {"section": "s1", "owner": "王工", "terms": {k: project()[k] for k in ("evaluation", "pack")}}
    answer = await api.post("alice", "/v1/projects:import", {"package": package, "import": about})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    await nothing_stored(api)


async def test_a_notice_with_repeated_keys_or_bottomless_nesting(api: Service) -> None:
    doubled = await raw(api, b'{"package":{},"package":{}}', path="/v1/projects:import")
    assert doubled.json()["code"] == "json.duplicate-key"
    deep = await raw(api, b"[" * 50_000 + b"]" * 50_000, path="/v1/projects:import")
    assert deep.json()["code"] in ("json.too-deep", "json.syntax")


async def test_fractions_are_fine_in_a_notice(api: Service) -> None:
    release = {
        "ocid": "OCDS-1/x",
        "tender": {"title": "路", "value": {"amount": 12.5}},
        "buyer": {"id": "B/1", "name": "甲"},
        "awards": [{"suppliers": [{"id": "S 1", "name": "乙"}]}],
    }
    about = {"section": "s1", "owner": "王工", "terms": {k: project()[k] for k in ("evaluation", "pack")}}
    sent = {"package": {"releases": [release]}, "import": about}
    answer = await api.post("alice", "/v1/projects:import", sent)
    assert answer.status_code == 201, answer.text
    assert answer.json()["project"].startswith("ocds-")
    assert answer.json()["document"]["bidders"][0]["orgs"][0].startswith("ocds:h-")


async def test_a_wrong_cursor_and_a_wrong_limit(api: Service) -> None:
    for cursor in ("x", "W10", "bnVsbA", "W1tdLFtdXQ", "é"):
        answer = await api.get("alice", f"/v1/draws?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor.malformed")
    assert (await api.get("alice", "/v1/draws?limit=201")).status_code == 400


async def test_addresses_that_are_not_there(api: Service) -> None:
    for path, status in (("/v1/nothing", 404), ("/v1/draws/drw_x", 404), ("/v1/proofs/0000-0000-0000", 404)):
        answer = await api.get("alice", path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (await api.client.delete("/v1/draws")).status_code == 405


async def test_every_answer_carries_the_security_headers(api: Service) -> None:
    for path in ("/healthz", "/v1/draws", "/nowhere"):
        headers = (await api.get(None, path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-trace-id"]
