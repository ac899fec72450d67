"""Rule packs: TOML layers, base first, resolved into the rules of a draw and what the proof does not carry.

An overlay may only tighten, or set the parameters that the base names in `overlays_may_set`; anything else is
a fault. Every fault of every layer is reported at once. The digest of a layer is SHA-256 of its bytes, so a
proof names the exact files. Choosing and reading the files is the caller's work."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from draw.avoidance.parameters import HEADER_SHAPE, KINDS, PARAMETER_SHAPE, Parameter
from draw.avoidance.rules import PREDICATES, Layer, Rules
from draw.calendar import DrawWindow
from draw.errors import RulesError
from draw.invitation_terms import Terms
from draw.model import DATE, TEXT
from draw.schema import Faults, ObjectOf, Shape

MAX_LAYER_BYTES: Final = 64 * 1024
MAX_LAYERS: Final = 16


@dataclass(frozen=True, slots=True, order=True)
class LayerFault:
    """A fault in the layer called `layer`: JSON pointer into the TOML, and a code.

    Besides the codes of `draw.schema`: `size`, `syntax`, `base`, `overlay`, `repeated`, `not_for_base`,
    `loosens`, `never_effective`.
    """

    layer: str
    pointer: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A step at which names open: the moment and who may read from then on."""

    tier: int
    when: str
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredOverlay:
    """An overlay that a project needs from a budget in yuan on, or under one of the circumstances."""

    overlay: str
    budget_yuan: int
    circumstances: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePack:
    """The resolved rules with everything that guides a request but does not stand in the proof."""

    rules: Rules
    title: Mapping[str, str]
    window: DrawWindow
    names_open: tuple[Tier, ...]
    avoid_units_alarm: int
    overlays_required: tuple[RequiredOverlay, ...]
    parameters: Mapping[str, Parameter]

    @property
    def invitation(self) -> Terms:
        """How experts are invited. Raises RulesError ``rules.invitation`` for a pack that does not say."""
        try:
            return Terms.from_parameters({name: one.value for name, one in self.parameters.items()})
        except KeyError as error:
            raise RulesError("rules.invitation", parameter=str(error.args[0])) from error

    def citation(self, parameter: str) -> str:
        """The printed source of a parameter, with its mark unless it was read."""
        return self.parameters[parameter].citation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    name: str
    header: Mapping[str, Any]
    effective_to: str | None
    parameters: Mapping[str, Parameter]
    digest: str


def resolve(layers: Sequence[tuple[str, bytes]]) -> Rules:
    """The rules of `layers` (name, TOML bytes), base first. Raises as `resolve_pack`."""
    return resolve_pack(layers).rules


def resolve_pack(layers: Sequence[tuple[str, bytes]]) -> RulePack:
    """The pack of `layers` (name for messages, TOML bytes), base first, overlays in order.

    Raises RulesError("rules.layers", faults=(LayerFault, …)) with all faults, and RulesError("rules.count")
    unless there are 1–16 layers.
    """
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise RulesError("rules.count", count=len(layers), limit=MAX_LAYERS)
    faults: list[LayerFault] = []
    read = [_read(name, data, faults) for name, data in layers]
    whole = [layer for layer in read if layer is not None]
    if len(whole) == len(read):
        _check_roles(whole, faults)
    if faults:
        raise RulesError("rules.layers", faults=tuple(faults))
    merged = _merge(whole, faults)
    span = _effective(whole, faults)
    if faults:
        raise RulesError("rules.layers", faults=tuple(faults))
    return _pack(whole, merged, span)


def _read(name: str, data: bytes, faults: list[LayerFault]) -> _Read | None:
    if len(data) > MAX_LAYER_BYTES:
        faults.append(LayerFault(name, "", "size"))
        return None
    try:
        value = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        faults.append(LayerFault(name, "", "syntax"))
        return None
    found = Faults()
    parameters = value.pop("parameters", None)
    until = value.pop("effective_to", None)
    HEADER_SHAPE.check(value, "", found)
    if until is not None:
        DATE.check(until, "/effective_to", found)
    _check_parameters(parameters, found)
    if found.found:
        faults.extend(LayerFault(name, fault.pointer, fault.code) for fault in found.found)
        return None
    return _Read(
        name=name,
        header=value,
        effective_to=until,
        parameters={key: _parameter(key, item, value["id"]) for key, item in (parameters or {}).items()},
        digest=hashlib.sha256(data).hexdigest(),
    )


