"""What an operator may set, read from the environment (``QIANTONG_…``).

Every value has a default that works on one machine. Secrets are not settings: key files lie in the data
folder, owner-only, and are made at the first start.
"""

from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

LIVE_POOL_AGE: Final = timedelta(hours=72)


class Settings(BaseSettings):
    """One installation. `database` empty means an SQLite file in the `data` folder.

    `origin` names the log for ever: change it and nobody's trust file fits. `rounds` is an offline file of
    beacon rounds, asked before the `relays`. `rules` is a folder with rule packs and calendars of one's own.
    """

    model_config = SettingsConfigDict(env_prefix="QIANTONG_", extra="ignore", frozen=True)

    data: Path = Path("qiantong-data")
    database: str = ""
    origin: str = Field(default="localhost/qiantong", min_length=1, max_length=200)
    name: str = Field(default="platform", min_length=1, max_length=100)
    mode: Literal["live", "test"] = "live"
    rules: Path | None = None
    rounds: Path | None = None
    relays: tuple[str, ...] = ("https://api.drand.sh", "https://drand.cloudflare.com")
    public_url: str = Field(default="http://127.0.0.1:8000", max_length=200)
    reveal_minutes: int = Field(default=10, ge=1, le=24 * 60)
    result_minutes: int = Field(default=120, ge=1, le=7 * 24 * 60)
    # How long a pool version has to stand in the log before a draw from it is requested; left out, three days
    # in live mode, the span over which a sealed record counts changes, and none in test mode.
    pool_age_hours: int | None = Field(default=None, ge=0, le=366 * 24)
    # Sites whose draw terminals start draws; with one or more, no draw starts anywhere else.
    draw_sites: tuple[str, ...] = Field(default=(), max_length=64)
    # Requests of one caller, and of one address to the public routes, in the notation of `limits`.
    caller_rate: str = "1200/minute"
    public_rate: str = "600/minute"
    # Attempts of one address to sign in or to enrol.
    sign_in_rate: str = "30/minute"
    # Who carries messages (`app.gateways.gateway_file`); without it they lie in the data folder's spool.
    gateways: Path | None = None
    # Whether `serve` works timers and messages too, how often it looks, and Beijing hours without calls.
    worker: bool = True
    worker_seconds: float = Field(default=2.0, gt=0, le=60)
    quiet_hours: str = Field(
        default="21:30-07:30", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"
    )

    # Evaluation rooms: which engine carries media, where it listens, what clients are told, which UDP ports
    # it may take (0: any that is free).
    room_engine: Literal["lite", "janus"] = "lite"
    room_bind: str = Field(default="127.0.0.1", max_length=64)
    room_addresses: tuple[str, ...] = Field(default=("127.0.0.1",), min_length=1, max_length=8)
    # Of `room_addresses`, those that members at a site are told: `{"site": ["10.2.0.5"]}`; others hear all.
    room_site_addresses: dict[str, tuple[str, ...]] = Field(default={}, max_length=64)
    room_ports: tuple[int, ...] = Field(default=(0,), min_length=1, max_length=256)
    # A Janus that runs already, by its two loopback addresses and its seed; without them one of its own,
    # which takes `room_addresses` and UDP ports from the first to the second of `janus_ports`.
    janus_url: str = Field(default="", max_length=200)
    janus_admin_url: str = Field(default="", max_length=200)
    janus_secret_file: Path | None = None
    janus_ports: tuple[int, int] = (20_000, 29_999)

    # Relays at the edges of sites: `{"site": "turn:10.2.0.1:3478"}`, and the file of the secret that they
    # share with the platform.
    room_relays: dict[str, str] = Field(default={}, max_length=64)
    room_relay_secret: Path | None = None

    @property
    def pool_age(self) -> timedelta:
        """How old a pool version has to be."""
        usual = LIVE_POOL_AGE if self.mode == "live" else timedelta(0)
        return usual if self.pool_age_hours is None else timedelta(hours=self.pool_age_hours)

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return self.database or f"sqlite:///{self.file}"

    @property
    def file(self) -> Path:
        """The SQLite file, where no other database is named."""
        return self.data.absolute() / "qiantong.sqlite"

    @property
    def rooms(self) -> Path:
        """The folders of evaluation rooms with their recordings."""
        return self.data.absolute() / "rooms"

    @property
    def keys(self) -> Path:
        """The folder of the platform's own keys."""
        return self.data / "keys"
