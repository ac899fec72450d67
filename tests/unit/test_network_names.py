"""Whose a namespace is: a sweep must take what the dead left, and nothing that belongs to anyone else."""

import os
import subprocess
import sys

import pytest

from tests.support.networks import Network
from tests.support.networks_names import NAMED, is_orphan, new_stem, remove, started_at


def test_a_name_of_this_process_is_no_orphan() -> None:
    name = f"{new_stem()}-site-a"
    assert NAMED.fullmatch(name)
    assert not is_orphan(name)


def test_two_networks_never_share_a_name() -> None:
    assert new_stem() != new_stem()


def test_a_name_whose_process_is_gone_is_an_orphan() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as alive:
        name = f"qtnet-{alive.pid}-{started_at(alive.pid)}-0-hub"
        assert not is_orphan(name)
        assert alive.stdin is not None
        alive.stdin.close()
        alive.wait()
        assert is_orphan(name)


def test_a_name_whose_number_went_to_another_process_is_an_orphan() -> None:
    assert is_orphan(f"qtnet-{os.getpid()}-1-0-hub")


@pytest.mark.parametrize(
    "name", ["default", "qtnet", "qtnet-1-2-hub", "qtnet-x-1-0-hub", "my-qtnet-1-1-0-hub", ""]
)
def test_what_is_not_ours_is_never_touched(name: str) -> None:
    assert not is_orphan(name)
    with pytest.raises(ValueError, match="not a namespace of a test network"):
        remove(name)


@pytest.mark.parametrize("site", ["hub", "edge-a", "wire-a", "Site", "a b", "", "a" * 16, "a;b"])
def test_a_site_has_a_name_that_a_device_can_have(site: str) -> None:
    with pytest.raises(ValueError, match="not names of sites"):
        Network(site)


def test_only_sites_that_there_are_have_an_edge_or_weather() -> None:
    with pytest.raises(ValueError, match="no such sites"):
        Network("site-a", edged=["site-b"])
    with pytest.raises(ValueError, match="no such sites"):
        Network("site-a", impaired=["outside"])
