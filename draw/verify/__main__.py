"""`python -m draw.verify BUNDLE [--pool FILE] [--receipt FILE] [--reply FILE] [--trust FILE] [--json]`.

Exit 0 only when every check that applies passes; 1 at the first failing check; 2 when called wrongly or a
file cannot be read.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from draw.verify.errors import ProofError
from draw.verify.format import MAX_BUNDLE, MAX_TRUST
from draw.verify.format_pool import MAX_POOL_FILE, MAX_RECEIPT
from draw.verify.report import Report, error_value, report_value
from draw.verify.verifier import verify

COMPARED = {
    None: "not compared with known rule packs / 未与已知规则包比对",
    True: "the same as the rule packs at hand / 与所持规则包一致",
    False: "NOTE / 注意: not what the rule packs at hand give / 与所持规则包不符",
}
Known = Callable[[dict[str, Any]], bool]


def main(arguments: Sequence[str] | None = None, *, known: Known | None = None) -> int:
    """The command line; returns the exit status. `known` says whether rules are those of rule packs that the
    caller has.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        files = {
            "bundle": _read(options.bundle, MAX_BUNDLE),
            "trust": _read(options.trust, MAX_TRUST),
            "pool_file": _read(options.pool, MAX_POOL_FILE),
            "receipt": _read(options.receipt, MAX_RECEIPT),
            "reply": _read(options.reply, MAX_RECEIPT),
        }
    except OSError as error:
        parser.error(f"cannot read {error.filename}: {error.strerror}")
    try:
        report = verify(files.pop("bundle") or b"", **files)
    except ProofError as error:
        _print_failure(error, as_json=options.json)
        return 1
    compared = None if known is None or report.rules is None else known(report.rules)
    _print_report(report, compared, as_json=options.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m draw.verify", description="Check a draw proof. 核验抽取证明。"
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the proof bundle / 证明包")
    parser.add_argument("--pool", type=Path, metavar="FILE", help="pool file, supervisor level / 专家库文件")
    parser.add_argument("--receipt", type=Path, metavar="FILE", help="an expert's receipt / 专家回执")
    parser.add_argument("--reply", type=Path, metavar="FILE", help="the receipt of an answer / 答复回执")
    parser.add_argument("--trust", type=Path, metavar="FILE", help="keys to trust / 信任文件")
    parser.add_argument("--json", action="store_true", help="print one JSON object / 输出 JSON")
    return parser


def _read(path: Path | None, limit: int) -> bytes | None:
    # One byte beyond the limit is enough for the verifier to refuse the file.
    if path is None:
        return None
    with path.open("rb") as stream:
        return stream.read(limit + 1)


def _print_failure(error: ProofError, *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps(error_value(error), ensure_ascii=False))
        return
    _print(f"FAILED / 未通过: {error.number} {error.name}")
    _print(f"  {error.zh}")
    _print(f"  {error.en}")
    _print(f"  who must act / 责任方: {error.responsible}")
    _print(f"  detail: {error.detail}")


def _print_report(report: Report, compared: bool | None, *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps({**report_value(report), "rules_known": compared}, ensure_ascii=False))
        return
    _print(f"PASSED / 通过: draw {report.draw}, stage {report.stage}, level {' + '.join(report.levels)}")
    for check in report.checks:
        _print(f"  {check.number:2} {check.name}: {check.zh} / {check.en}")
        _print(f"       not shown / 不证明: {check.limits_zh} / {check.limits_en}")
    for role, digits in report.fingerprints.items():
        _print(f"  key of {role}: {digits}")
    if report.rules is not None:
        _print_rules(report.rules, compared)
    for note in report.notes:
        _print(f"  NOTE / 注意: {note.zh} {note.en}")
    if report.override is not None:
        _print(f"  reason / 理由: {report.override}")
    for seat in report.seats:
        holder = json.dumps(seat.fields, ensure_ascii=False) if seat.at else "vacant / 空缺"
        _print(f"  seat {seat.seat}: {holder}")


def _print_rules(rules: dict[str, Any], compared: bool | None) -> None:
    _print(f"  rules / 规则: {rules['id']} {rules['version']}")
    for layer in rules["layers"]:
        _print(f"       {layer['id']} {layer['version']} {layer['digest']}")
    _print(f"       {COMPARED[compared]}")


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
