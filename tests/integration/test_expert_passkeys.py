"""Passkeys of experts: kept after link and code, used instead of the code, telling nothing of anybody."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text

from app.api.principals import RateLimiter
from app.store.invitation_tables import invitations
from app.usecases.invitations import signing_in
from app.usecases.invitations.expert_passkeys import LIFETIME
from app.usecases.invitations.signing_in import MAX_PASSKEYS
from draw.letters import sign_statement
from tests.support.authenticator import SecurityKey
from tests.support.calling import Letter
from tests.support.campaign_stage import Stage, drawn
from tests.support.onlookers import kept_in
from tests.support.parties import seeded
from tests.support.people import later
from tests.support.service import Service, order

pytestmark = pytest.mark.anyio
ORIGIN, RP_ID = "http://127.0.0.1:8000", "127.0.0.1"
REFUSED = (401, "passkey.refused")
NOT_SIGNED_IN = (403, "letter.not-signed-in")


def key(**changes: Any) -> SecurityKey:
    return SecurityKey(**{"origin": ORIGIN, "host": RP_ID} | changes)


def outcome(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, None if answer.status_code == 204 else answer.json().get("code")


@dataclass
class Page:
    """A letter's page in somebody's hand, with the token it made."""

    stage: Stage
    letter: Letter
    token: bytes = b""
    _turns: list[int] = field(default_factory=list)

    async def ask(
        self, end: str = "", body: Any = None, *, method: str = "POST", **more: str
    ) -> httpx.Response:
        self._turns.append(0)
        headers = {
            "Authorization": f"Letter {self.letter.keys.auth.hex()}",
            "Letter-Session": self.token.hex(),
            "Idempotency-Key": f"k-{self.letter.keys.id}-{len(self._turns)}-{self.token.hex()[:6]}",
        }
        path = f"/v1/letters/{self.letter.keys.id}{end}"
        return await self.stage.api.client.request(method, path, headers=headers | more, json=body)

    def fresh(self, name: str) -> "Page":
        """The same letter opened anew: another token, nobody shown yet."""
        return Page(self.stage, self.letter, seeded("token", name))

    async def code(self) -> str:
        assert (await self.ask("/code")).status_code == 200
        await self.stage.work()
        said = [one.text for one in self.stage.lines["sms"].taken if one.to == self.letter.to][-1]
        return "".join(one for one in said.split("验证码")[1] if one.isdigit())[:6]

    async def sign_in(self) -> None:
        done = await self.ask("/sessions", {"code": await self.code()})
        assert done.status_code == 200, done.text

    async def keep(self, made: SecurityKey) -> httpx.Response:
        options = (await self.ask("/passkeys/options")).json()
        return await self.ask("/passkeys", made.create(options))

    async def challenge(self) -> dict[str, Any]:
        options: dict[str, Any] = (await self.ask("/sessions/passkey/options")).json()
        assert options["userVerification"] == "required"
        return options

    async def use(self, made: SecurityKey) -> httpx.Response:
        options = await self.challenge()
        made.count += 1
        return await self.ask("/sessions/passkey", made.get(options))

    async def reply(self, answer: str = "accept", **more: Any) -> httpx.Response:
        page = (await self.ask(method="GET")).json()
        signature = sign_statement(self.letter.keys.reply, page["draw"], page["n"], answer, page["now"])
        return await self.ask(
            "/replies", {"answer": answer, "at": page["now"], "signature": signature.hex(), **more}
        )

    async def kept(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.ask("/passkeys", method="GET")).json()["items"]
        return items


@dataclass
class Two:
    """Two experts with a letter each; the first has a passkey."""

    stage: Stage
    one: Page
    other: Page
    owned: SecurityKey


@pytest.fixture
async def two(api: Service) -> Two:
    fast = "10000/minute"
    api.app.state.limiter = RateLimiter(callers=fast, public=fast, sign_ins=fast)
    stage = await drawn(api, order(invitations="logged"))
    await stage.started()
    first, second = stage.letters()[:2]
    one, other = Page(stage, first, seeded("token", 1)), Page(stage, second, seeded("token", 2))
    await one.sign_in()
    owned = key()
    assert (await one.keep(owned)).status_code == 201
    return Two(stage, one, other, owned)


async def test_whoever_signed_in_by_code_keeps_a_passkey_and_answers_with_it_later(two: Two) -> None:
    page = two.one.fresh("later")
    assert outcome(await page.reply()) == NOT_SIGNED_IN
    told = await page.use(two.owned)
    assert told.status_code == 200, told.text
    done = await page.reply()
    assert (done.status_code, [one["answer"] for one in done.json()["answers"]]) == (200, ["accept"])
    (kept,) = await page.kept()
    assert kept["created_on"] == kept["used_on"] == "2026-11-23"


async def test_an_answer_with_a_code_signs_its_page_in_and_no_other(two: Two) -> None:
    """Whoever has just answered is offered a passkey without a second code."""
    assert (await two.other.reply(code=await two.other.code())).status_code == 200
    assert await two.other.kept() == []
    assert outcome(await two.other.fresh("forwarded").ask("/passkeys", method="GET")) == NOT_SIGNED_IN


async def test_a_link_that_was_passed_on_keeps_no_passkey_and_sees_none(two: Two) -> None:
    """Link and an invented token: every door is shut, also while the expert has just signed in."""
    thief = two.one.fresh("thief")
    (kept,) = await two.one.kept()
    for method, end in (
        ("GET", "/passkeys"),
        ("POST", "/passkeys/options"),
        ("DELETE", f"/passkeys/{kept['id']}"),
    ):
        assert outcome(await thief.ask(end, method=method)) == NOT_SIGNED_IN
    options = (await two.one.ask("/passkeys/options")).json()
    mine = key(id=b"thief-0123456789")
    assert outcome(await thief.ask("/passkeys", mine.create(options))) == NOT_SIGNED_IN
    assert outcome(await thief.ask("/sessions", {"code": "000000"})) == (403, "code.refused")
    assert len(await two.one.kept()) == 1


async def test_a_token_counts_at_its_letter_only_and_for_a_quarter_of_an_hour(two: Two) -> None:
    other = Page(two.stage, two.other.letter, two.one.token)
    assert outcome(await other.ask("/passkeys", method="GET")) == NOT_SIGNED_IN
    assert outcome(await other.reply()) == NOT_SIGNED_IN
    for shown in (b"", b"short", bytes(33)):
        page = Page(two.stage, two.one.letter, shown)
        assert outcome(await page.ask("/passkeys", method="GET")) == NOT_SIGNED_IN
    later(two.stage.api, seconds=signing_in.LIFETIME.total_seconds())
    assert outcome(await two.one.ask("/passkeys", method="GET")) == NOT_SIGNED_IN


async def test_another_experts_passkey_opens_nothing(two: Two) -> None:
    assert outcome(await two.other.use(two.owned)) == REFUSED
    assert outcome(await two.other.reply()) == NOT_SIGNED_IN
    await two.other.sign_in()
    theirs = key(id=b"other-0123456789")
    assert (await two.other.keep(theirs)).status_code == 201
    (kept,) = await two.one.kept()
    assert outcome(await two.other.ask(f"/passkeys/{kept['id']}", method="DELETE")) == (
        404,
        "passkey.unknown",
    )
    assert theirs.user != two.owned.user


LIES: tuple[dict[str, Any], ...] = (
    {"origin": "https://qiantong.evil.example"},
    {"host": "evil.example"},
    {"verified": False},
    {"id": b"somebody-elses-key"},
    {"user": b"another handle"},
    # A copy of the key that was used less often than the real one.
    {"count": 1},
)


async def test_an_answer_for_another_site_unverified_of_another_key_or_of_a_copy_is_refused(two: Two) -> None:
    page, honest = two.one.fresh("lie"), two.owned
    for lie in LIES:
        honest.count += 1
        told = await page.ask("/sessions/passkey", replace(honest, **lie).get(await page.challenge()))
        assert outcome(told) == REFUSED, lie
    assert outcome(await page.reply()) == NOT_SIGNED_IN
    assert (await page.use(honest)).status_code == 200


async def test_a_challenge_is_answered_once_at_its_letter_for_its_purpose_and_in_time(two: Two) -> None:
    page = two.one.fresh("replay")
    options = await page.challenge()
    two.owned.count += 1
    said = two.owned.get(options)
    assert outcome(await two.other.ask("/sessions/passkey", said)) == REFUSED
    assert (await page.ask("/sessions/passkey", said)).status_code == 200
    assert outcome(await two.one.fresh("replayed").ask("/sessions/passkey", said)) == REFUSED
    older, newer = await page.challenge(), await page.challenge()
    two.owned.count += 1
    assert outcome(await page.ask("/sessions/passkey", two.owned.get(older))) == REFUSED
    registering = (await two.one.ask("/passkeys/options")).json()
    assert outcome(await page.ask("/sessions/passkey", two.owned.get(registering))) == REFUSED
    forged = {"challenge": newer["challenge"], "user": {"id": "eA"}}
    assert outcome(await two.one.ask("/passkeys", key(id=b"forged").create(forged))) == REFUSED
    later(two.stage.api, seconds=LIFETIME.total_seconds())
    assert outcome(await page.ask("/sessions/passkey", two.owned.get(newer))) == REFUSED


async def test_tries_with_passkeys_are_counted_with_all_tries_at_the_letter(two: Two) -> None:
    """Whoever has a link does not try keys by the thousand, from however many addresses."""
    two.stage.api.app.state.limiter = RateLimiter(public="10000/minute", sign_ins="5/minute")
    page = two.one.fresh("flood")
    wrong = key(id=b"guess").get({"challenge": "A" * 43})
    told = [outcome(await page.ask("/sessions/passkey", wrong)) for _ in range(6)]
    assert told == [REFUSED] * 5 + [(429, "rate.limited")]


async def test_after_a_loss_link_and_code_remove_the_old_passkey_and_keep_a_new_one(two: Two) -> None:
    page = two.one.fresh("new phone")
    await page.sign_in()
    (kept,) = await page.kept()
    assert outcome(await page.ask(f"/passkeys/{kept['id']}", method="DELETE")) == (204, None)
    assert outcome(await page.fresh("found phone").use(two.owned)) == REFUSED
    new = key(id=b"new-phone-0123456789")
    assert (await page.keep(new)).status_code == 201
    assert (await page.fresh("again").use(new)).status_code == 200


async def test_removing_a_passkey_ends_what_was_begun_with_it_and_whoever_else_is_at_the_letter(
    two: Two,
) -> None:
    """The finder of a phone is in already: what they came in by is gone, and no key of theirs is kept."""
    found = two.one.fresh("found phone")
    assert (await found.use(two.owned)).status_code == 200
    by_code = two.one.fresh("found phone, by its messages")
    await by_code.sign_in()
    # The same person has a second letter, and the finder is at that one, too.
    await same_person(two)
    elsewhere = two.other.fresh("found phone, elsewhere")
    assert (await elsewhere.use(two.owned)).status_code == 200
    assert len(await elsewhere.kept()) == 1

    page = two.one.fresh("new phone")
    await page.sign_in()
    (kept,) = await page.kept()
    assert outcome(await page.ask(f"/passkeys/{kept['id']}", method="DELETE")) == (204, None)
    for one in (found, by_code, elsewhere):
        assert outcome(await one.ask("/passkeys", method="GET")) == NOT_SIGNED_IN
        assert outcome(await one.ask("/passkeys/options")) == NOT_SIGNED_IN
        assert outcome(await one.reply()) == NOT_SIGNED_IN
    assert await page.kept() == []


async def test_whoever_came_by_a_passkey_and_removes_it_goes_on_for_their_quarter_of_an_hour(
    two: Two,
) -> None:
    page = two.one.fresh("owner")
    assert (await page.use(two.owned)).status_code == 200
    later(two.stage.api, minutes=5)
    (kept,) = await page.kept()
    assert outcome(await page.ask(f"/passkeys/{kept['id']}", method="DELETE")) == (204, None)
    assert await page.kept() == []
    later(two.stage.api, minutes=10)
    assert outcome(await page.ask("/passkeys", method="GET")) == NOT_SIGNED_IN


async def same_person(two: Two) -> None:
    """The second letter goes to whom the first one went."""

    async def work(uow: Any) -> None:
        first = await uow.invitations.get(two.one.letter.keys.id)
        second = await uow.invitations.get(two.other.letter.keys.id)
        told = asdict(replace(second.invited, person=first.invited.person))
        sealed = uow.invitations._seal(second.id, "sealed_holder", told)
        rows = invitations.update().where(invitations.c.id == second.id)
        await uow.invitations._connection.execute(rows.values(sealed_holder=sealed))

    await two.stage.api.platform.database.transact(work)


async def test_signing_in_without_a_token_is_refused_and_spends_no_code(two: Two) -> None:
    """What would be told as done would stand for nobody."""
    code = await two.one.code()
    bare = Page(two.stage, two.one.letter)
    assert outcome(await bare.ask("/sessions", {"code": code})) == NOT_SIGNED_IN
    assert (await two.one.fresh("with a token").ask("/sessions", {"code": code})).status_code == 200


def told(two: Two, letter: Letter) -> list[str]:
    """Messages to the person of a letter that are about passkeys."""
    sent = [one for line in two.stage.lines.values() for one in line.taken if one.to == letter.to]
    return [one.text for one in sent if "通行密钥" in one.text]


async def test_its_person_is_told_of_each_passkey_that_comes_or_goes(two: Two) -> None:
    """Whoever did not do it hears of it, by night as well; the message names nothing and nobody."""
    await two.stage.work()
    (added,) = told(two, two.one.letter)
    assert "新增" in added
    assert told(two, two.other.letter) == []
    (kept,) = await two.one.kept()
    # What was refused changes nothing, and nothing is said of it.
    assert (await two.one.keep(two.owned)).status_code == 409
    assert outcome(await two.other.ask(f"/passkeys/{kept['id']}", method="DELETE")) == NOT_SIGNED_IN
    assert (await two.one.ask(f"/passkeys/{kept['id']}", method="DELETE")).status_code == 204
    assert (await two.one.ask(f"/passkeys/{kept['id']}", method="DELETE")).status_code == 404
    await two.stage.work()
    _, removed = told(two, two.one.letter)
    assert "移除" in removed


async def test_a_message_about_a_passkey_joins_it_to_no_letter_and_no_moment(two: Two) -> None:
    """In the store: the outbox knows when, the passkey knows whose; no row leads from one to the other."""
    (kept,) = await two.one.kept()
    store = await kept_in(two.stage.api.platform.database)
    owner = store["expert_passkeys.owner_tag"]
    assert b"passkey-added" in store["outbox.template"]
    places = {place for place, data in store.items() if kept["id"].encode() in data or owner in data}
    assert places == {"expert_passkeys.id", "expert_passkeys.owner_tag"}
    own = "\x00".join(data.decode("latin-1") for place, data in store.items() if place.startswith("outbox."))
    assert two.one.letter.keys.id + ":passkey" not in own


async def test_a_passkey_is_kept_once_and_no_more_than_five(two: Two) -> None:
    assert outcome(await two.one.keep(two.owned)) == (409, "passkey.taken")
    for number in range(1, MAX_PASSKEYS):
        assert (await two.one.keep(key(id=b"key-%d" % number))).status_code == 201
    assert outcome(await two.one.keep(key(id=b"one-more"))) == (409, "passkey.too-many")


async def test_a_link_alone_costs_the_store_the_same_with_a_passkey_and_without(two: Two) -> None:
    """Whoever has a link and times the refusals learns nothing."""
    engine = two.stage.api.platform.database.engine.sync_engine
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    async def cost(page: Page) -> list[str]:
        asked.clear()
        assert outcome(await page.ask("/passkeys", method="GET")) == NOT_SIGNED_IN
        assert outcome(await page.ask("/passkeys/options")) == NOT_SIGNED_IN
        assert outcome(await page.use(key(id=b"a-guess-0123456789"))) == REFUSED
        return list(asked)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert await cost(two.one.fresh("thief")) == await cost(two.other.fresh("thief"))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert asked


async def test_a_passkey_tells_neither_its_person_nor_that_they_were_asked(two: Two) -> None:
    """On the phone, in the answers to a passed-on link, in the store and in the operation log."""
    options = (await two.one.ask("/passkeys/options")).json()
    assert options["user"]["name"] == options["user"]["displayName"] == f"Passkey {two.owned.user.hex()[:4]}"
    assert options["excludeCredentials"], "the phone that has one is not asked for another"
    has, has_none = await two.one.challenge(), await two.other.challenge()
    for told in (has, has_none):
        told.pop("challenge")
        assert not told.get("allowCredentials")
    assert has == has_none
    database = two.stage.api.platform.database
    store = await kept_in(database)
    ours = {place: data for place, data in store.items() if place.startswith("expert_passkeys.")}
    invited = await two.stage.api.platform.database.transact(
        lambda uow: uow.invitations.get(two.one.letter.keys.id)
    )
    assert invited is not None
    for data in ours.values():
        for needle in (two.one.letter.keys.id, invited.invited.expert, invited.invited.person):
            assert needle.encode() not in data
        assert b"T0" not in data, "a moment would join the passkey to an answer in the log"
    async with database.engine.connect() as connection:
        noted = await connection.execute(
            text("SELECT operator, address, target FROM operation_log WHERE action LIKE 'expert-passkey%'")
        )
        assert {tuple(row) for row in noted} == {("expert", "-", two.one.letter.keys.id)}
