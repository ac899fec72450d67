"""Attacks on a campaign: by a fast expert, a forged answer, an operator alone, a name that is sought."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import AccessRefusedError, ConflictError, NotFoundError
from app.gateways.messages import RegisteredGateway
from app.store.repositories.draws import DrawRow
from app.store.repositories.reports import Report
from app.usecases import invites
from app.usecases.delivery import reports
from app.usecases.draw_requests import find_draw
from app.usecases.invitations import conflicts, letters, pages
from app.usecases.invitations.conflicts import Vacating
from app.usecases.openings import bundle, open_draw
from app.usecases.openings import replace as replace_seat
from app.usecases.principals import require
from app.usecases.replacement_grounds import Grounds
from crypto.signing import SigningKey
from draw.verify.verifier import verify
from tests.integration.test_secrecy_store import everything_stored
from tests.support.calling import VOICE, Calling, Refused, acts, later
from tests.support.stage import person

pytestmark = pytest.mark.anyio


async def seated(calling: Calling, row: DrawRow) -> list[str | None]:
    """Who holds the seats, by seat."""
    held = await invites.holders(calling.context.platform, row)
    return [None if one is None else one.record.id for one in held]


async def test_the_fastest_reply_wins_nothing(calling: Calling) -> None:
    """Whoever accepts first has the seat that was drawn for them, and the bundle shows that order."""
    row = await calling.started()
    before = await seated(calling, row)
    for letter in reversed(calling.fresh()):
        await calling.say(letter, "accept")
        assert await seated(calling, row) == before
    await calling.work()
    await calling.until(later(row.evaluation_from or "", seconds=1))
    await open_draw(calling.context.ceremony, row.id)
    data = await bundle(calling.context.platform, await calling.context.ceremony.row(row.id))
    report = verify(data, trust=calling.stage.trust)
    assert report.stage == "opened"
    replies = [one for one in json.loads(data)["entries"] if one["entry"]["type"] == "reply"]
    assert [one["entry"]["body"]["n"] for one in replies] == [5, 4, 3, 2, 1]


async def test_a_replayed_answer_is_the_same_answer(calling: Calling) -> None:
    row = await calling.started()
    letter = calling.fresh()[0]
    page, code = await calling.open(letter), await calling.code(letter)
    said = calling.signed(letter, page, "accept")
    first = await calling.give(letter, said, code)
    again = await calling.give(letter, said, "000000")
    assert first.answers == again.answers
    _, course = await calling.context.ceremony.shown(row)
    assert len(course.all("reply")) == 1


async def test_a_second_answer_does_not_undo_the_first(calling: Calling) -> None:
    await calling.started()
    letter = calling.fresh()[0]
    await calling.say(letter, "accept")
    calling.stage.clock.advance(seconds=5)
    refused = await Refused.of(calling.say(letter, "decline"))
    assert refused.code == "invitation.answered"


async def test_an_answer_signed_with_another_letters_key(calling: Calling) -> None:
    await calling.started()
    mallory, victim, *_ = calling.fresh()
    refused = await Refused.of(calling.say(victim, "decline", signer=mallory.keys.reply))
    assert refused.code == "draw.reply-signature"
    assert (await calling.of(victim)).state == "heard"


async def test_an_answer_signed_for_another_hour(calling: Calling) -> None:
    await calling.started()
    letter = calling.fresh()[0]
    page, code = await calling.open(letter), await calling.code(letter)
    calling.stage.clock.advance(minutes=3)
    past = calling.signed(letter, page, "accept", at=later(calling.context.platform.now(), minutes=-3))
    assert (await Refused.of(calling.give(letter, past, code))).code == "invitation.signed-at"
    ahead = calling.signed(letter, page, "accept", at=later(calling.context.platform.now(), minutes=3))
    assert (await Refused.of(calling.give(letter, ahead, code))).code == "invitation.signed-at"


async def test_a_link_that_was_passed_on_answers_nothing(calling: Calling) -> None:
    """The bearer of a link without the phone has no code, and may not try for ever."""
    await calling.started()
    letter = calling.fresh()[0]
    page, right = await calling.open(letter), await calling.code(letter)
    said = calling.signed(letter, page, "decline")
    for guess in range(5):
        wrong = f"{(int(right) + 1 + guess) % 10**6:06d}"
        assert (await Refused.of(calling.give(letter, said, wrong))).code == "code.refused"
    assert (await Refused.of(calling.give(letter, said, right))).code == "code.refused"


async def test_an_unknown_letter_and_a_wrong_proof_are_refused_alike(calling: Calling) -> None:
    await calling.started()
    one, other, *_ = calling.fresh()
    platform = calling.context.platform
    stranger = letters.derive(bytes(16))
    seen = set()
    for letter_id, auth in (
        (one.keys.id, other.keys.auth),
        (stranger.id, stranger.auth),
        (one.keys.id, bytes(32)),
    ):
        for call in (
            pages.open_page(platform, letter_id, auth),
            pages.send_code(platform, letter_id, auth),
            pages.receipt(platform, letter_id, auth),
        ):
            with pytest.raises(AccessRefusedError) as refusal:
                await call
            seen.add((refusal.value.code, tuple(refusal.value.details)))
    assert seen == {("letter.refused", ())}


async def test_a_keypad_record_with_a_forged_signature(calling: Calling) -> None:
    row = await calling.started()
    call = calling.calls()[0]
    forger = SigningKey.from_seed(b"F" * 32)
    body = calling.recorded(call, "decline", key=forger)
    refused = await Refused.of(reports.receive(calling.context.platform, VOICE, body))
    assert refused.code == "report.signature"
    await calling.work()
    assert (await calling.standing(row)).newest[0].state in {"queued", "sent"}


async def test_a_keypad_record_that_the_gateway_did_not_sign_vacates_nothing(calling: Calling) -> None:
    """The platform itself invents a record: the supervisor's node, which pinned the gateway, answers not."""
    row = await calling.started()
    call = calling.calls()[0]
    body: Any = calling.recorded(call, "decline", key=SigningKey.from_seed(b"F" * 32))
    forged = RegisteredGateway(
        name="voice.test", channels=VOICE.channels, public=SigningKey.from_seed(b"F" * 32).public
    )
    before = await seated(calling, row)
    await reports.receive(calling.context.platform, forged, body)
    await calling.work()
    assert (await calling.standing(row)).newest[0].pending == "decline"
    assert await seated(calling, row) == before


