"""Wire shapes of the API, strict: no coercion, no unknown members. Meaning is checked by the use cases.

Members `from` and `min`, `max` of the wire keep their names through aliases. Examples are those of the
OpenAPI document.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.times import from_text

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,63}$", examples=["works-2026-017"])]
Org = Annotated[
    str, Field(pattern=r"^[a-z0-9]{2,16}:[A-Za-z0-9._-]{1,64}$", examples=["uscc:91110108551385082Q"])
]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Time = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$", examples=["2026-12-01T01:00:00Z"])
]


def _is_a_moment(value: str) -> str:
    try:
        from_text(value)
    except ValueError:
        raise PydanticCustomError("no_moment", "no moment") from None
    return value


def _is_a_day(value: str) -> str:
    _is_a_moment(f"{value}T00:00:00Z")
    if value < _FIRST_DAY:
        raise PydanticCustomError("no_moment", "no moment")
    return value


# A time and a day that there are: digits in the right places are not enough.
Moment = Annotated[Time, AfterValidator(_is_a_moment)]
_FIRST_DAY = "1970-01-01"
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_is_a_day)]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Code = Annotated[str, Field(pattern=r"^[A-C]([0-9]{2}){0,3}$", examples=["A08"])]
Region = Annotated[str, Field(pattern=r"^[0-9]{1,6}$", examples=["1101"])]

_MAX_ORGS: Final = 1_000
_MAX_LIST: Final = 64


class Wire(BaseModel):
    """The ground of every request shape."""

    model_config = ConfigDict(strict=True, extra="forbid", validate_by_alias=True, serialize_by_alias=True)


class TimeSpan(Wire):
    """Start and end, UTC."""

    since: Time = Field(alias="from")
    until: Time = Field(alias="to")


class BidderIn(Wire):
    """A bidder with every consortium member. One that withdrew stays, marked."""

    id: Id
    withdrawn: bool = False
    orgs: list[Org] = Field(min_length=1, max_length=_MAX_LIST)


class AvoidUnitIn(Wire):
    """A unit the tenderee names for avoidance, with its reason."""

    org: Org
    reason: Text


class NamedOrg(Wire):
    """The name of an organisation, for people."""

    org: Org
    name: Text


class PackIn(Wire):
    """A rule pack and its overlays."""

    base: Id = Field(examples=["tender.cn"])
    overlays: list[Id] = Field(default=[], max_length=15, examples=[["water.cn"]])


class Terms(Wire):
    """What a tender notice does not tell, and a draw needs."""

    authorities: list[Org] = Field(default=[], max_length=_MAX_ORGS)
    groups: list[list[Org]] = Field(default=[], max_length=_MAX_ORGS)
    avoid_units: list[AvoidUnitIn] = Field(default=[], max_length=_MAX_ORGS)
    prepared_by: list[Hex32] = Field(default=[], max_length=10_000)
    evaluation: TimeSpan
    pack: PackIn
    remote: bool = False
    budget_yuan: int | None = Field(default=None, ge=0, le=10**15)
    circumstances: list[Literal["complex", "social_impact"]] = Field(default=[], max_length=2)


class ProjectIn(Terms):
    """One section of one project."""

    project: Id
    section: Id = Field(examples=["s1"])
    owner: Text = Field(examples=["王工"], description="服务责任人, the person in charge")
    title: Text
    tenderee: Org
    bidders: list[BidderIn] = Field(min_length=1, max_length=_MAX_ORGS)
    names: list[NamedOrg] = Field(default=[], max_length=2_000)


class BiddersIn(Wire):
    """The whole list of bidders, in place of the one before."""

    section: Id
    bidders: list[BidderIn] = Field(min_length=1, max_length=_MAX_ORGS)


class ImportIn(Wire):
    """Everything about an OCDS import but the package itself."""

    ocid: Text | None = None
    project: Id | None = None
    section: Id
    owner: Text
    terms: Terms


class CommitteeIn(Wire):
    """Experts to draw, those seated by the rounds before (a top-up only), the owner's representatives."""

    experts: int = Field(ge=1, le=99)
    seated: int = Field(default=0, ge=0, le=99)
    owners: int = Field(default=0, ge=0, le=99)


