"""What of a description comes to Janus: what it needs, and nothing else that it would act upon."""

import pytest

from remote_eval.media.janus.descriptions import cleaned

FINGERPRINT = ":".join(["AB"] * 32)
OFFER = [
    "v=0",
    "o=- 7 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "a=msid-semantic: WMS",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "c=IN IP4 0.0.0.0",
    "a=ice-ufrag:sckE",
    "a=ice-pwd:A5Jt0SKgS15hmdhr7mEIv7aT",
    "a=ice-options:trickle",
    f"a=fingerprint:sha-256 {FINGERPRINT}",
    "a=setup:actpass",
    "a=mid:0",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=sendonly",
    "a=msid:- e42f1255",
    "a=rtcp-mux",
    "a=rtcp-rsize",
    "a=rtpmap:96 VP8/90000",
    "a=rtcp-fb:96 nack pli",
    "a=fmtp:96 max-fs=8160",
    "a=ssrc-group:FID 1 2",
    "a=ssrc:1 cname:x",
    "a=ssrc:2 cname:x",
]
# Nothing but what `lines_of` lets through: lower case, one line each.
STEERING = [
    "a=candidate:1 1 udp 1 192.0.2.66 9 typ host",
    "a=remote-candidates:1 192.0.2.66 9",
    "a=end-of-candidates",
    "a=rtcp:9 IN IP4 192.0.2.66",
    "a=simulcast:send h;l",
    "a=rid:h send",
    "a=ssrc-group:SIM 1 2",
    "a=ssrc-group:sim 1 2",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
    "a=fingerprint:sha-1 AB:CD",
    "a=fingerprint: sha-256 00:00",
    "a=fingerprint-of-mine:00",
    "a=sctp-port:5000",
    "a=ice-lite",
    "a=sendrecv:yes",
    "a=x-of-tomorrow:1",
    "k=clear:x",
]


def test_what_a_browser_offers_goes_to_janus_line_by_line() -> None:
    assert cleaned("\r\n".join(OFFER), None).split("\r\n")[:-1] == OFFER


@pytest.mark.parametrize("line", STEERING)
@pytest.mark.parametrize("at", [5, len(OFFER)], ids=["of the session", "of the m-line"])
def test_what_would_steer_janus_stays_outside(line: str, at: int) -> None:
    offer = [*OFFER[:at], line, *OFFER[at:]]
    assert cleaned("\r\n".join(offer), None).split("\r\n")[:-1] == OFFER


def test_an_address_of_the_clients_choice_is_no_address() -> None:
    offer = "\r\n".join(OFFER).replace("c=IN IP4 0.0.0.0", "c=IN IP4 192.0.2.66")
    assert cleaned(offer, None).split("\r\n")[:-1] == OFFER


def test_an_m_line_that_is_not_taken_is_inactive_whatever_it_says() -> None:
    assert cleaned("\r\n".join(OFFER), {"0"}).count("a=sendonly\r\n") == 1
    turned_down = cleaned("\r\n".join(OFFER), {})
    assert "a=sendonly" not in turned_down
    assert turned_down.endswith("a=inactive\r\n")
