"""Put the parties into the log: the platform's own `key` entry, and one for every node that signs for itself.

The log cannot be published before its cosigners are known, and nobody is known before the log says so: the
first entries are therefore appended in one transaction and published together by whoever calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.errors import ConflictError
from app.gateways.parties import PartyError, PartyNode
from app.store.repositories.parties import Party
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases.log import LogIdentity, append
from crypto.vrf import VrfKey
from draw.entries import Entry, draft, from_json, sign, to_json, verify
from draw.errors import DrawError

NODE_ROLES: Final = ("agency", "supervisor", "cosigner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A node that asks to be registered, and where the platform reaches it."""

    url: str
    node: PartyNode


async def register(
    database: Database, log: LogIdentity, vrf: VrfKey, candidates: Sequence[Candidate], *, name: str, now: str
) -> list[Party]:
    """Register the platform under `name` and every candidate that is not in the log yet; gives the new ones.

    Nothing is stored unless every candidate signed. The caller publishes. Raises PartyError, ConflictError
    ``party.exists`` for a role and name that another key holds.
    """
    own = {
        "role": "platform",
        "name": name,
        "public": log.key.public.hex(),
        "vrf": vrf.public.hex(),
        "seal": None,
    }
    entries: list[tuple[Entry, str | None]] = [(sign(draft("key", now, own), "platform", log.key), None)]
    for one in candidates:
        entries.append((await _signed(one, log, now), one.url))

    async def work(uow: UnitOfWork) -> list[Party]:
        known = {party.public for party in await uow.parties.all()}
        return [await _store(uow, entry, url) for entry, url in entries if entry.body["public"] not in known]

    return await database.transact(work)


async def _signed(candidate: Candidate, log: LogIdentity, now: str) -> Entry:
    """The candidate's `key` entry with its own signature, checked. Raises PartyError."""
    identity = await candidate.node.identity()
    try:
        if identity["role"] not in NODE_ROLES:
            raise PartyError("party.malformed")
        begun = sign(draft("key", now, identity), "platform", log.key)
        answer = await candidate.node.call("/registration", {"entry": to_json(begun)})
        entry = from_json(answer["entry"])
        _check(entry, identity, log)
    except (DrawError, KeyError, TypeError, ValueError) as error:
        raise PartyError("party.malformed") from error
    return entry


def _check(entry: Entry, identity: Mapping[str, Any], log: LogIdentity) -> None:
    if entry.type != "key" or dict(entry.body) != dict(identity):
        raise PartyError("party.malformed")
    verify(entry, {"platform": log.key.public, identity["role"]: bytes.fromhex(identity["public"])})


async def _store(uow: UnitOfWork, entry: Entry, url: str | None) -> Party:
    body = entry.body
    if any(one.name == body["name"] for one in await uow.parties.by_role(body["role"])):
        raise ConflictError("party.exists")
    party = Party(
        role=body["role"],
        name=body["name"],
        public=body["public"],
        vrf=body["vrf"],
        seal=body["seal"],
        url=url,
        entry_index=await append(uow, entry),
    )
    await uow.parties.add(party)
    return party
