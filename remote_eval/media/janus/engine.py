"""The engine `janus`: the media port over a Janus gateway, for centres that scale out on one.

Janus makes the offers of what is viewed (`ENGINE_OFFERS`), forwards no sender reports and takes no Opus RED.
When its connection breaks, rooms hear `lost`; when it is back with the old session, `up`, after whatever
grants changed meanwhile were put through; when it began anew, `restarted`: rooms are made again and clients
negotiate anew. What Janus keeps of a session that nobody claims ends after `RECLAIM_S`.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    ENGINE_OFFERS,
    ICE_RESTART,
    Answered,
    Grants,
    MaskProfile,
    MemberId,
    Offered,
    Purpose,
    RoomId,
    RoomSpec,
    RoomStats,
    TrackId,
)
from remote_eval.media.janus.ground import Ground
from remote_eval.media.janus.hall import Hall
from remote_eval.media.janus.link import JanusLink, JanusRefusal, Json, LinkSettings, ask_admin
from remote_eval.media.janus.process import JanusProcess
from remote_eval.media.lite.events import EventStream
from remote_eval.media.lite.plugs import MakeMask, MakeSink

LOOK_S: Final = 2.0
LAG_S: Final = 0.1
_AGAIN_S: Final = 0.5
_RESTART_S: Final = (0.2, 5.0)


def _monotonic_ms() -> float:
    return time.monotonic() * 1000


class JanusEngine:
    """See the module. `rooms_key` is the plugin's own secret; `process` is a Janus that is ours to start,
    `fingerprint` the certificate of one that is not."""

    name = "janus"
    capabilities = frozenset({ENGINE_OFFERS, ICE_RESTART})

    def __init__(
        self,
        *,
        api: LinkSettings,
        admin: LinkSettings,
        rooms_key: str,
        make_sink: MakeSink | None = None,
        make_mask: MakeMask | None = None,
        tap_host: str = "127.0.0.1",
        process: JanusProcess | None = None,
        fingerprint: str | None = None,
        clock: Callable[[], float] = _monotonic_ms,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._admin = admin
        self._rooms_key = rooms_key
        self._make_sink, self._make_mask = make_sink, make_mask
        self._tap_host = tap_host
        self._process = process
        self._told_fingerprint = fingerprint
        self._clock = clock
        self._chance = chance
        self._link = JanusLink(api, chance)
        self._link.on_lost = self._lost
        self._link.on_back = self._back
        self._halls: dict[RoomId, Hall] = {}
        self._opening: set[RoomId] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lag_ms = 0.0
        self._infos: dict[int, Json] = {}

    @property
    def fingerprint(self) -> str | None:
        """The certificate of all connections, where it is known: that of a Janus whose folder is ours."""
        return self._told_fingerprint if self._process is None else self._process.fingerprint

    async def start(self) -> None:
        """Connect. Raises ``media.unavailable``, JanusRefusal for a wrong secret, ``media.janus-start``."""
        if self._process is not None:
            await self._process.start()
            self._process.on_death = lambda _code: self._spawn(self._revive())
        try:
            await self._link.open()
            await self._check_admin()
        except MediaError:
            await self._link.close()
            if self._process is not None:
                await self._process.stop()
            raise
        self._spawn(self._look())
        self._spawn(self._measure_lag())

    async def _check_admin(self) -> None:
        """A wrong secret shows at the start, not as figures that are all zero."""
        (told,) = await ask_admin(self._admin, [{"janus": "list_sessions"}], self._chance)
        if told.get("janus") == "error":
            raise JanusRefusal(int(told.get("error", {}).get("code", 0)))

    # Rooms and members.

    async def open_room(self, room: RoomId, spec: RoomSpec) -> None:
        """See `MediaEngine.open_room`."""
        if room in self._halls or room in self._opening:
            raise MediaError("media.exists")
        self._opening.add(room)
        try:
            hall = Hall(spec, self._ground(), self._make_mask)
            await hall.open(room, self._make_sink)
            self._halls[room] = hall
        finally:
            self._opening.discard(room)

    def _ground(self) -> Ground:
        began = self._clock()
        return Ground(
            link=self._link,
            key=self._rooms_key,
            tap_host=self._tap_host,
            clock=lambda: self._clock() - began,
            fresh=self._chance,
        )

    async def close_room(self, room: RoomId) -> None:
        """See `MediaEngine.close_room`."""
        hall = self._halls.pop(room, None)
        if hall is not None:
            async with hall.lock:
                await hall.close()

    def _hall(self, room: RoomId) -> Hall:
        if room not in self._halls:
            raise MediaError("media.unknown")
        return self._halls[room]

    async def admit(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """See `MediaEngine.admit`."""
        hall = self._hall(room)
        async with hall.lock:
            await hall.admit(member, grants)

    async def set_grants(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """See `MediaEngine.set_grants`. While Janus is out of reach: ``media.unavailable``; the grants are
        kept, and in force before anything else is once it is back."""
        hall = self._hall(room)
        async with hall.lock:
            await hall.set_grants(member, grants)

    async def expel(self, room: RoomId, member: MemberId) -> None:
        """See `MediaEngine.expel`."""
        hall = self._hall(room)
        async with hall.lock:
            await hall.expel(member, "expelled")

    # Negotiation.

    async def publish(
        self, room: RoomId, member: MemberId, offer: str, sources: Mapping[str, str]
    ) -> Answered:
        """See `MediaEngine.publish`."""
        hall = self._hall(room)
        async with hall.lock:
            return await hall.publish(member, offer, sources)

    async def view(
        self,
        room: RoomId,
        member: MemberId,
        offer: str,  # noqa: ARG002 - the port's signature
        wants: Mapping[str, TrackId],  # noqa: ARG002 - the same
    ) -> Answered:
        """The engine offers here. Raises ``media.engine-offers``."""
        self._hall(room).present(member)
        raise MediaError("media.engine-offers")

    async def offer_view(
        self, room: RoomId, member: MemberId, wants: Sequence[TrackId], *, restart: bool = False
    ) -> Offered:
        """See `MediaEngine.offer_view`."""
        hall = self._hall(room)
        await hall.until_settled(wants)
        async with hall.lock:
            return await hall.offer_view(member, wants, restart=restart)

    async def answer_view(self, room: RoomId, member: MemberId, answer: str) -> None:
        """See `MediaEngine.answer_view`."""
        hall = self._hall(room)
        async with hall.lock:
            await hall.answer_view(member, answer)

    async def restart(self, room: RoomId, member: MemberId, purpose: Purpose, offer: str) -> Answered:
        """See `MediaEngine.restart`; of what is viewed, `offer_view` restarts: ``media.engine-offers``."""
        hall = self._hall(room)
        async with hall.lock:
            if purpose == "view":
                hall.present(member)
                raise MediaError("media.engine-offers")
            return await hall.restart_publishing(member, offer)

    # Masked voices.

    async def start_mask(self, room: RoomId, voices: frozenset[TrackId], profile: MaskProfile) -> TrackId:
        """See `MediaEngine.start_mask`."""
        hall = self._hall(room)
        async with hall.lock:
            return await hall.start_mask(voices, profile)

    async def set_voices(self, room: RoomId, track: TrackId, voices: frozenset[TrackId]) -> None:
        """See `MediaEngine.set_voices`."""
        hall = self._hall(room)
        async with hall.lock:
            await hall.voices.let(track, voices)

    async def stop_mask(self, room: RoomId, track: TrackId) -> None:
        """See `MediaEngine.stop_mask`."""
        hall = self._hall(room)
        async with hall.lock:
            await hall.stop_mask(track)

    # Looking.

    async def stats(self, room: RoomId) -> RoomStats:
        """See `MediaEngine.stats`."""
        hall = self._hall(room)
        async with hall.lock:
            return hall.figures(await self._infos_of([hall]), self._lag_ms)

    def events(self, room: RoomId) -> EventStream:
        """See `MediaEngine.events`."""
        return self._hall(room).stream()

    async def aclose(self) -> None:
        """See `MediaEngine.aclose`."""
        for room in list(self._halls):
            await self.close_room(room)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._link.close()
        if self._process is not None:
            await self._process.stop()

    async def _infos_of(self, halls: Sequence[Hall]) -> dict[int, Json]:
        """What Janus says of each handle; nothing while it cannot be asked."""
        handles = [handle for hall in halls for handle in hall.handles()]
        if not handles or not self._link.up:
            return {}
        call = {"janus": "handle_info", "session_id": self._link.session}
        calls = [{**call, "handle_id": handle} for handle in handles]
        with contextlib.suppress(MediaError):
            return dict(zip(handles, await ask_admin(self._admin, calls, self._chance), strict=True))
        return {}

    # Janus away and back.

    def _lost(self) -> None:
        for hall in self._halls.values():
            hall.lose()

    def _back(self, kept: bool) -> None:
        self._spawn(self._come_back(kept=kept))

    async def _come_back(self, *, kept: bool) -> None:
        """Bring every room back; what Janus does not do at once is asked again until it is gone once more."""
        session = self._link.session
        for hall in list(self._halls.values()):
            while self._link.up and self._link.session == session:
                try:
                    async with hall.lock:
                        await hall.come_back(kept=kept)
                    break
                except MediaError:
                    await asyncio.sleep(_AGAIN_S)

    async def _revive(self) -> None:
        """Start our own Janus again, later and later."""
        wait, longest = _RESTART_S
        while self._process is not None:
            with contextlib.suppress(MediaError, OSError):
                await self._process.stop()
                await self._process.start()
                return
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)

    # Time.

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            halls = list(self._halls.values())
            infos = await self._infos_of(halls)
            for hall in halls:
                hall.hear_round_trips(infos)

    async def _measure_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_S
            await asyncio.sleep(LAG_S)
            self._lag_ms = max(0.0, (loop.time() - due) * 1000)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
