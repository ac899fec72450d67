"""A member's receiving connection in Janus: one handle that subscribes to single m-lines and makes offers.

A leg is on while it is granted; off, Janus itself drops its packets (`send` false), which needs no word of
the member. A leg whose track ended waits, and goes on by a `switch` to the track's next feed. Janus keeps one
offer open at a time and puts off everything behind it, so an offer that nobody answered is answered here in
the member's stead (`silent_answer`) before anything else is negotiated. Calls come one after the other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from remote_eval.errors import MediaError
from remote_eval.media.engine import TrackId
from remote_eval.media.janus import descriptions
from remote_eval.media.janus.ground import Feed, Ground
from remote_eval.media.janus.link import JanusRefusal, Json
from remote_eval.media.lite.sdp import read_description


@dataclass(slots=True, kw_only=True)
class Leg:
    """What one m-line carries; `feed` is None while the track is down."""

    track: TrackId
    feed: Feed | None
    is_on: bool = True
    is_answered: bool = False


class Viewer:
    """See the module. `legs` are all lines with a track, by mid, offered ones too."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._handle = 0
        self._offer = ""
        self._answer = ""
        self.legs: dict[str, Leg] = {}
        self.on_up: Callable[[], None] = lambda: None
        self.on_gone: Callable[[str], None] = lambda _cause: None

    @property
    def handle(self) -> int:
        """Janus' number of the handle, 0 when there is no connection."""
        return self._handle

    async def offer(self, wants: Mapping[TrackId, Feed], *, restart: bool) -> tuple[str, dict[str, TrackId]]:
        """The SDP that brings the member to exactly `wants`, empty when it is there already."""
        if restart and not self._answer:
            raise MediaError("media.no-connection")
        if self._handle and not self._answer:
            await self.close()
        if not self._handle:
            await self._begin(wants)
        else:
            await self._settle()
            await self._update(wants)
            if restart:
                await self._settle()
                await self._ask({"request": "configure", "restart": True}, {})
        return descriptions.told_offer(self._offer), {mid: leg.track for mid, leg in self.legs.items()}

    async def answer(self, answer: str) -> list[Leg]:
        """Take the member's answer; gives the legs that begin by it.

        Raises ``media.no-offer``, ``media.sdp``, ``media.too-large``.
        """
        if not self._offer:
            raise MediaError("media.no-offer")
        parsed = read_description(answer)
        _, *offered = descriptions.split(self._offer)
        if [section.mid for section in parsed.sections] != [descriptions.mid_of(part) for part in offered]:
            raise MediaError("media.sdp", reason="mids")
        cleaned = descriptions.cleaned(answer, None)
        await self._start(cleaned)
        self._answer, self._offer = cleaned, ""
        taken = {one.mid for one in parsed.sections if one.direction in {"recvonly", "sendrecv"}}
        begun = [leg for mid, leg in self.legs.items() if mid in taken and not leg.is_answered]
        self.legs = {mid: leg for mid, leg in self.legs.items() if mid in taken}
        for leg in begun:
            leg.is_answered = True
        return begun

    async def allow(self, granted: Collection[TrackId]) -> list[Leg]:
        """Turn exactly the granted legs on; gives those that changed."""
        changed = {mid: leg for mid, leg in self.legs.items() if leg.is_on != (leg.track in granted)}
        alive = {mid: leg for mid, leg in changed.items() if leg.feed is not None}
        if alive:
            await self._send({mid: leg.track in granted for mid, leg in alive.items()})
        for leg in changed.values():
            leg.is_on = leg.track in granted
        return list(changed.values())

    async def resume(self, feeds: Mapping[TrackId, Feed]) -> None:
        """Let legs go on with new feeds of their tracks."""
        moved = {mid: feeds[leg.track] for mid, leg in self.legs.items() if leg.track in feeds}
        moved = {mid: feed for mid, feed in moved.items() if self.legs[mid].feed != feed}
        if not (moved and self._answer):
            return
        streams = [{**_stream(feed), "sub_mid": mid} for mid, feed in moved.items()]
        await self._settle()
        _, jsep = await self._ground.link.message(self._handle, {"request": "switch", "streams": streams})
        if jsep is not None:
            self._offer = str(jsep["sdp"])
        for mid, feed in moved.items():
            self.legs[mid].feed = feed
        # A switched line sends whatever it was told before.
        await self._send({mid: self.legs[mid].is_on for mid in moved})
        await self._settle()

    async def end(self, track: TrackId) -> None:
        """A track ended for good while its feed lives on: its leg carries nothing and waits no more."""
        mids = {mid: leg for mid, leg in self.legs.items() if leg.track == track}
        alive = [mid for mid, leg in mids.items() if leg.feed is not None]
        for mid in mids:
            del self.legs[mid]
        if not alive:
            return
        await self._send(dict.fromkeys(alive, False))
        if self._answer:
            await self._settle()
            streams = [{"sub_mid": mid} for mid in alive]
            await self._ask({"request": "unsubscribe", "streams": streams}, {})
            await self._settle()

    def lose(self, publisher: str) -> None:
        """A feed is gone; its legs wait."""
        for leg in self.legs.values():
            if leg.feed is not None and leg.feed.publisher == publisher:
                leg.feed = None

    async def close(self) -> None:
        """End the connection. Idempotent."""
        handle = self._handle
        self.forget()
        if handle:
            await self._ground.link.detach(handle)

    def forget(self) -> None:
        """Janus has lost the connection."""
        self._handle = 0
        self._offer = self._answer = ""
        self.legs = {}

    async def _begin(self, wants: Mapping[TrackId, Feed]) -> None:
        if not wants:
            return
        ground = self._ground
        self._handle = await ground.link.attach(self._heard)
        body = {
            "request": "join",
            "ptype": "subscriber",
            "room": ground.name,
            "pin": ground.pin,
            "private_id": ground.private,
            "autoupdate": False,
            "streams": [_stream(feed) for feed in wants.values()],
        }
        try:
            await self._ask(body, wants)
        except BaseException:
            await self.close()
            raise

    async def _update(self, wants: Mapping[TrackId, Feed]) -> None:
        """Add what is missing and drop what is too much, in one offer."""
        keep = {leg.track for leg in self.legs.values() if leg.is_answered and leg.track in wants}
        drop = [mid for mid, leg in self.legs.items() if leg.track not in keep]
        add = {track: feed for track, feed in wants.items() if track not in keep}
        alive = [mid for mid in drop if self.legs[mid].feed is not None]
        for mid in drop:
            del self.legs[mid]
        body: dict[str, object] = {"request": "update"}
        if add:
            body["subscribe"] = [_stream(feed) for feed in add.values()]
        if alive:
            body["unsubscribe"] = [{"sub_mid": mid} for mid in alive]
        if len(body) > 1:
            await self._ask(body, add)

    async def _ask(self, body: Mapping[str, object], add: Mapping[TrackId, Feed]) -> None:
        """Make a request that brings an offer, and note the lines of what it adds."""
        data, jsep = await self._ground.link.message(self._handle, body)
        names = {feed: track for track, feed in add.items()}
        for stream in data.get("streams", ()):
            feed = Feed(publisher=str(stream.get("feed_id")), mid=str(stream.get("feed_mid")))
            if stream.get("active") and feed in names:
                self.legs[str(stream["mid"])] = Leg(track=names[feed], feed=feed)
        if jsep is not None:
            self._offer = str(jsep["sdp"])

    async def _settle(self) -> None:
        """Close an open offer in the member's stead: what it carries already goes on, what is new waits."""
        while self._offer:
            kept = [mid for mid, leg in self.legs.items() if leg.is_answered]
            answer = descriptions.silent_answer(self._answer, self._offer, kept)
            self._offer = ""
            await self._start(answer)
            self._answer = answer

    async def _start(self, answer: str) -> None:
        jsep = {"type": "answer", "sdp": answer}
        try:
            await self._ground.link.message(self._handle, {"request": "start"}, jsep)
        except JanusRefusal:
            raise MediaError("media.sdp", reason="engine") from None

    async def _send(self, lines: Mapping[str, bool]) -> None:
        streams: Sequence[object] = [{"mid": mid, "send": send} for mid, send in lines.items()]
        await self._ground.link.message(self._handle, {"request": "configure", "streams": streams})

    def _heard(self, event: Json) -> None:
        kind = event.get("janus")
        if kind == "webrtcup":
            self.on_up()
        elif kind in {"hangup", "detached"} and self._handle:
            self.on_gone("hangup")
        elif kind == "event" and (jsep := event.get("jsep")):
            # An offer that Janus makes by itself; the next call settles it.
            self._offer = str(jsep["sdp"])


def _stream(feed: Feed) -> dict[str, str]:
    return {"feed": feed.publisher, "mid": feed.mid}
