"""Attacks of an operator that no bundle shows and the parties' nodes stop: a draw made twice, and
rules that only the platform knows. Real nodes and a real log, on both engines; colluding parties are nodes
that forget, or that follow.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.cli.messages import explain
from app.errors import LogCorruptError
from app.gateways.parties import PartyError, PartyNode
from app.parties.book import Book
from app.parties.pinned_rules import accept
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import evidence, openings
from app.usecases.frozen_draws import Prepared
from app.usecases.log import verify_log
from draw.record import rules_digest
from draw.verify.verifier import verify
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio


async def _forgotten(stage: Stage, row: DrawRow, section: str) -> None:
    """The operator puts a draw of its database under another section, as if this one had had none."""
    await stage.project(section)
    async with stage.one.platform.database.engine.begin() as connection:
        wanted = {"section": section, "draw": row.id}
        await connection.execute(text("update draws set section = :section where id = :draw"), wanted)


def _forget(stage: Stage, role: str, folder: Path) -> None:
    """A party that colludes gives its node an empty book."""
    object.__setattr__(stage.nodes[role], "book", Book(folder / f"{role}-anew.sqlite"))


async def _log_verdict(stage: Stage) -> str | None:
    platform = stage.one.platform
    try:
        await verify_log(platform.database, platform.log, platform.cosigners)
    except LogCorruptError as error:
        return error.code
    return None


@pytest.mark.parametrize("honest", ["agency", "supervisor", "cosigner"])
async def test_an_operator_who_forgets_a_draw_gets_no_second_one_while_one_node_remembers(
    stage: Stage, tmp_path: Path, honest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It renames its row and asks again, as round 1; even two parties that forget with it do not suffice."""
    first = await stage.one.ceremony.run((await stage.request()).id, until="drawn")
    await _forgotten(stage, first, "s9")
    second = await stage.request()
    assert (second.round, second.previous) == (first.round, first.previous) == (1, None)
    for role in {"agency", "supervisor", "cosigner"} - {honest}:
        _forget(stage, role, tmp_path)
    with pytest.raises(PartyError) as refused:
        await stage.one.ceremony.run(second.id)
    assert refused.value.details["refusal"] == "node.other_draw"
    assert (await stage.one.ceremony.row(second.id)).state in ("requested", "sealed")
    assert await _log_verdict(stage) == "log.round-repeated"
    explain(LogCorruptError("log.round-repeated", draw=second.k, earlier=first.k, round=1, section="5e"))
    assert f"draw {second.k} beside {first.k}" in capsys.readouterr().err


async def test_when_all_three_forget_with_the_operator_whoever_walks_the_log_still_finds_two_draws(
    stage: Stage, tmp_path: Path
) -> None:
    first = await stage.one.ceremony.run((await stage.request()).id, until="drawn")
    await _forgotten(stage, first, "s9")
    assert await _log_verdict(stage) is None
    for role in ("agency", "supervisor", "cosigner"):
        _forget(stage, role, tmp_path)
    second = await stage.one.ceremony.run((await stage.request()).id, until="drawn")
    assert verify(await openings.bundle(stage.one.platform, second)).stage == "revealed"
    assert await _log_verdict(stage) == "log.round-repeated"


async def test_an_operator_cannot_slip_a_sham_first_round_under_the_next(stage: Stage) -> None:
    """Round 2 names a round 1 that nobody ever drew, in place of the one that the nodes know."""
    first = await stage.one.ceremony.run((await stage.request()).id, until="drawn")
    await _forgotten(stage, first, "s9")
    sham = await stage.request()
    async with stage.one.platform.database.engine.begin() as connection:
        ended = text("update draws set live = false, state = 'aborted' where id = :draw")
        await connection.execute(ended, {"draw": sham.id})
    second = await stage.request(redraw_reason="again")
    assert (second.round, second.previous) == (2, sham.k)
    with pytest.raises(PartyError) as refused:
        await stage.one.ceremony.run(second.id)
    assert refused.value.details["refusal"] == "node.other_draw"


