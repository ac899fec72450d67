"""Both ends of an arrival, message by message: who is let in, who hangs up, and who waits for nobody."""

import asyncio
import json
from typing import Any

import pytest

from crypto.canonical import canonical
from crypto.signing import SigningKey, sign_record
from remote_eval.errors import MediaError
from remote_eval.media.engine import RoomId
from remote_eval.media.gateway import greeting
from remote_eval.media.gateway.configuration import GatewayConfiguration
from remote_eval.media.gateway.edge import EdgeEngine
from remote_eval.media.gateway.greeting import greet
from remote_eval.media.gateway.hello import (
    HELLO,
    Greeted,
    challenge_text,
    hello_text,
    read_challenge,
    read_hello,
    share_of,
    welcome,
    welcomed,
)
from remote_eval.media.gateway.process import Gateway
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.gateway.sealed import SealedChannel
from remote_eval.media.lite.identity import make_identity
from tests.support.engines import MADE_AT
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

SITE, DEVICE = "site-a", "gw_1"
SITE_KEY = SigningKey.from_seed(bytes([1]) * 32)
HUB_KEY = SigningKey.from_seed(bytes([2]) * 32)
STRANGER = SigningKey.from_seed(bytes([3]) * 32)
SECRET = bytes([6]) * 32
PRINT, OTHER_PRINT = ":".join(["AB"] * 32), ":".join(["CD"] * 32)
WAIT_SECONDS = 5.0


class End:
    """One end of a pair of messages."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.other: End = self
        self.closed = False

    async def receive(self) -> str | bytes | None:
        return await within(WAIT_SECONDS, self.inbox.get())

    async def send(self, message: str | bytes) -> None:
        if self.closed:
            raise ConnectionResetError
        self.other.inbox.put_nowait(message)

    async def aclose(self) -> None:
        self.closed = self.other.closed = True
        self.inbox.put_nowait(None)
        self.other.inbox.put_nowait(None)


def pair() -> tuple[End, End]:
    """The hub's end and the gateway's."""
    hub, gateway = End(), End()
    hub.other, gateway.other = gateway, hub
    return hub, gateway


class Hub:
    """A hub that lets one gateway in; `known` are the keys that it believes, by device."""

    def __init__(self, messages: End) -> None:
        self.known = {DEVICE: SITE_KEY.public}
        self._messages = messages
        self._count = 0

    def _random(self, size: int) -> bytes:
        self._count += 1
        return bytes([100 + self._count]) * size

    async def _key_of(self, greeted: Greeted) -> bytes | None:
        return self.known.get(greeted.device)

    def greets(self) -> "asyncio.Task[RemoteGateway]":
        work = greet(self._messages, SITE, key=HUB_KEY, key_of=self._key_of, random=self._random)
        return asyncio.create_task(work)


def said(nonce: bytes, key: SigningKey = SITE_KEY, **changes: Any) -> str:
    """A gateway's hello, right but for what is changed."""
    words: dict[str, Any] = {"site": SITE, "device": DEVICE, "share": share_of(SECRET), "fingerprint": PRINT}
    return hello_text(key, nonce=nonce, **(words | changes))


async def opened(end: End, hello: str) -> SealedChannel:
    """The gateway's end of a channel whose hello was believed."""
    await end.send(hello)
    words = await end.receive()
    assert words is not None
    keys = welcomed(words, hello, hub=HUB_KEY.public, secret=SECRET)
    return SealedChannel(end, sending=keys.up, receiving=keys.down)


async def nonce_of(end: End) -> bytes:
    """What the hub asks."""
    text = await end.receive()
    assert text is not None
    return read_challenge(text)


def first(fingerprint: str = PRINT) -> dict[str, Any]:
    """The first frame of an engine."""
    return {"hello": "lite", "capabilities": [], "fingerprint": fingerprint, "rooms": []}


async def refused(greeting_: "asyncio.Task[RemoteGateway]") -> str:
    with pytest.raises(MediaError) as caught:
        await within(WAIT_SECONDS, greeting_)
    return caught.value.code


async def test_a_known_gateway_with_its_own_certificate_is_let_in() -> None:
    near, far = pair()
    greets = Hub(near).greets()
    channel = await opened(far, said(await nonce_of(far)))
    await channel.send(first() | {"rooms": ["room_1"]})
    gateway = await within(WAIT_SECONDS, greets)
    assert (gateway.fingerprint, gateway.rooms) == (PRINT, ("room_1",))
    await gateway.aclose()
    assert far.closed


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"device": "gw_2"}, SITE_KEY),
        ({"site": "site-b"}, SITE_KEY),
        ({}, STRANGER),
        ({"fingerprint": "no certificate"}, SITE_KEY),
    ],
)
async def test_whoever_is_not_to_be_believed_gets_one_answer(changes: Any, key: SigningKey) -> None:
    """An unknown device, another site, another key, no certificate."""
    near, far = pair()
    greets = Hub(near).greets()
    await far.send(said(await nonce_of(far), key, **changes))
    assert await refused(greets) == "gateway.refused"
    assert far.inbox.empty()


