"""Isolated sites on one machine: namespaces in a star, where each site reaches its hub's openings only.

`Network` makes a hub, sites on subnets of their own and, where asked, a site edge (the site then has no link
to the hub at all), a wire with weather between site and hub, and an `outside` for those who are at no site.
Each site sends whatever it does not know to the hub, as an attacker would: that nothing comes through is the
walls' doing. Needs root and Linux; ask `tests.support.networks_names.obstacle` first. No name ever leaves
these namespaces.
"""

import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from tests.support.impair_wire import Wire
from tests.support.networks_names import PLACE, new_stem, remove, sweep
from tests.support.networks_walls import Opening, ruleset

ROOT: Final = Path(__file__).resolve().parents[2]
HUB: Final = "hub"
OUTSIDE: Final = "outside"
UPLINK: Final = "uplink"
INSIDE: Final = "inside"
PATIENCE: Final = 20.0  # seconds for one configuring command on a loaded machine
_RESERVED: Final = (HUB, "edge-", "wire-")
_TO_HUB: Final = IPv4Network("10.201.0.0/16")
_TO_EDGE: Final = IPv4Network("10.202.0.0/16")
# The defaults that a hub's operator must not rely on are written out.
_CLOSED: Final = (
    "net.ipv4.ip_forward=0",
    "net.ipv6.conf.all.forwarding=0",
    "net.ipv4.conf.all.proxy_arp=0",
    "net.ipv4.conf.all.arp_ignore=1",
    "net.ipv4.conf.all.rp_filter=1",
    "net.ipv4.conf.all.accept_redirects=0",
)
_OPEN: Final = ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.proxy_arp=1")
_NO_DAD: Final = ("net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0")
_MUTE: Final = ("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """Ports of the hub that each link may use: UDP for media (first to last), TCP for everything else."""

    media: tuple[int, int] = (40000, 40000)
    tcp: int = 8443
    # At a site's edge: the relay's own port on the site's side, and the ports it relays from.
    turn: int = 3478
    relayed: tuple[int, int] = (50000, 50099)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """One cable: `near` is the side that serves; a wire may lie between."""

    near: str
    near_device: str
    far: str
    far_device: str
    subnet: IPv4Network
    wire: str | None = None

    @property
    def near_address(self) -> IPv4Address:
        return self.subnet[1]

    @property
    def far_address(self) -> IPv4Address:
        return self.subnet[2]


def edge_of(site: str) -> str:
    """The place of a site's edge."""
    return f"edge-{site}"


class Network:
    """A context manager: the namespaces live inside the `with`, and so do all processes started in them.

    Places are `hub`, the sites by name, `edge-SITE` for edged sites and `outside`. With `walled` off the hub
    forwards everything, answers for everyone and filters nothing: the control that a probe can succeed.
    """

    def __init__(
        self,
        *sites: str,
        edged: Collection[str] = (),
        impaired: Collection[str] = (),
        outside: bool = False,
        openings: Openings = Openings(),
        walled: bool = True,
    ) -> None:
        names = [*sites, *([OUTSIDE] if outside else [])]
        if bad := [name for name in names if not PLACE.fullmatch(name) or name.startswith(_RESERVED)]:
            raise ValueError(f"not names of sites: {bad}")
        if strangers := {*edged, *impaired} - {*names}:
            raise ValueError(f"no such sites: {sorted(strangers)}")
        self.openings = openings
        self.sites = tuple(names)
        self.walled = walled
        self._edged = frozenset(edged)
        self._impaired = frozenset(impaired)
        self._stem = new_stem()
        self._links = list(self._plan())
        self._running: list[subprocess.Popen[Any]] = []
        self._wires: dict[str, Wire] = {}

    def __enter__(self) -> Self:
        sweep()
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process inside and remove the namespaces. Idempotent."""
        for wire in self._wires.values():
            wire.close()
        for process in self._running:
            process.kill()
        for place in self.places:
            remove(self.namespace(place))
        for process in self._running:
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        self._running.clear()
        self._wires.clear()

    @property
    def places(self) -> list[str]:
        """All namespaces by place, wires included."""
        ends = {place for link in self._links for place in (link.near, link.far, link.wire) if place}
        return sorted({HUB, *ends})

    def namespace(self, place: str) -> str:
        """The machine's name of a place, as in ``ip netns``."""
        return f"{self._stem}-{place}"

    def address(self, place: str) -> str:
        """A site's own address, or that of an edge toward the hub."""
        return str(self._link_of(place).far_address)

    def server(self, place: str) -> str:
        """The one address that a place may talk to: the hub's on its link, or its own edge's."""
        return str(self._link_of(place).near_address)

    @property
    def hub_addresses(self) -> list[str]:
        """The hub's address on each of its links."""
        return [str(link.near_address) for link in self._links if link.near == HUB]

    def wire(self, site: str) -> Wire:
        """The weather between an impaired site, or its edge, and the hub."""
        return self._wires[site]

    def prefix(self, place: str) -> list[str]:
        """What to put before a command to run it at a place."""
        if place not in self.places:
            raise ValueError(f"no such place: {place!r}")
        return ["ip", "netns", "exec", self.namespace(place)]

    def run(
        self, place: str, argv: list[str], *, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a short command to its end; a failure shows what the command said."""
        done = subprocess.run(
            [*self.prefix(place), *argv],
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(f"{place}: {argv} gave {done.returncode}: {done.stderr.strip()}")
        return done

    def spawn(
        self,
        place: str,
        argv: list[str],
        *,
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | IO[Any] | None = None,
        stderr: int | IO[Any] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a process that ends with the network at the latest. Python's own stays unbuffered."""
        process = subprocess.Popen(
            [*self.prefix(place), *argv], cwd=ROOT, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=0
        )
        self._running.append(process)
        return process

    def await_listener(self, place: str, port: int, within: float = PATIENCE) -> None:
        """Return when somebody at a place listens on a TCP port; TimeoutError after `within` seconds."""
        ends = time.monotonic() + within
        while not self.run(place, ["ss", "-Hltn", f"sport = :{port}"]).stdout.strip():
            if time.monotonic() > ends:
                raise TimeoutError(f"nobody listens on port {port} at {place}")
            time.sleep(0.05)  # a program of others' gives no sign but its open port

    def _link_of(self, place: str) -> _Link:
        found = [link for link in self._links if link.far == place]
        if not found:
            raise ValueError(f"no such place: {place!r}")
        return found[0]

    def _plan(self) -> Iterator[_Link]:
        hub_nets, edge_nets = _TO_HUB.subnets(new_prefix=24), _TO_EDGE.subnets(new_prefix=24)
        for site in self.sites:
            end = edge_of(site) if site in self._edged else site
            wire = f"wire-{site}" if site in self._impaired else None
            yield _Link(
                near=HUB, near_device=site, far=end, far_device=UPLINK, subnet=next(hub_nets), wire=wire
            )
            if end != site:
                yield _Link(near=end, near_device=INSIDE, far=site, far_device=UPLINK, subnet=next(edge_nets))

    def _build(self) -> None:
        _ip([f"netns add {self.namespace(place)}" for place in self.places])
        for place in self.places:
            self.run(place, ["sysctl", "-q", "-w", *self._settings(place)])
        _ip(line for link in self._links for line in self._cables(link))
        for place in self.places:
            self.run(place, ["ip", "-batch", "-"], stdin="\n".join(self._addressing(place)) + "\n")
        for link in self._links:
            self._turn_off_offloads(link)
        if self.walled:
            for place in {link.near for link in self._links}:
                self.run(place, ["nft", "-f", "-"], stdin=ruleset(self._openings_of(place)))
        for link in self._links:
            if link.wire is not None:
                self._wires[link.near_device] = self._start_wire(link.wire)

    def _settings(self, place: str) -> list[str]:
        if place.startswith("wire-"):
            return [*_MUTE, "net.ipv4.ip_forward=0"]
        if place == HUB and not self.walled:
            return [*_NO_DAD, *_OPEN]
        return [*_NO_DAD, *_CLOSED]

    def _cables(self, link: _Link) -> Iterator[str]:
        near, far = self.namespace(link.near), self.namespace(link.far)
        if link.wire is None:
            yield _veth(near, link.near_device, far, link.far_device)
            return
        wire = self.namespace(link.wire)
        yield _veth(near, link.near_device, wire, "near")
        yield _veth(wire, "far", far, link.far_device)

    def _addressing(self, place: str) -> Iterator[str]:
        yield "link set lo up"
        for link in self._links:
            if place == link.wire:
                yield from (f"link set {device} arp off up" for device in ("near", "far"))
            if place == link.near:
                yield f"addr add {link.near_address}/24 dev {link.near_device}"
                yield f"link set {link.near_device} up"
            if place == link.far:
                yield f"addr add {link.far_address}/24 dev {link.far_device}"
                yield f"link set {link.far_device} up"
                yield f"route add default via {link.near_address} dev {link.far_device}"

    def _turn_off_offloads(self, link: _Link) -> None:
        """A frame on a wire must be what a cable would carry: full checksums, at most the MTU."""
        for place, device in ((link.near, link.near_device), (link.far, link.far_device)):
            self.run(place, ["ethtool", "-K", device, "tx", "off", "gso", "off", "tso", "off"])

    def _openings_of(self, place: str) -> Iterator[Opening]:
        """Rules for the hub, or for an edge that relays between its site and the hub."""
        media_first, media_last = self.openings.media
        for link in self._links:
            ends = {"link": link.near_device, "served": link.near_address, "peer": link.far_address}
            if link.near == place == HUB:
                yield _opening(ends, "udp", media_first, media_last)
                yield _opening(ends, "tcp", self.openings.tcp, self.openings.tcp)
            elif link.near == place:
                yield _opening(ends, "udp", self.openings.turn, self.openings.turn)
                yield _opening(ends, "tcp", self.openings.turn, self.openings.turn)
                yield _opening(ends, "tcp", self.openings.tcp, self.openings.tcp)
            elif link.far == place:
                ends = {"link": link.far_device, "served": link.near_address, "peer": link.far_address}
                yield _opening(ends, "udp", media_first, media_last, here=False)
                yield _opening(ends, "tcp", self.openings.tcp, self.openings.tcp, here=False)

    def _start_wire(self, place: str) -> Wire:
        process = self.spawn(
            place,
            [sys.executable, "-m", "tests.support.impair", "near", "far"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return Wire(process)


def _opening(ends: dict[str, Any], protocol: Any, first: int, last: int, *, here: bool = True) -> Opening:
    return Opening(**ends, protocol=protocol, first=first, last=last, here=here)


def _veth(one: str, device: str, other: str, peer: str) -> str:
    return f"link add {device} netns {one} type veth peer name {peer} netns {other}"


def _ip(lines: Iterable[str]) -> None:
    done = subprocess.run(
        ["ip", "-batch", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"ip: {done.stderr.strip()}")
