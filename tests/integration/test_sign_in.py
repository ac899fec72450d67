"""Attacks on signing in and on sessions: guessing, spraying, enumerating, replaying, fixing, stealing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from app.api.principals import RateLimiter
from app.store.schema import METADATA
from app.usecases.people.accounts import STALE
from app.usecases.people.sessions import ABSOLUTE, IDLE
from app.usecases.people.signing_in import LOCK, MAX_TRIES, PASSWORD_AGE
from tests.support.people import (
    Browser,
    Person,
    added,
    browser,
    code,
    enrolled,
    later,
    person,
    signed_in,
    typed,
)
from tests.support.service import Service

pytestmark = pytest.mark.anyio
REFUSED = (401, "sign-in.refused")


@pytest.fixture
async def bob(api: Service) -> Person:
    api.app.state.limiter = RateLimiter(sign_ins="10000/minute")
    return await person(api, "wang.op", "operator")


def outcome(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code") if answer.content else None


def telling(answer: Any) -> dict[str, Any]:
    """Everything of a refusal but what differs each time."""
    return {name: value for name, value in answer.json().items() if name != "trace_id"}


async def test_the_right_three_open_a_session_whose_token_no_script_and_no_other_site_gets(
    api: Service, bob: Person
) -> None:
    page = await signed_in(api, bob)
    answer = await page.post("/v1/sessions", typed(api, bob))
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert page.cookie
    assert len(page.cookie) == 64
    assert page.cookie not in answer.text
    who = (await page.get("/v1/sessions/current")).json()
    assert (who["login"], who["role"], who["method"]) == ("wang.op", "operator", "password")
    assert (await page.get("/v1/draws")).status_code == 200


async def test_over_https_the_cookie_is_bound_to_host_and_transport(api: Service, bob: Person) -> None:
    entrance = api.app.state.entrance
    api.app.state.entrance = type(entrance)(
        platform=entrance.platform, public_url="https://draw.example.cn", passwords=entrance.passwords
    )
    page = browser(api)
    page.headers["Origin"] = "https://draw.example.cn"
    answer = await page.post("/v1/sessions", typed(api, bob))
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-qiantong=")
    assert "Secure" in cookie.split("; ")
    assert "Domain" not in cookie


async def test_every_wrong_answer_is_the_same_answer(api: Service, bob: Person) -> None:
    """User enumeration by text: name, password, code and lock cannot be told apart."""
    page, said = browser(api), []
    wrongs: tuple[dict[str, str], ...] = (
        {"login": "nobody.here"},
        {"password": "Not-The-Password-9"},
        {"code": "000000"},
    )
    for wrong in wrongs:
        answer = await page.post("/v1/sessions", typed(api, bob, **wrong))
        assert outcome(answer) == REFUSED
        said.append(telling(answer))
    for login in ("wang.op", "nobody.here"):
        for _ in range(MAX_TRIES):
            await page.post("/v1/sessions", typed(api, bob, login=login, password="x"))
        locked = await page.post("/v1/sessions", typed(api, bob, login=login))
        assert outcome(locked) == REFUSED
        said.append(telling(locked))
        assert "set-cookie" not in locked.headers
    assert all(one == said[0] for one in said)


async def test_an_unknown_name_makes_the_same_work(
    api: Service, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """User enumeration by path: the same statements, the same hash, the same codes computed."""
    hashed = HasherSeen(api.app.state.entrance.passwords._hasher)
    monkeypatch.setattr(api.app.state.entrance.passwords, "_hasher", hashed)
    page, seen = browser(api), []
    for login in ("wang.op", "nobody.here"):
        for _ in range(MAX_TRIES + 1):
            with statements(api) as run:
                answer = await page.post(
                    "/v1/sessions", typed(api, bob, login=login, password="Not-The-Password-9")
                )
            assert outcome(answer) == REFUSED
            seen.append((tuple(run), tuple(hashed.costs)))
            hashed.costs.clear()
    known, unknown = seen[: MAX_TRIES + 1], seen[MAX_TRIES + 1 :]
    assert [costs for _, costs in seen] == [("argon2id", "m=19456,t=2,p=1")] * len(seen)
    # A known account is read once more by its id, in the transaction that would begin its session.
    spare = "FROM users WHERE users.id ="
    assert [[one for one in run if spare not in one] for run, _ in known] == [
        [one for one in run if spare not in one] for run, _ in unknown
    ]


class HasherSeen:
    """The real hasher; keeps kind and cost of what it compared with."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.costs: list[str] = []

    def hash(self, password: str) -> str:
        return str(self._real.hash(password))

    def verify(self, stored: str, password: str) -> bool:
        _, kind, _, cost, *_ = [*stored.split("$"), *[""] * 4]
        self.costs += [kind, cost]
        return bool(self._real.verify(stored, password))


