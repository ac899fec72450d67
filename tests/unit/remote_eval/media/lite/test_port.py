"""The one port against strangers: nothing is answered, nothing is believed, nothing raises."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.media.lite import stun
from remote_eval.media.lite.connecting import Connector
from remote_eval.media.lite.dtls import Dtls, make_context
from remote_eval.media.lite.identity import make_identity
from remote_eval.media.lite.peer import AWAY_MS, CONSENT_MS, Peer, PeerState
from remote_eval.media.lite.port import Port
from remote_eval.media.lite.rtcp import write_receiver_report
from remote_eval.media.lite.rtp import write_header
from remote_eval.media.lite.sdp import Description
from remote_eval.media.lite.srtp import Srtp

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HUB, SEAT = make_identity(NOW), make_identity(NOW)
HUB_CONTEXT, SEAT_CONTEXT = make_context(HUB), make_context(SEAT)
HOME, AWAY, STRANGER = ("192.0.2.1", 1000), ("192.0.2.2", 2000), ("198.51.100.66", 666)


class Quiet(Port):
    """A port without a socket: what it would send is kept."""

    def __init__(self, world: "World") -> None:
        super().__init__(lambda: world.now)
        self.sent: list[tuple[bytes, stun.Address]] = []

    def send(self, data: bytes, address: stun.Address) -> None:
        self.sent.append((data, address))

    def take(self) -> list[tuple[bytes, stun.Address]]:
        taken, self.sent = self.sent, []
        return taken


@dataclass
class World:
    """An engine's port with one connection, and the client at its other end."""

    now: float = 1000.0
    heard: list[bytes] = field(default_factory=list)
    states: list[PeerState] = field(default_factory=list)
    transactions: int = 0

    def __post_init__(self) -> None:
        self.port = Quiet(self)
        connector = self.connector = Connector(self.port, HUB_CONTEXT, lambda count: bytes(range(count)))
        offer = Description(
            session="1",
            sections=(),
            bundle=("0",),
            ufrag="seat",
            password="x" * 22,
            fingerprint=SEAT.fingerprint,
            setup="actpass",
        )
        self.offer = offer
        self.peer: Peer = connector.connect(offer, self, self.states.append)
        self.dtls = Dtls(SEAT_CONTEXT, "client", HUB.fingerprint)
        self.srtp: Srtp | None = None

    def rtp(self, data: bytes, _now: float) -> None:
        self.heard.append(data)

    rtcp = rtp

    def request(self, password: str | None = None, *, user: str | None = None) -> bytes:
        self.transactions += 1
        local = self.peer.local
        return stun.write_request(
            self.transactions.to_bytes(12, "big"),
            user or f"{local.ufrag}:seat",
            (password or local.password).encode(),
            bytes(8),
        )

    def check(self, source: stun.Address = HOME) -> None:
        self.port.receive(self.request(), source)
        assert stun.read_message(self.port.take()[0][0]).kind == stun.SUCCESS

    def connect(self) -> Srtp:
        self.check()
        self.dtls.start()
        for _ in range(6):
            for datagram in self.dtls.take():
                self.port.receive(datagram, HOME)
            for data, address in self.port.take():
                assert address == HOME
                self.dtls.feed(data)
        assert self.states == ["connected"]
        self.srtp = Srtp(self.dtls.keys())
        return self.srtp


@pytest.fixture
def world() -> World:
    return World()


def voice(sequence: int) -> bytes:
    return write_header(111, False, sequence, 0, 9) + b"voice"  # noqa: FBT003


def test_a_check_with_the_password_is_answered_to_where_it_came_from(world: World) -> None:
    world.port.receive(world.request(), HOME)
    ((data, address),) = world.port.take()
    answer = stun.read_message(data)
    assert address == HOME
    assert answer.is_authentic(world.peer.local.password.encode())
    assert answer.attributes[stun.XOR_MAPPED] == stun.xor_address(HOME, answer.transaction)


def test_a_stranger_gets_no_answer_whatever_it_sends(world: World) -> None:
    attempts = {
        "a wrong password": world.request("wrong" * 5),
        "an unknown name": world.request(user="nobody:seat"),
        "a prefix of the name": world.request(user=world.peer.local.ufrag[:-1] + ":seat"),
        "no check at all": b"\x16\xfe\xfd" + bytes(40),
        "media": voice(1) + bytes(16),
        "nothing": b"",
        "an answer that nobody asked for": stun.write_message(stun.SUCCESS, bytes(12), [], b"x"),
    }
    for data in attempts.values():
        world.port.receive(data, STRANGER)
    assert not world.port.take()
    assert world.port.refused == len(attempts)
    assert world.port.unhandled == 0
    assert world.peer.address is None


def test_media_and_handshakes_count_only_from_an_address_that_was_checked(world: World) -> None:
    srtp = world.connect()
    world.port.receive(srtp.seal_rtp(voice(1)), STRANGER)
    assert not world.heard
    world.port.receive(srtp.seal_rtp(voice(2)), HOME)
    assert world.heard == [voice(2)]
    report = write_receiver_report(1, ())
    world.port.receive(srtp.seal_rtcp(report), HOME)
    assert world.heard[-1] == report


