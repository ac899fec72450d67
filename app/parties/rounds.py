"""Which draw is which round of a section, as this node has seen it (draw-protocol §1.5, draw-proof §2).

A node answers for one draw per section and round, the first that it was asked for, and never for another:
a second draw cannot be asked for as if the first had never been. The platform shows the requests of all
earlier rounds, so that a node that is new to a section, too, knows the whole line and holds it from then on.
"""

from typing import Any, Final

from app.parties.errors import NodeRefusalError
from app.parties.evidence import Evidence
from app.parties.node import Node

_HELD: Final = "round"


def hold_round(node: Node, evidence: Evidence) -> None:
    """Write down this draw and those before it as the rounds of their section.

    Raises NodeRefusalError `other_draw` when the book names another draw for one of the rounds, `evidence`
    when the line of requests shown has a gap; then the book is left as it was.
    """
    section, line = _line(evidence)
    for number, draw in line:
        if node.book.get(_HELD, 0, key=_key(section, number)) not in (None, _value(draw)):
            raise _refusal(number)
    for number, draw in line:
        if node.book.put_once(_HELD, 0, _value(draw), key=_key(section, number)) != _value(draw):
            raise _refusal(number)


def _line(evidence: Evidence) -> tuple[str, list[tuple[int, int]]]:
    """The section, and (round, draw) from this draw's round down to the first."""
    own = evidence.at(evidence.draw, "request").body
    section, line = str(own["section"]), []
    draw: int | None = evidence.draw
    for number in range(int(own["round"]), 0, -1):
        body = evidence.at(draw, "request").body
        _check_link(body, section, number, draw)
        line.append((number, int(draw or 0)))
        draw = body["previous"]
    return section, line


def _check_link(body: Any, section: str, number: int, draw: int | None) -> None:
    previous = body["previous"]
    if (body["section"], body["round"]) != (section, number) or (number == 1) != (previous is None):
        raise NodeRefusalError("evidence", "the rounds of the section are not one line")
    if previous is not None and (draw is None or previous >= draw):
        raise NodeRefusalError("evidence", "the round before is not before this one")


def _refusal(number: int) -> NodeRefusalError:
    return NodeRefusalError("other_draw", f"round {number}")


def _key(section: str, number: int) -> str:
    return f"{section} {number}"


def _value(draw: int) -> bytes:
    return str(draw).encode("ascii")
