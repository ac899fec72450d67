"""Check 1: bundle bytes to a checked bundle (draw-proof §9), and the trust file (§12).

Reads shapes, limits, the stage and which entries may be there. What entries say about each other is left to
the later checks.
"""

from itertools import pairwise
from typing import Any

from draw.verify import canonical, format_entries, merkle
from draw.verify.bundle import Bundle, Entry
from draw.verify.errors import fail, require
from draw.verify.format_entries import FIELDS, ROLES, SUITE, proof
from draw.verify.notes import MAX_NOTE
from draw.verify.shapes import (
    MismatchError,
    Shape,
    closed,
    constant,
    hex32,
    hex80,
    hex_bytes,
    integer,
    listing,
    natural,
    nullable,
    one_of,
    positive,
    text,
)

MAX_BUNDLE = 64 * 2**20  # bytes
MAX_TRUST = 2**20  # bytes
MAX_TRUSTED = 1000  # keys of one role
STAGES = ("requested", "sealed", "revealed", "opened", "aborted")


def note(value: Any, path: str) -> None:
    """A bounded string that may be a checkpoint."""
    # The content of a note is check 2's; here it is only a bounded string.
    if type(value) is not str or len(value) > MAX_NOTE:
        raise MismatchError(path)


def position(value: Any, path: str) -> None:
    """[j, s, i], three naturals."""
    listing(natural, 3, 3)(value, path)


def _any(_value: Any, _path: str) -> None:
    """A value whose meaning a later check decides."""


def _fields(value: Any, path: str) -> None:
    if type(value) is not dict or not value.keys() <= set(FIELDS):
        raise MismatchError(path)
    for name, field in value.items():
        closed({"value": _any, "salt": hex32})(field, f"{path}.{name}")


_opening = closed(
    {
        "pi": hex80,
        "sizes": listing(listing(closed({"size": natural, "salt": hex32}))),
        "leaves": listing(
            closed(
                {
                    "at": position,
                    "leaf": hex_bytes(64),
                    "proof": proof,
                    "person": nullable(closed({"salt": hex32, "pool_leaf": hex32})),
                    "employer": nullable(closed({"salt": hex32, "tag": hex32})),
                }
            )
        ),
        "rejected": listing(closed({"kind": one_of("person", "employer"), "at": listing(position)})),
        "invitations": listing(
            closed({"n": positive, "seat": integer(0, 2**32 - 1), "salt": hex32}),
        ),
        "events": listing(
            closed(
                {
                    "t": positive,
                    "seat": integer(0, 2**32 - 1),
                    "salt": hex32,
                    "skipped": listing(
                        closed(
                            {
                                "i": natural,
                                "reason": one_of("used", "person", "employer"),
                                "against": listing(position),
                            }
                        )
                    ),
                }
            )
        ),
        "roster": listing(
            closed(
                {
                    "seat": natural,
                    "at": position,
                    "commitments": listing(hex32, 16, 16),
                    "fields": _fields,
                    "pool": closed({"index": natural, "proof": proof}),
                }
            )
        ),
    }
)


def opening(value: Any, path: str) -> None:
    """The opening: members, and leaves strictly ascending by position."""
    _opening(value, path)
    places = [leaf["at"] for leaf in value["leaves"]]
    if any(first >= second for first, second in pairwise(places)):
        raise MismatchError(f"{path}.leaves")


located = closed({"index": natural, "entry": format_entries.entry, "proof": proof})
_bundle = closed(
    {
        "format": constant("qt/1 bundle"),
        "suite": constant(SUITE),
        "stage": one_of(*STAGES),
        "origin": text,
        "checkpoints": closed({"seal": nullable(note), "final": note}),
        "consistency": nullable(proof),
        "entries": listing(located),
        "rules": nullable(format_entries.rules),
        "opening": nullable(opening),
    }
)

_trust = closed(
    {
        "format": constant("qt/1 trust"),
        "origin": text,
        **dict.fromkeys(ROLES, listing(hex32, 0, MAX_TRUSTED, unique=True)),
    }
)


def read(data: bytes, limit: int, shape: Shape, number: int) -> Any:
    """The value of a file of the given shape in canonical bytes; fails check `number` otherwise."""
    try:
        # The shape first: it stops at the first wrong member, so that megabytes of nonsense cost little.
        value = canonical.load(data, limit=limit)
        shape(value, "$")
        canonical.inspect(value, data)
    except canonical.RefusedError as error:
        fail(number, str(error))
    except MismatchError as error:
        fail(number, f"shape of {error}")
    return value


def read_trust(data: bytes) -> Any:
    """The trust file (§12); fails check 4."""
    return read(data, MAX_TRUST, _trust, 4)


def check_1_format(data: bytes) -> Bundle:
    """§9. The bundle with its entries sorted by type; fails check 1."""
    value = read(data, MAX_BUNDLE, _bundle, 1)
    entries = tuple(located_entry(item) for item in value["entries"])
    indices = [entry.index for entry in entries]
    require(indices == sorted(set(indices)), 1, "entries are not ascending by index")
    bundle = Bundle(value=value, entries=entries)
    require(len(bundle.of("request")) == 1, 1, "not exactly one request entry")
    require(value["stage"] == _stage(bundle), 1, "stage does not agree with the entries")
    _presence(bundle)
    return bundle


def located_entry(item: Any) -> Entry:
    """An entry with its place in the log, of the shape `located`."""
    value = item["entry"]
    return Entry(
        index=item["index"],
        type=value["type"],
        time=value["time"],
        body=value["body"],
        signatures=tuple(value["signatures"]),
        signed=canonical.encode({name: value[name] for name in value if name != "signatures"}),
        leaf_hash=merkle.leaf_hash(canonical.encode(value)),
        proof=tuple(bytes.fromhex(node) for node in item["proof"]),
    )


def _stage(bundle: Bundle) -> str:
    for kind, stage in (
        ("abort", "aborted"),
        ("open", "opened"),
        ("result", "revealed"),
        ("seal", "sealed"),
    ):
        if bundle.of(kind):
            return stage
    return "requested"


def _presence(bundle: Bundle) -> None:
    value, sealed = bundle.value, bool(bundle.of("seal"))
    require(len(bundle.of("pool")) <= (1 if sealed else 0), 1, "pool entries that nothing needs")
    require((value["rules"] is not None) == sealed, 1, "rules are present exactly once sealed")
    for name, member in (
        ("checkpoints.seal", value["checkpoints"]["seal"]),
        ("consistency", value["consistency"]),
    ):
        require((member is not None) == sealed, 1, f"{name} is present exactly once sealed")
    if value["stage"] != "aborted":
        opened = value["stage"] == "opened"
        require((value["opening"] is not None) == opened, 1, "the opening is present exactly at stage opened")