class StratumIn(Wire):
    """A specialty group: code prefixes and its seats."""

    id: Id
    prefixes: list[Code] = Field(min_length=1, max_length=_MAX_LIST)
    seats: int = Field(ge=1, le=99)


class SiteIn(Wire):
    """A site: region prefixes and how many members sit there."""

    id: Id
    regions: list[Region] = Field(min_length=1, max_length=_MAX_LIST)
    least: int = Field(alias="min", ge=0, le=99)
    most: int = Field(alias="max", ge=0, le=99)


class ParametersIn(Wire):
    """The public parameters of a draw."""

    rule: Literal["uniform/1"] = "uniform/1"
    committee: CommitteeIn
    strata: list[StratumIn] = Field(min_length=1, max_length=16)
    sites: list[SiteIn] = Field(min_length=1, max_length=16)
    cap: int = Field(default=1, ge=1, le=99)


class DrawIn(Wire):
    """A draw as asked for. There is no member that takes a person."""

    project: Id
    section: Id
    pool: Id = Field(examples=["city"])
    parameters: ParametersIn
    beacon: Literal["quicknet", "default"] | None = None
    override: Text | None = None
    opens_at: Time | None = None
    redraw_reason: Text | None = None
    invitations: Literal["logged", "elsewhere"] = Field(
        default="logged",
        description="`logged`: every invitation and answer is an entry of the log, and a seat passes on only "
        "for a reason that the log shows",
    )


class AbortIn(Wire):
    """Why a draw ends early."""

    reason: Literal["project_cancelled", "request_changed", "infeasible", "fault"]


class ReplaceIn(Wire):
    """A seat that fell vacant, with the evidence as text."""

    seat: int = Field(ge=0, le=98)
    cause: Literal["decline", "timeout", "no_show", "leave", "conflict", "recusal", "venue"]
    evidence: Annotated[str, Field(min_length=1, max_length=100_000)]
    own_order: bool = False


class ReceiptIn(Wire):
    """Whose receipt: an expert's id in the draw's pool."""

    expert: Id = Field(examples=["e000123"])


class SeatedOut(BaseModel):
    """Who sits on a seat, by stratum and site of the request."""

    seat: int
    stratum: str
    site: str
    expert: str
    name: str


class RosterOut(BaseModel):
    """The panel in the end, by seat; a seat that stayed vacant is left out."""

    draw: str
    seats: list[SeatedOut]


class FaultOut(BaseModel):
    """One fault or alarm."""

    code: str
    pointer: str
    detail: str
    project_pointer: str | None = Field(
        default=None, description="place in the registered project, where `pointer` only names that"
    )
    figures: dict[str, int | str] | None = Field(
        default=None, description="what the text names: numbers, limits, times, ids of draws"
    )
    basis: str | None = Field(default=None, description="the source behind it")
    alarm: bool = Field(default=False, description="worth telling, stops nothing")


class ProblemOut(BaseModel):
    """RFC 9457 problem document."""

    type: str
    title: str
    status: int
    code: str
    trace_id: str
    retryable: bool
    figures: dict[str, int | str] | None = Field(default=None, description="what the title names")
    errors: list[FaultOut] | None = None


class ProjectOut(BaseModel):
    """A registered section."""

    project: str
    section: str
    owner: str
    mode: str
    version: int
    created_at: str
    updated_at: str
    document: dict[str, Any]


class ProjectPage(BaseModel):
    """A page of sections; `next` is null on the last."""

    items: list[ProjectOut]
    next: str | None


class LimitOut(BaseModel):
    """The next time limit of a draw: of the reveals, of the result, or the first lawful opening (which is
    all that is known before the seal).
    """

    kind: Literal["reveal", "result", "open"]
    at: str
    seconds: int


