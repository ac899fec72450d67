"""Writing descriptions: the lite side's answers, and offers of an engine that dials (RFC 8829, RFC 8839).

Texts out of values; no parsing, no sockets. One transport for all m-lines (BUNDLE), candidates on the first.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from remote_eval.media.lite.sdp import Codec, Section

Direction = Literal["sendonly", "recvonly", "inactive", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """The own side of a connection; `addresses` are advertised with `port`."""

    addresses: Sequence[str]
    port: int
    ufrag: str
    password: str = field(repr=False)
    fingerprint: str
    setup: Literal["passive", "active", "actpass"]
    is_lite: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What an m-line sends: SSRCs, stream and track names."""

    ssrc: int
    repair_ssrc: int | None
    stream: str
    track: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An m-line to write: that of `section`, with these codecs only; None of them rejects it."""

    section: Section
    direction: Direction
    codecs: Sequence[Codec] = ()
    extensions: dict[str, int] = field(default_factory=dict)
    sent: Sent | None = None


def write_description(session: int, version: int, transport: Transport, lines: Sequence[Line]) -> str:
    """The whole text. `session` stays the same over a connection, `version` grows."""
    kept = [line.section.mid for line in lines if line.direction != "rejected"]
    head = ["v=0", f"o=- {session} {version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if kept:
        head.append("a=group:BUNDLE " + " ".join(kept))
    head.extend(["a=ice-lite"] if transport.is_lite else [])
    head.append("a=msid-semantic: WMS *")
    for line in lines:
        is_first = bool(kept) and line.section.mid == kept[0]
        head.extend(_section(line, transport, is_first=is_first))
    return "\r\n".join(head) + "\r\n"


def _section(line: Line, transport: Transport, *, is_first: bool) -> list[str]:
    section = line.section
    if line.direction == "rejected":
        formats = " ".join(str(codec.payload_type) for codec in section.codecs) or "0"
        formats = formats if section.is_media else "webrtc-datachannel"
        return [
            f"m={section.kind} 0 {section.protocol} {formats}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{section.mid}",
        ]
    formats = " ".join(str(codec.payload_type) for codec in line.codecs)
    text = [f"m={section.kind} {transport.port} {section.protocol} {formats}", _connection(transport)]
    text += [f"a=mid:{section.mid}", f"a={line.direction}", "a=rtcp-mux"]
    text += _transport(transport)
    text += _candidates(transport) if is_first else []
    for uri, name in line.extensions.items():
        text.append(f"a=extmap:{name} {uri}")
    for codec in line.codecs:
        text += _codec(codec)
    return text + (_sent(line.sent) if line.sent else [])


def _family(address: str) -> str:
    return f"IP{ipaddress.ip_address(address).version}"


def _connection(transport: Transport) -> str:
    if not transport.addresses:
        return "c=IN IP4 0.0.0.0"
    return f"c=IN {_family(transport.addresses[0])} {transport.addresses[0]}"


def _transport(transport: Transport) -> list[str]:
    return [
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        f"a=fingerprint:sha-256 {transport.fingerprint}",
        f"a=setup:{transport.setup}",
    ]


def _candidates(transport: Transport) -> list[str]:
    lines = []
    for number, address in enumerate(transport.addresses):
        priority = (126 << 24) | ((65535 - number) << 8) | 255
        lines.append(f"a=candidate:{number + 1} 1 udp {priority} {address} {transport.port} typ host")
    return [*lines, "a=end-of-candidates"]


def _codec(codec: Codec) -> list[str]:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{codec.payload_type} {codec.spelled}/{codec.clock}{channels}"]
    lines += [f"a=fmtp:{codec.payload_type} {codec.fmtp}"] if codec.fmtp else []
    return lines + [f"a=rtcp-fb:{codec.payload_type} {what}" for what in sorted(codec.feedback)]


def _sent(sent: Sent) -> list[str]:
    names = f"msid:{sent.stream} {sent.track}"
    lines = [f"a={names}"]
    if sent.repair_ssrc is not None:
        lines.append(f"a=ssrc-group:FID {sent.ssrc} {sent.repair_ssrc}")
    for ssrc in [sent.ssrc, sent.repair_ssrc]:
        if ssrc is not None:
            lines += [f"a=ssrc:{ssrc} cname:{sent.stream}", f"a=ssrc:{ssrc} {names}"]
    return lines
