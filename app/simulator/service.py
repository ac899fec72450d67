"""The simulated provider at an address: takes messages, posts signed reports, lets tests look into phones.

POST /{gateway}/{sms|voice}   the platform hands a message over
GET  /phones                  whose phones were reached, in order, and what they mean to do
POST /inbox                   what came to a phone, and what its owner means to do
POST /faults                  be less reliable from now on, or down
GET  /figures · GET /key      how much came and went · the key that reports are signed with
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import httpx
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import Field

from app.api.edge import Edge
from app.api.schemas import Wire
from app.gateways.answers import UnreachableError, UnusableError, answer
from app.simulator.people import Faults
from app.simulator.provider import Order, Provider
from crypto.canonical import canonical

MAX_ANSWER_BYTES: Final = 64 * 1024
SECONDS: Final = 10.0
# Reports that are under way beside one another.
AT_ONCE: Final = 8
# The longest pause of the sender; what is due earlier is sent earlier.
PAUSE: Final = 0.2
_OK: Final = 200
# Sent again, these would be refused again.
_FINAL: Final = frozenset({400, 401, 404, 409, 413, 415, 422})


class MessageIn(Wire):
    """A message as the platform's body template makes it."""

    id: Annotated[str, Field(max_length=64)]
    to: Annotated[str, Field(max_length=64)]
    text: Annotated[str, Field(max_length=4_000)]
    expires_at: Annotated[str, Field(max_length=20)]
    draw: int | None = None
    n: int | None = None
    menu: dict[str, str] = Field(default_factory=dict)


class PhoneIn(Wire):
    """A number; it travels in a body, never in an address."""

    to: str


def create_provider_app(provider: Provider, clock: Callable[[], datetime]) -> FastAPI:
    """The provider's HTTP interface."""
    app = FastAPI(openapi_url=None)

    @app.post("/{gateway}/{channel}")
    async def take(gateway: str, channel: Literal["sms", "voice"], message: MessageIn) -> JSONResponse:
        if provider.faults.outage or provider.chance(provider.faults.refused):
            return JSONResponse({"code": 9}, 503)
        sent = message.model_dump(exclude={"menu"})
        provider.take(Order(gateway=gateway, channel=channel, **sent), clock())
        if provider.chance(provider.faults.lost):
            return JSONResponse({"code": 9}, 503)
        return JSONResponse({"code": 0})

    @app.get("/phones")
    async def phones() -> list[dict[str, Any]]:
        return [{"to": number, "person": person.model_dump()} for number, person in provider.met.items()]

    @app.post("/inbox")
    async def inbox(phone: PhoneIn) -> list[dict[str, Any]]:
        found = provider.inbox(phone.to)
        return [{**asdict(one.order), "at": one.at, "person": one.person.model_dump()} for one in found]

    @app.post("/faults")
    async def faults(wanted: Faults) -> Faults:
        provider.set_faults(wanted)
        return wanted

    @app.get("/figures")
    async def figures() -> Mapping[str, int]:
        return dict(provider.counted) | {"messages": len(provider.taken)}

    @app.get("/key")
    async def key() -> dict[str, str]:
        return {"report_key": provider.key.public.hex()}

    app.add_middleware(Edge)
    return app


class Sender:
    """Brings reports to the platform, again until it has them."""

    def __init__(
        self, provider: Provider, *, url: str, client: httpx.AsyncClient, clock: Callable[[], datetime]
    ) -> None:
        """`url` is the platform's address."""
        self._provider, self._client, self._clock = provider, client, clock
        self._url = url.rstrip("/")

    async def send_due(self) -> int:
        """Send what is due now, some at once; how many the platform took or refused for good."""
        if self._provider.faults.outage:
            return 0
        lines = asyncio.Semaphore(AT_ONCE)

        async def send(report: dict[str, Any]) -> int:
            async with lines:
                return await self._send(report)

        return sum(await asyncio.gather(*map(send, self._provider.due(self._clock()))))

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self.send_due()
            await asyncio.sleep(PAUSE)

    async def _send(self, report: dict[str, Any]) -> int:
        provider = self._provider
        status = 0 if provider.chance(provider.faults.dropped) else await self._post(report)
        if status == _OK or status in _FINAL:
            provider.counted["taken" if status == _OK else "refused"] += 1
            return 1
        provider.put_back(report, self._clock())
        return 0

    async def _post(self, report: dict[str, Any]) -> int:
        url = f"{self._url}/v1/gateways/{report['gateway']}/reports"
        try:
            status, _ = await answer(
                self._client,
                "POST",
                url,
                limit=MAX_ANSWER_BYTES,
                seconds=SECONDS,
                content=canonical(report),
                headers={"content-type": "application/json"},
            )
        except (UnreachableError, UnusableError):
            return 0
        return status
