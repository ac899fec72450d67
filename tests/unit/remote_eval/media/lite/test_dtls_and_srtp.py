"""Two associations shake hands in memory; what is not from the expected certificate gets no keys."""

import datetime as dt
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import MediaError
from remote_eval.media.lite.dtls import MTU, Dtls, make_context
from remote_eval.media.lite.identity import from_pem, keep_identity, make_identity, to_pem
from remote_eval.media.lite.srtp import MAX_SENDERS, PROFILES, Srtp

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HUB, SITE, STRANGER = (make_identity(NOW) for _ in range(3))
CONTEXTS = {one.fingerprint: make_context(one) for one in (HUB, SITE, STRANGER)}


def pair(client_expects: str = HUB.fingerprint, server_expects: str = SITE.fingerprint) -> tuple[Dtls, Dtls]:
    client = Dtls(CONTEXTS[SITE.fingerprint], "client", client_expects)
    server = Dtls(CONTEXTS[HUB.fingerprint], "server", server_expects)
    client.start()
    return client, server


def shake(client: Dtls, server: Dtls) -> None:
    """Carry datagrams both ways until nothing is left."""
    for _ in range(20):
        for sender, receiver in ((client, server), (server, client)):
            for datagram in sender.take():
                assert len(datagram) <= MTU
                receiver.feed(datagram)


def connected() -> tuple[Srtp, Srtp]:
    client, server = pair()
    shake(client, server)
    return Srtp(client.keys()), Srtp(server.keys())


def packet(sequence: int, ssrc: int = 9, payload: bytes = b"voice") -> bytes:
    return struct.pack("!BBHII", 0x80, 111, sequence & 0xFFFF, 0, ssrc) + payload


def test_both_sides_agree_on_keys_of_the_strongest_profile() -> None:
    client, server = pair()
    shake(client, server)
    assert client.state == server.state == "connected"
    mine, theirs = client.keys(), server.keys()
    assert (mine.inbound, mine.outbound) == (theirs.outbound, theirs.inbound)
    assert mine.profile == PROFILES[0].number
    assert len(mine.inbound) == 44


@pytest.mark.parametrize("side", ["client", "server"])
def test_another_certificate_than_expected_gets_no_keys(side: str) -> None:
    client, server = (
        pair(client_expects=STRANGER.fingerprint)
        if side == "client"
        else pair(server_expects=STRANGER.fingerprint)
    )
    shake(client, server)
    fooled = client if side == "client" else server
    assert fooled.state == "failed"


def test_a_lost_flight_comes_again_when_it_is_due() -> None:
    client, _ = pair()
    assert client.take()
    due = client.due()
    assert due is not None
    assert 0 < due <= 1
    client._ssl.DTLSv1_handle_timeout()
    client.expire()
    assert client.state == "handshake"


def test_a_goodbye_closes_the_other_side() -> None:
    client, server = pair()
    shake(client, server)
    client.close()
    shake(client, server)
    assert server.state == "closed"


@given(st.binary(min_size=1, max_size=100))
def test_garbage_breaks_no_handshake(garbage: bytes) -> None:
    client, server = pair()
    server.feed(bytes((22,)) + garbage)
    server.feed(bytes((22, 0xFE, 0xFD)) + garbage)
    shake(client, server)
    assert server.state == "connected"


def test_packets_go_through_and_come_out_as_they_were() -> None:
    client, server = connected()
    assert server.open_rtp(client.seal_rtp(packet(1))) == packet(1)
    assert client.open_rtp(server.seal_rtp(packet(1))) == packet(1)
    report = struct.pack("!BBHI", 0x80, 201, 1, 5)
    assert server.open_rtcp(client.seal_rtcp(report)) == report


def test_replayed_flipped_and_foreign_packets_are_nothing() -> None:
    client, server = connected()
    sealed = client.seal_rtp(packet(1))
    assert server.open_rtp(sealed[:-1] + bytes((sealed[-1] ^ 1,))) is None
    assert server.open_rtp(sealed) is not None
    assert server.open_rtp(sealed) is None
    assert server.open_rtp(connected()[0].seal_rtp(packet(2))) is None
    # What a side sent itself is not taken back either.
    assert client.open_rtp(sealed) is None


def test_the_counter_goes_on_beyond_the_sequence_number() -> None:
    client, server = connected()
    for number in range(1, 70_000):
        sealed = client.seal_rtp(packet(number, payload=b""))
        if number % 100 == 0 or number > 69_900:
            assert server.open_rtp(sealed) is not None


def test_a_late_packet_of_before_the_turn_still_opens() -> None:
    client, server = connected()
    sealed = [client.seal_rtp(packet(number)) for number in range(65_000, 66_000)]
    for one in (*sealed[:500], *sealed[600:]):
        assert server.open_rtp(one) is not None
    for one in sealed[500:600]:
        assert server.open_rtp(one) is not None


def test_a_connection_shows_so_many_senders_and_no_more() -> None:
    client, server = connected()
    for ssrc in range(MAX_SENDERS):
        # A forgery uses no place up.
        assert server.open_rtp(packet(1, ssrc + 10_000) + bytes(16)) is None
        assert server.open_rtp(client.seal_rtp(packet(1, ssrc))) is not None
    assert server.open_rtp(client.seal_rtp(packet(1, MAX_SENDERS))) is None
    assert server.open_rtp(client.seal_rtp(packet(2, 0))) is not None


def test_a_packet_that_is_too_long_is_refused_and_not_sent() -> None:
    client, server = connected()
    with pytest.raises(MediaError, match=r"media\.srtp"):
        client.seal_rtp(packet(1, payload=bytes(1400)))
    assert server.open_rtp(bytes(1600)) is None


@pytest.fixture(scope="module")
def server() -> Srtp:
    return connected()[1]


@given(garbage=st.binary(min_size=12, max_size=300))
def test_garbage_opens_to_nothing(server: Srtp, garbage: bytes) -> None:
    assert server.open_rtp(garbage) is None
    assert server.open_rtcp(garbage) is None


def test_an_identity_is_kept_with_its_fingerprint_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "engine.pem"
    made = keep_identity(path, NOW)
    assert keep_identity(path, NOW).fingerprint == made.fingerprint
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_that_is_not_the_certificates_is_refused() -> None:
    key = to_pem(HUB).partition(b"-----BEGIN CERTIFICATE")[0]
    certificate = to_pem(SITE)[to_pem(SITE).index(b"-----BEGIN CERTIFICATE") :]
    for text in (key + certificate, b"", key, certificate):
        with pytest.raises(MediaError, match=r"media\.identity"):
            from_pem(text)