@contextmanager
def statements(api: Service) -> Iterator[list[str]]:
    """The statements that run meanwhile, in order."""
    engine, run = api.platform.database.engine.sync_engine, []

    def note(_c: object, _x: object, statement: str, *_: object) -> None:
        run.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield run
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_five_guesses_lock_for_a_quarter_of_an_hour_even_the_owner(api: Service, bob: Person) -> None:
    page = browser(api)
    for _ in range(MAX_TRIES):
        assert outcome(await page.post("/v1/sessions", typed(api, bob, password="guess"))) == REFUSED
    assert outcome(await page.post("/v1/sessions", typed(api, bob))) == REFUSED
    later(api, seconds=LOCK.total_seconds() - 90)
    assert outcome(await page.post("/v1/sessions", typed(api, bob))) == REFUSED
    # Half a minute later again: the quarter of an hour since the fifth guess is over to the second.
    assert (await page.post("/v1/sessions", typed(api, bob))).status_code == 200


async def test_four_guesses_and_a_right_answer_begin_the_count_anew(api: Service, bob: Person) -> None:
    page = browser(api)
    for _ in range(2):
        for _ in range(MAX_TRIES - 1):
            await page.post("/v1/sessions", typed(api, bob, password="guess"))
        assert (await page.post("/v1/sessions", typed(api, bob))).status_code == 200


async def test_spraying_one_password_over_many_names_meets_the_rate_of_its_address(
    api: Service, bob: Person
) -> None:
    api.app.state.limiter = RateLimiter(sign_ins="10/minute")
    page, answers = browser(api), []
    for number in range(12):
        body = {"login": f"name{number}", "password": "Spring-2026-Spring", "code": "123456"}
        answers.append(outcome(await page.post("/v1/sessions", body)))
    assert answers == [REFUSED] * 10 + [(429, "rate.limited")] * 2


async def test_a_code_is_used_once_and_so_is_every_earlier_one(api: Service, bob: Person) -> None:
    page, seen = browser(api), typed(api, bob)
    assert (await page.post("/v1/sessions", seen)).status_code == 200
    assert outcome(await browser(api).post("/v1/sessions", seen)) == REFUSED
    later(api, seconds=30)
    assert outcome(await browser(api).post("/v1/sessions", seen)) == REFUSED
    assert (await page.post("/v1/sessions", typed(api, bob))).status_code == 200


async def test_a_code_is_good_one_step_late_and_not_two(api: Service, bob: Person) -> None:
    late = typed(api, bob)
    later(api, seconds=60)
    assert outcome(await browser(api).post("/v1/sessions", late)) == REFUSED
    late = typed(api, bob)
    later(api, seconds=30)
    assert (await browser(api).post("/v1/sessions", late)).status_code == 200


async def test_a_session_planted_before_sign_in_is_nobodys(api: Service, bob: Person) -> None:
    """Session fixation: the victim's browser holds the attacker's token, then signs in."""
    mallory = await person(api, "mallory.op", "operator")
    theirs = await signed_in(api, mallory)
    planted = theirs.cookie
    assert planted
    victim = browser(api)
    victim.cookie = planted
    assert (await victim.post("/v1/sessions", typed(api, bob))).status_code == 200
    assert victim.cookie != planted
    assert outcome(await theirs.get("/v1/sessions/current")) == (401, "session.ended")
    victim.cookie = "0" * 64
    assert (await victim.get("/v1/draws")).status_code == 401
    assert (await victim.post("/v1/sessions", typed(api, bob))).status_code == 200
    assert victim.cookie != "0" * 64


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Qiantong": "", "Origin": "http://api.test.example"},
        {"X-Qiantong": "1", "Origin": "http://evil.example"},
        {"X-Qiantong": "1", "Origin": "null"},
        {"X-Qiantong": "1", "Origin": "https://api.test.example"},
        {"X-Qiantong": "1", "Origin": "http://api.test.example.evil.example"},
        {"X-Qiantong": "1", "Sec-Fetch-Site": "cross-site"},
        {"X-Qiantong": "1", "Sec-Fetch-Site": "same-site", "Origin": "http://api.test.example"},
        {"X-Qiantong": "1"},
        {},
    ],
)
async def test_a_post_from_another_site_does_nothing(
    api: Service, bob: Person, headers: dict[str, str]
) -> None:
    page = await signed_in(api, bob)
    page.headers = headers
    for method, path in (("DELETE", "/v1/sessions/current"), ("POST", "/v1/passkeys/options")):
        assert outcome(await page.send(method, path)) == (403, "access.cross-site")
    # Nor can a foreign page sign the victim in to the attacker's account.
    stranger = browser(api)
    stranger.headers = headers
    assert outcome(await stranger.post("/v1/sessions", typed(api, bob))) == (403, "access.cross-site")
    assert (await page.get("/v1/sessions/current")).status_code == 200


