"""What a request's faults say to the person who asked, in Chinese and English, with their sources.

Figures in braces are counts, limits and times, never a name. A source given by the rule pack takes the place
of the one here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_FORMAT: Final = "抽取证明格式 qt/1"
_CREDIT: Final = "GB 32100-2015"
_AREA: Final = "GB/T 2260"
_CLASSES: Final = "发改法规〔2018〕316号"
_CALENDAR: Final = "国务院办公厅年度放假安排"
_OWN: Final = "本产品的默认做法，并非法律规定"


@dataclass(frozen=True, slots=True)
class FaultText:
    """A sentence in both languages, the source, and whether it only alarms."""

    zh: str
    en: str
    basis: str
    alarm: bool = False


def _credit(zh: str, en: str) -> FaultText:
    return FaultText(f"统一社会信用代码有误：{zh}", f"Unified social credit code: {en}", _CREDIT)


TEXTS: Final[Mapping[str, FaultText]] = MappingProxyType(
    {
        "responsible.missing": FaultText(
            "项目没有服务责任人", "The project has no responsible person", "京发改规〔2024〕7号 5.2.4"
        ),
        "evaluation.time": FaultText(
            "评审时间格式有误，应为 YYYY-MM-DDTHH:MM:SSZ",
            "The evaluation time is not YYYY-MM-DDTHH:MM:SSZ",
            _FORMAT,
        ),
        "evaluation.order": FaultText(
            "评审结束时间早于开始时间", "The evaluation ends before it begins", _FORMAT
        ),
        "evaluation.past": FaultText("评审开始时间已过", "The evaluation has already begun", _FORMAT),
        "calendar.unknown": FaultText(
            "系统没有 {year} 年的放假安排，无法计算工作日",
            "No calendar for {year}: working days cannot be counted",
            _CALENDAR,
        ),
        "draw.too_early": FaultText(
            "抽取过早，最早可在 {earliest}（协调世界时）抽取",
            "Too early: the draw opens at {earliest} (UTC)",
            "",
        ),
        "pack.not_effective": FaultText(
            "规则包 {pack} 在 {day} 不生效", "Rule pack {pack} is not in force on {day}", _FORMAT
        ),
        "pack.overlay_required": FaultText(
            "本项目须加用规则包 {overlay}", "This project needs the rule pack {overlay}", ""
        ),
        "committee.numbers": FaultText(
            "委员会人数有误：抽取专家至少一人，已在席专家和招标人代表不得为负",
            "At least one expert to draw, and no negative number of seated experts or representatives",
            _FORMAT,
        ),
        "committee.even": FaultText(
            "委员会人数须为单数，现为 {members} 人", "The committee must be odd, it has {members} members", ""
        ),
        "committee.too_small": FaultText(
            "委员会至少 {minimum} 人，现为 {members} 人",
            "The committee needs at least {minimum} members, it has {members}",
            "",
        ),
        "committee.expert_share": FaultText(
            "专家至少 {least} 人，现为 {experts} 人", "At least {least} experts are needed, not {experts}", ""
        ),
        "committee.owners": FaultText(
            "招标人代表至多 {most} 人，现为 {owners} 人",
            "At most {most} representatives of the tenderee, not {owners}",
            "",
        ),
        "seats.differ": FaultText(
            "各专业组席位合计 {seats}，与专家人数 {experts} 不一致",
            "The strata have {seats} seats for {experts} experts",
            _FORMAT,
        ),
        "seats.too_many": FaultText(
            "席位至多 {most} 个，现为 {seats} 个", "At most {most} seats, not {seats}", _FORMAT
        ),
        "strata.number": FaultText("专业组须为 1 至 {most} 个", "There must be 1 to {most} strata", _FORMAT),
        "stratum.duplicate_id": FaultText("专业组编号重复", "A stratum's id is used twice", _FORMAT),
        "stratum.duplicate": FaultText(
            "两个专业组的专业相同", "Two strata ask for the same specialties", _FORMAT
        ),
        "stratum.seats": FaultText("专业组至少一个席位", "A stratum has at least one seat", _FORMAT),
        "stratum.empty": FaultText(
            "专业组须有 1 至 {most} 个专业代码", "A stratum has 1 to {most} specialty codes", _FORMAT
        ),
        "specialty.malformed": FaultText("专业代码格式有误", "A specialty code is malformed", _CLASSES),
        "specialty.unknown": FaultText("专业代码不存在", "A specialty code does not exist", _CLASSES),
        "specialty.duplicate": FaultText("专业代码重复", "A specialty code is repeated", _FORMAT),
        "sites.number": FaultText("场地须为 1 至 {most} 个", "There must be 1 to {most} sites", _FORMAT),
        "site.duplicate_id": FaultText("场地编号重复", "A site's id is used twice", _FORMAT),
        "site.range": FaultText(
            "场地名额须满足 0 ≤ 最少 ≤ 最多", "A site's quota must satisfy 0 ≤ minimum ≤ maximum", _FORMAT
        ),
        "site.empty": FaultText("场地须有 1 至 {most} 个地区", "A site has 1 to {most} regions", _FORMAT),
        "site.shadowed": FaultText(
            "场地的地区已全部归属排在前面的场地",
            "All regions of the site already belong to earlier sites",
            _FORMAT,
        ),
        "sites.minimum": FaultText(
            "各场地最少名额合计 {low}，超过专家人数 {experts}",
            "The sites ask for at least {low} of {experts} experts",
            _FORMAT,
        ),
        "sites.maximum": FaultText(
            "各场地最多名额合计 {high}，少于专家人数 {experts}",
            "The sites take at most {high} of {experts} experts",
            _FORMAT,
        ),
        "region.syntax": FaultText("地区代码格式有误", "A region code is malformed", _AREA),
        "region.unknown": FaultText("地区代码不存在", "A region code does not exist", _AREA),
        "region.duplicate": FaultText("地区代码重复", "A region code is repeated", _FORMAT),
        "rule.unknown": FaultText("抽取方法未知", "The selection rule is unknown", _FORMAT),
        "cap.range": FaultText(
            "同一单位人数上限须为 1 至 {most}，现为 {cap}", "The employer cap is 1 to {most}, not {cap}", ""
        ),
        "org.syntax": FaultText("单位标识格式有误", "An organisation id is malformed", _FORMAT),
        "org.uscc_length": _credit("须为 18 位", "it has 18 characters"),
        "org.uscc_alphabet": _credit("含有不允许的字符", "a character is not allowed"),
        "org.uscc_check": _credit("校验码不符", "the check character is wrong"),
        "bidders.none": FaultText(
            "没有投标人名单，无法自动回避",
            "Without bidders nobody can be excluded automatically",
            _OWN,
            alarm=True,
        ),
        "bidder.duplicate": FaultText("投标人编号重复", "A bidder's id is used twice", _FORMAT),
        "bidder.empty": FaultText("投标人没有单位", "A bidder has no organisation", _FORMAT),
        "avoid_unit.reason": FaultText(
            "回避单位须写明理由，至少 {least} 个字",
            "A unit to avoid needs a reason of at least {least} characters",
            _OWN,
        ),
        "avoid_unit.duplicate": FaultText("回避单位重复", "A unit to avoid is repeated", _OWN),
        "avoid_units.many": FaultText(
            "回避单位多达 {units} 个，可能变相指定专家",
            "{units} units to avoid may amount to choosing experts",
            "",
            alarm=True,
        ),
    }
)
