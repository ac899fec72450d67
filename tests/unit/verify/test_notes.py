"""Checkpoints: the one accepted shape of a note, and signatures under name, key type and time (C2SP
tlog-cosignature)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from draw.verify import notes

ORIGIN, SUPERVISOR, COSIGNER = "log.example.cn/qiantong", "supervisor.example.cn", "cosigner.example.cn"
KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)
    for n, name in enumerate((ORIGIN, SUPERVISOR, COSIGNER))
}
PUBLIC = {name: key.public_key().public_bytes_raw() for name, key in KEYS.items()}
ROOT = base64.b64encode(bytes(range(32))).decode()


def line(name: str, raw: bytes) -> str:
    return f"— {name} {base64.b64encode(raw).decode()}\n"


def log_line(body: str) -> str:
    return line(ORIGIN, notes.key_id(ORIGIN, 1, PUBLIC[ORIGIN]) + KEYS[ORIGIN].sign(body.encode()))


def cosigned(name: str, body: str, at: int) -> str:
    signature = KEYS[name].sign(f"cosignature/v1\ntime {at}\n{body}".encode())
    return line(name, notes.key_id(name, 4, PUBLIC[name]) + at.to_bytes(8, "big") + signature)


def note(size: str = "7", root: str = ROOT, extra: str = "", at: int = 1_700_000_000) -> str:
    body = f"{ORIGIN}\n{size}\n{root}\n{extra}"
    return f"{body}\n{log_line(body)}{cosigned(SUPERVISOR, body, at)}{cosigned(COSIGNER, body, at)}"


def test_a_note_with_its_three_lines_reads_and_verifies() -> None:
    checkpoint = notes.read(note())
    assert checkpoint is not None
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGIN, 7, bytes(range(32)))
    for one, name in zip(checkpoint.lines, (ORIGIN, SUPERVISOR, COSIGNER), strict=True):
        assert notes.verified(checkpoint, one, name, PUBLIC[name])
        others = [other for other in PUBLIC if other != name]
        assert not any(notes.verified(checkpoint, one, other, PUBLIC[other]) for other in others)
        assert not any(notes.verified(checkpoint, one, name, PUBLIC[other]) for other in others)


def test_the_published_example_has_its_key_ids() -> None:
    """signed-note's example key: PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW."""
    raw = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert notes.key_id("PeterNeumann", raw[0], raw[1:]).hex() == "c74f20a3"


def test_another_time_or_key_type_is_another_signature() -> None:
    body = f"{ORIGIN}\n7\n{ROOT}\n"
    later = cosigned(SUPERVISOR, body, 5)
    raw = base64.b64decode(later.split(" ")[2])
    moved = line(SUPERVISOR, raw[:4] + (6).to_bytes(8, "big") + raw[12:])
    checkpoint = notes.read(body + "\n" + log_line(body) + moved + cosigned(COSIGNER, body, 5))
    assert checkpoint is not None
    assert not notes.verified(checkpoint, checkpoint.lines[1], SUPERVISOR, PUBLIC[SUPERVISOR])


GOOD = note()
LINES = GOOD.splitlines(keepends=True)
REFUSED = {
    "nothing": "",
    "size with leading zero": note(size="07"),
    "negative size": note(size="-1"),
    "size beyond 2^53": note(size="9007199254740992"),
    "size of Arabic digits": note(size="٧"),
    "short root": note(root=base64.b64encode(bytes(31)).decode()),
    "root without padding": note(root=ROOT.rstrip("=")),
    "root with stray bits": note(root=ROOT[:-2] + chr(ord(ROOT[-2]) + 1) + "="),
    "extension line": note(extra="extension\n"),
    "cosignature time of 2^63": note(at=2**63),
    "two lines": "".join(LINES[:-1]),
    "four lines": GOOD + LINES[-1],
    "hyphen for the em dash": GOOD.replace("—", "-"),
    "CRLF": GOOD.replace("\n", "\r\n"),
    "no final line feed": GOOD[:-1],
    "trailing line feed": GOOD + "\n",
    "name with plus": GOOD.replace(SUPERVISOR, "super+visor"),
    "name in another script": GOOD.replace(SUPERVISOR, "监督局"),
    "name of 129 characters": GOOD.replace(SUPERVISOR, "s" * 129),
    "origin with a space": GOOD.replace(ORIGIN, "log example"),
    "name with a space": GOOD.replace(SUPERVISOR, "super visor"),
    "log line timed": "".join([*LINES[:4], *LINES[5:], LINES[4]]),
    "overlong": GOOD + "x" * 5000,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_every_other_spelling_is_refused(text: str) -> None:
    assert notes.read(text) is None


@given(st.text())
def test_random_text_is_no_note(text: str) -> None:
    assert notes.read(text) is None
