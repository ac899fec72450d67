"""What a supervisor can look into: what changed in a pool between two versions (R05), who did what (R50)."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import run
from app.usecases.pools import import_pool, load_snapshot
from draw.model import FIELDS, ExpertRecord
from tests.support.service import Service, order, project

pytestmark = pytest.mark.anyio
CHANGES = "/v1/pools/city/changes"
Planted = set[tuple[str, str, tuple[str, ...]]]


async def edited_pool(api: Service) -> tuple[list[ExpertRecord], Planted]:
    """A second version of the pool with planted edits; what they are, by the records' opaque ids."""
    async with api.platform.database.read() as uow:
        before = list((await load_snapshot(uow, "city", 1)).records)
    moved = replace(before[3], region="330199", status="suspended")
    renamed, retired = replace(before[7], name="改名者"), replace(before[9], valid_to="2027-01-01")
    joined = replace(before[0], id="newcomer", person="f" * 64)
    kept = [one for one in before if one not in (before[3], before[5], before[7], before[9])]
    # In another order too: the order of the rows is no edit.
    after = [joined, *reversed(kept), moved, renamed, retired]
    await import_pool(api.platform, pool_id="city", basis="测试依据", records=after)

    def tag(one: ExpertRecord) -> str:
        return api.platform.database.cipher.tag("pool_changes", one.id)

    return before, {
        (tag(moved), "changed", ("region", "status")),
        (tag(renamed), "changed", ("name",)),
        (tag(retired), "changed", ("valid_to",)),
        (tag(before[5]), "removed", FIELDS),
        (tag(joined), "added", FIELDS),
    }


async def pages(api: Service, person: str, path: str, limit: int) -> list[dict[str, Any]]:
    """Every item of a list, page by page along its Link header."""
    items: list[dict[str, Any]] = []
    following: str | None = f"{path}{'&' if '?' in path else '?'}limit={limit}"
    while following is not None:
        answer = await api.get(person, following)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) <= limit
        items += answer.json()["items"]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        assert (link is None) == (answer.json()["next"] is None)
        following = None if link is None else link[1]
    return items


async def test_the_difference_of_two_versions_lists_exactly_the_planted_edits(api: Service) -> None:
    _, planted = await edited_pool(api)
    for person in ("bob", "carol"):
        for limit in (2, 200):
            found = await pages(api, person, f"{CHANGES}?version=2", limit)
            assert len(found) == len(planted)
            assert {(one["record"], one["kind"], tuple(one["fields"])) for one in found} == planted
    head = (await api.get("carol", CHANGES)).json()
    async with api.platform.database.read() as uow:
        pool = await uow.pools.get("city", 2)
    assert pool is not None
    assert (head["version"], head["root"], head["log_index"]) == (2, pool.root.hex(), pool.entry_index)
    first = (await api.get("carol", f"{CHANGES}?version=1")).json()
    assert (first["version"], first["items"], first["next"]) == (1, [], None)


async def test_pages_stay_with_their_version_when_another_one_is_frozen_meanwhile(api: Service) -> None:
    before, planted = await edited_pool(api)
    first = await api.get("carol", f"{CHANGES}?limit=3")
    await import_pool(api.platform, pool_id="city", basis="测试依据", records=before)
    link = re.fullmatch(r'<(.+)>; rel="next"', first.headers["link"])
    assert link is not None
    rest = await api.get("carol", link[1])
    assert rest.json()["version"] == 2
    assert len(first.json()["items"]) + len(rest.json()["items"]) == len(planted)


async def test_changes_name_nobody_and_tell_no_value(api: Service) -> None:
    before, _ = await edited_pool(api)
    said = (await api.get("carol", CHANGES)).text
    for one in (*before[:10], replace(before[0], id="newcomer")):
        assert all(secret not in said for secret in (f'"{one.id}"', one.name, one.person))
    assert all(value not in said for value in ("newcomer", "改名者", "330199", "suspended", "2027-01-01"))


async def test_a_pool_that_is_not_there_has_no_changes(api: Service) -> None:
    for path in ("/v1/pools/nowhere/changes", f"{CHANGES}?version=9"):
        answer = await api.get("carol", path)
        assert (answer.status_code, answer.json()["code"]) == (404, "pool.unknown")
    for wrong in ("version=0", "version=99999999999", "limit=0", "cursor=x", "cursor=Wy0xLCIiXQ"):
        assert (await api.get("carol", f"{CHANGES}?{wrong}")).status_code == 400, wrong
    huge = "WyI5OTk5OTk5OTk5OTk5OTk5OTk5IiwiIl0"  # 9 999 999 999 999 999 999: more than any row number
    assert (await api.get("carol", f"{CHANGES}?cursor={huge}")).json()["code"] == "cursor.malformed"


async def test_the_supervisor_reads_who_did_what_and_that_is_on_record_too(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    await api.post("bob", f"/v1/draws/{draw}:run")
    found = await pages(api, "carol", "/v1/operations", 2)
    acts = [(one["operator"], one["action"], one["target"]) for one in found]
    assert acts == [
        ("bob", "runDraw", draw),
        ("alice", "draw.request", draw),
        ("alice", "project.register", "works-2026-017/s1"),
    ]
    assert all(one["address"] and one["time"] and one["source"] == "api" for one in found)
    assert [one["number"] for one in found] == sorted((one["number"] for one in found), reverse=True)
    of_draw = await pages(api, "carol", f"/v1/operations?target={draw}", 1)
    assert [one["action"] for one in of_draw] == ["runDraw", "draw.request"]
    again = (await api.get("carol", "/v1/operations")).json()["items"]
    assert {(one["operator"], one["action"]) for one in again[:2]} == {("carol", "operations.read")}


async def test_nobody_but_the_supervisor_reads_the_operation_log(api: Service) -> None:
    for person in ("alice", "bob"):
        answer = await api.get(person, "/v1/operations")
        assert (answer.status_code, answer.json()["code"]) == (403, "access.role")
    assert (await api.get("alice", CHANGES)).json()["code"] == "access.role"
    assert (await api.get("carol", "/v1/operations")).headers["cache-control"] == "no-store"


def test_the_terminal_lists_exactly_the_planted_edits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path / "platform")]
    assert run([*data, "db", "upgrade"]) == 0
    assert run([*data, "pool", "synth", str(tmp_path / "pool.csv"), "--experts", "40"]) == 0
    # Without parties the log is not published, and the version stands all the same.
    stored = ["--pool", "city", "--basis", "x"]
    assert run([*data, "pool", "import", str(tmp_path / "pool.csv"), *stored]) == 3
    assert run([*data, "pool", "export", "city", str(tmp_path / "one.jsonl")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "one.jsonl").read_text("utf-8").splitlines()]
    rows[4]["name"] = "改过的姓名"
    texts = (json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for one in rows[:-1])
    (tmp_path / "two.jsonl").write_text("\n".join(texts) + "\n", encoding="utf-8")
    assert run([*data, "pool", "import", str(tmp_path / "two.jsonl"), "--records", *stored]) == 3
    capsys.readouterr()
    assert run([*data, "pool", "changes", "city"]) == 0
    said = capsys.readouterr().out
    told = sorted(tuple(line.split("\t")[1:3]) for line in said.splitlines())
    assert told == [("changed", "name"), ("removed", ",".join(FIELDS))]
    assert rows[4]["id"] not in said
    assert "改过的姓名" not in said
    assert run([*data, "pool", "changes", "city", "--version", "1"]) == 0
    assert capsys.readouterr().out == ""
    assert run([*data, "pool", "changes", "nowhere"]) == 1
