"""What came later keeps the secret, too: passkeys of experts, starts that were put off, draw terminals with
their starts, appointments, what becomes of recordings. Each table has rows and each route is answered while
everybody looks.

A table of a migration that is not filled here fails the test: fill it, then it is searched.
"""

import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from app.store.repositories.draw_terminals import DrawStart
from app.store.repositories.preservation import Custodian
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.operations import Actor
from app.usecases.room import preserving
from app.usecases.room.preserving import Said
from app.usecases.terminals import starts
from draw.model import DrawParameters
from remote_eval.room_ledger import GENESIS
from tests.integration.test_invitation_secrecy import Secret, drawn, started
from tests.support import people, venues
from tests.support.appointing import SPECIAL, Appointing, seated
from tests.support.arriving import CITY, ORIGIN
from tests.support.authenticator import SecurityKey
from tests.support.calling import Letter
from tests.support.draw_rooms import ROOM, Terminal
from tests.support.onlookers import Leak, files_in, found_in, holders_of, letter_token, needles_of
from tests.support.parties import seeded
from tests.support.rooms_served import as_service
from tests.support.service import Service
from tests.support.stage import PARAMETERS
from tests.support.troubles import expect

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]
__all__ = ["drawn"]
MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"
SINCE = "0016"
# What tells of these tables.
ROUTES = (
    "/v1/letters/{letter_id}/passkeys",
    "/v1/draws/{draw_id}/campaign",
    "/v1/draws/{draw_id}/start",
    "/v1/draws/{draw_id}/self-selection",
    "/v1/draw-terminals",
    "/v1/appointments",
    "/v1/appointments/{appointment_id}",
    "/v1/proofs/{code}/appointments",
    "/v1/recording-custodian",
)


async def test_what_later_migrations_added_is_filled_read_by_everybody_and_tells_nobody(
    drawn: Secret,
) -> None:
    case = drawn.case
    await started(drawn)
    await passkey(drawn, case.calling.fresh()[0])
    await put_off(drawn)
    await start_at_a_terminal(drawn)
    chosen = await appointment(drawn)
    await preserved(drawn)

    given = await drawn.look()
    assert [route for route in ROUTES if not given[route]] == []
    stored = await drawn.stored()
    filled = {place.partition(".")[0] for place in stored}
    assert later_tables() - filled == set()
    # Nor who was chosen instead of drawn.
    drawn.watch.ids["letter_id"] = [one.keys.id for one in case.calling.letters()]
    await drawn.watch.walk()
    needles = needles_of(case, await holders_of(case) | {f"chosen {one}": one for one in chosen})
    assert drawn.watch.leaks(needles) == set()
    assert found_in(stored, needles) == set()


async def test_a_token_that_was_kept_or_logged_in_clear_would_be_found(drawn: Secret) -> None:
    """The search for what a letter's page makes for itself can fail."""
    await started(drawn)
    letter = drawn.case.calling.fresh()[0]
    await passkey(drawn, letter)
    needles = await drawn.needles()
    assert found_in(await drawn.stored(), needles) == set()
    (drawn.folder / "parties" / "dump").write_text(letter_token(letter.keys.id).hex())
    found: set[Leak] = found_in(files_in(drawn.folder), needles)
    assert "letter session" in {one.kind for one in found}


def later_tables() -> set[str]:
    """Tables that the migrations since `SINCE` made."""
    made: set[str] = set()
    for path in MIGRATIONS.glob("[0-9]*.py"):
        if path.name[:4] >= SINCE:
            made |= set(re.findall(r'create_table\(\s*"(\w+)"', path.read_text("utf-8")))
    assert {"letter_sessions", "draw_starts", "appointments"} <= made
    return made


