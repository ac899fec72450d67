"""Wire shapes of cases, strict. Meaning is checked by `app.usecases.room.cases`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.api.campaign_schemas import Seat
from app.api.schemas import Hex32, Id, Text, Wire

Reason = Literal[
    "phone-found-inside",
    "outside-contact",
    "identity-mismatch",
    "left-without-leave",
    "undue-influence",
    "disclosure",
    "conflict-concealed",
    "tampering",
    "other-breach",
]
State = Literal["opened", "decided", "transferred", "closed"]
Outcome = Literal["vacated", "stays"]
# A site and the code of a point of the checklist.
Node = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,63}/[a-z-]{1,32}$", examples=["ste_0a1b/conduct"])
]


class CaseIn(Wire):
    """A case. `seat` and `member`, an expert in the room, are two ways to name the same: one of them, or
    none. `alert` is one of the site's devices, `node` one at which a witness told of an exception."""

    reason: Reason
    text: Annotated[str, Field(min_length=1, max_length=1_000, examples=["席位发现手机，已当场收存"])]
    seat: Seat | None = None
    member: Id | None = None
    alert: Id | None = None
    node: Node | None = None


class CaseDecisionIn(Wire):
    """Whether whoever sits there is replaced; `cause` is the class of the event by which the seat passes on.

    The reason goes to the campaign with the case's id, as the note of whoever vacates a seat."""

    outcome: Outcome
    cause: Literal["conflict", "recusal", "venue"] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=150, examples=["违规携带通讯设备，予以更换"])]


class CaseTransferIn(Wire):
    """To which office a decided case is handed over, and why."""

    to: Annotated[str, Field(min_length=1, max_length=100, examples=["某市住房和城乡建设局招标投标监督科"])]
    reason: Text = Field(examples=["涉嫌违反评标纪律，依法处理"])


class CaseClosureIn(Wire):
    """Why a decided case ends here."""

    reason: Text = Field(examples=["经核查为场地工作手机，未开机"])


class CaseStepOut(BaseModel):
    """One step. `words` and `to` are null where what is kept does not open any more."""

    number: int
    state: State
    at: str = Field(examples=["2026-11-24T02:10:00Z"])
    by: str
    words: str | None
    to: str | None
    digest: Hex32 = Field(description="of the step's document, as the log holds it")
    log_index: int


class CaseMadeOut(BaseModel):
    """What a step has come to, without any words: `digest` is the step's, as the log holds it."""

    case: str = Field(examples=["cas_0a1b2c3d4e5f60718293"])
    state: State
    outcome: Outcome | None
    seat: int | None
    digest: Hex32
    log_index: int


class CaseOut(BaseModel):
    """A case; `digest` is that of its frozen evidence."""

    case: str
    draw: str
    reason: Reason
    seat: int | None
    state: State
    outcome: Outcome | None
    digest: Hex32
    steps: list[CaseStepOut]


class WholeCaseOut(CaseOut):
    """A case with the document of its first step: its canonical JSON (RFC 8785) has the digest in the log."""

    document: dict[str, Any]


class CaseList(BaseModel):
    """Cases, the oldest first."""

    items: list[CaseOut]


class FindingOut(BaseModel):
    """One item of the case: a step, its words, a room's ledger, a file of a recording, the alert, its site's
    ledger, the witness's entry. `code` is null when it holds."""

    item: Literal["step", "words", "room-ledger", "recording", "alert", "site-ledger", "node"]
    of: str
    ok: bool
    code: str | None


class CaseCheckOut(BaseModel):
    """Whether everything that was frozen is still what it was."""

    case: str
    ok: bool
    items: list[FindingOut]
