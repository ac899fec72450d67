"""What a party's node refuses: a platform that lies, hurries, forks the log, or is a stranger."""

import asyncio
import copy
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.gateways.parties import HttpPartyNode, PartyError
from app.parties import custody, duties, server, supervision
from app.parties.cosigning import CheckpointCosigner, CosigningRefusalError, OtherSizeError
from app.parties.errors import NodeRefusalError
from app.parties.keys import create, load
from app.parties.server import MAX_BODY_BYTES, create_node_app
from app.store.engine import make_engine
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database
from app.usecases import evidence, log
from app.usecases.openings import Vacated, replace
from crypto.checkpoint import Checkpoint, sign_note
from crypto.hashing import tagged
from crypto.merkle import Tree, leaf_hash
from crypto.signing import SigningKey
from draw.entries import draft, parse_entry, sign, to_json
from tests.integration.conftest import CIPHER
from tests.support.hanging_up import hang_up
from tests.support.parties import ORIGIN, Chance, Scene, scene, seeded

pytestmark = pytest.mark.anyio
LEAVES = [leaf_hash(bytes([n])) for n in range(8)]


@pytest.fixture
async def stage(sqlite_template: Path, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Scene]:
    path = shutil.copy(sqlite_template, tmp_path / "qiantong.sqlite")
    database = Database(make_engine(f"sqlite:///{path}"), CIPHER)
    yield await scene(database, tmp_path)
    await database.dispose()


async def shown(stage: Scene, row: DrawRow) -> dict[str, Any]:
    """Evidence of everything the log says of a draw."""
    return copy.deepcopy((await stage.ceremony.shown(row))[0])


async def at(stage: Scene, state: str) -> tuple[DrawRow, int]:
    row = await stage.ceremony.run((await stage.request()).id, until=state)
    assert row.k is not None
    return row, row.k


async def test_r_is_not_revealed_before_both_escrow_receipts_are_in_the_log(stage: Scene) -> None:
    row, k = await at(stage, "escrowed")
    whole = await shown(stage, row)
    escrows = [one for one in whole["entries"] if one["entry"]["type"] == "escrow"]
    whole["entries"].remove(escrows[1])
    with pytest.raises(NodeRefusalError, match="escrow"):
        duties.reveal(stage.nodes["agency"], k, {"evidence": whole})


async def test_an_entry_that_is_not_in_the_log_is_no_evidence(stage: Scene) -> None:
    row, k = await at(stage, "committed")
    whole = await shown(stage, row)
    whole["entries"][-1]["entry"]["body"]["commitment"] = "00" * 32
    with pytest.raises(NodeRefusalError, match="evidence"):
        duties.commit(stage.nodes["agency"], k, {"evidence": whole})


async def test_a_checkpoint_without_the_other_cosigner_is_no_evidence(stage: Scene) -> None:
    row, k = await at(stage, "committed")
    whole = await shown(stage, row)
    whole["note"] = "\n".join(whole["note"].split("\n")[:-2]) + "\n"
    with pytest.raises(NodeRefusalError, match="evidence"):
        duties.commit(stage.nodes["agency"], k, {"evidence": whole})


async def test_a_draw_that_names_another_key_is_not_served(stage: Scene, tmp_path: Path) -> None:
    row, k = await at(stage, "committed")
    stranger = create(
        tmp_path / "stranger",
        role="agency",
        name="stranger.example",
        seeds=b"".join(seeded("s", n) for n in range(3)),
    )
    node = stage.nodes["agency"]
    imposter = type(node)(
        keys=stranger, book=node.book, trust=node.trust, clock=node.clock, random=Chance("s")
    )
    with pytest.raises(NodeRefusalError, match="not_ours"):
        duties.commit(imposter, k, {"evidence": await shown(stage, row)})


async def test_asked_twice_a_holder_commits_to_the_same_value(stage: Scene) -> None:
    row, k = await at(stage, "committed")
    evidence = {"evidence": await shown(stage, row)}
    first = duties.commit(stage.nodes["agency"], k, evidence)
    stage.clock.move(seconds=30)
    assert duties.commit(stage.nodes["agency"], k, evidence) == first


