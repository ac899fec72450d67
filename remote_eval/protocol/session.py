"""One member's session and one socket's connection, sans-I/O (docs/spec/signalling.md §1 to §3).

A `Connection` lives as long as its socket: hello in time, heartbeat, rate. A `Session` is the member's and
outlives sockets: answers by id, the last events, the token to come back with. Identity belongs to the
session; the newest connection has it. Frames and ticks go in, `Send`, `Close`, `Greet` and `Act` come out;
times are milliseconds of a clock that never goes back.
"""

import hmac
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from crypto.canonical import JsonValue
from remote_eval.commands import MemberCommand, Ping
from remote_eval.errors import EvaluationError, SignallingError
from remote_eval.protocol.messages import Frame, Hello, Resume, ok, parse, refusal, refusal_of, welcome, write

TAKEN_OVER: Final = 4001
SILENT: Final = 4002
NOT_LET_IN: Final = 4003
BROKEN: Final = 4000
TOO_MANY: Final = 4008
ROOM_CLOSED: Final = 4010

MAX_ANSWERS: Final = 200
MAX_ANSWER_BYTES: Final = 1_048_576
MAX_EVENTS: Final = 500
# Frames of one member that are being decided at a time.
MAX_WAITING: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a connection; times in milliseconds, `rate` in frames a second."""

    hello_ms: int = 5_000
    heartbeat_ms: int = 2_000
    silent_beats: int = 3
    rate: int = 20
    burst: int = 60
    refused_in_a_row: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A frame for the socket."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The end of the socket. `reason` is a code."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Greet:
    """A hello to be judged: then `Connection.join` with a session, or `Connection.refuse`."""

    id: str
    hello: Hello


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A command to be decided: then `Session.answer` or `Session.fail` with the same id, once."""

    id: str
    command: MemberCommand


Output = Send | Close | Greet | Act


class Session:
    """What a member keeps over sockets: answers of the last frames, the last events, the way back.

    `token` is the secret to come back with; `seq` is the room's number when the member came.
    """

    def __init__(self, *, member: str, token: str, seq: int) -> None:
        self.member = member
        self._token = token
        self._answers: OrderedDict[str, str] = OrderedDict()
        self._answer_bytes = 0
        self._waiting: set[str] = set()
        self._events: deque[tuple[int, str]] = deque()
        # Everything after this number is kept.
        self._since = seq
        self._newest = seq

    def knows(self, resume: Resume) -> bool:
        """Whether a claim to be this member is good: the member and its token."""
        same = hmac.compare_digest(resume.token.encode(), self._token.encode())
        return same and resume.member == self.member

    def can_resume(self, resume: Resume | None) -> bool:
        """Whether every event after the client's newest is still kept."""
        if resume is None or not self.knows(resume):
            return False
        return self._since <= resume.seq <= self._newest

    def since(self, seq: int) -> list[str]:
        """The frames of all kept events after `seq`."""
        return [text for number, text in self._events if number > seq]

    def event(self, view: Mapping[str, JsonValue] | None, *, seq: int) -> str | None:
        """Keep the room's event `seq`, as `views.event_view` rendered it; its frame, None if not told."""
        self._newest = max(self._newest, seq)
        if view is None:
            return None
        text = write(view)
        self._events.append((seq, text))
        if len(self._events) > MAX_EVENTS:
            self._since = self._events.popleft()[0]
        return text

    def seen_before(self, frame: str) -> tuple[bool, str | None]:
        """Whether a frame id was used before, and its answer, None while it is still being decided."""
        if frame in self._waiting:
            return True, None
        return frame in self._answers, self._answers.get(frame)

    def deciding(self, frame: str | None) -> bool:
        """Whether this frame has no answer yet."""
        return frame in self._waiting

    def begin(self, frame: str) -> bool:
        """A frame is to be decided; False when too many are already."""
        if len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting.add(frame)
        return True

    def answer(self, frame: str, body: Mapping[str, JsonValue], *, keep: bool = True) -> str:
        """The answer to a frame, kept for its repetition."""
        return self._done(frame, ok(frame, body), keep=keep)

    def fail(self, frame: str, error: EvaluationError) -> str:
        """The refusal of a frame, kept like an answer."""
        return self._done(frame, refusal_of(frame, error), keep=True)

    def fault(self, frame: str, trace: str) -> str:
        """The platform failed over a frame: nothing happened, and the same id may be sent again."""
        self._waiting.discard(frame)
        return refusal(frame, "signal.fault", {"trace": trace})

    def _done(self, frame: str, text: str, *, keep: bool) -> str:
        self._waiting.discard(frame)
        if keep:
            self._answers[frame] = text
            self._answer_bytes += len(text)
        while len(self._answers) > MAX_ANSWERS or self._answer_bytes > MAX_ANSWER_BYTES:
            self._answer_bytes -= len(self._answers.popitem(last=False)[1])
        return text