async def test_keys_told_without_a_signed_record_answer_nothing(calling: Calling) -> None:
    row = await calling.started()
    call = calling.calls()[0]
    report = Report(
        gateway="voice.test",
        report_id="plain:1",
        message_id=call.id,
        kind="keys",
        at=calling.context.platform.now(),
        keys="22",
    )
    async with calling.context.platform.database.write() as uow:
        await uow.reports.add(report, now=calling.context.platform.now())
    await calling.work()
    assert (await calling.standing(row)).newest[0].state == "heard"


async def test_accepting_after_the_term(calling: Calling) -> None:
    await calling.started()
    letter = calling.fresh()[0]
    page = await calling.open(letter)
    calling.stage.clock.advance(minutes=29, seconds=30)
    code = await calling.code(letter)
    calling.stage.clock.advance(seconds=40)
    in_time = calling.signed(letter, page, "accept", at=later(page.reply_by, seconds=-5))
    assert (await Refused.of(calling.give(letter, in_time, code))).code == "invitation.late"
    await calling.wait(minutes=2)
    assert (await calling.of(letter)).state == "replaced"
    assert (await Refused.of(calling.code(letter))).code == "invitation.state"


async def test_calling_a_number_dead_passes_nobody_over(calling: Calling) -> None:
    stage = calling.stage
    row = await stage.one.ceremony.run((await stage.request(invitations="logged")).id)
    held = await invites.holders(calling.context.platform, row)
    assert held[0] is not None
    async with calling.context.platform.database.read() as uow:
        contact = await uow.contacts.get("city", held[0].record.id)
    assert contact is not None
    calling.lines["sms"].dead.add(contact.phone or "")
    await calling.propose(row)
    await calling.approve(row)
    await calling.work()
    found = await calling.standing(row)
    assert found.newest[0].state == "invalid_number"
    assert not found.pending
    call = next(one for one in calling.calls() if one.to == contact.phone)
    await calling.press(call, "accept")
    assert (await calling.standing(row)).newest[0].state == "accepted"


async def test_one_person_is_not_two(calling: Calling) -> None:
    stage = calling.stage
    row = await stage.one.ceremony.run((await stage.request(invitations="logged")).id)
    await calling.propose(row, name="olga")
    refused = await Refused.of(calling.approve(row, name="olga"))
    assert refused.code == "campaign.two-persons"
    assert calling.letters() == []


