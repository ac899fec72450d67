"""A member's connection from the first frame to the last (docs/spec/signalling.md §1 to §4).

    socket → hello → credential → member, in the ledger → welcome → commands, one after another → gone

One session belongs to one member and outlives its sockets; the newest socket has it. A refused hello is
answered after 200 ms whatever was wrong, so that its time tells nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from app.errors import AccessRefusedError, AppError, WriteConflictError
from app.store.unit_of_work import UnitOfWork
from app.usecases.room.admission import Door, Standing, member_of
from app.usecases.room.extending import extend
from app.usecases.room.finishing import finished
from app.usecases.room.links import Link
from app.usecases.room.live import GOING_AWAY, LiveRoom
from app.usecases.room.starting import begin
from app.usecases.room.swapping import Whence, swap
from crypto.canonical import JsonValue
from crypto.hashing import tagged
from remote_eval import commands as cmd
from remote_eval.errors import EvaluationError, MediaError, SignallingError
from remote_eval.isolation import may_send
from remote_eval.media.lines import lines_of
from remote_eval.protocol.messages import Hello, challenge
from remote_eval.protocol.session import ROOM_CLOSED, Act, Greet, Session, keeps
from remote_eval.protocol.views import sight, snapshot
from remote_eval.room_events import time_text
from remote_eval.room_state import CLOSED, HERE, RECONNECTING, Member

LOG: Final = structlog.get_logger("qiantong.room")
REFUSAL_SECONDS: Final = 0.2
# Finds out what a hello's credential stands for, inside the transaction that admits the member.
Judge = Callable[[UnitOfWork, Door, Hello], Awaitable[Standing]]
# A member's relays (TURN), as its browser takes them.
Relays = Callable[[Member], list[JsonValue]]
# A description of the engine's as a member is told it.
Telling = Callable[[Member, str], str]
Negotiation = cmd.Publish | cmd.View | cmd.ViewAnswer | cmd.Restart


def as_it_is(_member: Member, sdp: str) -> str:
    """The whole description."""
    return sdp


class Attendance:
    """Sockets of one room. `relay` gives a member's relays (TURN) for the welcome, `telling` what of the
    engine's descriptions it is told.
    """

    def __init__(
        self,
        live: LiveRoom,
        *,
        origin: str,
        now_ms: Callable[[], int],
        relay: Relays = lambda _member: [],
        telling: Telling = as_it_is,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._live = live
        self._origin = origin
        self._now_ms = now_ms
        self._relay = relay
        self._telling = telling
        self._pause = pause
        self._secret = live.platform.random(32)
        self._all: set[Link] = set()

    @property
    def strangers(self) -> int:
        """Sockets that have not been let in yet."""
        return sum(one.member is None for one in self._all)

    async def serve(self, link: Link, judge: Judge) -> None:
        """Drive a socket until it is gone; `judge` knows whose cookie came with it."""
        self._all.add(link)
        link.send(challenge(link.nonce))
        try:
            await self._both(link, judge)
        finally:
            self._all.discard(link)
            await self._gone(link)

    async def _both(self, link: Link, judge: Judge) -> None:
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(link.write())
            reading = group.create_task(self._read(link, judge))
            await asyncio.wait((writing, reading), return_when=asyncio.FIRST_COMPLETED)
            # Whoever ended first, the other has nothing more to do: what waited was sent, or nobody reads it.
            if reading.done() and link.connection.ended:
                await writing
            writing.cancel()
            reading.cancel()

    async def _read(self, link: Link, judge: Judge) -> None:
        while (data := await link.receive()) is not None:
            for output in link.connection.frame(data, now_ms=self._now_ms()):
                # What was begun is ended, also when the socket closes: its answer is kept.
                if isinstance(output, Greet):
                    await finished(self._greet(link, output, judge))
                elif isinstance(output, Act):
                    await finished(self._act(link, output))
                else:
                    link.put([output])

    async def _greet(self, link: Link, greet: Greet, judge: Judge) -> None:
        try:
            member, standing = await self._admit(greet.hello, judge, link.nonce)
        except WriteConflictError:
            link.end(GOING_AWAY, "moved")
            return
        except (AppError, EvaluationError) as refusal:
            LOG.info("room.refused", room=self._live.row.id, code=str(refusal), reason=_reason(refusal))
            await self._pause(REFUSAL_SECONDS)
            link.put(link.connection.refuse(greet.id))
            return
        except Exception as error:  # noqa: BLE001 - the last fence: this socket ends, the room goes on
            LOG.warning("room.fault", room=self._live.row.id, code=type(error).__name__)
            link.end(GOING_AWAY, "fault")
            return
        known = self._live.state.members.get(member.id)
        if known is None or known.seat != standing.seat or link.connection.ended:
            # Expelled, moved to another seat, or silent, in the very moment.
            link.put([] if link.connection.ended else link.connection.refuse(greet.id))
            return
        link.member, link.standing = member.id, standing.session
        link.fingerprint = greet.hello.fingerprint
        self._welcome(link, greet, known)
        await self._present(member.id)

    async def _present(self, member_id: str) -> None:
        """The socket before may have gone while this one was let in: then the room heard of that last."""
        member = self._live.member(member_id)
        if member is not None and member.presence != HERE:
            await self._live.try_fact(cmd.Present(member=member_id, presence=HERE))

    async def _admit(self, hello: Hello, judge: Judge, nonce: str) -> tuple[Member, Standing]:
        live, found = self._live, dict[str, tuple[str, Standing]]()

        async def prepare(uow: UnitOfWork, _state: object) -> cmd.Command:
            door = Door(
                platform=live.platform, room=live.row, state=live.state, origin=self._origin, nonce=nonce
            )
            standing = await judge(uow, door, hello)
            member = await member_of(uow, door, standing)
            found["in"] = (member.id, standing)
            return cmd.Admit(member=member)

        await live.decide_with(None, prepare)
        member_id, standing = found["in"]
        member = live.state.members[member_id]
        await live.decide(member, cmd.SetDevice(device=hello.device))
        return live.state.members[member_id], standing

    def _welcome(self, link: Link, greet: Greet, member: Member) -> None:
        live = self._live
        session = live.sessions.get(member.id)
        if session is None:
            session = Session(member=member.id, token=self._token(member.id), seq=live.state.seq)
            live.sessions[member.id] = session
        before = live.links.get(member.id)
        outputs, taken = link.connection.join(
            greet.id,
            session,
            body=self._body(member),
            resume=greet.hello.resume,
            sight=sight(live.state, member, health=live.health),
            before=None if before is None else before.connection,
        )
        live.links[member.id] = link
        if link.standing is not None:
            live.standings[member.id] = link.standing
        link.put(outputs)
        if before is not None:
            before.put(taken)

    def _token(self, member: str) -> str:
        """The way back to a session; it dies with this process, as the session does."""
        return tagged("qt/1 room-resume", self._secret, member.encode()).hex()

    def _body(self, member: Member) -> dict[str, JsonValue]:
        live, relays = self._live, self._relay(member)
        return {
            "member": member.id,
            "resume": self._token(member.id),
            "heartbeat_ms": 2_000,
            "ice": relays,
            # Where a site has a relay, nothing else leads out of it.
            "relay_only": bool(relays),
            "engine": {
                "fingerprint": live.carrier.fingerprint_of(member.id),
                "offers": live.carrier.offers,
            },
            "snapshot": snapshot(live.state, member, health=live.health, now=live.now()),
        }

    async def _act(self, link: Link, act: Act) -> None:
        session = link.session
        if session is None:
            return
        try:
            body = await self._perform(link, act.command)
        except EvaluationError as refusal:
            link.send(session.fail(act.id, refusal))
        except Exception as error:  # noqa: BLE001 - the last fence: this frame fails, the room goes on
            trace = self._live.new_id()
            LOG.warning("room.fault", room=self._live.row.id, trace=trace, code=_known(error))
            link.send(session.fault(act.id, trace))
        else:
            link.send(session.answer(act.id, body, keep=keeps(act.command)))
        if self._live.state.phase == CLOSED:
            link.end(ROOM_CLOSED, "closed")

    async def _perform(self, link: Link, command: cmd.MemberCommand) -> dict[str, JsonValue]:
        live = self._live
        member = live.state.members.get(link.member or "")
        if member is None or live.links.get(member.id) is not link:
            raise SignallingError("signal.not-allowed", type=command.type)
        if isinstance(command, cmd.Ping):
            return {"server_time": time_text(live.now())}
        if isinstance(command, Negotiation):
            return await self._negotiate(link, member, command)
        if isinstance(command, cmd.Swap):
            return await swap(live, member, command, Whence(session=link.standing, address=link.address))
        if isinstance(command, cmd.Extend):
            await extend(live, member, command)
        elif isinstance(command, cmd.MoveTo):
            await begin(live, member, command)
        else:
            await live.decide(member, command)
        return {}

    async def _negotiate(self, link: Link, member: Member, command: Negotiation) -> dict[str, JsonValue]:
        """The right is asked first; then the certificate must be the one that the session stands for."""
        if not may_send(self._live.state, member, command.type):
            raise SignallingError("signal.not-allowed", type=command.type)
        sdp = None if isinstance(command, cmd.View) and command.sdp is None else command.sdp
        if sdp is not None:
            require_fingerprint(sdp, link.fingerprint)
        answered = await self._live.carrier.negotiate(member, command)
        told = answered.get("sdp")
        return answered | {"sdp": self._telling(member, told)} if isinstance(told, str) else answered

    async def _gone(self, link: Link) -> None:
        live = self._live
        if link.member is None or live.links.get(link.member) is not link:
            return
        del live.links[link.member]
        member = live.member(link.member)
        if member is None or member.presence != HERE or live.lost.is_set():
            return

        async def unless_back(_uow: UnitOfWork, _state: object) -> cmd.Command:
            back = link.member in live.links
            return cmd.Tick() if back else cmd.Present(member=member.id, presence=RECONNECTING)

        with suppress(AppError, EvaluationError):
            await live.decide_with(None, unless_back)

    def tick(self) -> None:
        """What time alone does to connections."""
        for link in list(self._all):
            link.put(link.connection.tick(now_ms=self._now_ms()))

    def go_away(self) -> None:
        """The process ends: clients come back to the next one."""
        self._live.end_all(GOING_AWAY, "restart")


def require_fingerprint(sdp: str, fingerprint: str | None) -> None:
    """Raise MediaError ``media.fingerprint`` unless each certificate that a description names is this one;
    whoever named none (None) has no media.
    """
    named = [line for line in lines_of(sdp) if line.startswith("a=fingerprint")]
    if not named or any(line != f"a=fingerprint:{fingerprint}" for line in named):
        raise MediaError("media.fingerprint")


def _reason(refusal: Exception) -> str | None:
    return str(refusal.details.get("reason")) if isinstance(refusal, AccessRefusedError) else None


def _known(error: Exception) -> str:
    return str(error) if isinstance(error, AppError) else type(error).__name__