async def test_a_node_that_is_new_to_a_section_is_shown_all_its_rounds_and_holds_them(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony = stage.one.ceremony
    first = await ceremony.run((await stage.request()).id, until="sealed")
    await ceremony.abort(first.id, "project_cancelled")
    for role in ("agency", "supervisor", "cosigner"):
        _forget(stage, role, tmp_path)
    second = await stage.request(redraw_reason="again")
    with monkeypatch.context() as hiding:
        hiding.setattr(evidence, "shown", evidence.logged)
        with pytest.raises(PartyError) as refused:
            await ceremony.run(second.id)
    assert refused.value.details["refusal"] == "node.evidence"
    assert (await ceremony.run(second.id, until="drawn")).state == "drawn"
    assert await _log_verdict(stage) is None
    for row, section in ((first, "s8"), (second, "s9")):
        await _forgotten(stage, row, section)
    with pytest.raises(PartyError) as refused:
        await ceremony.run((await stage.request()).id)
    assert refused.value.details["refusal"] == "node.other_draw"


# -- rules that the platform made up

CAP = b'[parameters."employer_cap"]\nvalue = 1\n'


def _follow(stage: Stage, role: str, lax: bytes) -> None:
    """A party that colludes pins what the platform made up."""
    node = stage.nodes[role]
    object.__setattr__(node, "layers", {**node.layers, hashlib.sha256(lax).hexdigest(): lax})


@pytest.mark.parametrize("honest", ["agency", "supervisor"])
async def test_a_rule_pack_that_only_the_platform_knows_is_sealed_by_no_honest_holder(
    stage: Stage, honest: str
) -> None:
    """It calls itself tender.cn and lets nine of one employer in; the owner of the node may accept it."""
    platform, ceremony = stage.one.platform, stage.one.ceremony
    known = platform.packs.layers["tender.cn"]
    lax = known.replace(CAP, CAP.replace(b"1", b"9"))
    assert lax != known
    packs = replace(platform.packs, layers={**platform.packs.layers, "tender.cn": lax}, _resolved={})
    object.__setattr__(platform, "packs", packs)
    _follow(stage, {"agency": "supervisor", "supervisor": "agency"}[honest], lax)
    row = await stage.request()
    with pytest.raises(PartyError) as refused:
        await ceremony.run(row.id)
    assert refused.value.details["refusal"] == "node.unknown_rules"
    assert (await ceremony.row(row.id)).state == "committed"
    rules = (await ceremony.frozen(row)).rules
    assert (rules.id, rules.employer_cap) == ("tender.cn", 9)
    accept(stage.nodes[honest].book, rules_digest(rules))
    assert (await ceremony.run(row.id, until="sealed")).state == "sealed"


async def test_laxer_rules_under_the_digests_of_true_layers_are_not_sealed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony = stage.one.ceremony
    honest = ceremony._prepare

    async def lax(uow: UnitOfWork, row: DrawRow) -> Prepared:
        prepared = await honest(uow, row)
        return replace(prepared, rules=replace(prepared.rules, predicates=(), employer_cap=99))

    monkeypatch.setattr(ceremony, "_prepare", lax)
    with pytest.raises(PartyError) as refused:
        await ceremony.run((await stage.request()).id)
    assert refused.value.details["refusal"] == "node.unknown_rules"


async def test_true_rules_shown_for_a_record_that_seals_others_are_not_believed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony = stage.one.ceremony
    true = stage.one.platform.packs.resolve("tender.cn").rules
    honest = ceremony._prepare

    async def lax(uow: UnitOfWork, row: DrawRow) -> Prepared:
        return replace(await honest(uow, row), rules=replace(true, employer_cap=99))

    class Shown:
        """The node's line, on which the platform says that the rules are the true ones."""

        def __init__(self, node: PartyNode) -> None:
            self.node = node

        async def call(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
            shown = {"rules": true.to_json()} if "rules" in document else {}
            return await self.node.call(path, {**document, **shown})

    nodes = {public: Shown(node) for public, node in stage.one.platform.nodes.items()}
    object.__setattr__(stage.one.platform, "nodes", nodes)
    monkeypatch.setattr(ceremony, "_prepare", lax)
    with pytest.raises(PartyError) as refused:
        await ceremony.run((await stage.request()).id)
    assert refused.value.details["refusal"] == "node.evidence"
