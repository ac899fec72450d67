"""Frames of clients: each type read into its command, each fault refused with its pointer, fuzz never more.

Whatever a client sends, the reader answers with a frame or a SignallingError, never another exception.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote_eval import commands as cmd
from remote_eval.errors import MediaError, RoomError, SignallingError
from remote_eval.media.engine import MAX_SDP_BYTES
from remote_eval.protocol.messages import (
    BODIES,
    MAX_FRAME_BYTES,
    Hello,
    ok,
    parse,
    refusal,
    refusal_of,
    welcome,
)
from remote_eval.room_state import Device

TOKEN = "t" * 43
DEVICE = {"camera": "ok", "microphone": "denied", "speaker": "absent"}
FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
HELLO = {
    "credential": {"seat": TOKEN},
    "resume": {"member": "mem_1", "token": TOKEN, "seq": 7},
    "fingerprint": FINGERPRINT,
    "binding": "b" * 85 + "A",
    "device": DEVICE,
}
# One good body of every type.
GOOD: dict[str, dict[str, Any]] = {
    "hello": HELLO,
    "ping": {"seq": 3, "stats": {"rtt_ms": 9, "lost": 0, "kbps_up": 1, "kbps_down": 2, "freezes": 0}},
    "publish": {"sdp": "v=0", "sources": {"0": "camera", "1": "microphone"}},
    "view": {"sdp": "v=0", "wants": {"0": "mem_1/camera"}},
    "view-answer": {"sdp": "v=0"},
    "restart": {"purpose": "view", "sdp": "v=0"},
    "device": DEVICE,
    "chat": {"text": "大家好\n开始"},
    "hand": {"up": True},
    "call-witness": {"reason": "help", "text": None},
    "problem": {"part": "pc", "text": "黑屏"},
    "settle": {"request": "req_1", "text": "好了"},
    "intercom": {"on": True, "reason": "order", "to": {"all": True}},
    "speak": {"on": False},
    "clarify": {"bidder": "B-07", "question": "工期？"},
    "call-release": {"call": "call_1"},
    "call-refuse": {"call": "call_1", "reason": "不必"},
    "call-start": {"call": "call_1"},
    "call-end": {"call": "call_1"},
    "entry-ask": {"whom": "staff", "zone": "evaluation", "reason": "维修"},
    "visit-in": {"whom": "unknown", "zone": "evaluation", "site": "north", "text": "门未锁"},
    "visit-out": {"visit": "visit_1"},
    "astray": {"member": "mem_1", "zone": "outside"},
    "unrecorded-ask": {"camera": "mem_9", "minutes": 60, "reason": "涉密"},
    "contact-ask": {"reason": "急事"},
    "consent": {"request": "req_1", "reason": "同意"},
    "deny": {"request": "req_1", "reason": "不同意"},
    "contact-begin": {"request": "req_1", "recording": "T-1"},
    "contact-end": {"request": "req_1", "recording": "T-1"},
    "node": {"node": "north/views", "state": "exception", "text": "有遮挡"},
    "phase": {"to": "check-in"},
    "break": {"on": True, "kind": "meal", "minutes": 30},
    "time-ask": {"on": True, "minutes": 60, "reason": "标书较多"},
    "extend": {"minutes": 90, "reason": "评审时间不足"},
    "directive": {"order": "pause", "reason": "核查"},
    "watch-ask": {"minutes": 240, "reason": "抽查"},
    "watch-decide": {"watch": "watch_1", "allow": True, "reason": "同意"},
    "resume-site": {"site": "south", "confirmed": ["mem_1", "mem_2"]},
    "reform": {"reason": "超时"},
    "go-on": {"outage": "out_1", "reason": "招标人决定继续等待"},
    "swap": {"seat": "seat_1", "to": "seat_2"},
    "bye": {},
}


def frame(kind: str, body: object, **more: object) -> dict[str, Any]:
    return {"v": 1, "id": "a-1", "type": kind, "body": body, **more}


def text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def refused(data: str | bytes) -> SignallingError:
    with pytest.raises(SignallingError) as caught:
        parse(data)
    return caught.value


def faults(value: object) -> set[tuple[str, str]]:
    error = refused(text(value))
    assert error.code == "signal.body", error.details
    errors = error.details["errors"]
    assert isinstance(errors, list)
    return {(one["pointer"], one["code"]) for one in errors}


@pytest.mark.parametrize("kind", BODIES)
def test_every_type_is_read_into_its_own_command(kind: str) -> None:
    found = parse(text(frame(kind, GOOD[kind])))
    assert found.id == "a-1"
    if isinstance(found.command, Hello):
        assert kind == "hello"
    else:
        assert found.command.type == kind


@pytest.mark.parametrize("kind", BODIES)
def test_every_type_refuses_a_body_with_a_member_too_much_and_each_one_missing(kind: str) -> None:
    assert ("/body/surplus", "unknown") in faults(frame(kind, {**GOOD[kind], "surplus": 1}))
    for name in GOOD[kind]:
        without = {key: value for key, value in GOOD[kind].items() if key != name}
        assert faults(frame(kind, without)), name


def test_what_a_command_says_is_what_the_frame_said() -> None:
    view = parse(text(frame("view", {"wants": ["mem_1/camera"]}))).command
    assert view == cmd.View(sdp=None, tracks=("mem_1/camera",))
    again = parse(text(frame("view", {"wants": ["mem_1/camera"], "restart": True}))).command
    assert again == cmd.View(sdp=None, tracks=("mem_1/camera",), restart=True)
    to_site = parse(text(frame("intercom", {"on": True, "reason": "time", "to": {"site": "north"}}))).command
    assert to_site == cmd.PressIntercom(on=True, reason="time", to_site="north")
    assert parse(text(frame("intercom", {"on": False}))).command == cmd.PressIntercom(on=False)
    device = parse(text(frame("device", DEVICE))).command
    assert device == cmd.SetDevice(device=Device(camera="ok", microphone="denied", speaker="absent"))
    hello = parse(
        text(frame("hello", {**HELLO, "credential": {"account": True, "camera": "cam_1"}, "resume": None}))
    ).command
    assert isinstance(hello, Hello)
    assert (hello.kind, hello.token, hello.camera, hello.resume) == ("account", None, "cam_1", None)


def test_all_faults_of_a_body_are_told_at_once() -> None:
    wrong = frame("entry-ask", {"whom": "friend", "zone": "a zone", "reason": " ", "x/y": 1})
    assert faults(wrong) == {
        ("/body/whom", "choice"),
        ("/body/zone", "format"),
        ("/body/reason", "blank"),
        ("/body/x~1y", "unknown"),
    }


@pytest.mark.parametrize(
    ("kind", "change", "fault"),
    [
        ("chat", {"text": "字" * 501}, ("/body/text", "length")),
        ("chat", {"text": "a\u202eb"}, ("/body/text", "characters")),
        ("chat", {"text": "a\x00b"}, ("/body/text", "characters")),
        ("watch-ask", {"minutes": 0}, ("/body/minutes", "range")),
        ("watch-ask", {"minutes": 241}, ("/body/minutes", "range")),
        ("watch-ask", {"minutes": True}, ("/body/minutes", "type")),
        ("hand", {"up": 1}, ("/body/up", "type")),
        ("phase", {"to": "lunch"}, ("/body/to", "choice")),
        ("publish", {"sources": {str(n): "camera" for n in range(17)}}, ("/body/sources", "length")),
        ("publish", {"sources": {"0": "masked"}}, ("/body/sources/0", "choice")),
        ("publish", {"sdp": "x" * (MAX_SDP_BYTES + 1)}, ("/body/sdp", "length")),
        ("view", {"wants": {str(n): "m/camera" for n in range(65)}}, ("/body/wants", "length")),
        ("view", {"sdp": "v=0", "wants": {"0": "m/camera"}, "restart": True}, ("/body/restart", "unknown")),
        ("resume-site", {"confirmed": ["mem_1", "mem_1"]}, ("/body/confirmed/1", "twice")),
        ("hello", {"fingerprint": "sha-1 AB"}, ("/body/fingerprint", "format")),
        ("hello", {"fingerprint": None}, ("/body/fingerprint", "type")),
        ("hello", {"binding": "!" * 86}, ("/body/binding", "format")),
        ("hello", {"credential": {"account": False}}, ("/body/credential/account", "value")),
        ("intercom", {"to": {"all": True, "site": "north"}}, ("/body/to/all", "unknown")),
        ("intercom", {"reason": None}, ("/body/reason", "type")),
        ("break", {"minutes": 961}, ("/body/minutes", "range")),
        ("break", {"zone": "street"}, ("/body/zone", "choice")),
        ("break", {"escorts": ["mem_1", "mem_1"]}, ("/body/escorts/1", "twice")),
        ("entry-ask", {"minutes": 481}, ("/body/minutes", "range")),
        ("unrecorded-ask", {"minutes": 0}, ("/body/minutes", "range")),
        ("visit-in", {"zone": "lobby"}, ("/body/zone", "choice")),
    ],
)
def test_a_value_out_of_its_bounds_is_named(
    kind: str, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert fault in faults(frame(kind, {**GOOD[kind], **change}))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"v":1}', "signal.binary"),
        ("", "signal.json"),
        ("[]", "signal.json"),
        ('{"v":1,"v":1}', "signal.json"),
        ('{"v":1.0}', "signal.json"),
        ('{"v":1e0}', "signal.json"),
        ("\ufeff{}", "signal.json"),
        ('{"v":"\ud800"}', "signal.json"),
        ('{"v":"\\ud800"}', "signal.json"),
        ("[" * 9 + "]" * 9, "signal.json"),
        ("[" * 90_000, "signal.json"),
        ('{"v":' + "9" * 90_000 + "}", "signal.json"),
        ('"' + "x" * MAX_FRAME_BYTES + '"', "signal.too-large"),
        ("{}", "signal.version"),
        ('{"v":2,"id":"a","type":"ping","body":{}}', "signal.version"),
        ('{"v":true,"id":"a","type":"ping","body":{}}', "signal.version"),
        ('{"v":1,"id":"a","type":"lunch","body":{}}', "signal.type"),
        ('{"v":1,"id":"a","type":["ping"],"body":{}}', "signal.type"),
        ('{"v":1,"id":"a b","type":"bye","body":{}}', "signal.body"),
        ('{"v":1,"id":"' + "a" * 37 + '","type":"bye","body":{}}', "signal.body"),
        ('{"v":1,"type":"bye","body":{}}', "signal.body"),
        ('{"v":1,"id":"a","type":"bye"}', "signal.body"),
        ('{"v":1,"id":"a","type":"bye","body":{},"from":"mem_2"}', "signal.body"),
    ],
)
def test_what_is_no_frame_is_refused_by_its_own_code(data: str | bytes, code: str) -> None:
    assert refused(data).code == code


def test_a_refusal_names_the_frame_when_it_can_be_named_and_never_repeats_it() -> None:
    error = refused(text(frame("chat", {"text": "机密" * 400})))
    written = json.loads(refusal_of("a-1", error))
    assert written["to"] == "a-1"
    assert "机密" not in json.dumps(written, ensure_ascii=False)
    assert refused('{"v":1,"id":"<script>","type":"bye","body":1}').details["to"] is None


def test_a_body_of_a_thousand_faults_gets_a_short_answer() -> None:
    error = refused(text(frame("bye", {"n" * 300 + str(n): 1 for n in range(200)})))
    assert len(refusal_of("a-1", error)) < 20_000
    errors = error.details["errors"]
    assert isinstance(errors, list)
    assert len(errors) == 64


def test_frames_of_the_server_have_their_shapes() -> None:
    assert json.loads(ok("a", {"x": 1})) == {"v": 1, "type": "ok", "to": "a", "body": {"x": 1}}
    assert json.loads(welcome("a", {}))["type"] == "welcome"
    held = json.loads(refusal_of("a", RoomError("room.held", reasons=[{"code": "frozen"}])))
    assert held == {
        "v": 1,
        "type": "error",
        "to": "a",
        "code": "room.held",
        "retryable": False,
        "detail": {"reasons": [{"code": "frozen"}]},
    }
    assert json.loads(refusal(None, "signal.rate"))["retryable"] is True


def test_a_refusal_is_written_whatever_an_error_carries() -> None:
    error = MediaError("media.sdp", mids=frozenset({"0"}), lag=0.5, raw=b"x", nested=({"at": object()},))
    assert json.loads(refusal_of("a", error))["detail"] == {
        "mids": ["0"],
        "lag": None,
        "raw": None,
        "nested": [{"at": None}],
    }


# ---- fuzz

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


def harmless(data: str | bytes) -> None:
    """Read: a frame, or a refusal that can be written."""
    try:
        parse(data)
    except SignallingError as error:
        json.loads(refusal_of(None, error))


@given(data=st.text() | st.binary())
@settings(max_examples=200, deadline=None)
def test_any_text_and_any_bytes_are_harmless(data: str | bytes) -> None:
    harmless(data)


@given(value=JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_is_harmless(value: object) -> None:
    harmless(json.dumps(value))


@pytest.mark.parametrize("kind", BODIES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_any_body_of_every_type_is_harmless(kind: str, data: st.DataObject) -> None:
    body = dict(GOOD[kind])
    for name in data.draw(st.lists(st.sampled_from(sorted(body) or ["x"]), max_size=3)):
        body[name] = data.draw(JSON)
    more = data.draw(st.dictionaries(st.sampled_from(["v", "id", "type", "body", "from"]), JSON, max_size=2))
    harmless(json.dumps({**frame(kind, data.draw(st.just(body) | JSON)), **more}))


@pytest.mark.parametrize("kind", BODIES)
@given(cut=st.integers(0, 400), put=st.text(max_size=4))
@settings(max_examples=20, deadline=None)
def test_a_frame_cut_or_bent_anywhere_is_harmless(kind: str, cut: int, put: str) -> None:
    whole = text(frame(kind, GOOD[kind]))
    harmless(whole[:cut])
    harmless(whole[:cut] + put + whole[cut + 1 :])
