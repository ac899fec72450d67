"""Machines that answer without end, a byte at a time, packed, or elsewhere."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from app.gateways.answers import UnreachableError, UnusableError, answer
from app.gateways.parties import MAX_ANSWER_BYTES, HttpPartyNode, PartyError
from crypto.signing import SigningKey

pytestmark = pytest.mark.anyio
URL = "http://node.test.example/x"


class Endless(httpx.AsyncByteStream):
    """A body that never ends; `sent` counts what was taken of it."""

    def __init__(self) -> None:
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 65536
            yield b" " * 65536


class Silent(httpx.AsyncByteStream):
    """A body that begins and then stands still."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()


def client_of(response: httpx.Response) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response))


async def test_an_endless_answer_is_read_no_further_than_its_limit() -> None:
    body = Endless()
    with pytest.raises(UnusableError):
        await answer(client_of(httpx.Response(200, stream=body)), "GET", URL, limit=100_000, seconds=5)
    assert body.sent <= 2 * 65536


async def test_an_answer_that_stands_still_is_given_up() -> None:
    with pytest.raises(UnreachableError):
        await answer(client_of(httpx.Response(200, stream=Silent())), "GET", URL, limit=100, seconds=0.05)


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"0" * 10**6))
    with pytest.raises(UnusableError):
        await answer(client_of(packed), "GET", URL, limit=10**7, seconds=5)


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    moved = httpx.Response(307, headers={"location": "http://elsewhere.test.example/"})
    assert await answer(client_of(moved), "GET", URL, limit=10, seconds=5) == (307, b"")


def node(response: httpx.Response) -> HttpPartyNode:
    return HttpPartyNode(
        url="http://node.test.example",
        key=SigningKey.from_seed(bytes(32)),
        client=client_of(response),
        clock=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        random=bytes,
    )


async def test_a_node_that_floods_the_platform_has_given_no_answer() -> None:
    body = Endless()
    with pytest.raises(PartyError, match=r"party\.malformed"):
        await node(httpx.Response(200, stream=body)).call("/draws/1/reveal", {})
    assert body.sent <= MAX_ANSWER_BYTES + 65536


@pytest.mark.parametrize("code", ["node." + "x" * 100, "张三 13800000000", 7, None])
async def test_words_of_a_node_that_are_no_code_stay_out_of_error_texts(code: object) -> None:
    with pytest.raises(PartyError) as caught:
        await node(httpx.Response(409, json={"code": code})).call("/draws/1/reveal", {})
    assert caught.value.details["refusal"] == "node.other"
