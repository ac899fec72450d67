"""Wire shapes of appointments, strict: the only place of the API, with the desk, that takes a person.

What is answered names nobody: reason, approval file, counts, digests.
"""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas import Code, Hex32, Id, Org, ParametersIn, Text, Time, Wire

Way = Literal["self_selected", "direct"]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2001-07-01"])]
_MAX_TIES = 64


class WhyIn(Wire):
    """Why nobody is drawn: a code of the rule pack, and the reason in both languages."""

    code: Id = Field(examples=["short_pool"])
    zh: Text = Field(examples=["专家库相关专业合格专家已全部联系"])
    en: Text = Field(examples=["Every eligible expert of the specialty was asked"])


class ApprovalFileIn(Wire):
    """The file that approves it: it stays with its owner, its digest is kept and logged."""

    sha256: Hex32
    size: int = Field(ge=1, le=1 << 40, description="bytes", examples=[48213])
    name: Text = Field(examples=["批复.pdf"])


class EmployerIn(Wire):
    """Work for, or control of, an organisation."""

    org: Org
    role: Literal["staff", "director", "supervisor", "controller", "shareholder"]
    since: Date | None = Field(default=None, alias="from")
    until: Date | None = Field(default=None, alias="to")


class InterestIn(Wire):
    """Kinship with, or an interest in, an organisation."""

    org: Org
    kind: Literal["kin", "holding", "economic"]
    since: Date | None = Field(default=None, alias="from")
    until: Date | None = Field(default=None, alias="to")


class PostIn(Wire):
    """A post in an authority, a supervising body or procurement finance."""

    org: Org
    kind: Literal["authority", "supervision", "finance"]
    since: Date | None = Field(default=None, alias="from")
    until: Date | None = Field(default=None, alias="to")


class OutsideIn(Wire):
    """Somebody who is in no pool, with what the rules of avoidance look at, and how to reach them."""

    name: Text
    id_number: Annotated[str, Field(min_length=15, max_length=18)]
    employers: list[EmployerIn] = Field(max_length=_MAX_TIES)
    specialties: list[Code] = Field(min_length=1, max_length=_MAX_TIES)
    region: Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["350100"])]
    title: Literal["senior", "associate", "intermediate", "none"]
    practice_from: Date
    interests: list[InterestIn] = Field(default=[], max_length=_MAX_TIES)
    duties: list[PostIn] = Field(default=[], max_length=_MAX_TIES)
    phone: Annotated[str, Field(max_length=32)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    channels: list[Literal["sms", "voice", "email"]] = Field(min_length=1, max_length=3)


class ChosenIn(Wire):
    """One of the chosen, for a stratum and a site: an expert of the pool by number, or somebody outside."""

    stratum: Id = Field(examples=["goods"])
    site: Id = Field(examples=["city"])
    expert: Id | None = None
    outside: OutsideIn | None = None


class AppointmentIn(Wire):
    """An appointment to be proposed. `parameters` of a direct one only; a self-selection fills exactly the
    seats that its draw lacks, in the order that they are told."""

    project: Id
    section: Id
    way: Way
    reason: WhyIn
    approval: ApprovalFileIn
    pool: Id = Field(examples=["city"])
    parameters: ParametersIn | None = None
    people: list[ChosenIn] = Field(min_length=1, max_length=99)


class SeenIn(Wire):
    """The document that was looked at, and is approved: its digest."""

    document: Hex32


class RefusalIn(Wire):
    """Why it is refused."""

    reason: Text = Field(examples=["批复文件与申请不符"])


class WhyOut(Wire):
    """The reason, and where the rule pack has it."""

    code: str
    zh: str
    en: str


class FileOut(Wire):
    """The approval file, to be compared with the one on paper or disk."""

    sha256: str
    size: int
    name: str


class NeededOut(Wire):
    """Seats of a stratum, and of a site: counts only."""

    id: str
    seats: int


class AppointmentOut(Wire):
    """An appointment: nobody in it was drawn, and there is no proof that says so. Counts and digests."""

    id: str = Field(examples=["apt_0a1b2c3d4e5f60718293"])
    project: str
    section: str
    way: Way
    drawn: Literal[False] = Field(description="never drawn")
    state: Literal["proposed", "approved", "refused"]
    fills: str | None = Field(description="the draw whose vacant seats it fills")
    draw: str | None = Field(description="what invitations, seats and roster of the chosen hang on")
    reason: WhyOut
    approval: FileOut
    seats: int
    outside: int = Field(description="how many of them are in no pool")
    strata: list[NeededOut]
    document: str = Field(description="digest that the supervisor approves, here and on the own node")
    document_text: str = Field(
        description="the document of this digest, canonical JSON: of the people a commitment only"
    )
    proposed_by: str
    proposer: Literal["agency", "operator"]
    decided_by: str | None
    decided_at: Time | None
    decision: str | None
    log_index: int | None = Field(description="of the `appointment` entry")
    created_at: Time


class AppointmentsOut(Wire):
    """Appointments, newest first."""

    items: list[AppointmentOut]


class SelfSelectionOut(Wire):
    """The seats that may be filled by self-selection now; null where no step of the ladder allows it."""

    parameters: ParametersIn | None
    pool: str = Field(description="whose experts may be named by number")


class BesideSeatOut(Wire):
    """Who sits without having been drawn, once names are public."""

    stratum: str
    site: str
    name: str


class BesideOut(Wire):
    """Members of a draw's committee who were not drawn."""

    way: Way
    reason: str
    seats: int
    outside: int
    approval: str = Field(description="SHA-256 of the approval file")
    document: str
    log_index: int
    approved_at: Time
    names: list[BesideSeatOut] | None


class BesidesOut(Wire):
    """What of a committee was not drawn: empty where all of it was."""

    draw: str
    items: list[BesideOut]
