"""What every error code means to a caller: HTTP status, Chinese and English, and whether trying again can
help.

Figures in braces are counts, limits, ids of projects and draws, never anything about a person.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.api.problem_rows import ProblemText, rows
from app.api.problem_texts_appointments import FAULTS as APPOINTMENT_FAULTS
from app.api.problem_texts_appointments import PROBLEMS as APPOINTMENTS
from app.api.problem_texts_arrival import PROBLEMS as ARRIVAL
from app.api.problem_texts_delivery import PROBLEMS as DELIVERY
from app.api.problem_texts_invitations import FAULTS as INVITATION_FAULTS
from app.api.problem_texts_invitations import PROBLEMS as INVITATIONS
from app.api.problem_texts_people import PROBLEMS as PEOPLE
from app.api.problem_texts_preservation import FAULTS as PRESERVATION_FAULTS
from app.api.problem_texts_preservation import PROBLEMS as PRESERVATION
from app.api.problem_texts_room import FAULTS as ROOM_FAULTS
from app.api.problem_texts_room import PROBLEMS as ROOM
from app.api.problem_texts_roster import PROBLEMS as ROSTER
from app.api.problem_texts_terminals import PROBLEMS as TERMINALS
from app.api.problem_texts_venues import PROBLEMS as VENUES

PROBLEMS: Final[Mapping[str, ProblemText]] = MappingProxyType(
    rows(
        400,
        {
            "json.syntax": ("请求体不是有效的 JSON", "The body is not valid JSON"),
            "json.duplicate-key": ("JSON 对象中有重复的键", "A JSON object repeats a key"),
            "json.number": ("只接受绝对值不超过 2^53-1 的整数", "Only integers up to 2^53-1 are accepted"),
            "json.too-deep": ("JSON 嵌套过深", "The JSON is nested too deeply"),
            "json.encoding": ("请求体不是有效的 UTF-8", "The body is not valid UTF-8"),
            "request.invalid": (
                "请求参数有误，全部问题见 errors",
                "The request is wrong; see errors for all of it",
            ),
            "idempotency.missing": ("缺少 Idempotency-Key 请求头", "The Idempotency-Key header is missing"),
            "idempotency.malformed": (
                "Idempotency-Key 应为 1 至 255 个可见 ASCII 字符",
                "Idempotency-Key is 1 to 255 visible ASCII characters",
            ),
            "cursor.malformed": ("分页游标无效", "The cursor is not valid"),
            "log.range": ("日志区间无效", "No such range of the log"),
        },
    )
    | rows(
        401,
        {
            "access.missing": ("需要身份凭证", "Credentials are required"),
            "key.unknown": ("接口密钥无效", "The API key is not valid"),
            "key.expired": ("接口密钥已过期", "The API key has expired"),
            "key.revoked": ("接口密钥已吊销", "The API key was revoked"),
            "signature.required": (
                "该密钥的写操作必须签名",
                "This key must sign requests that change something",
            ),
            "signature.malformed": ("请求签名格式有误", "The request signature is malformed"),
            "signature.invalid": ("请求签名无效", "The request signature does not hold"),
            "signature.replayed": ("请求签名已被使用过", "The request signature was used before"),
        },
    )
    | rows(
        403,
        {
            "access.role": ("您的角色不能进行该操作", "Your role may not do this"),
            "access.duty": ("您在该次抽取中没有相应职责", "You have no such duty in this draw"),
            "access.scope": ("密钥缺少权限 {scope}", "The key lacks the scope {scope}"),
            "key.mode": ("测试密钥与正式环境不能混用", "Test keys and live systems do not mix"),
        },
    )
    | rows(
        404,
        {
            "route.unknown": ("没有这个地址", "There is nothing at this address"),
            "project.unknown": ("没有该项目或标段", "No such project or section"),
            "draw.unknown": ("没有该次抽取", "No such draw"),
            "pool.unknown": ("没有该专家库", "No such pool"),
            "agency.unknown": ("没有该代理机构", "No such agency"),
            "proof.unknown": ("没有该核验码对应的抽取证明", "No proof with this code"),
            "expert.unknown": ("该次抽取的专家库中没有该专家", "No such expert in this draw's pool"),
            "pack.unknown": ("没有规则包 {pack}", "No rule pack {pack}"),
            "ocds.unknown-ocid": ("数据包中没有该 ocid", "The package has no such ocid"),
            "log.no-checkpoint": ("日志还没有发布检查点", "The log has no published checkpoint yet"),
        },
    )
    | rows(405, {"route.method": ("该地址不支持此方法", "The method is not allowed here")})
    | rows(
        409,
        {
            "idempotency.running": (
                "同一 Idempotency-Key 的请求正在处理",
                "A request with this key is running",
            ),
            "project.exists": ("该项目标段已登记", "This project section exists already"),
            "project.draw-sealed": (
                "抽取已封存，投标人名单不能再改",
                "The draw is sealed: its bidders are fixed",
            ),
            "draw.exists": ("该标段已有进行中的抽取", "The section has a draw under way"),
            "draw.not-open": ("抽取尚未公开", "The draw is not open yet"),
            "draw.pool-file-waits": (
                "另有 {draws} 个同期抽取尚未公开，其公开后方可导出专家库文件",
                "{draws} draws of the same time are still sealed; the pool file waits for their opening",
            ),
            "draw.live-exists": ("该标段已有进行中的抽取 {draw}", "The section has a draw under way: {draw}"),
            "draw.parties-missing": ("参与方密钥尚未登记齐全", "The keys of some parties are not registered"),
            "draw.seated-moved": (
                "补抽所计入的在席专家人数已变化，请中止本轮后重新申请",
                "The number of seated experts that this top-up counts on has changed: abort it and ask anew",
            ),
            "draw.duties-clash": (
                "同一人不得在一次抽取中承担两种职责",
                "One person may not have two duties in one draw",
            ),
            "draw.duty-late": (
                "抽取已结束，不能再承担其职责",
                "The draw has ended: its duties cannot be taken any more",
            ),
            "disclosure.too_large": (
                "文件超过 {limit} 字节，无法给出",
                "The file exceeds {limit} bytes and cannot be given",
            ),
            "draw.state": ("抽取当前状态不允许该操作", "The draw's present state does not allow this"),
            "draw.transition": ("抽取当前状态不允许该操作", "The draw's present state does not allow this"),
            "draw.too_late": ("已过期限 {deadline}", "The deadline {deadline} has passed"),
            "draw.too_early": ("尚未到 {deadline}", "Not before {deadline}"),
            "draw.seat": ("没有该席位，或席位已空缺", "No such seat, or it is vacant already"),
            "draw.seat-pending": (
                "该席位的替换尚待监督人应答",
                "The seat's replacement still waits for the supervisor's answer",
            ),
            "draw.invitations-elsewhere": (
                "本次抽取的邀请不入日志",
                "The invitations of this draw are not logged",
            ),
            "draw.invitations-logged": (
                "本次抽取的邀请入日志：替换须由日志中的事由支持",
                "The invitations of this draw are logged: a replacement needs its ground in the log",
            ),
            "draw.reply-late": (
                "答复已过期限 {reply_by}，不改变任何结果",
                "The answer came after {reply_by} and changes nothing",
            ),
            "draw.reply-order": (
                "该邀请已有答复：同意后只可请假一次，拒绝或请假后不再接受答复",
                "The invitation is answered: one leave may follow an acceptance, nothing else an answer",
            ),
            "draw.no-ground": (
                "日志中没有支持该事由的邀请和答复",
                "No invitation and answer in the log supports this class of event",
            ),
            "draw.no-note": ("该事由须附说明", "This class of event needs a note"),
            "draw.not-accepted": (
                "尚有 {seats} 个席位的专家未接受邀请，不能解密",
                "{seats} seats have no accepted invitation yet: the draw cannot be opened",
            ),
            "draw.event-class": ("不存在该类事由", "No such class of event"),
            "draw.event-evidence": (
                "须附不超过 {limit} 字节的证据",
                "Evidence of at most {limit} bytes is needed",
            ),
            "draw.abort-reason": ("不存在该终止事由", "No such reason to abort"),
            "draw.pool-too-young": (
                "专家库版本冻结于 {frozen}，距申请不足 {hours} 小时；请终止后待满期重新申请",
                "The pool was frozen at {frozen}, under {hours} h before the request; abort and ask later",
            ),
            "draw.ground-missing": ("抽取所依据的项目或专家库不存在", "The draw's project or pool is gone"),
        },
    )
    | rows(
        409,
        {
            "store.write-conflict": ("数据同时被修改，请重试", "Somebody else was first; try again"),
            "party.refused": ("参与方节点拒绝：{refusal}", "A party's node refused: {refusal}"),
        },
        retryable=True,
    )
    | rows(
        412,
        {"project.version-moved": ("项目已被修改，请先重新读取", "The project changed; read it again first")},
    )
    | rows(
        413,
        {
            "json.too-large": ("请求体过大", "The body is too large"),
            "body.too-large": ("请求体超过 {limit} 字节", "The body exceeds {limit} bytes"),
        },
    )
    | rows(415, {"body.media-type": ("请求体应为 application/json", "The body must be application/json")})
    | rows(
        422,
        {
            "idempotency.other-body": (
                "同一 Idempotency-Key 曾用于另一请求",
                "This key was used for another request",
            ),
            "project.refused": (
                "项目信息有误，全部问题见 errors",
                "The project is wrong; see errors for all of it",
            ),
            "draw.invite-refused": (
                "邀请不能入日志，全部问题见 errors",
                "The invitation cannot be logged; see errors for all of it",
            ),
            "draw.invite-times": (
                "时间顺序应为：现在、答复期限、到场期限；取消期限不晚于到场期限",
                "Times go: now, answer by, arrive by; the cut-off is not later than the arrival",
            ),
            "draw.invite-letter": (
                "信件为 1 至 {limit} 字节",
                "The sealed letter has 1 to {limit} bytes",
            ),
            "draw.invite-key": ("邀请密钥无效", "The key of the invitation is not valid"),
            "draw.reply-refused": ("答复不能入日志", "The answer cannot be logged"),
            "draw.reply-form": (
                "答复须为接受、拒绝或请假，并恰有一种签名",
                "An answer is accept, decline or leave, signed in exactly one way",
            ),
            "draw.reply-unknown": ("没有该邀请或该答复", "No such invitation or answer"),
            "draw.reply-signature": ("答复的签名无效", "The signature of the answer does not hold"),
            "draw.reply-at": (
                "答复时间不在发出邀请与入日志之间",
                "The answer's time is not between the invitation and now",
            ),
            "draw.reply-record": (
                "网关记录与该答复不符",
                "The gateway's record does not say what the answer says",
            ),
            "draw.record-refused": ("记录不能入日志", "The record cannot be logged"),
            "draw.record-form": (
                "主题未知，或文件不在 1 至 {limit} 字节之间",
                "An unknown topic, or a document that has not 1 to {limit} bytes",
            ),
            "draw.refused": (
                "抽取申请不能受理，全部问题见 errors",
                "The draw cannot be accepted; see errors",
            ),
            "pool.refused": (
                "专家库数据有误，全部问题见 errors",
                "The pool is wrong; see errors for all of it",
            ),
            "ocds.refused": ("OCDS 数据包有误，全部问题见 errors", "The OCDS package is wrong; see errors"),
            "ocds.no-releases": ("数据包中没有 releases", "The package has no releases"),
            "ocds.too-many-releases": ("releases 过多", "The package has too many releases"),
            "ocds.no-buyer": ("公告没有采购人", "The notice has no buyer"),
            "ocds.too-many-bidders": ("投标人过多", "The notice has too many bidders"),
            "record.rules": ("申请违反规则包", "The request breaks its rule pack"),
            "record.infeasible": ("无法组成评标委员会", "No panel can be drawn"),
            "record.acceptance": ("可行的组合过于稀少", "Feasible panels are too rare"),
            "record.anonymity": (
                "人数低于匿名下限且未获监督人批准",
                "Below the anonymity gate without an override",
            ),
            "record.override": ("无需放宽匿名下限", "No override is needed"),
            "record.request_time": ("申请时间晚于封存时间", "The request is dated after the seal"),
            "record.deadlines": ("期限先后有误", "The deadlines are out of order"),
            "record.beacon": ("公共信标轮次过近", "The beacon round is too close"),
        },
    )
    | rows(429, {"rate.limited": ("请求过于频繁", "Too many requests")}, retryable=True)
    | rows(
        500,
        {
            "internal": ("服务器内部错误", "Internal error"),
            "log.corrupt": ("日志校验失败", "The log is corrupt"),
        },
    )
    | rows(
        503,
        {
            "log.quorum-missing": (
                "日志联署方未全部签署，未作任何确认；请稍后以同一 Idempotency-Key 重试",
                "Not every cosigner of the log signed: nothing is acknowledged; try again with the same key",
            ),
            "party.unreachable": ("参与方节点无法连接", "A party's node cannot be reached"),
            "party.malformed": ("参与方节点应答有误", "A party's node answered nonsense"),
            "store.busy": ("数据库繁忙", "The database is busy"),
            "service.not-ready": ("服务尚未就绪", "The service is not ready"),
        },
        retryable=True,
    )
    | INVITATIONS
    | DELIVERY
    | PEOPLE
    | VENUES
    | TERMINALS
    | PRESERVATION
    | ARRIVAL
    | ROSTER
    | APPOINTMENTS
    | ROOM
)

_FORM: Final = ("格式有误", "The form is wrong")

FAULTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "schema.type": ("类型有误", "The type is wrong"),
        "schema.format": _FORM,
        "schema.choice": ("不是允许的取值", "Not one of the allowed values"),
        "schema.range": ("超出允许的范围", "Out of range"),
        "schema.length": ("长度或数目有误", "The length or number is wrong"),
        "schema.duplicate": ("有重复", "It occurs twice"),
        "schema.missing": ("缺少此项", "It is missing"),
        "schema.unknown": ("不认识此项", "It is not known"),
        "project.owner": ("项目没有服务责任人", "The project has no responsible person"),
        "project.owner-same": ("该人已是服务责任人", "This person is responsible already"),
        "project.reason": ("交接须说明理由", "A hand-over needs a reason"),
        "bidders.left-out": (
            "投标人只能标记退出，不能删除：删除会解除回避",
            "A bidder can be marked withdrawn, not left out: that would lift avoidance",
        ),
        "pack.unknown": ("没有该规则包", "No such rule pack"),
        "pack.clash": ("规则包不能叠加", "These rule packs do not go together"),
        "pool.basis": ("专家库没有依据", "The pool has no legal basis"),
        "pool.double-id": ("第 {row} 行与第 {first} 行编号相同", "Rows {row} and {first} have the same id"),
        "pool.double-person": (
            "第 {row} 行与第 {first} 行是同一人",
            "Rows {row} and {first} are the same person",
        ),
        "ocds.no-ocid": ("缺少 ocid", "The ocid is missing"),
        "draw.opens-too-early": ("不得早于 {earliest} 公开", "Not to be opened before {earliest}"),
        "project.unknown": ("没有该项目或标段", "No such project or section"),
        "pool.unknown": ("没有该专家库", "No such pool"),
        "draw.live-exists": ("该标段已有进行中的抽取 {draw}", "The section has a draw under way: {draw}"),
        "draw.parties-missing": (
            "参与方密钥尚未登记齐全：{roles}",
            "The keys of some parties are not registered: {roles}",
        ),
        "draw.top-up-none": (
            "现在没有可以补抽的席位：须先在短缺处理中记录扩大范围的一步，每一步只能补抽一次",
            "No top-up is open: a step of the ladder that looks further comes first, and allows one",
        ),
        "draw.top-up-differs": (
            "补抽申请与平台给出的不一致：席位、范围、在席人数和专家库均须照用",
            "A top-up is asked for exactly as the platform states it: seats, filter, seated experts and pool",
        ),
        "draw.redraw-reason": ("再次抽取须说明理由", "Drawing a section again needs a reason"),
        "draw.pool-young": (
            "专家库刚冻结：{earliest} 以后才能申请从中抽取",
            "The pool was frozen lately: draws from it may be requested from {earliest} on",
        ),
        "draw.no-redraw": ("首次抽取不应有再次抽取的理由", "A first draw has no reason to be drawn again"),
        "anonymity.stop": (
            "专业组 {stratum} 只有 {experts} 人可抽 {seats} 席，少于 {factor} 倍；须放宽条件，或由监督人批准",
            "Stratum {stratum}: {experts} experts for {seats} seats, less than {factor} times; widen it",
        ),
        "anonymity.override": (
            "专业组 {stratum} 低于匿名下限，须由监督人批准且理由将公开",
            "Stratum {stratum} is below the gate: the supervisor must approve, the reason is published",
        ),
        "anonymity.yellow": (
            "专业组 {stratum} 的可能组合偏少，名单较易被猜中",
            "Stratum {stratum} has few possible outcomes: names may be guessed",
        ),
        "anonymity.no-override-needed": ("无需放宽匿名下限", "No override is needed"),
        "feasibility.stratum.eligible": (
            "专业组 {stratum} 需 {needed} 人，可抽 {available} 人",
            "Stratum {stratum} needs {needed} experts and has {available}",
        ),
        "feasibility.site.eligible": (
            "场地 {site} 至少需 {needed} 人，可抽 {available} 人",
            "Site {site} needs at least {needed} experts and has {available}",
        ),
        "feasibility.sites.minimum_sum": (
            "各场地下限合计 {needed}，席位只有 {available}",
            "The sites' minima sum to {needed}, there are {available} seats",
        ),
        "feasibility.sites.maximum_sum": (
            "各场地上限合计 {available}，席位有 {needed}",
            "The sites' maxima sum to {available}, there are {needed} seats",
        ),
        "feasibility.sites.minimum_cells": (
            "各场地下限 {needed} 无法同时满足，最多 {available}",
            "The sites' minima of {needed} cannot be met together, at most {available}",
        ),
        "feasibility.sites.maximum_cells": (
            "受场地上限所限，{needed} 席最多可填 {available}",
            "The sites' maxima leave {available} of {needed} seats",
        ),
        "feasibility.tables.too_many": ("专业组与场地的组合过多", "Too many ways to split the seats"),
        "feasibility.people.stratum": (
            "专业组 {stratum} 需 {needed} 个不同的人，只有 {available}",
            "Stratum {stratum} needs {needed} different people and has {available}",
        ),
        "feasibility.people.site": (
            "场地 {site} 需 {needed} 个不同的人，只有 {available}",
            "Site {site} needs {needed} different people and has {available}",
        ),
        "feasibility.people.shared": (
            "同一人不能占两席：{needed} 席最多可填 {available}",
            "Nobody sits twice: {available} of {needed} seats can be filled",
        ),
        "feasibility.employer.stratum": (
            "受同一单位人数上限所限，专业组 {stratum} 需 {needed} 席，最多可填 {available}",
            "The employer cap leaves {available} of {needed} seats in stratum {stratum}",
        ),
        "feasibility.employer.site": (
            "受同一单位人数上限所限，场地 {site} 需 {needed} 席，最多可填 {available}",
            "The employer cap leaves {available} of {needed} seats at site {site}",
        ),
        "feasibility.employer.cap": (
            "受同一单位人数上限所限，{needed} 席最多可填 {available}",
            "The employer cap leaves {available} of {needed} seats",
        ),
    }
    | INVITATION_FAULTS
    | ROOM_FAULTS
    | PRESERVATION_FAULTS
    | APPOINTMENT_FAULTS
)
