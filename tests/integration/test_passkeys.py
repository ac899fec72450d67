"""Passkeys: one alone counts as two factors, and none is taken from another site, another time or a copy."""

from typing import Any

import pytest

from app.api.principals import RateLimiter
from app.usecases.people.passkeys import LIFETIME, MAX_PASSKEYS
from app.usecases.people.sessions import FRESH
from tests.support.authenticator import SecurityKey
from tests.support.people import Browser, Person, browser, later, person, signed_in, typed
from tests.support.service import Service

pytestmark = pytest.mark.anyio
# The address in the settings, whatever name the request was sent to.
ORIGIN, RP_ID = "http://127.0.0.1:8000", "127.0.0.1"
REFUSED = (401, "passkey.refused")
OPTIONS, VERIFY = "/v1/sessions/passkey/options", "/v1/sessions/passkey/verify"


def key(**changes: Any) -> SecurityKey:
    return SecurityKey(**{"origin": ORIGIN, "host": RP_ID} | changes)


def outcome(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def kept(page: Browser, made: SecurityKey, label: str = "办公室") -> Any:
    options = (await page.post("/v1/passkeys/options")).json()
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    return await page.post("/v1/passkeys", {"label": label, "credential": made.create(options)})


async def challenge(page: Browser) -> dict[str, Any]:
    options: dict[str, Any] = (await page.post(OPTIONS)).json()
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")
    return options


@pytest.fixture
async def bob(api: Service) -> Person:
    api.app.state.limiter = RateLimiter(sign_ins="10000/minute")
    return await person(api, "wang.op", "operator")


@pytest.fixture
async def owned(api: Service, bob: Person) -> SecurityKey:
    made = key()
    answer = await kept(await signed_in(api, bob), made)
    assert answer.status_code == 201, answer.text
    return made


async def test_a_passkey_alone_signs_in(api: Service, bob: Person, owned: SecurityKey) -> None:
    page = browser(api)
    options = await challenge(page)
    owned.count += 1
    answer = await page.post(VERIFY, owned.get(options))
    assert answer.status_code == 200, answer.text
    assert answer.json()["method"] == "passkey"
    assert (await page.get("/v1/draws")).status_code == 200


async def test_no_lock_on_the_name_keeps_the_owner_of_a_passkey_out(
    api: Service, bob: Person, owned: SecurityKey
) -> None:
    page = browser(api)
    for _ in range(6):
        await page.post("/v1/sessions", typed(api, bob, password="guess"))
    owned.count += 1
    assert (await page.post(VERIFY, owned.get(await challenge(page)))).status_code == 200


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://qiantong.evil.example"},
        {"origin": "http://api.test.example"},
        {"host": "evil.example"},
        {"verified": False},
        {"id": b"somebody-elses-key"},
        {"user": b"usr_00000000000000000000"},
    ],
)
async def test_an_answer_for_another_site_unverified_or_of_another_key_is_refused(
    api: Service, owned: SecurityKey, lie: dict[str, Any]
) -> None:
    page = browser(api)
    options = await challenge(page)
    owned.count += 1
    for name, value in lie.items():
        setattr(owned, name, value)
    answer = await page.post(VERIFY, owned.get(options))
    assert outcome(answer) == REFUSED
    assert page.cookie is None


async def test_a_challenge_is_answered_once_and_within_five_minutes(api: Service, owned: SecurityKey) -> None:
    page = browser(api)
    options = await challenge(page)
    owned.count += 1
    said = owned.get(options)
    assert (await page.post(VERIFY, said)).status_code == 200
    assert outcome(await browser(api).post(VERIFY, said)) == REFUSED
    owned.count += 1
    assert outcome(await browser(api).post(VERIFY, owned.get(options))) == REFUSED
    stale = await challenge(page)
    later(api, seconds=LIFETIME.total_seconds())
    owned.count += 1
    assert outcome(await page.post(VERIFY, owned.get(stale))) == REFUSED


async def test_a_wrong_answer_uses_its_challenge_up(api: Service, owned: SecurityKey) -> None:
    page = browser(api)
    options = await challenge(page)
    wrong = key(id=owned.id, count=9, user=owned.user)
    assert outcome(await page.post(VERIFY, wrong.get(options))) == REFUSED
    owned.count += 1
    assert outcome(await page.post(VERIFY, owned.get(options))) == REFUSED