def test_a_client_that_moved_is_followed_by_an_authentic_check(world: World) -> None:
    srtp = world.connect()
    world.peer.send_rtp(voice(1))
    assert world.port.take()[0][1] == HOME
    world.check(AWAY)
    world.peer.send_rtp(voice(2))
    assert world.port.take()[0][1] == AWAY
    world.port.receive(srtp.seal_rtp(voice(3)), AWAY)
    world.port.receive(srtp.seal_rtp(voice(4)), HOME)
    assert world.heard == [voice(3), voice(4)]


def test_a_check_sent_again_by_somebody_who_overheard_it_moves_nothing(world: World) -> None:
    world.connect()
    overheard = world.request()
    world.port.receive(overheard, HOME)
    world.port.take()
    world.port.receive(overheard, STRANGER)
    assert not world.port.take()
    assert world.peer.address == HOME
    world.port.receive(overheard, HOME)
    assert len(world.port.take()) == 1


def test_a_restart_takes_new_names_and_drops_the_old_with_the_first_check_by_the_new(world: World) -> None:
    srtp = world.connect()
    old = world.request(), world.request()
    world.connector._chance = lambda count: bytes(range(1, count + 1))
    world.connector.renew(world.peer, world.offer)
    world.port.receive(old[0], HOME)
    assert len(world.port.take()) == 1
    world.check(AWAY)
    world.port.receive(old[1], HOME)
    assert not world.port.take()
    world.port.receive(srtp.seal_rtp(voice(1)), AWAY)
    assert world.heard == [voice(1)]
    assert world.states == ["connected"]


def test_a_silent_client_is_away_and_gets_nothing_once_its_consent_is_old(world: World) -> None:
    world.connect()
    world.now += AWAY_MS + 1
    world.peer.tick(world.now)
    assert world.states == ["connected", "disconnected"]
    world.peer.send_rtp(voice(1))
    assert world.port.take()
    world.now += CONSENT_MS
    world.peer.tick(world.now)
    world.peer.send_rtp(voice(2))
    assert not world.port.take()
    world.check(AWAY)
    assert world.states[-1] == "connected"
    world.peer.send_rtp(voice(3))
    assert world.port.take()[0][1] == AWAY


def test_a_connection_remembers_a_few_addresses_only(world: World) -> None:
    srtp = world.connect()
    for number in range(40):
        world.now += 1
        world.check(("192.0.2.9", 3000 + number))
    assert len(world.port._by_address) == 16
    world.port.receive(srtp.seal_rtp(voice(1)), HOME)
    assert not world.heard


def test_checks_of_one_host_are_limited_and_another_host_is_not(world: World) -> None:
    for _ in range(400):
        world.port.receive(world.request("wrong" * 5), STRANGER)
    world.port.receive(world.request(), STRANGER)
    assert not world.port.take()
    world.check(HOME)
    world.now += 1000
    world.check(STRANGER)


def test_no_more_hosts_are_remembered_than_there_is_room_for(world: World) -> None:
    for number in range(5000):
        world.port.receive(b"\x00", (f"10.0.{number >> 8}.{number & 255}", 1))
    assert len(world.port._limit._buckets) == 4096


def test_a_closed_connection_is_forgotten_by_name_and_address(world: World) -> None:
    world.connect()
    late = world.request()
    world.peer.close()
    assert world.states[-1] == "closed"
    # The goodbye itself.
    assert len(world.port.take()) == 1
    world.port.receive(late, HOME)
    assert not world.port.take()
    assert not world.port._by_name
    assert not world.port._by_address


def test_a_client_that_says_goodbye_is_closed(world: World) -> None:
    world.connect()
    world.dtls.close()
    for datagram in world.dtls.take():
        world.port.receive(datagram, HOME)
    assert world.states[-1] == "closed"


def test_a_client_with_another_certificate_gets_no_media(world: World) -> None:
    world.dtls = Dtls(HUB_CONTEXT, "client", HUB.fingerprint)
    world.check()
    world.dtls.start()
    for _ in range(6):
        for datagram in world.dtls.take():
            world.port.receive(datagram, HOME)
        for data, _ in world.port.take():
            world.dtls.feed(data)
    assert world.states == ["closed"]
    world.peer.send_rtp(voice(1))
    assert not world.port.take()


def test_a_flight_that_got_lost_is_sent_again(world: World) -> None:
    world.check()
    world.dtls.start()
    for datagram in world.dtls.take():
        world.port.receive(datagram, HOME)
    assert world.port.take()
    expires = world.peer._expires_at
    assert expires is not None
    world.peer.tick(expires - 1)
    assert not world.port.take()
    assert 0 < expires - world.now <= 1000


FIRST_BYTES = st.sampled_from([0, 1, 3, 20, 22, 23, 63, 64, 128, 129, 144, 191, 192, 255])


@given(FIRST_BYTES, st.binary(max_size=120), st.booleans())
def test_garbage_never_gets_out_of_the_callback(first: int, rest: bytes, known: bool) -> None:
    world = World()
    world.check()
    data = bytes((first,)) + rest
    world.port.receive(data, HOME if known else STRANGER)
    world.port.receive(b"\x80" + bytes((201,)) + data, HOME)
    assert world.port.unhandled == 0


def test_what_should_never_happen_is_counted_and_goes_no_further(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    srtp = world.connect()

    def fail(_data: bytes, _now: float) -> None:
        raise RuntimeError("a fault of ours")

    object.__setattr__(world.peer._out, "rtp", fail)
    world.port.receive(srtp.seal_rtp(voice(1)), HOME)
    assert world.port.unhandled == 1
    assert "not handled" in caplog.text
