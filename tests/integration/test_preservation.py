"""How long recordings of a closed room stay: terms on a clock that advances, holds that beat them, checks of
every byte, and deletion by two persons with a certificate in the log (R25, R27, R38).

A real recorder wrote what is kept here. The attacks are an operator's who would be rid of it, and those of
somebody who has the disk.
"""

import asyncio
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import update

from app.gateways.room_engines import RECORDINGS
from app.store.room_tables import room_members
from app.store.unit_of_work import UnitOfWork
from app.usecases.access import issue_key
from app.usecases.delivery.work import WorkContext
from app.usecases.room import deleting, fixity, recordings
from app.usecases.room.hooks import LONG_TIMERS
from app.usecases.room.preserving import DELETION_TIMER
from crypto.canonical import canonical, parse
from draw.letters import record_digest
from remote_eval.media.gateway.handover import site_folder
from remote_eval.media.recording.archive import Report, check
from tests.support.cases_opened import opened
from tests.support.onlookers import holders_of, needles_of, set_watch
from tests.support.parties import seeded
from tests.support.rooms_served import Room
from tests.support.troubles import expect, refusal

pytestmark = pytest.mark.anyio
YEARS = 15
HELD = {"reason": "投诉调查期间不得销毁"}
OVER = {"reason": "保存期限届满"}


class Kept:
    """A room that was recorded and closed, and its people as time goes by."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.folder = room.engines.folder(room.id) / RECORDINGS
        self.at = f"/rooms/{room.id}/recordings/preservation"

    @property
    def context(self) -> WorkContext:
        """What the worker's jobs are given."""
        rooms = self.room.engines.folder
        return replace(self.room.arriving.calling.context, recordings=lambda room: rooms(room) / RECORDINGS)

    async def post(self, who: str, path: str, body: object = None) -> httpx.Response:
        """An act."""
        return await self.room.arriving.post(who, f"{self.at}{path}", body)

    async def made(self, who: str, path: str, body: object = None) -> str:
        """An act that is done; what it is about."""
        answer = await self.post(who, path, body)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["subject"])

    async def read(self) -> dict[str, Any]:
        """Everything that is told."""
        return dict(expect(await self.room.arriving.get("sven", self.at), 200))

    async def term(self, klass: str) -> dict[str, Any]:
        """What is told of a class."""
        (found,) = [one for one in (await self.read())["terms"] if one["class"] == klass]
        return dict(found)

    async def custodian(self, login: str = "olga") -> None:
        """Name the custodian."""
        assert expect(await self.named(login), 200)["login"] == login

    async def named(self, login: str) -> httpx.Response:
        """Try to name somebody custodian."""
        arriving = self.room.arriving
        headers = {"Authorization": f"Bearer {arriving.tokens['olga']}", "Idempotency-Key": f"c-{login}"}
        return await arriving.client.put("/v1/recording-custodian", json={"login": login}, headers=headers)

    async def faults(self, klass: str = "evaluation") -> list[str]:
        """Why a deletion of a class cannot be proposed."""
        answer = await self.post("olga", "/deletions", {"class": klass, **OVER})
        assert refusal(answer) == (422, "preservation.refused")
        return [one["code"] for one in answer.json()["errors"]]

    async def later(self, **span: float) -> None:
        """Time goes by; whoever is still there gets a new key."""
        arriving = self.room.arriving
        arriving.stage.clock.advance(**span)
        for who, role in (("olga", "operator"), ("sven", "supervisor")):
            arriving.tokens[who] = await self.key(who, role)

    async def key(self, who: str, role: str) -> str:
        """A key of somebody who has an account, from now on."""
        database = self.room.arriving.platform.database
        return await database.transact(lambda uow: issued(uow, self.room, who, role))

    async def due(self, kind: str, subject: str) -> None:
        """The worker's job of a timer that is set, as the worker does it."""
        async with self.room.arriving.platform.database.read() as uow:
            timer = await uow.timers.get(kind, subject)
        assert timer is not None, (kind, subject)
        assert timer.due_at <= self.room.arriving.platform.now()
        await LONG_TIMERS[kind](self.context, subject, timer.due_at)

    async def waits(self, deletion: str) -> None:
        """The worker comes for an approved deletion, deletes nothing and takes the timer away."""
        files = self.media()
        await self.due(DELETION_TIMER, f"{self.room.id}/{deletion}")
        assert self.media() == files
        database = self.room.arriving.platform.database
        await database.transact(lambda uow: uow.timers.cancel(DELETION_TIMER, f"{self.room.id}/{deletion}"))

    def media(self) -> set[str]:
        """The files of media that are on the disk."""
        return {one.name for one in self.folder.glob("*.qtr")}


