"""Files that hold keys, names or r: owner-only from the first byte, and whole or not there."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.composition import open_database
from app.parties import keys
from app.parties.book import Book
from app.private_files import create_private, write_private
from app.settings import Settings
from app.store import field_cipher


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def power_fails(_descriptor: int) -> None:
    raise OSError("the power failed")


@pytest.fixture
def loose(tmp_path: Path) -> Iterator[Path]:
    """A folder that others may read, made before the program came."""
    tmp_path.chmod(0o755)
    previous = os.umask(0o000)
    yield tmp_path
    os.umask(previous)


def test_an_older_file_and_whoever_has_it_open_never_sees_the_new_content(loose: Path) -> None:
    path = loose / "receipt.json"
    path.write_bytes(b"old and public")
    path.chmod(0o644)
    with path.open("rb") as spy:
        write_private(path, b"secret")
        assert b"secret" not in spy.read()
    assert path.read_bytes() == b"secret"
    assert mode(path) == 0o600


def test_a_link_laid_in_the_way_is_replaced_and_not_followed(loose: Path) -> None:
    elsewhere = loose / "elsewhere"
    elsewhere.write_bytes(b"")
    (loose / "receipt.json").symlink_to(elsewhere)
    write_private(loose / "receipt.json", b"secret")
    assert elsewhere.read_bytes() == b""


def test_of_two_writers_of_a_new_file_one_wins_and_nothing_is_left_beside(loose: Path) -> None:
    create_private(loose / "keys", b"first")
    with pytest.raises(FileExistsError):
        create_private(loose / "keys", b"second")
    assert (loose / "keys").read_bytes() == b"first"
    assert [one.name for one in loose.iterdir()] == ["keys"]


@pytest.mark.parametrize("write", [write_private, create_private])
def test_a_write_that_is_cut_short_leaves_no_half_file(
    loose: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None]
) -> None:
    monkeypatch.setattr(os, "fsync", power_fails)
    with pytest.raises(OSError, match="power"):
        write(loose / "keys", b"half")
    assert list(loose.iterdir()) == []


def test_a_party_whose_keys_were_cut_short_can_begin_again(
    loose: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", power_fails)
        with pytest.raises(OSError, match="power"):
            keys.create(loose, role="agency", name="a.example", seeds=bytes(96))
    assert keys.create(loose, role="agency", name="a.example", seeds=bytes(96)).name == "a.example"
    assert mode(loose / "keys.json") == 0o600
    with pytest.raises(FileExistsError):
        keys.create(loose, role="cosigner", name="b.example", seeds=bytes(96))
    assert keys.load(loose).role == "agency"


def test_the_book_of_a_node_is_its_owners_only_for_it_holds_r(loose: Path) -> None:
    path = loose / "node.sqlite"
    path.touch(0o644)
    book = Book(path)
    book.put_once("r", 1, b"secret")
    assert {mode(one) for one in loose.iterdir()} == {0o600}


async def opened(settings: Settings) -> None:
    database = open_database(settings)
    async with database.read():
        pass
    await database.dispose()


@pytest.mark.anyio
async def test_the_platforms_own_database_file_is_its_owners_only(loose: Path) -> None:
    settings = Settings(data=loose)
    await opened(settings)
    assert mode(settings.file) == 0o600


def test_a_rotation_that_was_cut_short_can_be_repeated(loose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = loose / "fields.json"
    before = field_cipher.load_or_create(path).seal(b"x", table="t", column="c", row="r")
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", power_fails)
        with pytest.raises(OSError, match="power"):
            field_cipher.rotate(path, "k2")
    rotated = field_cipher.rotate(path, "k2")
    assert rotated.open(before, table="t", column="c", row="r") == b"x"
    assert mode(path) == 0o600