async def passkey(secret: Secret, letter: Letter) -> None:
    """Signed in by a code, one passkey kept, one challenge open."""
    case, path = secret.case, f"/v1/letters/{letter.keys.id}"
    headers = {
        "Authorization": f"Letter {letter.keys.auth.hex()}",
        "Letter-Session": letter_token(letter.keys.id).hex(),
    }

    async def post(end: str, body: Any = None) -> dict[str, Any]:
        answer = await case.client.post(f"{path}{end}", json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    await post("/sessions", {"code": await case.calling.code(letter)})
    made = SecurityKey(origin=ORIGIN, host=ORIGIN.partition("://")[2])
    await post("/passkeys", made.create(await post("/passkeys/options")))
    await post("/passkeys/options")
    await post("/sessions/passkey/options")
    await case.calling.work()


async def put_off(secret: Secret) -> None:
    """The start is put off while people are being asked."""
    case = secret.case
    begins = to_text(from_text(case.row.evaluation_from or "") + timedelta(minutes=40))
    wanted = {"begins": begins, "reason": "equipment", "words": None}
    expect(await case.post("olga", f"/draws/{case.row.id}/campaign/put-off", wanted), 200)
    await case.calling.work()


async def start_at_a_terminal(secret: Secret) -> None:
    """An enrolled terminal, and the draw's start at it as it stands after `begin`."""
    case = secret.case
    city = venues.site(CITY)
    city["zones"].append({"id": ROOM, "kind": "draw", "name": "一号抽取室", "rooms": []})
    expect(await case.post("olga", "/venues", venues.plan(city)), 201)

    async def post(who: str, path: str, body: object = None) -> httpx.Response:
        return await case.post(who, path.removeprefix("/v1"), body)

    terminal = Terminal(api=cast("Service", SimpleNamespace(app=case.app, post=post)), site=CITY)
    expect(await terminal.propose(), 201)
    expect(await terminal.approve("sven"), 200)
    now = case.platform.now()
    start = DrawStart(
        id="dst_look",
        draw_id=case.row.id,
        terminal_id=terminal.id,
        challenge=seeded("start", 1),
        origin=ORIGIN,
        request="ab" * 32,
        operator="olga",
        asked_at=now,
        expires_at=now,
    )

    async def work(uow: UnitOfWork) -> None:
        await uow.draw_terminals.add_start(start)
        assert await uow.draw_terminals.supervise(start.id, by="sven", at=now)
        assert await uow.draw_terminals.begin(start.id, signature=bytes(64), at=now)
        await starts.anchor(case.platform, uow, case.row.id, now=now)

    await case.platform.database.transact(work)


async def appointment(secret: Secret) -> list[str]:
    """Five experts chosen for another section; their ids in the pool."""
    case = secret.case
    appointing = Appointing(calling=case.calling)
    await appointing.register("chosen", "tender.cn")
    parameters = DrawParameters.from_json(PARAMETERS)
    friends = await appointing.friends(parameters, besides=case.row, section="chosen")
    direct = {"way": "direct", "reason": SPECIAL, "parameters": PARAMETERS, "section": "chosen"}
    asked = appointing.proposal(seated(parameters, friends), **direct)
    row = await appointing.propose(asked, name="requester", role="agency")
    secret.watch.ids["appointment_id"] = [row.id]
    return [one.id for one in friends]


async def preserved(secret: Secret) -> None:
    """A closed room whose recordings somebody holds, and their custodian; `test_preservation` reads it."""
    case = secret.case
    keeper = await people.person(as_service(case), "keeper", "operator", site=None)
    row = RoomRow(
        id="room_look",
        draw_id=case.row.id,
        engine="lite",
        part=0,
        opened_at="2026-11-24T01:00:00.000Z",
        opened_by="olga",
        closed_at="2026-11-24T05:00:00.000Z",
        head=GENESIS,
    )
    actor = Actor(person="sven", address="local", source="api")

    async def work(uow: UnitOfWork) -> None:
        await uow.rooms.add(row)
        said = Said(actor=actor, words="投诉调查期间不得销毁")
        await preserving.hold(uow, case.platform, row, said)
        named = Custodian(user_id=keeper.id, named_by="olga", at=case.platform.now())
        await uow.preservation.name_custodian(named)

    await case.platform.database.transact(work)
