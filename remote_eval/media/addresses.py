"""Which of the hub's addresses a description tells: those that a site's link leads to.

An engine writes every address by which it may be reached into its answers and offers. Where a site's link
leads to some of them alone, its browsers would try the others in vain. Nothing else of a description is
touched, and an address that is not the hub's, as a site gateway's, stays.
"""

from collections.abc import Collection, Iterator, Sequence
from ipaddress import ip_address
from typing import Final

_CANDIDATE: Final = "a=candidate:"
_CONNECTION: Final = "c=IN "
# RFC 8839 §5.1: foundation, component, transport, priority, address.
_AT: Final = 4


def telling(sdp: str, told: Sequence[str], *, known: Collection[str]) -> str:
    """A description that tells no address of the hub, which is reached by `known`, but those of `told`."""
    hidden = frozenset(known) - frozenset(told)
    return "\r\n".join(_lines(sdp, told, hidden))


def _lines(sdp: str, told: Sequence[str], hidden: Collection[str]) -> Iterator[str]:
    for line in sdp.split("\r\n"):
        if line.startswith(_CANDIDATE) and _address(line) in hidden:
            continue
        if line.startswith(_CONNECTION) and line.rpartition(" ")[2] in hidden:
            yield f"{_CONNECTION}IP{ip_address(told[0]).version} {told[0]}"
        else:
            yield line


def _address(line: str) -> str:
    fields = line.split(" ")
    return fields[_AT] if len(fields) > _AT else ""
