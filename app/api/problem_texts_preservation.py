"""Errors of keeping, checking and deleting recordings: HTTP status, Chinese and English. Joined in
`app.api.problem_texts`.
"""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(
        403,
        {
            "preservation.custodian": (
                "须由录像保管人办理",
                "Only the custodian of the recordings does this",
            ),
            "preservation.two-persons": (
                "提出与批准须为两人",
                "Whoever proposed the deletion cannot approve it",
            ),
        },
    )
    | rows(
        404,
        {"preservation.unknown": ("没有该事项，或已办结", "There is no such matter, or it is settled")},
    )
    | rows(
        409,
        {
            "preservation.acts": (
                "保管记录自相矛盾，已停止办理",
                "The record of these recordings contradicts itself; nothing more is done",
            ),
            "preservation.moved": ("保管记录刚有变化，请重试", "The record has moved on; try again"),
        },
    )
    | rows(
        422,
        {
            "preservation.refused": (
                "现在不能办理，原因逐条列出",
                "This cannot be done now; every reason is listed",
            )
        },
    )
)
FAULTS: Final[dict[str, tuple[str, str]]] = {
    "preservation.account": (
        "不是可用的操作员账号",
        "No operator's account that can be used has this login",
    ),
    "preservation.term": ("保存期限至 {until}，尚未届满", "Kept until {until} at least"),
    "preservation.held": ("存在保全，解除前不得销毁", "Somebody holds the recordings"),
    "preservation.case": (
        "有 {cases} 件立案固定了该录像，不得销毁",
        "{cases} cases froze these recordings: they are not deleted",
    ),
    "preservation.incident": ("有未办结的校验事件", "An incident of a check is open"),
    "preservation.unsealed": ("录像尚未全部封存", "Some part of the recordings is not sealed yet"),
    "preservation.nothing": ("没有可销毁的录像", "Nothing of this class is left"),
    "preservation.asked": ("该类录像已有待批准的销毁", "A deletion of this class waits for its approval"),
}
