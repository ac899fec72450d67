"""What a verification that passed reports: level, checks with what each proves and does not, fingerprints and
notes."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from draw.verify.bundle import Bundle
from draw.verify.checks_invitations import logged
from draw.verify.checks_opening import Opening
from draw.verify.errors import ProofError
from draw.verify.format_entries import ROLES
from draw.verify.texts import TEXTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One passed check with what it proves and what it does not."""

    number: int
    name: str
    zh: str
    en: str
    limits_zh: str
    limits_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the reader must know although every check passed. `code` is stable."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A seat at the end: its position, or None when vacant. `fields` are the published values of its
    expert."""

    seat: int
    at: tuple[int, int, int] | None
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A verification in which every check that applies passed.

    `levels` holds `public` and, when asked for, `supervisor` and `expert`. `fingerprints` are 16 hex digits
    per role. `override` is the supervisor's reason for accepting a stratum below the anonymity factor, or
    None. `rules` are those of the bundle, None before the seal: whose they are is not looked at.
    """

    stage: str
    origin: str
    draw: int
    levels: tuple[str, ...]
    checks: tuple[Passed, ...]
    fingerprints: dict[str, str]
    keys_compared: bool
    override: str | None
    notes: tuple[Note, ...]
    late_answers: int = 0
    seats: tuple[Seat, ...] = field(default=())
    rules: dict[str, Any] | None = None


