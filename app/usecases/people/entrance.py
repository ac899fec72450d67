"""What signing in needs beside the platform: where passwords are hashed, and who this site is to a passkey.

Made once per process in `app.main`; decides nothing.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.usecases.people.passwords import Passwords
from app.usecases.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """`public_url` is the address people know: its origin is the one that passkeys and cookies belong to."""

    platform: Platform
    public_url: str
    passwords: Passwords = field(default_factory=Passwords)

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a browser names them."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def host(self) -> str:
        """The host name alone: the relying party's id."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether the cookie travels over HTTPS only."""
        return urlsplit(self.public_url).scheme == "https"
