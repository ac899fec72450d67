"""The simulated provider and its people, from message to report, over HTTP to the platform's own route."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import AppError
from app.gateways.messages import Gateway
from app.gateways.sms_http import SmsHttp
from app.gateways.voice_http import VoiceHttp
from app.simulator.people import Faults, Person, Town, load_town
from app.simulator.provider import Order, Provider
from app.simulator.service import Sender, create_provider_app
from app.store.repositories.outbox import Message
from app.times import to_text
from app.usecases.delivery.outbox import enqueue, run_due
from tests.contract.test_gateways import http_form
from tests.support.delivery import LINK, PROVIDER_KEY, SMS, VOICE, call, message
from tests.support.service import NOW, Service
from tests.support.stage import Wire

pytestmark = pytest.mark.anyio
DOES: Mapping[str, Person] = {
    "accept": Person(does="accept", after=3),
    "decline": Person(does="decline", after=1),
    "late": Person(does="late"),
    "silent": Person(does="silent"),
    "waver": Person(does="waver"),
    "invalid": Person(does="invalid"),
    "link": Person(does="link", answer="decline", code="travel"),
    "leave": Person(does="leave", after=1, stays=2),
}
NUMBERS = {word: f"1380000000{place}" for place, word in enumerate(DOES)}


@pytest.fixture
def migrated_url(sqlite_template: Path, tmp_path: Path) -> str:
    """What people do depends on no engine."""
    copy = tmp_path / "qiantong.sqlite"
    copy.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{copy}"


class City:
    """Platform and provider on one clock, joined by HTTP."""

    def __init__(self, api: Service, client: httpx.AsyncClient, provider: Provider) -> None:
        self.api, self.client, self.provider = api, client, provider
        voice = http_form("http://provider/voice.test/voice", draw="{draw}", n="{n}", menu="{menu}")
        self.gateways: dict[str, Gateway] = {
            "sms": SmsHttp(name=SMS.name, form=http_form("http://provider/sms.test/sms"), client=client),
            "voice": VoiceHttp(name=VOICE.name, form=voice, client=client),
        }
        clock = api.scene.clock
        self.sender = Sender(provider, url="http://platform", client=client, clock=clock)

    async def send(self, *messages: Message) -> None:
        async def work(uow: Any) -> None:
            for one in messages:
                await enqueue(uow, one)

        await self.api.platform.database.transact(work)
        await self.turn()

    async def turn(self, **passes: float) -> None:
        self.api.scene.clock.move(**passes)
        await run_due(self.api.platform, self.gateways, self.api.platform.now())
        await self.sender.send_due()

    async def kinds(self, number: int) -> list[str]:
        async with self.api.platform.database.read() as uow:
            return sorted(one.kind for one in await uow.reports.of_message(message(number).id))


@pytest.fixture
async def city(api: Service) -> AsyncIterator[City]:
    town = Town(people={NUMBERS[word]: person for word, person in DOES.items()})
    provider = Provider(town, PROVIDER_KEY)
    api.app.state.gateways = {SMS.name: SMS, VOICE.name: VOICE}
    wire = Wire()
    wire.hosts["platform"] = httpx.ASGITransport(api.app)
    wire.hosts["provider"] = httpx.ASGITransport(create_provider_app(provider, api.scene.clock))
    async with httpx.AsyncClient(transport=wire, trust_env=False) as client:
        yield City(api, client, provider)


def to(word: str, *, channel: str = "voice") -> Message:
    """A message to the person who does this."""
    times = {"not_before": to_text(NOW), "expires_at": to_text(NOW + timedelta(hours=1))}
    made = call if channel == "voice" else message
    return made(list(DOES).index(word), to=NUMBERS[word], **times)


def order_to(word: str) -> Order:
    """A short message in the provider's hands."""
    until = to_text(NOW + timedelta(hours=1))
    return Order(gateway=SMS.name, channel="sms", id=f"m-{word}", to=NUMBERS[word], text="", expires_at=until)


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("accept", ["answer", "heard"]),
        ("decline", ["answer", "heard"]),
        ("silent", ["failed"]),
        ("waver", ["heard", "keys"]),
        ("invalid", ["invalid_number"]),
        ("link", ["failed"]),
        ("leave", ["answer", "answer", "heard"]),
    ],
)
async def test_each_does_on_the_telephone_what_the_file_says(city: City, word: str, kinds: list[str]) -> None:
    one = to(word)
    await city.send(one)
    for _minute in range(5):
        await city.turn(minutes=1)
    assert await city.kinds(list(DOES).index(word)) == kinds
    assert city.provider.counted["refused"] == 0


