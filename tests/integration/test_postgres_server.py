"""The tests' own PostgreSQL: every test starts from an empty database, copies of a template stay apart."""

import socket

import psycopg
import pytest

from tests.support import postgres
from tests.support.postgres import PostgresServer, running_postgres

pytestmark = pytest.mark.postgres


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def tables(url: str) -> list[str]:
    with psycopg.connect(libpq(url)) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return [str(row[0]) for row in rows]


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_an_empty_database(postgres_url: str, turn: int) -> None:
    assert tables(postgres_url) == []
    with psycopg.connect(libpq(postgres_url)) as connection:
        connection.execute(f"CREATE TABLE left_by_{turn} (id int)".encode())


def test_copies_of_a_template_start_alike_and_stay_apart(postgres_server: PostgresServer) -> None:
    made: list[str] = []

    def prepare(url: str) -> None:
        made.append(url)
        with psycopg.connect(libpq(url)) as connection:
            connection.execute("CREATE TABLE ready (id int)")

    copies = [postgres_server.create(template=postgres_server.template("ready", prepare)) for _ in range(2)]
    with psycopg.connect(libpq(postgres_server.url(copies[0]))) as connection:
        connection.execute("DROP TABLE ready")
    assert len(made) == 1
    assert [tables(postgres_server.url(copy)) for copy in copies] == [[], ["ready"]]
    for copy in copies:
        postgres_server.drop(copy)


def test_a_port_that_was_taken_meanwhile_is_left_for_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    free = postgres.free_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        asked = iter([int(taken.getsockname()[1])])
        monkeypatch.setattr(postgres, "free_port", lambda: next(asked, None) or free())
        with running_postgres() as server:
            assert tables(server.url("postgres")) == []
