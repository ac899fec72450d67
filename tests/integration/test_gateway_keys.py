"""Keys of site gateways over HTTP: two persons make one believed, one ends it, the ledger tells it all."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from crypto.signing import SigningKey
from tests.support.arriving import CITY, COUNTY, Arriving
from tests.support.troubles import refusal

pytestmark = pytest.mark.anyio

KEY = SigningKey.from_seed(bytes([4]) * 32).public.hex()
OTHER = SigningKey.from_seed(bytes([5]) * 32).public.hex()
PATH = "/site-gateways"
ASKED = {"site": CITY, "name": "北门", "key": KEY}


async def proposed(arriving: Arriving, **changes: str) -> dict[str, Any]:
    """A gateway that olga has proposed."""
    answer = await arriving.post("olga", PATH, ASKED | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def enrolled(arriving: Arriving) -> dict[str, Any]:
    """A gateway that is believed."""
    made = await proposed(arriving)
    answer = await arriving.post("sven", f"{PATH}/{made['gateway']}/approval", {"key": KEY})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def acts(arriving: Arriving) -> list[tuple[str, str]]:
    """What the city's ledger of today says of gateways, and of whom."""
    entries = (await arriving.ledger(CITY))["entries"]
    told = [one for one in entries if one["kind"].startswith("gateway-")]
    assert {one["about"]["key"] for one in told} <= {KEY}
    return [(one["kind"], one["actor"]) for one in told]


async def test_one_proposes_another_approves_and_both_stand_in_the_ledger(arriving: Arriving) -> None:
    made = await proposed(arriving)
    assert (made["state"], made["proposed_by"], made["approved_by"]) == ("proposed", "olga", None)
    assert made["hub_key"] == arriving.platform.log.key.public.hex()
    done = await arriving.post("sven", f"{PATH}/{made['gateway']}/approval", {"key": KEY})
    assert (done.status_code, done.json()["state"]) == (200, "enrolled")
    gone = await arriving.post("sven", f"{PATH}/{made['gateway']}/revocation")
    assert (gone.status_code, gone.json()["state"]) == (200, "revoked")
    assert await acts(arriving) == [
        ("gateway-proposed", "olga"),
        ("gateway-approved", "sven"),
        ("gateway-revoked", "sven"),
    ]
    (listed,) = (await arriving.get("sven", f"{PATH}?site={CITY}")).json()["items"]
    assert (listed["state"], listed["revoked_by"], listed["here"]) == ("revoked", "sven", False)
    assert (await arriving.get("sven", f"{PATH}?site={COUNTY}")).json()["items"] == []


async def test_whoever_proposed_a_gateway_cannot_approve_it(arriving: Arriving) -> None:
    made = await proposed(arriving)
    path = f"{PATH}/{made['gateway']}/approval"
    assert refusal(await arriving.post("olga", path, {"key": KEY})) == (403, "gateway.two-persons")
    async with arriving.platform.database.read() as uow:
        known = await uow.site_gateways.get(made["gateway"])
    assert known is not None
    assert not known.is_believed
    assert await acts(arriving) == [("gateway-proposed", "olga")]


async def test_the_database_itself_knows_no_gateway_of_one_person(arriving: Arriving) -> None:
    made = await proposed(arriving)
    with pytest.raises(IntegrityError):
        async with arriving.platform.database.write() as uow:
            await uow.site_gateways.approve(made["gateway"], by="olga", at="2026-01-01T00:00:00Z")


async def test_another_key_than_the_gateway_shows_is_not_approved(arriving: Arriving) -> None:
    """Somebody on the way had put its own key in the place of the gateway's."""
    made = await proposed(arriving)
    path = f"{PATH}/{made['gateway']}/approval"
    assert refusal(await arriving.post("sven", path, {"key": OTHER})) == (409, "gateway.other-key")
    assert (await arriving.post("sven", path, {"key": KEY})).status_code == 200


async def test_a_gateway_is_approved_once_and_never_again_after_its_end(arriving: Arriving) -> None:
    made = await enrolled(arriving)
    path = f"{PATH}/{made['gateway']}"
    assert refusal(await arriving.post("sven", f"{path}/approval", {"key": KEY})) == (409, "gateway.settled")
    assert (await arriving.post("olga", f"{path}/revocation")).status_code == 200
    assert refusal(await arriving.post("olga", f"{path}/revocation")) == (409, "gateway.settled")
    assert refusal(await arriving.post("sven", f"{path}/approval", {"key": KEY})) == (409, "gateway.settled")


async def test_a_proposal_may_be_ended_before_anybody_approves_it(arriving: Arriving) -> None:
    made = await proposed(arriving)
    path = f"{PATH}/{made['gateway']}"
    assert (await arriving.post("sven", f"{path}/revocation")).json()["state"] == "revoked"
    assert refusal(await arriving.post("sven", f"{path}/approval", {"key": KEY})) == (409, "gateway.settled")


async def test_the_same_proposal_again_is_the_same_and_any_other_is_refused(arriving: Arriving) -> None:
    made = await proposed(arriving)
    assert (await proposed(arriving))["gateway"] == made["gateway"]
    elsewhere = await arriving.post("olga", PATH, ASKED | {"site": COUNTY})
    assert refusal(elsewhere) == (409, "gateway.exists")
    assert (
        await arriving.post("sven", f"{PATH}/{made['gateway']}/approval", {"key": KEY})
    ).status_code == 200
    assert refusal(await arriving.post("olga", PATH, ASKED)) == (409, "gateway.exists")
    assert (await arriving.post("olga", f"{PATH}/{made['gateway']}/revocation")).status_code == 200
    assert refusal(await arriving.post("olga", PATH, ASKED)) == (409, "gateway.exists")


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"site": "nowhere"}, (404, "site.unknown")),
        ({"key": "00" * 32}, (422, "gateway.refused-input")),
        ({"key": KEY[:-2]}, (400, "request.invalid")),
        ({"name": ""}, (400, "request.invalid")),
        ({"name": "北" * 201}, (400, "request.invalid")),
        ({"name": "  "}, (422, "gateway.refused-input")),
        ({"more": "than asked"}, (400, "request.invalid")),
    ],
)
async def test_what_is_no_gateway_of_a_site_is_not_proposed(
    arriving: Arriving, changes: dict[str, str], refused: tuple[int, str]
) -> None:
    assert refusal(await arriving.post("olga", PATH, ASKED | changes)) == refused
    assert (await arriving.get("olga", PATH)).json()["items"] == []


async def test_who_has_no_part_in_it_is_refused(arriving: Arriving) -> None:
    made = await proposed(arriving)
    path = f"{PATH}/{made['gateway']}"
    assert refusal(await arriving.post("sven", PATH, ASKED)) == (403, "access.role")
    for who in ("dana", "wanda"):
        assert refusal(await arriving.post(who, PATH, ASKED)) == (403, "access.role")
        assert refusal(await arriving.post(who, f"{path}/approval", {"key": KEY})) == (403, "access.role")
        assert refusal(await arriving.post(who, f"{path}/revocation")) == (403, "access.role")
        assert refusal(await arriving.get(who, PATH)) == (403, "access.role")


async def test_a_gateway_that_nobody_proposed_is_neither_approved_nor_revoked(arriving: Arriving) -> None:
    for act, body in (("approval", {"key": KEY}), ("revocation", None)):
        answer = await arriving.post("sven", f"{PATH}/gw_nobody/{act}", body)
        assert refusal(answer) == (404, "gateway.unknown")
