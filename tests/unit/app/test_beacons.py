"""Rounds from a file or a relay: genuine ones pass, and nobody can slip in another."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.gateways.beacons import Beacons, BeaconUnavailableError, read_rounds
from crypto.beacon import CHAINS, round_time
from crypto.errors import BeaconError

pytestmark = pytest.mark.anyio
FILE = Path(__file__).resolve().parents[2] / "vectors/drand.json"
GENUINE = json.loads(FILE.read_bytes())
LATE = datetime(2026, 11, 23, tzinfo=UTC)
Answer = Callable[[httpx.Request], httpx.Response]


def beacons(answer: Answer | None = None, *, now: datetime = LATE, offline: bool = False) -> Beacons:
    def silent(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody is there")

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer or silent))
    relays = ("http://first.example", "http://second.example/")
    return Beacons(
        client=client, clock=lambda: now, relays=relays, rounds=read_rounds(FILE) if offline else None
    )


def genuine(chain: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in GENUINE[chain]["rounds"] if one["round"] == number)
    return found


@pytest.mark.parametrize(
    ("chain", "number"), [(chain, one["round"]) for chain in CHAINS for one in GENUINE[chain]["rounds"]]
)
async def test_the_offline_file_answers_without_any_relay(chain: str, number: int) -> None:
    found = await beacons(offline=True)(chain, number)
    assert found["signature"] == genuine(chain, number)["signature"]
    assert (found["previous"] is None) == (chain == "quicknet")


async def test_a_relay_is_asked_by_the_chains_hash() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=genuine("quicknet", 1000))

    assert (await beacons(answer)("quicknet", 1000))["round"] == 1000
    assert asked == [f"http://first.example/{CHAINS['quicknet'].hash.hex()}/public/1000"]


@pytest.mark.parametrize(
    "lie",
    [
        httpx.Response(200, json={**genuine("quicknet", 1), "round": 1000}),
        httpx.Response(200, json={"signature": "zz"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, content=b"not json"),
        httpx.Response(200, content=b" " * 5000),
        httpx.Response(404, json=genuine("quicknet", 1000)),
    ],
    ids=["another-round", "no-hex", "no-object", "no-json", "too-large", "not-found"],
)
async def test_a_lying_relay_is_passed_over_for_an_honest_one(lie: httpx.Response) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        first = request.url.host == "first.example"
        return lie if first else httpx.Response(200, json=genuine("quicknet", 1000))

    assert (await beacons(answer)("quicknet", 1000))["signature"] == genuine("quicknet", 1000)["signature"]


async def test_without_an_honest_relay_there_is_no_round() -> None:
    with pytest.raises(BeaconUnavailableError, match="unavailable"):
        await beacons()("quicknet", 1000)


async def test_a_round_that_is_not_due_is_not_asked_for() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json=genuine("quicknet", 1000))

    early = datetime.fromtimestamp(round_time("quicknet", 1000) - 20, UTC)
    with pytest.raises(BeaconUnavailableError, match="not-due") as caught:
        await beacons(answer, now=early)("quicknet", 1000)
    assert caught.value.details["seconds"] == 21
    assert asked == []


async def test_a_forged_round_in_the_offline_file_is_an_error_not_a_detour(tmp_path: Path) -> None:
    forged = {"quicknet": {"rounds": [{**genuine("quicknet", 1), "round": 1000}]}}
    (tmp_path / "rounds.json").write_text(json.dumps(forged))
    one = Beacons(
        client=httpx.AsyncClient(), clock=lambda: LATE, rounds=read_rounds(tmp_path / "rounds.json")
    )
    with pytest.raises(BeaconError, match="not this chain's signature"):
        await one("quicknet", 1000)


async def test_a_round_in_the_file_that_is_no_hexadecimal_is_no_round(tmp_path: Path) -> None:
    (tmp_path / "rounds.json").write_text('{"quicknet": {"rounds": [{"round": 1000, "signature": "zz"}]}}')
    one = Beacons(
        client=httpx.AsyncClient(), clock=lambda: LATE, rounds=read_rounds(tmp_path / "rounds.json")
    )
    with pytest.raises(BeaconUnavailableError, match="unavailable"):
        await one("quicknet", 1000)


@pytest.mark.parametrize("content", ["", "[]", '{"quicknet": []}', '{"quicknet": {"rounds": [{}]}}'])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "rounds.json").write_text(content)
    with pytest.raises(BeaconUnavailableError, match=r"beacon\.file"):
        read_rounds(tmp_path / "rounds.json")
