"""`POST /v1/gateways/{name}/reports`: forged, foreign, stale and repeated ones; once, to the right hands."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.store.repositories.outbox import message_id
from app.usecases.delivery import reports
from app.usecases.delivery.outbox import enqueue
from app.usecases.delivery.work import WorkContext
from crypto.signing import SigningKey, sign_record
from tests.support.delivery import (
    PROVIDER_KEY,
    SMS,
    VOICE,
    Heard,
    call,
    make_context,
    message,
)
from tests.support.service import Service

pytestmark = pytest.mark.anyio
NOW = "2026-11-23T01:00:00Z"
MALLORY = SigningKey.from_seed(b"M" * 32)


@pytest.fixture
def migrated_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Storing reports runs on both engines in `test_delivery_storm`."""
    copy = tmp_path / "qiantong.sqlite"
    copy.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{copy}"


@pytest.fixture
async def served(api: Service) -> Service:
    """The API with two registered gateways and two messages on their way."""
    api.app.state.gateways = {SMS.name: SMS, VOICE.name: VOICE}

    async def work(uow: Any) -> None:
        await enqueue(uow, message(1, not_before=NOW))
        await enqueue(uow, call(2, not_before=NOW))

    await api.platform.database.transact(work)
    return api


def plain(*, key: SigningKey = PROVIDER_KEY, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "format": "qt/1 gateway-report",
        "gateway": SMS.name,
        "report": "r-1",
        "message": message(1).id,
        "kind": "delivered",
        "keys": None,
        "at": NOW,
    } | changes
    return body | {"signature": sign_record(key, "gateway-report", body).hex()}


def record(*, key: SigningKey = PROVIDER_KEY, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "format": "qt/1 gateway-record",
        "gateway": VOICE.name,
        "message": message(2).id,
        "draw": 7,
        "n": 102,
        "answer": "accept",
        "at": NOW,
        "keys": "11",
    } | changes
    return body | {"signature": sign_record(key, "gateway-record", body).hex()}


async def send(served: Service, body: dict[str, Any], name: str | None = None) -> httpx.Response:
    target = body["gateway"] if name is None else name
    return await served.client.post(f"/v1/gateways/{target}/reports", json=body)


async def state(served: Service, number: int) -> str:
    async with served.platform.database.read() as uow:
        found = await uow.outbox.get(message(number).id)
    assert found is not None
    return found.state


async def hand_on(served: Service, *kinds: str) -> Heard:
    heard = Heard()
    context: WorkContext = make_context(served.platform)
    await reports.hand_on(context, dict.fromkeys(kinds, (heard,)), served.platform.now())
    return heard


async def test_a_signed_report_moves_its_message_and_is_handed_on_once(served: Service) -> None:
    woken: list[bool] = []
    served.app.state.wake = lambda: woken.append(True)
    first, again = await send(served, plain()), await send(served, plain())
    assert (first.status_code, first.json()["repeated"]) == (200, False)
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    assert await state(served, 1) == "delivered"
    assert [one.kind for one in (await hand_on(served, "delivered")).reports] == ["delivered"]
    assert (await hand_on(served, "delivered")).reports == []
    assert woken


async def test_a_keypad_answer_arrives_as_its_signed_record(served: Service) -> None:
    assert (await send(served, record())).status_code == 200
    assert (await send(served, record())).json()["repeated"]
    (one,) = (await hand_on(served, "answer")).reports
    assert one.record is not None
    assert b'"answer":"accept"' in one.record
    assert one.record.endswith(b"}")
    assert record()["signature"].encode() in one.record


@pytest.mark.parametrize("body", [plain, record])
async def test_a_forged_report_is_refused_and_changes_nothing(served: Service, body: Any) -> None:
    forged = await send(served, body(key=MALLORY))
    changed = await send(served, body() | {"at": "2026-11-23T01:00:01Z"})
    assert {forged.status_code, changed.status_code} == {401}
    assert forged.json()["code"] == "report.signature"
    assert await state(served, 1) == await state(served, 2) == "queued"


async def test_a_signature_of_one_form_does_not_serve_for_the_other(served: Service) -> None:
    body = record()
    unsigned = {name: value for name, value in body.items() if name != "signature"}
    body["signature"] = sign_record(PROVIDER_KEY, "gateway-report", unsigned).hex()
    assert (await send(served, body)).status_code == 401


