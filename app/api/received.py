"""A request body kept as it came, beside what is malformed about it, so that the rest can be judged as well.

`Received[DrawIn]` reads and documents a body as the model does and refuses nothing: its route asks the use
case for everything else that is wrong and answers once with all of it (R73). A body that is no JSON object at
all is refused alone.
"""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from app.api.problems import MAX_FAULTS, fault_of_pydantic
from app.errors import Fault, InputRefusedError
from app.usecases.faults import together

Model = TypeVar("Model", bound=BaseModel)


class Received(Generic[Model]):
    """`value` has the members of the wire, defaults filled in; with `faults` it is not of the model's
    shape. No dataclass: pydantic would read the fields of one from the body.
    """

    def __init__(self, *, value: dict[str, Any], faults: tuple[Fault, ...]) -> None:
        self.value = value
        self.faults = faults

    def refuse(self, others: Iterable[Fault]) -> None:
        """Raise InputRefusedError ``request.invalid`` with all faults if the body is malformed."""
        if self.faults:
            raise InputRefusedError("request.invalid", together(self.faults, others))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The model's schema, wrapped: documented as the model, never refusing an object."""
        (model,) = get_args(source)

        def read(value: Any, inner: Any) -> Received[Model]:
            try:
                return cls(value=inner(value).model_dump(by_alias=True), faults=())
            except ValidationError as error:
                if not isinstance(value, dict):
                    raise
                return cls(value=filled(model, value), faults=faults_of(error))

        return core_schema.no_info_wrap_validator_function(read, handler(model))


def faults_of(error: ValidationError, prefix: str = "") -> tuple[Fault, ...]:
    """The faults of a body, pointers below `prefix`."""
    return tuple(fault_of_pydantic(one, prefix) for one in error.errors()[:MAX_FAULTS])


def filled(kind: Any, value: Any) -> Any:
    """`value` with the defaults of the model `kind` and without members unknown to it; what is malformed
    stays.
    """
    if get_origin(kind) is list and isinstance(value, list):
        return [filled(get_args(kind)[0], one) for one in value]
    if not (isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(value, dict)):
        return value
    members: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        key = field.alias or name
        if key in value:
            members[key] = filled(field.annotation, value[key])
        elif not field.is_required():
            members[key] = field.get_default(call_default_factory=True)
    return members
