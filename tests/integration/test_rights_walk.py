"""Every route that is served × every role × every relation, over real HTTP: what the matrix does not give is
refused, and a route that names neither an action nor a public reason fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import RouteContext

from app.api.open_routes import OPEN, action_of, served
from app.api.principals import RateLimiter
from app.store.tables import api_keys
from app.store.unit_of_work import UnitOfWork
from app.usecases.access import issue_key
from app.usecases.principals import ACTIONS, AT_A_SITE, EXPERT, ROLES, Relation
from tests.support.parties import seeded
from tests.support.people import browser, person, signed_in
from tests.support.service import NOW, Service, order, project

pytestmark = pytest.mark.anyio
OWN_SITE, FOREIGN_SITE = "ste_own", "ste_foreign"
PAGES = {"/", "/assets", "/icon.svg"}
MISSING = "drw_00000000000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One method of one route, and the action it takes (None: open)."""

    method: str
    path: str
    action: str | None
    queries: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def body(self) -> dict[str, str] | None:
        """The emptiest body that the method sends."""
        return None if self.method in {"GET", "DELETE"} else {}

    def filled(self, **values: str) -> str:
        """The path with these parameters; what is not named gets a value that nothing has."""
        return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "x"), self.path)


def doors(app: FastAPI) -> Iterator[Door]:
    for route in served(app):
        if not is_page(route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield Door(
                    method=method, path=route.path or "", action=action_of(route), queries=queries(route)
                )


def queries(route: RouteContext) -> frozenset[str]:
    """The names of the query that a route reads."""
    dependant = getattr(route, "dependant", None)
    return frozenset() if dependant is None else frozenset(one.alias for one in dependant.query_params)


def is_page(route: RouteContext) -> bool:
    """A static file, or the folder of them."""
    return route.path in PAGES or (route.path or "").endswith(".html")


def guarded(app: FastAPI) -> list[Door]:
    return [door for door in doors(app) if door.action is not None]


async def token(api: Service, role: str, *, site: str | None = None, who: str = "") -> str:
    async def work(uow: UnitOfWork) -> str:
        return await issue_key(
            uow,
            person=who or f"walker-{role}",
            role=role,
            agency_id="agy_alice" if role == "agency" else None,
            site_id=(site or OWN_SITE) if role in AT_A_SITE else None,
            scopes=None,
            mode="live",
            signing_key=None,
            expires_at=NOW + timedelta(days=1),
            now=NOW,
            secret=seeded("walk", role, site, who),
        )

    return await api.platform.database.transact(work)


class Walker:
    """Somebody with a key who tries every door."""

    def __init__(self, api: Service, key: str) -> None:
        self._api, self._key, self._tries = api, key, 0

    async def __call__(self, door: Door, **values: str) -> httpx.Response:
        self._tries += 1
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": f"walk-{self._tries}"}
        return await self._api.client.request(
            door.method, door.filled(**values), json=door.body, headers=headers
        )


def code_of(answer: httpx.Response) -> str | None:
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    return str(answer.json()["code"]) if is_problem else None


@pytest.fixture(autouse=True)
def unhurried(api: Service) -> None:
    fast = "100000/minute"
    api.app.state.limiter = RateLimiter(callers=fast, public=fast, sign_ins=fast)


async def test_every_route_names_an_action_of_the_matrix_or_a_public_reason(api: Service) -> None:
    for door in doors(api.app):
        assert (door.action in ACTIONS) != (door.name in OPEN), door


async def test_a_route_that_names_neither_is_found(api: Service) -> None:
    """The walk itself can fail: a route somebody adds without a thought is no page and has no reason."""

    async def forgotten() -> dict[str, str]:
        return {}

    api.app.add_api_route("/v1/forgotten", forgotten, methods=["POST"])
    (found,) = [door for door in doors(api.app) if door.path == "/v1/forgotten"]
    assert found.action is None
    assert found.name not in OPEN


async def test_every_action_is_somebodys_and_every_relation_fits_its_role() -> None:
    usual = {
        "agency": Relation.OWN_AGENCY,
        "site": Relation.OWN_SITE,
        "witness": Relation.OWN_SITE,
        EXPERT: Relation.OWN_LETTER,
    }
    for action, right in ACTIONS.items():
        assert right.roles, action
        assert right.roles <= {*ROLES, EXPERT}, action
        for role, relation in right.relations.items():
            wide = relation is Relation.ANY and action != "venue.read"
            assert not (role in usual and wide), (action, role)


async def test_nobody_without_credentials_passes_a_guarded_door(api: Service) -> None:
    for door in guarded(api.app):
        for headers in ({}, {"Authorization": "Letter 00"}, {"Cookie": "qiantong="}):
            answer = await api.client.request(
                door.method, door.filled(), json=door.body, headers=headers | {"Idempotency-Key": "x"}
            )
            assert answer.status_code == 401, (door.name, answer.text)


@pytest.mark.parametrize("role", ROLES)
async def test_every_cell_of_role_and_route_with_a_key(api: Service, role: str) -> None:
    walk = Walker(api, await token(api, role))
    for door in guarded(api.app):
        answer = await walk(door, draw_id=MISSING)
        refused = (answer.status_code, code_of(answer)) == (403, "access.role")
        assert refused == (role not in ACTIONS[door.action or ""].roles), (door.name, answer.text)
        assert answer.status_code != 500, (door.name, answer.text)


@pytest.mark.parametrize("role", ROLES)
async def test_every_cell_of_role_and_route_with_a_session(api: Service, role: str) -> None:
    """The same cells from a browser, and every changing door shut to a foreign page."""
    bound = {"agency": {"agency": "agy_alice"}, "site": {"site": OWN_SITE}, "witness": {"site": OWN_SITE}}
    page = await signed_in(api, await person(api, f"walker.{role}", role, **bound.get(role, {})))
    kept = page.cookie or ""
    for number, door in enumerate(guarded(api.app)):
        path, body = door.filled(draw_id=MISSING), door.body
        if door.method != "GET":
            foreign = browser(api)
            foreign.cookie, foreign.headers = kept, {"Origin": "http://evil.example", "X-Qiantong": "1"}
            answer = await foreign.send(door.method, path, body, Idempotency_Key="x")
            assert (answer.status_code, code_of(answer)) == (403, "access.cross-site"), door.name
        if door.action == "session.end":
            continue
        answer = await page.send(door.method, path, body, Idempotency_Key=f"walk-{number}")
        refused = (answer.status_code, code_of(answer)) == (403, "access.role")
        assert refused == (role not in ACTIONS[door.action or ""].roles), (door.name, answer.text)
        assert answer.status_code not in {401, 500}, (door.name, answer.text)


async def test_a_key_without_the_scope_is_refused_at_every_door(api: Service) -> None:
    for role in ROLES:
        walk = Walker(api, await unscoped(api, role))
        for door in guarded(api.app):
            if role in ACTIONS[door.action or ""].roles:
                answer = await walk(door, draw_id=MISSING)
                assert (answer.status_code, code_of(answer)) == (403, "access.scope"), (role, door.name)


async def unscoped(api: Service, role: str) -> str:
    """A key of the role that may do nothing at all."""
    good = await token(api, role, who=f"unscoped-{role}")
    async with api.platform.database.write() as uow:
        key = await uow.keys.get(good.split("_")[2])
        assert key is not None
        await uow.keys._connection.execute(api_keys.update().where(api_keys.c.id == key.id).values(scopes=[]))
    return good


async def test_a_foreign_agency_finds_no_draw_behind_any_door(api: Service) -> None:
    """What is another agency's answers like what is not there, to the letter."""
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    foreign = Walker(api, await other_agency(api))
    own = Walker(api, await token(api, "agency"))
    walked = 0
    for door in guarded(api.app):
        relation = ACTIONS[door.action or ""].relations.get("agency")
        if relation is not Relation.OWN_AGENCY or "{draw_id}" not in door.path or door.method != "GET":
            continue
        walked += 1
        theirs, nothing = await foreign(door, draw_id=draw), await foreign(door, draw_id=MISSING)
        assert theirs.status_code == nothing.status_code == 404, (door.name, theirs.text)
        assert {**theirs.json(), "trace_id": ""} == {**nothing.json(), "trace_id": ""}, door.name
        mine = await own(door, draw_id=draw)
        assert code_of(mine) != "draw.unknown", (door.name, mine.text)
    assert walked >= 3


async def other_agency(api: Service) -> str:
    async def work(uow: UnitOfWork) -> str:
        return await issue_key(
            uow,
            person="walker-foreign",
            role="agency",
            agency_id="agy_mallory",
            scopes=None,
            mode="live",
            signing_key=None,
            expires_at=NOW + timedelta(days=1),
            now=NOW,
            secret=seeded("walk", "foreign"),
        )

    return await api.platform.database.transact(work)


async def test_a_site_finds_nothing_of_another_site_behind_any_door(api: Service) -> None:
    """Whether the site stands in the path or in the query, another one is not there."""
    walked = set()
    for role in sorted(AT_A_SITE):
        walk = Walker(api, await token(api, role))
        for door in guarded(api.app):
            if ACTIONS[door.action or ""].relations.get(role) is not Relation.OWN_SITE:
                continue
            if "{site_id}" in door.path:
                theirs = await walk(door, site_id=FOREIGN_SITE)
                assert theirs.status_code in {400, 404}, (door.name, theirs.text)
                assert theirs.status_code == 404 or door.method != "GET", (door.name, theirs.text)
            elif "site" in door.queries:
                theirs = await walk(replace(door, path=f"{door.path}?site={FOREIGN_SITE}"))
                assert (theirs.status_code, code_of(theirs)) == (404, "site.unknown"), door.name
            else:
                continue
            walked.add(door.name)
    assert len(walked) >= 8


async def test_duties_that_an_action_asks_for_are_asked_for(api: Service) -> None:
    """Whoever has no duty in this very draw reads nothing of what it discloses."""
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    bodies = {"draw.receipt": {"expert": "e000001"}}
    asking = [door for door in guarded(api.app) if ACTIONS[door.action or ""].held]
    assert {door.action for door in asking} == {name for name, right in ACTIONS.items() if right.held}
    for door in asking:
        for role in ACTIONS[door.action or ""].roles:
            key = await token(api, role, who=f"dutiless-{role}-{door.action}")
            answer = await api.client.request(
                door.method,
                door.filled(draw_id=draw),
                json=bodies.get(door.action or "") if door.method == "POST" else None,
                headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "x"},
            )
            assert (answer.status_code, code_of(answer)) == (403, "access.duty"), (door.name, answer.text)


async def test_a_person_with_one_duty_takes_no_other_in_the_same_draw(api: Service) -> None:
    """One human with two keys is still one human (R71)."""
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    for role, act in (("supervisor", "attend"), ("operator", "run")):
        key = await token(api, role, who="alice")
        answer = await api.client.post(
            f"/v1/draws/{draw}:{act}",
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": f"{act}-1"},
        )
        assert (answer.status_code, code_of(answer)) == (409, "draw.duties-clash"), answer.text


async def test_every_reason_belongs_to_a_route_that_is_served_or_promised(api: Service) -> None:
    """A public reason without a route would wait for somebody to open that door unseen."""
    named = {door.name for door in doors(api.app)}
    promised = re.compile(r"/v1/(letters|devices|seats)/")
    assert {name for name in OPEN if name not in named and not promised.search(name)} == set()