async def test_nobody_answers_before_their_time(city: City) -> None:
    await city.send(to("accept"))
    await city.turn(minutes=2)
    assert await city.kinds(0) == []
    await city.turn(minutes=1)
    assert await city.kinds(0) == ["answer", "heard"]


async def test_a_late_answer_comes_with_its_true_time(city: City) -> None:
    one = to("late")
    await city.send(one)
    await city.turn(minutes=30)
    assert "answer" not in await city.kinds(2)
    await city.turn(minutes=31)
    async with city.api.platform.database.read() as uow:
        (answer,) = [each for each in await uow.reports.of_message(one.id) if each.kind == "answer"]
    assert answer.at > one.expires_at


async def test_a_phone_can_be_looked_into_for_its_link(city: City) -> None:
    await city.send(to("link", channel="sms"))
    found = await city.client.post("http://provider/inbox", json={"to": NUMBERS["link"]})
    (one,) = found.json()
    assert LINK in one["text"]
    assert one["person"] == {"does": "link", "after": 0, "answer": "decline", "code": "travel", "stays": 0}
    assert await city.kinds(list(DOES).index("link")) == ["delivered"]


async def test_whoever_is_reached_first_does_what_comes_first(city: City) -> None:
    town = Town(
        first=(Person(does="decline"), Person(does="link", code="travel")), others=Person(does="accept")
    )
    city.provider.town = town
    for word in ("silent", "accept", "silent", "decline"):
        city.provider.take(order_to(word), NOW)
    shown = (await city.client.get("http://provider/phones")).json()
    assert [one["to"] for one in shown] == [NUMBERS[word] for word in ("silent", "accept", "decline")]
    assert [one["person"]["does"] for one in shown] == ["decline", "link", "accept"]


def test_somebody_listed_takes_nobodys_turn() -> None:
    listed = Town(people={"1": Person(does="waver")}, first=(Person(does="decline"),))
    provider = Provider(listed, PROVIDER_KEY)
    for number in ("1", "2", "3"):
        provider.take(replace(order_to("accept"), id=number, to=number), NOW)
    assert [one.does for one in provider.met.values()] == ["waver", "decline", "silent"]


async def test_an_outage_loss_and_doubles_end_with_each_report_once(city: City) -> None:
    await city.client.post("http://provider/faults", json={"outage": True})
    await city.send(to("accept"), to("decline"), to("silent", channel="sms"))
    assert not city.provider.taken
    faults = {"lost": 0.3, "refused": 0.3, "duplicated": 0.5, "dropped": 0.5}
    await city.client.post("http://provider/faults", json=faults)
    for _minute in range(40):
        await city.turn(minutes=1)
    assert await city.kinds(0) == await city.kinds(1) == ["answer", "heard"]
    assert await city.kinds(3) == ["delivered"]
    assert (await city.client.get("http://provider/figures")).json()["messages"] == 3


async def test_a_platform_that_is_down_gets_its_reports_later(city: City) -> None:
    wire = city.client._transport
    assert isinstance(wire, Wire)
    wire.silent.add("platform")
    await city.send(to("silent", channel="sms"))
    assert await city.kinds(3) == []
    wire.silent.clear()
    await city.turn(minutes=1)
    assert await city.kinds(3) == ["delivered"]


def test_a_file_of_people_is_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_text('{"seed": 3, "others": {"does": "waver"}, "people": {"1": {"does": "late"}}}')
    town = load_town(file)
    assert (town.person("1").does, town.person("2").does) == ("late", "waver")
    for odd in ('{"people": {"1": {"does": "sing"}}}', '{"faults": {"lost": 2}}', "[]", '{"x": 1}'):
        file.write_text(odd)
        with pytest.raises(AppError):
            load_town(file)
    with pytest.raises(AppError):
        load_town(tmp_path / "missing")


def test_the_same_seed_makes_the_same_run() -> None:
    runs = [Provider(Town(seed=5, faults=Faults(lost=0.5)), PROVIDER_KEY) for _ in range(2)]
    assert len({tuple(one.chance(0.5) for _ in range(50)) for one in runs}) == 1
