"""One socket and one member's session: hello, heartbeat, rate, answers kept, coming back, taking over.

The clock is a number that the test moves; nothing waits.
"""

import json
from typing import Any

import pytest

from remote_eval import commands as cmd
from remote_eval.errors import RoomError
from remote_eval.protocol.messages import Resume
from remote_eval.protocol.session import Act, Close, Connection, Greet, Output, Send, Session, keeps

TOKEN = "k" * 43
BODY: dict[str, Any] = {"member": "mem_1", "resume": TOKEN, "heartbeat_ms": 2_000, "snapshot": {"seq": 10}}
SIGHT: dict[str, Any] = {"v": 1, "type": "event", "kind": "sight", "seq": 10}
DEVICE = {"camera": "ok", "microphone": "ok", "speaker": "ok"}


def frame(kind: str, body: dict[str, Any], number: str = "a1") -> str:
    return json.dumps({"v": 1, "id": number, "type": kind, "body": body})


def hello(number: str = "h1") -> str:
    credential = {"seat": "s" * 43}
    own = "sha-256 " + ":".join(["AB"] * 32)
    body = {"credential": credential, "resume": None, "fingerprint": own, "binding": None, "device": DEVICE}
    return frame("hello", body, number)


def sent(outputs: list[Output]) -> list[dict[str, Any]]:
    return [json.loads(one.text) for one in outputs if isinstance(one, Send)]


def closed(outputs: list[Output]) -> list[tuple[int, str]]:
    return [(one.code, one.reason) for one in outputs if isinstance(one, Close)]


def session(seq: int = 10) -> Session:
    return Session(member="mem_1", token=TOKEN, seq=seq)


def joined(own: Session | None = None, now_ms: int = 0) -> Connection:
    connection = Connection(now_ms=now_ms)
    assert isinstance(connection.frame(hello(), now_ms=now_ms)[0], Greet)
    connection.join("h1", own or session(), body=BODY, resume=None, sight=SIGHT)
    return connection


def resume(seq: int, token: str = TOKEN, member: str = "mem_1") -> Resume:
    return Resume(member=member, token=token, seq=seq)


# ---- hello


def test_a_hello_that_does_not_come_in_time_ends_the_connection() -> None:
    connection = Connection(now_ms=0)
    assert connection.tick(now_ms=4_999) == []
    assert closed(connection.tick(now_ms=5_000)) == [(4000, "signal.hello")]
    assert connection.tick(now_ms=9_000) == []
    assert connection.frame(hello(), now_ms=9_000) == []


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (frame("ping", {"seq": 0, "stats": None}), "signal.hello"),
        ("{", "signal.json"),
        (b"\x00", "signal.binary"),
    ],
)
def test_whatever_else_comes_first_ends_the_connection(first: str | bytes, code: str) -> None:
    assert closed(Connection(now_ms=0).frame(first, now_ms=1)) == [(4000, code)]


def test_a_second_hello_ends_the_connection() -> None:
    assert closed(joined().frame(hello("h2"), now_ms=1)) == [(4000, "signal.hello")]


def test_nobody_acts_between_hello_and_welcome() -> None:
    connection = Connection(now_ms=0)
    connection.frame(hello(), now_ms=0)
    outputs = connection.frame(frame("phase", {"to": "closed"}), now_ms=1)
    assert not any(isinstance(one, Act) for one in outputs)
    assert closed(outputs) == [(4000, "signal.hello")]


def test_a_credential_that_is_not_good_gets_one_code_for_every_reason() -> None:
    connection = Connection(now_ms=0)
    connection.frame(hello(), now_ms=0)
    outputs = connection.refuse("h1")
    assert sent(outputs)[0] == {
        "v": 1,
        "type": "error",
        "to": "h1",
        "code": "signal.refused",
        "retryable": False,
        "detail": {},
    }
    assert closed(outputs) == [(4003, "signal.refused")]


# ---- heartbeat and rate


def test_a_socket_silent_for_three_heartbeats_is_closed_and_any_frame_counts() -> None:
    own = session()
    connection = joined(own)
    connection.frame(frame("hand", {"up": True}), now_ms=3_000)
    own.answer("a1", {})
    assert connection.tick(now_ms=8_999) == []
    assert closed(connection.tick(now_ms=9_000)) == [(4002, "silent")]


