"""Attacks with nothing but the address of the server in hand, and by insiders with one role too few.

Each test is one attack by its name: filling a stranger's bucket of sign-ins, flooding a site's ledger, making
the platform knock at doors that are no device.
"""

import httpx
import pytest

from app.api.principals import RateLimiter
from tests.support.arriving import CITY, Arriving
from tests.support.parties import seeded
from tests.support.service import Service

pytestmark = pytest.mark.anyio
HEX32 = seeded("hostile", "device").hex()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


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
