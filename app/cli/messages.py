"""From any error to what a person at the terminal reads, Chinese first, and to the exit code.

The words are those of the API (`app.api.problem_texts`) and a few that only a terminal needs. Values of an
input never appear: they may be personal.
"""

import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from typing import Final

import typer
from typer.exceptions import TyperException

from app.api.problem_texts import FAULTS, PROBLEMS
from app.cli.key_texts import KEY_FAULTS, KEY_TEXTS
from app.cli.pool_texts import pool_fault
from app.cli.recording_texts import RECORDING_TEXTS
from app.errors import (
    AccessRefusedError,
    AppError,
    CipherError,
    ConflictError,
    Fault,
    InputRefusedError,
    LogCorruptError,
    NotFoundError,
    QuorumMissingError,
)
from crypto.errors import CryptoError
from draw.avoidance.texts import TEXTS as LAW_TEXTS
from draw.errors import DrawError
from remote_eval.errors import EvaluationError

OK: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130
MAX_SHOWN: Final = 20
_WRONG: Final = ("有误", "It is wrong")
_RETRYABLE: Final = frozenset(
    {"beacon.not-due", "beacon.unavailable", "party.unreachable", "party.malformed"}
)
TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "store.not-upgraded": (
        "数据库尚未建立或不是最新结构：请先运行 qiantong db upgrade",
        "The database is missing or out of date: run qiantong db upgrade first",
    ),
    "store.bad-url": (
        "数据库地址应以 sqlite:// 或 postgresql:// 开头",
        "A database address begins with sqlite:// or postgresql://",
    ),
    "store.unreachable": ("数据库无法连接", "The database cannot be reached"),
    "platform.key-mode": (
        "密钥文件只能由所有者读取（chmod 600）",
        "A key file must be readable by its owner only (chmod 600)",
    ),
    "platform.key-file": ("平台密钥文件无法识别", "The platform's key file is not understood"),
    "cipher.file-mode": (
        "密钥文件只能由所有者读取（chmod 600）",
        "A key file must be readable by its owner only (chmod 600)",
    ),
    "cipher.bad-file": ("字段加密密钥文件无法识别", "The field key file is not understood"),
    "case.changed": ("{count} 项已固定的证据不再成立", "{count} frozen items no longer hold"),
    "party.exists": ("该参与方名称已由另一密钥登记", "Another key holds this party's role and name"),
    "party.unknown": ("没有该参与方的节点", "This party has no node"),
    "party.gateways": (
        "网关公钥应为至多 16 个 64 位十六进制的有效公钥",
        "Gateways are at most 16 valid public keys of 64 hexadecimal digits",
    ),
    "devices.file": (
        "设备清单文件无效：须列出 platform、platform_key 与 devices",
        "Not a file of devices: it names platform, platform_key and devices",
    ),
    "party.appointment-document": (
        "不是完整的选定文件：须与平台给出的文件逐字节相同",
        "Not a whole document of an appointment: byte by byte the one that the platform gives",
    ),
    "party.appointment-section": (
        "该选定文件属于另一个项目或标段",
        "This document is of another project or section",
    ),
    "party.rules-digest": (
        "规则摘要应为 64 位小写十六进制",
        "A digest of rules has 64 lowercase hexadecimal digits",
    ),
    "party.role": ("该节点不承担此角色", "The node does not have this role"),
    "party.folder": (
        "密钥目录不存在或不完整：请先运行 qiantong party init",
        "No complete key folder: run qiantong party init first",
    ),
    "party.folder-taken": (
        "该目录已有密钥，不会覆盖",
        "The folder holds keys already; they are never overwritten",
    ),
    "party.name": (
        "名称应为 1 至 100 个可见 ASCII 字符，不含空格和加号",
        "A name is 1 to 100 printable ASCII characters without blank or plus",
    ),
    "trust.file": ("信任文件无法识别", "The trust file is not understood"),
    "trust.missing": (
        "节点尚未设定信任文件：请先运行 qiantong party trust",
        "The node has no trust file: run qiantong party trust first",
    ),
    "trust.own-key": ("信任文件没有列出本节点的密钥", "The trust file does not list this node's own key"),
    "beacon.not-due": (
        "公共信标轮次尚未发布，{seconds} 秒后再试",
        "The beacon round is not due yet; try again in {seconds} s",
    ),
    "beacon.unavailable": ("公共信标无法取得", "The beacon round cannot be had"),
    "beacon.file": ("信标轮次文件无法识别", "The file of beacon rounds is not understood"),
    "draw.not-sealed": ("该次抽取尚未封存", "The draw is not sealed yet"),
    "draw.not-logged": ("该次抽取尚未登记入日志", "The draw is not in the log yet"),
    "draw.event-pending": ("上一次替换尚待监督人应答", "The last replacement still waits for the supervisor"),
    "agency.exists": ("该代理机构已登记", "This agency exists already"),
    "pool.faults": ("专家库文件有误", "The pool file is wrong"),
    "file.unreadable": ("文件无法读取：{file}", "The file cannot be read: {file}"),
    "file.exists": (
        "文件已存在，不会覆盖：{file}",
        "The file is there already and is not overwritten: {file}",
    ),
    "gateway.configuration": ("网关配置有误：{reason}", "The gateway's configuration is wrong: {reason}"),
    "gateway.key": (
        "网关密钥文件无效，或可被他人读取（chmod 600）",
        "Not a gateway's key file, or others may read it (chmod 600)",
    ),
    "file.kind": ("文件应为 .csv、.xlsx 或 .jsonl", "The file must be .csv, .xlsx or .jsonl"),
    "file.shape": ("文件的结构不符合要求", "The file does not have the shape that is needed"),
    "vectors.unusable": ("一致性文件无法使用：{reason}", "The conformance file cannot be used: {reason}"),
    "node.missing": (
        "本机没有 Node，无法运行第二个核验程序",
        "There is no Node on this machine to run the second verifier with",
    ),
    "verifier.missing": ("第二个核验程序尚未构建", "The second verifier is not built"),
    "folder.not-empty": ("输出目录不为空：{folder}", "The output folder is not empty: {folder}"),
    "demo.child": ("演示的子进程没有启动：{role}", "A process of the demonstration did not start: {role}"),
    "demo.port": ("端口 {port} 已被占用，请用 --port 另选", "Port {port} is taken; choose another by --port"),
    "demo.refused": (
        "演示中的一步被拒绝：{path}（{code}）",
        "A step of the demonstration was refused: {path} ({code})",
    ),
    "demo.nobody-came": ("没有人到场", "Nobody came"),
    "demo.unverified": ("核验未通过", "The verification failed"),
    "demo.experts": ("专家数应为 30 至 1000000", "The number of experts is 30 to 1000000"),
    "log.round-repeated": (
        "日志中同一标段的第 {round} 轮抽取出现两次：编号 {draw} 与已有的 {earlier}（标段 {section}）",
        "The log holds round {round} of one section twice: draw {draw} beside {earlier} (section {section})",
    ),
    "log.round-unlinked": (
        "日志中编号 {draw} 的抽取（第 {round} 轮）没有接续该标段的上一轮 {earlier}（标段 {section}）",
        "Draw {draw} in the log does not follow the newest draw {earlier} of its section ({section})",
    ),
    "log.appointment-unreadable": (
        "日志第 {index} 条选定登记无法读取",
        "Entry {index} of the log, an appointment, cannot be read",
    ),
    "log.appointment-unsigned": (
        "日志第 {index} 条选定登记没有平台和监督人以已登记密钥所作的签名",
        "Entry {index} of the log, an appointment, lacks a signature by a registered key",
    ),
    "log.appointment-unlinked": (
        "日志第 {index} 条选定登记没有接续该标段，或者所补的抽取不属于该标段（{section}）",
        (
            "Entry {index} of the log, an appointment, does not count on in its section ({section}), or "
            "fills no draw of it"
        ),
    ),
    "log.appointment-drawn": (
        "日志第 {index} 条把第 {appointment} 条的选定当作抽取",
        "Entry {index} of the log is a step of a draw under the number of the appointment {appointment}",
    ),
    "log.request-unreadable": (
        "日志第 {index} 条抽取申请无法读取",
        "Entry {index} of the log, a request, cannot be read",
    ),
    **RECORDING_TEXTS,
    **KEY_TEXTS,
}


