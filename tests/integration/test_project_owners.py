"""Who is responsible for a section: handed over under a version, with a reason, all of it kept (R74)."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.service import Service, faults, order, project

pytestmark = pytest.mark.anyio
ORDER = {"section": "s1", "owner": "李工", "reason": "王工调离"}
PATH, SECTION = "/v1/projects/works-2026-017/owner", "/v1/projects/works-2026-017/s1"


async def put(api: Service, person: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await api.client.put(PATH, json=body, headers=api.as_person(person, **headers))


@pytest.fixture(autouse=True)
async def registered(api: Service) -> None:
    assert (await api.post("alice", "/v1/projects", project(owner="王工"))).status_code == 201


async def test_a_section_goes_from_hand_to_hand_and_its_history_says_so(api: Service) -> None:
    tag = (await api.get("alice", SECTION)).headers["etag"]
    first = await put(api, "alice", ORDER, If_Match=tag)
    assert (first.status_code, first.json()["owner"], first.headers["etag"]) == (200, "李工", '"2"')
    second = await put(api, "bob", ORDER | {"owner": "赵工", "reason": "李工休假"}, If_Match='"2"')
    assert second.json()["owner"] == "赵工"
    assert (await api.get("alice", SECTION)).json()["owner"] == "赵工"
    seen = (await api.get("alice", f"{SECTION}/owners")).json()
    told = [(one["version"], one["former"], one["owner"], one["reason"], one["by"]) for one in seen["items"]]
    assert told == [(3, "李工", "赵工", "李工休假", "bob"), (2, "王工", "李工", "王工调离", "alice")]
    async with api.platform.database.read() as uow:
        acts = [(one.operator, one.action, one.target) for one in await uow.operations.newest(2)]
    assert acts == [(name, "project.owner", "works-2026-017/s1") for name in ("bob", "alice")]


async def test_a_draw_under_way_names_whoever_is_responsible_now(api: Service) -> None:
    draw = (await api.post("alice", "/v1/draws", order())).json()
    assert draw["owner"] == "王工"
    await api.ceremony.run(draw["id"], until="sealed")
    assert (await put(api, "alice", ORDER)).status_code == 200
    assert (await api.get("alice", f"/v1/draws/{draw['id']}")).json()["owner"] == "李工"
    (listed,) = (await api.get("alice", "/v1/draws")).json()["items"]
    assert listed["owner"] == "李工"


async def test_two_who_hand_over_at_once_do_not_overwrite_each_other(api: Service) -> None:
    answers = await asyncio.gather(
        *(put(api, "alice", ORDER | {"owner": name}, If_Match='"1"') for name in ("李工", "赵工"))
    )
    assert sorted(one.status_code for one in answers) == [200, 412]
    assert len((await api.get("alice", f"{SECTION}/owners")).json()["items"]) == 1


async def test_whoever_is_late_with_a_version_is_told(api: Service) -> None:
    await put(api, "alice", ORDER)
    late = await put(api, "alice", ORDER | {"owner": "赵工"}, If_Match='"1"')
    assert (late.status_code, late.json()["code"]) == (412, "project.version-moved")
    assert (await api.get("alice", SECTION)).json()["owner"] == "李工"


async def test_nobody_and_no_reason_are_refused_at_once_and_change_nothing(api: Service) -> None:
    empty = await put(api, "alice", {"section": "s1", "owner": "  ", "reason": " "})
    assert faults(empty) == [("project.owner", "/owner"), ("project.reason", "/reason")]
    malformed = await put(api, "alice", {"section": "s1", "owner": " ", "reason": 7, "x": 1})
    assert {pointer for _, pointer in faults(malformed)} == {"/owner", "/reason", "/x"}
    same = await put(api, "alice", ORDER | {"owner": "王工"})
    assert faults(same) == [("project.owner-same", "/owner")]
    assert faults(await put(api, "alice", ORDER | {"owner": "长" * 201}))
    assert (await api.get("alice", SECTION)).json()["version"] == 1
    assert (await api.get("alice", f"{SECTION}/owners")).json() == {"items": [], "next": None}


async def test_another_agencys_section_is_not_there_to_be_handed_over_or_read(api: Service) -> None:
    for name in ("works-2026-017/s1", "nothing/s1"):
        answer = await api.get("mallory", f"/v1/projects/{name}/owners")
        assert (answer.status_code, answer.json()["code"]) == (404, "project.unknown")
    api.tokens["mallory"] = api.tokens["carol"]
    supervisor = await put(api, "mallory", ORDER)
    assert (supervisor.status_code, supervisor.json()["code"]) == (403, "access.role")
    assert (await put(api, "alice", ORDER | {"section": "s9"})).json()["code"] == "project.unknown"


async def test_a_long_history_is_read_page_by_page(api: Service) -> None:
    for number in range(5):
        await put(api, "alice", ORDER | {"owner": f"第{number}人"})
    first = await api.get("alice", f"{SECTION}/owners?limit=2")
    assert 'rel="next"' in first.headers["link"]
    owners: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.get("alice", f"{SECTION}/owners?limit=2{cursor and '&cursor=' + cursor}")).json()
        owners += [one["owner"] for one in page["items"]]
        cursor = page["next"]
    assert owners == [f"第{number}人" for number in (4, 3, 2, 1, 0)]
    for wrong in ("x", "WyJ4IiwgIiJd", "WyIxMjM0NTY3ODkwMTIiLCAiIl0"):
        answer = await api.get("alice", f"{SECTION}/owners?cursor={wrong}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor.malformed")
