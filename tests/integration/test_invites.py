"""Invitations and answers as log entries, on both databases: what the bridge logs, hides and refuses."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import AppError, ConflictError, InputRefusedError, NotFoundError, WriteConflictError
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases import invites
from app.usecases.evidence import course
from crypto.hashing import tagged, u32be
from crypto.signing import SigningKey
from draw.cells import invite_salt
from draw.letters import evidence_digest, letter_digest, record_digest, sign_statement
from tests.support.guests import GATEWAY, Guests
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio


async def drawn(stage: Stage, **more: Any) -> Guests:
    """A drawn draw whose invitations are logged, and its guests to be."""
    row = await stage.one.ceremony.run((await stage.request(**{"invitations": "logged"} | more)).id)
    return Guests(platform=stage.one.platform, row=row)


def faults(refused: pytest.ExceptionInfo[AppError]) -> list[str]:
    error = refused.value
    return [one.code for one in error.faults] if isinstance(error, InputRefusedError) else [error.code]


async def entries(guests: Guests, kind: str) -> list[dict[str, Any]]:
    async with guests.platform.database.read() as uow:
        found = await course(uow, guests.row)
    return [dict(entry.body) for _, entry in found.all(kind)]


async def test_holders_are_told_by_seat_with_stratum_site_and_record(stage: Stage) -> None:
    guests = await drawn(stage)
    held = await invites.holders(guests.platform, guests.row)
    assert [one and one.seat for one in held] == [0, 1, 2, 3, 4]
    assert [one and one.stratum for one in held] == ["civil"] * 3 + ["goods"] * 2
    assert {one.site for one in held if one} <= {"city", "county"}
    assert len({one.record.id for one in held if one}) == 5
    assert not any(one.record.name in repr(held) for one in held if one)


async def test_an_invitation_commits_to_its_seat_and_tells_it_to_nobody(stage: Stage) -> None:
    guests = await drawn(stage)
    assert await guests.invite(3, 0) == [1, 2]
    bodies = await entries(guests, "invite")
    frozen = await stage.one.ceremony.frozen(guests.row)
    for body, seat in zip(bodies, (3, 0), strict=True):
        salt = invite_salt(frozen.cell_key, body["n"])
        assert body["seat"] == tagged("qt/1 seat", salt, u32be(seat)).hex()
        assert body["letter"] == letter_digest(b"sealed letter").hex()
        assert body["key"] == guests.keys[body["n"]].public.hex()
    async with guests.platform.database.read() as uow:
        assert [one.seat for one in await uow.invites.of_draw(guests.row.id)] == [3, 0]
    async with guests.platform.database.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT * FROM draw_invites ORDER BY n"))).mappings().all()
    assert {len(row["sealed"]) for row in rows} == {len(rows[0]["sealed"])}
    assert [set(row) for row in rows] == [{"draw_id", "n", "sealed", "entry_index", "created_at"}] * 2


async def test_answers_by_page_and_by_keypad_become_entries(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.invite(0, 1)
    stage.clock.advance(minutes=1)
    await guests.say(2, "accept")
    record = await guests.press(1, "decline")
    page, keypad = await entries(guests, "reply")
    assert (page["n"], page["answer"], page["record"]) == (2, "accept", None)
    assert keypad["record"] == evidence_digest(record).hex()
    assert keypad["signature"] is None


async def test_a_late_answer_is_refused_and_can_be_put_on_record_all_the_same(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.invite(0)
    stage.clock.advance(minutes=11)
    with pytest.raises(ConflictError, match=r"draw.reply-late") as late:
        await guests.say(1, "accept")
    assert late.value.details["reply_by"] == to_text(stage.clock() - timedelta(minutes=1))
    await guests.say(1, "accept", late=True)
    assert len(await entries(guests, "reply")) == 1


@pytest.mark.parametrize(
    ("before", "answer"),
    [
        (["accept"], "accept"),
        (["accept"], "decline"),
        (["decline"], "accept"),
        (["decline"], "leave"),
        ([], "leave"),
    ],
)
async def test_replies_out_of_order_are_refused(stage: Stage, before: list[str], answer: str) -> None:
    guests = await drawn(stage)
    await guests.invite(0)
    for one in before:
        await guests.say(1, one)
    with pytest.raises(ConflictError, match=r"draw.reply-order"):
        await guests.say(1, answer)


async def test_leave_may_follow_an_acceptance_once(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.invite(0)
    await guests.say(1, "accept")
    await guests.say(1, "leave")
    with pytest.raises(ConflictError, match=r"draw.reply-order"):
        await guests.say(1, "leave")


async def test_what_check_24_would_refuse_is_not_logged(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.invite(0)
    size = len(await entries(guests, "reply"))
    now, k = guests.platform.now(), guests.row.k or 0
    early = to_text(stage.clock() - timedelta(seconds=1))
    signature = sign_statement(guests.keys[1], k, 1, "accept", now)
    stranger = sign_statement(SigningKey.from_seed(bytes(32)), k, 1, "accept", now)
    record = guests.recorded(1, "accept")

    async def attempt(**changes: Any) -> list[str]:
        sent: dict[str, Any] = {
            "n": 1,
            "answer": "accept",
            "at": now,
            "signature": signature,
            "record": None,
        } | changes

        async def work(uow: UnitOfWork) -> None:
            await invites.log_reply(uow, guests.platform, guests.row, now=now, **sent)

        with pytest.raises(AppError) as refused:
            await guests.platform.database.transact(work)
        return faults(refused)

    assert await attempt(signature=None) == ["draw.reply-form"]
    assert await attempt(record=record) == ["draw.reply-form"]
    assert await attempt(answer="perhaps") == ["draw.reply-form"]
    assert await attempt(at="soon") == ["draw.reply-form"]
    assert await attempt(signature=stranger) == ["draw.reply-signature"]
    assert await attempt(answer="decline") == ["draw.reply-signature"]
    assert await attempt(n=2) == ["draw.reply-unknown"]
    assert await attempt(at=early) == ["draw.reply-at"]
    assert await attempt(signature=None, record=record, answer="decline") == ["draw.reply-record"]
    assert await attempt(signature=None, record=b"{}") == ["draw.reply-record"]
    assert len(await entries(guests, "reply")) == size == 0


async def test_what_check_23_would_refuse_is_not_logged(stage: Stage) -> None:
    guests = await drawn(stage)
    now = guests.platform.now()
    later, latest = (to_text(stage.clock() + timedelta(minutes=minutes)) for minutes in (5, 9))

    async def attempt(**changes: Any) -> list[str]:
        sent: dict[str, Any] = {"seat": 0, "key": GATEWAY.public, "letter": b"x"} | changes
        times: dict[str, Any] = {"reply_by": later, "cut_off": later, "arrive_by": latest}

        async def work(uow: UnitOfWork) -> None:
            await invites.log_invite(uow, guests.platform, guests.row, now=now, **(times | sent))

        with pytest.raises(AppError) as refused:
            await guests.platform.database.transact(work)
        return faults(refused)

    early = to_text(stage.clock() - timedelta(seconds=1))
    assert await attempt(reply_by=early) == ["draw.invite-times"]
    assert await attempt(arrive_by=now) == ["draw.invite-times"]
    assert await attempt(cut_off="2199-01-01T00:00:00Z") == ["draw.invite-times"]
    assert await attempt(key=bytes(32), letter=b"") == ["draw.invite-letter", "draw.invite-key"]
    assert await attempt(seat=5) == ["draw.seat"]
    assert await attempt(seat=-1) == ["draw.seat"]
    assert await entries(guests, "invite") == []


async def test_a_letter_made_for_somebody_else_is_refused_once_the_seat_has_passed_on(stage: Stage) -> None:
    guests = await drawn(stage)
    with pytest.raises(WriteConflictError, match=r"draw.seat-moved"):
        async with guests.platform.database.write() as uow:
            await invites.log_invite(
                uow,
                guests.platform,
                guests.row,
                seat=0,
                key=GATEWAY.public,
                letter=b"x",
                reply_by=guests.platform.now(),
                cut_off=guests.platform.now(),
                arrive_by=guests.platform.now(),
                now=guests.platform.now(),
                tenure=1,
            )


async def test_a_draw_whose_invitations_are_made_elsewhere_logs_none(stage: Stage) -> None:
    guests = await drawn(stage, invitations="elsewhere")
    with pytest.raises(ConflictError, match=r"draw.invitations-elsewhere"):
        await guests.invite(0)


async def test_nobody_is_invited_before_the_draw(stage: Stage) -> None:
    row = await stage.one.ceremony.run((await stage.request(invitations="logged")).id, until="sealed")
    with pytest.raises(ConflictError, match=r"draw.state"):
        await invites.holders(stage.one.platform, row)


async def test_a_reply_receipt_holds_invitation_and_newest_answer(stage: Stage) -> None:
    guests = await drawn(stage)
    await guests.invite(0)
    with pytest.raises(NotFoundError):
        await invites.reply_receipt(guests.platform, guests.row, 1)
    await guests.say(1, "accept")
    await guests.say(1, "leave")
    value = json.loads(await invites.reply_receipt(guests.platform, guests.row, 1))
    assert value["format"] == "qt/1 reply-receipt"
    assert value["invite"]["entry"]["body"]["n"] == 1
    assert value["reply"]["entry"]["body"]["answer"] == "leave"
    assert value["checkpoint"].startswith(value["origin"])


async def test_documents_kept_elsewhere_are_named_by_digest_from_the_seal_on(stage: Stage) -> None:
    row = await stage.one.ceremony.run((await stage.request(invitations="logged")).id, until="committed")
    platform = stage.one.platform

    async def put(topic: str, document: bytes) -> int:
        return await platform.database.transact(
            lambda uow: invites.log_record(
                uow, platform, row, topic=topic, document=document, now=platform.now()
            )
        )

    with pytest.raises(ConflictError, match=r"draw.state"):
        await put("roster", b"sealed roster")
    await stage.one.ceremony.run(row.id, until="sealed")
    await put("roster", b"sealed roster")
    await stage.one.ceremony.run(row.id)
    await put("ladder", b"step one")
    found = await entries(Guests(platform=platform, row=row), "record")
    assert [one["topic"] for one in found] == ["roster", "ladder"]
    assert found[0]["digest"] == record_digest(b"sealed roster").hex()
    for topic, document in (("gossip", b"x"), ("roster", b"")):
        with pytest.raises(InputRefusedError, match=r"draw.record-refused"):
            await put(topic, document)
