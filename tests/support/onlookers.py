"""Everybody who might look, every way to look, and what they must not see of who was drawn.

`Watch` hears every answer that a case's API gives, whoever asked. `Watch.walk` lets every onlooker read every
GET route that is served, with every id there is: the routes come from the application, so that a new one is
walked by itself, and one whose path asks for something unknown here fails. `needles_of` knows every expert
who ever got a letter. What somebody may lawfully see is an argument; everything else is a `Leak`.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import FastAPI
from fastapi.routing import RouteContext
from sqlalchemy import text

from app.api.open_routes import served
from app.api.principals import RateLimiter
from app.store.repositories.projects import Agency
from app.store.schema import METADATA
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases.access import issue_key
from app.usecases.invitations import letters
from app.usecases.invitations.contacts import synthetic_contacts
from tests.support.arriving import CITY, COUNTY, STAFF, Arriving
from tests.support.calling import Letter
from tests.support.parties import seeded
from tests.support.stage import ORGS

REASON: Final = "wrong_specialty"
STRANGER: Final = "mallory"
NOBODY: Final = "-"
# Words that every reader of the interface's description knows.
_NOT_OF_ANYBODY: Final = frozenset({"/openapi.json"})


@dataclass(frozen=True, slots=True)
class Needle:
    """Something that must not be seen: what it is, of whose it is (expert id), and how it is written."""

    kind: str
    owner: str
    forms: tuple[bytes, ...]
    whole_word: bool = False

    def is_in(self, data: bytes) -> bool:
        """Whether any form stands in there."""
        # Of thousands of answers hardly one holds it: the slow search judges those alone.
        there = [form for form in self.forms if form in data]
        if not self.whole_word:
            return bool(there)
        return any(
            re.search(rb"(?<![0-9A-Za-z_])" + re.escape(form) + rb"(?![0-9A-Za-z_])", data) for form in there
        )


@dataclass(frozen=True, slots=True)
class Leak:
    """A needle, where it was seen, and by whom; it shows what it is, not what it says."""

    kind: str
    where: str
    by: str
    owner: str = field(repr=False)


Lawful = Callable[[str, str, Needle], bool]


def nothing(_who: str, _where: str, _needle: Needle) -> bool:
    """Nobody may see anything."""
    return False


def needles_of(case: Arriving, holders: Mapping[str, str]) -> list[Needle]:
    """What tells who was asked; `holders` are expert ids by letter id, of every letter so far."""
    pool, found = case.stage.pool, []
    contacts = synthetic_contacts(record.id for record in pool.records)
    for expert in sorted(set(holders.values())):
        at = next(n for n, one in enumerate(pool.records) if one.id == expert)
        record, person = pool.records[at], pool.people[at]
        phone = contacts[expert].phone or ""
        found += [
            Needle("name", expert, written(record.name)),
            Needle("expert", expert, written(record.id), whole_word=True),
            Needle("identity number", expert, written(person.id_number)),
            Needle("person", expert, (record.person.encode(), bytes.fromhex(record.person))),
            Needle("phone", expert, written(phone), whole_word=True),
        ]
    for letter in case.calling.letters():
        found += secrets_of(letter, holders[letter.keys.id])
    return [*found, Needle("reason", "", (REASON.encode(),), whole_word=True)]


def secrets_of(letter: Letter, owner: str) -> list[Needle]:
    """What a letter's holder alone has."""
    keys, secret, token = letter.keys, letter.secret, letter_token(letter.keys.id)
    return [
        Needle("letter session", owner, (token, token.hex().encode())),
        Needle("letter secret", owner, (secret, secret.hex().encode(), letters.encode(secret).encode())),
        Needle("letter proof", owner, (keys.auth, keys.auth.hex().encode())),
        Needle("letter key", owner, (keys.key, keys.key.hex().encode())),
        Needle("arrival code", owner, (keys.arrival_code.encode(),), whole_word=True),
    ]


def letter_token(letter_id: str) -> bytes:
    """The token that the page of a letter makes for itself, where somebody signs in there."""
    return seeded("letter session", letter_id)


