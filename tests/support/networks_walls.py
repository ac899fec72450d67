"""The filter of a hub, or of a site's edge: what may pass on each of its links, and nothing else.

`ruleset` gives text for nft(8). Rules are stateless: each names both addresses, the link and the port, in
both directions, so a machine behind a wall neither answers, nor opens, anything that is not listed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """UDP or TCP ports `first` to `last`, listened on at `served` for `peer`, on one link.

    `here` tells whether the machine with the filter is the one that listens.
    """

    link: str
    protocol: Literal["udp", "tcp"]
    served: IPv4Address
    peer: IPv4Address
    first: int
    last: int
    here: bool = True


def ruleset(openings: Iterable[Opening]) -> str:
    """The whole filter: nothing is forwarded; in and out go the openings and the machine's own loop."""
    listed = list(openings)
    return "\n".join(
        [
            "table inet walls {",
            "  chain forward { type filter hook forward priority 0; policy drop; }",
            *_chain("input", "iifname", [_rule(one, inward=True) for one in listed]),
            *_chain("output", "oifname", [_rule(one, inward=False) for one in listed]),
            "}",
            "",
        ]
    )


def _chain(name: str, link: str, rules: list[str]) -> list[str]:
    head = f"  chain {name} {{ type filter hook {name} priority 0; policy drop;"
    return [head, f'    {link} "lo" accept', *(f"    {rule} accept" for rule in rules), "  }"]


def _rule(one: Opening, *, inward: bool) -> str:
    """One direction of an opening; the port stands on the side of whoever listens."""
    link = f'{"iifname" if inward else "oifname"} "{one.link}"'
    toward_served = inward == one.here
    source, target = (one.peer, one.served) if toward_served else (one.served, one.peer)
    port = "dport" if toward_served else "sport"
    return f"{link} ip saddr {source} ip daddr {target} {one.protocol} {port} {one.first}-{one.last}"
