"""Replacement: a decline adds no freedom, the used up stay away, replies may come in any order (draw-proof
§8)."""

import hashlib
import hmac
from collections import Counter
from dataclasses import dataclass
from itertools import islice, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draw.errors import DrawError, LifecycleError, SelectionError
from draw.replacement import (
    Event,
    PanelState,
    Pick,
    Skip,
    apply_event,
    batch_order,
    event_seed,
    open_panel,
    replace,
    supervisor_alpha,
)
from draw.selection import Position, Problem, select
from draw.streams import order, stream_key
from tests.support.chi_square import p_value

SEED = bytes(range(32))
SDR = hashlib.sha256(b"the sealed record").digest()
PROBLEM = Problem(rows=(3, 2), site_min=(1, 1), site_max=(4, 4), cap=1, sizes=((40, 30), (25, 35)))


def person(stratum: int, site: int, index: int) -> object:
    """The first ten of each site stand in both strata."""
    return (site, index) if index < 10 else (stratum, site, index)


def tag(stratum: int, site: int, index: int) -> bytes:
    return bytes([(7 * stratum + 3 * site + index) % 19]) if index >= 10 else bytes([site, index])


def answer(t: int) -> bytes:
    """A supervisor's VRF output for these tests: one value per alpha, unknown without the supervisor's
    key."""
    return hashlib.sha512(b"supervisor key" + supervisor_alpha(SDR, t)).digest()


def panel(seed: bytes = SEED, problem: Problem = PROBLEM) -> PanelState:
    return open_panel(seed, problem, select(seed, problem, person=person, tag=tag), person=person, tag=tag)


def answered(t: int, seat: int) -> Event:
    return Event(t=t, seat=seat, mode="supervisor", beta_s=answer(t))


def unanswered(t: int, seat: int) -> Event:
    return Event(t=t, seat=seat, mode="own-order")


def seated(state: PanelState) -> list[Position]:
    return [position for position in state.seats if position is not None]


def one_cell_state(
    seats: int, size: int, *, cap: int, employers: dict[int, bytes], people: dict[int, str] | None = None
) -> PanelState:
    """A panel drawn from one cell. Everybody unnamed has an employer and an identity of their own; names and
    shared employers begin to count after the draw, so that the panel is the same whatever they are."""
    names = people or {}
    problem = Problem(rows=(seats,), site_min=(0,), site_max=(99,), cap=cap, sizes=((size,),))
    drawn = select(SEED, problem, person=lambda _j, _s, i: i, tag=lambda _j, _s, i: str(i).encode())
    return open_panel(
        SEED,
        problem,
        drawn,
        person=lambda _j, _s, i: names.get(i, str(i)),
        tag=lambda _j, _s, i: employers.get(i, str(i).encode()),
    )


# Bytes


def test_the_supervisor_answers_a_number_and_nothing_else() -> None:
    """No seat, class or name in alpha: whichever decline is invented, the answer to event t is the same."""
    assert supervisor_alpha(SDR, 258) == b"qt/1 replace\x00" + SDR + b"\x00\x00\x01\x02"


def test_the_event_seed_binds_seed_number_and_answer() -> None:
    expected = hmac.new(SEED, b"qt/1 replace\x00" + b"\x00\x00\x00\x05" + answer(5), hashlib.sha256).digest()
    assert event_seed(SEED, 5, answer(5)) == expected
    others = {
        event_seed(bytes(32), 5, answer(5)),
        event_seed(SEED, 6, answer(5)),
        event_seed(SEED, 5, answer(6)),
    }
    assert len(others | {expected}) == 4


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_an_answer_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(SelectionError, match=r"seed\.part_size"):
        event_seed(SEED, 1, bytes(size))
    with pytest.raises(SelectionError, match=r"seed\.part_size"):
        Event(t=1, seat=0, mode="supervisor", beta_s=bytes(size))


def test_record_digest_and_seed_have_one_size() -> None:
    with pytest.raises(SelectionError, match=r"seed\.part_size"):
        supervisor_alpha(SDR[:31], 1)
    with pytest.raises(SelectionError, match=r"seed\.part_size"):
        event_seed(SEED + b"\0", 1, answer(1))


