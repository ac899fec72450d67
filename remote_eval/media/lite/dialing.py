"""The engine as a client of another one (site gateway, cascade): it offers, checks, begins DTLS.

`Uplink` sends local tracks up, one copy each however many watch; `Downlink` takes tracks of the other engine
and raises them here under their own names. Signalling is the caller's: it carries `offer` there and brings
the answer to `answered`. What is carried changes on the same connection: `carry`, a new offer, its answer.
The other engine is known by its pinned fingerprint.
"""

from collections.abc import Callable, Sequence
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import KIND_OF, MAX_LEGS_PER_VIEW, Kind, MemberId, TrackId
from remote_eval.media.lite import stun
from remote_eval.media.lite.answer import Direction, Line, Sent, Transport, write_description
from remote_eval.media.lite.codecs import LEVEL, Choice, choose
from remote_eval.media.lite.connecting import Connector
from remote_eval.media.lite.hall import Hall, owner_of
from remote_eval.media.lite.inlet import Inlet
from remote_eval.media.lite.leg import Leg, Outlet
from remote_eval.media.lite.peer import Peer, PeerState
from remote_eval.media.lite.publishing import Publisher
from remote_eval.media.lite.sdp import Codec, Description, Section, read_description
from remote_eval.media.lite.viewing import Viewer

# Whose connections these are in events and figures.
UPLINK: Final = MemberId("uplink")
CHECK_MS: Final = 100.0
CONSENT_MS: Final = 2500.0

_PROTOCOL: Final = "UDP/TLS/RTP/SAVPF"
_AUDIO: Final = (
    Codec(payload_type=63, name="red", spelled="red", clock=48_000, channels=2, fmtp="111/111"),
    Codec(
        payload_type=111,
        name="opus",
        spelled="opus",
        clock=48_000,
        channels=2,
        fmtp="minptime=10;useinbandfec=1",
    ),
)
_VIDEO: Final = (
    Codec(
        payload_type=96,
        name="vp8",
        spelled="VP8",
        clock=90_000,
        feedback=frozenset({"nack", "nack pli", "ccm fir", "goog-remb"}),
    ),
    Codec(payload_type=97, name="rtx", spelled="rtx", clock=90_000, fmtp="apt=96"),
)


