"""Who may do what through the API: keys, roles, scopes, signatures, duties; every cell of the table, both
engines.
"""

import itertools
import json
from datetime import timedelta

import httpx
import pytest

from app.api.principals import RateLimiter
from app.errors import AccessRefusedError, InputRefusedError
from app.gateways.message_signatures import HttpMessage, sign
from app.store.unit_of_work import UnitOfWork
from app.usecases.access import issue_key
from app.usecases.principals import ACTIONS, ROLES, Principal, require, scopes_of
from crypto.signing import SigningKey
from tests.support.service import NOW, Service, order, project

pytestmark = pytest.mark.anyio

# Written out by hand, apart from the code: action → roles that may take it.
MAY = {
    "project.read": "agency operator supervisor",
    "project.list": "agency",
    "project.write": "agency",
    "project.hand-over": "agency operator",
    "draw.preview": "agency",
    "draw.request": "agency",
    "draw.read": "agency operator supervisor",
    "draw.abort": "agency operator supervisor",
    "draw.attend": "supervisor",
    "draw.operate": "operator",
    "draw.start": "operator",
    "draw.pool-file": "supervisor",
    "draw.receipt": "operator",
    "draw.roster": "operator supervisor",
    "pool.read": "operator supervisor",
    "operations.read": "supervisor",
    "campaign.propose": "operator",
    "campaign.approve": "supervisor",
    "campaign.read": "operator supervisor",
    "campaign.counts": "agency operator supervisor",
    "campaign.ladder": "operator",
    "campaign.move": "operator",
    "campaign.vacate": "supervisor",
    "campaign.cancel": "operator supervisor",
    "appointment.propose": "agency operator",
    "appointment.decide": "supervisor",
    "appointment.read": "agency operator supervisor",
    "notices.read": "operator supervisor",
    "contacts.write": "operator",
    "letter.read": "",
    "letter.reply": "",
    "venue.read": "agency operator supervisor site",
    "venue.write": "operator",
    "venue.book": "operator",
    "venue.confirm": "site",
    "seat.report": "site operator",
    "relay.read": "site supervisor",
    "relay.write": "site",
    "seat.enrol": "site",
    "seat.revoke": "site operator supervisor",
    "seat.approve": "operator supervisor",
    "terminal.read": "site operator supervisor",
    "terminal.enrol": "site",
    "terminal.approve": "operator supervisor",
    "terminal.revoke": "site operator supervisor",
    "desk.supervise": "supervisor",
    "alert.read": "site witness operator supervisor",
    "desk.expected": "site",
    "desk.check-in": "site",
    "desk.locker": "site",
    "desk.gate": "site witness",
    "desk.seat": "site",
    "ledger.read": "site operator supervisor",
    "device.write": "operator",
    "roster.open": "operator supervisor",
    "roster.read": "agency operator supervisor site",
    "conduct.read": "supervisor",
    "room.open": "operator",
    "room.read": "operator supervisor site witness",
    "room.call": "operator witness",
    "room.chair": "witness",
    "room.report": "witness",
    "room.ledger": "operator supervisor witness",
    "room.view": "supervisor",
    "case.open": "supervisor",
    "case.decide": "supervisor",
    "case.read": "supervisor",
    "recording.keep": "operator supervisor",
    "recording.tend": "operator",
    "recording.custodian": "operator",
    "recording.hold": "supervisor",
    "recording.approve": "supervisor",
    "gateway.read": "operator supervisor",
    "gateway.enrol": "operator",
    "gateway.approve": "operator supervisor",
    "gateway.revoke": "operator supervisor",
    "users.read": "operator supervisor",
    "users.write": "operator supervisor",
    "session.read": "agency operator supervisor site witness",
    "session.end": "agency operator supervisor site witness",
    "users.approve": "operator supervisor",
    "credentials.write": "agency operator supervisor site witness",
}


