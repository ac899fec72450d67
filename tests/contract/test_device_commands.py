"""Commands to devices: the sentences of the port's doc string, against simulated devices over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from os import urandom

import httpx
import pytest
from fastapi import FastAPI, Response

from app.gateways.devices import DeviceRefusedError, DeviceUnreachableError, HttpDeviceCommands, NoDevices
from app.simulator.devices import House, SimulatedDevice, create_house_app
from crypto.signing import SigningKey
from tests.support.parties import seeded
from tests.support.stage import Servers

pytestmark = pytest.mark.anyio
PLATFORM = SigningKey.from_seed(seeded("platform"))
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def servers() -> Iterator[Servers]:
    made = Servers()
    yield made
    made.stop()


@pytest.fixture
async def client(anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as made:
        yield made


@pytest.fixture
def house() -> House:
    made = House(origin="http://api.test.example", public=PLATFORM.public, clock=lambda: NOW)
    for kind in ("gate", "locker"):
        key = SigningKey.from_seed(seeded(kind))
        made.add(SimulatedDevice(id=f"dev_{kind}", kind=kind, name=kind, key=key))
    return made


@pytest.fixture
def address(servers: Servers, house: House) -> str:
    return servers.start(create_house_app(house))


def commands(client: httpx.AsyncClient, key: SigningKey = PLATFORM) -> HttpDeviceCommands:
    return HttpDeviceCommands(key=key, client=client, clock=lambda: NOW, random=urandom)


async def test_it_returns_once_the_device_says_that_it_is_done(
    client: httpx.AsyncClient, house: House, address: str
) -> None:
    await commands(client).tell(f"{address}/gate", command="psg_1", act="open")
    await commands(client).tell(f"{address}/locker/", command="lck_1-lock", act="lock", place="A-07")
    assert house.devices["dev_gate"].done == {"psg_1": ("open", None)}
    assert house.devices["dev_locker"].done == {"lck_1-lock": ("lock", "A-07")}


async def test_the_same_command_told_twice_is_done_once(
    client: httpx.AsyncClient, house: House, address: str
) -> None:
    for _time in range(2):
        await commands(client).tell(f"{address}/gate", command="psg_1", act="open")
    assert list(house.devices["dev_gate"].done) == ["psg_1"]


async def test_a_fault_of_the_moment_is_told_as_one(
    client: httpx.AsyncClient, house: House, address: str
) -> None:
    house.devices["dev_gate"].stuck = True
    with pytest.raises(DeviceUnreachableError):
        await commands(client).tell(f"{address}/gate", command="psg_1", act="open")
    house.devices["dev_gate"].stuck = False
    await commands(client).tell(f"{address}/gate", command="psg_1", act="open")


async def test_a_refusal_is_told_as_one(client: httpx.AsyncClient, address: str) -> None:
    for path, act, place in (("gate", "lock", None), ("nowhere", "open", None), ("locker", "open", None)):
        with pytest.raises(DeviceRefusedError):
            await commands(client).tell(f"{address}/{path}", command="c", act=act, place=place)


async def test_nobody_but_the_platform_opens_a_gate(
    client: httpx.AsyncClient, house: House, address: str
) -> None:
    stranger = commands(client, SigningKey.from_seed(seeded("mallory")))
    with pytest.raises(DeviceRefusedError):
        await stranger.tell(f"{address}/gate", command="psg_1", act="open")
    bare = await client.post(f"{address}/gate/commands", json={"id": "psg_1", "act": "open", "place": None})
    assert bare.status_code == 401
    assert house.devices["dev_gate"].done == {}


async def test_an_address_where_nobody_answers(client: httpx.AsyncClient) -> None:
    with pytest.raises(DeviceUnreachableError):
        await commands(client).tell("http://127.0.0.1:9", command="psg_1", act="open")


async def test_an_answer_without_end_is_cut_off(client: httpx.AsyncClient, servers: Servers) -> None:
    app = FastAPI()

    @app.post("/gate/commands")
    async def flood() -> Response:
        return Response(b"x" * 100_000, status_code=200)

    with pytest.raises(DeviceRefusedError):
        await commands(client).tell(f"{servers.start(app)}/gate", command="psg_1", act="open")


async def test_an_installation_without_devices_reaches_none() -> None:
    with pytest.raises(DeviceUnreachableError):
        await NoDevices().tell("http://gate.example", command="psg_1", act="open")


async def test_what_happens_at_a_device_is_reported_under_its_own_signature(house: House) -> None:
    heard: list[httpx.Request] = []

    def hear(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200, json={"accepted": True})

    house.client = httpx.AsyncClient(transport=httpx.MockTransport(hear))
    transport = httpx.ASGITransport(create_house_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://devices.example") as player:
        told = await player.post("/gate/acts", json={"kind": "badge", "badge": "b1", "direction": "in"})
        assert told.json() == {"accepted": True}
        assert (await player.post("/gate/acts", json={"kind": "badge", "name": "x"})).status_code == 400
        assert (await player.post("/nowhere/acts", json={"kind": "badge"})).status_code == 404
        assert (await player.get("/gate")).json()["kind"] == "gate"
    await house.client.aclose()
    assert str(heard[0].url) == "http://api.test.example/v1/devices/dev_gate/events"
    assert 'keyid="dev_gate"' in heard[0].headers["signature-input"]
