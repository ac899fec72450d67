"""The guard that keeps tests on this machine, tried from both sides."""

import socket

import pytest

from tests.support.loopback import OutsideNetworkError, is_here, is_own


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as client, pytest.raises(OutsideNetworkError):
        client.connect(("192.0.2.1", 9))


def test_a_datagram_to_another_machine_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as client, pytest.raises(OutsideNetworkError):
        client.sendto(b"x", ("192.0.2.1", 9))


def test_the_name_of_another_machine_is_not_even_looked_up() -> None:
    with pytest.raises(OutsideNetworkError):
        socket.getaddrinfo("beacon.example", 443)


def test_an_address_of_this_machine_is_here_and_its_neighbour_is_not() -> None:
    # Linux answers for all of 127/8; an address that no interface has cannot be bound.
    assert is_own("127.0.0.2")
    assert not is_own("192.0.2.1")


def test_this_machine_answers() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", True),  # noqa: S104  # an address to judge, not to bind
        (None, True),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
    ],
)
def test_what_counts_as_here(host: str | None, here: bool) -> None:
    assert is_here(host) is here
