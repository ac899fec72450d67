"""The sentences of the port `app.gateways.messages.Gateway`, held against all four carriers.

HTTP carriers talk to the simulated provider at a loopback port, SMTP to a real aiosmtpd server, the spool to
a folder. Each carrier comes with a way to count what its recipient got.
"""

import asyncio
import json
import logging
import socket
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from app.gateways.gateway_file import load_gateways
from app.gateways.http_template import HttpForm
from app.gateways.messages import Gateway, GatewayPermanentError, GatewayTemporaryError, Outgoing
from app.gateways.sms_http import SmsHttp
from app.gateways.smtp import MailServer, Smtp
from app.gateways.spool import Spool
from app.gateways.voice_http import VoiceHttp
from app.simulator.people import Faults
from app.simulator.service import create_provider_app
from tests.support.delivery import NOON, provider
from tests.support.stage import Servers

pytestmark = pytest.mark.anyio
TEXT = "【签筒】诚邀您参加一次评审"
PHONE = "13812345678"


@dataclass
class Bench:
    """A carrier, where its recipient is reached, what arrived there, and how to cut the line."""

    gateway: Gateway
    again: Gateway
    to: str
    arrived: Callable[[], list[str]]
    cut: Callable[[], None]
    outcome: str


def outgoing(bench: Bench, number: int = 1) -> Outgoing:
    return Outgoing(
        id=f"msg_{number:032x}",
        channel="sms",
        to=bench.to,
        subject="评审邀请",
        text=TEXT,
        expires_at="2026-11-24T05:00:00Z",
        reference=(7, 104),
        menu={"11": "accept"},
    )


@pytest.fixture
def servers() -> Iterator[Servers]:
    one = Servers()
    yield one
    one.stop()


@pytest.fixture
async def client(servers: Servers, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as one:
        yield one


def http_form(url: str, **more: Any) -> HttpForm:
    body = {"id": "{id}", "to": "{to}", "text": "{text}", "expires_at": "{expires_at}"} | more
    return HttpForm(
        url=url,
        headers={"Authorization": "Bearer {secret}"},
        body=body,
        pointer="/code",
        words={"accepted": [0], "invalid_number": [1], "busy": [9]},
        secret="hush",
    )


def http_bench(servers: Servers, client: httpx.AsyncClient, kind: str) -> Bench:
    books = provider()
    address = servers.start(create_provider_app(books, lambda: NOON))

    def make() -> Gateway:
        if kind == "sms":
            return SmsHttp(name="g", form=http_form(f"{address}/g/sms"), client=client)
        form = http_form(f"{address}/g/voice", draw="{draw}", n="{n}", menu="{menu}")
        return VoiceHttp(name="g", form=form, client=client)

    return Bench(
        gateway=make(),
        again=make(),
        to=PHONE,
        arrived=lambda: [one.order.text for one in books.inbox(PHONE)],
        cut=lambda: books.set_faults(Faults(outage=True)),
        outcome="accepted",
    )


@dataclass
class Mailbox:
    """A mail server's handler that keeps letters, and refuses whom it does not know."""

    letters: list[Envelope] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_RCPT(  # noqa: N802 - the server's word
        self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the server's word
        self, _server: SMTP, _session: Any, envelope: Envelope
    ) -> str:
        if self.answer.startswith("250"):
            self.letters.append(envelope)
        return self.answer


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, Controller]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, controller
    if controller.server is not None:
        controller.stop()


def smtp_bench(mail: tuple[Mailbox, Controller], folder: Path) -> Bench:
    box, controller = mail
    server = MailServer(host="127.0.0.1", port=controller.port, tls="none", sender="draw@centre.example")

    def make() -> Gateway:
        return Smtp(name="g", server=server, marks=folder / "marks")

    return Bench(
        gateway=make(),
        again=make(),
        to="li@home.example",
        arrived=lambda: [letter_text(one) for one in box.letters],
        cut=controller.stop,
        outcome="handed",
    )


def letter_text(envelope: Envelope) -> str:
    assert isinstance(envelope.content, bytes)
    letter = message_from_bytes(envelope.content, policy=policy.default)
    return str(letter.get_content()).strip()


def spool_bench(folder: Path) -> Bench:
    place = folder / "spool"

    def cut() -> None:
        for one in place.iterdir():
            one.unlink()
        place.rmdir()
        place.write_text("no folder any more")

    return Bench(
        gateway=Spool(name="g", folder=place),
        again=Spool(name="g", folder=place),
        to="李",
        arrived=lambda: [json.loads(one.read_bytes())["text"] for one in sorted(place.glob("*.json"))],
        cut=cut,
        outcome="handed",
    )


@pytest.fixture(params=["sms", "voice", "smtp", "spool"])
def bench(
    request: pytest.FixtureRequest, tmp_path: Path, servers: Servers, client: httpx.AsyncClient
) -> Bench:
    if request.param == "smtp":
        return smtp_bench(request.getfixturevalue("mail"), tmp_path)
    return spool_bench(tmp_path) if request.param == "spool" else http_bench(servers, client, request.param)


async def test_what_is_handed_over_arrives_as_it_was(bench: Bench) -> None:
    assert await bench.gateway.send(outgoing(bench)) == bench.outcome
    assert bench.arrived() == [TEXT]


