"""A member's sending connection in Janus: one handle, one feed, a tap for each track.

The feed's name is fresh for each connection, so a new one never meets the old one's. A source whose grant
goes is silenced by moderation: Janus drops its packets before viewers, recorder and masker, and lets them
through again when the grant is back. Who is expelled is kicked.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import Answered, MemberId, TrackId, track_id
from remote_eval.media.janus import descriptions
from remote_eval.media.janus.ground import Feed, Ground
from remote_eval.media.janus.link import JanusRefusal, Json
from remote_eval.media.janus.tap import KEY_BYTES, SUITE, Tap
from remote_eval.media.lite.sdp import Description, read_description

# Janus' own numbers for a description that it cannot use (core 465, plugin 431 and 437).
_BAD_SDP: Final = frozenset({431, 437, 465})
TakePacket = Callable[[TrackId, bytes, float], None]


class Publisher:
    """See the module. `on_up` and `on_gone(cause)` tell when media may flow and when the connection ended."""

    def __init__(self, ground: Ground, member: MemberId, take: TakePacket) -> None:
        self._ground = ground
        self._member = member
        self._take = take
        self._handle = 0
        self.feed = ""
        # Session id and certificate: what stays the same over all offers of one connection.
        self.party: tuple[str, str] | None = None
        self.sources: dict[str, str] = {}
        self.types: dict[TrackId, dict[int, str]] = {}
        self.taps: dict[str, Tap] = {}
        self.is_up = False
        # Set when legs may begin, or never will.
        self.settled = asyncio.Event()
        self.on_up: Callable[[], None] = lambda: None
        self.on_gone: Callable[[str], None] = lambda _cause: None
        self.on_flow: Callable[[bool], None] = lambda _flows: None
        self._silent: set[str] = set()
        self._muted: set[str] = set()

    @property
    def handle(self) -> int:
        """Janus' number of the handle, 0 when closed."""
        return self._handle

    def feeds(self) -> dict[TrackId, Feed]:
        """Tracks that can be viewed now."""
        if not self.is_up:
            return {}
        return {
            track_id(self._member, source): Feed(publisher=self.feed, mid=mid)
            for mid, source in self.sources.items()
            if mid not in self._muted
        }

    async def open(self, offer: str, sources: Mapping[str, str], refused: dict[str, str]) -> Answered:
        """Negotiate; `refused` mids carry nothing. Raises ``media.sdp``, ``media.unavailable``."""
        taken = {mid: source for mid, source in sources.items() if mid not in refused}
        self.feed = f"{self._member}~{self._ground.fresh(6).hex()}"
        self._handle = await self._ground.link.attach(self._heard)
        try:
            answer = await self._join(descriptions.cleaned(offer, taken))
            return await self._take_up(answer, taken, refused)
        except BaseException:
            await self.close()
            raise

    async def again(self, offer: str, sources: Mapping[str, str], refused: dict[str, str]) -> Answered:
        """Negotiate once more on the same connection; sources that are not named any more end."""
        taken = {mid: source for mid, source in sources.items() if mid not in refused}
        answer = await self._negotiate({"request": "configure"}, descriptions.cleaned(offer, taken))
        for mid in [mid for mid, source in self.sources.items() if taken.get(mid) != source]:
            self.types.pop(track_id(self._member, self.sources.pop(mid)), None)
            self.taps.pop(mid).close()
            self._muted.discard(mid)
        return await self._take_up(answer, taken, refused)

    async def _take_up(self, answer: str, taken: Mapping[str, str], refused: dict[str, str]) -> Answered:
        parsed = read_description(answer)
        for mid, source in taken.items():
            if types := _accepted(parsed, mid):
                self.types[track_id(self._member, source)] = types
                self.sources[mid] = source
            else:
                refused[mid] = "codec"
        await self._forward()
        return Answered(sdp=descriptions.told(answer), refused=refused)

    async def restart(self, offer: str) -> Answered:
        """Answer a new offer on the same connection."""
        body = {"request": "configure"}
        cleaned = descriptions.cleaned(offer, self.sources)
        answer = await self._negotiate(body, cleaned)
        return Answered(sdp=descriptions.told(answer))

    async def allow(self, granted: frozenset[str]) -> set[str]:
        """Let exactly these sources through; gives those that fell silent or came back."""
        changed: set[str] = set()
        for mid, source in self.sources.items():
            mute = source not in granted
            if mute == (mid in self._muted):
                continue
            if mute:
                self.taps[mid].muted = True
            await self._ground.manage("moderate", id=self.feed, mid=mid, mute=mute)
            self.taps[mid].muted = mute
            (self._muted.add if mute else self._muted.discard)(mid)
            changed.add(source)
        return changed

    async def ask_keyframe(self, source: str) -> None:
        """Send the sender of a video a PLI."""
        mids = [mid for mid, name in self.sources.items() if name == source]
        streams = [{"mid": mid, "keyframe": True} for mid in mids]
        if streams and self._handle:
            await self._ground.link.message(self._handle, {"request": "configure", "streams": streams})

    async def kick(self) -> None:
        """Throw the feed out of the room, then close."""
        try:
            await self._ground.manage("kick", id=self.feed)
        except JanusRefusal:
            # It was gone already.
            pass
        finally:
            await self.close()

    async def close(self) -> None:
        """End the connection. Idempotent."""
        self.forget()
        handle, self._handle = self._handle, 0
        if handle:
            await self._ground.link.detach(handle)

    def forget(self) -> None:
        """Janus has lost the connection, or is about to."""
        self.is_up = False
        self.settled.set()
        for tap in self.taps.values():
            tap.close()

    async def _join(self, offer: str) -> str:
        ground = self._ground
        word = await ground.ticket()
        body = {
            "request": "joinandconfigure",
            "ptype": "publisher",
            "room": ground.name,
            "pin": ground.pin,
            "id": self.feed,
            "token": word,
        }
        try:
            return await self._negotiate(body, offer)
        finally:
            await ground.spend(word)

    async def _negotiate(self, body: Mapping[str, object], offer: str) -> str:
        try:
            _, jsep = await self._ground.link.message(self._handle, body, {"type": "offer", "sdp": offer})
        except JanusRefusal as refusal:
            if refusal.number in _BAD_SDP:
                raise MediaError("media.sdp", reason="engine") from None
            raise
        if jsep is None:
            raise MediaError("media.sdp", reason="engine")
        return str(jsep["sdp"])

    async def _forward(self) -> None:
        """Have Janus send all that it receives to the taps."""
        ground = self._ground
        for mid, source in self.sources.items():
            if mid in self.taps:
                continue
            track = track_id(self._member, source)
            tap = Tap(ground.fresh(KEY_BYTES), ground.clock, self._taker(track))
            self.taps[mid] = tap
            port = await tap.open(ground.tap_host)
            # Janus 1.1.2 reads suite and key of the request alone, not those of a stream.
            await ground.manage(
                "rtp_forward",
                publisher_id=self.feed,
                admin_key=ground.key,
                host=ground.tap_host,
                srtp_suite=SUITE,
                srtp_crypto=tap.crypto,
                streams=[{"mid": mid, "port": port}],
            )

    def _taker(self, track: TrackId) -> Callable[[bytes, float], None]:
        return lambda data, arrived: self._take(track, data, arrived)

    def _heard(self, event: Json) -> None:
        kind = event.get("janus")
        if kind == "webrtcup" and not self.is_up:
            self.is_up = True
            self.on_up()
        elif kind == "media":
            self._flows(str(event.get("mid", "")), bool(event.get("receiving")))
        elif kind in {"hangup", "detached"} and self._handle:
            self.on_gone("hangup")

    def _flows(self, mid: str, receiving: bool) -> None:
        """All m-lines silent is what Janus can tell of a sender that is cut off."""
        before = self._silent >= self.sources.keys()
        (self._silent.discard if receiving else self._silent.add)(mid)
        after = self._silent >= self.sources.keys()
        if before != after:
            self.on_flow(before)


def _accepted(answer: Description, mid: str) -> dict[int, str]:
    """Payload types of an m-line that Janus took; none when it did not."""
    section = next((one for one in answer.sections if one.mid == mid), None)
    if section is None or section.is_rejected or section.direction == "inactive":
        return {}
    return descriptions.payload_types(section)
