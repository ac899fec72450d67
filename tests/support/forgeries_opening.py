"""Forged bundles for checks 14 to 21: everything an opening may lie about (draw-proof §9, §10).

Nothing signs an opening: it must convince by itself. Most forgeries edit an honest one; where the lie has to
stand in the record, the ceremony is held again with dishonest cells.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from crypto.hashing import sha256
from crypto.merkle import Tree
from draw.proof import _leaf as open_leaf
from draw.selection import Position
from tests.support import forgeries_log
from tests.support.ceremony import Ceremony
from tests.support.forgery import RICH, Json, add, cheated, flip, forges, honest, inside, opened, put

PLAIN = replace(RICH, events=())
L = (1 << 252) + 27742317777372353535851937790883648493


def _edit(number: int, name: str, title: str, change: Callable[[Json], Any]) -> None:
    """An honest opening, changed."""
    add(number, name, title, lambda: opened(lambda opening: _done(change(opening))))


def _done(_value: Any) -> None:
    """Makers may end with a value that nobody reads."""


def _leaf_of(opening: Json, at: list[int]) -> Json:
    found: Json = next(leaf for leaf in opening["leaves"] if leaf["at"] == at)
    return found


def _skip(opening: Json, reason: str) -> tuple[Json, int]:
    """(event, place) of the first skip with this reason."""
    return next(
        (event, place)
        for event in opening["events"]
        for place, skip in enumerate(event["skipped"])
        if skip["reason"] == reason
    )


# -- 14 vrf
def _flip_pi(at: int, opening: Json) -> None:
    opening["pi"] = flip(opening["pi"], at)


def _bad_gamma(point: str, opening: Json) -> None:
    opening["pi"] = point + opening["pi"][64:]


for _at in (0, 31, 63, 64, 95, 96, 120, 159):
    _edit(14, f"pi-bit-{_at}", f"digit {_at} of the VRF proof has a flipped bit", partial(_flip_pi, _at))
for _name, _point in {**forgeries_log.SMALL_ORDER, **forgeries_log.NOT_POINTS}.items():
    _edit(14, f"gamma-{_name}", f"Gamma of the VRF proof is bad: {_name}", partial(_bad_gamma, _point))


def _s_plus_order(opening: Json) -> None:
    s = int.from_bytes(bytes.fromhex(opening["pi"][96:]), "little") + L
    put(opening, "pi", value=opening["pi"][:96] + s.to_bytes(32, "little").hex())


_edit(14, "s-not-reduced", "s of the VRF proof plus the group order, the same equation", _s_plus_order)
_edit(14, "pi-all-zero", "a VRF proof of zeros", lambda opening: put(opening, "pi", value="00" * 80))


@forges(14, "a VRF proof of another draw's alpha: a re-roll")
def pi_of_another_draw() -> Json:
    other = Ceremony(replace(RICH, seed=28, events=()))
    pi = Ceremony(RICH).vrf["platform"].prove(other.alpha)
    return opened(lambda opening: put(opening, "pi", value=pi.hex()))


@forges(14, "the platform logged the digest of another beta")
def beta_swapped() -> Json:
    bundle: Json = cheated(RICH, result=inside("beta", value="56" * 32)).bundle()
    return bundle


# -- 15 sizes
_edit(
    15,
    "size-plus-one",
    "a cell that is one larger",
    lambda o: put(o, "sizes", 0, 1, "size", value=o["sizes"][0][1]["size"] + 1),
)
_edit(
    15,
    "size-minus-one",
    "a cell that is one smaller",
    lambda o: put(o, "sizes", 1, 1, "size", value=o["sizes"][1][1]["size"] - 1),
)
_edit(15, "size-zero", "an empty cell", lambda o: put(o, "sizes", 0, 0, "size", value=0))
_edit(
    15,
    "size-salt",
    "another salt",
    lambda o: put(o, "sizes", 0, 0, "salt", value=flip(o["sizes"][0][0]["salt"])),
)
_edit(15, "sizes-swapped", "two cells change sizes", lambda o: o["sizes"].reverse())


def _sealed_lie(name: str, title: str, *path: Any, value: Any) -> None:
    def make() -> Json:
        bundle: Json = cheated(PLAIN, seal=inside(*path, value=value)).bundle()
        return bundle

    add(15, name, title, make)


_sealed_lie(
    "bits-denied", "enough outcomes, and the record denies it", "anonymity", "strata", 0, "bits", value=False
)


@forges(15, "too few experts for anonymity, and the record says enough")
def anonymity_feigned() -> Json:
    plan = replace(PLAIN, rules=replace(PLAIN.rules, anonymity=replace(PLAIN.rules.anonymity, factor=8)))
    lie = [{"met": True, "bits": True} for _ in plan.shape.strata]
    bundle: Json = cheated(plan, seal=inside("anonymity", "strata", value=lie)).bundle()
    return bundle


@forges(15, "no table fits: a site must give a member and has nobody")
def nobody_at_a_site() -> Json:
    ceremony = Ceremony(PLAIN)
    ceremony.bend_cells = lambda cells: replace(
        cells, grid=tuple((replace(line[0], rows=(), tree=Tree([])), *line[1:]) for line in cells.grid)
    )
    cells = ceremony.cells
    ceremony.opening = lambda: {  # type: ignore[method-assign]
        "pi": ceremony.vrf["platform"].prove(ceremony.alpha).hex(),
        "sizes": [[{"size": cell.size, "salt": cell.salt.hex()} for cell in line] for line in cells.grid],
        **{name: [] for name in ("leaves", "rejected", "invitations", "events", "roster")},
    }
    bundle: Json = ceremony.bundle()
    return bundle


# -- 16 leaves
_edit(
    16,
    "leaf-edited",
    "a leaf with one bit changed",
    lambda o: put(o, "leaves", 0, "leaf", value=flip(o["leaves"][0]["leaf"])),
)
_edit(
    16,
    "leaf-proof-edited",
    "a leaf's proof with one bit changed",
    lambda o: put(o, "leaves", -1, "proof", 0, value=flip(o["leaves"][-1]["proof"][0])),
)
_edit(16, "leaf-proof-cut", "a leaf's proof cut short", lambda o: o["leaves"][-1]["proof"].pop())
_edit(
    16,
    "person-swapped",
    "another expert in an opened leaf",
    lambda o: put(_full(o), "person", "pool_leaf", value=flip(_full(o)["person"]["pool_leaf"])),
)
_edit(
    16,
    "person-salt",
    "another salt of a person",
    lambda o: put(_full(o), "person", "salt", value=flip(_full(o)["person"]["salt"])),
)
_edit(
    16,
    "tag-edited",
    "another employer in an opened leaf",
    lambda o: put(_full(o), "employer", "tag", value=flip(_full(o)["employer"]["tag"])),
)
_edit(
    16,
    "tag-salt",
    "another salt of an employer",
    lambda o: put(_full(o), "employer", "salt", value=flip(_full(o)["employer"]["salt"])),
)
_edit(16, "leaf-past-end", "a leaf beyond its cell", lambda o: put(o["leaves"][-1], "at", 2, value=10**6))
_edit(
    16,
    "leaf-of-no-cell",
    "a leaf of a cell that does not exist",
    lambda o: put(o["leaves"][-1], "at", 0, value=99),
)


def _full(opening: Json) -> Json:
    """The last leaf with both halves open."""
    found: Json = [leaf for leaf in opening["leaves"] if leaf["person"] and leaf["employer"]][-1]
    return found


# -- 17 attempts
def _accepted_as_rejected(kind: str) -> Callable[[Json], None]:
    """The accepted attempt is called rejected, to reach the next one."""

    def change(opening: Json) -> None:
        panel = sorted(_first_panel())
        opening["rejected"].append({"kind": kind, "at": [list(at) for at in panel[:2]]})

    return change


def _first_panel() -> list[tuple[int, int, int]]:
    return [(at.stratum, at.site, at.index) for at in Ceremony(RICH).outcome.drawn.selection.seats]


_edit(
    17,
    "reroll-claiming-a-person",
    "the panel is called a repeated person, to draw again",
    _accepted_as_rejected("person"),
)
_edit(
    17,
    "reroll-claiming-an-employer",
    "the panel is called one employer's, to draw again",
    _accepted_as_rejected("employer"),
)
_edit(
    17,
    "rejected-elsewhere",
    "a conflict at positions that the attempt never took",
    lambda o: put(o, "rejected", 0, "at", value=_elsewhere(o)),
)
_edit(17, "rejected-one-position", "a conflict of one", lambda o: o["rejected"][0]["at"].pop())
_edit(
    17,
    "rejected-same-position",
    "a position in conflict with itself",
    lambda o: put(o, "rejected", 0, "at", 1, value=o["rejected"][0]["at"][0]),
)
_edit(17, "rejected-descending", "positions in another order", lambda o: o["rejected"][0]["at"].reverse())
_edit(
    17,
    "rejected-other-kind",
    "a conflict of the other kind",
    lambda o: put(
        o, "rejected", 0, "kind", value={"person": "employer", "employer": "person"}[o["rejected"][0]["kind"]]
    ),
)
_edit(
    17,
    "rejected-unopened",
    "a conflict without the leaves that would show it",
    lambda o: _close(o, o["rejected"][0]["at"][0], o["rejected"][0]["kind"]),
)
_edit(17, "rejections-swapped", "two rejected attempts change places", lambda o: o["rejected"].reverse())


def _elsewhere(opening: Json) -> list[list[int]]:
    taken = [at for one in opening["rejected"] for at in one["at"]]
    return sorted(leaf["at"] for leaf in opening["leaves"] if leaf["at"] not in taken)[:2]


def _close(opening: Json, at: list[int], half: str) -> None:
    _leaf_of(opening, at)[half] = None


# -- 18 panel
_edit(18, "conflict-accepted", "a panel in conflict is called accepted", lambda o: o["rejected"].pop())
_edit(
    18,
    "all-attempts-accepted",
    "the very first attempt is called accepted",
    lambda o: put(o, "rejected", value=[]),
)
_edit(
    18,
    "panel-member-unopened",
    "a member whose person is kept back",
    lambda o: _close(o, _only_panel(o), "person"),
)
_edit(
    18,
    "panel-employer-unopened",
    "a member whose employer is kept back",
    lambda o: _close(o, _only_panel(o), "employer"),
)
_edit(
    18,
    "panel-leaf-missing",
    "a member whose leaf is kept back",
    lambda o: o["leaves"].remove(_leaf_of(o, _only_panel(o))),
)


def _only_panel(opening: Json) -> list[int]:
    """A position of the panel as drawn that no rejected attempt names."""
    named = [at for one in opening["rejected"] for at in one["at"]]
    return next(list(at) for at in _first_panel() if list(at) not in named)


# -- 19 replacement
_edit(
    19, "seat-swapped", "the event is opened for another seat", lambda o: put(o, "events", 0, "seat", value=1)
)
_edit(
    19,
    "seat-salt",
    "another salt of a seat",
    lambda o: put(o, "events", 0, "salt", value=flip(o["events"][0]["salt"])),
)
_edit(19, "event-unopened", "the last event is not opened", lambda o: o["events"].pop())
_edit(19, "event-number", "events opened under other numbers", lambda o: put(o, "events", 0, "t", value=7))
_edit(
    19,
    "skip-hidden",
    "a candidate passed over silently",
    lambda o: _skip(o, "employer")[0]["skipped"].pop(_skip(o, "employer")[1]),
)
_edit(
    19,
    "skip-invented",
    "a candidate skipped who was never next",
    lambda o: o["events"][0]["skipped"].insert(0, {"i": 10**6, "reason": "used", "against": []}),
)
_edit(
    19,
    "skip-called-used",
    "a rival skipped as used",
    lambda o: _skip(o, "employer")[0]["skipped"][_skip(o, "employer")[1]].update(reason="used", against=[]),
)
_edit(
    19,
    "used-called-employer",
    "a used candidate skipped for the employer",
    lambda o: _skip(o, "used")[0]["skipped"][_skip(o, "used")[1]].update(reason="employer"),
)
_edit(
    19,
    "skip-against-nobody",
    "an employer skip that names nobody",
    lambda o: put(_skip(o, "employer")[0], "skipped", _skip(o, "employer")[1], "against", value=[]),
)
_edit(
    19,
    "skip-against-another",
    "an employer skip that names another member",
    lambda o: (
        put(_skip(o, "employer")[0]["skipped"][_skip(o, "employer")[1]], "against", 0, 2, value=0)
        if _skip(o, "employer")[0]["skipped"][_skip(o, "employer")[1]]["against"][0][2]
        else put(_skip(o, "employer")[0]["skipped"][_skip(o, "employer")[1]], "against", 0, 2, value=1)
    ),
)
_edit(
    19,
    "person-skip-against-nobody",
    "a person skip that names nobody",
    lambda o: put(_skip(o, "person")[0], "skipped", _skip(o, "person")[1], "against", value=[]),
)
_edit(
    19,
    "person-called-employer",
    "a person skip called an employer skip",
    lambda o: _skip(o, "person")[0]["skipped"][_skip(o, "person")[1]].update(reason="employer"),
)
_edit(
    19,
    "chosen-skipped",
    "the rightful successor is skipped as used, to reach the next",
    lambda o: o["events"][0]["skipped"].append({"i": _chosen(0), "reason": "used", "against": []}),
)
_edit(
    19,
    "chosen-skipped-for-employer",
    "the rightful successor is skipped for an employer",
    lambda o: o["events"][0]["skipped"].append({"i": _chosen(0), "reason": "employer", "against": []}),
)


def _chosen(place: int) -> int:
    position = Ceremony(RICH).outcome.picks[place].position
    assert position is not None
    return position.index


# -- 20 roster
_edit(20, "seat-left-out", "a member is not on the roster", lambda o: o["roster"].pop())
_edit(20, "seat-renumbered", "a member under another seat", lambda o: put(o, "roster", 0, "seat", value=50))
_edit(
    20,
    "friend-seated",
    "a friend on the roster, at another position",
    lambda o: put(o, "roster", 0, "at", 2, value=o["roster"][0]["at"][2] + 1),
)
_edit(
    20,
    "name-edited",
    "a friend's name on a drawn expert's seat",
    lambda o: put(o, "roster", 0, "fields", "name", "value", value="某某"),
)
_edit(
    20,
    "name-salt",
    "another salt of a name",
    lambda o: put(
        o, "roster", 0, "fields", "name", "salt", value=flip(o["roster"][0]["fields"]["name"]["salt"])
    ),
)
_edit(
    20,
    "employer-left-out",
    "the law publishes the employer, the roster does not",
    lambda o: o["roster"][0]["fields"].pop("employers"),
)
_edit(
    20,
    "commitment-edited",
    "a commitment with one bit changed",
    lambda o: put(o, "roster", 0, "commitments", 3, value=flip(o["roster"][0]["commitments"][3])),
)
_edit(
    20,
    "pool-index",
    "another place in the pool",
    lambda o: put(o, "roster", 0, "pool", "index", value=o["roster"][0]["pool"]["index"] ^ 1),
)
_edit(
    20,
    "pool-proof",
    "a pool proof with one bit changed",
    lambda o: put(o, "roster", 0, "pool", "proof", 0, value=flip(o["roster"][0]["pool"]["proof"][0])),
)
_edit(20, "roster-twice", "a member listed twice", lambda o: o["roster"].append(o["roster"][-1]))
_edit(
    20,
    "fields-of-another",
    "another member's particulars",
    lambda o: o["roster"][0].update(fields=o["roster"][1]["fields"]),
)


@forges(20, "the phone book comes along: a field that the rules do not publish")
def field_too_many() -> Json:
    ceremony = Ceremony(RICH)
    at = honest("rich")["opening"]["roster"][0]["at"]
    entry = ceremony.snapshot.entry_at(ceremony.cells.row(*at))
    birth = {"value": entry.record.birth, "salt": entry.salts[8].hex()}
    return opened(lambda opening: put(opening, "roster", 0, "fields", "birth", value=birth))


@forges(20, "an expert who was drawn but never stood in the pool")
def not_in_the_pool() -> Json:
    """The cells come from another list, as long as the pool that was logged."""
    ceremony = Ceremony(PLAIN)
    hashes = sorted(ceremony.snapshot.leaf_hashes)
    other = Tree([*hashes[: len(hashes) // 4], *map(sha256, hashes[len(hashes) // 4 :])])
    lie = {"root": other.root.hex(), "size": other.size}
    ceremony.cheats["pool"] = lambda entry: replace(entry, body={**entry.body, **lie})
    bundle: Json = ceremony.bundle()
    return bundle


# -- 21 minimal
def _bystander(ceremony: Ceremony, halves: set[str]) -> Json:
    """A leaf that the draw never needed."""
    bundle: Json = ceremony.bundle()
    shown = [leaf["at"] for leaf in bundle["opening"]["leaves"]]
    at = next([1, 1, i] for i in range(ceremony.cells.grid[1][1].size) if [1, 1, i] not in shown)
    leaf = open_leaf(ceremony.cells, Position(*at), halves)
    bundle["opening"]["leaves"] = sorted([*bundle["opening"]["leaves"], leaf], key=lambda one: one["at"])
    return bundle


add(
    21,
    "bystander-opened",
    "a colleague's name is opened without need",
    lambda: _bystander(Ceremony(RICH), {"person"}),
)
add(
    21,
    "bystander-employer-opened",
    "a colleague's employer is opened without need",
    lambda: _bystander(Ceremony(RICH), {"employer"}),
)
add(
    21, "bystander-leaf-shown", "a leaf that nothing needs, closed", lambda: _bystander(Ceremony(RICH), set())
)


@forges(21, "a rejected candidate's other half is opened too")
def other_half_opened() -> Json:
    ceremony = Ceremony(RICH)
    bundle: Json = ceremony.bundle()
    leaf = next(one for one in bundle["opening"]["leaves"] if one["person"] is None)
    whole = open_leaf(ceremony.cells, Position(*leaf["at"]), {"person", "employer"})
    leaf["person"] = whole["person"]
    return bundle
