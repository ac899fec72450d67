"""Streams: known answers, edges of rejection, and refusal of malformed keys (draw-proof §7)."""

import hashlib
import hmac
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draw.errors import SelectionError
from draw.streams import Stream, order, stream_key

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "uniform-1.json").read_text(encoding="utf-8")
)
SEED = bytes.fromhex(VECTORS["seed"])
KEY = bytes.fromhex(VECTORS["stream"]["key"])


def test_known_stream_key() -> None:
    assert stream_key(SEED, VECTORS["stream"]["label"], *VECTORS["stream"]["ints"]) == KEY


def test_known_words_cross_a_block() -> None:
    stream = Stream(KEY)
    assert [f"{stream.word():016x}" for _ in range(8)] == VECTORS["stream"]["words"]


def test_known_values_below_a_bound_that_rejects_half_of_all_words() -> None:
    stream = Stream(KEY)
    bound = int(VECTORS["below"]["m"])
    assert [str(stream.below(bound)) for _ in VECTORS["below"]["values"]] == VECTORS["below"]["values"]


@pytest.mark.parametrize("case", VECTORS["orders"], ids=lambda case: str(case["m"]))
def test_known_orders(case: dict[str, Any]) -> None:
    assert list(islice(order(KEY, case["m"]), len(case["first"]))) == case["first"]


@pytest.mark.parametrize("case", VECTORS["big"], ids=lambda case: case["W"])
def test_known_big_numbers(case: dict[str, Any]) -> None:
    key = stream_key(SEED, case["label"], *case["ints"])
    assert str(Stream(key).big(int(case["W"]))) == case["value"]


def test_words_are_hmac_blocks_of_a_counter() -> None:
    stream = Stream(KEY)
    blocks = b"".join(hmac.new(KEY, n.to_bytes(8, "big"), hashlib.sha256).digest() for n in range(3))
    assert b"".join(stream.word().to_bytes(8, "big") for _ in range(12)) == blocks


def test_labels_and_integers_do_not_run_into_each_other() -> None:
    keys = {
        stream_key(SEED, "cell"),
        stream_key(SEED, "cell", 0),
        stream_key(SEED, "cell", 0, 0),
        stream_key(SEED, "cell", 1),
        stream_key(SEED, "cel"),
        stream_key(bytes(32), "cell"),
    }
    assert len(keys) == 6


def test_a_word_at_the_fair_limit_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """2^64 = 1 mod 3: the single word 2^64 - 1 would make 0 likelier than 1 and 2."""
    words = iter([2**64 - 1, 2**64 - 2])
    monkeypatch.setattr(Stream, "word", lambda _: next(words))
    assert Stream(KEY).below(3) == (2**64 - 2) % 3


def test_big_takes_fresh_words_after_a_rejection(monkeypatch: pytest.MonkeyPatch) -> None:
    """W = 2^64 + 1 needs 65 bits, two words; the top bit with any other set bit is too large."""
    words = iter([2**63 | 1, 0, 2**63, 0])
    monkeypatch.setattr(Stream, "word", lambda _: next(words))
    assert Stream(KEY).big(2**64 + 1) == 2**64


def test_the_largest_bound_keeps_every_word() -> None:
    assert Stream(KEY).below(2**64) == Stream(KEY).word()


@pytest.mark.parametrize("bound", [0, -1, 2**64 + 1])
def test_a_bound_outside_the_words_is_refused(bound: int) -> None:
    with pytest.raises(SelectionError, match=r"stream\.bound"):
        Stream(KEY).below(bound)


@pytest.mark.parametrize("bound", [0, -5, 1 << 70_000], ids=["nothing", "negative", "endless"])
def test_a_big_bound_of_nothing_or_without_end_is_refused(bound: int) -> None:
    with pytest.raises(SelectionError, match=r"stream\.bound"):
        Stream(KEY).big(bound)


@pytest.mark.parametrize("m", [-1, 2**64 + 1])
def test_an_order_of_an_impossible_size_is_refused(m: int) -> None:
    with pytest.raises(SelectionError, match=r"stream\.bound"):
        order(KEY, m)


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33), bytes(64)])
def test_a_seed_of_another_size_is_refused(seed: bytes) -> None:
    with pytest.raises(SelectionError, match=r"stream\.key_size"):
        stream_key(seed, "cell")
    with pytest.raises(SelectionError, match=r"stream\.key_size"):
        Stream(seed)
    with pytest.raises(SelectionError, match=r"stream\.key_size"):
        order(seed, 3)


@pytest.mark.parametrize("label", ["", "a\0b", "签", "x" * 33, "new\nline"])
def test_a_label_that_could_be_read_two_ways_is_refused(label: str) -> None:
    with pytest.raises(SelectionError, match=r"stream\.label"):
        stream_key(SEED, label)


@pytest.mark.parametrize("number", [-1, 2**32])
def test_an_integer_outside_u32_is_refused(number: int) -> None:
    with pytest.raises(SelectionError, match=r"stream\.integer"):
        stream_key(SEED, "cell", number)


@given(key=st.binary(min_size=32, max_size=32), m=st.integers(0, 60))
def test_an_order_is_a_permutation_and_then_ends(key: bytes, m: int) -> None:
    assert sorted(order(key, m)) == list(range(m))


@given(key=st.binary(min_size=32, max_size=32), bound=st.integers(1, 2**200))
@settings(max_examples=50)
def test_big_stays_below_its_bound(key: bytes, bound: int) -> None:
    assert 0 <= Stream(key).big(bound) < bound


def test_an_order_takes_its_words_only_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: Counter[str] = Counter()
    real = Stream.word

    def counted(self: Stream) -> int:
        taken["words"] += 1
        return real(self)

    monkeypatch.setattr(Stream, "word", counted)
    assert len(list(islice(order(KEY, 10**9), 5))) == 5
    assert taken["words"] == 5
