"""What surrounds every answer: a page may ask for a camera where people are seen and heard, nowhere else."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse

from app.api.edge import Edge

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette()
    app.router.default = PlainTextResponse("here")
    transport = httpx.ASGITransport(app=Edge(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.mark.parametrize("path", ["/seat", "/wall", "/clarify", "/seat?lang=en"])
async def test_pages_of_the_room_may_ask_for_camera_and_microphone(
    client: httpx.AsyncClient, path: str
) -> None:
    policy = (await client.get(path)).headers["permissions-policy"]
    assert policy == "camera=(self), microphone=(self), geolocation=()"


@pytest.mark.parametrize("path", ["/", "/console", "/desk", "/seats", "/seat/", "/v1/seats/current"])
async def test_no_other_page_may(client: httpx.AsyncClient, path: str) -> None:
    policy = (await client.get(path)).headers["permissions-policy"]
    assert policy == "camera=(), microphone=(), geolocation=()"


async def test_a_page_that_films_keeps_the_strict_content_policy(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/seat")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "blob:" not in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
