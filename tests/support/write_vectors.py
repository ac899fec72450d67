"""Writes tests/vectors/bundles: honest and forged proofs as files, for verifiers in any language.

    python -m tests.support.write_vectors [--check]

`bundles.tar.xz` holds one folder per case with bundle.json and, where the case has them, pool.json,
receipt.json, reply.json and trust.json; `index.json` names each case, the check that must fail first (null:
all pass) and the SHA-256 of every file. Everything comes from fixed seeds: the same code writes the same
bytes. `--check` writes nothing and fails when the files on disk are not what the code gives.
"""

import argparse
import hashlib
import io
import json
import lzma
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.ceremony import STAGE_LABELS, Ceremony, Plan, bundle_bytes
from tests.support.forgeries import FORGERIES, Evidence
from tests.support.forgery import ABORTED, BEACON, RICH, SMALL, TOP_UP
from tests.support.invited import ABSENCES, INVITED, PARALLEL

FOLDER = Path(__file__).parents[1] / "vectors" / "bundles"
ARCHIVE = FOLDER / "bundles.tar.xz"
INDEX = FOLDER / "index.json"
# Above this a case is left out: these megabytes test limits, not understanding.
MAX_CASE_BYTES = 200_000
MAX_ARCHIVE_BYTES = 3_000_000


def honest_cases() -> dict[str, Evidence]:
    """Honest evidence of every stage and level, by name."""
    cases = {f"stage-{stage}": _evidence(replace(BEACON, stage=stage)) for stage in STAGE_LABELS}
    cases["aborted"] = _evidence(ABORTED)
    cases["smallest"] = _evidence(SMALL)
    cases["top-up"] = _evidence(TOP_UP)
    cases["from-escrow"] = _evidence(replace(BEACON, from_escrow=("agency",)))
    for name, plan in {"parallel": PARALLEL, "absences": ABSENCES, "invited": INVITED}.items():
        cases[f"invitations-{name}"] = _evidence(plan)
    cases["invitations-revealed"] = _evidence(replace(ABSENCES, stage="revealed"))
    absences = Ceremony(ABSENCES)
    for number, kind in ((3, "late"), (5, "leave"), (8, "accept")):
        receipt = bundle_bytes(absences.reply_receipt(number))
        cases[f"reply-{kind}"] = Evidence(bundle=bundle_bytes(absences.bundle()), reply=receipt)
    rich = Ceremony(RICH)
    bundle = bundle_bytes(rich.bundle())
    cases["replacements"] = Evidence(bundle=bundle, trust=bundle_bytes(rich.trust()))
    cases["supervisor"] = Evidence(bundle=bundle, pool_file=bundle_bytes(rich.pool_file()))
    for kind in ("eligible", "excluded", "out_of_scope"):
        own = next(
            own
            for record in rich.records
            if (own := rich.receipt(record.id))["outcome"]["kind"] == kind  # type: ignore[index,call-overload]
        )
        cases[f"receipt-{kind}"] = Evidence(bundle=bundle, receipt=bundle_bytes(own))
    return cases


def cases() -> list[tuple[str, int | None, str, Evidence]]:
    """(name, first failing check, title, evidence) of every case worth a file."""
    found: list[tuple[str, int | None, str, Evidence]] = [
        (f"honest/{name}", None, "every check passes", evidence) for name, evidence in honest_cases().items()
    ]
    for forgery in FORGERIES:
        evidence = forgery.make()
        if sum(len(data) for data in files(evidence).values()) <= MAX_CASE_BYTES:
            found.append(
                (f"forged/{forgery.number:02d}-{forgery.name}", forgery.number, forgery.title, evidence)
            )
    return found


def files(evidence: Evidence) -> dict[str, bytes]:
    """File name to content."""
    parts = {
        "bundle.json": evidence.bundle,
        "pool.json": evidence.pool_file,
        "receipt.json": evidence.receipt,
        "reply.json": evidence.reply,
        "trust.json": evidence.trust,
    }
    return {name: data for name, data in parts.items() if data is not None}


def write() -> tuple[bytes, bytes]:
    """(archive, index)."""
    listed: list[dict[str, Any]] = []
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, number, title, evidence in cases():
            contents = files(evidence)
            digests = {file: hashlib.sha256(data).hexdigest() for file, data in contents.items()}
            listed.append({"name": name, "fails": number, "title": title, "files": digests})
            for file, data in contents.items():
                member = tarfile.TarInfo(f"{name}/{file}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    packed = lzma.compress(stream.getvalue(), preset=6, check=lzma.CHECK_CRC32)
    index = json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
    return packed, index.encode("utf-8")


def read(archive: bytes) -> dict[str, bytes]:
    """Path to content of an archive."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:xz") as opened:
        found = {}
        for member in opened:
            file = opened.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
        return found


def _evidence(plan: Plan) -> Evidence:
    ceremony = Ceremony(plan)
    return Evidence(bundle=bundle_bytes(ceremony.bundle()), trust=bundle_bytes(ceremony.trust()))


def main() -> None:
    """Write the files, or compare them with `--check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    archive, index = write()
    if parser.parse_args().check:
        if INDEX.read_bytes() != index or read(ARCHIVE.read_bytes()) != read(archive):
            raise SystemExit("tests/vectors/bundles is out of date: python -m tests.support.write_vectors")
        return
    assert len(archive) <= MAX_ARCHIVE_BYTES, len(archive)
    FOLDER.mkdir(parents=True, exist_ok=True)
    ARCHIVE.write_bytes(archive)
    INDEX.write_bytes(index)


if __name__ == "__main__":
    main()
