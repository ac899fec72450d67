"""What a message may say (R12): attacks on the linter, on payloads and on single values."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppError
from app.store.repositories.outbox import FIELDS, Message
from app.usecases.delivery.template_texts import KEYS, MENU, SUBJECTS, TEXTS
from app.usecases.delivery.templates import check, fields_of, lint, render
from tests.support.delivery import LINK, message

VALUES = {
    "date": "2026-11-24",
    "start": "09:00",
    "hours": "4.5",
    "overnight": "yes",
    "area": "福州",
    "site": "福州市招标投标中心三楼",
    "bring": "身份证",
    "contact": "0591-12345678",
    "link": LINK,
    "code": "482913",
    "reply_by": "2026-11-23T06:00:00Z",
    "arrive_by": "2026-11-24T00:40:00Z",
    "what_changed": "改期",
}
EVERY = [(name, channel) for name, channels in TEXTS.items() for channel in channels]


def filled(template: str, channel: str, **changes: str) -> Message:
    fields = {name: VALUES[name] for name in fields_of(template, channel)}
    return message(1, template=template, channel=channel, fields=fields | changes)


def refused(**given: Any) -> str:
    with pytest.raises(AppError) as caught:
        check(message(1, **given))
    return caught.value.code


def test_every_template_keeps_the_rules() -> None:
    lint()


@pytest.mark.parametrize(("template", "channel"), EVERY)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_text_comes_out_whole(template: str, channel: str, language: str) -> None:
    fields = {name: VALUES[name] for name in fields_of(template, channel)}
    rendered = render(message(1, template=template, channel=channel, fields=fields, language=language))
    assert not re.search(r"[{}]", rendered.text)
    assert rendered.subject == SUBJECTS[template][language]


@pytest.mark.parametrize(
    "text",
    [
        "请参加{date}的项目评审",
        "{date}，招标人邀请您",
        "{date}，投标人共三家",
        "{date}，您的同事也参加",
        "{date}，其他专家已确认",
        "{date}，采购人代表两名",
        "The tenderee invites you on {date}",
        "On {date}: the PROJECT of the year",
        "A colleague will come on {date}",
        "Bidders are present on {date}",
    ],
)
def test_a_text_that_names_too_much_is_refused(text: str) -> None:
    with pytest.raises(AppError) as caught:
        lint({"x": {"sms": {"zh": text, "en": text}}}, {"x": {"zh": "通知", "en": "Notice"}})
    assert (caught.value.code, caught.value.details["rule"]) == ("template.refused", "names too much")


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        ({"sms": {"zh": "{name}您好", "en": "{name}"}}, "field"),
        ({"sms": {"zh": "{project}", "en": "{project}"}}, "field"),
        ({"sms": {"zh": "{date}", "en": "{start}"}}, "fields differ between languages"),
        ({"sms": {"zh": "{date}"}}, "languages"),
        ({"sms": {"zh": "{date", "en": "{date"}}, "braces"),
        ({"sms": {"zh": "见 http://a.b/{date}", "en": "{date}"}}, "address"),
        ({"voice": {"zh": "{link}", "en": "{link}"}}, "a link cannot be spoken"),
        ({"sms": {"zh": "好" * 401, "en": "good"}}, "length"),
        ({"pigeon": {"zh": "{date}", "en": "{date}"}}, "channel"),
    ],
)
def test_each_rule_of_the_linter_refuses_what_breaks_it(texts: Any, rule: str) -> None:
    with pytest.raises(AppError) as caught:
        lint({"x": texts}, {"x": {"zh": "通知", "en": "Notice"}})
    assert caught.value.details["rule"] == rule


def test_a_subject_is_held_to_the_same_rules() -> None:
    with pytest.raises(AppError):
        lint({"x": {"sms": {"zh": "{date}", "en": "{date}"}}}, {"x": {"zh": "某项目评审", "en": "Notice"}})


@given(st.text(min_size=1, max_size=20).filter(lambda name: name not in FIELDS), st.text(max_size=20))
def test_no_payload_with_any_other_key_can_even_be_made(key: str, value: str) -> None:
    with pytest.raises(AppError) as caught:
        message(1, fields={**message(1).fields, key: value})
    assert caught.value.code == "message.field"
    assert caught.value.details == {"count": 1}


@given(st.sampled_from(EVERY), st.sets(st.sampled_from(sorted(FIELDS))))
def test_a_payload_has_exactly_the_fields_of_its_template(which: tuple[str, str], names: set[str]) -> None:
    template, channel = which
    given_fields = {name: VALUES[name] for name in names}
    if names == fields_of(template, channel):
        check(message(1, template=template, channel=channel, fields=given_fields))
    else:
        assert refused(template=template, channel=channel, fields=given_fields) == "message.field"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("area", "某某工程项目现场"),
        ("area", "福州 http://evil.example"),
        ("area", "福州\n第二条消息"),
        ("area", "x" * 61),
        ("area", ""),
        ("date", "投标人甲"),
        ("start", "9点"),
        ("overnight", "maybe"),
        ("hours", "4 hours with your colleague"),
        ("link", "https://evil.example/phish"),
        ("link", LINK + "&to=13800000000"),
        ("reply_by", "2026-11-23 06:00"),
    ],
)
def test_a_value_is_no_second_message(field: str, value: str) -> None:
    assert refused(fields={**message(1).fields, field: value}) == "message.value"


def test_a_house_may_have_the_name_that_it_has() -> None:
    check(filled("reminder", "sms", site="福建省招标投标中心"))
    with pytest.raises(AppError):
        check(filled("moved", "sms", what_changed="招标文件有变"))


def test_times_are_shown_in_beijing() -> None:
    assert "2026-11-23 14:00" in render(message(1)).text


def test_one_key_alone_answers_nothing() -> None:
    assert all(len(keys) == 2 and keys[0] == keys[1] for keys in KEYS)
    assert sorted(KEYS.values()) == ["accept", "decline", "leave"]
    assert set(MENU.values()) == {"accept", "decline"}


def test_a_template_that_there_is_not_is_refused() -> None:
    assert refused(template="love-letter") == "message.template"
    assert refused(template="moved", channel="fax") == "message.template"


def test_the_printed_form_of_a_message_shows_no_recipient_and_no_link() -> None:
    shown = repr(message(1))
    assert message(1).to not in shown
    assert LINK not in shown