_OF_FILES: Final = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


def say(zh: str, en: str) -> None:
    """One line on stderr, Chinese first."""
    print(f"{zh} · {en}", file=sys.stderr)  # noqa: T201 - a command line speaks to the person who started it


def explain(error: BaseException) -> int:
    """Tell the error in one line (and its faults below); gives the exit code."""
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    if isinstance(error, TyperException):
        said = getattr(error, "format_message", lambda: "")()
        say("用法有误，请看 --help", f"{said or 'Called wrongly'} [usage]")
        return USAGE
    if isinstance(error, _OF_FILES):
        code = "file.exists" if isinstance(error, FileExistsError) else "file.unreadable"
        return _line(code, {"file": os.path.basename(str(error.filename or ""))}, USAGE)  # noqa: PTH119
    if isinstance(error, AppError | DrawError | CryptoError | EvaluationError):
        return _ours(error)
    if type(error).__module__.startswith("sqlalchemy."):
        return _line("store.unreachable", {}, UNREACHABLE)
    if os.environ.get("QIANTONG_TRACEBACK"):
        traceback.print_exception(error)
    say(
        f"内部错误（{type(error).__name__}），请报告",
        f"Internal error ({type(error).__name__}); please report it",
    )
    return REFUSED


def _ours(error: AppError | DrawError | CryptoError | EvaluationError) -> int:
    code = str(getattr(error, "code", "") or error)
    figures: Mapping[str, object] = getattr(error, "details", {})
    again = isinstance(error, QuorumMissingError) or code in _RETRYABLE
    exit_code = _line(code, figures, UNREACHABLE if again else REFUSED, error)
    faults = error.faults if isinstance(error, InputRefusedError) else figures.get("faults", ())
    if isinstance(faults, tuple | list):
        tell_faults(faults)
    return exit_code