async def test_a_hello_to_an_older_challenge_is_refused() -> None:
    near, far = pair()
    greets = Hub(near).greets()
    await nonce_of(far)
    await far.send(said(bytes(32)))
    assert await refused(greets) == "gateway.refused"


async def test_a_hello_that_was_recorded_opens_nothing() -> None:
    near, far = pair()
    greets = Hub(near).greets()
    hello = said(await nonce_of(far))
    await (await opened(far, hello)).send(first())
    await (await within(WAIT_SECONDS, greets)).aclose()
    near, far = pair()
    hub = Hub(near)
    hub._count = 7
    greets = hub.greets()
    await nonce_of(far)
    await far.send(hello)
    assert await refused(greets) == "gateway.refused"


async def test_an_engine_with_another_certificate_than_was_signed_for_is_sent_away() -> None:
    near, far = pair()
    greets = Hub(near).greets()
    channel = await opened(far, said(await nonce_of(far)))
    await channel.send(first(OTHER_PRINT))
    assert await refused(greets) == "gateway.refused"
    assert far.closed


@pytest.mark.parametrize(
    "frame",
    [{}, {"call": "stats"}, {"hello": "lite"}, first() | {"rooms": 7}, first() | {"capabilities": None}],
)
async def test_an_engine_that_does_not_say_what_it_is_is_sent_away(frame: dict[str, Any]) -> None:
    near, far = pair()
    greets = Hub(near).greets()
    channel = await opened(far, said(await nonce_of(far)))
    await channel.send(frame)
    assert await refused(greets) in {"media.unavailable", "media.control"}


async def test_whoever_hangs_up_is_refused() -> None:
    near, far = pair()
    greets = Hub(near).greets()
    await nonce_of(far)
    await far.aclose()
    assert await refused(greets) == "gateway.refused"


async def test_whoever_is_gone_before_the_welcome_is_refused() -> None:
    near, far = pair()
    greets = Hub(near).greets()
    nonce = await nonce_of(far)
    await far.send(said(nonce))
    near.closed = True
    assert await refused(greets) == "gateway.refused"


@pytest.mark.parametrize("words", ["nothing", "a hello"])
async def test_whoever_keeps_silent_is_waited_for_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    assert greeting.GREETING_SECONDS == 10
    monkeypatch.setattr(greeting, "GREETING_SECONDS", 0.05)
    near, far = pair()
    greets = Hub(near).greets()
    nonce = await nonce_of(far)
    if words == "a hello":
        await opened(far, said(nonce))
    assert await refused(greets) == "gateway.refused"


async def test_a_frame_that_is_sealed_by_nobody_ends_the_arrival() -> None:
    near, far = pair()
    greets = Hub(near).greets()
    await opened(far, said(await nonce_of(far)))
    await far.send(b"sealed by nobody")
    assert await refused(greets) == "media.control"


async def let_in() -> tuple[RemoteGateway, SealedChannel]:
    """A gateway that was believed, and the end from which it speaks."""
    near, far = pair()
    greets = Hub(near).greets()
    channel = await opened(far, said(await nonce_of(far)))
    await channel.send(first())
    return await within(WAIT_SECONDS, greets), channel


@pytest.mark.parametrize("result", [None, [], "figures", {"clock_ms": 1}])
async def test_a_gateway_that_answers_nonsense_costs_the_call_alone(result: object) -> None:
    gateway, channel = await let_in()
    calling = asyncio.create_task(gateway.stats(RoomId("room_1")))
    asked = await channel.receive()
    assert asked is not None
    await channel.send({"id": asked["id"], "result": result})
    with pytest.raises(MediaError, match=r"media\.control"):
        await within(WAIT_SECONDS, calling)
    assert not gateway.lost.is_set()
    await gateway.aclose()


@pytest.mark.parametrize(
    "frame",
    [
        {"event": {}},
        {"event": 7, "room": "room_1"},
        {"id": 1, "error": 7, "details": 7},
        {"id": 1},
    ],
)
async def test_a_frame_that_is_none_is_the_end_of_a_gateway(frame: dict[str, Any]) -> None:
    gateway, channel = await let_in()
    calling = asyncio.create_task(gateway.stats(RoomId("room_1")))
    assert await channel.receive() is not None
    await channel.send(frame)
    with pytest.raises(MediaError, match=r"media\.unavailable"):
        await within(WAIT_SECONDS, calling)
    assert gateway.lost.is_set()
    await gateway.aclose()


