"""The second half of the demonstration: from the drawn roster to people at their seats, over the API, with
carrier and devices as processes of their own.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from app.demo import accounts, output, places
from app.demo.arriving import Door, Seated
from app.demo.callers import Callers, Staff, hire
from app.demo.invited import Campaign, attending
from app.demo.outside import Outside
from app.demo.phones import Letter, Phones
from app.demo.places import OPERATOR, SUPERVISOR, Centres
from app.demo.story import AGENCY, REQUESTER, Stage
from app.errors import AppError
from app.private_files import write_private
from app.store.repositories.draws import DrawRow
from app.synthetic import SyntheticPool

SEALED: Final = frozenset({"sealed", "checked_in"})
ROOM_START: Final = 2


@dataclass(slots=True, kw_only=True)
class Guided:
    """A demonstration whose pages are served at `address`, and what has come of it so far."""

    stage: Stage
    outside: Outside
    address: str
    staff: list[Staff] = field(default_factory=list)
    api: Callers | None = None
    phones: Phones | None = None
    sealed: bool = False
    answered: list[Letter] = field(default_factory=list)
    seated: list[Seated] = field(default_factory=list)


async def fill_and_seat(guided: Guided, row: DrawRow, pool: SyntheticPool, *, near: bool) -> None:
    """Centres and devices, the campaign, and, where the evaluation is `near`, everybody to their seat."""
    show = guided.stage.show
    api = await _hire(guided)
    with show.step(
        "两处评标中心：评标室与席位、门禁、储物柜", "two centres: rooms and seats, gates, lockers"
    ):
        parameters = guided.stage.wanted.order["parameters"]
        listed = places.places_of(parameters)
        key = guided.stage.one.platform.log.key.public.hex()
        centres = await places.build(api, listed, guided.outside, key=key, out=guided.stage.out)
        show.detail("每台设备各有密钥，所报皆签名", "every device has a key and signs what it reports")
    with show.step(
        "邀请：运行人提出，监督人批准，同时发出密封邀请",
        "invitations: proposed, approved, all sealed letters at once",
    ):
        campaign = await _invite(guided, row, centres, near=near)
    with show.step("到场：验身、存物、过门、随机入座", "arrival: desk, locker, gate, a seat by chance"):
        if not near:
            show.detail("开评时间较远，今日无人到场", "the evaluation is far away: nobody comes today")
            return
        await _seat(guided, campaign, centres, pool)


async def open_names(guided: Guided, row: DrawRow) -> None:
    """Open the sealed roster with the shares of two custodians, and read it as the supervisor."""
    if guided.api is None or not guided.sealed:
        return
    asked = {"tier": ROOM_START, "reason": "开评，评标室启用 room start"}
    await guided.api.post(OPERATOR, f"/draws/{row.id}/roster/openings", asked)
    read = await guided.api.get(SUPERVISOR, f"/draws/{row.id}/roster")
    number = len(read["seats"])
    guided.stage.show.detail(
        f"名单启封：两方出示份额，监督人看到 {number} 人",
        f"the roster opens with two of three shares: the supervisor reads {number} names",
    )


async def write_reply_receipt(guided: Guided) -> bool:
    """Leave the receipt of an answer given by a letter's page; whether there is one."""
    if guided.phones is None or not guided.answered:
        return False
    receipt = await guided.phones.receipt(guided.answered[0])
    write_private(guided.stage.out / output.REPLY, receipt)
    return True


async def tell_pages(guided: Guided, row: DrawRow) -> None:
    """Say where the pages are, and who may sign in."""
    api = guided.api or await _hire(guided)
    guided.stage.show.pages(
        {
            "公众核验 public": f"{guided.address}/?code={row.code}",
            "代理机构 agency": f"{guided.address}/agency",
            "　密钥 key": api.tokens[REQUESTER],
            "专家的信 letter": guided.answered[0].link if guided.answered else "",
            "操作台 console": f"{guided.address}/console#/draws/{row.id}",
            "签到台 desk": f"{guided.address}/desk",
            "评标席 seat": f"{guided.address}/seat",
            "　席位与凭条 seat, slip": _slip(guided),
            "离线核验 offline": (guided.stage.out / "verifier.html").absolute().as_uri(),
        }
    )
    guided.stage.show.accounts(await accounts.open_accounts(guided.stage.one, guided.staff))


async def _hire(guided: Guided) -> Callers:
    """Everybody who acts, with a key of a day each."""
    sites = guided.stage.wanted.order["parameters"]["sites"]
    guided.staff = [
        Staff(person=REQUESTER, role="agency", agency=AGENCY),
        Staff(person=OPERATOR, role="operator"),
        Staff(person=SUPERVISOR, role="supervisor"),
        *(Staff(person=one.desk, role="site", site=one.venue) for one in places.places_of({"sites": sites})),
    ]
    tokens = await hire(guided.stage.one, guided.staff)
    client = guided.stage.one.client
    guided.api = Callers(client=client, address=guided.address, tokens=tokens)
    guided.phones = Phones(client=client, carrier=guided.outside.carrier, api=guided.api)
    return guided.api


async def _invite(guided: Guided, row: DrawRow, centres: Centres, *, near: bool) -> Campaign:
    show, api, phones = guided.stage.show, guided.api, guided.phones
    if api is None or phones is None:
        raise TypeError("nobody was hired yet")
    campaign = Campaign(api=api, phones=phones, row=row)
    await places.book(api, row, centres, until=max(row.evaluation_to or "", campaign.ends))
    show.detail(
        "按最多人数预订席位，两处确认", "seats for the most who may come: booked, confirmed by the centres"
    )
    asked = await campaign.start(centres)
    show.detail(f"{asked['invited']} 封信同时发出", f"{asked['invited']} letters leave at once")
    shown = await campaign.settle(near=near)
    guided.sealed = shown["state"] in SEALED
    guided.answered = [one for one in campaign.answered if await _accepted(phones, one)]
    show.answers(await phones.reached())
    show.seats(shown["seats"])
    if guided.sealed:
        show.detail(
            "全部席位已有人应邀；名单密封，密钥三分，平台、代理机构、监督人各执一份",
            "every seat is filled; the roster is sealed to three custodians, two of whom open it",
        )
    else:
        show.detail(f"尚未齐备：{shown['state']}", f"not complete yet: {shown['state']}")
    return campaign


async def _accepted(phones: Phones, letter: Letter) -> bool:
    return bool((await phones.page(letter))["state"] == "accepted")


async def _seat(guided: Guided, campaign: Campaign, centres: Centres, pool: SyntheticPool) -> None:
    door = Door(
        api=campaign.api,
        client=campaign.api.client,
        centres=centres,
        devices=guided.outside.devices,
        cards={one.phone: one.id_number for one in pool.people},
    )
    for number, (letter, content) in enumerate(await attending(campaign.phones), 1):
        guided.seated.append(await door.come(number, letter, content))
    show = guided.stage.show
    for venue, people in sorted(Counter(one.place.venue for one in guided.seated).items()):
        seats = "、".join(one.seat.rpartition("-")[2] for one in guided.seated if one.place.venue == venue)
        show.detail(
            f"{venue}：{people} 人依次到达，抽得席位 {seats}", f"{people} people, seats in order of arrival"
        )
    if not guided.seated:
        raise AppError("demo.nobody-came")


def _slip(guided: Guided) -> str:
    return f"{guided.seated[0].seat} {guided.seated[0].slip}" if guided.seated else ""
