"""Seats by chance: fixed by the seed, fair, and the same for whoever computes them again."""

import hashlib
import hmac
from collections import Counter
from itertools import islice

import pytest

from remote_eval.errors import SeatingError
from remote_eval.seating import MAX_SEATS, next_seat, seat_order, seating_seed

SEED = bytes(range(32))


def by_hand(seed: bytes, count: int) -> list[int]:
    """The order as the document describes it, written a second time."""
    found: list[int] = []
    block = 0
    while len(found) < count:
        digest = hmac.new(seed, block.to_bytes(8, "big"), hashlib.sha256).digest()
        block += 1
        for at in range(0, 32, 8):
            word = int.from_bytes(digest[at : at + 8], "big")
            if word < 2**64 - 2**64 % count and word % count not in found:
                found.append(word % count)
    return found


@pytest.mark.parametrize("count", [1, 2, 5, 7, 40, 333])
def test_the_order_is_the_documented_one_and_has_every_seat_once(count: int) -> None:
    order = list(seat_order(SEED, count))
    assert order == by_hand(SEED, count)
    assert sorted(order) == list(range(count))


def test_no_seat_is_likelier_than_another() -> None:
    first = Counter(
        next(seat_order(hashlib.sha256(bytes([n, m])).digest(), 5)) for n in range(200) for m in range(20)
    )
    expected = 4000 / 5
    chi = sum((first[seat] - expected) ** 2 / expected for seat in range(5))
    assert chi < 18.5  # four degrees of freedom, p = 0.001


def test_a_few_of_many_cost_a_few() -> None:
    assert len(set(islice(seat_order(SEED, MAX_SEATS), 4))) == 4


def test_sites_and_draws_have_orders_of_their_own() -> None:
    one = seating_seed(SEED, "ste_city")
    assert len({one, seating_seed(SEED, "ste_county"), seating_seed(bytes(32), "ste_city")}) == 3
    assert seating_seed(SEED, "a") != seating_seed(SEED, "ab")


def test_the_next_seat_is_the_first_of_the_order_that_is_free() -> None:
    seats = ["s1", "s2", "s3"]
    order = [seats[index] for index in seat_order(SEED, 3)]
    assert next_seat(SEED, seats, set()) == order[0]
    assert next_seat(SEED, seats, {order[0]}) == order[1]
    assert next_seat(SEED, seats, set(seats)) is None
    assert next_seat(SEED, [], set()) is None


@pytest.mark.parametrize(
    ("seed", "count", "code"),
    [(bytes(31), 5, "seating.seed"), (SEED, -1, "seating.count"), (SEED, MAX_SEATS + 1, "seating.count")],
)
def test_what_cannot_be_an_order_is_refused(seed: bytes, count: int, code: str) -> None:
    with pytest.raises(SeatingError, match=code):
        seat_order(seed, count)


def test_a_seed_of_another_length_and_seats_out_of_order_are_refused() -> None:
    with pytest.raises(SeatingError, match=r"seating\.seed"):
        seating_seed(bytes(16), "ste_city")
    for seats in (["s2", "s1"], ["s1", "s1"]):
        with pytest.raises(SeatingError, match=r"seating\.seats"):
            next_seat(SEED, seats, set())
