"""`qiantong verify` and `qiantong vectors`: the independent verifiers on files, nothing else of the product.

`verify` calls the Python verifier; `vectors` runs a conformance file through both implementations and
compares each with the file and with the other.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

MAX_VECTORS: Final = 16 * 1024 * 1024


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="证明包 · proof bundle")],
    pool: Annotated[
        Path | None, typer.Option(metavar="FILE", help="监督级专家库文件 · pool file, supervisor level")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="专家回执 · an expert's receipt")
    ] = None,
    reply: Annotated[
        Path | None, typer.Option(metavar="FILE", help="答复回执 · the receipt of an answer to an invitation")
    ] = None,
    trust: Annotated[Path | None, typer.Option(metavar="FILE", help="信任文件 · keys to trust")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print one JSON object")] = False,
) -> None:
    """核验抽取证明：全部通过退出码为 0，否则为 1 并报告首个未通过的检查。

    Check a draw proof: exit 0 only when every check passes, else 1 and the first failing check.
    """
    from app.parties.pinned_rules import are_known
    from draw.verify.__main__ import main

    words = [str(bundle)]
    given = (("--pool", pool), ("--receipt", receipt), ("--reply", reply), ("--trust", trust))
    for name, path in given:
        if path is not None:
            words += [name, str(path)]
    for path in (bundle, *(path for _, path in given)):
        if path is not None:
            path.open("rb").close()
    raise typer.Exit(main([*words, *(["--json"] if as_json else [])], known=are_known))


def vectors(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="一致性文件 · conformance file")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print one JSON object")] = False,
) -> None:
    """用两种实现重算一致性文件，并相互比较；全部一致退出码为 0。

    Recompute a conformance file with both implementations and compare; exit 0 only when all agree.
    """
    from app.errors import AppError
    from app.second_verifier import run_vectors
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
    between = _differences("", value, ours["computed"], theirs["computed"])
    _conclude(ours, theirs, between, as_json=as_json)


def _conclude(ours: dict[str, Any], theirs: dict[str, Any], between: list[str], *, as_json: bool) -> None:
    python = [str(one["at"]) for one in ours["mismatches"]]
    typescript = [str(one) for one in theirs["mismatches"]]
    agree = not (python or typescript or between) and bool(ours["computed"])
    if as_json:
        verdict = {
            "agree": agree,
            "members": sorted(ours["computed"]),
            "python": python,
            "typescript": typescript,
            "between": between,
        }
        typer.echo(json.dumps(verdict, ensure_ascii=False))
    else:
        typer.echo(
            "一致 · both implementations agree with the file" if agree else "不一致 · they do not agree"
        )
        typer.echo(f"  重算 recomputed: {', '.join(sorted(ours['computed'])) or '-'}")
        for name, places in (
            ("Python", python),
            ("TypeScript", typescript),
            ("Python ≠ TypeScript", between),
        ):
            for place in places[:20]:
                typer.echo(f"  {name}: {place}")
    raise typer.Exit(0 if agree else 1)


def _differences(at: str, file: Any, ours: Any, theirs: Any) -> list[str]:
    """Paths at which the two results differ; where the file says null, an implementation may leave it at
    that.
    """
    if file is None and (ours is None or theirs is None):
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        known = file if isinstance(file, dict) else {}
        names = sorted(ours.keys() & theirs.keys())
        found = [_differences(f"{at}.{name}", known.get(name), ours[name], theirs[name]) for name in names]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        stated = file if isinstance(file, list) and len(file) == len(ours) else [None] * len(ours)
        rows = enumerate(zip(stated, ours, theirs, strict=True))
        found = [_differences(f"{at}[{index}]", *row) for index, row in rows]
    else:
        found = [] if ours == theirs else [[at.lstrip(".")]]
    return [place for places in found for place in places]
