"""The three party processes of the demonstration: started together, told whom to trust, and always ended."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from app.demo.processes import Processes
from app.parties.keys import ROLES

NAMES: Final = {"agency": "agency.demo", "supervisor": "supervisor.demo", "cosigner": "cosigner.demo"}


@dataclass(slots=True, kw_only=True)
class Child:
    """A party's process. `identity` is the body of its `key` entry, `url` where it answers."""

    role: str
    identity: dict[str, Any]
    url: str = ""


class Children:
    """A context: at its end every process has ended, whatever happened inside."""

    def __init__(self, out: Path) -> None:
        """Key folders are made under `out`, one for each role."""
        self._out = out
        self._processes = Processes()
        self.parties: list[Child] = []

    def __enter__(self) -> Self:
        """Start all three; they make their keys while the caller goes on."""
        try:
            for role in ROLES:
                folder = self._out / role
                self._processes.start(role, folder, "app.demo.party", (role, NAMES[role]))
        except BaseException:
            self._processes.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self.end()

    def end(self) -> None:
        """End them before the block does, whoever waits for what they say; again does nothing."""
        self._processes.end()

    def identities(self) -> list[dict[str, Any]]:
        """What each party says of itself. Raises AppError ``demo.child``."""
        for role in ROLES:
            self.parties.append(Child(role=role, identity=json.loads(self._processes.line(role))))
        return [child.identity for child in self.parties]

    def serve(self, trust: bytes) -> None:
        """Hand each party the trust file and learn its address. Raises AppError ``demo.child``."""
        for child in self.parties:
            self._processes.tell(child.role, trust.decode("utf-8"))
        for child in self.parties:
            child.url = self._processes.line(child.role)
