"""Errors of delivery: HTTP status, Chinese and English. Joined in `app.api.problem_texts`."""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(401, {"report.signature": ("回执签名无效", "The report's signature does not hold")})
    | rows(
        404,
        {
            "gateway.unknown": ("没有登记该网关", "No such gateway is registered"),
            "report.message": ("没有该消息", "No such message"),
        },
    )
    | rows(
        409,
        {
            "report.gateway": (
                "该消息不归此网关，或回执出自另一网关",
                "The message is not this gateway's, or the report is another one's",
            ),
            "report.stale": (
                "回执的时间过早、过晚或无效",
                "The report's time is too old, ahead of time or not valid",
            ),
            "report.answer": (
                "按键与答复、抽取或邀请不符",
                "Keys, answer, draw and invitation do not fit together",
            ),
            "report.other-content": (
                "同一回执编号已用于其他内容",
                "The report's id was used for something else",
            ),
        },
    )
    | rows(
        422,
        {
            "message.template": ("没有该消息模板", "There is no such template"),
            "message.field": ("消息字段不在模板之列", "The fields are not those of the template"),
            "message.value": (
                "消息字段 {field} 的内容不可发送",
                "The value of field {field} may not be sent",
            ),
        },
    )
    | rows(
        500,
        {
            "template.refused": (
                "消息模板 {template} 不合规则（{rule}）",
                "Template {template} breaks a rule ({rule})",
            ),
            "gateways.file": (
                "网关配置第 {section} 节有误：{reason}",
                "Section {section} of the gateway file is wrong: {reason}",
            ),
            "people.file": ("人物文件有误", "The file of simulated people is wrong"),
        },
    )
)
