"""More time (招标投标法实施条例 48): who asks, when it is due, what an extension moves."""

from datetime import timedelta

import pytest

from remote_eval import commands as cmd
from remote_eval import room_state as rs
from remote_eval.protocol.views import Health, snapshot
from remote_eval.room_time import is_due
from tests.support.rooms import ENDS, HOUR, Room, evaluating, filled, signing

EXTEND = cmd.Extend(minutes=90, reason="评审时间不足")
WITHDRAWN = cmd.AskTime(on=False)


def wanted(minutes: int = 60, reason: str = "标书较多") -> cmd.AskTime:
    return cmd.AskTime(on=True, minutes=minutes, reason=reason)


def asked(made: Room, *members: str) -> Room:
    for one in members:
        made.do(one, wanted())
    return made


@pytest.mark.parametrize(("committee", "asking"), [(3, 2), (5, 2), (6, 3), (7, 3), (9, 4), (11, 4)])
def test_more_than_a_third_is_never_exactly_a_third(committee: int, asking: int) -> None:
    state = evaluating().state
    of_so_many = rs.RoomState(
        **{name: getattr(state, name) for name in state.__slots__} | {"committee": committee}
    )
    assert [is_due(of_so_many, count) for count in (asking - 1, asking)] == [False, True]


def test_below_a_third_nothing_is_extended_and_above_it_the_end_moves() -> None:
    made = evaluating()
    (first,) = made.do("e1", wanted(30))
    assert (first.body["asking"], first.body["of"], first.body["due"]) == (1, 5, False)
    assert made.refused("w1", EXTEND) == ("room.state", ["third"])
    (second,) = made.do("e3", wanted(60))
    assert (second.body["asking"], second.body["due"]) == (2, True)
    (extended,) = made.do("w2", EXTEND)
    assert extended.body["asking"] == 2
    assert made.state.ends_at == ENDS + timedelta(minutes=90)
    (kept,) = made.state.extensions
    assert (kept.minutes, kept.reason, kept.asking) == (90, EXTEND.reason, 2)
    assert kept.ends_at == made.state.ends_at
    # It was answered: the next extension needs asks of its own.
    assert made.refused("w1", EXTEND) == ("room.state", ["third"])


def test_who_asks_again_is_one_and_who_withdraws_is_none() -> None:
    made = asked(evaluating(), "e1")
    assert made.do("e1", wanted()) == []
    (again,) = made.do("e1", wanted(120, "另有附件"))
    assert again.body["asking"] == 1
    assert made.state.time_asks["e1"].minutes == 120
    made.do("o1", wanted())
    (withdrawn,) = made.do("e1", WITHDRAWN)
    assert (withdrawn.body["asking"], withdrawn.body["due"]) == (1, False)
    assert made.do("e1", WITHDRAWN) == []
    assert made.refused("w1", EXTEND) == ("room.state", ["third"])


def test_who_is_out_asks_no_longer() -> None:
    made = asked(evaluating(), "e1", "e2")
    made.fact(cmd.Expel(member="e2", cause="recused"))
    assert made.refused("w1", EXTEND) == ("room.state", ["third"])
    assert list(made.state.time_asks) == ["e1"]


@pytest.mark.parametrize("actor", ["w1", "v1", "s1", "c1"])
def test_nobody_asks_for_the_committee(actor: str) -> None:
    assert evaluating().refused(actor, wanted())[0] == "signal.not-allowed"


@pytest.mark.parametrize("actor", ["e1", "v1", "s1"])
def test_nobody_but_a_witness_extends(actor: str) -> None:
    made = asked(evaluating(), "e1", "e2")
    assert made.refused(actor, EXTEND)[0] == "signal.not-allowed"


def test_time_is_asked_for_and_given_while_the_room_is_held_and_while_results_are_signed() -> None:
    made = signing()
    made.do("v1", cmd.Direct(order="pause", reason="核查"))
    asked(made, "e1", "e2").do("w1", EXTEND)
    assert made.state.ends_at == ENDS + timedelta(minutes=90)
    assert filled().refused("e1", wanted())[0] == "signal.not-allowed"


def test_an_end_that_has_passed_already_is_no_extension() -> None:
    made = asked(evaluating(), "e1", "e2").later(10 * HOUR)
    assert made.refused("w1", EXTEND) == ("room.state", ["past"])
    made.do("w1", cmd.Extend(minutes=180, reason="已超时"))
    assert made.state.ends_at == ENDS + timedelta(minutes=180)


def test_whoever_comes_later_is_shown_who_asks_but_for_those_whom_it_does_not_concern() -> None:
    made = asked(evaluating(), "e1", "e3")
    for name, member in made.state.members.items():
        view = snapshot(made.state, member, health=Health(), now=made.now)["more_time"]
        if name in {"s1", "s2", "c1", "c2"}:
            assert view is None
            continue
        assert isinstance(view, dict)
        assert (view["of"], view["due"]) == (5, True)
        assert isinstance(view["asks"], list)
        assert [one["from"] for one in view["asks"] if isinstance(one, dict)] == ["e1", "e3"]
