"""One room on Janus: its members and grants, what they view, and what Janus is told when a grant changes.

Janus has no grants: a room of its own, unguessable, secret and shut by one-time tokens is all it knows. What
a member may send or receive is decided here, and Janus is made to do it before the call returns. All calls of
one room run one after the other.
"""

import contextlib
from collections.abc import Mapping, Sequence

from remote_eval.errors import MediaError
from remote_eval.media.engine import MAX_LEGS_PER_VIEW, Grants, MemberId, Offered, TrackId
from remote_eval.media.janus.link import JanusRefusal, Json
from remote_eval.media.janus.senders import Present, Senders
from remote_eval.media.janus.viewer import Viewer


class JanusRoom(Senders):
    """See the module."""

    # Janus' side of the room.

    async def build(self) -> None:
        """Make the room in Janus and go in, for its events and for what subscriptions must show."""
        ground = self.ground
        ground.name, ground.secret, ground.pin = (ground.fresh(16).hex() for _ in range(3))
        ground.observer = await ground.link.attach(self._heard)
        word = ground.fresh(16).hex()
        await ground.manage("create", admin_key=ground.key, allowed=[word], **self._settings())
        body = {"request": "join", "ptype": "publisher", "room": ground.name, "pin": ground.pin}
        body |= {"token": word, "id": "observer"}
        joined, _ = await ground.link.message(ground.observer, body)
        ground.private = int(joined["private_id"])
        await ground.spend(word)

    def _settings(self) -> Mapping[str, object]:
        return {
            "pin": self.ground.pin,
            "description": "room",
            "is_private": True,
            "permanent": False,
            "require_pvtid": True,
            "publishers": 2 * self.spec.max_members + 2,
            "bitrate": self.spec.video_kbps * 1000,
            "bitrate_cap": True,
            "audiocodec": "opus",
            "videocodec": "vp8",
            "opus_fec": True,
            "record": False,
            "lock_record": True,
            "audiolevel_ext": True,
            "audiolevel_event": True,
            "audio_active_packets": 10,
            "audio_level_average": 50,
        }

    async def destroy(self) -> None:
        """End the room in Janus and every connection in it; out of reach, Janus ends them by itself."""
        with contextlib.suppress(MediaError):
            await self.ground.manage("destroy")
        with contextlib.suppress(MediaError):
            await self.ground.link.detach(self.ground.observer)

    # Members.

    async def admit(self, member: MemberId, grants: Grants) -> None:
        """Let a member in, or give it new grants. Raises ``media.full``."""
        if member in self.members:
            await self.set_grants(member, grants)
        elif len(self.members) >= self.spec.max_members:
            raise MediaError("media.full")
        else:
            viewer = Viewer(self.ground)
            viewer.on_up = lambda: self.tell_peer(member, "view", "connected")
            viewer.on_gone = lambda cause: self.spawn(self._viewer_gone(member, viewer, cause))
            self.members[member] = Present(grants, viewer)

    async def set_grants(self, member: MemberId, grants: Grants) -> None:
        """New grants, in force when this returns. While Janus is out of reach: ``media.unavailable``, and in
        force as soon as it is back."""
        present = self.present(member)
        present.grants = grants
        await self.enforce(member, present, grants.cause)

    async def enforce(self, member: MemberId, present: Present, cause: str) -> None:
        """Bring Janus in line with a member's grants; a connection that it will not change is closed."""
        try:
            await self.allow_publishing(member, present, cause)
        finally:
            try:
                changed = await present.viewer.allow(present.grants.receive)
            except JanusRefusal:
                changed = []
                await self.end_viewer(member, present.viewer, cause)
            for leg in changed:
                if leg.is_answered:
                    self.tell_leg(leg.track, member, is_on=leg.is_on, cause=cause)

    async def expel(self, member: MemberId, cause: str) -> None:
        """Close both connections of a member and forget it."""
        present = self.members.pop(member, None)
        if present is None:
            return
        try:
            await self.end_senders(member, present, cause)
        finally:
            await self.end_viewer(member, present.viewer, cause)

    def drop(self, member: MemberId, present: Present) -> None:
        """Janus knows nothing of this member's connections any more."""
        for publisher in (present.leaving, present.publisher):
            if publisher is not None:
                self.forget_sender(member, present, publisher, "engine")
        if present.viewer.handle:
            present.viewer.forget()
            self.tell_peer(member, "view", "closed")

    # Viewing.

    async def offer_view(self, member: MemberId, wants: Sequence[TrackId], *, restart: bool) -> Offered:
        """Offer a member exactly these tracks."""
        present = self.present(member)
        if len(wants) > MAX_LEGS_PER_VIEW:
            raise MediaError("media.too-large", limit=MAX_LEGS_PER_VIEW)
        feeds = self.feeds()
        refused: dict[TrackId, str] = {}
        for track in wants:
            if track not in present.grants.receive:
                refused[track] = "not-granted"
            elif track not in feeds:
                refused[track] = "no-track"
        taken = {track: feeds[track] for track in wants if track not in refused}
        before = _running(present)
        sdp, mids = await present.viewer.offer(taken, restart=restart)
        for track in before - _running(present):
            self.tell_leg(track, member, is_on=False, cause="view")
        return Offered(sdp=sdp, mids=mids, refused=refused)

    async def answer_view(self, member: MemberId, answer: str) -> None:
        """Take the answer to the newest offer."""
        present = self.present(member)
        for leg in await present.viewer.answer(answer):
            if leg.is_on:
                self.tell_leg(leg.track, member, is_on=True, cause="view")

    async def _viewer_gone(self, member: MemberId, viewer: Viewer, cause: str) -> None:
        async with self.lock:
            await self.end_viewer(member, viewer, cause)

    def _heard(self, event: Json) -> None:
        """Janus tells the observer who talks; members come and go by their own handles."""
        data = event.get("plugindata", {}).get("data", {})
        if data.get("videoroom") in {"talking", "stopped-talking"}:
            member = str(data.get("id", "")).partition("~")[0]
            level = min(127, max(0, round(float(data.get("audio-level-dBov-avg", 127)))))
            self.emit("speaking", {"member": member, "level": level})


def _running(present: Present) -> set[TrackId]:
    return {leg.track for leg in present.viewer.legs.values() if leg.is_on and leg.is_answered}