def _line(
    code: str, figures: Mapping[str, object], exit_code: int, error: BaseException | None = None
) -> int:
    zh, en = _words(code, error)
    say(f"错误：{_filled(zh, figures)}", f"{_filled(en, figures)} [{code}]")
    return exit_code


def _words(code: str, error: BaseException | None) -> tuple[str, str]:
    if code in TEXTS:
        return TEXTS[code]
    row = PROBLEMS.get(code) or next(
        (PROBLEMS[name] for kind, name in _BY_CLASS if isinstance(error, kind)), None
    )
    return ("不能进行该操作", "This cannot be done") if row is None else (row.zh, row.en)


_BY_CLASS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (QuorumMissingError, "log.quorum-missing"),
    (LogCorruptError, "log.corrupt"),
    (CipherError, "internal"),
    (NotFoundError, "route.unknown"),
    (AccessRefusedError, "access.role"),
    (ConflictError, "draw.state"),
)


def tell_faults(faults: Iterable[object]) -> None:
    """Every fault with its place, up to a limit; then how many more there are."""
    listed = [one for one in faults if isinstance(one, Fault)]
    for one in listed[:MAX_SHOWN]:
        zh, en = _fault_words(one)
        mark = "提示 note" if one.alarm else "问题 fault"
        basis = f"（{one.basis}）" if one.basis else ""
        figures = one.figures
        say(
            f"  {mark} {one.pointer or '/'} {_filled(zh, figures)}{basis}",
            f"{_filled(en, figures)} [{one.code}]",
        )
    if len(listed) > MAX_SHOWN:
        more = len(listed) - MAX_SHOWN
        say(f"  另有 {more} 处", f"and {more} more")


def _fault_words(fault: Fault) -> tuple[str, str]:
    if fault.zh:
        return fault.zh, fault.en
    bare = fault.code.removeprefix("pool.")
    law = LAW_TEXTS.get(bare)
    return (
        FAULTS.get(fault.code)
        or KEY_FAULTS.get(fault.code)
        or pool_fault(fault.code)
        or (None if law is None else (law.zh, law.en))
        or FAULTS.get(bare.replace("value.", "schema."), _WRONG)
    )


def _filled(text: str, figures: Mapping[str, object]) -> str:
    shown = {name: value for name, value in figures.items() if isinstance(value, int | str)}
    try:
        return text.format(**shown)
    except (KeyError, IndexError, ValueError):
        return text
