"""Lines of descriptions: what two readers could read as two things is refused before anybody reads it."""

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.engine import MAX_SDP_BYTES
from remote_eval.media.lines import MAX_LINE, MAX_LINES, lines_of

PLAIN = "v=0\r\ns=-\r\na=msid-semantic: WMS\r\na=rtcp-mux\r\na=fingerprint:sha-256 AB:CD\r\n"


def test_what_a_browser_writes_is_read_as_it_stands() -> None:
    assert lines_of(PLAIN) == PLAIN.split("\r\n")[:-1]
    assert lines_of(PLAIN.replace("\r\n", "\n")) == lines_of(PLAIN)


HIDDEN = {
    "a letter in capitals": ("attribute", "a=Fingerprint:sha-256 00"),
    "all in capitals": ("attribute", "a=CANDIDATE:1 1 udp 1 192.0.2.1 9 typ host"),
    "a flag in capitals": ("attribute", "a=Sendrecv"),
    "a blank before the name": ("attribute", "a= fingerprint:sha-256 00"),
    "a blank behind the name": ("attribute", "a=fingerprint :sha-256 00"),
    "no name": ("attribute", "a=:sha-256 00"),
    "nothing at all": ("attribute", "a="),
    "a letter that only looks like one": ("attribute", "a=f\u0456ngerprint:sha-256 00"),
    "a long s, which some lower to an s": ("attribute", "a=\u017fetup:active"),
    "an attribute's letter in capitals": ("line", "A=fingerprint:sha-256 00"),
    "a blank before the line": ("line", " a=fingerprint:sha-256 00"),
    "a tab in the name": ("line", "a=fingerprint\t:sha-256 00"),
    "a null byte": ("line", "a=x\0fingerprint:sha-256 00"),
    "a carriage return that ends a line for some": ("line", "a=x\ra=fingerprint:sha-256 00"),
    "two of them": ("line", "a=fingerprint:sha-256 00\r"),
    "a form feed": ("line", "a=x\fa=fingerprint:sha-256 00"),
    "a line separator": ("line", "a=x\u2028a=fingerprint:sha-256 00"),
    "a blank that is none": ("line", "a=fingerprint:sha-256\u00a000"),
    "an empty line": ("line", ""),
    "a line beyond all measure": ("line", "a=x:" + "x" * MAX_LINE),
}


@pytest.mark.parametrize("trick", sorted(HIDDEN))
def test_a_line_that_not_all_would_read_alike_is_refused(trick: str) -> None:
    reason, line = HIDDEN[trick]
    with pytest.raises(MediaError) as caught:
        lines_of(f"{PLAIN}{line}\r\na=mid:0\r\n")
    assert (caught.value.code, caught.value.details) == ("media.sdp", {"reason": reason})


@pytest.mark.parametrize("text", ["", "v=1\r\n", "\r\nv=0\r\n", "v=0\r\n" + "a=x\r\n" * MAX_LINES])
def test_what_does_not_begin_as_one_or_never_ends_is_none(text: str) -> None:
    with pytest.raises(MediaError) as caught:
        lines_of(text)
    assert caught.value.details == {"reason": "lines"}


def test_the_size_is_counted_in_bytes() -> None:
    with pytest.raises(MediaError, match=r"media\.too-large"):
        lines_of("v=0\r\ns=" + "签" * (MAX_SDP_BYTES // 3))