async def issued(uow: UnitOfWork, room: Room, who: str, role: str) -> str:
    now = room.arriving.stage.clock()
    user = await uow.users.by_login(who)
    assert user is not None
    return await issue_key(
        uow,
        person=user.person,
        role=role,
        agency_id=None,
        scopes=None,
        mode=user.mode,
        signing_key=None,
        expires_at=now + timedelta(days=400),
        now=now,
        secret=seeded("preservation", who, role, str(now)),
    )


@pytest.fixture
async def closed(room: Room) -> Kept:
    """A room with everybody in it was recorded and closed."""
    await room.open()
    every = await room.whole()
    await room.recorded()
    await every.witness.client.ask("phase", to="closed")
    await room.over()
    made = Kept(room)
    await made.later(days=0)
    return made


@pytest.fixture
async def kept(closed: Kept) -> Kept:
    """The same, with olga as custodian of the recordings."""
    await closed.custodian()
    return closed


async def test_fifteen_years_go_by_and_a_hold_beats_the_end_of_the_term(kept: Kept) -> None:
    files = kept.media()
    assert len(files) >= 2
    assert "preservation.term" in await kept.faults()
    hold = await kept.made("sven", "/holds", HELD)
    await kept.later(days=YEARS * 365)
    # Three leap days are missing: what ends by the calendar has not ended.
    assert await kept.faults() == ["preservation.term", "preservation.held"]
    await kept.later(days=10)
    assert await kept.faults() == ["preservation.held"]
    await kept.made("sven", f"/holds/{hold}/release", {"reason": "调查已结束"})
    deletion = await kept.made("olga", "/deletions", {"class": "evaluation", **OVER})
    assert await kept.faults() == ["preservation.asked"]
    # A hold that comes after the proposal beats it as well.
    second = await kept.made("sven", "/holds", HELD)
    answer = await kept.post("sven", f"/deletions/{deletion}/approval", OVER)
    assert refusal(answer) == (422, "preservation.refused")
    await kept.made("sven", f"/holds/{second}/release", {"reason": "误登记"})
    await kept.made("sven", f"/deletions/{deletion}/approval", OVER)
    assert kept.media() == files
    await kept.due(DELETION_TIMER, f"{kept.room.id}/{deletion}")
    assert kept.media() == set()
    await the_certificate_stands_in_the_log(kept, files)
    await nothing_is_missed(kept, len(files))
    # The worker may come again: nothing is left, and nothing more is written down.
    before = len((await kept.read())["acts"])
    await deleting.delete(kept.context, f"{kept.room.id}/{deletion}", "")
    assert len((await kept.read())["acts"]) == before
    assert await kept.faults() == ["preservation.nothing"]


async def the_certificate_stands_in_the_log(kept: Kept, files: set[str]) -> None:
    """Whoever has the certificate finds its digest in the log; it names every file and both persons."""
    (approval,) = [one for one in (await kept.read())["acts"] if one["kind"] == "approval"]
    document = parse(approval["body"]["certificate"].encode(), max_bytes=1_000_000)
    certificate = cast("dict[str, Any]", document)
    assert {one["file"] for one in certificate["files"]} == files
    assert certificate["proposed"]["by"] != certificate["approved"]["by"]
    _, course = await kept.room.arriving.stage.one.ceremony.shown(kept.room.arriving.row)
    logged = {index: entry.body["digest"] for index, entry in course.all("record", topic="recording")}
    assert logged[approval["body"]["log_index"]] == record_digest(canonical(document)).hex()