def principal(role: str, scopes: tuple[str, ...]) -> Principal:
    return Principal(
        key_id="k",
        person="p",
        role=role,
        agency_id="a" if role == "agency" else None,
        scopes=frozenset(scopes),
        mode="live",
        signed=False,
    )


@pytest.mark.parametrize(("role", "action"), list(itertools.product(ROLES, ACTIONS)))
def test_every_cell_of_the_table(role: str, action: str) -> None:
    assert set(ACTIONS) == set(MAY)
    every = tuple({right.scope for right in ACTIONS.values()})
    if role in MAY[action].split():
        require(principal(role, every), action)
        assert ACTIONS[action].scope in scopes_of(role)
        with pytest.raises(AccessRefusedError, match=r"access\.scope"):
            require(principal(role, tuple(one for one in every if one != ACTIONS[action].scope)), action)
    else:
        with pytest.raises(AccessRefusedError, match=r"access\.role"):
            require(principal(role, every), action)


ROUTES = {
    ("POST", "/v1/projects"): "project.write",
    ("POST", "/v1/projects:import"): "project.write",
    ("GET", "/v1/projects/x/s1"): "project.read",
    ("PUT", "/v1/projects/x/bidders"): "project.write",
    ("PUT", "/v1/projects/x/owner"): "project.hand-over",
    ("GET", "/v1/projects/x/s1/owners"): "project.read",
    ("POST", "/v1/draws:preview"): "draw.preview",
    ("GET", "/v1/rooms/room_x/readiness"): "room.read",
    ("POST", "/v1/draws"): "draw.request",
    ("GET", "/v1/draws"): "draw.read",
    ("GET", "/v1/draws/drw_x"): "draw.read",
    ("GET", "/v1/draws/drw_x/proof"): "draw.read",
    ("POST", "/v1/draws/drw_x:abort"): "draw.abort",
    ("POST", "/v1/draws/drw_x:attend"): "draw.attend",
    ("POST", "/v1/draws/drw_x:run"): "draw.operate",
    ("POST", "/v1/draws/drw_x:open"): "draw.operate",
    ("GET", "/v1/draws/drw_x/start"): "draw.read",
    ("POST", "/v1/draw-starts"): "draw.start",
    ("GET", "/v1/draw-terminals"): "terminal.read",
    ("POST", "/v1/draw-terminals/dtm_x/revocation"): "terminal.revoke",
    ("POST", "/v1/draws/drw_x:replace"): "draw.operate",
    ("GET", "/v1/draws/drw_x/pool-file"): "draw.pool-file",
    ("POST", "/v1/draws/drw_x:receipt"): "draw.receipt",
    ("POST", "/v1/draws/drw_x:roster"): "draw.roster",
    ("GET", "/v1/draws/drw_x/conduct"): "conduct.read",
    ("GET", "/v1/pools/city/changes"): "pool.read",
    ("GET", "/v1/operations"): "operations.read",
}
BODIES = {
    "/v1/projects": project(),
    "/v1/draws:preview": order(),
    "/v1/draws": order(),
    "/v1/projects/x/bidders": {"section": "s1", "bidders": project()["bidders"]},
    "/v1/projects/x/owner": {"section": "s1", "owner": "李工", "reason": "调离"},
    "/v1/draws/drw_x:abort": {"reason": "fault"},
    "/v1/draws/drw_x:receipt": {"expert": "e1"},
    "/v1/draws/drw_x:replace": {"seat": 0, "cause": "decline", "evidence": "x"},
}


async def test_every_route_refuses_nobody_and_the_wrong_roles(api: Service) -> None:
    for (method, path), action in ROUTES.items():
        body = BODIES.get(path, {})
        anonymous = await api.client.request(method, path, json=body, headers={"Idempotency-Key": "x"})
        assert (anonymous.status_code, anonymous.json()["code"]) == (401, "access.missing"), path
        assert anonymous.headers["www-authenticate"] == "Bearer"
        for person, role in (("alice", "agency"), ("bob", "operator"), ("carol", "supervisor")):
            answer = await api.client.request(method, path, json=body, headers=api.as_person(person))
            refused = (answer.status_code, answer.json().get("code")) == (403, "access.role")
            assert refused == (role not in MAY[action].split()), (path, person, answer.text)


