"""Statements of experts and records of gateways: bytes as specified; nothing near them passes (§2, §8.2)."""

from dataclasses import replace
from typing import Any

import pytest

from crypto.canonical import canonical
from crypto.hashing import sha256
from crypto.signing import SigningKey, sign_record
from draw import letters
from draw.errors import EntryError
from draw.letters import GatewayRecord

KEY = SigningKey.from_seed(bytes(range(32)))
OTHER = SigningKey.from_seed(bytes(32))
AT = "2026-11-21T08:00:00Z"


def record(**changes: Any) -> GatewayRecord:
    blank = GatewayRecord(
        gateway="voice",
        message="msg_1",
        draw=7,
        n=3,
        answer="decline",
        at=AT,
        keys="2#",
        signature=bytes(64),
    )
    changed = replace(blank, **changes)
    return replace(changed, signature=sign_record(KEY, letters.GATEWAY_RECORD, changed.unsigned()))


def test_a_statement_has_the_bytes_of_the_specification() -> None:
    said = b'{"answer":"accept","at":"2026-11-21T08:00:00Z","draw":7,"n":3}'
    assert letters.statement(7, 3, "accept", AT) == b"qt/1 statement\x00" + said
    assert letters.sign_statement(KEY, 7, 3, "accept", AT) == KEY.sign(b"qt/1 statement\x00" + said)


def test_digests_have_domains_of_their_own() -> None:
    assert letters.letter_digest(b"x") == sha256(b"qt/1 letter\x00x")
    assert letters.evidence_digest(b"x") == sha256(b"qt/1 evidence\x00x")
    assert letters.record_digest(b"x") == sha256(b"qt/1 record\x00x")


@pytest.mark.parametrize(
    "change",
    [{"draw": 8}, {"n": 4}, {"answer": "decline"}, {"at": "2026-11-21T08:00:01Z"}, {"key": OTHER.public}],
    ids=lambda change: next(iter(change)),
)
def test_an_answer_speaks_for_one_letter_one_word_one_moment(change: dict[str, Any]) -> None:
    said: dict[str, Any] = {"key": KEY.public, "draw": 7, "n": 3, "answer": "accept", "at": AT}
    signature = letters.sign_statement(KEY, 7, 3, "accept", AT)
    letters.verify_statement(signature, **said)
    with pytest.raises(EntryError, match=r"reply\.signature"):
        letters.verify_statement(signature, **said | change)


def test_a_gateways_record_survives_the_way_to_bytes_and_back() -> None:
    one = record()
    read = letters.read_gateway_record(one.to_bytes())
    assert read == one
    read.verify(KEY.public)
    assert read.says(7, 3, "decline", AT)
    assert not read.says(7, 3, "accept", AT)
    assert one.to_bytes() == canonical(one.to_json())


@pytest.mark.parametrize(
    "change",
    [{"gateway": "sms"}, {"message": "msg_2"}, {"draw": 1}, {"n": 1}, {"answer": "accept"}, {"keys": "1#"}],
    ids=lambda change: next(iter(change)),
)
def test_a_record_changed_after_it_was_signed_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(EntryError, match=r"record\.signature"):
        replace(record(), **change).verify(KEY.public)


def test_a_record_of_another_gateway_is_refused() -> None:
    with pytest.raises(EntryError, match=r"record\.signature"):
        record().verify(OTHER.public)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "qt/1 grounds"},
        {"answer": "maybe"},
        {"keys": "nine"},
        {"at": "now"},
        {"message": "Somebody's name"},
        {"signature": "00"},
        {"n": 0},
        {"phone": "13800000000"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_record_of_another_shape_is_refused_and_nothing_in_it_repeated(change: dict[str, Any]) -> None:
    with pytest.raises(EntryError, match=r"record\.shape") as refused:
        letters.read_gateway_record(canonical({**record().to_json(), **change}))
    assert "13800000000" not in str(refused.value.details)
    assert "Somebody" not in str(refused.value.details)


def test_a_record_spelled_otherwise_or_too_long_is_refused() -> None:
    for data in (b" " + record().to_bytes(), b"{}" * letters.MAX_RECORD_BYTES, b"\xff"):
        with pytest.raises(EntryError, match=r"record\.bytes"):
            letters.read_gateway_record(data)


def test_what_was_pressed_is_not_printed() -> None:
    assert "2#" not in repr(record())
