"""Which codecs, feedback and header extensions of an offer the engine takes (RFC 7741, RFC 7587, RFC 2198).

VP8 with RTX for video, Opus alone or inside RED for audio; nothing is decoded, so this is what recorder and
masker understand. Values in, values out.
"""

from dataclasses import dataclass, replace
from typing import Final

from remote_eval.media.engine import Kind
from remote_eval.media.lite.sdp import Codec, Section

MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
_FEEDBACK: Final = frozenset({"nack", "nack pli", "ccm fir", "goog-remb"})
_KEPT_FMTP: Final = frozenset({"minptime", "useinbandfec", "stereo", "maxplaybackrate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen of one m-line; `codecs` in the order of preference for the answer."""

    codecs: tuple[Codec, ...]
    extensions: dict[str, int]
    types: dict[str, int]
    repair_type: int | None

    @property
    def names(self) -> dict[int, str]:
        """Encodings by payload type, without the repair's."""
        return {number: name for name, number in self.types.items()}

    def has_feedback(self, what: str) -> bool:
        """Whether this feedback was negotiated for the media."""
        wanted = set(self.types.values())
        return any(what in codec.feedback for codec in self.codecs if codec.payload_type in wanted)


def choose(section: Section, *, with_mid: bool) -> Choice | None:
    """Choose of an offered or answered m-line; None when nothing in it is understood."""
    codecs = _audio(section) if section.kind == "audio" else _video(section)
    if not codecs:
        return None
    wanted = [LEVEL] if section.kind == "audio" else []
    wanted += [MID] if with_mid else []
    # Ids above 14 want the two-byte form, which nothing here writes.
    extensions = {uri: name for uri, name in section.extensions.items() if uri in wanted and name <= 14}
    return Choice(
        codecs=tuple(_tidy(codec) for codec in codecs),
        extensions=extensions,
        types={codec.name: codec.payload_type for codec in codecs if codec.name != "rtx"},
        repair_type=next((codec.payload_type for codec in codecs if codec.name == "rtx"), None),
    )


def _audio(section: Section) -> list[Codec]:
    opus = section.codec("opus", 48_000)
    red = section.codec("red", 48_000)
    if opus is None or opus.channels != 2:
        return []
    inside = f"{opus.payload_type}/{opus.payload_type}"
    takes_red = red is not None and red.fmtp.startswith(inside)
    return [red, opus] if red is not None and takes_red else [opus]


def _video(section: Section) -> list[Codec]:
    vp8 = section.codec("vp8", 90_000)
    if vp8 is None:
        return []
    repair = section.repair_of(vp8)
    return [vp8] if repair is None else [vp8, repair]


def _tidy(codec: Codec) -> Codec:
    """The codec as an answer repeats it: feedback and parameters that are known here."""
    fmtp = codec.fmtp
    if codec.name == "opus":
        known = [part for part in fmtp.split(";") if part.partition("=")[0] in _KEPT_FMTP]
        fmtp = ";".join(known)
    feedback = frozenset() if codec.name in {"rtx", "red"} else codec.feedback & _FEEDBACK
    return replace(codec, fmtp=fmtp, feedback=feedback)


def kind_of(section: Section) -> Kind | None:
    """Audio, video, or None for anything else."""
    if not section.is_media:
        return None
    return "audio" if section.kind == "audio" else "video"
