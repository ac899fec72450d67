"""What a person reads when a recording is refused: Chinese first, by the code of the error."""

from collections.abc import Mapping
from typing import Final

RECORDING_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "recording.key": ("密钥打不开任何所需录制", "The key opens none of the recordings it is needed for"),
    "recording.key-file": (
        "密钥文件应为 64 位十六进制，且只能由所有者读取（chmod 600）",
        "A key file holds 64 hexadecimal digits and is readable by its owner only (chmod 600)",
    ),
    "recording.prelude": ("录制文件的文件头无法识别", "The head of a recording is not understood"),
    "recording.frame": ("第 {frame} 帧被改动", "Frame {frame} was changed"),
    "recording.out": (
        "输出目录不为空或文件已存在",
        "The output folder is not empty, or the file is there already",
    ),
    "recording.ffmpeg": (
        "合成需要可用的 ffmpeg 程序",
        "A composition needs the program ffmpeg, which is missing or failed",
    ),
    "recording.part": ("没有该部分的可用录制", "There is nothing of this part to show"),
    "recording.tiles": ("画面过多，无法合成", "There are too many cameras for one composition"),
    "recording.faults": ("检查未通过：{count} 处", "The check failed: {count} faults"),
    "recording.name": ("文件名不是录制的名称", "The name is none of a recording's"),
    "recording.reason": (
        "请写明查看理由，至多 {limit} 字",
        "Say why you look, in at most {limit} characters",
    ),
    "recording.beside": (
        "该目录属于一个系统的数据目录：请用 --data（及 --database）指明该系统，以便登记查看",
        "The folder is an installation's: name that with --data (and --database), to have the look on record",
    ),
    "recording.empty": ("该目录没有录制", "The folder holds no recording"),
}
# Faults that a check finds, by code.
FAULT_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "recording.frame": ("帧内容被改动", "the frame's bytes were changed"),
    "recording.length": ("帧长度被改动", "the frame's length was changed"),
    "recording.cut": ("帧缺失：文件被截断", "the frame is missing: the file was cut"),
    "recording.index": ("索引行不连续", "the line of the index does not follow"),
    "recording.prelude": ("文件头被改动", "the head of the file was changed"),
    "recording.missing": ("文件缺失", "the file is missing"),
    "recording.added": ("结尾后有多余内容", "there is something behind the end"),
    "recording.unlisted": ("索引中没有该文件", "no index lists the file"),
    "recording.manifest": ("清单与索引不符", "the manifest is not that of the indexes"),
    "recording.anchor": ("与已存证的链头不符", "not the chain head that was put on record"),
}
