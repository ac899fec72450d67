"""Maximum flow: augmenting paths undo greedy choices, and a cut of the same size proves the flow largest."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from draw.flow import Network

EDGES = [(tail, head) for tail in "sabc" for head in "abct" if tail != head]


def network_of(edges: dict[tuple[str, str], int]) -> Network:
    network = Network()
    for (tail, head), capacity in edges.items():
        network.connect(tail, head, capacity)
    return network


def cut(edges: dict[tuple[str, str], int], near: set[str]) -> int:
    return sum(capacity for (tail, head), capacity in edges.items() if tail in near and head not in near)


def test_a_flow_finds_the_way_back_out_of_a_greedy_first_path() -> None:
    paths = ("sa", "sb", "ac", "ad", "bc", "ct", "dt")
    assert network_of({(path[0], path[1]): 1 for path in paths}).push("s", "t") == 2


def test_a_cut_separates_what_a_full_edge_separates() -> None:
    network = network_of({("s", "a"): 5, ("a", "b"): 2, ("b", "t"): 5})
    assert network.push("s", "t") == 2
    assert network.reachable("s") == {"s", "a"}


def test_edges_between_the_same_nodes_add_up() -> None:
    network = network_of({("s", "t"): 1})
    network.connect("s", "t", 3)
    assert network.push("s", "t") == 4


def test_nothing_flows_where_nothing_is_connected() -> None:
    network = Network()
    assert network.push("s", "t") == 0
    assert network.reachable("s") == {"s"}


@given(edges=st.dictionaries(st.sampled_from(EDGES), st.integers(0, 6)))
def test_the_flow_is_the_least_of_all_cuts_and_names_one(edges: dict[tuple[str, str], int]) -> None:
    network = network_of(edges)
    sent = network.push("s", "t")
    inner = [set(chosen) | {"s"} for size in range(4) for chosen in combinations("abc", size)]
    assert sent == min(cut(edges, near) for near in inner)
    near = {str(node) for node in network.reachable("s")}
    assert "t" not in near
    assert cut(edges, near) == sent
