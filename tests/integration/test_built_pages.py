"""What the build leaves in app/static/: every page, the offline file in one piece, the verifier for Node."""

import re
import subprocess
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "app/static"


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "agency.html",
        "account.html",
        "invitation.html",
        "console.html",
        "desk.html",
        "seat.html",
    ],
)
def test_a_served_page_needs_nothing_that_a_strict_content_policy_forbids(name: str) -> None:
    page = (STATIC / name).read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\son\w+=|\sstyle=", page)
    for target in re.findall(r'(?:src|href)="/([^"]+)"', page):
        assert (STATIC / target).is_file(), target


def test_the_offline_file_is_one_piece() -> None:
    page = (STATIC / "verifier.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<link|<script[^>]*\bsrc=", page)


def test_the_verifier_for_node_runs_alone(tmp_path: Path) -> None:
    """Copied away from the tree it still runs: nothing is loaded from node_modules."""
    alone = tmp_path / "qiantong-verify.mjs"
    alone.write_bytes((STATIC / alone.name).read_bytes())
    done = subprocess.run(
        ["node", alone, "verify", tmp_path / "absent.json"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "ERR_MODULE_NOT_FOUND" not in done.stderr
    assert "absent.json" in done.stdout + done.stderr
