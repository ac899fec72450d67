"""The contract of `app.gateways.cosigners.Cosigner`, kept by the in-memory one and by a real node behind
HTTP.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.gateways.cosigners import Cosigner, CosignerBehindError, CosignerError, HttpCosigner
from app.parties import keys as party_keys
from app.parties.book import Book
from app.parties.node import Node
from app.parties.server import create_node_app
from app.parties.trust import Trust
from crypto.checkpoint import Checkpoint, parse_note, sign_note, verify_cosignature, with_signature
from crypto.merkle import Tree, leaf_hash
from crypto.signing import SigningKey
from tests.support.cosigner import InMemoryCosigner
from tests.support.parties import Chance, Clock, Wire

pytestmark = pytest.mark.anyio

ORIGIN = "log.test.example"
LOG_KEY = SigningKey.from_seed(b"P" * 32)
LEAVES = [leaf_hash(bytes([number])) for number in range(12)]


def head(size: int, *, key: SigningKey = LOG_KEY, origin: str = ORIGIN, fork: bool = False) -> str:
    leaves = [leaf_hash(b"forked"), *LEAVES[1:size]] if fork else LEAVES[:size]
    return sign_note(Checkpoint(origin, size, Tree(leaves).root).body(), origin, key)


def proof(old: int, new: int) -> list[bytes]:
    return Tree(LEAVES[:new]).consistency(old)


@pytest.fixture(params=["in memory", "node behind http"])
def cosigner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cosigner]:
    keys = party_keys.create(tmp_path / "keys", role="cosigner", name="cosigner.example", seeds=b"W" * 96)
    if request.param == "in memory":
        yield InMemoryCosigner(keys.name, keys.signing, origin=ORIGIN, log_public=LOG_KEY.public)
        return
    roles = ("platform", "agency", "supervisor", "cosigner")
    public: dict[str, tuple[str, ...]] = dict.fromkeys(roles, (LOG_KEY.public.hex(),))
    trust = Trust(origin=ORIGIN, keys=public)
    book = Book(tmp_path / "book.sqlite")
    node = Node(keys=keys, book=book, trust=trust, clock=Clock(), random=Chance("node"))
    client = httpx.AsyncClient(transport=Wire(app=create_node_app(node)))
    yield HttpCosigner(
        name=keys.name, public=keys.signing.public, url="http://node.test.example/", client=client
    )


async def test_a_first_and_a_longer_head_are_signed(cosigner: Cosigner) -> None:
    for old, new in ((0, 3), (3, 3), (3, 8), (8, 12)):
        note = head(new)
        line = await cosigner.add_checkpoint(old, proof(old, new), note)
        assert verify_cosignature(parse_note(with_signature(note, line)), cosigner.name, cosigner.public) > 0


async def test_another_old_size_is_answered_with_the_size_last_signed(cosigner: Cosigner) -> None:
    await cosigner.add_checkpoint(0, [], head(5))
    for wrong in (0, 4, 7):
        with pytest.raises(CosignerBehindError) as conflict:
            await cosigner.add_checkpoint(wrong, proof(wrong, 8), head(8))
        assert conflict.value.size == 5
    await cosigner.add_checkpoint(5, proof(5, 8), head(8))


async def test_a_fork_is_not_signed(cosigner: Cosigner) -> None:
    await cosigner.add_checkpoint(0, [], head(5))
    for forked, path in ((head(8, fork=True), proof(5, 8)), (head(5, fork=True), [])):
        with pytest.raises(CosignerError, match=r"cosigner\.refused"):
            await cosigner.add_checkpoint(5, path, forked)
    await cosigner.add_checkpoint(5, proof(5, 8), head(8))


async def test_a_wrong_proof_is_not_signed(cosigner: Cosigner) -> None:
    await cosigner.add_checkpoint(0, [], head(5))
    for path in ([], proof(4, 8), [*proof(5, 8), bytes(32)]):
        with pytest.raises(CosignerError, match=r"cosigner\.refused"):
            await cosigner.add_checkpoint(5, path, head(8))


async def test_only_the_logs_own_signature_counts(cosigner: Cosigner) -> None:
    stranger = SigningKey.from_seed(b"X" * 32)
    for note in (head(3, key=stranger), head(3, origin="other.example")):
        with pytest.raises(CosignerError, match=r"cosigner\.refused"):
            await cosigner.add_checkpoint(0, [], note)
    await cosigner.add_checkpoint(0, [], head(3))


ANSWERS = {
    "a size that is none": (409, b"many"),
    "a negative size": (409, b"-1"),
    "no text": (200, b"\xff\xfe"),
    "an endless answer": (200, b"x" * 100_000),
    "a server error": (500, b""),
    "a redirect": (302, b""),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_nonsense_over_http_is_a_refusal_and_nothing_worse(case: str) -> None:
    status, content = ANSWERS[case]
    answer = httpx.Response(status, content=content, headers={"location": "/"})
    transport = httpx.MockTransport(lambda _: answer)
    async with httpx.AsyncClient(transport=transport) as client:
        one = HttpCosigner(name="w", public=bytes(32), url="http://node.test.example", client=client)
        with pytest.raises(CosignerError, match=r"cosigner\.(malformed|refused)"):
            await one.add_checkpoint(0, [], head(1))


async def test_an_address_nobody_answers_at() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as client:
        one = HttpCosigner(name="w", public=bytes(32), url="http://node.test.example", client=client)
        with pytest.raises(CosignerError, match=r"cosigner\.unreachable"):
            await one.add_checkpoint(0, [], head(1))
