"""An agency's journey through the API on both engines: project, preview, request, result, opening, proof."""

import json

import httpx
import pytest

from app.usecases.log import verify_log
from draw.verify.verifier import verify
from tests.support.service import Service, order, project

pytestmark = pytest.mark.anyio


async def requested(api: Service) -> dict[str, object]:
    assert (await api.post("alice", "/v1/projects", project())).status_code == 201
    answer = await api.post("alice", "/v1/draws", order())
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


async def test_from_project_to_an_opened_proof(api: Service) -> None:
    created = await api.post("alice", "/v1/projects", project())
    assert created.status_code == 201, created.text
    assert created.headers["etag"] == '"1"'
    preview = await api.post("alice", "/v1/draws:preview", order())
    assert preview.json()["feasible"], preview.text
    draw = (await api.post("alice", "/v1/draws", order())).json()
    assert (draw["state"], draw["seats"], draw["owner"], draw["code"]) == ("requested", 5, "王工", None)
    assert draw["title"] == "道路工程"
    assert (draw["limit"]["kind"], draw["limit"]["at"]) == ("open", "2026-11-24T01:00:00Z")
    assert [(one["type"], one["index"]) for one in draw["steps"]] == [("request", draw["k"])]

    run = await api.post("bob", f"/v1/draws/{draw['id']}:run")
    assert run.status_code == 200, run.text
    assert run.json()["state"] == "drawn"
    assert run.json()["limit"]["kind"] == "open"
    early = await api.post("bob", f"/v1/draws/{draw['id']}:open")
    assert (early.status_code, early.json()["code"]) == (409, "draw.too_early")
    assert early.json()["figures"] == {"deadline": "2026-11-24T01:00:00Z"}

    api.scene.clock.move(days=1, minutes=1)
    opened = await api.post("bob", f"/v1/draws/{draw['id']}:open")
    assert (opened.status_code, opened.json()["state"]) == (200, "opened"), opened.text

    code = opened.json()["code"]
    by_code = await api.get(None, f"/v1/proofs/{code[:4]}-{code[4:8].lower()}-{code[8:]}")
    by_id = await api.get("alice", f"/v1/draws/{draw['id']}/proof")
    assert by_code.content == by_id.content
    verify(by_code.content)
    bundle = json.loads(by_code.content)
    logged = [(one["entry"]["type"], one["entry"]["time"], one["index"]) for one in bundle["entries"]]
    steps = [(one["type"], one["time"], one["index"]) for one in opened.json()["steps"]]
    assert steps == [one for one in logged if one[0] not in ("key", "pool")]
    listed = (await api.get("alice", "/v1/draws")).json()["items"]
    assert [one["steps"] for one in listed] == [opened.json()["steps"]]
    assert len(bundle["opening"]["roster"]) == 5
    assert await verify_log(api.platform.database, api.platform.log, api.platform.cosigners) > 10


async def test_every_stage_before_the_opening_verifies_and_tells_no_size(api: Service) -> None:
    draw = await requested(api)
    for until in ("requested", "sealed", "drawn"):
        await api.ceremony.run(str(draw["id"]), until=until)
        bundle = (await api.get("alice", f"/v1/draws/{draw['id']}/proof")).content
        verify(bundle)
        assert json.loads(bundle)["opening"] is None


async def test_a_second_round_needs_a_reason_and_counts_on(api: Service) -> None:
    draw = await requested(api)
    again = await api.post("alice", "/v1/draws", order())
    assert (again.status_code, again.json()["code"]) == (409, "draw.live-exists")
    aborted = await api.post("alice", f"/v1/draws/{draw['id']}:abort", {"reason": "project_cancelled"})
    assert (aborted.status_code, aborted.json()["state"]) == (200, "aborted"), aborted.text
    silent = await api.post("alice", "/v1/draws", order())
    assert [one["code"] for one in silent.json()["errors"]] == ["draw.redraw-reason"]
    second = await api.post("alice", "/v1/draws", order(redraw_reason="项目重新启动"))
    assert second.json()["round"] == 2
    verify((await api.get("alice", f"/v1/draws/{draw['id']}/proof")).content)