async def test_a_gateway_reports_for_itself_and_its_own_channel_only(served: Service) -> None:
    assert (await send(served, plain(), VOICE.name)).json()["code"] == "report.gateway"
    foreign = plain(gateway=VOICE.name, report="r-2")
    assert (await send(served, foreign)).json()["code"] == "report.gateway"
    borrowed = plain(gateway=VOICE.name, report="r-3")
    assert (await send(served, borrowed, SMS.name)).json()["code"] == "report.gateway"
    assert (await send(served, plain(), "nobody")).json()["code"] == "gateway.unknown"


async def test_a_report_on_no_message_of_ours_is_refused(served: Service) -> None:
    other = message_id(lambda size: b"\x99" * size)
    answer = await send(served, plain(message=other))
    assert (answer.status_code, answer.json()["code"]) == (404, "report.message")


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-19T00:00:00Z",
        "2026-11-23T00:54:00Z",
        "2026-11-23T01:06:00Z",
        "2026-13-40T25:61:61Z",
    ],
    ids=["days old", "before the message", "ahead of time", "no time at all"],
)
async def test_a_stale_report_is_refused(served: Service, at: str) -> None:
    answer = await send(served, plain(at=at))
    assert (answer.status_code, answer.json()["code"]) == (409, "report.stale")


async def test_one_report_id_does_not_serve_for_two_things(served: Service) -> None:
    assert (await send(served, plain())).status_code == 200
    other = await send(served, plain(kind="failed"))
    assert (other.status_code, other.json()["code"]) == (409, "report.other-content")
    assert await state(served, 1) == "delivered"


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": "22"},
        {"answer": "decline"},
        {"answer": "leave"},
        {"keys": "1"},
        {"keys": "12"},
        {"draw": 8},
        {"n": 103},
    ],
)
async def test_keys_answer_draw_and_invitation_have_to_fit(served: Service, changes: dict[str, Any]) -> None:
    answer = await send(served, record(**changes))
    assert (answer.status_code, answer.json()["code"]) == (409, "report.answer")
    assert (await hand_on(served, "answer")).reports == []


async def test_a_short_message_cannot_answer_a_call(served: Service) -> None:
    sms_record = record(gateway=SMS.name, message=message(1).id)
    assert (await send(served, sms_record)).json()["code"] == "report.answer"


async def test_late_bad_news_does_not_undo_a_delivery(served: Service) -> None:
    await send(served, plain())
    await send(served, plain(report="r-2", kind="failed"))
    assert await state(served, 1) == "delivered"


async def test_a_handler_that_fails_gets_the_report_again(served: Service) -> None:
    await send(served, plain())
    context, heard = make_context(served.platform), Heard()

    async def failing(_context: WorkContext, _report: Any) -> None:
        raise ZeroDivisionError

    await reports.hand_on(context, {"delivered": (failing,)}, served.platform.now())
    assert (await hand_on(served, "delivered")).reports == []
    served.scene.clock.move(minutes=1)
    await reports.hand_on(context, {"delivered": (heard,)}, served.platform.now())
    assert len(heard.reports) == 1


@pytest.mark.parametrize(
    "body",
    [
        plain() | {"phone": "13812345678"},
        {name: value for name, value in plain().items() if name != "message"},
        plain() | {"format": "qt/1 trust-me"},
        plain() | {"signature": "00"},
        record() | {"keys": "1; DROP TABLE outbox"},
    ],
)
async def test_another_shape_is_refused_before_anything_is_looked_up(
    served: Service, body: dict[str, Any]
) -> None:
    assert (await send(served, body, SMS.name)).status_code == 400


async def test_no_number_stands_in_a_clear_column_or_a_log(
    served: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    await send(served, record())
    await send(served, plain())
    secrets = [message(1).to, message(2).to, message(1).fields["link"][-26:]]
    shown = "".join(capfd.readouterr())
    async with served.platform.database.engine.connect() as connection:
        for table in ("outbox", "delivery_reports", "notices", "timers"):
            rows = await connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608 - a fixed list
            shown += repr(rows.all())
    assert message(1).id in shown
    assert not [one for one in secrets if one in shown]
