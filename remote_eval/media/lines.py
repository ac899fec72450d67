"""Lines of a session description as a client sent them, before anything of them is understood (RFC 8866 §5).

Readers differ in what they forgive: one compares attribute names without case, one ends a line at a bare
carriage return, and of an attribute given twice one takes the first and one the last. So what two readers
could read as two things is refused here, for every engine; what a line means is `lite.sdp`'s.
"""

import re
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.engine import MAX_SDP_BYTES

MAX_LINES: Final = 4000
MAX_LINE: Final = 1024
_LINE: Final = re.compile(r"[a-z]=.*")
# A name in lower case, then nothing or a value; no blank hides the name.
_ATTRIBUTE: Final = re.compile(r"a=[a-z0-9][a-z0-9-]*(?::.*)?")


def lines_of(text: str) -> list[str]:
    """The lines. Raises ``media.too-large``, or ``media.sdp`` for a line that not all would read alike."""
    if len(text) > MAX_SDP_BYTES or len(text.encode("utf-8", "replace")) > MAX_SDP_BYTES:
        raise MediaError("media.too-large", limit=MAX_SDP_BYTES)
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > MAX_LINES or lines[0] != "v=0":
        raise MediaError("media.sdp", reason="lines")
    for line in lines:
        # No carriage return, tab, NUL or other control character, and no blank but U+0020, is printable.
        if len(line) > MAX_LINE or not line.isprintable() or not _LINE.fullmatch(line):
            raise MediaError("media.sdp", reason="line")
        if line.startswith("a=") and not _ATTRIBUTE.fullmatch(line):
            raise MediaError("media.sdp", reason="attribute")
    return lines