class Connection:
    """One socket, from its opening on. Feed it every frame and a tick each second; after a Close, nothing."""

    def __init__(self, *, now_ms: int, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.session: Session | None = None
        self.ended = False
        self._opened = now_ms
        self._heard = now_ms
        self._greeted = False
        # The newest frame that was given out to be decided.
        self._asked: str | None = None
        self._tokens = float(self.limits.burst)
        self._filled = now_ms
        self._refused = 0

    def frame(self, data: str | bytes, *, now_ms: int) -> list[Output]:
        """What follows from one frame of the client."""
        if self.ended:
            return []
        if isinstance(data, bytes):
            return [self._end(BROKEN, "signal.binary")]
        self._heard = now_ms
        if not self._take(now_ms):
            return self._too_many()
        try:
            frame = parse(data)
        except SignallingError as error:
            return self._broken(error)
        return self._parsed(frame)

    def _take(self, now_ms: int) -> bool:
        gained = (now_ms - self._filled) * self.limits.rate / 1_000
        self._tokens = min(float(self.limits.burst), self._tokens + gained)
        self._filled = now_ms
        if self._tokens < 1:
            return False
        self._tokens -= 1
        self._refused = 0
        return True

    def _too_many(self) -> list[Output]:
        self._refused += 1
        answer = Send(text=refusal(None, "signal.rate"))
        if self._refused >= self.limits.refused_in_a_row:
            return [answer, self._end(TOO_MANY, "signal.rate")]
        return [answer]

    def _broken(self, error: SignallingError) -> list[Output]:
        """A frame that is none: before the hello the end, afterwards a refusal."""
        to = error.details.get("to")
        answer = Send(text=refusal_of(to if isinstance(to, str) else None, error))
        if self.session is None:
            return [answer, self._end(BROKEN, error.code)]
        return [answer]

    def _parsed(self, frame: Frame) -> list[Output]:
        if isinstance(frame.command, Hello):
            return self._hello(frame.id, frame.command)
        if self.session is None:
            # Nobody has judged the hello yet, or there was none.
            return [Send(text=refusal(frame.id, "signal.hello")), self._end(BROKEN, "signal.hello")]
        known, answer = self.session.seen_before(frame.id)
        if known:
            return [] if answer is None else [Send(text=answer)]
        if not self.session.begin(frame.id):
            return self._too_many()
        self._asked = frame.id
        return [Act(id=frame.id, command=frame.command)]

    def _hello(self, frame: str, hello: Hello) -> list[Output]:
        if self._greeted:
            return [Send(text=refusal(frame, "signal.hello")), self._end(BROKEN, "signal.hello")]
        self._greeted = True
        return [Greet(id=frame, hello=hello)]

    def join(
        self,
        frame: str,
        session: Session,
        *,
        body: Mapping[str, JsonValue],
        resume: Resume | None,
        sight: Mapping[str, JsonValue],
        before: "Connection | None" = None,
    ) -> tuple[list[Output], list[Output]]:
        """Let the member in: outputs of this connection, and of the one `before` that it takes over.

        `body` is the welcome without `resumed`, with the whole snapshot; resuming drops the snapshot, sends
        the kept events after the client's newest, and `sight` (views.sight), as passing events are not kept.
        """
        self.session = session
        resumed = resume is not None and session.can_resume(resume)
        whole = {**body, "resumed": resumed, "snapshot": None if resumed else body["snapshot"]}
        out: list[Output] = [Send(text=welcome(frame, whole))]
        if resumed and resume is not None:
            out += [Send(text=text) for text in (*session.since(resume.seq), write(sight))]
        taken: list[Output] = [] if before is None or before.ended else [before.end(TAKEN_OVER, "taken-over")]
        return out, taken

    def refuse(self, frame: str) -> list[Output]:
        """Let nobody in: one code for every reason. The caller sends it 200 ms after the hello."""
        return [Send(text=refusal(frame, "signal.refused")), self._end(NOT_LET_IN, "signal.refused")]

    def tick(self, *, now_ms: int) -> list[Output]:
        """What time alone does."""
        if self.ended:
            return []
        if not self._greeted and now_ms - self._opened >= self.limits.hello_ms:
            return [self._end(BROKEN, "signal.hello")]
        if self._greeted and (self.session is None or self.session.deciding(self._asked)):
            # The client waits for an answer, and what it sent meanwhile was not read: that silence is ours.
            self._heard = now_ms
        if now_ms - self._heard >= self.limits.heartbeat_ms * self.limits.silent_beats:
            return [self._end(SILENT, "silent")]
        return []

    def end(self, code: int, reason: str) -> Close:
        """End the connection from outside: taken over, expelled, room closed."""
        return self._end(code, reason)

    def _end(self, code: int, reason: str) -> Close:
        self.ended = True
        return Close(code=code, reason=reason)


def keeps(command: MemberCommand) -> bool:
    """Whether an answer is kept: a heartbeat's is not, it would push out those that matter."""
    return not isinstance(command, Ping)
