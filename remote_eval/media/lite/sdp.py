"""Session descriptions as browsers write them, read strictly and with limits (RFC 8866, RFC 8829, RFC 8843).

Only BUNDLE with rtcp-mux over DTLS-SRTP is taken; every fault raises MediaError ``media.sdp`` with the
name of what is wrong; lines are `media.lines`'. Candidates matter only to a side
that dials; the lite side waits for checks. Writing is in `answer`.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final, Literal

from remote_eval.errors import MediaError
from remote_eval.media.engine import MAX_LEGS_PER_VIEW
from remote_eval.media.lines import lines_of

MAX_CANDIDATES: Final = 8
# A view's m-lines, and a data channel's.
MAX_SECTIONS: Final = MAX_LEGS_PER_VIEW + 1
_PROTOCOLS: Final = frozenset({"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"})
_DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})

_ICE: Final = re.compile(r"[A-Za-z0-9+/]+")
_MID: Final = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,16}")
_SHA256: Final = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")
_RTPMAP: Final = re.compile(r"(\d{1,3}) ([A-Za-z0-9-]{1,32})/(\d{4,6})(?:/(\d))?")
_EXTMAP: Final = re.compile(r"(\d{1,3})(?:/[a-z]+)? (\S{1,200}).*")

Setup = Literal["active", "passive", "actpass"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One payload type of an m-line; `name` in lower case, `spelled` as it came: browsers want it back so."""

    payload_type: int
    name: str
    spelled: str
    clock: int
    channels: int = 1
    fmtp: str = ""
    feedback: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One m-line. `repairs` is FID: the retransmission's SSRC by that of the media."""

    kind: str
    mid: str
    protocol: str
    direction: str
    is_rejected: bool
    codecs: tuple[Codec, ...] = ()
    extensions: dict[str, int] = field(default_factory=dict)
    ssrcs: tuple[int, ...] = ()
    repairs: dict[int, int] = field(default_factory=dict)

    @property
    def is_media(self) -> bool:
        """Audio or video over DTLS-SRTP."""
        return self.kind in {"audio", "video"} and self.protocol in _PROTOCOLS

    def codec(self, name: str, clock: int) -> Codec | None:
        """The first payload type with this encoding."""
        return next((codec for codec in self.codecs if (codec.name, codec.clock) == (name, clock)), None)

    def repair_of(self, codec: Codec) -> Codec | None:
        """The payload type that retransmits `codec` (RFC 4588 §8.1)."""
        wanted = f"apt={codec.payload_type}"
        found = (one for one in self.codecs if one.name == "rtx" and wanted in one.fmtp.split(";"))
        return next(found, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A whole description; transport attributes are those of the bundle's first m-line."""

    session: str
    sections: tuple[Section, ...]
    bundle: tuple[str, ...]
    ufrag: str
    password: str = field(repr=False)
    fingerprint: str
    setup: Setup
    candidates: tuple[tuple[str, int], ...] = ()

    @property
    def party(self) -> tuple[str, str]:
        """What stays the same over all descriptions of one connection: session id and certificate."""
        return self.session, self.fingerprint


def read_description(text: str) -> Description:
    """Read an offer or an answer."""
    head, *parts = _split(text)
    session, readers = _Lines(head), [_Lines(part) for part in parts]
    sections = tuple(_read_section(one) for one in readers)
    mids = [section.mid for section in sections]
    if len(set(mids)) != len(mids):
        raise _fault("mid")
    bundle = _read_bundle(session, mids)
    tagged = readers[mids.index(bundle[0])]
    ufrag = _one(tagged, session, "ice-ufrag")
    password = _one(tagged, session, "ice-pwd")
    if not (4 <= len(ufrag) <= 256 and 22 <= len(password) <= 256):
        raise _fault("ice")
    if not (_ICE.fullmatch(ufrag) and _ICE.fullmatch(password)):
        raise _fault("ice")
    return Description(
        session=_session_id(head),
        sections=sections,
        bundle=bundle,
        ufrag=ufrag,
        password=password,
        fingerprint=_read_fingerprint(tagged, session, readers),
        setup=_read_setup(_one(tagged, session, "setup")),
        candidates=_read_candidates(tagged.values("candidate")),
    )


def _fault(reason: str) -> MediaError:
    return MediaError("media.sdp", reason=reason)


def _split(text: str) -> list[list[str]]:
    """Lines of the session, then of each m-line."""
    parts: list[list[str]] = [[]]
    for line in lines_of(text):
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    if not 2 <= len(parts) <= MAX_SECTIONS + 1:
        raise _fault("sections")
    return parts


class _Lines:
    """The lines of one part, attributes by name."""

    def __init__(self, lines: list[str]) -> None:
        self.first = lines[0]
        self._values: dict[str, list[str]] = {}
        for line in lines:
            if line.startswith("a="):
                name, _, value = line[2:].partition(":")
                self._values.setdefault(name, []).append(value)

    def values(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def has(self, name: str) -> bool:
        return name in self._values


def _one(part: _Lines, session: _Lines, name: str) -> str:
    values = part.values(name) or session.values(name)
    if len(values) != 1:
        raise _fault(name)
    return values[0]


def _session_id(head: list[str]) -> str:
    origin = next((line for line in head if line.startswith("o=")), "").split(" ")
    if len(origin) != 6 or not origin[1].isdecimal() or len(origin[1]) > 20:
        raise _fault("origin")
    return origin[1]


def _read_bundle(session: _Lines, mids: list[str]) -> tuple[str, ...]:
    groups = [value.split(" ")[1:] for value in session.values("group") if value.startswith("BUNDLE ")]
    if len(groups) != 1 or not groups[0] or not set(groups[0]) <= set(mids):
        raise _fault("bundle")
    return tuple(groups[0])


def _read_fingerprint(tagged: _Lines, session: _Lines, every: list[_Lines]) -> str:
    """The one sha-256 value; others beside it may stay: all are of one certificate (RFC 8122 §5).

    What m-lines beside the tagged one name is the same certificate: an engine may take the last.
    """
    if not (tagged.values("fingerprint") or session.values("fingerprint")):
        raise _fault("fingerprint")
    values = [value for part in (session, *every) for value in part.values("fingerprint")]
    found = {value[8:].upper() for value in values if value.lower().startswith("sha-256 ")}
    if len(found) != 1 or not _SHA256.fullmatch(found_one := found.pop()):
        raise _fault("fingerprint")
    return found_one


def _read_candidates(values: list[str]) -> tuple[tuple[str, int], ...]:
    """Addresses of UDP host candidates (RFC 8839 §5.1), the first few; what is no address is left out."""
    found: list[tuple[str, int]] = []
    for value in values[:MAX_CANDIDATES]:
        words = value.split(" ")
        if len(words) < 8 or words[1] != "1" or words[2].lower() != "udp" or words[6:8] != ["typ", "host"]:
            continue
        try:
            host = str(ipaddress.ip_address(words[4]))
        except ValueError:
            continue
        if words[5].isdecimal() and 0 < len(words[5]) <= 5 and 0 < int(words[5]) < 65_536:
            found.append((host, int(words[5])))
    return tuple(found)


def _read_setup(value: str) -> Setup:
    if value == "active":
        return "active"
    if value == "passive":
        return "passive"
    if value == "actpass":
        return "actpass"
    raise _fault("setup")


def _read_section(lines: _Lines) -> Section:
    words = lines.first[2:].split(" ")
    if len(words) < 4 or not words[1].isdecimal() or len(words[1]) > 5:
        raise _fault("media")
    (mid,) = lines.values("mid") if len(lines.values("mid")) == 1 else ("",)
    if not _MID.fullmatch(mid):
        raise _fault("mid")
    section = Section(
        kind=words[0],
        mid=mid,
        protocol=words[2],
        direction=_read_direction(lines),
        is_rejected=words[1] == "0" and not lines.has("bundle-only"),
    )
    if not section.is_media:
        return section
    if not lines.has("rtcp-mux") and not section.is_rejected:
        raise _fault("rtcp-mux")
    return _with_media(section, words[3:], lines)


def _with_media(section: Section, formats: list[str], lines: _Lines) -> Section:
    ssrcs, repairs = _read_ssrcs(lines)
    return Section(
        kind=section.kind,
        mid=section.mid,
        protocol=section.protocol,
        direction=section.direction,
        is_rejected=section.is_rejected,
        codecs=_read_codecs(formats, lines),
        extensions=_read_extensions(lines),
        ssrcs=ssrcs,
        repairs=repairs,
    )


def _read_direction(lines: _Lines) -> str:
    found = [name for name in _DIRECTIONS if lines.has(name)]
    if len(found) > 1:
        raise _fault("direction")
    return found[0] if found else "sendrecv"


def _read_codecs(formats: list[str], lines: _Lines) -> tuple[Codec, ...]:
    if len(formats) > 128 or not all(one.isdecimal() and len(one) <= 3 and int(one) < 128 for one in formats):
        raise _fault("formats")
    fmtp = dict(value.partition(" ")[::2] for value in lines.values("fmtp"))
    feedback: dict[str, set[str]] = {}
    for value in lines.values("rtcp-fb"):
        number, _, what = value.partition(" ")
        feedback.setdefault(number, set()).add(what)
    codecs: dict[str, Codec] = {}
    for value in lines.values("rtpmap"):
        match = _RTPMAP.fullmatch(value)
        if match is None:
            raise _fault("rtpmap")
        number = match[1]
        codecs[number] = Codec(
            payload_type=int(number),
            name=match[2].lower(),
            spelled=match[2],
            clock=int(match[3]),
            channels=int(match[4] or 1),
            fmtp=fmtp.get(number, "").replace(" ", ""),
            feedback=frozenset(feedback.get(number, set()) | feedback.get("*", set())),
        )
    return tuple(codecs[one] for one in formats if one in codecs)


def _read_extensions(lines: _Lines) -> dict[str, int]:
    extensions: dict[str, int] = {}
    for value in lines.values("extmap"):
        match = _EXTMAP.fullmatch(value)
        if match is None or not 1 <= int(match[1]) <= 255:
            raise _fault("extmap")
        extensions[match[2]] = int(match[1])
    return extensions


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 10 or int(text) > 0xFFFFFFFF:
        raise _fault("ssrc")
    return int(text)


def _read_ssrcs(lines: _Lines) -> tuple[tuple[int, ...], dict[int, int]]:
    ssrcs = tuple(dict.fromkeys(_number(value.partition(" ")[0]) for value in lines.values("ssrc")))
    repairs: dict[int, int] = {}
    for value in lines.values("ssrc-group"):
        what, *numbers = value.split(" ")
        if what == "FID":
            if len(numbers) != 2:
                raise _fault("ssrc-group")
            repairs[_number(numbers[0])] = _number(numbers[1])
    return ssrcs, repairs
