"""coturn at a site's edge inside a test network, with the configuration that the product writes for it.

`relaying` starts the real program; `tests.support.turn_client` speaks to it from the site.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import pytest

from remote_eval.media.turn import Relay, turn_config
from tests.support.chromium import is_demanded
from tests.support.networks import Network, edge_of

PROGRAM: Final = "turnserver"
REALM: Final = "edge.example"
# A test's secret is public by nature.
SECRET: Final = "relay-secret-of-a-test-network-0123456789"


def demand_turnserver() -> None:
    """Leave the test out, loudly, where coturn is missing; on a CI machine fail."""
    if shutil.which(PROGRAM):
        return
    if is_demanded():
        pytest.fail("no turnserver on a CI machine (Debian: apt install coturn)")
    pytest.skip(
        "NO TURNSERVER: tests of a site's relay are LEFT OUT of this run (Debian: apt install coturn)"
    )


def relay_of(network: Network, site: str) -> Relay:
    """The relay of a site's edge as its operator would describe it."""
    edge = edge_of(site)
    return Relay(
        listen=IPv4Address(network.server(site)),
        outward=IPv4Address(network.address(edge)),
        hubs=(IPv4Address(network.server(edge)),),
        realm=REALM,
        secret=SECRET,
        port=network.openings.turn,
        relay_ports=network.openings.relayed,
    )


@contextmanager
def relaying(network: Network, site: str, folder: Path) -> Iterator[Relay]:
    """Run coturn at the edge of `site` inside the `with`; it keeps its traces in `folder`."""
    relay = relay_of(network, site)
    config, log = folder / "turnserver.conf", folder / "turnserver.log"
    # The operator's file, and where this run keeps its traces.
    local = f"pidfile={folder / 'pid'}\nuserdb={folder / 'turndb'}\nlog-file={log}\nsimple-log\n"
    config.write_text(turn_config(relay).replace("syslog\n", local), encoding="ascii")
    config.chmod(0o600)
    with log.open("ab") as sink:
        process = network.spawn(edge_of(site), [PROGRAM, "-c", str(config)], stdout=sink, stderr=sink)
    try:
        network.await_listener(edge_of(site), relay.port)
        yield relay
    finally:
        process.terminate()
        process.wait(timeout=10)