async def nothing_is_missed(kept: Kept, deleted: int) -> None:
    """What was deleted is no fault of the archive; its indexes and manifests still hold."""
    room = kept.room
    told = expect(await room.arriving.get("sven", f"/rooms/{room.id}/recordings/check"), 200)
    assert (told["ok"], told["faults"], told["deleted"]) == (True, [], deleted)
    parts = expect(await room.arriving.get("sven", f"/rooms/{room.id}/recordings"), 200)["parts"]
    track = parts[0]["recordings"][0]["track"]
    view = {"part": 1, "track": track, "reason": "复查"}
    answer = await room.arriving.post("sven", f"/rooms/{room.id}/recordings/views", view)
    assert refusal(answer) == (404, "recording.unknown")


async def test_public_areas_may_go_after_six_months_and_the_evaluation_stays(kept: Kept) -> None:
    cameras = await at_the_entrance(kept.room)
    public = {one for one in kept.media() if any(camera in one for camera in cameras)}
    assert 0 < len(public) < len(kept.media())
    await kept.later(days=180)
    assert await kept.faults("public") == ["preservation.term"]
    await kept.later(days=5)
    deletion = await kept.made("olga", "/deletions", {"class": "public", **OVER})
    assert await kept.faults("evaluation") == ["preservation.term"]
    await kept.made("sven", f"/deletions/{deletion}/approval", OVER)
    left = kept.media() - public
    await kept.due(DELETION_TIMER, f"{kept.room.id}/{deletion}")
    assert kept.media() == left
    assert [(one["class"], one["files"]) for one in (await kept.read())["terms"]] == [
        ("evaluation", len(left)),
        ("public", 0),
    ]


async def at_the_entrance(room: Room) -> set[str]:
    """The room's cameras look at the entrance: no plan of these tests has any there."""

    async def work(uow: UnitOfWork) -> set[str]:
        mine = room_members.c.room_id == room.id
        cameras = [one.id for one in await uow.rooms.members(room.id) if one.role == "camera"]
        moved = update(room_members).where(mine, room_members.c.id.in_(cameras)).values(zone="check-in")
        await uow.rooms._connection.execute(moved)
        return set(cameras)

    return await room.arriving.platform.database.transact(work)


async def test_what_a_case_froze_outlives_every_term(kept: Kept) -> None:
    await opened(kept.room, reason="tampering")
    await kept.later(days=20 * 366)
    assert await kept.faults() == ["preservation.case"]


async def test_a_flipped_byte_is_found_at_the_next_check_and_opens_one_incident(kept: Kept) -> None:
    expect(await kept.post("olga", "/checks"), 201)
    assert (await kept.read())["incidents"] == []
    flip(min(kept.folder.glob("*.qtr")))
    await kept.later(days=30, minutes=1)
    await kept.due(fixity.CHECK_TIMER, kept.room.id)
    told = await kept.read()
    check = next(one for one in reversed(told["acts"]) if one["kind"] == "check")
    assert (check["body"]["ok"], check["by"]) == (False, "worker")
    assert {one["code"] for one in check["body"]["faults"]} == {"recording.frame"}
    (incident,) = told["incidents"]
    await kept.later(days=30, minutes=1)
    await kept.due(fixity.CHECK_TIMER, kept.room.id)
    assert (await kept.read())["incidents"] == [incident]
    await kept.later(days=YEARS * 366)
    assert await kept.faults() == ["preservation.incident"]
    await kept.made("olga", f"/incidents/{incident}/closure", {"reason": "磁盘坏块，已换盘并从备份恢复"})
    assert (await kept.read())["incidents"] == []
    assert refusal(await kept.post("olga", f"/incidents/{incident}/closure", OVER)) == (
        404,
        "preservation.unknown",
    )


