"""`qiantong recording`: check a folder of recordings, list its gaps, open it with keys, compose a view.

A check and the list of gaps need no key. Private keys come from files of their owner alone and go nowhere.
What opens anything asks for a reason and puts the look on record where there is one
(`app.cli.recording_looks`).
"""

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from remote_eval.media.recording.archive import Report
    from remote_eval.media.recording.gaps import ListedGap

app = typer.Typer(help="录制 · recordings", no_args_is_help=True)
_Folder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="录制目录 · folder of recordings"),
]
_Keys = Annotated[
    list[Path],
    typer.Option("--key", metavar="FILE", help="X25519 私钥文件，可多次 · private key file, repeatable"),
]
_Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="输出目录 · output folder")]
_Reason = Annotated[
    str, typer.Option(metavar="TEXT", help="查看理由，登记备查 · why you look, kept on record")
]
_KEY_TEXT: Final = re.compile(r"[0-9a-f]{64}\n?")


@app.command()
def check(folder: _Folder) -> None:
    """核对全部链与清单，无需密钥。 · Check every chain and manifest; no key is needed."""
    from remote_eval.errors import RecordingError
    from remote_eval.media.recording.archive import check as check_folder

    report = check_folder(folder)
    if not report.checked and not report.faults:
        raise RecordingError("recording.empty")
    _tell(report)
    if not report.ok:
        raise RecordingError("recording.faults", count=len(report.faults))
    typer.echo("无误 · no fault" + ("" if report.whole else "（有未正常结束的录制 · some were cut off）"))


@app.command()
def gaps(folder: _Folder) -> None:
    """列出缺口及原因。 · List the gaps with their causes."""
    from remote_eval.media.recording.gaps import list_gaps

    for one in list_gaps(folder):
        typer.echo(_gap(one))


@app.command()
def export(folder: _Folder, key: _Keys, out: _Out, reason: _Reason) -> None:
    """解密并按轨导出 .mkv；在所属系统旁运行时登记查看。

    Open the recordings and write one .mkv per track; on record where the room's installation is beside it.
    """
    from app.cli.recording_looks import look
    from remote_eval.media.recording.opening import export as export_folder
    from remote_eval.media.recording.opening import shut

    private = [_private(path) for path in key]
    look(folder, private, reason)
    for name, path in export_folder(folder, private, out).items():
        typer.echo(f"{name}\t{path.name}")
    for file in shut(folder, private):
        typer.echo(f"未打开 not opened\t{file}")


@app.command()
def compose(
    folder: _Folder,
    key: _Keys,
    out: _Out,
    reason: _Reason,
    part: Annotated[int, typer.Option(min=0, max=9999, help="部分编号 · number of the part")] = 1,
) -> None:
    """合成同步画面，原件不变；在所属系统旁运行时登记查看。

    Compose one view in step; the originals stay as they are; on record as with export.
    """
    from app.cli.recording_looks import look
    from remote_eval.media.recording.composing import compose as compose_part

    private = [_private(path) for path in key]
    look(folder, private, reason, part=part)
    made = compose_part(folder, private, out, part=part)
    typer.echo(f"{made.video.name}\tsha256 {made.sha256}")


def _private(path: Path) -> bytes:
    from remote_eval.errors import RecordingError

    with path.open("rb") as stream:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = stream.read(66).decode("ascii", errors="replace")
    if mode & 0o077 or not _KEY_TEXT.fullmatch(text):
        raise RecordingError("recording.key-file")
    return bytes.fromhex(text)


def _tell(report: "Report") -> None:
    from app.cli.recording_texts import FAULT_TEXTS

    for one in report.checked:
        notes = [f"撕裂尾部 torn {one.torn} B"] if one.torn else []
        notes += [f"未列入索引 unlisted {one.unlisted}"] if one.unlisted else []
        notes += [] if one.closed else ["未正常结束 cut off"]
        typer.echo("\t".join([one.file, str(one.frames), one.head[:16], *notes]))
    for fault in report.faults:
        zh, en = FAULT_TEXTS.get(fault.code, ("有误", "wrong"))
        place = "" if fault.frame is None else f" #{fault.frame}"
        track = "" if fault.track is None else f" ({fault.track})"
        typer.echo(f"✗ {fault.file}{place}{track}: {zh} · {en} [{fault.code}]", err=True)


def _gap(one: "ListedGap") -> str:
    until = "?" if one.until is None else f"{one.until / 1000:.3f}"
    return f"{one.part}\t{one.track}\t{one.since / 1000:.3f}\t{until}\t{one.cause}"
