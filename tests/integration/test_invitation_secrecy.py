"""Nobody reads who was drawn before their moment: a whole life of a draw, looked at by everybody.

At every moment every role reads every route that is served, and the disk, the logs, the nodes' books and the
stored answers are searched for names, numbers, phones, ids, reasons and the secrets of letters. What is
lawful is written down here, with its reason, and nothing else passes. The searches themselves can fail: the
last tests put a name where it does not belong and see it found.
"""

import json
import logging
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
import structlog
from fastapi import Request

from app.gateways.messages import Outcome, Outgoing
from app.gateways.spool import Spool
from app.store.unit_of_work import Database
from app.usecases import invites
from draw.letters import sign_statement
from tests.integration.test_relay_box import Browser as RelayBrowser
from tests.support.arriving import CITY, COUNTY, ORIGIN, Arriving, assembled, hired
from tests.support.calling import Calling, Letter, Line, later, plan_of, set_calling
from tests.support.onlookers import (
    REASON,
    Lawful,
    Leak,
    Needle,
    Watch,
    files_in,
    found_in,
    hire_stranger,
    holders_of,
    kept_in,
    needles_of,
    nothing,
    role_of,
    secrets_of,
    set_watch,
)
from tests.support.service import Service
from tests.support.stage import set_stage
from tests.support.troubles import come, everyone, expect, open_room, proved, sit, staff_office

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]


@dataclass
class Spooled:
    """A carrier's line that also lays every message into a real spool."""

    line: Line
    spool: Spool

    @property
    def name(self) -> str:
        return self.line.name

    @property
    def taken(self) -> list[Outgoing]:
        return self.line.taken

    async def send(self, outgoing: Outgoing) -> Outcome:
        await self.spool.send(outgoing)
        return await self.line.send(outgoing)


@dataclass
class Secret:
    """A case, whoever listens to it, its disk and what it has logged."""

    case: Arriving
    watch: Watch
    folder: Path
    lines: list[str]
    caplog: pytest.LogCaptureFixture

    async def needles(self) -> list[Needle]:
        """Of everybody who sits or ever got a letter."""
        held = await invites.holders(self.case.calling.context.platform, self.case.row)
        holders = await holders_of(self.case)
        sitting = {f"seat {one.seat}": one.record.id for one in held if one is not None}
        return needles_of(self.case, holders | sitting)

    async def look(self, lawful: Lawful = nothing, *, least: int = 60) -> Counter[str]:
        """Everybody looks everywhere; how many answers each route gave."""
        self.watch.ids["letter_id"] = [one.keys.id for one in self.case.calling.letters()] or ["x"]
        given = await self.watch.walk()
        assert given.total() >= least
        needles = await self.needles()
        assert self.watch.leaks(needles, lawful) == set()
        assert found_in(await self.stored(), needles) == set()
        return given

    async def stored(self) -> dict[str, bytes]:
        """Tables, files with their names, log lines; of the spool the names of its files."""
        spool = self.folder / "spool"
        names = {"spool names": "\n".join(one.name for one in spool.glob("*")).encode()}
        # What the tests' own client logs is the browser's business, not the server's.
        own = [one.getMessage() for one in self.caplog.records if ORIGIN not in one.getMessage()]
        told = {"log": "\n".join([*self.lines, *own]).encode()}
        kept = await kept_in(self.case.platform.database)
        return kept | files_in(self.folder, but=[spool]) | names | told


def spooled(calling: Calling, folder: Path) -> None:
    """Every line also lays its messages into a spool."""
    clock = calling.stage.clock
    lines: dict[str, Any] = calling.lines
    for channel, line in list(lines.items()):
        lines[channel] = Spooled(line, Spool(name=line.name, folder=folder, clock=clock))


@pytest.fixture
async def drawn(
    database: Database, tmp_path: Path, lines: list[str], caplog: pytest.LogCaptureFixture
) -> Secret:
    """Five experts are drawn; nobody was asked."""
    caplog.set_level(logging.DEBUG)
    stage = await set_stage(database, tmp_path / "parties")
    calling = await set_calling(stage)
    spooled(calling, tmp_path / "spool")
    case = assembled(calling, await stage.one.ceremony.run((await stage.request(invitations="logged")).id))
    case.tokens = await case.platform.database.transact(lambda uow: hired(uow, stage))
    await staff_office(case)
    await hire_stranger(case)
    return Secret(case, set_watch(case), tmp_path, lines, caplog)


