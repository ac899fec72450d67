"""Keeps the tests on this machine: a connection or name look-up that leads elsewhere fails its test.

An audit hook sees every socket that Python code opens, whichever library asked. It sees neither child
processes nor sockets that a C library opens by itself
(libpq, libuv); those get loopback addresses from the fixtures.
"""

import functools
import ipaddress
import socket
import sys
from typing import Any

NAMES = {"localhost", "localhost.localdomain", "", None}


class OutsideNetworkError(AssertionError):
    """A test tried to leave the machine."""


def guard_sockets() -> None:
    """Install the guard for the life of the process; there is no way to take an audit hook back."""
    sys.addaudithook(refuse_outside)


def refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise OutsideNetworkError for any address that is not loopback; Unix sockets pass."""
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if not is_here(host):
        raise OutsideNetworkError(f"{event} to {host!r}: tests stay on the loopback addresses")


def is_here(host: str | None) -> bool:
    """Tell whether a host is this machine: by name, by own address, or the unbound one, to listen."""
    if host in NAMES:
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified or is_own(str(address))


@functools.cache
def is_own(address: str) -> bool:
    """Tell whether one of this machine's interfaces has the address: a browser names it as its own."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
