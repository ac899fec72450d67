"""Cases (立案): who opens and decides them, what follows from a decision, and what is refused."""

import asyncio
from typing import Any, get_args

import pytest

from app.api.case_schemas import Outcome, Reason
from app.usecases.room.cases import MAX_CASES
from remote_eval.case_file import OUTCOMES, REASONS
from tests.support.arriving import COUNTY
from tests.support.cases_opened import NODE, WORDS, broken, draw, get, opened, post
from tests.support.room_troubles import vacating
from tests.support.rooms_served import Room
from tests.support.troubles import accepted_by_both, expect, refusal

pytestmark = pytest.mark.anyio


async def test_a_case_is_decided_and_handed_over_each_step_in_the_log(room: Room) -> None:
    await room.open()
    expert = (await room.expert(0)).client
    wanted = await vacating(room, 0, "-")
    case = await opened(room, member=expert.member)
    assert (await get(room, f"/cases/{case}"))["seat"] == wanted["seat"]
    decision = {"outcome": "vacated", "cause": "recusal", "reason": "违规携带通讯设备"}
    early = await post(room, "sven", f"/cases/{case}/closure", {"reason": "不成立"})
    assert refusal(early) == (409, "case.state")
    assert not expert.closed.is_set()
    decided = expect(await post(room, "sven", f"/cases/{case}/decision", decision), 200)
    assert (decided["state"], decided["outcome"]) == ("decided", "vacated")
    # The seat passes on by the campaign's own way, and the note there names the case.
    note = (await room.arriving.calling.standing(room.arriving.row)).newest[wanted["seat"] - 1].reason
    assert note is not None
    assert case in note
    await room.arriving.calling.work()
    assert await expert.ended() == 4003
    again = await post(room, "sven", f"/cases/{case}/decision", decision)
    assert refusal(again) == (409, "case.state")
    to = {"to": "某市住房和城乡建设局", "reason": "涉嫌违纪"}
    expect(await post(room, "sven", f"/cases/{case}/transfer", to), 200)
    (told,) = (await get(room, f"/draws/{draw(room)}/cases"))["items"]
    assert [(one["state"], one["by"], one["words"], one["to"]) for one in told["steps"]] == [
        ("opened", "sven", WORDS, None),
        ("decided", "sven", "违规携带通讯设备", None),
        ("transferred", "sven", "涉嫌违纪", "某市住房和城乡建设局"),
    ]
    _, course = await room.arriving.stage.one.ceremony.shown(room.arriving.row)
    logged = [(index, entry.body["digest"]) for index, entry in course.all("record", topic="case")]
    assert logged == [(one["log_index"], one["digest"]) for one in told["steps"]]
    assert await broken(room, case) == set()
    # What else stands in the log of a draw with cases is no worse for it, to either verifier.
    await accepted_by_both(room.arriving, "revealed")


async def test_a_case_without_ground_is_closed_with_the_reason_and_nobody_leaves(room: Room) -> None:
    case = await opened(room, seat=1)
    before = await room.arriving.calling.standing(room.arriving.row)
    stays = {"outcome": "stays", "reason": "经核查为场地工作手机"}
    expect(await post(room, "sven", f"/cases/{case}/decision", stays), 200)
    expect(await post(room, "sven", f"/cases/{case}/closure", {"reason": "未开机，不成立"}), 200)
    assert (await room.arriving.calling.standing(room.arriving.row)).states() == before.states()
    told = await get(room, f"/cases/{case}")
    assert (told["state"], told["outcome"], len(told["steps"])) == ("closed", "stays", 3)
    for path, body in (("decision", stays), ("closure", {"reason": "再次"})):
        assert refusal(await post(room, "sven", f"/cases/{case}/{path}", body)) == (409, "case.state")


async def test_a_replacement_that_cannot_be_leaves_the_case_undecided(room: Room) -> None:
    """Case and seat move in one transaction: neither goes without the other."""
    nobody, somebody = await opened(room), await opened(room, seat=1)
    vacated = {"outcome": "vacated", "cause": "recusal", "reason": "更换"}
    answer = await post(room, "sven", f"/cases/{nobody}/decision", vacated)
    assert [one["code"] for one in answer.json()["errors"]] == ["case.no-seat"]
    answer = await post(room, "sven", f"/cases/{nobody}/decision", vacated | {"cause": None})
    assert [one["code"] for one in answer.json()["errors"]] == ["case.no-seat", "case.cause"]
    answer = await post(room, "sven", f"/cases/{somebody}/decision", vacated | {"cause": None})
    assert [one["code"] for one in answer.json()["errors"]] == ["case.cause"]
    expect(await post(room, "olga", f"/draws/{draw(room)}/campaign/cancel", {"reason": "项目取消"}), 200)
    assert refusal(await post(room, "sven", f"/cases/{somebody}/decision", vacated)) == (
        409,
        "campaign.state",
    )
    for case in (nobody, somebody):
        told = await get(room, f"/cases/{case}")
        assert (told["state"], len(told["steps"])) == ("opened", 1)


