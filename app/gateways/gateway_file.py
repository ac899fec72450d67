"""Which carrier serves which channel: read from the operator's TOML file, refused whole when anything in it
is wrong.

    [[gateway]]
    name = "sms.example"             # stands in reports and in POST /v1/gateways/{name}/reports
    kind = "sms"                     # sms, voice, smtp or spool
    url = "https://sms.example/send" # sms and voice; plain http on this machine only
    secret_file = "sms.secret"       # owner-only, beside this file
    report_key = "<64 hex digits>"   # the provider's Ed25519 key
    headers = {Authorization = "Bearer {secret}"}
    body = {id = "{id}", to = "{to}", text = "{text}"}
    answer = {pointer = "/code", accepted = [0], delivered = [2], invalid_number = [1], busy = [9]}

``smtp`` has host, port, tls, sender, user and secret_file; ``spool`` has folder and channels. Channels that
no section serves go to the installation's own spool.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from app.errors import AppError
from app.gateways.http_template import HttpForm, places
from app.gateways.messages import Gateway, RegisteredGateway
from app.gateways.sms_http import PLACES as SMS_PLACES
from app.gateways.sms_http import SmsHttp
from app.gateways.smtp import MailServer, Smtp
from app.gateways.spool import Spool
from app.gateways.voice_http import PLACES as VOICE_PLACES
from app.gateways.voice_http import VoiceHttp
from crypto.errors import SignatureError
from crypto.signing import validate_public

MAX_FILE_BYTES: Final = 256 * 1024
MAX_SECRET_BYTES: Final = 4096
CHANNELS: Final = ("sms", "voice", "email", "letter")
MEANINGS: Final = frozenset({"accepted", "delivered", "invalid_number", "refused", "busy"})
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}", re.ASCII)
_HTTP: Final = {"name", "kind", "url", "secret_file", "report_key", "headers", "body", "answer"}
_SMTP: Final = {"name", "kind", "host", "port", "tls", "sender", "user", "secret_file"}
_SPOOL: Final = {"name", "kind", "folder", "channels"}
_OTHERS: Final = 0o077
# Names that our own reports carry.
_TAKEN: Final = frozenset({"platform", "spool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateways:
    """The carriers by channel, and by name those that may report."""

    by_channel: Mapping[str, Gateway]
    registered: Mapping[str, RegisteredGateway]


def load_gateways(
    file: Path | None, *, data: Path, client: httpx.AsyncClient, clock: Callable[[], datetime] | None = None
) -> Gateways:
    """The carriers of an installation; without a file everything goes to the spool in its data folder.

    `clock` tells spools what has run out of time.

    Raises AppError ``gateways.file`` with the section's number and what is wrong with it.
    """
    spool = Spool(name="spool", folder=data / "spool", clock=clock)
    by_channel: dict[str, Gateway] = dict.fromkeys(CHANNELS, spool)
    registered: dict[str, RegisteredGateway] = {}
    seen: set[str] = set()
    for number, section in enumerate([] if file is None else _sections(file), 1):
        try:
            made = _SectionReader(section, base=_folder(file), data=data, client=client, clock=clock)
            gateway, channels = made.gateway()
            if made.name in seen | _TAKEN or any(by_channel[one] is not spool for one in channels):
                raise ValueError("a name or a channel twice")
            seen.add(made.name)
            by_channel |= dict.fromkeys(channels, gateway)
            registered |= made.registered(channels)
        except (ValueError, KeyError, TypeError, OSError, SignatureError) as error:
            reason = str(error) if isinstance(error, ValueError) else type(error).__name__
            raise AppError("gateways.file", section=number, reason=reason) from None
    return Gateways(by_channel=by_channel, registered=registered)


def _folder(file: Path | None) -> Path:
    return Path() if file is None else file.parent


def _sections(file: Path) -> list[Any]:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
        content = tomllib.loads(data.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise AppError("gateways.file", section=0, reason=type(error).__name__) from None
    sections = content.get("gateway")
    if len(data) > MAX_FILE_BYTES or set(content) != {"gateway"} or not isinstance(sections, list):
        raise AppError("gateways.file", section=0, reason="not a list of [[gateway]]")
    return sections


class _SectionReader:
    """One section, read strictly. Errors name members and never values: a value may be a secret."""

    def __init__(
        self,
        section: Any,
        *,
        base: Path,
        data: Path,
        client: httpx.AsyncClient,
        clock: Callable[[], datetime] | None,
    ) -> None:
        self._section, self._base, self._data, self._client = section, base, data, client
        self._clock = clock
        if not isinstance(section, dict) or not _NAME.fullmatch(str(section.get("name"))):
            raise ValueError("name")
        self.name: str = section["name"]

    def gateway(self) -> tuple[Gateway, tuple[str, ...]]:
        kinds: Mapping[str, Callable[[], tuple[Gateway, tuple[str, ...]]]] = {
            "sms": self._sms,
            "voice": self._voice,
            "smtp": self._smtp,
            "spool": self._spool,
        }
        if self._section.get("kind") not in kinds:
            raise ValueError("kind")
        return kinds[self._section["kind"]]()

    def registered(self, channels: tuple[str, ...]) -> dict[str, RegisteredGateway]:
        if "report_key" not in self._section:
            return {}
        public = bytes.fromhex(self._section["report_key"])
        validate_public(public)
        one = RegisteredGateway(name=self.name, channels=frozenset(channels), public=public)
        return {self.name: one}

    def _sms(self) -> tuple[Gateway, tuple[str, ...]]:
        return SmsHttp(name=self.name, form=self._form(SMS_PLACES), client=self._client), ("sms",)

    def _voice(self) -> tuple[Gateway, tuple[str, ...]]:
        return VoiceHttp(name=self.name, form=self._form(VOICE_PLACES), client=self._client), ("voice",)

    def _smtp(self) -> tuple[Gateway, tuple[str, ...]]:
        self._only(_SMTP)
        tls = self._text("tls", "starttls")
        if tls not in {"starttls", "tls", "none"} or (tls == "none" and not _is_here(self._text("host"))):
            raise ValueError("tls")
        server = MailServer(
            host=self._text("host"),
            port=int(self._section["port"]),
            tls=tls,
            sender=self._text("sender"),
            user=self._text("user", ""),
            password=self._secret(),
        )
        return Smtp(name=self.name, server=server, marks=self._data / "mail" / self.name), ("email",)

    def _spool(self) -> tuple[Gateway, tuple[str, ...]]:
        self._only(_SPOOL)
        channels = tuple(self._section["channels"])
        if not channels or not set(channels) <= set(CHANNELS):
            raise ValueError("channels")
        folder = self._base / self._text("folder")
        return Spool(name=self.name, folder=folder, clock=self._clock), channels

    def _form(self, known: frozenset[str]) -> HttpForm:
        self._only(_HTTP)
        section, url = self._section, urlsplit(self._text("url"))
        if url.scheme != "https" and not (url.scheme == "http" and _is_here(url.hostname or "")):
            raise ValueError("url")
        headers, body, told = section.get("headers", {}), section["body"], dict(section.get("answer", {}))
        pointer = told.pop("pointer", "")
        if not places([headers, body]) <= known or not {"id", "to", "text"} <= places([headers, body]):
            raise ValueError("places in headers and body")
        if not set(told) <= MEANINGS or (told and not pointer.startswith("/")):
            raise ValueError("answer")
        return HttpForm(
            url=url.geturl(),
            headers=headers,
            body=body,
            pointer=pointer,
            words=told,
            secret=self._secret(),
        )

    def _secret(self) -> str:
        if "secret_file" not in self._section:
            return ""
        path = self._base / self._text("secret_file")
        if path.stat().st_mode & _OTHERS:
            raise ValueError("secret_file is readable for others")
        return path.read_text("utf-8")[:MAX_SECRET_BYTES].strip()

    def _only(self, known: set[str]) -> None:
        if not self._section.keys() <= known:
            raise ValueError("unknown member")

    def _text(self, name: str, default: str | None = None) -> str:
        value = self._section.get(name, default)
        if isinstance(value, str):
            return value
        raise ValueError(name)


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