async def test_a_gateway_that_was_abandoned_is_lost_at_once_whatever_it_still_says() -> None:
    gateway, channel = await let_in()
    calling = asyncio.create_task(gateway.kept(RoomId("room_1")))
    asked = await channel.receive()
    assert asked is not None
    await channel.send({"id": asked["id"], "result": []})
    gateway.abandon()
    assert gateway.lost.is_set()
    with pytest.raises(MediaError, match=r"media\.unavailable"):
        await within(WAIT_SECONDS, calling)
    with pytest.raises(MediaError, match=r"media\.unavailable"):
        await gateway.kept(RoomId("room_1"))
    await gateway.aclose()


# The gateway's end.


@pytest.fixture
def gateway(tmp_path: Any) -> Gateway:
    engine = EdgeEngine(
        identity=make_identity(MADE_AT), host="127.0.0.1", port=0, addresses=["127.0.0.1"], folder=tmp_path
    )
    known = GatewayConfiguration(
        site=SITE,
        device=DEVICE,
        hub="http://127.0.0.1:1",
        hub_key=HUB_KEY.public,
        bind="127.0.0.1",
        port=0,
        addresses=("127.0.0.1",),
    )
    return Gateway(known, SITE_KEY, engine, secret=lambda _size: SECRET)


async def answered(end: End, nonce: bytes = bytes(32)) -> Greeted:
    """Ask a gateway who it is."""
    await end.send(challenge_text(nonce))
    text = await end.receive()
    assert text is not None
    return read_hello(text, site=SITE, nonce=nonce)


async def hung_up(greets: "asyncio.Task[Any]") -> str:
    with pytest.raises(MediaError) as caught:
        await within(WAIT_SECONDS, greets)
    return caught.value.code


async def test_a_gateway_serves_the_hub_that_it_pinned(gateway: Gateway) -> None:
    hub, own = pair()
    greets = asyncio.create_task(gateway._greeted(own))
    words, keys = welcome(HUB_KEY, await answered(hub), bytes([7]) * 32)
    await hub.send(words)
    channel = await within(WAIT_SECONDS, greets)
    await channel.send({"hello": "lite"})
    assert await SealedChannel(hub, sending=keys.down, receiving=keys.up).receive() == {"hello": "lite"}


async def test_a_gateway_hangs_up_on_any_other_hub(gateway: Gateway) -> None:
    hub, own = pair()
    greets = asyncio.create_task(gateway._greeted(own))
    words, _ = welcome(STRANGER, await answered(hub), bytes([7]) * 32)
    await hub.send(words)
    assert await hung_up(greets) == "gateway.hub"


async def test_a_gateway_hangs_up_on_a_welcome_to_another_hello(gateway: Gateway) -> None:
    """The right hub's own words, from an arrival before."""
    hub, own = pair()
    greets = asyncio.create_task(gateway._greeted(own))
    earlier = await answered(hub, bytes([9]) * 32)
    words, _ = welcome(HUB_KEY, earlier, bytes([7]) * 32)
    again, other = pair()
    second = asyncio.create_task(gateway._greeted(other))
    await answered(again)
    await again.send(words)
    assert await hung_up(second) == "gateway.hub"
    await hub.aclose()
    assert await hung_up(greets) == "gateway.refused"


async def test_a_gateway_signs_for_nothing_but_a_challenge(gateway: Gateway) -> None:
    """Words that a hub chose do not come back under the site's signature."""
    hub, own = pair()
    greets = asyncio.create_task(gateway._greeted(own))
    record = {"protocol": "qt/1", "kind": "gateway-hello"}
    forged = canonical({"record": record, "signature": sign_record(HUB_KEY, HELLO, record).hex()})
    await hub.send(forged.decode())
    assert await hung_up(greets) == "gateway.refused"
    assert hub.inbox.empty()


async def test_a_gateway_tells_its_own_certificate_and_a_fresh_share(gateway: Gateway) -> None:
    hub, own = pair()
    greets = asyncio.create_task(gateway._greeted(own))
    greeted = await answered(hub)
    assert greeted.fingerprint == gateway._engine.fingerprint
    assert greeted.share == share_of(SECRET)
    assert json.loads(canonical(greeted.record))["challenge"] == bytes(32).hex()
    await hub.aclose()
    assert await hung_up(greets) == "gateway.refused"
