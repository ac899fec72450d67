"""What a Janus of ours is told: three files in one folder, for Debian's 1.1.2 (docs/janus.md).

Only the VideoRoom plugin and the WebSocket transport are loaded, through folders of links to just these two.
Every call needs a secret: the API's, the admin's, and the plugin's own for making rooms and forwarding RTP.
Janus speaks on one address that must be loopback; media goes by the interfaces named and no other.
"""

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from remote_eval.errors import MediaError

# Key and certificate of all its connections; whoever starts Janus keeps the file (`keep_identity`).
IDENTITY: Final = "engine.pem"
PLUGIN: Final = "libjanus_videoroom.so"
TRANSPORT: Final = "libjanus_websockets.so"
SEED_BYTES: Final = 32
# Seconds that Janus keeps a session whose connection broke: so long may a revoked leg outlive the adapter.
RECLAIM_S: Final = 5
SESSION_S: Final = 30
# How many lost packets in a row make Janus tell of a slow link.
SLOW_LINK: Final = 20
LIBRARIES: Final = (
    Path("/usr/lib/x86_64-linux-gnu/janus"),
    Path("/usr/lib/aarch64-linux-gnu/janus"),
    Path("/usr/lib/janus"),
    Path("/opt/janus/lib/janus"),
)
_INTERFACE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JanusSecrets:
    """What opens the API, the admin API and the making of rooms; each alone opens nothing else."""

    api: str = field(repr=False)
    admin: str = field(repr=False)
    rooms: str = field(repr=False)

    @classmethod
    def derive(cls, seed: bytes) -> "JanusSecrets":
        """Make the three from one seed of 32 bytes (HMAC-SHA-256 by purpose), so that one file holds all."""
        if len(seed) != SEED_BYTES:
            raise MediaError("media.janus-secret", bytes=len(seed))
        return cls(**{name: _secret(seed, name) for name in ("api", "admin", "rooms")})

    @classmethod
    def read(cls, file: Path) -> "JanusSecrets":
        """Take the seed from a file of 64 hexadecimal digits."""
        try:
            return cls.derive(bytes.fromhex(file.read_text("ascii").strip()))
        except (OSError, ValueError) as fault:
            raise MediaError("media.janus-secret") from fault


def _secret(seed: bytes, purpose: str) -> str:
    return hmac.new(seed, b"qt/1 janus " + purpose.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class JanusConfiguration:
    """Where Janus listens and which ports and interfaces it may use for media."""

    secrets: JanusSecrets
    interfaces: tuple[str, ...]
    address: str = "127.0.0.1"
    port: int = 8188
    admin_port: int = 7188
    media_ports: tuple[int, int] = (20_000, 29_999)
    reclaim_s: int = RECLAIM_S
    library: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what would open Janus to a network or break out of a quoted word."""
        if not ipaddress.ip_address(self.address).is_loopback:
            raise MediaError("media.janus-address")
        if not self.interfaces or not all(_INTERFACE.fullmatch(name) for name in self.interfaces):
            raise MediaError("media.janus-interface")
        low, high = self.media_ports
        if not 1024 <= low < high <= 65_535:
            raise MediaError("media.janus-ports", low=low, high=high)

    @property
    def url(self) -> str:
        """Address of the API."""
        return f"ws://{self.address}:{self.port}"

    @property
    def admin_url(self) -> str:
        """Address of the admin API."""
        return f"ws://{self.address}:{self.admin_port}"


def write_configuration(folder: Path, settings: JanusConfiguration) -> None:
    """Write the files and folders that `janus -F folder` reads, open to this user alone."""
    library = settings.library or _library()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, kind in ((PLUGIN, "plugins"), (TRANSPORT, "transports")):
        place = folder / kind
        place.mkdir(exist_ok=True)
        link = place / name
        link.unlink(missing_ok=True)
        link.symlink_to(library / kind / name)
    for name in ("events", "loggers"):
        (folder / name).mkdir(exist_ok=True)
    _write(folder / "janus.jcfg", _core(folder, settings))
    _write(folder / "janus.transport.websockets.jcfg", _websockets(settings))
    _write(folder / "janus.plugin.videoroom.jcfg", _videoroom(settings))


def _library() -> Path:
    for place in LIBRARIES:
        if (place / "plugins" / PLUGIN).exists() and (place / "transports" / TRANSPORT).exists():
            return place
    raise MediaError("media.janus-missing")


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, "utf-8")


def _core(folder: Path, settings: JanusConfiguration) -> str:
    low, high = settings.media_ports
    return f"""general: {{
    configs_folder = "{folder}"
    plugins_folder = "{folder}/plugins"
    transports_folder = "{folder}/transports"
    events_folder = "{folder}/events"
    loggers_folder = "{folder}/loggers"
    log_to_stdout = false
    log_to_file = "{folder}/janus.log"
    debug_level = 3
    debug_colors = false
    debug_timestamps = true
    api_secret = "{settings.secrets.api}"
    admin_secret = "{settings.secrets.admin}"
    server_name = "qiantong"
    session_timeout = {SESSION_S}
    reclaim_session_timeout = {settings.reclaim_s}
    hide_dependencies = true
}}
certificates: {{
    cert_pem = "{folder}/{IDENTITY}"
    cert_key = "{folder}/{IDENTITY}"
}}
media: {{
    rtp_port_range = "{low}-{high}"
    no_media_timer = 1
    slowlink_threshold = {SLOW_LINK}
    min_nack_queue = 1000
}}
nat: {{
    ice_lite = true
    ignore_mdns = true
    ice_enforce_list = "{",".join(settings.interfaces)}"
}}
plugins: {{
}}
transports: {{
}}
loggers: {{
}}
events: {{
    broadcast = false
}}
"""


def _websockets(settings: JanusConfiguration) -> str:
    return f"""general: {{
    json = "compact"
    ws = true
    ws_ip = "{settings.address}"
    ws_port = {settings.port}
    wss = false
}}
admin: {{
    admin_ws = true
    admin_ws_ip = "{settings.address}"
    admin_ws_port = {settings.admin_port}
    admin_wss = false
}}
"""


def _videoroom(settings: JanusConfiguration) -> str:
    return f"""general: {{
    admin_key = "{settings.secrets.rooms}"
    lock_rtp_forward = true
    string_ids = true
    events = false
}}
"""
