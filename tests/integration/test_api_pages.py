"""The built pages as they are served: strict policy, hashed assets kept, nothing outside the folder."""

from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.support.service import Service

pytestmark = pytest.mark.anyio


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    for name in ("index.html", "agency.html", "verifier.html", "icon.svg", "assets/app-1a2b.js"):
        (folder / name).write_text(name, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return folder


async def get(api: Service, static: Path, path: str) -> httpx.Response:
    app = create_app(api.platform, api.ceremony, Settings(data=static.parent), static=static)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test.example") as client:
        return await client.get(path)


async def test_pages_come_with_the_strict_policy_and_are_asked_for_anew(api: Service, static: Path) -> None:
    for path, content in (("/", "index.html"), ("/agency", "agency.html"), ("/agency.html", "agency.html")):
        answer = await get(api, static, path)
        assert (answer.status_code, answer.text) == (200, content)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-cache"


async def test_assets_are_kept_and_the_offline_file_has_its_own_policy(api: Service, static: Path) -> None:
    asset = await get(api, static, "/assets/app-1a2b.js")
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["x-content-type-options"] == "nosniff"
    offline = await get(api, static, "/verifier.html")
    assert offline.headers["content-security-policy"].startswith("frame-ancestors 'none'")


async def test_nothing_outside_the_folder_is_served(api: Service, static: Path) -> None:
    for path in ("/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/static/index.html"):
        answer = await get(api, static, path)
        assert answer.status_code == 404
        assert "secret" not in answer.text


async def test_without_a_build_the_api_stands_alone(api: Service, tmp_path: Path) -> None:
    answer = await get(api, tmp_path / "nowhere", "/")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