def written(value: str) -> tuple[bytes, ...]:
    """A text as it may stand: plain, escaped for JSON, as hex, in UTF-16."""
    plain = value.encode()
    escaped = json.dumps(value)[1:-1].encode()
    return tuple(dict.fromkeys((plain, escaped, plain.hex().encode(), value.encode("utf-16-le"))))


async def holders_of(case: Arriving) -> dict[str, str]:
    """Whose every letter is."""
    return {one.keys.id: (await case.calling.of(one)).invited.expert for one in case.calling.letters()}


# -- who looks


def onlookers(case: Arriving) -> dict[str, dict[str, str]]:
    """Headers of everybody: staff by name, somebody without anything, and each bearer of a letter."""
    found = {name: {"Authorization": f"Bearer {token}"} for name, token in case.tokens.items()}
    for letter in case.calling.letters()[:2]:
        found[f"bearer of {letter.keys.id}"] = {
            "Authorization": f"Letter {letter.keys.auth.hex()}",
            "Letter-Session": letter_token(letter.keys.id).hex(),
        }
    return found | {NOBODY: {}}


async def hire_stranger(case: Arriving) -> None:
    """Somebody of an agency that has nothing to do with the draw."""
    now = case.stage.clock()

    known = await _agency(case)

    async def work(uow: UnitOfWork) -> str:
        await uow.projects.add_agency(replace(known, id="agency-2", name="another agency", org=ORGS[4]))
        return await issue_key(
            uow,
            person=STRANGER,
            role="agency",
            agency_id="agency-2",
            scopes=None,
            mode="live",
            signing_key=None,
            expires_at=now + timedelta(days=9),
            now=now,
            secret=seeded("onlookers", STRANGER),
        )

    case.tokens[STRANGER] = await case.platform.database.transact(work)


async def _agency(case: Arriving) -> Agency:
    async with case.platform.database.read() as uow:
        known = await uow.projects.agency("agency-1")
    assert known is not None
    return known


@dataclass
class Watch:
    """Hears every answer of a case's API from `set_watch` on."""

    case: Arriving
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)
    ids: dict[str, list[str]] = field(default_factory=dict)

    async def keep(self, response: httpx.Response) -> None:
        """Note who was told what."""
        await response.aread()
        request = response.request
        told = response.content + b"\n" + repr(sorted(response.headers.items())).encode()
        self.heard.append((self._who(request), f"{request.method} {request.url.path}", told))

    def _who(self, request: httpx.Request) -> str:
        shown = request.headers.get("authorization", "")
        known = {headers.get("Authorization", ""): who for who, headers in onlookers(self.case).items()}
        return known.get(shown, shown.partition(" ")[0] or NOBODY)

    async def walk(self, *about: str) -> Counter[str]:
        """Everybody reads everything that is served, or what has one of these ids in its path; how many
        answers were given, by route."""
        given: Counter[str] = Counter()
        for who, headers in onlookers(self.case).items():
            for route, path in readable(self.case.app, self.ids):
                if about and not any(f"{{{name}}}" in route for name in about):
                    continue
                answer = await self.case.client.get(path, headers=headers)
                assert answer.status_code < 500, (who, path)
                given[route] += answer.status_code == 200
        return given

    async def knock(self, body: Mapping[str, Any]) -> None:
        """Everybody sends `body` to everything that takes one, under ids that nothing has: refusals only."""
        for who, headers in onlookers(self.case).items():
            for method, path in changing(self.case.app):
                key = {"Idempotency-Key": f"knock-{who.replace(' ', '-')}-{len(self.heard)}"}
                answer = await self.case.client.request(method, path, json=body, headers=headers | key)
                assert answer.status_code >= 400 or path == "/v1/sessions", (who, method, path)

    def leaks(self, needles: Sequence[Needle], lawful: Lawful = nothing) -> set[Leak]:
        """What was told and not lawful; what was judged once is forgotten."""
        heard, self.heard = self.heard, []
        return {
            Leak(needle.kind, where, who, needle.owner)
            for who, where, data in heard
            if where.partition(" ")[2] not in _NOT_OF_ANYBODY
            for needle in needles
            if needle.is_in(data) and not lawful(who, where, needle)
        }