async def test_a_record_that_swaps_the_commitment_is_not_signed(stage: Scene) -> None:
    row, k = await at(stage, "committed")
    frozen = await stage.ceremony._frozen(row)
    whole = (await stage.ceremony.shown(row, pool_index=frozen.seal.body["pool"]["index"]))[0]
    body = copy.deepcopy(dict(frozen.seal.body))
    body["commitments"]["agency"] = "11" * 32
    entry = sign(draft("seal", frozen.seal.time, body), "platform", stage.platform.log.key)
    with pytest.raises(NodeRefusalError, match="disagrees with the log"):
        duties.sign_seal(stage.nodes["agency"], k, {"evidence": whole, "entry": to_json(entry)})


async def test_a_record_drafted_long_ago_is_not_signed(stage: Scene) -> None:
    row, k = await at(stage, "committed")
    frozen = await stage.ceremony._frozen(row)
    whole = (await stage.ceremony.shown(row, pool_index=frozen.seal.body["pool"]["index"]))[0]
    entry = to_json(sign(frozen.seal, "platform", stage.platform.log.key))
    stage.clock.move(minutes=11)
    question = {"evidence": whole, "entry": entry, "rules": frozen.rules.to_json()}
    with pytest.raises(NodeRefusalError, match="clock"):
        duties.sign_seal(stage.nodes["agency"], k, question)


async def test_an_override_needs_the_supervisors_own_approval(stage: Scene) -> None:
    row, k = await at(stage, "committed")
    frozen = await stage.ceremony._frozen(row)
    whole = (await stage.ceremony.shown(row, pool_index=frozen.seal.body["pool"]["index"]))[0]
    body = copy.deepcopy(dict(frozen.seal.body))
    body["anonymity"]["override"] = "样本不足,经批准"
    entry = sign(draft("seal", frozen.seal.time, body), "platform", stage.platform.log.key)
    question = {"evidence": whole, "entry": to_json(entry), "rules": frozen.rules.to_json()}
    supervisor = stage.nodes["supervisor"]
    with pytest.raises(NodeRefusalError, match="override"):
        duties.sign_seal(supervisor, k, question)
    supervisor.book.put_once("override", 0, "样本不足,经批准".encode(), key=body["section"])
    assert duties.sign_seal(supervisor, k, question).role == "supervisor"


async def test_the_cosigner_refuses_an_escrow_of_something_else(stage: Scene) -> None:
    row, k = await at(stage, "sealed")
    evidence = await shown(stage, row)
    sealed = duties.escrow(stage.nodes["supervisor"], k, {"evidence": evidence})
    question = {"evidence": evidence, "role": "agency", "sealed": sealed.hex()}
    with pytest.raises(NodeRefusalError, match="escrow_wrong"):
        custody.receive_escrow(stage.nodes["cosigner"], k, question)


async def test_the_cosigner_keeps_an_escrow_shut_before_the_deadline(stage: Scene) -> None:
    row, k = await at(stage, "escrowed")
    question = {"evidence": await shown(stage, row), "role": "agency"}
    with pytest.raises(NodeRefusalError, match="not_yet"):
        custody.open_escrow(stage.nodes["cosigner"], k, question)


async def test_a_fake_decline_without_its_document_gets_no_answer(stage: Scene) -> None:
    row, k = await at(stage, "drawn")
    stage.lines["supervisor"].down.add("/answers/")
    with pytest.raises(PartyError):
        await replace(stage.ceremony, row.id, Vacated(seat=0, cause="decline", document=b"signed refusal"))
    evidence = await shown(stage, await stage.ceremony.row(row.id))
    forged = {"evidence": evidence, "document": b64encode(b"another story").decode()}
    with pytest.raises(NodeRefusalError, match="document"):
        supervision.answer(stage.nodes["supervisor"], k, 1, forged)


async def test_looking_ahead_at_an_event_that_is_not_logged_is_refused(stage: Scene) -> None:
    row, k = await at(stage, "drawn")
    question = {"evidence": await shown(stage, row), "document": b64encode(b"x").decode()}
    with pytest.raises(NodeRefusalError, match="event"):
        supervision.answer(stage.nodes["supervisor"], k, 1, question)


async def test_an_opening_with_another_count_of_events_is_not_countersigned(stage: Scene) -> None:
    row, k = await at(stage, "drawn")
    body = {"draw": k, "sdr": row.sdr_hash, "events": 3}
    entry = to_json(stage.ceremony.own("open", body))
    question = {"evidence": await shown(stage, row), "entry": entry}
    with pytest.raises(NodeRefusalError, match="disagrees"):
        supervision.countersign_opening(stage.nodes["supervisor"], k, question)