class Dial:
    """What both directions share. `pinned` is the other engine's fingerprint as SDP writes it."""

    _direction: Direction

    def __init__(
        self,
        room: Hall,
        connector: Connector,
        tracks: Sequence[TrackId],
        *,
        own: str,
        pinned: str,
        told: Callable[[PeerState], None],
    ) -> None:
        if not 0 < len(tracks) <= MAX_LEGS_PER_VIEW or len(set(tracks)) != len(tracks):
            raise MediaError("media.sdp", reason="tracks")
        self.room = room
        self.mids: dict[str, TrackId] = {}
        # m-lines in their order, which they keep; an idle one is taken again for a track of its kind.
        self._kinds: dict[str, Kind] = {}
        self._place(tracks)
        self.peer: Peer | None = None
        self._connector = connector
        self._own, self._pinned, self._told = own, pinned, told
        self._session = connector.number(62)
        self._version = 0
        self._theirs = ("", "")
        self._local = connector.credentials()
        self._tie_breaker = connector.number(64).to_bytes(8, "big")
        self._candidates: tuple[tuple[str, int], ...] = ()
        self._checked_at = float("-inf")
        self._is_checked = False
        self._begin_side()

    def _begin_side(self) -> None:
        raise NotImplementedError

    def offer(self) -> str:
        """The offer to carry to the other engine."""
        self._version += 1
        transport = Transport(
            addresses=(),
            port=9,
            ufrag=self._local.ufrag,
            password=self._local.password,
            fingerprint=self._own,
            setup="actpass",
            is_lite=False,
        )
        lines = [self._line(mid, kind) for mid, kind in self._kinds.items()]
        return write_description(self._session, self._version, transport, lines)

    def _line(self, mid: str, kind: Kind) -> Line:
        track = self.mids.get(mid)
        direction: Direction = "inactive" if track is None else self._direction
        codecs = _AUDIO if kind == "audio" else _VIDEO
        section = Section(
            kind=kind,
            mid=mid,
            protocol=_PROTOCOL,
            direction=direction,
            is_rejected=False,
            codecs=codecs,
        )
        extensions = {LEVEL: 1} if kind == "audio" else {}
        sent = None if track is None else self._sent(mid, track)
        return Line(section=section, direction=direction, codecs=codecs, extensions=extensions, sent=sent)

    def carry(self, tracks: Sequence[TrackId]) -> None:
        """These tracks from now on: others end at once, new ones begin with the answer to the next `offer`.

        Raises ``media.sdp`` for more than a connection takes, or for a name that is none.
        """
        if len(tracks) > MAX_LEGS_PER_VIEW or len(set(tracks)) != len(tracks):
            raise MediaError("media.sdp", reason="tracks")
        for mid in [mid for mid, track in self.mids.items() if track not in tracks]:
            del self.mids[mid]
            self._drop(mid)
        self._place([one for one in tracks if one not in self.mids.values()])

    def _place(self, tracks: Sequence[TrackId]) -> None:
        for track in tracks:
            kind = kind_of_track(track)
            idle = (mid for mid, known in self._kinds.items() if known == kind and mid not in self.mids)
            mid = next(idle, str(len(self._kinds)))
            self._kinds[mid] = kind
            self.mids[mid] = track

    def _drop(self, mid: str) -> None:
        raise NotImplementedError

    def _sent(self, mid: str, track: TrackId) -> Sent | None:
        raise NotImplementedError

    def restart(self) -> str:
        """The offer of an ICE restart; its answer goes to `answered` too."""
        self._local = self._connector.credentials()
        self._is_checked = False
        return self.offer()

    def answered(self, answer: str) -> None:
        """Take the answer. Raises ``media.sdp``; ``media.fingerprint`` for another than the pinned one;
        ``media.no-connection`` when the other end began anew."""
        read = read_description(answer)
        if read.fingerprint != self._pinned:
            raise MediaError("media.fingerprint")
        if read.setup != "passive" or not read.candidates:
            raise MediaError("media.sdp", reason="setup")
        chosen = {one.mid: one for one in read.sections if one.is_media and not one.is_rejected}
        self._candidates = read.candidates
        if self.peer is None:
            self.peer = self._connect(read)
            self._theirs = read.party
            self.room.dials.append(self)
        elif self._theirs != read.party:
            raise MediaError("media.no-connection")
        elif (self._local, read.ufrag) != (self.peer.local, self.peer.remote.ufrag):
            self._connector.rename(self.peer, self._local, read)
        self._begin(chosen)
        self._checked_at = float("-inf")

    def _connect(self, read: Description) -> Peer:
        raise NotImplementedError

    def _begin(self, sections: dict[str, Section]) -> None:
        raise NotImplementedError

    def tick(self, now: float) -> None:
        """Checks that are due, then the connection's own timers and reports."""
        if self.peer is None or self.peer.state == "closed":
            return
        if now - self._checked_at >= (CONSENT_MS if self._is_checked else CHECK_MS):
            self._checked_at = now
            for candidate in self._candidates:
                self._connector.check(self.peer, candidate, self._tie_breaker, self._answered_check)
        self.peer.tick(now)

    def _answered_check(self, source: stun.Address, now: float) -> None:
        if self.peer is not None and self.peer.state != "closed":
            self._is_checked = True
            self.peer.dial(source, now)

    def close(self, cause: str = "closed") -> None:
        """Hang up. Idempotent."""
        if self in self.room.dials:
            self.room.dials.remove(self)
        self._end(cause)
        if self.peer is not None:
            self.peer.close()

    def _end(self, cause: str) -> None:
        raise NotImplementedError

    def _state(self, state: PeerState) -> None:
        self._told(state)
        if state == "closed":
            self.close("left")

    @property
    def legs(self) -> Sequence[Leg]:
        """Legs that go up."""
        return ()

    def ask_keyframe(self, _name: TrackId) -> bool:
        """Ask the other engine for a keyframe; False when the track does not come from here."""
        return False


