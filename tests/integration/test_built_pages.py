"""What the build leaves in app/static/: every page, the offline file in one piece, the verifier for Node.

An expert's page is weighed as it is served, with all that it loads until the expert sits in the room.
"""

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.api.pages_static import mount_pages

STATIC = Path(__file__).resolve().parents[2] / "app/static"
SEAT_BYTES = 40_000


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
        "terminal.html",
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


def loaded(manifest: dict[str, dict[str, object]], names: list[str]) -> set[str]:
    """The script files of these parts and of all that each of them loads before it runs."""
    found: set[str] = set()
    for name in names:
        found.add(str(manifest[name]["file"]))
        found |= loaded(manifest, list(manifest[name].get("imports", [])))  # type: ignore[call-overload]
    return found


@pytest.mark.anyio
async def test_what_an_expert_loads_until_the_room_stands_is_light_as_it_travels() -> None:
    manifest = json.loads((STATIC / "seat-manifest.json").read_text(encoding="utf-8"))
    files = loaded(manifest, ["seat.html", "src/apps/seat/room/RoomDoor.vue"])
    app = FastAPI()
    mount_pages(app, STATIC)
    transport = httpx.ASGITransport(app=app)
    weights: dict[str, int] = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for file in files:
            async with client.stream("GET", f"/{file}", headers={"Accept-Encoding": "gzip"}) as answer:
                travelled = b"".join([part async for part in answer.aiter_raw()])
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["vary"] == "Accept-Encoding"
            assert "immutable" in answer.headers["cache-control"]
            weights[file] = len(travelled)
    assert len(weights) > 2
    assert sum(weights.values()) <= SEAT_BYTES, weights