async def test_only_the_platforms_signature_opens_the_door(stage: Scene) -> None:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=create_node_app(stage.nodes["agency"])))
    mallory = HttpPartyNode(
        url="http://node.test.example",
        key=SigningKey.from_seed(seeded("mallory")),
        client=client,
        clock=stage.clock,
        random=Chance("mallory"),
    )
    with pytest.raises(PartyError) as refused:
        await mallory.call("/draws/5/reveal", {})
    assert refused.value.details["refusal"] == "node.unauthorised"
    unsigned = await client.post("http://node.test.example/draws/5/reveal", json={})
    assert unsigned.status_code == 401
    assert unsigned.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 401), (b"x" * (MAX_BODY_BYTES + 1), 400)], ids=["malformed", "huge"]
)
async def test_a_bad_body_is_refused_with_a_problem(stage: Scene, body: bytes, status: int) -> None:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=create_node_app(stage.nodes["agency"])))
    claimed = {"signature-input": f'sig1=();keyid="{stage.platform.log.key.public.hex()}"'}
    answer = await client.post("http://node.test.example/draws/5/reveal", content=body, headers=claimed)
    problem: Mapping[str, Any] = answer.json()
    assert answer.status_code == status
    assert problem["title_zh"]
    assert problem["title"]


@pytest.mark.parametrize(("path", "status"), [("/draws/5/reveal", 400), ("/add-checkpoint", 408)])
async def test_a_body_that_stands_still_holds_no_connection_for_ever(
    stage: Scene, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    app = create_node_app(stage.nodes["supervisor"])
    claimed = {"signature-input": f'sig1=();keyid="{stage.platform.log.key.public.hex()}"'}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client, asyncio.timeout(10):
        url = f"http://node.test.example{path}"
        assert (await client.post(url, content=slow(), headers=claimed)).status_code == status


@pytest.mark.parametrize(
    "claim", ["", 'sig1=();keyid="somebody"', "x" * 5000, 'a=();keyid="1", b=();keyid="2"']
)
async def test_the_body_of_a_stranger_is_not_even_read(stage: Scene, claim: str) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield b"{}"

    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=create_node_app(stage.nodes["agency"])))
    headers = {"signature-input": claim} if claim else {}
    answer = await client.post("http://node.test.example/draws/5/reveal", content=body(), headers=headers)
    assert answer.status_code == 401
    assert not read


async def test_a_duty_of_another_role_is_not_there(stage: Scene) -> None:
    with pytest.raises(PartyError) as refused:
        await stage.lines["agency"].call("/draws/5/escrow-open", {})
    assert refused.value.details["refusal"] == "node.wrong_role"


def test_keys_that_others_can_read_are_not_used(tmp_path: Path) -> None:
    create(tmp_path / "k", role="agency", name="a.example", seeds=bytes(96))
    (tmp_path / "k" / "keys.json").chmod(0o644)
    with pytest.raises(PermissionError):
        load(tmp_path / "k")