@pytest.fixture
async def morning(
    arriving: Arriving, tmp_path: Path, lines: list[str], caplog: pytest.LogCaptureFixture
) -> Secret:
    """Everybody has accepted and is on the way."""
    caplog.set_level(logging.DEBUG)
    spooled(arriving.calling, tmp_path / "spool")
    await staff_office(arriving)
    await hire_stranger(arriving)
    return Secret(arriving, set_watch(arriving), tmp_path, lines, caplog)


async def answered(secret: Secret, letter: Letter, answer: str, reason: str | None = None) -> httpx.Response:
    """An answer over the API, as the page gives it."""
    case, bearer = secret.case, {"Authorization": f"Letter {letter.keys.auth.hex()}"}
    path = f"/v1/letters/{letter.keys.id}"
    page = expect(await case.client.get(path, headers=bearer), 200)
    code, at = await case.calling.code(letter), case.platform.now()
    said = {
        "answer": answer,
        "at": at,
        "signature": sign_statement(letter.keys.reply, page["draw"], page["n"], answer, at).hex(),
        "code": code,
        "reason": reason,
    }
    key = {"Idempotency-Key": f"reply-{letter.keys.id}-{answer}"}
    done = await case.client.post(f"{path}/replies", json=said, headers=bearer | key)
    assert done.status_code == 200, done.text
    again = await case.client.post(f"{path}/replies", json=said, headers=bearer | key)
    assert again.headers["idempotency-replayed"] == "true"
    return done


async def test_from_the_draw_to_the_sealed_roster_nobody_sees_who_was_asked(drawn: Secret) -> None:
    """Before anybody arrives there is nothing of it that anybody may see, but each their own letter."""
    case, calling = drawn.case, drawn.case.calling
    await drawn.look()
    order = {"owner": "王工", "plan": plan_of(calling, case.row)}
    expect(await case.post("olga", f"/draws/{case.row.id}/campaign", order), 201)
    expect(await case.post("sven", f"/draws/{case.row.id}/campaign/approval"), 200)
    await calling.work()
    await drawn.look()

    first, second, third, *others = calling.fresh()
    await answered(drawn, first, "decline", REASON)
    await answered(drawn, second, "accept")
    await calling.press(call_to(calling, third), "accept")
    await drawn.look()

    await calling.work()
    for letter in [*others, *calling.fresh()]:
        await calling.say(letter, "accept")
    await answered(drawn, second, "leave", REASON)
    await calling.work()
    await calling.fill(case.row)
    assert (await calling.standing(case.row)).campaign.state == "sealed"
    assert len(await holders_of(case)) == 7
    await drawn.look()
    assert drawn.lines


def call_to(calling: Calling, letter: Letter) -> Outgoing:
    """The call that asks for keys on the phone that a letter came to."""
    return next(one for one in calling.calls() if one.to == letter.to)


@dataclass
class Moments:
    """What is lawful at a day's moment, and why; `venues` are the centres by expert."""

    draw: str
    venues: Mapping[str, str]
    room: bool = False
    proof: bool = False
    result: bool = False
    used: set[str] = field(default_factory=set)

    def __call__(self, who: str, where: str, needle: Needle) -> bool:
        """The exceptions, one by one; which of them were made use of is kept."""
        named = next((name for name in self._named(who, where, needle)), None)
        self.used |= {named} if named is not None else set()
        return named is not None

    def _named(self, who: str, where: str, needle: Needle) -> Iterator[str]:
        role, own = role_of(who), {"dana": CITY, "dora": CITY, "carlo": COUNTY}.get(who)
        at_own_site = own is not None and self.venues.get(needle.owner) == own
        name, roster = needle.kind == "name", f"GET /v1/draws/{self.draw}/roster"
        if name and where == "POST /v1/desk/arrivals" and at_own_site:
            # The desk is told the name of whoever stands before it, with card and code.
            yield "T1"
        if name and where == roster and self.room and (role == "supervisor" or at_own_site):
            # Supervision sees the whole committee, a centre its own people.
            yield "T2"
        if name and where == roster and self.result and role == "operator":
            yield "T3: the archive"
        in_pool = needle.kind in {"name", "person", "expert"}
        if in_pool and self.proof and where == f"GET /v1/draws/{self.draw}/pool-file" and who == "sven":
            # With the open proof the supervisor of the draw judges everybody anew.
            yield "pool file"