async def test_another_agencys_things_are_not_there(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", order())).json()
    one = f"/v1/draws/{draw['id']}"
    for path in ("/v1/projects/works-2026-017/s1", one, f"{one}/proof"):
        assert (await api.get("alice", path)).status_code == 200
        assert (await api.get("mallory", path)).status_code == 404
    assert (await api.get("mallory", "/v1/draws")).json()["items"] == []
    assert len((await api.get("carol", "/v1/draws")).json()["items"]) == 1


async def token(api: Service, person: str, role: str, **changes: object) -> str:
    values: dict[str, object] = {
        "agency_id": "agy_alice" if role == "agency" else None,
        "scopes": None,
        "mode": "live",
        "signing_key": None,
        "expires_at": NOW + timedelta(days=1),
        "secret": (person + role).encode().ljust(32, b"."),
    }

    async def work(uow: UnitOfWork) -> str:
        return await issue_key(uow, person=person, role=role, now=NOW, **values | changes)  # type: ignore[arg-type]

    return await api.platform.database.transact(work)


async def bearer(api: Service, value: str) -> httpx.Response:
    return await api.client.get("/v1/draws", headers={b"Authorization": f"Bearer {value}".encode()})


async def test_keys_that_are_unknown_expired_revoked_or_for_the_sandbox(api: Service) -> None:
    good = await token(api, "dora", "operator")
    assert (await bearer(api, good)).status_code == 200
    spoilt = good[:-1] + ("0" if good[-1] != "0" else "1")
    for wrong in (spoilt, "qt_live_k_x", "", "x" * 5_000, "qt_live_k_é"):
        answer = await bearer(api, wrong)
        assert answer.status_code == 401
        assert answer.json()["code"] == "key.unknown"
    sandbox = await token(api, "erin", "operator", mode="test")
    answer = await bearer(api, sandbox)
    assert (answer.status_code, answer.json()["code"]) == (403, "key.mode")
    async with api.platform.database.write() as uow:
        await uow.keys.revoke(good.split("_")[2], at=api.platform.now(), reason="lost")
    assert (await bearer(api, good)).json()["code"] == "key.revoked"
    brief = await token(api, "fred", "operator")
    api.scene.clock.move(days=2)
    assert (await bearer(api, brief)).json()["code"] == "key.expired"


async def test_a_key_cannot_be_issued_with_scopes_of_another_role(api: Service) -> None:
    with pytest.raises(InputRefusedError) as refusal:
        await token(api, "gina", "agency", scopes=("draws:operate",), signing_key=bytes(32))
    assert {fault.code for fault in refusal.value.faults} == {"key.scopes", "key.signing-key"}


async def test_one_person_cannot_request_and_operate_or_supervise_one_draw(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    for role, step in (("operator", "run"), ("supervisor", "attend")):
        api.tokens["alice too"] = await token(api, "alice", role)
        answer = await api.post("alice too", f"/v1/draws/{draw}:{step}")
        assert (answer.status_code, answer.json()["code"]) == (409, "draw.duties-clash")
    assert (await api.get("alice", f"/v1/draws/{draw}")).json()["state"] == "requested"
    assert (await api.post("carol", f"/v1/draws/{draw}:attend")).status_code == 200
    api.tokens["carol too"] = await token(api, "carol", "operator")
    answer = await api.post("carol too", f"/v1/draws/{draw}:run")
    assert answer.json()["code"] == "draw.duties-clash"
    assert (await api.post("bob", f"/v1/draws/{draw}:run")).status_code == 200


class Signed:
    """mallory's signed request; every attack changes one thing."""

    def __init__(
        self, api: Service, *, key: SigningKey | None = None, age: int = 0, nonce: str = "n-1"
    ) -> None:
        self.body = json.dumps(project()).encode()
        key_id = api.tokens["mallory"].split("_")[2]
        self.headers = {"content-type": "application/json", "idempotency-key": "signed-1"}
        message = HttpMessage(method="POST", url="http://api.test.example/v1/projects", headers=self.headers)
        now = api.scene.clock() - timedelta(seconds=age)
        sign(message, self.body, key_id=key_id, key=key or api.signing, nonce=nonce, now=now)

    async def send(self, api: Service, path: str = "/v1/projects") -> tuple[int, str]:
        answer = await api.client.post(path, content=self.body, headers=self.headers)
        return answer.status_code, answer.json().get("code", "")


async def test_a_signed_request_is_taken_once(api: Service) -> None:
    request = Signed(api)
    assert (await request.send(api))[0] == 201
    assert await request.send(api) == (401, "signature.replayed")
    assert (await Signed(api, nonce="n-2").send(api))[0] == 201


async def test_a_key_with_a_signing_key_must_sign_what_it_changes(api: Service) -> None:
    answer = await api.post("mallory", "/v1/projects", project())
    assert (answer.status_code, answer.json()["code"]) == (401, "signature.required")
    assert (await api.get("mallory", "/v1/projects")).status_code == 200


async def test_forged_signatures(api: Service) -> None:
    other_key = Signed(api, key=SigningKey.from_seed(b"X" * 32))
    assert await other_key.send(api) == (401, "signature.invalid")
    other_body = Signed(api)
    other_body.body = json.dumps(project(section="s2")).encode()
    assert await other_body.send(api) == (401, "signature.invalid")
    other_target = Signed(api)
    assert await other_target.send(api, "/v1/draws") == (401, "signature.invalid")
    other_effect = Signed(api)
    other_effect.headers["idempotency-key"] = "signed-2"
    assert await other_effect.send(api) == (401, "signature.invalid")
    other_digest = Signed(api)
    other_digest.headers["Content-Digest"] = "sha-256=:AAAA:"
    assert await other_digest.send(api) == (401, "signature.invalid")
    unsigned_key = Signed(api)
    unsigned_key.headers["Signature-Input"] = unsigned_key.headers["Signature-Input"].replace(
        ' "idempotency-key"', ""
    )
    assert await unsigned_key.send(api) == (401, "signature.invalid")
    for age in (400, -120):
        assert await Signed(api, age=age).send(api) == (401, "signature.invalid")
    for value in ("sig1=", "x" * 9_000, 'sig1=("@method");keyid=7', 'a=();keyid="k", b=();keyid="k"'):
        malformed = Signed(api)
        malformed.headers["Signature-Input"] = value
        assert (await malformed.send(api))[0] == 401
    assert (await api.get("mallory", "/v1/projects")).json()["items"] == []


async def test_a_callers_rate_is_limited_and_told(api: Service) -> None:
    api.app.state.limiter = RateLimiter(callers="3/minute", public="1/minute")
    answers = [await api.get("alice", "/v1/draws") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-limit"] == "3"
    assert answers[1].headers["ratelimit-remaining"] == "1"
    assert answers[3].json()["retryable"] is True
    assert answers[3].headers["retry-after"]
    assert (await api.get("bob", "/v1/draws")).status_code == 200
    assert [(await api.get(None, "/v1/trust")).status_code for _ in range(2)] == [200, 429]


async def test_every_act_is_in_the_operation_log(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    await api.post("bob", f"/v1/draws/{draw}:run")
    async with api.platform.database.read() as uow:
        listed = await uow.operations.newest(10)
    assert [(one.operator, one.action, one.target) for one in listed] == [
        ("bob", "runDraw", draw),
        ("alice", "draw.request", draw),
        ("alice", "project.register", "works-2026-017/s1"),
    ]
    assert all(one.time and one.address and one.source == "api" for one in listed)