async def test_lists_go_page_by_page_and_newest_first(api: Service) -> None:
    for number in range(5):
        body = project(project=f"works-{number}")
        assert (await api.post("alice", "/v1/projects", body)).status_code == 201
        assert (await api.post("alice", "/v1/draws", order(project=f"works-{number}"))).status_code == 201
        api.scene.clock.move(seconds=1)
    for path, key in (("/v1/draws", "project"), ("/v1/projects", "project")):
        seen: list[str] = []
        url: str | None = f"{path}?limit=2"
        while url is not None:
            page = await api.get("alice", url)
            seen += [one[key] for one in page.json()["items"]]
            link = page.headers.get("link")
            url = None if link is None else link.split(">")[0][1:]
        expected = [f"works-{number}" for number in range(5)]
        assert seen == (expected if path == "/v1/projects" else expected[::-1])


async def test_the_public_log_proves_what_it_lists(api: Service) -> None:
    await requested(api)
    note = await api.get(None, "/v1/log/checkpoint")
    page = (await api.get(None, "/v1/log/entries?limit=200")).json()
    assert note.text.split("\n")[1] == str(page["size"]) == str(len(page["entries"]))
    proof = await api.get(None, f"/v1/log/inclusion?index=2&size={page['size']}")
    assert proof.status_code == 200
    grown = await api.get(None, f"/v1/log/consistency?old=3&size={page['size']}")
    assert grown.status_code == 200
    beyond = await api.get(None, f"/v1/log/inclusion?index=2&size={page['size'] + 1}")
    assert (beyond.status_code, beyond.json()["code"]) == (400, "log.range")
    trust = (await api.get(None, "/v1/trust")).json()
    assert [len(trust[role]) for role in ("platform", "agency", "supervisor", "cosigner")] == [1, 1, 1, 1]
    stats = (await api.get(None, "/v1/stats")).json()
    assert stats["draws"] == {"requested": 1}


async def test_health_tells_alive_from_ready(api: Service) -> None:
    assert (await api.get(None, "/healthz")).status_code == 200
    assert (await api.get(None, "/readyz")).status_code == 200


async def test_the_openapi_document_declares_problems_and_security(api: Service) -> None:
    document = (await api.get(None, "/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations) >= 20
    for one in operations:
        assert "application/problem+json" in one["responses"]["400"]["content"]
    secured = document["paths"]["/v1/draws"]["post"]
    assert secured["security"]
    assert any(p["name"] == "Idempotency-Key" for p in secured["parameters"])
    assert "security" not in document["paths"]["/v1/stats"]["get"]


async def test_a_notice_is_imported_with_its_bidders(api: Service, ocds_works: dict[str, object]) -> None:
    terms = {key: project()[key] for key in ("evaluation", "pack")}
    about = {"section": "s1", "owner": "王工", "terms": terms}
    created = await api.post("alice", "/v1/projects:import", {"package": ocds_works, "import": about})
    assert created.status_code == 201, created.text
    document = created.json()["document"]
    assert document["tenderee"] == "ocds:GB-CFS-294434"
    assert len(document["bidders"]) == 30
    chosen = about | {"ocid": "ocds-b5fd17-3fc3576f-12fc-4c77-a9ca-766be3892fef"}
    small = await api.post("alice", "/v1/projects:import", {"package": ocds_works, "import": chosen})
    assert len(small.json()["document"]["bidders"]) == 2
    unknown = await api.post(
        "alice", "/v1/projects:import", {"package": ocds_works, "import": about | {"ocid": "nowhere"}}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "ocds.unknown-ocid")


async def test_bidders_change_under_a_version_and_nobody_is_left_out(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    path = "/v1/projects/works-2026-017/bidders"

    async def put(body: object, **headers: str) -> httpx.Response:
        return await api.client.put(path, json=body, headers=api.as_person("alice", **headers))

    withdrawn = {**project()["bidders"][0], "withdrawn": True}
    stale = await put({"section": "s1", "bidders": [withdrawn]}, If_Match='"7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "project.version-moved")
    done = await put({"section": "s1", "bidders": [withdrawn]}, If_Match='"1"')
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    left_out = await put({"section": "s1", "bidders": [{"id": "b9", "orgs": withdrawn["orgs"]}]})
    assert [one["code"] for one in left_out.json()["errors"]] == ["bidders.left-out"]
    draw = (await api.post("alice", "/v1/draws", order())).json()
    await api.ceremony.run(draw["id"], until="sealed")
    late = await put({"section": "s1", "bidders": [withdrawn]})
    assert (late.status_code, late.json()["code"]) == (409, "project.draw-sealed")
