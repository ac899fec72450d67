"""People with accounts: enrolled over the API, with an authenticator app, each in a browser of their own.

A `Browser` keeps cookies and sends what a page of the site sends; a test that plays a foreign page says so in
the headers. Codes of the app are good once, so the clock moves on by a step before each sign-in.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pyotp

from app.usecases.operations import Actor
from app.usecases.people import accounts
from app.usecases.people.accounts import AccountOrder, Chance
from app.usecases.people.enrolments import new_token
from tests.support.parties import seeded
from tests.support.service import Service

PASSWORD = "Zelkova-Bridge-41"
HOST = "http://api.test.example"
STEP = 30


@dataclass(slots=True, kw_only=True)
class Person:
    """An enrolled person. `secret` is in their authenticator app."""

    id: str
    login: str
    role: str
    password: str
    secret: str


@dataclass(slots=True, kw_only=True)
class Browser:
    """A browser with its cookies, on a page of this site unless `headers` say otherwise."""

    client: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=lambda: {"X-Qiantong": "1", "Origin": HOST})

    @property
    def cookie(self) -> str | None:
        """The session token that the browser holds."""
        return self.client.cookies.get("qiantong")

    @cookie.setter
    def cookie(self, token: str) -> None:
        self.client.cookies.clear()
        self.client.cookies.set("qiantong", token, domain="api.test.example", path="/")

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request as the page makes it."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, path, json=body, headers=sent)

    async def get(self, path: str) -> httpx.Response:
        """Read something."""
        return await self.send("GET", path)

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Change something."""
        return await self.send("POST", path, body, **headers)


def browser(api: Service) -> Browser:
    """A browser without cookies."""
    transport = httpx.ASGITransport(app=api.app, raise_app_exceptions=False)
    return Browser(client=httpx.AsyncClient(transport=transport, base_url=HOST))


def later(api: Service, **span: float) -> None:
    """Let time pass."""
    api.scene.clock.now += timedelta(**span)


def code(api: Service, secret: str) -> str:
    """What the authenticator app shows now."""
    return pyotp.TOTP(secret).at(api.platform.clock())


def next_code(api: Service, person: Person) -> str:
    """A code that was not used yet: half a minute later."""
    later(api, seconds=STEP)
    return code(api, person.secret)


def typed(api: Service, person: Person, **changes: str) -> dict[str, str]:
    """What the person types to sign in, half a minute later."""
    return {"login": person.login, "password": person.password, "code": next_code(api, person)} | changes


async def added(api: Service, login: str, role: str, **more: Any) -> str:
    """An account from the terminal; gives its enrolment token."""
    token = new_token(seeded("token", login)[:20])
    order = AccountOrder(
        login=login,
        name=f"某{login}",
        role=role,
        agency_id=more.pop("agency", None),
        site_id=more.pop("site", None),
        **more,
    )
    actor = Actor(person="login:test", address="local", source="cli")
    chance = Chance(id=seeded("user", login)[:10], token=token)
    await api.platform.database.transact(
        lambda uow: accounts.add(
            uow, None, order, mode="live", actor=actor, chance=chance, now=api.platform.clock()
        )
    )
    return token


async def enrolled(api: Service, token: str, password: str = PASSWORD) -> dict[str, str]:
    """Go through the first sign-in; gives login and secret."""
    page = browser(api)
    offer = await page.post("/v1/enrolments/options", {"token": token})
    assert offer.status_code == 200, offer.text
    shown: dict[str, str] = offer.json()
    done = await page.post(
        "/v1/enrolments", {"token": token, "password": password, "code": code(api, shown["secret"])}
    )
    assert done.status_code == 204, done.text
    return shown


async def person(api: Service, login: str, role: str, **more: Any) -> Person:
    """Somebody with an account, enrolled."""
    token = await added(api, login, role, **more)
    shown = await enrolled(api, token)
    return Person(
        id=f"usr_{seeded('user', login)[:10].hex()}",
        login=login,
        role=role,
        password=PASSWORD,
        secret=shown["secret"],
    )


async def signed_in(api: Service, who: Person) -> Browser:
    """A browser in which this person is signed in."""
    page = browser(api)
    answer = await page.post("/v1/sessions", typed(api, who))
    assert answer.status_code == 200, answer.text
    return page
