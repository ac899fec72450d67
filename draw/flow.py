"""Maximum flow on a small network with integer capacities, by shortest augmenting paths (Edmonds and Karp
1972).

Built for flows of at most a panel's seats through a few thousand edges. It knows nothing of cells or
employers."""

from collections import deque
from collections.abc import Hashable

Node = Hashable


class Network:
    """A directed network. `connect` edges, then `push` once; afterwards `reachable` gives the near side of a
    cut."""

    __slots__ = ("_room",)

    def __init__(self) -> None:
        self._room: dict[Node, dict[Node, int]] = {}  # capacity left, both ways

    def connect(self, tail: Node, head: Node, capacity: int) -> None:
        """Add `capacity` from tail to head."""
        ahead = self._room.setdefault(tail, {})
        ahead[head] = ahead.get(head, 0) + capacity
        self._room.setdefault(head, {}).setdefault(tail, 0)

    def push(self, source: Node, sink: Node) -> int:
        """Send as much as possible; returns how much."""
        sent = 0
        while path := self._path(source, sink):
            amount = min(self._room[tail][head] for tail, head in path)
            for tail, head in path:
                self._room[tail][head] -= amount
                self._room[head][tail] += amount
            sent += amount
        return sent

    def reachable(self, source: Node) -> set[Node]:
        """Nodes that could still receive more."""
        return set(self._search(source, None))

    def _path(self, source: Node, sink: Node) -> list[tuple[Node, Node]]:
        before = self._search(source, sink)
        path: list[tuple[Node, Node]] = []
        node: Node = sink
        while node in before and node != source:
            path.append((before[node], node))
            node = before[node]
        return path

    def _search(self, source: Node, sink: Node | None) -> dict[Node, Node]:
        """Breadth first; per node reached, the node before it. Ends early at the sink."""
        before: dict[Node, Node] = {source: source}
        queue = deque([source])
        while queue:
            tail = queue.popleft()
            for head, room in self._room.get(tail, {}).items():
                if room and head not in before:
                    before[head] = tail
                    if head == sink:
                        return before
                    queue.append(head)
        return before
