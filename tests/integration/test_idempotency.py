"""One effect per Idempotency-Key, on both engines: replay, misuse, races, crashes and a missing quorum."""

import asyncio
import json

import pytest

from app.api.idempotent import LEASE
from app.errors import WriteConflictError
from tests.support.service import Service, order, project

pytestmark = pytest.mark.anyio


async def test_a_replay_gives_the_same_answer_and_no_second_effect(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    first = await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    again = await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["location"] == first.headers["location"]
    assert len((await api.get("alice", "/v1/draws")).json()["items"]) == 1


async def test_a_key_is_needed_and_has_a_form(api: Service) -> None:
    sent = {"Authorization": f"Bearer {api.tokens['alice']}"}
    missing = await api.client.post("/v1/projects", json=project(), headers=sent)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency.missing")
    for key in ("", "a b", "x" * 256):
        answer = await api.post("alice", "/v1/projects", project(), Idempotency_Key=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.malformed")


async def test_one_key_for_two_requests_is_refused(api: Service) -> None:
    await api.post("alice", "/v1/projects", project(), Idempotency_Key="k")
    other = await api.post("alice", "/v1/projects", project(section="s2"), Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.other-body")
    elsewhere = await api.post("alice", "/v1/draws", order(), Idempotency_Key="k")
    assert elsewhere.status_code == 422


async def test_two_agencies_may_use_the_same_key(api: Service) -> None:
    await api.post("alice", "/v1/projects", project(), Idempotency_Key="k")
    async with api.platform.database.read() as uow:
        assert await uow.idempotency.get("agy_alice", "k") is not None
        assert await uow.idempotency.get("agy_mallory", "k") is None


async def test_a_refused_request_frees_its_key(api: Service) -> None:
    refused = await api.post("alice", "/v1/projects", project(owner=" "), Idempotency_Key="k")
    assert refused.status_code == 422
    assert (await api.post("alice", "/v1/projects", project(), Idempotency_Key="k")).status_code == 201


async def test_many_at_once_under_one_key_make_one_draw(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    answers = await asyncio.gather(
        *(api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1") for _ in range(6))
    )
    statuses = {one.status_code for one in answers}
    assert 201 in statuses
    assert statuses <= {201, 409}
    assert all(one.json()["code"] == "idempotency.running" for one in answers if one.status_code == 409)
    assert len((await api.get("alice", "/v1/draws")).json()["items"]) == 1


async def test_many_at_once_under_many_keys_make_one_live_draw(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    answers = await asyncio.gather(*(api.post("alice", "/v1/draws", order()) for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409, 409, 409]
    assert len((await api.get("alice", "/v1/draws")).json()["items"]) == 1


async def test_a_server_that_died_while_running_gives_up_its_key_with_the_lease(api: Service) -> None:
    await api.post("alice", "/v1/projects", project(), Idempotency_Key="k")
    async with api.platform.database.read() as uow:
        stored = await uow.idempotency.get("agy_alice", "k")
    assert stored is not None
    now = api.scene.clock()
    async with api.platform.database.write() as uow:
        await uow.idempotency.reserve(
            "agy_alice",
            "dead",
            digest=stored.request_digest,
            lease_until=(now + LEASE).strftime("%Y-%m-%dT%H:%M:%SZ"),
            now=api.platform.now(),
        )
    running = await api.post("alice", "/v1/projects", project(), Idempotency_Key="dead")
    assert (running.status_code, running.json()["code"]) == (409, "idempotency.running")
    api.scene.clock.move(seconds=LEASE.total_seconds() + 1)
    taken = await api.post("alice", "/v1/projects", project(), Idempotency_Key="dead")
    assert (taken.status_code, taken.json()["code"]) == (409, "project.exists")
    with pytest.raises(WriteConflictError):
        async with api.platform.database.write() as uow:
            await uow.idempotency.take_over(
                "agy_alice", "k", expired_lease=stored.lease_until, lease_until="x"
            )


@pytest.mark.parametrize("role", ["supervisor", "cosigner"])
async def test_without_a_quorum_the_request_is_not_acknowledged_and_later_answered_once(
    api: Service, role: str
) -> None:
    await api.post("alice", "/v1/projects", project())
    api.scene.wires[role].cut = True
    refused = await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    assert (refused.status_code, refused.json()["code"]) == (503, "log.quorum-missing")
    assert refused.json()["retryable"] is True
    assert refused.headers["retry-after"]
    still = await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    assert still.status_code == 503
    api.scene.wires[role].cut = False
    done = await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    assert done.status_code == 201
    assert done.headers["idempotency-replayed"] == "true"
    async with api.platform.database.read() as uow:
        head = await uow.log.head()
        assert head.published_size > done.json()["k"]
        kinds = [json.loads(one.entry)["type"] for one in await uow.log.entries(0, head.size)]
    assert kinds.count("request") == 1


async def test_two_servers_on_one_database_take_the_same_key_once(api: Service, second_api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    answers = await asyncio.gather(
        *(one.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1") for one in (api, second_api))
    )
    assert 201 in {one.status_code for one in answers}
    assert {one.status_code for one in answers} <= {201, 409}
    replay = await second_api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    assert replay.status_code == 201
    assert len((await api.get("alice", "/v1/draws")).json()["items"]) == 1


async def test_a_stored_answer_comes_before_a_look_at_what_moved_since(api: Service) -> None:
    """The evaluation has begun, the draw is aborted, its project changed: the answer stays the answer."""
    await api.post("alice", "/v1/projects", project())
    first = await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    path = f"/v1/draws/{first.json()['id']}:abort"
    assert (await api.post("alice", path, {"reason": "fault"})).status_code == 200
    bidders = [{**project()["bidders"][0], "withdrawn": True}]
    changed = await api.client.put(
        "/v1/projects/works-2026-017/bidders",
        json={"section": "s1", "bidders": bidders},
        headers=api.as_person("alice"),
    )
    assert changed.status_code == 200
    api.scene.clock.move(days=3)
    fresh = await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-2")
    assert fresh.status_code == 422
    again = await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_malformed_order_under_a_used_key_is_not_a_replay(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    await api.post("alice", "/v1/draws", order(), Idempotency_Key="draw-1")
    other = await api.post("alice", "/v1/draws", order(override=""), Idempotency_Key="draw-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.other-body")