async def test_approving_twice_asks_nobody_twice(calling: Calling) -> None:
    row = await calling.started()
    await calling.approve(row)
    await calling.work()
    assert len(calling.letters()) == 5
    assert (await Refused.of(calling.approve(row, name="sofia"))).code == "campaign.started"


def test_an_operator_vacates_nothing() -> None:
    with pytest.raises(AccessRefusedError):
        require(person("olga", "operator"), "campaign.vacate")


async def test_no_seat_is_vacated_without_words_or_without_a_ground(calling: Calling) -> None:
    row = await calling.started()
    platform, by = calling.context.platform, acts("sven", "supervisor")
    for wanted, code in (
        (Vacating(seat=0, cause="conflict", note=" "), "campaign.text"),
        (Vacating(seat=0, cause="recusal", note="sick"), "campaign.no-ground"),
        (Vacating(seat=0, cause="venue", note="no"), "campaign.no-ground"),
        (Vacating(seat=0, cause="timeout", note="slow"), "campaign.no-ground"),
        (Vacating(seat=9, cause="conflict", note="kin"), "campaign.seat"),
    ):

        async def asked(wanted: Vacating = wanted) -> None:
            async with platform.database.write() as uow:
                await conflicts.vacate(uow, platform.now(), row.id, wanted, by=by)

        assert (await Refused.of(asked())).code == code
    assert not (await calling.standing(row)).pending


async def test_inventing_declines_until_a_friend_appears(calling: Calling) -> None:
    """Past the use cases, straight at the ceremony: the log shows no ground, so nothing is even logged."""
    row = await calling.started()
    before = await seated(calling, row)
    for cause in ("decline", "timeout", "leave", "no_show", "recusal", "venue"):
        grounds = Grounds(
            seat=0, cause=cause, invitation=1, note="x" if cause in {"recusal", "venue"} else None
        )
        with pytest.raises(ConflictError, match="no-ground"):
            await replace_seat(calling.context.ceremony, row.id, grounds)
    assert await seated(calling, row) == before


async def test_another_agencys_or_modes_campaign_is_not_there(calling: Calling) -> None:
    row = await calling.started()
    by = acts("alice", "agency")
    with pytest.raises(NotFoundError):
        await calling.context.platform.database.transact(
            lambda uow: find_draw(uow, _foreign(by.principal), row.id)
        )


def _foreign(principal: Any) -> Any:
    return replace(principal, agency_id="agency-2")


async def test_a_letters_secret_is_nowhere_once_it_was_delivered(calling: Calling) -> None:
    await calling.started()
    stored = await everything_stored(calling.context.platform.database)
    for letter in calling.letters():
        keys = letter.keys
        for needle in (
            letter.secret,
            letter.secret.hex().encode(),
            letters.encode(letter.secret).encode(),
            keys.auth.hex().encode(),
            keys.auth,
            keys.key,
            keys.arrival_code.encode(),
        ):
            assert needle not in stored
    async with calling.context.platform.database.engine.connect() as connection:
        left = await connection.execute(text("SELECT count(*) FROM outbox WHERE sealed_payload IS NOT NULL"))
        voices = await connection.execute(text("SELECT count(*) FROM outbox WHERE channel = 'voice'"))
        assert left.scalar_one() == voices.scalar_one()


async def test_no_name_number_or_reason_in_tables_or_logs(
    calling: Calling, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await calling.started()
    first, *others = calling.fresh()
    await calling.say(first, "decline", reason="wrong_specialty")
    for letter in others:
        await calling.say(letter, "accept")
    await calling.work()
    stored = await everything_stored(calling.context.platform.database)
    out = capsys.readouterr()
    written = stored + caplog.text.encode() + out.out.encode() + out.err.encode()
    for record in calling.stage.pool.records:
        # Whoever prepared the documents stands in the project, as its agency told.
        known = record.person in calling.stage.pool.prepared_by
        for needle in (record.name, record.id, *(() if known else (record.person,))):
            assert needle.encode() not in written
    assert b"wrong_specialty" not in written
    phones = {one.to for one in calling.lines["sms"].taken}
    assert len(phones) == 6
    assert not [one for one in phones if one.encode() in written]
