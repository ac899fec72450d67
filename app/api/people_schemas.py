"""Wire shapes of sessions, credentials, enrolments and accounts. Secrets stand in requests only, but for a
new account's enrolment token.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.api.schemas import Id, Wire

Login = Annotated[str, Field(min_length=1, max_length=64, examples=["wang.op"])]
Password = Annotated[str, Field(min_length=1, max_length=128)]
SixDigits = Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["482913"])]
Token = Annotated[
    str, Field(min_length=1, max_length=80, examples=["mfra-cdef-ghij-klmn-opqr-stuv-wxyz-2345"])
]
Role = Literal["agency", "operator", "supervisor", "site", "witness"]


class SignInIn(Wire):
    """Name, password and a code of the authenticator app."""

    login: Login
    password: Password
    code: SixDigits


class AuthenticatorResponse(Wire):
    """What the authenticator said, base64url (WebAuthn `AuthenticatorResponse`)."""

    clientDataJSON: str = Field(max_length=8_000)  # noqa: N815 - the name that browsers give it
    attestationObject: str | None = Field(default=None, max_length=40_000)  # noqa: N815
    authenticatorData: str | None = Field(default=None, max_length=8_000)  # noqa: N815
    signature: str | None = Field(default=None, max_length=4_000)
    userHandle: str | None = Field(default=None, max_length=200)  # noqa: N815
    publicKey: str | None = Field(default=None, max_length=8_000)  # noqa: N815
    publicKeyAlgorithm: int | None = None  # noqa: N815
    transports: list[Annotated[str, Field(max_length=20)]] | None = Field(default=None, max_length=10)


class Credential(Wire):
    """A `PublicKeyCredential` as `toJSON()` writes it."""

    id: str = Field(min_length=1, max_length=400)
    rawId: str = Field(min_length=1, max_length=400)  # noqa: N815
    type: Literal["public-key"]
    response: AuthenticatorResponse
    authenticatorAttachment: str | None = Field(default=None, max_length=20)  # noqa: N815
    clientExtensionResults: dict[str, Any] = Field(default={}, max_length=20)  # noqa: N815


class PasskeyIn(Wire):
    """A passkey that the browser made, and what its owner calls it."""

    label: str = Field(min_length=1, max_length=60, examples=["办公室安全密钥"])
    credential: Credential


class PasswordIn(Wire):
    """The old password, a code, and the new password."""

    password: Password
    code: SixDigits
    new: Password


class EnrolmentIn(Wire):
    """The token that was handed over."""

    token: Token


class EnrolIn(EnrolmentIn):
    """The token, the chosen password, and the authenticator's first code."""

    password: Password
    code: SixDigits


class UserIn(Wire):
    """A wanted account."""

    login: Login
    name: str = Field(min_length=1, max_length=100, examples=["王工"])
    role: Role
    agency: Id | None = None
    site: Id | None = None


class SessionOut(BaseModel):
    """Who is signed in, and until when."""

    person: str
    login: str
    name: str
    role: Role
    agency: str | None
    site: str | None
    method: Literal["passkey", "password"]
    began_at: str
    ends_at: str
    idle_minutes: int
    password_due: bool = Field(description="Whether it is time to choose another password.")


class PasskeyOut(BaseModel):
    """One passkey of one's own."""

    id: str
    label: str
    created_at: str
    used_at: str | None


class PasskeysOut(BaseModel):
    """The passkeys of one's own account."""

    items: list[PasskeyOut]


class OfferOut(BaseModel):
    """A second factor to set up in an authenticator app."""

    login: str
    secret: str = Field(description="Base32, for typing.")
    address: str = Field(description="otpauth://, for opening in an app.")
    picture: str = Field(description="The same as a QR code: an SVG image as a data: address.")


class UserStateOut(BaseModel):
    """What has become of an account."""

    id: str = Field(examples=["usr_5f0c1d2e3a4b5c6d7e8f"])
    state: Literal["waiting", "enrolling", "usable", "stale", "disabled"]
    created_by: str
    approved_by: str | None
    disabled_at: str | None


class UserOut(UserStateOut):
    """An account as its managers see it."""

    login: str
    name: str
    role: Role
    agency: str | None
    site: str | None
    created_at: str
    seen_at: str | None


class UserTokenOut(UserOut):
    """An account with its enrolment token, which is shown this once only."""

    enrolment: Token
    enrolment_until: str


class UserPage(BaseModel):
    """Accounts by login name; `next` is null on the last page."""

    items: list[UserOut]
    next: str | None
