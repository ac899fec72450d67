"""Devices: believed by their own key, once, soon, and missed when they fall silent."""

import httpx
import pytest

from crypto.signing import SigningKey
from tests.support.arriving import CITY, COUNTY, Arriving, install
from tests.support.parties import seeded
from tests.support.troubles import refusal

pytestmark = pytest.mark.anyio


def body_of(arriving: Arriving, name: str, kind: str = "heartbeat") -> tuple[str, bytes, SigningKey]:
    device = arriving.house.devices[arriving.devices[name]]
    return device.id, device.event(kind, arriving.stage.clock()), device.key


async def test_a_recorded_event_is_not_taken_again(arriving: Arriving) -> None:
    device, body, key = body_of(arriving, f"detector {CITY}", "alarm")
    assert (await arriving.send(device, body, key, nonce="once")).status_code == 200
    assert refusal(await arriving.send(device, body, key, nonce="once")) == (401, "signature.replayed")
    assert (await arriving.kinds()).count("detector-alarm") == 1


async def test_an_event_kept_for_later_is_not_taken(arriving: Arriving) -> None:
    device, body, key = body_of(arriving, f"gate {CITY}")
    early = arriving.stage.clock()
    arriving.stage.clock.advance(minutes=9)
    now, arriving.stage.clock.now = arriving.stage.clock(), early
    kept = arriving.stage.clock
    request = await recorded(arriving, device, body, key)
    kept.now = now
    assert refusal(await arriving.client.send(request)) == (401, "signature.invalid")


async def recorded(arriving: Arriving, device: str, body: bytes, key: SigningKey) -> httpx.Request:
    """A signed request as it was sent, by somebody who listened."""
    caught: list[httpx.Request] = []

    async def catch(request: httpx.Request) -> None:
        caught.append(request)
        raise httpx.ConnectError("caught on its way")

    arriving.client.event_hooks = {"request": [catch]}
    with pytest.raises(httpx.ConnectError):
        await arriving.send(device, body, key)
    arriving.client.event_hooks = {}
    return caught[0]


async def test_a_forged_event_is_not_taken(arriving: Arriving) -> None:
    """Another key, another device's key, an altered body, an unknown device, no signature at all."""
    device, body, key = body_of(arriving, f"gate {CITY}")
    other, _, foreign = body_of(arriving, f"gate {COUNTY}")
    stranger = SigningKey.from_seed(seeded("mallory"))
    for sent in (
        arriving.send(device, body, stranger),
        arriving.send(device, body, foreign),
        arriving.send(device, body, foreign, claims=other),
        arriving.send("dev_none", body, key),
    ):
        assert refusal(await sent) == (401, "signature.invalid")
    request = await recorded(arriving, device, body, key)
    altered = httpx.Request(
        "POST", request.url, headers=request.headers, content=body.replace(b"heartbeat", b"heartbeaT")
    )
    assert (await arriving.client.send(altered)).status_code in (400, 401)
    bare = await arriving.client.post(f"/v1/devices/{device}/events", json={"kind": "heartbeat"})
    assert bare.status_code in (400, 401)
    assert await arriving.kinds() == ["device-registered"] * 5


async def test_an_altered_body_under_a_true_signature_is_not_taken(arriving: Arriving) -> None:
    device, body, key = body_of(arriving, f"gate {CITY}")
    request = await recorded(arriving, device, body, key)
    later = arriving.house.devices[device].event("badge", arriving.stage.clock(), badge="x", direction="in")
    altered = httpx.Request(
        "POST",
        request.url,
        headers={**request.headers, "content-length": str(len(later))},
        content=later,
    )
    assert refusal(await arriving.client.send(altered)) == (401, "signature.invalid")


async def test_a_revoked_device_is_believed_no_longer(arriving: Arriving) -> None:
    device, body, key = body_of(arriving, f"gate {CITY}")
    assert refusal(await arriving.post("dana", f"/devices/{device}/revocation")) == (403, "access.role")
    assert (await arriving.post("olga", f"/devices/{device}/revocation")).status_code == 200
    assert refusal(await arriving.send(device, body, key)) == (401, "signature.invalid")
    assert refusal(await arriving.post("olga", f"/devices/{device}/revocation")) == (409, "device.revoked")


async def test_a_device_reports_what_its_kind_can_see(arriving: Arriving) -> None:
    for name, kind in (
        (f"jammer {CITY}", "alarm"),
        (f"detector {CITY}", "passed"),
        (f"locker {CITY}", "badge"),
    ):
        assert refusal(await arriving.report(name, kind)) == (409, "device.event")


