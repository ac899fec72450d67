"""`qiantong case`: whether what a case froze still holds, read from the database and the rooms' own files.

The words of a case are not shown here, and nobody's name stands in an item.
"""

from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from remote_eval.case_check import Finding

app = typer.Typer(help="案件 · cases", no_args_is_help=True)
CODES: Final[dict[str, tuple[str, str]]] = {
    "case.log": ("与日志所存不符", "not what the log holds"),
    "case.document": ("文书被改动或不连续", "the document was changed or does not follow"),
    "case.steps": ("步骤缺失或状态被改动", "a step is missing, or the state was changed"),
    "case.missing": ("日志所载步骤与库中不一致", "the log knows of other steps than the database"),
    "case.words": ("文字被改动", "the words were changed"),
    "ledger.number": ("台账条目缺失或重排", "an entry of the ledger is missing or moved"),
    "ledger.previous": ("台账不连续", "the ledger does not follow"),
    "ledger.hash": ("台账条目被改动", "an entry of the ledger was changed"),
    "ledger.head": ("台账未经过已固定的链头", "the ledger does not come to the frozen head"),
    "ledger.detail": ("台账内容被改动", "what an entry tells was changed"),
    "alert.missing": ("警报缺失", "the alert is missing"),
    "alert.altered": ("警报被改动", "the alert was changed"),
    "node.missing": ("见证记录缺失", "the witness's entry is missing"),
    "node.altered": ("见证记录被改动", "the witness's entry was changed"),
}


@app.command()
def check(
    case: Annotated[str, typer.Argument(metavar="CASE", help="案件编号 · id of the case")],
) -> None:
    """核对案件固定的证据：台账、录像、警报、见证记录。 · Check everything that a case froze."""
    from app.cli import session
    from app.composition import Installation
    from app.usecases.room import case_evidence
    from remote_eval.errors import CaseError

    async def work(one: Installation) -> "list[Finding]":
        return await case_evidence.findings(
            one.platform.database, lambda room: one.settings.rooms / room, case[:64]
        )

    found = session.on_installation(work)
    bad = [one for one in found if one.code is not None]
    for one in found:
        typer.echo(_line(one), err=one.code is not None)
    if bad:
        raise CaseError("case.changed", count=len(bad))
    typer.echo(f"全部 {len(found)} 项未变 · all {len(found)} items hold")


def _line(one: "Finding") -> str:
    from app.cli.recording_texts import FAULT_TEXTS

    if one.code is None:
        return f"✓ {one.item}\t{one.of}"
    zh, en = CODES.get(one.code) or FAULT_TEXTS.get(one.code, ("有误", "wrong"))
    return f"✗ {one.item}\t{one.of}: {zh} · {en} [{one.code}]"