async def test_on_the_day_each_sees_what_their_tier_opens_and_no_more(morning: Secret) -> None:
    case, calling = morning.case, morning.case.calling
    letters = everyone(case)
    holders = await holders_of(case)
    venues = {holders[letter.keys.id]: (await calling.of(letter)).venue_site for letter in calling.letters()}
    lawful = Moments(draw=case.row.id, venues=venues)
    await morning.look(lawful)

    first = await come(case, letters[0], 1)
    morning.watch.ids["arrival_id"] = [first]
    morning.watch.ids |= await put_on_record(case)
    given = await morning.look(lawful)
    # Each of them is read by somebody: else nothing would be searched there.
    assert [route for route in OF_THE_DAY if not given[route]] == []

    for number, letter in enumerate(letters[1:], 2):
        await come(case, letter, number)
    browser, _code = await sit(case, first, CITY)
    await calling.until(case.row.evaluation_from or "")
    expect(await open_room(case), 200)
    lawful.room = True
    await morning.look(lawful)
    assert unread(await roster(case, "sven"), await names(case, letters)) == []

    await proved(case)
    lawful.proof = True
    await morning.look(lawful)

    expect(await open_room(case, "olga", tier=3), 200)
    lawful.result = True
    await morning.look(lawful)
    assert unread(await roster(case, "olga"), await names(case, letters)) == []
    assert lawful.used == {"T1", "T2", "T3: the archive", "pool file"}
    assert browser.token.encode() not in b"".join((await morning.stored()).values())


# What hangs on one booking, arrival, case or file.
OF_THE_DAY = (
    "/v1/bookings/{booking_id}",
    "/v1/desk/arrivals/{arrival_id}",
    "/v1/cases/{case_id}",
    "/v1/cases/{case_id}/check",
    "/v1/venues/{site_id}/relay/{item_id}",
)


async def put_on_record(case: Arriving) -> dict[str, list[str]]:
    """A case about somebody's seat and a file in the relay box; their ids and the booking's."""
    (booking,) = expect(await case.get("olga", "/bookings"), 200)["items"]
    breach = {"reason": "phone-found-inside", "text": "席位发现手机", "seat": 1}
    opened = expect(await case.post("sven", f"/draws/{case.row.id}/cases", breach), 201)

    async def post(who: str, path: str, body: object) -> httpx.Response:
        return await case.post(who, path.removeprefix("/v1"), body)

    dana = RelayBrowser(
        cast("Service", SimpleNamespace(platform=case.platform, post=post)), "dana", site=CITY
    )
    expect(await dana.register(), 201)
    put = expect(await case.post("dana", f"/venues/{CITY}/relay", dana.put(booking["id"])), 201)
    return {"booking_id": [booking["id"]], "case_id": [opened["case"]], "item_id": [put["id"]]}


async def roster(case: Arriving, who: str) -> str:
    return (await case.get(who, f"/draws/{case.row.id}/roster")).text


def unread(shown: str, wanted: list[str]) -> list[str]:
    return [one for one in wanted if one not in shown]


async def names(case: Arriving, letters: list[Letter]) -> list[str]:
    return [await case.name(one) for one in letters]


async def test_no_refusal_repeats_what_was_sent(morning: Secret) -> None:
    """Everybody knocks at every door with a person's data as members, values and ids."""
    case = morning.case
    letter = everyone(case)[0]
    number, name = await case.document(letter), await case.name(letter)
    await morning.watch.knock({name: number, "document": number, "code": letter.keys.arrival_code})
    await morning.watch.knock({"id": {number: name}, "name": [name], "login": number, "reason": REASON})
    for path in (f"/v1/{number}", f"/v1/draws/{number}", f"/v1/letters/{letter.secret.hex()}"):
        await case.client.get(path)
        await case.get("sven", path.removeprefix("/v1"))
    needles = await morning.needles()
    assert morning.watch.leaks(needles) == set()
    assert found_in(await morning.stored(), needles) == set()


async def test_the_spool_is_its_owners_and_tells_nothing_by_its_names(drawn: Secret) -> None:
    """The exception: whoever fetches messages finds texts there, so nobody else may."""
    case = drawn.case
    order = {"owner": "王工", "plan": plan_of(case.calling, case.row)}
    expect(await case.post("olga", f"/draws/{case.row.id}/campaign", order), 201)
    expect(await case.post("sven", f"/draws/{case.row.id}/campaign/approval"), 200)
    await case.calling.work()
    folder = drawn.folder / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert len(files) >= 10
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
    spooled_texts = {one.name: one.read_bytes() for one in files}
    assert {one.kind for one in found_in(spooled_texts, await drawn.needles())} == {"phone", "letter secret"}


