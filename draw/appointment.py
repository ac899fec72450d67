"""Members of a committee who were not drawn: the document, its commitments, the log's record (docs/spec).

Two lawful ways: `self_selected` 自行选定 fills the seats of a draw whose pool ran short, `direct` 直接确定
forms the experts of a committee without any draw. Neither has a Sealed Draw Record, a seed or a proof: what
the log holds is an entry of a type of its own, signed by platform and supervisor. Who may appoint whom, and
storing, is decided elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crypto.canonical import JsonValue, canonical, parse
from crypto.errors import CryptoError
from crypto.hashing import hmac_sha256, tagged
from draw.errors import AppointmentError
from draw.model import HEX32, ID, PARAMETERS_SHAPE, TEXT, TIME, DrawParameters, ExpertRecord
from draw.schema import Integer, Nullable, ObjectOf, checked, one_of

SELF_SELECTED: Final = "self_selected"
DIRECT: Final = "direct"
WAYS: Final = (SELF_SELECTED, DIRECT)
SHORT_POOL: Final = "short_pool"
MAX_DOCUMENT_BYTES: Final = 256 * 1024
MAX_FILE_BYTES: Final = 1 << 40
SALT_BYTES: Final = 32
APPROVAL_SHAPE: Final = ObjectOf({"sha256": HEX32, "size": Integer(1, MAX_FILE_BYTES), "name": TEXT})
_DOCUMENT: Final = ObjectOf(
    {
        "format": one_of("qt/1 appointment"),
        "section": HEX32,
        "way": one_of(*WAYS),
        "fills": Nullable(Integer(0)),
        "reason": ObjectOf({"code": ID, "zh": TEXT, "en": TEXT}),
        "approval": APPROVAL_SHAPE,
        "rules": HEX32,
        "parameters": PARAMETERS_SHAPE,
        "outside": Integer(0),
        "people": HEX32,
        "proposed_at": TIME,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Appointed:
    """One who was chosen, for a stratum and a site. Who is no expert of the pool brings a contact."""

    stratum: str
    site: str
    record: ExpertRecord
    contact: Mapping[str, JsonValue] | None = None

    @property
    def outside(self) -> bool:
        """Whether the person comes from outside the pool."""
        return self.contact is not None

    def to_json(self) -> dict[str, JsonValue]:
        """All members."""
        return {
            "stratum": self.stratum,
            "site": self.site,
            "contact": None if self.contact is None else dict(self.contact),
            "record": self.record.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Chosen:
    """The people by seat, and the secret that their commitments hang on; kept sealed."""

    salt: bytes = field(repr=False)
    people: tuple[Appointed, ...]

    @property
    def commitment(self) -> str:
        """H("qt/1 appointed", salt ‖ C(people)), hexadecimal."""
        return tagged("qt/1 appointed", self.salt, canonical(self._people())).hex()

    @property
    def seat_key(self) -> bytes:
        """Key of the seats' commitments in `invite` entries, 32 bytes."""
        return hmac_sha256(self.salt, b"qt/1 appointed seats")

    @property
    def seed(self) -> bytes:
        """What places in the room are given out by, 32 bytes. It drew nobody."""
        return hmac_sha256(self.salt, b"qt/1 appointed places")

    def to_bytes(self) -> bytes:
        """The stored form, canonical JSON."""
        return canonical({"salt": self.salt.hex(), "people": self._people()})

    @classmethod
    def from_bytes(cls, data: bytes, *, max_bytes: int = 16 * 1024 * 1024) -> "Chosen":
        """Read the stored form back."""
        value: Any = parse(data, max_bytes=max_bytes)
        people = [
            Appointed(**{**one, "record": ExpertRecord.from_json(one["record"])}) for one in value["people"]
        ]
        return cls(salt=bytes.fromhex(value["salt"]), people=tuple(people))

    def _people(self) -> list[JsonValue]:
        return [one.to_json() for one in self.people]


def document(
    *,
    section: bytes,
    way: str,
    fills: int | None,
    reason: Mapping[str, str],
    approval: Mapping[str, Any],
    rules: bytes,
    parameters: DrawParameters,
    chosen: Chosen,
    proposed_at: str,
) -> bytes:
    """The document of an appointment: reason, approval file and seats; of the people a commitment only.

    Raises AppointmentError ``appointment.document``.
    """
    value: dict[str, JsonValue] = {
        "format": "qt/1 appointment",
        "section": section.hex(),
        "way": way,
        "fills": fills,
        "reason": dict(reason),
        "approval": dict(approval),
        "rules": rules.hex(),
        "parameters": parameters.to_json(),
        "outside": sum(one.outside for one in chosen.people),
        "people": chosen.commitment,
        "proposed_at": proposed_at,
    }
    data = canonical(value)
    read_document(data)
    return data


def read_document(data: bytes) -> Mapping[str, Any]:
    """A document's members. Raises AppointmentError ``appointment.document``."""
    try:
        value = parse(data, max_bytes=MAX_DOCUMENT_BYTES)
        found: Mapping[str, Any] = checked(_DOCUMENT, value, AppointmentError, "appointment.document")
        whole = canonical(value) == data and (found["fills"] is None) == (found["way"] == DIRECT)
    except CryptoError as error:
        raise AppointmentError("appointment.document") from error
    if not whole:
        raise AppointmentError("appointment.document")
    return found


def document_digest(data: bytes) -> str:
    """H("qt/1 appointment document", bytes), hexadecimal: what the log's entry and the supervisor name."""
    return tagged("qt/1 appointment document", data).hex()


def entry_body(
    data: bytes,
    *,
    number: int,
    previous: int | None,
    parties: Mapping[str, str],
    opens: str,
) -> dict[str, Any]:
    """The body of the `appointment` entry for a document: counts and digests, nobody's name."""
    told = read_document(data)
    return {
        "section": told["section"],
        "number": number,
        "previous": previous,
        "parties": dict(parties),
        "way": told["way"],
        "fills": told["fills"],
        "reason": told["reason"]["code"],
        "approval": told["approval"]["sha256"],
        "rules": told["rules"],
        "seats": told["parameters"]["committee"]["experts"],
        "outside": told["outside"],
        "document": document_digest(data),
        "deadlines": {"open": opens},
    }


def body_hash(body: Mapping[str, Any]) -> bytes:
    """H("qt/1 appointment", C(body)): stands in `invite` and `open` entries where a draw has its `sdr`."""
    return tagged("qt/1 appointment", canonical(dict(body)))


def agrees(body: Mapping[str, Any], data: bytes) -> bool:
    """Whether an entry's body is the one of this document."""
    same = entry_body(
        data,
        number=body["number"],
        previous=body["previous"],
        parties=body["parties"],
        opens=body["deadlines"]["open"],
    )
    return same == dict(body)


def seats_of(parameters: DrawParameters, people: Sequence[Appointed]) -> list[str]:
    """What is wrong between seats and people: ``seats``, ``strata``, ``sites``; empty when they fit."""
    by_stratum = {one.id: sum(p.stratum == one.id for p in people) for one in parameters.strata}
    by_site = {one.id: sum(p.site == one.id for p in people) for one in parameters.sites}
    faults = []
    if len(people) != parameters.seats or parameters.committee.experts != parameters.seats:
        faults.append("seats")
    if any(by_stratum[one.id] != one.seats for one in parameters.strata):
        faults.append("strata")
    if sum(by_site.values()) != len(people) or any(
        not one.minimum <= by_site[one.id] <= one.maximum for one in parameters.sites
    ):
        faults.append("sites")
    return faults
