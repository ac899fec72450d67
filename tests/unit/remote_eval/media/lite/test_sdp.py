"""Descriptions: what a real browser's offer says, what an answer says to it, and what is refused."""

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import MediaError
from remote_eval.media.engine import Grants, TrackId
from remote_eval.media.lines import MAX_LINE
from remote_eval.media.lite.answer import Transport, write_description
from remote_eval.media.lite.codecs import LEVEL, MID, choose
from remote_eval.media.lite.negotiation import plan_publish, plan_view
from remote_eval.media.lite.sdp import MAX_SECTIONS, read_description
from remote_eval.media.lite.track import Track

FINGERPRINT = ":".join(["AB"] * 32)
# The shape of Chromium's offer of a microphone and a camera, shortened to one of each kind of line.
OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 1392143343127697890 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS",
        "m=audio 37891 UDP/TLS/RTP/SAVPF 111 63 9 0 13 126",
        "c=IN IP4 192.0.2.2",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=candidate:2871365729 1 udp 2122194687 192.0.2.2 37891 typ host generation 0 network-id 3",
        "a=candidate:2871365729 1 tcp 2122194687 192.0.2.2 9 typ host tcptype active generation 0",
        "a=candidate:1 1 udp 1 0b1c.local 37891 typ host generation 0",
        "a=candidate:1 1 udp 1 192.0.2.3 99999 typ host generation 0",
        "a=candidate:1 1 udp 1 192.0.2.3 1 typ relay raddr 0.0.0.0 rport 0 generation 0",
        "a=ice-ufrag:sckE",
        "a=ice-pwd:A5Jt0SKgS15hmdhr7mEIv7aT",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=setup:actpass",
        "a=mid:0",
        f"a=extmap:1 {LEVEL}",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        f"a=extmap:4 {MID}",
        "a=sendonly",
        "a=msid:- e42f1255-88ce-45ed-87a6-5ac7d7da7737",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=fmtp:111 minptime=10;useinbandfec=1;evil=1",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:126 telephone-event/8000",
        "a=ssrc:1090603519 cname:mKWGDywsGfPK1aNJ",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:sckE",
        "a=ice-pwd:A5Jt0SKgS15hmdhr7mEIv7aT",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=setup:actpass",
        "a=mid:1",
        f"a=extmap:4 {MID}",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 goog-remb",
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=rtpmap:102 H264/90000",
        "a=rtpmap:103 rtx/90000",
        "a=fmtp:103 apt=102",
        "a=ssrc-group:FID 2452086684 3644162575",
        "a=ssrc:2452086684 cname:mKWGDywsGfPK1aNJ",
        "a=ssrc:3644162575 cname:mKWGDywsGfPK1aNJ",
        "",
    ]
)
TRANSPORT = Transport(
    addresses=["192.0.2.1", "2001:db8::1"],
    port=40_000,
    ufrag="hubA",
    password="p" * 24,
    fingerprint=FINGERPRINT,
    setup="passive",
)
BOTH = Grants(publish=frozenset({"camera", "microphone"}))


def test_a_browsers_offer_is_read() -> None:
    read = read_description(OFFER)
    assert read.party == ("1392143343127697890", FINGERPRINT)
    assert (read.ufrag, read.setup, read.bundle) == ("sckE", "actpass", ("0", "1"))
    voice, face = read.sections
    assert [one.name for one in voice.codecs][:2] == ["opus", "red"]
    assert face.ssrcs == (2452086684, 3644162575)
    assert face.repairs == {2452086684: 3644162575}
    # Only what can be dialled: UDP, a host's, an address, a port that is one.
    assert read.candidates == (("192.0.2.2", 37891),)


def test_the_answer_takes_opus_in_red_and_vp8_with_its_repair_and_no_more() -> None:
    plan = plan_publish(read_description(OFFER), {"0": "microphone", "1": "camera"}, BOTH)
    text = write_description(7, 1, TRANSPORT, plan.lines)
    read = SessionDescription.parse(text)
    voice, face = read.media
    assert [one.payloadType for one in voice.rtp.codecs] == [63, 111]
    assert [one.name for one in face.rtp.codecs] == ["VP8", "rtx"]
    assert {(one.id, one.uri) for one in voice.rtp.headerExtensions} == {(1, LEVEL), (4, MID)}
    assert "transport-cc" not in text
    assert "evil" not in text
    assert voice.ice is not None
    assert voice.ice.iceLite
    assert [one.ip for one in voice.ice_candidates] == ["192.0.2.1", "2001:db8::1"]
    assert {one.direction for one in read.media} == {"recvonly"}
    assert face.dtls is not None
    assert face.dtls.role == "server"