def test_the_silence_of_who_waits_for_an_answer_is_the_platforms_own() -> None:
    """A slow decision holds back the heartbeats behind it: nobody is thrown out for that."""
    connection = joined()
    assert connection.session is not None
    acts = connection.frame(frame("hand", {"up": True}), now_ms=1_000)
    assert len(acts) == 1
    assert connection.tick(now_ms=20_000) == []
    connection.session.answer("a1", {})
    assert connection.tick(now_ms=25_999) == []
    assert closed(connection.tick(now_ms=26_000)) == [(4002, "silent")]


def test_the_silence_of_who_waits_for_the_welcome_is_the_platforms_own() -> None:
    connection = Connection(now_ms=0)
    connection.frame(hello(), now_ms=0)
    assert connection.tick(now_ms=30_000) == []


def test_a_burst_of_sixty_passes_and_then_twenty_a_second() -> None:
    connection = joined()
    acts = [connection.frame(frame("hand", {"up": True}, f"i{n}"), now_ms=0) for n in range(70)]
    passed = sum(isinstance(one[0], Act) for one in acts)
    # The hello took one of the sixty.
    assert passed == 59
    assert sent(acts[-1])[0]["code"] == "signal.rate"
    connection.session.answer("i0", {}) if connection.session else None
    later = [
        connection.frame(frame("ping", {"seq": 0, "stats": None}, f"j{n}"), now_ms=100) for n in range(4)
    ]
    assert [isinstance(one[0], Act) for one in later] == [True, True, False, False]


def test_two_hundred_refused_in_a_row_end_the_connection_and_one_passed_forgives() -> None:
    connection = joined()
    for _ in range(59):
        connection.frame("{", now_ms=0)
    for _ in range(199):
        assert not closed(connection.frame("{", now_ms=0))
    connection.frame("{", now_ms=50)
    for _ in range(199):
        assert not closed(connection.frame("{", now_ms=50))
    assert closed(connection.frame("{", now_ms=50)) == [(4008, "signal.rate")]


def test_a_binary_frame_ends_the_connection_at_any_time() -> None:
    assert closed(joined().frame(b"{}", now_ms=1)) == [(4000, "signal.binary")]


def test_a_frame_that_does_not_hold_together_is_refused_and_the_member_stays() -> None:
    connection = joined()
    outputs = connection.frame(frame("hand", {"up": 1}), now_ms=1)
    assert (sent(outputs)[0]["code"], sent(outputs)[0]["to"]) == ("signal.body", "a1")
    assert closed(outputs) == []


# ---- answers


def test_the_same_id_again_gets_the_stored_answer_and_nothing_happens_twice() -> None:
    own = session()
    connection = joined(own)
    assert connection.frame(frame("chat", {"text": "一"}), now_ms=1) == [
        Act(id="a1", command=cmd.Chat(text="一"))
    ]
    assert connection.frame(frame("chat", {"text": "一"}), now_ms=2) == []
    answer = own.answer("a1", {"seq": 11})
    assert connection.frame(frame("chat", {"text": "二"}), now_ms=3) == [Send(text=answer)]


def test_a_refusal_is_kept_like_an_answer() -> None:
    own = session()
    connection = joined(own)
    connection.frame(frame("phase", {"to": "closed"}), now_ms=1)
    refused = own.fail("a1", RoomError("room.phase", reasons=[{"code": "transition"}]))
    assert connection.frame(frame("phase", {"to": "closed"}), now_ms=2) == [Send(text=refused)]


def test_answers_outlive_the_socket() -> None:
    own = session()
    joined(own).frame(frame("chat", {"text": "一"}), now_ms=1)
    answer = own.answer("a1", {})
    assert joined(own).frame(frame("chat", {"text": "一"}), now_ms=9) == [Send(text=answer)]


def test_after_a_fault_of_the_platform_the_same_id_may_be_sent_again() -> None:
    own = session()
    connection = joined(own)
    connection.frame(frame("chat", {"text": "一"}), now_ms=1)
    fault = json.loads(own.fault("a1", "0123abcd"))
    assert (fault["code"], fault["retryable"]) == ("signal.fault", True)
    assert isinstance(connection.frame(frame("chat", {"text": "一"}), now_ms=2)[0], Act)