@pytest.mark.parametrize("t", [0, -1, 2**32])
def test_numbers_start_at_one_and_fit_u32(t: int) -> None:
    with pytest.raises(LifecycleError, match=r"event\.number"):
        supervisor_alpha(SDR, t)
    with pytest.raises(LifecycleError, match=r"event\.number"):
        event_seed(SEED, t, bytes(64))
    with pytest.raises(LifecycleError, match=r"event\.number"):
        unanswered(t, 0)


# Who is taken


def test_the_first_compatible_candidate_of_the_events_own_order_is_taken() -> None:
    state = panel()
    cell = state.cells[0]
    key = stream_key(event_seed(SEED, 1, answer(1)), "replace", 1, *cell)
    size = PROBLEM.sizes[cell[0]][cell[1]]
    pick = replace(state, answered(1, 0))
    assert pick.position is not None
    looked_at = [skip.index for skip in pick.skipped] + [pick.position.index]
    assert looked_at == list(islice(order(key, size), len(looked_at)))


def check_pick(state: PanelState, event: Event, pick: Pick) -> None:
    """§8 anew, without the code under test: every skip is justified and the one taken has no obstacle."""
    j, s = state.cells[event.seat]
    others = [p for q, p in enumerate(state.seats) if p is not None and q != event.seat]
    ever = {*state.used, *seated(state)}
    people = {person(p.stratum, p.site, p.index): p for p in ever}
    for skip in pick.skipped:
        at = Position(j, s, skip.index)
        mine = tag(j, s, skip.index)
        colleagues = tuple(sorted(p for p in others if tag(p.stratum, p.site, p.index) == mine))
        known = people.get(person(j, s, skip.index))
        if at in ever:
            assert (skip.reason, skip.against) == ("used", ())
        elif known is not None:
            assert (skip.reason, skip.against) == ("person", (known,))
        else:
            assert (skip.reason, skip.against) == ("employer", colleagues)
            assert len(colleagues) == state.basis.problem.cap
    if pick.position is not None:
        assert (pick.position.stratum, pick.position.site) == (j, s)
        assert pick.position not in ever
        assert person(j, s, pick.position.index) not in people
        tags = Counter(tag(p.stratum, p.site, p.index) for p in [*others, pick.position])
        assert max(tags.values()) <= state.basis.problem.cap


@given(
    seed=st.binary(min_size=32, max_size=32),
    story=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=25),
)
@settings(max_examples=40, deadline=None)
def test_through_any_story_the_panel_keeps_every_rule_and_nobody_returns(
    seed: bytes, story: list[tuple[int, bool]]
) -> None:
    state = panel(seed)
    ever = set(seated(state))
    t = 0
    for seat, reachable in story:
        if state.seats[seat] is None:
            continue
        t += 1
        event = answered(t, seat) if reachable else unanswered(t, seat)
        before = state
        state, pick = apply_event(state, event)
        check_pick(before, event, pick)
        assert state.seats[seat] == pick.position
        assert [p for q, p in enumerate(state.seats) if q != seat] == [
            p for q, p in enumerate(before.seats) if q != seat
        ]
        assert pick.position not in ever
        assert before.seats[seat] in state.used
        ever |= {*seated(state)}
        assert ever == {*state.used, *seated(state)}
    for q, position in enumerate(state.seats):
        assert position is None or (position.stratum, position.site) == state.cells[q]


def test_skips_name_used_before_person_before_employer() -> None:
    """One cell of six, cap 1. Seated 0, 1 (employer x), 2; seat 0's holder leaves.
    3 is the same human being as 1 and of its employer, 4 is of employer x, 5 is free."""
    employers = {1: b"x", 3: b"x", 4: b"x"}
    state = _seat(one_cell_state(3, 6, cap=1, employers=employers, people={1: "bob", 3: "bob"}), [0, 1, 2])
    bob = Position(0, 0, 1)
    expected = {
        0: Skip(index=0, reason="used", against=()),
        1: Skip(index=1, reason="used", against=()),
        2: Skip(index=2, reason="used", against=()),
        3: Skip(index=3, reason="person", against=(bob,)),
        4: Skip(index=4, reason="employer", against=(bob,)),
    }
    met: set[int] = set()
    for n in range(30):
        pick = replace(state, Event(t=1, seat=0, mode="supervisor", beta_s=bytes([n]) * 64))
        assert pick.position == Position(0, 0, 5)
        assert all(skip == expected[skip.index] for skip in pick.skipped)
        met |= {skip.index for skip in pick.skipped}
    assert met == set(expected)


