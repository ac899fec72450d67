"""Wire shapes of campaigns and letters, strict. Meaning is checked by `app.usecases.invitations`."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.people_schemas import SixDigits
from app.api.schemas import DrawIn, Id, Moment, Text, Time, Wire

Seat = Annotated[int, Field(ge=1, le=99, examples=[1])]


class PlaceIn(Wire):
    """Where the people of one site of the request meet: the centre, and what letters say of it."""

    site: Id = Field(examples=["main"])
    venue: Id = Field(examples=["ste_0a1b2c3d4e5f60718293"])
    area: Text = Field(examples=["福州"])
    address: Text = Field(examples=["福州市某路 1 号 3 楼"])


class PlanIn(Wire):
    """What a campaign promises the invited."""

    begins: Time
    hours: int = Field(ge=1, le=24 * 14, examples=[4])
    overnight: bool
    bring: Text = Field(examples=["身份证"])
    contact: Text = Field(examples=["0591-00000000"])
    sites: list[PlaceIn] = Field(min_length=1, max_length=16)
    unbooked: Text | None = Field(
        default=None,
        description=(
            "Why no seat is booked on the platform for these people; null: every seat has to be booked and "
            "confirmed before a supervisor can approve."
        ),
        examples=["在采购人自有会议室评标，不经本平台预订"],
    )


class CampaignIn(Wire):
    """A campaign to be proposed: who answers for the service, and the plan."""

    owner: Text = Field(examples=["王工"])
    plan: PlanIn


class BilingualIn(Wire):
    """A reason in both languages."""

    zh: Text = Field(examples=["本地区合格专家已全部联系"])
    en: Text = Field(examples=["Every eligible expert of the region was asked"])


class LadderIn(Wire):
    """The next step of the short-pool ladder."""

    step: Literal["widen_region", "sibling_specialty", "other_province", "self_selection", "postpone"]
    reason: BilingualIn


class MoveIn(Wire):
    """Another begin, other places, or both; `bound`: also where somebody sits in another evaluation then."""

    begins: Time
    reason: Text = Field(examples=["场地停电，推迟两小时"])
    sites: list[PlaceIn] | None = Field(default=None, min_length=1, max_length=16)
    bound: bool = False


class PutOffIn(Wire):
    """A later start of the same day: why, by code and further words for everybody; `extend`: have the booking
    end later with it where it has to; `bound`: also where somebody sits in another evaluation then."""

    begins: Time
    reason: Literal["late", "replacement", "venue", "equipment", "traffic", "other"]
    words: Annotated[str, Field(min_length=1, max_length=80, examples=["道路管制"])] | None = None
    extend: bool = False
    bound: bool = False


class VacateIn(Wire):
    """A seat to be vacated, with the supervisor's note. Without a seat: everybody who sits is judged anew by
    the bidders and the hours as they are now."""

    cause: Literal["conflict", "recusal", "venue"]
    seat: Seat | None = None
    note: Text = Field(examples=["开标后新增投标人，与专家任职单位同属一集团"])


class ReasonIn(Wire):
    """Why."""

    reason: Text = Field(examples=["项目取消"])


class UnreachableIn(Wire):
    """Why the supervisor cannot be reached; null when that is over."""

    reason: Text | None = Field(examples=["监督人失联两小时，电话与系统均无应答"])


class NextOut(Wire):
    """What comes next, and when."""

    what: str
    at: Time


class DeliveryOut(Wire):
    """The newest report on a seat's messages."""

    channel: str
    kind: str
    at: Time


class SeatOut(Wire):
    """One seat, without anybody's name: state, since when, how many invitations so far."""

    seat: Seat
    stratum: str | None
    site: str | None
    state: str
    since: Time | None
    round: int
    next: NextOut | None
    last_delivery: DeliveryOut | None


class LadderStepOut(Wire):
    """A step taken, and where the log has it."""

    step: str
    reason: BilingualIn
    by: str
    at: Time
    log_index: int


class LadderOut(Wire):
    """The steps still open, the next one first, and those taken."""

    open: list[str]
    taken: list[LadderStepOut]


class PutOffOut(Wire):
    """The start was put off to `begins`: from when, why, and when that was decided."""

    from_: Time = Field(alias="from")
    reason: str
    at: Time


class DelayOut(PutOffOut):
    """One time that the start was put off, and where the log has it."""

    to: Time
    words: str | None
    extended: bool
    by: str
    log_index: int


class CountsOut(Wire):
    """What the agency sees of a campaign: counts, the next limit, the begin, the owner, and the order of a
    top-up for `POST /v1/draws` when a step of the ladder allows one."""

    draw: str
    state: str
    needed: int
    accepted: int
    next_deadline: Time | None
    begins: Time
    owner: str
    put_off: PutOffOut | None
    top_up: DrawIn | None


class CampaignOut(CountsOut):
    """What operator and supervisor see of a campaign."""

    id: str
    proposed_by: str
    approved_by: str | None
    own_order: str | None
    released_at: Time | None
    moves: int
    delays: list[DelayOut]
    plan: PlanIn
    ladder: LadderOut
    invited: int
    seats: list[SeatOut]


class QueuedOut(Wire):
    """A campaign in the operator's queue."""

    draw: str
    state: str
    begins: Time
    owner: str


class QueueOut(Wire):
    """Campaigns under way, the short ones first, then by their begin."""

    items: list[QueuedOut]


class NoticeOut(Wire):
    """One notice of a change and what became of it; names nobody."""

    change_id: str
    audience: str
    channel: str
    template: str
    state: str
    kind: str | None
    at: Time | None
    created_at: Time


class NoticesOut(Wire):
    """Every notice of a draw, oldest first."""

    items: list[NoticeOut]


class AnswerOut(Wire):
    """An answer given, and where the log has it."""

    answer: str
    at: Time
    log_index: int


class LetterOut(Wire):
    """A letter as its page is told of it; `letter` is sealed (hex), `begins` later than it says when the
    start was put off, `may` lists the answers that count now."""

    id: str
    draw: int
    n: int
    letter: str
    state: str
    reply_by: Time
    cut_off: Time
    begins: Time
    arrive_by: Time
    now: Time
    may: list[str]
    answers: list[AnswerOut]
    code_by: str | None


class CodeOut(Wire):
    """By which channel a one-time code was sent."""

    channel: str


class LetterSignInIn(Wire):
    """The one-time code that was sent."""

    code: SixDigits


class LetterSessionOut(Wire):
    """Until when the token of the page stands for the person of the letter."""

    ends_at: Time


class LetterPasskeyOut(Wire):
    """One of one's own passkeys: an id of its own, and days in Beijing."""

    id: str
    created_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    used_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None


class LetterPasskeysOut(Wire):
    """One's own passkeys, oldest first."""

    items: list[LetterPasskeyOut]


class ReplyIn(Wire):
    """An answer: its time, signed with the letter's key, and a one-time code where nobody signed in."""

    answer: Literal["accept", "decline", "leave"]
    at: Moment
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
    code: SixDigits | None = None
    reason: (
        Literal["time_clash", "travel", "health", "conflict", "wrong_specialty", "refused", "other"] | None
    ) = None
