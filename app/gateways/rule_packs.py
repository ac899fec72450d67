"""Reading rule packs, statutory calendars and specialty codes: those that ship, and an operator's own beside
them.

All are read once, at the start. Resolving layers and judging requests is `draw.avoidance`'s business.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final, Protocol

from app.errors import NotFoundError
from draw.avoidance.layers import MAX_LAYER_BYTES, RulePack, resolve_pack
from draw.calendar import Calendar, read_calendar
from draw.specialties import Specialties, read_csv, read_table

MAX_TABLE_BYTES: Final = 4 * 1024 * 1024
# In the operator's rules folder: the official table of specialty codes, CSV `code,zh` or `code,zh,en`.
OWN_SPECIALTIES: Final = "specialties.csv"


class _Readable(Protocol):
    @property
    def name(self) -> str: ...

    def read_bytes(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePacks:
    """Layers by their id (the file's name without ``.toml``), the calendar and the specialty codes."""

    layers: Mapping[str, bytes]
    calendar: Calendar
    specialties: Specialties
    _resolved: dict[tuple[str, ...], RulePack] = field(default_factory=dict)

    def resolve(self, base: str, overlays: Sequence[str] = ()) -> RulePack:
        """The pack of a base and its overlays. Raises NotFoundError ``pack.unknown``, RulesError for layers
        that clash.
        """
        wanted = (base, *overlays)
        for name in wanted:
            if name not in self.layers:
                raise NotFoundError("pack.unknown", pack=name)
        if wanted not in self._resolved:
            self._resolved[wanted] = resolve_pack([(name, self.layers[name]) for name in wanted])
        return self._resolved[wanted]


def load_rule_packs(folder: Path | None = None) -> RulePacks:
    """What ships with the package; files of `folder` (``packs``, ``calendars``) add to it or take the place
    of a namesake, and its ``specialties.csv`` replaces the table. Raises RulesError for one with faults.
    """
    shipped = resources.files("draw")
    packs = _toml(shipped.joinpath("avoidance", "packs").iterdir(), limit=MAX_LAYER_BYTES)
    years = _toml(shipped.joinpath("calendars").iterdir(), limit=MAX_LAYER_BYTES)
    if folder is not None:
        packs |= _toml(_files(folder / "packs"), limit=MAX_LAYER_BYTES)
        years |= _toml(_files(folder / "calendars"), limit=MAX_LAYER_BYTES)
    return RulePacks(
        layers=packs,
        calendar=read_calendar(tomllib.loads(data.decode("utf-8")) for data in years.values()),
        specialties=_specialties(folder),
    )


def _specialties(folder: Path | None) -> Specialties:
    """The operator's table where there is one, else the few codes that ship with the package."""
    own = None if folder is None else folder / OWN_SPECIALTIES
    if own is not None and own.is_file():
        with own.open("rb") as stream:
            return read_csv(stream.read(MAX_TABLE_BYTES + 1), source=OWN_SPECIALTIES)
    tables = resources.files("draw").joinpath("specialty_tables").iterdir()
    (table,) = _toml(tables, limit=MAX_TABLE_BYTES).values()
    return read_table(tomllib.loads(table.decode("utf-8")))


def _files(folder: Path) -> Iterable[_Readable]:
    return sorted(folder.iterdir()) if folder.is_dir() else ()


def _toml(files: Iterable[_Readable], *, limit: int) -> dict[str, bytes]:
    """TOML files by name without suffix, cut one byte above the limit so that their reader refuses them."""
    found = {file.name: file for file in files if file.name.endswith(".toml")}
    return {
        name.removesuffix(".toml"): file.read_bytes()[: limit + 1] for name, file in sorted(found.items())
    }