class TestSplitView:
    """A log that shows two readers different trees gets no second cosignature."""

    def witness(self, stage: Scene) -> CheckpointCosigner:
        node = stage.nodes["cosigner"]
        return CheckpointCosigner(
            book=type(node.book)(node.book._path.parent / "fresh.sqlite"),
            name="w.example",
            key=node.keys.signing,
            origin=ORIGIN,
            log_public=stage.platform.log.key.public,
        )

    def question(self, stage: Scene, old: int, size: int, *, leaves: list[bytes] = LEAVES) -> bytes:
        tree = Tree(leaves[:size])
        note = sign_note(Checkpoint(ORIGIN, size, tree.root).body(), ORIGIN, stage.platform.log.key)
        proof = tree.consistency(old) if old else []
        lines = [f"old {old}", *(b64encode(one).decode() for one in proof), "", note]
        return "\n".join(lines).encode()

    async def test_a_growing_log_is_cosigned_step_by_step(self, stage: Scene) -> None:
        witness = self.witness(stage)
        assert witness.add_checkpoint(self.question(stage, 0, 3), now=1_700_000_000).startswith(
            "— w.example "
        )
        assert witness.add_checkpoint(self.question(stage, 3, 8), now=1_700_000_001)
        assert witness.add_checkpoint(self.question(stage, 8, 8), now=1_700_000_002)

    async def test_a_fork_is_refused(self, stage: Scene) -> None:
        witness = self.witness(stage)
        witness.add_checkpoint(self.question(stage, 0, 3), now=1)
        forked = [LEAVES[0], LEAVES[2], LEAVES[1], *LEAVES[3:]]
        with pytest.raises(CosigningRefusalError) as refused:
            witness.add_checkpoint(self.question(stage, 3, 8, leaves=forked), now=2)
        assert refused.value.status == 422

    async def test_another_idea_of_the_last_size_gets_ours(self, stage: Scene) -> None:
        witness = self.witness(stage)
        witness.add_checkpoint(self.question(stage, 0, 3), now=1)
        with pytest.raises(OtherSizeError) as conflict:
            witness.add_checkpoint(self.question(stage, 0, 5), now=2)
        assert conflict.value.size == 3

    async def test_a_note_of_another_log_is_refused(self, stage: Scene) -> None:
        note = sign_note(
            Checkpoint(ORIGIN, 3, Tree(LEAVES[:3]).root).body(), ORIGIN, SigningKey.from_seed(seeded("m"))
        )
        with pytest.raises(CosigningRefusalError) as refused:
            self.witness(stage).add_checkpoint(f"old 0\n\n{note}".encode(), now=1)
        assert refused.value.status == 403

    @pytest.mark.parametrize(
        "body", [b"", b"old -1\n\nx", b"old 1", b"\xff", b"old 0\n!!\n\nnote", b"x" * 40_000]
    )
    async def test_a_malformed_request_is_refused(self, stage: Scene, body: bytes) -> None:
        with pytest.raises(CosigningRefusalError) as refused:
            self.witness(stage).add_checkpoint(body, now=1)
        assert refused.value.status == 400


