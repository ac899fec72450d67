"""`qiantong`: the root of the command line, and where every error becomes one clear line.

Exit codes: 0 done, and every check passed · 1 refused, or a check failed · 2 called wrongly, or a file cannot
be read · 3 a party, a cosigner or a beacon cannot be reached: try again · 130 interrupted. Groups import what
they need when a command runs, so that help answers at once.
"""

import sys
from typing import Annotated, Final

import typer

from app.cli import (
    case_commands,
    databases,
    demonstration,
    draws,
    gateway_commands,
    keys,
    logs,
    parties,
    pools,
    projects,
    proofs,
    recording_commands,
    server,
    simulation,
    sites,
    users,
    working,
)

_HELP: Final = (
    "签筒：可核验的评标专家抽取 · Verifiable drawing of tender-evaluation experts\n\n"
    "退出码 exit codes：0 成功 done · 1 拒绝或未通过 refused or failed · 2 用法有误 called wrongly · "
    "3 暂不可达 unreachable, try again"
)
CONTEXT: Final = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(
    name="qiantong",
    help=_HELP,
    no_args_is_help=True,
    context_settings=CONTEXT,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(databases.app, name="db")
app.add_typer(pools.app, name="pool")
app.add_typer(projects.app, name="project")
app.add_typer(draws.app, name="draw")
app.add_typer(sites.app, name="site")
app.add_typer(parties.app, name="party")
app.add_typer(keys.app, name="key")
app.add_typer(users.app, name="user")
app.add_typer(logs.app, name="log")
app.add_typer(simulation.app, name="simulate")
app.add_typer(recording_commands.app, name="recording")
app.add_typer(case_commands.app, name="case")
app.add_typer(gateway_commands.app, name="gateway")
app.command("serve")(server.serve)
app.command("work")(working.work)
app.command("demo")(demonstration.demo)
app.command("verify")(proofs.verify)
app.command("vectors")(proofs.vectors)


@app.callback()
def options(
    data: Annotated[
        str | None, typer.Option(envvar="QIANTONG_DATA", help="数据目录 · data folder", metavar="DIR")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(envvar="QIANTONG_DATABASE", help="数据库地址 · database address", metavar="URL"),
    ] = None,
) -> None:
    """Settings that hold for the whole call; the environment names them too."""
    from app.cli import session

    session.override(data=data, database=database)


def main() -> None:
    """Entry point of the program."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command line and give its exit code; every error of ours becomes a line on stderr."""
    try:
        code = app(args=words, standalone_mode=False)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the last fence: a person reads a line, not a traceback
        from app.cli.messages import explain

        return explain(error)
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