async def test_a_stolen_cookie_is_worth_nothing_after_signing_out_everywhere(
    api: Service, bob: Person
) -> None:
    first, second = await signed_in(api, bob), await signed_in(api, bob)
    thief = browser(api)
    thief.cookie = first.cookie or ""
    assert (await thief.get("/v1/draws")).status_code == 200
    left = await second.send("DELETE", "/v1/sessions")
    assert left.status_code == 204
    assert 'qiantong=""' in left.headers["set-cookie"]
    for page in (thief, first):
        assert outcome(await page.get("/v1/draws")) == (401, "session.ended")


async def test_signing_out_ends_this_browser_only(api: Service, bob: Person) -> None:
    first, second = await signed_in(api, bob), await signed_in(api, bob)
    kept = first.cookie or ""
    assert (await first.send("DELETE", "/v1/sessions/current")).status_code == 204
    first.cookie = kept
    assert outcome(await first.get("/v1/draws")) == (401, "session.ended")
    assert (await second.get("/v1/draws")).status_code == 200


async def test_a_session_ends_when_idle_and_at_last_however_busy(api: Service, bob: Person) -> None:
    idle = await signed_in(api, bob)
    later(api, seconds=IDLE.total_seconds() - 1)
    assert (await idle.get("/v1/draws")).status_code == 200
    later(api, seconds=IDLE.total_seconds())
    assert outcome(await idle.get("/v1/draws")) == (401, "session.ended")
    busy = await signed_in(api, bob)
    for _ in range(int(ABSOLUTE / timedelta(minutes=20)) - 1):
        later(api, minutes=20)
        assert (await busy.get("/v1/draws")).status_code == 200
    later(api, minutes=20)
    assert outcome(await busy.get("/v1/draws")) == (401, "session.ended")


async def test_a_page_that_refreshes_by_itself_keeps_no_session_awake(api: Service, bob: Person) -> None:
    left = await signed_in(api, bob)
    left.headers["X-Qiantong-Away"] = "1"
    for _ in range(3):
        later(api, seconds=IDLE.total_seconds() / 4)
        assert (await left.get("/v1/draws")).status_code == 200
    later(api, seconds=IDLE.total_seconds() / 4)
    assert outcome(await left.get("/v1/draws")) == (401, "session.ended")


async def test_a_role_changed_in_the_store_takes_its_rights_along_at_once(api: Service, bob: Person) -> None:
    """No route changes a role; were one changed, no session keeps the old rights."""
    page = await signed_in(api, bob)
    assert (await page.get("/v1/users")).status_code == 200
    for sent in (
        await page.send("PATCH", f"/v1/users/{bob.id}", {"role": "supervisor"}),
        await page.send("PUT", f"/v1/users/{bob.id}", {"role": "supervisor"}),
    ):
        assert sent.status_code in {404, 405}
    async with api.platform.database.write() as uow:
        await uow.users._connection.execute(
            text("UPDATE users SET role = 'supervisor' WHERE login = 'wang.op'")
        )
    assert (await page.get("/v1/sessions/current")).json()["role"] == "supervisor"
    answer = await page.post("/v1/draws/drw_x:run", None, Idempotency_Key="k")
    assert outcome(answer) == (403, "access.role")


async def test_an_account_nobody_used_for_long_is_closed(api: Service, bob: Person) -> None:
    later(api, seconds=STALE.total_seconds() + 60)
    assert outcome(await browser(api).post("/v1/sessions", typed(api, bob))) == REFUSED


