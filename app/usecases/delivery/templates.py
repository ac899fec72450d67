"""What messages may say (R12): rendering and checking against the fixed registry of `template_texts`.

A template declares its fields by using them; a payload has exactly these. Neither a template nor a value
names a project, a tenderee, a bidder or a colleague, and a value is no second message: each field has a form
of its own. `lint` runs at the worker's start over every template.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.errors import AppError
from app.store.repositories.outbox import CHANNELS, FIELDS, Message
from app.times import from_text
from app.usecases.delivery.template_texts import SUBJECTS, TEXTS

LANGUAGES: Final = ("zh", "en")
MAX_TEXT: Final = 400
_BEIJING: Final = timedelta(hours=8)
_PLACE: Final = re.compile(r"\{([a-z_]*)\}")
_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(form)
    for name, form in {
        "date": r"\d{4}-\d\d-\d\d",
        "start": r"\d\d:\d\d",
        "hours": r"\d{1,3}(\.5)?",
        "overnight": r"yes|no",
        "link": r"https?://[a-zA-Z0-9.:\[\]-]{1,200}(/[a-zA-Z0-9._-]{1,40}){0,3}/i#[0-9A-HJKMNP-TV-Z]{26}",
        "code": r"\d{4,8}",
        "reply_by": _TIME,
        "arrive_by": _TIME,
        "area": r"[^\x00-\x1f\x7f{}]{1,60}",
        "site": r"[^\x00-\x1f\x7f{}]{1,120}",
        "bring": r"[^\x00-\x1f\x7f{}]{1,120}",
        "contact": r"[^\x00-\x1f\x7f{}]{1,60}",
        "what_changed": r"[^\x00-\x1f\x7f{}]{1,120}",
    }.items()
}
# A house may be called 招标投标中心: what is refused in a text is not refused in the name of a place.
_PLACES: Final = frozenset({"site", "contact", "link"})
_NAMING: Final = re.compile(
    "项目|标段|标包|招标|投标|竞标|中标|采购|供应商|承包|发包|业主|甲方|建设单位|代理|工程名|预算|委员会|评委|"
    "组长|同事|同行|其他专家|其它专家|名单|"
    r"\b(project|tender|bid|lot|supplier|purchas|procure|contract|owner|agency|agent|committee|panel|juror|"
    r"colleague|peer|other experts|fellow|roster|budget)",
    re.IGNORECASE,
)
_LINK: Final = re.compile(r"://|www\.|\.(com|cn|net|top|xyz)\b", re.IGNORECASE)
_OVERNIGHT: Final = {
    "zh": {"yes": "需过夜", "no": "不过夜"},
    "en": {"yes": "overnight stay", "no": "no overnight stay"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A text ready to leave."""

    subject: str
    text: str


def fields_of(template: str, channel: str) -> frozenset[str]:
    """The fields that a payload has. Raises AppError ``message.template`` for one that there is not."""
    return frozenset(_PLACE.findall(_text(template, channel, "zh")))


def check(message: Message) -> None:
    """Raise AppError ``message.template``, ``message.field`` or ``message.value`` (with the field's name)
    for a message that may not be sent.
    """
    declared = fields_of(message.template, message.channel)
    if message.fields.keys() != declared:
        raise AppError("message.field", count=len(message.fields.keys() ^ declared))
    for name, value in message.fields.items():
        if not _FORMS[name].fullmatch(value) or _names_too_much(name, value):
            raise AppError("message.value", field=name)


def render(message: Message) -> Rendered:
    """The text of a checked message. Raises as `check` does."""
    check(message)
    words = message.language if message.language in LANGUAGES else "zh"
    text = _text(message.template, message.channel, words)
    shown = {name: _shown(name, value, words) for name, value in message.fields.items()}
    return Rendered(
        subject=SUBJECTS[message.template][words], text=_PLACE.sub(lambda found: shown[found[1]], text)
    )


def lint(
    texts: Mapping[str, Mapping[str, Mapping[str, str]]] = TEXTS,
    subjects: Mapping[str, Mapping[str, str]] = SUBJECTS,
) -> None:
    """Raise AppError ``template.refused`` with the first template that breaks a rule, and which."""
    for name, by_channel in texts.items():
        for channel, by_language in by_channel.items():
            for rule in _broken(channel, by_language, subjects.get(name, {})):
                raise AppError("template.refused", template=name, channel=channel, rule=rule)


def _broken(channel: str, texts: Mapping[str, str], subject: Mapping[str, str]) -> Iterable[str]:
    if channel not in CHANNELS:
        yield "channel"
    if set(texts) != set(LANGUAGES) or set(subject) != set(LANGUAGES):
        yield "languages"
    if len({frozenset(_PLACE.findall(text)) for text in texts.values()}) > 1:
        yield "fields differ between languages"
    for text in (*texts.values(), *subject.values()):
        yield from _broken_text(text)
    if channel == "voice" and any("link" in _PLACE.findall(text) for text in texts.values()):
        yield "a link cannot be spoken"


def _broken_text(text: str) -> Iterable[str]:
    if not set(_PLACE.findall(text)) <= FIELDS:
        yield "field"
    bare = _PLACE.sub("", text)
    if "{" in bare or "}" in bare:
        yield "braces"
    if _NAMING.search(bare):
        yield "names too much"
    if _LINK.search(bare):
        yield "address"
    if not 0 < len(text) <= MAX_TEXT:
        yield "length"


def _names_too_much(name: str, value: str) -> bool:
    if name == "link":
        return False
    return bool(_LINK.search(value)) or (name not in _PLACES and bool(_NAMING.search(value)))


def _text(template: str, channel: str, language: str) -> str:
    try:
        return TEXTS[template][channel][language]
    except KeyError as error:
        raise AppError("message.template") from error


def _shown(name: str, value: str, language: str) -> str:
    if name == "overnight":
        return _OVERNIGHT[language][value]
    if name in {"reply_by", "arrive_by"}:
        return f"{from_text(value) + _BEIJING:%Y-%m-%d %H:%M}"
    return value
