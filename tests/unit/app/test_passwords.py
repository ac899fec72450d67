"""Passwords and time codes: what is refused, what is compared, and how much a flood may cost."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from app.errors import AppError
from app.usecases.people import totp
from app.usecases.people.passwords import Passwords, faults_of

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("Zelkova-Bridge-41", set()),
        ("榉树桥-Bridge-四一", set()),
        ("Short-41", {"length"}),
        ("Aa1-" * 33, {"length", "repeats"}),
        ("onlysmallletters", {"kinds"}),
        ("Aaaaaaaaaaaaaa-1", {"repeats"}),
        ("My-Wang.OP-login-9", {"login"}),
        ("wang.op", {"length", "kinds", "repeats", "login"}),
    ],
)
def test_each_thing_wrong_with_a_password_is_named(password: str, wrong: set[str]) -> None:
    found = list(faults_of(password, login="wang.op"))
    assert {one.code.removeprefix("password.") for one in found} == wrong
    assert all(one.zh and one.en and password not in one.zh + one.en for one in found)


@pytest.mark.anyio
async def test_a_hash_fits_its_password_only_and_is_argon2id_within_bounds() -> None:
    passwords = Passwords()
    stored = await passwords.hash("Zelkova-Bridge-41")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != await passwords.hash("Zelkova-Bridge-41")
    assert await passwords.matches(stored, "Zelkova-Bridge-41")
    assert not await passwords.matches(stored, "Zelkova-Bridge-42")
    assert not await passwords.matches(stored[:-1], "Zelkova-Bridge-41")


@pytest.mark.anyio
async def test_a_name_without_an_account_costs_a_whole_comparison_and_never_fits() -> None:
    passwords = Passwords()
    assert not await passwords.matches(None, "an account that does not exist")


@pytest.mark.anyio
async def test_one_hash_runs_at_a_time_and_a_flood_is_turned_away() -> None:
    passwords, release = Passwords(waiting=3), threading.Event()
    running: list[int] = []

    def work() -> int:
        running.append(threading.active_count())
        release.wait(10)
        return len(running)

    begun = [asyncio.ensure_future(passwords._alone(work)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(AppError, match=r"sign-in\.busy"):
        await passwords.hash("x")
    assert len(running) <= 1
    release.set()
    assert sorted(await asyncio.gather(*begun)) == [1, 2, 3]
    assert await passwords.hash("x")


@pytest.mark.anyio
async def test_giving_up_the_wait_does_not_make_room_for_more() -> None:
    """Whoever opens connections and drops them must not fill the queue behind the limit."""
    passwords, release = Passwords(waiting=2), threading.Event()
    first = asyncio.ensure_future(passwords._alone(lambda: release.wait(10)))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.ensure_future(passwords.hash("x"))
    await asyncio.sleep(0)
    with pytest.raises(AppError):
        await passwords.hash("y")
    release.set()
    assert await second


def test_the_code_of_this_step_and_its_neighbours_tells_its_step() -> None:
    secret = totp.new_secret(lambda count: bytes(range(count)))
    present = int(NOW.timestamp()) // 30
    for steps, fits in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = pyotp.TOTP(secret).at(NOW + timedelta(seconds=30 * steps))
        assert totp.matching_step(secret, code, now=NOW) == (present + steps if fits else None)


@pytest.mark.parametrize("code", ["", "12345", "000000", "１２３４５６", "1234567", "abcdef"])
def test_what_is_no_code_fits_no_step(code: str) -> None:
    secret = totp.new_secret(lambda count: bytes(range(count)))
    assert totp.matching_step(secret, code, now=NOW) is None


def test_nobodys_codes_are_computed_and_never_fit() -> None:
    code = pyotp.TOTP(totp._NOBODYS).at(NOW)
    assert totp.matching_step(totp._NOBODYS, code, now=NOW) is not None
    assert totp.matching_step(None, code, now=NOW) is None


def test_the_rfc_vector_holds() -> None:
    """RFC 6238 appendix B, SHA-1, cut to six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    at = datetime.fromtimestamp(1111111109, UTC)
    assert totp.matching_step(secret, "081804", now=at) == 1111111109 // 30