def _check_parameters(value: object, found: Faults) -> None:
    if not isinstance(value, dict):
        found.add("/parameters", "missing" if value is None else "type")
        return
    for name, item in value.items():
        at = f"/parameters/{name}"
        if name not in KINDS:
            found.add("/parameters/*" if len(name) > len(max(KINDS, key=len)) else at, "unknown")
            continue
        notes: dict[str, Shape] = {
            key: TEXT for key in ("zh", "en") if isinstance(item, dict) and key in item
        }
        ObjectOf({"value": KINDS[name].shape, **PARAMETER_SHAPE, **notes}).check(item, at, found)
        if name == "committee.expert_share" and not found.found and item["value"][0] > item["value"][1]:
            found.add(f"{at}/value", "range")


def _parameter(name: str, item: Mapping[str, Any], layer: str) -> Parameter:
    note = {key: item[key] for key in ("zh", "en") if key in item}
    return Parameter(
        name=name,
        value=item["value"],
        source=item["source"],
        status=item["status"],
        layer=layer,
        note=MappingProxyType(note),
    )


def _check_roles(layers: Sequence[_Read], faults: list[LayerFault]) -> None:
    base = layers[0].header["id"]
    seen: set[str] = set()
    for place, layer in enumerate(layers):
        if layer.header["kind"] != ("overlay" if place else "base"):
            faults.append(LayerFault(layer.name, "/kind", "overlay" if place else "base"))
        if layer.header["id"] in seen:
            faults.append(LayerFault(layer.name, "/id", "repeated"))
        if place and base not in layer.header["bases"]:
            faults.append(LayerFault(layer.name, "/bases", "not_for_base"))
        seen.add(layer.header["id"])


def _merge(layers: Sequence[_Read], faults: list[LayerFault]) -> dict[str, Parameter]:
    merged = dict(layers[0].parameters)
    settable = layers[0].header["overlays_may_set"]
    for layer in layers[1:]:
        for name, parameter in layer.parameters.items():
            old = merged.get(name)
            fresh = old is None and not KINDS[name].grants
            if name in settable or fresh or (old and KINDS[name].tightens(parameter.value, old.value)):
                merged[name] = parameter
            else:
                faults.append(LayerFault(layer.name, f"/parameters/{name}", "loosens"))
    for name, kind in KINDS.items():
        if not kind.optional and name not in layers[0].parameters:
            faults.append(LayerFault(layers[0].name, f"/parameters/{name}", "missing"))
    return merged


def _effective(layers: Sequence[_Read], faults: list[LayerFault]) -> tuple[str, str | None]:
    since = max(layer.header["effective_from"] for layer in layers)
    ends = [layer.effective_to for layer in layers if layer.effective_to is not None]
    until = min(ends) if ends else None
    if until is not None and until < since:
        faults.append(LayerFault(layers[0].name, "/effective_to", "never_effective"))
    return since, until


def _pack(layers: Sequence[_Read], merged: Mapping[str, Parameter], span: tuple[str, str | None]) -> RulePack:
    value = {name: parameter.value for name, parameter in merged.items()}
    return RulePack(
        rules=_rules(layers, merged, span),
        title=MappingProxyType(
            {lang: " + ".join(layer.header["title"][lang] for layer in layers) for lang in ("zh", "en")}
        ),
        window=DrawWindow(**value["draw_window"]),
        names_open=tuple(Tier(**{**item, "readers": tuple(item["readers"])}) for item in value["names_open"]),
        avoid_units_alarm=value["avoid_units_alarm"],
        overlays_required=tuple(
            RequiredOverlay(**{**item, "circumstances": tuple(item["circumstances"])})
            for item in value.get("overlays_required", ())
        ),
        parameters=MappingProxyType(dict(merged)),
    )


def _rules(layers: Sequence[_Read], merged: Mapping[str, Parameter], span: tuple[str, str | None]) -> Rules:
    value = {name: parameter.value for name, parameter in merged.items()}
    listed = [merged[f"predicates.{code}"] for code in PREDICATES if f"predicates.{code}" in merged]
    return Rules.from_json(
        {
            "id": ":".join(layer.header["id"] for layer in layers),
            "version": "+".join(layer.header["version"] for layer in layers),
            "effective_from": span[0],
            "effective_to": span[1],
            "layers": [
                Layer(id=layer.header["id"], version=layer.header["version"], digest=layer.digest).to_json()
                for layer in layers
            ],
            "committee": {
                "min": value["committee.min"],
                "odd": value["committee.odd"],
                "expert_share": value["committee.expert_share"],
            },
            "owners_max": value.get("owners_max"),
            "qualification": value["qualification"],
            "max_age": value.get("max_age"),
            "predicates": [
                {"code": item.name.split(".")[1], "years": item.value, "citation": item.citation}
                for item in listed
            ],
            "employer_cap": value["employer_cap"],
            "anonymity": {"factor": value["anonymity.factor"], "bits": value["anonymity.bits"]},
            "publish": value["publish"],
        }
    )