def flip(path: Path) -> None:
    """One byte in the middle of a file is another."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


async def test_what_a_site_handed_over_is_checked_and_goes_with_its_tracks(kept: Kept) -> None:
    copy = site_folder(kept.folder.parent, "ste_county")
    copy.mkdir(parents=True)
    # One track of the site was fetched with the index, which tells of the others as well.
    fetched = min(kept.folder.glob("*.qtr"))
    for one in (fetched, *kept.folder.glob("*.index")):
        shutil.copy(one, copy)
    assert expect(await kept.post("olga", "/checks"), 201)["ok"]
    flip(copy / fetched.name)
    assert not expect(await kept.post("olga", "/checks"), 201)["ok"]
    told = await kept.read()
    (fault,) = told["acts"][-2]["body"]["faults"]
    assert (fault["file"], fault["code"]) == (f"from/ste_county/{fetched.name}", "recording.frame")
    await kept.made("olga", f"/incidents/{told['incidents'][0]}/closure", {"reason": "主场副本完好"})
    await kept.later(days=YEARS * 366)
    deletion = await kept.made("olga", "/deletions", {"class": "evaluation", **OVER})
    await kept.made("sven", f"/deletions/{deletion}/approval", OVER)
    await kept.due(DELETION_TIMER, f"{kept.room.id}/{deletion}")
    assert kept.media() == set()
    assert list(copy.glob("*.qtr")) == []
    assert list(copy.glob("*.index")) != []


async def test_a_check_that_was_done_is_not_done_again_and_the_next_is_set(kept: Kept) -> None:
    await kept.later(days=30, minutes=1)
    async with kept.room.arriving.platform.database.read() as uow:
        timer = await uow.timers.get(fixity.CHECK_TIMER, kept.room.id)
    assert timer is not None
    await fixity.check(kept.context, kept.room.id, timer.due_at)
    # The worker died before it took the timer away: the same due time comes again.
    await fixity.check(kept.context, kept.room.id, timer.due_at)
    told = await kept.read()
    assert [one["kind"] for one in told["acts"]] == ["check"]
    assert told["next_check"] > timer.due_at


async def test_a_check_by_hand_is_not_the_last_one(kept: Kept) -> None:
    """The worker was late, and the custodian checked between the due time and its coming."""
    await kept.later(days=30, minutes=1)
    expect(await kept.post("olga", "/checks"), 201)
    due = (await kept.read())["next_check"]
    assert due > kept.room.arriving.platform.now()
    await kept.later(days=30, minutes=1)
    await kept.due(fixity.CHECK_TIMER, kept.room.id)
    told = await kept.read()
    assert [one["by"] for one in told["acts"] if one["kind"] == "check"] == ["olga", "worker"]
    assert told["next_check"] > due


async def test_files_that_are_deleted_while_a_check_reads_are_no_incident(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept.later(days=YEARS * 366)
    deletion = await kept.made("olga", "/deletions", {"class": "evaluation", **OVER})
    read = fixity.look

    async def slow(*given: Any) -> fixity.Verdict:
        monkeypatch.setattr(fixity, "look", read)
        await kept.made("sven", f"/deletions/{deletion}/approval", OVER)
        await kept.due(DELETION_TIMER, f"{kept.room.id}/{deletion}")
        return await read(*given)

    monkeypatch.setattr(fixity, "look", slow)
    assert refusal(await kept.post("olga", "/checks")) == (409, "preservation.moved")
    # The worker's is told the same, and comes again.
    await kept.due(fixity.CHECK_TIMER, kept.room.id)
    told = await kept.read()
    assert told["incidents"] == []
    assert [one["body"]["ok"] for one in told["acts"] if one["kind"] == "check"] == [True]


async def approved(kept: Kept) -> str:
    """The term is over and a deletion approved; the worker has not come yet."""
    await kept.later(days=YEARS * 366)
    deletion = await kept.made("olga", "/deletions", {"class": "evaluation", **OVER})
    await kept.made("sven", f"/deletions/{deletion}/approval", OVER)
    assert kept.media() != set()
    return deletion


async def test_a_hold_between_the_approval_and_the_worker_beats_the_approval(kept: Kept) -> None:
    deletion = await approved(kept)
    for hold in [await kept.made("sven", "/holds", HELD) for _ in range(2)]:
        await kept.waits(deletion)
        assert (await kept.read())["approved"] == [deletion]
        expect(await kept.post("olga", "/checks"), 201)
        assert (await kept.read())["acts"][-1]["body"]["deleted"] == 0
        assert (await kept.term("evaluation"))["files"] == len(kept.media())
        await kept.made("sven", f"/holds/{hold}/release", {"reason": "调查已结束"})
    await kept.due(DELETION_TIMER, f"{kept.room.id}/{deletion}")
    assert kept.media() == set()
    assert (await kept.read())["approved"] == []


async def test_an_incident_between_the_approval_and_the_worker_beats_the_approval(kept: Kept) -> None:
    deletion = await approved(kept)
    flip(min(kept.folder.glob("*.qtr")))
    assert not expect(await kept.post("olga", "/checks"), 201)["ok"]
    await kept.waits(deletion)
    (incident,) = (await kept.read())["incidents"]
    await kept.made("olga", f"/incidents/{incident}/closure", {"reason": "磁盘坏块"})
    await kept.due(DELETION_TIMER, f"{kept.room.id}/{deletion}")
    assert kept.media() == set()


async def test_a_case_between_the_approval_and_the_worker_beats_the_approval(kept: Kept) -> None:
    deletion = await approved(kept)
    await opened(kept.room, reason="tampering")
    await kept.waits(deletion)


async def test_whoever_does_not_wait_for_a_check_ends_its_reading(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over = threading.Event(), threading.Event()

    def endless(folder: Path, _anchors: object, *, ended: Callable[[], bool]) -> Report:
        begun.set()
        while True:
            try:
                check(folder, ended=ended)
            except InterruptedError:
                over.set()
                raise

    monkeypatch.setattr(recordings, "check", endless)
    looking = asyncio.create_task(recordings.checked(kept.folder, (), ()))
    assert await asyncio.to_thread(begun.wait, 10)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert await asyncio.to_thread(over.wait, 10)


async def test_a_folder_that_is_gone_is_an_incident(kept: Kept) -> None:
    kept.folder.rename(kept.folder.with_name("elsewhere"))
    await kept.later(days=30, minutes=1)
    await kept.due(fixity.CHECK_TIMER, kept.room.id)
    assert len((await kept.read())["incidents"]) == 1


async def test_nobody_but_the_custodian_tends_and_nobody_approves_the_own_word(closed: Kept) -> None:
    tokens = closed.room.arriving.tokens
    for path, body in (("/checks", None), ("/deletions", {"class": "evaluation", **OVER})):
        assert refusal(await closed.post("olga", path, body)) == (403, "preservation.custodian")
    for login in ("sven", "nobody"):
        answer = await closed.named(login)
        assert refusal(answer) == (422, "preservation.refused")
        assert [one["code"] for one in answer.json()["errors"]] == ["preservation.account"]
    await closed.custodian()
    for who, path in (("sven", "/checks"), ("olga", "/holds"), ("olga", "/deletions/x/approval")):
        assert refusal(await closed.post(who, path, HELD if path != "/checks" else None)) == (
            403,
            "access.role",
        )
    await closed.later(days=YEARS * 366)
    deletion = await closed.made("olga", "/deletions", {"class": "evaluation", **OVER})
    # The custodian got hold of a supervisor's key as well.
    mine, tokens["sven"] = tokens["sven"], await closed.key("olga", "supervisor")
    answer = await closed.post("sven", f"/deletions/{deletion}/approval", OVER)
    assert refusal(answer) == (403, "preservation.two-persons")
    tokens["sven"] = mine
    await closed.made("sven", f"/deletions/{deletion}/refusal", {"reason": "档案馆尚未接收"})
    assert (await closed.read())["proposals"] == []
    assert closed.media() != set()


async def test_a_room_that_runs_is_not_checked_and_nothing_of_it_is_deleted(room: Room) -> None:
    await room.open()
    kept = Kept(room)
    await kept.later(days=0)
    await kept.custodian()
    for path, body in (("/checks", None), ("/deletions", {"class": "evaluation", **OVER})):
        assert refusal(await kept.post("olga", path, body)) == (409, "recording.running")
    assert [one["until"] for one in (await kept.read())["terms"]] == [None, None]


async def test_what_is_read_of_it_names_nobody_who_was_drawn(kept: Kept) -> None:
    await kept.made("sven", "/holds", HELD)
    expect(await kept.post("olga", "/checks"), 201)
    arriving = kept.room.arriving
    watch = set_watch(arriving)
    watch.ids |= {"room_id": [kept.room.id]}
    given = await watch.walk("room_id")
    assert any(route.endswith("/recordings/preservation") for route, answers in given.items() if answers)
    assert watch.leaks(needles_of(arriving, await holders_of(arriving))) == set()
