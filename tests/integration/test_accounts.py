"""Who may add, approve, disable and reset whose account, and what keeps one person from becoming two."""

from typing import Any

import pytest
from sqlalchemy import text

from app.api.principals import RateLimiter
from app.store.repositories.access import ApiKey
from app.usecases.principals import MAKES, ROLES
from migrations.upgrade import downgrade, upgrade
from tests.support.people import Browser, Person, browser, enrolled, later, person, signed_in, typed
from tests.support.service import Service

pytestmark = pytest.mark.anyio
BOUND: dict[str, dict[str, str]] = {
    "agency": {"agency": "agy_alice"},
    "site": {"site": "ste_a"},
    "witness": {"site": "ste_a"},
}


@pytest.fixture(autouse=True)
def unhurried(api: Service) -> None:
    api.app.state.limiter = RateLimiter(sign_ins="10000/minute")


async def at_work(api: Service, login: str, role: str, **more: Any) -> Browser:
    return await signed_in(api, await person(api, login, role, **more))


def wanted(login: str, role: str, **changes: Any) -> dict[str, Any]:
    return {"login": login, "name": "某人", "role": role, **BOUND.get(role, {})} | changes


def outcome(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def approve(page: Browser, user_id: str, key: str = "k1") -> Any:
    return await page.post(f"/v1/users/{user_id}:approve", None, Idempotency_Key=key)


async def test_each_role_makes_its_own_kinds_and_no_other(api: Service) -> None:
    pages = {role: await at_work(api, f"first.{role}", role, **BOUND.get(role, {})) for role in ROLES}
    for caller, page in pages.items():
        for role in ROLES:
            answer = await page.post("/v1/users", wanted(f"{caller}.{role}", role))
            if role in MAKES.get(caller, ()):
                assert answer.status_code == 201, answer.text
                assert answer.json()["state"] == "waiting"
            else:
                code = "user.role" if caller in MAKES else "access.role"
                assert outcome(answer) == (403, code), (caller, role)


async def test_a_new_account_does_nothing_until_somebody_else_approves_it(api: Service) -> None:
    """Whoever adds an account gets its token, and could enrol in its name: one person would be two."""
    wang = await at_work(api, "wang.op", "operator")
    zhao = await at_work(api, "zhao.op", "operator")
    made = (await wang.post("/v1/users", wanted("li.site", "site"))).json()
    early = await browser(api).post("/v1/enrolments/options", {"token": made["enrolment"]})
    assert outcome(early) == (403, "enrolment.refused")
    assert outcome(await approve(wang, made["id"])) == (403, "user.same-person")
    assert (await approve(zhao, made["id"])).json()["state"] == "enrolling"
    assert outcome(await approve(zhao, made["id"], "k2")) == (409, "user.approved")
    offer = await enrolled(api, made["enrolment"])
    who = Person(
        id=made["id"], login="li.site", role="site", password="Zelkova-Bridge-41", secret=offer["secret"]
    )
    page = await signed_in(api, who)
    shown = (await page.get("/v1/sessions/current")).json()
    assert (shown["role"], shown["site"], shown["person"]) == ("site", "ste_a", made["id"])


async def test_operators_neither_approve_nor_touch_supervision(api: Service) -> None:
    wang = await at_work(api, "wang.op", "operator")
    carol = await at_work(api, "carol.sv", "supervisor")
    made = (await carol.post("/v1/users", wanted("dong.sv", "supervisor"))).json()
    assert outcome(await approve(wang, made["id"])) == (403, "user.role")
    for act in ("disable", "reset"):
        answer = await wang.post(f"/v1/users/{made['id']}:{act}", None, Idempotency_Key=act)
        assert outcome(answer) == (403, "user.role")
    # Supervision may look over the operators' shoulder: it approves what they add.
    theirs = (await wang.post("/v1/users", wanted("zhao.op", "operator"))).json()
    assert (await approve(carol, theirs["id"])).status_code == 200


async def test_nobody_disables_resets_or_approves_the_own_account(api: Service) -> None:
    bob = await person(api, "wang.op", "operator")
    page = await signed_in(api, bob)
    for act in ("disable", "reset"):
        answer = await page.post(f"/v1/users/{bob.id}:{act}", None, Idempotency_Key=act)
        assert outcome(answer) == (403, "user.own")


async def test_two_operators_always_remain(api: Service) -> None:
    people = [await person(api, f"op{number}", "operator") for number in range(3)]
    page = await signed_in(api, people[0])
    first = await page.post(f"/v1/users/{people[1].id}:disable", None, Idempotency_Key="a")
    assert first.json()["state"] == "disabled"
    for act in ("disable", "reset"):
        last = await page.post(f"/v1/users/{people[2].id}:{act}", None, Idempotency_Key=act)
        assert outcome(last) == (409, "user.last-two")


async def test_a_disabled_person_is_out_at_once_and_for_good(api: Service) -> None:
    people = [await person(api, f"op{number}", "operator") for number in range(4)]
    page, theirs = await signed_in(api, people[0]), await signed_in(api, people[1])
    path = f"/v1/users/{people[1].id}"
    assert (await page.post(f"{path}:disable", None, Idempotency_Key="a")).status_code == 200
    assert outcome(await theirs.get("/v1/draws")) == (401, "session.ended")
    again = await browser(api).post("/v1/sessions", typed(api, people[1]))
    assert outcome(again) == (401, "sign-in.refused")
    for act in ("disable", "reset"):
        answer = await page.post(f"{path}:{act}", None, Idempotency_Key=f"b{act}")
        assert outcome(answer) == (409, "user.disabled")
    assert outcome(await page.post("/v1/users", wanted("op1", "operator"))) == (409, "user.login-taken")


async def test_a_disabled_session_is_out_even_if_its_row_survives(api: Service) -> None:
    bob = await person(api, "wang.op", "operator")
    page = await signed_in(api, bob)
    async with api.platform.database.write() as uow:
        await uow.users.disable(bob.id, at=api.platform.now())
    assert outcome(await page.get("/v1/draws")) == (401, "session.ended")


async def test_a_reset_takes_everything_and_waits_for_approval_again(api: Service) -> None:
    people = [await person(api, f"op{number}", "operator") for number in range(3)]
    wang, theirs = await signed_in(api, people[0]), await signed_in(api, people[1])
    zhao = await signed_in(api, people[2])
    later(api, seconds=30)
    await person(api, "op3", "operator")
    made = (await wang.post(f"/v1/users/{people[1].id}:reset")).json()
    assert made["state"] == "waiting"
    assert outcome(await theirs.get("/v1/draws")) == (401, "session.ended")
    assert outcome(await browser(api).post("/v1/sessions", typed(api, people[1]))) == (401, "sign-in.refused")
    assert outcome(await approve(wang, people[1].id)) == (403, "user.same-person")
    assert (await approve(zhao, people[1].id)).status_code == 200
    people[1].secret = (await enrolled(api, made["enrolment"]))["secret"]
    assert (await (await signed_in(api, people[1])).get("/v1/draws")).status_code == 200


async def test_every_fault_of_a_wanted_account_is_told(api: Service) -> None:
    page = await at_work(api, "wang.op", "operator")
    answer = await page.post("/v1/users", wanted("Nicht So", "agency", agency="agy_none", site="ste_a"))
    assert outcome(answer) == (422, "user.refused")
    assert {one["pointer"] for one in answer.json()["errors"]} == {"/login", "/agency", "/site"}


async def test_the_list_is_paged_names_nobody_in_the_log_and_is_on_record(api: Service) -> None:
    page = await at_work(api, "wang.op", "operator")
    for number in range(3):
        await person(api, f"op{number}", "operator")
    first = await page.get("/v1/users?limit=2")
    assert [one["login"] for one in first.json()["items"]] == ["op0", "op1"]
    assert first.headers["cache-control"] == "no-store"
    rest = await page.get(first.headers["link"].split(">")[0][1:])
    assert [one["login"] for one in rest.json()["items"]] == ["op2", "wang.op"]
    async with api.platform.database.read() as uow:
        acts = [one.action for one in await uow.operations.newest(10)]
    assert acts.count("users.read") == 2


async def test_accounts_are_found_by_their_ids(api: Service) -> None:
    """What is shown with the id of a person is read with their login name; strangers are left out."""
    page = await at_work(api, "wang.op", "operator")
    people = [await person(api, f"op{number}", "operator") for number in range(3)]
    asked = "&".join(f"id={one}" for one in (people[2].id, people[0].id, "usr_nobody"))
    found = (await page.get(f"/v1/users?{asked}")).json()
    assert ([one["login"] for one in found["items"]], found["next"]) == (["op0", "op2"], None)
    for many in ("&".join(f"id=usr_{number}" for number in range(21)), f"id={'u' * 65}", "id="):
        assert outcome(await page.get(f"/v1/users?{many}")) == (400, "request.invalid"), many[:20]


async def test_no_answer_that_is_kept_holds_a_name_or_a_token(api: Service) -> None:
    wang = await at_work(api, "wang.op", "operator")
    zhao = await at_work(api, "zhao.op", "operator")
    made = (await wang.post("/v1/users", wanted("li.site", "site", name="不可外泄"))).json()
    await approve(zhao, made["id"])
    async with api.platform.database.read() as uow:
        query = text("SELECT response FROM idempotency")
        kept = [bytes(row[0]) for row in await uow.users._connection.execute(query)]
    assert kept
    for body in kept:
        assert "不可外泄".encode() not in body
        assert made["enrolment"].encode() not in body


async def test_keys_and_spent_nonces_survive_the_migration_both_ways(api: Service) -> None:
    """SQLite makes the table of keys anew; no signed request can be replayed after that."""
    database, key, now = api.platform.database, await _signing_key(api), api.platform.now()
    async with database.write() as uow:
        await uow.keys.spend_nonce(key.id, "n1", expires_at="2030-01-01T00:00:00Z", now=now)
    await downgrade(database.engine, "0004")
    await upgrade(database.engine)
    async with database.read() as uow:
        rows = (await uow.users._connection.execute(text("SELECT nonce FROM signature_nonces"))).all()
    assert [row[0] for row in rows] == ["n1"]
    assert (await api.get("alice", "/v1/draws")).status_code == 200


async def _signing_key(api: Service) -> ApiKey:
    async with api.platform.database.read() as uow:
        found = await uow.keys.get(api.tokens["mallory"].split("_")[2])
    assert found is not None
    return found