async def test_what_nobody_fetched_in_its_time_does_not_stay_in_the_spool(drawn: Secret) -> None:
    """A link in a file is a link: once its term is over the file goes, and what is still of use stays."""
    case = drawn.case
    await started(drawn)
    folder = drawn.folder / "spool"
    before = {one.name for one in folder.iterdir()}
    assert len(before) >= 10
    first = [one for letter in case.calling.letters() for one in secrets_of(letter, "")]
    await case.calling.until(later(case.row.evaluation_to or "", hours=1))
    expect(await case.post("olga", f"/draws/{case.row.id}/campaign/cancel", {"reason": "项目取消"}), 200)
    await case.calling.work()
    left = [json.loads(one.read_bytes()) for one in folder.iterdir()]
    assert left
    assert not before & {f"{one['id']}.json" for one in left}
    assert all(one["expires_at"] > case.platform.now() for one in left)
    texts = {one.name: one.read_bytes() for one in folder.iterdir()}
    assert found_in(texts, first) == set()


# -- the searches can fail


async def test_a_new_route_that_leaks_is_found_by_itself(drawn: Secret) -> None:
    case = drawn.case
    await started(drawn)
    letter = case.calling.letters()[0]
    name = await case.name(letter)

    async def forgotten(draw_id: str, request: Request) -> dict[str, str]:
        return {"seat": name} if "authorization" in request.headers else {"draw": draw_id}

    case.app.add_api_route("/v1/draws/{draw_id}/forgotten", forgotten, methods=["GET"])
    drawn.watch.ids["letter_id"] = [letter.keys.id]
    await drawn.watch.walk()
    found = drawn.watch.leaks(await drawn.needles())
    assert {one.where for one in found} == {f"GET /v1/draws/{case.row.id}/forgotten"}
    assert {one.kind for one in found} == {"name"}
    assert "-" not in {one.by for one in found}
    assert {"alice", "mallory", "olga", "sven", "dana", "carlo", "wanda"} <= {one.by for one in found}


async def test_a_route_that_asks_for_something_unknown_is_not_passed_over(drawn: Secret) -> None:
    async def forgotten(guest_id: str) -> str:
        return guest_id

    drawn.case.app.add_api_route("/v1/guests/{guest_id}", forgotten, methods=["GET"])
    drawn.watch.ids["letter_id"] = ["x"]
    with pytest.raises(KeyError, match="guest_id"):
        await drawn.watch.walk()


async def test_the_search_of_the_disk_would_find_each_kind(drawn: Secret) -> None:
    """One row, one file and one log line with everything in it: every kind is seen in each of them."""
    await started(drawn)
    needles = await drawn.needles()
    kinds = {one.kind for one in needles}
    assert kinds == {
        "name", "expert", "identity number", "person", "phone", "reason",
        "letter secret", "letter proof", "letter key", "letter session", "arrival code",
    }  # fmt: skip
    written = " ".join(one.forms[-1 if one.kind.startswith("letter") else 0].decode() for one in needles)
    database = drawn.case.platform.database
    async with database.write() as uow:
        await uow.idempotency.reserve("person:x", "k", digest=bytes(32), lease_until="2", now="1")
        await uow.idempotency.answer(
            "person:x", "k", lease_until="2", status=200, headers={}, response=written.encode(), log_size=None
        )
    (drawn.folder / "parties" / "export.json").write_text(written)
    structlog.get_logger("x").info("x", told=written)
    found = found_in(await drawn.stored(), needles)
    for place in ("idempotency.response", "parties/export.json", "log"):
        assert {one.kind for one in found if one.where == place} == kinds, place
    assert leaked_by_disk(found) <= {
        "idempotency.response",
        "parties/export.json",
        "log",
        *sqlite_files(found),
    }


def leaked_by_disk(found: set[Leak]) -> set[str]:
    return {one.where for one in found}


def sqlite_files(found: set[Leak]) -> set[str]:
    """The database's own files, where there are any: what a row holds stands there, too."""
    return {one.where for one in found if one.where.startswith("qiantong.sqlite")}


async def started(secret: Secret) -> None:
    """Two persons start the campaign, and its messages leave."""
    case = secret.case
    order = {"owner": "王工", "plan": plan_of(case.calling, case.row)}
    expect(await case.post("olga", f"/draws/{case.row.id}/campaign", order), 201)
    expect(await case.post("sven", f"/draws/{case.row.id}/campaign/approval"), 200)
    await case.calling.work()
