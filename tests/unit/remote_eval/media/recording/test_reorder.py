"""Order out of disorder: loss, doubles, wraps, a sender that begins anew."""

import random

from hypothesis import given
from hypothesis import strategies as st

from remote_eval.media.recording.reorder import MAX_WAITING, START_MS, Released, Reorder
from remote_eval.media.recording.rtp import Packet


def packet(number: int) -> Packet:
    return Packet(96, marker=False, sequence=number & 0xFFFF, timestamp=0, ssrc=1, payload=b"")


def numbers(released: list[Released]) -> list[int]:
    return [one.packet.sequence for one in released]


def started(first: int = 0) -> Reorder:
    """A stream whose first packet `first` is out already."""
    reorder = Reorder()
    reorder.add(packet(first), 0.0)
    assert numbers(reorder.expire(START_MS)) == [first]
    return reorder


def test_what_is_in_order_leaves_at_once() -> None:
    reorder = started()
    assert numbers(reorder.add(packet(1), 200)) == [1]
    assert numbers(reorder.add(packet(2), 201)) == [2]


def test_the_first_to_arrive_need_not_be_the_first_that_was_sent() -> None:
    reorder = Reorder()
    for number in (65_535, 0, 65_534):
        assert reorder.add(packet(number), 1.0) == []
    assert numbers(reorder.expire(1.0 + START_MS)) == [65_534, 65_535, 0]


def test_a_retransmission_within_the_hold_fills_its_place() -> None:
    reorder = started()
    assert reorder.add(packet(2), 200) == []
    assert reorder.expire(799) == []
    assert numbers(reorder.add(packet(1), 799)) == [1, 2]


def test_a_hole_is_given_up_after_the_hold_and_told() -> None:
    reorder = started()
    reorder.add(packet(4), 200)
    released = reorder.expire(800)
    assert [(one.packet.sequence, one.lost) for one in released] == [(4, 3)]
    assert reorder.add(packet(2), 801) == []
    assert reorder.late == 1


def test_doubles_are_dropped_whether_waiting_or_gone() -> None:
    reorder = started()
    reorder.add(packet(2), 200)
    reorder.add(packet(2), 201)
    reorder.add(packet(0), 202)
    assert reorder.late == 2


def test_one_stray_number_changes_nothing_and_two_in_a_row_are_a_new_start() -> None:
    reorder = started()
    assert reorder.add(packet(30_000), 200) == []
    assert numbers(reorder.add(packet(1), 201)) == [1]
    reorder.add(packet(40_000), 202)
    released = reorder.add(packet(40_001), 203)
    assert [(one.packet.sequence, one.anew, one.lost) for one in released] == [(40_001, True, 1)]
    assert numbers(reorder.add(packet(40_002), 204)) == [40_002]


def test_the_waiting_room_has_a_limit() -> None:
    reorder = started()
    out: list[Released] = []
    for number in range(2, MAX_WAITING + 3):
        out += reorder.add(packet(number), 200)
    assert out[0].lost == 1
    assert len(out) == MAX_WAITING + 1


@given(st.integers(0, 2**32), st.integers(0, 0xFFFF), st.floats(0, 0.3))
def test_every_packet_comes_once_in_order_or_is_counted_as_lost(seed: int, first: int, loss: float) -> None:
    chance = random.Random(seed)
    sent = [(at * 10 + chance.random() * 90, first + at) for at in range(200) if chance.random() >= loss]
    reorder, out = Reorder(), list[Released]()
    for arrived, number in sorted(sent):
        out += reorder.add(packet(number), arrived)
        out += reorder.expire(arrived)
    out += reorder.flush()
    kept = [number & 0xFFFF for number in sorted(number for _, number in sent)]
    assert (numbers(out), reorder.late) == (kept, 0)
    if sent:
        lowest, highest = min(one for _, one in sent), max(one for _, one in sent)
        assert sum(one.lost for one in out) == highest - lowest + 1 - len(kept)
