"""The texts of all messages, by template, channel and language. `app.usecases.delivery.templates` holds them
to the rules; times are shown in Beijing time.

A call offers two keys and asks for each twice, so that a slip answers nothing: `MENU`. Whoever has accepted
and calls back leaves by a third: `KEYS` has them all.
"""

from collections.abc import Mapping
from typing import Final

# Keys that a call offers, and what they answer.
MENU: Final[Mapping[str, str]] = {"11": "accept", "22": "decline"}
# Keys of every answer by telephone: 88 in a call to the centre's line, after an acceptance.
KEYS: Final[Mapping[str, str]] = {**MENU, "88": "leave"}

SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "invitation": {"zh": "评审邀请", "en": "Invitation to an evaluation"},
    "reconfirm": {"zh": "评审安排有变，请再次确认", "en": "A change: please confirm again"},
    "code": {"zh": "验证码", "en": "Your code"},
    "accepted": {"zh": "已确认参加", "en": "Your attendance is confirmed"},
    "released": {"zh": "本次无须到场", "en": "You need not attend"},
    "reminder": {"zh": "到场提醒", "en": "Reminder"},
    "late": {"zh": "请尽快到场", "en": "Please come at once"},
    "moved": {"zh": "评审安排有变", "en": "A change to your evaluation"},
    "put-off": {"zh": "开始时间推迟", "en": "The start is put off"},
    "cancelled": {"zh": "评审已取消", "en": "The evaluation is cancelled"},
    "passkey-added": {"zh": "新增了通行密钥", "en": "A passkey was added"},
    "passkey-removed": {"zh": "移除了通行密钥", "en": "A passkey was removed"},
    "staff-change": {"zh": "场次变更通知", "en": "A session has changed"},
    "staff-put-off": {"zh": "开始时间推迟通知", "en": "A start is put off"},
    "staff-cancelled": {"zh": "场次取消通知", "en": "A session is cancelled"},
    "staff-alert": {"zh": "场次需要处理", "en": "A session needs attention"},
}

