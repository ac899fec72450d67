"""What the HTTP server and the database say of a failure when nobody caught it."""

import logging
from collections.abc import Iterator

import pytest
import uvicorn
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import logs
from app.store.engine import make_engine

NAME = "张三 13800000000"


@pytest.fixture
def server_log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("uvicorn.error")
    yield logger
    logger.removeFilter(logs.type_only)


def test_a_crash_of_the_server_is_told_by_its_type_alone(
    server_log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.quiet_server()
    # As it is served: the configuration comes afterwards and sets up the handlers.
    uvicorn.Config("app.main:create_app", log_level="warning")
    try:
        raise RuntimeError(NAME)
    except RuntimeError:
        server_log.exception("Exception in ASGI application\n")
    told = capsys.readouterr().err
    assert "Exception in ASGI application (RuntimeError)" in told
    assert NAME not in told
    assert "Traceback" not in told


@pytest.mark.anyio
async def test_an_error_of_the_database_shows_no_value() -> None:
    engine = make_engine("sqlite://")
    with pytest.raises(DBAPIError) as caught:
        async with engine.begin() as connection:
            await connection.execute(text("insert into nowhere values (:name)"), {"name": NAME})
    await engine.dispose()
    assert NAME not in str(caught.value)
