"""`qiantong db`: bring the database's schema up to date, and tell where it stands."""

import asyncio

import typer

app = typer.Typer(help="数据库 · database", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """建立或升级数据库结构；重复运行没有影响。

    Create or upgrade the schema; running it again changes nothing.
    """
    from app.cli import session
    from app.composition import open_database
    from migrations.upgrade import current
    from migrations.upgrade import upgrade as migrate

    async def work() -> str | None:
        database = open_database(session.settings())
        try:
            await migrate(database.engine)
            return await current(database.engine)
        finally:
            await database.dispose()

    typer.echo(f"数据库结构 schema: {asyncio.run(work())}")


@app.command("current")
def show_current() -> None:
    """显示数据库结构的版本；不是最新时退出码为 1。

    Show the schema's revision; exit 1 unless it is the newest.
    """
    from app.cli import session
    from app.composition import open_database
    from migrations.upgrade import current, head

    async def work() -> str | None:
        database = open_database(session.settings())
        try:
            return await current(database.engine)
        finally:
            await database.dispose()

    found, newest = asyncio.run(work()), head()
    typer.echo(f"现为 current: {found or '-'} · 最新 newest: {newest}")
    raise typer.Exit(0 if found == newest else 1)
