"""What the adapter changes in session descriptions between a client and Janus; pure text to text.

Of an offer, which `lite.sdp` has read before, Janus gets what it needs alone (`_TAKEN`) and nothing that a
client must not steer: no candidates (Janus waits for checks, so nobody makes it send to an address of his
choice), no simulcast, no keys but those of DTLS, one fingerprint, refused m-lines inactive. To a client goes
what Janus said without the address that it guessed for itself. `silent_answer` answers in a member's stead,
so that nothing waits for the member (RFC 9429 §5.3).
"""

from collections.abc import Collection
from typing import Final

from remote_eval.media.lite.sdp import Section

_DIRECTIONS: Final = frozenset({"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"})
# Attributes that go to Janus: names alone, and beginnings up to where the value is free.
_FLAGS: Final = _DIRECTIONS | {"a=rtcp-mux", "a=rtcp-rsize", "a=extmap-allow-mixed", "a=bundle-only"}
_TRANSPORT: Final = ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:")
_OF_CODECS: Final = ("a=mid:", "a=rtcp-mux", "a=rtpmap:", "a=fmtp:")
_TAKEN: Final = (
    "v=",
    "o=",
    "s=",
    "t=",
    "b=",
    "c=",
    "m=",
    "a=group:BUNDLE ",
    "a=msid-semantic:",
    "a=msid:",
    "a=mid:",
    "a=extmap:",
    "a=rtpmap:",
    "a=rtcp-fb:",
    "a=fmtp:",
    "a=ssrc:",
    "a=ssrc-group:FID ",
    "a=ice-ufrag:",
    "a=ice-pwd:",
    "a=ice-options:",
    "a=fingerprint:sha-256 ",
    "a=setup:",
)
_NEUTRAL: Final = "c=IN IP4 0.0.0.0"


def cleaned(text: str, taken: Collection[str] | None) -> str:
    """A client's description as Janus gets it; m-lines beside `taken` (None: all stay) are inactive."""
    head, *parts = split(text)
    kept = [_without(head)]
    for part in parts:
        lines = _without(part)
        if taken is not None and mid_of(part) not in taken:
            lines = _directed(lines, "a=inactive")
        kept.append(lines)
    return join(kept)


def told(text: str) -> str:
    """What Janus said, as a client gets it: no c= line names an address of the hub."""
    return "".join(f"{_NEUTRAL if line.startswith('c=') else line}\r\n" for line in text.splitlines() if line)


def payload_types(section: Section) -> dict[int, str]:
    """Encoding names by payload type, for what is media: no retransmission."""
    return {codec.payload_type: codec.name for codec in section.codecs if codec.name != "rtx"}


def told_offer(text: str) -> str:
    """An offer of Janus, which begins the DTLS handshake itself: it drops what comes before its ICE is ready,
    and a client that began would say it again only after a second."""
    return told(text).replace("a=setup:actpass\r\n", "a=setup:active\r\n")


def silent_answer(last: str, offer: str, kept: Collection[str]) -> str:
    """Answer `offer` as the member answered last time, but with only the mids of `kept` receiving.

    The transport is that of `last`, so nothing restarts; m-lines that `last` did not know are inactive.
    """
    head, *known = split(last)
    _, *offered = split(offer)
    transport = [line for line in known[0] if line.startswith(_TRANSPORT)]
    answer = [head]
    for index, part in enumerate(offered):
        lines = known[index] if index < len(known) else _answered(part, transport)
        silent = mid_of(part) not in kept or "a=inactive" in part
        answer.append(_directed(lines, "a=inactive") if silent else lines)
    mids = " ".join(mid_of(part) for part in offered)
    answer[0] = [f"a=group:BUNDLE {mids}" if line.startswith("a=group:") else line for line in head]
    return join(answer)


def split(text: str) -> list[list[str]]:
    """Lines of the session, then of each m-line."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("m="):
            parts.append([])
        if line:
            parts[-1].append(line)
    return parts


def join(parts: list[list[str]]) -> str:
    """The text of `split`'s parts."""
    return "".join(f"{line}\r\n" for part in parts for line in part)


def mid_of(part: list[str]) -> str:
    """The m-line's mid."""
    return next((line[6:] for line in part if line.startswith("a=mid:")), "")


def _without(lines: list[str]) -> list[str]:
    kept = [line for line in lines if line in _FLAGS or line.startswith(_TAKEN)]
    return [_NEUTRAL if line.startswith("c=") else line for line in kept]


def _directed(lines: list[str], direction: str) -> list[str]:
    return [*(line for line in lines if line not in _DIRECTIONS), direction]


def _answered(part: list[str], transport: list[str]) -> list[str]:
    return [part[0], _NEUTRAL, *(line for line in part[1:] if line.startswith(_OF_CODECS)), *transport]
