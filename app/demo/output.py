"""What the demonstration leaves: proof, disclosures, trust file, the offline verifier, the certificate; and
its verification.

The bundle is verified by both verifiers as separate processes, from the files, as a stranger would.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from app.composition import Installation
from app.demo.show import SeatLine
from app.gateways.certificate import Certificate, render
from app.private_files import write_private
from app.second_verifier import find_node, run_verify
from app.store.repositories.draws import DrawRow
from app.usecases import disclosures, openings
from app.usecases.appointments.telling import seats_beside
from app.usecases.ceremony import k_of
from app.usecases.openings import Opened
from app.usecases.proofs import trust_file
from crypto.checkpoint import Checkpoint, parse_note
from draw import disclosure
from draw.avoidance.engine import beijing_date, employer_for_cap
from draw.verify.report import fingerprint

REPLY: Final = "reply-receipt.json"
FILES: Final = {
    "bundle.json": ("抽取证明，任何人可核验", "the proof, for everybody"),
    "supervisor-pool.json": ("监督级专家库文件（保密）", "pool file, for the supervisor only"),
    "receipt.json": ("一名专家的回执（本人）", "one expert's receipt, for that expert only"),
    REPLY: ("一份答复的回执（本人）", "the receipt of one answer, for who gave it only"),
    "trust.json": ("信任文件：四方密钥", "trust file: the keys of the four parties"),
    "verifier.html": ("离线核验页面，用浏览器打开", "the offline verifier, open it in a browser"),
    "certificate.pdf": ("抽取证明书", "certificate"),
}
TIMEOUT_SECONDS: Final = 120


async def write_public(one: Installation, out: Path, row: DrawRow) -> None:
    """Bundle, trust file and offline verifier: there at every stage."""
    (out / "bundle.json").write_bytes(await openings.bundle(one.platform, row))
    (out / "trust.json").write_bytes(await trust_file(one.platform))
    page = resources.files("app").joinpath("static", "verifier.html")
    if page.is_file():
        (out / "verifier.html").write_bytes(page.read_bytes())


async def write_disclosures(one: Installation, out: Path, row: DrawRow, found: Opened) -> None:
    """The supervisor's pool file and the receipt of the first seat's expert, readable by their owner only."""
    write_private(out / "supervisor-pool.json", await disclosures.pool_file(one.platform, row, found))
    (_, expert), *_rest = disclosure.roster(found.outcome, found.cells)
    write_private(out / "receipt.json", disclosures.receipt(row, found, expert.id))


def panel_lines(found: Opened) -> list[SeatLine]:
    """The table of the panel, for the entitled."""
    t0 = beijing_date(found.frozen.case.evaluation.since)
    parameters, outcome = found.frozen.parameters, found.outcome
    roster = dict(disclosure.roster(outcome, found.cells))
    same = Counter(employer_for_cap(expert, t0) for expert in roster.values())
    refilled = {vacancy.seat for vacancy in outcome.vacancies}
    lines = []
    for seat, expert in roster.items():
        at = outcome.seats[seat]
        if at is not None:
            line = SeatLine(
                seat=seat,
                stratum=parameters.strata[at.stratum].id,
                site=parameters.sites[at.site].id,
                name=expert.name,
                employers=len({job.org for job in expert.employers}),
                same=same[employer_for_cap(expert, t0)],
                refilled=seat in refilled,
            )
            lines.append(line)
    return lines


async def certificate(one: Installation, row: DrawRow, found: Opened, address: str) -> bytes:
    """The certificate of an opened draw. Raises nothing but what rendering raises."""
    async with one.platform.database.read() as uow:
        head = await uow.log.head()
        parties = await uow.parties.all()
        project = await uow.projects.get(row.project_id, row.section)
        not_drawn = await seats_beside(uow, row)
    checkpoint = Checkpoint.from_body(parse_note(head.published_note or "").body)
    named = found.frozen.record.body["parties"]
    known = {party.public: party.role for party in parties}
    return render(
        Certificate(
            project=row.project_id if project is None else str(project.document["title"]),
            section=row.section,
            section_hash=str(found.frozen.record.body["section"]),
            draw=k_of(row),
            round=row.round,
            seats=found.frozen.parameters.seats,
            replaced=len(found.outcome.vacancies),
            not_drawn=not_drawn,
            opened_at=row.updated_at,
            code=row.code or "",
            address=address,
            origin=one.platform.log.origin,
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            fingerprints={known[public]: fingerprint(public) for public in named.values()},
        )
    )


def verify_python(out: Path, names: Sequence[tuple[str, str]]) -> tuple[bool, str]:
    """The Python verifier as a process of its own: whether all passed, and its levels or first failing
    check.
    """
    words = [word for option, name in names for word in (option, str(out / name))]
    command = [sys.executable, "-m", "draw.verify", str(out / "bundle.json"), *words, "--json"]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        command, capture_output=True, text=True, encoding="utf-8", timeout=TIMEOUT_SECONDS, check=False
    )
    verdict: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    return done.returncode == 0, _verdict(verdict)


def verify_typescript(out: Path, names: Sequence[tuple[str, str]]) -> tuple[bool, str] | None:
    """The second verifier under Node, likewise; None where there is no Node."""
    if find_node() is None:
        return None
    words = [word for option, name in names for word in (option, str(out / name))]
    code, verdict = run_verify(out / "bundle.json", *words)
    return code == 0, _verdict(verdict)


def listed(out: Path) -> dict[str, tuple[str, str]]:
    """The files that were left, and for whom."""
    return {
        name: words for name, words in FILES.items() if (out / name).is_file() or name == "certificate.pdf"
    }


def clear(out: Path) -> None:
    """Empty the folder of an earlier demonstration; a folder of anything else is left alone by the caller."""
    shutil.rmtree(out)


def _verdict(verdict: dict[str, Any]) -> str:
    if "levels" in verdict:
        return " + ".join(verdict["levels"])
    return f"{verdict.get('number', '?')} {verdict.get('name', '')}"
