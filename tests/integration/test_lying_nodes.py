"""A party's node that answers, signed, with something else than it was asked for: nothing of it reaches the
log.

A log forgets nothing, so one wrong value in it would end a draw that nobody may end alone.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from app.gateways.parties import PartyError, PartyNode
from app.usecases import openings
from app.usecases.openings import Vacated, open_draw, replace
from crypto.signing import SigningKey
from draw.entries import draft, sign, to_json
from draw.verify.verifier import verify
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio
Answer = Mapping[str, Any]
Bend = Callable[[Answer], Answer]


class Liar:
    """A node whose answers to one duty are bent."""

    def __init__(self, honest: PartyNode, duty: str, bend: Bend) -> None:
        self._honest, self._duty, self._bend = honest, duty, bend

    async def call(self, path: str, document: Answer) -> Answer:
        answer = await self._honest.call(path, document)
        return self._bend(answer) if f"/{self._duty}" in path else answer

    async def identity(self) -> Answer:
        return await self._honest.identity()


def lies(stage: Stage, role: str, duty: str, bend: Bend) -> Callable[[], None]:
    """From now on this party lies about this duty, until the function given back is called."""
    nodes = cast("dict[str, PartyNode]", stage.one.platform.nodes)
    public = stage.nodes[role].keys.signing.public.hex()
    honest = nodes[public]
    nodes[public] = cast("PartyNode", Liar(honest, duty, bend))
    return lambda: nodes.__setitem__(public, honest)


def says(stage: Stage, role: str, /, **changed: Any) -> Bend:
    """The party's entry with other members, signed by the party as if it were meant."""

    def bend(answer: Answer) -> Answer:
        raw = answer["entry"]
        entry = draft(raw["type"], raw["time"], {**raw["body"], **changed})
        return {"entry": to_json(sign(entry, role, stage.nodes[role].keys.signing))}

    return bend


async def entry_types(stage: Stage, draw_id: str) -> list[str]:
    async with stage.one.platform.database.read() as uow:
        return [entry.type for entry in await uow.draws.entries(draw_id)]


LIES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("agency", "commitment", "committed", {"draw": 3}),
    ("cosigner", "escrow-receipt", "escrowed", {"role": "supervisor"}),
    ("cosigner", "escrow-receipt", "escrowed", {"sealed": "00" * 32}),
    ("cosigner", "escrow-receipt", "escrowed", {"sdr": "00" * 32}),
    ("agency", "reveal", "revealed", {"r": "00" * 32}),
    ("supervisor", "reveal", "revealed", {"sdr": "00" * 32}),
]


@pytest.mark.parametrize(("role", "duty", "until", "changed"), LIES)
async def test_an_entry_that_says_something_else_is_not_logged(
    stage: Stage, role: str, duty: str, until: str, changed: dict[str, Any]
) -> None:
    ceremony = stage.one.ceremony
    row = await stage.request()
    honest = lies(stage, role, duty, says(stage, role, **changed))
    with pytest.raises(PartyError, match=r"party\.malformed"):
        await ceremony.run(row.id, until=until)
    assert {"commitment": "commit", "escrow-receipt": "escrow", "reveal": "reveal"}[
        duty
    ] not in await entry_types(stage, row.id)
    honest()
    assert (await ceremony.run(row.id)).state == "drawn"


async def test_a_holder_that_reveals_a_wrong_value_is_treated_as_one_that_withholds_it(stage: Stage) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id, until="escrowed")
    lies(stage, "agency", "reveal", says(stage, "agency", r="11" * 32))
    with pytest.raises(PartyError, match=r"party\.malformed"):
        await ceremony.run(row.id)
    stage.clock.advance(minutes=11)
    row = await ceremony.run(row.id)
    stage.clock.advance(hours=2)
    row = await open_draw(ceremony, row.id)
    bundle = await openings.bundle(stage.one.platform, row)
    assert verify(bundle, trust=stage.trust).stage == "opened"


async def test_a_seal_signed_with_a_key_that_the_request_does_not_name_is_not_logged(stage: Stage) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id, until="committed")
    other = SigningKey.from_seed(b"\x07" * 32)
    frozen = await ceremony._frozen(row)

    def bend(_answer: Answer) -> Answer:
        line = sign(frozen.seal, "agency", other).signatures[0]
        return {"signature": {"role": "agency", "key": line.key.hex(), "signature": line.signature.hex()}}

    honest = lies(stage, "agency", "seal", bend)
    with pytest.raises(PartyError, match=r"party\.malformed"):
        await ceremony.run(row.id, until="sealed")
    assert "seal" not in await entry_types(stage, row.id)
    honest()
    assert (await ceremony.run(row.id, until="sealed")).state == "sealed"


async def test_an_answer_whose_proof_does_not_verify_is_not_logged_and_the_draw_can_still_open(
    stage: Stage,
) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id)
    pi = stage.nodes["supervisor"].keys.vrf.prove(b"something else").hex()
    honest = lies(stage, "supervisor", "answers", says(stage, "supervisor", pi=pi))
    with pytest.raises(PartyError, match=r"party\.malformed"):
        await replace(ceremony, row.id, Vacated(seat=0, cause="decline", document=b"ill"))
    assert "answer" not in await entry_types(stage, row.id)
    honest()
    stage.clock.advance(hours=2)
    assert (await open_draw(ceremony, row.id)).state == "opened"


async def test_a_replacement_asked_for_again_after_a_lost_answer_is_the_same_replacement(
    stage: Stage,
) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id)
    vacated = Vacated(seat=0, cause="decline", document=b"ill")
    stage.wire.broken.add(("supervisor.example", "/answers/1"))
    with pytest.raises(PartyError):
        await replace(ceremony, row.id, vacated)
    stage.wire.broken.clear()
    assert await replace(ceremony, row.id, vacated) == 1
    assert (await entry_types(stage, row.id))[-2:] == ["event", "answer"]
    # Another document is another event: the successor may decline too.
    assert await replace(ceremony, row.id, Vacated(seat=0, cause="decline", document=b"ill as well")) == 2
