"""Signed notes, checkpoints, cosignatures: the published example, round trips, forged and sloppy notes."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.checkpoint import (
    MAX_NOTE_BYTES,
    MAX_TIME,
    Checkpoint,
    Note,
    cosign,
    cosigner_key_id,
    log_key_id,
    parse_note,
    sign_note,
    verify_cosignature,
    verify_log_signature,
    with_signature,
)
from crypto.errors import NoteError
from crypto.merkle import EMPTY_ROOT, MAX_SIZE
from crypto.signing import SigningKey

# The example of the signed-note format's first implementation (Go, golang.org/x/mod/sumdb/note).
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_PUBLIC = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
PETER_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
PETER_LINE = (
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ORIGIN = "log.example/qiantong"
LOG = SigningKey.from_seed(b"L" * 32)
WITNESS = SigningKey.from_seed(b"W" * 32)
MALLORY = SigningKey.from_seed(b"M" * 32)
BODY = Checkpoint(ORIGIN, 7, bytes(range(32))).body()
SIGNED = sign_note(BODY, ORIGIN, LOG)
COSIGNED = with_signature(SIGNED, cosign(BODY, "w.example/1", WITNESS, 1_700_000_000))


def code_of(call: object, *args: object) -> str:
    with pytest.raises(NoteError) as caught:
        call(*args)  # type: ignore[operator]
    return caught.value.code


def test_the_published_example_is_signed_and_verified_byte_for_byte() -> None:
    peter = SigningKey.from_seed(PETER_SEED)
    assert peter.public == PETER_PUBLIC
    assert log_key_id("PeterNeumann", PETER_PUBLIC).hex() == "c74f20a3"
    note = sign_note(PETER_TEXT, "PeterNeumann", peter)
    assert note == PETER_TEXT + "\n" + PETER_LINE
    verify_log_signature(parse_note(note), "PeterNeumann", PETER_PUBLIC)


def test_a_checkpoint_has_three_lines() -> None:
    assert f"{ORIGIN}\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n" == BODY
    assert Checkpoint.from_body(BODY) == Checkpoint(ORIGIN, 7, bytes(range(32)))
    empty = Checkpoint("o", 0, EMPTY_ROOT)
    assert Checkpoint.from_body(empty.body()) == empty


@given(st.integers(0, MAX_SIZE), st.binary(min_size=32, max_size=32))
@settings(max_examples=50, deadline=None)
def test_every_checkpoint_reads_back(size: int, root: bytes) -> None:
    assert Checkpoint.from_body(Checkpoint(ORIGIN, size, root).body()) == Checkpoint(ORIGIN, size, root)


def test_log_and_cosigner_signatures_verify_and_give_the_time() -> None:
    note = parse_note(COSIGNED)
    assert note == parse_note(COSIGNED.encode())
    assert note.body == BODY
    verify_log_signature(note, ORIGIN, LOG.public)
    assert verify_cosignature(note, "w.example/1", WITNESS.public) == 1_700_000_000


def test_a_cosignature_has_the_bytes_of_the_specification() -> None:
    line = cosign(BODY, "w.example/1", WITNESS, 1_700_000_000)
    payload = base64.b64decode(line.removeprefix("\u2014 w.example/1 "))
    key_id = hashlib.sha256(b"w.example/1\n\x04" + WITNESS.public).digest()[:4]
    assert payload[:12] == key_id + (1_700_000_000).to_bytes(8, "big")
    assert payload[12:] == WITNESS.sign(b"cosignature/v1\ntime 1700000000\n" + BODY.encode())


def test_a_note_of_another_body_carries_no_valid_signature() -> None:
    """The log shows one reader a tree of another size."""
    forged = parse_note(COSIGNED.replace("\n7\n", "\n8\n"))
    assert code_of(verify_log_signature, forged, ORIGIN, LOG.public) == "note.signature-invalid"
    assert code_of(verify_cosignature, forged, "w.example/1", WITNESS.public) == "note.signature-invalid"


def test_a_signature_by_nobody_we_know_counts_for_nothing() -> None:
    note = parse_note(COSIGNED)
    assert code_of(verify_log_signature, note, ORIGIN, MALLORY.public) == "note.signature-missing"
    assert code_of(verify_log_signature, note, "other.example", LOG.public) == "note.signature-missing"
    assert code_of(verify_cosignature, note, "w.example/1", MALLORY.public) == "note.signature-missing"
    assert code_of(verify_cosignature, note, "w.example/2", WITNESS.public) == "note.signature-missing"


def test_log_and_cosigner_signatures_do_not_stand_in_for_each_other() -> None:
    note = parse_note(COSIGNED)
    assert code_of(verify_cosignature, note, ORIGIN, LOG.public) == "note.signature-missing"
    assert code_of(verify_log_signature, note, "w.example/1", WITNESS.public) == "note.signature-missing"


def line_of(name: str, payload: bytes) -> str:
    return f"\u2014 {name} {base64.b64encode(payload).decode()}\n"


def test_a_known_key_id_with_another_signature_is_refused() -> None:
    forged = log_key_id(ORIGIN, LOG.public) + MALLORY.sign(BODY.encode())
    note = parse_note(BODY + "\n" + line_of(ORIGIN, forged))
    assert code_of(verify_log_signature, note, ORIGIN, LOG.public) == "note.signature-invalid"


def test_a_moved_cosignature_time_is_refused() -> None:
    payload = base64.b64decode(cosign(BODY, "w", WITNESS, 1000).removeprefix("\u2014 w "))
    later = payload[:4] + (1001).to_bytes(8, "big") + payload[12:]
    note = parse_note(BODY + "\n" + line_of("w", later))
    assert code_of(verify_cosignature, note, "w", WITNESS.public) == "note.signature-invalid"


@pytest.mark.parametrize("time", [0, MAX_TIME + 1, (1 << 64) - 1])
def test_a_signed_time_out_of_range_is_refused(time: int) -> None:
    signature = WITNESS.sign(f"cosignature/v1\ntime {time}\n{BODY}".encode())
    payload = cosigner_key_id("w", WITNESS.public) + time.to_bytes(8, "big") + signature
    note = parse_note(BODY + "\n" + line_of("w", payload))
    assert code_of(verify_cosignature, note, "w", WITNESS.public) == "note.signature-invalid"
    assert code_of(cosign, BODY, "w", WITNESS, time) == "note.bad-time"


def test_a_signature_of_the_wrong_length_is_refused() -> None:
    payload = log_key_id(ORIGIN, LOG.public) + LOG.sign(BODY.encode()) + b"\x00"
    note = parse_note(BODY + "\n" + line_of(ORIGIN, payload))
    assert code_of(verify_log_signature, note, ORIGIN, LOG.public) == "note.signature-invalid"
    payload = cosigner_key_id("w", WITNESS.public) + bytes(64)
    note = parse_note(BODY + "\n" + line_of("w", payload))
    assert code_of(verify_cosignature, note, "w", WITNESS.public) == "note.signature-invalid"


def test_sixteen_signatures_are_the_most() -> None:
    lines = [cosign(BODY, f"w{i}", WITNESS, 1) for i in range(16)]
    note = sign_note(BODY, ORIGIN, LOG) + "".join(lines[:15])
    assert len(parse_note(note).signatures) == 16
    assert code_of(parse_note, note + lines[15]) == "note.too-many-signatures"


def test_a_key_that_signs_twice_is_refused() -> None:
    assert code_of(parse_note, SIGNED + SIGNED.rpartition("\n\n")[2]) == "note.duplicate-signature"
    twice = [cosign(BODY, "w", WITNESS, time) for time in (1, 2)]
    assert code_of(parse_note, SIGNED + "".join(twice)) == "note.duplicate-signature"


def test_the_note_size_has_a_limit_in_bytes() -> None:
    filler = "签" * ((MAX_NOTE_BYTES - len(SIGNED)) // 3) + "\n"
    assert parse_note(sign_note(filler, ORIGIN, LOG)[: MAX_NOTE_BYTES * 2]).body == filler
    assert code_of(parse_note, "签" * (MAX_NOTE_BYTES // 3) + "\n" + "\n" + SIGNED) == "note.too-large"
    assert code_of(sign_note, "x" * MAX_NOTE_BYTES + "\n", ORIGIN, LOG) == "note.too-large"


@pytest.mark.parametrize("text", [b"\xff\n\n", "\ud800\n\n\u2014 a AAAA\n"])
def test_a_note_that_is_not_utf_8_is_refused(text: bytes | str) -> None:
    assert code_of(parse_note, text) == "note.utf8"


GOOD_LINE = line_of("a", bytes(68))
MALFORMED = {
    "empty": "",
    "no signature block": BODY,
    "no signature line": BODY + "\n",
    "no final newline": SIGNED[:-1],
    "no body": "\n" + GOOD_LINE,
    "empty body line only": "\n\n" + GOOD_LINE,
    "hyphen for dash": SIGNED.replace("\u2014", "-"),
    "no space after the dash": SIGNED.replace("\u2014 ", "\u2014"),
    "nothing after the name": BODY + "\n\u2014 a\n",
    "key id alone": BODY + "\n" + line_of("a", bytes(4)),
    "not base64": BODY + "\n\u2014 a !!!!\n",
    "missing padding": BODY + "\n" + GOOD_LINE.replace("=", ""),
    "stray padding bits": BODY + "\n\u2014 a AAAAAAB=\n",
    "base64 with a space": BODY + "\n\u2014 a AAAA AAAA\n",
    "base64 not ASCII": BODY + "\n\u2014 a AAA\u00c1AAAA\n",
    "carriage return": SIGNED.replace("\n7\n", "\r\n7\n"),
    "control character": "a\x00b\n\n" + GOOD_LINE,
    "trailing text": SIGNED + "more\n",
    "trailing empty line": SIGNED + "\n",
}


@pytest.mark.parametrize("note", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_note_is_refused(note: str) -> None:
    assert code_of(parse_note, note) == "note.malformed"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "签", "a\u00a0b", "a" * 129])
def test_a_name_that_could_be_misread_is_refused(name: str) -> None:
    assert code_of(sign_note, BODY, name, LOG) == "note.bad-name"
    assert code_of(Checkpoint, name, 1, bytes(32)) == "note.bad-name"
    assert code_of(cosign, BODY, name, LOG, 1) == "note.bad-name"


def test_a_bad_name_on_a_signature_line_is_refused() -> None:
    assert code_of(parse_note, BODY + "\n" + line_of("a+b", bytes(68))) == "note.bad-name"


@pytest.mark.parametrize(
    "body",
    [
        "",
        BODY[:-1],
        BODY + "extension\n",
        BODY + "unfinished",
        BODY.replace("\n7\n", "\n07\n"),
        BODY.replace("\n7\n", "\n+7\n"),
        BODY.replace("\n7\n", "\n-7\n"),
        BODY.replace("\n7\n", "\n7 \n"),
        BODY.replace("\n7\n", "\n\u0667\n"),
        BODY.replace("\n7\n", f"\n{MAX_SIZE + 1}\n"),
        BODY.replace("\n7\n", "\n" + "9" * 5000 + "\n"),
        f"{ORIGIN}\n7\nAAAA\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(body: str) -> None:
    assert code_of(Checkpoint.from_body, body) == "note.bad-checkpoint"


def test_a_checkpoint_root_that_is_not_canonical_base64_is_refused() -> None:
    assert code_of(Checkpoint.from_body, BODY.replace("h8=", "h9=")) == "note.malformed"


def test_sizes_and_roots_out_of_bounds_are_refused_on_the_way_out_too() -> None:
    for size, root in ((-1, bytes(32)), (MAX_SIZE + 1, bytes(32)), (1, bytes(31))):
        assert code_of(Checkpoint, ORIGIN, size, root) == "note.bad-checkpoint"


@pytest.mark.parametrize("body", ["", "\n", "no newline", "a\tb\n"])
def test_a_body_that_would_not_read_back_is_not_signed(body: str) -> None:
    assert code_of(sign_note, body, ORIGIN, LOG) == "note.malformed"
    assert code_of(cosign, body, ORIGIN, LOG, 1) == "note.malformed"


def test_adding_a_signature_adds_exactly_one_line() -> None:
    extra = [cosign(BODY, name, WITNESS, 1) for name in ("a", "b")]
    for bad in ("", "junk\n", extra[0] + extra[1], "\n" + extra[0], extra[0][:-1]):
        assert code_of(with_signature, SIGNED, bad) == "note.malformed"


def test_a_key_of_the_wrong_length_is_refused() -> None:
    assert code_of(log_key_id, "a", bytes(31)) == "note.bad-key"


bent_notes = st.builds(
    lambda at, new: SIGNED[:at] + new + SIGNED[at + 1 :], st.integers(0, len(SIGNED)), st.characters()
)


@given(st.text(max_size=80) | st.binary(max_size=80) | bent_notes)
@settings(max_examples=200, deadline=None)
def test_whatever_the_text_only_a_note_error_leaves_the_parser(text: str | bytes) -> None:
    try:
        note = parse_note(text)
    except NoteError:
        return
    assert isinstance(note, Note)
    assert note.body.endswith("\n")


def test_no_single_character_change_of_a_note_keeps_the_same_signature_valid() -> None:
    for at in range(len(SIGNED)):
        bent = SIGNED[:at] + ("A" if SIGNED[at] != "A" else "B") + SIGNED[at + 1 :]
        with pytest.raises(NoteError):
            verify_log_signature(parse_note(bent), ORIGIN, LOG.public)
