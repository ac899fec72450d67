"""Reading OCDS 1.1 release packages: one notice per contracting process, with its buyer and its bidders.

Bidders are the parties with the role tenderer or supplier, and whoever tender, bids or awards name as such.
Amounts and texts are not read. Parsing is bounded and strict about structure: duplicate keys, depth and size
are refused; numbers may have fractions, which the canonical form of our own records has no place for, and are
dropped here.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from app.errors import Fault, InputRefusedError, NotFoundError
from crypto.hashing import sha256

MAX_PACKAGE_BYTES: Final = 8 * 1024 * 1024
MAX_RELEASES: Final = 1_000
MAX_DEPTH: Final = 32
MAX_BIDDERS: Final = 1_000
MAX_NAME_CHARS: Final = 200
_MAX_NUMBER_CHARS: Final = 64
_ORG_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PROJECT_ID: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}", re.ASCII)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BIDDER_ROLES: Final = frozenset({"supplier", "tenderer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation of the notice: `org` is ``ocds:<id>``."""

    org: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One contracting process. `project_id` is its ocid in the form of our ids."""

    ocid: str
    project_id: str
    title: str
    buyer: Organisation
    bidders: tuple[Organisation, ...]


def read_notice(value: object, *, ocid: str | None) -> Notice:
    """The notice called `ocid` out of a parsed release package; without it the one with the most bidders.

    Raises InputRefusedError with every fault of the package, NotFoundError ``ocds.unknown-ocid``.
    """
    processes = _processes(value)
    if ocid is not None and ocid not in processes:
        raise NotFoundError("ocds.unknown-ocid")
    chosen = [ocid] if ocid is not None else list(processes)
    notices = [_notice(one, processes[one]) for one in chosen]
    return max(notices, key=lambda notice: len(notice.bidders))


def parse_package(data: bytes) -> object:
    """JSON bytes to values: at most 8 MiB and 32 levels, no duplicate keys. Raises InputRefusedError."""
    if len(data) > MAX_PACKAGE_BYTES:
        raise _refused("json.too-large")
    try:
        value: object = json.loads(
            data.decode("utf-8", "strict"),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_fraction,
        )
    except InputRefusedError:
        raise
    except (ValueError, RecursionError) as error:
        raise _refused("json.syntax") from error
    _require_shallow(value)
    return value


def _processes(value: object) -> dict[str, list[Mapping[str, Any]]]:
    releases = value.get("releases") if isinstance(value, dict) else None
    if not isinstance(releases, list) or not releases:
        raise _refused("ocds.no-releases", "/releases")
    if len(releases) > MAX_RELEASES:
        raise _refused("ocds.too-many-releases", "/releases")
    processes: dict[str, list[Mapping[str, Any]]] = {}
    faults = []
    for index, release in enumerate(releases):
        if not isinstance(release, dict) or not _is_text(release.get("ocid")):
            faults.append(Fault(code="ocds.no-ocid", pointer=f"/releases/{index}/ocid"))
        else:
            processes.setdefault(release["ocid"], []).append(release)
    if faults:
        raise InputRefusedError("ocds.refused", faults)
    return processes


def _notice(ocid: str, releases: list[Mapping[str, Any]]) -> Notice:
    buyers = [one for release in releases for one in _buyers(release)]
    if not buyers:
        raise _refused("ocds.no-buyer", "/releases")
    bidders: dict[str, Organisation] = {}
    for release in releases:
        for one in _bidders(release):
            bidders.setdefault(one.org, one)
    if len(bidders) > MAX_BIDDERS:
        raise _refused("ocds.too-many-bidders", "/releases")
    titles = [_mapping(release.get("tender")).get("title") for release in releases]
    return Notice(
        ocid=ocid,
        project_id=ocid.lower() if _PROJECT_ID.fullmatch(ocid.lower()) else f"ocds-{_short(ocid)}",
        title=next((_clean(one) for one in titles if _is_text(one)), ocid),
        buyer=buyers[0],
        bidders=tuple(bidders.values()),
    )


def _buyers(release: Mapping[str, Any]) -> Iterable[Organisation]:
    named = [release.get("buyer"), *(p for p in _list(release.get("parties")) if "buyer" in _roles(p))]
    return _organisations(named)


def _bidders(release: Mapping[str, Any]) -> Iterable[Organisation]:
    tender, bids = _mapping(release.get("tender")), _mapping(release.get("bids"))
    named = [p for p in _list(release.get("parties")) if not _BIDDER_ROLES.isdisjoint(_roles(p))]
    named += _list(tender.get("tenderers"))
    named += [one for bid in _list(bids.get("details")) for one in _list(_mapping(bid).get("tenderers"))]
    named += [
        one for award in _list(release.get("awards")) for one in _list(_mapping(award).get("suppliers"))
    ]
    return _organisations(named)


def _organisations(named: Iterable[object]) -> Iterable[Organisation]:
    for one in named:
        party = _mapping(one)
        if _is_text(party.get("id")):
            identifier: str = party["id"]
            org = identifier if _ORG_ID.fullmatch(identifier) else f"h-{_short(identifier)}"
            name = party.get("name")
            yield Organisation(org=f"ocds:{org}", name=_clean(name) if _is_text(name) else identifier)


def _roles(party: object) -> frozenset[str]:
    return frozenset(one for one in _list(_mapping(party).get("roles")) if isinstance(one, str))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value.strip()) <= 10 * MAX_NAME_CHARS


def _clean(text: str) -> str:
    """A name of 1 to 200 characters without control characters."""
    return _CONTROL.sub(" ", text).strip()[:MAX_NAME_CHARS] or "-"


def _short(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hex()[:32]


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refused("json.duplicate-key")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _MAX_NUMBER_CHARS:
        raise _refused("json.number")
    return int(digits)


def _fraction(_digits: str) -> None:
    return None


def _require_shallow(value: object) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH + 1:
            raise _refused("json.too-deep")
        level = [
            member
            for one in level
            if isinstance(one, dict | list)
            for member in (one.values() if isinstance(one, dict) else one)
        ]


def _refused(code: str, pointer: str = "") -> InputRefusedError:
    return InputRefusedError(code, [Fault(code=code, pointer=pointer)])
