"""The sealed roster: two custodians of three open it, one never, and nothing can be exchanged unseen."""

import hashlib
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from crypto.canonical import canonical, parse
from crypto.sealing import x25519_public
from draw import roster
from draw.avoidance.layers import Tier
from draw.errors import RosterError
from draw.roster import RosterSeat, SealedRoster

SDR = bytes(range(32))
PRIVATE = {role: hashlib.sha256(role.encode()).digest() for role in roster.CUSTODIANS}
KEYS = {role: x25519_public(one) for role, one in PRIVATE.items()}
NOT_BEFORE = "2026-11-23T03:00:00Z"
TIERS = (
    Tier(tier=0, when="invitation", readers=("expert",)),
    Tier(tier=2, when="room_start", readers=("site", "supervisor")),
    Tier(tier=3, when="result_notice", readers=("public",)),
)
ALICE = RosterSeat(seat=0, stratum="civil", site="city", venue="ste_1", expert="exp-alice", name="虚安柏")
BOB = RosterSeat(seat=1, stratum="goods", site="county", venue=None, expert="exp-bob", name="虚辰达")


def chance() -> Callable[[int], bytes]:
    calls = iter(range(1000))
    return lambda size: hashlib.shake_256(f"chance {next(calls)}".encode()).digest(size)


def sealed(**changed: Any) -> SealedRoster:
    chosen: dict[str, Any] = {
        "draw": 7,
        "sdr": SDR,
        "version": 1,
        "not_before": NOT_BEFORE,
        "tiers": TIERS,
        "keys": KEYS,
        "random": chance(),
        **changed,
    }
    return roster.seal([ALICE, BOB], **chosen)


def share(one: SealedRoster, role: str) -> Any:
    return roster.own_share(roster.read_manifest(one.manifest), role, PRIVATE[role])


def refused(code: str, work: Callable[[], object]) -> None:
    with pytest.raises(RosterError) as error:
        work()
    assert error.value.code == code


@pytest.mark.parametrize("pair", list(combinations(roster.CUSTODIANS, 2)))
def test_any_two_custodians_open(pair: tuple[str, str]) -> None:
    one = sealed()
    assert roster.open_roster(one, [share(one, role) for role in pair]) == [ALICE, BOB]


@pytest.mark.parametrize("role", roster.CUSTODIANS)
def test_one_custodian_alone_opens_nothing(role: str) -> None:
    one = sealed()
    refused("roster.too-few", lambda: roster.open_roster(one, [share(one, role)]))
    refused("roster.too-few", lambda: roster.open_roster(one, [share(one, role), share(one, role)]))


def test_neither_manifest_nor_ciphertext_names_anybody() -> None:
    one = sealed()
    for word in (ALICE.name, BOB.name, ALICE.expert, BOB.expert):
        assert word.encode() not in one.manifest + one.ciphertext
    assert ALICE.name not in repr(ALICE)
    assert "ciphertext" not in repr(one)


def test_another_custodians_key_opens_no_share() -> None:
    manifest = roster.read_manifest(sealed().manifest)
    refused("roster.share", lambda: roster.own_share(manifest, "agency", PRIVATE["supervisor"]))


def test_a_forged_share_is_told_from_the_genuine_one() -> None:
    one = sealed()
    manifest = roster.read_manifest(one.manifest)
    genuine = roster.share_bytes(share(one, "agency"))
    assert roster.checked_share(manifest, "agency", genuine) == share(one, "agency")
    forgeries = [genuine[:-1] + bytes([genuine[-1] ^ 1]), genuine[:-1], b"", b"\x00" + genuine[1:]]
    for forged in [*forgeries, roster.share_bytes(share(one, "platform"))]:
        refused("roster.share", lambda value=forged: roster.checked_share(manifest, "agency", value))  # type: ignore[misc]


def test_the_time_of_opening_cannot_be_moved_in_the_manifest() -> None:
    value: Any = parse(sealed().manifest, max_bytes=10_000)
    early = roster.read_manifest(canonical({**value, "not_before": "2026-11-22T03:00:00Z"}))
    refused("roster.share", lambda: roster.own_share(early, "supervisor", PRIVATE["supervisor"]))


def test_the_ciphertext_of_another_version_does_not_open() -> None:
    first, second = sealed(), sealed(version=2, random=chance())
    shares = [share(first, role) for role in ("platform", "agency")]
    mixed = SealedRoster(manifest=first.manifest, ciphertext=second.ciphertext)
    refused("roster.sealed", lambda: roster.open_roster(mixed, shares))


def test_shares_of_another_version_do_not_open() -> None:
    first, second = sealed(), sealed(version=2, random=bytes)
    refused(
        "roster.sealed",
        lambda: roster.open_roster(second, [share(first, role) for role in ("platform", "agency")]),
    )


def test_a_custodian_too_few_or_without_a_usable_key_stops_the_sealing() -> None:
    refused("roster.custodians", lambda: sealed(keys={"platform": KEYS["platform"]}))
    refused("roster.custodians", lambda: sealed(keys={**KEYS, "agency": bytes(32)}))


@pytest.mark.parametrize(
    "change", [{"version": 0}, {"custodians": []}, {"more": 1}, {"format": "qt/2 roster-manifest"}]
)
def test_a_manifest_of_another_form_is_refused(change: dict[str, Any]) -> None:
    value: Any = parse(sealed().manifest, max_bytes=10_000)
    refused("roster.manifest", lambda: roster.read_manifest(canonical({**value, **change})))


def test_custodians_in_another_order_and_bytes_not_canonical_are_refused() -> None:
    one = sealed()
    value: Any = parse(one.manifest, max_bytes=10_000)
    turned = canonical({**value, "custodians": value["custodians"][::-1]})
    refused("roster.manifest", lambda: roster.read_manifest(turned))
    refused("roster.manifest", lambda: roster.read_manifest(one.manifest + b" "))
    refused("roster.manifest", lambda: roster.read_manifest(b"{"))


def test_readers_grow_with_the_tiers_of_the_manifest() -> None:
    manifest = roster.read_manifest(sealed().manifest)
    assert roster.readers(manifest, 1) == {"expert"}
    assert roster.readers(manifest, 2) == {"expert", "site", "supervisor"}
    assert roster.readers(manifest, 3) == {"expert", "site", "supervisor", "public"}


def test_an_opening_says_its_tier_and_reason_and_nothing_else() -> None:
    chosen = {
        "opening": "rop_1",
        "draw": 7,
        "version": 1,
        "tier": 2,
        "asked_by": "supervisor",
        "reason": "开评 room start",
        "at": NOT_BEFORE,
    }
    document = roster.opening_document(**chosen)  # type: ignore[arg-type]
    assert roster.read_opening(document)["tier"] == 2
    for wrong in ({"tier": 1}, {"asked_by": "agency"}, {"reason": ""}, {"at": "soon"}):
        refused("roster.opening", lambda one=wrong: roster.opening_document(**{**chosen, **one}))  # type: ignore[misc]
