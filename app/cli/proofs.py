"""`qiantong verify` and `qiantong vectors`: the independent verifiers on files, nothing else of the product.

`verify` calls the Python verifier; `vectors` runs a conformance file through both implementations and compares each
with the file and with the other.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

MAX_VECTORS: Final = 16 * 1024 * 1024
_File = Annotated[Path | None, typer.Option(metavar="FILE")]


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="证明包 · proof bundle")],
    pool: Annotated[
        Path | None, typer.Option(metavar="FILE", help="监督级专家库文件 · pool file, supervisor level")
    ] = None,
    receipt: Annotated[Path | None, typer.Option(metavar="FILE", help="专家回执 · an expert's receipt")] = None,
    trust: Annotated[Path | None, typer.Option(metavar="FILE", help="信任文件 · keys to trust")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print one JSON object")] = False,
) -> None:
    """核验抽取证明：全部通过退出码为 0，否则为 1 并报告首个未通过的检查。

    Check a draw proof: exit 0 only when every check passes, else 1 and the first failing check.
    """
    from draw.verify.__main__ import main

    words = [str(bundle)]
    for name, path in (("--pool", pool), ("--receipt", receipt), ("--trust", trust)):
        if path is not None:
            words += [name, str(path)]
    for path in (bundle, pool, receipt, trust):
        if path is not None:
            path.open("rb").close()
    raise typer.Exit(main([*words, *(["--json"] if as_json else [])]))


def vectors(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="一致性文件 · conformance file")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print one JSON object")] = False,
) -> None:
    """用两种实现重算一致性文件，并相互比较；全部一致退出码为 0。

    Recompute a conformance file with both implementations and compare; exit 0 only when all agree.
    """
    from app.cli.second_verifier import run_vectors
    from app.errors import AppError
    from draw.verify.conformance import UnusableError, run

    try:
        with file.open("rb") as stream:
            value = json.loads(stream.read(MAX_VECTORS + 1)[:MAX_VECTORS])
        if not isinstance(value, dict):
            raise AppError("vectors.unusable", reason="object")
        ours = run(value)
    except (ValueError, RecursionError) as error:
        raise AppError("vectors.unusable", reason="JSON") from error
    except UnusableError as error:
        raise AppError("vectors.unusable", reason=str(error)) from error
    theirs = run_vectors(file)
    _conclude(ours, theirs, as_json=as_json)


def _conclude(ours: dict[str, Any], theirs: dict[str, Any], *, as_json: bool) -> None:
    python = [str(one["at"]) for one in ours["mismatches"]]
    typescript = [str(one) for one in theirs["mismatches"]]
    between = list(_differences("", ours["computed"], theirs["computed"]))
    agree = not (python or typescript or between) and bool(ours["computed"])
    if as_json:
        verdict = {"agree": agree, "members": sorted(ours["computed"]), "python": python, "typescript": typescript, "between": between}
        typer.echo(json.dumps(verdict, ensure_ascii=False))
    else:
        typer.echo("一致 · both implementations agree with the file" if agree else "不一致 · they do not agree")
        typer.echo(f"  重算 recomputed: {', '.join(sorted(ours['computed'])) or '-'}")
        for name, places in (("Python", python), ("TypeScript", typescript), ("Python ≠ TypeScript", between)):
            for place in places[:20]:
                typer.echo(f"  {name}: {place}")
    raise typer.Exit(0 if agree else 1)


def _differences(at: str, ours: Any, theirs: Any) -> "list[str]":
    """Paths at which two results differ; a member that only one of them states is no contradiction."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [place for name in ours.keys() & theirs.keys() for place in _differences(f"{at}.{name}", ours[name], theirs[name])]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            place
            for index, (left, right) in enumerate(zip(ours, theirs, strict=True))
            for place in _differences(f"{at}[{index}]", left, right)
        ]
    return [] if ours == theirs else [at.lstrip(".")]
