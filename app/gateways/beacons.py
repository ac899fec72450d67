"""Rounds of the public beacon (drand): from a file on this machine, else from HTTP relays.

Every round is verified (`crypto.beacon`) before it is handed on: a relay or a file can withhold a round,
never make one up. A round that is not due yet is an error with its due time, not a wait.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from app.errors import AppError
from app.gateways.answers import UnreachableError, UnusableError, answer
from crypto.beacon import chain, round_time, verify_round
from crypto.errors import BeaconError

MAX_FILE_BYTES: Final = 8 * 1024 * 1024
MAX_ANSWER_BYTES: Final = 4096
TIMEOUT_SECONDS: Final = 5.0
_OK: Final = 200


class BeaconUnavailableError(AppError):
    """No round to be had: ``beacon.not-due`` (`seconds` until it is), ``beacon.unavailable``,
    ``beacon.file``.
    """


class Beacons:
    """Fetches rounds; `rounds` is the offline file's content by chain and number."""

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        clock: Callable[[], datetime],
        relays: Sequence[str] = (),
        rounds: Mapping[tuple[str, int], Mapping[str, str]] | None = None,
    ) -> None:
        """The client is closed by whoever made it; `clock` gives aware UTC."""
        self._client = client
        self._clock = clock
        self._relays = tuple(relays)
        self._rounds = dict(rounds or {})

    async def __call__(self, chain_name: str, number: int) -> dict[str, Any]:
        """The round as a `result` entry holds it (draw-proof §2). Raises BeaconUnavailableError,
        BeaconError.
        """
        wait = round_time(chain_name, number) - self._clock().timestamp()
        if wait > 0:
            raise BeaconUnavailableError("beacon.not-due", seconds=int(wait) + 1)
        stored = self._rounds.get((chain_name, number))
        if stored is not None:
            return _verified(chain_name, number, stored)
        for relay in self._relays:
            answer = await self._ask(relay, chain_name, number)
            if answer is not None:
                return answer
        raise BeaconUnavailableError("beacon.unavailable", chain=chain_name, round=number)

    async def _ask(self, relay: str, chain_name: str, number: int) -> dict[str, Any] | None:
        """The verified round of one relay; None when it has none, or a wrong one."""
        url = f"{relay.rstrip('/')}/{chain(chain_name).hash.hex()}/public/{number}"
        try:
            status, body = await answer(
                self._client, "GET", url, limit=MAX_ANSWER_BYTES, seconds=TIMEOUT_SECONDS
            )
            return _verified(chain_name, number, json.loads(body)) if status == _OK else None
        except (UnreachableError, UnusableError, BeaconUnavailableError):
            return None
        except (ValueError, RecursionError, BeaconError):
            return None


def read_rounds(path: Path) -> dict[tuple[str, int], Mapping[str, str]]:
    """An offline file: ``{chain: {"rounds": [{"round", "signature", "previous_signature"?}…]}}``.

    Raises BeaconUnavailableError ``beacon.file``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise ValueError("too large")
        value = json.loads(data)
        return {
            (name, int(one["round"])): one
            for name in ("quicknet", "default")
            for one in value.get(name, {}).get("rounds", ())
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BeaconUnavailableError("beacon.file") from error


def _verified(chain_name: str, number: int, answer: object) -> dict[str, Any]:
    if not isinstance(answer, Mapping):
        raise BeaconUnavailableError("beacon.unavailable", chain=chain_name, round=number)
    signature, previous = answer.get("signature"), answer.get("previous_signature")
    # Relays of the unchained network may still send an empty previous signature.
    previous = previous or None
    if not isinstance(signature, str) or not isinstance(previous, str | None):
        raise BeaconUnavailableError("beacon.unavailable", chain=chain_name, round=number)
    try:
        before = None if previous is None else bytes.fromhex(previous)
        stated = bytes.fromhex(signature)
    except ValueError as error:
        raise BeaconUnavailableError("beacon.unavailable", chain=chain_name, round=number) from error
    verify_round(chain_name, number, stated, before)
    return {"chain": chain_name, "round": number, "signature": signature, "previous": previous}
