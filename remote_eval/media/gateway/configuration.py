"""What a gateway knows: who it is, which hub it dials and by which key it knows it (site-gateway.md §6)."""

import json
import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from crypto.errors import SignatureError
from crypto.signing import SigningKey, validate_public
from remote_eval.errors import MediaError

KEY_FILE: Final = "site.key"
CONFIGURATION: Final = "gateway.json"
MAX_ADDRESSES: Final = 8
_NAMES: Final = {"site", "device", "hub", "hub_key", "bind", "port", "addresses"}
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_MAX_BYTES: Final = 16_384
_MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfiguration:
    """`hub` is the address of the hub's pages, `hub_key` its Ed25519 key, `device` the id under which the hub
    knows this gateway. `addresses` are told to the site's clients; media comes in at `bind` and `port`.
    """

    site: str
    device: str
    hub: str
    hub_key: bytes
    bind: str
    port: int
    addresses: tuple[str, ...]

    @property
    def channel(self) -> str:
        """The address of the control channel."""
        parts = urlsplit(self.hub)
        scheme = "wss" if parts.scheme == "https" else "ws"
        return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/v1/gateways/{self.site}/media"


def read_configuration(folder: Path) -> GatewayConfiguration:
    """The configuration in a gateway's folder. Raises MediaError ``gateway.configuration``, OSError."""
    try:
        form: Any = json.loads((folder / CONFIGURATION).read_bytes()[:_MAX_BYTES])
    except ValueError as error:
        raise MediaError("gateway.configuration", reason="json") from error
    if not isinstance(form, dict) or set(form) != _NAMES:
        raise MediaError("gateway.configuration", reason="members")
    return configuration_of(form)


def configuration_of(form: dict[str, Any]) -> GatewayConfiguration:
    """A configuration from its members. Raises MediaError ``gateway.configuration`` with a `reason`."""
    for name in ("site", "device"):
        if not isinstance(form[name], str) or not _NAME.fullmatch(form[name]):
            raise MediaError("gateway.configuration", reason=name)
    if not _is_address(form["hub"]):
        raise MediaError("gateway.configuration", reason="hub")
    addresses = form["addresses"]
    if not isinstance(addresses, list) or not 0 < len(addresses) <= MAX_ADDRESSES:
        raise MediaError("gateway.configuration", reason="addresses")
    if not all(_is_host(one) for one in addresses):
        raise MediaError("gateway.configuration", reason="addresses")
    if not _is_host(form["bind"]):
        raise MediaError("gateway.configuration", reason="bind")
    port = form["port"]
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= _MAX_PORT:
        raise MediaError("gateway.configuration", reason="port")
    try:
        key = bytes.fromhex(str(form["hub_key"]))
        validate_public(key)
    except (ValueError, SignatureError) as error:
        raise MediaError("gateway.configuration", reason="hub_key") from error
    return GatewayConfiguration(**(form | {"hub_key": key, "addresses": tuple(addresses)}))


def _is_address(value: object) -> bool:
    """An address of pages: no account, query or fragment, and a port that is one."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        plain = parts.username is None and not parts.query and not parts.fragment
        return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and parts.port != 0
    except ValueError:
        return False


def _is_host(value: object) -> bool:
    """A numeric address of this machine: what clients are told is no name."""
    try:
        return isinstance(value, str) and bool(ip_address(value))
    except ValueError:
        return False


def write_configuration(folder: Path, form: dict[str, Any]) -> None:
    """Put a checked configuration into the folder. Raises MediaError, FileExistsError."""
    configuration_of(form)
    text = json.dumps(form, indent=2, sort_keys=True) + "\n"
    _create(folder / CONFIGURATION, text.encode())


def make_key(folder: Path, seed: bytes) -> SigningKey:
    """A new site key, for its owner alone (mode 0600). Raises FileExistsError."""
    _create(folder / KEY_FILE, seed.hex().encode() + b"\n")
    return SigningKey.from_seed(seed)


def read_key(folder: Path) -> SigningKey:
    """The site key. Raises MediaError ``gateway.key`` for one that others may read, OSError."""
    path = folder / KEY_FILE
    if path.stat().st_mode & 0o077:
        raise MediaError("gateway.key", reason="mode")
    try:
        return SigningKey.from_seed(bytes.fromhex(path.read_text("ascii").strip()))
    except (ValueError, SignatureError) as error:
        raise MediaError("gateway.key", reason="content") from error


def _create(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