def test_a_viewers_answer_names_what_is_sent() -> None:
    offer = read_description(OFFER.replace("a=sendonly", "a=recvonly"))
    track = Track(TrackId("mem_a/camera"), "video")
    track.is_up = True
    numbers = iter(range(100, 200))
    plan, outlets = plan_view(
        offer,
        {"1": track.name},
        Grants(receive=frozenset({track.name})),
        {track.name: track},
        {},
        draw_ssrc=lambda: next(numbers),
    )
    read = SessionDescription.parse(write_description(7, 1, TRANSPORT, plan.lines))
    assert read.media[0].direction == "inactive"
    assert read.media[1].direction == "sendonly"
    assert read.media[1].msid == "mem_a mem_a/camera"
    assert [one.ssrc for one in read.media[1].ssrc] == [100, 101]
    assert (outlets["1"].ssrc, outlets["1"].repair_ssrc) == (100, 101)


def test_red_over_another_opus_than_the_offered_is_not_taken() -> None:
    offer = read_description(OFFER.replace("a=fmtp:63 111/111", "a=fmtp:63 0/0"))
    choice = choose(offer.sections[0], with_mid=True)
    assert choice is not None
    assert choice.types == {"opus": 111}


def test_extension_ids_beyond_the_short_form_are_not_taken() -> None:
    offer = read_description(OFFER.replace("a=extmap:1 ", "a=extmap:15 "))
    choice = choose(offer.sections[0], with_mid=True)
    assert choice is not None
    assert choice.extensions == {MID: 4}


def test_a_data_channel_is_turned_down_and_the_rest_goes_on() -> None:
    channel = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n"
    offer = read_description(OFFER + channel)
    plan = plan_publish(offer, {"0": "microphone"}, BOTH)
    text = write_description(7, 1, TRANSPORT, plan.lines)
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in text
    assert "a=group:BUNDLE 0 1\r\n" in text


REPLACED = {
    "sections": ("m=", "x="),
    "origin": ("o=- 1392143343127697890", "o=- x"),
    "bundle": ("a=group:BUNDLE 0 1", "a=group:BUNDLE 0 2"),
    "ice-pwd": ("a=ice-pwd:", "a=other:"),
    "ice": ("a=ice-pwd:A5Jt0SKgS15hmdhr7mEIv7aT", "a=ice-pwd:short"),
    "fingerprint": ("sha-256", "sha-1"),
    "setup": ("a=setup:actpass", "a=setup:both"),
    "media": ("m=video 9 ", "m=video nine "),
    "mid": ("a=mid:1", "a=mid:" + "1" * 17),
    "rtcp-mux": ("a=rtcp-mux\r\n", ""),
    "direction": ("a=sendonly", "a=sendonly\r\na=recvonly"),
    "formats": ("SAVPF 96", "SAVPF 396"),
    "rtpmap": ("opus/48000/2", "opus"),
    "extmap": ("a=extmap:1 ", "a=extmap:0 "),
    "ssrc": ("a=ssrc:1090603519", "a=ssrc:99999999999"),
    "ssrc-group": ("a=ssrc-group:FID 2452086684", "a=ssrc-group:FID"),
    "attribute": ("a=setup:actpass", "a=Setup:actpass"),
    "line": ("s=-", "s=" + "x" * MAX_LINE),
    "lines": ("v=0", "v=1"),
}


@pytest.mark.parametrize("reason", sorted(REPLACED))
def test_each_fault_is_refused_by_its_name(reason: str) -> None:
    before, after = REPLACED[reason]
    with pytest.raises(MediaError) as caught:
        read_description(OFFER.replace(before, after))
    assert caught.value.code == "media.sdp"
    assert caught.value.details == {"reason": reason}


def test_an_m_line_that_names_another_certificate_than_the_first_is_refused() -> None:
    head, _, tail = OFFER.rpartition(FINGERPRINT)
    with pytest.raises(MediaError) as caught:
        read_description(head + ":".join(["CD"] * 32) + tail)
    assert caught.value.details == {"reason": "fingerprint"}


def test_more_m_lines_than_a_view_may_have_are_refused() -> None:
    with pytest.raises(MediaError) as caught:
        read_description("v=0\r\n" + "m=audio 0 X 0\r\n" * (MAX_SECTIONS + 1))
    assert caught.value.details == {"reason": "sections"}


@given(st.lists(st.tuples(st.integers(0, 60), st.text(max_size=40)), max_size=6))
def test_an_offer_with_garbage_in_it_is_read_or_refused(changes: list[tuple[int, str]]) -> None:
    lines = OFFER.split("\r\n")
    for at, text in changes:
        lines[at % len(lines)] = lines[at % len(lines)][:8] + text
    try:
        offer = read_description("\r\n".join(lines))
        plan_publish(offer, {"0": "microphone"}, BOTH)
    except MediaError as fault:
        assert fault.code in {"media.sdp", "media.too-large"}  # noqa: PT017 - reading it is fine too
