"""Checks 9–11 and 14: reveals, beacon, result and the VRF proof that makes the seed unique (draw-proof §6,
§10)."""

from typing import Any

from draw.verify import beacon, vrf
from draw.verify.bundle import Bundle, Entry
from draw.verify.errors import fail, require
from draw.verify.format_entries import DRAWING
from draw.verify.hashing import commitment, mac, tagged
from draw.verify.shapes import seconds

BEACON_DELAY = 60  # seconds between the seal entry and the beacon round


def check_9_reveals(bundle: Bundle) -> None:
    """§2, §5. One reveal per role once there is a result, signed by holder or cosigner, opening the
    commitment."""
    entries = bundle.of("reveal")
    needed = bool(bundle.of("result")) or bundle.stage in ("revealed", "opened")
    for role in DRAWING:
        count = sum(entry.body["role"] == role for entry in entries)
        require(count == 1 or (count == 0 and not needed), 9, f"{count} reveals of the {role}")
    for entry in entries:
        _check_reveal(bundle, entry)


def _check_reveal(bundle: Bundle, entry: Entry) -> None:
    role = entry.body["role"]
    require(bundle.sealed and entry.index > bundle.seal.index, 9, "a reveal is not after the seal")
    bundle.require_this_draw(entry, 9)
    signer = role if entry.body["from"] == "holder" else "cosigner"
    bundle.require_signed_by(entry, (signer,), 9)
    opened = commitment(bundle.draw, role, bytes.fromhex(entry.body["r"])).hex()
    require(
        opened == bundle.sdr["commitments"][role], 9, f"the value of the {role} is not the one committed to"
    )


def check_10_beacon(bundle: Bundle) -> None:
    """§6. The round fixed in the SDR is late enough, later than the seal's cosignatures, and genuine once
    there is a result."""
    if not bundle.sealed:
        return
    fixed = bundle.sdr["beacon"]
    if fixed is not None:
        _check_round_time(bundle, fixed)
    for entry in bundle.of("result"):
        given = entry.body["beacon"]
        require(
            (given is None) == (fixed is None), 10, "beacon in the result but not in the SDR, or the reverse"
        )
        if given is not None:
            _check_round(given, fixed)


def _check_round_time(bundle: Bundle, fixed: Any) -> None:
    published = beacon.round_time(fixed["chain"], fixed["round"])
    sealed = seconds(bundle.seal.time)
    require(published >= sealed + BEACON_DELAY, 10, "the round is less than 60 s after the seal")
    for line in bundle.checkpoints["seal"].lines:
        require(line.time is None or line.time <= published, 10, "a cosignature is later than the round")


def _check_round(given: Any, fixed: Any) -> None:
    require(given["chain"] == fixed["chain"], 10, "another chain")
    require(given["round"] == fixed["round"], 10, "another round")
    previous = None if given["previous"] is None else bytes.fromhex(given["previous"])
    signature = bytes.fromhex(given["signature"])
    genuine = beacon.verified(given["chain"], given["round"], signature, previous)
    require(genuine, 10, "the beacon's signature fails")


def check_11_result(bundle: Bundle) -> None:
    """§6. One result after both reveals, in time, signed by the platform, with the alpha that the reveals
    give."""
    results = bundle.of("result")
    needed = bundle.stage in ("revealed", "opened")
    require(len(results) == 1 or (not results and not needed), 11, f"{len(results)} results")
    for entry in results:
        bundle.require_this_draw(entry, 11)
        bundle.require_signed_by(entry, ("platform",), 11)
        late = any(reveal.index > entry.index for reveal in bundle.of("reveal"))
        require(not late, 11, "the result is not after both reveals")
        require(entry.time <= bundle.sdr["deadlines"]["result"], 11, "the result is after its deadline")
        require(entry.body["alpha"] == alpha(bundle, entry).hex(), 11, "alpha is not what the reveals give")


def alpha(bundle: Bundle, result: Entry) -> bytes:
    """H("qt/1 alpha", sdr ‖ r_agency ‖ r_supervisor ‖ b) of §6; check 9 found one reveal per role."""
    values = {entry.body["role"]: bytes.fromhex(entry.body["r"]) for entry in bundle.of("reveal")}
    given = result.body["beacon"]
    b = bytes(32) if given is None else beacon.randomness(bytes.fromhex(given["signature"]))
    return tagged("qt/1 alpha", bundle.sdr_digest, values["agency"], values["supervisor"], b)


def check_14_vrf(bundle: Bundle) -> bytes:
    """§6. pi holds for alpha under the SDR's platform key and H(beta) is the logged one. The seed, 32
    bytes."""
    result = bundle.of("result")[0].body
    key, message = bytes.fromhex(bundle.sdr["vrf"]["platform"]), bytes.fromhex(result["alpha"])
    beta = vrf.output(key, message, bytes.fromhex(bundle.value["opening"]["pi"]))
    if beta is None:
        fail(14, "the VRF proof fails")
    require(tagged("qt/1 beta", beta).hex() == result["beta"], 14, "the VRF output is not the logged one")
    return mac(b"qt/1 seed", beta)
