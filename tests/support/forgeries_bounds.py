"""Forged proofs that overstep a bound: dates that hide something, lists too long, counts too high (§10).

Where two readings of the page were once possible, both verifiers must now stop at the same check.
"""

from base64 import b64encode
from dataclasses import replace
from typing import Any

from crypto.checkpoint import cosigner_key_id, sign_note
from crypto.merkle import Tree
from draw.model import Interval
from tests.support import synthetic_pool
from tests.support.ceremony import ORIGIN, Ceremony, bundle_bytes
from tests.support.forgeries_eligibility import with_pool
from tests.support.forgery import (
    BEACON,
    RICH,
    SEALED,
    Evidence,
    Json,
    add,
    at_time,
    bent,
    body,
    cheated,
    entry_of,
    forges,
    put,
)
from tests.support.synthetic_pool import Shape

PLAIN = replace(RICH, events=())
# The commitments of a ceremony are dated 15:23:20, its seal 15:40:00.
ELEVEN_MINUTES_LATER = "2023-08-23T15:33:21Z"
AFTER_THE_SEAL = "2023-08-23T15:40:01Z"
ABOUT_THE_SEAL = "2023-08-23T15:40:00Z"


def _whole(ceremony: Ceremony) -> Json:
    bundle: Json = ceremony.bundle()
    return bundle


# -- 1 format
@forges(1, "an entry that nobody signed")
def signed_by_nobody() -> Json:
    return bent(lambda bundle: put(entry_of(bundle, "commit"), "entry", "signatures", value=[]))


@forges(1, "rules of 65 layers")
def too_many_layers() -> Json:
    def pile(bundle: Json) -> None:
        bundle["rules"]["layers"] = (bundle["rules"]["layers"] * 65)[:65]

    return bent(pile)


@forges(1, "a beacon signature longer than any chain's")
def beacon_of_97_bytes() -> Json:
    return bent(
        lambda bundle: put(
            entry_of(bundle, "result"), "entry", "body", "beacon", "signature", value="00" * 97
        )
    )


# -- 2 checkpoints
@forges(2, "an empty checkpoint")
def empty_note() -> Json:
    return bent(lambda bundle: put(bundle, "checkpoints", "final", value=""))


def _cosigned(moment: int) -> Json:
    """Cosigners who sign a time under the final checkpoint that no honest tool would."""
    ceremony = Ceremony(PLAIN)
    bundle = _whole(ceremony)
    text = bundle["checkpoints"]["final"].split("\n\n")[0] + "\n"
    note = sign_note(text, ORIGIN, ceremony.keys["platform"])
    for role in ("supervisor", "cosigner"):
        key, name = ceremony.keys[role], ceremony.names[role]
        signature = key.sign(f"cosignature/v1\ntime {moment}\n{text}".encode())
        blob = cosigner_key_id(name, key.public) + moment.to_bytes(8, "big") + signature
        note += f"— {name} {b64encode(blob).decode()}\n"
    bundle["checkpoints"]["final"] = note
    return bundle


add(2, "cosigned-at-zero", "a cosignature dated at second zero", lambda: _cosigned(0))
add(2, "cosigned-beyond-time", "a cosignature dated beyond all time", lambda: _cosigned(1 << 63))


# -- 4 keys
@forges(4, "a trust file that names a key twice")
def trusted_twice() -> Evidence:
    ceremony = Ceremony(BEACON)
    trust: Any = ceremony.trust()
    trust["agency"] *= 2
    return Evidence(bundle=bundle_bytes(ceremony.bundle()), trust=bundle_bytes(trust))


# -- 6 commitments
@forges(6, "the request is dated late, so that changes of the pool before it look old")
def request_dated_late() -> Json:
    return _whole(cheated(PLAIN, request=at_time(ELEVEN_MINUTES_LATER)))


@forges(6, "an opening of a draw that nobody committed to or sealed")
def opened_without_commitments() -> Json:
    def strip(bundle: Json) -> None:
        gone = ("pool", "commit", "seal")
        bundle["entries"] = [one for one in bundle["entries"] if one["entry"]["type"] not in gone]
        bundle["checkpoints"]["seal"] = bundle["rules"] = bundle["consistency"] = None

    return bent(strip)


# -- 7 seal
@forges(7, "the request is dated after the record that answers it")
def request_dated_after_seal() -> Json:
    late = at_time(ABOUT_THE_SEAL)
    return _whole(cheated(PLAIN, request=at_time(AFTER_THE_SEAL), commit_agency=late, commit_supervisor=late))


# -- 15 sizes
@forges(15, "the lists are longer than the pool that was logged")
def lists_longer_than_the_pool() -> Json:
    ceremony = Ceremony(PLAIN)
    hashes = ceremony.snapshot.leaf_hashes
    smaller = Tree(sorted(hashes)[: len(hashes) // 4])
    ceremony.cheats["pool"] = body(root=smaller.root.hex(), size=smaller.size)
    return _whole(ceremony)


@forges(15, "more tables than a producer may seal")
def more_tables_than_allowed() -> Json:
    """Three to the eleventh: 177,147 tables, where 65,536 are allowed."""
    shape = Shape(strata=(1,) * 11, sites=((0, 11),) * 3, experts=400)
    ceremony = Ceremony(replace(PLAIN, shape=shape, rules=synthetic_pool.rules(factor=1, bits=0)))
    cells = ceremony.cells
    ceremony.opening = lambda: {  # type: ignore[method-assign]
        "pi": ceremony.vrf["platform"].prove(ceremony.alpha).hex(),
        "sizes": [[{"size": cell.size, "salt": cell.salt.hex()} for cell in line] for line in cells.grid],
        **{name: [] for name in ("leaves", "rejected", "invitations", "events", "roster")},
    }
    assert all(cell.size for line in cells.grid for cell in line)
    return _whole(ceremony)


# -- 33 case
@forges(33, "an evaluation that ends before it begins, so that short absences do not meet it")
def evaluation_backwards() -> Evidence:
    honest = SEALED.case.evaluation
    case = replace(SEALED.case, evaluation=Interval(since=honest.until, until=honest.since))
    return with_pool(Ceremony(replace(SEALED, case=case)))
