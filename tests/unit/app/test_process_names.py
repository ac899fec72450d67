"""A process is said to be gone only when it certainly is: another one then leads its rooms."""

import os
import subprocess
import sys

import pytest

from app.gateways.process_names import is_gone, own_name

SAYS_ITS_NAME = (
    "from app.gateways.process_names import own_name; print(own_name(b'abcd'), flush=True); input()"
)


@pytest.fixture
def other() -> "tuple[subprocess.Popen[str], str]":
    """Another process that waits, and its name."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAYS_ITS_NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_this_process_lives_and_its_name_fits_its_column() -> None:
    name = own_name(b"abcd")
    assert len(name) <= 64
    assert not is_gone(name)


def test_another_process_lives_until_it_ends(other: "tuple[subprocess.Popen[str], str]") -> None:
    process, name = other
    assert not is_gone(name)
    process.communicate("")
    assert is_gone(name)


def test_a_process_that_ended_and_was_not_asked_for_its_exit_is_gone(
    other: "tuple[subprocess.Popen[str], str]",
) -> None:
    process, name = other
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(name)
    process.communicate()


def test_a_process_that_has_the_number_of_one_that_is_gone_is_not_taken_for_it() -> None:
    place, pid, start, chance = own_name(b"abcd").split(".")
    assert is_gone(f"{place}.{pid}.{int(start) + 1}.{chance}")


def test_of_a_process_elsewhere_nothing_is_known() -> None:
    _, *rest = own_name(b"abcd").split(".")
    assert not is_gone(".".join(("0123456789abcdef", "999999999", *rest[1:])))


@pytest.mark.parametrize(
    "rest", ["", "999999999", "999999999.1", "x.1.61", "-1.1.61", "999999999.0.61", "1.2.3.4"]
)
def test_what_is_no_name_of_a_process_is_not_gone(rest: str) -> None:
    place = own_name(b"abcd").partition(".")[0]
    assert not is_gone(f"{place}.{rest}")


@pytest.mark.parametrize("name", ["", ".", "nobody", ".1.1.61", "host:12:ab"])
def test_a_name_without_a_place_is_not_gone(name: str) -> None:
    assert not is_gone(name)