async def test_of_two_decisions_at_once_one_stands(room: Room) -> None:
    case = await opened(room, seat=1)
    stays = [{"outcome": "stays", "reason": reason} for reason in ("查无实据", "未开机")]
    answers = await asyncio.gather(*(post(room, "sven", f"/cases/{case}/decision", one) for one in stays))
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert len((await get(room, f"/cases/{case}"))["steps"]) == 2
    assert await broken(room, case) == set()


async def test_only_supervision_opens_decides_and_reads(room: Room) -> None:
    case = await opened(room, seat=1)
    asked = {"reason": "phone-found-inside", "text": WORDS}
    # An agency's key is tried at every door by `test_rights_walk`.
    for who in ("olga", "dana", "wanda"):
        for path, body in (
            (f"/draws/{draw(room)}/cases", asked),
            (f"/cases/{case}/decision", {"outcome": "stays", "reason": "-"}),
            (f"/cases/{case}/transfer", {"to": "某局", "reason": "-"}),
            (f"/cases/{case}/closure", {"reason": "-"}),
        ):
            assert refusal(await post(room, who, path, body)) == (403, "access.role"), (who, path)
        for path in (f"/draws/{draw(room)}/cases", f"/cases/{case}", f"/cases/{case}/check"):
            assert refusal(await room.arriving.get(who, path)) == (403, "access.role"), (who, path)
    for path in ("/cases/cas_none", "/cases/cas_none/check"):
        assert refusal(await room.arriving.get("sven", path)) == (404, "case.unknown")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"seat": 99}, "case.seat"),
        ({"member": "mem_none"}, "case.member"),
        ({"member": "mem_none", "seat": 1}, "case.member"),
        ({"alert": "alr_none"}, "case.alert"),
        ({"node": NODE}, "case.node"),
        ({"node": f"{COUNTY}/conduct"}, "case.node"),
    ],
)
async def test_what_a_case_names_has_to_be_of_this_draw(room: Room, asked: dict[str, Any], code: str) -> None:
    await room.open()
    answer = await post(
        room, "sven", f"/draws/{draw(room)}/cases", {"reason": "tampering", "text": "-"} | asked
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "case.refused")
    assert [one["code"] for one in answer.json()["errors"]] == [code]
    assert (await get(room, f"/draws/{draw(room)}/cases"))["items"] == []


async def test_everything_that_is_wrong_with_a_case_is_told_at_once(room: Room) -> None:
    await room.open()
    wrong = {"seat": 99, "alert": "alr_none", "node": NODE}
    asked = {"reason": "tampering", "text": "-"} | wrong
    answer = await post(room, "sven", f"/draws/{draw(room)}/cases", asked)
    assert [one["code"] for one in answer.json()["errors"]] == ["case.seat", "case.alert", "case.node"]


async def test_what_is_too_long_unlisted_or_blank_is_refused(room: Room) -> None:
    whole = {"reason": "tampering", "text": "-"}
    for wrong in (
        {"reason": "dislike"},
        {"text": ""},
        {"text": "长" * 1_001},
        {"seat": 0},
        {"node": "conduct"},
        {"name": "某人"},
    ):
        answer = await post(room, "sven", f"/draws/{draw(room)}/cases", whole | wrong)
        assert refusal(answer) == (400, "request.invalid"), wrong
    longest = await opened(room, text="长" * 1_000)
    for wrong in ({"reason": "长" * 151}, {"outcome": "promoted"}, {"reason": ""}):
        body = {"outcome": "stays", "reason": "-"} | wrong
        assert refusal(await post(room, "sven", f"/cases/{longest}/decision", body))[0] == 400


async def test_every_listed_reason_and_outcome_is_taken_and_no_more_cases_than_the_limit(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_CASES == 100
    monkeypatch.setattr("app.usecases.room.cases.MAX_CASES", len(REASONS))
    for reason in REASONS:
        await opened(room, reason=reason)
    more = await post(room, "sven", f"/draws/{draw(room)}/cases", {"reason": REASONS[0], "text": "-"})
    assert refusal(more) == (409, "case.too-many")
    told = (await get(room, f"/draws/{draw(room)}/cases"))["items"]
    assert [one["reason"] for one in told] == list(REASONS)
    # What the form of a request lists is what the core knows.
    assert (get_args(Reason), get_args(Outcome)) == (REASONS, OUTCOMES)


async def test_the_same_key_opens_one_case_however_often_it_is_sent(room: Room) -> None:
    client, tokens = room.arriving.client, room.arriving.tokens
    headers = {"Authorization": f"Bearer {tokens['sven']}", "Idempotency-Key": "case-once"}
    asked, path = {"reason": "tampering", "text": WORDS}, f"/v1/draws/{draw(room)}/cases"
    first = await client.post(path, json=asked, headers=headers)
    again = await client.post(path, json=asked, headers=headers)
    assert (first.status_code, again.json()) == (201, first.json())
    assert len((await get(room, f"/draws/{draw(room)}/cases"))["items"]) == 1
