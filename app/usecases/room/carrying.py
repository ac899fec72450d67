"""A room's media as authority drives it: each member's grants at the engine, the masked voice, offers.

The engine forwards what it was granted and nothing else; here it is told, after each decision and before
anybody hears of it, what changed. An engine that is gone makes every offer ``media.unavailable``; when it is
back it is told everything anew (`attach`).
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final, Protocol

import structlog

from crypto.canonical import JsonValue
from crypto.hashing import tagged
from remote_eval import commands as cmd
from remote_eval.errors import MediaError
from remote_eval.isolation import grants_of, voices_of
from remote_eval.media.engine import (
    ENGINE_OFFERS,
    Answered,
    Grants,
    MaskProfile,
    MediaEngine,
    MemberId,
    Purpose,
    RoomId,
    TrackId,
)
from remote_eval.media.gateway.cascade import CascadeEngine
from remote_eval.room_state import CLOSED, Member, RoomState

LOG: Final = structlog.get_logger("qiantong.room")
MASK_SECRET_BYTES: Final = 32
UNAVAILABLE: Final = "media.unavailable"
NO_RAW_KEY: Final = "media.no-raw-key"
# Alarm and reason of a call that nobody could record lawfully.
RAW_KEY: Final = "raw-key"
_NOTHING: Final = Grants()


class Reached(MediaEngine, Protocol):
    """An engine at the other end of a channel: `aclose` ends the channel, and the engine goes on."""

    fingerprint: str | None


class Carrier:
    """The media of one room. Its calls to the engine are in order: a lock holds them."""

    def __init__(self, room: str, *, mask_secret: bytes) -> None:
        """`mask_secret` chooses how voices are changed; fresh for each start."""
        self.room = RoomId(room)
        self.engine: Reached | None = None
        self._secret = mask_secret
        self._granted: dict[str, Grants] = {}
        self._masks: dict[str, TrackId] = {}
        self._voices: frozenset[TrackId] = frozenset()
        # A live call that the engine makes no masked voice for, and why.
        self._failed: tuple[str, str] | None = None
        # Members of whom an engine that went on may hold grants that nobody here knows.
        self._unsure: set[str] = set()
        self._order = asyncio.Lock()

    @property
    def offers(self) -> bool:
        """Whether the engine makes the offers of what is viewed."""
        return self.engine is not None and ENGINE_OFFERS in self.engine.capabilities

    @property
    def fingerprint(self) -> str | None:
        """The certificate of the engine as ``sha-256 AA:…``, where it has one for all connections."""
        bare = None if self.engine is None else self.engine.fingerprint
        return None if bare is None else f"sha-256 {bare}"

    def fingerprint_of(self, member: str) -> str | None:
        """As `fingerprint`, where this member's connections end: at its site's gateway, if it has one."""
        engine = self.engine
        if isinstance(engine, CascadeEngine):
            bare = engine.fingerprint_of(self.room, MemberId(member))
            return None if bare is None else f"sha-256 {bare}"
        return self.fingerprint

    async def attach(self, engine: Reached, state: RoomState, *, known: Collection[str] = ()) -> None:
        """Take an engine in which the room is open, and tell it everything.

        `known` are all members that the room ever had: what an engine that goes on still grants to any of
        them is said anew, or taken away. Raises MediaError ``media.unavailable``.
        """
        async with self._order:
            self._granted.clear()
            self._masks.clear()
            self._voices = frozenset()
            for member in known:
                # Somebody who is on the way to another seat has no media at the one of before.
                if member not in state.members or state.members[member].moving:
                    await engine.expel(self.room, MemberId(member))
            self._unsure = set(known) & set(state.members)
            if state.live_call is not None and state.live_call.masked is not None:
                await engine.stop_mask(self.room, TrackId(state.live_call.masked))
            self.engine = engine
        await self.follow(state)

    def detach(self) -> None:
        """The engine is gone."""
        self.engine = None

    async def follow(self, state: RoomState) -> None:
        """Bring the engine to what the room is now. One that does not answer is given up, and found anew."""
        engine = self.engine
        if engine is None:
            return
        try:
            async with self._order:
                await self._grant(engine, state)
                await self._mask(engine, state)
        except MediaError as error:
            LOG.warning("room.engine-failed", room=self.room, code=error.code)
            if error.code == UNAVAILABLE and self.engine is engine:
                self.detach()
                await engine.aclose()

    async def _grant(self, engine: MediaEngine, state: RoomState) -> None:
        wanted = {one.id: grants_of(state, one) for one in state.members.values()}
        if state.phase == CLOSED:
            wanted = dict.fromkeys(wanted, _NOTHING)
        # What is taken away goes first.
        for member, grants in sorted(wanted.items(), key=lambda item: _widens(self._granted, item)):
            known = self._granted.get(member)
            silent = known is None and grants == _NOTHING and member not in self._unsure
            if known == grants or silent:
                continue
            await self._say(engine, member, grants, first=known is None)

    async def _say(self, engine: MediaEngine, member: str, grants: Grants, *, first: bool) -> None:
        """Grants of one member; one whom they cannot be told for has nothing."""
        call = engine.admit if first else engine.set_grants
        try:
            await call(self.room, MemberId(member), grants)
            self._granted[member] = grants
            self._unsure.discard(member)
        except MediaError as error:
            if error.code == UNAVAILABLE:
                raise
            LOG.warning("room.grants-refused", room=self.room, member=member, code=error.code)
            self._granted.pop(member, None)
            await engine.expel(self.room, MemberId(member))

    async def _mask(self, engine: MediaEngine, state: RoomState) -> None:
        """One masked voice while a call is live, made of who speaks."""
        live, voices = state.live_call, voices_of(state)
        for call in [one for one in self._masks if live is None or one != live.id]:
            await engine.stop_mask(self.room, self._masks.pop(call))
            self._voices = frozenset()
        if live is None:
            return
        if live.id not in self._masks:
            await self._start_mask(engine, live.id, voices)
        elif voices != self._voices:
            await engine.set_voices(self.room, self._masks[live.id], voices)
            self._voices = voices

    async def _start_mask(self, engine: MediaEngine, call: str, voices: frozenset[TrackId]) -> None:
        """Begin the masked voice of a call; a call that gets none fails, and the room is told (`due`)."""
        profile = MaskProfile(secret=tagged("qt/1 mask", self._secret, call.encode()))
        try:
            self._masks[call] = await engine.start_mask(self.room, voices, profile)
        except MediaError as error:
            if error.code == UNAVAILABLE:
                raise
            LOG.warning("room.mask-refused", room=self.room, code=error.code)
            self._failed = call, RAW_KEY if error.code == NO_RAW_KEY else error.code
            return
        self._voices, self._failed = voices, None

    def due(self, state: RoomState) -> cmd.SetMasked | cmd.FailCall | cmd.Raise | cmd.Clear | None:
        """What the room does not know yet of its masked voice: the next fact, until there is none."""
        live = state.live_call
        if live is None:
            return None
        alarmed = any(one.code == RAW_KEY for one in state.alarms.values())
        track = self._masks.get(live.id)
        if track is not None:
            if alarmed:
                return cmd.Clear(code=RAW_KEY)
            return None if live.masked == track else cmd.SetMasked(call=live.id, track=track)
        if self._failed is None or self._failed[0] != live.id:
            return None
        cause = self._failed[1]
        if cause == RAW_KEY and not alarmed:
            return cmd.Raise(code=RAW_KEY)
        return cmd.FailCall(call=live.id, cause=cause)

    async def expel(self, member: str) -> None:
        """Close the connections of a member."""
        self._granted.pop(member, None)
        if self.engine is not None:
            try:
                await self.engine.expel(self.room, MemberId(member))
            except MediaError as error:
                LOG.warning("room.engine-failed", room=self.room, code=error.code)

    async def negotiate(
        self, member: Member, command: cmd.Publish | cmd.View | cmd.ViewAnswer | cmd.Restart
    ) -> dict[str, JsonValue]:
        """The engine's answer to an offer. Raises MediaError."""
        engine = self.engine
        if engine is None:
            raise MediaError(UNAVAILABLE)
        who = MemberId(member.id)
        if isinstance(command, cmd.Publish):
            return _answer(await engine.publish(self.room, who, command.sdp, command.sources))
        if isinstance(command, cmd.ViewAnswer):
            await engine.answer_view(self.room, who, command.sdp)
            return {}
        if isinstance(command, cmd.Restart):
            purpose: Purpose = "publish" if command.purpose == "publish" else "view"
            return _answer(await engine.restart(self.room, who, purpose, command.sdp))
        return await self._view(engine, who, command)

    async def _view(self, engine: MediaEngine, who: MemberId, command: cmd.View) -> dict[str, JsonValue]:
        if command.sdp is None:
            tracks = [TrackId(one) for one in command.tracks]
            offered = await engine.offer_view(self.room, who, tracks, restart=command.restart)
            return {"sdp": offered.sdp, "mids": _plain(offered.mids), "refused": _plain(offered.refused)}
        wants = {mid: TrackId(track) for mid, track in command.wants.items()}
        return _answer(await engine.view(self.room, who, command.sdp, wants))


def _widens(granted: Mapping[str, Grants], item: tuple[str, Grants]) -> bool:
    known = granted.get(item[0], _NOTHING)
    return not (item[1].receive <= known.receive and item[1].publish <= known.publish)


def _answer(answered: Answered) -> dict[str, JsonValue]:
    return {"sdp": answered.sdp, "refused": _plain(answered.refused)}


def _plain(found: Mapping[str, str] | Mapping[TrackId, str] | Mapping[str, TrackId]) -> dict[str, JsonValue]:
    return {str(key): str(value) for key, value in found.items()}
