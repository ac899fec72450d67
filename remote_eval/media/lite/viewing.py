"""A member's receiving connection: its legs by m-line, and what the member reports of them."""

from remote_eval.media.engine import MemberId
from remote_eval.media.lite import rtcp as wire
from remote_eval.media.lite.hall import Hall
from remote_eval.media.lite.leg import Leg
from remote_eval.media.lite.peer import Peer


class Viewer:
    """See the module. One that is a `link` is another engine: what its line takes is all that its members can
    use, while a member's own narrow line is nobody else's."""

    def __init__(
        self, room: Hall, member: MemberId, party: tuple[str, str], session: int, *, link: bool = False
    ) -> None:
        self.room = room
        self.member = member
        self.party = party
        # Session id and version of the answers (RFC 8866 §5.2).
        self.session = session
        self.version = 0
        self.peer: Peer
        self.legs: dict[str, Leg] = {}
        self.rtt_ms: float | None = None
        self._link = link

    def rtp(self, _data: bytes, _now: float) -> None:
        """Nobody sends media here; whoever does is counted."""
        self.room.refused += 1

    def rtcp(self, data: bytes, now: float) -> None:
        """A plain compound packet of the connection."""
        for item in wire.read_compound(data):
            if isinstance(item, wire.Nack):
                leg = self._leg(item.ssrc)
                if leg is not None:
                    leg.resend(item.sequences, now)
            elif isinstance(item, wire.Keyframe):
                leg = self._leg(item.ssrc)
                if leg is not None and leg.is_on and leg.track.kind == "video":
                    leg.track.keyframe.want()
            elif isinstance(item, wire.ReferenceTime):
                self._echo(item)
            elif isinstance(item, wire.Blocks):
                self._blocks(item, now)
            elif isinstance(item, wire.Cap) and self._link:
                self._share(item, now)

    def _share(self, cap: wire.Cap, now: float) -> None:
        """Tell the senders of these pictures, each its part."""
        legs = [leg for ssrc in cap.ssrcs if (leg := self._leg(ssrc)) is not None]
        for leg in legs:
            leg.track.limit(cap.bits_per_second / 1000 / len(legs), now)

    def _echo(self, asked: wire.ReferenceTime) -> None:
        """Give a reference time back at once, so that the receiver knows the round trip."""
        leg = next(iter(self.legs.values()), None)
        if leg is not None:
            ssrc = leg.outlet.ssrc
            head = wire.write_receiver_report(ssrc, ())
            self.peer.send_rtcp(head + wire.write_echo(ssrc, asked.ssrc, asked.last, 0))

    def _leg(self, ssrc: int) -> Leg | None:
        return next((leg for leg in self.legs.values() if leg.outlet.ssrc == ssrc), None)

    def _blocks(self, blocks: wire.Blocks, now: float) -> None:
        for block in blocks.blocks:
            leg = self._leg(block.ssrc)
            rtt_ms = None if leg is None else leg.heard(block, now)
            if rtt_ms is not None:
                self.rtt_ms = rtt_ms
                self.room.heard_viewer(self.member, rtt_ms)

    def remove(self, mid: str, cause: str) -> None:
        """End the leg of an m-line."""
        leg = self.legs.pop(mid, None)
        if leg is not None:
            leg.track.legs.remove(leg)
            self.room.turn(leg, on=False, cause=cause)
            self.room.forget_idle(leg.track)