async def test_a_gate_reports_on_its_own_passages_only(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    await arriving.deposit(arrival)
    passage = (await arriving.gate(arrival))["passage"]
    foreign = await arriving.report(f"gate {COUNTY}", "passed", passage=passage, direction="in")
    assert refusal(foreign) == (404, "device.passage")
    assert await arriving.state(arrival) == "gate_open"


@pytest.mark.parametrize("ahead", [90, -90])
async def test_a_clock_ninety_seconds_off_is_measured_written_down_and_told(
    arriving: Arriving, ahead: int
) -> None:
    device = arriving.devices[f"gate {CITY}"]
    simulated = arriving.house.devices[device]
    now = arriving.stage.clock()
    arriving.stage.clock.advance(seconds=ahead)
    body = simulated.event("heartbeat", arriving.stage.clock())
    request = await recorded(arriving, device, body, simulated.key)
    arriving.stage.clock.now = now
    answer = await arriving.client.send(request)
    assert (answer.status_code, answer.json()["clock_offset"]) == (200, ahead), answer.text
    assert await arriving.open_alerts() == ["clock-offset"]
    written = [one["about"] for one in (await arriving.ledger())["entries"] if one["kind"] == "clock-offset"]
    assert written == [{"device": device, "seconds": ahead}]
    listed = (await arriving.get("dana", "/devices")).json()["items"]
    assert {one["clock_offset"] for one in listed} == {0, ahead}


async def test_a_clock_that_is_a_little_off_is_nobodys_alarm(arriving: Arriving) -> None:
    device = arriving.devices[f"gate {CITY}"]
    simulated = arriving.house.devices[device]
    now = arriving.stage.clock()
    arriving.stage.clock.advance(seconds=20)
    request = await recorded(
        arriving, device, simulated.event("heartbeat", arriving.stage.clock()), simulated.key
    )
    arriving.stage.clock.now = now
    assert (await arriving.client.send(request)).json()["clock_offset"] == 20
    assert await arriving.open_alerts() == []


async def test_a_clock_hours_off_is_not_believed_at_all(arriving: Arriving) -> None:
    device = arriving.devices[f"gate {CITY}"]
    simulated = arriving.house.devices[device]
    now = arriving.stage.clock()
    arriving.stage.clock.advance(minutes=4)
    request = await recorded(
        arriving, device, simulated.event("heartbeat", arriving.stage.clock()), simulated.key
    )
    arriving.stage.clock.now = now
    assert refusal(await arriving.client.send(request)) == (401, "signature.invalid")


async def test_a_jammer_that_falls_silent_is_told_once_and_its_return_is_written_down(
    arriving: Arriving,
) -> None:
    await arriving.calling.wait(seconds=89)
    assert await arriving.open_alerts() == []
    for name in arriving.devices:
        if not name.startswith("jammer"):
            await arriving.event(name, "heartbeat")
    await arriving.calling.wait(seconds=3)
    assert await arriving.open_alerts() == ["jammer-lost"]
    (alert,) = await arriving.alerts()
    assert (alert["level"], alert["subject"]) == ("yellow", arriving.devices[f"jammer {CITY}"])
    await arriving.event(f"jammer {CITY}", "heartbeat")
    assert (await arriving.kinds())[-1] == "device-back"
    listed = (await arriving.get("wanda", "/devices")).json()["items"]
    assert [one["lost_at"] for one in listed] == [None] * 5


async def test_a_device_that_never_spoke_is_missed_as_well(arriving: Arriving) -> None:
    device = await install(arriving, "jammer", CITY, name="B")
    await arriving.calling.wait(seconds=92)
    assert device in {one["subject"] for one in await arriving.alerts() if one["kind"] == "jammer-lost"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"public": "00" * 32}, "/public"),
        ({"kind": "jammer", "url": "http://devices.example/x"}, "/url"),
        ({"kind": "detector"}, "/gate"),
        ({"kind": "gate", "gate": "dev_none"}, "/gate"),
    ],
)
async def test_a_device_out_of_form_is_refused_with_the_place(
    arriving: Arriving, change: dict[str, str], pointer: str
) -> None:
    public = SigningKey.from_seed(seeded("new device")).public.hex()
    asked = {"site": CITY, "kind": "gate", "name": "N", "public": public} | change
    answer = await arriving.post("olga", "/devices", asked)
    assert refusal(answer) == (422, "device.refused-input")
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_a_key_is_one_device_and_a_site_has_to_exist(arriving: Arriving) -> None:
    public = arriving.house.devices[arriving.devices[f"gate {CITY}"]].key.public.hex()
    asked = {"site": CITY, "kind": "gate", "name": "N", "public": public}
    assert refusal(await arriving.post("olga", "/devices", asked)) == (409, "device.exists")
    assert refusal(await arriving.post("olga", "/devices", asked | {"site": "ste_none"})) == (
        404,
        "site.unknown",
    )


async def test_another_sites_devices_are_not_there(arriving: Arriving) -> None:
    assert refusal(await arriving.get("dana", f"/devices?site={COUNTY}")) == (404, "site.unknown")
    assert len((await arriving.get("sven", f"/devices?site={COUNTY}")).json()["items"]) == 5