def set_watch(case: Arriving) -> Watch:
    """Listen to a case's API, which bears with any number of questions."""
    fast = "100000/minute"
    case.app.state.limiter = RateLimiter(callers=fast, public=fast, sign_ins=fast)
    watch = Watch(case=case)
    case.client.event_hooks = {"response": [watch.keep]}
    row = case.row
    watch.ids = {
        "draw_id": [row.id],
        "code": [row.code or "x"],
        "pool_id": [str(row.request["pool"]["id"])],
        "project_id": ["works-1"],
        "section": ["s1"],
        "site_id": [CITY, COUNTY],
        "seat_id": [f"{CITY}-e1-1", f"{COUNTY}-e1-1"],
        "base": ["tender.cn"],
        "item_id": ["x"],
        "letter_id": [],
        "booking_id": ["x"],
        "appointment_id": ["x"],
        "arrival_id": ["x"],
        "room_id": ["x"],
        "case_id": ["x"],
        "view": ["x"],
    }
    return watch


_QUERIES: Final = {
    "from": "2026-11-25T01:00:00Z",
    "to": "2026-11-25T09:00:00Z",
    "need": f"{CITY}=1",
    "index": "1",
    "size": "2",
    "old": "1",
    "version": "1",
    "site": CITY,
    "limit": "100",
}


def readable(app: FastAPI, ids: Mapping[str, Sequence[str]]) -> Iterable[tuple[str, str]]:
    """Every route that can be read, and its address with these ids by name of the path's parameter."""
    for route in served(app):
        if "GET" not in (route.methods or set()):
            continue
        names = re.findall(r"\{(\w+)\}", route.path or "")
        # A parameter that is not known here is a new one: say what it is, or its route is not looked at.
        rounds = max((len(ids[name]) for name in names), default=1)
        for turn in range(rounds):
            values = {name: ids[name][turn % len(ids[name])] for name in names}
            path = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], route.path or "")  # noqa: B023
            for query in _queries(route):
                yield route.path or "", f"{path}{query}"


def _queries(route: RouteContext) -> list[str]:
    dependant = getattr(route, "dependant", None)
    asked = [] if dependant is None else dependant.query_params
    needed = {one.alias for one in asked if one.field_info.is_required()}
    optional = {one.alias for one in asked} & {"site", "limit"}
    given = "&".join(f"{name}={_QUERIES[name]}" for name in sorted(needed | (optional - {"site"})))
    at_site = "&".join([given, f"site={CITY}"] if given else [f"site={CITY}"])
    own = [f"?{given}" if given else ""]
    return [*own, f"?{at_site}"] if "site" in optional else own


def changing(app: FastAPI) -> Iterable[tuple[str, str]]:
    """Every address that changes something, with ids that nothing has."""
    for route in served(app):
        for method in sorted((route.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
            yield method, re.sub(r"\{\w+\}", "x", route.path or "")


# -- what is kept


async def kept_in(database: Database) -> dict[str, bytes]:
    """Every value of every table, by table and column."""
    parts: dict[str, list[bytes]] = {}
    async with database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            rows = await connection.execute(text(f'SELECT * FROM "{table.name}"'))  # noqa: S608 - own names
            for row in rows.mappings():
                for name, value in row.items():
                    parts.setdefault(f"{table.name}.{name}", []).append(_raw(value))
    return {place: b"\x00".join(values) for place, values in parts.items()}


def files_in(folder: Path, *, but: Sequence[Path] = ()) -> dict[str, bytes]:
    """Every file below a folder with its name: database and write-ahead log, books, keys."""
    files = [one for one in folder.rglob("*") if one.is_file() and not set(but) & set(one.parents)]
    return {str(one.relative_to(folder)): one.name.encode() + b"\x00" + one.read_bytes() for one in files}


def found_in(places: Mapping[str, bytes], needles: Sequence[Needle]) -> set[Leak]:
    """Needles in what is kept."""
    return {
        Leak(needle.kind, place, "whoever reads the disk", needle.owner)
        for place, data in places.items()
        for needle in needles
        if needle.is_in(data)
    }


def _raw(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)).encode()


def role_of(who: str) -> str:
    """The role of a member of staff."""
    return STAFF.get(who, ("agency" if who in {"alice", STRANGER} else "supervisor", None))[0]