def test_two_hundred_answers_are_kept_and_at_most_a_mebibyte_of_them() -> None:
    own = session()
    for number in range(201):
        own.answer(f"n{number}", {})
    assert own.seen_before("n0") == (False, None)
    assert own.seen_before("n1")[0]
    for number in range(20):
        own.answer(f"big{number}", {"sdp": "x" * 60_000})
    assert own.seen_before("big0") == (False, None)
    assert own.seen_before("big19")[0]


def test_heartbeats_do_not_push_out_answers_that_matter() -> None:
    assert not keeps(cmd.Ping(seq=1))
    assert keeps(cmd.Bye())
    own = session()
    own.answer("chat", {})
    for number in range(300):
        own.answer(f"p{number}", {}, keep=keeps(cmd.Ping(seq=1)))
    assert own.seen_before("chat")[0]


def test_a_member_has_a_bounded_number_of_frames_under_decision() -> None:
    own = session()
    connection = joined(own)
    for number in range(64):
        assert isinstance(connection.frame(frame("bye", {}, f"n{number}"), now_ms=number * 60)[0], Act)
    full = connection.frame(frame("bye", {}, "more"), now_ms=64 * 60)
    assert sent(full)[0]["code"] == "signal.rate"
    own.answer("n0", {})
    assert isinstance(connection.frame(frame("bye", {}, "more"), now_ms=65 * 60)[0], Act)


# ---- coming back


def told(own: Session, *numbers: int) -> None:
    for number in numbers:
        own.event({"seq": number}, seq=number)


def test_who_comes_back_gets_what_happened_since_and_no_snapshot() -> None:
    own = session()
    told(own, 11, 12)
    own.event(None, seq=13)
    told(own, 14)
    connection = Connection(now_ms=0)
    connection.frame(hello(), now_ms=0)
    outputs, _ = connection.join("h1", own, body=BODY, resume=resume(11), sight=SIGHT)
    frames = sent(outputs)
    assert (frames[0]["body"]["resumed"], frames[0]["body"]["snapshot"]) == (True, None)
    assert [one["seq"] for one in frames[1:-1]] == [12, 14]
    assert frames[-1]["kind"] == "sight"


@pytest.mark.parametrize(
    "claim",
    [
        None,
        resume(11, token="x" * 43),
        resume(11, member="mem_2"),
        resume(9),
        resume(13),
    ],
)
def test_a_claim_that_is_not_good_gets_the_whole_snapshot(claim: Resume | None) -> None:
    """Another's member id, a wrong token, a time before the member came, a future that never was."""
    own = session()
    told(own, 11, 12)
    connection = Connection(now_ms=0)
    connection.frame(hello(), now_ms=0)
    outputs, _ = connection.join("h1", own, body=BODY, resume=claim, sight=SIGHT)
    assert [one["body"]["resumed"] for one in sent(outputs)] == [False]
    assert sent(outputs)[0]["body"]["snapshot"] == {"seq": 10}


def test_five_hundred_events_are_kept_and_not_one_is_silently_missed() -> None:
    own = session()
    told(own, *range(11, 511))
    assert own.can_resume(resume(10))
    told(own, 511)
    assert not own.can_resume(resume(10))
    assert own.can_resume(resume(11))
    assert len(own.since(11)) == 500


def test_the_newer_socket_takes_over_and_the_older_is_closed_with_4001() -> None:
    own = session()
    old, new = joined(own), Connection(now_ms=5)
    new.frame(hello(), now_ms=5)
    _, taken = new.join("h1", own, body=BODY, resume=None, sight=SIGHT, before=old)
    assert closed(taken) == [(4001, "taken-over")]
    assert old.frame(frame("phase", {"to": "closed"}), now_ms=6) == []
    _, again = new.join("h1", own, body=BODY, resume=None, sight=SIGHT, before=old)
    assert again == []


def test_no_secret_shows_in_what_a_log_would_print() -> None:
    assert TOKEN not in repr(resume(1))
    outputs = Connection(now_ms=0).frame(hello(), now_ms=0)
    assert "s" * 43 not in repr(outputs)
