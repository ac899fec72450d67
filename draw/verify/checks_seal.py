"""Checks 6–8: commitments, the seal and the escrow receipts (draw-proof §2, §4, §5, §10)."""

from typing import Any

from draw.verify import canonical
from draw.verify.bundle import Bundle
from draw.verify.errors import require
from draw.verify.format_entries import DRAWING
from draw.verify.hashing import tagged
from draw.verify.shapes import beijing_date, seconds

CLOCK_TOLERANCE = 600  # seconds by which a holder's clock may be behind the platform's


def check_6_commitments(bundle: Bundle) -> None:
    """§2. Per role one commitment (at most one before the seal), signed by that role, between request and
    seal."""
    entries = bundle.of("commit")
    needed = bundle.sealed or bundle.stage in ("revealed", "opened")
    for role in DRAWING:
        count = sum(entry.body["role"] == role for entry in entries)
        require(count == 1 or (count == 0 and not needed), 6, f"{count} commitments of the {role}")
    for entry in entries:
        bundle.require_this_draw(entry, 6)
        bundle.require_signed_by(entry, (entry.body["role"],), 6)
        require(entry.index > bundle.draw, 6, "a commitment is not after the request")
        before_seal = not bundle.sealed or entry.index < bundle.seal.index
        require(before_seal, 6, "a commitment is not before the seal")
        # The holder dates its commitment: the platform cannot date the request later to hide recent changes.
        early = seconds(entry.time) < seconds(bundle.request.time) - CLOCK_TOLERANCE
        require(not early, 6, "a commitment is dated before the request")


def check_7_seal(bundle: Bundle) -> None:
    """§4, §5. The one seal entry: signatures, agreement with the other entries, and the rules."""
    if not bundle.sealed:
        require(bundle.stage in ("requested", "aborted"), 7, "the seal is missing")
        return
    require(len(bundle.of("seal")) == 1, 7, "more than one seal")
    bundle.require_signed_by(bundle.seal, ("platform", "agency", "supervisor"), 7)
    require(bundle.seal.index > bundle.draw, 7, "the seal is not after the request")
    require(bundle.request.time <= bundle.seal.time, 7, "the request is dated after the seal")
    _check_agreement(bundle, bundle.sdr)
    _check_rules(bundle, bundle.sdr, bundle.value["rules"])
    _check_committee(bundle.sdr, bundle.value["rules"])
    _check_deadlines(bundle)


def _check_agreement(bundle: Bundle, sdr: Any) -> None:
    require(sdr["draw"] == bundle.draw, 7, "the SDR is of another draw")
    for member in ("section", "round", "previous", "parties"):
        require(sdr[member] == bundle.request.body[member], 7, f"{member} differs from the request")
    pool = bundle.of("pool")[0]
    stated = {"index": pool.index, "id": pool.body["pool"]} | {
        member: pool.body[member] for member in ("version", "root")
    }
    require(sdr["pool"] == stated, 7, "the pool differs from its entry")
    for entry in bundle.of("key"):
        role = entry.body["role"]
        if role in sdr["vrf"]:
            require(sdr["vrf"][role] == entry.body["vrf"], 7, f"the VRF key of the {role} differs")
    for entry in bundle.of("commit"):
        role = entry.body["role"]
        require(
            sdr["commitments"][role] == entry.body["commitment"], 7, f"the commitment of the {role} differs"
        )


def _check_rules(bundle: Bundle, sdr: Any, rules: Any) -> None:
    digest = tagged("qt/1 rules", canonical.encode(rules)).hex()
    require(sdr["rules"] == digest, 7, "the digest of the rules differs")
    day = beijing_date(bundle.seal.time)
    require(rules["effective_from"] <= day, 7, "the rules are not yet in force")
    ends = rules["effective_to"]
    require(ends is None or day <= ends, 7, "the rules are no longer in force")
    all_met = all(figure["met"] for figure in sdr["anonymity"]["strata"])
    reason = sdr["anonymity"]["override"]
    require((reason is None) == all_met, 7, "anonymity figures and the supervisor's reason disagree")


def _check_committee(sdr: Any, rules: Any) -> None:
    experts, seated, owners = (sdr["committee"][member] for member in ("experts", "seated", "owners"))
    require(seated == 0 or sdr["previous"] is not None, 7, "experts are seated by a round that never was")
    total = experts + seated + owners
    share, whole = rules["committee"]["expert_share"]
    require(total >= rules["committee"]["min"], 7, "the committee is too small")
    require(not rules["committee"]["odd"] or total % 2 == 1, 7, "the committee is not odd")
    require((experts + seated) * whole >= share * total, 7, "too few of the committee are experts")
    limit = rules["owners_max"]
    require(limit is None or owners <= limit, 7, "too many owners' members")
    require(sdr["cap"] <= rules["employer_cap"], 7, "the employer cap is above the rules'")
    seats = sum(stratum["seats"] for stratum in sdr["strata"])
    require(seats == experts, 7, "seats do not add up to the experts")
    sites = sdr["sites"]
    require(all(site["min"] <= site["max"] for site in sites), 7, "a site's quota is empty")
    least, most = sum(site["min"] for site in sites), sum(site["max"] for site in sites)
    require(least <= seats <= most, 7, "the sites' quotas do not admit the seats")


def _check_deadlines(bundle: Bundle) -> None:
    deadlines = bundle.sdr["deadlines"]
    require(deadlines["reveal"] <= deadlines["result"], 7, "the result is due before the reveals")
    require(min(deadlines.values()) >= bundle.seal.time, 7, "a deadline is before the seal")


def check_8_escrow(bundle: Bundle) -> None:
    """§2, §6. Cosigner's receipts: after the seal, before every reveal, for this SDR and commitment; one per
    role by then."""
    entries, reveals = bundle.of("escrow"), bundle.of("reveal")
    needed = bool(reveals) or bool(bundle.of("result")) or bundle.stage in ("revealed", "opened")
    for role in DRAWING:
        count = sum(entry.body["role"] == role for entry in entries)
        require(count == 1 or (count == 0 and not needed), 8, f"{count} escrow receipts of the {role}")
    for entry in entries:
        require(bundle.sealed and entry.index > bundle.seal.index, 8, "a receipt is not after the seal")
        require(not reveals or entry.index < reveals[0].index, 8, "a receipt is not before every reveal")
        bundle.require_this_draw(entry, 8)
        sealed = bundle.sdr["commitments"][entry.body["role"]]
        require(entry.body["commitment"] == sealed, 8, "a receipt is for another commitment")
        bundle.require_signed_by(entry, ("cosigner",), 8)
