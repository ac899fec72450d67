"""The people of an appointment as they were entered, made into records: experts of the pool, or outside ones.

An outside person is told from the pool by the keyed hash of the identity number: whoever stands in the pool
is entered by expert number, with all that the pool knows of them. Faults name places in the order, nobody.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.errors import Fault
from app.gateways.pool_files import person_hash
from app.store.repositories.contacts import CHANNELS
from crypto.canonical import JsonValue
from draw.appointment import Appointed
from draw.errors import SnapshotError
from draw.identifiers import birth_of, id_number_fault, normal_id_number, org_fault
from draw.model import ExpertRecord
from draw.snapshot import Snapshot

_PHONE: Final = re.compile(r"\+?[0-9]{5,15}")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9.-]{1,189}")
_PLAIN: Final = ("name", "employers", "specialties", "region", "title", "practice_from")
_LISTS: Final = ("interests", "duties", "sanctions")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entered:
    """One person as entered: an expert number, or the fields of an outside person."""

    stratum: str
    site: str
    expert: str | None
    outside: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class People:
    """Those who could be read; faults by place."""

    appointed: tuple[Appointed, ...]
    faults: tuple[Fault, ...] = ()


class Reader:
    """Reads the people of one order against one pool; `fresh` gives a new id."""

    def __init__(
        self,
        snapshot: Snapshot,
        person_key: bytes,
        now: str,
        fresh: Iterable[str],
        *,
        known: Iterable[str] = (),
    ) -> None:
        """`now` is a time of the format; `known` are persons of other pools, who are no outside people."""
        self._by_id = {record.id: record for record in snapshot.records}
        self._persons = {record.person for record in snapshot.records} | set(known)
        self._key, self._now, self._fresh = person_key, now, iter(fresh)
        self._faults: list[Fault] = []

    def read(self, entered: Sequence[Entered]) -> People:
        """Every person, or every fault."""
        found: list[Appointed] = []
        seen: set[str] = set()
        for number, one in enumerate(entered):
            at = f"/people/{number}"
            record = self._record(at, one)
            if record is None:
                continue
            if record.person in seen:
                self._fault("appointment.double", at)
            seen.add(record.person)
            contact = None if one.outside is None else self._contact(f"{at}/outside", one.outside)
            found.append(Appointed(stratum=one.stratum, site=one.site, record=record, contact=contact))
        return People(appointed=tuple(found), faults=tuple(self._faults))

    def _record(self, at: str, one: Entered) -> ExpertRecord | None:
        if (one.expert is None) == (one.outside is None):
            self._fault("appointment.person", at)
        elif one.outside is not None:
            return self._outside(at, one.outside)
        elif one.expert not in self._by_id:
            self._fault("appointment.expert", f"{at}/expert")
        else:
            return self._by_id[str(one.expert)]
        return None

    def _outside(self, at: str, value: Mapping[str, Any]) -> ExpertRecord | None:
        number = str(value["id_number"])
        if id_number_fault(number) is not None:
            self._fault("appointment.id-number", f"{at}/outside/id_number")
            return None
        normal = normal_id_number(number)
        person = person_hash(self._key, normal)
        if person in self._persons:
            self._fault("appointment.in-pool", f"{at}/outside")
            return None
        document = {
            "id": next(self._fresh),
            "person": person,
            **{name: value[name] for name in _PLAIN},
            **{name: value.get(name, []) for name in _LISTS},
            "birth": birth_of(normal),
            "status": "active",
            "valid_from": self._now[:10],
            "valid_to": None,
            "absences": {"changed": self._now, "leave": []},
        }
        try:
            record = ExpertRecord.from_json(document)
        except SnapshotError as error:
            found: Any = error.details["faults"]
            for one in found:
                self._fault(f"schema.{one.code}", f"{at}/outside{one.pointer}")
            return None
        # A code that is nobody's would keep a tie out of sight.
        for name in ("employers", "interests", "duties"):
            for place, tie in enumerate(getattr(record, name)):
                if org_fault(tie.org) is not None:
                    self._fault("appointment.org", f"{at}/outside/{name}/{place}/org")
        return record

    def _contact(self, at: str, value: Mapping[str, Any]) -> dict[str, JsonValue]:
        phone, email, channels = value.get("phone"), value.get("email"), tuple(value["channels"])
        phoned = bool({"sms", "voice"} & set(channels))
        if (phone or phoned) and not _PHONE.fullmatch(phone or ""):
            self._fault("appointment.contact", f"{at}/phone")
        if (email or "email" in channels) and not _EMAIL.fullmatch(email or ""):
            self._fault("appointment.contact", f"{at}/email")
        if not channels or len(set(channels)) < len(channels) or not set(channels) <= set(CHANNELS):
            self._fault("appointment.contact", f"{at}/channels")
        return {"phone": phone or None, "email": email or None, "channels": list(channels)}

    def _fault(self, code: str, pointer: str) -> None:
        self._faults.append(Fault(code=code, pointer=pointer))