NOTES = {
    "keys-not-compared": Note(
        code="keys-not-compared",
        zh="未提供信任文件：四方密钥指纹未与任何来源核对，请自行核对。",
        en="No trust file was given: the four key fingerprints were not compared with "
        "anything. Compare them yourself.",
    ),
    "own-order": Note(
        code="own-order",
        zh="监督人不可达时曾按原抽取次序递补，平台当时可能预知人选。",
        en="A seat was refilled in the draw's own order while the supervisor was "
        "unreachable: look-ahead was possible.",
    ),
    "no-beacon": Note(
        code="no-beacon",
        zh="未使用公共随机信标：平台、代理机构、监督人三方全部串通时可影响结果。",
        en="No public beacon was used: platform, agency and supervisor all together could "
        "have steered the result.",
    ),
    "anonymity-override": Note(
        code="anonymity-override",
        zh="某专业人数不足匿名性倍数，监督人说明理由后同意继续。",
        en="A stratum is below the anonymity factor; the supervisor accepted it with the reason shown.",
    ),
    "top-up": Note(
        code="top-up",
        zh="补抽：委员会人数计入了 {seated} 名此前已在席的专家。本证明不能说明他们确实在席，"
        "请核验编号为 {previous} 的前一轮证明。",
        en="A top-up: {seated} experts seated by earlier rounds count towards this committee. This bundle "
        "cannot show that they sit: verify the proof of the round before, draw {previous}.",
    ),
    "grounds-not-checked": Note(
        code="grounds-not-checked",
        zh="本次抽取的邀请和答复不入日志：替换的事由未经核验。",
        en="Invitations and answers of this draw are not in the log: the grounds of its replacements were "
        "not checked.",
    ),
    "late-answers": Note(
        code="late-answers",
        zh="有 {count} 个期限内作出的答复，在席位换人之后才入日志，按规则不改变结果。",
        en="{count} answers given in time reached the log after their seat had passed on; by the rules they "
        "change nothing.",
    ),
    "reply-not-covered": Note(
        code="reply-not-covered",
        zh="答复回执比证明包新：请换用更新的证明包核对。",
        en="The reply receipt is newer than this bundle: compare it with a newer one.",
    ),
    "not-opened": Note(
        code="not-opened",
        zh="尚未公开：抽中何人、是否依规选取，须待公开后核验。",
        en="Not opened yet: who was drawn, and that the rule was followed, can be checked "
        "only after the opening.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the checks found beside passing: the panel, answers in time that came after their seat had passed
    on, whether a reply receipt is newer than the bundle, whether keys were compared with a trust file."""

    opening: Opening | None
    late_answers: int
    uncovered: bool
    compared: bool


def compile_report(bundle: Bundle, passed: list[int], levels: tuple[str, ...], found: Outcome) -> Report:
    """The report over a bundle whose checks `passed`."""
    override = bundle.sdr["anonymity"]["override"] if bundle.sealed else None
    return Report(
        stage=bundle.stage,
        origin=bundle.value["origin"],
        draw=bundle.draw,
        levels=levels,
        checks=tuple(_passed(number) for number in passed),
        fingerprints={role: fingerprint(bundle.parties[role]) for role in ROLES},
        keys_compared=found.compared,
        override=override,
        notes=tuple(_note(code, _figures(bundle, found)) for code in _note_codes(bundle, found)),
        late_answers=found.late_answers,
        seats=() if found.opening is None else _seats(bundle, found.opening),
        rules=bundle.value["rules"],
    )


def fingerprint(public: str) -> str:
    """§10: the first 16 hex digits of SHA-256(public)."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


def _passed(number: int) -> Passed:
    text = TEXTS[number]
    return Passed(
        number=number,
        name=text.name,
        zh=text.proves_zh,
        en=text.proves_en,
        limits_zh=text.limits_zh,
        limits_en=text.limits_en,
    )


def _note(code: str, figures: dict[str, Any]) -> Note:
    note = NOTES[code]
    return Note(code=code, zh=note.zh.format(**figures), en=note.en.format(**figures))


def _figures(bundle: Bundle, found: Outcome) -> dict[str, Any]:
    """What the texts of the notes name."""
    seated = bundle.sdr["committee"]["seated"] if bundle.sealed else 0
    return {"count": found.late_answers, "seated": seated, "previous": bundle.request.body["previous"]}


def _note_codes(bundle: Bundle, found: Outcome) -> list[str]:
    codes = [] if found.compared else ["keys-not-compared"]
    if any(event.body["mode"] == "own-order" for event in bundle.of("event")):
        codes.append("own-order")
    if bundle.sealed:
        if bundle.sdr["beacon"] is None:
            codes.append("no-beacon")
        if bundle.sdr["anonymity"]["override"] is not None:
            codes.append("anonymity-override")
        if bundle.sdr["committee"]["seated"]:
            codes.append("top-up")
        if bundle.of("result") and not logged(bundle):
            codes.append("grounds-not-checked")
    if found.late_answers:
        codes.append("late-answers")
    if found.uncovered:
        codes.append("reply-not-covered")
    if found.opening is None and bundle.stage != "aborted":
        codes.append("not-opened")
    return codes


def _seats(bundle: Bundle, opening: Opening) -> tuple[Seat, ...]:
    roster = {item["seat"]: item["fields"] for item in bundle.value["opening"]["roster"]}
    return tuple(
        Seat(seat=seat, at=at, fields={name: f["value"] for name, f in roster.get(seat, {}).items()})
        for seat, at in enumerate(opening.seats)
    )


def report_value(report: Report) -> dict[str, Any]:
    """The report as a JSON value, for `--json`."""
    return {
        "valid": True,
        "stage": report.stage,
        "origin": report.origin,
        "draw": report.draw,
        "levels": list(report.levels),
        "checks": [{name: getattr(check, name) for name in Passed.__slots__} for check in report.checks],
        "fingerprints": report.fingerprints,
        "keys_compared": report.keys_compared,
        "override": report.override,
        "late_answers": report.late_answers,
        "rules": None
        if report.rules is None
        else {name: report.rules[name] for name in ("id", "version", "layers")},
        "notes": [{name: getattr(note, name) for name in Note.__slots__} for note in report.notes],
        "seats": [
            {"seat": seat.seat, "at": None if seat.at is None else list(seat.at), "fields": seat.fields}
            for seat in report.seats
        ],
    }


def error_value(error: ProofError) -> dict[str, Any]:
    """The first failing check as a JSON value, for `--json`."""
    return {
        "valid": False,
        "check": error.number,
        "name": error.name,
        "zh": error.zh,
        "en": error.en,
        "responsible": error.responsible,
        "detail": error.detail,
    }
