"""What a form offers to choose from: rule packs with the source of every rule, and specialty codes.

Public law and published codes; no credentials, only a rate per address. Choosing a pack happens when a
project is registered.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request

from app.api.declared import problems
from app.api.principals import PlatformDep, public_rate
from app.api.problems import language
from app.api.schemas import Id, PackOut, SpecialtiesOut
from app.errors import Fault, InputRefusedError
from app.usecases.projects import MAX_OVERLAYS
from draw.avoidance.parameters import Parameter
from draw.errors import RulesError

router = APIRouter(prefix="/v1", tags=["public"], dependencies=[Depends(public_rate)])
Overlays = Annotated[list[Id], Query(max_length=MAX_OVERLAYS)]
_NONE: Final[list[str]] = []


@router.get("/packs/{base}", operation_id="getPack", response_model=PackOut, responses=problems(404))
async def get_pack(
    request: Request, platform: PlatformDep, base: Id, overlay: Overlays = _NONE
) -> dict[str, Any]:
    """A rule pack under its overlays: every rule with its value, source and how far the source was seen."""
    words = language(request)
    try:
        pack = platform.packs.resolve(base, overlay)
    except RulesError as error:
        raise InputRefusedError(
            "request.invalid", [Fault(code="pack.clash", pointer="#query/overlay")]
        ) from error
    return {
        "id": pack.rules.id,
        "version": pack.rules.version,
        "title": pack.title[words],
        "rules": [_rule_json(one, words) for one in pack.parameters.values()],
    }


@router.get(
    "/specialties", operation_id="listSpecialties", response_model=SpecialtiesOut, responses=problems()
)
async def get_specialties(request: Request, platform: PlatformDep) -> dict[str, Any]:
    """The known specialty codes; a longer code below one of them may exist without standing here."""
    chinese = language(request) == "zh"
    table = platform.packs.specialties
    return {
        "source": table.source,
        "items": [
            {"code": code, "name": zh if chinese or not en else en}
            for code, (zh, en) in sorted(table.names.items())
        ],
    }


def _rule_json(rule: Parameter, words: str) -> dict[str, Any]:
    return {
        "name": rule.name,
        "value": rule.value,
        "text": rule.note.get(words, ""),
        "source": rule.citation,
        "status": rule.status,
        "layer": rule.layer,
    }