def test_the_leavers_employer_becomes_free_again_but_not_the_leaver() -> None:
    """Alice of x leaves; with cap 1 her colleague may now sit, she may not."""
    state = _seat(one_cell_state(1, 2, cap=1, employers={0: b"x", 1: b"x"}), [0])
    assert replace(state, answered(1, 0)).position == Position(0, 0, 1)


def test_the_cap_counts_every_other_seat() -> None:
    """Cap 2 and two of x still seated: the last free candidate, of x, is passed over and the seat stays
    vacant."""
    employers = {1: b"x", 2: b"x", 3: b"x"}
    state = _seat(one_cell_state(3, 4, cap=2, employers=employers), [0, 2, 1])
    after, pick = apply_event(state, answered(1, 0))
    assert pick.position is None
    assert after.seats[0] is None
    assert sorted(skip.index for skip in pick.skipped) == [0, 1, 2, 3]
    against = {skip.index: skip.against for skip in pick.skipped}
    assert against[3] == (Position(0, 0, 1), Position(0, 0, 2))


def _seat(state: PanelState, indices: list[int]) -> PanelState:
    return PanelState(
        basis=state.basis,
        cells=state.cells,
        seats=tuple(Position(0, 0, index) for index in indices),
        used=frozenset(),
        cursors=state.cursors,
        last_event=0,
    )


def test_a_vacant_seat_is_not_asked_again() -> None:
    state = _seat(one_cell_state(1, 1, cap=1, employers={}), [0])
    vacant, pick = apply_event(state, answered(1, 0))
    assert pick == Pick(position=None, skipped=(Skip(index=0, reason="used", against=()),))
    with pytest.raises(LifecycleError, match=r"event\.seat_vacant"):
        apply_event(vacant, answered(2, 0))


# Attacks


def test_without_the_answer_the_platform_cannot_compute_a_pick() -> None:
    """The platform knows seed, pool and panel. An answered event without an answer does not exist."""
    with pytest.raises(LifecycleError, match=r"event\.answer"):
        Event(t=1, seat=0, mode="supervisor")


def test_an_answer_cannot_be_slipped_into_own_order() -> None:
    with pytest.raises(LifecycleError, match=r"event\.answer"):
        Event(t=1, seat=0, mode="own-order", beta_s=answer(1))


def test_a_mode_out_of_the_air_is_refused() -> None:
    with pytest.raises(LifecycleError, match=r"event\.mode"):
        Event(t=1, seat=0, mode="platform", beta_s=answer(1))  # type: ignore[arg-type]


