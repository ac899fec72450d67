"""`qiantong key`: API keys for accountable persons, each with one role."""

from datetime import timedelta
from typing import Annotated

import typer

app = typer.Typer(help="接口密钥 · API keys", no_args_is_help=True)


@app.callback()
def group() -> None:
    """接口密钥 · API keys."""


@app.command()
def issue(
    person: Annotated[str, typer.Option(help="责任人编号 · id of the accountable person")],
    role: Annotated[str, typer.Option(help="agency、operator、supervisor、site、witness · one of these")],
    agency: Annotated[str | None, typer.Option(help="代理机构编号 · agency id")] = None,
    site: Annotated[
        str | None, typer.Option(help="site、witness 所在场所编号 · venue site id for site and witness")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="有效天数 · days of validity")] = 90,
) -> None:
    """签发接口密钥；只显示这一次。 · Issue an API key; it is shown this once only."""
    from app.cli import session
    from app.composition import Installation
    from app.store.unit_of_work import UnitOfWork
    from app.usecases.access import SECRET_BYTES, issue_key

    async def work(one: Installation) -> str:
        now, secret = one.platform.clock(), one.platform.random(SECRET_BYTES)

        async def store(uow: UnitOfWork) -> str:
            return await issue_key(
                uow,
                person=person,
                role=role,
                agency_id=agency,
                site_id=site,
                scopes=None,
                mode=one.platform.mode,
                signing_key=None,
                expires_at=now + timedelta(days=days),
                now=now,
                secret=secret,
            )

        token = await one.platform.database.transact(store)
        await session.record(one, "key.issue", token.split("_")[2])
        return token

    typer.echo(session.on_installation(work))