class TestAPlatformThatPicksWhatItShows:
    """Everything shown is in the log and signed; what is wrong is which entries are shown, or left out."""

    async def own(self, stage: Scene, kind: str, **body: Any) -> int:
        """Log an entry that the platform alone signs; gives its index."""
        entry = stage.ceremony.own(kind, body)
        return await stage.platform.database.transact(lambda uow: log.append(uow, entry))

    async def shown(self, stage: Scene, row: DrawRow, *more: int, without: frozenset[str]) -> dict[str, Any]:
        """Evidence of a draw with further log entries and without some types of its own."""
        async with stage.platform.database.read() as uow:
            course = await evidence.course(uow, row)
            listed = [one for one in course.entries if one[1].type not in without]
            listed += [(one.index, parse_entry(one.entry)) for one in await uow.log.entries_at(more)]
            size = (await uow.log.head()).size
        published = await stage.platform.publisher.covering(size, now=stage.clock)
        picked = evidence.Course(entries=tuple(sorted(listed, key=lambda one: one[0])))
        async with stage.platform.database.read() as uow:
            rows = await evidence.logged(uow, picked, published.size)
        return copy.deepcopy(evidence.document(published, rows))

    def event(self, k: int, sdr: str | None, **more: Any) -> dict[str, Any]:
        document = tagged("qt/1 evidence", b"story").hex()
        named = {"t": 1, "seat": "11" * 32, "class": "decline", "mode": "supervisor", "evidence": document}
        return {"draw": k, "sdr": sdr, **named} | more

    async def test_no_value_is_lent_under_another_draws_number(self, stage: Scene) -> None:
        """A second draw of the same parties, sealed by nobody, takes the first one's record as its own."""
        row, k = await at(stage, "drawn")
        async with stage.platform.database.read() as uow:
            asked = (await evidence.course(uow, row)).one("request").body
        other = await self.own(stage, "request", **{**asked, "round": 2, "previous": k})
        result = {"draw": other, "sdr": row.sdr_hash, "beacon": None, "alpha": "00" * 32, "beta": "00" * 32}
        more = [other, await self.own(stage, "result", **result)]
        more.append(await self.own(stage, "event", **self.event(other, row.sdr_hash)))
        whole = await self.shown(stage, row, *more, without=frozenset())
        question = {"evidence": whole, "document": b64encode(b"story").decode()}
        with pytest.raises(NodeRefusalError, match="evidence"):
            supervision.answer(stage.nodes["supervisor"], other, 1, question)

    async def test_an_answered_event_cannot_be_left_out_for_one_that_pleases_better(
        self, stage: Scene
    ) -> None:
        row, k = await at(stage, "drawn")
        await replace(stage.ceremony, row.id, Vacated(seat=0, cause="decline", document=b"ill"))
        fresh = await self.own(stage, "event", **self.event(k, row.sdr_hash, mode="own-order"))
        whole = await self.shown(stage, row, fresh, without=frozenset({"event", "answer"}))
        # Of the two events numbered 1 only the fresh one is shown.
        entry = to_json(stage.ceremony.own("open", {"draw": k, "sdr": row.sdr_hash, "events": 1}))
        question = {"evidence": whole, "entry": entry}
        with pytest.raises(NodeRefusalError, match="other_record"):
            supervision.countersign_opening(stage.nodes["supervisor"], k, question)

    async def test_a_later_event_is_not_answered_when_an_answered_one_is_left_out(self, stage: Scene) -> None:
        row, k = await at(stage, "drawn")
        await replace(stage.ceremony, row.id, Vacated(seat=0, cause="decline", document=b"ill"))
        first = await self.own(stage, "event", **self.event(k, row.sdr_hash, mode="own-order"))
        second = await self.own(stage, "event", **self.event(k, row.sdr_hash, t=2))
        whole = await self.shown(stage, row, first, second, without=frozenset({"event", "answer"}))
        question = {"evidence": whole, "document": b64encode(b"story").decode()}
        with pytest.raises(NodeRefusalError, match="other_record"):
            supervision.answer(stage.nodes["supervisor"], k, 2, question)

    async def test_two_events_at_once_are_not_answered(self, stage: Scene) -> None:
        row, k = await at(stage, "drawn")
        first = await self.own(stage, "event", **self.event(k, row.sdr_hash))
        second = await self.own(stage, "event", **self.event(k, row.sdr_hash, t=2))
        whole = await self.shown(stage, row, first, second, without=frozenset())
        question = {"evidence": whole, "document": b64encode(b"story").decode()}
        with pytest.raises(NodeRefusalError, match="evidence"):
            supervision.answer(stage.nodes["supervisor"], k, 2, question)

    async def test_no_opening_is_signed_while_an_event_waits_for_its_answer(self, stage: Scene) -> None:
        row, k = await at(stage, "drawn")
        waiting = await self.own(stage, "event", **self.event(k, row.sdr_hash))
        entry = to_json(stage.ceremony.own("open", {"draw": k, "sdr": row.sdr_hash, "events": 1}))
        question = {"evidence": await self.shown(stage, row, waiting, without=frozenset()), "entry": entry}
        with pytest.raises(NodeRefusalError, match="waits for its answer"):
            supervision.countersign_opening(stage.nodes["supervisor"], k, question)

    async def test_no_value_is_lent_before_the_reveals(self, stage: Scene) -> None:
        row, k = await at(stage, "escrowed")
        result = {"draw": k, "sdr": row.sdr_hash, "beacon": None, "alpha": "00" * 32, "beta": "00" * 32}
        more = [await self.own(stage, "result", **result)]
        more.append(await self.own(stage, "event", **self.event(k, row.sdr_hash)))
        whole = await self.shown(stage, row, *more, without=frozenset())
        question = {"evidence": whole, "document": b64encode(b"story").decode()}
        with pytest.raises(NodeRefusalError, match="evidence"):
            supervision.answer(stage.nodes["supervisor"], k, 1, question)

    async def test_a_draw_that_was_given_up_gets_nothing_more(self, stage: Scene) -> None:
        row, k = await at(stage, "escrowed")
        end = await self.own(stage, "abort", draw=k, sdr=row.sdr_hash, reason="fault")
        whole = await self.shown(stage, row, end, without=frozenset())
        with pytest.raises(NodeRefusalError, match="given up"):
            duties.reveal(stage.nodes["agency"], k, {"evidence": whole})


async def test_a_platform_that_is_killed_in_the_middle_of_a_request_crashes_no_node(stage: Scene) -> None:
    """Its head of the log is half here: the node waits for the next one, and its log tells of no crash."""
    app = create_node_app(stage.nodes["cosigner"])
    assert await hang_up(app, "/add-checkpoint") == [499]