_WHEN: Final = {
    "zh": "{date} {start} 开始，约 {hours} 小时，{overnight}，地区：{area}，地点：{site}",
    "en": "{date} {start}, about {hours} h, {overnight}, area: {area}, place: {site}",
}
_KEYPAD: Final = {
    "zh": "确认参加请按 1，不能参加请按 2，随后再按一次同一个键；重听请按星号键。",
    "en": "Press 1 to accept or 2 to decline, then the same key again; press star to hear this again.",
}
_INVITATION: Final = {
    "zh": f"【签筒】诚邀您参加一次评审：{_WHEN['zh']}。请于 {{reply_by}} 前打开链接答复：{{link}} "
    "（链接仅供本人，请勿转发）",
    "en": f"You are invited to an evaluation: {_WHEN['en']}. Reply before {{reply_by}}: {{link}} "
    "(for you alone)",
}
_RECONFIRM: Final = {
    "zh": f"【签筒】您的评审安排有变（{{what_changed}}）：现为 {_WHEN['zh']}。"
    "请于 {reply_by} 前重新答复：{link}",
    "en": f"A change ({{what_changed}}): now {_WHEN['en']}. Please reply again before {{reply_by}}: {{link}}",
}
_SPOKEN_INVITATION: Final = {
    "zh": f"您好，诚邀您参加一次评审，{_WHEN['zh']}。{_KEYPAD['zh']}",
    "en": f"Hello. You are invited to an evaluation: {_WHEN['en']}. {_KEYPAD['en']}",
}
_SPOKEN_RECONFIRM: Final = {
    "zh": f"您好，您的评审安排有变，请重新答复。现为 {_WHEN['zh']}。{_KEYPAD['zh']}",
    "en": f"Hello. Your evaluation has changed; please reply again. Now: {_WHEN['en']}. {_KEYPAD['en']}",
}
_CODE: Final = {
    "zh": "【签筒】验证码 {code}，几分钟内有效。工作人员不会向您索要。",
    "en": "Your code is {code}, valid for a few minutes. Nobody of ours will ask you for it.",
}
_SPOKEN_CODE: Final = {"zh": "您的验证码是 {code}。", "en": "Your code is {code}."}
_ACCEPTED: Final = {
    "zh": "【签筒】已确认：{date} {start}，地点 {site}，请准时到场，携带 {bring}；"
    "{arrive_by} 仍未到即改请他人。联系：{contact}",
    "en": "Confirmed: {date} {start} at {site}. Please be on time and bring {bring}; "
    "after {arrive_by} somebody else is asked. Contact: {contact}",
}
_RELEASED: Final = {
    "zh": "【签筒】{date} {start} 的评审您无须到场，感谢配合。",
    "en": "You need not attend on {date} at {start}. Thank you.",
}
_REMINDER: Final = {
    "zh": "【签筒】提醒：{date} {start}，地点 {site}，请准时到场；"
    "{arrive_by} 仍未到即改请他人。联系：{contact}",
    "en": "Reminder: {date} {start} at {site}. After {arrive_by} somebody else is asked. Contact: {contact}",
}
_LATE: Final = {
    "zh": "【签筒】您确认参加 {date} {start} 的评审，到场时限为 {arrive_by}。请尽快到场或联系 {contact}",
    "en": "You confirmed {date} {start}; arrival is due by {arrive_by}. Come at once or call {contact}",
}
_MOVED: Final = {
    "zh": "【签筒】评审安排有变（{what_changed}）：{date} {start}，地点 {site}，请准时到场；"
    "{arrive_by} 仍未到即改请他人。联系：{contact}",
    "en": "A change ({what_changed}): {date} {start} at {site}. After {arrive_by} somebody else is asked. "
    "Contact: {contact}",
}
_PUT_OFF: Final = {
    "zh": "【签筒】开始时间推迟（{what_changed}）：现为 {date} {start}，地点 {site}。已到场的请在原处等候；"
    "其余请于 {arrive_by} 前到场，过时即改请他人。联系：{contact}",
    "en": "The start is put off ({what_changed}): now {date} {start} at {site}. If you are there, please "
    "wait; otherwise come by {arrive_by}, or somebody else is asked. Contact: {contact}",
}
_STAFF_PUT_OFF: Final = {
    "zh": "【签筒】一个场次推迟开始（{what_changed}）：现为 {date} {start}，场地 {site}。请登录系统查看。"
    "联系：{contact}",
    "en": "A session starts later ({what_changed}): now {date} {start} at {site}. Please sign in. "
    "Contact: {contact}",
}
_CANCELLED: Final = {
    "zh": "【签筒】{date} {start} 的评审已取消，无须到场。联系：{contact}",
    "en": "The evaluation of {date} {start} is cancelled; do not come. Contact: {contact}",
}
_PASSKEY_ADDED: Final = {
    "zh": "【签筒】您的答复页新增了一个通行密钥。如非本人操作，请凭收到的链接和验证码移除；"
    "本次链接已不发验证码的，下次收到链接时移除。",
    "en": "A passkey was added to your reply page. If it was not you, remove it by the link you received and "
    "a code; if that link sends no code any more, by the next one.",
}
_PASSKEY_REMOVED: Final = {
    "zh": "【签筒】您的答复页移除了一个通行密钥。如非本人操作，请凭收到的链接和验证码查看，并移除不是您的；"
    "本次链接已不发验证码的，下次收到链接时查看。",
    "en": "A passkey was removed from your reply page. If it was not you, look by the link you received and "
    "a code for keys that are not yours; if that link sends no code any more, by the next one.",
}
_STAFF_CHANGE: Final = {
    "zh": "【签筒】一个场次有变更（{what_changed}）：{date} {start}，场地 {site}。请登录系统查看。"
    "联系：{contact}",
    "en": "A session has changed ({what_changed}): {date} {start} at {site}. Please sign in. "
    "Contact: {contact}",
}
_STAFF_CANCELLED: Final = {
    "zh": "【签筒】场次取消：{date} {start}，场地 {site}。请登录系统查看。联系：{contact}",
    "en": "Cancelled: {date} {start} at {site}. Please sign in. Contact: {contact}",
}
_STAFF_ALERT: Final = {
    "zh": "【签筒】一个场次需要您处理（{what_changed}）：{date} {start}。请登录系统。",
    "en": "A session needs you ({what_changed}): {date} {start}. Please sign in.",
}


def _written(texts: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    return dict.fromkeys(("sms", "email", "letter"), texts)


def _everywhere(texts: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    return dict.fromkeys(("sms", "email", "letter", "voice"), texts)


TEXTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "invitation": {**_written(_INVITATION), "voice": _SPOKEN_INVITATION},
    "reconfirm": {**_written(_RECONFIRM), "voice": _SPOKEN_RECONFIRM},
    "code": {**_written(_CODE), "voice": _SPOKEN_CODE},
    "accepted": _everywhere(_ACCEPTED),
    "released": _everywhere(_RELEASED),
    "reminder": _everywhere(_REMINDER),
    "late": _everywhere(_LATE),
    "moved": _everywhere(_MOVED),
    "put-off": _everywhere(_PUT_OFF),
    "cancelled": _everywhere(_CANCELLED),
    "passkey-added": _everywhere(_PASSKEY_ADDED),
    "passkey-removed": _everywhere(_PASSKEY_REMOVED),
    "staff-change": _everywhere(_STAFF_CHANGE),
    "staff-put-off": _everywhere(_STAFF_PUT_OFF),
    "staff-cancelled": _everywhere(_STAFF_CANCELLED),
    "staff-alert": _everywhere(_STAFF_ALERT),
}
