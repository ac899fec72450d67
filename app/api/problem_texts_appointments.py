"""Errors of appointments: HTTP status, Chinese and English. Joined in `app.api.problem_texts`."""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(404, {"appointment.unknown": ("没有这项选定", "No such appointment")})
    | rows(
        409,
        {
            "appointment.pending": (
                "该标段已有一项选定待批准",
                "Another appointment of this section waits for its decision",
            ),
            "appointment.tries": (
                "该标段一天内已有 {limit} 次选定被拒，请明日再提",
                "{limit} proposals of this section were refused within a day: try again tomorrow",
            ),
            "appointment.decided": ("该项选定已有决定（{state}）", "It is decided already ({state})"),
            "appointment.two-persons": (
                "提出人不能批准或者退回自己提出的选定",
                "Whoever proposed it cannot decide on it",
            ),
            "appointment.other": (
                "待批准的已不是您看到的那份文件",
                "What is proposed is not the document that you looked at",
            ),
            "appointment.moved": ("该标段刚有变化，请重新查看", "The section has just changed: look again"),
            "appointment.no-proof": (
                "这些成员是选定的，未经抽取，没有抽取证明",
                "These members were appointed, not drawn: there is no proof of a draw",
            ),
        },
    )
    | rows(
        422,
        {
            "appointment.refused": (
                "不能选定，全部原因见 errors",
                "This appointment is refused; see errors for every reason",
            ),
            "appointment.document": ("选定文件不完整", "The document of the appointment is not whole"),
        },
    )
    | rows(500, {"appointment.differs": ("封存的人选与文件不符", "The people do not fit the document")})
)
FAULTS: Final[dict[str, tuple[str, str]]] = {
    "appointment.not-allowed": (
        "规则包 {pack} 不允许这样确定专家（{parameter}）",
        "The rule pack {pack} does not allow this ({parameter})",
    ),
    "appointment.reason": (
        "规则包 {pack} 没有这种理由（{parameter}：{known}）",
        "The rule pack {pack} has no such reason ({parameter}: {known})",
    ),
    "appointment.no-vacancy": (
        "没有可以自行选定的空缺席位：须先按顺序采取该补救步骤",
        "No seat may be filled by self-selection: that step of the ladder comes first",
    ),
    "appointment.pool": (
        "自行选定的专家须来自该次抽取所用的专家库",
        "A self-selection names experts of the pool that its draw was made from",
    ),
    "appointment.named": (
        "文字中有专家姓名、编号或者证件号码样式的内容：请改写，名单公开前任何文字不得指明人员",
        "The text holds an expert's name or number, or what looks like an identity number: reword it",
    ),
    "appointment.parameters": (
        "自行选定只补抽取的空缺席位，不另提条件",
        "A self-selection fills what the draw lacks and takes no parameters",
    ),
    "appointment.seated": ("直接确定不补抽取的席位", "A direct appointment counts on nobody of a draw"),
    "appointment.person": (
        "每人须是库内专家编号，或者库外人员，二者取一",
        "Each one is an expert number or an outside person, not both",
    ),
    "appointment.expert": ("专家库没有这个编号", "The pool has no such number"),
    "appointment.id-number": ("身份证件号码有误", "The identity number is wrong"),
    "appointment.in-pool": (
        "此人在专家库中，须以专家编号选定",
        "This person stands in the pool: name the expert number",
    ),
    "appointment.double": ("同一人重复", "The same person twice"),
    "appointment.org": ("单位代码有误", "The organisation's code is wrong"),
    "appointment.contact": ("联系方式有误", "The way to reach this person is wrong"),
    "appointment.seats": ("人数与席位数不符", "As many people as seats are needed"),
    "appointment.strata": ("各专业人数与席位不符", "The people do not fit the seats of the strata"),
    "appointment.sites": ("各场地人数与席位不符", "The people do not fit the seats of the sites"),
    "appointment.specialty": ("专业与席位不符", "The specialty does not fit the seat"),
    "appointment.conflicted": ("须回避", "This person has to stand back"),
    "appointment.unqualified": ("不符合专家条件", "This person is not qualified"),
    "appointment.against": ("不得参加：{reason}", "May not sit: {reason}"),
    "appointment.cap": ("同一单位超过 {cap} 人", "More than {cap} of one employer"),
    "appointment.text": ("须说明理由（1 至 200 字）", "A reason of 1 to 200 characters is needed"),
}