async def test_handed_over_twice_it_arrives_once_over_a_restart_too(bench: Bench) -> None:
    for carrier in (bench.gateway, bench.gateway, bench.again):
        assert await carrier.send(outgoing(bench)) == bench.outcome
    assert bench.arrived() == [TEXT]


async def test_two_messages_to_one_person_are_two(bench: Bench) -> None:
    await bench.gateway.send(outgoing(bench, 1))
    await bench.gateway.send(outgoing(bench, 2))
    assert len(bench.arrived()) == 2


async def test_a_cut_line_is_temporary_and_nothing_arrives(bench: Bench) -> None:
    await bench.gateway.send(outgoing(bench, 1))
    bench.cut()
    with pytest.raises(GatewayTemporaryError):
        await bench.gateway.send(outgoing(bench, 2))


async def test_no_error_shows_recipient_or_text(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    await bench.gateway.send(outgoing(bench, 1))
    bench.cut()
    with caplog.at_level(logging.DEBUG), pytest.raises(GatewayTemporaryError) as caught:
        await bench.gateway.send(outgoing(bench, 2))
    shown = repr(caught.value) + str(caught.value.details) + repr(outgoing(bench))
    logged = [one.getMessage() for one in caplog.records if one.name.startswith(("qiantong", "httpx"))]
    assert not [text for text in (shown, *logged) if bench.to in text or TEXT in text]


async def test_many_at_once_arrive_once_each(bench: Bench) -> None:
    sent = [outgoing(bench, number % 10) for number in range(20)]
    await asyncio.gather(*(bench.gateway.send(one) for one in sent[:10]))
    await asyncio.gather(*(bench.again.send(one) for one in sent[10:]))
    assert len(bench.arrived()) == 10


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, b'{"code":0}', "accepted"),
        (200, b'{"code":2}', "delivered"),
        (200, b'{"code":1}', GatewayPermanentError),
        (400, b'{"code":1}', GatewayPermanentError),
        (200, b'{"code":9}', GatewayTemporaryError),
        (200, b'{"code":true}', GatewayTemporaryError),
        (200, b'{"code":77}', GatewayTemporaryError),
        (200, b"<html>welcome</html>", GatewayTemporaryError),
        (200, b"x" * 70_000, GatewayTemporaryError),
        (302, b"", GatewayTemporaryError),
        (401, b"", GatewayTemporaryError),
        (404, b"", GatewayTemporaryError),
        (429, b"", GatewayTemporaryError),
        (500, b"", GatewayTemporaryError),
        (422, b"", GatewayPermanentError),
    ],
)
async def test_a_providers_answer_is_read_in_its_own_words(status: int, answer: bytes, expected: Any) -> None:
    async def say(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=answer, headers={"location": "http://evil.example/"})

    form = replace(
        http_form("http://sms.example/send"),
        words={"accepted": [0], "delivered": [2], "invalid_number": [1], "busy": [9]},
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(say)) as client:
        sms = SmsHttp(name="g", form=form, client=client)
        one = Outgoing(id="msg_1", channel="sms", to=PHONE, subject="s", text=TEXT, expires_at="x")
        if isinstance(expected, str):
            assert await sms.send(one) == expected
            return
        with pytest.raises(expected):
            await sms.send(one)


async def test_a_text_cannot_break_out_of_its_place() -> None:
    seen: list[Any] = []

    async def say(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(200, content=b'{"code":0}')

    async with httpx.AsyncClient(transport=httpx.MockTransport(say)) as client:
        sms = SmsHttp(name="g", form=http_form("http://sms.example/send"), client=client)
        text = '","to":"10086","x":"{secret}{to}'
        await sms.send(Outgoing(id="msg_1", channel="sms", to=PHONE, subject="s", text=text, expires_at="x"))
    assert seen[0]["text"] == text
    assert seen[0]["to"] == PHONE


@pytest.mark.parametrize(
    ("to", "answer", "expected"),
    [
        ("nobody@home.example", "250 OK", GatewayPermanentError),
        ("li@home.example", "554 no", GatewayPermanentError),
        ("li@home.example", "451 later", GatewayTemporaryError),
        ("no address at all", "250 OK", GatewayPermanentError),
        ("li@home.example\r\nBcc: all@home.example", "250 OK", GatewayPermanentError),
    ],
)
async def test_a_mail_servers_no_is_told_apart(
    mail: tuple[Mailbox, Controller], tmp_path: Path, to: str, answer: str, expected: Any
) -> None:
    bench = smtp_bench(mail, tmp_path)
    mail[0].answer = answer
    with pytest.raises(expected):
        await bench.gateway.send(replace(outgoing(bench), to=to))
    assert bench.arrived() == []


async def test_spooled_files_are_for_their_owner_only(tmp_path: Path) -> None:
    bench = spool_bench(tmp_path)
    await bench.gateway.send(outgoing(bench))
    (one,) = (tmp_path / "spool").glob("*.json")
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    assert stat.S_IMODE(one.parent.stat().st_mode) == 0o700


async def test_without_a_file_every_channel_goes_to_the_spool(tmp_path: Path) -> None:
    async with httpx.AsyncClient() as client:
        found = load_gateways(None, data=tmp_path, client=client)
    assert {one.name for one in found.by_channel.values()} == {"spool"}
    assert not found.registered
