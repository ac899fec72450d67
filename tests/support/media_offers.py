"""What light clients of a media engine share: their offers, and the trailer that packets are counted by."""

import struct
from collections.abc import Sequence
from typing import Self

from remote_eval.media.engine import MediaEngine, MemberId, RoomId
from tests.support.media_link import Link
from tests.support.waiting import within

# How long something may take on a machine that has much else to do.
WAIT_SECONDS = 20.0
TRAILER = struct.Struct("!4sId")
MAGIC = b"pkt:"
OPUS, RED, VP8, RTX = 111, 63, 96, 97
LEVEL_ID, MID_ID = 1, 4
NACK_SECONDS = 0.06


def media_lines(kind: str, mid: str, direction: str, *, red: bool = False) -> list[str]:
    """An m-line as browsers write it, without transport."""
    if kind == "audio":
        formats = f"{RED} {OPUS}" if red else f"{OPUS}"
        lines = [f"m=audio 9 UDP/TLS/RTP/SAVPF {formats}", f"a=rtpmap:{OPUS} opus/48000/2"]
        lines += [f"a=fmtp:{OPUS} minptime=10;useinbandfec=1"]
        lines += [f"a=rtpmap:{RED} red/48000/2", f"a=fmtp:{RED} {OPUS}/{OPUS}"] if red else []
        lines += [f"a=extmap:{LEVEL_ID} urn:ietf:params:rtp-hdrext:ssrc-audio-level"]
    else:
        lines = [f"m=video 9 UDP/TLS/RTP/SAVPF {VP8} {RTX}", f"a=rtpmap:{VP8} VP8/90000"]
        lines += [f"a=rtcp-fb:{VP8} {what}" for what in ("nack", "nack pli", "ccm fir", "goog-remb")]
        lines += [f"a=rtpmap:{RTX} rtx/90000", f"a=fmtp:{RTX} apt={VP8}"]
    lines[1:1] = ["c=IN IP4 0.0.0.0", "a=rtcp-mux", f"a=mid:{mid}", f"a={direction}"]
    return [*lines, f"a=extmap:{MID_ID} urn:ietf:params:rtp-hdrext:sdes:mid"]


def offer_text(link: Link, sections: Sequence[list[str]], mids: Sequence[str], setup: str = "actpass") -> str:
    """A whole offer (or answer) of one bundle."""
    link.version += 1
    head = ["v=0", f"o=- {link.session} {link.version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    head += ["a=group:BUNDLE " + " ".join(mids)]
    transport = [f"a=ice-ufrag:{link.ufrag}", f"a=ice-pwd:{link.password}"]
    transport += [f"a=fingerprint:sha-256 {link.fingerprint}", f"a=setup:{setup}"]
    lines = head + [line for section in sections for line in section + transport]
    return "\r\n".join(lines) + "\r\n"


class Client:
    """What both clients share."""

    def __init__(self, engine: MediaEngine, room: RoomId, member: MemberId, link: Link) -> None:
        self.engine = engine
        self.room = room
        self.member = member
        self.link = link
        link.hear_rtcp = self.hear_rtcp

    def hear_rtcp(self, data: bytes, _now: float) -> None:
        """A compound packet from the engine."""

    async def connected(self) -> Self:
        """Wait for DTLS."""
        await within(WAIT_SECONDS, self.link.connected.wait())
        return self

    async def close(self, *, silently: bool = False) -> None:
        """Go away."""
        await self.link.close(silently=silently)
