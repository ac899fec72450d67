"""Attacks with nothing but the address of the server in hand, and by insiders with one role too few.

Each test is one attack by its name: filling a stranger's bucket of sign-ins, flooding a site's ledger, making
the platform knock at doors that are no device.
"""

import json

import httpx
import pytest

from app.api.principals import RateLimiter
from tests.integration.test_check_in import statements
from tests.support.arriving import CITY, Arriving
from tests.support.calling import plan_of
from tests.support.hanging_up import hang_up
from tests.support.parties import seeded
from tests.support.service import Service
from tests.support.troubles import refusal

pytestmark = pytest.mark.anyio
HEX32 = seeded("hostile", "device").hex()


async def test_asking_for_a_letter_named_like_an_address_keeps_nobody_there_from_signing_in(
    api: Service,
) -> None:
    """Both have a low rate; a path that spells the victim's address must not use up the victim's."""
    api.app.state.limiter = RateLimiter(sign_ins="3/minute")
    victim, attacker = (
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=api.app, client=(host, 1), raise_app_exceptions=False),
            base_url="http://api.test.example",
        )
        for host in ("203.0.113.5", "198.51.100.7")
    )
    for _time in range(9):
        await attacker.get("/v1/letters/203.0.113.5")
    page = {"X-Qiantong": "1", "Origin": "http://api.test.example"}
    typed = {"login": "wang.op", "password": "Zelkova-Bridge-41", "code": "000000"}
    answer = await victim.post("/v1/sessions", json=typed, headers=page)
    assert refusal(answer) == (401, "sign-in.refused")
    for one in (victim, attacker):
        await one.aclose()


async def test_whoever_only_knows_a_seats_name_writes_nothing_into_the_sites_ledger(
    arriving: Arriving,
) -> None:
    """Invented challenges are refused and leave no entry: or anybody fills the day's book of a site."""
    before = (await arriving.ledger())["number"]
    for number in range(3):
        body = {"challenge": f"chl_{number:020x}", "signature": "A" * 86, "code": "00000000"}
        answer = await arriving.client.post(f"/v1/seats/{CITY}-e1-1/logins", json=body)
        assert refusal(answer) == (401, "seat.refused")
    assert (await arriving.ledger())["number"] == before


@pytest.mark.parametrize(
    "url",
    [
        "http://gate.example/admin/reset?x=",
        "http://gate.example/admin#",
        "http://user:word@gate.example/",
        "http://169.254.169.254/latest",
        "http://2852039166/latest",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://gate.example/a/../../admin",
        "http:///commands",
        "http://gate.example:99999/",
    ],
)
async def test_a_devices_address_is_no_way_to_call_anything_else(arriving: Arriving, url: str) -> None:
    """What is appended to it must stay its last step, and the host must be one a device can have."""
    asked = {"site": CITY, "kind": "gate", "name": "B", "public": HEX32, "url": url}
    answer = await arriving.post("olga", "/devices", asked)
    assert answer.status_code == 422, answer.text
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/url"]


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "1000-01-01T00:00:00Z"])
async def test_a_device_whose_clock_is_millennia_off_is_still_heard(arriving: Arriving, at: str) -> None:
    """An alarm counts whatever year the detector believes it to be."""
    device_id = arriving.devices[f"detector {CITY}"]
    device = arriving.house.devices[device_id]
    body = json.dumps({"kind": "alarm", "at": at}).encode()
    answer = await arriving.send(device_id, body, device.key)
    assert answer.status_code == 200, answer.text
    kinds = await arriving.kinds()
    assert "detector-alarm" in kinds
    assert "clock-offset" in kinds


IMPOSSIBLE = ("2026-13-45T99:99:99Z", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00Z")


@pytest.mark.parametrize("at", IMPOSSIBLE)
async def test_a_time_that_there_is_not_is_the_askers_fault_and_crashes_nothing(
    asked: Arriving, at: str
) -> None:
    """Digits in the right places are no time: every way in says so instead of breaking."""
    letter = asked.calling.letters()[0]
    bearer = {"Authorization": f"Letter {letter.keys.auth.hex()}", "Idempotency-Key": "k-1"}
    said = {"answer": "accept", "at": at, "signature": "ab" * 64, "code": await asked.calling.code(letter)}
    reply = await asked.client.post(f"/v1/letters/{letter.keys.id}/replies", json=said, headers=bearer)
    plan = plan_of(asked.calling, asked.row)
    order = {"draw": asked.row.id, "from": at, "to": at, "experts": 5, "mixed": False, "centres": []}
    answers = [
        reply,
        await asked.post(
            "olga", f"/draws/{asked.row.id}/campaign", {"owner": "x", "plan": {**plan, "begins": at}}
        ),
        await asked.post("olga", f"/draws/{asked.row.id}/campaign/move", {"begins": at, "reason": "x"}),
        await asked.post("olga", "/bookings", order),
        await asked.get("olga", f"/venues:free?from={at}&to={at}&need=ste_city=1"),
        await asked.get("sven", f"/desk/ledger?site=ste_city&day={at[:10]}"),
    ]
    assert [one.status_code for one in answers if one.status_code >= 500] == []


async def test_a_letter_that_there_is_not_costs_what_a_wrong_proof_costs(asked: Arriving) -> None:
    """Every way in to a letter: the same words after the same statements, and no key of the asker is kept."""
    asked.app.state.limiter = RateLimiter(public="10000/minute", sign_ins="10000/minute")
    letter, other = asked.calling.letters()[:2]
    stranger = f"inv_{'0' * 20}"
    said = {"answer": "accept", "at": asked.platform.now(), "signature": "ab" * 64, "code": "123456"}
    passkey = {"id": "eA", "rawId": "eA", "type": "public-key", "response": {"clientDataJSON": "e30"}}
    doors = [
        ("GET", "", None),
        ("POST", "/code", None),
        ("POST", "/replies", said),
        ("GET", "/receipt", None),
        ("POST", "/sessions", {"code": "123456"}),
        ("POST", "/sessions/passkey/options", None),
        ("POST", "/sessions/passkey", passkey),
        ("GET", "/passkeys", None),
        ("POST", "/passkeys/options", None),
        ("POST", "/passkeys", passkey),
        ("DELETE", "/passkeys/epk_0", None),
    ]
    for method, end, body in doors:
        told, ran = set(), set()
        for letter_id, shown in (
            (stranger, letter.keys.auth.hex()),
            (letter.keys.id, other.keys.auth.hex()),
            (letter.keys.id, "no hex at all"),
            (letter.keys.id, ""),
            ("x" * 300, letter.keys.auth.hex()),
        ):
            headers = {"Authorization": f"Letter {shown}", "Idempotency-Key": "k-1"}
            path = f"/v1/letters/{letter_id}{end}"
            with statements(asked.platform.database) as heard:
                answer = await asked.client.request(method, path, json=body, headers=headers)
            told.add((answer.status_code, answer.json()["code"], answer.json()["title"]))
            ran.add(tuple(heard))
        assert {(status, code) for status, code, _ in told} == {(404, "letter.refused")}, end
        assert (len(told), len(ran)) == (1, 1), end
    async with asked.platform.database.read() as uow:
        assert await uow.idempotency.get(f"person:{letter.keys.id}", "k-1") is None


async def test_whoever_hangs_up_in_the_middle_of_a_body_crashes_nothing(api: Service) -> None:
    assert await hang_up(api.app, "/v1/sessions") == [499]