class Uplink(Dial):
    """Local tracks on their way up; a track that is not there yet is sent from its beginning on."""

    _direction = "sendonly"

    def _begin_side(self) -> None:
        self._viewer = Viewer(self.room, UPLINK, ("", ""), self._session, link=True)
        self._ssrcs: dict[str, tuple[int, int]] = {}

    def _sent(self, mid: str, track: TrackId) -> Sent:
        fresh = (self._connector.number(32), self._connector.number(32))
        ssrc, repair = self._ssrcs.setdefault(mid, fresh)
        is_video = kind_of_track(track) == "video"
        return Sent(ssrc=ssrc, repair_ssrc=repair if is_video else None, stream=owner_of(track), track=track)

    def _connect(self, read: Description) -> Peer:
        self._viewer.peer = self._connector.make("client", read, self._local, self._viewer, self._state)
        return self._viewer.peer

    def _begin(self, sections: dict[str, Section]) -> None:
        for mid, track in self.mids.items():
            section = sections.get(mid)
            choice = None if section is None or section.direction == "inactive" else choose_of(section)
            if choice is not None and mid not in self._viewer.legs:
                self._add(mid, track, choice)

    def _add(self, mid: str, name: TrackId, choice: Choice) -> None:
        ssrc, repair = self._ssrcs[mid]
        outlet = Outlet(
            mid=mid,
            ssrc=ssrc,
            repair_ssrc=None if choice.repair_type is None else repair,
            types=choice.types,
            repair_type=choice.repair_type,
            level_id=choice.extensions.get(LEVEL),
        )
        leg = self._viewer.legs[mid] = Leg(
            self.room.track(name, kind_of_track(name)),
            UPLINK,
            outlet,
            sequence=self._connector.number(15),
            send_rtp=self._viewer.peer.send_rtp,
            send_rtcp=self._viewer.peer.send_rtcp,
        )
        leg.track.legs.append(leg)
        self.room.turn(leg, on=True, cause="uplink")

    def _drop(self, mid: str) -> None:
        self._viewer.remove(mid, "dropped")
        # Another track on the same m-line is another stream.
        self._ssrcs.pop(mid, None)

    def _end(self, cause: str) -> None:
        for mid in list(self._viewer.legs):
            self._viewer.remove(mid, cause)

    @property
    def legs(self) -> Sequence[Leg]:
        """Legs that go up."""
        return tuple(self._viewer.legs.values())


class Downlink(Dial):
    """Tracks of the other engine on their way here; they are up while the connection lives."""

    _direction = "recvonly"

    def _begin_side(self) -> None:
        ssrc = self._connector.number(32)
        self._publisher = Publisher(self.room, UPLINK, ("", ""), session=self._session, ssrc=ssrc)

    def _sent(self, mid: str, track: TrackId) -> None:  # noqa: ARG002 - nothing is sent
        return None

    def _connect(self, read: Description) -> Peer:
        self._publisher.peer = self._connector.make("client", read, self._local, self._publisher, self._state)
        return self._publisher.peer

    def _begin(self, sections: dict[str, Section]) -> None:
        inlets: dict[str, Inlet] = {}
        for mid, name in self.mids.items():
            section = sections.get(mid)
            choice = None if section is None or section.direction != "sendonly" else choose_of(section)
            known = self.room.tracks.get(name)
            if choice is not None and mid in self._publisher.inlets:
                inlets[mid] = self._publisher.inlets[mid]
            elif choice is not None and not (known is not None and known.is_up):
                inlets[mid] = Inlet(mid, name.rpartition("/")[2], choice)
        for mid in [mid for mid in self._publisher.inlets if mid not in inlets]:
            self._drop(mid)
        self._publisher.read_sections(inlets, tuple(sections.values()))
        for mid, inlet in inlets.items():
            if inlet.track is None:
                name = self.mids[mid]
                inlet.track = self.room.raise_track(name, kind_of_track(name), inlet.choice.names, "uplink")

    def tick(self, now: float) -> None:
        """As `Dial.tick`, and reports to the other engine."""
        super().tick(now)
        if self.peer is not None and self.peer.state != "closed":
            self._publisher.tick(now)

    def ask_keyframe(self, name: TrackId) -> bool:
        """Ask the other engine for a keyframe; False when the track does not come from here."""
        track = self.room.tracks.get(name)
        return track is not None and self._publisher.ask_keyframe(track)

    def _drop(self, mid: str) -> None:
        inlet = self._publisher.inlets.pop(mid, None)
        if inlet is not None:
            self.room.lower(inlet, "dropped")

    def _end(self, cause: str) -> None:
        for inlet in self._publisher.inlets.values():
            self.room.lower(inlet, cause)


def kind_of_track(track: TrackId) -> Kind:
    """Audio or video by the source's name. Raises ``media.sdp``."""
    source = track.rpartition("/")[2]
    if source not in KIND_OF:
        raise MediaError("media.sdp", reason="tracks")
    return KIND_OF[source]


def choose_of(section: Section) -> Choice | None:
    """What the other engine took of the offer."""
    return choose(section, with_mid=False)
