"""Forged beacons: another round, another chain, points off the curve or off the subgroup (check 10, §6)."""

from dataclasses import replace
from typing import Any

from draw.entry_bodies import from_seconds
from draw.record import BeaconChoice
from tests.support.ceremony import DRAND, START, Ceremony
from tests.support.forgeries_ceremony import REVEALED, bundle_of, case_of, lie
from tests.support.forgery import BEACON, RICH, Json, at_time, cheated, flip, forges, inside
from tests.support.off_subgroup import g1_off_subgroup

# -- 10 beacon
_GENUINE = DRAND["quicknet"]["rounds"]


def _signature(number: int) -> str:
    return str(next(one["signature"] for one in _GENUINE if one["round"] == number))


def _beacon(name: str, title: str, **changes: Any) -> None:
    def make() -> Ceremony:
        ceremony = Ceremony(REVEALED)
        lie = {**(ceremony.beacon or {}), **changes}
        ceremony.cheats["result"] = inside("beacon", value=lie)
        return ceremony

    case_of(10, name, title, make)


_beacon("beacon-round-1", "the genuine round 1 in place of round 1000", round=1, signature=_signature(1))
_beacon("beacon-signature-of-round-1", "round 1's signature for round 1000", signature=_signature(1))
_beacon("beacon-one-bit", "round 1000 with one bit flipped", signature=flip(_signature(1000), 60))
_beacon("beacon-off-subgroup", "a curve point off the subgroup", signature=g1_off_subgroup().hex())
_beacon(
    "beacon-identity",
    "the point at infinity, which fits every message to a careless eye",
    signature="c0" + "00" * 47,
)
_beacon(
    "beacon-uncompressed-flag",
    "a signature without its compression flag",
    signature=f"{int(_signature(1000)[:2], 16) & 0x7F:02x}" + _signature(1000)[2:],
)
_beacon("beacon-empty", "no signature at all", signature="00")
_beacon("beacon-with-previous", "a previous signature where the chain has none", previous="00" * 32)
_beacon(
    "beacon-other-chain",
    "the genuine first round of the other chain",
    chain="default",
    round=1,
    signature=DRAND["default"]["rounds"][0]["signature"],
    previous=DRAND["default"]["rounds"][0]["previous_signature"],
)
lie(
    10,
    "beacon-dropped",
    "the record names a beacon, the result has none",
    plan=REVEALED,
    result=inside("beacon", value=None),
)


@forges(10, "the result brings a beacon that the record does not name")
def beacon_added() -> Json:
    ceremony = Ceremony(replace(RICH, stage="revealed"))
    ceremony.cheats["result"] = inside("beacon", value=Ceremony(BEACON).beacon)
    return bundle_of(ceremony)


@forges(10, "the record is sealed 59 seconds before the round")
def beacon_too_close() -> Json:
    return bundle_of(cheated(REVEALED, seal=at_time(from_seconds(START + 2364 - 59))))


@forges(10, "a round that was already public when the record was sealed")
def beacon_known_before() -> Json:
    plan = replace(REVEALED, beacon=BeaconChoice(chain="quicknet", round=1))
    return bundle_of(Ceremony(plan))


@forges(10, "the seal's checkpoint was cosigned after the round was public")
def cosigned_late() -> Json:
    ceremony = Ceremony(REVEALED)
    ceremony.cosigned_at = START + 2365
    return bundle_of(ceremony)


@forges(10, "the genuine first round of the default chain, public for three years")
def beacon_default_round_1() -> Json:
    return bundle_of(Ceremony(replace(REVEALED, beacon=BeaconChoice(chain="default", round=1))))
