"""The world around the platform, as processes: `python -m app.demo.outside FOLDER carrier|devices …`.

`carrier` is `qiantong simulate gateway`, `devices` is `qiantong simulate devices`; both end when their input
closes. The devices tell their address first and are told the file that lists them later: a platform hands out
their ids.
"""

import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.demo.processes import Processes, end_with_input, hear, say
from app.demo.town import town
from app.simulator.device_serving import serve_devices
from app.simulator.serving import serve_simulator

CARRIER: Final = "carrier"
DEVICES: Final = "devices"
# A minute of people passes in a second.
SPEED: Final = 60.0


class Outside:
    """A context: the carrier and the devices run inside of it. `reports` is the platform's address."""

    def __init__(self, out: Path, *, reports: str) -> None:
        """Their folders are made under `out`."""
        self._out, self._reports = out, reports
        self._processes = Processes()
        self.carrier = ""
        self.report_key = ""
        self.devices = ""

    def __enter__(self) -> Self:
        """Start both; they get ready while the caller goes on."""
        try:
            self._processes.start(CARRIER, self._out / CARRIER, "app.demo.outside", (CARRIER, self._reports))
            self._processes.start(DEVICES, self._out / DEVICES, "app.demo.outside", (DEVICES,))
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

    def meet(self) -> None:
        """Learn where both answer, and the carrier's key. Raises AppError ``demo.child``."""
        told = json.loads(self._processes.line(CARRIER))
        self.carrier, self.report_key = str(told["address"]), str(told["report_key"])
        self.devices = self._processes.line(DEVICES)

    def switch_on(self, file: Path) -> None:
        """Have the devices that a file lists work. Raises AppError ``demo.child``."""
        self._processes.tell(DEVICES, str(file))
        self._processes.line(DEVICES)


def main(folder: Path, kind: str, words: Sequence[str]) -> None:
    """Be the carrier or the devices until the input closes."""
    if kind == CARRIER:
        end_with_input()
        people = folder / "people.json"
        people.write_text(town().model_dump_json(), "utf-8")
        key, host = folder / "carrier.key", "127.0.0.1"
        serve_simulator(
            people=people, key=key, reports=words[0], host=host, port=0, speed=SPEED, announce=say
        )
        return
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    say(f"http://{host}:{port}")
    file = Path(hear())
    end_with_input()
    if file.is_file():
        serve_devices(file, host=host, port=port, announce=say, listener=listener)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