async def test_a_challenge_of_ones_own_making_or_for_registering_is_no_challenge(
    api: Service, bob: Person, owned: SecurityKey
) -> None:
    page = await signed_in(api, bob)
    owned.count += 1
    invented = {"challenge": "A" * 43}
    assert outcome(await page.post(VERIFY, owned.get(invented))) == REFUSED
    registering = (await page.post("/v1/passkeys/options")).json()
    assert outcome(await page.post(VERIFY, owned.get(registering))) == REFUSED
    signing_in = await challenge(page)
    forged = signing_in | {"user": {"id": "eA"}}
    answer = await page.post("/v1/passkeys", {"label": "x", "credential": key().create(forged)})
    assert outcome(answer) == REFUSED


async def test_a_registration_begun_by_one_person_is_not_finished_by_another(
    api: Service, bob: Person
) -> None:
    mallory = await signed_in(api, await person(api, "mallory.op", "operator"))
    page = await signed_in(api, bob)
    options = (await page.post("/v1/passkeys/options")).json()
    body = {"label": "x", "credential": key().create(options)}
    assert outcome(await mallory.post("/v1/passkeys", body)) == REFUSED
    assert (await mallory.get("/v1/passkeys")).json()["items"] == []


async def test_a_copied_key_is_noticed_by_its_counter(api: Service, owned: SecurityKey) -> None:
    page = browser(api)
    owned.count = 5
    assert (await page.post(VERIFY, owned.get(await challenge(page)))).status_code == 200
    for behind in (5, 4):
        owned.count = behind
        assert outcome(await browser(api).post(VERIFY, owned.get(await challenge(page)))) == REFUSED


@pytest.mark.parametrize("lie", [{"origin": "http://evil.example"}, {"verified": False}])
async def test_no_passkey_is_registered_for_another_site_or_unverified(
    api: Service, bob: Person, lie: dict[str, Any]
) -> None:
    page = await signed_in(api, bob)
    assert outcome(await kept(page, key(**lie))) == REFUSED
    assert (await page.get("/v1/passkeys")).json()["items"] == []


async def test_garbage_is_refused_and_crashes_nothing(api: Service, owned: SecurityKey) -> None:
    page = browser(api)
    good = owned.get(await challenge(page))
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        for junk in ("", "AA", "!!!!", "eyJ9", "W10", "bnVsbA", "é"):
            spoilt = good | {"response": good["response"] | {name: junk}}
            answer = await page.post(VERIFY, spoilt)
            assert outcome(answer) == REFUSED, (name, junk)
    bare = good | {"response": {"clientDataJSON": good["response"]["clientDataJSON"]}}
    assert outcome(await page.post(VERIFY, bare)) == REFUSED


async def test_a_long_open_session_cannot_add_or_remove_a_passkey(
    api: Service, bob: Person, owned: SecurityKey
) -> None:
    """A browser left open, or a stolen cookie, does not become a lasting credential."""
    page = await signed_in(api, bob)
    (one,) = (await page.get("/v1/passkeys")).json()["items"]
    assert set(one) == {"id", "label", "created_at", "used_at"}
    later(api, seconds=FRESH.total_seconds())
    for method, path in (("POST", "/v1/passkeys/options"), ("DELETE", f"/v1/passkeys/{one['id']}")):
        assert outcome(await page.send(method, path)) == (403, "session.not-fresh")
    page = await signed_in(api, bob)
    assert (await page.send("DELETE", f"/v1/passkeys/{one['id']}")).status_code == 204
    assert outcome(await page.send("DELETE", f"/v1/passkeys/{one['id']}")) == (404, "passkey.unknown")
    owned.count += 1
    assert outcome(await page.post(VERIFY, owned.get(await challenge(page)))) == REFUSED


async def test_one_key_is_registered_once_and_nobody_has_too_many(api: Service, bob: Person) -> None:
    page = await signed_in(api, bob)
    assert (await kept(page, key())).status_code == 201
    assert outcome(await kept(page, key())) == (409, "passkey.taken")
    for number in range(1, MAX_PASSKEYS):
        assert (await kept(page, key(id=f"passkey-{number}".encode()))).status_code == 201
    assert outcome(await kept(page, key(id=b"passkey-last"))) == (409, "passkey.too-many")


async def test_an_api_key_has_no_session_to_add_a_passkey_to(api: Service) -> None:
    answer = await api.post("bob", "/v1/passkeys/options")
    assert outcome(answer) == (401, "session.ended")