class StepDone(BaseModel):
    """A log entry of a draw, by its index in the log."""

    type: Literal[
        "request",
        "commit",
        "seal",
        "escrow",
        "reveal",
        "result",
        "event",
        "answer",
        "invite",
        "reply",
        "record",
        "open",
        "abort",
        "appointment",
    ]
    time: str
    index: int


class EvaluationOut(BaseModel):
    """When the evaluation was to be, as the request had it."""

    since: str = Field(alias="from", examples=["2026-12-01T01:00:00Z"])
    until: str | None = Field(alias="to", examples=["2026-12-01T09:00:00Z"])


class DrawOut(BaseModel):
    """What may be told about a draw: no name, no position, no size."""

    id: str = Field(examples=["drw_5f0c1d2e3a4b5c6d7e8f"])
    k: int = Field(description="draw number, the log index of the request")
    project: str
    section: str
    title: str = Field(description="the project's")
    round: int = Field(description="below 0: an appointment, which is no round of a draw")
    way: Literal["drawn", "self_selected", "direct"] = Field(description="how its people came to their seats")
    not_drawn: int = Field(description="seats of the committee that were filled without a draw")
    mode: str
    state: str
    seats: int = Field(description="seats to be filled by the draw")
    sites: list[str] = Field(description="sites of the request, by their ids in it")
    evaluation: EvaluationOut | None = Field(description="as the project said at the request")
    owner: str
    code: str | None = Field(description="核验码, once sealed")
    sdr: str | None
    abort_reason: str | None
    limit: LimitOut | None
    steps: list[StepDone] = Field(description="what the log shows of it, in order")
    created_at: str
    updated_at: str


class DrawPage(BaseModel):
    """A page of draws, newest first; `next` is null on the last."""

    items: list[DrawOut]
    next: str | None


class StepOut(BaseModel):
    """Experts left after a filter."""

    filter: str
    left: int


class StratumOut(BaseModel):
    """The anonymity gate of one stratum."""

    id: str
    experts: int
    seats: int
    verdict: Literal["ok", "yellow", "stop"]
    bits: int = Field(description="possible outcomes, as a power of two, rounded down")


class CountsOut(BaseModel):
    """Pool size, what each filter leaves, cell sizes by stratum and site, and the anonymity gate."""

    pool: int
    pool_version: int
    steps: list[StepOut]
    cells: list[list[int]]
    strata: list[StratumOut]


class PreviewOut(BaseModel):
    """Counts only; `feasible` is false when a fault that is no alarm stops the request.

    `counts` is null when the parameters break a limit.
    """

    feasible: bool
    counts: CountsOut | None
    faults: list[FaultOut]


class LogEntryOut(BaseModel):
    """One log entry: its canonical bytes as text, and its leaf hash."""

    index: int
    entry: dict[str, Any]
    leaf_hash: str


class LogPage(BaseModel):
    """Entries start … end − 1 that a published checkpoint covers."""

    size: int
    entries: list[LogEntryOut]


class LogProofOut(BaseModel):
    """A Merkle proof, lowest hash first, with the sizes it is about."""

    size: int
    index: int | None = None
    old: int | None = None
    proof: list[str]


class PoolFigure(BaseModel):
    """One pool in the public figures."""

    id: str
    version: int
    size: int
    root: str
    frozen_at: str


class StatsOut(BaseModel):
    """Public figures (R52): pools and draws by state, nothing about a person."""

    pools: list[PoolFigure]
    draws: dict[str, int]
    appointed: dict[str, int] = Field(description="seats filled without a draw, by way")
    log_size: int


class RuleOut(BaseModel):
    """One parameter of a rule pack; `source` says so when the text behind it was not read in full."""

    name: str
    value: Any
    text: str
    source: str
    status: str
    layer: str


class PackOut(BaseModel):
    """A rule pack under its overlays."""

    id: str
    version: str
    title: str
    rules: list[RuleOut]


class SpecialtyOut(BaseModel):
    """One specialty code."""

    code: str
    name: str


class SpecialtiesOut(BaseModel):
    """The known specialty codes and where they come from."""

    source: str
    items: list[SpecialtyOut]