async def test_another_password_ends_every_other_session(api: Service, bob: Person) -> None:
    page, other = await signed_in(api, bob), await signed_in(api, bob)
    asked = typed(api, bob)
    body = {"password": bob.password, "code": asked["code"], "new": "Ginkgo-Terrace-77"}
    wrong = body | {"password": "Not-The-Password-9"}
    assert outcome(await page.post("/v1/password", wrong)) == REFUSED
    weak = await page.post("/v1/password", body | {"new": "wang.op"})
    assert outcome(weak) == (422, "password.refused")
    assert {one["code"] for one in weak.json()["errors"]} >= {"password.length", "password.login"}
    assert (await page.post("/v1/password", body)).status_code == 204
    assert (await page.get("/v1/draws")).status_code == 200
    assert outcome(await other.get("/v1/draws")) == (401, "session.ended")
    assert outcome(await browser(api).post("/v1/sessions", typed(api, bob))) == REFUSED
    bob.password = "Ginkgo-Terrace-77"
    fresh = await signed_in(api, bob)
    assert not (await fresh.get("/v1/sessions/current")).json()["password_due"]
    for _ in range(2):
        later(api, seconds=PASSWORD_AGE.total_seconds() / 2)
        fresh = await signed_in(api, bob)
    assert (await fresh.get("/v1/sessions/current")).json()["password_due"]


async def test_an_enrolment_token_opens_once_and_within_a_day(api: Service, bob: Person) -> None:
    token = await added(api, "zhao.op", "operator")
    await enrolled(api, token)
    for path, body in (
        ("/v1/enrolments/options", {"token": token}),
        ("/v1/enrolments", {"token": token, "password": "Ginkgo-Terrace-77", "code": "123456"}),
    ):
        assert outcome(await browser(api).post(path, body)) == (403, "enrolment.refused")
    late = await added(api, "qian.op", "operator")
    later(api, hours=24)
    answer = await browser(api).post("/v1/enrolments/options", {"token": late})
    assert outcome(answer) == (403, "enrolment.refused")


async def test_an_enrolment_without_the_right_code_leaves_the_account_closed(
    api: Service, bob: Person
) -> None:
    token = await added(api, "zhao.op", "operator")
    page = browser(api)
    offer = (await page.post("/v1/enrolments/options", {"token": token})).json()
    assert offer["picture"].startswith("data:image/svg+xml")
    body = {"token": token, "password": "Ginkgo-Terrace-77", "code": "000000"}
    assert outcome(await page.post("/v1/enrolments", body)) == (403, "code.refused")
    weak = body | {"password": "short", "code": code(api, offer["secret"])}
    assert outcome(await page.post("/v1/enrolments", weak)) == (422, "password.refused")
    who = Person(
        id="", login="zhao.op", role="operator", password="Ginkgo-Terrace-77", secret=offer["secret"]
    )
    assert outcome(await page.post("/v1/sessions", typed(api, who))) == REFUSED


async def test_sign_ins_and_refusals_are_on_record_without_the_name_that_was_typed(
    api: Service, bob: Person
) -> None:
    page = await signed_in(api, bob)
    await browser(api).post("/v1/sessions", typed(api, bob, login="secret.typed.name"))
    await page.send("DELETE", "/v1/sessions/current")
    async with api.platform.database.read() as uow:
        acts = list(reversed(await uow.operations.newest(50)))
    assert [one.action for one in acts][-3:] == ["session.begin", "session.refused", "session.end"]
    assert acts[-1].target == bob.id
    assert not any("secret.typed.name" in f"{one}" for one in acts)


async def test_a_flood_of_sign_ins_is_told_to_come_back(api: Service, bob: Person) -> None:
    passwords = api.app.state.entrance.passwords
    held = [passwords._room.acquire(blocking=False) for _ in range(16)]
    assert all(held)
    answer = await browser(api).post("/v1/sessions", typed(api, bob))
    assert outcome(answer) == (503, "sign-in.busy")
    assert answer.headers["retry-after"]
    passwords._room.release(16)
    assert isinstance(await signed_in(api, bob), Browser)


async def test_the_store_holds_no_credential_in_clear(api: Service, bob: Person) -> None:
    page = await signed_in(api, bob)
    secrets = {page.cookie or "", bob.password, bob.secret, f"某{bob.login}"}
    async with api.platform.database.read() as uow:
        connection = uow.users._connection
        for table in METADATA.sorted_tables:
            rows = (await connection.execute(select(table))).all()
            kept = " ".join(
                value.decode("latin-1") if isinstance(value, bytes) else str(value)
                for row in rows
                for value in row
            )
            assert not any(secret in kept for secret in secrets), table.name
    assert bob.password not in repr(await _user(api, bob))


async def _user(api: Service, who: Person) -> object:
    async with api.platform.database.read() as uow:
        return await uow.users.by_login(who.login)