def test_to_the_platform_every_free_candidate_is_equally_likely() -> None:
    """Over the answers it cannot know, the pick is uniform: guessing tells the grinder nothing about a
    friend."""
    state = _seat(one_cell_state(2, 12, cap=1, employers={}), [0, 1])
    picks = Counter(
        replace(
            state,
            Event(t=1, seat=0, mode="supervisor", beta_s=hashlib.sha512(n.to_bytes(4, "big")).digest()),
        ).position
        for n in range(4000)
    )
    assert set(picks) == {Position(0, 0, index) for index in range(2, 12)}
    assert p_value(list(picks.values())) > 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the gateway hands over; it has no number yet."""

    seat: int
    arrived: int


def fold(state: PanelState, replies: list[Reply]) -> tuple[PanelState, list[Pick]]:
    picks = []
    for t, reply in enumerate(batch_order(replies), start=state.last_event + 1):
        state, pick = apply_event(state, answered(t, reply.seat))
        picks.append(pick)
    return state, picks


def test_the_order_of_replies_moves_nothing() -> None:
    """A gateway that holds back one decline until another has arrived changes no pick."""
    outcomes = []
    for arrival in permutations([0, 2, 4]):
        replies = [Reply(seat=seat, arrived=n) for n, seat in enumerate(arrival)]
        state, picks = fold(panel(), replies)
        outcomes.append((state.seats, state.used, picks))
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_a_batch_is_ordered_by_stratum_site_and_seat() -> None:
    state = panel()
    ordered = batch_order([Reply(seat=seat, arrived=0) for seat in (3, 1, 4, 0, 2)])
    keys = [(*state.cells[reply.seat], reply.seat) for reply in ordered]
    assert keys == sorted(keys)
    assert len(keys) == 5


def test_one_seat_cannot_be_vacated_twice_in_a_batch() -> None:
    with pytest.raises(LifecycleError, match=r"event\.seat_twice"):
        batch_order([Reply(seat=1, arrived=0), Reply(seat=1, arrived=1)])


@pytest.mark.parametrize("t", [1, 3, 4])
def test_a_number_left_out_or_used_twice_is_refused(t: int) -> None:
    """Skipping a number would be a way to try another answer."""
    state, _ = apply_event(panel(), answered(1, 0))
    with pytest.raises(LifecycleError, match=r"event\.number") as refusal:
        apply_event(state, answered(t, 1))
    assert refusal.value.details == {"t": t, "expected": 2}


@pytest.mark.parametrize("seat", [-1, 5, 99])
def test_a_seat_that_does_not_exist_is_refused(seat: int) -> None:
    with pytest.raises(LifecycleError, match=r"event\.seat_unknown"):
        replace(panel(), answered(1, seat))


def test_folding_leaves_the_state_before_as_it_was() -> None:
    state = panel()
    first = apply_event(state, answered(1, 0))
    assert state == panel()
    assert apply_event(state, answered(1, 0)) == first


# Own order


def own_order(state: PanelState, seat: int) -> list[int]:
    j, s = state.cells[seat]
    return list(order(stream_key(SEED, "cell", state.basis.attempt, j, s), PROBLEM.sizes[j][s]))


def test_own_order_goes_on_where_the_draw_stopped() -> None:
    state = panel()
    own = own_order(state, 0)
    drawn = sum(cell == state.cells[0] for cell in state.cells)
    assert [state.seats[q].index for q in range(drawn)] == own[:drawn]  # type: ignore[union-attr]
    pick = replace(state, unanswered(1, 0))
    assert pick.position is not None
    looked_at = [skip.index for skip in pick.skipped] + [pick.position.index]
    assert looked_at == own[drawn : drawn + len(looked_at)]


def test_own_order_never_goes_back_to_someone_it_passed_over() -> None:
    """Bob of x is passed over while alice of x sits. When alice leaves, bob would fit, but the queue has
    moved on."""
    base = one_cell_state(2, 6, cap=1, employers={})
    own = list(order(stream_key(SEED, "cell", base.basis.attempt, 0, 0), 6))
    employers = {own[1]: b"x", own[2]: b"x"}  # alice is seat 1, bob stands next in the queue
    state = one_cell_state(2, 6, cap=1, employers=employers)
    alice, bob = Position(0, 0, own[1]), Position(0, 0, own[2])
    state, first = apply_event(state, unanswered(1, 0))
    assert first.skipped == (Skip(index=bob.index, reason="employer", against=(alice,)),)
    assert first.position == Position(0, 0, own[3])
    state, second = apply_event(state, unanswered(2, 1))
    assert second == Pick(position=Position(0, 0, own[4]), skipped=())
    assert state.cursors[0, 0] == 5


def test_own_order_that_ran_out_stays_run_out() -> None:
    base = one_cell_state(2, 3, cap=1, employers={})
    own = list(order(stream_key(SEED, "cell", base.basis.attempt, 0, 0), 3))
    state = one_cell_state(2, 3, cap=1, employers={own[1]: b"x", own[2]: b"x"})
    state, first = apply_event(state, unanswered(1, 0))
    assert first.position is None
    _, second = apply_event(state, unanswered(2, 1))
    assert second == Pick(position=None, skipped=())


def test_an_answered_event_does_not_move_the_own_order_which_skips_whom_it_seated() -> None:
    drawn = one_cell_state(2, 9, cap=1, employers={})
    own = list(order(stream_key(SEED, "cell", drawn.basis.attempt, 0, 0), 9))
    state, answered_pick = apply_event(drawn, answered(1, 0))
    assert answered_pick.position is not None
    assert state.cursors == drawn.cursors
    taken: list[int] = []
    skipped: list[Skip] = []
    for t in range(2, 8):
        state, pick = apply_event(state, unanswered(t, 1))
        assert pick.position is not None
        taken.append(pick.position.index)
        skipped += pick.skipped
    assert taken == [index for index in own[2:] if index != answered_pick.position.index]
    assert skipped == [Skip(index=answered_pick.position.index, reason="used", against=())]


def test_every_refusal_belongs_to_one_family() -> None:
    assert issubclass(LifecycleError, DrawError)
    assert issubclass(SelectionError, DrawError)
